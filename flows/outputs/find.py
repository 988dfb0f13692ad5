"""Which authority and which measure is meant: by code, by name, or by the beginning of its words."""

from __future__ import annotations

import difflib
import re
from typing import TYPE_CHECKING

from flows.common.errors import WrongArgument

if TYPE_CHECKING:
    import duckdb

#: Words that nobody says.
FILLERS = {"and", "of", "the", "city", "county", "upon", "on", "council", "borough", "london"}
#: How many are named where several are meant.
NAMED = 6


def find_authority(con: duckdb.DuckDBPyConnection, asked: str, year: int | None = None) -> str:
    """The DfE code of an authority.

    A name is taken without case and punctuation, with the aliases that publishers use, then by the beginnings of its
    words ("n yorks") or their initials ("bcp"). Of two that had a name one after the other, the one of the year, or the
    present one.

    Args:
        con: a warehouse.
        asked: a three-digit code or a name.
        year: a reporting year in which it existed.

    Raises:
        WrongArgument: none is meant, or several; the message names the nearest.
    """
    known = con.execute("select la_code, la_name, valid_from, valid_to from marts.dim_local_authority").fetchall()
    if re.fullmatch(r"\d{3}", asked.strip()):
        if asked.strip() in {k[0] for k in known}:
            return asked.strip()
        raise WrongArgument(f"{asked!r} is not a DfE code of an authority (see marts.dim_local_authority).")
    names: dict[str, set[str]] = {}
    for code, name, *_ in known:
        names.setdefault(_key(name), set()).add(code)
    for name, code in con.execute("select alias, la_code from seeds.la_alias").fetchall():
        names.setdefault(_key(name), set()).add(code)
    alive = {k[0] for k in known if _exists(k[2], k[3], year)}
    full = {k[0]: k[1] for k in known}
    for matches in (_exactly, _by_words, _by_initials):
        codes = {c for name, of in names.items() if matches(_key(asked), name) for c in of}
        chosen = codes & alive or codes
        if len(chosen) == 1:
            return str(chosen.pop())
        if chosen:
            said = ", ".join(f"{full[c]} ({c})" for c in sorted(chosen)[:NAMED])
            raise WrongArgument(f"{asked!r} may be {said}{' …' if len(chosen) > NAMED else ''}. Give the code.")
    near = difflib.get_close_matches(_key(asked), list(names), n=3, cutoff=0.5)
    said = ", ".join(f"{full[c]} ({c})" for n in near for c in sorted(names[n]))
    raise WrongArgument(f"there is no authority {asked!r}." + (f" Nearest: {said}." if said else ""))


def find_measure(con: duckdb.DuckDBPyConnection, asked: str) -> str:
    """The id of a measure, given as it is or by words of its id or label.

    Raises:
        WrongArgument: none is meant, or several; the message names the nearest.
    """
    known: dict[str, str] = dict(con.execute("select measure_id, label from marts.dim_measure").fetchall())
    if asked in known:
        return asked
    words = _key(asked).split()
    found = [m for m, label in known.items() if words and all(w in _key(f"{m} {label}") for w in words)]
    if len(found) == 1:
        return found[0]
    if found:
        said = ", ".join(sorted(found)[:NAMED]) + (" …" if len(found) > NAMED else "")
        raise WrongArgument(f"{asked!r} may be {said}. Give the id.")
    near = difflib.get_close_matches(asked, list(known), n=3, cutoff=0.4)
    raise WrongArgument(f"{asked!r} is not a measure." + (f" Nearest: {', '.join(near)}." if near else ""))


def _key(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", " ", name.lower().replace("&", " and ")).strip()


def _exists(first: object, last: object, year: int | None) -> bool:
    if year is None:
        return last is None
    return (first is None or str(first) <= f"{year}-03-31") and (last is None or str(last) >= f"{year}-03-31")


def _words(name: str) -> list[str]:
    return [w for w in name.split() if w not in FILLERS] or name.split()


def _exactly(asked: str, name: str) -> bool:
    return asked == name or _words(asked) == _words(name)


def _by_words(asked: str, name: str) -> bool:
    """By the beginnings of all its words, or by a part of it."""
    mine, other = _words(asked), _words(name)
    begun = len(mine) == len(other) and all(o.startswith(m) for m, o in zip(mine, other, strict=True))
    return begun or (len(asked) > 2 and asked in name)


def _by_initials(asked: str, name: str) -> bool:
    return len(asked) > 1 and asked.replace(" ", "") == "".join(w[0] for w in _words(name))
