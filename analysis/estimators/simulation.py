"""Panels with a planted truth: authorities by year, an event in each, counts that follow the segmented model.

For the tests (does an estimator give back what was planted?), the benchmark and questions of power.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.estimators.mixed_poisson import MixedPoissonProblem
from analysis.estimators.segmented import STAGES, design, segmented_problem

TRUTH = {"const": 0.1, "pre": 0.03, "step0": 0.08, "step1": -0.05, "post": -0.01}


@dataclass(frozen=True, eq=False)
class SimulatedPanel:
    """rows: la, year, event_year, event_time, exposure, y (NaN where missing), one row per authority and year; truth:
    the planted coefficients; sd_intercept, sd_slope, correlation, alpha: the planted variation."""

    rows: pd.DataFrame
    truth: dict[str, float]
    sd_intercept: float
    sd_slope: float
    correlation: float
    alpha: float

    def problem(self, model: str = "segmented", label: str = "") -> MixedPoissonProblem:
        """The panel as the data of an impact model."""
        return segmented_problem(
            self.rows["y"].to_numpy(),
            self.rows["event_time"].to_numpy(),
            self.rows["la"].to_numpy(),
            model=model,
            offset=np.log(self.rows["exposure"].to_numpy()),
            label=label,
        )


def simulate_panel(
    *,
    seed: int,
    clusters: int = 150,
    years: int = 10,
    event_years: tuple[int, int] = (4, 7),
    rate: float = 100.0,
    truth: Mapping[str, float] | None = None,
    sd_intercept: float = 0.4,
    sd_slope: float = 0.05,
    correlation: float = 0.0,
    alpha: float = 0.0,
    noise_sd: float = 0.0,
    noise_memory: float = 0.0,
    missing: float = 0.0,
    whole: bool = True,
) -> SimulatedPanel:
    """Draw a panel.

    rate: median count per authority and year (exposures vary around it by a factor of about 2); event_years: first and
    last year, counted from 0, in which the event may fall; alpha: NB2 overdispersion; noise_sd, noise_memory: standard
    deviation and AR(1) coefficient of shocks to an authority's log rate, which no count model here knows of; missing:
    share of outcomes lost; whole: counts (else means with gamma noise, as for money or rates).
    """
    rng = np.random.default_rng(seed)
    planted = dict(TRUTH if truth is None else truth)
    event = rng.integers(event_years[0], event_years[1] + 1, size=clusters)
    la = np.repeat(np.arange(clusters), years)
    year = np.tile(np.arange(years), clusters)
    time = (year - event[la]).astype(float)
    covariance = correlation * sd_intercept * sd_slope
    effects = rng.multivariate_normal(
        np.zeros(2), [[sd_intercept**2, covariance], [covariance, sd_slope**2]], size=clusters
    )
    exposure = rate * np.exp(0.5 * rng.standard_normal(clusters))[la]
    shocks = np.zeros((clusters, years))
    if noise_sd > 0:
        fresh = noise_sd * rng.standard_normal((clusters, years))
        shocks[:, 0] = fresh[:, 0]
        for t in range(1, years):
            shocks[:, t] = noise_memory * shocks[:, t - 1] + np.sqrt(1 - noise_memory**2) * fresh[:, t]
    X = design(time)[["const", *STAGES]].to_numpy()
    eta = X @ np.array([planted[name] for name in ("const", *STAGES)])
    mean = exposure * np.exp(eta + effects[la, 0] + effects[la, 1] * time + shocks.ravel())
    if alpha > 0:
        mean = mean * rng.gamma(1 / alpha, alpha, size=len(mean))
    y = rng.poisson(mean).astype(float) if whole else mean * rng.gamma(50.0, 1 / 50.0, size=len(mean))
    y[rng.random(len(y)) < missing] = np.nan
    rows = pd.DataFrame(
        {"la": la, "year": year, "event_year": event[la], "event_time": time, "exposure": exposure, "y": y}
    )
    return SimulatedPanel(rows, planted, sd_intercept, sd_slope, correlation, alpha)
