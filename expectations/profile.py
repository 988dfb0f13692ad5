"""Profiles of landed tables: small frames, computed by DuckDB, on which the suites' expectations are stated.

Each frame has one row per thing that can be right or wrong. ``table``: a landed table. ``period``: a period of it.
``column``: a column of figures. ``value``: what a mapped column holds in a period, at the level of authorities, City of
London and Isles of Scilly left out. ``authority``: an authority's total spending on looked-after children.
``neighbour``: two editions (or, in a tidy file, two periods that follow each other) side by side. A cell that does not
apply is empty, and an empty cell meets every expectation.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb

from expectations.landed import LandedFile, text
from flows.common.settings import Settings
from flows.landing.tables import META

if TYPE_CHECKING:
    import pandas as pd

#: Frames of a profile, in the order in which they are checked.
FRAMES = ("table", "period", "column", "value", "authority", "neighbour")
#: The middle authority's figure of each measure that is a count, a rate or money, over the years.
TYPICAL = Path(__file__).parent / "typical.csv"
#: The two authorities whose numbers are too small to say anything about a column.
TINY = ("201", "420")
#: Levels that hold figures; a heading or a footnote has none.
LEVELS = ("la", "regional", "national")
#: Fewer values than this say nothing about a column or about two editions.
ENOUGH = 20
#: Files are read together with others of about their number of columns.
WIDTHS = (24, 60, 130, 1_000_000)
#: A file of more rows than this is read only with others whose figures stand in the same columns.
LONG = 4000


class Profile:
    """Profiles of landed tables, and the DuckDB connection they were computed in."""

    def __init__(self, settings: Settings, files: list[LandedFile], typical: Path) -> None:
        self.files = files
        self.connection = duckdb.connect()
        self.connection.execute(
            "set threads = 2; set enable_progress_bar = false; set preserve_insertion_order = false"
        )
        self._prepare(settings, typical)
        # Most statements read small files, each on one core; the large one (LAIT) is parallel in itself and goes first.
        groups = sorted(_groups(files), key=lambda g: -sum(files[i].row_count * len(files[i].columns) for i in g))
        with ThreadPoolExecutor(2) as pool:
            list(pool.map(self._read, groups))
        self.connection.execute(_MEANT)

    def close(self) -> None:
        """Give the memory back."""
        self.connection.close()

    def frame(self, name: str) -> pd.DataFrame:
        """One frame, in a fixed order of rows."""
        return self.connection.execute(_FRAMES[name]).df()

    def _prepare(self, settings: Settings, typical: Path) -> None:
        c = self.connection
        seeds = settings.seeds
        files = [
            (i, *f.key, f.suite, f.file, str(f.path), f.row_count, len(f.figures)) for i, f in enumerate(self.files)
        ]
        _fill(
            c,
            "landed",
            "id integer, source text, table_name text, edition text, suite text, file text, path text, "
            "row_count bigint, figures integer",
            files,
        )
        c.execute(
            f"""
            create table landed_column as
            select landed.id, cast(position as integer) + {len(META) - 1} as position, column_name,
                lower(column_name) as label, role = 'figure' as is_figure
            from read_csv({text(str(settings.landing / "columns.csv"))}, all_varchar = true, header = true)
            inner join landed using (source, table_name, edition)
            """
        )
        c.execute("create table period_profile (id integer, period text, rows bigint, duplicated bigint, las bigint)")
        c.execute("create table row_profile (id integer, rows bigint)")
        c.execute("create table column_profile (id integer, position integer, unknown_symbols bigint)")
        c.execute(
            "create table mapped_value (id integer, row_number integer, unit text, period text, filter text, "
            "position integer, amount double, measure_id text, component text, is_other_year boolean)"
        )
        c.execute(
            f"""
            create table mapping_row as
            select source, table_name, edition_from, edition_to, lower(column_name) as label,
                coalesce(filter, '') as filter, period, measure_id, component,
                cast(unit_factor as double) as unit_factor, year is not null as is_other_year
            from read_csv({text(str(seeds / "measure_source.csv"))}, all_varchar = true, header = true)
            union all
            -- The lines of section 251 that are totals of a group, gross and net.
            select 'dfe_s251_outturn', 'table_a1', line.edition_from, line.edition_to, lower(money.column_name),
                line.filter, null, 'spend_' || line.spend_group || '_' || money.gross_or_net, 'total',
                cast(money.unit_factor as double), false
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
                mapping_row.measure_id, mapping_row.component, mapping_row.unit_factor, mapping_row.is_other_year
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
            from read_csv({text(str(typical))}, all_varchar = true, header = true)
            """
        )

    def _read(self, group: list[int]) -> None:
        """Profile files of one symbol set and of about one width in a few statements."""
        c = self.connection.cursor()
        files = [self.files[i] for i in group]
        width = len(META) + max(len(f.columns) for f in files)
        cells = [f"c{i}" for i in range(len(META), width)]
        columns = ", ".join(f"'{name}': 'VARCHAR'" for name in [*META, *cells])
        paths = ", ".join(text(str(f.path)) for f in files)
        # A row says that its authority does not exist then when no figure is one and one says "not applicable".
        figures = [f"c{p}" for p in self._figure_positions(group)]
        n_absent = _count_of(files[0].not_applicable, figures)
        n_silent = _count_of(files[0].not_applicable | files[0].unavailable, figures)
        guard = "_level = 'la'" + "".join(f" and {number(f'c{p}')} is null" for p in self._common_figures(group)[:2])
        is_absent = (
            f"case when {guard} then {n_absent} > 0 and {n_silent} >= landed.figures else false end"
            if files[0].not_applicable
            else "false"
        )
        shown = "".join(f", c{p}" for p in self._figure_positions(group))
        # Tables of words may name an authority many times: there a row is repeated only if all of it is.
        content = "0"
        if not all(f.figures for f in files):
            content = f"case when landed.figures = 0 then hash({', '.join(cells)}) else 0 end"
        # Shorter rows are filled up, for which a file with line ends in quotes must be read by one thread.
        is_ragged = len({len(f.columns) for f in files}) > 1
        padding = "null_padding = true, parallel = false, " if is_ragged else ""
        c.execute(
            f"""
            create temp table landed_rows as
            select landed.id, cast(_row as integer) as row_number, _level as level,
                case when _la_code <> '' then _la_code when _level <> 'la' then concat(_gss_code, ' ', _la_name)
                    else coalesce(_la_name, '') end as unit,
                _period as period, _filter as filter,
                landed.figures > 0 and {is_absent} as is_absent,
                {content} as content{shown}
            from read_csv(
                [{paths}], columns = {{{columns}}}, auto_detect = false, header = true, delim = ',', quote = '"',
                escape = '"', nullstr = ['\\N'], {padding}filename = 'path'
            )
            inner join landed using (path)
            """
        )
        c.execute("insert into row_profile select id, count(*) from landed_rows group by id")
        c.execute(
            f"""
            insert into period_profile
            select id, period, count(*), sum(case when copies > 1 and trim(unit) <> '' then 1 else 0 end),
                nullif(count(distinct unit) filter (where level = 'la' and not is_absent), 0)
            from (
                -- An authority, a period and what the filters say name one row.
                select *, count(*) over (partition by id, level, unit, period, filter, content) as copies
                from landed_rows where level in {LEVELS}
            )
            group by id, period
            """
        )
        with_figures = self._figure_positions(group)
        if with_figures:
            counts = [
                f"count(*) filter (where {'' if ids == set(group) else f'id in ({listed(ids)}) and '}"
                f"{is_unknown(f'c{position}', files[0])})"
                for position, ids in with_figures.items()
            ]
            c.execute(
                f"""
                insert into column_profile
                with counted as (
                    select id, [{listed(with_figures)}] as positions, [{", ".join(counts)}] as unknown
                    from landed_rows where level in {LEVELS} group by id
                ),
                cell as (select id, unnest(positions) as position, unnest(unknown) as unknown_symbols from counted)
                select id, position, unknown_symbols
                from cell inner join landed_column using (id, position)
                where is_figure
                """
            )
        positions = [
            p
            for (p,) in c.execute(
                f"select distinct position from mapping where id in ({listed(group)}) order by 1"
            ).fetchall()
        ]
        if positions:
            c.execute(
                f"""
                insert into mapped_value
                with cell as (
                    select id, row_number, unit, period, filter, unnest([{listed(positions)}]) as position,
                        unnest([{", ".join(f"c{p}" for p in positions)}]) as printed
                    from landed_rows where level = 'la'
                )
                select cell.id, cell.row_number, cell.unit, cell.period, cell.filter, cell.position,
                    {number("cell.printed")} * mapping.unit_factor as amount, mapping.measure_id, mapping.component,
                    mapping.is_other_year
                from cell
                inner join mapping
                    on cell.id = mapping.id and cell.position = mapping.position and cell.filter = mapping.filter
                        and (mapping.period is null or cell.period = mapping.period)
                where amount is not null
                """
            )
        c.close()

    def _common_figures(self, group: list[int]) -> list[int]:
        """Positions that hold figures in every file."""
        return [p for p, ids in self._figure_positions(group).items() if len(ids) == len(group)]

    def _figure_positions(self, group: list[int]) -> dict[int, set[int]]:
        """Positions that hold figures → in which files."""
        found: dict[int, set[int]] = {}
        for i in group:
            figures = set(self.files[i].figures)
            for j, name in enumerate(self.files[i].columns):
                if name in figures:
                    found.setdefault(len(META) + j, set()).add(i)
        return dict(sorted(found.items()))


def _groups(files: list[LandedFile]) -> list[list[int]]:
    """Files that can be read in one statement: one symbol set and about one width.

    Long ones only with those of the same figures: a statement costs more than a thousand rows, and a cell that is
    looked at in vain as much as any other.
    """
    groups: dict[tuple[object, ...], list[int]] = {}
    for i, file in enumerate(files):
        figures = set(file.figures)
        layout: object = next(w for w in WIDTHS if len(file.columns) <= w)
        if file.row_count > LONG:
            layout = tuple(j for j, name in enumerate(file.columns) if name in figures)
        groups.setdefault((tuple(sorted(file.symbols)), layout), []).append(i)
    return list(groups.values())


def _count_of(symbols: Iterable[str], cells: Iterable[str]) -> str:
    """How many cells of a row hold one of the symbols."""
    wanted = ", ".join(text(s) for s in sorted(symbols))
    return f"len(list_filter([{', '.join(cells)}], lambda x: trim(x) in ({wanted})))"


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


def number(column: str) -> str:
    """A figure as a number, as the models read it: thousands separators stand in some years' files."""
    return f"try_cast(replace(trim({column}), ',', '') as double)"


def is_unknown(column: str, file: LandedFile) -> str:
    """Whether a figure is neither a number nor a symbol of the file's set; the quick answers are tried first."""
    symbols = ", ".join(text(s) for s in sorted(file.symbols))
    known = f"when trim({column}) in ({symbols}) then false " if symbols else ""
    return (
        f"case when try_cast({column} as double) is not null then false {known}"
        f"else {column} is not null and {number(column)} is null end"
    )


def listed(numbers: Iterable[int]) -> str:
    """Numbers as an SQL list."""
    return ", ".join(str(n) for n in numbers)


# Values of authorities large enough to say something of a column.
_MEANT = f"create view meant_value as select * from mapped_value where unit not in {TINY}"

_FRAMES = {
    "table": """
        select l.suite, l.source, l.table_name, l.edition, l.file, coalesce(p.rows, 0) as rows,
            l.row_count - coalesce(p.rows, 0) as missing_rows
        from landed as l left join row_profile as p using (id)
        order by l.id
    """,
    "period": """
        select l.suite, l.source, l.table_name, l.edition, l.file, p.period, p.rows, p.duplicated as duplicated_rows,
            p.las as authorities
        from period_profile as p inner join landed as l using (id)
        order by l.id, p.period
    """,
    "column": """
        select l.suite, l.source, l.table_name, l.edition, l.file, x.column_name, p.unknown_symbols
        from column_profile as p
        inner join landed as l using (id)
        inner join landed_column as x using (id, position)
        order by l.id, p.position
    """,
    "value": f"""
        select l.suite, l.source, l.table_name, l.edition, l.file, v.period, x.column_name, v.filter,
            v.measure_id, v.component, any_value(m.unit) as unit, count(*) as values, min(v.amount) as lowest,
            median(v.amount) as median, max(v.amount) as highest,
            -- The largest of a column of percentages in which not nearly all are nought.
            case when v.component = 'value' and any_value(m.unit) = 'pct' and count(*) >= {ENOUGH}
                    and count(*) filter (where v.amount > 0) >= {ENOUGH} / 2
                then max(v.amount) end as highest_pct,
            case when v.component = 'value' then count(*) filter (where v.amount < m.lowest) end as too_low,
            case when v.component = 'value' then count(*) filter (where v.amount > m.highest) end as too_high,
            case when count(*) >= {ENOUGH} and any_value(t.median) > 0
                then median(v.amount) / any_value(t.median) end as times_typical
        from meant_value as v
        inner join landed as l using (id)
        inner join landed_column as x using (id, position)
        left join measure as m using (measure_id)
        left join typical as t using (measure_id, component)
        group by l.id, l.suite, l.source, l.table_name, l.edition, l.file, v.period, v.position, x.column_name,
            v.filter, v.measure_id, v.component
        order by l.id, v.period, v.position, v.filter, v.measure_id, v.component
    """,
    "authority": """
        select l.suite, l.source, l.table_name, l.edition, l.file, v.period, x.column_name, v.filter, v.row_number,
            v.unit as authority, v.amount as cla_gbp
        from meant_value as v
        inner join landed as l using (id)
        inner join landed_column as x using (id, position)
        where v.component = 'total' and v.measure_id = 'spend_cla_gross'
        order by l.id, v.row_number
    """,
    "neighbour": f"""
        -- Small numbers repeat by chance, and an edition may print earlier years again on purpose.
        with telling as (
            select id, period, unit, measure_id, component, filter, any_value(amount) as amount
            from meant_value
            where not is_other_year and abs(amount) >= 10
            group by all
            having count(*) = 1
        ),
        placed as (
            select telling.*, l.suite, l.source, l.table_name, l.edition,
                regexp_replace(l.edition, '-r\\d+$', '') as base_edition,
                dense_rank() over (partition by id order by period) as period_number
            from telling inner join landed as l using (id)
        ),
        editions as (
            select a.id, a.period, b.edition as other_edition, b.period as other_period, a.amount = b.amount as is_same
            from placed as a
            inner join placed as b
                on a.source = b.source and a.table_name = b.table_name and a.unit = b.unit
                    and a.measure_id = b.measure_id and a.component = b.component
                    and a.base_edition > b.base_edition
            where a.suite <> 'tidy'
        ),
        periods as (
            select a.id, a.period, a.edition as other_edition, b.period as other_period, a.amount = b.amount as is_same
            from placed as a
            inner join placed as b
                on a.id = b.id and a.unit = b.unit and a.measure_id = b.measure_id and a.component = b.component
                    and a.filter = b.filter and a.period_number = b.period_number + 1
            where a.suite = 'tidy'
        ),
        pairs as (select * from editions union all select * from periods)
        select l.suite, l.source, l.table_name, l.edition, l.file, p.period, p.other_edition, p.other_period,
            count(*) as compared,
            case when count(*) >= {ENOUGH} then round(100 * avg(cast(p.is_same as integer)), 1) end as identical_pct
        from pairs as p inner join landed as l using (id)
        group by l.id, l.suite, l.source, l.table_name, l.edition, l.file, p.period, p.other_edition, p.other_period
        order by l.id, p.period, p.other_edition, p.other_period
    """,
}
