"""What is held back: the unit is one table of one edition, or one document.

A table that failed a check is *quarantined*: kept in the archive and in ``landing/.held``, listed with what failed and
what mends it, and tried again when the passports, the seeds, the code or its bytes change. What people took out of use
(:mod:`flows.landing.withdrawal`) lies there too, until they take it back. No model reads what is held back.
"""

from __future__ import annotations

import json
import os
from collections.abc import Collection, Iterable
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path

from flows.common.files import read_json, write_atomically
from flows.common.settings import Settings
from flows.landing.catalogue import (
    HELD,
    Catalogue,
    Key,
    base_edition,
    held_path,
    landed_path,
    read_catalogue,
    read_held,
    revision_number,
)
from flows.landing.ledger import Ledger
from flows.landing.withdrawn import DOCUMENTS, is_withdrawn, read_withdrawn

#: Letters of a reason that are kept.
LONGEST = 4000
#: Letters of a line of it that are shown.
WIDEST = 240


@dataclass(frozen=True)
class Unit:
    """What is held back by itself: a table of an edition, or a document (its table and edition are ``documents``)."""

    source: str
    table_name: str
    edition: str
    file: str
    sha256: str

    @property
    def is_document(self) -> bool:
        """Whether it is a document and no table."""
        return self.table_name == DOCUMENTS

    @property
    def key(self) -> Key:
        """Source, table and edition."""
        return self.source, self.table_name, self.edition

    @property
    def name(self) -> str:
        """What people call it."""
        if self.is_document:
            return f"{self.source}: {self.file}"
        return f"{self.source} {self.table_name} {self.edition} ({self.file})"


@dataclass(frozen=True)
class Quarantined(Unit):
    """A table or document that is held back since a check failed.

    ``by`` names the check, ``why`` says what it found, ``mends`` what to do; ``code`` is what it was checked with:
    where that changes it is tried again.
    """

    by: str
    why: str
    mends: str
    since: str
    code: str

    def text(self) -> str:
        """For people: what, why, and what mends it."""
        lines = [f"{self.name}, since {self.since[:10]}", f"  {self.by}"]
        lines += [f"    {line if len(line) <= WIDEST else line[:WIDEST] + '…'}" for line in self.why.splitlines()]
        return "\n".join([*lines, *([f"  What to do: {self.mends}"] if self.mends else [])])


# --- reading ---------------------------------------------------------------------------------------------------------


def quarantine_path(settings: Settings) -> Path:
    """Where the list is."""
    return settings.landing / HELD / "quarantine.json"


def read_quarantine(settings: Settings) -> list[Quarantined]:
    """What failed a check and is held back; nothing where the list cannot be read: everything is then tried again."""
    try:
        said = read_json(quarantine_path(settings))
        return [Quarantined(**{f.name: str(q[f.name]) for f in fields(Quarantined)}) for q in said]
    except (OSError, ValueError, TypeError, KeyError):
        return []


def unseen(settings: Settings) -> list[Quarantined]:
    """What is quarantined and nobody has seen to: what people withdrew besides, they have; and the publisher has, where
    a later state of the edition is in use.

    Raises:
        CswError: the list of what is withdrawn, or of what is landed, cannot be read.
    """
    withdrawn = read_withdrawn(settings)
    return [q for q in not_superseded(settings) if not is_withdrawn(withdrawn, q.sha256, q.table_name)]


def not_superseded(settings: Settings) -> list[Quarantined]:
    """What is quarantined and may be tried again: no later state of it is in use.

    Raises:
        CswError: the list of what is landed cannot be read.
    """
    listed = read_quarantine(settings)
    replaced = superseded(settings, listed)
    return [q for q in listed if q.key not in replaced]


def superseded(settings: Settings, units: Iterable[Quarantined] | None = None) -> frozenset[Key]:
    """States of an edition of which a later one is in use: they change no figure, and are not tried again.

    Args:
        settings: where the lists are.
        units: which to look at; what is quarantined where absent.

    Raises:
        CswError: the list of what is landed cannot be read.
    """
    listed = [q for q in (read_quarantine(settings) if units is None else units) if not q.is_document]
    newest: dict[Key, int] = {}
    for x in read_catalogue(settings) if listed else []:
        edition = (x.source, x.table_name, base_edition(x.edition))
        newest[edition] = max(newest.get(edition, 0), revision_number(x.edition))
    return frozenset(
        q.key
        for q in listed
        if revision_number(q.edition) < newest.get((q.source, q.table_name, base_edition(q.edition)), 0)
    )


def held_documents(settings: Settings) -> frozenset[str]:
    """Hashes of documents that are not read."""
    quarantined, withdrawn = read_quarantine(settings), read_withdrawn(settings)
    return frozenset([q.sha256 for q in quarantined if q.is_document] + [w.sha256 for w in withdrawn if w.is_document])


def describe_quarantine(settings: Settings) -> str:
    """Everything that is held back, for people.

    Raises:
        CswError: a list cannot be read.
    """
    quarantined, withdrawn = unseen(settings), read_withdrawn(settings)
    replaced = superseded(settings)
    if not quarantined and not withdrawn and not replaced:
        return "Nothing is held back."
    parts = []
    if quarantined:
        parts.append(f"{len(quarantined)} quarantined: tried again when passports, seeds, code or bytes change.")
        parts += [q.text() for q in quarantined]
    if replaced:
        names = "\n".join("  " + " ".join(key) for key in sorted(replaced))
        parts.append(f"{len(replaced)} quarantined of which a later state is in use: not tried again.\n{names}")
    if withdrawn:
        parts.append(f"{len(withdrawn)} withdrawn by people: `csw withdraw … --undo` takes them into use again.")
        parts += [
            f"{w.source} {'' if w.is_document else f'{w.table_name} {w.edition} '}({w.file}), "
            f"since {w.at[:10]}\n  {w.reason}"
            for w in withdrawn
        ]
    return "\n\n".join(parts)


# --- holding back and releasing --------------------------------------------------------------------------------------


def hold(settings: Settings, units: Iterable[Quarantined]) -> None:
    """Quarantine tables and documents. What is held back already gets the new reason and keeps its day.

    Raises:
        CswError: the disk refuses.
    """
    before = {(q.sha256, q.table_name): q for q in read_quarantine(settings)}
    for unit in units:
        known = before.get((unit.sha256, unit.table_name))
        unit = replace(unit, why=unit.why[:LONGEST], since=known.since if known else unit.since)
        before[unit.sha256, unit.table_name] = unit
    move(settings, into={q.key for q in before.values() if not q.is_document})
    _write(settings, before.values())


def release(settings: Settings, units: Collection[Quarantined]) -> None:
    """Take quarantined tables and documents into use again, save what people withdrew.

    Raises:
        CswError: the disk refuses.
    """
    gone = {(q.sha256, q.table_name) for q in units}
    withdrawn = read_withdrawn(settings)
    move(settings, out={q.key for q in units if not is_withdrawn(withdrawn, q.sha256, q.table_name)})
    _write(settings, [q for q in read_quarantine(settings) if (q.sha256, q.table_name) not in gone])


def reconcile(settings: Settings) -> bool:
    """See that the list and what is held back say the same, after a run was cut off or the list was damaged.

    What one of them does not know is in use, and will be checked again.

    Returns:
        whether anything was moved.

    Raises:
        CswError: a list cannot be read, or the disk refuses.
    """
    listed, held = read_quarantine(settings), {x.key: x for x in read_held(settings)}
    withdrawn = read_withdrawn(settings)
    known = {q.key for q in listed}
    unknown = [k for k, x in held.items() if k not in known and not is_withdrawn(withdrawn, x.sha256, k[1])]
    is_moved = move(settings, out=unknown)
    true = [q for q in listed if q.is_document or q.key in held]
    if true != listed:
        _write(settings, true)
    return is_moved


def forget(settings: Settings, keys: Collection[Key]) -> None:
    """Take all but these tables off the list: everything else has been landed anew and is checked again.

    Raises:
        CswError: the disk refuses.
    """
    if quarantine_path(settings).exists():
        _write(settings, [q for q in read_quarantine(settings) if q.key in keys])


def retry(settings: Settings, code: str) -> list[Quarantined]:
    """Release what was checked with other code, seeds or passports; say what that is.

    Raises:
        CswError: the disk refuses.
    """
    again = [q for q in not_superseded(settings) if q.code != code]
    # Where the lists do not fit together, the landing is made anew and everything is tried again.
    if not again or Ledger.read(settings)[1]:
        return []
    release(settings, again)
    return again


def _write(settings: Settings, units: Iterable[Quarantined]) -> None:
    listed = [asdict(q) for q in sorted(units, key=lambda q: (q.key, q.sha256))]
    write_atomically(quarantine_path(settings), json.dumps(listed, indent=1, ensure_ascii=False).encode())


def move(settings: Settings, *, into: Collection[Key] = (), out: Collection[Key] = ()) -> bool:
    """Move landed tables into or out of what is held back; whether any was moved.

    The lists first: a file without a line is cleared away, a line without a file is read again from the archive.

    Raises:
        CswError: the disk refuses.
    """
    if not into and not out:
        return False
    in_use, held = Catalogue.read(settings), Catalogue.read(settings, held=True)
    going = [k for k in into if k in in_use.tables]
    coming = [k for k in out if k in held.tables and k not in in_use.tables]
    if not going and not coming:
        return False
    ledger, trouble = Ledger.read(settings)
    for key in going:
        in_use.give(key, held)
    for key in coming:
        held.give(key, in_use)
    held.save(settings, held=True)
    in_use.save(settings)
    for key in going:
        _rename(landed_path(settings, *key), held_path(settings, *key))
    for key in coming:
        _rename(held_path(settings, *key), landed_path(settings, *key))
    if not trouble:
        ledger.write(settings)
    return True


def _rename(before: Path, after: Path) -> None:
    after.parent.mkdir(parents=True, exist_ok=True)
    if before.exists():
        os.replace(before, after)
