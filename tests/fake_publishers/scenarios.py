"""What can happen on the publishers' servers, by name.

A *state* changes what the servers hold; a *fault* gets in the way of requests (:mod:`tests.fake_publishers.faults`).
"""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime

from tests import later_releases
from tests.fake_publishers.data_sets import data_sets
from tests.fake_publishers.faults import ZIPS, faults
from tests.fake_publishers.world import Release, World

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


def _one_figure_changed(release: Release) -> dict[str, bytes]:
    name = first_file(release)
    rows = table(release.files[name])
    # Behind the columns of place and period.
    row, column = max((i, j) for i, r in enumerate(rows) for j, c in enumerate(r) if j > 10 and c.isdigit())
    rows[row][column] = str(int(rows[row][column]) + 1)
    return {name: written(rows)}


def amended_in_place(world: World) -> None:
    """A new version under the same slug, one file changed."""
    release = world.latest(EES)
    release.amend(_one_figure_changed(release), "One figure was corrected.")


def same_name_other_bytes(world: World) -> None:
    """A file is replaced and nothing else says so."""
    release = world.latest(EES)
    release.files |= _one_figure_changed(release)


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
        rows = later_releases.with_year(later_releases.rows_of(data), "2025")
        shaped = [{CIN_2025.get(n, n): v for n, v in r.items() if not n.endswith("_rate")} for r in rows]
        new.files[name.replace("_2024", "_2025")] = later_releases.written(shaped)
    world.publications["dfe_cin"].releases.append(new)
    if not world.publications["dfe_cla"].releases:
        return
    old = world.latest("dfe_cla")
    new = Release("dfe_cla", "2025", old.published.replace(year=2025, day=26))
    for name, data in old.files.items():
        new.files[name.replace("_2024", "_2025")] = later_releases.written(
            later_releases.cla_of_2025(later_releases.rows_of(data))
        )
    world.publications["dfe_cla"].releases.append(new)


def _in_place(change: Callable[[bytes], bytes]) -> Callable[[World], None]:
    def apply(world: World) -> None:
        release = world.latest(EES)
        name = first_file(release)
        release.amend({name: change(release.files[name])})

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
    """Two authorities that report as one, as the workforce return prints them since 2023."""
    code, gss, name = (rows[0].index(c) for c in ("old_la_code", "new_la_code", "la_name"))
    joint = {
        code: "314 / 318",
        gss: "E09000021 / E09000027",
        name: "Kingston upon Thames / Richmond upon Thames",
    }
    period, first = rows[0].index("time_period"), rows[0].index("category") + 1
    other = {r[period]: r for r in rows if r[code] == "318"}

    def both(row: list[str]) -> list[str]:
        with_other = zip(row, other.get(row[period], row), strict=True)
        added = [str(int(a) + int(b)) if a.isdigit() and b.isdigit() else a for a, b in with_other]
        return [joint.get(i, a if i >= first else c) for i, (a, c) in enumerate(zip(added, row, strict=True))]

    return [both(r) if r[code] == "314" else r for r in rows if r[code] != "318"]


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


# --- sizes ---------------------------------------------------------------------------------------------------------

#: A sheet has so many rows and columns, used or not.
SHEET_ROWS, SHEET_COLUMNS = 1_048_576, 16_384


def _grown(data: bytes) -> bytes:
    """More rows than a sheet has: the same ones over and over, each time of another group of children."""
    header, *rows = table(data)
    at = header.index("category")
    # One figure a row is enough: the file is large as it is.
    body = written([[*r[:at], "{}", r[at + 1], *("" for _ in r[at + 2 :])] for r in rows]).decode()
    groups = (f"{rows[0][at]} {n}" for n in range(SHEET_ROWS // len(rows) + 1))
    return written([header]) + "".join(body.replace("{}", g) for g in groups).encode()


def _rows_to_the_end(data: bytes) -> bytes:
    """Every sheet of a workbook declares rows to the end of what a sheet can have, as spreadsheet programs write it."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for member in old.infolist():
            content = old.read(member)
            if member.filename == "content.xml":
                sheets = content.split(b"</table:table>")
                content = b"</table:table>".join([*(_filled(s) for s in sheets[:-1]), sheets[-1]])
            new.writestr(member.filename, content)
    return out.getvalue()


def _filled(sheet: bytes) -> bytes:
    left = SHEET_ROWS - sheet.count(b"<table:table-row")
    blank = f'<table:table-cell table:number-columns-repeated="{SHEET_COLUMNS}"/>'
    return sheet + f'<table:table-row table:number-rows-repeated="{left}">{blank}</table:table-row>'.encode()


def workbook_of_a_million_rows(world: World) -> None:
    """The workbook of a page is uploaded anew, its sheets filled with blank rows to their end."""
    page = world.page_of(PAGE)
    for a in page.attachments:
        if a.name.endswith(".ods"):
            page.edit(a, _rows_to_the_end(a.data))


def minor_edit(world: World) -> None:
    """An attachment is replaced, and neither the page's public day nor its history says so."""
    page = world.page_of(PAGE)
    for a in page.attachments:
        if a.name.endswith(".ods"):
            page.edit(a, _with_another_word(a.data), minor=True)


def _with_another_word(data: bytes) -> bytes:
    """The same workbook with one grade other than it was."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for member in old.infolist():
            content = old.read(member)
            if member.filename == "content.xml":
                content = content.replace(b">Good<", b">Outstanding<", 1)
            new.writestr(member, content)
    return out.getvalue()


# --- data sets of the public API -----------------------------------------------------------------------------------


def data_set_deprecated(world: World) -> None:
    """With an amendment that changes no file, a data set is deprecated in favour of another."""
    release = world.latest(EES)
    names = sorted(release.files)
    name = first_file(release)
    world.superseded[release.api_id(name)] = release.api_id(next(n for n in names if n > name))
    release.amend(remark="A data set was deprecated.")


def data_set_withdrawn(world: World) -> None:
    """With an amendment that changes no file, a data set is taken out of the public API."""
    release = world.latest(EES)
    world.withdrawn.add(release.api_id(first_file(release)))
    release.amend(remark="A data set was withdrawn.")


def version_withdrawn(world: World) -> None:
    """With an amendment that changes no file, the newest version of a data set is withdrawn."""
    release = world.latest(EES)
    wanted = release.api_id(first_file(release))
    one = next(d for d in data_sets(world, world.publications[EES]) if d.id == wanted)
    world.withdrawn_versions[wanted, one.versions[-1].name] = datetime(2025, 1, 15, 10, tzinfo=UTC)
    release.amend(remark="A version of a data set was withdrawn.")


STATES |= {
    "a-million-rows": _in_place(_grown),
    "ods-a-million-rows": workbook_of_a_million_rows,
    "minor-edit": minor_edit,
    "data-set-deprecated": data_set_deprecated,
    "data-set-withdrawn": data_set_withdrawn,
    "version-withdrawn": version_withdrawn,
}


def names() -> list[str]:
    """Every scenario."""
    return sorted({*STATES, *faults(), *ZIPS})
