"""What is held back: the unit is one table of one edition, or one document.

A table that failed a check is *quarantined*: kept in the archive and in ``landing/.held``, listed with what failed and
what mends it, and tried again when the passports, the seeds, the code or its bytes change. What people took out of use
(:mod:`flows.landing.withdrawn`) lies there too, until they take it back. No model reads what is held back.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Collection, Iterable
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path, PurePath

from flows.common.errors import WrongArgument
from flows.common.files import read_json, write_atomically
from flows.common.settings import Settings
from flows.landing.archive import Archive
from flows.landing.catalogue import (
    HELD,
    Catalogue,
    Key,
    Landed,
    base_edition,
    held_path,
    landed_path,
    read_catalogue,
    read_held,
    revision_number,
)
from flows.landing.ledger import Ledger
from flows.landing.withdrawn import DOCUMENTS, RESTORE, WITHDRAW, Withdrawn, now, read_withdrawn, record

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
    withdrawn, replaced = read_withdrawn(settings), superseded(settings)
    return [
        q
        for q in read_quarantine(settings)
        if not is_withdrawn(withdrawn, q.sha256, q.table_name) and q.key not in replaced
    ]


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
    _move(settings, into={q.key for q in before.values() if not q.is_document})
    _write(settings, before.values())


def release(settings: Settings, units: Collection[Quarantined]) -> None:
    """Take quarantined tables and documents into use again, save what people withdrew.

    Raises:
        CswError: the disk refuses.
    """
    gone = {(q.sha256, q.table_name) for q in units}
    withdrawn = read_withdrawn(settings)
    _move(settings, out={q.key for q in units if not is_withdrawn(withdrawn, q.sha256, q.table_name)})
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
    is_moved = _move(settings, out=unknown)
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
    replaced = superseded(settings)
    again = [q for q in read_quarantine(settings) if q.code != code and q.key not in replaced]
    # Where the lists do not fit together, the landing is made anew and everything is tried again.
    if not again or Ledger.read(settings)[1]:
        return []
    release(settings, again)
    return again


def _write(settings: Settings, units: Iterable[Quarantined]) -> None:
    listed = [asdict(q) for q in sorted(units, key=lambda q: (q.key, q.sha256))]
    write_atomically(quarantine_path(settings), json.dumps(listed, indent=1, ensure_ascii=False).encode())


def _move(settings: Settings, *, into: Collection[Key] = (), out: Collection[Key] = ()) -> bool:
    """Move landed tables into or out of what is held back, the lists first: a file without a line is cleared away, a
    line without a file is read again from the archive. Whether any was moved."""
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


# --- what people take out of use -------------------------------------------------------------------------------------


def withdraw(
    settings: Settings, what: str, edition: str = "", table: str = "", *, reason: str = "", undo: bool = False
) -> list[Withdrawn]:
    """Take landed tables or an archived document out of use, or into use again; the next run builds accordingly.

    For a caller that holds the writer's lock.

    Args:
        settings: where things are kept.
        what: a publication, with ``edition``; else a file: its name, its path, or the first digits of its sha256.
        edition: an edition of the publication.
        table: one table of it; every one where blank.
        reason: why; kept with it.
        undo: take into use again.

    Returns:
        a line for each table or document, as recorded.

    Raises:
        CswError: nothing is called so, or several files are; or no reason is given.
    """
    if not undo and not reason.strip():
        raise WrongArgument("say why: a table that is withdrawn keeps its reason (--reason).")
    known = _known(settings)
    withdrawn = {(w.sha256, w.table_name): w for w in read_withdrawn(settings)}
    units = _of_edition(known, what, edition, table) if edition else _of_file(known, what)
    chosen = [u for u in units if ((u.sha256, u.table_name) in withdrawn) == undo]
    if not chosen:
        raise WrongArgument(f"{units[0].file}: it is {'not withdrawn' if undo else 'withdrawn already'}.")
    at = now()
    lines = [replace(u, action=RESTORE if undo else WITHDRAW, at=at, reason=reason.strip()) for u in chosen]
    record(settings, lines)
    keys = {(w.source, w.table_name, w.edition) for w in lines}
    if not undo:
        _move(settings, into=keys)
        return lines
    _move(settings, out=keys - {q.key for q in read_quarantine(settings)})
    landed = {x.sha256 for x in (*read_catalogue(settings), *read_held(settings))}
    if any(not w.is_document and w.sha256 not in landed for w in lines):
        # It was never read under what reads files now: the next landing reads the archive again.
        ledger, trouble = Ledger.read(settings)
        if not trouble:
            replace(ledger, digest="").write(settings)
    return lines


def _known(settings: Settings) -> list[Withdrawn]:
    """Everything that can be withdrawn: landed tables, documents, and archived files that land no table now."""
    tables: list[Landed] = [*read_catalogue(settings), *read_held(settings)]
    found = [Withdrawn("", "", x.source, x.edition, x.table_name, x.file, x.sha256, "") for x in tables]
    landed = {x.sha256 for x in tables}
    for _, p in Archive(settings.archive).all():
        if p.edition == DOCUMENTS:
            found.append(Withdrawn("", "", p.source, DOCUMENTS, DOCUMENTS, p.file, p.sha256, ""))
        elif p.sha256 not in landed:
            found.append(Withdrawn("", "", p.source, p.edition, "", p.file, p.sha256, ""))
    return found


def _of_edition(known: list[Withdrawn], source: str, edition: str, table: str) -> list[Withdrawn]:
    mine = [u for u in known if u.source == source]
    if not mine:
        raise WrongArgument(
            f"{source}: nothing of it is landed. Known: {', '.join(sorted({u.source for u in known})) or 'nothing'}."
        )
    editions = [u for u in mine if u.edition == edition]
    if not editions:
        known_editions = ", ".join(sorted({u.edition for u in mine}))
        raise WrongArgument(f"{source} has no edition {edition}. Known: {known_editions}.")
    tables = [u for u in editions if not table or u.table_name in (table, "")]
    if not tables:
        names = ", ".join(sorted({u.table_name for u in editions}))
        raise WrongArgument(f"{source} {edition} has no table {table}. Known: {names}.")
    return tables


def _of_file(known: list[Withdrawn], what: str) -> list[Withdrawn]:
    from flows.common.files import sha256_of

    path = Path(what)
    if path.is_file():
        sha = sha256_of(path.read_bytes())
        if found := [u for u in known if u.sha256 == sha]:
            return found
    if re.fullmatch(r"[0-9a-f]{8,64}", what) and (found := [u for u in known if u.sha256.startswith(what)]):
        return found
    name = PurePath(what.replace("\\", "/")).name.casefold()
    found = [u for u in known if u.file.casefold() == name]
    if not found:
        raise WrongArgument(
            f"{what}: no file of that name is in the archive. Give a file's name, the first 8 or more digits of its "
            "sha256, or a publication and an edition (`csw status` lists them)."
        )
    places = {u.sha256: f"{u.source} {u.edition} {u.sha256[:12]}" for u in found}
    if len(places) > 1:
        called = "; ".join(places.values())
        raise WrongArgument(f"{what}: {len(places)} files are called so: {called}. Give the sha256.")
    return found


def is_withdrawn(lines: Iterable[Withdrawn], sha256: str, table: str) -> bool:
    """Whether a table of a file is among what people withdrew: by itself, or with the whole file."""
    return any(w.sha256 == sha256 and w.table_name in (table, "") for w in lines)


def next_state(edition: str, taken: Collection[str], *, earlier: bool = False) -> str:
    """What a further state of an edition is called: the next revision, or one found to be before the first."""
    base = base_edition(edition)
    numbers = [revision_number(e) for e in taken if base_edition(e) == base]
    if not numbers:
        return base
    return f"{base}-r{min(numbers) - 1 if earlier else max(numbers) + 1}"
