"""Numbers and small tables as text, for the ``summary()`` of every result.

Ours because pandas' ``to_string`` gives a column one number of decimals, and significant figures are what is wanted of
a coefficient beside its p-value; tabulate would be a dependency for these forty lines.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd


def number(value: Any, digits: int = 4) -> str:
    """A number in up to ``digits`` significant figures; a dash where there is none."""
    if isinstance(value, str):
        return value
    if value is None or (isinstance(value, float | np.floating) and not np.isfinite(value)):
        return "-" if value is None or np.isnan(value) else ("inf" if value > 0 else "-inf")
    if isinstance(value, bool | np.bool_):
        return "yes" if value else "no"
    if isinstance(value, int | np.integer):
        return f"{value:d}"
    return f"{value:.{digits}g}"


def table(frame: pd.DataFrame, columns: Sequence[str] | None = None, digits: int = 4) -> str:
    """A frame as aligned text, two spaces in; text to the left, numbers to the right."""
    chosen = list(frame.columns if columns is None else columns)
    cells = [[number(value, digits) for value in frame[column].tolist()] for column in chosen]
    is_text = [any(isinstance(value, str) for value in frame[column].tolist()) for column in chosen]
    widths = [max([len(str(column)), *map(len, cell)]) for column, cell in zip(chosen, cells, strict=True)]

    def line(values: Sequence[str]) -> str:
        parts = [
            value.ljust(width) if text else value.rjust(width)
            for value, width, text in zip(values, widths, is_text, strict=True)
        ]
        return "  " + "  ".join(parts).rstrip()

    rows = [line([str(column) for column in chosen])]
    rows += [line([cell[i] for cell in cells]) for i in range(len(frame))]
    return "\n".join(rows)
