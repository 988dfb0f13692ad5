"""What is believed of an inspection's effect: authorities inspected against those not yet inspected.

Every authority and every year held counts: as one inspected, or as a control until the year of its own inspection (no
window is laid on the controls). Beside the effects stand simultaneous bands, the same with a year of anticipation, how
far trends may part before an effect goes (:mod:`analysis.estimators.parallel_trends`), and for the inadequate, who were
chosen for what is measured, a comparison with others of the same history.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import product
from typing import TYPE_CHECKING

from analysis.marts import MartLacks, Marts
from analysis.results import Estimate
from analysis.studies.inspection_impact.panel import Measure, by_stratum

if TYPE_CHECKING:
    import pandas as pd

    from analysis.estimators._arrays import Array
    from analysis.estimators.event_study import EventStudy

STUDY = "inspection_impact"
HOW = "Callaway and Sant'Anna, log points as per cent, controls not yet inspected, errors clustered by authority"
#: Bounds on the violation of parallel trends, relative to the largest change before.
RELATIVE = (0.5, 1.0)
#: Matched comparison: authorities of the same history for each one, and the years of that history.
NEAREST, HISTORY = 5, 3


def percent(log_points: float) -> float:
    """Log points as a change in per cent."""
    return 100 * math.expm1(log_points)


def logs(part: pd.DataFrame, m: Measure) -> pd.Series:
    """The logarithm of a measure, counts per child; nought and missing are missing."""
    import numpy as np

    values = part[m.column] / part["population_0_17"] if m.is_count else part[m.column]
    out: pd.Series = np.log(values.where(values > 0))  # type: ignore[assignment]
    return out


def effects(
    panel: pd.DataFrame, chosen: list[Measure], window: tuple[int, int], prefix: str = ""
) -> Iterator[Estimate]:
    """Effects by event year of every measure, of all authorities and of those judged inadequate."""
    from analysis.estimators.event_study import event_study

    parts = by_stratum(panel, ("all", "inadequate"))
    for m, (name, part) in product(chosen, parts.items()):
        y, first = logs(part, m), part["year"] - part["event_year"]
        subject = f"{name} | {m.name}"
        for place, anticipation in (("event study", 0), ("event study, a year of anticipation", 1)):
            draws = 0 if anticipation else 999
            found = event_study(
                y, part["la_code"], part["year"], first, window=window, anticipation=anticipation, draws=draws
            )
            yield from _by_year(f"{prefix}{place}", subject, found, f"{prefix}{place} {name}")
            if not anticipation and found.ok:
                yield from _sensitivity(f"{prefix}parallel trends", subject, found)


def _by_year(place: str, subject: str, found: EventStudy, family: str) -> Iterator[Estimate]:
    if not found.ok:
        yield _row(place, "percent_change", subject, None, reason=found.reason)
        return
    for row in found.by_event_time.to_dict("records"):
        name, n = f"{subject} | Y{int(row['event_year'])}", int(row["units"])
        yield _row(
            place,
            "percent_change",
            name,
            percent(row["estimate"]),
            ci=(row["ci_low"], row["ci_high"]),
            p_value=row["p_value"],
            n=n,
            family=family,
            method=HOW,
            reason=found.reason,
        )
        if math.isfinite(found.critical):
            band = (row["band_low"], row["band_high"])
            method = f"{HOW}; 95% for all event years together"
            yield _row(place, "percent_change_band", name, percent(row["estimate"]), ci=band, n=n, method=method)
    if math.isfinite(found.overall):
        half = 1.959963984540054 * found.overall_se
        yield _row(
            place,
            "percent_change_average",
            subject,
            percent(found.overall),
            ci=(found.overall - half, found.overall + half),
            p_value=found.overall_p,
            n=found.n_units,
            method=f"{HOW}; the event years from 0 on, averaged",
        )
    yield _row(
        place,
        "pretrend_chi2",
        subject,
        found.pretrend_chi2,
        p_value=found.pretrend_p,
        n=found.n_units,
        method="joint test of the years before",
        reason="" if found.pretrend_df else "no year before the base year is identified",
    )


def _sensitivity(place: str, subject: str, found: EventStudy) -> Iterator[Estimate]:
    """The effect in the year of the inspection and the year after, under bounds on parting trends."""
    from analysis.estimators.parallel_trends import breakdown, relative_magnitudes, smoothness

    table = found.by_event_time
    years = table["event_year"].astype(int).tolist()
    estimates, cov = table["estimate"].to_numpy(dtype=float), found.covariance
    for target in (0, 1):
        if target not in years:
            continue
        value = percent(float(estimates[years.index(target)]))
        for m in RELATIVE:
            bound = relative_magnitudes(years, estimates, cov, target=target, m=m)
            method = (
                f"trends part from year to year by at most {m:g} times the largest change before (Rambachan and Roth)"
            )
            name = f"{subject} | Y{target} | {m:g} times"
            ci = (bound.ci_low, bound.ci_high)
            yield _row(place, "percent_change", name, value, ci=ci, n=found.n_units, method=method, reason=bound.reason)
        line = smoothness(years, estimates, cov, target=target, m=0.0)
        middle = (line.ci_low + line.ci_high) / 2
        yield _row(
            place,
            "percent_change",
            f"{subject} | Y{target} | straight line",
            percent(middle),
            ci=(line.ci_low, line.ci_high),
            n=found.n_units,
            method="the difference before goes on as a straight line (Rambachan and Roth)",
            reason=line.reason,
        )
        most = breakdown(years, estimates, cov, target=target)
        yield _row(
            place,
            "breakdown",
            f"{subject} | Y{target}",
            most,
            n=found.n_units,
            method="largest multiple of the largest change before that leaves the interval clear of zero, at most 5",
            reason="" if math.isfinite(most) else "the interval holds zero already where trends are parallel",
        )


def other_frameworks(
    marts: Marts, framework: str, chosen: list[Measure], window: tuple[int, int]
) -> Iterator[Estimate]:
    """The same around first inspections of another framework."""
    from analysis.studies.inspection_impact.panel import every_year

    try:
        panel = every_year(marts, framework, chosen)
    except MartLacks as exc:
        yield _row(f"{framework}, event study", "percent_change", "all", None, reason=str(exc))
        return
    yield from effects(panel, chosen, window, f"{framework}, ")


# --- chosen for what is measured --------------------------------------------------------------------------------------


def matched(panel: pd.DataFrame, chosen: list[Measure]) -> Iterator[Estimate]:
    """Authorities judged inadequate against others of the same history, over the same years.

    A judgement of inadequate is given to authorities whose figures are unusual in that year, and unusual figures come
    back by themselves. For each one the nearest of those never judged so under the framework are taken by the level of
    the three years before, and the change from the year before is compared. What inspectors saw beyond these figures
    is not
    matched.
    """
    import numpy as np
    from scipy.special import stdtr, stdtrit

    places, units = panel[["la_code", "year"]], panel.drop_duplicates("la_code").set_index("la_code")
    for m in chosen:
        wide = places.assign(y=logs(panel, m)).pivot(index="la_code", columns="year", values="y")
        about = units.reindex(wide.index)
        first = (about["year"] - about["event_year"]).to_numpy(dtype=float)
        bad = (about["outcome_group"] == "inadequate").to_numpy()
        values, years = wide.to_numpy(dtype=float), wide.columns.to_numpy(dtype=int).tolist()
        gains: dict[int, list[float]] = {0: [], 1: [], 2: []}
        for i in np.flatnonzero(bad):
            base = int(first[i]) - 1
            history = [years.index(y) for y in range(base - HISTORY + 1, base + 1) if y in years]
            if len(history) < HISTORY or not np.isfinite(values[i, history]).all():
                continue
            for event, out in gains.items():
                if base + 1 + event not in years:
                    continue
                then = years.index(base + 1 + event)
                pool = np.flatnonzero(~bad & np.isfinite(values[:, [*history, then]]).all(axis=1))
                if len(pool) < 2 * NEAREST or not np.isfinite(values[i, then]):
                    continue
                out.append(_gain(values[i, [*history, then]], values[pool][:, [*history, then]]))
        for event, out in gains.items():
            subject, n = f"inadequate | {m.name} | Y{event}", len(out)
            if n < 2 * NEAREST:
                reason = f"{n} authorities have three years before and others of the same history"
                yield _row("matched comparison", "percent_change", subject, None, n=n, reason=reason)
                continue
            mean, se = float(np.mean(out)), float(np.std(out, ddof=1)) / n**0.5
            half = float(stdtrit(n - 1, 0.975)) * se
            yield _row(
                "matched comparison",
                "percent_change",
                subject,
                percent(mean),
                ci=(mean - half, mean + half),
                p_value=float(2 * stdtr(n - 1, -abs(mean / se))),
                n=n,
                family=f"matched comparison Y{event}",
                method=f"change from Y-1 less that of the {NEAREST} never judged inadequate with nearest three years "
                "before, same calendar years, rest of the distance by regression; t over authorities",
            )


def _gain(mine: Array, others: Array) -> float:
    """One unit's change beyond that of the nearest others; the last two columns are the year before and the year.

    Nearest by Mahalanobis distance of the history; what distance is left is taken off by the others' regression of
    change on history (Abadie and Imbens).
    """
    import numpy as np

    past, change = others[:, :-1], others[:, -1] - others[:, -2]
    away = past - mine[:-1]
    inverse = np.linalg.pinv(np.cov(past, rowvar=False))
    near = np.argsort(np.einsum("ij,jk,ik->i", away, inverse, away), kind="stable")[:NEAREST]
    slopes = np.linalg.lstsq(np.column_stack([np.ones(len(past)), past]), change, rcond=None)[0][1:]
    expected = change[near].mean() - away[near].mean(axis=0) @ slopes
    return float(mine[-1] - mine[-2] - expected)


def few(frame: pd.DataFrame, chosen: list[Measure], strata: tuple[str, ...]) -> Iterator[Estimate]:
    """The two steps of the segmented model by least squares of the logarithm, with inference for few clusters."""
    from analysis.estimators.few_clusters import fit_clustered
    from analysis.estimators.segmented import STAGES, design

    parts = by_stratum(frame, strata)
    for m, (name, part) in product(chosen, parts.items()):
        X = design(part["event_year"])[list(STAGES)]
        fit = fit_clustered(logs(part, m), X, part["la_code"], wild=("step0", "step1"))
        for stage in ("step0", "step1"):
            i = fit.names.index(stage)
            yield _row(
                "few clusters",
                "percent_change",
                f"{name} | {m.name} | {stage}",
                percent(float(fit.coef[i])) if fit.ok else None,
                ci=(float(fit.ci_low[i]), float(fit.ci_high[i])),
                p_value=float(fit.p_value[i]),
                family=f"few clusters {name}",
                method=f"least squares of the logarithm within authorities; CR2 errors, t with {fit.df[i]:.1f} df",
                n=fit.n_clusters,
                reason=fit.reason,
            )
            yield _row(
                "few clusters",
                "p_wild_bootstrap",
                f"{name} | {m.name} | {stage}",
                float(fit.p_wild[i]),
                method="wild cluster bootstrap, null imposed, Webb's weights, 999 draws",
                n=fit.n_clusters,
                reason=fit.reason,
            )


def _row(
    place: str,
    statistic: str,
    subject: str,
    value: float | None,
    *,
    ci: tuple[float, float] | None = None,
    p_value: float | None = None,
    n: int | None = None,
    family: str = "",
    method: str = "",
    reason: str = "",
) -> Estimate:
    """An estimate; an interval is given in log points."""
    low, high = (percent(x) for x in ci) if ci else (None, None)
    return Estimate(STUDY, place, statistic, subject, value, low, high, p_value, None, n, family, method, reason)
