"""A small landing for the gate's tests: made-up tables of 150 authorities, in the layout that landing writes."""

from __future__ import annotations

import csv
import random
from dataclasses import dataclass, field
from pathlib import Path

from flows.common.settings import Settings
from flows.landing.tables import META

AUTHORITIES = [(str(code), f"Authority {code}") for code in range(202, 352)]
LINES = ("16 Total Children Looked After", "1 Residential care")
SEEDS = {
    "value_symbol": [
        ("symbols", "symbol", "value_status", "source_of_meaning"),
        ("sfr", "x", "suppressed", ""),
        ("sfr", ".", "not_applicable", ""),
        ("sfr", "", "unavailable", ""),
        ("s251", "", "unavailable", ""),
    ],
    "measure": [
        ("measure_id", "unit", "lowest", "highest"),
        ("referrals_count", "count", "0", "500000"),
        ("rereferrals_pct", "pct", "0", "100"),
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
    ],
    "spend_line": [
        ("edition_from", "edition_to", "filter", "spend_group", "line_kind"),
        ("2015", "2015", f"line={LINES[0]}", "cla", "total"),
        ("2015", "2015", f"line={LINES[1]}", "cla", "part"),
    ],
    "spend_column": [
        ("edition_from", "edition_to", "column_name", "gross_or_net", "unit_factor"),
        ("2012", "", "TotalExpenditure", "gross", "1"),
    ],
}


@dataclass
class Table:
    """One table of an edition: its figures as text, row by row."""

    source: str
    table: str
    edition: str
    shape: str
    symbols: str
    columns: list[tuple[str, str]]
    #: level, code, name, filter, cells
    rows: list[tuple[str, str, str, str, list[str]]] = field(default_factory=list)


def census(edition: str, *, seed: int | None = None) -> Table:
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
        table.rows.append(("la", code, name, "", cells))
    table.rows.append(("national", "", "England", "", ["England", "550,000", "22.1"]))
    table.rows[5][4][1] = "x"
    return table


def outturn() -> Table:
    """Section 251: a total and a part for every authority, in pounds."""
    draw = random.Random(251)
    table = Table(
        "dfe_s251_outturn",
        "table_a1",
        "2015",
        "sheet",
        "s251",
        [("LA Name", "key"), ("Description", "filter"), ("TotalExpenditure", "figure")],
    )
    for code, name in AUTHORITIES:
        total = draw.uniform(5e6, 60e6)
        for line, value in zip(LINES, (total, total / 3), strict=True):
            table.rows.append(("la", code, name, f"line={line}", [name, line, f"{value:.2f}"]))
    return table


def write_landing(folder: Path, *tables: Table) -> Settings:
    """Land tables below a folder, with the seeds that give them meaning."""
    settings = Settings(root=folder, data=folder / "data")
    settings.seeds.mkdir(parents=True, exist_ok=True)
    settings.landing.mkdir(parents=True, exist_ok=True)
    for name, lines in SEEDS.items():
        _write(settings.seeds / f"{name}.csv", lines)
    catalogue = [
        (
            *("source", "table_name", "edition", "shape", "symbols", "role", "file", "sha256", "content_sha256"),
            *("published_on", "published_basis", "maturity", "landed_at", "url"),
            *("row_count", "column_count", "first_period", "last_period"),
        )
    ]
    columns = [("source", "table_name", "edition", "position", "column_name", "role")]
    for t in tables:
        key = (t.source, t.table, t.edition)
        landed = [
            (*key, "sha", str(i), level, code, "", name, t.edition, row_filter, *cells)
            for i, (level, code, name, row_filter, cells) in enumerate(t.rows, 2)
        ]
        path = settings.landing / t.source / t.table / f"{t.edition}.csv"
        path.parent.mkdir(parents=True, exist_ok=True)
        _write(path, [(*META, *(c for c, _ in t.columns)), *landed])
        catalogue.append(
            (
                *(
                    *key,
                    t.shape,
                    t.symbols,
                    "primary",
                    f"{t.table}_{t.edition}.csv",
                    "sha",
                    "sha",
                    "2015-10-22",
                    "usual",
                ),
                *("final", "2026-01-01T00:00:00+00:00", "https://example.org", str(len(t.rows)), str(len(t.columns))),
                *(t.edition, t.edition),
            )
        )
        columns += [(*key, str(i), c, role) for i, (c, role) in enumerate(t.columns, 1)]
    _write(settings.landing / "catalogue.csv", catalogue)
    _write(settings.landing / "columns.csv", columns)
    return settings


def _write(path: Path, lines: list[tuple[str, ...]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as f:
        csv.writer(f, lineterminator="\n").writerows(lines)
