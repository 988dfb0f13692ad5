"""Whether a release that a server offers is one that a passport describes, told by its slug or page.

Servers offer every release they ever had. A file of one that no passport describes is *not yet described*, whatever is
odd about it: it is not refused, because nobody has said what it should be.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flows.landing.under_way import LandingReport
    from flows.sources.passport import Passport

MONTHS = {
    m: f"{i:02d}"
    for i, m in enumerate(
        [
            "january",
            "february",
            "march",
            "april",
            "may",
            "june",
            "july",
            "august",
            "september",
            "october",
            "november",
            "december",
        ],
        1,
    )
}


def year_of(words: str) -> str:
    """The year that a slug, path or edition names, a span by its last one; blank for none.

    >>> year_of("characteristics-of-children-in-need-2017-to-2018"), year_of("2023-24"), year_of("2015-cla")
    ('2018', '2024', '2015')
    """
    span = re.search(r"(?<!\d)((?:19|20)\d\d)[-/](\d\d)(?!\d)", words)
    if span and int(span[2]) == (int(span[1]) + 1) % 100:
        return str(int(span[1]) + 1)
    years = re.findall(r"(?<!\d)(?:19|20)\d\d(?!\d)", words)
    return max(years, default="")


def month_of(words: str) -> str:
    """The month that a slug or edition names (``03``); blank for none."""
    numbered = re.search(r"(?<!\d)(?:19|20)\d\d-(0[1-9]|1[0-2])(?!\d)", words)
    if numbered:
        return numbered[1]
    named = re.search(r"(?<![a-z])(" + "|".join(MONTHS) + r")(?![a-z])", words.casefold())
    return MONTHS[named[1]] if named else ""


def when_of(words: str) -> str:
    """Year and, where it is named, month of a slug, path or edition: ``2020-03``; blank for none."""
    return "-".join(filter(None, (year_of(words), month_of(words))))


def is_described(passport: Passport, release: str) -> bool | None:
    """Whether a passport has an edition of this release; None where the release's name does not tell its year."""
    year = year_of(release)
    if not year:
        return None
    per_month = passport.cadence is not None and passport.cadence.per_year > 1
    for edition in passport.editions:
        if year_of(edition) != year:
            continue
        months = month_of(release), month_of(edition) if per_month else ""
        if not all(months) or months[0] == months[1]:
            return True
    return False


def set_aside(landing: LandingReport, passports: Iterable[Passport]) -> None:
    """Take what is not yet described out of what was refused or not recognised.

    These are files that lie as ``source/release/name``, as fetched ones do, of a release that no passport has.
    """
    from flows.common.errors import NotDescribed

    known = {p.source: p for p in passports}
    strangers = [n for n in landing.unrecognised if n.partition("/")[0] in known and n.count("/") > 1]
    landing.unrecognised[:] = [n for n in landing.unrecognised if n not in strangers]
    landing.not_described += [NotDescribed(n, "no passport knows it.") for n in strangers]
    refused = []
    for refusal in landing.refused:
        source, _, rest = refusal.file.partition("/")
        folder = rest.partition("/")[0]
        passport = known.get(source)
        if passport is not None and "/" in rest and is_described(passport, folder) is False:
            landing.not_described.append(refusal)
        else:
            refused.append(refusal)
    landing.refused[:] = refused
