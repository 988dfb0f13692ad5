"""Segmented regression around an event year: design matrices, impact models, paths and discontinuities.

Event time is the reporting year minus the year of the inspection, in whole years: -1 is the year before, 0 the year of
the inspection. The *segmented* model is slope before, step at year 0, step at year 1, slope after::

    pre = min(t, -1) + 1    step0 = [t >= 0]    step1 = [t >= 1]    post = max(t - 1, 0)

so that ``step0`` is the whole change from year -1 to year 0 (not the excess over the trend) and ``step1`` that from 0
to 1. The model is for the logarithm of a rate, so ``exp(coefficient) - 1`` is a proportional change per year or step.

Sources: Hood & Goldacre, "Exploring the impact of Ofsted inspections on performance in children's social care"
(*Children and Youth Services Review*): the stages, the path from year -3 = 100%, the four discontinuities; Bernal,
Cummins & Gasparrini (2017) *Int. J. Epidemiol.* 46:348: impact models of interrupted time series.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from analysis.estimators._arrays import Array, as_floats
from analysis.estimators._format import number, table
from analysis.estimators.mixed_poisson import Errors, MixedPoissonFit, MixedPoissonProblem

# What an impact model lets happen, from the least to the most; the terms after the constant.
IMPACT_MODELS: dict[str, tuple[str, ...]] = {
    "slope": ("slope",),
    "level": ("slope", "step0"),
    "two_levels": ("slope", "step0", "step1"),
    "level_slope": ("slope", "step0", "slope_change"),
    "segmented": ("pre", "step0", "step1", "post"),
}
STAGES = IMPACT_MODELS["segmented"]
# Each model lies within those named: the pairs a likelihood-ratio test may compare.
_CONTAINS = {
    "slope": (),
    "level": ("slope",),
    "two_levels": ("slope", "level"),
    "level_slope": ("slope", "level"),
    "segmented": ("slope", "level", "two_levels"),
}


def design(event_time: Any, model: str = "segmented") -> pd.DataFrame:
    """Design matrix of an impact model, with its constant; ``event_time`` in years, NaN stays NaN.

    Raises ValueError for an unknown model.
    """
    return pd.DataFrame(_columns(event_time, model))


#: The terms of impact models as functions of event time.
_TERMS: dict[str, Callable[[Array], Array]] = {
    "const": np.ones_like,
    "slope": lambda t: t,
    "pre": lambda t: np.minimum(t, -1.0) + 1.0,
    "step0": lambda t: (t >= 0).astype(float),
    "step1": lambda t: (t >= 1).astype(float),
    "post": lambda t: np.maximum(t - 1.0, 0.0),
    "slope_change": lambda t: np.maximum(t, 0.0),
}


def _columns(event_time: Any, model: str) -> dict[str, Array]:
    if model not in IMPACT_MODELS:
        raise ValueError(f"impact model must be one of {', '.join(IMPACT_MODELS)}, not {model!r}")
    t = np.asarray(event_time, dtype=float)
    missing = np.isnan(t)
    return {name: np.where(missing, np.nan, _TERMS[name](t)) for name in ("const", *IMPACT_MODELS[model])}


def segmented_problem(
    y: Any,
    event_time: Any,
    cluster: Any,
    *,
    model: str = "segmented",
    offset: Any = None,
    random_slope_on: Any = None,
    covariates: pd.DataFrame | None = None,
    label: str = "",
) -> MixedPoissonProblem:
    """The data of a multilevel segmented model, ready for ``fit_mixed_poissons``.

    The random slope is on event time unless ``random_slope_on`` gives another variable (say, the calendar year).
    ``covariates`` (calendar effects, for one) are added to the fixed part as they are.
    """
    columns = _columns(event_time, model)
    names, X = list(columns), np.column_stack(list(columns.values()))
    if covariates is not None:
        if len(covariates) != len(X):
            raise ValueError(f"{len(covariates)} rows of covariates for {len(X)} of event time")
        names, X = [*names, *map(str, covariates.columns)], np.column_stack([X, as_floats(covariates)])
    time = event_time if random_slope_on is None else random_slope_on
    frame = pd.DataFrame(X, columns=names)
    return MixedPoissonProblem(y=y, X=frame, cluster=cluster, time=time, offset=offset, label=label)


# --- choosing the impact model ----------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class ImpactComparison:
    """Impact models of the same data side by side; ``best_aic`` and ``best_bic`` name the lowest ('' for none)."""

    models: pd.DataFrame
    best_aic: str
    best_bic: str
    reason: str = ""

    @property
    def ok(self) -> bool:
        return bool(self.best_aic)

    def frame(self) -> pd.DataFrame:
        """One row per impact model."""
        return self.models.copy()

    def summary(self) -> str:
        """The table, lowest criteria named."""
        lines = ["Impact models", table(self.models)]
        lines.append(f"  lowest AIC: {self.best_aic or '-'}; lowest BIC: {self.best_bic or '-'}")
        if self.reason:
            lines.append(f"  note: {self.reason}")
        return "\n".join(lines)


def compare_impact_models(fits: Mapping[str, MixedPoissonFit]) -> ImpactComparison:
    """Compare impact models by AIC, BIC and, where one lies within another, by likelihood ratio.

    ``fits`` maps names of ``IMPACT_MODELS`` to fits of the same rows. Columns: loglik, parameters, aic, bic, their
    distance from the lowest, Akaike weight, and the likelihood-ratio test against the next smaller model within it. A
    model that was not estimated, or on other rows, is listed without criteria and named in the reason.
    """
    from scipy.special import chdtrc

    usable = {name: fit for name, fit in fits.items() if fit.ok and fit.converged}
    notes = [f"{name} not estimated ({fit.reason})" for name, fit in fits.items() if name not in usable]
    sizes = {fit.n_obs for fit in usable.values()}
    if len(sizes) > 1:
        notes.append(f"the models use different numbers of observations ({sorted(sizes)}): not comparable")
        usable = {}
    rows = []
    for name, fit in fits.items():
        row: dict[str, Any] = {"model": name, "n": fit.n_obs}
        good = name in usable
        row["loglik"] = fit.loglik if good else np.nan
        row["parameters"] = fit.n_parameters
        row["aic"] = fit.aic if good else np.nan
        row["bic"] = fit.bic if good else np.nan
        within = [inner for inner in _CONTAINS.get(name, ()) if inner in usable]
        row["tested_against"] = within[-1] if good and within else ""
        row["lr_chi2"] = row["lr_p"] = np.nan
        if row["tested_against"]:
            inner_fit = usable[row["tested_against"]]
            df = fit.n_parameters - inner_fit.n_parameters
            row["lr_chi2"] = max(2 * (fit.loglik - inner_fit.loglik), 0.0)
            row["lr_p"] = float(chdtrc(df, row["lr_chi2"])) if df > 0 else np.nan
        rows.append(row)
    frame = pd.DataFrame(rows)
    best_aic = best_bic = ""
    if usable:
        for criterion in ("aic", "bic"):
            frame[f"delta_{criterion}"] = frame[criterion] - frame[criterion].min()
        weight = np.exp(-0.5 * frame["delta_aic"])
        frame["aic_weight"] = weight / weight.sum()
        best_aic = min(usable, key=lambda name: usable[name].aic)
        best_bic = min(usable, key=lambda name: usable[name].bic)
    return ImpactComparison(models=frame, best_aic=best_aic, best_bic=best_bic, reason="; ".join(notes))


# --- reading a segmented model ----------------------------------------------------------------------------------------


def percent_change(log_change: Any) -> Any:
    """``100 (exp(b) - 1)``: the change in percent that a coefficient on the log scale stands for."""
    return 100 * np.expm1(log_change)


def chained_path(
    fit: MixedPoissonFit,
    *,
    model: str = "segmented",
    start: int = -3,
    stop: int = 3,
    errors: Errors | None = None,
    level: float = 0.95,
) -> pd.DataFrame:
    """The fitted path as a percentage of year ``start``: columns event_year, percent, ci_low, ci_high.

    The four changes chained: 100% at ``start``, then multiplied by each year's modelled change. Intervals are those
    of the whole contrast with the first year (delta method on the log scale), not of single steps.
    """
    years = np.arange(start, stop + 1)
    rows = design(years, model).to_numpy()
    places = [fit.names.index(name) for name in ("const", *IMPACT_MODELS[model])]
    contrast = np.zeros((len(years), len(fit.names)))
    contrast[:, places] = rows - rows[0]
    moving = np.abs(contrast).max(axis=0) > 0
    logs, se = _contrasts(fit, contrast[:, moving], moving, errors)
    half = fit.critical_value(level, errors) * se
    return pd.DataFrame(
        {
            "event_year": years,
            "percent": 100 * np.exp(logs),
            "ci_low": 100 * np.exp(logs - half),
            "ci_high": 100 * np.exp(logs + half),
        }
    )


def _contrasts(fit: MixedPoissonFit, rows: Array, columns: np.ndarray, errors: Errors | None) -> tuple[Array, Array]:
    coef, cov = fit.coef[columns], fit.cov(errors)[np.ix_(columns, columns)]
    variance = np.einsum("ij,jk,ik->i", rows, cov, rows)
    with np.errstate(invalid="ignore"):
        return rows @ coef, np.sqrt(variance)


@dataclass(frozen=True)
class Discontinuity:
    """One kind of discontinuity: present or not by either rule (None where it cannot be judged).

    ``by_overlap``: the estimates point that way and the confidence intervals of the two stages do not overlap;
    ``by_wald``: they point that way and the difference of the two coefficients is significant by its own standard
    error, which, unlike the overlap of intervals, takes their covariance into account. ``contrast``, ``se``,
    ``p_value``: that difference (log scale).
    """

    kind: str
    meaning: str
    by_overlap: bool | None
    by_wald: bool | None
    contrast: float = float("nan")
    se: float = float("nan")
    p_value: float = float("nan")

    @property
    def rules_differ(self) -> bool:
        return self.by_overlap is not None and self.by_overlap != self.by_wald


@dataclass(frozen=True)
class Discontinuities:
    """The labels of one segmented model: a rise, b fall, spike (a and b), c flatter, d reversed."""

    labels: tuple[Discontinuity, ...]
    errors: str
    reason: str = ""

    def __getitem__(self, kind: str) -> Discontinuity:
        for label in self.labels:
            if label.kind == kind:
                return label
        raise KeyError(kind)

    def frame(self) -> pd.DataFrame:
        """One row per kind of discontinuity."""
        return pd.DataFrame(
            [
                {
                    "kind": label.kind,
                    "meaning": label.meaning,
                    "by_overlap": label.by_overlap,
                    "by_wald": label.by_wald,
                    "rules_differ": label.rules_differ,
                    "contrast": label.contrast,
                    "se": label.se,
                    "p_value": label.p_value,
                }
                for label in self.labels
            ]
        )

    def summary(self) -> str:
        """A line per kind; where the two rules disagree, it says so."""
        lines = [f"Discontinuities ({self.errors} standard errors)"]
        for label in self.labels:
            words = {True: "yes", False: "no", None: "not estimable"}
            line = f"  {label.kind:<8} overlap rule: {words[label.by_overlap]}, Wald: {words[label.by_wald]}"
            if np.isfinite(label.p_value):
                line += f" (p = {number(label.p_value, 2)})"
            if label.rules_differ:
                line += "  <- the rules disagree"
            lines.append(line)
        if self.reason:
            lines.append(f"  note: {self.reason}")
        return "\n".join(lines)


_MEANINGS = {
    "rise": "a: a rise in the year of inspection above the earlier trend",
    "fall": "b: a fall in the year after, following a rise in the year of inspection",
    "spike": "a and b together",
    "flatter": "c: the same direction afterwards but less steep",
    "reversed": "d: the direction afterwards is the opposite of that before",
}


def discontinuities(fit: MixedPoissonFit, *, errors: Errors | None = None, level: float = 0.95) -> Discontinuities:
    """Label a *segmented* fit by the two rules of ``Discontinuity``.

    rise: step0 > 0 and step0 > pre; fall: step0 > 0 > step1; flatter: post of the sign of pre and smaller; reversed:
    post of the other sign. Raises ValueError where the fit lacks the four stages.
    """
    from scipy.special import ndtr, stdtr

    missing = [name for name in STAGES if name not in fit.names]
    if missing:
        raise ValueError(f"not a segmented model: it has no {', '.join(missing)}")
    kind_of_errors = errors or ("quasi" if fit.family == "quasi" else "model")
    places = [fit.names.index(name) for name in STAGES]
    coef = dict(zip(STAGES, fit.coef[places], strict=True))
    cov = fit.cov(errors)[np.ix_(places, places)]
    se = dict(zip(STAGES, np.sqrt(np.diag(cov)), strict=True)) if np.isfinite(cov).all() else {}
    if not fit.ok or not se or not np.isfinite(list(coef.values())).all():
        reason = fit.reason or "a stage has no estimate or no standard error"
        labels = tuple(Discontinuity(kind, meaning, None, None) for kind, meaning in _MEANINGS.items())
        return Discontinuities(labels, kind_of_errors, reason)
    half = fit.critical_value(level, errors)

    def compare(kind: str, one: str, other: str, points: bool) -> Discontinuity:
        """Does ``one`` differ from ``other``, given that the estimates point the right way?"""
        i, j = STAGES.index(one), STAGES.index(other)
        difference = coef[one] - coef[other]
        error = float(np.sqrt(cov[i, i] + cov[j, j] - 2 * cov[i, j]))
        z = abs(difference) / error
        tail = stdtr(max(fit.n_clusters - 1, 1), -z) if errors == "robust" else ndtr(-z)
        apart = abs(difference) > half * (se[one] + se[other])
        p = float(2 * tail)
        return Discontinuity(
            kind,
            _MEANINGS[kind],
            bool(points and apart),
            bool(points and p < 1 - level),
            float(difference),
            error,
            p,
        )

    rise = compare("rise", "step0", "pre", coef["step0"] > 0 and coef["step0"] > coef["pre"])
    fall = compare("fall", "step1", "step0", coef["step0"] > 0 > coef["step1"])
    spike = Discontinuity(
        "spike",
        _MEANINGS["spike"],
        bool(rise.by_overlap and fall.by_overlap),
        bool(rise.by_wald and fall.by_wald),
    )
    same_way = coef["pre"] * coef["post"] > 0
    flatter = compare("flatter", "post", "pre", same_way and abs(coef["post"]) < abs(coef["pre"]))
    reversed_ = compare("reversed", "post", "pre", coef["pre"] * coef["post"] < 0)
    return Discontinuities((rise, fall, spike, flatter, reversed_), kind_of_errors, fit.reason)


def stage_frame(
    fits: Mapping[str, MixedPoissonFit] | Sequence[MixedPoissonFit], *, errors: Errors | None = None
) -> pd.DataFrame:
    """The four stages of many segmented fits, one row per fit and stage, as percent change with intervals."""
    named = fits.items() if isinstance(fits, Mapping) else ((fit.label, fit) for fit in fits)
    parts = []
    for name, fit in named:
        part = fit.frame(errors)
        part = part[part["term"].isin(STAGES)].copy()
        part.insert(0, "label", name)
        part["n"], part["clusters"], part["reason"] = fit.n_obs, fit.n_clusters, fit.reason
        parts.append(part)
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()
