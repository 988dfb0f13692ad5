"""Official judgements and dates from Ofsted's statistics workbooks, for the comparison with the reports.

A reading of its own, apart from the warehouse's, so that the reports are not compared with a copy of themselves.
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import pandas as pd

from flows.documents.framework import authority_key
from flows.documents.grades import grade_value

_HISTORY = "LA_inspections_2009-2023"
_SUB = {
    "children who need help and protection": "help_and_protection",
    "children looked after and achieving permanence": "children_looked_after",
    "experiences and progress of children who need help and protection": "help_and_protection",
    "experiences and progress of children in care and care leavers": "children_looked_after",
    "experiences and progress of children in care": "children_looked_after",
    "experiences and progress of care leavers": "care_leavers",
    "cla sub: adoption performance": "adoption",
    "cla sub: experiences and progress of care leavers": "care_leavers",
    "leadership, management and governance": "leadership",
    "impact of leaders": "leadership",
    "overall judgement (oe)": "overall_judgement",
    "overall effectiveness": "overall_judgement",
    "overall effectiveness (oe)": "overall_judgement",
    "publication date": "publication_date",
}
_BLOCKS = (
    ("single inspection of la children's services (sif) sif re-inspection", "sif", "re"),
    ("sif re-inspection", "sif", "re"),
    ("single inspection of la children's services (sif) first sif", "sif", "first"),
    ("first sif", "sif", "first"),
    ("lscb overall effectiveness", "sif", "first"),
    ("targeted looked after children (tlac) inspection", "tlac", "first"),
    ("tlac", "tlac", "first"),
    ("first ilacs framework", "ilacs", "first"),
    ("second ilacs framework", "ilacs", "second"),
    ("first ilacs", "ilacs", "first"),
    ("second ilacs", "ilacs", "second"),
)


def official_inspections(returns: Path) -> pd.DataFrame:
    """One row an inspection: authority_key, framework, dates (inspection_date where known), judgements 1..4."""
    old = next((returns / "ofsted_childrens_social_care/2023").glob("*.ods"))
    new = next((returns / "ofsted_la_outcomes/2024").glob("*.ods"))
    rows = [*_history(_sheet(old, _HISTORY)), *_history(_sheet(new, "ILACS_inspections_2018-2024"))]
    frame = pd.DataFrame(rows).drop_duplicates(["authority_key", "framework", "publication_date"])
    starts = [
        *_starts(_sheet(old, "LA_level_at_31_Mar_2023")),
        *_starts(_sheet(old, "LA_level_in_year_2022-23")),
        *_starts(_sheet(new, "Inspections_31_March_2024")),
        *_starts(_sheet(new, "Inspections_in_year_2023-24")),
    ]
    frame["inspection_date"] = [_start_of(row, starts) for row in frame.to_dict("records")]
    return frame.reset_index(drop=True)


def _sheet(path: Path, name: str) -> list[list[Any]]:
    import python_calamine

    return python_calamine.CalamineWorkbook.from_path(path).get_sheet_by_name(name).to_python(nrows=400)


def _words(cell: Any) -> str:
    return " ".join(str(cell).replace("\u2019", "'").lower().split())


def _history(rows: list[list[Any]]) -> list[dict[str, Any]]:
    """The wide table has a second block, for authorities that no longer exist, with a header row of its own."""
    found: list[dict[str, Any]] = []
    header: list[str] | None = None
    for row in rows:
        words = [_words(cell) for cell in row]
        if "local authority name" in words:
            header = words
            continue
        if header is None or not str(row[header.index("local authority name")]).strip():
            continue
        inspections: dict[tuple[str, str], dict[str, Any]] = {}
        for name, cell in zip(header, row, strict=True):
            block = next(
                ((prefix, framework, which) for prefix, framework, which in _BLOCKS if name.startswith(prefix)), None
            )
            if block is None or cell == "":
                continue
            prefix, framework, which = block
            rest = name[len(prefix) :].strip()
            column = "lscb" if prefix.startswith("lscb") else _SUB.get(rest)
            if column:
                value = cell.date() if isinstance(cell, datetime) else grade_value(str(cell))
                inspections.setdefault((framework, which), {})[column] = value
        key = authority_key(str(row[header.index("local authority name")]))
        found.extend(
            {"authority_key": key, "framework": framework, **values}
            for (framework, _), values in inspections.items()
            if values.get("publication_date")
        )
    return found


def _starts(rows: list[list[Any]]) -> list[tuple[str, Any]]:
    index = next(number for number, row in enumerate(rows) if "Local authority name" in row)
    header = [_words(cell) for cell in rows[index]]
    name = header.index("local authority name")
    day = next(number for number, words in enumerate(header) if words in ("inspection date", "inspection/visit date"))
    kind = next((number for number, words in enumerate(header) if words == "inspection/visit type"), None)
    return [
        (authority_key(str(row[name])), row[day].date())
        for row in rows[index + 1 :]
        if isinstance(row[day], datetime) and (kind is None or "Inspection" in str(row[kind]))
    ]


def _start_of(row: dict[str, Any], starts: list[tuple[str, Any]]) -> Any:
    """First day on site of an inspection published within half a year after it."""
    days = [
        day for key, day in starts if key == row["authority_key"] and 14 <= (row["publication_date"] - day).days <= 200
    ]
    return max(days) if days and row["framework"] == "ilacs" else None
