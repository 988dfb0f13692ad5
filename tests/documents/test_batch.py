"""Many reports at once, and what a lost worker costs."""

from __future__ import annotations

import os
import time
import zlib
from multiprocessing.connection import Connection
from pathlib import Path

import pytest

from flows.documents import batch
from flows.documents.batch import Result, read_reports
from flows.documents.pdf import Limits, RefusalReason
from flows.documents.report import Report, UnreadReport, read_report_file
from tests.documents.printed import raw_pdf
from tests.documents.test_report import ilacs, single_inspection


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    for name, data in (
        ("b.pdf", ilacs()),
        ("a.pdf", single_inspection()),
        ("page.pdf", b"<html></html>"),
        ("cut.pdf", ilacs()[:900]),
    ):
        (tmp_path / name).write_bytes(data)
    return [tmp_path / name for name in ("b.pdf", "cut.pdf", "absent.pdf", "a.pdf", "page.pdf")]


def test_results_come_in_the_order_of_the_files_and_alike_in_one_process_and_in_two(files: list[Path]) -> None:
    seen: list[Result] = []
    parallel = read_reports(files, workers=2, progress=seen.append)
    assert [result.file for result in parallel] == [path.name for path in files]
    assert [isinstance(result, Report) for result in parallel] == [True, False, False, True, False]
    assert parallel == read_reports(files, workers=0) == [read_report_file(path) for path in files]
    assert sorted(result.file for result in seen) == sorted(path.name for path in files)


def test_no_files() -> None:
    assert read_reports([]) == []


def serve_badly(connection: Connection, limits: Limits) -> None:
    """A worker that dies on one file and hangs on another."""
    connection.send("ready")
    while True:
        path = Path(connection.recv())
        if path.name == "cut.pdf":
            os._exit(139)
        if path.name == "page.pdf":
            time.sleep(60)
        connection.send(read_report_file(path, limits))


def serve_nothing(connection: Connection, limits: Limits) -> None:
    """A worker that does not start."""


def test_a_worker_that_dies_or_hangs_costs_its_own_file_only(
    files: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batch, "_serve", serve_badly)
    monkeypatch.setattr(batch, "_GRACE_SECONDS", 0.2)
    results = {result.file: result for result in read_reports(files, workers=2, limits=Limits(max_seconds=1.5))}
    died, hung = results["cut.pdf"], results["page.pdf"]
    assert isinstance(died, UnreadReport)
    assert died.refusal.reason is RefusalReason.READER_DIED
    assert len(died.sha256) == 64
    assert isinstance(hung, UnreadReport)
    assert hung.refusal.reason is RefusalReason.TOO_SLOW
    assert isinstance(results["a.pdf"], Report)
    assert isinstance(results["b.pdf"], Report)


def test_workers_that_do_not_start_are_an_error(files: list[Path], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batch, "_serve", serve_nothing)
    with pytest.raises(RuntimeError, match="did not start"):
        read_reports(files, workers=1)


def bomb(piece: bytes, times: int) -> bytes:
    """A small PDF whose page unpacks, twice, to so many pieces."""
    # Packed once and repeated: after a full flush a block says nothing of those before it.
    packer = zlib.compressobj(9)
    first, block = (packer.compress(piece) + packer.flush(zlib.Z_FULL_FLUSH) for _ in range(2))
    checksum = 1
    for _ in range(times):
        checksum = zlib.adler32(piece, checksum)
    packed = first + block * (times - 1) + b"\x03\x00" + checksum.to_bytes(4, "big")
    twice = zlib.compress(packed, 9)
    font = "<< /F1 << /Type /Font /Subtype /Type1 /BaseFont /Helvetica >> >>"
    return raw_pdf(
        "<< /Type /Catalog /Pages 2 0 R >>",
        "<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R /Resources << /Font {font} >> >>",
        f"<< /Length {len(twice)} /Filter [/FlateDecode /FlateDecode] >>\nstream\n{twice.decode('latin-1')}\nendstream",
    )


@pytest.mark.parametrize(
    ("piece", "times"),
    [
        pytest.param(b" " * 1_000_000, 3000, id="three gigabytes of spaces"),
        pytest.param(b"BT /F1 12 Tf 9 9 Td (aaaaaaaaaaaa) Tj ET\n" * 10_000, 400, id="four million words"),
        pytest.param(b"0 0 m 1 1 l 2 2 l S\n" * 50_000, 300, id="fifteen million lines"),
    ],
)
def test_a_bomb_costs_its_own_file_only(tmp_path: Path, piece: bytes, times: int) -> None:
    (tmp_path / "bomb.pdf").write_bytes(bomb(piece, times))
    (tmp_path / "report.pdf").write_bytes(ilacs())
    limits = Limits(max_seconds=6)
    began = time.monotonic()
    refused, read = read_reports([tmp_path / "bomb.pdf", tmp_path / "report.pdf"], workers=1, limits=limits)
    assert isinstance(refused, UnreadReport)
    assert refused.refusal.reason in {RefusalReason.READER_DIED, RefusalReason.TOO_SLOW, RefusalReason.TOO_LARGE}
    assert isinstance(read, Report)
    assert time.monotonic() - began < 60


def serve_once_badly(connection: Connection, limits: Limits) -> None:
    """A worker that is ended from outside once, as where the system runs out of memory."""
    connection.send("ready")
    while True:
        path = Path(connection.recv())
        if not (path.parent / "ended").exists():
            (path.parent / "ended").touch()
            os._exit(137)
        connection.send(read_report_file(path, limits))


def test_a_reader_that_was_ended_is_tried_once_more(files: list[Path], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batch, "_serve", serve_once_badly)
    (result,) = read_reports([files[0]], workers=1)
    assert isinstance(result, Report)
