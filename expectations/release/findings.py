"""From failing rows of a warehouse's frame to findings, with the landed tables that the rows came from."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from expectations.gx import Failure
from expectations.release.origins import Origins
from expectations.results import Finding, TableKey

#: Columns that say which row of a frame is meant.
IDENTITY = (
    "relation",
    "measure_id",
    "la_code",
    "la_name",
    "area_level",
    "area_code",
    "year",
    "source",
    "edition",
    "previous_edition",
    "inspection_id",
    "framework",
)
#: Figures that fail together, as one finding: those of a measure, a year and an edition.
_TOGETHER = ("measure_id", "year", "source", "edition")
#: Columns of a sum that its finding says in words.
_WORKINGS = ("authorities", "joint_returns", "not_numbers", "rounding", "lowest", "highest", "unexplained")
#: So many failing rows are shown as they stand.
SHOWN = 12

_SAY: dict[str, Callable[[dict[str, Any]], str]] = {
    "relation_columns": lambda row: f"has no {row['missing']}" if row["is_there"] else "not there",
    "same_unit_from_year_to_year": lambda row: (
        f"the median changes {row['median_fold']:.4g}-fold, from {_said(row['median_before'])} to "
        f"{_said(row['median'])}; the odd year is {int(row['odd_year'])}"
    ),
    "every_authority_and_measure": lambda row: (
        f"{int(row['places_expected']) - int(row['places'])} of {int(row['places_expected'])} rows missing"
    ),
    "authorities_in_existence": lambda row: (
        f"{int(row['authorities'])} authorities, where {int(row['authorities_in_existence'])} existed"
    ),
    "eightfold_change": lambda row: f"changes {row['fold']:.4g}-fold",
    "twentyfold_change_of_money": lambda row: f"changes {row['fold_of_money']:,.4g}-fold",
    "change_by_80_points": lambda row: f"changes by {row['points']:.4g} points",
    "revised_by_half": lambda row: f"changes by {row['change_pct']:.4g} per cent",
    "same_unit_in_both_editions": lambda row: (
        f"{int(row['changed'])} figures differ, the median of them {row['median_fold']:.4g}-fold"
    ),
    "spending_per_child": lambda row: f"£{row['gbp_per_child']:,.0f} per child",
    "figures_lost": lambda row: f"{row['lost_pct']:.4g} per cent of {int(row['values_before'])} figures are gone",
    "figures_changed": lambda row: f"{row['changed_pct']:.4g} per cent of {int(row['values_before'])} figures changed",
}


def findings(failure: Failure, origins: Origins | None) -> list[Finding]:
    """The findings of one failed expectation: one a row, but figures of one measure, year and edition together."""
    rows = failure.rows
    if set(_TOGETHER) <= set(rows.columns) and "value_status" in rows:
        groups = [g for _, g in rows.groupby(list(_TOGETHER), observed=True, sort=False, dropna=False)]
        return [_finding(failure, [_values(r) for r in g.to_dict("records")], origins) for g in groups]
    return [_finding(failure, [_values(r)], origins) for r in rows.to_dict("records")]


def _finding(failure: Failure, rows: list[dict[str, Any]], origins: Origins | None) -> Finding:
    check, first = failure.check, rows[0]
    together = len(rows) > 1 or "value_status" in first
    identity = _TOGETHER if together else IDENTITY
    hidden = {*identity, check.figure, *(_WORKINGS if "england" in first else ())}
    shown = [{k: _said(v) for k, v in row.items() if k not in hidden} for row in rows[:SHOWN]]
    if together:
        shown = [
            {"la_code": str(r["la_code"]), "value": _said(r.get("value")), **s}
            for r, s in zip(rows, shown, strict=False)
        ]
    return Finding(
        check=check.check,
        severity=check.severity,
        kind=check.kind,
        where={c: _said(first[c]) for c in identity if c in first and first[c] != ""},
        found=_found(check.check, check.figure, rows),
        says=check.says,
        advice=check.advice,
        examples=tuple(s for s in shown if s and "relation" not in first),
        tables=_tables(check.check, first, origins) if origins else (),
    )


def _found(check: str, figure: str, rows: list[dict[str, Any]]) -> str:
    first = rows[0]
    if check in _SAY:
        return _SAY[check](first)
    if "england" in first:
        return _england(first)
    if "value_status" in first:
        worst = [r["value"] for r in rows if r.get("value") is not None]
        between = f", {_said(min(worst))} to {_said(max(worst))}" if worst else ""
        return f"{len(rows)} figure{'' if len(rows) == 1 else 's'}{between}"
    return f"{figure.replace('_', ' ')} is {_said(first.get(figure, 'not there'))}"


def _england(row: dict[str, Any]) -> str:
    difference = row["england"] - row["authorities_sum"]
    said = (
        f"England's figure is {_exactly(abs(difference))} {'above' if difference > 0 else 'below'} the sum of "
        f"{int(row['authorities'])} authorities, and rounding explains {_exactly(row['rounding'])}"
    )
    if row["not_numbers"]:
        said += f"; {int(row['not_numbers'])} more {'is' if row['not_numbers'] == 1 else 'are'} no number"
    if row["joint_returns"]:
        said += f"; {int(row['joint_returns'])} joint returns"
    return said


def _tables(check: str, row: dict[str, Any], origins: Origins) -> tuple[TableKey, ...]:
    """The landed tables behind a failing row; of two that are compared, the one that is more likely wrong."""
    if "inspection_id" in row:
        return origins.of_inspection(row["source"], row["edition"], row["framework"], row["publication_date"])
    if "gbp_per_child" in row or "gbp_nominal" in row:
        return origins.of_spending(row["source"], row["edition"], int(row["year"]))
    if "odd_year" in row:
        return origins.of_measure(row["measure_id"], int(row["odd_year"]))
    if {"source", "edition", "measure_id"} <= set(row):
        year = int(row["year"]) if "year" in row else None
        return origins.of_figure(row["source"], row["edition"], row["measure_id"], year)
    return ()


def _values(row: dict[Any, Any]) -> dict[str, Any]:
    """A row without what is missing in it."""
    return {str(k): v for k, v in row.items() if v is not None and v == v}


def _said(value: Any) -> str:
    if isinstance(value, float):
        return _exactly(value) if abs(value) >= 1000 else f"{value:.4g}"
    if isinstance(value, int) and abs(value) >= 10000:
        return f"{value:,}"
    return "" if value is None else str(value)


def _exactly(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:,.6g}"
