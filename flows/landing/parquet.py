"""Landing of parquet files, by DuckDB: they are large, and typed where others are text."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from flows.common.errors import RefusedFile
from flows.landing.checks import unknown_symbol
from flows.landing.figures import NUMBER
from flows.landing.fits import Fit
from flows.landing.levels import NATIONAL_NAMES, REGIONAL_NAMES
from flows.landing.periods import last_period_edition, last_year
from flows.landing.tables import LandedTable


def land_parquet(
    path: Path, rel: str, fit: Fit, sha: str, out: Path, forced_edition: str | None
) -> tuple[LandedTable, int, list[tuple[str, ...]]]:
    """Write a parquet file as a landed CSV; the same columns in front as any other table.

    Returns:
        the table without its rows, how many they are, and the places they name.

    Raises:
        RefusedFile: the file is not whole, or no edition of the passport ends where it ends.
    """
    import duckdb

    con = duckdb.connect(config={"threads": 1})
    keys, table = fit.keys, fit.table

    def column(key: str) -> str:
        return f"coalesce(cast({_quoted(keys[key])} as varchar), '')" if key in keys else "''"

    code = f"regexp_replace({column('la_code')}, '\\.0$', '')"
    name = f"trim({column('la_name')})"
    level = _level(name, code)
    filters = (
        " || '|' || ".join(
            f"'{f}=' || coalesce({_quoted(c)}, '')" for f, c in table.filter_columns(fit.reading).items()
        )
        or "''"
    )
    source = _text(fit.passport.source)
    try:
        con.execute(f"create view published as from {_read(path)}")
        where = " and ".join(f"{_quoted(c)} = {_text(v)}" for c, v in table.last_period_where.items()) or "true"
        periods = [
            r[0] for r in con.execute(f"select distinct {column('period')} from published where {where}").fetchall()
        ]
        edition = forced_edition or fit.edition or last_period_edition(fit.passport, table, periods, rel)
        columns = [c[0] for c in con.execute("describe published").fetchall()]
        texts = ", ".join(f"coalesce(cast({_quoted(c)} as varchar), '') as {_quoted(c)}" for c in columns)
        con.execute(
            f"""
            copy (
                select {source} as _source, {_text(table.table)} as _table, {_text(edition)} as _edition,
                    '{sha}' as _sha256, row_number() over () as _row, {level} as _level,
                    case when {level} = 'la' then {code} else '' end as _la_code, '' as _gss_code, {name} as _la_name,
                    {column("period")} as _period, {filters} as _filter, {texts}
                from published
            ) to {_text(out.as_posix())} (format csv, header true)
            """
        )
        count = con.execute("select count(*) from published").fetchone()
        # What is read from few columns is worked out once for each of their values.
        named = ", ".join(dict.fromkeys(_quoted(keys[k]) for k in ("la_code", "la_name") if k in keys))
        places = f"select {named}{',' if named else ''} count(*) as _rows from published group by all"
        units = con.execute(
            f"""
            select {level}, case when {level} = 'la' then {code} else '' end, '', {name}, cast(sum(_rows) as varchar)
            from ({places}) group by all order by all
            """
        ).fetchall()
        present = {r[0] for r in con.execute(f"select distinct {filters} from published").fetchall()}
    except duckdb.Error as exc:
        raise RefusedFile(rel, f"the parquet file cannot be read ({exc}).", advice="Download it again.") from exc
    years = frozenset(p for p in periods if last_year(p))
    landed = LandedTable(fit.passport.source, table.table, edition, columns, [], frozenset(present), years)
    return landed, int(count[0]) if count else 0, units


def refuse_unknown_symbols(
    path: Path, out: Path, rel: str, figures: Iterable[str], symbols: str, known: frozenset[str]
) -> None:
    """Refuse a parquet file with a cell that is neither a number nor a known symbol; see flows.landing.checks.

    Args:
        path: the file.
        out: the landed table, which tells the row.
        rel: the file's name, for the message.
        figures: the columns that hold figures.
        symbols: the name of the edition's symbol set.
        known: the symbols of that set.

    Raises:
        RefusedFile: names row, column and text.
    """
    import duckdb

    con = duckdb.connect(config={"threads": 1})
    listed = ", ".join(map(_text, sorted(known | {"\0"})))
    for column in figures:
        name = _quoted(column)
        text = f"trim(coalesce(cast({name} as varchar), ''))"
        strange = f"not regexp_full_match({text}, {_text(NUMBER)}) and {text} not in ({listed})"
        # Each text is looked at once; the row is looked for where one is strange.
        values = f"select distinct {name} from {_read(path)}"
        if not con.execute(f"select 1 from ({values}) where {strange} limit 1").fetchone():
            continue
        found = con.execute(
            f"""
            select _row, {name}
            from read_csv({_text(out.as_posix())}, all_varchar = true, header = true, nullstr = '\\N')
            where not regexp_full_match(trim({name}), {_text(NUMBER)}) and trim({name}) not in ({listed})
            limit 1
            """
        ).fetchone()
        if found:
            raise unknown_symbol(rel, int(found[0]), column, found[1], symbols)


def _level(name: str, code: str) -> str:
    """SQL for the level of a row, from that for its name and its code."""
    # The name goes first, as in flows.landing.tables: 970 is England in this publisher's numbering.
    return (
        f"case when lower({name}) in ({_words(NATIONAL_NAMES)}) then 'national' "
        f"when lower({name}) in ({_words(REGIONAL_NAMES)}) then 'regional' "
        f"when regexp_full_match({code}, '\\d{{3}}( / \\d{{3}})*') then 'la' else 'none' end"
    )


def _quoted(column: str) -> str:
    return '"' + column.replace('"', '""') + '"'


def _read(path: Path) -> str:
    """The file as it is: a folder called ``year=2024`` adds no column."""
    return f"read_parquet({_text(path.as_posix())}, hive_partitioning = false)"


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


def _words(words: frozenset[str]) -> str:
    return ", ".join(_text(w) for w in sorted(words))
