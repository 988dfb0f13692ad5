"""Elastic-net logistic regression: penalty and mixing chosen by cross-validation, as glmnet does.

Predictors are standardised within each fit; 100 penalties from the smallest that empties the model downwards; k-fold
cross-validated deviance for every mixing value on the same folds; ``lambda_min`` minimises it, ``lambda_1se`` is the
largest within one standard error. The apparent sensitivity and specificity (the ones a paper prints) stand beside those
of the predictions made for each row by a model that never saw it.

Sources: Zou & Hastie (2005) *JRSS B* 67:301; Friedman, Hastie & Tibshirani (2010) *J. Stat. Softw.* 33(1). The use:
Hood, Grant, Jones & Goldacre, "A study of performance indicators and Ofsted ratings in English child protection
services".
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd

from analysis.estimators._arrays import Array, IntArray, as_floats, constant_columns
from analysis.estimators._discrete import complete_cases
from analysis.estimators._format import number, table
from analysis.estimators._logit_paths import penalised_logit_paths

MIXING_GRID = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)
# glmnet's rules for leaving a path early: nearly saturated, or nothing gained.
_SATURATED, _NO_GAIN, _AT_LEAST = 0.999, 1e-5, 6
Choice = Literal["min", "1se"]


@dataclass(frozen=True, eq=False)
class ElasticNetFit:
    """An elastic-net logistic model chosen by cross-validation, or the reason there is none.

    coef: constant and slopes ``(p + 1,)`` on the scale given, at the chosen penalty; mixing: alpha; lambda_min,
    lambda_1se, lambda_used; deviance_explained: apparent, share of the null deviance; cv_deviance: mean held-out
    deviance per row at the chosen penalty (cv_null_deviance: of the constant alone); fitted and held_out: probabilities
    of the complete rows (``rows``), the second each by a model fitted without its fold; sensitivity and specificity at
    ``threshold``, apparent and held out; curve: the whole cross-validation.
    """

    names: tuple[str, ...]
    coef: Array
    mixing: float
    lambda_min: float
    lambda_1se: float
    lambda_used: float
    deviance_explained: float
    cv_deviance: float
    cv_null_deviance: float
    sensitivity: float
    specificity: float
    held_out_sensitivity: float
    held_out_specificity: float
    threshold: float
    fitted: Array
    held_out: Array
    outcome: Array
    rows: IntArray
    curve: pd.DataFrame
    n: int
    n_events: int
    reason: str = ""
    ok: bool = True

    @property
    def kept(self) -> tuple[str, ...]:
        """The predictors with a coefficient other than zero."""
        return tuple(name for name, value in zip(self.names[1:], self.coef[1:], strict=True) if value != 0)

    def frame(self) -> pd.DataFrame:
        """One row per term, with its coefficient and whether it was kept."""
        kept = [True, *(bool(value) for value in self.coef[1:] != 0)] if self.ok else [False] * len(self.names)
        return pd.DataFrame({"term": list(self.names), "estimate": self.coef, "kept": kept})

    def predict(self, X: Any) -> Array:
        """Probabilities for new rows ``(m, p)`` in the columns' order."""
        from scipy.special import expit

        design = as_floats(X)
        design = design[:, None] if design.ndim == 1 else design
        return np.asarray(expit(self.coef[0] + design @ self.coef[1:]))

    def summary(self) -> str:
        """Choice, performance and kept coefficients."""
        head = f"Elastic-net logistic regression, n = {self.n} ({self.n_events} events)"
        if not self.ok:
            return f"{head}\n  not estimated: {self.reason}"
        frame = self.frame()
        lines = [
            head,
            f"  alpha {number(self.mixing)}, lambda {number(self.lambda_used)} "
            f"(min {number(self.lambda_min)}, 1se {number(self.lambda_1se)})",
            f"  deviance explained {number(100 * self.deviance_explained, 3)}%; held-out deviance per row "
            f"{number(self.cv_deviance)} against {number(self.cv_null_deviance)} for the constant alone",
            f"  sensitivity {number(self.sensitivity, 3)}, specificity {number(self.specificity, 3)} apparent; "
            f"{number(self.held_out_sensitivity, 3)}, {number(self.held_out_specificity, 3)} held out "
            f"(threshold {self.threshold})",
            table(frame[frame["kept"]], ["term", "estimate"]),
        ]
        if self.reason:
            lines.append(f"  note: {self.reason}")
        return "\n".join(lines)


def stratified_folds(y: Any, n_folds: int, seed: int) -> IntArray:
    """Fold number of every row, outcomes spread evenly over the folds."""
    outcome = np.asarray(y)
    rng = np.random.default_rng(seed)
    folds = np.zeros(len(outcome), dtype=np.intp)
    start = 0
    for value in np.unique(outcome):
        members = rng.permutation(np.flatnonzero(outcome == value))
        folds[members] = (start + np.arange(len(members))) % n_folds
        start += len(members)
    return folds


def fit_elastic_net(
    y: Any,
    X: Any,
    *,
    names: Sequence[str] | None = None,
    mixing: Sequence[float] = MIXING_GRID,
    n_penalties: int = 100,
    n_folds: int = 10,
    folds: Any = None,
    seed: int = 0,
    choose: Choice = "min",
    threshold: float = 0.5,
) -> ElasticNetFit:
    """Choose an elastic-net logistic model of y (0, 1, NaN) on the columns of X ``(n, p)`` by cross-validation.

    mixing: values of alpha (0 ridge, 1 lasso) to try; folds: fold of every row of y, or None for ``n_folds`` stratified
    ones drawn with ``seed``; choose: the penalty with least held-out deviance or the most sparing within one standard
    error. Incomplete rows are left out, constant columns get a coefficient of zero and are named. Raises ValueError on
    unequal lengths, an outcome other than 0 and 1, or mixing outside [0, 1]; bad data give a result with a reason.
    """
    outcome, design, columns, rows = complete_cases(y, X, names)
    if len(outcome) and not np.isin(outcome, (0.0, 1.0)).all():
        raise ValueError("a logistic outcome is 0 or 1")
    alphas = np.asarray(mixing, dtype=float)
    if not len(alphas) or (alphas < 0).any() or (alphas > 1).any():
        raise ValueError("mixing lies between 0 (ridge) and 1 (lasso)")
    if choose not in ("min", "1se"):
        raise ValueError(f"choose must be min or 1se, not {choose!r}")
    n, p, events = len(outcome), len(columns), int(outcome.sum())
    terms = ("const", *columns)

    def no(reason: str) -> ElasticNetFit:
        nan = float("nan")
        nothing = np.full(n, nan)
        return ElasticNetFit(
            names=terms,
            coef=np.full(p + 1, nan),
            mixing=nan,
            lambda_min=nan,
            lambda_1se=nan,
            lambda_used=nan,
            deviance_explained=nan,
            cv_deviance=nan,
            cv_null_deviance=nan,
            sensitivity=nan,
            specificity=nan,
            held_out_sensitivity=nan,
            held_out_specificity=nan,
            threshold=threshold,
            fitted=nothing,
            held_out=nothing,
            outcome=outcome,
            rows=rows,
            curve=pd.DataFrame(),
            n=n,
            n_events=events,
            reason=reason,
            ok=False,
        )

    if min(events, n - events) < 2:
        return no(f"{events} events among {n} complete rows: two of each outcome are the least")
    gone = constant_columns(design)
    if len(gone) == p:
        return no("no predictor varies")
    fold = stratified_folds(outcome, min(n_folds, n), seed) if folds is None else np.asarray(folds)[rows]
    fold = np.unique(fold, return_inverse=True)[1]
    n_fold = int(fold.max()) + 1
    if n_fold < 2:
        return no("one fold only")
    for f in range(n_fold):
        if np.ptp(outcome[fold != f]) == 0:
            return no(f"without fold {f + 1} one outcome only is left: too few events for {n_fold} folds")

    every = np.full((1, n), 1.0 / n)
    scaled, centre, scale = _standardise(design, every)
    correlation = np.abs(scaled[0].T @ (outcome - outcome.mean())).max() / n
    largest = correlation / np.maximum(alphas, 1e-3)
    ratio = 1e-4 if n > p else 1e-2
    penalties = largest[:, None] * np.geomspace(1.0, ratio, n_penalties)
    n_alpha = len(alphas)
    full_c, full_b = penalised_logit_paths(
        np.repeat(scaled, n_alpha, axis=0),
        outcome,
        np.repeat(every, n_alpha, axis=0),
        penalties,
        alphas,
        np.full(n_alpha, n_penalties),
    )
    eta = full_c[:, :, None] + full_b @ scaled[0].T
    deviance = 2 * (np.logaddexp(0.0, eta) - outcome * eta).mean(axis=2)
    share = events / n
    null = -2 * (share * np.log(share) + (1 - share) * np.log(1 - share))
    explained = 1 - deviance / null
    lengths = np.array([_length(path) for path in explained], dtype=np.intp)

    train = np.array([(fold != f) / (fold != f).sum() for f in range(n_fold)])
    fold_scaled, _c, _s = _standardise(design, train)
    path_fold = np.tile(np.arange(n_fold), n_alpha)
    path_alpha = np.repeat(np.arange(n_alpha), n_fold)
    cv_c, cv_b = penalised_logit_paths(
        fold_scaled[path_fold],
        outcome,
        train[path_fold],
        penalties[path_alpha],
        alphas[path_alpha],
        lengths[path_alpha],
    )
    held_out = np.full((n_alpha, n_penalties, n), np.nan)
    for k, (f, a) in enumerate(zip(path_fold, path_alpha, strict=True)):
        mine = fold == f
        held_out[a][:, mine] = cv_c[k][:, None] + cv_b[k] @ fold_scaled[f][mine].T
    # glmnet bounds probabilities away from 0 and 1 before it takes held-out deviances.
    bounded = np.clip(held_out, np.log(1e-5 / (1 - 1e-5)), np.log((1 - 1e-5) / 1e-5))
    with np.errstate(invalid="ignore"):  # NaN beyond the end of a path
        loss = 2 * (np.logaddexp(0.0, bounded) - outcome * bounded)
    sizes = np.bincount(fold) / n
    by_fold = np.stack([loss[:, :, fold == f].mean(axis=2) for f in range(n_fold)], axis=2)
    mean = by_fold @ sizes
    error = np.sqrt(((by_fold - mean[:, :, None]) ** 2) @ sizes / (n_fold - 1))

    best = np.array([int(np.nanargmin(row)) for row in mean])
    chosen = int(np.argmin(mean[np.arange(n_alpha), best]))
    at_min = int(best[chosen])
    limit = mean[chosen, at_min] + error[chosen, at_min]
    at_1se = int(np.flatnonzero(mean[chosen] <= limit)[0])
    at = at_min if choose == "min" else at_1se
    coef = np.empty(p + 1)
    coef[1:] = full_b[chosen, at] / np.where(scale[0] > 0, scale[0], 1.0)
    coef[0] = full_c[chosen, at] - coef[1:] @ centre[0]
    from scipy.special import expit

    own, other = expit(eta[chosen, at]), expit(held_out[chosen, at])
    yes, no_ = outcome == 1, outcome == 0
    notes = []
    if gone:
        notes.append(f"do not vary, left at zero: {', '.join(columns[j] for j in gone)}")
    if not np.any(coef[1:]):
        notes.append("no predictor was kept")
    edge = at_min == lengths[chosen] - 1 and lengths[chosen] == n_penalties
    if edge:
        notes.append("held-out deviance still falls at the smallest penalty tried")
    return ElasticNetFit(
        names=terms,
        coef=coef,
        mixing=float(alphas[chosen]),
        lambda_min=float(penalties[chosen, at_min]),
        lambda_1se=float(penalties[chosen, at_1se]),
        lambda_used=float(penalties[chosen, at]),
        deviance_explained=float(explained[chosen, at]),
        cv_deviance=float(mean[chosen, at]),
        cv_null_deviance=_held_out_null(outcome, fold, n_fold),
        sensitivity=float((own[yes] > threshold).mean()),
        specificity=float((own[no_] <= threshold).mean()),
        held_out_sensitivity=float((other[yes] > threshold).mean()),
        held_out_specificity=float((other[no_] <= threshold).mean()),
        threshold=threshold,
        fitted=own,
        held_out=other,
        outcome=outcome,
        rows=rows,
        curve=_curve(alphas, penalties, mean, error, explained, full_b, lengths),
        n=n,
        n_events=events,
        reason="; ".join(notes),
    )


def _standardise(X: Array, weights: Array) -> tuple[Array, Array, Array]:
    """X standardised under each row of weights: ``(K, n, p)``, centres and scales ``(K, p)``; constants become zero."""
    centre = weights @ X
    spread = X[None] - centre[:, None, :]
    scale = np.sqrt(np.einsum("kn,knp->kp", weights, spread**2))
    fine = scale > 1e-10 * np.maximum(np.abs(centre), 1e-300)
    scale = np.where(fine, scale, 0.0)
    spread *= (np.where(fine, 1.0, 0.0) / np.where(fine, scale, 1.0))[:, None, :]
    return spread, centre, scale


def _length(explained: Array) -> int:
    """How many penalties of a path are worth fitting (glmnet's rule)."""
    for step in range(1, len(explained)):
        if explained[step] > _SATURATED:
            return step + 1
        gain = explained[step] - explained[step - 1]
        if step >= _AT_LEAST and gain < _NO_GAIN * explained[step]:
            return step + 1
    return len(explained)


def _held_out_null(y: Array, fold: IntArray, n_folds: int) -> float:
    total = 0.0
    for f in range(n_folds):
        share = y[fold != f].mean()
        mine = y[fold == f]
        total -= 2 * (mine * np.log(share) + (1 - mine) * np.log(1 - share)).sum()
    return float(total / len(y))


def _curve(
    alphas: Array, penalties: Array, mean: Array, error: Array, explained: Array, slopes: Array, lengths: IntArray
) -> pd.DataFrame:
    parts = []
    for a, alpha in enumerate(alphas):
        used = slice(0, int(lengths[a]))
        parts.append(
            pd.DataFrame(
                {
                    "mixing": alpha,
                    "penalty": penalties[a, used],
                    "cv_deviance": mean[a, used],
                    "cv_se": error[a, used],
                    "deviance_explained": explained[a, used],
                    "kept": (slopes[a, used] != 0).sum(axis=1),
                }
            )
        )
    return pd.concat(parts, ignore_index=True)
