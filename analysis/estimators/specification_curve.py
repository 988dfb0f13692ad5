"""One question under every defensible choice: the specification curve.

An estimate depends on choices a reader cannot see (offset, random-effects covariance, family, window, calendar
effects). Running all combinations shows whether the finding does too.

Source: Simonsohn, Simmons & Nelson (2020) *Nature Human Behaviour* 4:1208 (descriptive curve).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
import pandas as pd

from analysis.estimators._format import number, table


@dataclass(frozen=True)
class SpecificationEstimate:
    """What one specification gives: an estimate with its standard error, or a reason."""

    estimate: float
    se: float
    n: int = 0
    reason: str = ""


@dataclass(frozen=True, eq=False)
class SpecificationCurve:
    """Every specification, sorted by estimate: a column per choice, estimate, se, interval, significant, n, reason."""

    specifications: pd.DataFrame
    choices: tuple[str, ...]
    alpha: float

    @property
    def estimated(self) -> pd.DataFrame:
        """The specifications that gave an estimate."""
        estimated: pd.DataFrame = self.specifications[
            np.isfinite(self.specifications["estimate"].to_numpy(dtype=float))
        ]
        return estimated

    @property
    def ok(self) -> bool:
        return len(self.estimated) > 0

    @property
    def reason(self) -> str:
        """How many specifications gave nothing, and the first reason; '' where all did."""
        failed = self.specifications[self.specifications["reason"] != ""]
        if not len(failed):
            return ""
        return f"{len(failed)} of {len(self.specifications)} not estimated ({failed['reason'].iloc[0]})"

    @property
    def median(self) -> float:
        """Median estimate."""
        return float(self.estimated["estimate"].median()) if self.ok else float("nan")

    @property
    def share_of_leading_sign(self) -> float:
        """Share of the estimates that have the sign of their median."""
        values = self.estimated["estimate"].to_numpy(dtype=float)
        return float((np.sign(values) == np.sign(self.median)).mean()) if self.ok else float("nan")

    @property
    def share_significant(self) -> float:
        """Share of the estimates significant with the sign of the median."""
        if not self.ok:
            return float("nan")
        chosen = self.estimated
        same = np.sign(chosen["estimate"].to_numpy(dtype=float)) == np.sign(self.median)
        return float((same & chosen["significant"].to_numpy(dtype=bool)).mean())

    def by_choice(self) -> pd.DataFrame:
        """What each choice moves: one row per choice and option: specifications, median estimate, share significant."""
        rows = []
        for choice in self.choices:
            for option, part in self.estimated.groupby(choice, sort=False, dropna=False):
                rows.append(
                    {
                        "choice": choice,
                        "option": str(option),
                        "specifications": len(part),
                        "median": float(part["estimate"].median()),
                        "share_significant": float(part["significant"].mean()),
                    }
                )
        return pd.DataFrame(rows, columns=["choice", "option", "specifications", "median", "share_significant"])

    def frame(self) -> pd.DataFrame:
        """One row per specification."""
        return self.specifications.copy()

    def summary(self) -> str:
        """Range, signs and what each choice moves."""
        total = len(self.specifications)
        if not self.ok:
            return f"Specification curve: none of {total} specifications could be estimated: {self.reason}"
        values = self.estimated["estimate"]
        lines = [
            f"Specification curve: {len(values)} of {total} specifications; median {number(self.median)}, "
            f"from {number(values.min())} to {number(values.max())}",
            f"  {number(100 * self.share_of_leading_sign, 3)}% have the median's sign, "
            f"{number(100 * self.share_significant, 3)}% are significant with it (p < {self.alpha})",
            table(self.by_choice()),
        ]
        if self.reason:
            lines.append(f"  note: {self.reason}")
        return "\n".join(lines)


def specification_curve(
    choices: Mapping[str, Sequence[Any]],
    estimate: Callable[[dict[str, Any]], SpecificationEstimate],
    *,
    alpha: float = 0.05,
    only: Sequence[tuple[Any, ...]] | None = None,
) -> SpecificationCurve:
    """Estimate under every combination of ``choices`` (name to options), or under those of ``only``.

    ``only`` lists options in the order of the choices. ``estimate`` takes one option per choice; what it cannot
    estimate it returns with a reason. To fit many models
    together, fit them beforehand and let ``estimate`` look them up.
    """
    from scipy.special import ndtri

    half = float(ndtri(1 - alpha / 2))
    rows = []
    for options in product(*choices.values()) if only is None else only:
        chosen = dict(zip(choices, options, strict=True))
        one = estimate(chosen)
        known = np.isfinite(one.estimate)
        judged = known and np.isfinite(one.se) and one.se > 0
        rows.append(
            {
                **chosen,
                "estimate": one.estimate,
                "se": one.se,
                "ci_low": one.estimate - half * one.se,
                "ci_high": one.estimate + half * one.se,
                "significant": bool(judged and abs(one.estimate) > half * one.se),
                "n": one.n,
                "reason": one.reason or ("" if known else "no estimate"),
            }
        )
    columns = [*choices, "estimate", "se", "ci_low", "ci_high", "significant", "n", "reason"]
    frame = pd.DataFrame(rows, columns=columns).sort_values("estimate", ignore_index=True)
    return SpecificationCurve(frame, tuple(choices), alpha)
