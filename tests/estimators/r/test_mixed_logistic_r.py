"""The mixed-effects logistic model against R's glmmTMB on fresh simulations of inspections of authorities.

Needs ``Rscript`` with glmmTMB (Debian: r-cran-glmmtmb); skipped, saying what is missing, where it is not installed.
CSW_R_SEED repeats a run.
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import numpy as np
import pytest

from analysis.estimators.mixed_logistic import fit_mixed_logistic
from tests.estimators.r.installed import missing_from_r
from tests.estimators.test_mixed_logistic import simulated

#: Both maximise the same Laplace approximation; the deviations are that of a search, not of the model.
ALLOWED = {"coef": 1e-4, "se": 1e-4, "sd": 1e-3, "loglik": 1e-6}
#: n, standard deviations of the intercepts, and how many authorities.
SETS = {"usual": (374, (0.8, 0.8), 150), "few": (120, (1.2, 0.4), 30), "many": (900, (0.5, 1.0), 150)}


def test_against_r(tmp_path: Path) -> None:
    missing = missing_from_r(("glmmTMB",))
    if missing:
        pytest.skip(missing)
    seed = int(os.environ.get("CSW_R_SEED", np.random.SeedSequence().generate_state(1)[0] % 10_000))
    sets = {name: simulated(seed + k, n, sd, levels) for k, (name, (n, sd, levels)) in enumerate(SETS.items())}
    for name, data in sets.items():
        data.rename(columns={"la": "a", "year": "b"}).to_csv(
            tmp_path / f"{name}.csv", index=False, float_format="%.17g"
        )
    script = str(Path(__file__).with_name("mixed.R"))
    done = subprocess.run(["Rscript", script, str(tmp_path)], capture_output=True, text=True, check=True)
    theirs = {
        (name, statistic, term): float(value)
        for name, statistic, term, value in (line.rstrip("\t").split("\t") for line in done.stdout.splitlines())
    }
    ours = {}
    for name, data in sets.items():
        fit = fit_mixed_logistic(data["y"], data[["spend", "decile"]], {"a": data["la"], "b": data["year"]})
        assert fit.ok, f"seed {seed}: {name}: {fit.reason}"
        for term, coef, se in zip(fit.names, fit.coef, np.sqrt(np.diag(fit.cov)), strict=True):
            ours |= {(name, "coef", term): coef, (name, "se", term): se}
        ours |= {(name, "sd", level): sd for level, sd in fit.sd.items()} | {(name, "loglik", ""): fit.loglik}
    assert set(ours) == set(theirs)
    far = {
        key: (value, theirs[key])
        for key, value in ours.items()
        if value != pytest.approx(theirs[key], rel=ALLOWED[key[1]], abs=ALLOWED[key[1]])
    }
    assert not far, f"seed {seed}: {far}"
