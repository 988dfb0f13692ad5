"""The mark of synthetic data: a folder of returns, or a data folder, that carries it holds no real figure."""

from __future__ import annotations

from pathlib import Path

from flows.common.lock import LAYOUT_FILE

#: A folder of returns, or a data folder, with this file in it is synthetic.
MARKER = ".synthetic"


def is_synthetic(folder: Path) -> bool:
    """Whether a folder of returns, or a data folder, is synthetic."""
    return (folder / MARKER).exists()


def is_of_synthetic(folder: Path) -> bool:
    """Whether a folder of returns is synthetic, or lies in one that is: a part of the sample is no real return.

    What lies in a data folder (its inbox, what was fetched) goes by its own mark: real returns come to where the sample
    was.
    """
    there = folder.resolve()
    for place in (there, *there.parents):
        if place != there and (place / LAYOUT_FILE).exists():
            return False
        if is_synthetic(place):
            return True
    return False
