"""What gets in the way of requests, by name; what begins with ``once-`` passes after its first time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING

from tests.fake_publishers.answers import Reply, Request, problem, reply_json

if TYPE_CHECKING:
    from tests.fake_publishers.world import World

#: Zips are asked for where the data content does not answer.
ZIPS = ("zip-only", "stale-zip", "zip-traversal", "zip-bomb", "zip-without-guidance")
#: A zip of all files is made once an hour, and lags behind an amendment by as much.
STALE = timedelta(hours=1)

Spoil = Callable[[Reply], Reply]
Matches = Callable[["World", Request], bool]


@dataclass(frozen=True)
class Fault:
    """What gets in the way: of which requests, and how."""

    matches: Matches
    spoil: Spoil
    times: int = 0
    """How often; 0 for always."""


def _is_target(world: World, request: Request) -> bool:
    """The target file, by whichever of its addresses it is asked."""
    from tests.fake_publishers.scenarios import EES, first_file

    release = world.latest(EES)
    name = first_file(release)
    file, entry, api = release.file_id(name), release.data_set_id(name), release.api_id(name)
    in_zip = request.path.endswith("/files") and request.query.get("fileIds") == file
    return in_zip or request.path.endswith((f"/files/{file}", f"/{entry}/csv", f"/{entry}/download", f"/{api}/csv"))


def _of(host: str, part: str = "") -> Matches:
    return lambda _, request: request.host == host and part in request.path


def _status(code: int, retry_after: str = "") -> Spoil:
    def spoil(_: Reply) -> Reply:
        reply = problem(code)
        reply.headers = {"Retry-After": retry_after} if retry_after else {}
        return reply

    return spoil


def _with(**changes: float) -> Spoil:
    return lambda reply: replace(reply, **changes)  # type: ignore[arg-type]


def _page_instead(_: Reply) -> Reply:
    return Reply(200, b"<!DOCTYPE html><html><title>Sorry, there is a problem</title></html>", "text/html")


def _to_foreign_host(_: Reply) -> Reply:
    return Reply(302, b"", "text/plain", {"Location": "http://files.example.org/b1.csv"})


def _nonsense(_: Reply) -> Reply:
    return reply_json({"results": [{"id": 3, "latestVersion": "none"}, 7], "majorChanges": [4]})


def _unannounced(reply: Reply) -> Reply:
    """Some proxies take the header away and leave the bytes as they are."""
    return replace(reply, headers={k: v for k, v in reply.headers.items() if k != "Content-Encoding"})


def faults() -> dict[str, Fault]:
    """Every fault."""

    def one(spoil: Spoil, times: int = 0) -> Fault:
        return Fault(_is_target, spoil, times)

    public = _of("ees-public")
    found = {
        "truncated-body": one(_with(cut=0.5)),
        "once-truncated-body": one(_with(cut=0.5), 1),
        "wrong-content-length": one(_with(announce=0.5)),
        "html-with-200": one(_page_instead),
        "slow-drip": one(_with(drip=0.05)),
        "foreign-redirect": one(_to_foreign_host),
        "429-retry-after": one(_status(429, "1"), 1),
        "503-retry-after": one(_status(503, "1"), 1),
        "file-404": Fault(lambda world, r: r.host == "ees-content" and _is_target(world, r), _status(404)),
        "only-public-api": Fault(lambda world, r: r.host != "ees-public" and _is_target(world, r), _status(404)),
        "server-down": Fault(_of("ees-content"), _status(503)),
        "content-api-gone": Fault(_of("ees-content", "/publications/"), _status(404)),
        "public-api-nonsense": Fault(public, _nonsense),
        "public-api-html": Fault(public, _page_instead),
        "public-api-429-retry-after": Fault(public, _status(429, "1"), 1),
        "public-api-gzip-unannounced": Fault(public, _unannounced),
        "public-api-versions-504": Fault(_of("ees-public", "/versions"), _status(504)),
        "public-api-no-changes": Fault(_of("ees-public", "/changes"), _status(404)),
    }
    for code in (404, 410, 429, 503, 504):
        found[str(code)] = one(_status(code))
        found[f"once-{code}"] = one(_status(code), 1)
    for code in (403, 404, 429, 500, 504):
        found[f"public-api-{code}"] = Fault(public, _status(code))
        found[f"once-public-api-{code}"] = Fault(public, _status(code), 1)
    return found
