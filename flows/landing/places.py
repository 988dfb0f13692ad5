"""Whether an authority's code, name and ONS code are those of one authority, as the seeds of geography know them."""

from __future__ import annotations

import csv
import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

SEEDS = ("local_authority.csv", "local_authority_ons_code.csv", "la_alias.csv", "reporting_unit.csv")
#: How spreadsheets are made to keep a number as text.
_KEPT_AS_TEXT = re.compile(r"""^(=")?'?(\w+)"?$""")
#: What DfE prints in place of a code where a row is of no authority.
NO_CODE = frozenset({"", "z", "x", ":", ".", "..", "-"})


@dataclass(frozen=True)
class Places:
    """Authorities by each of the three ways in which publishers say which one is meant."""

    by_code: dict[str, str] = field(default_factory=dict)
    """DfE code → name."""
    by_name: dict[str, frozenset[str]] = field(default_factory=dict)
    """Name as it is compared → DfE codes; a name may have meant two authorities, one after the other."""
    by_ons_code: dict[str, frozenset[str]] = field(default_factory=dict)
    units: frozenset[str] = frozenset()
    """Codes of joint returns, which stand for several authorities."""

    def contradiction(self, code: str, ons_code: str, name: str) -> str:
        """What is wrong with a row's authority; blank where nothing is.

        A code stays where the name or the ONS code confirms it: one of the three may be misprinted. A code that the
        seeds do not know is no contradiction, it is a new authority.
        """
        if code in self.units or (code not in NO_CODE and code not in self.by_code):
            return ""
        named, coded = self.by_name.get(name_key(name), frozenset()), self.by_ons_code.get(ons_code, frozenset())
        if code in NO_CODE:
            if named and coded and not named & coded:
                return f"{ons_code} is the ONS code of {self._names(coded)}, not of {name}"
            if code and (both := named & coded):
                return f"the code is {code!r}, though name and ONS code are those of {self._names(both)}"
            return ""
        said = [known for known in (named, coded) if known]
        if not said or any(code in known for known in said):
            return ""
        others = [f"the name {name!r}"] * bool(named) + [f"the ONS code {ons_code}"] * bool(coded)
        both = frozenset().union(*said)
        return f"{code} is the code of {self.by_code[code]}; " + (
            f"{' and '.join(others)} {'are' if len(others) > 1 else 'is'} of {self._names(both)}"
        )

    def _names(self, codes: Iterable[str]) -> str:
        return " or ".join(f"{self.by_code.get(c, c)} ({c})" for c in sorted(codes))


def name_key(name: str) -> str:
    """A name as it is compared: no case, no punctuation, no footnote mark, "&" spelt out (dbt's macro of that name)."""
    plain = re.sub(r"[^a-z0-9]+", " ", name.replace("&", " and ").lower())
    return re.sub(r" ?[0-9]+ *$", "", plain).strip()


@lru_cache(maxsize=4096)
def plain_code(text: str) -> str:
    """A DfE code as text: programs write ``301.0``, ``0301``, ``'301`` and ``="301"`` for it."""
    code = _KEPT_AS_TEXT.sub(r"\2", text.strip()).removesuffix(".0")
    return code[1:] if re.fullmatch(r"0[1-9]\d\d", code) else code


def known_places(root: Path) -> Places:
    """The seeds of a project, as they stand now.

    Args:
        root: the project's root folder.
    """
    folder = root / "dbt_project" / "seeds"
    if not all((folder / name).exists() for name in SEEDS):
        return Places()
    state = tuple((s.st_size, s.st_mtime_ns) for s in ((folder / name).stat() for name in SEEDS))
    return _load(folder, state)


@lru_cache(maxsize=4)
def _load(folder: Path, state: tuple[tuple[int, int], ...]) -> Places:
    authorities, ons_codes, aliases, units = (_rows(folder / name) for name in SEEDS)
    by_name: dict[str, set[str]] = defaultdict(set)
    by_ons_code: dict[str, set[str]] = defaultdict(set)
    for r in authorities:
        by_name[name_key(r["la_name"])].add(r["la_code"])
    for r in aliases:
        by_name[name_key(r["alias"])].add(r["la_code"])
    for r in ons_codes:
        by_ons_code[r["ons_code"]].add(r["la_code"])
    return Places(
        {r["la_code"]: r["la_name"] for r in authorities},
        {k: frozenset(v) for k, v in by_name.items()},
        {k: frozenset(v) for k, v in by_ons_code.items()},
        frozenset(r["unit_code"] for r in units),
    )


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as f:
        return list(csv.DictReader(f))
