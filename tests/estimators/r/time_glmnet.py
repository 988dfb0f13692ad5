"""Our elastic net timed beside ``cv.glmnet``: the same rows, folds, mixing values, penalties and nominal tolerance."""

from __future__ import annotations

import subprocess
import tempfile
import time
from pathlib import Path


def seconds_beside_glmnet(predictors: int) -> tuple[float, float]:
    """Processor seconds of ours and of ``cv.glmnet`` for a whole cross-validation, each the best of three.

    Raises:
        subprocess.CalledProcessError: R fails.
    """
    import pandas as pd
    from threadpoolctl import threadpool_limits

    from analysis.estimators.benchmark import elastic_net_data
    from analysis.estimators.elastic_net import fit_elastic_net, stratified_folds

    X, y = elastic_net_data(predictors)
    fold = stratified_folds(y, 10, 0)
    fit = fit_elastic_net(y, X, folds=fold)
    with tempfile.TemporaryDirectory() as folder:
        pd.DataFrame(X).assign(y=y, fold=fold + 1).to_csv(Path(folder) / "data.csv", index=False)
        fit.curve[["mixing", "penalty"]].to_csv(Path(folder) / "penalties.csv", index=False)
        script = str(Path(__file__).with_suffix(".R"))
        ran = subprocess.run(["Rscript", script, folder], capture_output=True, text=True, check=True)
    taken = []
    # One thread, as R's.
    with threadpool_limits(1, user_api="blas"):
        for _ in range(3):
            before = time.process_time()
            fit_elastic_net(y, X, folds=fold)
            taken.append(time.process_time() - before)
    return min(taken), float(ran.stdout)
