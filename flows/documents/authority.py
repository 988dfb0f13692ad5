"""Which authority a report is about: from the words of its title, from Ofsted's number, from the name of its file.

The names are those of the seeds `local_authority`, `la_alias` and `ofsted_authority` of the dbt project, so that a name
has one meaning everywhere. A name counts where it is as whole words; the longest name wins ("North East
Lincolnshire" is not "Lincolnshire"), and of authorities that bore one name after another the one in existence. Names of
other places (seed `other_place`, and any "X-under-Y" that no authority bears) name nobody.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cache
from pathlib import Path, PurePath

# Words that are left out or put in from one printing to the next, and tell no two authorities apart.
_CONNECTING = frozenset({"and", "the", "of", "upon", "on", "with", "in"})
_POSSESSIVE = re.compile("['\u2019]s\\b")
# Words before a name that make it that of a part of the place.
_PARTS = frozenset({"north", "south", "east", "west", "mid", "central", "greater"})
# A name of several words that belong together: "Newcastle-under-Lyme" is one, whatever Newcastle is.
_COMPOUND = re.compile(r"\b[A-Z]\w+-(?:by|in|le|next|on|super|under|upon)-(?:the-)?\w+", re.IGNORECASE)
# What ends a name, as a word that is none.
_STOP, _STOPPED = re.compile("[:;()\u2013\u2014]"), "zz"
_ALWAYS, _FOREVER = date.min, date.max
# So long after the end of an authority reports on it still appear.
_AFTERWARDS = timedelta(days=550)


@dataclass(frozen=True, slots=True)
class Place:
    """Whose report it is.

    Attributes:
        la_code: the department's three-digit code; None where nobody can be named.
        basis: `placed by hand`, `title`, `number`, `file name`; without a code `conflict` where two differ, else
            None.
        reason: why there is none, in words for whoever places it by hand.
    """

    la_code: str | None
    basis: str | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class _Named:
    la_code: str
    valid_from: date
    valid_to: date

    def exists(self, on: date | None) -> bool:
        return self.valid_to == _FOREVER if on is None else self.valid_from <= on <= self.valid_to

    def is_long_gone(self, on: date | None) -> bool:
        """Whether a report of a day can no longer be about it."""
        return on is not None and self.valid_to != _FOREVER and on - self.valid_to > _AFTERWARDS


@dataclass(frozen=True)
class Authorities:
    """Every authority by its names and by Ofsted's numbers."""

    names: dict[tuple[str, ...], list[_Named]] = field(default_factory=dict)
    numbers: dict[int, list[_Named]] = field(default_factory=dict)
    codes: frozenset[str] = frozenset()
    others: frozenset[tuple[str, ...]] = frozenset()

    def named_in(self, text: str, on: date | None) -> list[str]:
        """Codes of the authorities that a text names, in its order, each once.

        Args:
            text: a title, a file name, any words.
            on: day on which the authority existed; today's authorities when None.
        """
        text = _STOP.sub(f" {_STOPPED} ", text)
        # In the name of a file every word may be joined to the next by a hyphen.
        if " " in text.strip():
            text = _COMPOUND.sub(lambda m: m[0] if tuple(_words(m[0])) in self.names else f" {_STOPPED} ", text)
        # "Kent's services" names Kent; "St Helen's" is St Helens.
        return self._named(_words(_POSSESSIVE.sub("", text)), on) or self._named(_words(text), on)

    def _named(self, words: list[str], on: date | None) -> list[str]:
        longest = max(map(len, (*self.names, *self.others)), default=0)
        found: list[str] = []
        index = 0
        while index < len(words):
            for length in range(min(longest, len(words) - index), 0, -1):
                if tuple(words[index : index + length]) in self.others:
                    index += length
                    break
                code = self._one(self.names.get(tuple(words[index : index + length]), []), on)
                if code:
                    # "East Surrey" is another place than Surrey, whether it is known or not.
                    if index == 0 or words[index - 1] not in _PARTS:
                        found.append(code)
                    index += length
                    break
            else:
                index += 1
        return list(dict.fromkeys(found))

    def numbered(self, number: int | None, on: date | None) -> str | None:
        """Code of the authority that Ofsted gives a number; None where it is unknown."""
        return self._one(self.numbers.get(number or 0, []), on)

    @staticmethod
    def _one(candidates: Iterable[_Named], on: date | None) -> str | None:
        candidates = list(candidates)
        existing = [named for named in candidates if named.exists(on)]
        # An authority that is gone is still meant for a while where nobody bears the name now: reports keep coming up.
        left = {named.la_code for named in existing or candidates if not named.is_long_gone(on)}
        return left.pop() if len(left) == 1 else None

    def place(self, titles: Iterable[str | None], number: int | None, path: str, on: date | None) -> Place:
        """Whose report it is.

        Args:
            titles: words that name the authority, the most telling first (the printed name, the whole title, the
                opening sentence of a letter): the first that name anybody decide.
            number: Ofsted's number of the authority, printed or in the name of the file.
            path: the file as it was delivered, with its folders.
            on: a day in the report: of the inspection, else of publication.
        """
        by_title = next((codes for text in titles if text and (codes := self.named_in(text, on))), [])
        by_number = self.numbered(number, on)
        by_file = self._by_file(path, on)
        if len(by_title) == 1:
            # A file may be saved under any name, so a name alone contradicts no title; Ofsted's number does.
            if by_number not in (None, by_title[0]):
                return Place(None, "conflict", f"the title names {by_title[0]}, but its number is that of {by_number}")
            return Place(by_title[0], "title")
        if by_number and by_file and by_number != by_file:
            return Place(None, "conflict", f"its number is that of {by_number}, the name of its file that of {by_file}")
        named = by_number or by_file
        if by_title and named in by_title:
            return Place(named, "number" if by_number else "file name")
        if by_title:
            return Place(None, None, f"the title names more than one authority: {', '.join(by_title)}")
        if named:
            return Place(named, "number" if by_number else "file name")
        return Place(None, None, "no known authority is named in its title, its number or the name of its file")

    def _by_file(self, path: str, on: date | None) -> str | None:
        """The authority that the name of a file or of one of its folders names, the nearest first."""
        for part in reversed(PurePath(path).parts):
            codes = self.named_in(re.sub(r"\.pdf$", "", part, flags=re.IGNORECASE), on)
            if codes:
                return codes[0] if len(codes) == 1 else None
        return None


@cache
def load_authorities(seeds: Path) -> Authorities:
    """Read the names and numbers of all authorities.

    Args:
        seeds: the dbt project's folder of seeds.

    Raises:
        OSError: a seed is not there.
        KeyError: a seed lacks a column, or names an authority that is not in `local_authority.csv`.
    """
    authorities = {row["la_code"]: row for row in _rows(seeds / "local_authority.csv")}
    named = {
        code: _Named(code, _day(row["valid_from"], _ALWAYS), _day(row["valid_to"], _FOREVER))
        for code, row in authorities.items()
    }
    numbered = list(_rows(seeds / "ofsted_authority.csv"))
    names: dict[tuple[str, ...], list[_Named]] = {}
    printed = [(row["la_name"], code) for code, row in authorities.items()]
    printed += [(row["alias"], row["la_code"]) for row in _rows(seeds / "la_alias.csv")]
    printed += [(row["name"], row["la_code"]) for row in numbered if row["name"]]
    for name, code in printed:
        # "Bristol, City of" is printed as "Bristol" and as "City of Bristol".
        for form in {name, re.sub(r", (?:City|County) of$", "", name)}:
            entries = names.setdefault(tuple(_words(form)), [])
            if named[code] not in entries:
                entries.append(named[code])
    numbers: dict[int, list[_Named]] = {}
    for row in numbered:
        if row["urn"]:
            numbers.setdefault(int(row["urn"]), []).append(named[row["la_code"]])
    others = frozenset(tuple(_words(row["name"])) for row in _rows(seeds / "other_place.csv"))
    return Authorities(names, numbers, frozenset(authorities), others)


def _rows(path: Path) -> Iterable[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def _day(text: str, otherwise: date) -> date:
    return date.fromisoformat(text) if text else otherwise


def _words(text: str) -> list[str]:
    text = re.sub("[\u2018\u2019'`.]", "", text.lower().replace("%20", " "))
    return [word for word in re.findall(r"[a-z]+", text) if word not in _CONNECTING]
