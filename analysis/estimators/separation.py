"""Does a maximum-likelihood estimate exist? Separation in logistic, ordinal and multinomial models.

Where some combination of predictors orders the outcome without a mistake, the likelihood rises for ever along it, and a
fitter stops wherever its patience ends. A direction ``d`` along which no observation's likelihood falls and at least
one rises is found, or ruled out, by a linear programme: Albert & Anderson (1984) *Biometrika* 71:1; Konis (2007),
*Linear programming algorithms for detecting separated data in binary logistic regression models*.
"""

from __future__ import annotations

import numpy as np

from analysis.estimators._arrays import Array, IntArray

#: What a direction gains over all conditions, on average, before it counts as separating.
LEAST_GAIN = 1e-7
#: Steps, and length of a direction, after which a search for weights that cancel the conditions is given up.
CERTAIN_STEPS, FARTHEST = 12, 50.0


def separating_direction(conditions: Array) -> Array | None:
    """A direction ``d`` with ``conditions @ d >= 0`` and at least one above zero, or None.

    conditions: ``(m, q)``, one row per comparison that the likelihood makes, oriented so that a larger value is more
    likely.
    """
    from scipy.optimize import linprog

    scale = np.abs(conditions).max(axis=0)
    scale[scale == 0] = 1.0
    rows = conditions / scale
    if _cancel(rows):
        return None
    solution = linprog(
        -rows.sum(axis=0),
        A_ub=-rows,
        b_ub=np.zeros(len(rows)),
        bounds=[(-1.0, 1.0)] * rows.shape[1],
        method="highs",
    )
    if solution.status != 0 or -solution.fun <= LEAST_GAIN * len(rows):
        return None
    direction: Array = np.asarray(solution.x) / scale
    return direction


def _cancel(rows: Array) -> bool:
    """Whether positive weights are found under which the conditions sum to zero: then no direction separates (Stiemke's
    lemma), and the linear programme, which costs ten times as much, need not be asked.

    The weights are those of the logistic loss of the conditions at its minimum, which there is where nothing separates.
    With ``w`` the smallest of them and ``s`` their sum of conditions no direction gains more than ``|s|_1 / w``.
    """
    d = np.zeros(rows.shape[1])
    for _ in range(CERTAIN_STEPS):
        chance = 1.0 / (1.0 + np.exp(np.minimum(rows @ d, 500.0)))
        sums = chance @ rows
        if np.abs(sums).sum() <= LEAST_GAIN * len(rows) * chance.min():
            return True
        try:
            d = d + np.linalg.solve((rows.T * (chance * (1 - chance))) @ rows, sums)
        except np.linalg.LinAlgError:
            return False
        if np.abs(d).max() > FARTHEST:
            return False
    return False


def binary_conditions(X: Array, y: IntArray) -> Array:
    """Comparisons of a logistic model; X ``(n, p)`` with its constant, y in {0, 1}."""
    return np.where(y[:, None] == 1, X, -X)


def ordinal_conditions(X: Array, y: IntArray, n_levels: int) -> Array:
    """Comparisons of a proportional-odds model: parameters are the slopes, then the thresholds; X without constant."""
    n = len(y)
    rows = []
    for below in (True, False):
        # Below its upper threshold: theta_j - x'b >= 0; above its lower one: x'b - theta_{j-1} >= 0.
        use = y < n_levels - 1 if below else y > 0
        thresholds = np.zeros((n, n_levels - 1))
        place = np.clip(y if below else y - 1, 0, n_levels - 2)
        thresholds[np.arange(n), place] = 1.0 if below else -1.0
        rows.append(np.hstack([-X if below else X, thresholds])[use])
    return np.vstack(rows)


def multinomial_conditions(X: Array, y: IntArray, n_levels: int) -> Array:
    """Comparisons of a multinomial model with reference 0: parameters are the slopes of levels 1.. in turn."""
    p = X.shape[1]
    rows = []
    for other in range(n_levels):
        use = np.flatnonzero(y != other)
        block = np.zeros((len(use), n_levels, p))
        block[np.arange(len(use)), y[use]] = X[use]
        block[:, other] -= X[use]
        rows.append(block[:, 1:].reshape(len(use), -1))
    return np.vstack(rows)
