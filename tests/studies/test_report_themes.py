"""Study 002: the frame, and matrices and statements on coded items made up here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import duckdb
import pandas as pd
import pytest

from analysis.marts import Marts
from analysis.results import by_key
from analysis.studies.report_themes.model import run
from analysis.studies.spec import Choices, load_spec
from flows.common.settings import ROOT

SEED = ROOT / "dbt_project" / "seeds" / "report_theme.csv"
SPEC = load_spec("report_themes")
PAPERS = Choices().filled(SPEC)
FRAMEWORKS = {"F1": ("slac", "2010-05-01"), "F2": ("cpi", "2012-11-01"), "F3": ("sif", "2015-05-01")}


def marts_of(coded: bool, frameworks: Sequence[str] = tuple(FRAMEWORKS)) -> Marts:
    """Six reports of each framework; corporate parenting in F3 alone, missing children in cities alone."""
    reports, items, themes = [], [], []
    for framework in frameworks:
        name, day = FRAMEWORKS[framework]
        for i in range(6):
            report = f"{framework}{i}"
            city = "major_conurbation" if i % 2 else "mainly_or_largely_rural"
            reports.append(
                {
                    "inspection_id": report,
                    "la_code": str(200 + i),
                    "la_name": f"Place {i}",
                    "framework": name,
                    "study_framework": framework,
                    "publication_date": pd.Timestamp(day),
                    "overall_judgement": 4 if i < 2 else 3,
                    "is_inadequate": i < 2,
                    "imd_2015_third": ("low", "middle", "high")[i % 3],
                    "rural_urban_class": city,
                    "is_excluded_from_studies": False,
                }
            )
            found = [("performance_management", "performance"), ("auditing", "performance"), ("timeliness", "casework")]
            found += [("corporate_parenting", "leadership")] if framework == "F3" else []
            found += [("missing_children", "service_user_groups")] if i % 2 else []
            for coder in ("rules", "second"):
                kept = found if coder == "rules" else found[:-1]
                themes += [
                    {"report_id": report, "item": k, "theme": t, "category": c, "coder": coder}
                    for k, (t, c) in enumerate(kept)
                ]
            about = {
                "inspection_id": report,
                "report_id": report,
                "la_code": str(200 + i),
                "framework": name,
                "publication_date": day,
            }
            # Performance is named to the authority in cities, to the board elsewhere.
            own, board = ("Improve performance data.", "Plan.")[:: 1 if i % 2 else -1]
            items += [{**about, "item": k, "addressee": "local_authority", "text": own} for k in range(len(found))]
            # What a board is asked for is not the authority's.
            items.append({**about, "item": 99, "addressee": "safeguarding_board", "text": board})
            themes.append(
                {"report_id": report, "item": 99, "theme": "health", "category": "multi_agency", "coder": "rules"}
            )
    tables: dict[str, list[dict[str, object]]] = {"studies.rpt_report_themes__sample": reports}
    if coded:
        coded_by = [{k: t[k] for k in ("coder", "report_id", "item", "theme")} for t in themes]
        # A third coder looked at two items and found no theme.
        coded_by += [{"coder": "third", "report_id": "F30", "item": k, "theme": None} for k in (0, 1)]
        tables |= {
            "marts.fct_recommendation": items,
            "marts.fct_recommendation_theme": themes,
            "marts.fct_recommendation_coding": coded_by,
        }
    return in_tables(tables)


def in_tables(tables: Mapping[str, Sequence[Mapping[str, object]]]) -> Marts:
    """Marts of some tables, and the themes of the codebook."""
    con = duckdb.connect()
    con.execute("create schema studies; create schema marts; create schema seeds")
    con.execute("create table seeds.report_theme as from read_csv(?)", [str(SEED)])
    for table, rows in tables.items():
        con.register("rows", pd.DataFrame(rows))
        con.execute(f"create table {table} as select * from rows")
        con.unregister("rows")
    if "marts.fct_recommendation" in tables:
        con.execute("alter table marts.fct_recommendation alter publication_date type timestamp")
    return Marts(con)


def test_without_coded_items_the_reason_says_what_is_needed() -> None:
    found = by_key(run(marts_of(coded=False), SPEC, PAPERS))
    row = found["report_themes", "claims", "claim", "F1"]
    assert row.value is None
    assert "needs recommendations" in row.reason
    assert found["report_themes", "codebook", "n", "categories"].value == 9


def test_matrices_and_statements() -> None:
    found = by_key(run(marts_of(coded=True), SPEC, PAPERS))

    def value(*key: str) -> float | None:
        return found["report_themes", *key].value  # type: ignore[index]

    assert value("coded items", "n", "category:performance") == 36
    assert value("shares of reports", "percent", "performance_management") == 100
    assert value("shares of reports", "percent", "corporate_parenting | framework | F3") == 100
    assert value("shares of reports", "percent", "corporate_parenting | framework | F1") == 0
    assert value("claims", "claim", "highly urban") == 1
    assert value("claims", "claim", "F3") == pytest.approx(2 / 5)
    both = found["report_themes", "agreement", "kappa", "pooled | rules v second"]
    assert both.value == 1
    # Of each framework's three reports in cities and three elsewhere the second coder has all items but the last.
    assert both.n == 3 * (3 + 2) + 3 * (3 + 2) + 3 * (4 + 3)
    assert found["report_themes", "agreement", "alpha", "people"].n == 2
    apart = found["report_themes", "agreement", "kappa", "pooled | second v third"]
    assert apart.value is not None
    assert apart.value <= 0
    assert ("report_themes", "coded items", "n", "health") not in found
    mentioned = found["report_themes", "shares of reports", "percent", "performance management named"]
    assert (mentioned.value, mentioned.n) == (50, 18)


def test_what_is_about_reports_that_are_not_there_is_not_false() -> None:
    found = by_key(run(marts_of(coded=True, frameworks=["F3"]), SPEC, PAPERS))

    def claim(subject: str) -> tuple[float | None, str]:
        row = found["report_themes", "claims", "claim", subject]
        return row.value, row.reason

    for framework in ("F1", "F2", "F3"):
        value, reason = claim(framework)
        assert (value, reason.startswith("no reports to compare")) == (None, True)
    value, reason = claim("inadequate")
    # Four parts are about all reports; the fifth is about those of F2.
    assert value in {0, 0.25, 0.5, 0.75, 1}
    assert "not testable, no reports to compare: missing_children most in inadequate within F2" in reason
    assert "not so: " in reason
    assert "F2" not in reason.split("not testable")[0]
    assert claim("highly urban")[0] == 1


@pytest.mark.real
def test_the_reports_the_paper_quotes_are_in_the_real_frame(real_marts: Marts) -> None:
    found = by_key(run(real_marts, SPEC, PAPERS))
    assert found["report_themes", "sample", "claim", "quoted reports"].value == 1
