"""Study 003: the panel, the statements, what the sample planted, and the n of the real returns."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from analysis.estimators.mixed_poisson import fit_mixed_poissons
from analysis.estimators.segmented import segmented_problem
from analysis.marts import Marts
from analysis.studies.inspection_impact.claims import ALL, CLAIMS, Part, Term, above, down, flat, judge, spike, up
from analysis.studies.inspection_impact.model import fit_all, held, medians, paths, run, sample
from analysis.studies.inspection_impact.panel import Measure, centred, measures, read_panel, window_of
from analysis.studies.spec import Choices, load_spec

SPEC = load_spec("inspection_impact")
#: The names of the spec for the measures with planted paths.
PLANTED = {
    "cpp_at_31_march_count": "cpp",
    "s47_enquiries_count": "s47_enquiries",
    "referrals_count": "referrals",
    "cla_at_31_march_count": "cla",
    "agency_rate_pct": "agency",
    "spend_safeguarding_gross_gbp": "spend_safeguarding",
}


def panel(n: int = 60, seed: int = 1) -> pd.DataFrame:
    """Counts with a spike: 5% a year before, +30% at Y0, -20% at Y1, nothing after."""
    rng = np.random.default_rng(seed)
    la, t = np.repeat(np.arange(n), 7), np.tile(np.arange(-3, 4), n)
    log_rate = 0.05 * (np.minimum(t, -1) + 1) + 0.3 * (t >= 0) - 0.2 * (t >= 1) + rng.normal(0, 0.2, n)[la]
    return pd.DataFrame({"la_code": la, "event_year": t, "y": rng.poisson(np.exp(6 + log_rate))})


def fits() -> dict[tuple[str, str], Any]:
    frame = panel()
    problem = segmented_problem(frame["y"], frame["event_year"], frame["la_code"])
    return {("m", ALL): fit_mixed_poissons([problem])[0]}


def test_parts_of_a_statement() -> None:
    found = fits()
    assert [p.score(found) for p in spike("m", ALL)] == [1.0, 1.0, 1.0]
    assert up("m", ALL, "step1").score(found) == 0.0
    assert down("m", ALL, "step1").score(found) == 1.0
    assert flat("m", ALL, "post").score(found) == 1.0
    assert flat("m", ALL, "step0").score(found) == 0.0
    assert above("m", ALL, "step1", "step0").score(found) == 0.0
    assert up("other", ALL, "pre").score(found) is None


def test_a_difference_within_a_fit_uses_its_covariance() -> None:
    found = fits()
    fit = found["m", ALL]
    i, j = fit.names.index("step0"), fit.names.index("step1")
    se = float(np.sqrt(fit.cov_model[i, i] + fit.cov_model[j, j] - 2 * fit.cov_model[i, j]))
    for shift, expected in ((1.0, 1.0), (-1.0, 0.0)):
        part = Part("", (Term("m", ALL, "step0", shift), Term("m", ALL, "step1", -shift)))
        assert part.score(found) == expected
    assert se > 0


def test_judging_says_what_does_not_hold() -> None:
    judged = judge([up("m", ALL, "step0"), up("m", ALL, "step1"), up("gone", ALL, "pre")], fits())
    assert judged.value == pytest.approx(1 / 3)
    assert "not so: m (all) step1 up" in judged.words
    assert "not estimable: gone (all) pre up" in judged.words
    assert judge([up("gone", ALL, "pre")], fits()).value is None


def test_statements_speak_of_the_measures_of_the_spec() -> None:
    names = {m.name for m in measures(SPEC, "gdp")}
    assert len(names) == 24
    assert {t.measure for parts in CLAIMS.values() for p in parts for t in p.terms} <= names
    tied = {tie.ours[2] for tie in SPEC.published.values() if tie.ours and tie.ours[1] == "claim"}
    assert tied == set(CLAIMS)


def test_event_years_under_three_readings_of_the_year() -> None:
    frame = pd.DataFrame(
        {
            "la_code": ["1", "2", "3"],
            "event_year": [0, 0, 0],
            # Published 2 April 2015, 20 June 2015 and 10 February 2016.
            "year": [2016, 2016, 2016],
            "publication_date": pd.to_datetime(["2015-04-02", "2015-06-20", "2016-02-10"]),
            "inspection_date": pd.to_datetime([None, None, "2015-11-20"]),
        }
    )
    wide = (-5, 5)
    assert centred(frame, "publication", wide)["event_year"].tolist() == [0, 0, 0]
    # Six weeks before 2 April is in the year before.
    assert centred(frame, "inspection", wide)["event_year"].tolist() == [1, 0, 0]
    assert centred(frame, "calendar", wide)["event_year"].tolist() == [1, 1, 0]
    with pytest.raises(ValueError, match="one of publication"):
        centred(frame, "birth", wide)


def workforce_from_year_before() -> pd.DataFrame:
    """Thirty authorities, with figures from Y-1 on, and four of them at Y-2: as the workforce returns begin in 2015."""
    rng = np.random.default_rng(0)
    rows = []
    for la in range(30):
        level = rng.normal(3, 0.2)
        for year in range(-3, 4):
            known = year >= -1 or (year == -2 and la < 4)
            value = rng.poisson(np.exp(level + 0.1 * (year >= 0) + 2)) if known else np.nan
            row = {"la_code": str(la), "event_year": year, "vacancy_rate_pct": value, "population_0_17": 1000.0}
            rows.append({**row, "outcome_group": "inadequate" if la < 9 else "requires_improvement"})
    return pd.DataFrame(rows)


def test_medians_and_paths_rest_on_ten_authorities_and_start_where_there_is_data() -> None:
    frame = workforce_from_year_before()
    measure = Measure("vacancy", "vacancy_rate_pct", "workforce", False)
    middle = {e.subject: e for e in medians(frame, [measure])}
    assert middle["all | vacancy | Y-2"].value is None
    assert middle["all | vacancy | Y-2"].reason == "4 authorities have a figure, fewer than 10"
    at_one = frame.loc[frame["event_year"] == -1, "vacancy_rate_pct"]
    assert (middle["all | vacancy | Y-1"].value, middle["all | vacancy | Y-1"].n) == (at_one.median(), 30)
    assert {e.value for s, e in middle.items() if s.startswith("inadequate")} == {None}  # nine of them

    fits = fit_all(frame, [measure], covariance="independent")
    path = {e.subject: e for e in paths(fits, (-3, 3), held(frame, [measure]))}
    assert [path[f"all | vacancy | Y{y}"].value for y in (-3, -2)] == [None, None]
    assert path["all | vacancy | Y-1"].value == 100
    assert [path[f"all | vacancy | Y{y}"].n for y in (-3, -2, -1, 3)] == [0, 4, 30, 30]
    assert path["all | vacancy | Y0"].value == pytest.approx(110.5, abs=5)
    assert path["all | vacancy | Y0"].method.startswith("percent of Y-1")
    assert all(e.value is not None or e.reason for e in path.values())


@pytest.mark.parametrize("window", ["3", "-3:9", "1:3", "a:b"])
def test_a_window_that_is_none(window: str) -> None:
    with pytest.raises(ValueError, match="event years"):
        window_of(Choices(window=window))


@pytest.mark.slow
def test_planted_paths_are_found_in_the_sample(sample_run: Any) -> None:
    found = sample_run.estimates("inspection_impact")
    inside = total = 0
    for effect in sample_run.truth["effects"]:
        name = PLANTED.get(effect["measure_id"])
        if name is None:
            continue
        for stage, planted in effect["percent"].items():
            place = "table 2 by outcome, to the newest year"
            key = (place, "percent_change_clustered", f"{effect['outcome_group']} | {name} | {stage}")
            row = found[key]
            # Half a point: real terms and rounding of the files.
            inside += row["ci_low"] - 0.5 <= planted <= row["ci_high"] + 0.5
            assert row["value"] == pytest.approx(planted, abs=4.0), key
            total += 1
    assert total == 72
    assert inside / total > 0.9
    spike = ("discontinuities", "present by Wald, clustered", "inadequate | cpp | spike")
    assert found[spike]["value"] == 1.0
    flat = ("discontinuities", "present by Wald, clustered", "inadequate | cla | rise")
    assert found[flat]["value"] == 0.0


@pytest.mark.slow
def test_the_sample_has_its_authorities(sample_run: Any) -> None:
    found = sample_run.estimates("inspection_impact")
    groups = [f["outcome_group"] for f in sample_run.truth["first_sif"]]
    for group in set(groups):
        assert found["sample", "n", group]["value"] == groups.count(group)


@pytest.mark.real
def test_the_papers_groups_from_the_real_returns(real_marts: Marts) -> None:
    chosen = measures(SPEC, "gdp")
    frame = centred(read_panel(real_marts, "sif", chosen), "publication", (-3, 3))
    counts = {e.subject: e.value for e in sample(frame, chosen, (-3, 3)) if e.statistic == "n"}
    assert counts["all"] == 150
    assert (counts["good_or_outstanding"], counts["requires_improvement"], counts["inadequate"]) == (52, 65, 33)
    assert counts["outstanding"] == 3


@pytest.mark.real
@pytest.mark.slow
def test_another_framework_runs(real_marts: Marts) -> None:
    found = run(real_marts, SPEC, Choices(framework="ilacs", window="-2:2").filled(SPEC))
    places = {e.place for e in found}
    assert "table 2" in places
    assert not any(p.startswith("re-run") for p in places)
