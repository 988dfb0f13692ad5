"""Study 002: the frame, and matrices and statements on coded items made up here."""

from __future__ import annotations

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


def marts_of(coded: bool) -> Marts:
    """Six reports of each framework; corporate parenting in F3 alone, missing children in cities alone."""
    reports, items, themes = [], [], []
    for framework, (name, day) in FRAMEWORKS.items():
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
            # Named to the authority in cities, to the board elsewhere.
            words = {
                "addressee": "local_authority" if i % 2 else "safeguarding_board",
                "text": "Improve performance data.",
            }
            about = {"inspection_id": report, "report_id": report, "la_code": str(200 + i), "framework": name}
            items.append({**about, **words, "publication_date": day})
            found = [("performance_management", "performance"), ("auditing", "performance"), ("timeliness", "casework")]
            found += [("corporate_parenting", "leadership")] if framework == "F3" else []
            found += [("missing_children", "service_user_groups")] if i % 2 else []
            for coder in ("rules", "second"):
                kept = found if coder == "rules" else found[:-1]
                themes += [
                    {"report_id": report, "item": k, "theme": t, "category": c, "coder": coder}
                    for k, (t, c) in enumerate(kept)
                ]
    con = duckdb.connect()
    con.execute("create schema studies; create schema marts; create schema seeds")
    con.execute("create table seeds.report_theme as from read_csv(?)", [str(SEED)])
    tables = {"studies.rpt_report_themes__sample": reports}
    if coded:
        tables |= {"marts.fct_recommendation": items, "marts.fct_recommendation_theme": themes}
    for table, rows in tables.items():
        con.register("rows", pd.DataFrame(rows))
        con.execute(f"create table {table} as select * from rows")
        con.unregister("rows")
    if coded:
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
    assert value("shares of reports", "percent", "performance management named") == 50
    assert value("shares of reports", "percent", "corporate_parenting | framework | F3") == 100
    assert value("shares of reports", "percent", "corporate_parenting | framework | F1") == 0
    assert value("claims", "claim", "highly urban") == 1
    assert value("claims", "claim", "F3") == pytest.approx(2 / 5)
    assert value("agreement", "kappa", "pooled | rules v second") is not None


@pytest.mark.real
def test_the_reports_the_paper_quotes_are_in_the_real_frame(real_marts: Marts) -> None:
    found = by_key(run(real_marts, SPEC, PAPERS))
    assert found["report_themes", "sample", "claim", "quoted reports"].value == 1
