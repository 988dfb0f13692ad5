"""How long a run still takes."""

from __future__ import annotations

from pathlib import Path

import pytest

from flows.cli.pace import RUN, USUAL, Pace, in_words, last_stages


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def test_it_goes_by_the_last_run_and_by_how_it_goes_now(clock: Clock) -> None:
    pace = Pace(("land", "build", "report"), {"land": 10, "build": 20, "report": 30}, clock)
    assert pace.left is None
    pace.enter("land")
    assert (pace.completed, pace.left) == (0, 60)
    clock.now = 5
    assert pace.completed == 5
    # A stage that takes longer than the last time is not done until the next begins.
    clock.now = 20
    assert pace.completed == 9.5
    pace.enter("build")
    # Everything takes twice as long today.
    assert (pace.completed, pace.left) == (10, 100)
    # Left out, and one of another name.
    pace.enter("report")
    pace.enter("something else")
    assert (pace.completed, pace.stage) == (30, "report")


def test_what_is_not_known_is_as_usual(tmp_path: Path) -> None:
    (tmp_path / "last_run.json").write_text('{"stages": {"land": 7}}')
    assert last_stages(tmp_path / "last_run.json") == USUAL | {"land": 7.0}
    (tmp_path / "last_run.json").write_text("no JSON")
    assert last_stages(tmp_path / "last_run.json") == USUAL
    assert last_stages(tmp_path / "none.json") == USUAL
    assert set(RUN) <= set(USUAL)


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(None, ""), (3, "a few seconds left"), (44, "about 40 seconds left"), (200, "about 3 minutes left")],
)
def test_words(seconds: float | None, said: str) -> None:
    assert in_words(seconds) == said
