"""Processes that work for another one, and end when it does, however it ends."""

from __future__ import annotations

import os
import queue
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

if TYPE_CHECKING:
    from concurrent.futures import ProcessPoolExecutor

#: Of ``prctl``: the signal that a process gets when its parent ends (Linux).
_PR_SET_PDEATHSIG = 1


def work_for_parent() -> None:
    """Make this process of :mod:`multiprocessing` end with the one it works for, and leave Ctrl-C to that one.

    Call it in the worker, from its first lines or as a pool's ``initializer``.
    """
    import multiprocessing

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()
    if parent is None:
        return

    def watch() -> None:
        # The one that it works for, not the one that forked it (which may outlive it).
        parent.join()
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def worker_context() -> Any:
    """How processes that work for this one are started: never as a copy of it, whose threads would be missing."""
    import multiprocessing

    return multiprocessing.get_context("forkserver" if os.name == "posix" else "spawn")


def worker_pool(workers: int, begin: Callable[[], None] = work_for_parent) -> ProcessPoolExecutor:
    """Processes that end with this one; each is started when there is work for it, and calls ``begin`` first."""
    from concurrent.futures import ProcessPoolExecutor

    return ProcessPoolExecutor(workers, mp_context=worker_context(), initializer=begin)


def end_with_parent() -> None:
    """Have the system end this process when the one that started it ends (Linux; elsewhere nothing happens)."""
    if not sys.platform.startswith("linux"):
        return
    import ctypes

    parent = os.getppid()
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:  # it ended before the system was told
        os._exit(1)


def is_alive(pid: int) -> bool:
    """Whether a process runs."""
    if os.name == "nt":
        return False  # not asked there: a file that a process writes cannot be removed anyway
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    # One that has ended and that nobody has asked about yet (in a container without an init, for ever) does not run.
    with suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()[0] != b"Z"
    return True


class Requests:
    """The lines of a worker's standard input; when it ends while this process is at work, so does the process.

    Whoever asks holds the other end of the pipe: it is closed when that process ends, also by a kill. Nobody waits for
    an answer then, and what would be written meanwhile (a database under way) is nobody's any more. A worker is at work
    from the beginning and from each line on until it calls :meth:`idle`, which it does before it answers.
    """

    def __init__(self, source: TextIO) -> None:
        self._lines: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        self._is_busy = True
        threading.Thread(target=self._listen, args=(source,), daemon=True).start()

    def __iter__(self) -> Iterator[str]:
        while (line := self._lines.get()) is not None:
            self._is_busy = True
            yield line

    def idle(self) -> None:
        """What was asked is done: from here on the end of the input is an end in order."""
        self._is_busy = False

    def _listen(self, source: TextIO) -> None:
        with suppress(ValueError, OSError):
            for line in source:
                self._lines.put(line)
        if self._is_busy:
            os._exit(1)
        self._lines.put(None)
