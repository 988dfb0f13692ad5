"""A process that imports Great Expectations while others work, and then answers for the gate and the release checks.

The import takes seconds, so a run starts the worker first, lands its files, and asks. Requests and answers are lines
of JSON over the worker's standard input and output. A worker that dies, hangs or never starts costs only time: the
check is then done in the asking process.

    with Worker() as worker:
        ...                                     # land
        gate = worker.check_gate(landing, seeds)
        ...                                     # build
        release = worker.check_release(next_database, published_database)
        worker.write_data_docs(folder)
"""

from __future__ import annotations

import contextlib
import ctypes
import gc
import json
import os
import queue
import signal
import subprocess
import sys
import threading
import traceback
from collections.abc import Callable, Collection, Iterable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Any, TextIO, TypeVar

from expectations.results import GateResult, ReleaseResult, Result, TableKey

R = TypeVar("R", GateResult, ReleaseResult)
#: What the worker must be able to import from, wherever it is started: the folder that holds this package.
ROOT = Path(__file__).resolve().parents[1]
#: A check that takes longer than this many seconds is done again in the asking process.
PATIENCE = 180.0


class WorkerLost(Exception):
    """The worker is gone or did not answer in time."""


class Worker:
    """The asking side. Starting it returns at once; :meth:`close` ends the process."""

    def __init__(self, *, patience: float = PATIENCE, command: list[str] | None = None) -> None:
        self.patience = patience
        self.fell_back: list[str] = []
        self._here: dict[str, Result] = {}
        self._answers: queue.Queue[str | None] = queue.Queue()
        self._process: subprocess.Popen[str] | None = None
        environment = {**os.environ, "GX_ANALYTICS_ENABLED": "false"}
        environment["PYTHONPATH"] = os.pathsep.join(p for p in (str(ROOT), os.environ.get("PYTHONPATH", "")) if p)
        with contextlib.suppress(OSError):
            self._process = subprocess.Popen(
                command or [sys.executable, "-m", "expectations.worker"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                text=True,
                encoding="utf-8",
                env=environment,
            )
            threading.Thread(target=self._listen, daemon=True).start()

    def __enter__(self) -> Worker:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def pid(self) -> int | None:
        """The worker's process, while there is one."""
        return self._process.pid if self._process else None

    def check_gate(self, landing: Path, seeds: Path, tables: Collection[TableKey] | None = None) -> GateResult:
        """:func:`expectations.gate.check.check_gate`, by the worker."""
        from expectations.gate.check import check_gate

        request = {
            "do": "gate",
            "landing": str(Path(landing).resolve()),
            "seeds": str(Path(seeds).resolve()),
            "tables": None if tables is None else [list(t) for t in tables],
        }
        return self._ask("gate", request, GateResult, lambda: check_gate(landing, seeds, tables))

    def check_release(self, database: Path, previous: Path | None = None) -> ReleaseResult:
        """:func:`expectations.release.check.check_release`, by the worker."""
        from expectations.release.check import check_release

        request = {
            "do": "release",
            "database": str(Path(database).resolve()),
            "previous": str(Path(previous).resolve()) if previous else None,
        }
        return self._ask("release", request, ReleaseResult, lambda: check_release(database, previous))

    def write_data_docs(self, folder: Path) -> Path | None:
        """Data Docs of the last gate and release checks, by whoever made them; nothing if neither was made."""
        if self._here:
            from expectations.data_docs import write_data_docs

            return write_data_docs(folder, *self._here.values())
        try:
            answer = self._exchange({"do": "docs", "folder": str(Path(folder).resolve())})
        except WorkerLost:
            return None
        return Path(answer["page"]) if answer.get("page") else None

    def close(self) -> None:
        """End the process; harmless when it is gone already."""
        process, self._process = self._process, None
        if process is None:
            return
        with contextlib.suppress(OSError):
            if process.stdin:
                process.stdin.close()
        try:
            process.wait(timeout=0.2)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def _ask(self, name: str, request: dict[str, Any], kind: type[R], here: Callable[[], R]) -> R:
        try:
            answer = self._exchange(request)
        except WorkerLost:
            answer = {}
        if not answer:
            self.fell_back.append(name)
            result = here()
            self._here[name] = result
            return result
        self._here.pop(name, None)
        found = kind.from_dict(answer["result"])
        assert isinstance(found, kind)
        return found

    def _exchange(self, request: dict[str, Any]) -> dict[str, Any]:
        process = self._process
        if process is None or process.stdin is None:
            raise WorkerLost
        try:
            process.stdin.write(json.dumps(request) + "\n")
            process.stdin.flush()
            line = self._answers.get(timeout=self.patience)
        except (OSError, ValueError, queue.Empty) as exc:
            self.close()
            raise WorkerLost from exc
        if line is None:
            self.close()
            raise WorkerLost
        try:
            answer: dict[str, Any] = json.loads(line)
        except ValueError as exc:
            self.close()
            raise WorkerLost from exc
        if "error" in answer:
            # Done again here, the failure shows with its own message.
            raise WorkerLost(answer["error"])
        return answer

    def _listen(self) -> None:
        process = self._process
        if process is not None and process.stdout is not None:
            with contextlib.suppress(OSError, ValueError):
                for line in process.stdout:
                    self._answers.put(line)
        self._answers.put(None)


def serve(requests: Iterable[str], answers: TextIO) -> None:
    """The answering side: import, then answer each request until the input ends."""
    importing = threading.Thread(target=_import, daemon=True)
    importing.start()
    last: dict[str, Result] = {}
    for line in requests:
        try:
            answer = _answer(json.loads(line), last, importing)
        except Exception:
            answer = {"error": traceback.format_exc()}
        answers.write(json.dumps(answer) + "\n")
        answers.flush()
        _give_back()


def _give_back() -> None:
    """Return to the system what a check took: this process waits now while others need the memory."""
    gc.collect()  # the library's objects point at one another
    with contextlib.suppress(OSError, AttributeError, TypeError):
        ctypes.CDLL(None).malloc_trim(0)  # of glibc; elsewhere there is none


def _import() -> None:
    from expectations.gx import great_expectations

    great_expectations()


def _answer(request: dict[str, Any], last: dict[str, Result], importing: threading.Thread) -> dict[str, Any]:
    match request["do"]:
        case "gate":
            from expectations.gate.check import check_gate

            tables = None if request["tables"] is None else [(t[0], t[1], t[2]) for t in request["tables"]]
            last["gate"] = check_gate(
                Path(request["landing"]), Path(request["seeds"]), tables, when_read=importing.join
            )
        case "release":
            from expectations.release.check import check_release

            importing.join()
            previous = Path(request["previous"]) if request["previous"] else None
            last["release"] = check_release(Path(request["database"]), previous)
        case "docs":
            from expectations.data_docs import write_data_docs

            page = write_data_docs(Path(request["folder"]), *last.values()) if last else None
            return {"page": str(page) if page else None}
        case other:
            return {"error": f"no such request: {other}"}
    return {"result": last[request["do"]].to_dict()}


def main() -> None:
    """Serve over standard input and output; whatever libraries print goes to standard error."""
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    # Ctrl-C is for the process that asks, which then ends this one.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    serve(_while_asked(sys.stdin), answers)


def _while_asked(source: TextIO) -> Iterator[str]:
    """The requests; when the input ends, also amid a check, the process does: whoever asked is gone."""
    lines: queue.SimpleQueue[str] = queue.SimpleQueue()

    def listen() -> None:
        with contextlib.suppress(OSError, ValueError):
            for line in source:
                lines.put(line)
        os._exit(0)

    threading.Thread(target=listen, daemon=True).start()
    while True:
        yield lines.get()


if __name__ == "__main__":
    main()
