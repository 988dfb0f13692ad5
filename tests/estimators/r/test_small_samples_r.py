"""Firth's penalty, CR2 errors, Rubin's rules and the ordinal prior against R on fresh simulations.

Needs ``Rscript`` with brglm2, clubSandwich and mice (Debian: r-cran-brglm2, r-cran-clubsandwich, r-cran-mice); skipped,
saying what is missing, where they are not installed. CSW_R_SEED repeats a run.
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from analysis.estimators.few_clusters import fit_clustered
from analysis.estimators.firth import fit_firth
from analysis.estimators.imputation import pool
from analysis.estimators.ordinal_prior import fit_ordinal_prior
from tests.estimators.r.installed import missing_from_r

PACKAGES = ("brglm2", "clubSandwich", "mice")
ALLOWED = {"firth_coef": 1e-5, "firth_se": 1e-4, "firth_p": 1e-3, "cr2_p": 1e-6, "rubin": 1e-8}
#: R searches without derivatives and differentiates numerically.
ALLOWED |= {"ordinal_prior_coef": 1e-3, "ordinal_prior_se": 1e-3}


def test_against_r(tmp_path: Path) -> None:
    missing = missing_from_r(PACKAGES)
    if missing:
        pytest.skip(missing)
    seed = int(os.environ.get("CSW_R_SEED", np.random.SeedSequence().generate_state(1)[0]))
    rng = np.random.default_rng(seed)
    x1, x2 = rng.normal(50, 10, 40), (rng.random(40) < 0.3) * 1.0
    y = np.where(x2 == 1, 1.0, (x1 + rng.normal(0, 12, 40) > 52) * 1.0)
    parted = pd.DataFrame({"y": y, "x1": x1, "x2": x2})
    rows = [(g, t) for g in range(15) for t in range(int(rng.integers(3, 9)))]
    clusters = pd.DataFrame(rows, columns=["g", "t"]).assign(x=lambda d: rng.normal(size=len(d)))
    clusters["d"] = ((clusters["g"] % 3 == 0) & (clusters["t"] >= 2)) * 1.0
    noise = rng.normal(size=15)[clusters["g"]] * clusters["t"] * 0.3
    clusters["y"] = 0.5 * clusters["x"] + clusters["d"] + rng.normal(size=len(clusters)) + noise
    sets = pd.DataFrame({"estimate": rng.normal(1, 0.1, 20), "se": rng.uniform(0.2, 0.3, 20)})
    graded = pd.DataFrame({"x1": rng.normal(50, 10, 40), "x2": rng.normal(size=40)})
    graded["y"] = np.digitize(graded["x1"] / 10 - 5 + rng.logistic(size=40), [-1.0, 0.5, 1.5]).astype(float)
    for name, frame in (("firth", parted), ("clusters", clusters), ("sets", sets), ("ordinal", graded)):
        frame.to_csv(tmp_path / f"{name}.csv", index=False, float_format="%.17g")
    done = subprocess.run(
        ["Rscript", str(Path(__file__).with_name("small_samples.R")), str(tmp_path)],
        capture_output=True,
        text=True,
        check=True,
    )
    theirs = {tuple(k): float(v) for *k, v in (line.split("\t") for line in done.stdout.splitlines())}
    firth = fit_firth(parted["y"], parted[["x1", "x2"]])
    few = fit_clustered(clusters["y"], clusters[["x", "t", "d"]], clusters["g"])
    pooled = pool(sets["estimate"], sets["se"], df_complete=87)
    prior = fit_ordinal_prior(graded["y"], graded[["x1", "x2"]])
    ours = {("rubin", "estimate"): pooled.estimate, ("rubin", "total"): pooled.se**2, ("rubin", "df"): pooled.df}
    for j, name in enumerate(("(Intercept)", "x1", "x2")):
        ours |= {("firth_coef", name): firth.coef[j], ("firth_se", name): firth.se[j]}
        ours |= {("firth_p", name): firth.p_value[j]} if j else {}
    for j, name in enumerate(prior.names):
        ours |= {("ordinal_prior_coef", name): prior.coef[j], ("ordinal_prior_se", name): prior.se[j]}
    for j, name in enumerate(few.names):
        ours |= {("cr2_coef", name): few.coef[j], ("cr2_se", name): few.se[j]}
        ours |= {("cr2_df", name): few.df[j], ("cr2_p", name): few.p_value[j]}
    assert set(ours) == set(theirs)
    far = {
        key: (value, theirs[key])
        for key, value in ours.items()
        if value != pytest.approx(theirs[key], rel=ALLOWED.get(key[0], 1e-7), abs=1e-12)
    }
    assert not far, f"seed {seed}: {far}"
