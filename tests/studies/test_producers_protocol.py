"""The producers study against a loop that shares no code with it, and against the re-run."""

import numpy as np
import pytest
from sklearn.datasets import load_wine
from sklearn.model_selection import train_test_split
from threadpoolctl import threadpool_limits

from sknn.studies import producers
from sknn.studies._producers_protocol import MODELS, network_class


@pytest.mark.slow
@pytest.mark.parametrize("last_batch", ["sum", "mean"])
def test_accuracies_of_a_plain_loop_are_alike(last_batch):
    with threadpool_limits(1):
        result = producers(seeds=6, epochs=120, last_batch=last_batch)
        # The divisor of the last batch is one thing for all penalties.
        for model in result.models if last_batch == "sum" else [result["l1"]]:
            l1, l2 = model.parameters["l1"], model.parameters["l2"]
            theirs = plain_loop(n_runs=6, epochs=120, l1=l1, l2=l2, last_batch=last_batch)
            ours = model.curves["valid_accuracy"]
            # Averages over 6 runs × 60 epochs. Twelve other runs differ by 0.018 at most; biases
            # that start from zero, by 0.04.
            assert ours[:, :60].mean() == pytest.approx(theirs[:, :60].mean(), abs=0.035)
            assert ours[:, 60:].mean() == pytest.approx(theirs[:, 60:].mean(), abs=0.035)


@pytest.mark.slow
def test_the_whole_study_comes_out_like_the_independent_rerun():
    result = producers(seeds=2, epochs=1000, n_jobs=2)
    for model in result.models:
        # One epoch's accuracy jumps about; the middle of the last hundred does not.
        settled = np.median(model.curves["valid_accuracy"][:, 900:])
        assert settled == pytest.approx(model.rerun.mean, abs=0.05)
        assert len(model.history) == 1000
    none = result["none"]
    assert 0.91 <= none.accuracy.lowest <= none.accuracy.highest <= 0.98
    # Without a penalty the training rows are learned by heart, and the test loss rises again.
    assert np.median(none.curves["train_loss"][:, 900:]) < 0.02
    assert 200 < none.turning_epoch < 700
    assert none.overfit.lowest > 1.2
    # With one, they are not.
    assert np.median(result["l2"].curves["train_loss"][:, 900:]) > 0.1
    weights = np.abs(np.concatenate([w.ravel() for w in result["l1"].pipeline[-1].coefs_]))
    assert np.mean(weights < 1e-3) > 0.5


@pytest.mark.parametrize("engine", ["scratch", "torch"])
def test_a_ragged_batch_makes_the_step_of_its_sum(engine):
    """Three rows are a batch of two and one of one row, whose sum is divided by 2 or by 1.

    From equal weights, the last step of the one kind is half of that of the other.
    """
    X, y = np.array([[1.0], [2.0], [-1.0]]), np.array([0, 1, 2])
    fixed = {"solver": "sgd", "learning_rate_init": 0.1, "momentum": 0.0, "l2": 0.0}
    fixed |= {"batch_size": 2, "max_iter": 1, "n_iter_no_change": np.inf, "shuffle": False}

    def network(last_batch):
        made = network_class(MODELS[0], engine, last_batch)((), **fixed, random_state=0)
        return made.set_params(device="cpu") if engine == "torch" else made

    summed, mean = (np.vstack([m.coefs_[0], m.intercepts_]) for m in (
        network(last_batch).fit(X, y) for last_batch in ("sum", "mean")
    ))  # fmt: skip
    # What both have come to before the last row: twice the one less the other.
    W, b = np.split(2 * summed - mean, 2)
    scores = np.exp(X[2] @ W + b)
    gradient = np.outer([*X[2], 1.0], scores[0] / scores.sum() - [0, 0, 1])
    np.testing.assert_allclose(mean - (2 * summed - mean), -0.1 * gradient, atol=1e-12)


def plain_loop(*, n_runs, epochs, l1, l2, last_batch):
    """Test accuracy (n_runs, epochs) of networks 13-128-128-3, written out by hand."""
    X, y = load_wine(return_X_y=True)
    X, X_test, y, y_test = train_test_split(X, y, test_size=0.25, random_state=0)
    norms = np.sqrt((X**2).sum(axis=0))
    X, X_test, targets = X / norms, X_test / norms, np.eye(3)[y]
    accuracies = np.empty((n_runs, epochs))
    for run in range(n_runs):
        rng = np.random.default_rng(1000 + run)
        bounds = [np.sqrt(6 / (a + b)) for a, b in ((13, 128), (128, 128), (128, 3))]
        shapes = [(13, 128), (128, 128), (128, 3)]
        W1, W2, W3 = (rng.uniform(-b, b, s) for b, s in zip(bounds, shapes, strict=True))
        b1, b2, b3 = (rng.uniform(-b, b, s[1]) for b, s in zip(bounds, shapes, strict=True))
        for epoch in range(epochs):
            order = rng.permutation(len(X))
            for start in range(0, len(X), 10):
                batch = order[start : start + 10]
                x0 = X[batch]
                x1 = np.maximum(x0 @ W1 + b1, 0)
                x2 = np.maximum(x1 @ W2 + b2, 0)
                z = x2 @ W3 + b3
                p = np.exp(z - z.max(axis=1, keepdims=True))
                divisor = 10 if last_batch == "sum" else len(batch)
                d3 = (p / p.sum(axis=1, keepdims=True) - targets[batch]) / divisor
                d2 = d3 @ W3.T * (x2 > 0)
                d1 = d2 @ W2.T * (x1 > 0)
                W3 -= 0.1 * (x2.T @ d3 + l2 * W3 + l1 * np.sign(W3))
                W2 -= 0.1 * (x1.T @ d2 + l2 * W2 + l1 * np.sign(W2))
                W1 -= 0.1 * (x0.T @ d1 + l2 * W1 + l1 * np.sign(W1))
                b3 -= 0.1 * d3.sum(axis=0)
                b2 -= 0.1 * d2.sum(axis=0)
                b1 -= 0.1 * d1.sum(axis=0)
            hidden = np.maximum(np.maximum(X_test @ W1 + b1, 0) @ W2 + b2, 0)
            accuracies[run, epoch] = ((hidden @ W3 + b3).argmax(axis=1) == y_test).mean()
    return accuracies
