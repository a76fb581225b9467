"""What one writes with PyTorch where there is no estimator: a loop by hand, and plain skorch."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import torch
from skorch import NeuralNetClassifier
from torch import nn

from ._cases import Case

OPTIMIZERS = {"sgd": torch.optim.SGD, "adam": torch.optim.Adam}


def make_module(sizes: Sequence[int], dtype: torch.dtype) -> nn.Sequential:
    """Linear layers of these widths with ReLU between them, and logits at the end."""
    layers: list[nn.Module] = []
    for fan_in, fan_out in pairwise(sizes):
        layers += [nn.Linear(fan_in, fan_out, dtype=dtype), nn.ReLU()]
    return nn.Sequential(*layers[:-1])


def train_by_hand(case: Case, X: np.ndarray, y: np.ndarray) -> nn.Sequential:
    """Train by a loop that slices tensors; `y` holds class numbers."""
    rows, labels = torch.from_numpy(X), torch.from_numpy(y)
    module = make_module(_sizes(case, X, y), rows.dtype)
    optimizer = OPTIMIZERS[case.solver](module.parameters(), lr=case.learning_rate)
    criterion = nn.CrossEntropyLoss()
    for _ in range(case.epochs):
        order = torch.randperm(len(rows))
        for start in range(0, len(rows), case.batch_size):
            batch = order[start : start + case.batch_size]
            loss = criterion(module(rows[batch]), labels[batch])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    return module


def train_by_skorch(case: Case, X: np.ndarray, y: np.ndarray) -> nn.Sequential:
    """Train by skorch as it comes, but for its printing and its validation split."""
    net = NeuralNetClassifier(
        make_module,
        module__sizes=_sizes(case, X, y),
        module__dtype=torch.from_numpy(X).dtype,
        criterion=nn.CrossEntropyLoss,
        optimizer=OPTIMIZERS[case.solver],
        lr=case.learning_rate,
        max_epochs=case.epochs,
        batch_size=case.batch_size,
        iterator_train__shuffle=True,
        train_split=None,
        callbacks__print_log=None,
        verbose=0,
    )
    return net.fit(X, y).module_


def _sizes(case: Case, X: np.ndarray, y: np.ndarray) -> tuple[int, ...]:
    return X.shape[1], *case.hidden, int(y.max()) + 1
