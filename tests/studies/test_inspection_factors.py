"""Study 000: thirds, a made-up sample through every step, the bundled sample, the real n."""

from __future__ import annotations

from typing import Any

import duckdb
import numpy as np
import pandas as pd
import pytest

from analysis.marts import Marts
from analysis.results import adjusted, by_key
from analysis.studies.inspection_factors.model import (
    SUB_JUDGEMENTS,
    of_one_cohort,
    one_sample,
    read_sample,
    run,
    thirds,
)
from analysis.studies.spec import Choices, load_spec

SPEC = load_spec("inspection_factors")
PAPERS = Choices().filled(SPEC)


def made_up(n: int = 90, seed: int = 3) -> pd.DataFrame:
    """The sample mart with deprivation behind both judgement and spend."""
    rng = np.random.default_rng(seed)
    deprived = rng.permutation(n)
    judgement = np.clip(np.round(2.2 + 1.6 * deprived / n + rng.normal(0, 0.5, n)), 2, 4).astype(int)
    group = pd.Series(judgement).map({2: "good_or_outstanding", 3: "requires_improvement", 4: "inadequate"})
    frame = pd.DataFrame(
        {
            "la_code": [str(200 + i) for i in range(n)],
            "framework": "sif",
            "publication_date": pd.Timestamp("2015-06-01"),
            "basis": "publication",
            "overall_judgement": judgement,
            "outcome_group": group,
            "imd_2015_rank": n - deprived,
            "is_excluded_from_studies": False,
            "total_gross_gbp_per_child_rpi_2016": 700 + 3.0 * deprived + rng.normal(0, 40, n),
        }
    )
    for column in SUB_JUDGEMENTS:
        frame[column] = judgement
    for column in SPEC.variables["performance"].values():
        frame[column] = rng.normal(20, 3, n)
    return pd.concat([frame.assign(lag=-1), frame.assign(lag=0)], ignore_index=True)


def marts_of(frame: pd.DataFrame) -> Marts:
    con = duckdb.connect()
    con.execute("create schema studies; create schema marts")
    con.register("frame", frame)
    con.execute("create table studies.rpt_inspection_factors__sample as select * from frame")
    # The results of one cohort, for all but one in three.
    con.execute(
        "create table marts.fct_la_year as select distinct la_code, 2015 as year, "
        "case when la_code::integer % 3 > 0 then la_code::double / 10 end as cla_gcse_5_a_star_c_pct from frame"
    )
    return Marts(con)


def test_thirds_leave_the_remainder_to_the_middle() -> None:
    out = thirds(pd.Series([*range(1, 48), np.nan]))
    assert out.value_counts().to_dict() == {"least": 15, "moderate": 17, "most": 15}
    assert pd.isna(out.iloc[-1])


def test_every_step_on_a_made_up_sample() -> None:
    found = by_key(run(marts_of(made_up()), SPEC, PAPERS))
    rho = found["inspection_factors", "table 4", "spearman_rho", "rating x deprivation"]
    assert rho.value is not None
    assert rho.value < -0.5
    between = found["inspection_factors", "table 8", "anova_F", "deprivation within medium"]
    assert between.p_value is not None
    assert between.p_value < 0.001
    beta = "deprivation | deprivation_third | high v low"
    model = found["inspection_factors", "multinomial", "beta", beta]
    assert (model.value is not None and model.value < 0) or model.reason
    assert found["inspection_factors", "table 1", "spearman_rho", "overall x leadership"].value == 1.0
    assert ("inspection_factors", "completed cycle, sample", "n", "all") in found


def test_nothing_crashes_on_a_thin_sample() -> None:
    frame = made_up(8)
    frame.loc[:, "cla_missing_pct"] = np.nan
    frame.loc[:, "rereferrals_pct"] = 20.0
    sample = read_sample(marts_of(frame), SPEC, PAPERS, PAPERS.window)
    for estimate in adjusted(one_sample(sample, SPEC, "")):
        assert estimate.value is not None or estimate.reason
    assert len(sample) == 8


def test_the_last_judgement_in_the_window_counts() -> None:
    frame = made_up(9)
    later = frame[frame["la_code"] == "200"].assign(
        publication_date=pd.Timestamp("2016-01-01"), overall_judgement=4, outcome_group="inadequate"
    )
    after = later.assign(publication_date=pd.Timestamp("2017-01-01"), outcome_group="good_or_outstanding")
    sample = read_sample(marts_of(pd.concat([frame, later, after])), SPEC, PAPERS, PAPERS.window)
    assert sample.set_index("la_code").loc["200", "group"] == "low"
    with pytest.raises(ValueError, match="two dates"):
        read_sample(marts_of(frame), SPEC, PAPERS, "2014")


def test_variables_are_of_the_year_before_and_spend_is_of_the_year_itself() -> None:
    frame = made_up(9)
    same = frame["lag"] == 0
    frame["rereferrals_pct"] = frame["rereferrals_pct"].where(~same, frame["rereferrals_pct"] + 40)
    frame["total_gross_gbp_per_child_rpi_2016"] += 1000 * same
    out = read_sample(marts_of(frame), SPEC, PAPERS, PAPERS.window).set_index("la_code")
    before, itself = (frame[frame["lag"] == lag].set_index("la_code").loc[out.index] for lag in (-1, 0))
    assert out["rereferrals_pct"].tolist() == before["rereferrals_pct"].tolist()
    assert out["rereferrals_pct_same_year"].tolist() == itself["rereferrals_pct"].tolist()
    assert out["spend"].tolist() == itself["total_gross_gbp_per_child_rpi_2016"].tolist()


def test_one_cohort_stands_for_all_years() -> None:
    marts = marts_of(made_up(9))
    out = of_one_cohort(marts, SPEC, read_sample(marts, SPEC, PAPERS, PAPERS.window)).set_index("la_code")
    without = out["cla_without_5_good_gcses_pct"]
    assert without["200"] == pytest.approx(80.0)
    assert without.isna().sum() == 3  # 201, 204, 207


def test_gaps_are_imputed_and_separation_has_finite_estimates() -> None:
    frame = made_up()
    hidden = (frame["lag"] == -1) & (frame["la_code"].astype(int) % 2 == 0)
    deprived = frame["imd_2015_rank"].max() - frame["imd_2015_rank"]
    frame["rereferrals_pct"] = (10 + deprived / 10).mask(hidden)
    # No good authority has it: maximum likelihood has no finite estimate.
    frame["cla_missing_pct"] = np.where(frame["overall_judgement"] == 2, 0.0, 5.0 + deprived % 7)
    sample = read_sample(marts_of(frame), SPEC, PAPERS, PAPERS.window)
    found = {(e.place, e.statistic, e.subject): e for e in adjusted(one_sample(sample, SPEC, ""))}
    filled = found["table 4, imputed", "spearman_rho", "rating x re-referrals"]
    held = found["table 4", "spearman_rho", "rating x re-referrals"]
    # It follows deprivation, which all have: with the gaps filled in it correlates as that does.
    whole = found["table 4", "spearman_rho", "rating x deprivation"]
    assert (held.n, filled.n) == (45, 90)
    assert filled.value == pytest.approx(whole.value, abs=0.05)
    assert "due to gaps" in filled.method
    assert ("table 4, imputed", "spearman_rho", "rating x deprivation") not in found
    parted = found["Firth logistic", "beta", "missing episodes | high v low"]
    assert parted.value is not None
    assert parted.value < -0.5
    assert found["multinomial", "fit", "missing episodes | reference low"].reason.startswith("separation")


@pytest.mark.slow
def test_deprivation_goes_with_the_judgement_in_the_sample(sample_run: Any) -> None:
    found = sample_run.estimates("inspection_factors")
    row = found["completed cycle, table 4, four grades", "spearman_rho", "rating x deprivation"]
    # The truth correlates the first judgement with the score; here it is the last, against a rank.
    assert -row["value"] == pytest.approx(sample_run.truth["spearman_deprivation_judgement"], abs=0.25)
    assert row["p_value"] < 0.001


@pytest.mark.real
def test_the_sample_of_the_real_returns(real_marts: Marts) -> None:
    sample = of_one_cohort(real_marts, SPEC, read_sample(real_marts, SPEC, PAPERS, PAPERS.window))
    # The printed 22 and 44; 21 are judged good, as many as the paper counts as good or outstanding.
    assert sample["overall_judgement"].value_counts().to_dict() == {4: 22, 3: 44, 2: 21, 1: 2}
    assert sample["spend"].mean() == pytest.approx(854.6, rel=0.002)
    by_date = of_one_cohort(real_marts, SPEC, read_sample(real_marts, SPEC, PAPERS, SPEC.pins["by_date"]))
    assert by_date["group"].value_counts().to_dict() == {"medium": 43, "high": 23, "low": 21}
    assert by_date["cla_without_5_good_gcses_pct"].notna().sum() == 44
    high = by_date.loc[by_date["group"] == "high", "cla_without_5_good_gcses_pct"]
    assert high.mean() == pytest.approx(83.3, abs=0.05)
