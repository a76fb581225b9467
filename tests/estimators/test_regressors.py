"""Regressors: against scikit-learn's, engine against engine, stacks against loops, wrong input."""

import warnings

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.sparse import csr_array
from sklearn.base import clone
from sklearn.metrics import r2_score
from sklearn.neural_network import MLPRegressor
from sklearn.utils.estimator_checks import parametrize_with_checks

import sknn.io
from sknn.estimators import ScratchMLPRegressor, TorchMLPRegressor, fit_many

LOSSES = ("squared_error", "absolute_error", "huber", "poisson", "gamma", "quantile", "gaussian")

pytestmark = [
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
    pytest.mark.filterwarnings("ignore:`batch_size`=:UserWarning"),
]


def small(Regressor=ScratchMLPRegressor, **params):
    defaults = {
        "hidden_layer_sizes": (8, 5),
        "max_iter": 10,
        "batch_size": 20,
        "random_state": 3,
        "n_iter_no_change": np.inf,
    }
    if Regressor is TorchMLPRegressor:
        defaults["device"] = "cpu"
    return Regressor(**defaults | params)


@pytest.fixture(scope="module")
def numbers():
    """A table with a positive target and weights of its rows."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(120, 6))
    y = np.exp(0.5 * X[:, 0] - 0.3 * X[:, 1] + 0.2 * rng.normal(size=120))
    return X, y, rng.uniform(0.1, 2, size=120)


@parametrize_with_checks(
    [
        ScratchMLPRegressor(max_iter=60),
        TorchMLPRegressor(max_iter=20, learning_rate_init=0.02),
        ScratchMLPRegressor(loss="quantile", max_iter=100, learning_rate_init=0.01),
        ScratchMLPRegressor(loss="gaussian", max_iter=100, learning_rate_init=0.01),
        ScratchMLPRegressor(loss="gamma", max_iter=100, learning_rate_init=0.01),
    ]
)
def test_scikit_learn_checks(estimator, check):
    check(estimator)


# ---------------------------------------------------------------------------------------
# against scikit-learn


@pytest.mark.parametrize("n_targets", [1, 3])
@pytest.mark.parametrize("loss", ["squared_error", "poisson"])
@pytest.mark.parametrize("Regressor", [ScratchMLPRegressor, TorchMLPRegressor])
def test_weights_are_mlpregressors(Regressor, loss, n_targets, numbers, start_from):
    if (loss, n_targets) == ("poisson", 3):
        pytest.skip("its gradient is that of a mean over the numbers of a row")
    X, y, _ = numbers
    y = y if n_targets == 1 else np.stack([y, -y, y**2], axis=1)
    shared = {
        "hidden_layer_sizes": (8, 5), "batch_size": 20, "shuffle": False, "random_state": 3,
        "n_iter_no_change": np.inf, "solver": "sgd", "learning_rate_init": 0.01, "loss": loss,
    }  # fmt: skip
    still = MLPRegressor(**shared | {"learning_rate_init": 1e-300}, max_iter=1).fit(X, y)
    ours = small(Regressor, **shared, l2=0.02 / 20, max_iter=25, scale_target=False)
    theirs = MLPRegressor(**shared, alpha=0.02, max_iter=25).fit(X, y)
    start_from(ours, still.coefs_, still.intercepts_, X, y)
    pairs = zip(ours.coefs_ + ours.intercepts_, theirs.coefs_ + theirs.intercepts_, strict=True)
    for left, right in pairs:
        assert_allclose(left, right, rtol=0, atol=1e-10)
    assert_allclose(ours.predict(X), theirs.predict(X), atol=1e-9)
    assert ours.n_outputs_ == theirs.n_outputs_ == n_targets


@pytest.mark.parametrize("loss", LOSSES)
def test_history_ends_with_what_scores_say(loss, numbers):
    """R² of an epoch of one batch is that before its update."""
    X, y, weights = numbers
    model = small(loss=loss, batch_size="full", max_iter=6, warm_start=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model.fit(X, y, weights, X_val=X[:40], y_val=y[:40])
    expected = r2_score(y, model.predict(X), sample_weight=weights)
    assert model.validation_scores_[-1] == pytest.approx(r2_score(y[:40], model.predict(X[:40])))
    model.set_params(max_iter=1).fit(X, y, weights)
    assert model.history_["train_r2"][-1] == pytest.approx(expected)


# ---------------------------------------------------------------------------------------
# engine against engine, stack against loop


@pytest.mark.parametrize("early_stopping", [False, True])
@pytest.mark.parametrize("loss", LOSSES)
def test_engines_agree(loss, early_stopping, numbers):
    X, y, weights = numbers
    params = {"loss": loss, "early_stopping": early_stopping, "max_iter": 18, "l1": 1e-4}
    one, other = (
        small(Regressor, **params).fit(X, y, weights)
        for Regressor in (ScratchMLPRegressor, TorchMLPRegressor)
    )
    assert other._state.n_updates[0] >= 90
    for left, right in zip(one.coefs_, other.coefs_, strict=True):
        assert_allclose(left, right, rtol=0, atol=1e-10)
    for column in ("train_loss", "train_r2", "valid_loss", "valid_r2"):
        assert_allclose(one.history_[column], other.history_[column], rtol=1e-9, atol=1e-10)
    assert_allclose(one.predict(X), other.predict(X), atol=1e-10)
    found = other.net_.predict(X)
    assert_allclose(other._target.predict(found), other.predict(X), rtol=1e-6)


@pytest.mark.parametrize("loss", LOSSES)
def test_stacks_equal_loops_bit_for_bit(loss, numbers):
    X, y, weights = numbers
    models = [
        small(loss=loss, random_state=seed, early_stopping=seed % 2 == 0, dropout=0.1 * seed)
        for seed in range(4)
    ]
    splits = [np.arange(120), np.arange(100), np.arange(100), np.arange(20, 120)]
    alone = [
        clone(model).fit(X[rows], y[rows], weights[rows])
        for model, rows in zip(models, splits, strict=True)
    ]
    for one, other in zip(alone, fit_many(models, X, y, weights, splits=splits), strict=True):
        pairs = zip(one.coefs_ + one.intercepts_, other.coefs_ + other.intercepts_, strict=True)
        for left, right in pairs:
            assert_array_equal(left, right)
        for column in ("train_loss", "train_r2", "valid_loss", "valid_r2"):
            assert_array_equal(one.history_[column], other.history_[column])
        assert_array_equal(one.predict(X), other.predict(X))


@pytest.mark.parametrize("Regressor", [ScratchMLPRegressor, TorchMLPRegressor])
@pytest.mark.parametrize("loss", ["squared_error", "quantile"])
def test_warm_starts_go_on_exactly(loss, Regressor, numbers):
    X, y, _ = numbers
    whole = small(Regressor, loss=loss, max_iter=10).fit(X, y)
    parts = small(Regressor, loss=loss, max_iter=5, warm_start=True).fit(X, y).fit(X, y)
    assert_array_equal(whole.coefs_[0], parts.coefs_[0])
    by_hand = small(Regressor, loss=loss)
    for _ in range(10):
        by_hand.partial_fit(X, y)
    assert_array_equal(whole.coefs_[0], by_hand.coefs_[0])


# ---------------------------------------------------------------------------------------
# predictions


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("unit", [1e-12, 1e12, 1e300])
def test_the_unit_of_the_target_does_not_matter(loss, unit, numbers):
    X, y, _ = numbers
    plain, other = (small(loss=loss).fit(X, y * scale) for scale in (1.0, unit))
    assert_allclose(other.predict(X) / unit, plain.predict(X), rtol=1e-9)


@pytest.mark.parametrize("loss", LOSSES)
def test_a_constant_target(loss, numbers):
    X = numbers[0]
    for constant in (0.1, 1e12):
        model = small(loss=loss, max_iter=100, learning_rate_init=0.01)
        model.fit(X, np.full(120, constant))
        if loss in ("poisson", "gamma"):
            assert_allclose(model.predict(X), constant, rtol=0.1)
        else:
            assert_array_equal(model.predict(X), constant)
            assert model.score(X, np.full(120, constant)) == 1
        assert np.isfinite(model.history_["train_loss"]).all()


def test_quantiles_rise_and_cover(numbers):
    X, y, _ = numbers
    model = small(loss="quantile", quantiles=(0.1, 0.5, 0.9), max_iter=200).fit(X, y)
    found = model.predict_quantiles(X)
    assert (np.diff(found, axis=1) > 0).all()
    assert_array_equal(model.predict(X), found[:, 1])
    assert_allclose((y[:, None] <= found).mean(axis=0), [0.1, 0.5, 0.9], atol=0.08)


def test_standard_deviations(numbers):
    X = numbers[0]
    rng = np.random.default_rng(1)
    spread = np.where(X[:, 0] > 0, 30.0, 3.0)
    y = 1000 + spread * rng.normal(size=120)
    model = small(loss="gaussian", max_iter=200).fit(X, y)
    mean, std = model.predict(X, return_std=True)
    assert_array_equal(mean, model.predict(X))
    assert mean.shape == std.shape == (120,) and (std > 0).all()
    assert np.median(std[X[:, 0] > 0.5]) > 3 * np.median(std[X[:, 0] < -0.5])


@pytest.mark.parametrize("convert", [csr_array, lambda X: X.astype(np.float32)])
def test_other_tables(convert, numbers):
    X, y, _ = numbers
    model = small(max_iter=60).fit(convert(X), y)
    assert model.score(convert(X), y) > 0.5
    assert model.predict(convert(X)).dtype == np.float64


# ---------------------------------------------------------------------------------------
# wrong input


@pytest.mark.parametrize(
    ("params", "y", "message"),
    [
        ({"loss": "poisson"}, -1.0, r"`y` must be at least 0 with loss='poisson', got -1\.0"),
        ({"loss": "gamma"}, 0.0, r"`y` must be above 0 with loss='gamma', got 0\.0"),
        ({}, np.nan, "Input y contains NaN"),
        ({}, np.inf, "Input y contains infinity"),
        ({"loss": "quantile", "quantiles": (0.0, 0.5)}, 1.0, r"`quantiles` must be .* \(0\.0, 0"),
        ({"loss": "quantile", "quantiles": (0.5, 0.1)}, 1.0, "each larger than the one before"),
        ({"loss": "quantile", "quantiles": 1.5}, 1.0, r"`quantiles` must be .* 1\.5"),
        (
            {"scale_target": False, "dtype": "float32"},
            1e300,
            "`y` must be finite numbers in float32",
        ),
        ({"loss": "cross"}, 1.0, "'loss' parameter"),
    ],
)
@pytest.mark.parametrize("Regressor", [ScratchMLPRegressor, TorchMLPRegressor])
def test_what_is_refused(Regressor, params, y, message, numbers):
    target = np.r_[numbers[1][:-1], y]
    with pytest.raises(ValueError, match=message):
        small(Regressor, **params).fit(numbers[0], target)


def test_other_refusals(numbers):
    X, y, _ = numbers
    with pytest.raises(ValueError, match=r"one number per row with loss='quantile', got 2"):
        small(loss="quantile").fit(X, np.stack([y, y], axis=1))
    with pytest.raises(ValueError, match="`y` must be an array of numbers, got a sparse"):
        small().fit(X, csr_array(y[:, None]))
    with pytest.raises(ValueError, match=r"`y` must hold numbers|could not convert"):
        small().fit(X, np.array(["a", "b"] * 60))
    model = small().fit(X, y)
    with pytest.raises(ValueError, match=r"`return_std` must be False .* loss='squared_error'"):
        model.predict(X, return_std=True)
    assert not hasattr(model, "predict_quantiles") and not hasattr(model, "predict_proba")
    with pytest.raises(ValueError, match=r"`loss` must stay .*'squared_error', got 'huber'"):
        model.set_params(warm_start=True, loss="huber").fit(X, y)


def test_the_wrong_target_is_named(numbers):
    X, y, _ = numbers
    gap = y.astype(object)
    gap[3] = None
    with pytest.raises(ValueError, match="`y` must hold finite numbers, got NaN"):
        small().fit(X, gap)
    model = small(scale_target=False, dtype="float32", early_stopping=True)
    with pytest.raises(ValueError, match="`y_val` must be finite numbers in float32"):
        model.fit(X, y, X_val=X, y_val=1e300 * y)
    with pytest.raises(ValueError, match="`y_val` must have as many columns as in training, 1"):
        model.fit(X, y, X_val=X, y_val=np.stack([y, y], axis=1))


@pytest.mark.parametrize("solver", ["sgd", "lbfgs"])
def test_a_training_that_diverges_names_the_target(solver, numbers):
    model = small(solver=solver, scale_target=False)
    with pytest.raises(ValueError, match=r"diverged.* the target by scale_target=True"):
        model.fit(numbers[0], 1e200 * numbers[1])


@pytest.mark.parametrize("Regressor", [ScratchMLPRegressor, TorchMLPRegressor])
def test_a_first_call_with_one_row_can_be_gone_on_from(Regressor, numbers):
    X, y, _ = numbers
    model = small(Regressor, learning_rate_init=0.01).partial_fit(X[:1], 1e6 * y[:1])
    assert_array_equal(model.predict(X), 1e6 * y[0])
    for _ in range(100):
        model.partial_fit(X, 1e6 * y)
    assert model.score(X, 1e6 * y) > 0.9


def test_quantiles_that_print_alike_are_not_the_same(numbers):
    levels = [np.array([0.1, 0.5, 0.9]), np.array([0.1, 0.5 + 1e-10, 0.9])]
    alone = [small(loss="quantile", quantiles=q).fit(*numbers[:2]) for q in levels]
    together = fit_many([clone(model) for model in alone], *numbers[:2])
    for model, other in zip(alone, together, strict=True):
        assert_array_equal(model.predict_quantiles(numbers[0]), other.predict_quantiles(numbers[0]))


@pytest.mark.parametrize("tail", [0.01, 0.05, 0.1, 0.25, 0.3])
def test_of_two_quantiles_the_lower_is_predicted(tail, numbers):
    model = small(loss="quantile", quantiles=(tail, 1 - tail)).fit(*numbers[:2])
    quantiles = model.predict_quantiles(numbers[0])
    assert_array_equal(model.predict(numbers[0]), quantiles[:, 0])


def test_quantiles_as_arrays(numbers):
    one = small(loss="quantile", quantiles=np.array(0.3)).fit(*numbers[:2])
    assert one.predict_quantiles(numbers[0]).shape == (120, 1)
    with pytest.raises(ValueError, match="`quantiles` must be numbers above 0"):
        small(loss="quantile", quantiles={0.1, 0.9}).fit(*numbers[:2])


def test_predictions_claim_no_more_than_double_precision(numbers):
    model = small().fit(numbers[0], numbers[1].astype(np.longdouble))
    assert model.predict(numbers[0]).dtype == np.float64


# ---------------------------------------------------------------------------------------
# several labels per row


@pytest.fixture
def labels(table):
    return np.eye(3, dtype=int)[table[1]] | (table[0][:, :3] > 0.5)


class TestSeveralLabels:
    def test_everything_has_a_column_per_label(self, make, table, labels):
        X = table[0]
        model = make(max_iter=30, early_stopping=True).fit(X, labels)
        proba = model.predict_proba(X)
        assert proba.shape == (len(X), 3)
        assert_array_equal(model.predict(X), (proba > 0.5).astype(int))
        assert_allclose(np.exp(model.predict_log_proba(X)), proba)
        assert_array_equal(model.classes_, [0, 1, 2])
        sparse = clone(model).fit(X, csr_array(labels))
        assert_array_equal(sparse.predict(X).toarray(), model.predict(X))

    def test_partial_fit_is_fit(self, make, table, labels):
        whole = make(max_iter=4, n_iter_no_change=np.inf).fit(table[0], labels)
        parts = make()
        for _ in range(4):
            parts.partial_fit(table[0], labels, classes=range(3))
        assert_array_equal(whole.coefs_[0], parts.coefs_[0])

    def test_a_fit_that_goes_on_keeps_to_its_kind_of_target(self, make, table, labels):
        X, y = table[0], table[1]
        model = make(max_iter=2).partial_fit(X, labels, classes=range(3))
        with pytest.raises(ValueError, match=r"`y` must hold several labels .* got one class per"):
            model.partial_fit(X, y)
        with pytest.raises(ValueError, match=r"The number of labels of `y` must stay .* 3, got 2"):
            model.partial_fit(X, labels[:, :2])
        model = make(max_iter=2, warm_start=True).fit(X, y)
        with pytest.raises(ValueError, match=r"`y` must hold one class .* got several labels"):
            model.fit(X, labels)

    def test_class_weight_is_refused(self, make, table, labels):
        with pytest.raises(ValueError, match="`class_weight` must be None where rows have several"):
            make(class_weight="balanced").fit(table[0], labels)

    def test_files(self, make, table, labels, tmp_path):
        model = make(max_iter=4).fit(table[0], csr_array(labels))
        sknn.io.save(model, tmp_path / "labels.sknn")
        again = sknn.io.load(tmp_path / "labels.sknn")
        assert_array_equal(again.predict_proba(table[0]), model.predict_proba(table[0]))
        assert (again.predict(table[0]) != model.predict(table[0])).nnz == 0
