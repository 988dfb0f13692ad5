"""Taking landed tables and archived documents out of use, or into use again, as people ask for by name.

What was asked is kept with its reason (:mod:`flows.landing.withdrawn`); the tables lie with what is quarantined.
"""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path, PurePath

from flows.common.errors import WrongArgument
from flows.common.files import sha256_of
from flows.common.settings import Settings
from flows.landing.archive import Archive
from flows.landing.catalogue import Landed, read_catalogue, read_held
from flows.landing.ledger import Ledger
from flows.landing.quarantine import move, read_quarantine
from flows.landing.withdrawn import DOCUMENTS, RESTORE, WITHDRAW, Withdrawn, now, read_withdrawn, record


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
        move(settings, into=keys)
        return lines
    move(settings, out=keys - {q.key for q in read_quarantine(settings)})
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
