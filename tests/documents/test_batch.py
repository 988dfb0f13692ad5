"""Many reports at once, and what a lost worker costs."""

from __future__ import annotations

import os
import time
from multiprocessing.connection import Connection
from pathlib import Path

import pytest

from flows.documents import batch
from flows.documents.batch import Result, read_reports
from flows.documents.pdf import Limits, RefusalReason
from flows.documents.report import Report, UnreadReport, read_report_file
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
