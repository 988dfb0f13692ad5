"""What a new edition would need in its passport."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, timedelta

from flows.landing.catalogue import Landed, base_edition
from flows.landing.draft import Draft
from flows.landing.grids import label
from flows.landing.periods import last_year
from flows.sources.passport import Passport, Table


def add_edition_line(passport: Passport, draft: Draft, like: str) -> None:
    """The line of the edition itself, after that of another one; none where the passport has it."""
    meta = passport.editions[like]
    shift = meta.published_on.year - int(like[:4])
    published_on = _end_of_month(draft.edition) or _same_weekday(meta.published_on, int(draft.edition[:4]) + shift)
    draft.is_known = draft.edition in passport.editions
    if not draft.is_known:
        # Otherwise the set stays under which the edition's other tables are read.
        draft.edition_line = f'"{draft.edition}": {{published_on: {published_on}, symbols: {meta.symbols}}}'


def add_passport_entries(
    passport: Passport, draft: Draft, table: Table, last: str, other: Landed, labels: Mapping[str, str]
) -> None:
    """The lines of the passport: the edition, and the names that its columns and labels have now."""
    add_edition_line(passport, draft, base_edition(other.edition))
    if any(r.last_period for r in table.editions.values()) and draft.edition not in table.editions:
        draft.last_period = str(last_year(last) or last)
        if any(r.last_period == draft.last_period for r in table.editions.values()):
            # Its month is all that tells it from another of that year; the file has to bear it.
            month = draft.edition.replace("-", "[-_]")
            draft.file_pattern = f"^(?=.*{month}){(table.file or '.*').removeprefix('^')}"
    now = {label(m.old): m.new for m in draft.renamed}
    gone = {label(c) for c in draft.lost}
    for wanted in table.header:
        names = {label(n) for n in wanted.split("|")}
        if (hits := names & now.keys()) and not names & {label(now[h]) for h in hits}:
            draft.names[wanted] = f"{wanted}|{now[min(hits)]}"
        elif names & gone and not names & {label(c) for c in draft.gained}:
            draft.names[wanted] = ""
    for column, values in table.contains.items():
        names = {label(n) for n in column.split("|")}
        if (hits := names & now.keys()) and not names & {label(now[h]) for h in hits}:
            draft.names[column] = f"{column}|{now[min(hits)]}"
        for value in values:
            renamed = next((_part_of(b, a, value) for a, b in labels.items() if _part_of(b, a, value)), "")
            if renamed and label(renamed) not in {label(v) for v in value.split("|")}:
                draft.names[value] = f"{value}|{renamed}"


def _end_of_month(edition: str) -> date | None:
    """The last day of the month that an edition is named by; None of any other."""
    if not re.fullmatch(r"\d{4}-(0[1-9]|1[0-2])", edition):
        return None
    year, month = int(edition[:4]), int(edition[5:])
    return date(year + month // 12, month % 12 + 1, 1) - timedelta(1)


def _same_weekday(day: date, year: int) -> date:
    """The day of another year that publishers mean by "the last Thursday of October", or the third of November."""
    nth, is_last = (day.day - 1) // 7, (day + timedelta(7)).month != day.month
    first = date(year, day.month, 1)
    days = [first + timedelta((day.weekday() - first.weekday()) % 7 + 7 * i) for i in range(5)]
    days = [d for d in days if d.month == day.month]
    return days[-1] if is_last else days[min(nth, len(days) - 1)]


def _part_of(new: str, old: str, value: str) -> str:
    """Of a filter that was renamed, the part that was a value: its name now."""
    for a, b in zip(old.split("|"), new.split("|"), strict=False):
        if label(a.partition("=")[2]) in {label(v) for v in value.split("|")} and a != b:
            return b.partition("=")[2]
    return ""
