"""Suites: what is expected of a data asset, in files that Great Expectations' users know.

``gate/suites/*.yml`` and ``release/suites/*.yml`` hold one suite each: its name and its expectations, with the
library's own ``type``, ``kwargs``, ``severity``, ``description`` (what it says) and ``notes`` (what to do when it
does not hold). An expectation's ``meta`` holds

* ``check``: its name here, once in a suite,
* ``kind``: ``not checkable`` where what fails could not be checked, rather than being wrong,
* ``figure``: the column whose value a finding shows and a documented exception's range is about, where that is not
  the expectation's first column,
* ``set_aside``: the column that is emptied in rows that a documented exception accepts, where that is not the
  expectation's last column; a row in which it is empty meets the expectation,

and the suite's ``meta`` says what one row of its asset is and which columns are a row's index.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, cast

import yaml

from expectations.results import Kind, Severity

#: Our words for the severities that Great Expectations knows.
SEVERITIES: dict[str, Severity] = {"critical": "error", "warning": "warning"}


@dataclass(frozen=True)
class Check:
    """One expectation of a suite."""

    check: str
    type: str
    kwargs: dict[str, Any]
    severity: Severity
    kind: Kind
    says: str
    advice: str
    figure: str
    set_aside: str

    @property
    def columns(self) -> list[str]:
        """The columns that the expectation looks at, in its own order; none of one about a table as a whole."""
        return _columns(self.kwargs)


@dataclass(frozen=True)
class Suite:
    """A suite as its file has it, and its checks."""

    name: str
    index: tuple[str, ...]
    checks: tuple[Check, ...]
    meta: dict[str, Any]
    expectations: tuple[dict[str, Any], ...]

    @property
    def asset(self) -> str:
        """The data asset that the suite is about: its name after ``gate_`` or ``release_``."""
        return self.name.partition("_")[2]


def load_suites(folder: Path) -> dict[str, Suite]:
    """Asset → suite, of every file in a folder.

    Raises:
        KeyError: an expectation lacks a key.
        ValueError: a severity is not known, or a suite has two checks of one name.
    """
    return {suite.asset: suite for suite in _load(folder)}


@lru_cache(maxsize=8)
def _load(folder: Path) -> tuple[Suite, ...]:
    return tuple(_suite(path) for path in sorted(folder.glob("*.yml")))


def _suite(path: Path) -> Suite:
    written = yaml.safe_load(path.read_text(encoding="utf-8"))
    checks = tuple(_check(e, path) for e in written["expectations"])
    names = [c.check for c in checks]
    if len(set(names)) < len(names):
        raise ValueError(f"{path.name} has two checks of one name: {', '.join(names)}")
    return Suite(
        written["name"], tuple(written["meta"]["index"]), checks, written["meta"], tuple(written["expectations"])
    )


def _check(expectation: dict[str, Any], path: Path) -> Check:
    meta, kwargs = expectation["meta"], expectation["kwargs"]
    if expectation["severity"] not in SEVERITIES:
        raise ValueError(f"{path.name}: {expectation['severity']} is not one of {', '.join(SEVERITIES)}")
    columns = _columns(kwargs)
    return Check(
        check=meta["check"],
        type=expectation["type"],
        kwargs=kwargs,
        severity=SEVERITIES[expectation["severity"]],
        kind=cast(Kind, meta.get("kind", "fault")),
        says=expectation["description"],
        advice=expectation["notes"],
        figure=meta.get("figure", columns[0] if columns else ""),
        set_aside=meta.get("set_aside", columns[-1] if columns else ""),
    )


def _columns(kwargs: dict[str, Any]) -> list[str]:
    if "column_A" in kwargs:
        return [kwargs["column_A"], kwargs["column_B"]]
    return list(kwargs["column_list"]) if "column_list" in kwargs else [kwargs["column"]] if "column" in kwargs else []
