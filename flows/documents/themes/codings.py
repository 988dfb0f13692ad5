"""People's codings as they are kept: a folder per coder, a numbered file per version, nothing ever overwritten.

``coding/<coder>/v001.csv`` holds one row per item and theme, with the key of the item's words, so that a coding of
words that have changed since is known for what it is. An item that a coder looked at and found no theme for has one
row with a blank theme. The coder named :data:`AGREED` holds what was resolved; it is above every other.
"""

from __future__ import annotations

import csv
import hashlib
import io
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from flows.common.errors import CswError
from flows.common.files import read_rows, write_new
from flows.documents.themes.coder import CODER as RULES

#: The coder whose coding was resolved between people, and wins.
AGREED = "agreed"
#: The coder that learned from the agreed coding.
MODEL = "model"
#: Coders that are no people.
MACHINES = frozenset({RULES, MODEL})
_COLUMNS = ("report_id", "item", "text_key", "theme", "note")
_NAME = re.compile(r"[a-z][a-z0-9_-]{0,39}")
_VERSION = re.compile(r"v(\d{3,})")


class CodingError(ValueError):
    """A coding that cannot be taken: the message names file, row and column."""


@dataclass(frozen=True, slots=True)
class ItemCoding:
    """One item as one coder coded it: no themes where none fits."""

    report_id: str
    item: int
    text_key: str
    themes: tuple[str, ...]
    coder: str = ""
    version: int = 0
    note: str = ""

    @property
    def key(self) -> tuple[str, int]:
        """Report and item."""
        return self.report_id, self.item


def text_key(text: str) -> str:
    """Key of an item's words, the same in the warehouse: the first 16 characters of their MD5."""
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()[:16]


def coder_name(name: str) -> str:
    """A person's name as it names a folder.

    Raises:
        CodingError: it is no plain name, or it is that of the rules or the model.
    """
    name = name.strip().lower()
    if not _NAME.fullmatch(name):
        raise CodingError(f"coder {name!r}: give a name of small letters, digits, - and _, beginning with a letter.")
    if name in MACHINES:
        raise CodingError(f"coder {name!r} is the name of the {name}; people have names of their own.")
    return name


class Codings:
    """The folder of codings."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def people(self) -> list[str]:
        """Everyone who has coded, without the model and the agreed coding."""
        return [coder for coder in self.coders() if coder not in MACHINES | {AGREED}]

    def coders(self) -> list[str]:
        """Everyone who has coded, the model and the agreed coding included."""
        return sorted(p.name for p in self.root.glob("*") if _NAME.fullmatch(p.name) and self._versions(p.name))

    def add(self, coder: str, items: Iterable[ItemCoding]) -> Path:
        """Keep items as the next version of a coder's coding.

        Returns:
            The new file.

        Raises:
            CodingError: the name is not one, or there is nothing to keep.
        """
        coder = coder if coder == MODEL else coder_name(coder)
        rows = [
            (c.report_id, c.item, c.text_key, theme, c.note)
            for c in sorted(items, key=lambda c: c.key)
            for theme in c.themes or ("",)
        ]
        if not rows:
            raise CodingError(f"{coder} has coded nothing: there is nothing to keep.")
        buffer = io.StringIO(newline="")
        writer = csv.writer(buffer, lineterminator="\n")
        writer.writerow(_COLUMNS)
        writer.writerows(rows)
        while True:
            versions = self._versions(coder)
            path = self.root / coder / f"v{(versions[-1][0] if versions else 0) + 1:03d}.csv"
            try:
                write_new(path, buffer.getvalue().encode())
            except FileExistsError:
                continue  # somebody has just kept another version
            return path

    def of(self, coder: str) -> list[ItemCoding]:
        """A coder's coding: each item as its newest version has it."""
        items: dict[tuple[str, int], ItemCoding] = {}
        for version, path in self._versions(coder):
            items.update({c.key: c for c in _read(path, coder, version)})
        return [items[key] for key in sorted(items)]

    def newest(self) -> Iterator[ItemCoding]:
        """Every coder's coding."""
        for coder in self.coders():
            yield from self.of(coder)

    def _versions(self, coder: str) -> list[tuple[int, Path]]:
        found = ((_VERSION.fullmatch(p.stem), p) for p in (self.root / coder).glob("v*.csv"))
        return sorted((int(match.group(1)), p) for match, p in found if match)


def _read(path: Path, coder: str, version: int) -> list[ItemCoding]:
    themes: dict[tuple[str, int], list[str]] = {}
    first: dict[tuple[str, int], dict[str, str]] = {}
    for line, row in read_rows(path, _COLUMNS):
        if not (row["item"].isascii() and row["item"].isdigit()):
            raise CswError(f"{path}, line {line}: item {row['item']!r} is no number.")
        key = row["report_id"], int(row["item"])
        first.setdefault(key, row)
        themes.setdefault(key, []).extend([row["theme"]] if row["theme"] else [])
    return [
        ItemCoding(*key, row["text_key"], tuple(themes[key]), coder, version, row["note"]) for key, row in first.items()
    ]
