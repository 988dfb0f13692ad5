"""Lines of the report proper: page numbers, running heads and footnotes are set aside.

A recommendation that runs across two pages has them in its middle. They are recognised by place and size, not by
their words, and a running head also by its return on other pages.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from functools import lru_cache

from flows.documents.pdf import Line, Page

# Share of the page height at the top and at the bottom in which running heads stand, and, farther in, page numbers.
_MARGIN = 0.09
_NUMBER_MARGIN = 0.12
# Footnotes are set in 10 or 9 points below a text of 12.
_SMALL = 0.88
# Points by which the base lines of one printed row may differ.
_SAME_ROW = 3.0
_BIG = 1.12
_BULLETS = (
    "\uf06e\uf0a7\uf0b7\uf0be\uf02d\u25fc\u25fe\u25a0\u25aa\u25cf\u25cb\u2022\u2023\u2043\u00b7\u27a2\uf0d8\uf0fc"
)
_DASHES = "-\u2010\u2011\u2012\u2013\u2014\u2015\u2212\u2500\u0335\u0336"
_BULLET = re.compile(rf"^(?:[{_BULLETS}]\s*|[{_DASHES}]\s+|\u0336\s*|\u0335\s*|o\s+(?=[a-z]))")
_NUMBER = re.compile(r"^(\d{1,3})\s?[.)]\s*(?=[^\W\d_]|[‘“'\"(])")


def body_size(pages: Iterable[Page]) -> float:
    """Height of the type in which most characters of a document are set, in points; 0 for a document without text."""
    weight: Counter[float] = Counter()
    for page in pages:
        for line in page.lines:
            weight[line.size] += len(line.text)
    return weight.most_common(1)[0][0] if weight else 0.0


def is_small(line: Line, body: float) -> bool:
    """Whether a line is set as footnotes are."""
    return line.size < _SMALL * body


def is_big(line: Line, body: float) -> bool:
    """Whether a line is set larger than the text, as titles and section headings are."""
    return line.size > _BIG * body


def body_lines(pages: tuple[Page, ...]) -> tuple[Line, ...]:
    """Lines of all pages from top to bottom, without page numbers, running heads and footnotes.

    The order is that of the page and not that of the file: a heading set in a frame may come last in the file. A
    bullet or a number that the typesetter put on a line of its own is joined with the text it marks.
    """
    body = body_size(pages)
    running = _running_heads(pages)
    kept: list[Line] = []
    for page in pages:
        for line in _top_to_bottom(page.lines):
            if line.text.isdigit() and (is_big(line, body) or _in_margin(line, page, _NUMBER_MARGIN)):
                continue
            if _in_margin(line, page) and _without_numbers(line.text) in running:
                continue
            if is_small(line, body):
                continue
            kept.append(line)
    return tuple(_join_lone_marks(kept))


def split_marker(text: str) -> tuple[str, str, int | None] | None:
    """Marker of a list item at the start of a line.

    Returns:
        ("number", rest of the line, the number), ("bullet", rest, None) or ("dash", rest, None); None for a line that
        starts no item.
    """
    numbered = _NUMBER.match(text)
    if numbered:
        return "number", text[numbered.end() :], int(numbered.group(1))
    bullet = _BULLET.match(text)
    if bullet:
        # A dash is a bullet of the second order wherever a real bullet or a number is there to be of the first.
        kind = "dash" if text[0] in _DASHES or text[0] in "\uf02do" else "bullet"
        return kind, text[bullet.end() :], None
    return None


def join_text(parts: Iterable[str]) -> str:
    """Join printed lines into running text; a hyphen at a line end joins its word without a space."""
    text = ""
    for part in parts:
        if not text:
            text = part
        elif text.endswith("-") and len(text) > 1 and text[-2].isalpha():
            text += part
        else:
            text += " " + part
    return " ".join(text.split())


@lru_cache(maxsize=4096)
def heading_text(text: str) -> str:
    """A heading as a key: small letters, plain apostrophes, no number or footnote mark or punctuation at its ends."""
    text = text.replace("\u2019", "'").replace("\u2018", "'").lower()
    text = re.sub(r"^\d{1,2}(?:\.\d)?[.)]?\s+", "", text)
    text = re.sub(r"[\d\s]+$", "", text)
    return " ".join(re.sub(r"[\s:?.!,;]+$", "", text).split())


def _top_to_bottom(lines: tuple[Line, ...]) -> list[Line]:
    rows: list[list[Line]] = []
    for line in sorted(lines, key=lambda line: -line.y):
        if rows and rows[-1][0].y - line.y <= _SAME_ROW:
            rows[-1].append(line)
        else:
            rows.append([line])
    return [line for row in rows for line in sorted(row, key=lambda line: line.x)]


def _in_margin(line: Line, page: Page, share: float = _MARGIN) -> bool:
    return line.y < share * page.height or line.y > (1 - share) * page.height


def _without_numbers(text: str) -> str:
    return " ".join(re.sub(r"\d+", " ", text).split()).lower()


def _running_heads(pages: tuple[Page, ...]) -> frozenset[str]:
    seen: Counter[str] = Counter()
    for page in pages:
        texts = {_without_numbers(line.text) for line in page.lines if _in_margin(line, page)}
        seen.update(text for text in texts if text)
    enough = max(3, len(pages) // 4)
    return frozenset(text for text, times in seen.items() if times >= enough)


def _join_lone_marks(lines: list[Line]) -> list[Line]:
    joined: list[Line] = []
    for line in lines:
        previous = joined[-1] if joined else None
        if (
            previous is not None
            and previous.page == line.page
            and abs(previous.y - line.y) < previous.size
            and (previous.text in _BULLETS or re.fullmatch(r"\d{1,3}[.)]", previous.text))
        ):
            text = f"{previous.text} {line.text}"
            joined[-1] = Line(line.page, text, previous.x, previous.y, line.size, line.bold)
        else:
            joined.append(line)
    return joined
