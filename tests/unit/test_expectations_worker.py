"""The worker answers as the functions do, and a worker that is lost costs time and nothing else."""

from __future__ import annotations

import sys
from pathlib import Path

from expectations.results import describe
from expectations.worker import Worker
from tests.unit.expectations_landing import census, write_landing


def test_worker_answers_of_the_tables_asked_for_and_its_loss_is_made_good(tmp_path: Path) -> None:
    table = census()
    table.rows[7].cells[1] = "q"
    landed = write_landing(tmp_path, table)
    two = write_landing(tmp_path / "two", table, census("2016"))
    with Worker() as worker:
        good = worker.check_gate(two.landing, two.seeds, [census("2016").key])
        assert (good.ok, good.checked, worker.fell_back) == (True, 1, [])
        result = worker.check_gate(landed.landing, landed.seeds)
        assert worker.fell_back == []
        assert [f.check for f in result.errors] == ["symbols_known"]
        assert result.stopped == [table.key]
        page = worker.write_data_docs(tmp_path / "docs")
        assert page is not None
        assert page.exists()
        assert worker._process is not None
        worker._process.kill()
        again = worker.check_gate(landed.landing, landed.seeds)
        assert worker.fell_back == ["gate"]
        assert describe(again).splitlines()[1:] == describe(result).splitlines()[1:]
        assert worker.write_data_docs(tmp_path / "docs") == page


def test_a_worker_that_cannot_start(tmp_path: Path) -> None:
    landed = write_landing(tmp_path, census())
    with Worker(command=[str(tmp_path / "absent")]) as worker:
        assert worker.check_gate(landed.landing, landed.seeds).ok
        assert worker.fell_back == ["gate"]


def test_a_worker_that_talks_nonsense(tmp_path: Path) -> None:
    landed = write_landing(tmp_path, census())
    with Worker(command=[sys.executable, "-c", "print('hello', flush=True); input()"]) as worker:
        assert worker.check_gate(landed.landing, landed.seeds).ok
        assert worker.fell_back == ["gate"]


def test_a_worker_that_never_answers(tmp_path: Path) -> None:
    landed = write_landing(tmp_path, census())
    with Worker(command=[sys.executable, "-c", "import time; time.sleep(60)"], patience=0.5) as worker:
        assert worker.check_gate(landed.landing, landed.seeds).ok
        assert worker.fell_back == ["gate"]


def test_data_docs_of_nothing(tmp_path: Path) -> None:
    with Worker(command=[str(tmp_path / "absent")]) as worker:
        assert worker.write_data_docs(tmp_path / "docs") is None
