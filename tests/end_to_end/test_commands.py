"""What commands do to folders, to what is published and to whoever stops them; and what they say of wrong arguments."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from flows.common.lock import writer
from flows.common.output_folder import LIST
from flows.common.settings import ROOT, Settings
from flows.outputs import export as exporting
from flows.outputs.export import EARLIER_MARK, export, held_formats
from flows.outputs.export import is_current as exports_are_current
from flows.outputs.site import is_current, site_folder, write_site
from flows.warehouse.fingerprint import file_identity, fingerprint, state_path
from flows.warehouse.publish import needed, publish
from tests.installation import Installation
from tests.made_up import put

#: Commands on whole installations: minutes.
pytestmark = pytest.mark.slow


def files(folder: Path) -> dict[str, tuple[int, int]]:
    return {
        p.relative_to(folder).as_posix(): (p.stat().st_size, p.stat().st_mtime_ns)
        for p in folder.rglob("*")
        if p.is_file()
    }


# --- folders ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("verb", [["report"], ["export", "--format", "csv"], ["analyse", "value_added"]])
def test_a_folder_of_others_is_left_as_it_is(published: Installation, tmp_path: Path, verb: list[str]) -> None:
    for name in ("data/archive/a.csv", "studies/mine.txt", "index.html"):
        put(tmp_path / "project", name, b"mine")
    before = files(tmp_path / "project")
    done = published.csw(*verb, "--out", str(tmp_path / "project"))
    assert done.returncode == 2
    assert "csw did not write" in done.stderr
    assert files(tmp_path / "project") == before


@pytest.mark.parametrize("verb", ["coverage", "comparability"])
def test_a_page_is_written_over_no_other_file(published: Installation, tmp_path: Path, verb: str) -> None:
    page = tmp_path / f"{verb}.md"
    for _ in range(2):
        assert published.csw(verb, "--out", str(page)).returncode == 0
    assert "synthetic" in page.read_text(encoding="utf-8")
    mine = f"# {verb.capitalize()} of my thesis".encode()
    put(tmp_path, "thesis.md", mine)
    done = published.csw(verb, "--out", str(tmp_path / "thesis.md"))
    assert (done.returncode, "left as it is" in done.stderr) == (2, True)
    assert (tmp_path / "thesis.md").read_bytes() == mine


def test_a_sheet_that_is_being_filled_in_is_not_written_over(published: Installation, tmp_path: Path) -> None:
    out = ["coding", "export", "--coder", "ann", "--sample", "corpus", "--out", str(tmp_path)]
    for _ in range(2):
        assert published.csw(*out).returncode == 0
    sheet = tmp_path / "ann_corpus.csv"
    sheet.write_text(sheet.read_text(encoding="utf-8-sig").replace(",,", ",none,", 1), encoding="utf-8-sig")
    before = sheet.read_bytes()
    done = published.csw(*out)
    assert (done.returncode, "somebody may be coding there" in done.stderr) == (1, True)
    assert sheet.read_bytes() == before


def test_formats_are_replaced_one_by_one(copied: Installation) -> None:
    folder = copied.settings.export
    before = {k: v for k, v in files(folder).items() if k.startswith(("csv/", "parquet/"))}
    assert len(before) > 50
    done = copied.csw("export", "--format", "xlsx")
    assert done.returncode == 0, done.stderr
    after = files(folder)
    assert {k: after.get(k) for k in before} == before
    assert "warehouse.xlsx" in after
    package = json.loads((folder / "datapackage.json").read_text(encoding="utf-8"))
    assert {r["path"] for r in package["resources"]} == set(before)
    assert held_formats(copied.settings) == ["parquet", "csv", "xlsx"]
    assert exports_are_current(copied.settings)


def test_an_export_overtaken_by_a_publish_is_of_the_warehouse_before(
    copied: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = exporting.relations

    def overtaken(settings: Settings, con: duckdb.DuckDBPyConnection) -> object:
        # As where the lock could not be taken: another file is published while this one is read.
        other = settings.published.with_name("other.duckdb")
        shutil.copyfile(settings.published, other)
        other.replace(settings.published)
        return real(settings, con)

    monkeypatch.setattr(exporting, "relations", overtaken)
    export(copied.settings, formats=["csv"])
    monkeypatch.undo()
    assert not exports_are_current(copied.settings)


def test_outputs_take_the_writers_lock(copied: Installation, tmp_path: Path) -> None:
    with writer(copied.settings.data):
        for verb in ("export", "report"):
            done = copied.csw(verb)
            assert (done.returncode, "another run is writing" in done.stderr) == (1, True)


def test_a_reader_exports_without_the_right_to_write(published: Installation, tmp_path: Path) -> None:
    """By another user; `root` may everything, so the right is taken away in words only."""
    code = (
        "from flows.outputs import lock\nlock.may_write = lambda data: False\nfrom flows.cli.app import main\nmain()\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, "export", "--format", "csv", "--out", str(tmp_path / "mine")],
        env={**os.environ, "CSW_DATA": str(published.settings.data)},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "mine" / "datapackage.json").exists()


# --- a data folder of the version before -----------------------------------------------------------------------------


def as_before(settings: Settings) -> None:
    """The data folder as the version before this one left it."""
    (settings.data / ".layout.json").unlink()
    shutil.rmtree(settings.earlier, ignore_errors=True)
    for folder in (settings.export, settings.report, settings.report / "data_docs"):
        (folder / LIST).unlink()
    (settings.export / EARLIER_MARK).write_text("[1, 2]")
    (settings.report / ".made_from").write_text("0" * 64)
    # Pages that it did not have yet.
    its = {settings.report / f for files in site_folder(settings).files.values() for f in files}
    for page in [p for p in settings.report.rglob("*") if p.is_file() and p not in its]:
        if not page.is_relative_to(settings.report / "data_docs"):
            page.unlink()
    with duckdb.connect(str(settings.published)) as con:
        con.execute("drop schema meta cascade")
    state = json.loads(state_path(settings).read_text())
    for new in ("build", "sha256"):
        del state[new]
    state_path(settings).write_text(json.dumps({**state, "file": file_identity(settings.published)}))
    for path in (state_path(settings), settings.landing / "catalogue.csv", settings.landing / "ledger.json"):
        path.chmod(0o600)


def test_a_data_folder_of_the_version_before_is_taken_over(copied: Installation) -> None:
    settings = copied.settings
    as_before(settings)
    put(settings.report / "studies", "mine.txt", b"mine")
    put(settings.export, "notes.txt", b"mine")
    done = copied.csw("status")
    assert done.returncode == 0, done.stderr
    assert "of an earlier version. The next `csw run` builds it again" in done.stdout
    # What it published may be of other variables: it is built again, once.
    assert needed(settings, fingerprint(settings)) is None
    assert copied.csw("sql", "select count(*) from marts.fct_inspection").returncode == 0
    old = settings.report / "authorities" / "gone.html"
    old.write_text("of an authority that is none any more")
    write_site(settings)
    export(settings, formats=["csv", "parquet"])
    assert is_current(settings)
    assert exports_are_current(settings)
    assert not old.exists()
    assert (settings.report / "studies" / "mine.txt").exists()
    assert (settings.export / "notes.txt").exists()
    assert not (settings.export / EARLIER_MARK).exists()
    assert (settings.landing / "catalogue.csv").stat().st_mode & 0o044


def test_a_data_folder_of_a_later_version_is_refused(copied: Installation) -> None:
    (copied.settings.data / ".layout.json").write_text('{"layout": 99}')
    before = files(copied.settings.data)
    done = copied.run(copied.returns / "MANIFEST.csv")
    assert (done.returncode, "made by a later version" in done.stderr) == (1, True)
    assert files(copied.settings.data) == before


# --- back to what was ------------------------------------------------------------------------------------------------


def test_going_back_publishes_exports_and_shows_the_one_before(copied: Installation) -> None:
    settings = copied.settings
    first = file_identity(settings.published)
    assert copied.csw("rollback", "--list").stdout.startswith("There is no earlier warehouse yet")
    assert copied.csw("rollback").returncode == 1
    # Another one, in which something is wrong that no check sees.
    shutil.copyfile(settings.published, settings.next)
    with duckdb.connect(str(settings.next)) as con:
        con.execute("update marts.dim_local_authority set la_name = 'Nowhere' where la_code = '886'")
        con.execute("update meta.warehouse_build set project_digest = 'p'")
    (settings.warehouse / "next.json").write_text(json.dumps({"sources": {}, "project": "p", "tables": []}))
    publish(settings)
    asked = "select la_name from marts.dim_local_authority where la_code = '886'"
    assert "Nowhere" in copied.csw("sql", asked, "-f", "csv").stdout
    listed = copied.csw("rollback", "--list").stdout
    assert "landed tables: all that was known" in listed
    done = copied.csw("rollback", "--quiet")
    assert done.returncode == 0, done.stderr
    assert file_identity(settings.published) == first
    assert "Kent" in copied.csw("sql", asked, "-f", "csv").stdout
    assert exports_are_current(settings)
    assert is_current(settings)
    assert "Gone back to on" in copied.csw("status").stdout


def test_archive_codings_and_settings_are_enough(published: Installation, tmp_path: Path) -> None:
    """What is built from is the same; so then is what is built (see the slow test)."""
    settings = restored(published, tmp_path)
    done = Installation(settings, published.returns, published.truth).csw("land", "--archive", "--quiet")
    assert done.returncode == 0, done.stderr
    assert fingerprint(settings) == fingerprint(published.settings)


def test_restored_the_warehouse_is_the_same(published: Installation, tmp_path: Path) -> None:
    settings = restored(published, tmp_path)
    done = Installation(settings, published.returns, published.truth).csw("run", "--archive")
    assert done.returncode == 0, done.stderr
    with duckdb.connect(str(published.settings.published), read_only=True) as con:
        con.execute(f"attach '{settings.published}' as again (read_only)")
        for table in (
            "marts.fct_la_year_measure",
            "marts.fct_inspection_year",
            "results.scoreboard",
            "results.estimate",
        ):
            differing = con.execute(f"select count(*) from (from {table} except from again.{table})").fetchone()
            assert differing == (0,), table


def restored(published: Installation, tmp_path: Path) -> Settings:
    """A new machine with what docs/backup.md says to keep."""
    settings = Settings(data=tmp_path / "restored")
    shutil.copytree(published.settings.archive, settings.archive)
    if published.settings.coding.exists():
        shutil.copytree(published.settings.coding, settings.coding)
    return settings


# --- what is said ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (["scoreboard", "--study", "nope"], 2, "--study nope: there are inadequate_prediction,"),
        (["analyse", "nope"], 2, "study nope: there are all,"),
        (["analyse", "value_added", "--basis", "x"], 2, "--basis x: there are publication, inspection"),
        (["analyse", "value_added", "--deflator", "usd"], 2, "--deflator usd: there are gdp, rpi, cpih"),
        (["analyse", "value_added", "--framework", "x"], 2, "--framework x: there are"),
        (["analyse", "value_added", "--window", "x"], 2, "--window x: give event years"),
        (["trace", "--la", "886", "--measure", "nope", "--year", "2016"], 2, "'nope' is not a measure"),
        (["trace", "--la", "886", "--measure", "nope", "--year", "x"], 2, "--year"),
        (["sql", " ;"], 2, "there is nothing to ask"),
        (["sql", "select 1; select 2"], 2, "ask them one by one"),
        (["sql", "select nowhere"], 1, "nowhere"),
        (["reports", "place", "nope", "886"], 2, "no archived report"),
        (
            ["sql", "select * from marts.fct_la_year_spend_real where price_index = 'gdp_deflator'"],
            1,
            "price_index has no value 'gdp_deflator': it is one of gdp, rpi, cpih",
        ),
        (["trace", "--la", "atlantis", "--measure", "rereferrals_pct", "--year", "2016"], 2, "no authority 'atlantis'"),
        (["compare", "north"], 2, "may be North Tyneside (392)"),
        (["compare", "kent", "child protection"], 2, "may be"),
        (["compare", "kent", "--year", "1999"], 2, "nothing is published of"),
    ],
)
def test_wrong_arguments_are_named(published: Installation, arguments: list[str], code: int, says: str) -> None:
    done = published.csw(*arguments)
    assert (done.returncode, says.lower() in (done.stdout + done.stderr).lower()) == (code, True), done.stderr
    assert "Traceback" not in done.stderr


def test_an_authority_is_compared(published: Installation) -> None:
    asked = ("compare", "n yorks", "rereferrals_pct", "repeat plans", "--year", "2022")
    done = published.csw(*asked)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert lines[0] == "North Yorkshire (815), Yorkshire and The Humber"
    assert lines[2].split()[:6] == ["measure", "year", "value", "England", "region", "neighbours"]
    assert [x.split()[0] for x in lines[3:5]] == ["rereferrals_pct", "cpp_repeat_pct"]
    rows = json.loads(published.csw(*asked, "--json").stdout)
    assert [(r["la_code"], r["measure_id"], r["year"]) for r in rows] == [
        ("815", "rereferrals_pct", 2022),
        ("815", "cpp_repeat_pct", 2022),
    ]
    assert published.csw(*asked, "-f", "csv").stdout.splitlines()[0].startswith("la_code,year,measure_id,value")
    # Without a measure: those of the summary.
    assert len(json.loads(published.csw("compare", "815", "--json").stdout)) == 12


def test_answers_for_programs(published: Installation) -> None:
    status = json.loads(published.csw("status", "--json").stdout)
    assert "dfe_cin" in {s["source"] for s in status["sources"]}
    assert status["schedules"]["url"] == ""
    coverage = json.loads(published.csw("coverage", "--json").stdout)
    assert {"measure_id", "year", "value_status", "authorities"} == set(coverage[0])
    assert json.loads(published.csw("quarantine", "--json").stdout) == {"quarantined": [], "withdrawn": []}
    board = json.loads(published.csw("scoreboard", "--json", "--study", "value_added").stdout)
    assert board == [] or {"study", "verdict", "reason"} <= set(board[0])


def test_a_pipe_gets_all_of_an_answer_and_a_screen_what_fits(published: Installation) -> None:
    from flows.outputs.query import query

    asked = "select la_code, la_name from marts.dim_local_authority order by la_code"
    piped, cut = published.csw("sql", asked).stdout, query(published.settings.published, asked)
    assert ("Kent" in piped, "Kent" in cut) == (True, False)


def test_a_warehouse_of_an_earlier_version_is_said_to_be_one(tmp_path: Path) -> None:
    """Whoever asks what it has not is told what to do, and not what the database thinks of the query."""
    import duckdb

    settings = Settings(data=tmp_path / "data")
    settings.warehouse.mkdir(parents=True)
    with duckdb.connect(str(settings.published)) as con:
        con.execute("create schema marts; create table marts.dim_local_authority (la_code varchar)")
    old = Installation(settings, tmp_path, None)  # type: ignore[arg-type]
    for arguments in (["report"], ["compare", "kent"], ["report-quality"]):
        done = old.csw(*arguments)
        assert done.returncode == 1
        assert "An earlier version built it; `csw run`" in done.stderr, done.stderr
    assert not (settings.report / "index.html").exists()


def test_nothing_was_landed_that_could_be_landed_again(tmp_path: Path) -> None:
    done = Installation(Settings(data=tmp_path / "data"), tmp_path, None).csw("run", "--archive")  # type: ignore[arg-type]
    assert (done.returncode, "nothing was landed" in done.stderr) == (1, True), done.stderr


def test_started_without_anything_to_write_to(tmp_path: Path) -> None:
    """As services and schedulers may: nobody reads it, and it does what it is asked."""
    done = subprocess.run(
        f"{sys.executable} -m flows.cli quarantine --json >&- 2>{tmp_path / 'err'}",
        shell=True,
        env={**os.environ, "CSW_DATA": str(tmp_path / "data")},
        cwd=ROOT,
        check=False,
    )
    assert (done.returncode, (tmp_path / "err").read_text()) == (0, "")


def test_a_reader_that_has_had_enough(published: Installation) -> None:
    command = f"{sys.executable} -m flows.cli sql 'from marts.fct_la_year_measure limit 50000' -f csv | head -1"
    done = subprocess.run(
        command,
        shell=True,
        env={**os.environ, "CSW_DATA": str(published.settings.data)},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stderr == ""
    assert done.stdout.startswith("la_code,")


# --- whoever stops them ----------------------------------------------------------------------------------------------


@contextlib.contextmanager
def building(installation: Installation, log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A run that has begun to build, in a session of its own."""
    with log.open("wb") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "flows.cli", "run", "--full", "--archive"],
            env={**os.environ, "CSW_DATA": str(installation.settings.data)},
            cwd=ROOT,
            stdout=out,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        until = time.monotonic() + 240
        while b"build" not in log.read_bytes() and process.poll() is None and time.monotonic() < until:
            time.sleep(0.1)
        time.sleep(2)
        assert process.poll() is None, log.read_text()
        yield process
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def processes_of(installation: Installation) -> list[str]:
    """Commands that run for this installation."""
    found = []
    for place in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if str(installation.settings.data).encode() in (place / "environ").read_bytes():
                found.append((place / "cmdline").read_bytes().replace(b"\0", b" ").decode().strip())
    return [f for f in found if f]


def ended(installation: Installation, seconds: float) -> bool:
    until = time.monotonic() + seconds
    while processes_of(installation) and time.monotonic() < until:
        time.sleep(0.1)
    return not processes_of(installation)


@pytest.mark.skipif(not Path("/proc").exists(), reason="needs /proc to see processes")
@pytest.mark.parametrize("name", ["SIGTERM", "SIGINT", "SIGHUP", "SIGKILL"])
def test_stopped_from_outside(copied: Installation, tmp_path: Path, name: str) -> None:
    before = file_identity(copied.settings.published)
    log = tmp_path / "run.log"
    number = getattr(signal, name)
    with building(copied, log) as process:
        process.send_signal(number)  # to the run alone, not to those that work for it
        process.wait(30)
        assert ended(copied, 5), processes_of(copied)
    assert file_identity(copied.settings.published) == before
    said = log.read_text()
    assert "Traceback" not in said
    if name == "SIGKILL":
        return
    assert process.returncode == 128 + number
    assert f"csw: stopped ({name})." in said
    assert "No new warehouse was published" in said
    assert "stays as it was" in said
    assert not copied.settings.next.exists()
