"""`RankStabilitySelector` in company: scikit-learn's callbacks and its checks."""

import numpy as np
import pytest
from sklearn.callback import ProgressBar
from sklearn.utils.estimator_checks import parametrize_with_checks

from sknn import RankStabilitySelector, ScratchMLPClassifier


def small(n_refits=3, **params):
    mlp = ScratchMLPClassifier((4,), l1=1e-3, max_iter=5, n_iter_no_change=np.inf)
    return RankStabilitySelector(mlp, n_refits=n_refits, **params)


@pytest.fixture(scope="module")
def table():
    rng = np.random.default_rng(0)
    y = np.repeat([0, 1, 2], 30)
    return rng.normal(size=(90, 7)) + y[:, None], y


class Counter:
    """A callback that counts the refits, and may raise."""

    def __init__(self, raises_at=None):
        self.n_refits, self.most, self.raises_at, self.is_torn_down = 0, 0, raises_at, False

    def setup(self, estimator, context):
        self.most = context.max_subtasks

    def teardown(self, estimator, context):
        self.is_torn_down = True

    def on_fit_task_begin(self, estimator, context):
        pass

    def on_fit_task_end(self, estimator, context):
        self.n_refits += context.parent is not None
        if self.n_refits == self.raises_at:
            raise RuntimeError("enough")


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_callbacks_are_told_of_each_refit(n_jobs, table):
    counter = Counter()
    small(n_refits=6, n_jobs=n_jobs).set_callbacks(counter).fit(*table)
    assert (counter.n_refits, counter.most, counter.is_torn_down) == (6, 6, True)


def test_an_error_in_a_callback_reaches_the_caller(table):
    counter = Counter(raises_at=2)
    with pytest.raises(RuntimeError, match="enough"):
        small(n_refits=300).set_callbacks(counter).fit(*table)
    assert counter.is_torn_down


def test_a_progress_bar(table, capsys):
    small(n_refits=6).set_callbacks(ProgressBar()).fit(*table)
    assert "100%" in capsys.readouterr().out


# What a check takes for granted, and a subsample is there to deny.
ROWS_ARE_NOT_WEIGHTS = {
    "check_sample_weight_equivalence_on_dense_data",
    "check_sample_weight_equivalence_on_sparse_data",
}


@parametrize_with_checks(
    [small(), small(importance="gradients", threshold=0.3), small(subsample=0.7)]
)
def test_scikit_learn_checks(estimator, check):
    if estimator.subsample and check.func.__name__ in ROWS_ARE_NOT_WEIGHTS:
        pytest.skip("a row that is there twice is drawn twice as often, whatever it weighs")
    check(estimator)
