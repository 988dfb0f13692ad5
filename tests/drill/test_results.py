"""What came of the drill is kept by part, and its page says what is kept."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from tests.drill.__main__ import rounds
from tests.drill.faults import Fault, Seen
from tests.drill.results import PAGE, Result, merged, page, read_results, write_results
from tests.drill.scenarios import ALL


def nothing(*_: object) -> Seen:
    return Seen("", "")


KILLS = Fault("kills", "Killed.", "machine", nothing, rounds=2, goes_on=True)
LOST = Fault("lost", "Gone.", "files", nothing)
NEVER = Fault("never", "Not done.", "people", nothing)


def result(name: str, seed: int = 1, **more: object) -> Result:
    return replace(Result(name, "scenario", seed, "2026-01-02", "said", "stays as it was"), **more)  # type: ignore[arg-type]


def test_the_newest_of_each_is_kept(tmp_path: Path) -> None:
    kept = [result("kills"), result("kills", 2), result("lost", problems=["gone"])]
    new = [result("lost", on="2026-03-04"), result("kills", 1, kind="random")]
    both = merged(kept, new)
    assert [(r.name, r.kind, r.seed, r.on[5:7]) for r in both] == [
        ("kills", "random", 1, "01"),
        ("kills", "scenario", 1, "01"),
        ("kills", "scenario", 2, "01"),
        ("lost", "scenario", 1, "03"),
    ]
    write_results(both, tmp_path / "results.jsonl")
    assert read_results(tmp_path / "results.jsonl") == both
    assert read_results(tmp_path / "none.jsonl") == []


def test_the_page_says_what_was_done_when_and_what_was_not_survived() -> None:
    kept = [
        result("kills", counts={"build": 2, "land": 1}),
        result("lost", problems=["a | b"], on="2026-02-03"),
        result("lost", 7, kind="random"),
    ]
    lines = page([KILLS, LOST, NEVER], kept).splitlines()
    assert "**1 of 2 scenarios survived.**" in lines
    assert "Not yet done: never." in lines
    assert "| kills | Killed. | 2 × build, 1 × land | stays as it was | yes | 2026-01-02, 1 of 2 rounds |" in lines
    assert "| lost | Gone. | said | stays as it was | NO: a \\| b | 2026-02-03 |" in lines
    assert "| lost | 1 | 1 | 2026-01-02 |" in lines


def test_rounds_are_done_together_or_one_by_one() -> None:
    assert [(j.seed, j.is_first) for j in rounds(KILLS, 5)] == [(5, True), (6, False)]
    assert [(j.seed, j.is_first) for j in rounds(KILLS, 5, [1])] == [(6, False)]
    assert [j.seed for j in rounds(LOST, 5, [1])] == [5]


def test_the_page_is_that_of_what_is_kept() -> None:
    """Where this fails: `make drill DRILL_ARGS='--only NAME'` writes both."""
    assert PAGE.read_text(encoding="utf-8") == page(ALL, read_results())
    assert {r.name for r in read_results()} <= {f.name for f in ALL}
