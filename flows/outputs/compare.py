"""An authority beside England, its region and its neighbours: measures as rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from flows.common.errors import WrongArgument
from flows.common.tables import text_table
from flows.outputs.find import find_authority, find_measure

if TYPE_CHECKING:
    import duckdb

#: Column of the answer -> how it is headed.
COLUMNS = {
    "measure_id": "measure",
    "year": "year",
    "value": "value",
    "england_value": "England",
    "region_median": "region",
    "neighbour_median": "neighbours",
    "rank_in_england": "rank",
    "authorities_in_england": "of",
    "quartile_in_england": "quartile",
    "change_1_year": "1 year",
    "change_5_years": "5 years",
    "better_when": "better",
}
#: Units without decimals.
WHOLE = {"count", "gbp"}


def compare(
    con: duckdb.DuckDBPyConnection, la: str, measures: Sequence[str] = (), year: int | None = None
) -> list[dict[str, Any]]:
    """One row per measure, as ``marts.fct_la_year_benchmark`` has it, with the names.

    Args:
        con: a warehouse.
        la: code or name of the authority.
        measures: ids, or words of an id or label; the key measures of ``fct_authority_summary`` where none is given.
        year: reporting year; the newest of each measure in which the authority existed where None.

    Raises:
        WrongArgument: the authority, a measure or the year is not known.
    """
    code = find_authority(con, la, year)
    ids = [find_measure(con, m) for m in measures] or _key_measures(con)
    newest = "b.year = (select max(n.year) from marts.fct_la_year_benchmark as n where {})"
    chosen = "b.year = $year" if year else newest.format("n.la_code = b.la_code and n.measure_id = b.measure_id")
    found = con.execute(
        f"""
        select b.*, m.label, m.unit, a.la_name
        from marts.fct_la_year_benchmark as b
        inner join marts.dim_measure as m on b.measure_id = m.measure_id
        inner join marts.dim_local_authority as a on b.la_code = a.la_code
        where b.la_code = $code and list_contains($ids, b.measure_id) and {chosen}
        order by list_position($ids, b.measure_id)
        """,
        {"code": code, "ids": ids} | ({"year": year} if year else {}),
    )
    names = [d[0] for d in found.description]
    rows = [dict(zip(names, r, strict=True)) for r in found.fetchall()]
    if not rows:
        raise WrongArgument(
            f"nothing is published of {', '.join(ids[:3])} for {la!r}{f' in {year}' if year else ''}: it did not "
            "exist then, or no authority has a figure."
        )
    return rows


def as_table(rows: Sequence[dict[str, Any]]) -> str:
    """For people: a line per measure; an absent figure is said in words."""
    first = rows[0]
    head = [*COLUMNS.values()]
    table = text_table(head, [[_shown(r, c) for c in COLUMNS] for r in rows], right=head[1:-1], fit=True)
    lines = [f"{first['la_name']} ({first['la_code']}), {first['region_name']}", "", table]
    editions = sorted({r["neighbour_edition"] for r in rows if r["neighbour_edition"]})
    lines += [
        "",
        "England: as published; region and neighbours: median of the authorities"
        + (f" (statistical neighbours of {', '.join(editions)})." if editions else "; no neighbours are held of it."),
        "Rank 1 and quartile 1 are the best; where neither way is better, the highest. Counts have no rank.",
    ]
    broken = [r for r in rows if r.get("series_break_year")]
    if broken:
        years = ", ".join(f"{r['measure_id']} in {r['series_break_year']}" for r in broken)
        lines.append(f"No change is given across a break of the series ({years}); `csw comparability` says why.")
    if any(r["is_secondary"] for r in rows):
        lines.append("* from a secondary source: the return itself has no figure.")
    return "\n".join(lines)


def _shown(row: dict[str, Any], column: str) -> str:
    value = row[column]
    if column == "value" and value is None:
        return str(row["value_status"]).replace("_", " ")
    if value is None:
        return "–"
    if column == "better_when":
        return "–" if value == "neither" else f"when {value}"
    if isinstance(value, float):
        sign = "+" if column.startswith("change") and value > 0 else ""
        text = f"{sign}{value:,.{0 if row['unit'] in WHOLE else 1}f}"
        return text + ("*" if column == "value" and row["is_secondary"] else "")
    return str(value)


def _key_measures(con: duckdb.DuckDBPyConnection) -> list[str]:
    ending = "_quartile"
    columns = con.execute("describe marts.fct_authority_summary").fetchall()
    return [str(c[0]).removesuffix(ending) for c in columns if str(c[0]).endswith(ending)]
