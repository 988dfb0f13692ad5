"""Twenty quick faults, drawn at random; `make drill` does all of them and many more."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.drill.__main__ import drawn, tried
from tests.drill.desk import Desk, mirror
from tests.drill.faults import ALL, Fault
from tests.installation import Installation

SEED, COUNT = 11, 20
QUICK = drawn([f for f in ALL if f.is_quick], COUNT, SEED)


@pytest.fixture(scope="module")
def desk(published: Installation, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """An installation that has fetched what it holds."""
    folder = tmp_path_factory.mktemp("drill")
    mirror(published.settings.data, folder / "base")
    with Desk(folder / "base", folder, published.returns) as made:
        made.prepare()
        yield made


@pytest.mark.parametrize(
    ("number", "fault"), list(enumerate(QUICK)), ids=[f"{n}-{f.name}" for n, f in enumerate(QUICK)]
)
def test_what_is_published_survives(desk: Desk, number: int, fault: Fault) -> None:
    seen = tried(desk, fault, SEED * 100_000 + number)
    assert seen.problems == [], f"a person saw: {seen.said}"


def test_a_loss_is_seen(desk: Desk, tmp_path: Path) -> None:
    """The drill itself: it would notice."""
    desk.restore()
    before = desk.held()
    assert desk.lost(before, may_publish=False) == []
    archived = next(p for p in sorted(desk.settings.archive.rglob("*.csv")))
    archived.chmod(0o644)
    archived.write_bytes(archived.read_bytes() + b"x")
    next(p for p in sorted(desk.settings.landing.rglob("*.csv")) if p.parent != desk.settings.landing).unlink()
    with desk.settings.published.open("r+b") as f:
        f.write(b"\\0" * 5000)
    problems = "; ".join(desk.lost(before, may_publish=True))
    for what in ("gone from the archive or changed", "gone from landing", "cannot be read"):
        assert what in problems
    assert "was changed" in "; ".join(desk.lost(before, may_publish=False))
    desk.restore()
    assert desk.lost(before, may_publish=False) == []
