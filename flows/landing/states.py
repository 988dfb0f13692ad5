"""Which of several unlike files for one table and edition the publisher means to replace which."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import PurePath

from flows.landing.delivery import as_day

#: Words by which publishers mark a file that replaces another.
_MARK = re.compile(
    r"(?<![a-z])(?:revised?|revision|rev|amended|amendment|corrected|correction|updated?)[ _-]*(\d{0,2})(?![a-z0-9])"
)
_VERSION = re.compile(r"(?<![a-z0-9])v[ _.-]?(\d{1,2})(?![a-z0-9])")


def mark_of(name: str) -> int:
    """Which state of a publication a file's name says it is: 1 without a mark, 2 for "revised", or the number given."""
    text = PurePath(name).name.casefold()
    found = [1]
    found += [int(m[1]) if m[1] and int(m[1]) > 1 else 2 for m in _MARK.finditer(text)]
    found += [int(m[1]) for m in _VERSION.finditer(text)]
    return max(found)


def in_order(files: Sequence[tuple[str, str]]) -> list[int] | None:
    """The publisher's order of unlike files for one place, first to last; None where nothing tells.

    Days that the publisher states decide where all have one and no two are equal; else the marks in their names.

    Args:
        files: name, and the day stated (ISO) or blank.
    """
    days = [as_day(day) for _, day in files]
    if all(days) and len(set(days)) == len(days):
        return sorted(range(len(files)), key=lambda i: files[i][1])
    marks = [mark_of(name) for name, _ in files]
    if len(set(marks)) == len(marks):
        return sorted(range(len(files)), key=marks.__getitem__)
    return None
