"""What the schedules of this installation will do next, what they did last, and what went wrong."""

from __future__ import annotations

import os
import re
from collections import deque
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from flows.common.files import read_json
from flows.common.processes import is_alive
from flows.common.settings import Settings
from flows.schedule.serve import CLIENT_AUTH, URL, Api, answers, auth_path

LONDON = ZoneInfo("Europe/London")
#: How many runs and lines of the log are shown.
SHOWN = 4
FAILED = ["FAILED", "CRASHED"]
ENDED = [*FAILED, "COMPLETED", "CANCELLED"]
#: Lines of the log that are looked at, from its end, and what an error begins with there.
_LAST_LINES, _TROUBLE = 4000, re.compile(r"\| (ERROR|CRITICAL) |^(\w+\.)*\w*(Error|Exception): ")


@dataclass(frozen=True)
class Run:
    """A run of the schedules: of which deployment, when, and what it said."""

    name: str
    state: str
    at: datetime
    said: str = ""

    def text(self) -> str:
        """For people, on one line."""
        words = f": {self.said.splitlines()[0]}" if self.said else ""
        return f"{self.at.astimezone(LONDON):%d %b %Y %H:%M} {self.name} {self.state.lower()}{words}"


@dataclass(frozen=True)
class Upcoming:
    """The schedules: what comes, what was, and what the server's own log complains of."""

    url: str = ""
    """Of the server; blank where none runs."""
    problem: str = ""
    """Why nothing can be said."""
    next: list[Run] = field(default_factory=list)
    last: list[Run] = field(default_factory=list)
    failures: list[Run] = field(default_factory=list)
    log: list[str] = field(default_factory=list)
    """The last errors of the server itself, e.g. that it cannot schedule."""

    def text(self) -> str:
        """For people."""
        if not self.url:
            return "Schedules: none run here (`csw serve` runs them)."
        lines = [f"Schedules: {self.url.removesuffix('/api')}"]
        if self.problem:
            return f"{lines[0]}: {self.problem}"
        lines += [f"  next  {r.text()}" for r in self.next] or ["  next  nothing is scheduled"]
        lines += [f"  last  {r.text()}" for r in self.last[:1]]
        lines += [f"  failed  {r.text()}" for r in self.failures[:SHOWN]]
        lines += [f"  the server's log: {line}" for line in self.log]
        return "\n".join(lines)


def upcoming(settings: Settings) -> Upcoming:
    """What the server says that runs here (``csw serve``), or that ``PREFECT_API_URL`` names."""
    api = api_of(settings)
    log = errors_of(settings.data / "prefect" / "server.log")
    if api is None:
        return Upcoming(log=log)
    if not answers(api.url):
        return Upcoming(api.url, "no server answers there.", log=log)
    import httpx

    try:
        names = {str(d["id"]): str(d["name"]) for d in _ask(api, "deployments/filter", limit=50)}
        comes = _runs(api, names, ["SCHEDULED"], "EXPECTED_START_TIME_ASC", "expected_start_time")
        was = _runs(api, names, ENDED, "END_TIME_DESC", "end_time")
        failed = _runs(api, names, FAILED, "END_TIME_DESC", "end_time")
    except httpx.HTTPStatusError as exc:
        code = exc.response.status_code
        said = "it asks for another user and password." if code == 401 else f"it answers {code}."
        return Upcoming(api.url, said, log=log)
    except (httpx.HTTPError, ValueError, KeyError, TypeError) as exc:
        return Upcoming(api.url, f"it does not answer as expected ({type(exc).__name__}).", log=log)
    return Upcoming(api.url, "", comes, was, failed, log)


def api_of(settings: Settings) -> Api | None:
    """The server to ask; None where none runs."""
    if os.environ.get(URL):
        return Api(os.environ[URL], os.environ.get(CLIENT_AUTH, ""))
    try:
        said = read_json(settings.data / "prefect" / "serving.json")
        if not is_alive(int(said["pid"])):
            return None  # killed: whoever listens there now is not told our password
        return Api(str(said["url"]), auth_path(settings).read_text(encoding="utf-8").strip())
    except (OSError, ValueError, KeyError, TypeError):
        return None


def errors_of(log: Path, shown: int = SHOWN) -> list[str]:
    """The last different errors in a server's log."""
    try:
        with log.open(encoding="utf-8", errors="replace") as f:
            lines = deque(f, _LAST_LINES)
    except OSError:
        return []
    found = dict.fromkeys(line.strip()[:200] for line in lines if _TROUBLE.search(line))
    return list(found)[-shown:]


def _ask(api: Api, path: str, **body: Any) -> list[dict[str, Any]]:
    import httpx

    user, _, password = api.auth.partition(":")
    answer = httpx.post(f"{api.url}/{path}", json=body, auth=(user, password) if api.auth else None, timeout=10)
    answer.raise_for_status()
    return list(answer.json())


def _runs(api: Api, names: dict[str, str], states: list[str], order: str, moment: str) -> list[Run]:
    # A server that others use, too, has flows of theirs.
    mine = {"flows": {"name": {"any_": ["refresh"]}}, "flow_runs": {"state": {"type": {"any_": states}}}}
    found = _ask(api, "flow_runs/filter", sort=order, limit=SHOWN, **mine)
    return [
        Run(
            names.get(str(r["deployment_id"]), str(r["name"])),
            str(r["state_name"]),
            datetime.fromisoformat(str(r[moment]).replace("Z", "+00:00")),
            str((r.get("state") or {}).get("message") or ""),
        )
        for r in found
        if r[moment]
    ]
