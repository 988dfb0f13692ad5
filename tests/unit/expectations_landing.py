"""A small landing for the gate's tests: made-up tables of 150 authorities, in the layout that landing writes."""

from __future__ import annotations

import csv
import random
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from expectations.gate.landed import META

AUTHORITIES = [(str(code), f"Authority {code}") for code in range(202, 352)]
LINES = ("16 Total Children Looked After", "1 Residential care")
SEEDS = {
    "value_symbol": [
        ("symbols", "symbol", "value_status", "source_of_meaning"),
        ("sfr", "x", "suppressed", ""),
        ("sfr", ".", "not_applicable", ""),
        ("sfr", "", "unavailable", ""),
        ("s251", "", "unavailable", ""),
        ("ees", "c", "suppressed", ""),
        ("ees", "z", "not_applicable", ""),
    ],
    "measure": [
        ("measure_id", "unit", "lowest", "highest"),
        ("referrals_count", "count", "0", "500000"),
        ("rereferrals_pct", "pct", "0", "100"),
        ("cla_started_count", "count", "0", "500000"),
    ],
    "measure_source": [
        (
            *("source", "table_name", "edition_from", "edition_to", "column_name", "filter", "period"),
            *("measure_id", "component", "unit_factor", "year", "year_shift", "note"),
        ),
        ("dfe_cin", "census", "2015", "2015", "Referrals1415", "", "", "referrals_count", "value", "1", "", "0", ""),
        ("dfe_cin", "census", "2016", "2016", "Referrals1516", "", "", "referrals_count", "value", "1", "", "0", ""),
        ("dfe_cin", "census", "2015", "2015", "%Again1415", "", "", "rereferrals_pct", "value", "1", "", "0", ""),
        ("dfe_cin", "census", "2016", "2016", "%Again1516", "", "", "rereferrals_pct", "value", "1", "", "0", ""),
        ("dfe_cla", "started", "2022", "", "number", "sex=Total", "", "cla_started_count", "value", "1", "", "0", ""),
    ],
    "spend_line": [
        ("edition_from", "edition_to", "filter", "spend_group", "line_kind"),
        ("2015", "2018", f"line={LINES[0]}", "cla", "total"),
        ("2015", "2018", f"line={LINES[1]}", "cla", "part"),
    ],
    "spend_column": [
        ("edition_from", "edition_to", "column_name", "gross_or_net", "unit_factor"),
        ("2012", "", "TotalExpenditure", "gross", "1"),
    ],
}


@dataclass
class Row:
    """One row of a table: what landing reads of its keys, and its cells."""

    level: str
    code: str
    name: str
    cells: list[str]
    filter: str = ""
    period: str = ""
    ons_code: str = ""


@dataclass
class Table:
    """One table of an edition: its columns with their roles, and its rows, which stand from row 2 of its file on."""

    source: str
    table: str
    edition: str
    shape: str
    symbols: str
    columns: list[tuple[str, str]]
    rows: list[Row] = field(default_factory=list)

    @property
    def key(self) -> tuple[str, str, str]:
        """Source, table and edition."""
        return (self.source, self.table, self.edition)


@dataclass(frozen=True)
class Landed:
    """Where tables were landed, and where the seeds are that give them meaning."""

    landing: Path
    seeds: Path

    def path(self, table: Table) -> Path:
        """A table's landed file."""
        return self.landing / table.source / table.table / f"{table.edition}.csv"


def census(edition: str = "2015", *, seed: int | None = None) -> Table:
    """A wide census of one year: a count and a percentage for every authority, and England."""
    years = {"2015": "1415", "2016": "1516"}[edition]
    draw = random.Random(seed if seed is not None else int(edition))
    table = Table(
        "dfe_cin",
        "census",
        edition,
        "wide",
        "sfr",
        [("geog_n", "key"), (f"Referrals{years}", "figure"), (f"%Again{years}", "figure")],
    )
    for code, name in AUTHORITIES:
        cells = [name, f"{draw.randint(1500, 6000):,}", f"{draw.uniform(12, 35):.1f}"]
        table.rows.append(Row("la", code, name, cells, ons_code=f"E06000{code}"))
    table.rows.append(Row("national", "", "England", ["England", "550,000", "22.1"], ons_code="E92000001"))
    table.rows[5].cells[1] = "x"
    return table


def started() -> Table:
    """A tidy table of three years by sex."""
    draw = random.Random(2022)
    table = Table(
        "dfe_cla",
        "started",
        "2022",
        "tidy",
        "ees",
        [("time_period", "key"), ("la_name", "key"), ("sex", "filter"), ("number", "figure")],
    )
    for period in ("2020", "2021", "2022"):
        for code, name in AUTHORITIES:
            for sex in ("Total", "Female"):
                cells = [period, name, sex, str(draw.randint(60, 600))]
                table.rows.append(Row("la", code, name, cells, filter=f"sex={sex}", period=period))
    return table


def outturn(edition: str = "2015") -> Table:
    """Section 251: a total and a part for every authority, in pounds."""
    draw = random.Random(int(edition) - 1764)
    table = Table(
        "dfe_s251_outturn",
        "table_a1",
        edition,
        "sheet",
        "s251",
        [("LA Name", "key"), ("Description", "filter"), ("TotalExpenditure", "figure")],
    )
    for code, name in AUTHORITIES:
        total = draw.uniform(5e6, 60e6)
        for line, value in zip(LINES, (total, total / 3), strict=True):
            table.rows.append(Row("la", code, name, [name, line, f"{value:.2f}"], filter=f"line={line}"))
    return table


def judgements() -> Table:
    """A table of words, in which an authority occurs once for each inspection."""
    table = Table("ofsted", "inspections", "2023", "attributes", "none", [("Name", "key"), ("Grade", "text")])
    for code, name in AUTHORITIES:
        for grade in ("Good", "Outstanding"):
            table.rows.append(Row("la", code, name, [name, grade]))
    return table


def good_tables() -> list[Table]:
    """One of each shape, and a second edition."""
    return [census("2015"), census("2016"), started(), outturn(), judgements()]


def write_landing(folder: Path, *tables: Table) -> Landed:
    """Land tables below a folder, with the seeds that give them meaning."""
    landed = Landed(folder / "landing", folder / "seeds")
    for name, lines in SEEDS.items():
        _write(landed.seeds / f"{name}.csv", lines)
    catalogue: list[tuple[str, ...]] = [
        (
            *("source", "table_name", "edition", "shape", "symbols", "role", "file", "sha256", "content_sha256"),
            *("published_on", "published_basis", "maturity", "landed_at", "url"),
            *("row_count", "column_count", "first_period", "last_period"),
        )
    ]
    columns: list[tuple[str, ...]] = [("source", "table_name", "edition", "position", "column_name", "role")]
    for t in tables:
        rows = [
            (*t.key, "sha", str(i), r.level, r.code, r.ons_code, r.name, r.period or t.edition, r.filter, *r.cells)
            for i, r in enumerate(t.rows, 2)
        ]
        _write(landed.path(t), [(*META, *(c for c, _ in t.columns)), *rows])
        catalogue.append(
            (
                *(*t.key, t.shape, t.symbols, "primary", f"{t.table}_{t.edition}.csv", "sha", "sha"),
                *("2015-10-22", "usual", "final", "2026-01-01T00:00:00+00:00", "https://example.org"),
                *(str(len(t.rows)), str(len(t.columns)), t.edition, t.edition),
            )
        )
        columns += [(*t.key, str(i), c, role) for i, (c, role) in enumerate(t.columns, 1)]
    _write(landed.landing / "catalogue.csv", catalogue)
    _write(landed.landing / "columns.csv", columns)
    return landed


def _write(path: Path, lines: Iterable[tuple[str, ...]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="", encoding="utf-8") as f:
        csv.writer(f, lineterminator="\n").writerows(lines)
