"""The names of files: what the publisher called one, what programs put on, and the table that a name speaks of."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from functools import lru_cache
from urllib.parse import unquote

from flows.sources.passport import Passport, Table

_LITTER = re.compile(
    r"^(~\$|\.~lock\.|\._|\.DS_Store)|^(Thumbs\.db|desktop\.ini|ehthumbs\.db)$|\.(tmp|part|crdownload|lnk|url)$", re.I
)
#: What a publisher puts behind a name when the same table comes again.
_MARKS = re.compile(r"([-_ ]+(revised|revision|amended|updated|final|v\d{1,2}))+(?=\.[a-z]+$|$)", re.IGNORECASE)
#: A calendar or financial year in the pattern of a file's name.
_YEARS = re.compile(r"20\d\d(-\d\d)?")
#: Kinds of file that hold a table, by their usual ending.
_TABLES = frozenset({"csv", "xls", "xlsx", "ods", "parquet"})
#: Endings that programs add behind a file's own.
_WRAPPERS = frozenset({"txt", "download", "bak"})
#: What programs add to a stem: a counter in brackets, a word for a copy.
_TAILS = re.compile(
    r"(\s*[\(\[]\d{1,3}[\)\]]|[ _-]+(copy|kopie|copie)( \d+| ?\(\d+\))?|^(copy of|fwd?[ _:]|re[ _:])\s*)$|^copy of\s+",
    re.I,
)


def is_litter(name: str) -> bool:
    """Whether a name is one that programs give to files of their own: locks, thumbnails, folder settings."""
    return bool(_LITTER.search(name))


def published_name(name: str) -> str:
    """A file's name as the publisher gave it, as far as that can be told.

    Browsers, mail programs and scrapers put on ``(1)``, `` - Copy``, ``%20``, ``.txt`` or a folder's name.
    """
    name = unquote(name).replace("\\", "/").rsplit("/", 1)[-1].strip()
    stem, dot, extension = name.rpartition(".")
    if dot and extension.casefold() in _WRAPPERS and "." in stem:
        return published_name(stem)
    if not dot:
        stem, extension = name, ""
    before = None
    while before != stem:
        before, stem = stem, _TAILS.sub("", stem).strip()
    return stem + (f".{extension}" if dot else "")


def tables_named(name: str, passports: Iterable[Passport]) -> list[tuple[Passport, Table, str | None]]:
    """Tables (and editions, where the name tells) that a file's name speaks of."""
    names = spellings_of(name)
    found: list[tuple[Passport, Table, str | None]] = []
    for p in passports:
        for t in p.tables:
            hits = [e for e, r in t.editions.items() if r.file and matches_any(r.file, names)]
            if hits:
                found += [(p, t, e) for e in hits]
            elif t.file and matches_any(t.file, names):
                found.append((p, t, None))
    return found


def spellings_of(name: str) -> list[str]:
    """A name, with underscores where programs put blanks, and under the endings of the other kinds of table.

    What a file is is told by its bytes; a table saved as another kind of file is still that table.
    """
    plain = re.sub(r"[ +]+", "_", name)
    stems = dict.fromkeys((name, plain, _MARKS.sub("", plain)))
    found = list(stems)
    for n in stems:
        stem, dot, extension = n.rpartition(".")
        if dot and extension.casefold() in _TABLES:
            found += [f"{stem}.{other}" for other in sorted(_TABLES) if other != extension.casefold()]
        elif not dot or not re.fullmatch(r"[a-z0-9]{2,5}", extension, re.IGNORECASE):
            found += [f"{n}.{other}" for other in sorted(_TABLES)]
    return found


def patterns_of_any_year(passport: Passport) -> list[str]:
    """The patterns of the names of a passport's listed editions, with any year in the place of their own."""
    return [
        _YEARS.sub(lambda m: r"20\d\d" + (r"-\d\d" if m[1] else ""), r.file)
        for t in passport.tables
        for r in t.editions.values()
        if r.file
    ]


def matches_any(pattern: str, names: Iterable[str]) -> bool:
    """Whether a passport's pattern is found in one of some names."""
    return any(map(finder_of(pattern), names))


@lru_cache(maxsize=4096)
def finder_of(pattern: str) -> Callable[[str], re.Match[str] | None]:
    """What looks for a passport's pattern; every file is held against all of them."""
    return re.compile(pattern, re.IGNORECASE).search
