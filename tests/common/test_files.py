"""Files are whole, readable by whom the user lets read, and leave nothing behind."""

from __future__ import annotations

import csv
import errno
import multiprocessing
import os
import subprocess
import sys
from pathlib import Path

import pytest

from flows.common.errors import CswError, database_says, disk_refusal
from flows.common.files import part_of, read_json, read_rows, sweep, write_atomically, write_new
from flows.common.lock import LAYOUT_FILE, layout_of, writer
from flows.common.settings import ROOT, Settings
from flows.common.text import printable


@pytest.mark.parametrize(("mask", "mode"), [(0o022, 0o644), (0o027, 0o640), (0o077, 0o600)])
def test_the_users_umask_decides_who_may_read(tmp_path: Path, mask: int, mode: int) -> None:
    before = os.umask(mask)
    try:
        write_atomically(tmp_path / "a", b"a")
    finally:
        os.umask(before)
    assert (tmp_path / "a").stat().st_mode & 0o777 == mode


def _die_writing(folder: str) -> None:
    path = part_of(Path(folder) / "deep" / "file")
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(b"half")
    os._exit(9)


def test_the_next_writer_clears_away_what_killed_ones_left(tmp_path: Path) -> None:
    process = multiprocessing.get_context("spawn").Process(target=_die_writing, args=(str(tmp_path),))
    process.start()
    process.join()
    (tmp_path / ".part-abcd_123").write_bytes(b"of an earlier version")
    (tmp_path / ".part-999999999-0123abcd.d").mkdir()
    (tmp_path / ".part-999999999-0123abcd.d" / "page.html").write_text("half")
    mine = part_of(tmp_path / "x")
    mine.write_bytes(b"under way")
    (tmp_path / ".partners").write_text("theirs")
    with writer(tmp_path):
        pass
    left_over = {p.relative_to(tmp_path).as_posix() for p in tmp_path.rglob("*") if "part" in p.name}
    assert left_over == {mine.name, ".partners"}
    assert sweep(tmp_path) == 0


def test_a_folder_of_an_earlier_version_is_taken_over_and_one_of_a_later_is_refused(tmp_path: Path) -> None:
    (tmp_path / "landing").mkdir()
    (tmp_path / "landing" / "catalogue.csv").write_text("x")
    (tmp_path / "landing" / "catalogue.csv").chmod(0o600)
    (tmp_path / "prefect").mkdir()
    (tmp_path / "prefect" / "secret").write_text("x")
    (tmp_path / "prefect" / "secret").chmod(0o600)
    assert layout_of(tmp_path) == 1
    with writer(tmp_path):
        pass
    assert layout_of(tmp_path) == 2
    assert (tmp_path / "landing" / "catalogue.csv").stat().st_mode & 0o044
    assert (tmp_path / "prefect" / "secret").stat().st_mode & 0o777 == 0o600
    (tmp_path / LAYOUT_FILE).write_text('{"layout": 3}')
    with pytest.raises(CswError, match="made by a later version"), writer(tmp_path):
        pass


@pytest.mark.parametrize("said", ["", "[]", '{"layout": null}', '{"layout": 1e400}', "[" * 200_000])
def test_a_note_of_the_arrangement_that_says_nothing_is_written_again(tmp_path: Path, said: str) -> None:
    (tmp_path / "archive").mkdir()
    (tmp_path / LAYOUT_FILE).write_text(said)
    with writer(tmp_path):
        pass
    assert read_json(tmp_path / LAYOUT_FILE) == {"layout": 2}


@pytest.mark.parametrize(
    "said", [b"", b"{", b"[" * 200_000, b"NaN", b"[1e400]", b"[-Infinity]", b"\xff\xfe\x00", b"\x00"]
)
def test_json_that_nobody_wrote_is_one_kind_of_error(tmp_path: Path, said: bytes) -> None:
    (tmp_path / "x.json").write_bytes(said)
    with pytest.raises(ValueError):  # noqa: PT011 (whatever it says, it is of this kind)
        read_json(tmp_path / "x.json")


@pytest.mark.parametrize(
    ("said", "says"),
    [
        (b"a,b\n1,caf\xe9\n", "line 2: byte 0xE9 is not UTF-8"),
        (b"a\n1\n", "the column 'b' is missing"),
        (b"", "the column 'a' is missing"),
        (b"a,b\n1\n", "line 2: the row ends before column 'b'"),
        (b'a,b\n1,"2\n', "line .*: this is not a whole csv"),
        (b"a,b\n1," + b"x" * 200_000, "line .*: this is not a whole csv"),
    ],
)
def test_a_table_that_people_keep_is_refused_by_line(tmp_path: Path, said: bytes, says: str) -> None:
    (tmp_path / "x.csv").write_bytes(said)
    csv.field_size_limit(sys.maxsize)  # as others that read in this process leave it
    with pytest.raises(CswError, match=says):
        read_rows(tmp_path / "x.csv", ("a", "b"))


def test_a_table_that_people_keep_is_read_as_spreadsheets_save_it(tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_bytes(b'\xef\xbb\xbfa,b,c\r\n1,"x\r\ny",3\r\n')
    assert read_rows(tmp_path / "x.csv", ("a", "b")) == [(3, {"a": "1", "b": "x\r\ny", "c": "3"})]


@pytest.mark.parametrize("number", [errno.ENOLCK, errno.EOPNOTSUPP])
def test_a_disk_that_cannot_lock_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    def refuse(*_: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr("filelock.BaseFileLock.acquire", refuse)
    with pytest.raises(CswError, match="that cannot lock files"), writer(tmp_path):
        pass


def test_the_lock_may_be_taken_again_by_who_holds_it_and_by_nobody_else(tmp_path: Path) -> None:
    ask = """
import sys
from pathlib import Path
from flows.common.lock import writer
with writer(Path(sys.argv[1])):
    print("in")
"""

    def other() -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-c", ask, str(tmp_path)], capture_output=True, text=True, cwd=ROOT, check=False
        )

    with writer(tmp_path), writer(tmp_path):
        for _ in range(2):  # asking does not make the next one forget who holds it
            assert f"process {os.getpid()}, " in other().stderr
    assert other().stdout == "in\n"


def test_who_may_not_read_is_not_told_that_the_disk_is_full(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a").write_text("a")
    monkeypatch.setattr("flows.common.errors.os.access", lambda *_: False)
    assert "may not read it" in disk_refusal(PermissionError(13, "Permission denied", str(tmp_path / "a")))
    assert "may not write there" in disk_refusal(PermissionError(13, "Permission denied", str(tmp_path / "b")))
    assert "the disk refuses (No space left on device)" in disk_refusal(OSError(28, "No space left on device", "/x"))
    for error, says in (("ESTALE", "went away"), ("EMFILE", "gives no more"), ("ENAMETOOLONG", "too long")):
        number = getattr(errno, error)
        assert says in disk_refusal(OSError(number, os.strerror(number), "/x"))
    assert disk_refusal(OSError(2, "No such file", "/x")) == ""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux has a file that cannot be read once open")
def test_a_disk_that_fails_while_a_file_is_read_is_said_with_the_file() -> None:
    with pytest.raises(OSError, match="Input/output error") as found:
        Path("/proc/self/mem").read_bytes()
    assert found.value.filename is None
    assert disk_refusal(found.value).startswith("/proc/self/mem: the disk refuses (Input/output error).")


def test_a_message_of_the_database_for_programs_is_one_for_people() -> None:
    wrapped = (
        'IO Error: Async write failed: {"exception_type":"IO","exception_message":"no \\"x\\": full","errno":"27"}'
    )
    assert database_says(ValueError(wrapped)) == 'no "x": full'
    assert database_says(ValueError("Binder Error: no column\nhere\n\nLINE 1: x")) == "Binder Error: no column here"


def test_a_folder_in_a_files_place_and_the_other_way_round_are_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    (tmp_path / ".layout.json").mkdir()
    with pytest.raises(CswError, match="a file is where a folder should be"):
        write_atomically(tmp_path / "file" / "x.md", b"x")
    with pytest.raises(CswError, match="a folder is where a file should be"):
        write_atomically(tmp_path / ".layout.json", b"x")
    with pytest.raises(CswError, match="a file is there"):
        Settings(data=tmp_path / "file" / "data")
    (tmp_path / ".writer.lock").unlink(missing_ok=True)
    (tmp_path / ".writer.lock").symlink_to(tmp_path / "file")
    with pytest.raises(OSError, match=str(tmp_path)) as ring, writer(tmp_path):
        pass
    assert "a link is where a file should be" in disk_refusal(ring.value)
    assert (tmp_path / "file").read_text() == "x"
    (tmp_path / ".writer.lock").unlink()
    with pytest.raises(IsADirectoryError) as found, writer(tmp_path):
        pass
    assert "a folder is where a file should be" in disk_refusal(found.value)


def test_names_do_what_they_say_on_a_terminal() -> None:
    assert printable("a\x1b[31mb\nc") == "a\\x1b[31mb\\nc"
    assert printable(os.fsdecode(b"caf\xe9.csv")) == "caf\\xe9.csv"
    assert printable("Réturns – 2022.csv") == "Réturns – 2022.csv"


def test_a_new_file_takes_the_place_of_no_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_links(*_: object) -> None:
        raise OSError(1, "Operation not permitted")

    for n, links in enumerate((os.link, no_links)):
        monkeypatch.setattr("flows.common.files.os.link", links)
        write_new(tmp_path / f"{n}", b"first")
        with pytest.raises(FileExistsError):
            write_new(tmp_path / f"{n}", b"second")
        assert (tmp_path / f"{n}").read_bytes() == b"first"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["0", "1"]
