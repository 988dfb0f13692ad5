"""What came of the faults, kept from one drill to the next: each part is done when there is time for it."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

from flows.common.settings import ROOT
from tests.drill.faults import Fault

RESULTS = Path(__file__).with_name("results.jsonl")
PAGE = ROOT / "docs" / "reliability.md"

GROUPS = {
    "servers": "On the publishers' servers",
    "files": "To the files of a folder",
    "machine": "To the machine",
    "people": "By people",
}

INTRODUCTION = """\
# What happens when something goes wrong

Written by `make drill` (`tests/drill`), which does all of this to a refresh of the bundled synthetic sample, with the
publishers' servers played on the loopback. After each fault it looks whether the published warehouse is the one that
was there before, byte for byte, or a new one that is whole; whether every file of the archive and every landed table is
still there, byte for byte; whether a person is told what is wrong, by name; and, where the fault passes, whether the
refresh that comes next completes by itself.

The drill takes hours and can be done in parts (`make drill DRILL_ARGS='--only kill'`); the last column says when each
was last done. What came of it is kept in `tests/drill/results.jsonl`, from which this page is written.
"""


@dataclass(frozen=True)
class Result:
    """What came of one fault, done once."""

    name: str
    kind: str
    """``scenario``, or ``random`` for one that was drawn."""
    seed: int
    on: str
    """The day, ISO."""
    said: str
    published: str
    problems: list[str] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)

    @property
    def key(self) -> tuple[str, str, int]:
        """What a later one of the same replaces."""
        return self.name, self.kind, self.seed


def read_results(path: Path = RESULTS) -> list[Result]:
    """What is kept; none where nothing is."""
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    return [Result(**json.loads(line)) for line in lines]


def merged(kept: Iterable[Result], new: Iterable[Result]) -> list[Result]:
    """Each fault's newest result, by name."""
    by_key = {r.key: r for r in [*kept, *new]}
    return [by_key[key] for key in sorted(by_key)]


def write_results(results: Iterable[Result], path: Path = RESULTS) -> None:
    """Keep them, a line each."""
    lines = [json.dumps(asdict(r), ensure_ascii=False, sort_keys=True) for r in results]
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")


def page(faults: Sequence[Fault], results: Sequence[Result]) -> str:
    """``docs/reliability.md``."""
    done: dict[str, list[Result]] = defaultdict(list)
    for r in results:
        if r.kind == "scenario":
            done[r.name].append(r)
    mine = [f for f in faults if f.name in done]
    survived = sum(not any(r.problems for r in done[f.name]) for f in mine)
    lines = [INTRODUCTION, f"**{survived} of {len(mine)} scenarios survived.**"]
    never = [f.name for f in faults if f.name not in done]
    if never:
        lines += ["", f"Not yet done: {', '.join(never)}."]
    for group, title in GROUPS.items():
        rows = [_row(f, done[f.name]) for f in mine if f.group == group]
        if rows:
            lines += ["", f"## {title}", "", "| what | | a person sees | what is published | survived | done |"]
            lines += ["|---|---|---|---|---|---|", *rows]
    return "\n".join([*lines, *_drawn([r for r in results if r.kind == "random"])]) + "\n"


def _row(fault: Fault, rounds: Sequence[Result]) -> str:
    problems = [p for r in rounds for p in r.problems]
    verdict = "yes" if not problems else "NO: " + _cell("; ".join(problems))
    counts: Counter[str] = Counter()
    for r in rounds:
        counts.update(r.counts)
    said = ", ".join(f"{n} × {what}" for what, n in counts.most_common()) or rounds[-1].said
    done = _days(rounds)
    if fault.rounds > 1:
        done += f", {len(rounds)} of {fault.rounds} rounds"
    return f"| {fault.name} | {fault.what} | {_cell(said)} | {rounds[-1].published} | {verdict} | {done} |"


def _days(results: Sequence[Result]) -> str:
    days = sorted({r.on for r in results})
    return days[0] if len(days) == 1 else f"{days[0]} to {days[-1]}"


def _drawn(results: Sequence[Result]) -> list[str]:
    if not results:
        return []
    by_name: dict[str, list[Result]] = defaultdict(list)
    for r in results:
        by_name[r.name].append(r)
    good = sum(not r.problems for r in results)
    said = f"{len(results)} faults drawn at random, each with a random file, cell, cut or moment: **{good} survived.**"
    lines = ["", "## Random faults", "", said, "", "| what | drawn | survived | done |", "|---|--:|--:|---|"]
    return lines + [
        f"| {name} | {len(found)} | {sum(not r.problems for r in found)} | {_days(found)} |"
        for name, found in sorted(by_name.items())
    ]


def _cell(text: str) -> str:
    text = " ".join(text.replace("|", "\\|").split())
    return text if len(text) <= 220 else text[:217] + "…"
