"""Exact zeros: at the optimum that others find, in features that leave, and who is told of them."""

import pickle

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse
from scipy.special import softmax
from sklearn.datasets import load_breast_cancer, load_wine, make_classification
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

from sknn._torch._net import MLPNet
from sknn.estimators import ScratchMLPClassifier, fit_many

SOLVERS = ("sgd", "adam", "adamw", "rmsprop")
# Until the step sizes have come to nothing, on all rows at once.
TO_THE_END = {
    "sgd": {"learning_rate_init": 0.5},
    "adam": {"learning_rate_init": 0.05, "learning_rate": "cosine"},
    "adamw": {"learning_rate_init": 0.05, "learning_rate": "cosine"},
    "rmsprop": {"learning_rate_init": 0.02, "learning_rate": "cosine"},
}


@pytest.fixture(scope="module")
def rows(request):
    """Scaled rows of an odd number of classes.

    With an even number the optimum is not unique: where as many of a feature's weights are above
    zero as are not, all may be moved together.
    """
    X, y = make_classification(
        150,
        8,
        n_informative=5,
        n_redundant=0,
        n_classes=request.param,
        random_state=0,
        n_clusters_per_class=1,
    )
    return StandardScaler().fit_transform(X), y


@pytest.fixture
def linear(make, rows):
    """Fits networks without a hidden layer."""

    def fit(solver, **params):
        settings = TO_THE_END[solver] | params
        shape = {"hidden_layer_sizes": (), "batch_size": "full", "max_iter": 1500, "l2": 0.0}
        return make(solver=solver, **shape | settings).fit(*rows)

    return fit


# Either number of classes with two of the solvers.
OVER_SOLVERS = pytest.mark.parametrize(
    ("rows", "solver"), list(zip((3, 5, 3, 5), SOLVERS, strict=True)), indirect=["rows"]
)


@pytest.mark.parametrize("Classifier", [ScratchMLPClassifier], indirect=True, ids=["scratch"])
@OVER_SOLVERS
def test_without_a_hidden_layer_it_is_l1_logistic_regression(linear, rows, solver):
    X, y = rows
    strength = 0.05
    theirs = LogisticRegression(
        l1_ratio=1, solver="saga", C=1 / (len(y) * strength), tol=1e-10, max_iter=100_000
    ).fit(X, y)
    ours = linear(solver, l1=strength)
    assert 0.5 < ours.sparsity_[0] < 0.9
    assert_array_equal(ours.coefs_[0] == 0, theirs.coef_.T == 0)
    assert_allclose(ours.coefs_[0], theirs.coef_.T, rtol=0, atol=1e-5)
    assert_allclose(ours.predict_proba(X), theirs.predict_proba(X), atol=1e-5)


@pytest.mark.parametrize("Classifier", [ScratchMLPClassifier], indirect=True, ids=["scratch"])
@OVER_SOLVERS
def test_without_a_hidden_layer_groups_meet_their_conditions(linear, rows, solver):
    """What is removed pulls less than λ; what is left pulls by λ, straight along its weights."""
    X, y = rows
    strength = 0.1
    model = linear(solver, group_l1=strength)
    W, is_left = model.coefs_[0], model.selected_features_
    assert 0 < is_left.sum() < 8
    residual = softmax(X @ W + model.intercepts_[0], axis=1) - np.eye(W.shape[1])[y]
    gradient = X.T @ residual / len(y)
    assert (np.linalg.norm(gradient[~is_left], axis=1) < strength).all()
    directions = W[is_left] / np.linalg.norm(W[is_left], axis=1, keepdims=True)
    assert_allclose(gradient[is_left], -strength * directions, rtol=0, atol=1e-5)


@pytest.fixture(scope="module")
def wine():
    """A table some of whose features say nothing that others do not say."""
    X, y = load_wine(return_X_y=True)
    return StandardScaler().fit_transform(X), y


@pytest.fixture
def fit_wine(make, wine):
    """Fits networks from which some of the features leave."""

    def fit(convert=np.asarray, **params):
        settings = {"group_l1": 0.03, "l2": 0.01, "batch_size": "full", "max_iter": 100} | params
        return make(**settings).fit(convert(wine[0]), wine[1])

    return fit


# Dense and sparse rows with two of the solvers each.
@pytest.mark.parametrize(
    ("solver", "convert"), list(zip(SOLVERS, [np.asarray, sparse.csr_array] * 2, strict=True))
)
def test_the_output_does_not_depend_on_a_feature_that_has_left(fit_wine, wine, solver, convert):
    rate = 0.1 if solver == "sgd" else 0.02
    fitted = fit_wine(convert, solver=solver, learning_rate_init=rate)
    has_left = np.flatnonzero(~fitted.selected_features_)
    assert 0 < len(has_left) < 13
    assert fitted.score(convert(wine[0]), wine[1]) > 0.95
    proba = fitted.predict_proba(convert(wine[0]))
    for feature in range(13):
        shuffled = wine[0].copy()
        shuffled[:, feature] = 10 * np.random.default_rng(0).permutation(shuffled[:, feature])
        changed = fitted.predict_proba(convert(shuffled))
        assert np.array_equal(changed, proba) == (feature in has_left)


@pytest.mark.parametrize("solver", SOLVERS)
def test_every_solver_makes_exact_zeros(make, solver):
    X, y = load_breast_cancer(return_X_y=True)
    X = StandardScaler().fit_transform(X)
    params = {"solver": solver, "l1": 0.003, "l2": 0.0, "max_iter": 40, "batch_size": 100}
    rate = 0.05 if solver == "sgd" else 0.005
    fitted, other = (
        make(learning_rate_init=rate, l1_method=method, **params).fit(X, y)
        for method in ("prox", "subgradient")
    )
    assert (fitted.sparsity_[:2] > 0.2).all()
    assert (other.sparsity_ == 0).all()
    assert fitted.score(X, y) > 0.95


class TestWhatIsToldOfIt:
    def test_sparsity_and_selected_features(self, fit_wine):
        fitted = fit_wine(l1=0.002)
        assert fitted.sparsity_.tolist() == [np.mean(W == 0) for W in fitted.coefs_]
        assert (fitted.sparsity_ > 0).all()
        left = [j for j in range(13) if any(w != 0 for w in fitted.coefs_[0][j])]
        assert fitted.selected_features_.dtype == bool
        assert np.flatnonzero(fitted.selected_features_).tolist() == left
        assert 0 < len(left) < 13

    def test_of_a_dense_network(self, make, table):
        fitted = make().fit(*table)
        assert fitted.sparsity_.tolist() == [0.0, 0.0, 0.0]
        assert fitted.selected_features_.all()

    def test_pickles(self, make, table):
        fitted = make(l1=0.01).fit(*table)
        copy = pickle.loads(pickle.dumps(fitted))
        assert_array_equal(copy.sparsity_, fitted.sparsity_)

    def test_the_history_has_all_penalties(self, make, table):
        strengths = {"l1": 0.01, "l2": 0.1, "group_l1": 0.05}
        fitted = make(**strengths).fit(*table)
        penalty = sum(0.01 * np.abs(W).sum() + 0.05 * (W * W).sum() for W in fitted.coefs_)
        penalty += 0.05 * np.linalg.norm(fitted.coefs_[0], axis=1).sum()
        assert_allclose(fitted.history_["penalty"][-1], penalty, rtol=1e-12)
        assert_allclose(fitted.loss_ - fitted.history_["train_loss"][-1], penalty, rtol=1e-9)


def test_a_stack_of_all_strengths_is_its_models(table, make_scratch, assert_same_fit):
    grid = [(l1, group) for l1 in (0.0, 0.003, 0.03) for group in (0.0, 0.01, 0.1)]
    models = [[make_scratch(l1=l1, group_l1=g, max_iter=20) for l1, g in grid] for _ in range(2)]
    together = fit_many(models[0], *table)
    for one, other in zip(together, models[1], strict=True):
        assert_same_fit(one, other.fit(*table))
    assert len({model.selected_features_.sum() for model in together}) > 2


@pytest.mark.parametrize("penalty", ["l1", "group_l1"])
@pytest.mark.parametrize(("momentum", "dtype"), [(1.0, "float64"), (1 - 1e-9, "float32")])
def test_momentum_must_come_to_an_end(make, table, penalty, momentum, dtype):
    endless = make(solver="sgd", momentum=momentum, dtype=dtype, **{penalty: 0.1})
    message = f"`momentum` must be below 1 in {dtype} with `{penalty}` above 0, got {momentum!r}"
    with pytest.raises(ValueError, match=message):
        endless.fit(*table)
    harmless = {"learning_rate_init": 1e-6, "l1_method": "subgradient", "group_l1": 0.0}
    endless.set_params(**harmless).fit(*table)


@pytest.mark.parametrize("penalty", ["l1", "l2", "group_l1"])
def test_a_strength_must_be_finite(make, table, penalty):
    message = f"`{penalty}` must be finite in float32, got 1e[+]39"
    with pytest.raises(ValueError, match=message):
        make(dtype="float32", **{penalty: 1e39}).fit(*table)


@pytest.mark.parametrize("solver", SOLVERS)
def test_with_nothing_left_the_classes_are_known_by_their_shares(make, wine, solver):
    """All weights are zero at once, and the biases find what is best without them."""
    X, y = wine
    model = make(
        solver=solver, dtype="float32", l1=1e3, group_l1=1e3, batch_size="full", max_iter=100,
        learning_rate_init=0.05, l2=0.0,
    ).fit(X, y)  # fmt: skip
    assert model.sparsity_.tolist() == [1.0] * len(model.coefs_)
    shares = np.bincount(y) / len(y)
    assert_allclose(model.predict_proba(X), np.tile(shares, (len(y), 1)), atol=0.01)
    assert_allclose(model.history_["train_loss"][-1], -(shares * np.log(shares)).sum(), rtol=1e-3)
    assert (model.history_["penalty"] == 0).all()


class TestNet:
    """The skorch net goes on by itself, with the penalties that it was made with."""

    def test_goes_on_with_exact_zeros(self, make_torch, table):
        net = make_torch(l1=0.01, group_l1=0.05, l2=0.0).fit(*table).net_
        before = net.module_.linears[0].weight.detach().clone()
        net.partial_fit(table[0], table[1])
        after = net.module_.linears[0].weight
        assert not torch.equal(before, after)
        assert (after == 0).float().mean() > 0.2

    @pytest.mark.parametrize(
        ("optimizer", "settings"),
        [
            (torch.optim.Adagrad, {}),
            (torch.optim.Adam, {"optimizer__amsgrad": True}),
            (torch.optim.RMSprop, {"optimizer__momentum": 0.5}),
        ],
    )
    @pytest.mark.parametrize("penalty", ["l1", "group_l1"])
    def test_refuses_an_optimizer_whose_metric_is_unknown(
        self, make_torch, table, optimizer, settings, penalty
    ):
        net = make_torch(**{penalty: 0.01}).fit(*table).net_
        other = MLPNet(
            net.module,
            **{name: getattr(net, name) for name in vars(net) if name.startswith("module__")},
            criterion=net.criterion,
            criterion__label_smoothing=0.0,
            optimizer=optimizer,
            **settings,
            **{penalty: 0.01},
            classes=[0, 1, 2],
            train_split=None,
            verbose=0,
        )
        with pytest.raises(ValueError, match=r"need torch\.optim\.SGD, Adam, AdamW or RMSprop"):
            other.fit(*table)
