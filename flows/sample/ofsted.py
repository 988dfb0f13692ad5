"""Ofsted's workbooks and the index of its reports, in the layout of 2023 and 2024."""

from __future__ import annotations

import csv
import hashlib
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from flows.sample.inspections import GRADES, Inspection
from flows.sample.places import Authority
from flows.sample.reports import chosen_reports, report_pdf
from flows.sample.returns import SHORT_NAMES
from flows.sample.world import World
from flows.sample.writers import Row, csv_bytes, ods_bytes

if TYPE_CHECKING:
    import numpy as np

LINK = "Ofsted Local Authority Webpage"
SYNTHETIC = "SYNTHETIC: every judgement and date in this workbook is invented by a seeded generator."
_TYPES = {"standard": "ILACS Standard Inspection", "short": "ILACS Short Inspection"}
_THEMES = ("Front door", "Care leavers", "Achieving permanence", "Child protection plans")
_JUDGED = (
    "Impact of leaders",
    "Experiences and progress of children who need help and protection",
    "Experiences and progress of children in care",
    "Experiences and progress of care leavers",
)
_FIELDS = ("leadership", "help_and_protection", "children_looked_after", "care_leavers")


def ofsted_files(world: World, seeds: Path) -> list[tuple[str, bytes]]:
    """Path and bytes of both workbooks, of the report index and of some reports."""
    import numpy as np

    rng = np.random.default_rng([world.seed, 82])
    with (seeds / "inspection_column.csv").open(newline="", encoding="utf-8") as f:
        columns = list(csv.DictReader(f))
    return [
        (
            "ofsted_childrens_social_care/2023/Childrens_social_care_in_England_2023_underlying_data.ods",
            ods_bytes(_workbook_2023(world, columns, rng)),
        ),
        (
            "ofsted_la_outcomes/2024/LA_Inspection_Outcomes_as_at_March_2024.ods",
            ods_bytes(_workbook_2024(world, columns, rng)),
        ),
        *_reports(world, np.random.default_rng([world.seed, 83])),
    ]


def name_of(a: Authority) -> str:
    """An authority as Ofsted calls it."""
    return {**SHORT_NAMES, "882": "Southend-on-Sea"}.get(a.code, a.name)


def _region(a: Authority) -> str:
    merged = ("North East", "Yorkshire and The Humber")
    return "North East, Yorkshire and The Humber" if a.region in merged else a.region


def _history(
    world: World, columns: list[dict[str, str]], source: str, table: str, authorities: list[Authority], until: date
) -> tuple[Row, list[Row]]:
    """Header and rows of a sheet that has every framework's inspections side by side."""
    mine = [c for c in columns if (c["source"], c["table_name"]) == (source, table)]
    front = ["Web link", "Local authority name", "LA region"]
    front += ["LA Authority Type"] if source == "ofsted_childrens_social_care" else []
    rows: list[Row] = []
    for a in authorities:
        history = [i for i in world.inspections if i.la_code == a.code and i.published <= until]
        row: list[str | date] = [LINK, name_of(a), _region(a), *(["Local authority"] if len(front) == 4 else [])]
        for c in mine:
            found = next((i for i in history if _stands_in(i, c)), None)
            row.append(_field(found, c["field"]) if found else "")
        rows.append(tuple(row))
    return (*front, *(c["column_name"] for c in mine)), rows


def _stands_in(i: Inspection, column: dict[str, str]) -> bool:
    if i.framework != column["framework"]:
        return False
    if not column["inspection_type"]:
        return i.number == int(column["sequence"])
    return i.inspection_type == column["inspection_type"] and column["sequence"] == "1"


def _field(i: Inspection, field: str) -> str | date:
    if field == "publication_date":
        return i.published
    if field == "inspection_type":
        return _TYPES[i.inspection_type]
    if field == "overall_judgement":
        return GRADES[i.overall]
    if field == "safeguarding_board":
        return GRADES[min(i.overall + (i.overall < 3), 4)]
    return GRADES[i.parts[field]] if field in i.parts else ""


def _judgements(i: Inspection) -> list[str]:
    return [GRADES[i.overall], *(GRADES[i.parts[f]] if f in i.parts else "" for f in _FIELDS)]


def _latest(world: World, authorities: list[Authority], until: date) -> list[Row]:
    rows: list[Row] = []
    for a in authorities:
        mine = [
            i
            for i in world.inspections
            if i.la_code == a.code and i.framework in ("sif", "ilacs") and i.published <= until
        ]
        if mine:
            last = max(mine, key=lambda i: i.published)
            rows.append((LINK, name_of(a), _region(a), last.began, *_judgements(last)))
        else:
            rows.append((LINK, name_of(a), _region(a), "Not yet inspected"))
    return rows


def _in_year(world: World, authorities: list[Authority], year: int, rng: np.random.Generator) -> list[Row]:
    """Inspections and visits that began in a year ending 31 March."""
    rows: list[Row] = []
    codes = {a.code: a for a in authorities}
    for i in world.inspections:
        if i.la_code in codes and i.framework == "ilacs" and date(year - 1, 4, 1) <= i.began <= date(year, 3, 31):
            a = codes[i.la_code]
            rows.append((LINK, name_of(a), _region(a), i.began, _TYPES[i.inspection_type], *_judgements(i), ""))
    for a in authorities:
        if rng.random() < 0.4:
            day = date(year - 1, int(rng.integers(4, 13)), int(rng.integers(1, 28)))
            kind = "ILACS Focused Visit" if rng.random() < 0.75 else "LA Monitoring visit"
            theme = _THEMES[int(rng.integers(0, len(_THEMES)))]
            rows.append((LINK, name_of(a), _region(a), day, kind, *[""] * 5, theme))
    return rows


_LATEST_HEADER = (
    "Web link",
    "Local authority name",
    "Ofsted region",
    "Inspection date",
    "Overall effectiveness",
    *_JUDGED,
)
_IN_YEAR_HEADER = (
    "Web link",
    "Local authority name",
    "Region",
    "Inspection/Visit date",
    "Inspection/Visit type",
    "Overall effectiveness",
    *_JUDGED,
    "Visit Theme",
)


def _workbook_2023(
    world: World, columns: list[dict[str, str]], rng: np.random.Generator
) -> list[tuple[str, list[Row]]]:
    source, until = "ofsted_childrens_social_care", date(2023, 4, 30)
    current = world.places.authorities_of(2023)
    gone = [a for a in world.places.authorities if a.valid_to and date(2010, 1, 1) < a.valid_to < date(2023, 3, 31)]
    header, rows = _history(world, columns, source, "la_inspections", current, until)
    header_gone, rows_gone = _history(world, columns, source, "la_inspections_abolished", gone, until)
    title = "Children's social care data in England 2023"
    cover: list[Row] = [
        ("Cover sheet - Official statistics",),
        ("Section", "Detail"),
        ("Policy area:", title),
        ("Theme:", "Social care"),
        ("Published on:", date(2023, 7, 6)),
        ("Coverage:", "England (synthetic)"),
        ("Status:", SYNTHETIC),
    ]
    level = [
        (f"{title} - LA level at 31 March 2023",),
        (SYNTHETIC,),
        (),
        _LATEST_HEADER,
        *_latest(world, current, until),
    ]
    year = [
        (f"{title} - LA level in year 2022-23",),
        (SYNTHETIC,),
        _IN_YEAR_HEADER,
        *_in_year(world, current, 2023, rng),
    ]
    history: list[Row] = [
        (f"{title} - LA inspections 2009-2023",),
        ("This worksheet contains two tables with no blank rows or columns.",),
        (SYNTHETIC,),
        ("Some cells in this table are empty because data was not provided to Ofsted.",),
        header,
        *rows,
        (),
        (),
        ("Table 11:History of inspections of local authorities that existed before the restructure",),
        header_gone,
        *rows_gone,
    ]
    return [
        ("Cover", cover),
        ("LA_level_at_31_Mar_2023", list(level)),
        ("LA_level_in_year_2022-23", list(year)),
        ("LA_inspections_2009-2023", history),
    ]


def _workbook_2024(
    world: World, columns: list[dict[str, str]], rng: np.random.Generator
) -> list[tuple[str, list[Row]]]:
    source, until = "ofsted_la_outcomes", date(2024, 6, 30)
    current = world.places.authorities_of(2024)
    inspected = {i.la_code for i in world.inspections if i.framework == "ilacs"}
    gone = [a for a in world.places.authorities if a.valid_to and a.code in inspected]
    header, rows = _history(world, columns, source, "la_inspections", current, until)
    header_gone, rows_gone = _history(world, columns, source, "la_inspections_abolished", gone, until)
    cover: list[Row] = [
        ("Local authority inspection outcomes as at 31 March 2024",),
        ("Section", "Detail"),
        ("Policy area:", "Local Authority Inspection Outcomes"),
        ("Theme:", "Children's Social Care"),
        ("Published on:", date(2024, 8, 30)),
        ("Coverage:", "England (synthetic)"),
        ("Status:", SYNTHETIC),
    ]
    latest = [
        ("Local authority inspection judgements as at 31 March 2024",),
        (SYNTHETIC,),
        _LATEST_HEADER,
        *_latest(world, current, until),
    ]
    year = [
        ("Local authority in year inspection activity 2023-24",),
        (SYNTHETIC,),
        _IN_YEAR_HEADER,
        *_in_year(world, current, 2024, rng),
    ]
    history: list[Row] = [
        ("ILACS inspections 2018-2024",),
        ("This worksheet contains two tables with no blank rows or columns.",),
        (SYNTHETIC,),
        header,
        *rows,
        ("ILACS inspections of local authorities that existed before the restructure",),
        header_gone,
        *rows_gone,
    ]
    return [
        ("Cover", cover),
        ("Inspections_31_March_2024", list(latest)),
        ("Inspections_in_year_2023-24", list(year)),
        ("ILACS_inspections_2018-2024", history),
    ]


def _reports(world: World, rng: np.random.Generator) -> list[tuple[str, bytes]]:
    """The index, one line per report of two frameworks, and those few reports that exist; the rest is not there."""
    rows: list[Row] = [("file", "urn", "local_authority", "source_url", "publication_date", "bytes", "sha256")]
    written = chosen_reports(world.inspections, rng)
    out: list[tuple[str, bytes]] = []
    for n, i in enumerate(world.inspections):
        if i.framework not in ("sif", "ilacs"):
            continue
        a = world.places.by_code[i.la_code]
        urn = 90_000 + int(i.la_code)
        day = f"{i.published:%d-%B-%Y}".lower()
        slug = "-".join("".join(c if c.isalnum() else " " for c in name_of(a).lower()).split())
        file = f"{urn}_{slug}_synthetic-report-{day}.pdf"
        url = f"https://example.invalid/synthetic/{n}"
        data = report_pdf(i, a.name, rng) if i in written else b""
        digest = hashlib.sha256(data or file.encode()).hexdigest()
        rows.append((file, urn, name_of(a), url, f"{i.published:%d/%m/%y}", len(data), digest))
        out += [(f"ofsted_reports/pdf/{file}", data)] if data else []
    return [("ofsted_reports/index.csv", csv_bytes(rows, marks="crlf")), *out]
