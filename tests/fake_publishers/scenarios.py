"""What can happen on the publishers' servers, by name.

A *state* changes what the servers hold; a *fault* gets in the way of one request. A fault that begins with ``once-``
passes after its first time.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from tests import later_releases
from tests.fake_publishers.world import Release, World

if TYPE_CHECKING:
    from tests.fake_publishers.server import Reply, Request

EES, PAGE = "dfe_cin", "ofsted_la_outcomes"

Rows = list[list[str]]


def table(data: bytes) -> Rows:
    """A CSV as rows."""
    return list(csv.reader(io.StringIO(data.decode("utf-8-sig"))))


def written(rows: Rows) -> bytes:
    """Rows as a CSV of EES: LF, quotes where needed."""
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows(rows)
    return out.getvalue().encode()


def first_file(release: Release, stem: str = "b1_") -> str:
    """The file that a scenario changes."""
    return next((n for n in sorted(release.files) if n.startswith(stem)), min(release.files))


def _one_figure_changed(release: Release) -> None:
    name = first_file(release)
    rows = table(release.files[name])
    # Behind the columns of place and period.
    row, column = max((i, j) for i, r in enumerate(rows) for j, c in enumerate(r) if j > 10 and c.isdigit())
    rows[row][column] = str(int(rows[row][column]) + 1)
    release.files[name] = written(rows)


def amended_in_place(world: World) -> None:
    """A new version under the same slug, one file changed."""
    release = world.latest(EES)
    _one_figure_changed(release)
    release.amend()


def same_name_other_bytes(world: World) -> None:
    """A file is replaced and nothing else says so."""
    _one_figure_changed(world.latest(EES))


#: The columns of 2025 (children in need), old name → new; rates went.
CIN_2025 = {
    "Awaiting_assessment": "awaiting_assessment",
    "Referrals": "referral_count",
    "Re_referrals": "rereferral_count",
    "Re_referrals_percent": "rereferral_percent",
    "No_Further_Action": "no_further_action_count",
    "No_Further_Action_percent": "no_further_action_percent",
    "Not_in_Need": "not_in_need_count",
    "Not_in_Need_percent": "not_in_need_percent",
    "Referrals_child": "referral_child_count",
    "Re_referrals_child": "rereferral_child_count",
    "Re_referrals_child_percent": "rereferral_child_percent",
}


def new_release_renamed(world: World) -> None:
    """The releases of 2025 with their real renames: children in need without rates, looked after with new names.

    Tables of children looked after whose names of 2025 are not known keep those of 2024.
    """
    old = world.latest("dfe_cin")
    new = Release("dfe_cin", "2025", old.published.replace(year=2025, day=30))
    for name, data in old.files.items():
        rows = _next_year(table(data), {n: CIN_2025.get(n, n) for n in table(data)[0]})
        kept = [i for i, n in enumerate(rows[0]) if not n.endswith("_rate")]
        rows = [[r[i] for i in kept] for r in rows]
        new.files[name.replace("_2024", "_2025")] = written(rows)
    world.publications["dfe_cin"].releases.append(new)
    old = world.publications["dfe_cla"].latest
    if old is None:
        return
    new = Release("dfe_cla", "2025", old.published.replace(year=2025, day=26))
    for name, data in old.files.items():
        new.files[name.replace("_2024", "_2025")] = later_releases.written(
            later_releases.cla_of_2025(later_releases.rows_of(data))
        )
    world.publications["dfe_cla"].releases.append(new)


def _next_year(rows: Rows, renames: dict[str, str]) -> Rows:
    """The same series with a year more, which has the figures of the year before, under other names."""
    header = rows[0]
    at = header.index("time_period")
    last = max(r[at] for r in rows[1:])
    more = [[*r[:at], str(int(last) + 1), *r[at + 1 :]] for r in rows[1:] if r[at] == last]
    return [[renames[n] for n in header], *more, *rows[1:]]


def _in_place(change: Callable[[bytes], bytes]) -> Callable[[World], None]:
    def apply(world: World) -> None:
        release = world.latest(EES)
        name = first_file(release)
        release.files[name] = change(release.files[name])
        release.amend()

    return apply


def _rows(change: Callable[[Rows], Rows]) -> Callable[[World], None]:
    return _in_place(lambda data: written(change(table(data))))


def _legacy(rows: Rows) -> Rows:
    old = {"c": "~", "x": ":", "z": ".."}
    return [rows[0], *([old.get(c, c) for c in r] for r in rows[1:-1]), [*rows[-1][:-1], "~"]]


def _recoded(rows: Rows) -> Rows:
    """Barnsley and Sheffield under their codes of 2025 from the last year on."""
    at = rows[0].index("time_period")
    last = max(r[at] for r in rows[1:])
    new = {"E08000016": "E08000038", "E08000019": "E08000039"}
    return [[new.get(c, c) for c in r] if r[at] == last else r for r in rows]


def _joint(rows: Rows) -> Rows:
    """Two authorities that report as one, as the workforce return prints them."""
    joint = {"314": "314 / 318", "E09000021": "E09000021 / E09000027"}
    name = {"Kingston upon Thames": "Kingston upon Thames / Richmond upon Thames"}
    code = rows[0].index("old_la_code")
    return [[(joint | name).get(c, c) for c in r] for r in rows if r[code] != "318"]


def _unknown_authority(rows: Rows) -> Rows:
    """An authority that nobody knows, in the place of one."""
    code, gss, name = (rows[0].index(c) for c in ("old_la_code", "new_la_code", "la_name"))
    first = next(r[code] for r in rows[1:] if r[code])
    unknown = {code: "777", gss: "E06999999", name: "Atlantis"}
    return [[unknown.get(i, c) if r[code] == first else c for i, c in enumerate(r)] for r in rows]


STATES: dict[str, Callable[[World], None]] = {
    "amended-in-place": amended_in_place,
    "same-name-other-bytes": same_name_other_bytes,
    "new-release-renamed": new_release_renamed,
    "bom": _in_place(lambda d: b"\xef\xbb\xbf" + d),
    "cp1252": _in_place(lambda d: d.replace(b"England", b"England\x92s", 1)),
    "legacy-symbols": _rows(_legacy),
    "recode-mid-series": _rows(_recoded),
    "joint-codes": _rows(_joint),
    "unknown-authority": _rows(_unknown_authority),
    "duplicate-rows": _rows(lambda rows: [*rows, rows[-1]]),
    "trailing-commas": _rows(lambda rows: [[*r, "", ""] for r in rows]),
}


def slug_moved(world: World) -> None:
    """The publication has another slug; the old one is only in the redirects."""
    publication = world.publications[EES]
    publication.old_slugs.append(publication.slug)
    publication.slug += "-in-england"


def withdrawn(world: World) -> None:
    """A page on GOV.UK is withdrawn: a notice on it, its files stay."""
    world.page_of(PAGE).notes["withdrawn"] = "2025-01-15T10:00:00Z"


def _page_becomes(kind: str) -> Callable[[World], None]:
    def apply(world: World) -> None:
        world.page_of(PAGE).notes[kind] = "yes"

    return apply


STATES |= {
    "slug-moved": slug_moved,
    "withdrawn": withdrawn,
    "gone-item": _page_becomes("gone"),
    "redirect-item": _page_becomes("redirect"),
    "moved-301": _page_becomes("moved"),
    "old-page": _page_becomes("html only"),
}


@dataclass(frozen=True)
class Fault:
    """What gets in the way: of which requests, and how."""

    matches: Callable[[World, Request], bool]
    spoil: Callable[[Reply], Reply]
    times: int = 0
    """How often; 0 for always."""


def _is_target(world: World, request: Request) -> bool:
    """The target file, by whichever of its addresses it is asked."""
    release = world.latest(EES)
    name = first_file(release)
    ids = (release.file_id(name), release.data_set_id(name), guid_of_api(release, name))
    is_file = request.path.endswith((f"/files/{ids[0]}", f"/{ids[1]}/csv", f"/{ids[2]}/csv"))
    return is_file


def guid_of_api(release: Release, name: str) -> str:
    """Id of a data set of the public API: the same through all releases."""
    from tests.fake_publishers.world import guid

    return guid(release.source, re.sub(r"\d{4}_to_\d{4}", "", name), "api")


def _status(code: int, retry_after: str = "") -> Callable[[Reply], Reply]:
    from tests.fake_publishers.server import Reply as Answer

    headers = {"Retry-After": retry_after} if retry_after else {}

    def spoil(_: Reply) -> Reply:
        return Answer(code, b'{"title":"Not now","status":%d}' % code, "application/problem+json", headers)

    return spoil


def _with(**changes: object) -> Callable[[Reply], Reply]:
    def spoil(reply: Reply) -> Reply:
        for key, value in changes.items():
            setattr(reply, key, value)
        return reply

    return spoil


def _page_instead(_: Reply) -> Reply:
    from tests.fake_publishers.server import Reply as Answer

    return Answer(200, b"<!DOCTYPE html><html><title>Sorry, there is a problem</title></html>", "text/html")


def _to_foreign_host(_: Reply) -> Reply:
    from tests.fake_publishers.server import Reply as Answer

    return Answer(302, b"", "text/plain", {"Location": "http://files.example.org/b1.csv"})


def _faults() -> dict[str, Fault]:
    def one(spoil: Callable[[Reply], Reply], times: int = 0) -> Fault:
        return Fault(_is_target, spoil, times)

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
        "server-down": Fault(lambda _, r: r.host == "ees-content", _status(503)),
        "content-api-gone": Fault(lambda _, r: r.host == "ees-content" and "/publications/" in r.path, _status(404)),
    }
    for code in (404, 410, 429, 503, 504):
        found[str(code)] = one(_status(code))
        found[f"once-{code}"] = one(_status(code), 1)
    return found


def fault(name: str) -> Fault | None:
    """A fault by its name."""
    return _faults().get(name)


#: Zips are asked for where the data content does not answer.
ZIPS = ("zip-only", "stale-zip", "zip-traversal", "zip-bomb", "zip-without-guidance")


def names() -> list[str]:
    """Every scenario."""
    return sorted({*STATES, *_faults(), *ZIPS})


STALE = timedelta(hours=1)
