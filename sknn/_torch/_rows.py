"""Table rows as PyTorch sees them: tensors that stay where the network is, in batches.

Skorch's own way fetches row by row. Here a block of shuffled rows is gathered at once and cut into
batches, and nothing waits for the device until an epoch is over.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from scipy.sparse import issparse
from skorch.dataset import Dataset
from torch import Tensor

from sknn.training import batch_sizes, draw_orders

# Numbers that a gathered block of batches may hold.
BLOCK_NUMBERS = 1_000_000
# Prediction cuts its rows into chunks of this one size; wide sparse rows that become dense chunk by
# chunk, into smaller ones.
PREDICTION_ROWS = 8_192


def torch_dtype(dtype: np.dtype) -> torch.dtype:
    """PyTorch's name of a NumPy dtype."""
    return torch.float32 if dtype == np.float32 else torch.float64


def find_device(device: str | int, dtype: torch.dtype) -> torch.device:
    """The device that a parameter means.

    Raises
    ------
    ValueError
        If there is no such device here, or it cannot compute in `dtype`.
    """
    if device == "auto":
        if torch.cuda.is_available():
            return torch.device("cuda")
        if dtype is torch.float32 and torch.backends.mps.is_available():
            return torch.device("mps")
        return torch.device("cpu")
    try:
        name = device if isinstance(device, str) else f"cuda:{int(device)}"
        found = torch.device(name)
        torch.ones(1, dtype=dtype, device=found).cpu()
    except (RuntimeError, AssertionError, NotImplementedError, TypeError) as error:
        reason = str(error).partition("\n")[0]
        raise ValueError(
            "`device` must be 'auto', or a device that PyTorch has here and that computes in "
            f"{str(dtype).removeprefix('torch.')}, got {device!r}: {reason}"
        ) from error
    return found


@contextmanager
def own_modes(device: torch.device | str) -> Iterator[None]:
    """PyTorch and NumPy in the modes that training needs, whatever modes the caller has set.

    A module that is made inside `torch.inference_mode` could never be trained, and results must
    not depend on the caller's autocast or error states. All modes are the caller's again at the
    end.
    """
    no_autocast = torch.autocast(torch.device(device).type, enabled=False)
    with torch.inference_mode(False), torch.enable_grad(), no_autocast, np.errstate(all="ignore"):
        yield


def stays_sparse(X: Any, device: torch.device | str) -> bool:
    """Whether rows are multiplied as the CSR matrix that they are: SciPy does so on the CPU."""
    return issparse(X) and torch.device(device).type == "cpu"


def prediction_rows(X: Any, device: torch.device | str) -> int:
    """Rows in a chunk of a prediction."""
    is_sparse = issparse(X)
    if not is_sparse or stays_sparse(X, device):
        return PREDICTION_ROWS
    return max(1, min(PREDICTION_ROWS, BLOCK_NUMBERS // X.shape[1]))


@dataclass
class TensorRows(Dataset):
    """Rows on the device, as a dataset.

    Sparse rows stay what they are on the CPU; on another device they become dense block by block.

    Parameters
    ----------
    X : Tensor or CSR matrix of shape (n_rows, n_features)
    y : Tensor of int64 of shape (n_rows,), or of float of shape (n_rows, n_targets)
        Class numbers; or the numbers to predict, or indicators of labels.
    sample_weight : Tensor of shape (n_rows,) or None
    """

    X: Any
    y: Tensor
    sample_weight: Tensor | None = None

    @classmethod
    def of(
        cls, X: Any, y: Any, sample_weight: Any, device: torch.device | str, dtype: torch.dtype
    ) -> TensorRows:
        """Rows from arrays or tensors; without `y`, rows to predict."""
        is_sparse = issparse(X)
        if is_sparse:
            X.check_format()  # an index out of bounds would end the process
            X = X.tocsr().astype(str(dtype).removeprefix("torch."), copy=False)
        else:
            X = as_tensor(X, device, dtype)
        y = np.zeros(X.shape[0], np.int64) if y is None else y
        y_dtype = torch.int64 if len(y.shape) == 1 else dtype  # classes, or numbers
        weights = None if sample_weight is None else as_tensor(sample_weight, device, dtype)
        return cls(X, as_tensor(y, device, y_dtype), weights)

    def __len__(self) -> int:
        return len(self.y)

    def __getitem__(self, index: int) -> tuple[Any, Tensor]:
        X, y, weights = self.take(slice(index, index + 1))
        X = X if isinstance(X, Tensor) else torch.from_numpy(X.toarray())
        return pack(X[0], None if weights is None else weights[0]), y[0]

    @property
    def stays_sparse(self) -> bool:
        """Whether batches of these rows are CSR matrices."""
        return stays_sparse(self.X, self.y.device)

    def take(self, part: slice | Tensor) -> tuple[Any, Tensor, Tensor | None]:
        """Some of the rows: X, y and weights."""
        if isinstance(self.X, Tensor):
            X: Any = _take(self.X, part)
        else:
            X = self.X[part if isinstance(part, slice) else part.cpu().numpy()]
            if not self.stays_sparse:
                X = torch.from_numpy(X.toarray()).to(self.y.device)
        weights = self.sample_weight
        return X, _take(self.y, part), None if weights is None else _take(weights, part)


def _take(column: Tensor, part: slice | Tensor) -> Tensor:
    return column[part] if isinstance(part, slice) else column.index_select(0, part)


def as_tensor(array: Any, device: torch.device | str, dtype: torch.dtype) -> Tensor:
    """A tensor of `array`, sharing its memory where that is possible."""
    if isinstance(array, Tensor):
        return array.to(device, dtype)
    array = np.ascontiguousarray(array)
    array = array.astype(array.dtype.newbyteorder("="), copy=False)
    if array.flags.writeable:
        return torch.from_numpy(array).to(device, dtype)
    with warnings.catch_warnings():
        # Arrays that worker processes share are read-only; so is all that happens to them here.
        warnings.filterwarnings("ignore", "The given NumPy array is not writable")
        return torch.from_numpy(array).to(device, dtype)


def pack(X: Any, weights: Tensor | None) -> Any:
    """Rows and their weights in one, in the form that skorch's users know."""
    return X if weights is None else {"X": X, "sample_weight": weights}


def unpack(packed: Any) -> tuple[Any, Any]:
    """Rows and their weights, or None."""
    if isinstance(packed, Mapping):
        return packed["X"], packed.get("sample_weight")
    return packed, None


class TensorBatches:
    """Rows in batches, epoch after epoch: slices of blocks that are gathered at once.

    Parameters
    ----------
    rows : TensorRows
    batch_size : int
    order : numpy.random.Generator, optional
        Where each epoch's order comes from; not given, the rows keep their own.
    """

    def __init__(
        self, rows: TensorRows, batch_size: int, order: np.random.Generator | None = None
    ) -> None:
        self.dataset, self.batch_size = rows, batch_size
        # One batch of all rows has no order, as in the NumPy engine.
        self.order = order if batch_size < len(rows) else None
        self.sizes = batch_sizes(len(rows), batch_size)
        batch_numbers = max(1, batch_size * rows.X.shape[1])
        self.block_rows = batch_size * max(1, BLOCK_NUMBERS // batch_numbers)

    def __iter__(self) -> Iterator[tuple[Any, Tensor]]:
        rows, size = self.dataset, self.batch_size
        order = None
        if self.order is not None:
            order = torch.from_numpy(draw_orders([self.order], len(rows))[0]).to(rows.y.device)
        for start in range(0, len(rows), self.block_rows):
            block = slice(start, start + self.block_rows)
            X, y, weights = rows.take(block if order is None else order[block])
            parts = X.split(size) if isinstance(X, Tensor) else _split(X, size)
            if weights is not None:
                parts = map(pack, parts, weights.split(size))
            yield from zip(parts, y.split(size), strict=True)


def _split(X: Any, size: int) -> Iterator[Any]:
    """A CSR matrix cut into batches, as `Tensor.split` cuts a tensor."""
    if X.shape[0] <= size:
        yield X
        return
    for start in range(0, X.shape[0], size):
        yield X[start : start + size]
