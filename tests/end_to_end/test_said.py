"""What a command says and how it ends, in this process: words and an exit code, never a traceback."""

from __future__ import annotations

import errno
import io
import os
import select
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pytest

from flows.cli.app import main
from flows.common.errors import Busy, Stopped, WrongArgument
from flows.common.settings import ROOT, Settings
from flows.outputs.coverage import write_page
from flows.outputs.export import export
from flows.outputs.site import write_site


@dataclass(frozen=True)
class Ended:
    """How a command ended."""

    code: int
    said: str


Csw = Callable[..., Ended]


@pytest.fixture
def csw(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Csw:
    """The command on an empty data folder; the signals of the test run stay as they are."""
    monkeypatch.setenv("CSW_DATA", str(tmp_path / "data"))
    monkeypatch.setattr("flows.cli.app.ENDING", ())
    monkeypatch.chdir(ROOT)

    def run(*arguments: str) -> Ended:
        monkeypatch.setattr(sys, "argv", ["csw", *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
        out, err = capsys.readouterr()
        return Ended(int(ended.value.code or 0), out + err)

    return run


@pytest.fixture
def warehouse(tmp_path: Path) -> Path:
    """The least that is a warehouse."""
    with duckdb.connect(str(tmp_path / "small.duckdb")) as con:
        con.execute("create schema marts; create table marts.t as select 'naïve – 한국 →' as x")
    return tmp_path / "small.duckdb"


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (["sql", "select 1", "--database", "nowhere.duckdb"], 2, "nowhere.duckdb is no file"),
        (["sql", "select 1", "--database", "README.md"], 2, "README.md is no warehouse"),
        (["sql", "select 1"], 1, "nothing is published yet"),
        (["report", "--database", "nowhere.duckdb"], 2, "nowhere.duckdb is no file"),
        (["report", "--database", "README.md"], 2, "README.md is no warehouse"),
        (["scoreboard"], 1, "nothing is published yet"),
        (["analyse", "value_added", "--as-of", "2019-13-01"], 2, "give a date as YYYY-MM-DD"),
        (["build"], 1, "nothing is landed"),
        (["publish"], 1, "no next warehouse"),
        (["rollback"], 1, "no earlier warehouse"),
        (["rollback", "--to", "nope"], 2, "no earlier warehouse nope"),
        (["export", "--format", "ods"], 2, "ods: exports are written as"),
        (["export", "--out", "README.md"], 2, "README.md is a file"),
        (["export", "--out", "."], 2, "csw did not write"),
        (["report", "--out", "."], 1, "nothing is published yet"),
        (["run", "--returns", "nowhere"], 2, "nowhere is not a folder"),
        (["run", "--archive", "--live"], 2, "--archive lands nothing new"),
        (["run", "--live", "--source", "nope"], 2, "nope is not a source"),
        (["withdraw", "nope", "-m", "x"], 2, "no file of that name"),
        (["new-edition", "nope"], 2, "neither a file nor a folder"),
        (["new-edition", os.devnull], 2, "holds no table"),
        (["serve", "--port", "99999"], 2, "--port"),
        (["status", "--nope"], 2, "nope"),
        (["nope"], 2, "nope"),
        (["sql"], 2, "statement"),
    ],
    ids=lambda x: " ".join(x) if isinstance(x, list) else None,
)
def test_what_cannot_be_is_said(csw: Csw, arguments: list[str], code: int, says: str) -> None:
    ended = csw(*arguments)
    assert (ended.code, says.lower() in ended.said.lower()) == (code, True), ended.said
    assert "Traceback" not in ended.said


@pytest.mark.parametrize("name", ["SIGTERM", "SIGINT", "SIGHUP"])
def test_asked_to_end_it_says_so(csw: Csw, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    def stop(*_: object) -> None:
        raise Stopped(name)

    monkeypatch.setattr("flows.landing.quarantine.unseen", stop)
    assert csw("quarantine", "--json") == Ended(128 + getattr(signal, name), f"\ncsw: stopped ({name}).\n")


@pytest.mark.parametrize(
    ("error", "says"),
    [
        (OSError(28, "No space left on device", "/x/y"), "/x/y: the disk refuses"),
        (OSError(116, "Stale file handle", "/x/y"), "/x/y: the disk went away"),
        (MemoryError(), "memory ran out"),
    ],
)
def test_a_machine_that_gives_out_is_said(
    csw: Csw, monkeypatch: pytest.MonkeyPatch, error: Exception, says: str
) -> None:
    def fail(*_: object) -> None:
        raise error

    monkeypatch.setattr("flows.landing.quarantine.unseen", fail)
    ended = csw("quarantine", "--json")
    assert (ended.code, says in ended.said) == (1, True), ended.said


@pytest.mark.skipif(not hasattr(select, "poll"), reason="needs to know whether anybody reads")
def test_only_a_reader_who_has_enough_ends_a_command_well(csw: Csw, monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker that was ended breaks a pipe, too: nothing was done then, and nobody may think it was."""

    def fail(*_: object) -> None:
        raise BrokenPipeError(errno.EPIPE, "Broken pipe")

    monkeypatch.setattr("flows.landing.quarantine.unseen", fail)
    ended = csw("quarantine", "--json")
    assert (ended.code, "a process that works for this one was ended" in ended.said) == (1, True)
    done = subprocess.run(
        f"{sys.executable} -m flows.cli --help; echo $? >&2",
        shell=True,
        cwd=ROOT,
        stdout=_closed_pipe(),
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    assert done.stderr == "0\n"


def _closed_pipe() -> int:
    """What is written into it, nobody reads."""
    ours, theirs = os.pipe()
    os.close(ours)
    return theirs


@pytest.mark.parametrize("letters", ["latin-1", "ascii"])
def test_a_terminal_with_few_letters(csw: Csw, warehouse: Path, monkeypatch: pytest.MonkeyPatch, letters: str) -> None:
    written = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(written, encoding=letters))
    assert csw("sql", "select x from marts.t", "--database", str(warehouse), "-f", "csv").code == 0
    said = written.getvalue()
    # The command-line library writes UTF-8 where a terminal says that it knows ASCII only.
    assert b"\\u2192" in said or "→" in said.decode("utf-8")


@pytest.mark.parametrize(
    "arguments",
    [("withdraw", "dfe_cin", "2022", "-m"), ("sql",), ("trace", "--la")],
)
def test_what_is_given_in_another_encoding_is_no_traceback(csw: Csw, arguments: tuple[str, ...]) -> None:
    ended = csw(*arguments, os.fsdecode(b"caf\xe9"))
    assert ended.code == 2
    assert "caf\\xe9: this is not UTF-8" in ended.said


def test_exports_and_site_wait_for_whoever_writes(
    settings: Settings, warehouse: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    @contextmanager
    def taken(data: Path) -> Iterator[None]:
        raise Busy(f"another run is writing to {data}")
        yield

    settings.warehouse.mkdir(parents=True)
    warehouse.rename(settings.published)
    monkeypatch.setattr("flows.outputs.lock.writer", taken)
    for write in (export, write_site):
        with pytest.raises(Busy):
            write(settings)
    assert sorted(p.name for p in settings.data.iterdir()) == ["warehouse"]


@pytest.mark.parametrize("place", ["archive/x.md", "landing/x.md", "inbox/x.md"])
@pytest.mark.parametrize("verb", ["coverage", "comparability"])
def test_a_page_comes_to_lie_nowhere_else(csw: Csw, tmp_path: Path, verb: str, place: str) -> None:
    ended = csw(verb, "--out", str(tmp_path / "data" / place))
    assert (ended.code, "holds what is kept" in ended.said) == (2, True), ended.said


@pytest.mark.skipif(not Path("/dev/null").exists(), reason="no devices here")
def test_a_page_takes_the_place_of_no_device(tmp_path: Path) -> None:
    with pytest.raises(WrongArgument, match="is no file"):
        write_page(Path("/dev/null"), "# x")
    (tmp_path / "page.md").touch()
    (tmp_path / "link.md").symlink_to(tmp_path / "page.md")
    write_page(tmp_path / "link.md", "# x")
    assert (tmp_path / "link.md").is_symlink()
    assert (tmp_path / "page.md").read_text() == "# x"
