"""Event study with staggered timing: units not yet inspected are the controls.

Before and after an inspection are also earlier and later calendar years; a segmented model cannot tell the inspection
from what happened to everyone. Here every cohort (units first treated in year g) is compared, year by year, with the
units not yet treated by then::

    ATT(g, t) = mean over cohort g of (y_t - y_{g-1}) - mean over units not yet treated by max(t, g) of the same

and these are averaged by event time with cohort sizes as weights. It assumes parallel trends between a cohort and the
later ones, and no anticipation (or none before a number of years one names: the base is then the year before these).
Once no untreated unit is left the effect is not identified, and is not reported.

Source: Callaway & Sant'Anna (2021) *J. Econometrics* 225:200 (unconditional, not-yet-treated controls, universal base
period); influence functions and multiplier bootstrap as given there. The package diff-diff (MIT) gives the same numbers
to eight digits, as a test records; this one needs neither its compiled parts nor its 20 MB.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from analysis.estimators._arrays import Array, as_floats
from analysis.estimators._format import number, table


@dataclass(frozen=True, eq=False)
class EventStudy:
    """Group-time effects and their averages.

    cells: one row per cohort and year: att, se, n_treated, n_controls, reason; by_event_time: one row per event year:
    estimate, se, p, pointwise interval and the simultaneous band (band_low, band_high), cohorts and units behind it;
    overall: the average over event years 0 and later that are identified, with overall_se; pretrend_*: joint Wald test
    that all effects before the event are zero; covariance: of the estimates, in the order of by_event_time; critical:
    how many standard errors the simultaneous band is to either side.
    """

    n_units: int
    n_dropped: int
    cells: pd.DataFrame = field(default_factory=pd.DataFrame)
    by_event_time: pd.DataFrame = field(default_factory=pd.DataFrame)
    overall: float = float("nan")
    overall_se: float = float("nan")
    overall_p: float = float("nan")
    pretrend_chi2: float = float("nan")
    pretrend_df: int = 0
    pretrend_p: float = float("nan")
    covariance: Array = field(default_factory=lambda: np.zeros((0, 0)))
    critical: float = float("nan")
    reason: str = ""

    @property
    def ok(self) -> bool:
        return bool(len(self.by_event_time))

    def frame(self) -> pd.DataFrame:
        """One row per event year."""
        return self.by_event_time.copy()

    def summary(self) -> str:
        """Overall effect, pre-trend test and the effects by event year."""
        if not self.ok:
            return f"Event study not estimated ({self.n_units} units): {self.reason}"
        lines = [
            f"Event study, controls not yet treated: {self.n_units} units, {len(self.cells)} group-time effects",
            f"  average effect from the event on {number(self.overall)} (se {number(self.overall_se)}, "
            f"p = {number(self.overall_p, 3)}); joint test of the years before: "
            f"chi2({self.pretrend_df}) = {number(self.pretrend_chi2)}, p = {number(self.pretrend_p, 3)}",
            table(self.by_event_time, ["event_year", "estimate", "se", "p_value", "band_low", "band_high", "units"]),
        ]
        if self.reason:
            lines.append(f"  note: {self.reason}")
        return "\n".join(lines)


def event_study(
    y: Any,
    unit: Any,
    year: Any,
    first_treated: Any,
    *,
    window: tuple[int, int] = (-3, 3),
    fewest: int = 5,
    anticipation: int = 0,
    draws: int = 999,
    seed: int = 0,
) -> EventStudy:
    """Callaway-Sant'Anna event study of y on first treatment, one row per unit and year.

    y: outcome (take logs for a rate: effects are then log points), NaN where missing; first_treated: the unit's first
    treated year, the same on all its rows, NaN for never; window: event years averaged; fewest: least treated and least
    control units behind a group-time effect; anticipation: years before the event that it may already move, so that the
    base is the year before them and they are not tested as years before. Units treated in or before the first year
    of the data have no year before
    and are dropped. ``draws`` multiplier-bootstrap draws give the simultaneous band (0: none). Raises ValueError on
    unequal lengths, a unit-year met twice or a unit with two treatment years.
    """
    values, cohort, years = _wide(y, unit, year, first_treated)
    if not len(years):
        return EventStudy(0, 0, reason="no row has outcome and year")
    early = cohort <= years.min()
    values, cohort = values[~early], cohort[~early]
    n, dropped = len(cohort), int(early.sum())
    if not np.isfinite(cohort).any():
        return EventStudy(n, dropped, reason="no unit is treated within the data")
    cells, influences = _group_time_effects(values, cohort, years, window, fewest, anticipation)
    good = cells["att"].notna().to_numpy() if len(cells) else np.zeros(0, dtype=bool)
    if not good.any():
        reason = "no group-time effect has enough treated and not-yet-treated units"
        return EventStudy(n, dropped, reason=reason)
    by_event, psi = _by_event_time(cells[good], [influences[i] for i in np.flatnonzero(good)], cohort)
    se, estimate = by_event["se"].to_numpy(dtype=float), by_event["estimate"].to_numpy(dtype=float)
    critical = _sup_t(psi, se, n, draws, seed)
    by_event = _with_intervals(by_event, critical)
    order = by_event["event_year"].to_numpy(dtype=int)
    after, before = order >= 0, order < -1 - anticipation
    chi2, df, p = _joint_test(estimate[before], psi[before], n)
    missing = [e for e in range(window[0], window[1] + 1) if e != -1 - anticipation and e not in order.tolist()]
    notes = []
    if dropped:
        notes.append(f"{dropped} units treated in or before the first year left out")
    if missing:
        notes.append(f"not identified at event years {', '.join(map(str, missing))}")
    return EventStudy(
        n_units=n,
        n_dropped=dropped,
        cells=cells,
        by_event_time=by_event,
        **_overall(estimate[after], psi[after], n),
        pretrend_chi2=chi2,
        pretrend_df=df,
        pretrend_p=p,
        covariance=psi @ psi.T / n**2,
        critical=critical,
        reason="; ".join(notes),
    )


def _overall(estimate: Array, psi: Array, n: int) -> dict[str, float]:
    """The mean of some effects, its standard error and its p; NaN of none.

    estimate ``(E,)``; psi ``(E, n)``: the units' influences on them.
    """
    from scipy.special import ndtr

    mean = float(estimate.mean()) if len(estimate) else float("nan")
    se = float(np.sqrt((psi.mean(axis=0) ** 2).sum()) / n) if len(estimate) else float("nan")
    p = float(2 * ndtr(-abs(mean) / se)) if se > 0 else float("nan")
    return {"overall": mean, "overall_se": se, "overall_p": p}


def _with_intervals(by_event: pd.DataFrame, critical: float) -> pd.DataFrame:
    """p-values, 95% intervals one by one, and the band of all event years together."""
    from scipy.special import ndtr

    estimate, se = by_event["estimate"].to_numpy(dtype=float), by_event["se"].to_numpy(dtype=float)
    with np.errstate(divide="ignore", invalid="ignore"):
        p_value = 2 * ndtr(-np.abs(estimate) / se)
    return by_event.assign(
        p_value=p_value,
        ci_low=estimate - 1.959963984540054 * se,
        ci_high=estimate + 1.959963984540054 * se,
        band_low=estimate - critical * se,
        band_high=estimate + critical * se,
    )


def _wide(y: Any, unit: Any, year: Any, first_treated: Any) -> tuple[Array, Array, Array]:
    """Outcomes ``(units, years)``, first treated year of every unit (infinite for never), and the years."""
    outcome, time, first = as_floats(y), as_floats(year), as_floats(first_treated)
    code, _ = pd.factorize(np.asarray(unit), sort=True)
    if not len(code) == len(outcome) == len(time) == len(first):
        raise ValueError("y, unit, year and first_treated must have the same number of rows")
    _, column = np.unique(time, return_inverse=True)
    if len(np.unique(code * (len(code) + 1) + column)) < len(code):
        raise ValueError("a unit appears twice in one year")
    known = code >= 0
    of_unit = np.full(int(code.max(initial=-1)) + 1, np.nan)
    of_unit[code[known]] = first[known]
    if not np.array_equal(first[known], of_unit[code[known]], equal_nan=True):
        raise ValueError("a unit has two years of first treatment")
    use = known & np.isfinite(outcome) & np.isfinite(time)
    units, row = np.unique(code[use], return_inverse=True)
    years, column = np.unique(time[use], return_inverse=True)
    wide = np.full((len(units), len(years)), np.nan)
    wide[row, column] = outcome[use]
    cohort = np.where(np.isnan(of_unit[units]), np.inf, of_unit[units])
    return wide, cohort, years


def _group_time_effects(
    values: Array, cohort: Array, years: Array, window: tuple[int, int], fewest: int, anticipation: int
) -> tuple[pd.DataFrame, list[Array]]:
    """One row per cohort and year within the window, and the influence ``(n,)`` of every unit on each effect."""
    n = len(cohort)
    column = {value: j for j, value in enumerate(years)}
    cells: list[dict[str, Any]] = []
    influences: list[Array] = []
    for g in sorted(set(cohort[np.isfinite(cohort)].tolist())):
        base = column.get(g - 1 - anticipation)
        for t in years:
            event = round(t - g)
            if not window[0] <= event <= window[1] or event == -1 - anticipation:
                continue
            row: dict[str, Any] = {"cohort": g, "year": t, "event_year": event, "att": np.nan, "se": np.nan}
            influence = np.zeros(n)
            if base is None:
                row |= {"n_treated": 0, "n_controls": 0, "reason": "the year before the event is not in the data"}
            else:
                change = values[:, column[t]] - values[:, base]
                seen = np.isfinite(change)
                # Not yet treated, nor about to be, in either of the two years compared.
                controls = seen & (cohort > max(t, g - 1 - anticipation) + anticipation) & (cohort != g)
                members = seen & (cohort == g)
                row |= {"n_treated": int(members.sum()), "n_controls": int(controls.sum()), "reason": ""}
                if members.sum() < fewest or controls.sum() < fewest:
                    row["reason"] = f"fewer than {fewest} treated or not-yet-treated units"
                else:
                    gain, drift = change[members].mean(), change[controls].mean()
                    influence[members] = n / members.sum() * (change[members] - gain)
                    influence[controls] = -n / controls.sum() * (change[controls] - drift)
                    row["att"] = gain - drift
                    row["se"] = np.sqrt((influence**2).sum()) / n
            cells.append(row)
            influences.append(influence)
    return pd.DataFrame(cells), influences


def _by_event_time(cells: pd.DataFrame, influences: list[Array], cohort: Array) -> tuple[pd.DataFrame, Array]:
    """Estimated effects averaged over cohorts for every event year, and the influence of every unit ``(E, n)``."""
    n = len(cohort)
    att, cohorts = cells["att"].to_numpy(dtype=float), cells["cohort"].to_numpy(dtype=float)
    events, treated = cells["event_year"].to_numpy(dtype=int), cells["n_treated"].to_numpy()
    rows, paths = [], []
    for event in sorted(set(events.tolist())):
        use = np.flatnonzero(events == event)
        average, influence = _average(att[use], [influences[i] for i in use], cohorts[use], cohort)
        se = float(np.sqrt((influence**2).sum()) / n)
        units = int(treated[use].sum())
        rows.append({"event_year": event, "estimate": average, "se": se, "cohorts": len(use), "units": units})
        paths.append(influence)
    return pd.DataFrame(rows), np.array(paths)


def _joint_test(estimate: Array, psi: Array, n: int) -> tuple[float, int, float]:
    """Wald test that all estimates are zero: chi2, df, p; NaN where there are none."""
    if not len(estimate):
        return float("nan"), 0, float("nan")
    from scipy.special import chdtrc

    cov = psi @ psi.T / n**2
    df = int(np.linalg.matrix_rank(cov, tol=1e-10 * max(float(np.trace(cov)), 1e-300)))
    chi2 = float(estimate @ np.linalg.pinv(cov, rcond=1e-10, hermitian=True) @ estimate)
    return chi2, df, float(chdtrc(df, chi2)) if df else float("nan")


def _average(att: Array, influences: list[Array], cohorts: Array, cohort: Array) -> tuple[float, Array]:
    """Average over cohorts by size, with the influence of having estimated the sizes."""
    n = len(cohort)
    member = (cohort[None, :] == cohorts[:, None]).astype(float)
    size = member.mean(axis=1)
    total = size.sum()
    weight = size / total
    estimate = float(weight @ att)
    centred = member - size[:, None]
    of_weights = centred / total - size[:, None] * centred.sum(axis=0) / total**2
    influence = weight @ np.array(influences) + att @ of_weights
    assert influence.shape == (n,)
    return estimate, influence


def _sup_t(psi: Array, se: Array, n: int, draws: int, seed: int) -> float:
    """95% critical value of the largest absolute t over the event years, by multiplier bootstrap; NaN without draws."""
    usable = se > 0
    if not draws or not usable.any():
        return float("nan")
    rng = np.random.default_rng(seed)
    signs = rng.choice([-1.0, 1.0], size=(draws, n))
    t = np.abs(signs @ psi[usable].T) / n / se[usable]
    return max(float(np.quantile(t.max(axis=1), 0.95)), 1.959963984540054)
