"""`fit_many`: each classifier comes out as its own `fit` would leave it, bit for bit."""

import tracemalloc
import warnings

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from joblib import parallel_config
from numpy.testing import assert_array_equal
from scipy import sparse
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold
from threadpoolctl import threadpool_info, threadpool_limits

from sknn import ScratchMLPClassifier, TorchMLPClassifier, fit_many
from sknn.backprop import OPTIMIZERS, _engine
from sknn.estimators import _stacks
from sknn.training import TrainState

rng = np.random.default_rng(0)
LABELS = rng.integers(3, size=90)
X = rng.normal(size=(90, 5)) + LABELS[:, None] * [1.0, -1.0, 0.5, 0.0, 0.0]
Y = np.array(["a", "b", "c"])[LABELS]
FOLDS = [train for train, _ in StratifiedKFold(4).split(X, Y)] + [np.r_[0:30, 0:15], LABELS < 2]


@pytest.fixture(autouse=True)
def one_blas_thread():
    with threadpool_limits(1):
        yield


def assert_same(one, other):
    """Equal in every fitted attribute, times apart."""
    assert vars(one).keys() == vars(other).keys()
    for name, value in vars(one).items():
        twin = getattr(other, name)
        if name == "history_":
            for column in value.epochs:
                if column != "seconds":
                    assert_array_equal(value[column], twin[column], err_msg=column)
            for column, batches in value.batches.items():
                for epoch, figures in batches.items():
                    assert_array_equal(figures, twin.batches[column][epoch])
        elif name in ("coefs_", "intercepts_"):
            for array, twin_array in zip(value, twin, strict=True):
                assert_array_equal(array, twin_array, err_msg=name)
        elif name == "_state":
            assert (value is None) == (twin is None)
        elif name == "random_state":
            pass
        else:
            np.testing.assert_equal(value, twin, err_msg=name)


@st.composite
def estimators(draw):
    solver = draw(st.sampled_from(["sgd", "adam", "adamw", "rmsprop", "lbfgs"]))
    return ScratchMLPClassifier(
        hidden_layer_sizes=draw(st.sampled_from([(6,), (4, 3)])),
        solver=solver,
        learning_rate=draw(st.sampled_from(["constant", "invscaling", "adaptive", "cosine"])),
        learning_rate_init=draw(st.sampled_from([1e-3, 0.05])),
        momentum=draw(st.sampled_from([0.0, 0.9])),
        beta_1=draw(st.sampled_from([0.9, 0.5])),
        l2=draw(st.sampled_from([0.0, 1e-2])),
        label_smoothing=draw(st.sampled_from([0.0, 0.1])),
        max_grad_norm=draw(st.sampled_from([None, 0.1])),
        class_weight=draw(st.sampled_from([None, "balanced"])),
        early_stopping=draw(st.booleans()),
        n_iter_no_change=draw(st.sampled_from([1, 3, np.inf])),
        tol=draw(st.sampled_from([0.0, 0.05])),
        batch_size=draw(st.sampled_from([16, "auto", "full"])),
        record=draw(st.sampled_from(["epoch", "batch"])),
        dtype="auto" if solver == "lbfgs" else draw(st.sampled_from(["float32", "float64"])),
        random_state=draw(st.integers(0, 2)),
        max_iter=6,
    )


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@given(st.lists(st.tuples(estimators(), st.integers(0, 5)), min_size=1, max_size=12), st.booleans())
@settings(max_examples=40)
def test_every_classifier_is_as_its_own_fit_would_leave_it(drawn, weighted):
    weight = np.linspace(0.1, 2.0, 90) if weighted else None
    alone, together = ([clone(estimator) for estimator, _ in drawn] for _ in range(2))
    splits = [FOLDS[k] for _, k in drawn]
    for estimator, split in zip(alone, splits, strict=True):
        estimator.fit(X[split], Y[split], None if weight is None else weight[split])
    assert fit_many(together, X, Y, weight, splits=splits) == together
    for one, other in zip(alone, together, strict=True):
        assert_same(one, other)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("dropout", [0.0, 0.4])
def test_dropout_masks_are_every_models_own(dropout):
    models = [
        ScratchMLPClassifier((8,), dropout=rate, batch_size=20, max_iter=5, random_state=seed)
        for seed, rate in enumerate([dropout, 0.0, 0.2, dropout])
    ]
    alone = [clone(model).fit(X, Y) for model in models]
    for one, other in zip(alone, fit_many(models, X, Y), strict=True):
        assert_same(one, other)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("most", [1, 2, 64])
def test_the_size_of_a_stack_changes_nothing(most, monkeypatch):
    monkeypatch.setattr(_stacks, "MOST_MODELS", most)
    models = [ScratchMLPClassifier((8,), max_iter=5, random_state=seed) for seed in range(5)]
    alone = [clone(model).fit(X, Y) for model in models]
    for one, other in zip(alone, fit_many(models, X, Y), strict=True):
        assert_same(one, other)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_workers_change_nothing():
    models = [ScratchMLPClassifier((8,), max_iter=5, random_state=seed) for seed in range(6)]
    alone = [clone(model).fit(X, Y) for model in models]
    for one, other in zip(alone, fit_many(models, X, Y, n_jobs=2), strict=True):
        assert_same(one, other)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("container", [sparse.csr_array, lambda X: X[:, ::-1], np.asfortranarray])
def test_any_kind_of_rows(container):
    rows = container(X)
    models = [ScratchMLPClassifier((8,), max_iter=3, random_state=seed) for seed in range(3)]
    splits = [FOLDS[0], FOLDS[1], FOLDS[0]]
    alone = [
        clone(model).fit(rows[split], Y[split]) for model, split in zip(models, splits, strict=True)
    ]
    for one, other in zip(alone, fit_many(models, rows, Y, splits=splits), strict=True):
        assert_same(one, other)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_names_of_features_are_known():
    pd = pytest.importorskip("pandas")
    frame = pd.DataFrame(X, columns=list("vwxyz"))
    for model in fit_many([ScratchMLPClassifier(max_iter=2) for _ in range(3)], frame, Y):
        assert model.feature_names_in_.tolist() == list("vwxyz")
        assert model.predict(frame).shape == (90,)


def test_one_that_fails_leaves_the_others_alone():
    rates = [0.01, 1e200, 0.02, -1.0]
    models = [
        ScratchMLPClassifier(
            learning_rate_init=rate,
            solver="sgd",
            max_iter=5,
            n_iter_no_change=np.inf,
            random_state=0,
        )
        for rate in rates
    ]
    with pytest.raises(ValueError, match="diverged"):
        fit_many(models, X, Y)
    for model, rate in zip(models, rates, strict=True):
        if 0 < rate < 1:
            assert_same(clone(model).fit(X, Y), model)
        else:
            assert not hasattr(model, "coefs_")


def test_one_that_cannot_be_stacked_may_fail_too():
    models = [ScratchMLPClassifier(max_iter=2, n_iter_no_change=np.inf, random_state=0)]
    models.append(ScratchMLPClassifier(l2=-1.0, verbose=True))
    with pytest.raises(ValueError, match="'l2' parameter"):
        fit_many(models, X, Y)
    assert_same(clone(models[0]).fit(X, Y), models[0])
    assert not hasattr(models[1], "coefs_")


def test_one_warning_for_all():
    models = [ScratchMLPClassifier(max_iter=2, random_state=seed) for seed in range(3)]
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        fit_many(models, X, Y)
    (warning,) = caught
    assert warning.category is ConvergenceWarning
    assert str(warning.message).startswith("3 of 3 fits")
    assert warning.filename == __file__


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_those_that_cannot_be_stacked_are_fitted_too(capsys):
    models = [ScratchMLPClassifier(max_iter=2, random_state=0, verbose=v) for v in (False, True)]
    fit_many(models, X, Y)
    assert_same(clone(models[1]).set_params(verbose=False).fit(X, Y), models[0])
    assert "epoch 2" in capsys.readouterr().out
    warm = ScratchMLPClassifier(max_iter=2, random_state=0, warm_start=True).fit(X, Y)
    fit_many([warm], X, Y)
    assert warm.n_iter_ == 4


def test_ctrl_c_leaves_the_estimators_as_they_were(monkeypatch):
    models = [ScratchMLPClassifier(max_iter=5, random_state=seed) for seed in range(3)]

    def interrupted(self, models):
        raise KeyboardInterrupt

    monkeypatch.setattr(TrainState, "take", interrupted)
    with pytest.raises(KeyboardInterrupt):
        fit_many(models, X, Y)
    assert not any(hasattr(model, "coefs_") for model in models)


def test_ctrl_c_in_an_update_reaches_the_caller(monkeypatch):
    def interrupted(self, step):
        raise KeyboardInterrupt

    monkeypatch.setattr(OPTIMIZERS["adam"], "step", interrupted)
    models = [ScratchMLPClassifier(max_iter=5, random_state=seed) for seed in range(3)]
    with pytest.raises(KeyboardInterrupt):
        fit_many(models, X, Y)
    assert not any(hasattr(model, "coefs_") for model in models)


@pytest.mark.parametrize(
    ("models", "options", "message"),
    [
        ([LogisticRegression()], {}, "`estimators` must be instances of ScratchMLPClassifier"),
        ([TorchMLPClassifier()], {}, "`estimators` must be instances of ScratchMLPClassifier"),
        ([ScratchMLPClassifier()], {"splits": []}, "`splits` must be one for each of the 1"),
    ],
)
def test_what_is_refused(models, options, message):
    with pytest.raises(ValueError, match=message):
        fit_many(models, X, Y, **options)


def test_the_same_object_twice_is_refused():
    model = ScratchMLPClassifier()
    with pytest.raises(ValueError, match="one of them twice"):
        fit_many([model, model], X, Y)


def test_nothing_to_fit():
    assert fit_many([], X, Y) == []


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("settings", [{}, {"dtype": "float32"}, {"batch_size": "full"}])
def test_columns_that_lie_one_by_one_in_memory(settings):
    """Frames and decompositions come so; all rows in one batch, and no copy of them."""
    rows = np.asfortranarray(rng.normal(size=(150, 40)))
    labels = np.arange(150) % 3
    splits = [np.arange(140), np.arange(10, 150)]
    models = [ScratchMLPClassifier((33,), max_iter=4, random_state=s, **settings) for s in (0, 1)]
    alone = [
        clone(model).fit(rows[split], labels[split])
        for model, split in zip(models, splits, strict=True)
    ]
    for one, other in zip(alone, fit_many(models, rows, labels, splits=splits), strict=True):
        assert_same(one, other)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_splits_may_be_an_array():
    splits = rng.integers(90, size=(4, 60))
    models = [ScratchMLPClassifier((4,), max_iter=2, random_state=s) for s in range(4)]
    fit_many(models, X, Y, splits=splits)
    for model, split in zip(models, splits, strict=True):
        assert_same(clone(model).fit(X[split], Y[split]), model)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_nothing_is_shared_by_what_comes_out():
    one, other = fit_many([ScratchMLPClassifier(max_iter=2) for _ in range(2)], X, Y)
    assert one.classes_ is not other.classes_


@pytest.mark.parametrize("n_bytes", [0, 12_000])
def test_what_is_ready_at_a_time_changes_nothing(n_bytes, monkeypatch):
    """Lots of one, and of a few: every held-out split and every sample has rows of its own."""
    drawn = np.random.default_rng(1)
    splits = [drawn.integers(90, size=90) for _ in range(6)] + [FOLDS[0]] * 6
    models = [
        ScratchMLPClassifier((4,), early_stopping=i % 2 == 0, max_iter=4, random_state=i)
        for i in range(12)
    ]
    sizes = []
    lots = _stacks.lots

    def spy(*args):
        for lot in lots(*args):
            sizes.append(len(lot))
            yield lot

    monkeypatch.setattr(_stacks, "LOT_BYTES", n_bytes)
    monkeypatch.setattr(_stacks, "lots", spy)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        singles = [
            clone(model).fit(X[rows], Y[rows]) for model, rows in zip(models, splits, strict=True)
        ]
        fit_many(models, X, Y, splits=splits)
    assert sum(sizes) == 12
    assert set(sizes) == {1} if n_bytes == 0 else 1 < max(sizes) < 12
    for single, model in zip(singles, models, strict=True):
        assert_same(single, model)


def test_memory_does_not_grow_with_the_number_of_models():
    """Each of them has rows of its own, 1.6 MB of them."""
    wide = np.random.default_rng(2).normal(size=(1000, 200))
    labels = np.arange(1000) % 2
    peaks = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_stacks, "LOT_BYTES", 4 * wide.nbytes)
        for n_models in (4, 24):
            models = [
                ScratchMLPClassifier((2,), max_iter=1, early_stopping=True, random_state=seed)
                for seed in range(n_models)
            ]
            tracemalloc.start()
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", ConvergenceWarning)
                fit_many(models, wide, labels)
            peaks.append(tracemalloc.get_traced_memory()[1])
            tracemalloc.stop()
    assert peaks[1] < 1.5 * peaks[0]


@pytest.mark.parametrize(
    "rows",
    [
        pd.Series(range(40), dtype="Int64"),
        pd.Series(range(60), dtype="int64[pyarrow]") < 40,
        pl.Series(range(40)),
        list(range(40)),
    ],
    ids=["nullable", "arrow mask", "polars", "list"],
)
def test_rows_of_any_library(assert_same_fit, rows):
    models = [ScratchMLPClassifier((4,), max_iter=3, random_state=0) for _ in range(2)]
    by_array, by_series = models
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        fit_many(models, X[:60], Y[:60], splits=[np.arange(40), rows])
    assert_same_fit(by_series, by_array)


@pytest.mark.parametrize("n_threads", [1, 2, 4])
@pytest.mark.parametrize("widths", [(100,), (300, 300)])
def test_blas_threads_change_nothing(assert_same_fit, n_threads, widths):
    """Products of 200 × 300 × 300 have other bits on two threads than on one."""
    rng = np.random.default_rng(0)
    wide, labels = rng.standard_normal((400, 30)), rng.integers(0, 3, 400)
    mlp = ScratchMLPClassifier(widths, max_iter=2, n_iter_no_change=np.inf, random_state=0)
    with threadpool_limits(1, user_api="blas"):
        expected = clone(mlp).fit(wide, labels)
    with threadpool_limits(n_threads, user_api="blas"):
        alone = clone(mlp).fit(wide, labels)
        *_, in_a_stack = fit_many([clone(mlp) for _ in range(3)], wide, labels)
        found = [pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"]
    assert_same_fit(alone, expected)
    assert_same_fit(in_a_stack, expected)
    assert set(found) == {n_threads}


def test_large_networks_use_the_threads_that_there_are(monkeypatch):
    seen = []

    def spy(*args):
        seen.append(max(p["num_threads"] for p in threadpool_info() if p["user_api"] == "blas"))
        raise RuntimeError

    monkeypatch.setattr("sknn.backprop._engine.train", spy)
    for widths in ((8,), (4000, 4000)):
        with threadpool_limits(2, user_api="blas"), pytest.raises(RuntimeError):
            ScratchMLPClassifier(widths, batch_size=5).fit(X, Y)
    assert seen == [1, 2]


def test_one_blas_thread_also_where_workers_are_threads(monkeypatch):
    """OpenBLAS obeys the thread that asked first: here the one that calls."""
    seen = []
    train = _engine.train

    def spy(*args):
        seen.extend(pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas")
        return train(*args)

    monkeypatch.setattr(_engine, "train", spy)
    monkeypatch.setattr(_stacks, "MOST_MODELS", 2)
    models = [ScratchMLPClassifier((3,), solver="lbfgs", max_iter=3) for _ in range(8)]
    with threadpool_limits(2, user_api="blas"), parallel_config("threading", n_jobs=2):
        found = [pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            fit_many(models, X, Y)
        after = [pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"]
    assert set(seen) == {1}
    assert after == found
