"""Twenty quick faults, most of them drawn at random; `make drill` does all of them and many more."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.drill.__main__ import drawn, tried
from tests.drill.faults import Fault
from tests.drill.machine import Machine, mirror
from tests.drill.scenarios import ALL
from tests.installation import Installation

SEED, COUNT = 11, 20
#: Of each new kind one that takes seconds; the rest is for `make drill`.
ALWAYS = ("read-only folder", "strange names", "long cell")
QUICK = [
    *(f for f in ALL if f.name in ALWAYS),
    *drawn([f for f in ALL if f.is_quick and f.name not in ALWAYS], COUNT - len(ALWAYS), SEED),
]

#: Faults done to whole runs: minutes.
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def machine(published: Installation, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    """An installation that has fetched what it holds."""
    folder = tmp_path_factory.mktemp("drill")
    mirror(published.settings.data, folder / "base")
    with Machine(folder / "base", folder, published.returns) as made:
        made.prepare()
        yield made


@pytest.mark.parametrize(
    ("number", "fault"), list(enumerate(QUICK)), ids=[f"{n}-{f.name}" for n, f in enumerate(QUICK)]
)
def test_what_is_published_survives(machine: Machine, number: int, fault: Fault) -> None:
    seen = tried(machine, fault, SEED * 100_000 + number)
    assert seen.problems == [], f"a person saw: {seen.said}"


def test_a_loss_is_seen(machine: Machine, tmp_path: Path) -> None:
    """The drill itself: it would notice."""
    machine.restore()
    before = machine.held()
    assert machine.lost(before, may_publish=False) == []
    archived = next(p for p in sorted(machine.settings.archive.rglob("*.csv")))
    archived.chmod(0o644)
    archived.write_bytes(archived.read_bytes() + b"x")
    next(p for p in sorted(machine.settings.landing.rglob("*.csv")) if p.parent != machine.settings.landing).unlink()
    with machine.settings.published.open("r+b") as f:
        f.write(b"\\0" * 5000)
    problems = "; ".join(machine.lost(before, may_publish=True))
    for what in ("gone from the archive or changed", "gone from landing", "cannot be read"):
        assert what in problems
    assert "was changed" in "; ".join(machine.lost(before, may_publish=False))
    machine.restore()
    assert machine.lost(before, may_publish=False) == []
