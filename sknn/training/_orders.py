"""The order in which rows are visited, and the batches that they are cut into."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ._layout import IntArray


def draw_orders(generators: Sequence[np.random.Generator], n_rows: int | IntArray) -> IntArray:
    """A fresh random order of the rows for every model, shape (K, most rows).

    `n_rows` is one number, or one of each model; who has fewer rows has zeros at the end.

    Examples
    --------
    >>> import numpy as np
    >>> from sknn.training import draw_orders
    >>> orders = draw_orders([np.random.default_rng(seed) for seed in (0, 1)], np.array([4, 2]))
    >>> np.sort(orders[0]), np.sort(orders[1, :2]), orders[1, 2:]
    (array([0, 1, 2, 3]), array([0, 1]), array([0, 0]))
    """
    sizes = np.broadcast_to(n_rows, len(generators))
    orders = np.zeros((len(sizes), sizes.max()), np.intp)
    for order, generator, size in zip(orders, generators, sizes, strict=True):
        order[:size] = generator.permutation(int(size))
    return orders


def batch_sizes(n_rows: int, batch_size: int) -> list[int]:
    """The sizes of the batches that rows are cut into; the last may be smaller.

    Examples
    --------
    >>> from sknn.training import batch_sizes
    >>> batch_sizes(n_rows=5, batch_size=2), batch_sizes(n_rows=4, batch_size=2)
    ([2, 2, 1], [2, 2])
    """
    whole, rest = divmod(n_rows, batch_size)
    return [batch_size] * whole + [rest] * (rest > 0)
