"""From many candidates to one logistic model: univariate screen, then steps by likelihood ratio.

The rule of Wilkins & Antonopoulou, "Do performance indicators predict Ofsted ratings?": every candidate alone; those
significant on their own enter a multivariable model; the model is reduced step by step. Entry below 0.05 and removal
above 0.10 are SPSS's defaults. Selection makes the p-values of the final model too small: the trace and the number of
candidates are part of the result so that a reader can tell.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd

from analysis.estimators._arrays import Array, named_design
from analysis.estimators._format import number, table
from analysis.estimators.logistic import LogisticFit, fit_logistic
from analysis.estimators.multiplicity import benjamini_hochberg

Direction = Literal["backward", "forward"]


@dataclass(frozen=True, eq=False)
class StepwiseFit:
    """The screen (one row per candidate), the steps taken, the model they end in (None if nothing passed) and why."""

    screen: pd.DataFrame
    steps: pd.DataFrame
    model: LogisticFit | None
    selected: tuple[str, ...]
    direction: Direction
    reason: str = ""

    @property
    def ok(self) -> bool:
        return self.model is not None and self.model.ok

    def frame(self) -> pd.DataFrame:
        """The final model's coefficients; empty where there is none."""
        return pd.DataFrame() if self.model is None else self.model.frame()

    def summary(self) -> str:
        """Screen, steps and final model."""
        passed = self.screen[self.screen["passed"]]
        lines = [f"{len(passed)} of {len(self.screen)} candidates pass the screen; then {self.direction} steps"]
        if len(passed):
            lines.append(table(passed, ["term", "n", "estimate", "lr_chi2", "p_value", "p_adjusted"]))
        for step in self.steps.itertuples(index=False):
            lines.append(f"  step {step.step}: {step.action} {step.term} (p = {number(step.p_value, 3)})")
        if self.model is not None:
            lines.append(self.model.summary())
        if self.reason:
            lines.append(f"  note: {self.reason}")
        return "\n".join(lines)


def univariate_screen(y: Any, X: Any, *, names: Sequence[str] | None = None) -> pd.DataFrame:
    """A logistic regression on each column alone, each on its own complete cases.

    Columns: term, n, n_events, estimate, se, odds_ratio, wald_p, lr_chi2, p_value (likelihood ratio), p_adjusted
    (Benjamini-Hochberg over the candidates), nagelkerke_r2, reason.
    """
    design, columns = named_design(X, names)
    rows = []
    for j, name in enumerate(columns):
        fit = fit_logistic(y, design[:, [j]], names=[name])
        last = fit.frame().iloc[-1]
        rows.append(
            {
                "term": name,
                "n": fit.n,
                "n_events": fit.n_events,
                "estimate": fit.coef[-1],
                "se": last["se"],
                "odds_ratio": last["odds_ratio"],
                "wald_p": last["p_value"],
                "lr_chi2": fit.lr_chi2,
                "p_value": fit.lr_p,
                "nagelkerke_r2": fit.nagelkerke_r2,
                "reason": fit.reason,
            }
        )
    out = pd.DataFrame(rows)
    out.insert(9, "p_adjusted", benjamini_hochberg(out["p_value"].to_numpy(dtype=float)))
    return out


class _Models:
    """Logistic models of one outcome on some of the columns, each fitted once."""

    def __init__(self, outcome: Array, design: Array, columns: Sequence[str]) -> None:
        self._outcome, self._design = outcome, design
        self._place = {name: j for j, name in enumerate(columns)}
        self._fits: dict[tuple[str, ...], LogisticFit] = {}

    def fit(self, chosen: Sequence[str]) -> LogisticFit:
        key = tuple(name for name in self._place if name in chosen)
        if key not in self._fits:
            columns = self._design[:, [self._place[name] for name in key]]
            self._fits[key] = fit_logistic(self._outcome, columns, names=key)
        return self._fits[key]

    def p_of(self, larger: Sequence[str], smaller: Sequence[str]) -> float:
        """Likelihood-ratio p for what the larger model has over the smaller; NaN where either has no fit."""
        from scipy.special import chdtrc

        big = self.fit(larger)
        if not big.ok:
            return float("nan")
        small = self.fit(smaller).loglik if smaller else big.loglik_null
        return float(chdtrc(len(larger) - len(smaller), max(2 * (big.loglik - small), 0.0)))


def stepwise_logistic(
    y: Any,
    X: Any,
    *,
    names: Sequence[str] | None = None,
    screen: float = 0.05,
    direction: Direction = "backward",
    enter: float = 0.05,
    remove: float = 0.10,
    keep: Sequence[str] = (),
    profile: bool = True,
) -> StepwiseFit:
    """Screen every candidate alone at ``screen``, then step from those that pass.

    backward: start with all that pass, drop the one whose removal costs least while its likelihood-ratio p exceeds
    ``remove``. forward: start with none, add the best while its p is below ``enter``, dropping any whose p has risen
    above ``remove``. Columns in ``keep`` pass the screen and are never dropped. The steps use the complete cases of all
    that passed, so that their likelihoods can be compared; the final model is refitted on its own complete cases.
    Raises ValueError for another direction, KeyError for an unknown name in ``keep``.
    """
    if direction not in ("backward", "forward"):
        raise ValueError(f"direction must be backward or forward, not {direction!r}")
    design, columns = named_design(X, names)
    for name in keep:
        if name not in columns:
            raise KeyError(name)
    screened = univariate_screen(y, design, names=columns)
    usable = screened["reason"] == ""
    screened["passed"] = usable & ((screened["p_value"] < screen) | screened["term"].isin(list(keep)))
    candidates = screened.loc[screened["passed"], "term"].tolist()
    no_steps = pd.DataFrame(columns=["step", "action", "term", "p_value", "loglik"])
    if not candidates:
        return StepwiseFit(screened, no_steps, None, (), direction, "no candidate passed the screen")
    place = {name: j for j, name in enumerate(columns)}
    shared = np.isfinite(design[:, [place[name] for name in candidates]]).all(axis=1)
    models = _Models(np.where(shared, np.asarray(y, dtype=float), np.nan), design, columns)
    current = list(candidates) if direction == "backward" else [name for name in candidates if name in keep]
    if direction == "backward" and not models.fit(current).ok:
        note = f"the model with every candidate cannot be fitted: {models.fit(current).reason}"
        return StepwiseFit(screened, no_steps, None, (), direction, note)
    current, trace = _stepped(models, candidates, current, keep, direction, enter, remove)
    selected = tuple(name for name in columns if name in current)
    if not selected:
        return StepwiseFit(screened, trace, None, (), direction, "no candidate stays in the model")
    final = fit_logistic(y, design[:, [place[name] for name in selected]], names=selected, profile=profile)
    return StepwiseFit(screened, trace, final, selected, direction, final.reason)


def _stepped(
    models: _Models,
    candidates: Sequence[str],
    current: list[str],
    keep: Sequence[str],
    direction: Direction,
    enter: float,
    remove: float,
) -> tuple[list[str], pd.DataFrame]:
    """The terms that stay when no step is left, or when one leads back to where it has been; and every step."""
    steps: list[dict[str, Any]] = []
    seen: set[frozenset[str]] = set()
    while frozenset(current) not in seen:
        seen.add(frozenset(current))
        offers = [name for name in candidates if name not in current] if direction == "forward" else []
        added = min(
            ((p, name) for name in offers if (p := models.p_of([*current, name], current)) < enter),
            key=lambda offer: offer[0],
            default=None,
        )
        if added:
            current.append(added[1])
            steps.append({"step": len(steps) + 1, "action": "add", "term": added[1], "p_value": added[0]})
        without = {name: [c for c in current if c != name] for name in current if name not in keep}
        dropped = max(
            ((p, name) for name, rest in without.items() if (p := models.p_of(current, rest)) > remove),
            key=lambda loss: loss[0],
            default=None,
        )
        if dropped:
            current.remove(dropped[1])
            steps.append({"step": len(steps) + 1, "action": "drop", "term": dropped[1], "p_value": dropped[0]})
        elif direction == "backward":
            break
    return current, pd.DataFrame(steps, columns=["step", "action", "term", "p_value"])
