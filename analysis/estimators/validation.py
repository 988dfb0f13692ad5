"""How well does a prediction do on units it has not seen? Cross-validation, temporal hold-out, calibration.

A model that was tuned on the units it is judged by flatters itself. Nested cross-validation tunes within the training
part of every outer fold; a temporal hold-out fits on one inspection cycle and predicts the next.

Sources: Stone (1974) *JRSS B* 36:111; Varma & Simon (2006) *BMC Bioinformatics* 7:91 (nested); Brier (1950) *Mon.
Weather Rev.* 78:1; Cox (1958) *Biometrika* 45:562 and Van Calster and others (2019) *BMC Med.* 17:230 (calibration
intercept and slope); Hanley & McNeil (1982) *Radiology* 143:29 (area under the curve).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd

from analysis.estimators._arrays import Array, as_floats
from analysis.estimators._discrete import fit_quietly
from analysis.estimators._format import number, table
from analysis.estimators.elastic_net import fit_elastic_net, stratified_folds

Predictor = Callable[[Array], Array]
# A learner takes a training outcome and design and gives a function from new designs to probabilities; it raises
# CannotFit where the training part has nothing to learn from.
Learner = Callable[[Array, Array], Predictor]


class CannotFit(Exception):
    """The training part of a fold cannot be fitted; the message says why."""


@dataclass(frozen=True, eq=False)
class Performance:
    """Quality of predicted probabilities.

    brier: mean squared error; brier_skill: share by which it beats the outcome's own rate; log_loss; auc with its
    standard error; sensitivity, specificity at ``threshold``; calibration_intercept (with slope one; 0 is right) and
    calibration_slope (1 is right; below: too extreme); bins: deciles of prediction with observed rates; roc: the share
    of events found (true_positive_rate) at each share of false alarms (false_positive_rate); empty with one outcome.
    """

    n: int
    n_events: int
    threshold: float
    brier: float = float("nan")
    brier_skill: float = float("nan")
    log_loss: float = float("nan")
    auc: float = float("nan")
    auc_se: float = float("nan")
    sensitivity: float = float("nan")
    specificity: float = float("nan")
    calibration_intercept: float = float("nan")
    calibration_slope: float = float("nan")
    bins: pd.DataFrame = field(default_factory=pd.DataFrame)
    roc: pd.DataFrame = field(default_factory=pd.DataFrame)
    reason: str = ""

    @property
    def ok(self) -> bool:
        return bool(np.isfinite(self.brier))

    def frame(self) -> pd.DataFrame:
        """One row per statistic."""
        names = [
            "brier",
            "brier_skill",
            "log_loss",
            "auc",
            "auc_se",
            "sensitivity",
            "specificity",
            "calibration_intercept",
            "calibration_slope",
        ]
        return pd.DataFrame({"statistic": names, "value": [getattr(self, name) for name in names], "n": self.n})

    def summary(self) -> str:
        """Three lines."""
        head = f"Predictions of {self.n} units ({self.n_events} events)"
        if not self.ok:
            return f"{head}: not judged: {self.reason}"
        lines = [
            head,
            f"  Brier {number(self.brier)} (skill {number(self.brier_skill, 3)}), log loss {number(self.log_loss)}, "
            f"AUC {number(self.auc, 3)} (se {number(self.auc_se, 2)})",
            f"  sensitivity {number(self.sensitivity, 3)}, specificity {number(self.specificity, 3)} at "
            f"{self.threshold}; calibration intercept {number(self.calibration_intercept, 3)}, "
            f"slope {number(self.calibration_slope, 3)}",
        ]
        if self.reason:
            lines.append(f"  note: {self.reason}")
        return "\n".join(lines)


def performance(outcome: Any, probability: Any, *, threshold: float = 0.5, n_bins: int = 10) -> Performance:
    """Judge probabilities against outcomes (0, 1); units missing either are left out.

    Raises ValueError on unequal lengths, outcomes other than 0 and 1 or probabilities outside [0, 1].
    """
    y, p = as_floats(outcome), as_floats(probability)
    if len(y) != len(p):
        raise ValueError("outcome and probability must have the same length")
    both = np.isfinite(y) & np.isfinite(p)
    y, p = y[both], p[both]
    if not np.isin(y, (0.0, 1.0)).all():
        raise ValueError("an outcome is 0 or 1")
    if ((p < 0) | (p > 1)).any():
        raise ValueError("a probability lies between 0 and 1")
    n, events = len(y), int(y.sum())
    if not n:
        return Performance(0, 0, threshold, reason="no units")
    from sklearn.metrics import brier_score_loss, roc_auc_score

    bounded = np.clip(p, 1e-12, 1 - 1e-12)
    judged = Performance(
        n=n,
        n_events=events,
        threshold=threshold,
        brier=float(brier_score_loss(y, p, pos_label=1)),
        # With probabilities bounded as they are for calibration: sklearn's bound depends on the type of float.
        log_loss=float(-(y * np.log(bounded) + (1 - y) * np.log(1 - bounded)).mean()),
        sensitivity=float((p[y == 1] > threshold).mean()) if events else float("nan"),
        specificity=float((p[y == 0] <= threshold).mean()) if events < n else float("nan"),
        bins=_bins(y, p, n_bins),
    )
    if events in (0, n):
        return replace(judged, reason="one outcome only: no discrimination or calibration to judge")
    auc, rate = float(roc_auc_score(y, p)), events / n
    intercept, slope, trouble = _calibration(y, bounded)
    return replace(
        judged,
        brier_skill=1 - judged.brier / (rate * (1 - rate)),
        auc=auc,
        auc_se=_auc_error(auc, events, n - events),
        calibration_intercept=intercept,
        calibration_slope=slope,
        roc=_roc(y, p),
        reason=trouble,
    )


def _auc_error(auc: float, events: int, others: int) -> float:
    """Standard error of an AUC (Hanley & McNeil 1982 *Radiology* 143:29)."""
    q1, q2 = auc / (2 - auc), 2 * auc**2 / (1 + auc)
    variance = auc * (1 - auc) + (events - 1) * (q1 - auc**2) + (others - 1) * (q2 - auc**2)
    return float(np.sqrt(max(variance / (events * others), 0.0)))


def _roc(y: Array, p: Array) -> pd.DataFrame:
    """The ROC curve at false-positive rates of 0, 0.05 … 1."""
    from sklearn.metrics import roc_curve

    false_positive, true_positive, _ = roc_curve(y, p, drop_intermediate=False)
    at = np.linspace(0, 1, 21)
    return pd.DataFrame({"false_positive_rate": at, "true_positive_rate": np.interp(at, false_positive, true_positive)})


def _bins(y: Array, p: Array, n_bins: int) -> pd.DataFrame:
    order = np.argsort(p, kind="stable")
    parts = [part for part in np.array_split(order, min(n_bins, len(order))) if len(part)]
    return pd.DataFrame(
        {
            "predicted": [float(p[part].mean()) for part in parts],
            "observed": [float(y[part].mean()) for part in parts],
            "n": [len(part) for part in parts],
        }
    )


def _calibration(y: Array, p: Array) -> tuple[float, float, str]:
    """Calibration in the large (slope held at one) and calibration slope, by logistic regression on the logit."""
    from statsmodels.discrete.discrete_model import Logit

    from analysis.estimators.separation import binary_conditions, separating_direction

    logit = np.log(p / (1 - p))
    ones = np.ones((len(y), 1))
    large, trouble = fit_quietly(Logit(y, ones, offset=logit), method="newton", maxiter=100)
    intercept = float("nan") if trouble else float(np.asarray(large.params)[0])
    if np.ptp(logit) < 1e-12:
        return intercept, float("nan"), "every prediction is the same: no calibration slope"
    design = np.column_stack([ones, logit])
    if separating_direction(binary_conditions(design, y.astype(np.intp))) is not None:
        return intercept, float("nan"), "the predictions separate the outcomes: no calibration slope"
    both, trouble = fit_quietly(Logit(y, design), method="newton", maxiter=100)
    return intercept, float("nan") if trouble else float(np.asarray(both.params)[1]), trouble


@dataclass(frozen=True, eq=False)
class CrossValidation:
    """Predictions for units held out, with their quality.

    probability: one per row given (NaN where it could not be predicted), averaged over repeats; held_out: performance
    of these; by_fold: one row per fitted fold with its size and reason.
    """

    probability: Array
    held_out: Performance
    by_fold: pd.DataFrame
    reason: str = ""

    @property
    def ok(self) -> bool:
        return self.held_out.ok

    def frame(self) -> pd.DataFrame:
        """One row per statistic of the held-out predictions."""
        return self.held_out.frame()

    def summary(self) -> str:
        """The held-out performance."""
        text = "Held out: " + self.held_out.summary()
        return text + (f"\n  note: {self.reason}" if self.reason else "")


def elastic_net_learner(**options: Any) -> Learner:
    """A learner that tunes an elastic net by cross-validation within its training part (for nested validation)."""

    def learn(y: Array, X: Array) -> Predictor:
        fit = fit_elastic_net(y, X, **options)
        if not fit.ok:
            raise CannotFit(fit.reason)
        return fit.predict

    return learn


def cross_validate(
    y: Any, X: Any, learn: Learner, *, n_folds: int = 5, repeats: int = 1, threshold: float = 0.5, seed: int = 0
) -> CrossValidation:
    """Predict every row by a model that never saw it; nested where ``learn`` tunes itself.

    Rows missing y or any column of X are left out. Folds are stratified by outcome; with ``repeats`` the probabilities
    are averaged over new folds. A fold that cannot be fitted leaves its rows without prediction and says so.
    """
    outcome, design = as_floats(y), as_floats(X)
    design = design[:, None] if design.ndim == 1 else design
    rows = np.flatnonzero(np.isfinite(outcome) & np.isfinite(design).all(axis=1))
    total, times = np.zeros(len(outcome)), np.zeros(len(outcome))
    record = []
    usable = len(rows) >= 2 and np.ptp(outcome[rows]) > 0
    for repeat in range(repeats if usable else 0):
        folds = stratified_folds(outcome[rows], min(n_folds, len(rows)), seed + repeat)
        for fold in range(int(folds.max()) + 1):
            test, train = rows[folds == fold], rows[folds != fold]
            reason = ""
            try:
                total[test] += learn(outcome[train], design[train])(design[test])
                times[test] += 1
            except CannotFit as error:
                reason = str(error)
            record.append({"repeat": repeat, "fold": fold, "n": len(test), "reason": reason})
    with np.errstate(invalid="ignore"):
        probability = np.where(times > 0, total / np.maximum(times, 1), np.nan)
    by_fold = pd.DataFrame(record, columns=["repeat", "fold", "n", "reason"])
    failed = int((by_fold["reason"] != "").sum())
    reason = "" if usable else "too few complete rows, or one outcome only"
    if failed:
        first = by_fold.loc[by_fold["reason"] != "", "reason"].iloc[0]
        reason = f"{failed} of {len(by_fold)} folds could not be fitted ({first})"
    return CrossValidation(probability, performance(outcome, probability, threshold=threshold), by_fold, reason)


@dataclass(frozen=True, eq=False)
class TemporalHoldOut:
    """A model fitted on earlier units and judged on later ones; ``apparent``: on those it was fitted to."""

    probability: Array
    apparent: Performance
    held_out: Performance
    reason: str = ""

    @property
    def ok(self) -> bool:
        return self.held_out.ok

    def frame(self) -> pd.DataFrame:
        """One row per statistic, apparent and held out."""
        parts = [("apparent", self.apparent), ("held out", self.held_out)]
        return pd.concat([part.frame().assign(on=name) for name, part in parts], ignore_index=True)

    def summary(self) -> str:
        """Both performances."""
        if self.reason and not self.ok:
            return f"Temporal hold-out not made: {self.reason}"
        return f"Apparent: {self.apparent.summary()}\nHeld out: {self.held_out.summary()}"


def temporal_hold_out(
    y_before: Any, X_before: Any, y_after: Any, X_after: Any, learn: Learner, *, threshold: float = 0.5
) -> TemporalHoldOut:
    """Fit on the earlier units, predict the later ones; the columns must be the same in both.

    Raises ValueError where they are not.
    """
    y0, X0, y1, X1 = (as_floats(values) for values in (y_before, X_before, y_after, X_after))
    X0, X1 = (values[:, None] if values.ndim == 1 else values for values in (X0, X1))
    if X0.shape[1] != X1.shape[1]:
        raise ValueError("the earlier and the later design need the same columns")
    first = np.isfinite(y0) & np.isfinite(X0).all(axis=1)
    second = np.isfinite(X1).all(axis=1)
    probability = np.full(len(y1), np.nan)
    nobody = np.full(len(y0), np.nan)
    try:
        predict = learn(y0[first], X0[first])
    except CannotFit as error:
        return TemporalHoldOut(probability, performance(y0, nobody), performance(y1, probability), str(error))
    probability[second] = predict(X1[second])
    own = nobody.copy()
    own[first] = predict(X0[first])
    return TemporalHoldOut(
        probability,
        performance(y0, own, threshold=threshold),
        performance(y1, probability, threshold=threshold),
        "" if second.any() else "no later unit has every predictor",
    )


def calibration_table(result: Performance) -> str:
    """The bins of predicted and observed rates as text."""
    return table(result.bins)
