"""``csw serve``: the scheduled refresh on one machine — a Prefect server of its own, and the runner of its deployments.

Both run as processes beside this one, which only watches them, so that the command line does not carry Prefect; they
end when it does, however it ends. The server listens on the loopback only, asks for a user and password that are made
here for this installation, and lets only its own pages ask it.
"""

from __future__ import annotations

import json
import os
import secrets
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

from flows.common.errors import CswError, Stopped
from flows.common.files import write_atomically
from flows.common.lock import see_that_it_locks
from flows.common.settings import ROOT, Settings

#: Seconds within which a server answers, also on its first start, when it makes its database.
PATIENCE = 180
#: A log begins anew at this size, and so many old ones are kept.
LOG_BYTES, LOGS = 5_000_000, 3
URL, CLIENT_AUTH, SERVER_AUTH = "PREFECT_API_URL", "PREFECT_API_AUTH_STRING", "PREFECT_SERVER_API_AUTH_STRING"


@dataclass(frozen=True)
class Api:
    """A Prefect server: the address of its API, and the user and password that it asks for (``user:password``)."""

    url: str
    auth: str = ""

    def environment(self) -> dict[str, str]:
        """Of a program that asks it."""
        return {URL: self.url, **({CLIENT_AUTH: self.auth} if self.auth else {})}


def serve(settings: Settings, port: int, say: Callable[[str], None]) -> None:
    """Run the schedules until stopped.

    Args:
        settings: where things are kept.
        port: of the server on the loopback; not used where ``PREFECT_API_URL`` names a server already.
        say: told what runs.

    Raises:
        CswError: the schedules of this data folder run already, the server does not start, or one of the two processes
            ended by itself.
    """
    try:
        with _alone(settings):
            _serve(settings, port, say)
    except (Stopped, KeyboardInterrupt):
        # How it is ended in order: no failure, for a service manager neither.
        say("Stopped; what is published stays.")


def _serve(settings: Settings, port: int, say: Callable[[str], None]) -> None:
    with server(settings, port, say) as api:
        home = {"PREFECT_HOME": str(home_of(settings))}
        process = _start([sys.executable, "-m", "flows.schedule.runner"], {**home, **api.environment()})
        try:
            say(f"The schedules run (poll at 09:30 to 12:30 London time); to look at: {api.url.removesuffix('/api')}")
            if api.auth:
                say(f"User and password are in {auth_path(settings)}.")
            say("Stop with Ctrl-C; a refresh under way then ends without publishing.")
            while process.poll() is None:
                time.sleep(0.5)
            raise CswError(f"the schedules ended by themselves (exit code {process.returncode}); see above.")
        finally:
            _end(process)


@contextmanager
def _alone(settings: Settings) -> Iterator[None]:
    """One of its kind at a data folder: two servers would share one database, and each would start every refresh."""
    from filelock import FileLock, Timeout

    lock = FileLock(home_of(settings) / ".serve.lock", timeout=0)
    try:
        lock.acquire()
    except Timeout as exc:
        raise CswError(
            f"`csw serve` runs already for {settings.data} (`csw status` shows it). End it first, or set CSW_DATA to "
            "another folder."
        ) from exc
    except (OSError, NotImplementedError) as exc:
        see_that_it_locks(exc, settings.data)
        raise
    try:
        yield
    finally:
        lock.release()


@contextmanager
def server(settings: Settings, port: int, say: Callable[[str], None]) -> Iterator[Api]:
    """A server: the one of ``PREFECT_API_URL``, or one that runs while the context lasts.

    Its database, logs and password are in ``data/prefect``.

    Raises:
        CswError: it does not answer, or the port is taken.
    """
    known = os.environ.get(URL, "")
    if known:
        if not answers(known):
            raise CswError(f"{URL} names {known}, where no server answers. Start it, or unset the variable.")
        yield Api(known, os.environ.get(CLIENT_AUTH, ""))
        return
    api = Api(f"http://127.0.0.1:{port}/api", _password(settings))
    if answers(api.url):
        raise CswError(f"a server answers at port {port} already. Set {URL}={api.url} to use it, or give --port.")
    home = home_of(settings)
    log = home / "server.log"
    say(f"Starting a Prefect server at port {port} …")
    names = [urlsplit(settings.serve_url).hostname or ""] if settings.serve_url else []
    origins = [f"http://127.0.0.1:{port}", f"http://localhost:{port}", *([settings.serve_url] if names else [])]
    environment = {
        "PREFECT_HOME": str(home),
        SERVER_AUTH: api.auth,
        **api.environment(),
        "PREFECT_SERVER_CORS_ALLOWED_ORIGINS": ",".join(_origin(o) for o in origins),
        **({"PREFECT_SERVER_UI_API_URL": f"{settings.serve_url}/api"} if names else {}),
    }
    command = [sys.executable, "-m", "flows.schedule.server", "--port", str(port)]
    process = _start([*command, *(a for n in names for a in ("--host", n))], environment, log)
    serving = home / "serving.json"
    try:
        until = time.monotonic() + PATIENCE
        while not answers(api.url):
            if process.poll() is not None or time.monotonic() > until:
                raise CswError(f"the Prefect server did not start; its log ends: {_end_of(log)}")
            time.sleep(0.2)
        now = datetime.now(UTC).replace(microsecond=0).isoformat()
        write_atomically(serving, json.dumps({"url": api.url, "since": now, "pid": os.getpid()}).encode())
        yield api
    finally:
        _end(process)
        serving.unlink(missing_ok=True)


def home_of(settings: Settings) -> Path:
    """The folder of the server's database, logs and password; for its owner alone."""
    home = settings.data / "prefect"
    home.mkdir(parents=True, exist_ok=True)
    with suppress(OSError):
        home.chmod(0o700)
    return home


def auth_path(settings: Settings) -> Path:
    """Where the user and password of the server of ``csw serve`` stand (``user:password``)."""
    return settings.data / "prefect" / "auth"


def _password(settings: Settings) -> str:
    """The user and password of this installation's server: as the environment has them, or made once and kept."""
    given = os.environ.get(SERVER_AUTH, "")
    if given:
        return given
    path = auth_path(settings)
    home_of(settings)
    if not path.exists() or b":" not in path.read_bytes() or not path.read_bytes().isascii():
        write_atomically(path, f"csw:{secrets.token_urlsafe(24)}\n".encode(), mode=0o600)
    if os.name != "nt":
        path.chmod(0o600)
    return path.read_text(encoding="utf-8").strip()


def _origin(address: str) -> str:
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc}"


def _start(command: list[str], environment: Mapping[str, str], log: Path | None = None) -> subprocess.Popen[bytes]:
    """Start a command that ends with this process; what it prints goes to a log that is begun anew when it is long."""
    quiet = {"PREFECT_SERVER_ANALYTICS_ENABLED": "false", "DO_NOT_TRACK": "1"}
    process = subprocess.Popen(
        [sys.executable, "-m", "flows.common.tether", *command],
        cwd=ROOT,
        env={**os.environ, **quiet, **environment},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE if log else None,
        stderr=subprocess.STDOUT if log else None,
        start_new_session=True,
    )
    if log is not None:
        threading.Thread(target=_keep_log, args=(process, log), daemon=True).start()
    return process


def _keep_log(process: subprocess.Popen[bytes], path: Path) -> None:
    import logging
    from logging.handlers import RotatingFileHandler

    handler = RotatingFileHandler(path, maxBytes=LOG_BYTES, backupCount=LOGS, encoding="utf-8")
    assert process.stdout is not None
    for line in process.stdout:
        text = line.decode("utf-8", errors="replace").rstrip("\n")
        # A disk that is full costs lines of the log, not the server.
        with suppress(OSError):
            handler.emit(logging.LogRecord("server", logging.INFO, "", 0, text, None, None))
    handler.close()


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


def answers(api: str) -> bool:
    """Whether a server answers at the address of an API."""
    import httpx

    try:
        # Without encryption no certificates are needed, which take longer to read than the answer.
        return httpx.get(f"{api}/health", timeout=2, verify=api.startswith("https:")).is_success
    except (httpx.HTTPError, httpx.InvalidURL):
        return False


def _end_of(log: Path) -> str:
    if not log.exists():
        return "(nothing)"
    return " / ".join(log.read_text(encoding="utf-8", errors="replace").strip().splitlines()[-3:])
