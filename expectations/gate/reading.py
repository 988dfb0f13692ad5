"""Landed files read into DuckDB: rows and their keys, symbols, and the figures that measures take from them.

Files of one symbol set and of about one width are read in one statement each, two at a time. What the statements
leave in the connection's tables is what :mod:`expectations.gate.frames` hands to Great Expectations.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import duckdb

from expectations.gate.landed import META, LandedFile
from expectations.sql import listed, number, text

#: The usual figure of each measure that is a count, a rate or money: the median authority, over the years.
TYPICAL = Path(__file__).parent / "typical.csv"
#: Levels that hold figures; a heading or a footnote has none.
LEVELS = ("la", "regional", "national")
#: Files are read together with others of about their number of columns.
WIDTHS = (24, 60, 130, 1_000_000)
#: A file of more rows than this is read only with others whose figures stand in the same columns.
LONG = 4000

#: What the system says that gives out, or whose disk fails.
_GIVEN_OUT = (errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EMFILE, errno.ENFILE, errno.ENOMEM)

_TABLES = """
create table row_profile (id integer, rows bigint);
create table key_row (
    id integer, file_row integer, level text, unit text, period text, filter text, content text
);
create table place (id integer, level text, la_code text, ons_code text, la_name text, rows bigint, file_row integer);
create table period_profile (id integer, period text, rows bigint, authorities bigint, file_row integer);
create table symbol (id integer, position integer, printed text, cells bigint, file_row integer);
create table figure (
    id integer, file_row integer, unit text, period text, filter text, position integer, amount double,
    measure_id text, component text, is_other_year boolean, year_rule text
);
"""


def _is_of_the_machine(exc: duckdb.Error) -> bool:
    """Whether memory, disk or files gave out, which says nothing of what was being read."""
    said = str(exc)
    return isinstance(exc, duckdb.OutOfMemoryException) or any(os.strerror(number) in said for number in _GIVEN_OUT)


class LandedTables:
    """Landed files in DuckDB.

    ``problems`` says of a file (by its place in ``files``) why it could not be read; such a file leaves nothing behind
    but its line in ``landed``.
    """

    def __init__(self, landing: Path, seeds: Path, files: list[LandedFile], problems: dict[int, str]) -> None:
        self.files = files
        self.problems = dict(problems)
        self.connection = duckdb.connect()
        self.connection.execute(
            "set threads = 2; set enable_progress_bar = false; set preserve_insertion_order = false"
        )
        self._prepare(landing, seeds)
        # Most statements read small files, each on one core; the large one (LAIT) is parallel in itself and goes first.
        groups = sorted(
            _groups(files, self.problems), key=lambda g: -sum(files[i].row_count * len(files[i].columns) for i in g)
        )
        with ThreadPoolExecutor(2) as pool:
            list(pool.map(self._read, groups))

    def close(self) -> None:
        """Give the memory back."""
        self.connection.close()

    def _prepare(self, landing: Path, seeds: Path) -> None:
        c = self.connection
        c.execute(_TABLES)
        _fill(
            c,
            "landed",
            "id integer, source text, table_name text, edition text, shape text, file text, path text, "
            "row_count bigint, figures integer, symbol_set text",
            [
                (i, *f.key, f.shape, f.file, str(f.path), f.row_count, len(f.figures), f.symbol_set)
                for i, f in enumerate(self.files)
            ],
        )
        c.execute(
            f"""
            create table landed_column as
            select landed.id, cast(position as integer) + {len(META) - 1} as position, column_name,
                lower(column_name) as label, role = 'figure' as is_figure
            from read_csv({text(str(landing / "columns.csv"))}, all_varchar = true, header = true)
            inner join landed using (source, table_name, edition)
            """
        )
        _prepare_meaning(c, seeds)

    def _read(self, group: list[int]) -> None:
        """Read files of one symbol set and of about one width."""
        c = self.connection.cursor()
        try:
            try:
                self._read_rows(c, group)
            except duckdb.Error as exc:
                if _is_of_the_machine(exc):
                    # Said of a file, it would hold that back until its bytes or the checks change.
                    raise
                # One file that cannot be read keeps none of the others.
                if len(group) == 1:
                    self.problems[group[0]] = f"cannot be read: {str(exc).splitlines()[0]}"
                    return
                for i in group:
                    self._read([i])
                return
            self._keep_keys(c)
            self._keep_symbols(c, group)
            self._keep_figures(c, group)
        finally:
            c.close()

    def _read_rows(self, c: duckdb.DuckDBPyConnection, group: list[int]) -> None:
        """The rows of a group as they stand, in a temporary table."""
        files = [self.files[i] for i in group]
        width = len(META) + max(len(f.columns) for f in files)
        cells = [f"c{i}" for i in range(len(META), width)]
        columns = ", ".join(f"'{name}': 'VARCHAR'" for name in [*META, *cells])
        paths = ", ".join(text(str(f.path)) for f in files)
        shown = "".join(f", c{p}" for p in self._figure_positions(group))
        # Tables of words may name an authority many times: there a row is repeated only if all of it is.
        content = "''"
        if not all(f.figures for f in files):
            content = f"case when landed.figures = 0 then concat_ws(' | ', {', '.join(cells)}) else '' end"
        # Shorter rows are filled up, for which a file with line ends in quotes must be read by one thread.
        is_ragged = len({len(f.columns) for f in files}) > 1
        padding = "null_padding = true, parallel = false, " if is_ragged else ""
        c.execute(
            f"""
            create or replace temp table landed_row as
            select landed.id, cast(_row as integer) as file_row, _level as level, _la_code as la_code,
                _gss_code as ons_code, _la_name as la_name,
                case when _la_code <> '' then _la_code when _level = 'la' then nullif(_la_name, '')
                    else nullif(trim(concat(_gss_code, ' ', _la_name)), '') end as unit,
                _period as period, _filter as filter, {self._is_absent(group)} as is_absent,
                {content} as content{shown}
            from read_csv(
                [{paths}], columns = {{{columns}}}, auto_detect = false, header = true, delim = ',', quote = '"',
                escape = '"', nullstr = ['\\N'], {padding}filename = 'path'
            )
            inner join landed using (path)
            """
        )

    def _is_absent(self, group: list[int]) -> str:
        """Whether a row says that its authority does not exist then: no figure is one, and one is "not applicable"."""
        first = self.files[group[0]]
        positions = self._figure_positions(group)
        if not first.not_applicable or not positions:
            return "false"
        figures = [f"c{p}" for p in positions]
        n_absent = _count_of(first.not_applicable, figures)
        n_silent = _count_of(first.not_applicable | first.unavailable, figures)
        in_all = [f"c{p}" for p, ids in positions.items() if len(ids) == len(group)]
        # The quick answer first: most rows have a number in front.
        guard = "_level = 'la'" + "".join(f" and {number(c)} is null" for c in in_all[:2])
        return (
            f"landed.figures > 0 and case when {guard} then {n_absent} > 0 and {n_silent} >= landed.figures "
            "else false end"
        )

    def _keep_keys(self, c: duckdb.DuckDBPyConnection) -> None:
        c.execute("insert into row_profile select id, count(*) from landed_row group by id")
        c.execute(
            f"""
            insert into key_row
            select id, file_row, level, unit, period, filter, content
            from landed_row where level in {LEVELS}
            """
        )
        c.execute(
            """
            insert into place
            with place as (
                select id, level, la_code, ons_code, la_name, count(*) as rows, min(file_row) as file_row
                from landed_row group by all
            )
            select id, level, nullif(trim(la_code), ''), nullif(trim(ons_code), ''), nullif(trim(la_name), ''), rows,
                file_row
            from place
            """
        )
        c.execute(
            f"""
            insert into period_profile
            select id, period, count(*),
                nullif(count(distinct unit) filter (where level = 'la' and not is_absent), 0), min(file_row)
            from landed_row where level in {LEVELS}
            group by id, period
            """
        )

    def _keep_symbols(self, c: duckdb.DuckDBPyConnection, group: list[int]) -> None:
        """What is in a column of figures and is no number, with how often it does."""
        positions = self._figure_positions(group)
        if not positions:
            return
        c.execute(
            f"""
            insert into symbol
            with cell as (
                select id, file_row, unnest([{listed(positions)}]) as position,
                    unnest([{", ".join(f"c{p}" for p in positions)}]) as printed
                from landed_row where level in {LEVELS}
            ),
            word as (
                select id, position, trim(printed) as printed, count(*) as cells, min(file_row) as file_row
                from cell where {_is_no_number("printed")} group by all
            )
            select word.* from word inner join landed_column using (id, position) where is_figure
            """
        )

    def _keep_figures(self, c: duckdb.DuckDBPyConnection, group: list[int]) -> None:
        """Figures of authorities that a measure takes."""
        found = c.execute(f"select distinct position from mapping where id in ({listed(group)}) order by 1").fetchall()
        positions = [p for (p,) in found]
        if not positions:
            return
        c.execute(
            f"""
            insert into figure
            with cell as (
                select id, file_row, unit, period, filter, unnest([{listed(positions)}]) as position,
                    unnest([{", ".join(f"c{p}" for p in positions)}]) as printed
                from landed_row
                where level = 'la' and (id, filter) in (select (id, filter) from mapping)
            )
            select cell.id, cell.file_row, cell.unit, cell.period, cell.filter, cell.position,
                {number("cell.printed")} * mapping.unit_factor as amount, mapping.measure_id, mapping.component,
                mapping.is_other_year, mapping.year_rule
            from cell
            inner join mapping
                on cell.id = mapping.id and cell.position = mapping.position and cell.filter = mapping.filter
                    and (mapping.period is null or cell.period = mapping.period)
            where amount is not null
            """
        )

    def _figure_positions(self, group: list[int]) -> dict[int, set[int]]:
        """Positions that hold figures → in which files."""
        found: dict[int, set[int]] = {}
        for i in group:
            figures = set(self.files[i].figures)
            for j, name in enumerate(self.files[i].columns):
                if name in figures:
                    found.setdefault(len(META) + j, set()).add(i)
        return dict(sorted(found.items()))


def _prepare_meaning(c: duckdb.DuckDBPyConnection, seeds: Path) -> None:
    """What columns mean: the mapped ones of each landed table, the bounds of measures, and their usual figures."""
    c.execute(
        f"""
        create table mapping_row as
        select source, table_name, edition_from, edition_to, lower(column_name) as label,
            coalesce(filter, '') as filter, period, measure_id, component,
            cast(unit_factor as double) as unit_factor, year is not null as is_other_year,
            -- Columns of several years stand side by side in a file of one period.
            concat_ws('+', coalesce(year, 'period'), year_shift) as year_rule
        from read_csv({text(str(seeds / "measure_source.csv"))}, all_varchar = true, header = true)
        union all
        -- The lines of section 251 that are totals of a group, gross and net.
        select 'dfe_s251_outturn', 'table_a1', line.edition_from, line.edition_to, lower(money.column_name),
            line.filter, null, 'spend_' || line.spend_group || '_' || money.gross_or_net, 'total',
            cast(money.unit_factor as double), false, ''
        from read_csv({text(str(seeds / "spend_line.csv"))}, all_varchar = true, header = true) as line
        inner join read_csv({text(str(seeds / "spend_column.csv"))}, all_varchar = true, header = true) as money
            on line.edition_from >= money.edition_from
                and (money.edition_to is null or line.edition_from <= money.edition_to)
        where line.line_kind = 'total'
        """
    )
    c.execute(
        r"""
        create table mapping as
        select distinct landed.id, landed_column.position, mapping_row.filter, mapping_row.period,
            mapping_row.measure_id, mapping_row.component, mapping_row.unit_factor, mapping_row.is_other_year,
            mapping_row.year_rule
        from landed
        inner join landed_column on landed.id = landed_column.id and landed_column.is_figure
        inner join mapping_row
            on landed.source = mapping_row.source and landed.table_name = mapping_row.table_name
                and landed_column.label = mapping_row.label
                and regexp_replace(landed.edition, '-r\d+$', '') >= mapping_row.edition_from
                and (mapping_row.edition_to is null
                    or regexp_replace(landed.edition, '-r\d+$', '') <= mapping_row.edition_to)
        """
    )
    c.execute(
        f"""
        create table measure as
        select measure_id, unit, cast(lowest as double) as lowest, cast(highest as double) as highest
        from read_csv({text(str(seeds / "measure.csv"))}, all_varchar = true, header = true)
        """
    )
    c.execute(
        f"""
        create table typical as
        select measure_id, component, cast(median as double) as median
        from read_csv({text(str(TYPICAL))}, all_varchar = true, header = true)
        """
    )


def _groups(files: list[LandedFile], leave_out: Iterable[int]) -> list[list[int]]:
    """Files that can be read in one statement: one symbol set and about one width.

    Long ones only with those of the same figures: a statement costs more than a thousand rows, and a cell that is
    looked at in vain as much as any other.
    """
    groups: dict[tuple[object, ...], list[int]] = {}
    skipped = set(leave_out)
    for i, file in enumerate(files):
        if i in skipped:
            continue
        figures = set(file.figures)
        layout: object = next(w for w in WIDTHS if len(file.columns) <= w)
        if file.row_count > LONG:
            layout = tuple(j for j, name in enumerate(file.columns) if name in figures)
        groups.setdefault((file.symbol_set, layout), []).append(i)
    return list(groups.values())


def _count_of(symbols: Iterable[str], cells: Iterable[str]) -> str:
    """How many cells of a row hold one of the symbols."""
    wanted = ", ".join(text(s) for s in sorted(symbols))
    return f"len(list_filter([{', '.join(cells)}], lambda x: trim(x) in ({wanted})))"


def _is_no_number(column: str) -> str:
    """Whether something is in a cell that is no number; the quick answers are tried first."""
    return (
        f"case when try_cast({column} as double) is not null then false "
        f"else {column} is not null and {number(column)} is null end"
    )


def _fill(c: duckdb.DuckDBPyConnection, name: str, columns: str, rows: Sequence[tuple[object, ...]]) -> None:
    """A table from rows; one statement, because one per row is slow."""
    c.execute(f"create table {name} ({columns})")
    for start in range(0, len(rows), 2000):
        chunk = rows[start : start + 2000]
        c.execute(
            f"insert into {name} values " + ", ".join("(" + ", ".join(_literal(v) for v in r) + ")" for r in chunk)
        )


def _literal(value: object) -> str:
    return text(value) if isinstance(value, str) else str(value)
