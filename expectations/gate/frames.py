"""Frames of landed tables for Great Expectations, one per data asset.

Data: ``tables`` (a landed table), ``columns`` (a column of one), ``places`` (a place that one names), ``keys`` (a
row), ``symbols`` (what is in a column of figures and is no number), ``figures`` (an authority's figure that a
measure takes).

Profiles, for what only a summary can say: ``periods`` (how many authorities a period has), ``magnitudes`` (what a
mapped column holds in a period, City of London and Isles of Scilly left out) and ``years`` (two editions, or two
periods of a tidy file that follow each other, side by side).

Texts that repeat are categories, on which pandas works many times as fast. A cell that does not apply is empty.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from expectations.gate.reading import LEVELS, LandedTables
from expectations.sql import TINY

if TYPE_CHECKING:
    import pandas as pd

#: Fewer values than this say nothing about a column or about two editions.
ENOUGH = 20
#: Which landed table a row of a frame is about.
KEY = ("source", "table_name", "edition")


def tables(landed: LandedTables) -> pd.DataFrame:
    """One row per landed table: rows that the file and the catalogue have, and why the file could not be read."""
    frame = landed.connection.execute(
        """
        select l.id, l.source, l.table_name, l.edition, l.file, coalesce(p.rows, 0) as rows,
            l.row_count as rows_in_catalogue
        from landed as l left join row_profile as p using (id)
        order by l.id
        """
    ).df()
    frame["problem"] = [landed.problems.get(i) for i in frame.pop("id")]
    return frame


def columns(landed: LandedTables, headers: list[list[str] | None]) -> pd.DataFrame:
    """One row per column of a landed table: its name by the catalogue and in the file."""
    import pandas as pd

    rows = []
    for file, header in zip(landed.files, headers, strict=True):
        if header is None:
            continue
        by_catalogue = file.catalogued
        for i in range(max(len(by_catalogue), len(header))):
            rows.append(
                (
                    *(*file.key, file.file, i + 1),
                    by_catalogue[i] if i < len(by_catalogue) else None,
                    header[i] if i < len(header) else None,
                )
            )
    return pd.DataFrame(rows, columns=[*KEY, "file", "position", "column_in_catalogue", "column_in_file"])


def frame(landed: LandedTables, name: str) -> pd.DataFrame:
    """Any other frame by its name, its rows in the order of the files, unless they are very many."""
    query, texts = _FRAMES[name]
    c = landed.connection
    for text in texts:
        table, column = _WORDS[text]
        c.execute(
            f"create type if not exists word_of_{text} as enum "
            f"(select distinct {column} from {table} where {column} is not null order by 1)"
        )
    cast = ", ".join(f"cast({text} as word_of_{text}) as {text}" for text in texts)
    return c.execute(f"select * replace ({cast}) from ({query})" if texts else query).df()


#: Where the words of a column that is made categories of stand, each once or not much more often.
_WORDS = {
    "source": ("landed", "source"),
    "table_name": ("landed", "table_name"),
    "edition": ("landed", "edition"),
    "column_name": ("landed_column", "column_name"),
    "measure_id": ("mapping", "measure_id"),
    "component": ("mapping", "component"),
    "level": ("place", "level"),
    "period": ("period_profile", "period"),
    "unit": ("key_row", "unit"),
    "authority": ("key_row", "unit"),
    "filter": ("key_row", "filter"),
    "content": ("key_row", "content"),
}


#: Name → query, and the columns of texts that repeat.
_FRAMES: dict[str, tuple[str, tuple[str, ...]]] = {
    "places": (
        f"""
        select l.source, l.table_name, l.edition, l.file, p.level, p.la_code, p.ons_code, p.la_name,
            coalesce(p.la_code, p.la_name) as place, p.rows, p.file_row
        from place as p inner join landed as l using (id)
        where p.level is null or p.level not in {LEVELS} or p.la_code is not null or p.ons_code is not null
            or p.la_name is not null or p.level = 'la'
        order by l.id, p.file_row
        """,
        (),
    ),
    "periods": (
        """
        select l.source, l.table_name, l.edition, l.file, coalesce(p.period, '') as period, p.rows, p.authorities,
            p.file_row
        from period_profile as p inner join landed as l using (id)
        order by l.id, p.period
        """,
        (),
    ),
    "keys": (
        """
        select l.source, l.table_name, l.edition, k.file_row, k.level, k.unit, k.period, k.filter, k.content
        from key_row as k inner join landed as l using (id)
        """,
        ("source", "table_name", "edition", "level", "unit", "period", "filter", "content"),
    ),
    "symbols": (
        """
        select l.symbol_set, l.source, l.table_name, l.edition, l.file, x.column_name, s.printed, s.cells, s.file_row
        from symbol as s
        inner join landed as l using (id)
        inner join landed_column as x using (id, position)
        order by l.id, s.position, s.printed
        """,
        (),
    ),
    "figures": (
        f"""
        select l.source, l.table_name, l.edition, f.file_row, f.unit as authority, f.period, x.column_name, f.filter,
            f.measure_id, f.component, f.amount,
            case when f.component = 'value' then m.lowest end as lowest,
            case when f.component = 'value' then m.highest end as highest,
            case when f.component = 'total' and f.measure_id = 'spend_cla_gross' and f.unit not in {TINY} then f.amount
            end as cla_gbp
        from figure as f
        inner join landed as l using (id)
        inner join landed_column as x using (id, position)
        left join measure as m using (measure_id)
        """,
        ("source", "table_name", "edition", "authority", "period", "column_name", "filter", "measure_id", "component"),
    ),
    "magnitudes": (
        f"""
        -- Where several columns or lines make a measure, its magnitude is that of their sum.
        with added as (
            select *, sum(amount) over (partition by id, period, unit, measure_id, component, year_rule) as whole
            from figure
        )
        select l.source, l.table_name, l.edition, l.file, f.period, x.column_name, f.filter, f.measure_id, f.component,
            count(*) as figures, median(f.whole) as median,
            -- The largest of a column of percentages in which not nearly all are nought.
            case when f.component = 'value' and any_value(m.unit) = 'pct' and count(*) >= {ENOUGH}
                    and count(*) filter (where f.amount > 0) >= {ENOUGH} / 2
                then max(f.amount) end as largest_percentage,
            case when count(*) >= {ENOUGH} and any_value(t.median) > 0
                then median(f.whole) / any_value(t.median) end as times_usual
        from added as f
        inner join landed as l using (id)
        inner join landed_column as x using (id, position)
        left join measure as m using (measure_id)
        left join typical as t using (measure_id, component)
        where f.unit not in {TINY}
        group by l.id, l.source, l.table_name, l.edition, l.file, f.period, f.position, x.column_name, f.filter,
            f.measure_id, f.component
        order by l.id, f.period, f.position, f.filter, f.measure_id, f.component
        """,
        (),
    ),
    "years": (
        f"""
        -- Small numbers repeat by chance, and an edition may print earlier years again on purpose.
        with telling as (
            select id, period, unit, measure_id, component, filter, any_value(amount) as amount
            from figure
            where not is_other_year and abs(amount) >= 10 and unit not in {TINY}
            group by all
            having count(*) = 1
        ),
        period_number as (
            select id, period, dense_rank() over (partition by id order by period) as number
            from (select distinct id, period from figure)
        ),
        -- One number for what is compared joins many times as fast as its parts.
        placed as (
            select t.id, t.period, t.amount, n.number, l.shape = 'tidy' as is_tidy,
                regexp_replace(l.edition, '-r\\d+$', '') as base_edition,
                hash(l.source, l.table_name, t.unit, t.measure_id, t.component) as of_table,
                hash(t.id, t.unit, t.measure_id, t.component, t.filter) as of_edition
            from telling as t
            inner join landed as l using (id)
            inner join period_number as n on t.id = n.id and t.period = n.period
        ),
        pairs as (
            select a.id, a.period, b.id as other_id, b.period as other_period, count(*) as compared,
                count(*) filter (where a.amount = b.amount) as same
            from placed as a
            inner join placed as b on a.of_table = b.of_table and a.base_edition > b.base_edition
            where not a.is_tidy and not b.is_tidy
            group by all
            union all
            select a.id, a.period, b.id, b.period, count(*), count(*) filter (where a.amount = b.amount)
            from placed as a
            inner join placed as b on a.of_edition = b.of_edition and a.number = b.number + 1
            where a.is_tidy and b.is_tidy
            group by all
        )
        select l.source, l.table_name, l.edition, l.file, p.period, o.edition as other_edition, p.other_period,
            p.compared, case when p.compared >= {ENOUGH} then round(100 * p.same / p.compared, 1) end as identical_pct
        from pairs as p
        inner join landed as l using (id)
        inner join landed as o on p.other_id = o.id
        order by l.id, p.period, o.edition, p.other_period
        """,
        (),
    ),
}
