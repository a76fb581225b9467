"""A batch's loss may be divided by another number than its rows, as a summed gradient asks."""

import numpy as np
import torch
from numpy.testing import assert_allclose

from sknn.backprop import SoftmaxCrossEntropy
from sknn.training import NetworkSpec, Plan


def test_gradient_is_that_of_the_divided_sum():
    rng = np.random.default_rng(0)
    logits, labels = rng.normal(size=(1, 3, 4)), np.array([2, 0, 3])
    loss = SoftmaxCrossEntropy([Plan(NetworkSpec((2, 4)), divisor=10)], n_rows=3)
    loss.forward(logits)
    ours = loss.backward(np.eye(4)[labels][None], None)
    theirs = torch.tensor(logits[0], requires_grad=True)
    summed = torch.nn.functional.cross_entropy(theirs, torch.tensor(labels), reduction="sum")
    (summed / 10).backward()
    assert_allclose(ours[0], theirs.grad.numpy(), rtol=1e-12, atol=1e-15)
