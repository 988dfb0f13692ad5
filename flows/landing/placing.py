"""Where a file that was read belongs: in the archive, among what is landed, or among what is held back."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from flows.common.errors import NotDescribed, RefusedFile
from flows.landing.archive import Provenance
from flows.landing.catalogue import (
    Landed,
    base_edition,
    held_path,
    landed_path,
    next_state,
    revision_number,
)
from flows.landing.delivery import File, as_day, same_bytes
from flows.landing.periods import last_year
from flows.landing.states import in_order
from flows.landing.under_way import UNRECOGNISED, UnderWay
from flows.landing.withdrawn import is_withdrawn
from flows.landing.workers import Read, ReadTable, read_files


class Placing(UnderWay):
    """The step from a file that was read to its place."""

    def _place(self, f: File, done: Read) -> None:
        """Put a file that was read in its place: the archive, the landing, the lists."""
        self._say_what_is_refused(done)
        if done.refusal is not None or (done.not_described and not done.tables):
            return
        if not done.source or done.remark:
            why = f" ({done.remark})" if done.remark else ""
            self.ledger.files[f.sha256] = UNRECOGNISED + why + self._looked_at(f)
            self.report.unrecognised.append(f.name + why)
            return
        if done.is_document:
            if self._keep(f, done.source, done.edition) is None:
                return
            self.ledger.files[f.sha256] = "document"
            self.report.documents += 1
            return
        new = [t for t in done.tables if self._same_cells(done, t.table, t.path) is None]
        parts = [t for t in new if self._is_part(f, done, t)]
        if parts and len(parts) == len(done.tables):
            return
        new = [t for t in new if t not in parts]
        if not new:
            first = self._same_cells(done, done.tables[0].table, done.tables[0].path) if done.tables else None
            self.ledger.files[f.sha256] = "in part" if done.refusals else "same"
            if first is not None and first.sha256 != f.sha256:
                self.report.duplicates.append((f.name, f"{first.file} ({first.source} {first.edition})"))
            else:
                self.report.unchanged += 1
            return
        edition = self._edition_of(f, done, [t.table for t in new])
        if edition is None:
            return
        if edition != done.edition:
            done = next(iter(read_files([self._job(f, edition)], 1)))
            wanted = {t.table for t in new}
            new = [t for t in done.tables if t.table in wanted]
        provenance = self._keep(f, done.source, edition)
        if provenance is None:
            return
        for t in new:
            self._put(f, t, done.source, provenance)
        self.ledger.files[f.sha256] = "in part" if done.refusals else "landed"

    def _say_what_is_refused(self, done: Read) -> None:
        """List what of a file that was read does not hold, or is of no edition that is described."""
        for file, problem, row, column, advice in (*([done.refusal] if done.refusal else []), *done.refusals):
            refusal = RefusedFile(file, problem, row=row, column=column, advice=advice)
            (self.report.flagged if done.is_document else self.report.refused).append(refusal)
        self.report.not_described += [
            NotDescribed(file, problem, row=row, column=column, advice=advice)
            for file, problem, row, column, advice in done.not_described
        ]

    def _put(self, f: File, t: ReadTable, source: str, provenance: Provenance) -> None:
        """Put a table that was read among those in use, or among those that are held back."""
        passport, edition = self.passports[source], provenance.edition
        meta = passport.edition(base_edition(edition))
        assert meta is not None
        entry = Landed(
            source=source,
            table_name=t.table,
            edition=edition,
            shape=t.shape,
            symbols=meta.symbols,
            role=passport.role,
            file=f.path.name,
            sha256=f.sha256,
            content_sha256=f.content_sha256,
            published_on=provenance.published_on,
            published_basis=provenance.published_basis,
            maturity=meta.maturity,
            landed_at=provenance.landed_at,
            url=provenance.url,
            row_count=t.rows,
            column_count=len(t.columns),
            first_period=t.first_period,
            last_period=t.last_period,
            edition_published_on=meta.published_on.isoformat(),
            landed_sha256=t.sha256,
        )
        is_held = entry.key in self.quarantined or is_withdrawn(self.withdrawn, f.sha256, t.table)
        target = (held_path if is_held else landed_path)(self.settings, *entry.key)
        target.parent.mkdir(parents=True, exist_ok=True)
        os.replace(t.path, target)
        self.ledger.saw(self.settings, target)
        self.cells.pop(target, None)
        (self.held if is_held else self.catalogue).add(entry, t.columns, t.units)
        if not is_held and entry.key not in self.restored:
            self.report.landed.append(entry)

    def _places(self, source: str, table: str, edition: str) -> list[tuple[Landed, Path]]:
        """The states of an edition of a table that are landed or held back, the first one first."""
        base = base_edition(edition)
        found = [
            (e, place(self.settings, *e.key))
            for c, place in ((self.catalogue, landed_path), (self.held, held_path))
            for e in c.tables.values()
            if (e.source, e.table_name, base_edition(e.edition)) == (source, table, base)
        ]
        return sorted(found, key=lambda x: revision_number(x[0].edition))

    def _same_cells(self, done: Read, table: str, path: Path) -> Landed | None:
        """The landed state of an edition that holds the cells of a table just read, if one does."""
        for entry, there in self._places(done.source, table, done.edition):
            if there.exists() and self._cells(there) == self._cells(path):
                return entry
        return None

    def _is_part(self, f: File, done: Read, t: ReadTable) -> bool:
        """Whether a table has fewer years than the edition has that is there: somebody's extract, not a revision.

        It is refused: were it taken, the years that it lacks would be read from older editions again.
        """
        states = [
            e
            for e, _ in self._places(done.source, t.table, done.edition)
            if not is_withdrawn(self.withdrawn, e.sha256, t.table)
        ]
        if not states or f.sha256 in self.kept:
            return False
        there = states[-1]
        whole = last_year(there.first_period), last_year(there.last_period)
        mine = last_year(t.first_period), last_year(t.last_period)
        if not (all(whole) and all(mine)) or not ((whole[0] or 0) < (mine[0] or 0) or (mine[1] or 0) < (whole[1] or 0)):
            return False
        span = t.first_period if t.first_period == t.last_period else f"{t.first_period} to {t.last_period}"
        self.report.refused.append(
            RefusedFile(
                f.name,
                f"it holds {span} of {done.source} {t.table} {done.edition}, of which {there.first_period} to "
                f"{there.last_period} is landed ({there.file}).",
                advice="A part is no revision: give the whole file. If the publisher has cut the table, "
                "`csw withdraw` takes out of use what is landed.",
            )
        )
        return True

    def _is_known(self, done: Read) -> bool:
        return all(self._same_cells(done, t.table, t.path) is not None for t in done.tables)

    def _edition_of(self, f: File, done: Read, tables: Iterable[str]) -> str | None:
        """The edition under which a file is kept; other cells at a known place are another state of that edition.

        A state that came before goes by the publisher's word, else by the order in which they came. None, and a
        refusal, where it would stand between two that are landed.
        """
        if done.edition != base_edition(done.edition):
            return done.edition
        there = {e.sha256: e for t in tables for e, _ in self._places(done.source, t, done.edition)}
        known = self.kept.get(f.sha256)
        if known is not None and base_edition(known[1].edition) == done.edition:
            # What it was when it came it stays, whatever is read first; a revision of nothing that is known is none.
            mine = known[1].edition
            is_free = all(e.edition != mine for e in there.values())
            if is_free and (there or mine == done.edition or self._has_original(known[1])):
                return mine
        if not there:
            return done.edition
        states = sorted(there.values(), key=lambda e: revision_number(e.edition))
        taken = [e.edition for e in states]
        stated = [e.published_on if e.published_basis == "stated" else "" for e in states]
        order = in_order([*((e.file, day) for e, day in zip(states, stated, strict=True)), (f.name, f.published_on)])
        at = len(states)
        if order is None or order[-1] == at:
            return next_state(done.edition, taken)
        if order[0] == at:
            return next_state(done.edition, taken, earlier=True)
        before, after = (states[order[order.index(at) + step]] for step in (-1, 1))
        self.report.refused.append(
            RefusedFile(
                f.name,
                f"by the publisher's word it is between {before.file} ({before.edition}) and {after.file} "
                f"({after.edition}), which are landed.",
                advice=f"It changes no figure while {after.edition} holds (`csw withdraw` takes that out of use).",
            )
        )
        return None

    def _has_original(self, revision: Provenance) -> bool:
        """Whether an earlier state of the same file name or table is in the archive."""
        return any(
            p.source == revision.source
            and base_edition(p.edition) == base_edition(revision.edition)
            and revision_number(p.edition) < revision_number(revision.edition)
            and p.file == revision.file
            for _, p in self.kept.values()
        )

    def _keep(self, f: File, source: str, edition: str) -> Provenance | None:
        """Archive a file; what is known of it already stays known. None, and a refusal, where it is gone again."""
        passport = self.passports[source]
        known = self.kept.get(f.sha256)
        if known is None:
            try:
                data = same_bytes(f.path, f.name, f.sha256)
            except RefusedFile as exc:
                self.report.refused.append(exc)
                return None
            made = self._provenance(passport, edition, f, len(data))
        else:
            p = known[1]
            made = self._provenance(passport, edition, f, p.bytes)
            same_place = (p.source, p.edition) == (source, edition)
            is_stated = p.published_basis == "stated" and as_day(p.published_on) is not None and not f.published_on
            made = replace(
                made,
                landed_at=p.landed_at,
                url=f.url or p.url or made.url,
                delivered_as=p.delivered_as,
                published_on=p.published_on if is_stated else made.published_on,
                published_basis="stated" if is_stated else made.published_basis,
            )
            if revision_number(edition) > 1 and made.published_basis != "stated" and as_day(p.published_on):
                # A revision without a day of its own was published by the day on which it was first seen.
                made = replace(made, published_on=p.published_on)
            if same_place:
                if made != p:
                    self.archive.attest(known[0], made)
                    self.kept[f.sha256] = (known[0], made)
                return made
            data = known[0].read_bytes()
        path = self.archive.add(data, made)
        self.kept[f.sha256] = (path, made)
        self.ledger.saw(self.settings, path)
        return made
