"""The table of dependencies is of the lock, and nothing came in that would bind what is made with it."""

from __future__ import annotations

import re

import pytest

from tests.dependencies import PAGE, is_copyleft, packages


def test_the_table_is_of_the_lock() -> None:
    rows = re.findall(r"(?m)^\| (?:\*\*)?([a-z0-9._-]+)(?:\*\*)? \| ([^|]*) \| ([^|]*) \|$", PAGE.read_text("utf-8"))
    held = {p.name: p for p in packages()}
    # A licence is known only where the package is installed, which depends on system and Python.
    assert {(n, v) for n, v, _ in rows if n != "package"} == {(p.name, p.version) for p in held.values()}, (
        "run `make dependencies`"
    )


def test_nothing_copyleft_came_in() -> None:
    assert [f"{p.name}: {p.licence}" for p in packages() if p.licence and is_copyleft(p.licence)] == []


@pytest.mark.parametrize(
    ("said", "binds"),
    [
        ("GPL-3.0-only", True),
        ("GNU Affero General Public License v3", True),
        ("AGPL-3.0", True),
        ("MIT AND GPL-2.0-or-later", True),
        ("MIT, GNU General Public License (GPL)", True),
        ("SSPL-1.0", True),
        ("BUSL-1.1", True),
        ("GPL-2.0 OR MIT", False),
        ("LGPL-2.1", False),
        ("Mozilla Public License 2.0 (MPL 2.0)", False),
        ("Apache-2.0", False),
        ("BSD-3-Clause", False),
    ],
)
def test_licences_are_told_apart(said: str, binds: bool) -> None:
    assert is_copyleft(said) is binds
