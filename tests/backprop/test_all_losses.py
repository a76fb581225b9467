"""Every loss against PyTorch and finite differences, and whole fits against closed forms."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose, assert_array_equal
from scipy.optimize import check_grad
from sklearn.linear_model import GammaRegressor, PoissonRegressor, QuantileRegressor, Ridge
from sklearn.metrics import accuracy_score, r2_score
from torch.nn import functional

from sknn.backprop import LOSSES, predict, r2_of_rows, start, train
from sknn.training import NetworkSpec, Plan, Problem, Rows, Streams

LEVELS = (0.1, 0.5, 0.8)
N_MODELS, N_ROWS = 2, 7
# By loss: outputs, and the truth of a row, from a normal draw of so many columns.
KINDS = {
    "softmax_cross_entropy": (3, lambda y: y.argmax(axis=2)),
    "sigmoid_cross_entropy": (3, lambda y: (y > 0).astype(float)),
    "squared_error": (3, lambda y: y),
    "absolute_error": (3, lambda y: y),
    "huber": (3, lambda y: 2 * y),
    "poisson": (3, lambda y: np.floor(np.exp(y))),
    "gamma": (3, np.exp),
    "quantile": (3, lambda y: y[:, :, :1]),
    "gaussian": (6, lambda y: y),
}


def pinball(z, y):
    """As Koenker and Bassett have it, of quantiles that are spelled out one by one."""
    step = [functional.softplus(z[:, j], threshold=100) for j in (1, 2)]
    q = torch.stack([z[:, 0], z[:, 0] + step[0], z[:, 0] + step[0] + step[1]], dim=1)
    error = y - q
    levels = torch.tensor(LEVELS, dtype=z.dtype)
    return torch.where(error > 0, levels * error, (levels - 1) * error).mean(dim=1)


TORCH = {
    "softmax_cross_entropy": lambda z, y: functional.cross_entropy(z, y.long(), reduction="none"),
    "sigmoid_cross_entropy": lambda z, y: functional.binary_cross_entropy_with_logits(
        z, y, reduction="none"
    ).sum(dim=1),
    "squared_error": lambda z, y: functional.mse_loss(z, y, reduction="none").sum(dim=1) / 2,
    "absolute_error": lambda z, y: functional.l1_loss(z, y, reduction="none").sum(dim=1),
    "huber": lambda z, y: functional.huber_loss(z, y, reduction="none").sum(dim=1),
    "poisson": lambda z, y: functional.poisson_nll_loss(z, y, reduction="none").sum(dim=1),
    "gamma": lambda z, y: (
        -torch.distributions.Gamma(torch.ones(()), torch.exp(-z)).log_prob(y).sum(dim=1)
    ),
    "quantile": pinball,
    "gaussian": lambda z, y: functional.gaussian_nll_loss(
        z[:, :3], y, torch.exp(2 * z[:, 3:]), reduction="none", eps=1e-12
    ).sum(dim=1),
}


def make(name, seed=0):
    """A laid-out loss, outputs, truth and weights of two models."""
    n_outputs, truth = KINDS[name]
    plan = Plan(NetworkSpec((4, n_outputs)), name, LEVELS if name == "quantile" else ())
    rng = np.random.default_rng(seed)
    z = rng.normal(size=(N_MODELS, N_ROWS, n_outputs))
    y = truth(rng.normal(size=(N_MODELS, N_ROWS, 3)))
    weights = rng.uniform(0.1, 2, size=(N_MODELS, N_ROWS, 1))
    return LOSSES[name]([plan] * N_MODELS, N_ROWS), z, y, weights


def gradient_of(loss, z, y, weights):
    trace = loss.new_trace()
    targets = loss.new_targets(y)
    loss.encode(y, targets)
    loss.forward(z, trace)
    return loss.backward(targets, weights).copy(), trace


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("name", KINDS)
def test_values_and_gradients_are_torchs(name, weighted):
    loss, z, y, weights = make(name)
    gradient, trace = gradient_of(loss, z, y, weights if weighted else None)
    variance = loss.variance_of(y[0], None)
    found, _ = loss.rows(trace, y, None if variance is None else variance[None])
    assert_allclose(found, loss.row_losses(z, y), rtol=1e-13)
    for k in range(N_MODELS):
        outputs = torch.tensor(z[k], requires_grad=True)
        expected = TORCH[name](outputs, torch.tensor(y[k]))
        w = torch.tensor(weights[k, :, 0]) if weighted else 1
        (w * expected).sum().div(N_ROWS).backward()
        assert_allclose(found[k], expected.detach(), rtol=1e-12, atol=1e-12)
        assert_allclose(gradient[k], outputs.grad, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("name", KINDS)
def test_gradients_are_those_of_finite_differences(name):
    loss, z, y, weights = make(name, seed=1)

    def value(flat):
        return (weights[:, :, 0] * loss.row_losses(flat.reshape(z.shape), y)).sum() / N_ROWS

    def gradient(flat):
        return gradient_of(loss, flat.reshape(z.shape), y, weights)[0].ravel()

    assert check_grad(value, gradient, z.ravel(), epsilon=1e-7) < 1e-5


@pytest.mark.parametrize("name", KINDS)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_models_have_the_bits_that_they_have_alone(name, dtype):
    loss, z, y, weights = make(name)
    y = y if y.dtype.kind == "i" else y.astype(dtype)
    plan = replace(loss.plan, dtype=np.dtype(dtype))

    def run(k):
        part = z[k].astype(dtype), y[k], weights[k].astype(dtype)
        one = type(loss)([plan] * len(part[0]), N_ROWS)
        gradient, trace = gradient_of(one, *part)
        assert gradient.dtype == dtype
        variance = one.variance_of(y[0], None)
        return gradient, *one.rows(trace, part[1], None if variance is None else variance[None])

    both = run(slice(None))
    for k in range(N_MODELS):
        for alone, together in zip(run(slice(k, k + 1)), both, strict=True):
            assert_array_equal(alone[0], together[k])


def test_label_smoothing_of_logistic_outputs():
    plan = Plan(NetworkSpec((4, 1)), "sigmoid_cross_entropy", label_smoothing=0.2)
    loss = LOSSES[plan.loss]([plan], 3)
    labels = np.array([[0, 1, 1]])
    targets = loss.new_targets(labels)
    loss.encode(labels, targets)
    assert_allclose(targets[0, :, 0], [0.1, 0.9, 0.9])
    z = np.array([[[-1.0], [0.5], [30.0]]])
    expected = functional.binary_cross_entropy_with_logits(
        torch.tensor(z), torch.tensor(targets), reduction="none"
    )
    assert_allclose(loss.row_losses(z, labels), expected[:, :, 0], rtol=1e-12)


@pytest.mark.parametrize("name", ["sigmoid_cross_entropy", "poisson", "gamma", "gaussian"])
def test_large_outputs_of_right_predictions_cost_nothing_else(name):
    """Neither overflow nor NaN where the result is finite."""
    plan = Plan(NetworkSpec((1, 2 if name == "gaussian" else 1)), name)
    loss = LOSSES[name]([plan], 1)
    z, y, expected = {
        "sigmoid_cross_entropy": ([[[900.0]]], [[[1.0]]], 0.0),
        "poisson": ([[[-900.0]]], [[[0.0]]], 0.0),
        "gamma": ([[[600.0]]], [[[np.exp(600)]]], 601.0),
        "gaussian": ([[[0.0, 800.0]]], [[[5.0]]], 800.0),
    }[name]
    assert loss.row_losses(np.array(z), np.array(y))[0, 0] == pytest.approx(expected)


def test_shares_of_rows_add_up_to_scikit_learns_r2():
    rng = np.random.default_rng(0)
    y, p, w = rng.normal(size=(50, 3)), rng.normal(size=(50, 3)), rng.uniform(size=50)
    variance = LOSSES["squared_error"].variance_of(y, w)
    shares = r2_of_rows(p[None], y[None], variance[None])[0]
    assert np.average(shares, weights=w) == pytest.approx(r2_score(y, p, sample_weight=w))
    y[:, 1] = p[:, 1] = 3.0
    y[:, 2] = 3.0
    variance = LOSSES["squared_error"].variance_of(y, w)
    shares = r2_of_rows(p[None], y[None], variance[None])[0]
    assert np.average(shares, weights=w) == pytest.approx(r2_score(y, p, sample_weight=w))


def test_a_row_of_labels_is_a_hit_if_all_are_right():
    loss, z, y, _ = make("sigmoid_cross_entropy")
    hits = loss.rows((z,), y)[1]
    for k in range(N_MODELS):
        assert hits[k].mean() == accuracy_score(y[k].astype(int), (z[k] > 0).astype(int))


# ---------------------------------------------------------------------------------------
# whole fits


def fit(X, y, loss, *, weights=None, **settings):
    """Coefficients and intercept of a network without a hidden layer, by L-BFGS."""
    n_outputs = LOSSES[loss].count_outputs(1, len(settings.get("quantiles", ())))
    spec = NetworkSpec((X.shape[1], n_outputs))
    plan = Plan(spec, loss, solver="lbfgs", max_iter=3000, tol=1e-9, **settings)
    state = start([plan], [Streams([1, 2, 3, 4])])
    state = train(Problem(Rows(X, y[:, None], weights)), [plan], state)
    found = state.parameters
    return found.weights[0][0, :, 0], found.biases[0][0, 0, 0], state


@pytest.fixture
def rows():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(300, 4))
    weights = rng.uniform(0.1, 2, size=300)
    return X, X @ [0.5, -0.3, 0.2, 0.0], weights / weights.mean(), rng


def test_squared_error_is_ridge_regression(rows):
    X, y, weights, rng = rows
    y = y + rng.normal(size=300)
    theirs = Ridge(alpha=0.1 * 300).fit(X, y, sample_weight=weights)
    coef, intercept, _ = fit(X, y, "squared_error", weights=weights, l2=0.1)
    assert_allclose(coef, theirs.coef_, atol=1e-6)
    assert_allclose(intercept, theirs.intercept_, atol=1e-6)


@pytest.mark.parametrize(
    ("loss", "peer"), [("poisson", PoissonRegressor), ("gamma", GammaRegressor)]
)
def test_generalised_linear_models(loss, peer, rows):
    X, z, weights, rng = rows
    y = rng.poisson(np.exp(z)) if loss == "poisson" else rng.gamma(2, np.exp(z) / 2)
    y = y.astype(float)
    theirs = peer(alpha=0.05, tol=1e-10, max_iter=5000).fit(X, y, sample_weight=weights)
    coef, intercept, state = fit(X, y, loss, weights=weights, l2=0.05)
    assert_allclose(coef, theirs.coef_, atol=1e-5)
    assert_allclose(intercept, theirs.intercept_, atol=1e-5)
    assert_allclose(
        state.histories[0]["train_r2"][-1],
        r2_score(y, theirs.predict(X), sample_weight=weights),
        atol=1e-5,
    )


def test_a_quantile_is_that_of_linear_programming(rows):
    X, y, _, rng = rows
    y = y + rng.normal(size=300)
    theirs = QuantileRegressor(quantile=0.8, alpha=0.0).fit(X, y)
    plan = Plan(
        NetworkSpec((4, 1)), "quantile", (0.8,), batch_size=300, max_iter=4000,
        n_iter_no_change=np.inf, l2=0.0, learning_rate="cosine", learning_rate_init=0.05,
    )  # fmt: skip
    state = start([plan], [Streams([1, 2, 3, 4])])
    state = train(Problem(Rows(X, y[:, None])), [plan], state)
    assert_allclose(state.parameters.weights[0][0, :, 0], theirs.coef_, atol=0.02)
    least = np.mean(np.maximum(0.8 * (y - theirs.predict(X)), -0.2 * (y - theirs.predict(X))))
    assert state.histories[0]["train_loss"][-1] == pytest.approx(least, rel=1e-3)


def test_a_normal_distribution_is_found(rows):
    """Mean and spread of rows without features are those of the rows."""
    _, _, weights, rng = rows
    y = 3 + 2 * rng.normal(size=300)
    X = np.zeros((300, 1))
    _, _, state = fit(X, y, "gaussian", weights=weights, l2=0.0)
    found = state.parameters
    outputs = predict(NetworkSpec((1, 2)), found.arrays, X[:1])
    mean, sd = LOSSES["gaussian"].predict(outputs)[0, 0]
    expected = np.average(y, weights=weights)
    assert mean == pytest.approx(expected, abs=1e-4)
    assert sd == pytest.approx(np.sqrt(np.average((y - expected) ** 2, weights=weights)), abs=1e-4)
