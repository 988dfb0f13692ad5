"""``csw serve``: the scheduled refresh on one machine — a Prefect server of its own, and the deployments served to it.

Both run as processes beside this one, which only watches them, so that the command line does not carry Prefect.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from flows.common.errors import CswError
from flows.common.settings import ROOT, Settings

#: Seconds within which a server answers, also on its first start, when it makes its database.
PATIENCE = 180


def serve(settings: Settings, port: int, say: Callable[[str], None]) -> None:
    """Run the schedules until stopped.

    Args:
        settings: where things are kept.
        port: of the server on the loopback; not used where ``PREFECT_API_URL`` names a server already.
        say: told what runs.

    Raises:
        CswError: the server does not start, or one of the two processes ended by itself.
    """
    stopping = signal.signal(signal.SIGTERM, _stop)
    try:
        with server(settings, port, say) as api:
            process = _start([sys.executable, "-m", "flows.schedule.refresh"], {"PREFECT_API_URL": api})
            try:
                say(f"The schedules run (poll at 09:30 to 12:30 London time); to look at: {api.removesuffix('/api')}")
                say("Stop with Ctrl-C; a refresh under way then ends without publishing.")
                while process.poll() is None:
                    time.sleep(0.5)
                raise CswError(f"the schedules ended by themselves (exit code {process.returncode}); see above.")
            finally:
                _end(process)
    except KeyboardInterrupt:
        say("Stopped; what is published stays.")
    finally:
        signal.signal(signal.SIGTERM, stopping)


@contextmanager
def server(settings: Settings, port: int, say: Callable[[str], None]) -> Iterator[str]:
    """The address of a server's API: the one of ``PREFECT_API_URL``, or of one that runs while the context lasts.

    Its database and logs are in ``data/prefect``.

    Raises:
        CswError: it does not answer, or the port is taken.
    """
    known = os.environ.get("PREFECT_API_URL", "")
    if known:
        if not _answers(known):
            raise CswError(f"PREFECT_API_URL names {known}, where no server answers. Start it, or unset the variable.")
        yield known
        return
    api = f"http://127.0.0.1:{port}/api"
    if _answers(api):
        raise CswError(f"a server answers at port {port} already. Set PREFECT_API_URL={api} to use it, or give --port.")
    home = settings.data / "prefect"
    home.mkdir(parents=True, exist_ok=True)
    log = home / "server.log"
    say(f"Starting a Prefect server at port {port} …")
    with log.open("ab") as out:
        command = [sys.executable, "-m", "prefect", "server", "start", "--host", "127.0.0.1", "--port", str(port)]
        process = _start(command, {"PREFECT_HOME": str(home), "PREFECT_API_URL": api}, out.fileno())
    try:
        until = time.monotonic() + PATIENCE
        while not _answers(api):
            if process.poll() is not None or time.monotonic() > until:
                raise CswError(f"the Prefect server did not start; its log ends: {_end_of(log)}")
            time.sleep(0.2)
        yield api
    finally:
        _end(process)


def _start(command: list[str], environment: Mapping[str, str], out: int | None = None) -> subprocess.Popen[bytes]:
    quiet = {"PREFECT_SERVER_ANALYTICS_ENABLED": "false", "DO_NOT_TRACK": "1"}
    return subprocess.Popen(
        command,
        cwd=ROOT,
        env={**os.environ, **quiet, **environment},
        stdout=out,
        stderr=subprocess.STDOUT if out is not None else None,
        start_new_session=True,
    )


def _end(process: subprocess.Popen[bytes]) -> None:
    """End a process with everything that it started."""
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            process.kill()
    if os.name != "nt":
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _stop(*_: object) -> None:
    raise KeyboardInterrupt


def _answers(api: str) -> bool:
    import httpx

    try:
        return httpx.get(f"{api}/health", timeout=2).is_success
    except httpx.HTTPError:
        return False


def _end_of(log: Path) -> str:
    return " / ".join(log.read_text(encoding="utf-8", errors="replace").strip().splitlines()[-3:])
