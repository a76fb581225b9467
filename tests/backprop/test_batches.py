"""Batches: which rows come when, and that everything that belongs to a row comes with it."""

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse

from sknn.backprop import Batches, RowStack
from sknn.training import NetworkSpec, Plan, Rows, draw_orders

N_CLASSES = 3
KINDS = [(False, False), (False, True), (True, False), (True, True)]


def make_rows(n, *, is_sparse=False, weighted=False, dtype=np.float64, width=4):
    """Rows that name themselves: X[i] = (i, -i, 1, 0…), label i % 3, weight i + 1."""
    number = np.arange(n)
    X = np.zeros((n, width), dtype)
    X[:, 0], X[:, 1], X[:, 2] = number, -number, 1
    return Rows(
        sparse.csr_array(X) if is_sparse else X,
        (number % N_CLASSES).astype(np.intp),
        (number + 1).astype(dtype) if weighted else None,
    )


def make_batches(rows, batch_size, n_models=2, smoothing=None, dtype=np.float64):
    plan = Plan(
        NetworkSpec((rows.X.shape[1], N_CLASSES)), batch_size=batch_size, dtype=np.dtype(dtype)
    )
    shares = [0.0] * n_models if smoothing is None else smoothing
    plans = [replace(plan, label_smoothing=share) for share in shares]
    return Batches(RowStack.of([rows] * n_models), plans)


def dense(X, n_models):
    """A batch's rows as an array of shape (K, B, d)."""
    if not isinstance(X, np.ndarray):
        X = np.stack([rows.toarray() for rows in X])
    return np.broadcast_to(X, (n_models, *X.shape[1:]))


def visit(batches, orders, n_models=2):
    """What one epoch shows: row numbers (K, n) in order of visit, and the sizes of batches."""
    visited, sizes = [], []
    for block in batches.epoch(orders):
        n_block = 0
        for batch in block.batches:
            X = dense(batch.X, n_models)
            assert X.shape[1] == batch.n_rows
            numbers = X[:, :, 0].astype(int)
            part = slice(n_block, n_block + batch.n_rows)
            n_block = part.stop
            labels = np.broadcast_to(block.truth, (n_models, block.truth.shape[1]))[:, part]
            # Everything that belongs to a row comes with it.
            assert_array_equal(X[:, :, 1], -numbers)
            assert_array_equal(X[:, :, 2], 1)
            assert_array_equal(labels, numbers % N_CLASSES)
            assert_array_equal(batch.targets.argmax(axis=2), numbers % N_CLASSES)
            assert batch.targets.shape == (n_models, batch.n_rows, N_CLASSES)
            if batches.rows.weights is None:
                assert batch.weights is None
                assert block.weights is None
            else:
                assert batch.weights.shape == (n_models, batch.n_rows, 1)
                assert_array_equal(batch.weights[:, :, 0], numbers + 1)
                assert_array_equal(block.weights[:, part], numbers + 1)
            visited.append(numbers)
            sizes.append(batch.n_rows)
        assert n_block == block.truth.shape[1] == block.trace[0].shape[1]
    return np.concatenate(visited, axis=1), sizes


@pytest.mark.parametrize(("is_sparse", "weighted"), KINDS)
@pytest.mark.parametrize(
    ("n", "batch_size"), [(23, 5), (20, 5), (23, 1), (23, 22), (23, 23), (1, 1), (4003, 10)]
)
def test_rows_come_in_the_given_order(n, batch_size, is_sparse, weighted):
    """The longest case does not fit into one block."""
    batches = make_batches(make_rows(n, is_sparse=is_sparse, weighted=weighted), batch_size)
    whole, rest = divmod(n, batch_size)
    expected = [batch_size] * whole + [rest] * bool(rest)
    assert batches.sizes == [expected] * 2
    for seed in (0, 10):
        orders = draw_orders([np.random.default_rng(seed), np.random.default_rng(seed + 1)], n)
        visited, sizes = visit(batches, orders)
        assert sizes == expected
        assert_array_equal(visited, orders)


def test_many_rows_make_several_blocks():
    batches = make_batches(make_rows(4003), 10)
    orders = draw_orders([np.random.default_rng(k) for k in (0, 1)], 4003)
    sizes = [[batch.n_rows for batch in block.batches] for block in batches.epoch(orders)]
    assert len(sizes) > 1
    assert {size for block in sizes[:-1] for size in block} == {10}, "the ragged one is the last"
    assert sizes[-1][-1] == 3


def test_a_batch_larger_than_a_block():
    rows = make_rows(2500, width=40)
    batches = make_batches(rows, 1200)
    orders = draw_orders([np.random.default_rng(k) for k in (0, 1)], 2500)
    visited, sizes = visit(batches, orders)
    assert sizes == [1200, 1200, 100]
    assert_array_equal(visited, orders)


@given(
    st.integers(1, 60),
    st.integers(1, 70),
    st.integers(1, 3),
    st.sampled_from([1, 100, 1000, 10**6]),
    st.integers(0, 99),
)
@settings(max_examples=60)
def test_every_row_once(n, batch_size, n_models, block_bytes, seed):
    """Whatever the sizes of table, batch, stack and block."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sknn.backprop._batches.BLOCK_BYTES", block_bytes)
        batches = make_batches(make_rows(n, weighted=True), min(batch_size, n), n_models)
        orders = draw_orders([np.random.default_rng(seed + k) for k in range(n_models)], n)
        visited, sizes = visit(batches, orders, n_models)
    assert sum(sizes) == n
    assert all(Counter(row) == Counter(range(n)) for row in visited.tolist())
    assert_array_equal(visited, orders)


@pytest.mark.parametrize(("is_sparse", "weighted"), KINDS)
def test_unshuffled_rows_keep_their_order(is_sparse, weighted):
    batches = make_batches(make_rows(23, is_sparse=is_sparse, weighted=weighted), 5)
    for _ in range(2):
        visited, sizes = visit(batches, None)
        assert sizes == [5, 5, 5, 5, 3]
        assert_array_equal(visited, np.broadcast_to(np.arange(23), (2, 23)))


def test_unshuffled_rows_are_not_copied():
    rows = make_rows(23, weighted=True)
    for block in make_batches(rows, 5).epoch(None):
        assert all(np.shares_memory(batch.X, rows.X) for batch in block.batches)


def test_shuffled_batches_share_nothing_with_the_table():
    rows = make_rows(23)
    orders = draw_orders([np.random.default_rng(0)] * 2, 23)
    for block in make_batches(rows, 5).epoch(orders):
        for batch in block.batches:
            assert not np.shares_memory(batch.X, rows.X)
            batch.X[...] = -1
    assert_array_equal(rows.X[:, 0], np.arange(23))


@pytest.mark.parametrize("shuffled", [False, True])
@pytest.mark.parametrize("is_sparse", [False, True])
@pytest.mark.parametrize("n", [23, 4003])
def test_what_batches_leave_behind_stands_beside_their_rows_labels(shuffled, is_sparse, n):
    """What a batch's views are filled with is read, for all of the block at once, from its own."""
    batches = make_batches(make_rows(n, is_sparse=is_sparse), 5)
    orders = draw_orders([np.random.default_rng(k) for k in (0, 1)], n) if shuffled else None
    visited = []
    for block in batches.epoch(orders):
        shifted, sums = block.trace
        shifted[...] = sums[...] = np.nan
        for batch in block.batches:
            logits, ones = batch.trace
            assert logits.shape == batch.targets.shape == (2, batch.n_rows, N_CLASSES)
            assert ones.shape == (2, batch.n_rows, 1)
            numbers = dense(batch.X, 2)[:, :, 0]
            model = np.array([[[0.25]], [[0.5]]])
            logits[...] = numbers[:, :, None] + model + 1e6 * np.arange(N_CLASSES)
            ones[...] = numbers[:, :, None] + model
        found = shifted.mT
        assert_array_equal(sums[:, :, 0], found[:, 0])
        assert found.shape == (2, N_CLASSES, block.truth.shape[1])
        numbers = np.floor(found[:, 0])
        for k, model in enumerate((0.25, 0.5)):
            for c in range(N_CLASSES):
                assert_array_equal(found[k, c], numbers[k] + model + 1e6 * c)
        assert_array_equal(numbers % N_CLASSES, np.broadcast_to(block.truth, numbers.shape))
        visited.append(numbers)
    expected = np.broadcast_to(np.arange(n), (2, n)) if orders is None else orders
    assert_array_equal(np.concatenate(visited, axis=1), expected)


@pytest.mark.parametrize("shuffled", [False, True])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_label_smoothing(shuffled, dtype):
    """Each model has its own share; 0 leaves one-hot targets, to the bit."""
    rows = make_rows(7, dtype=dtype)
    batches = make_batches(rows, 3, smoothing=[0.3, 0.0], dtype=dtype)
    orders = np.stack([np.arange(7), np.arange(7)[::-1]]) if shuffled else None
    for _ in range(2):
        found = np.concatenate(
            [batch.targets for block in batches.epoch(orders) for batch in block.batches], axis=1
        )
        labels = np.arange(7) % 3
        assert found.dtype == dtype
        for i, label in enumerate(labels):
            target = [0.1, 0.1, 0.1]
            target[label] = 0.8
            assert_allclose(found[0, i], target, rtol=1e-6)
        one_hot = np.eye(3)[labels[::-1] if shuffled else labels]
        assert_array_equal(found[1], one_hot)


def test_each_model_has_its_own_order():
    orders = draw_orders([np.random.default_rng(3), np.random.default_rng(4)], 50)
    assert (orders[0] != orders[1]).any()
    for seed, order in zip((3, 4), orders, strict=True):
        assert_array_equal(order, np.random.default_rng(seed).permutation(50))
        assert_array_equal(np.sort(order), np.arange(50))
