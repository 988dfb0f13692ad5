"""A page as a test reads it: links, anchors, text."""

from __future__ import annotations

from html.parser import HTMLParser
from pathlib import Path


class Page(HTMLParser):
    """Links, identities and tags of a page; void elements aside, every tag must be closed in its turn."""

    VOID = frozenset({"meta", "link", "input", "br", "img", "hr"})

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.path = path
        self.links: list[str] = []
        self.ids: list[str] = []
        self.images_without_words = 0
        self.unbalanced: list[str] = []
        self._open: list[str] = []
        self.feed(path.read_text(encoding="utf-8"))
        self.unbalanced += self._open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        about = dict(attrs)
        self.links += [v for k in ("href", "src") if (v := about.get(k))]
        if about.get("id"):
            self.ids.append(str(about["id"]))
        if tag == "svg" and about.get("role") == "img" and not about.get("aria-label"):
            self.images_without_words += 1
        if tag not in self.VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        pass

    def handle_endtag(self, tag: str) -> None:
        # An item, a cell or a row may end with its parent.
        while self._open and self._open[-1] != tag and self._open[-1] in {"li", "td", "th", "tr", "p"}:
            self._open.pop()
        if not self._open or self._open.pop() != tag:
            self.unbalanced.append(f"/{tag}")

    def targets(self) -> list[tuple[Path, str]]:
        """Files and anchors of this site that the page points to."""
        out = []
        for link in self.links:
            if link.startswith(("http:", "https:", "data:", "mailto:")):
                continue
            file, _, anchor = link.partition("#")
            out.append(((self.path.parent / file).resolve() if file else self.path.resolve(), anchor))
        return out
