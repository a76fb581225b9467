"""Softmax and cross-entropy against SciPy, PyTorch and what must hold whatever the logits."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.testing import assert_allclose, assert_array_equal
from scipy import special
from torch.nn import functional

from sknn.backprop import SoftmaxCrossEntropy, cross_entropy, log_softmax, softmax
from sknn.backprop._cross_entropy import losses_and_hits
from sknn.training import NetworkSpec, Plan

HUGE = np.array([[[1e4, -1e4, 0.0], [1e4, 1e4, -1e4], [-1e4, -1e4, -1e4]]])
SHAPES = st.tuples(st.integers(1, 3), st.integers(1, 5), st.integers(2, 12))
LOGITS = SHAPES.flatmap(lambda shape: arrays(np.float64, shape, elements=st.floats(-300, 300)))


@given(LOGITS)
def test_softmax_and_log_softmax_equal_scipys(logits):
    before = logits.copy()
    assert_allclose(softmax(logits), special.softmax(logits, axis=-1), rtol=1e-12, atol=1e-300)
    expected = special.log_softmax(logits, axis=-1)
    assert_allclose(log_softmax(logits), expected, rtol=1e-12, atol=1e-13)
    assert np.array_equal(logits, before)


@given(LOGITS, st.floats(-1e3, 1e3))
def test_a_shift_of_all_logits_changes_nothing(logits, shift):
    # Shifted logits are rounded to about 1e-13, and so is what comes of them.
    assert_allclose(softmax(logits + shift), softmax(logits), rtol=1e-11, atol=1e-300)
    assert_allclose(log_softmax(logits + shift), log_softmax(logits), rtol=1e-11, atol=1e-11)
    labels = np.zeros((logits.shape[0], logits.shape[1]), int)
    assert_allclose(
        cross_entropy((logits + shift).mT, labels),
        cross_entropy(logits.mT, labels),
        rtol=1e-11,
        atol=1e-11,
    )


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_huge_logits_stay_finite(dtype):
    logits = HUGE.astype(dtype)
    with np.errstate(over="raise", invalid="raise", divide="raise"):
        p, log_p = softmax(logits), log_softmax(logits)
        losses = [cross_entropy(logits.mT, np.full((1, 3), label)) for label in range(3)]
        smoothed = cross_entropy(logits.mT, np.ones((1, 3), int), np.array([[[0.3]]], dtype))
    assert p.dtype == log_p.dtype == losses[0].dtype == smoothed.dtype == dtype
    assert p.tolist() == [[[1, 0, 0], [0.5, 0.5, 0], [pytest.approx(1 / 3)] * 3]]
    half, third = np.log([2, 3])
    assert_allclose(
        log_p[0], [[0, -2e4, -1e4], [-half, -half, -2e4 - half], [-third] * 3], rtol=1e-6
    )
    assert_allclose(-np.stack(losses, axis=2), log_p, rtol=1e-6)
    # ε = 0.3: 0.8 of the target for the label, 0.1 for each of the others.
    assert_allclose(
        smoothed[0], [0.8 * 2e4 + 0.1 * 1e4, half + 0.1 * 2e4, third], rtol=1e-6, atol=1e-6
    )


@pytest.mark.parametrize("smoothing", [None, [0.0, 0.1, 0.5]])
@pytest.mark.parametrize("n_classes", [2, 3, 11])
def test_cross_entropy_equals_torchs(smoothing, n_classes):
    rng = np.random.default_rng(0)
    logits = 5 * rng.normal(size=(3, n_classes, 8))
    labels = rng.integers(n_classes, size=(3, 8))
    given_smoothing = None if smoothing is None else np.array(smoothing)[:, None, None]
    loss = cross_entropy(logits, labels, given_smoothing)
    assert loss.shape == (3, 8)
    for model in range(3):
        expected = functional.cross_entropy(
            torch.tensor(logits[model].T),
            torch.tensor(labels[model]),
            reduction="none",
            label_smoothing=0.0 if smoothing is None else smoothing[model],
        )
        assert_allclose(loss[model], expected.numpy(), rtol=1e-12)


@pytest.mark.parametrize("n_classes", [2, 5])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("smoothing", [0.0, 0.2])
def test_gradient_is_that_of_torchs_mean_loss(n_classes, weighted, smoothing):
    """The weighted sum is divided by the number of rows, not by the weights' sum."""
    rng = np.random.default_rng(1)
    n_models, n_rows = 2, 6
    Z = 3 * rng.normal(size=(n_models, n_rows, n_classes))
    labels = rng.integers(n_classes, size=(n_models, n_rows))
    w = rng.uniform(0, 3, size=(n_models, n_rows, 1))
    targets = np.full(Z.shape, smoothing / n_classes)
    np.put_along_axis(targets, labels[:, :, None], 1 - smoothing + smoothing / n_classes, axis=2)

    loss = SoftmaxCrossEntropy([Plan(NetworkSpec((2, n_classes)))] * n_models, n_rows)
    for _ in range(2):  # buffers are used again
        p = loss.forward(Z)
        assert_allclose(p, special.softmax(Z, axis=-1), rtol=1e-13)
        gradient = loss.backward(targets, w if weighted else None)

    for model in range(n_models):
        z = torch.tensor(Z[model], requires_grad=True)
        each = functional.cross_entropy(
            z, torch.tensor(labels[model]), reduction="none", label_smoothing=smoothing
        )
        (
            each * torch.tensor(w[model, :, 0])
        ).mean().backward() if weighted else each.mean().backward()
        assert_allclose(gradient[model], z.grad.numpy(), rtol=1e-12, atol=1e-16)


@pytest.mark.parametrize("n_classes", [2, 4])
def test_hits_are_those_of_argmax_also_where_logits_tie(n_classes):
    """The first of equal logits wins; a neighbour full of NaN does not change that."""
    rng = np.random.default_rng(3)
    logits = rng.integers(3, size=(3, n_classes, 50)).astype(float)
    logits[0] = rng.normal(size=(n_classes, 50))
    labels = rng.integers(n_classes, size=(3, 50))
    for broken in (None, 0):
        if broken is not None:
            logits[broken] = np.nan
        shifted = logits - logits.max(axis=1, keepdims=True)
        sums = np.exp(shifted).sum(axis=1)
        for models in (slice(None), slice(0, 1), slice(1, 3)):
            _, hits = losses_and_hits(shifted[models], sums[models], labels[models])
            assert_array_equal(hits, logits[models].argmax(axis=1) == labels[models])


def test_a_tie_beside_a_broken_neighbour():
    """As many largest logits as rows, in all: two in one model's row, none in the other's."""
    shifted = np.array([[[0.0], [0.0]], [[np.nan], [np.nan]]])
    sums, labels = np.array([[2.0], [np.nan]]), np.array([[1], [1]])
    assert losses_and_hits(shifted, sums, labels)[1].tolist() == [[False], [False]]
