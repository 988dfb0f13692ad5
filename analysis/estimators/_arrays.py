"""What every estimator takes in: floats out of whatever came, designs with names, rows that are complete."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Array = NDArray[np.float64]
IntArray = NDArray[np.intp]


def as_floats(values: Any) -> Array:
    """Values as float64, anything missing as NaN."""
    if isinstance(values, pd.DataFrame | pd.Series):
        return values.to_numpy(dtype=float, na_value=np.nan)
    return np.asarray(values, dtype=float)


def named_design(X: Any, names: Sequence[str] | None = None) -> tuple[Array, tuple[str, ...]]:
    """A design as ``(n, p)`` floats and the names of its columns; raises ValueError where they do not match."""
    values = as_floats(X)
    if values.ndim == 1:
        values = values[:, None]
    if names is not None:
        chosen = tuple(names)
    elif isinstance(X, pd.DataFrame):
        chosen = tuple(str(column) for column in X.columns)
    elif isinstance(X, pd.Series) and X.name is not None:
        chosen = (str(X.name),)
    else:
        chosen = tuple(f"x{j}" for j in range(values.shape[1]))
    if len(chosen) != values.shape[1]:
        raise ValueError(f"{len(chosen)} names for {values.shape[1]} columns")
    return values, chosen


def constant_columns(X: Array) -> list[int]:
    """Columns that hold one value only."""
    return [j for j in range(X.shape[1]) if len(X) == 0 or np.ptp(X[:, j]) == 0]


def aliased_columns(X: Array, tolerance: float = 1e-8) -> list[int]:
    """Columns that those before them already determine (a constant is taken to stand before the first)."""
    centred = X - X.mean(axis=0)
    size = np.sqrt((centred**2).mean(axis=0))
    found: list[int] = []
    basis: list[Array] = []
    for j in range(X.shape[1]):
        column = centred[:, j].copy()
        for direction in basis:
            column -= direction * (direction @ column)
        for direction in basis:
            column -= direction * (direction @ column)
        length = float(np.sqrt(column @ column))
        if size[j] == 0 or length <= tolerance * size[j] * np.sqrt(len(X)):
            found.append(j)
        else:
            basis.append(column / length)
    return found
