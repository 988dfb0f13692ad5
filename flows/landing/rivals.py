"""Several files of one delivery for one place: in the order that the publisher gives, or refused by name."""

from __future__ import annotations

from flows.common.errors import RefusedFile
from flows.landing.delivery import File
from flows.landing.placing import Placing
from flows.landing.states import in_order, mark_of
from flows.landing.workers import Read


class Rivals(Placing):
    """The step from new files to their places, where they contradict one another."""

    def _place_new(self, files: list[tuple[File, Read]]) -> None:
        """Place new files. Unlike files for one place are put in the publisher's order, or refused by name."""
        rivals: dict[tuple[str, str, str], list[int]] = {}
        for i, (_, done) in enumerate(files):
            for t in done.tables:
                rivals.setdefault((done.source, t.table, done.edition), []).append(i)
        placed: set[int] = set()
        for i, (f, done) in enumerate(files):
            if i in placed:
                continue
            group = self._unlike(i, files, rivals)
            placed |= set(group)
            if len(group) == 1:
                self._place(f, done)
                continue
            # Files of one content are one: what is said of any of them is said of all.
            alike: dict[tuple[tuple[str, str], ...], list[int]] = {}
            for j in group:
                content = tuple(sorted((t.table, self._cells(t.path)) for t in files[j][1].tables))
                alike.setdefault(content, []).append(j)
            kinds = list(alike.values())
            said = [[(files[j][0].name, files[j][0].published_on) for j in kind] for kind in kinds]
            order = in_order([(max((n for n, _ in k), key=mark_of), max(day for _, day in k)) for k in said])
            if order is None:
                for j in group:
                    mine = next(kind for kind in kinds if j in kind)
                    self._refuse_rival(files[j], [files[k] for k in group if k not in mine])
                continue
            for at in order:
                for j in kinds[at]:
                    self._place(*files[j])

    def _unlike(
        self, i: int, files: list[tuple[File, Read]], rivals: dict[tuple[str, str, str], list[int]]
    ) -> list[int]:
        """A file and those that claim one of its places with other cells, save what is there already."""
        if not files[i][1].tables or self._is_known(files[i][1]):
            return [i]
        group = [i]
        for j in group:
            for t in files[j][1].tables:
                for k in rivals[files[j][1].source, t.table, files[j][1].edition]:
                    if k in group or self._is_known(files[k][1]):
                        continue
                    other = next(x for x in files[k][1].tables if x.table == t.table)
                    if self._cells(other.path) != self._cells(t.path):
                        group.append(k)
        return sorted(group)

    def _refuse_rival(self, mine: tuple[File, Read], others: list[tuple[File, Read]]) -> None:
        f, done = mine
        names = ", ".join(o.name for o, _ in others)
        tables = {t.table for t in done.tables} & {t.table for _, d in others for t in d.tables}
        self.report.refused.append(
            RefusedFile(
                f.name,
                f"this and {names} are unlike files for one place, {done.source} {', '.join(sorted(tables))} edition "
                f"{done.edition}, and neither says which of them revises the other.",
                advice="Leave the one that holds, or say in MANIFEST.csv when each was published (published_on).",
            )
        )
