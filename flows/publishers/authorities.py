"""Which authority Ofsted's site means: by its number there first, then by its name without the words for its kind.

The site prints official names (*London Borough of Barnet*, *City of York Council*), the warehouse knows the
department's (*Barnet*, *York*). Numbers are in `ofsted_providers.csv`: those of Ofsted's own collection of reports,
each held against a public list of the same (Data to Insight); names and their variants are the warehouse's seeds.
"""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

#: What is before a name, and behind it, to say of what kind an authority is. Tried one after the other.
BEFORE = re.compile(
    r"^(the )?(council of (the )?|(london|royal|metropolitan) borough of |city (and county )?of |county of |"
    r"borough of |district of )"
)
BEHIND = re.compile(
    r" (((metropolitan|city|county|borough|district|unitary|metropolitan borough|metropolitan district|"
    r"metropolitan city|borough of) )?(council|corporation|authority)|ua|mbc|mdc|cc)$"
)
#: Short names of the site that are in no seed.
SHORT = {"newcastle": "391"}
PROVIDERS = Path(__file__).with_name("ofsted_providers.csv")


@dataclass(frozen=True)
class Authority:
    """An authority as the warehouse knows it; ``name`` is one of its names that no other authority has."""

    la_code: str
    name: str


class Authorities:
    """All authorities of the warehouse.

    Args:
        seeds: folder with `local_authority.csv` and `la_alias.csv`.
    """

    def __init__(self, seeds: Path) -> None:
        self._seeds = seeds

    @cached_property
    def _by_code(self) -> dict[str, Authority]:
        names = {r["la_code"]: r["la_name"] for r in _rows(self._seeds / "local_authority.csv")}
        aliases: dict[str, str] = {}
        for r in _rows(self._seeds / "la_alias.csv"):
            aliases.setdefault(r["la_code"], r["alias"])
        # Dorset is the county until 2019 and the unitary authority since: each goes by another name.
        shared = {n for n in names.values() if list(names.values()).count(n) > 1}
        return {c: Authority(c, aliases.get(c, n) if n in shared else n) for c, n in names.items()}

    @cached_property
    def _by_number(self) -> dict[str, str]:
        return {r["urn"]: r["la_code"] for r in _rows(PROVIDERS)}

    @cached_property
    def _by_name(self) -> dict[str, str]:
        """Name as compared → code; of two authorities of one name, the one that exists."""
        listed = sorted(_rows(self._seeds / "local_authority.csv"), key=lambda r: not r["valid_to"])
        names = {_key(r["la_name"]): r["la_code"] for r in listed}
        names |= {_key(r["alias"]): r["la_code"] for r in _rows(self._seeds / "la_alias.csv")}
        return SHORT | names

    def of_provider(self, urn: str, name: str) -> Authority | None:
        """The authority of a provider on Ofsted's site; None where neither its number nor its name is known."""
        code = self._by_number.get(urn) or self.code_of_name(name)
        return self._by_code.get(code) if code else None

    def code_of_name(self, name: str) -> str | None:
        """Code of an authority by any of its names, official ones too; the fuller match goes first."""
        plain = _key(name)
        behind = BEHIND.sub("", plain)
        # "Leicester City Council": Leicester City is a name of its own; "Derby City Council": Derby City is not.
        kind = re.search(r" (city|county|borough)(?= council$)", plain)
        fuller = behind + kind[0] if kind else behind
        for words in (plain, fuller, behind, BEFORE.sub("", plain), BEFORE.sub("", fuller), BEFORE.sub("", behind)):
            code = self._by_name.get(words)
            if code:
                return code
        return None


def _key(name: str) -> str:
    """A name as it is compared: no case, no punctuation, ``&`` as *and*."""
    words = re.sub(r"[^a-z0-9& ]+", " ", name.casefold().replace("'", "").replace("’", "")).replace("&", " and ")
    return " ".join(words.split())


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as f:
        return list(csv.DictReader(f))
