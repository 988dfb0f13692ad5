"""Many reports at once, each in a worker process that may be lost without losing the others."""

from __future__ import annotations

import hashlib
import multiprocessing
import os
import time
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnContext
from multiprocessing.process import BaseProcess
from pathlib import Path

from flows.common.processes import work_for_parent
from flows.documents.pdf import Limits, Refusal, RefusalReason
from flows.documents.report import Report, UnreadReport, read_report_file

Result = Report | UnreadReport

# Seconds that a worker may take to start, and those beyond the limit of one document before it is stopped from
# outside: the reader looks at the clock between pages only.
_START_SECONDS = 120.0
_GRACE_SECONDS = 2.0
_READY = "ready"


def read_reports(
    paths: Sequence[Path],
    workers: int | None = None,
    limits: Limits | None = None,
    progress: Callable[[Result], None] | None = None,
) -> list[Result]:
    """Read many reports, several at a time.

    Args:
        paths: files to read.
        workers: number of processes; one per processor, at most eight, when None; 0 reads in this process, one after
            the other.
        limits: what one document may cost. A worker that needs longer, dies or runs out of memory costs that one
            document, which is refused with the reason.
        progress: called in this process with each result as it comes, in any order.

    Returns:
        One result for each path, in the order of the paths.

    Raises:
        RuntimeError: a worker process could not be started at all (the calling script needs an
            `if __name__ == "__main__"` guard).
    """
    limits = limits or Limits()
    if workers is None:
        workers = min(os.cpu_count() or 1, 8)
    results: dict[int, Result] = {}
    if workers <= 0:
        for index, path in enumerate(paths):
            results[index] = read_report_file(path, limits)
            if progress:
                progress(results[index])
        return [results[index] for index in range(len(paths))]
    _Pool(paths, min(workers, len(paths)), limits, progress, results).run()
    return [results[index] for index in range(len(paths))]


@dataclass
class _Worker:
    process: BaseProcess
    connection: Connection
    deadline: float
    ready: bool = False
    task: int | None = None


@dataclass
class _Pool:
    paths: Sequence[Path]
    size: int
    limits: Limits
    progress: Callable[[Result], None] | None
    results: dict[int, Result]
    # A fresh interpreter for each worker: no open files, locks or connections of the caller are inherited.
    context: SpawnContext = field(default_factory=lambda: multiprocessing.get_context("spawn"))
    workers: list[_Worker] = field(default_factory=list)
    waiting: deque[int] = field(default_factory=deque)
    retried: set[int] = field(default_factory=set)

    def run(self) -> None:
        self.waiting.extend(range(len(self.paths)))
        try:
            for _ in range(self.size):
                self._start()
            while len(self.results) < len(self.paths):
                self._step()
        finally:
            for worker in self.workers:
                _stop(worker)

    def _start(self) -> None:
        ours, theirs = self.context.Pipe()
        process = self.context.Process(target=_serve, args=(theirs, self.limits), daemon=True)
        process.start()
        theirs.close()
        self.workers.append(_Worker(process, ours, time.monotonic() + _START_SECONDS))

    def _step(self) -> None:
        now = time.monotonic()
        nearest = min((worker.deadline for worker in self.workers), default=now)
        ready = wait([worker.connection for worker in self.workers], timeout=max(0.0, nearest - now))
        for worker in list(self.workers):
            if worker.connection in ready:
                self._receive(worker)
            elif time.monotonic() >= worker.deadline:
                seconds = self.limits.max_seconds
                self._lose(worker, Refusal(RefusalReason.TOO_SLOW, f"stopped after more than {seconds:g} seconds"))

    def _receive(self, worker: _Worker) -> None:
        try:
            message = worker.connection.recv()
        except (EOFError, OSError):
            memory = self.limits.max_memory_bytes
            most = f", as where it needs more than {memory / 1e9:g} GB of memory" if memory else ""
            self._lose(worker, Refusal(RefusalReason.READER_DIED, f"the process that read the document ended{most}"))
            return
        worker.ready = True
        if worker.task is not None:
            self._keep(worker.task, message)
            worker.task = None
        if self.waiting:
            worker.task = self.waiting.popleft()
            worker.deadline = time.monotonic() + self.limits.max_seconds + _GRACE_SECONDS
            with suppress(OSError):
                # A worker that died meanwhile is noticed when its answer is awaited.
                worker.connection.send(str(self.paths[worker.task]))
        else:
            worker.deadline = float("inf")
            if len(self.results) < len(self.paths):
                self.workers.remove(worker)
                _stop(worker)

    def _lose(self, worker: _Worker, refusal: Refusal) -> None:
        self.workers.remove(worker)
        _stop(worker)
        if not worker.ready:
            raise RuntimeError("a worker process for reading reports did not start")
        if worker.task is not None:
            self._refuse(worker.task, refusal)
        if self.waiting:
            self._start()

    def _refuse(self, task: int, refusal: Refusal) -> None:
        """Refuse a document whose reader was lost; one that died is tried once more, for it may have been ended."""
        if refusal.reason is RefusalReason.READER_DIED and task not in self.retried:
            self.retried.add(task)
            self.waiting.append(task)
            return
        path = self.paths[task]
        self._keep(task, UnreadReport(path.name, _hash(path), refusal))

    def _keep(self, task: int, result: Result) -> None:
        self.results[task] = result
        if self.progress:
            self.progress(result)


def _hash(path: Path) -> str:
    """Hash of a file whose reader was lost, so that it too can be recognised; empty when it cannot be read."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return ""


def _stop(worker: _Worker) -> None:
    worker.connection.close()
    if worker.process.is_alive():
        worker.process.kill()
    worker.process.join()


def _serve(connection: Connection, limits: Limits) -> None:
    """Loop of a worker: a path in, a result out, until the other end closes."""
    work_for_parent()
    _limit_memory(limits)
    connection.send(_READY)
    with suppress(EOFError, OSError, KeyboardInterrupt):
        while True:
            connection.send(read_report_file(Path(connection.recv()), limits))


def _limit_memory(limits: Limits) -> None:
    """Bound the memory of this process, where the system can: a document without end ends its worker only."""
    try:
        import resource
    except ImportError:
        return
    if limits.max_memory_bytes is not None:
        with suppress(OSError, ValueError):
            _, hard = resource.getrlimit(resource.RLIMIT_AS)
            resource.setrlimit(resource.RLIMIT_AS, (limits.max_memory_bytes, hard))
