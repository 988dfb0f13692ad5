"""Whether R is at hand, with the packages that a comparison needs."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Sequence


def missing_from_r(packages: Sequence[str]) -> str:
    """What is in the way of a comparison; '' where nothing does."""
    if shutil.which("Rscript") is None:
        return "Rscript is not installed"
    asked = "cat(setdiff(c(" + ",".join(f"'{name}'" for name in packages) + "), rownames(installed.packages())))"
    found = subprocess.run(["Rscript", "-e", asked], capture_output=True, text=True, check=False)
    if found.returncode:
        return "Rscript does not run"
    return f"R lacks the packages {found.stdout}" if found.stdout.strip() else ""
