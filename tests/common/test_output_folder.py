"""An output folder is written whole, and costs nobody a file."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest

from flows.common.errors import CswError, WrongArgument
from flows.common.output_folder import LIST, OutputFolder
from flows.common.settings import Settings
from flows.outputs.lock import writing_outputs


def write(folder: OutputFolder, part: str = "", stamp: str = "", **files: str) -> None:
    with folder.replacing(part, stamp) as made:
        for name, text in files.items():
            path = made / name.replace("__", "/")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)


def held(folder: Path) -> dict[str, str]:
    return {
        p.relative_to(folder).as_posix(): p.read_text() for p in folder.rglob("*") if p.is_file() and p.name != LIST
    }


def test_what_we_wrote_is_replaced_and_what_others_put_there_stays(tmp_path: Path) -> None:
    out = OutputFolder(tmp_path / "site", "a site")
    write(out, stamp="1", index="one", data__a="a", data__b="b")
    (tmp_path / "site" / "data" / "mine").write_text("mine")
    (tmp_path / "site" / "notes").write_text("notes")
    write(out, stamp="2", index="two", data__a="c")
    assert held(tmp_path / "site") == {"index": "two", "data/a": "c", "data/mine": "mine", "notes": "notes"}
    assert out.stamp() == "2"


@pytest.mark.parametrize("there", ["data/x.csv", "index", ".hidden"])
def test_a_folder_with_something_else_is_refused_untouched(tmp_path: Path, there: str) -> None:
    path = tmp_path / there
    path.parent.mkdir(exist_ok=True)
    path.write_text("dear")
    with pytest.raises(CswError, match="csw did not write"):
        write(OutputFolder(tmp_path, "a site"), index="one", data__a="a")
    assert held(tmp_path) == {there: "dear"}


def test_a_file_of_others_in_the_way_is_named_and_nothing_is_written(tmp_path: Path) -> None:
    out = OutputFolder(tmp_path, "a site")
    write(out, index="one")
    (tmp_path / "new").write_text("theirs")
    before = held(tmp_path)
    with pytest.raises(CswError, match="new was not written by csw"):
        write(out, index="two", new="ours")
    assert held(tmp_path) == before


def test_parts_come_and_go_one_by_one(tmp_path: Path) -> None:
    out = OutputFolder(tmp_path, "an export")
    write(out, "csv", "1", csv__a="a")
    write(out, "parquet", "1", parquet__a="p")
    write(out, "csv", "2", csv__b="b")
    assert held(tmp_path) == {"csv/b": "b", "parquet/a": "p"}
    assert (out.stamp("csv"), out.stamp("parquet"), out.stamp("xlsx")) == ("2", "1", "")
    out.drop("csv")
    assert held(tmp_path) == {"parquet/a": "p"}


def test_another_kind_a_file_and_a_broken_list_are_refused(tmp_path: Path) -> None:
    write(OutputFolder(tmp_path / "a", "an export"), x="x")
    with pytest.raises(CswError, match="holds an export, not a site"):
        write(OutputFolder(tmp_path / "a", "a site"), x="y")
    (tmp_path / "file").write_text("x")
    with pytest.raises(CswError, match="is a file"):
        write(OutputFolder(tmp_path / "file", "a site"), x="y")
    (tmp_path / "a" / LIST).write_text('{"kind"')
    with pytest.raises(CswError, match="cannot be read"):
        write(OutputFolder(tmp_path / "a", "an export"), x="y")
    assert (tmp_path / "a" / "x").read_text() == "x"


def test_a_list_leads_to_no_file_outside(tmp_path: Path) -> None:
    (tmp_path / "letter").write_text("dear")
    out = OutputFolder(tmp_path / "a", "a site")
    write(out, x="x")
    said = json.loads((tmp_path / "a" / LIST).read_text())
    said["parts"][""]["files"] += ["../letter", str(tmp_path / "letter")]
    (tmp_path / "a" / LIST).write_text(json.dumps(said))
    write(out, y="y")
    assert (tmp_path / "letter").read_text() == "dear"


def test_links_lead_nowhere(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    out = OutputFolder(tmp_path / "a", "a site")
    write(out, x="x")
    (tmp_path / "a" / "data").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(CswError, match="is a link"):
        write(out, x="y", data__a="a")
    assert list((tmp_path / "elsewhere").iterdir()) == []


def test_what_a_link_leads_to_is_never_removed(tmp_path: Path) -> None:
    """Somebody has put a link in the place of a folder of ours; the file of the same name behind it is theirs."""
    out = OutputFolder(tmp_path / "site", "a site")
    write(out, index="one", data__a="a")
    theirs = tmp_path / "theirs"
    theirs.mkdir()
    (theirs / "a").write_text("dear")
    shutil.rmtree(tmp_path / "site" / "data")
    (tmp_path / "site" / "data").symlink_to(theirs)
    write(out, index="two")
    assert held(theirs) == {"a": "dear"}


def test_a_link_that_leads_nowhere_is_refused(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "none")
    with pytest.raises(WrongArgument, match="leads nowhere"):
        write(OutputFolder(tmp_path / "link", "a site"), index="one")


@pytest.mark.parametrize("part", ["archive", "landing/dfe_cin", "inbox/new", "warehouse", "coding/a"])
def test_no_output_comes_to_lie_among_what_is_kept(settings: Settings, tmp_path: Path, part: str) -> None:
    (tmp_path / "link").symlink_to(settings.data)
    for folder in (settings.data / part, tmp_path / "link" / part, settings.data / "report" / ".." / part):
        with pytest.raises(WrongArgument, match="holds what is kept"), writing_outputs(settings, folder):
            pass
    with writing_outputs(settings, settings.data / "mine"), writing_outputs(settings, tmp_path / "elsewhere"):
        pass


def test_killed_between_two_files_it_is_known_and_done_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out = OutputFolder(tmp_path, "a site")
    write(out, stamp="1", a="1", b="1")
    real, calls = os.replace, []

    def once(source: object, target: object) -> None:
        if Path(str(target)).name in {"c", "d"}:
            calls.append(target)
            if len(calls) == 2:
                raise KeyboardInterrupt
        real(source, target)  # type: ignore[arg-type]

    monkeypatch.setattr("flows.common.output_folder.os.replace", once)
    with pytest.raises(KeyboardInterrupt):
        write(out, stamp="2", a="2", c="2", d="2")
    assert out.stamp() == ""
    monkeypatch.undo()
    write(out, stamp="2", a="2", c="2", d="2")
    assert held(tmp_path) == {"a": "2", "c": "2", "d": "2"}


def test_what_cannot_be_made_leaves_nothing(tmp_path: Path) -> None:
    def fill() -> None:
        with OutputFolder(tmp_path / "new", "a site").replacing() as made:
            (made / "a").write_text("a")
            raise OSError(28, "No space left on device")

    with pytest.raises(CswError, match="No space left"):
        fill()
    assert not (tmp_path / "new").exists()


def test_an_output_within_another_is_not_in_its_way(tmp_path: Path) -> None:
    write(OutputFolder(tmp_path / "site" / "checks", "a record"), index="checks")
    write(OutputFolder(tmp_path / "site", "a site"), index="site")
    assert held(tmp_path / "site") == {"checks/index": "checks", "index": "site"}
