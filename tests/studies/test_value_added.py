"""Value-added ratings: planted differences found and shrunken, bad input said, the bundled sample, the real n."""

from __future__ import annotations

from typing import Any

import duckdb
import numpy as np
import pandas as pd
import pytest

from analysis.marts import Marts
from analysis.results import Estimate, by_key
from analysis.studies.spec import Choices, load_spec
from analysis.studies.value_added.model import design, estimates, read_inspections

SPEC = load_spec("value_added")
PAPERS = Choices().filled(SPEC)
CIRCUMSTANCES = SPEC.variables["circumstances"]


def made_up(n: int = 80, each: int = 3, seed: int = 6) -> tuple[pd.DataFrame, np.ndarray[Any, Any]]:
    """Inspections of authorities with a lasting quality; deprivation takes 0.3 points for every ten of its score."""
    rng = np.random.default_rng(seed)
    quality, deprived = rng.normal(0, 0.6, n), rng.uniform(5, 45, n)
    unit = np.repeat(np.arange(n), each)
    frame = pd.DataFrame(
        {
            "la_code": [str(300 + i) for i in unit],
            "la_name": [f"Place {i}" for i in unit],
            "framework": np.where(np.arange(len(unit)) % each == 0, "sif", "ilacs"),
            "imd_average_score": deprived[unit],
            "spend_gbp_per_child": rng.normal(800, 100, len(unit)),
            "referrals_rate_per_10k": rng.normal(500, 80, len(unit)),
            "cin_at_31_march_rate_per_10k": rng.normal(330, 50, len(unit)),
        }
    )
    frame["score"] = 3.3 - 0.03 * deprived[unit] + quality[unit] + rng.normal(0, 0.5, len(unit))
    return frame, quality


def named(found: list[Estimate]) -> dict[tuple[str, str, str], Estimate]:
    return {key[1:]: e for key, e in by_key(found).items()}


def test_the_lasting_difference_is_found_beside_circumstances() -> None:
    frame, quality = made_up()
    out = named(estimates(frame, CIRCUMSTANCES, 30))
    slope = out["expected", "B", "deprivation"]
    assert slope.value == pytest.approx(-0.3, abs=0.12)
    assert slope.n == 240
    assert out["variance", "sd_between_authorities", "score"].value == pytest.approx(0.6, abs=0.15)
    rows = [out["value added", "value_added", f"Place {i} ({300 + i})"] for i in range(len(quality))]
    values = np.array([r.value for r in rows], dtype=float)
    assert np.corrcoef(values, quality)[0, 1] > 0.8
    held = [r.ci_low < q < r.ci_high for r, q in zip(rows, quality, strict=True) if r.ci_low and r.ci_high]
    assert np.mean(held) > 0.85
    assert values.std() < 0.6, "shrunken values spread less than what is planted"


def test_circumstances_are_of_the_year_before() -> None:
    con = duckdb.connect()
    con.execute(
        """
        create schema studies; create schema marts;
        create table studies.rpt_performance_indicators__sample as
        select
            '300' as la_code, 'Place' as la_name, 'sif' as framework, date '2016-06-01' as publication_date,
            3 as overall_judgement, lag, 2017 + lag as year, false as is_excluded_from_studies,
            20.0 as imd_average_score,
            500.0 + lag as referrals_rate_per_10k, 300.0 + lag as cin_at_31_march_rate_per_10k
        from unnest([-2, -1, 0]) as l (lag);
        create table marts.fct_la_year_spend_real as
        select
            '300' as la_code, year, 1.0 * year as gbp_real_per_child, 's251_outturn' as spend_return,
            'total' as spend_group, 'gross' as gross_or_net,
            'gdp' as price_index, base_year
        from range(2010, 2024) as y (year) cross join range(2010, 2024) as b (base_year)
        """
    )
    (row,) = read_inspections(Marts(con), SPEC, PAPERS).to_dict("records")
    assert (row["year"], row["referrals_rate_per_10k"], row["spend_gbp_per_child"]) == (2016, 499.0, 2016.0)


def test_frameworks_have_levels_of_their_own() -> None:
    frame, _quality = made_up(10)
    assert list(design(frame, CIRCUMSTANCES).columns)[-1] == "under SIF"
    assert "under SIF" not in design(frame[frame["framework"] == "ilacs"], CIRCUMSTANCES)


@pytest.mark.parametrize("harm", ["few", "one each", "constant", "missing", "one grade"])
def test_bad_input_is_a_reason(harm: str) -> None:
    frame, _quality = made_up()
    if harm == "few":
        frame = frame.head(6)
    elif harm == "one each":
        frame = frame.drop_duplicates("la_code")
    elif harm == "constant":
        frame["imd_average_score"] = 20.0
    elif harm == "missing":
        frame["spend_gbp_per_child"] = np.nan
    else:
        frame["score"] = 2.0
    out = named(estimates(frame, CIRCUMSTANCES, 30))
    whole = out["value added", "value_added", "all"]
    assert whole.value is None
    assert whole.reason


def test_the_bundled_sample_has_lasting_differences_and_deprivation(sample_run: Any) -> None:
    out = sample_run.estimates("value_added")
    # Planted: a latent quality that persists helps, deprivation hurts.
    assert out["expected", "B", "deprivation"]["ci_high"] < 0
    assert out["variance", "sd_between_authorities", "score"]["value"] > 0.2
    assert out["check", "spearman_rho", "linear x ordinal expectation"]["value"] > 0.95


@pytest.mark.real
def test_inspections_on_real_returns(real_marts: Marts) -> None:
    frame = read_inspections(real_marts, SPEC, PAPERS)
    assert not frame.duplicated(["la_code", "publication_date"]).any()
    first = frame[frame["framework"] == "sif"].drop_duplicates("la_code")
    assert len(first) == 150
