"""Study 004: planted persistence, prediction and groups found, bad input said, the bundled sample, the real n."""

from __future__ import annotations

from typing import Any

import duckdb
import numpy as np
import pandas as pd
import pytest

from analysis.marts import MartLacks, Marts
from analysis.results import Estimate, by_key
from analysis.scoreboard import score
from analysis.studies.inadequate_prediction import tables as t
from analysis.studies.inadequate_prediction.model import of_2012, run
from analysis.studies.inadequate_prediction.panel import BESIDE, SPEND, cycle, judged_inadequate, labels_of
from analysis.studies.run import run_study
from analysis.studies.spec import Choices, load_spec

SPEC = load_spec("inadequate_prediction")
PAPERS = Choices().filled(SPEC)
LABELS = labels_of(SPEC.variables)
#: A few predictors are enough for what is tested on made-up data.
CORE = "core_assessments_within_35_days_pct"
SHORT = SPEC.model_copy(
    update={
        "variables": {
            **SPEC.variables,
            "predictors": [CORE, "initial_assessments_within_10_days_pct", "rereferrals_pct"],
            "cycle": ["assessments_within_45_days_pct", "rereferrals_pct"],
            "cycle_and_workforce": ["assessments_within_45_days_pct", "agency_rate_pct"],
        }
    }
)
READ = {"year_by_publication": "year", "overall_judgement": "judgement"}
TIMELY, AGAIN = "initial_assessments_within_10_days_pct", "rereferrals_pct"


def made_up(n: int = 90, seed: int = 5) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Panel 2010 to 2022 and inspections: late assessments and re-referrals foretell an inadequate judgement."""
    rng = np.random.default_rng(seed)
    codes = [str(300 + i) for i in range(n)]
    quality = rng.normal(0, 1, n)
    years = []
    for year in range(2010, 2023):
        frame = pd.DataFrame({"la_code": codes, "year": year, "is_excluded_from_studies": False})
        for measure in LABELS:
            frame[measure] = rng.normal(50, 8, n)
        frame[TIMELY] = 60 + 14 * quality + rng.normal(0, 3, n)
        frame["assessments_within_45_days_pct"] = 80 + 9 * quality + rng.normal(0, 3, n)
        frame[AGAIN] = 24 - 4 * quality + rng.normal(0, 2, n)
        frame["referrals_rate_per_10k"] = 500 + 20 * frame[AGAIN] + rng.normal(0, 40, n)
        years.append(frame)
    bad = quality + rng.normal(0, 0.4, n) < -0.7
    rounds = [("slac", 2011), ("cpi", 2013), ("sif", 2016), ("ilacs", 2020)]
    inspections = pd.concat(
        [
            pd.DataFrame(
                {
                    "inspection_id": [f"{framework}{c}" for c in codes],
                    "la_code": codes,
                    "framework": framework,
                    "publication_date": pd.Timestamp(f"{year}-01-15"),
                    "year_by_publication": year,
                    "overall_judgement": np.where(bad & (framework != "slac"), 4, 3),
                    "is_first_in_framework": True,
                }
            )
            for framework, year in rounds
        ],
        ignore_index=True,
    )
    return pd.concat(years, ignore_index=True).assign(worst_judgement=3, judgement=3), inspections


def marts_of(panel: pd.DataFrame, inspections: pd.DataFrame) -> Marts:
    con = duckdb.connect()
    con.execute("create schema studies; create schema marts")
    con.register("panel", panel)
    con.register("inspections", inspections)
    beside = ", ".join(BESIDE)
    con.execute(
        f"create table studies.rpt_inadequate_prediction__sample as select * exclude ({beside}, {SPEND}) from panel;"
        f"create table marts.fct_la_year_measure as unpivot (select la_code, year, {beside} from panel) "
        f"on {beside} into name measure_id value published_value;"
        f"create table marts.fct_la_year_spend_real as select la_code, year, {SPEND} as gbp_real_per_cin, "
        "'s251_outturn' as spend_return, 'safeguarding' as spend_group, 'gross' as gross_or_net, 'gdp' as price_index, "
        "2016 as base_year from panel;"
        "create table marts.fct_inspection as select * from inspections"
    )
    return Marts(con)


def named(found: list[Estimate]) -> dict[tuple[str, str, str], Estimate]:
    return {key[1:]: e for key, e in by_key(found).items()}


@pytest.fixture(scope="module")
def found() -> dict[tuple[str, str, str], Estimate]:
    return named(run(marts_of(*made_up()), SHORT, PAPERS))


def test_persistent_pairs_have_their_sign_and_others_none(found: dict[tuple[str, str, str], Estimate]) -> None:
    def sign(a: str, b: str) -> float | None:
        return found["figure 3", "persistent_sign", f"{LABELS[a]} x {LABELS[b]}"].value

    assert sign("referrals_rate_per_10k", AGAIN) == 1
    assert sign(AGAIN, TIMELY) == -1
    assert sign("core_assessments_rate_per_10k", "core_assessments_within_35_days_pct") == 0
    shares = found["figure 3", "share_not_persistent", "prior CP plan x any other"].value
    assert shares is not None
    assert shares > 0.9


def test_the_elastic_net_keeps_what_foretells(found: dict[tuple[str, str, str], Estimate]) -> None:
    place = "elastic net | 2012"
    assert (found[place, "coefficient", LABELS[TIMELY]].value or 0) < 0
    assert (found[place, "deviance_explained_pct", "model"].value or 0) > 30
    nested = found["nested cross-validation | 2012", "auc", "predictions"].value
    assert nested is not None
    assert nested > 0.8
    later = found["temporal hold-out | held out, ILACS", "auc", "predictions"]
    assert later.value is not None
    assert later.value > 0.8
    assert later.n == 90
    assert found["temporal hold-out | held out, ILACS", "calibration_slope", "predictions"].value is not None


def test_medians_are_of_authorities_by_year(found: dict[tuple[str, str, str], Estimate]) -> None:
    panel, _inspections = made_up()
    ours = found["figure 2", "median", f"{LABELS[AGAIN]} | 2012"]
    assert ours.value == pytest.approx(panel.loc[panel["year"] == 2012, AGAIN].median())
    assert ours.n == 90


def test_groups_by_hand() -> None:
    """Four authorities predicted; two are rated inadequate in their first predicted year or later; changes by hand."""
    codes = list("abcd")
    panel = pd.DataFrame(
        {
            "la_code": codes * 3,
            "year": [2011] * 4 + [2012] * 4 + [2013] * 4,
            "rate": [1.0, 2.0, 3.0, 4.0, 2.0, 4.0, 3.0, 1.0, 9.0, 9.0, 9.0, 9.0],
        }
    )
    inspections = pd.DataFrame(
        {"la_code": ["a", "b", "c", "d"], "year": [2013, 2011, 2012, 2010], "judgement": [4, 4, 3, 4]}
    )
    predicted = pd.DataFrame({"la_code": codes, "year": [2011] * 4})
    out = named(t.groups(panel, inspections, predicted, {"rate": "rate"}, (2011, 2013), "x"))
    assert out["groups | x", "n", "group B"].value == 2
    assert out["groups | x", "n", "group A | last rated adequate"].value == 1
    assert out["groups | x", "n", "group A | uninspected in window"].value == 1
    assert out["table 3 | x", "median_change", "group B | rate"].value == 1.5
    assert out["table 3 | x", "pct_rising", "group A | rate"].value == 0
    assert out["table 3 | x", "median_change", "group A | rate"].value == -1.5


def test_the_model_foretells_its_own_year_and_the_next() -> None:
    """Inadequate judgements of 2011, 2013, 2014 and 2015: the model of 2012/13 is of those of 2013 and 2014."""
    panel, inspections = made_up(45)
    inspections["overall_judgement"] = 3
    codes = panel["la_code"].unique()
    for i, year in enumerate([2011] * 3 + [2013] * 4 + [2014] * 5 + [2015] * 6):
        row = inspections.index[(inspections["framework"] == "cpi") & (inspections["la_code"] == codes[i])]
        inspections.loc[row, ["year_by_publication", "overall_judgement"]] = [year, 4]
    out = named(of_2012(panel, inspections.rename(columns=READ), SHORT))
    assert out["elastic net | 2012", "n_inadequate", "model"].value == 9
    assert out["elastic net | 2012 read as 2011/12", "n_inadequate", "model"].value == 4


def test_first_predicted_year_and_a_cut_for_as_many() -> None:
    scores = pd.DataFrame(
        {"la_code": list("aabbc"), "year": [2011, 2012] * 2 + [2011], "probability": [0.6, 0.9, 0.1, 0.7, np.nan]}
    )
    assert t.first_predicted(scores, 0.5).to_dict("list") == {"la_code": ["a", "b"], "year": [2011, 2012]}
    cut = t.cut_for(scores, 1)
    assert t.first_predicted(scores, cut)["la_code"].tolist() == ["a"]
    assert t.cut_for(scores, 9) == -1.0


def test_the_measures_of_a_cycle_are_of_the_year_before() -> None:
    panel, inspections = made_up(5)
    read = inspections.rename(columns=READ)
    out = cycle(panel, read, "sif")
    assert out["year"].unique().tolist() == [2015]
    assert set(out["is_inadequate"]) <= {0.0, 1.0}
    assert judged_inadequate(read, 2009, 2012) == set()


@pytest.mark.parametrize("harm", ["missing", "constant", "no inadequate", "few", "no later cycle"])
def test_bad_input_is_a_reason_and_never_a_stop(harm: str) -> None:
    panel, inspections = made_up(45)
    if harm == "missing":
        panel[CORE] = np.nan
    elif harm == "constant":
        panel[CORE] = 5.0
    elif harm == "no inadequate":
        inspections["overall_judgement"] = 3
    elif harm == "few":
        panel = panel[panel["la_code"].isin(["300", "301", "302"])]
    else:
        inspections = inspections[inspections["framework"].isin(["slac", "cpi"])]
    out = run_study(marts_of(panel, inspections), SHORT)
    assert not [e.reason for e in out if e.place == "run"]
    assert not [e.key for e in out if e.value is None and not e.reason]
    rows = score(SHORT, out)
    assert len(rows) == 112
    assert all(r.reason for r in rows if r.verdict != "reproduced")


def test_a_warehouse_without_a_measure_says_so() -> None:
    panel, inspections = made_up(5)
    with pytest.raises(MartLacks, match="agency_rate_pct"):
        run(marts_of(panel.drop(columns="agency_rate_pct"), inspections), SPEC, PAPERS)


def test_the_bundled_sample_foretells_by_timeliness_and_deprivation(sample_run: Any) -> None:
    out = sample_run.estimates("inadequate_prediction")
    # Planted: assessments on time slip before an inadequate judgement, and deprivation weighs against an authority.
    assert out["elastic net | SIF", "coefficient", "assessments within 45 days %"]["value"] < 0
    assert out["elastic net | SIF", "coefficient", "deprivation"]["value"] > 0
    assert out["temporal hold-out | held out, ILACS", "auc", "predictions"]["value"] > 0.7
    assert out["sample", "n", "LAs"]["value"] == 150


@pytest.mark.real
def test_the_real_returns_keep_the_papers_predictors_and_signs(real_marts: Marts) -> None:
    out = named(run(real_marts, SPEC, PAPERS))
    assert out["sample", "n", "LAs"].value == 150
    assert (out["elastic net | 2012", "coefficient", LABELS[TIMELY]].value or 0) < 0
    assert (out["elastic net | 2012", "coefficient", LABELS[AGAIN]].value or 0) > 0
    for measure, sign in (("cin_ceased_under_3_months_pct", 1), ("cin_ceased_2_years_plus_pct", -1)):
        assert out["figure 3", "persistent_sign", f"{LABELS[AGAIN]} x {LABELS[measure]}"].value == sign
