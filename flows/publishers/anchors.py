"""Links of a page, read as a browser reads them: whatever quotes and order of attributes it is written with."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser

#: Class of the words that are for screen readers alone.
HIDDEN = "nonvisual"


@dataclass
class Anchor:
    """A link: its address as written, its classes, its words, and those of them that are not shown."""

    href: str
    classes: frozenset[str]
    _words: list[str] = field(default_factory=list)
    _hidden: list[str] = field(default_factory=list)

    @property
    def text(self) -> str:
        """All of its words."""
        return " ".join("".join(self._words).split())

    @property
    def hidden(self) -> str:
        """Its words for screen readers."""
        return " ".join("".join(self._hidden).split())


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[Anchor] = []
        self.words: list[str] = []
        self._within: Anchor | None = None
        #: Elements open within the hidden words; 0 outside of them.
        self._depth = 0
        self._is_code = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        self._is_code = tag in {"script", "style"}
        self._said(" ")
        if tag == "a":
            # A link that was never closed ends where the next begins.
            self._depth = 0
            classes = frozenset(values.get("class", "").split())
            self._within = Anchor(values.get("href", "").strip(), classes)
            if self._within.href:
                self.found.append(self._within)
        elif self._depth:
            self._depth += tag not in {"br", "img", "wbr"}
        elif self._within is not None and HIDDEN in values.get("class", ""):
            self._depth = 1

    def handle_endtag(self, tag: str) -> None:
        self._is_code = False
        self._said(" ")
        if tag == "a":
            self._within, self._depth = None, 0
        elif self._depth:
            self._depth -= 1

    def handle_data(self, data: str) -> None:
        if not self._is_code:
            self._said(data)

    def _said(self, text: str) -> None:
        self.words.append(text)
        if self._within is not None:
            self._within._words.append(text)
            if self._depth:
                self._within._hidden.append(text)


def anchors(page: str) -> list[Anchor]:
    """Every link of a page (or part of one) that leads somewhere, in its order."""
    return _read(page).found


def words_of(page: str) -> str:
    """The words of a page."""
    return " ".join("".join(_read(page).words).split())


def _read(page: str) -> _Reader:
    reader = _Reader()
    reader.feed(page)
    reader.close()
    return reader
