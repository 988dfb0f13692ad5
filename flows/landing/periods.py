"""The periods that a table prints, and the edition that ends where they end."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import PurePath

from flows.common.errors import NotDescribed, RefusedFile
from flows.landing.file_names import matches_any, published_name, spellings_of
from flows.landing.fits import Fit
from flows.landing.grids import label
from flows.sources.passport import Passport, Table

#: Years in the names of the department's files.
_SPAN = re.compile(r"(?<!\d)20\d\d[_ ]to[_ ](20\d\d)(?!\d)", re.IGNORECASE)


def last_year(period: str) -> int | None:
    """The year that a printed period ends in: 2022 → 2022, 202122 or 2021/22 or 2021-22 → 2022."""
    p = re.sub(r"\s*\([^)]*\)$", "", period.strip())
    if re.fullmatch(r"\d{4}", p):
        return int(p)
    m = re.fullmatch(r"(\d{4})[-/ ]?(\d{2})", p)
    return int(m.group(1)) + 1 if m else None


def _last_in_name(path: str, table: Table) -> int:
    """The year to which a publisher's name says that its file runs (…_2013_to_2025.csv); 0 where it says none."""
    name = published_name(PurePath(path).name)
    found = _SPAN.search(name)
    return int(found[1]) if found and table.file and matches_any(table.file, spellings_of(name)) else 0


def edition_from_periods(
    fit: Fit, periods: set[str], rows: list[list[str]], columns: list[str], kept: list[int], path: str
) -> str:
    """The edition that ends where the periods of its rows end; see :func:`last_period_edition`."""
    table = fit.table
    if table.last_period_where:
        names = [label(columns[j]) for j in kept]
        tests = [(7 + names.index(label(c)), v) for c, v in table.last_period_where.items()]
        periods = {r[5] for r in rows if all(r[i].strip() == v for i, v in tests)}
    return last_period_edition(fit.passport, table, periods, path)


def last_period_edition(passport: Passport, table: Table, periods: Iterable[str], path: str) -> str:
    """The edition that ends where the periods end: a release is named by its last year.

    Raises:
        RefusedFile: no period reads as a year, or the passport has no edition for the last one.
    """
    periods = list(periods)
    if not periods:
        where = "".join(f" with {v!r} as {c}" for c, v in table.last_period_where.items())
        raise RefusedFile(path, f"no row{where} is under the header.", advice="Download the file again.")
    years = [y for p in periods if (y := last_year(p)) is not None]
    if not years:
        raise RefusedFile(
            path,
            f"no period of {passport.source} {table.table} reads as a year (e.g. {next(iter(sorted(periods)), '')!r}).",
            column=table.keys.get("period"),
            advice="Years are written 2022, 202122 or 2021-22.",
        )
    last = str(max(years))
    if (said := _last_in_name(path, table)) > int(last):
        raise RefusedFile(
            path,
            f"its name says that it runs to {said}, and its rows run to {last}.",
            column=table.keys.get("period"),
            advice="Give the whole file, or this one its own name.",
        )
    for edition, reading in table.editions.items():
        if reading.last_period == last:
            return edition
    if last in passport.editions and not any(r.last_period for r in table.editions.values()):
        return last
    raise NotDescribed(
        path,
        f"{passport.source} {table.table} runs to {last}, and the passport has no such edition.",
        column=table.keys.get("period"),
        advice=f"`csw new-edition` drafts what takes it in, and with --write puts it into "
        f"flows/sources/{passport.source}.yml (docs/adding_a_year.md).",
    )
