"""The mark of synthetic data: a folder of returns, or a data folder, that carries it holds no real figure."""

from __future__ import annotations

from pathlib import Path

#: A folder of returns, or a data folder, with this file in it is synthetic.
MARKER = ".synthetic"


def is_synthetic(folder: Path) -> bool:
    """Whether a folder of returns, or a data folder, is synthetic."""
    return (folder / MARKER).exists()
