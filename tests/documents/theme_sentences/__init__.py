"""Sentences of our own with the themes that a person gives them, and how the rules do on them."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from flows.documents.themes.coder import code_text

FOLDER = Path(__file__).parent


@dataclass
class Figures:
    """The rules beside people: themes given by both, by the rules alone and by people alone, with the sentences."""

    both: Counter[str] = field(default_factory=Counter)
    rules_alone: dict[str, list[str]] = field(default_factory=dict)
    people_alone: dict[str, list[str]] = field(default_factory=dict)

    @property
    def precision(self) -> float:
        """Share of the rules' themes that people gave too."""
        given = self.both.total()
        return given / (given + sum(map(len, self.rules_alone.values())))

    @property
    def recall(self) -> float:
        """Share of people's themes that the rules found."""
        given = self.both.total()
        return given / (given + sum(map(len, self.people_alone.values())))


@cache
def sentences(name: str) -> list[tuple[frozenset[str], str]]:
    """Themes and words of each sentence of a set."""
    found = []
    for line in (FOLDER / f"{name}.txt").read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            themes, words = line.split(" | ", 1)
            found.append((frozenset(themes.split()) - {"-"}, words))
    return found


@cache
def figures(name: str) -> Figures:
    """How the rules do on a set."""
    result = Figures()
    for expected, words in sentences(name):
        given = {match.theme for match in code_text(words)}
        result.both.update(expected & given)
        for theme in given - expected:
            result.rules_alone.setdefault(theme, []).append(words)
        for theme in expected - given:
            result.people_alone.setdefault(theme, []).append(words)
    return result
