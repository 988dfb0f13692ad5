"""``python -m flows.common.tether COMMAND …``: a command that ends, with all that it started, when its starter does.

The starter holds the other end of this process's standard input, which the system closes when it ends, also by a kill.
To be started in a session of its own, for everything in it is ended.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from contextlib import suppress
from types import FrameType

#: Seconds to end in order.
PATIENCE = 10.0


def main() -> None:
    """Run the command; the exit code is its."""
    process = subprocess.Popen(sys.argv[1:], stdin=subprocess.DEVNULL)
    is_alone = threading.Event()

    def end(*_: int | FrameType | None) -> None:
        with suppress(ProcessLookupError):
            process.terminate()

    def watch() -> None:
        while os.read(0, 1024):
            pass
        is_alone.set()
        end()
        with suppress(subprocess.TimeoutExpired):
            process.wait(PATIENCE)
        _end_all()

    signal.signal(signal.SIGTERM, end)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=watch, daemon=True).start()
    code = process.wait()
    if is_alone.is_set():
        _end_all()
    sys.exit(code if code >= 0 else 128 - code)


def _end_all() -> None:
    if os.name == "nt":
        os._exit(1)
    os.killpg(os.getpgrp(), signal.SIGKILL)


if __name__ == "__main__":
    main()
