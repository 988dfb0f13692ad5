"""The keys of a row, as its passport reads them: the place, the period, the filters."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from operator import itemgetter

from flows.common.errors import RefusedFile
from flows.landing.fits import Fit
from flows.landing.grids import label
from flows.landing.levels import ELSEWHERE_NAMES, area_name_of, level_of
from flows.landing.places import plain_code
from flows.sources.passport import Level

#: What programs write into a cell that was blank.
_BLANK = frozenset({"nan", "na", "<na>", "none", "null", "#n/a"})
#: The mark of a footnote behind a name on a presentation sheet: ``Merton2``.
_FOOTNOTE_MARK = re.compile(r"(?<=[^\W\d])\d[\d,]*$")


class RowKeys:
    """The keys of a table's rows, as the passport reads them: the place, the period, the filters.

    The same cells are read once: a table names few places, and few values of its filters.
    """

    def __init__(self, fit: Fit, columns: list[str], path: str) -> None:
        self._fit, self._path = fit, path
        table = fit.table
        at = {label(c): i for i, c in enumerate(columns)}

        def position(key: str) -> int | None:
            name = fit.keys.get(key)
            if name is None:
                return None
            return int(name[1:]) - 1 if name.startswith("#") else at[label(name)]

        self._level, self._code, self._gss, self._name, self._period = (
            position(k) for k in ("level", "la_code", "gss_code", "la_name", "period")
        )
        self._default_period = fit.reading.period or fit.edition or ""
        self._wider = [p for k in ("region_name", "country_name") if (p := position(k)) is not None]
        self._classes = [
            (at[label(c)], {label(w): level for w, level in words.items()}) for c, words in table.levels.items()
        ]
        self._filters = _filter_positions(table.filter_columns(fit.reading), at, path)
        own = (self._level, self._code, self._gss, self._name)
        of_place = [p for p in own if p is not None] + self._wider + [p for p, _ in self._classes]
        self._cells_of_place = cells_at(of_place)
        self._cells_of_filters = cells_at([p for _, p in self._filters])
        self._left_blank: dict[str, list[int]] = {"period": [], "level": []}
        self._places: dict[Sequence[str], tuple[Level, str, str, str, bool]] = {}
        self.filters_seen: dict[tuple[str, Sequence[str]], str] = {}
        """Title of the block and cells of the filters → what ``_filter`` says of them."""

    def of(self, row: list[str], number: int, block: str) -> tuple[Level, str, str, str, str, str]:
        """Level, DfE code, ONS code and name of a row's place; its period (of a table that does not print any, its
        edition's); and what it is of beside these, ``filter=value|…``.

        Raises:
            RefusedFile: the level is no known word.
        """
        cells = self._cells_of_place(row)
        found = self._places.get(cells)
        if found is None:
            found = self._places[cells] = self._read_place(row, number)
        level, code, gss, name, is_nameless = found
        if is_nameless and sum(bool(c.strip()) for c in row) == 1:
            # A heading between rows, or a footnote.
            level, code, name = "none", "", self._printed_name(row)
        elif level == "none" and self._level is not None and not _text(row[self._level]) and self._has_code(row):
            self._left_blank["level"].append(number)
        period = self._printed_period(row, level, number)
        seen = block, self._cells_of_filters(row)
        filters = self.filters_seen.get(seen)
        if filters is None:
            filters = self.filters_seen[seen] = self._read_filters(row, block)
        return level, code, gss, name, period, filters

    def _has_code(self, row: list[str]) -> bool:
        return any(p is not None and row[p].strip() for p in (self._code, self._gss))

    def _printed_period(self, row: list[str], level: Level, number: int) -> str:
        if self._period is None:
            return self._default_period
        period = row[self._period].strip()
        if level != "none" and not period:
            self._left_blank["period"].append(number)
        # Programs that read years as numbers write them with a point.
        return period.removesuffix(".0") if period[:4].isdigit() else period

    def refuse_merged(self, rows: int) -> None:
        """Cells that were merged, or printed once for all rows below, hold their word once. A row or two without a word
        are the publisher's.

        Args:
            rows: how many were read.

        Raises:
            RefusedFile: most rows of authorities or areas have no level or period.
        """
        for key, blank in self._left_blank.items():
            if 2 * len(blank) > rows:
                raise RefusedFile(
                    self._path,
                    f"the {key} of {len(blank):,} of {rows:,} rows is blank.",
                    row=blank[0],
                    column=self._fit.keys.get(key),
                    advice="Where a spreadsheet shows it once for the rows below, fill it down, or give the file as "
                    "published.",
                )

    def _read_filters(self, row: list[str], block: str) -> str:
        parts = [f"{f}={' '.join(row[j].split())}" for f, j in self._filters]
        if self._fit.table.block_title:
            parts.append(f"block={block}")
        return "|".join(parts)

    def _read_place(self, row: list[str], number: int) -> tuple[Level, str, str, str, bool]:
        """As :meth:`place`, and whether no code says which place it is."""
        table = self._fit.table
        name = self._printed_name(row)
        code = plain_code(_text(row[self._code])) if self._code is not None else ""
        gss = _text(row[self._gss]) if self._gss is not None else ""
        if self._classes:
            level: Level = next((words.get(label(row[j]), "none") for j, words in self._classes), "none")
            if label(name) in ELSEWHERE_NAMES:
                level = "none"
        else:
            word = _text(row[self._level]) if self._level is not None else None
            level = table.level or level_of(word, code, gss, name, self._path, number)
        is_nameless = table.level is None and not code and not gss
        if level == "la":
            return level, code, gss, name, is_nameless
        return level, "", gss, area_name_of(level, name), is_nameless

    def _printed_name(self, row: list[str]) -> str:
        """The name that a row prints, without the mark of a footnote and what the passport takes off."""
        name = _name(row, self._name, self._wider)
        if self._fit.grid.name:
            name = _FOOTNOTE_MARK.sub("", name)
        if self._fit.table.name_without:
            name = re.sub(self._fit.table.name_without, "", name).strip()
        return name


def cells_at(positions: list[int]) -> Callable[[list[str]], Sequence[str]]:
    """What takes the cells at some positions out of a row."""
    if len(positions) > 1:
        return itemgetter(*positions)
    if positions:
        at = positions[0]
        return lambda row: (row[at],)
    return lambda _: ()


def _filter_positions(columns: dict[str, str], at: dict[str, int], path: str) -> list[tuple[str, int]]:
    """Where each filter is, under whichever of its names (``a|b``) the file has.

    What one filter took is no other's: a name may pass from one column to the next. Beside ``cla_group``,
    ``characteristic`` is the value of a group; beside ``breakdown`` it is the group.

    Raises:
        RefusedFile: of a filter's names the file has none, or only one that another filter has.
    """
    taken: dict[int, str] = {}
    for name, names in columns.items():
        position = next((i for n in names.split("|") if (i := at.get(label(n), -1)) >= 0 and i not in taken), None)
        if position is None:
            others = [f"{n} is read as {taken[at[label(n)]]}" for n in names.split("|") if label(n) in at]
            raise RefusedFile(
                path,
                f"no column is left to be {name} (one of {', '.join(names.split('|'))})"
                + (f": {', '.join(others)}." if others else "."),
                column=names.split("|")[-1],
                advice="If the publisher renamed it, add the new name to the table's filters in its passport.",
            )
        taken[position] = name
    return [(name, i) for i, name in taken.items()]


def _name(row: list[str], name_at: int | None, wider_at: list[int]) -> str:
    """The authority's name; of a row without one, the region's, else the country's, that it sums."""
    positions = [*([name_at] if name_at is not None else []), *wider_at]
    return next((text for p in positions if (text := _text(row[p]))), "")


def _text(cell: str) -> str:
    """A key's cell; blank where a program wrote its word for nothing."""
    text = cell.strip()
    return "" if text.casefold() in _BLANK else text
