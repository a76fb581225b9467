"""Ensembles of regressors, and of several labels per row: members, means and spreads."""

import pickle

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.sparse import csr_array, issparse
from sklearn.base import clone, is_regressor
from sklearn.exceptions import DataConversionWarning, NotFittedError
from sklearn.metrics import accuracy_score, r2_score
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils import resample
from sklearn.utils.estimator_checks import parametrize_with_checks

from sknn import (
    ScratchMLPClassifier,
    ScratchMLPEnsembleClassifier,
    ScratchMLPEnsembleRegressor,
    ScratchMLPRegressor,
)

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

rng = np.random.default_rng(0)
X = rng.normal(size=(80, 4))
Y = 1000 + 300 * X[:, 0] + 50 * rng.normal(size=80)


def mlp(**params):
    defaults = {
        "hidden_layer_sizes": (6,),
        "max_iter": 20,
        "batch_size": 20,
        "learning_rate_init": 0.02,
        "n_iter_no_change": np.inf,
    }
    return ScratchMLPRegressor(**defaults | params)


def ensemble(n_estimators=4, bootstrap=False, n_jobs=None, **params):
    return ScratchMLPEnsembleRegressor(
        mlp(**params), n_estimators, bootstrap=bootstrap, n_jobs=n_jobs, random_state=0
    )


def of(task, **params):
    kind = ScratchMLPEnsembleClassifier if task.loss is None else ScratchMLPEnsembleRegressor
    return kind(task.network(), 3, random_state=0, **params)


# ---------------------------------------------------------------------------------------
# members


@pytest.mark.parametrize("bootstrap", [False, True])
@pytest.mark.parametrize("weighted", [False, True])
def test_members_are_what_their_own_fit_makes_them(task, bootstrap, weighted):
    weight = np.linspace(0.1, 2.0, 72) if weighted else None
    model = of(task, bootstrap=bootstrap).fit(task.X, task.y, weight)
    draws = np.random.RandomState(0)
    seeds = draws.randint(np.iinfo(np.int32).max, size=3)
    is_stratified = np.ndim(task.y) == 1 and task.loss is None
    for seed, member in zip(seeds, model.estimators_, strict=True):
        rows = np.arange(72)
        if bootstrap:
            rows = resample(rows, stratify=task.y if is_stratified else None, random_state=draws)
        own = task.network(random_state=int(seed)).fit(
            task.X[rows], task.y[rows], None if weight is None else weight[rows]
        )
        for left, right in zip(own.coefs_, member.coefs_, strict=True):
            assert_array_equal(left, right)
        assert (own.predict(task.X) != member.predict(task.X)).sum() == 0


def test_each_member_has_a_scale_of_its_own():
    model = ensemble(bootstrap=True).fit(X, Y)
    assert len({member._target.center.item() for member in model.estimators_}) == 4


def test_none_is_the_regressor_with_its_defaults():
    model = ScratchMLPEnsembleRegressor(n_estimators=2, random_state=0).fit(X, Y)
    params = ScratchMLPRegressor().get_params()
    for member in model.estimators_:
        assert member.get_params() | {"random_state": None} == params


# ---------------------------------------------------------------------------------------
# means and spreads, written out


@pytest.mark.parametrize("n_targets", [1, 3])
@pytest.mark.parametrize("bootstrap", [False, True])
def test_the_total_spread_of_a_gaussian(n_targets, bootstrap):
    y = Y if n_targets == 1 else np.column_stack([Y, X[:, 1], 1e-3 * X[:, 2]])
    model = ensemble(loss="gaussian", bootstrap=bootstrap).fit(X, y)
    mean, std = model.predict(X, return_std=True)
    pairs = [member.predict(X, return_std=True) for member in model.estimators_]
    means, stds = (np.stack(each) for each in zip(*pairs, strict=True))
    expected = sum(means) / 4
    assert_allclose(mean, expected, rtol=1e-12)
    assert_array_equal(model.predict(X), mean)
    noise = sum(stds**2) / 4
    spread = sum((one - expected) ** 2 for one in means) / 4
    assert_allclose(std, np.sqrt(noise + spread), rtol=1e-10)
    assert_allclose(model.predict_std(X), np.sqrt(spread), rtol=1e-8)
    assert mean.shape == std.shape == y.shape
    # The variance of the mixture, from its second moment.
    moment = (means**2 + stds**2).mean(axis=0) - means.mean(axis=0) ** 2
    assert_allclose(std**2, moment, rtol=1e-6)


@pytest.mark.parametrize("loss", ["squared_error", "absolute_error", "huber", "poisson", "gamma"])
def test_other_losses_have_the_spread_of_the_members(loss):
    model = ensemble(loss=loss, bootstrap=True).fit(X, Y)
    mean, std = model.predict(X, return_std=True)
    each = np.stack([member.predict(X) for member in model.estimators_])
    assert_allclose(mean, each.sum(axis=0) / 4, rtol=1e-12)
    assert_allclose(std, np.sqrt(((each - each.mean(axis=0)) ** 2).sum(axis=0) / 4), rtol=1e-8)
    assert_array_equal(std, model.predict_std(X))
    assert model.score(X, Y) == pytest.approx(r2_score(Y, mean))


def test_quantiles_are_means_and_do_not_cross():
    model = ensemble(loss="quantile", quantiles=(0.1, 0.45, 0.5, 0.55, 0.9)).fit(X, Y)
    far = np.vstack([X, 1e3 * X, 1e-9 * X])
    found = model.predict_quantiles(far)
    each = np.stack([member.predict_quantiles(far) for member in model.estimators_])
    assert_allclose(found, each.sum(axis=0) / 4, rtol=1e-12)
    assert (np.diff(found, axis=1) >= 0).all()
    assert_allclose(model.predict(far), found[:, 2], rtol=1e-12)
    assert not hasattr(ensemble(), "predict_quantiles")
    other = ensemble().fit(X, Y).set_params(estimator__loss="quantile")
    assert not hasattr(other, "predict_quantiles")  # its networks have learnt something else


def test_the_mean_is_no_worse_than_the_members_are_on_average():
    """Jensen: the squared error of a mean is at most the mean of the squared errors."""
    model = ensemble(bootstrap=True).fit(X[:50], Y[:50])
    errors = [np.mean((member.predict(X[50:]) - Y[50:]) ** 2) for member in model.estimators_]
    assert np.mean((model.predict(X[50:]) - Y[50:]) ** 2) < np.mean(errors)


def test_the_spread_grows_away_from_the_rows():
    model = ensemble(n_estimators=8, max_iter=80).fit(X, Y)
    assert model.predict_std(4 * X).mean() > 2 * model.predict_std(X).mean()


def test_one_network_agrees_with_itself():
    model = ensemble(n_estimators=1, loss="gaussian").fit(X, Y)
    mean, std = model.predict(X, return_std=True)
    expected, own = model.estimators_[0].predict(X, return_std=True)
    assert_array_equal(mean, expected)
    assert_allclose(std, own, rtol=1e-15)
    assert not model.predict_std(X).any()


@pytest.mark.parametrize("loss", ["squared_error", "gaussian"])
@pytest.mark.parametrize("unit", [1e-300, 1e-12, 1e12, 1e300])
def test_the_unit_of_the_target_does_not_matter(unit, loss):
    model, other = (ensemble(loss=loss).fit(X, Y / 1000 * scale) for scale in (1, unit))
    for one, scaled in zip(*(m.predict(X, return_std=True) for m in (model, other)), strict=True):
        assert_allclose(scaled / unit, one, rtol=1e-9)


def test_a_constant_target():
    mean, std = ensemble(bootstrap=True).fit(X, np.full(80, 7.5)).predict(X, return_std=True)
    assert (mean == 7.5).all() and not std.any()


# ---------------------------------------------------------------------------------------
# several labels per row


@pytest.mark.parametrize("convert", [np.asarray, csr_array])
@pytest.mark.parametrize("bootstrap", [False, True])
def test_several_labels(convert, bootstrap):
    labels = (X[:, :3] > 0.3).astype(int)
    network = ScratchMLPClassifier((6,), max_iter=40, learning_rate_init=0.02)
    model = ScratchMLPEnsembleClassifier(network, 4, bootstrap=bootstrap, random_state=0)
    model.fit(X, convert(labels))
    each = np.stack([member.predict_proba(X) for member in model.estimators_])
    proba, found = model.predict_proba(X), model.predict(X)
    assert_allclose(proba, each.sum(axis=0) / 4, rtol=1e-12)
    assert_allclose(model.predict_std(X), each.std(axis=0), rtol=1e-8)
    assert_array_equal(model.classes_, [0, 1, 2])
    assert issparse(found) == (convert is csr_array)
    found = found.toarray() if issparse(found) else found
    assert_array_equal(found, proba > 0.5)
    assert model.score(X, labels) == accuracy_score(labels, found) > 0.5


def test_a_class_weight_has_no_meaning_there():
    model = ScratchMLPEnsembleClassifier(ScratchMLPClassifier(class_weight="balanced"), 2)
    with pytest.raises(ValueError, match="`class_weight` must be None where rows have several"):
        model.fit(X, (X[:, :3] > 0).astype(int))


# ---------------------------------------------------------------------------------------
# company


@pytest.mark.parametrize("bootstrap", [False, True])
def test_workers_and_pickles_change_nothing(bootstrap):
    one, other = (
        ensemble(bootstrap=bootstrap, n_jobs=n, loss="gaussian").fit(X, Y) for n in (None, 2)
    )
    assert_array_equal(one.predict(X), other.predict(X))
    copy = pickle.loads(pickle.dumps(one))
    assert_array_equal(copy.predict(X, return_std=True), one.predict(X, return_std=True))


def test_frames_columns_and_sparse_rows():
    frame = pd.DataFrame(X, columns=list("abcd"))
    model = ensemble().fit(frame, pd.Series(Y))
    assert model.feature_names_in_.tolist() == list("abcd")
    plain = ensemble().fit(X, Y)
    assert_array_equal(model.predict(frame), plain.predict(X))
    sparse = ensemble().fit(csr_array(X), Y)
    assert_allclose(sparse.predict(csr_array(X)), plain.predict(X), rtol=1e-7)
    with pytest.warns(DataConversionWarning) as caught:
        column = ensemble().fit(X, Y[:, None])
    assert len(caught) == 1 and column.predict(X).shape == (80,)
    assert ensemble().fit(X, Y.astype(np.float32)).predict(X).dtype == np.float32


def test_in_a_pipeline():
    model = make_pipeline(StandardScaler(), ensemble(n_estimators=2, max_iter=60))
    assert is_regressor(model)
    assert cross_val_score(model, X, Y, cv=3).mean() > 0.8


@pytest.mark.parametrize(
    ("model", "y", "message"),
    [
        (
            ScratchMLPEnsembleRegressor(ScratchMLPClassifier()),
            Y,
            r"'estimator' .* ScratchMLPEnsembleRegressor .*ScratchMLPRegressor' or None\. Got Scr",
        ),
        (
            ScratchMLPEnsembleClassifier(ScratchMLPRegressor()),
            Y > 1000,
            r"'estimator' .* ScratchMLPEnsembleClassifier .*ScratchMLPClassifier' or None\. Got ",
        ),
        (ensemble(n_estimators=0), Y, "'n_estimators' parameter .* Got 0"),
        (ensemble(l2=-1), Y, "'l2' parameter of ScratchMLPRegressor"),
        (ensemble(loss="gamma"), -Y, r"`y` must be above 0 with loss='gamma'"),
        (ensemble(loss="quantile"), X, "one number per row with loss='quantile', got 4"),
        (ensemble(), np.where(Y > 1000, np.nan, 1), "Input y contains NaN"),
        (ensemble(), csr_array(X), "`y` must be an array of numbers, got a sparse matrix"),
        (ensemble(learning_rate_init=1e200, solver="sgd"), Y, "Training diverged"),
    ],
)
def test_what_is_refused(model, y, message):
    with pytest.raises(ValueError, match=message):
        model.fit(X, y)
    with pytest.raises(NotFittedError):
        model.predict(X)


def test_predictions_that_are_not_finite():
    model = ensemble(loss="poisson").fit(X, Y)
    with pytest.raises(ValueError, match="predictions for these rows are not finite"):
        model.predict(1e6 * X)


ROWS_ARE_NOT_WEIGHTS = {
    "check_sample_weight_equivalence_on_dense_data",
    "check_sample_weight_equivalence_on_sparse_data",
}


def good(bootstrap=False, **params):
    settings = {"hidden_layer_sizes": (12,), "max_iter": 60, "batch_size": "full"} | params
    network = mlp(**settings)
    return ScratchMLPEnsembleRegressor(network, 3, bootstrap=bootstrap)


@pytest.mark.filterwarnings("ignore:`batch_size`=:UserWarning")
@parametrize_with_checks(
    [
        good(),
        good(bootstrap=True),
        good(loss="gaussian", max_iter=100, hidden_layer_sizes=(100,), learning_rate_init=0.01),
        good(loss="quantile"),
    ]
)
def test_scikit_learn_checks(estimator, check):
    if estimator.bootstrap and check.func.__name__ in ROWS_ARE_NOT_WEIGHTS:
        pytest.skip("rows are drawn whatever they weigh, and a row twice is drawn twice as often")
    check(estimator)


def test_a_clone_is_unfitted():
    assert not hasattr(clone(ensemble().fit(X, Y)), "estimators_")
