"""Event study with staggered timing: units not yet inspected are the controls.

Before and after an inspection are also earlier and later calendar years; a segmented model cannot tell the inspection
from what happened to everyone. Here every cohort (units first treated in year g) is compared, year by year, with the
units not yet treated by then::

    ATT(g, t) = mean over cohort g of (y_t - y_{g-1}) - mean over units not yet treated by max(t, g) of the same

and these are averaged by event time with cohort sizes as weights. It assumes parallel trends between a cohort and the
later ones, and no anticipation. Once no untreated unit is left the effect is not identified, and is not reported.

Source: Callaway & Sant'Anna (2021) *J. Econometrics* 225:200 (unconditional, not-yet-treated controls, universal base
period); influence functions and multiplier bootstrap as given there. The package diff-diff (MIT) gives the same numbers
to eight digits, as a test records; this one needs neither its compiled parts nor its 20 MB.
"""

from __future__ import annotations

from dataclasses import dataclass
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
    that all effects before the event are zero.
    """

    cells: pd.DataFrame
    by_event_time: pd.DataFrame
    overall: float
    overall_se: float
    overall_p: float
    pretrend_chi2: float
    pretrend_df: int
    pretrend_p: float
    n_units: int
    n_dropped: int
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
    draws: int = 999,
    seed: int = 0,
) -> EventStudy:
    """Callaway-Sant'Anna event study of y on first treatment, one row per unit and year.

    y: outcome (take logs for a rate: effects are then log points), NaN where missing; first_treated: the unit's first
    treated year, the same on all its rows, NaN for never; window: event years averaged; fewest: least treated and least
    control units behind a group-time effect. Units treated in or before the first year of the data have no year before
    and are dropped. ``draws`` multiplier-bootstrap draws give the simultaneous band (0: none). Raises ValueError on
    unequal lengths, a unit-year met twice or a unit with two treatment years.
    """
    frame = pd.DataFrame(
        {
            "y": as_floats(y),
            "unit": np.asarray(unit),
            "year": as_floats(year),
            "first": as_floats(first_treated),
        }
    )
    if frame.duplicated(["unit", "year"]).any():
        raise ValueError("a unit appears twice in one year")
    if (frame.groupby("unit")["first"].nunique(dropna=False) > 1).any():
        raise ValueError("a unit has two years of first treatment")
    frame = frame[np.isfinite(frame["y"]) & np.isfinite(frame["year"])]
    wide = frame.pivot(index="unit", columns="year", values="y")
    cohort = frame.groupby("unit")["first"].first().reindex(wide.index).fillna(np.inf).to_numpy(dtype=float)
    years = wide.columns.to_numpy(dtype=float)
    values = wide.to_numpy(dtype=float)

    def no(reason: str, n_units: int, dropped: int) -> EventStudy:
        nan = float("nan")
        empty = pd.DataFrame()
        return EventStudy(empty, empty, nan, nan, nan, nan, 0, nan, n_units, dropped, reason)

    if not len(years):
        return no("no row has outcome and year", 0, 0)
    early = cohort <= years.min()
    values, cohort = values[~early], cohort[~early]
    n, dropped = len(cohort), int(early.sum())
    column = {value: j for j, value in enumerate(years)}
    treated_years = sorted(set(cohort[np.isfinite(cohort)].tolist()))
    if not treated_years:
        return no("no unit is treated within the data", n, dropped)

    cells: list[dict[str, Any]] = []
    influences: list[Array] = []
    for g in treated_years:
        base = column.get(g - 1)
        for t in years:
            event = round(t - g)
            if not window[0] <= event <= window[1] or event == -1:
                continue
            row: dict[str, Any] = {"cohort": g, "year": t, "event_year": event, "att": np.nan, "se": np.nan}
            influence = np.zeros(n)
            if base is None:
                row |= {"n_treated": 0, "n_controls": 0, "reason": "the year before the event is not in the data"}
            else:
                change = values[:, column[t]] - values[:, base]
                seen = np.isfinite(change)
                # Not yet treated in either of the two years compared.
                controls = seen & (cohort > max(t, g - 1)) & (cohort != g)
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
    table_of_cells = pd.DataFrame(cells)
    good = np.isfinite(table_of_cells["att"].to_numpy(dtype=float)) if len(cells) else np.zeros(0, dtype=bool)
    if not good.any():
        return no("no group-time effect has enough treated and not-yet-treated units", n, dropped)

    att = table_of_cells["att"].to_numpy(dtype=float)
    events = table_of_cells["event_year"].to_numpy(dtype=int)
    cohorts = table_of_cells["cohort"].to_numpy(dtype=float)
    rows, paths = [], []
    for event in sorted(set(events[good].tolist())):
        use = np.flatnonzero(good & (events == event))
        average, influence = _average(att[use], [influences[i] for i in use], cohorts[use], cohort)
        rows.append(
            {
                "event_year": event,
                "estimate": average,
                "se": float(np.sqrt((influence**2).sum()) / n),
                "cohorts": len(use),
                "units": int(table_of_cells["n_treated"].to_numpy()[use].sum()),
            }
        )
        paths.append(influence)
    by_event = pd.DataFrame(rows)
    psi = np.array(paths)
    se = by_event["se"].to_numpy(dtype=float)
    estimate = by_event["estimate"].to_numpy(dtype=float)
    from scipy.special import chdtrc, ndtr

    critical = _sup_t(psi, se, n, draws, seed)
    with np.errstate(divide="ignore", invalid="ignore"):
        by_event["p_value"] = 2 * ndtr(-np.abs(estimate) / se)
    by_event["ci_low"], by_event["ci_high"] = estimate - 1.959963984540054 * se, estimate + 1.959963984540054 * se
    by_event["band_low"], by_event["band_high"] = estimate - critical * se, estimate + critical * se

    order = by_event["event_year"].to_numpy(dtype=int)
    after, before = order >= 0, order < -1
    overall = float(estimate[after].mean()) if after.any() else float("nan")
    overall_se = float(np.sqrt((psi[after].mean(axis=0) ** 2).sum()) / n) if after.any() else float("nan")
    chi2, df, p = float("nan"), 0, float("nan")
    if before.any():
        cov = psi[before] @ psi[before].T / n**2
        df = int(np.linalg.matrix_rank(cov, tol=1e-10 * max(float(np.trace(cov)), 1e-300)))
        chi2 = float(estimate[before] @ np.linalg.pinv(cov, rcond=1e-10, hermitian=True) @ estimate[before])
        p = float(chdtrc(df, chi2)) if df else float("nan")
    missing = [e for e in range(window[0], window[1] + 1) if e != -1 and e not in order.tolist()]
    notes = []
    if dropped:
        notes.append(f"{dropped} units treated in or before the first year left out")
    if missing:
        notes.append(f"not identified at event years {', '.join(map(str, missing))}")
    return EventStudy(
        cells=table_of_cells,
        by_event_time=by_event,
        overall=overall,
        overall_se=overall_se,
        overall_p=float(2 * ndtr(-abs(overall) / overall_se)) if overall_se > 0 else float("nan"),
        pretrend_chi2=chi2,
        pretrend_df=df,
        pretrend_p=p,
        n_units=n,
        n_dropped=dropped,
        reason="; ".join(notes),
    )


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
