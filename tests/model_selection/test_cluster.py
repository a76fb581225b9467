"""A search on a cluster: joblib carries the stacks wherever it is told to."""

import joblib
import numpy as np
import pytest
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits

from sknn import ScratchMLPClassifier, StackedGridSearchCV
from sknn.datasets import load_producers

distributed = pytest.importorskip("distributed")


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # what a cluster has to say while it comes and goes
def test_dask_gives_the_same_results():
    X, y = load_producers(return_X_y=True)
    mlp = ScratchMLPClassifier((8,), max_iter=5, n_iter_no_change=np.inf, random_state=0)
    model = Pipeline([("s", StandardScaler()), ("m", mlp)])
    grid = {"m__learning_rate_init": [1e-3, 1e-2], "m__dropout": [0, 0.5]}
    with threadpool_limits(1):
        plain = GridSearchCV(model, grid, cv=3).fit(X, y)
    with (
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, host="127.0.0.1", dashboard_address=None
        ) as cluster,
        distributed.Client(cluster),
        joblib.parallel_config(backend="dask"),
    ):
        stacked = StackedGridSearchCV(model, grid, cv=3).fit(X, y)
    for name in ("mean_test_score", "rank_test_score", "split0_test_score"):
        assert np.array_equal(stacked.cv_results_[name], plain.cv_results_[name])
