"""What is believed of an inspection's effect, on panels with a planted truth; the sentences that results carry."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from analysis.marts import Marts
from analysis.results import Estimate
from analysis.studies.believed import believed, is_clear
from analysis.studies.inspection_impact import multiverse, staggered
from analysis.studies.inspection_impact.panel import Measure, every_year, measures
from analysis.studies.spec import load_spec

PLANS = Measure("cpp", "plans_count", "provision", True)


def panel(effect: float = 0.2, units: int = 90, seed: int = 0) -> pd.DataFrame:
    """Authorities inspected in 2014 to 2017; a lasting rise from the year of the inspection on, in calendar trends."""
    rng = np.random.default_rng(seed)
    rows = []
    for i in range(units):
        first, level = 2014 + i % 4, rng.normal(0, 0.2)
        for year in range(2010, 2020):
            drift = 0.03 * (year - 2010)
            rate = np.exp(-5 + level + drift + effect * (year >= first) + rng.normal(0, 0.03))
            rows.append(
                {
                    "la_code": f"{i:03}",
                    "year": year,
                    "event_year": year - first,
                    "outcome_group": "inadequate" if i % 3 == 0 else "requires_improvement",
                    "population_0_17": 50_000.0,
                    "plans_count": 50_000.0 * rate,
                    "publication_date": pd.Timestamp(f"{first}-02-01"),
                    "inspection_date": pd.Timestamp(f"{first - 1}-12-01"),
                }
            )
    return pd.DataFrame(rows)


def named(found: Any) -> dict[tuple[str, str, str], Estimate]:
    return {e.key[1:]: e for e in found}


def test_the_planted_effect_and_not_the_calendars() -> None:
    found = named(staggered.effects(panel(), [PLANS], (-3, 3)))
    at = found["event study", "percent_change", "all | cpp | Y0"]
    assert at.value == pytest.approx(100 * np.expm1(0.2), abs=3)
    assert is_clear(at)
    band = found["event study", "percent_change_band", "all | cpp | Y0"]
    assert band.ci_low is not None
    assert at.ci_low is not None
    assert band.ci_low < at.ci_low
    before = found["event study", "percent_change", "all | cpp | Y-2"]
    assert not is_clear(before)
    assert ("event study, a year of anticipation", "percent_change", "all | cpp | Y0") in found
    wide = found["parallel trends", "percent_change", "all | cpp | Y0 | 1 times"]
    assert wide.ci_low is not None
    assert wide.ci_low < at.ci_low
    assert (found["parallel trends", "breakdown", "all | cpp | Y0"].value or 0) > 1


def test_nothing_planted_is_nothing_found() -> None:
    found = named(staggered.effects(panel(0.0), [PLANS], (-3, 3)))
    assert not is_clear(found["event study", "percent_change", "all | cpp | Y0"])
    none = found["parallel trends", "breakdown", "all | cpp | Y0"]
    assert none.value is None or np.isnan(none.value)
    assert "zero already" in none.reason


def test_matching_takes_regression_to_the_mean_away() -> None:
    """Inadequate is who was high by chance in the year before; without matching they seem to fall."""
    rng = np.random.default_rng(4)
    rows = []
    level = rng.normal(-5, 0.3, 150)
    noise = rng.normal(0, 0.15, (150, 10))
    # The year before against the two before that, which is what anybody sees.
    seen = noise[:, 4] - noise[:, 2:4].mean(axis=1) + rng.normal(0, 0.1, 150)
    worst = seen > np.quantile(seen, 0.8)
    for i in range(150):
        for t in range(10):
            rows.append(
                {
                    "la_code": f"{i:03}",
                    "year": 2010 + t,
                    "event_year": t - 5,
                    "outcome_group": "inadequate" if worst[i] else "requires_improvement",
                    "population_0_17": 1.0,
                    "plans_count": np.exp(level[i] + noise[i, t]),
                }
            )
    frame = pd.DataFrame(rows)
    own = frame[frame["outcome_group"] == "inadequate"].pivot(
        index="la_code", columns="event_year", values="plans_count"
    )
    alone = np.log(own[0] / own[-1]).mean()
    assert alone < -0.12
    e = named(staggered.matched(frame, [PLANS]))["matched comparison", "percent_change", "inadequate | cpp | Y0"]
    assert abs(e.value or 99) < 100 * abs(alone) / 2
    assert not is_clear(e)
    few = named(staggered.matched(frame[frame["year"] > 2012], [PLANS]))
    assert few["matched comparison", "percent_change", "inadequate | cpp | Y0"].value is None


def test_inference_for_few_clusters_has_both_tests() -> None:
    frame = panel()
    frame = frame[frame["event_year"].between(-3, 3)].reset_index(drop=True)
    found = named(staggered.few(frame, [PLANS], ("inadequate",)))
    e = found["few clusters", "percent_change", "inadequate | cpp | step0"]
    assert e.n == 30
    assert e.value == pytest.approx(100 * np.expm1(0.23), abs=4)  # with a year of the calendar's drift
    p = found["few clusters", "p_wild_bootstrap", "inadequate | cpp | step0"].value
    assert p is not None
    assert p <= 0.01


def test_every_specification_is_named_and_they_agree() -> None:
    others = pd.DataFrame({"la_code": ["000"], "year": [2013]})
    found = named(multiverse.multiverse(panel(), [PLANS], {}, others, ("all",)))
    specifications = [k for k in found if k[1] == "percent_change"]
    # Two families crossed with window, calendar and basis as it is; four changes under Poisson; three event studies.
    assert len(specifications) == 24 + 4 * 12 + 3
    assert found["specification curve", "percent with the median's sign", "all | cpp | step0"].value == 100
    share = found["specification curve", "percent significant with the median's sign", "all | cpp | step0"].value
    assert share is not None
    assert share > 60


def test_no_sentence_says_more_than_its_interval() -> None:
    def e(place: str, statistic: str, subject: str, value: float, low: float, high: float) -> Estimate:
        return Estimate("inspection_impact", place, statistic, subject, value, low, high, 0.01, None, 100)

    rows = [
        e("event study", "percent_change", "all | cpp | Y0", 7.2, 1.6, 13.2),
        e("event study", "percent_change", "all | cpp | Y1", -2.3, -9.9, 6.0),
        e("ilacs, event study", "percent_change", "all | cpp | Y0", 4.1, -2.2, 10.7),
    ]
    first, second, third = believed("inspection_impact", rows)
    assert "+7.2% (95% interval +1.6 to +13.2, n = 100)" in first.method
    assert "a year on it can no longer be told from nothing" in first.method
    assert (first.value, first.ci_low, first.n) == (7.2, 1.6, 100)
    assert second.value is None
    assert second.reason
    assert "cannot be told from nothing" in third.method
    weak = [e("event study", "percent_change", "all | cpp | Y0", 7.2, -1.6, 13.2), rows[1]]
    assert "neither can be told from nothing" in believed("inspection_impact", weak)[0].method
    assert all(s.value is None for s in believed("value_added", []))


@pytest.mark.real
def test_the_effect_on_plans_is_that_of_the_audit(real_marts: Marts) -> None:
    spec = load_spec("inspection_impact")
    plans = [m for m in measures(spec, "gdp") if m.name == "cpp"]
    found = named(staggered.effects(every_year(real_marts, "sif", plans), plans, (-3, 3)))
    at, later = (found["event study", "percent_change", f"all | cpp | Y{y}"] for y in (0, 1))
    # An independent computation: +7.2 (1.6 to 13.2) and -2.3 (-9.9 to 6.0).
    assert (at.value, at.ci_low, at.ci_high) == pytest.approx((7.2, 1.6, 13.2), abs=0.06)
    assert (later.value, later.ci_low, later.ci_high) == pytest.approx((-2.3, -9.9, 6.0), abs=0.06)
