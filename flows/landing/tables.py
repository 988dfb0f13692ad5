"""From a recognised grid to a landed table: the publisher's columns and, in front, their keys as the passport reads."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from operator import itemgetter

from flows.common.errors import NotDescribed, RefusedFile
from flows.landing.figures import is_number
from flows.landing.grids import label
from flows.landing.places import plain_code
from flows.landing.recognise import Fit
from flows.landing.workbooks import column_letters
from flows.sources.passport import LEVEL_WORDS, Level, Passport, Table

#: Columns that landing adds, in front of the publisher's own.
META = (
    "_source",
    "_table",
    "_edition",
    "_sha256",
    "_row",
    "_level",
    "_la_code",
    "_gss_code",
    "_la_name",
    "_period",
    "_filter",
)
#: The mark of a footnote behind a name on a presentation sheet: ``Merton2``.
_FOOTNOTE_MARK = re.compile(r"(?<=[^\W\d])\d[\d,]*$")
_JOINT = re.compile(r"\d{3}( / \d{3})*")
NATIONAL_NAMES = frozenset({"england", "total england", "england total"})
REGIONAL_NAMES = frozenset(
    {
        "north east",
        "north west",
        "yorkshire and the humber",
        "yorkshire & the humber",
        "yorks & the humber",
        "yorkshire and humber",
        "yorkshrie and the humber",
        "london (inner)",
        "london (outer)",
        "east midlands",
        "west midlands",
        "east of england",
        "east",
        "london",
        "inner london",
        "outer london",
        "south east",
        "south west",
        "statistical neighbours",
    }
)
#: Spellings of a region beside the department's own: a region that two tables spell apart is one region.
REGION_SPELLINGS = {
    "yorkshire & the humber": "Yorkshire and The Humber",
    "yorks & the humber": "Yorkshire and The Humber",
    "yorkshire and humber": "Yorkshire and The Humber",
    "yorkshrie and the humber": "Yorkshire and The Humber",
    "yorkshire and the humber": "Yorkshire and The Humber",
    "london (inner)": "Inner London",
    "london (outer)": "Outer London",
    "east": "East of England",
    "east of england": "East of England",
}
#: Rows of placements that belong to no authority.
ELSEWHERE_NAMES = frozenset(
    {
        "placed outside of england",
        # Sums by class of authority.
        "london boroughs",
        "metropolitan districts",
        "shire counties",
        "unitary authorities",
    }
)


@dataclass(frozen=True)
class LandedTable:
    """One clean table: ``rows`` hold the meta columns after ``_sha256`` and then the publisher's columns, all text."""

    source: str
    table: str
    edition: str
    columns: list[str]
    rows: list[list[str]]
    filters: frozenset[str]
    periods: frozenset[str]


def last_year(period: str) -> int | None:
    """The year that a printed period ends in: 2022 → 2022, 202122 or 2021/22 or 2021-22 → 2022."""
    p = re.sub(r"\s*\([^)]*\)$", "", period.strip())
    if re.fullmatch(r"\d{4}", p):
        return int(p)
    m = re.fullmatch(r"(\d{4})[-/ ]?(\d{2})", p)
    return int(m.group(1)) + 1 if m else None


def land(fit: Fit, path: str) -> LandedTable:
    """Read a fitted grid.

    Raises:
        RefusedFile: a row has more or fewer fields than the header, two columns are called the same, a cell holds a
            spreadsheet's error, a level or period is not a known word, or the edition is not in the passport.
    """
    columns, body, first_row = _columns_and_body(fit, path)
    keys = _Keys(fit, columns, path)
    kept = _kept(columns, body, len(columns))
    # Cells by position, one or several, always as a tuple or a list.
    figures = list if kept == list(range(len(columns))) else _cells_at(kept)
    rows: list[list[str]] = []
    periods: set[str] = set()
    faults = fit.grid.faults
    for number, row, block in _rows_of_data(fit, columns, body, first_row, path):
        level, code, gss, name, period, filters = keys.of(row, number, block)
        if faults:
            _refuse_faults(fit, number, kept, columns, row, path)
        if level != "none":
            periods.add(period)
        rows.append([str(number), level, code, gss, name, period, filters, *figures(row)])
    edition = fit.edition or _edition_from_periods(fit, periods, rows, columns, kept, path)
    return LandedTable(
        fit.passport.source,
        fit.table.table,
        edition,
        [columns[j] for j in kept],
        rows,
        frozenset(keys.filters_seen.values()),
        frozenset(periods),
    )


def _rows_of_data(
    fit: Fit, columns: list[str], body: list[list[str]], first_row: int, path: str
) -> Iterator[tuple[int, list[str], str]]:
    """The rows of a table as wide as its header, each with its number in the file and the title of its block.

    What is no row of it is passed over: blank rows, titles and headers of further blocks; it may end before the sheet.

    Raises:
        RefusedFile: a row has more or fewer fields than the header.
    """
    table, width = fit.table, len(columns)
    stop = re.compile(table.stop_at).search if table.stop_at else None
    block = re.compile(table.block_title, re.IGNORECASE) if table.block_title else None
    block_name = ""
    if block:
        above = [m for row in fit.grid.rows[: fit.header_row] for c in row if (m := block.search(c))]
        block_name = above[-1].group(1) if above else ""
    header_labels = [label(c) for c in fit.grid.rows[fit.header_row]]
    last = next((i for i in reversed(range(len(body))) if _has_text(body[i])), -1)
    first_cells: list[str] = []
    some = False
    for i, row in enumerate(body[: last + 1]):
        if not _has_text(row):
            if table.stop_at_blank_row and some:
                return
            continue
        if stop and any(map(stop, row)):
            return
        if block:
            if m := next((m for c in row if (m := block.search(c))), None):
                block_name = m.group(1)
                continue
            if [label(c) for c in row][: len(header_labels)] == header_labels:
                continue
            if len(row) <= 2 < width and i != last:
                continue  # what is above the next block: its source, "Gender: Total"
        if len(row) != width:
            row = _fitted(row, width, path, first_row + i, columns, first_cells, is_last=i == last)
            if not row:
                continue
        first_cells.append(row[0])
        some = True
        yield first_row + i, row, block_name


class _Keys:
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
        self._cells_of_place = _cells_at(of_place)
        self._cells_of_filters = _cells_at([p for _, p in self._filters])
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
        period = row[self._period].strip() if self._period is not None else self._default_period
        seen = block, self._cells_of_filters(row)
        filters = self.filters_seen.get(seen)
        if filters is None:
            filters = self.filters_seen[seen] = self._read_filters(row, block)
        return level, code, gss, name, period, filters

    def _read_filters(self, row: list[str], block: str) -> str:
        parts = [f"{f}={' '.join(row[j].split())}" for f, j in self._filters]
        if self._fit.table.block_title:
            parts.append(f"block={block}")
        return "|".join(parts)

    def _read_place(self, row: list[str], number: int) -> tuple[Level, str, str, str, bool]:
        """As :meth:`place`, and whether no code says which place it is."""
        table = self._fit.table
        name = self._printed_name(row)
        code = plain_code(row[self._code]) if self._code is not None else ""
        gss = row[self._gss].strip() if self._gss is not None else ""
        if self._classes:
            level: Level = next((words.get(label(row[j]), "none") for j, words in self._classes), "none")
            if label(name) in ELSEWHERE_NAMES:
                level = "none"
        else:
            word = row[self._level] if self._level is not None else None
            level = table.level or _level(word, code, gss, name, self._path, number)
        is_nameless = table.level is None and not code and not gss
        if level == "la":
            return level, code, gss, name, is_nameless
        return level, "", gss, _area_name(level, name), is_nameless

    def _printed_name(self, row: list[str]) -> str:
        """The name that a row prints, without the mark of a footnote and what the passport takes off."""
        name = _name(row, self._name, self._wider)
        if self._fit.grid.name:
            name = _FOOTNOTE_MARK.sub("", name)
        if self._fit.table.name_without:
            name = re.sub(self._fit.table.name_without, "", name).strip()
        return name


def _cells_at(positions: list[int]) -> Callable[[list[str]], Sequence[str]]:
    """What takes the cells at some positions out of a row."""
    if len(positions) > 1:
        return itemgetter(*positions)
    if positions:
        at = positions[0]
        return lambda row: (row[at],)
    return lambda _: ()


def _has_text(row: list[str]) -> bool:
    return bool(row) and bool(row[0].strip() or "".join(row).strip())


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
    return next((row[p].strip() for p in positions if row[p].strip()), "")


def _area_name(level: Level, name: str) -> str:
    """England is England however it is written, and a region is called as the department calls it."""
    if level == "national":
        return "England"
    if level == "regional":
        plain = label(name)
        return REGION_SPELLINGS.get(plain, plain.title() if plain in REGIONAL_NAMES else name)
    return name


def _refuse_faults(fit: Fit, number: int, kept: list[int], columns: list[str], row: list[str], path: str) -> None:
    """A cell in which a spreadsheet shows an error, or would show nothing, is no figure and no blank.

    Raises:
        RefusedFile: names sheet, cell and column.
    """
    for j in kept:
        if (number, j + 1) in fit.grid.faults:
            text = row[j].strip()
            what = f"holds the spreadsheet's error {text}" if text.startswith("#") else f"is a {text}"
            raise RefusedFile(
                path,
                f"cell {column_letters(j + 1)}{number} of sheet {fit.grid.name!r} {what}: no figure, and no blank.",
                row=number,
                column=columns[j],
                advice="Download the file again, or ask the publisher; saving it may have lost its figures.",
            )


def _columns_and_body(fit: Fit, path: str) -> tuple[list[str], list[list[str]], int]:
    rows = fit.grid.rows
    header_rows = fit.reading.header_rows or fit.table.header_rows
    if header_rows:
        names = _joined_header([rows[r - 1] for r in header_rows], max(len(r) for r in rows))
        # A key's column is called what its own row says, whatever title reaches over it.
        own = {label(v) for v in (*fit.keys.values(), *fit.table.levels)}
        names = [c if label(c) in own else n for n, c in zip_longest(names, rows[header_rows[-1] - 1], fillvalue="")]
    else:
        names = [" ".join(c.replace("\ufeff", "").split()) for c in rows[fit.header_row]]
    while names and not names[-1]:
        names.pop()
    if not header_rows:
        _refuse_twins(fit, names, path)
    renames = {label(k): v for k, v in fit.reading.columns_named.items()}
    count: Counter[str] = Counter()
    columns = []
    for i, n in enumerate(names):
        n = n or f"column {i + 1}"
        n = renames.get(label(n), n)
        count[n.casefold()] += 1
        columns.append(n if count[n.casefold()] == 1 else f"{n} ({count[n.casefold()]})")
    return columns, rows[fit.header_row + 1 :], fit.header_row + 2


def _refuse_twins(fit: Fit, names: list[str], path: str) -> None:
    """Two columns of one name are two figures for one thing, unless the passport says that they stand for several.

    Raises:
        RefusedFile: names the column and both positions.
    """
    first: dict[str, int] = {}
    repeated = {label(c) for c in fit.table.repeated}
    for i, name in enumerate(names):
        key = label(name)
        if not key or key in repeated:
            continue
        if key in first:
            places = f"{column_letters(first[key] + 1)} and {column_letters(i + 1)}"
            raise RefusedFile(
                path,
                f"two columns are called this, the {first[key] + 1}th and the {i + 1}th ({places}); "
                "which is meant cannot be told.",
                row=fit.header_row + 1,
                column=name,
                advice="Download the file again; if the publisher prints it so, "
                f"say in flows/sources/{fit.passport.source}.yml that the column is repeated.",
            )
        first[key] = i


def _joined_header(rows: list[list[str]], width: int) -> list[str]:
    """Header rows of a presentation sheet as one: merged cells reach to the right, words are joined downwards."""
    filled = []
    for depth, row in enumerate(rows):
        current, out = "", []
        for i in range(width):
            cell = " ".join(row[i].split()) if i < len(row) else ""
            if depth == len(rows) - 1:
                out.append(cell)
                continue
            # A merged cell ends where a cell further down is alone under nothing of its own row.
            current = cell or current
            out.append(current)
        filled.append(out)
    return [" | ".join(p for p in parts if p) for parts in zip(*filled, strict=True)]


def _kept(columns: list[str], body: list[list[str]], width: int) -> list[int]:
    """Columns that have a name or anything in them; spacer columns of sheets have neither."""
    keep = []
    for j in range(width):
        unnamed = columns[j].startswith("column ") or " | " in columns[j]
        if not unnamed or any(j < len(r) and r[j].strip() for r in body):
            keep.append(j)
    return keep


def _fitted(
    row: list[str],
    width: int,
    path: str,
    number: int,
    columns: list[str],
    first_cells: list[str],
    *,
    is_last: bool,
) -> list[str]:
    """A row of another width than the header's, made as wide; a note under the table is kept in its first cell.

    Raises:
        RefusedFile: a row of the table has more fields than the header, or ends too early.
    """
    if len(row) > width and not any(c.strip() for c in row[width:]):
        return row[:width]
    if _is_note(row, first_cells):
        return [",".join(row).rstrip(","), *[""] * (width - 1)]
    if len(row) > width:
        raise RefusedFile(
            path,
            f"{len(row)} fields where the header has {width}.",
            row=number,
            advice="A thousands separator or a comma may stand outside quotes.",
        )
    if is_last or len(row) > 1:
        raise RefusedFile(
            path,
            f"the row ends after {len(row)} of {width} fields.",
            row=number,
            column=columns[len(row)],
            advice="The file is truncated: download it again.",
        )
    return row + [""] * (width - len(row))


def _is_note(row: list[str], first_cells: list[str]) -> bool:
    """Whether a row of another width is a note: words that no row of the table begins with, nor is cut off from."""
    start = row[0].strip()
    if not re.search(r"[^\W\d_]{2}", start) or any(cell.strip().startswith(start) for cell in first_cells):
        return False
    rest = [c for c in row[1:] if c.strip()]
    is_data = bool(rest) and all(is_number(c) and not c.startswith(" ") for c in rest)
    return not is_data and (" " in ",".join(row).strip() or len(row) == 1)


def _level(word: str | None, code: str, gss: str, name: str, path: str, number: int) -> Level:
    if word is not None:
        w = label(word)
        if not w:
            return "none"
        if w not in LEVEL_WORDS:
            raise RefusedFile(
                path,
                f"{word!r} is not a geographic level that is known here.",
                row=number,
                advice="Known: " + ", ".join(sorted(LEVEL_WORDS)) + ".",
            )
        return LEVEL_WORDS[w]
    plain = label(name)
    # The name goes first: 970 is England in one publication and 921 both England and Isle of Wight in another.
    if plain in NATIONAL_NAMES:
        return "national"
    if plain in REGIONAL_NAMES:
        return "regional"
    if plain in ELSEWHERE_NAMES:
        return "none"
    if _JOINT.fullmatch(code):
        return "la"
    # E07 are districts, which have no children's services.
    if re.match(r"E0[689]|E10", gss):
        return "la"
    if gss.startswith("E92"):
        return "national"
    if gss.startswith(("E12", "E13")):
        return "regional"
    if not code and not gss and 0 < len(plain) <= 45 and not plain[0].isdigit():
        return "la"
    return "none"


def _edition_from_periods(
    fit: Fit, periods: set[str], rows: list[list[str]], columns: list[str], kept: list[int], path: str
) -> str:
    table = fit.table
    if table.last_period_where:
        names = [label(columns[j]) for j in kept]
        tests = [(7 + names.index(label(c)), v) for c, v in table.last_period_where.items()]
        periods = {r[5] for r in rows if all(r[i].strip() == v for i, v in tests)}
    return last_period_edition(fit.passport, table, periods, path)


def last_period_edition(passport: Passport, table: Table, periods: Iterable[str], path: str) -> str:
    """The edition that ends where the periods end: a release is named by its last year.

    Raises:
        RefusedFile: no period reads as a year, or the passport has no edition for the last one.
    """
    years = [y for p in periods if (y := last_year(p)) is not None]
    if not years:
        raise RefusedFile(
            path,
            f"no period of {passport.source} {table.table} reads as a year (e.g. {next(iter(sorted(periods)), '')!r}).",
            column=table.keys.get("period"),
            advice="Years are written 2022, 202122 or 2021-22.",
        )
    last = str(max(years))
    for edition, reading in table.editions.items():
        if reading.last_period == last:
            return edition
    if last in passport.editions and not any(r.last_period for r in table.editions.values()):
        return last
    raise NotDescribed(
        path,
        f"{passport.source} {table.table} runs to {last}, and the passport has no such edition.",
        column=table.keys.get("period"),
        advice=f"Add edition {last} to flows/sources/{passport.source}.yml (docs/adding_a_year.md shows how).",
    )
