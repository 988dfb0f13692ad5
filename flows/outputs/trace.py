"""From a number back to the bytes: mart, editions, cells, landed row, file, hash, address."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flows.common.errors import WrongArgument
from flows.common.settings import Settings
from flows.landing.catalogue import landed_path
from flows.outputs.find import find_authority, find_measure

if TYPE_CHECKING:
    import duckdb


@dataclass(frozen=True)
class Cell:
    """One published cell that a figure rests on, and where it is."""

    source: str
    edition: str
    table_name: str
    row_number: int
    column_name: str
    filter: str
    component: str
    unit_factor: float
    value_text: str
    value_status: str
    file: str
    sha256: str
    published_on: str
    published_basis: str
    url: str
    archived: Path
    landed: Path


@dataclass(frozen=True)
class Trace:
    """A figure of the warehouse with everything it rests on."""

    fact: dict[str, Any]
    editions: list[dict[str, Any]]
    cells: list[Cell]
    sides: list[Trace] = field(default_factory=list)

    def text(self) -> str:
        """For people."""
        f = self.fact
        lines = [
            f"{f['la_name']} ({f['la_code']}) · {f['label']} · year ending 31 March {f['year']}",
            f"  {_figure(f['value'], f['value_status'])}"
            + (
                f" = {f['numerator']:g} / {f['denominator']:g}"
                if f["numerator"] is not None and f["denominator"]
                else ""
            )
            + (" · joint return" if f["is_joint_return"] else "")
            + f" · from {f['source'] or 'no return'} {f['edition'] or ''}".rstrip(),
            *self._basis(),
            "",
            "What each edition says",
        ]
        for e in self.editions:
            mark = "→" if e["is_used"] else " "
            reason = f" · excluded: {e['exclusion_reason']}" if e["exclusion_reason"] else ""
            lines.append(
                f" {mark} {e['source']} {e['edition']} ({e['role']}, published {e['published_on']}, "
                f"{e['published_basis']}): {_figure(e['value'], e['value_status'])}"
                f"{' · computed from its counts' if e['is_computed'] else ''}{reason}"
            )
        lines += ["", "The cells"]
        for c in self.cells:
            lines += [
                f"   {c.source} {c.edition} · {c.file} · row {c.row_number} · column {c.column_name!r}"
                + (f" · {c.filter}" if c.filter else ""),
                f"     printed {c.value_text!r} ({c.value_status}), read as {c.component}"
                + (f" × {c.unit_factor:g}" if c.unit_factor != 1 else ""),
                f"     sha256 {c.sha256}",
                f"     {c.url}",
                f"     archived {c.archived}",
                f"     landed {c.landed}",
            ]
        for side in self.sides:
            lines += ["", "Computed from:", *("  " + x for x in side.text().splitlines())]
        return "\n".join(lines)

    def _basis(self) -> list[str]:
        """By whose estimates children are counted, and what was printed."""
        f = self.fact
        if not f["denominator_basis"]:
            return []
        printed = f"{f['published_value']:,.10g}" if f["published_value"] is not None else "not"
        return [f"  children by {f['denominator_basis']} · published as {printed}"]


def parts(computed_from: str | None) -> list[str]:
    """The measures of a formula of ``dim_measure.computed_from``."""
    return [m.strip() for m in re.split(r" [/+] ", computed_from or "") if m.strip()]


def _figure(value: float | None, status: str) -> str:
    return f"{value:,.10g}" if value is not None else status.replace("_", " ")


def trace(settings: Settings, con: duckdb.DuckDBPyConnection, la: str, measure: str, year: int) -> Trace:
    """Everything a figure rests on.

    Args:
        settings: where the archive and the landing are.
        con: the warehouse.
        la: DfE code or name of the authority.
        measure: measure id, or words of it or of its label.
        year: reporting year.

    Raises:
        WrongArgument: there is no such row; the message says which part is not known.
    """
    la, measure = find_authority(con, la, year), find_measure(con, measure)
    fact = _rows(
        con,
        """
        select f.*, m.label, a.la_name
        from marts.fct_la_year_measure as f
        inner join marts.dim_measure as m using (measure_id)
        inner join marts.dim_local_authority as a on f.la_code = a.la_code
        where f.la_code = ? and f.measure_id = ? and f.year = ?
        """,
        [la, measure, year],
    )
    if not fact:
        raise WrongArgument(_why_no_row(con, la, measure, year))
    one = "where la_code = ? and measure_id = ? and year = ?"
    editions = _rows(
        con,
        f"select * from audit.rpt_figure_edition {one} order by published_on desc, source, edition desc",
        [la, measure, year],
    )
    cells = [
        _cell(settings, r)
        for r in _rows(
            con,
            f"""
            select * from audit.rpt_figure_cell {one}
            order by published_on desc, source, edition desc, component desc, column_name
            """,
            [la, measure, year],
        )
    ]
    sides = []
    # A rate over the newest population is computed here, whoever published its count.
    is_on_basis = fact[0]["denominator_basis"] is not None and fact[0]["numerator"] is not None
    if fact[0]["source"] == "derived" or is_on_basis:
        found = _rows(con, "select computed_from from marts.dim_measure where measure_id = ?", [measure])
        sides = [trace(settings, con, la, x, year) for m in found for x in parts(m["computed_from"])]
    return Trace(fact[0], editions, cells, sides)


def _rows(con: duckdb.DuckDBPyConnection, sql: str, parameters: list[Any]) -> list[dict[str, Any]]:
    relation = con.execute(sql, parameters)
    names = [d[0] for d in relation.description]
    return [dict(zip(names, r, strict=True)) for r in relation.fetchall()]


def _cell(settings: Settings, r: dict[str, Any]) -> Cell:
    names = (
        "source",
        "edition",
        "table_name",
        "row_number",
        "column_name",
        "filter",
        "component",
        "unit_factor",
        "value_text",
        "value_status",
        "file",
        "sha256",
    )
    return Cell(
        **{n: r[n] for n in names},
        published_on=str(r["published_on"]),
        published_basis=r["published_basis"],
        url=r["url"] or "",
        archived=settings.archive / r["source"] / r["edition"] / r["sha256"][:12] / r["file"],
        landed=landed_path(settings, r["source"], r["table_name"], r["edition"]),
    )


def _why_no_row(con: duckdb.DuckDBPyConnection, la: str, measure: str, year: int) -> str:
    names = con.execute("select la_name from marts.dim_local_authority where la_code = ?", [la]).fetchone() or ("",)
    return f"{names[0]} ({la}) did not exist in {year}, or {year} is outside the warehouse's years."
