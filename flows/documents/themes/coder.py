"""Rule-based first coder of recommendations: the patterns of the codebook, and the words that fired.

It reads like one more coder who knows the codebook by heart and nothing else. What it cannot place it lists; it
forces nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from flows.common.files import read_yaml

CODEBOOK = Path(__file__).with_name("codebook.yml")
CODER = "rules"

_NEAR = 8
_LONGEST_WORDS = 80


class CodebookError(ValueError):
    """A codebook that cannot be used: the message names the entry and what is wrong with it."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A category, theme or code: id, label, definition, and what it includes and excludes (may be empty)."""

    id: str
    label: str
    definition: str
    include: str = ""
    exclude: str = ""


@dataclass(frozen=True, slots=True)
class Theme:
    """A theme under its category.

    Attributes:
        entry: its definition.
        category: id of its category.
        named_in_paper: whether the published study names it; themes added here are marked False.
        example: a sentence that carries it.
    """

    entry: Entry
    category: str
    named_in_paper: bool
    example: str

    @property
    def guide(self) -> str:
        """What a coder needs to know of it, in lines: label and definition, what it is not, an example."""
        parts = [f"{self.entry.label}: {self.entry.definition}"]
        parts += [f"Includes: {self.entry.include}"] if self.entry.include else []
        parts += [f"Not: {self.entry.exclude}"] if self.entry.exclude else []
        return "\n".join([*parts, f"Example: {self.example}"])


@dataclass(frozen=True, slots=True)
class Code:
    """A code under its theme, with its compiled patterns; `unless` patterns keep it from firing."""

    entry: Entry
    theme: str
    category: str
    patterns: tuple[re.Pattern[str], ...]
    unless: tuple[re.Pattern[str], ...]


@dataclass(frozen=True, slots=True)
class Codebook:
    """The codebook in its order: version, categories, themes and codes."""

    version: int
    categories: tuple[Entry, ...]
    themes: tuple[Theme, ...]
    codes: tuple[Code, ...]


@dataclass(frozen=True, slots=True)
class Match:
    """One code of an item and the words that fired, as `plain_text` writes them."""

    code: str
    theme: str
    category: str
    words: tuple[str, ...]


@dataclass(frozen=True)
class Coding:
    """A coding of many items by one coder.

    Attributes:
        rows: one row for each item and code: the item's key columns, code, theme, category, coder, words (joined by
            " | ").
        unmatched: key columns and text of the items that carry no code.
        item_count: number of items that were coded or tried.
    """

    rows: list[dict[str, Any]]
    unmatched: list[dict[str, Any]]
    item_count: int

    @property
    def coverage(self) -> float:
        """Share of the items that carry at least one code; 0 where there were none."""
        return 1 - len(self.unmatched) / self.item_count if self.item_count else 0.0


@cache
def load_codebook(path: Path = CODEBOOK) -> Codebook:
    """Read and check a codebook.

    Args:
        path: the YAML file.

    Returns:
        The codebook with compiled patterns.

    Raises:
        CodebookError: an id comes twice, an entry lacks its label or definition, a theme its example, a code has no
            pattern, or a pattern is not valid.
        OSError: the file cannot be read.
    """
    content = read_yaml(path)
    if not isinstance(content, dict) or not isinstance(content.get("categories"), list):
        raise CodebookError(f"{path.name}: no list of categories")
    categories: list[Entry] = []
    themes: list[Theme] = []
    codes: list[Code] = []
    seen: set[str] = set()
    for category in content["categories"]:
        categories.append(_entry(category, "category", seen))
        for theme in _children(category, "themes"):
            entry = _entry(theme, "theme", seen)
            if not isinstance(theme.get("named_in_paper"), bool):
                raise CodebookError(f"theme {entry.id}: named_in_paper must be true or false")
            if not str(theme.get("example") or "").strip():
                raise CodebookError(f"theme {entry.id} has no example")
            themes.append(Theme(entry, category["id"], theme["named_in_paper"], str(theme["example"])))
            for code in _children(theme, "codes"):
                codes.append(_code(code, entry.id, category["id"], seen))
    return Codebook(int(content.get("version", 0)), tuple(categories), tuple(themes), tuple(codes))


def code_text(text: str, codebook: Codebook | None = None) -> tuple[Match, ...]:
    """Codes of one recommendation.

    Args:
        text: its words.
        codebook: the project's own when None.

    Returns:
        The codes that fire, in the order of the codebook, each with the words that fired; empty when none does.
    """
    plain = plain_text(text)
    matches: list[Match] = []
    for code in (codebook or load_codebook()).codes:
        words = tuple(dict.fromkeys(_words(hit) for pattern in code.patterns for hit in pattern.finditer(plain)))
        if words and not any(pattern.search(plain) for pattern in code.unless):
            matches.append(Match(code.entry.id, code.theme, code.category, words))
    return tuple(matches)


def code_items(
    items: Iterable[Mapping[str, Any]],
    codebook: Codebook | None = None,
    keys: tuple[str, ...] = ("file", "item"),
    text: str = "text",
    coder: str = CODER,
) -> Coding:
    """Code many recommendations.

    Args:
        items: rows with the columns `keys` and `text`.
        codebook: the project's own when None.
        keys: columns that identify an item; they are carried into the result.
        text: column of its words.
        coder: name under which the coding is kept.

    Returns:
        The coding, with the items that no code fits listed apart.

    Raises:
        KeyError: a row lacks one of the columns.
    """
    codebook = codebook or load_codebook()
    rows: list[dict[str, Any]] = []
    unmatched: list[dict[str, Any]] = []
    count = 0
    for item in items:
        count += 1
        key = {name: item[name] for name in keys}
        matches = code_text(item[text], codebook)
        if not matches:
            unmatched.append({**key, text: item[text]})
        rows.extend(
            {
                **key,
                "code": match.code,
                "theme": match.theme,
                "category": match.category,
                "coder": coder,
                "words": " | ".join(match.words),
            }
            for match in matches
        )
    return Coding(rows, unmatched, count)


def plain_text(text: str) -> str:
    """Text as the patterns see it: small letters, plain apostrophes, hyphens and dashes as spaces, single spaces."""
    text = re.sub("[\u2018\u2019\u02bc]", "'", text.lower())
    text = re.sub("[-\u2010-\u2015\u2212/]", " ", text)
    return " ".join(text.split())


def _entry(raw: Any, kind: str, seen: set[str]) -> Entry:
    if not isinstance(raw, dict) or not raw.get("id"):
        raise CodebookError(f"a {kind} has no id")
    identity = str(raw["id"])
    if f"{kind}:{identity}" in seen:
        raise CodebookError(f"{kind} {identity} comes twice")
    seen.add(f"{kind}:{identity}")
    for name in ("label", "definition"):
        if not str(raw.get(name) or "").strip():
            raise CodebookError(f"{kind} {identity} has no {name}")
    return Entry(
        identity,
        str(raw["label"]),
        str(raw["definition"]),
        str(raw.get("include") or ""),
        str(raw.get("exclude") or ""),
    )


def _children(raw: dict[str, Any], name: str) -> list[dict[str, Any]]:
    children = raw.get(name)
    if not isinstance(children, list) or not children:
        raise CodebookError(f"{raw['id']} has no {name}")
    return children


def _code(raw: dict[str, Any], theme: str, category: str, seen: set[str]) -> Code:
    entry = _entry(raw, "code", seen)
    patterns = tuple(_compile(pattern, entry.id) for pattern in raw.get("patterns") or ())
    if not patterns:
        raise CodebookError(f"code {entry.id} has no pattern")
    return Code(
        entry, theme, category, patterns, tuple(_compile(pattern, entry.id) for pattern in raw.get("unless") or ())
    )


def _compile(pattern: Any, code: str) -> re.Pattern[str]:
    try:
        if isinstance(pattern, str):
            return re.compile(pattern)
        first, second = pattern["near"]
        # Words of one sentence, at most so many between the two.
        gap = rf"(?:[^\w.;]+\w[\w']*){{0,{int(pattern.get('within', _NEAR))}}}?[^\w.;]+"
        return re.compile(rf"\b(?:{first})\b{gap}(?:{second})\b|\b(?:{second})\b{gap}(?:{first})\b")
    except (re.error, KeyError, TypeError, ValueError) as error:
        raise CodebookError(f"code {code}: pattern {pattern!r} is not valid: {error}") from error


def _words(hit: re.Match[str]) -> str:
    words = hit.group(0).strip()
    return words if len(words) <= _LONGEST_WORDS else words[:_LONGEST_WORDS].rsplit(" ", 1)[0] + " ..."
