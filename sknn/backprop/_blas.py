"""BLAS threads: one for every training that more of them would only slow down.

The bits of a product depend on the number of threads that compute it. What is decided here depends
on the network alone, so that a model trains alike by itself and in a stack.
"""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from functools import cache
from itertools import pairwise
from threading import Lock
from typing import Any

from threadpoolctl import ThreadpoolController  # type: ignore[import-untyped]

from sknn.training import Plan

# Multiplications in the largest product of an update, below which further threads do not help:
# 200 rows between two layers of 550 units.
SMALL_PRODUCT = 2**26


@cache
def blas_libraries() -> ThreadpoolController:
    """The BLAS libraries of this process; finding them takes longer than a small fit."""
    return ThreadpoolController().select(user_api="blas")


class _OneBlasThread:
    """One BLAS thread for every thread of this process that trains.

    Some libraries keep their number of threads for the whole process, some for each thread that
    calls them. So all who enter set it, and the last to leave puts back what the first had found.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._n_inside = 0
        self._found: Any = None

    def __enter__(self) -> None:
        with self._lock:
            limits = blas_libraries().limit(limits=1)
            if self._n_inside == 0:
                self._found = limits
            self._n_inside += 1

    def __exit__(self, *exception: object) -> None:
        with self._lock:
            self._n_inside -= 1
            if self._n_inside == 0:
                self._found.restore_original_limits()


ONE_BLAS_THREAD = _OneBlasThread()


def blas_of(plan: Plan) -> AbstractContextManager[None]:
    """The BLAS threads that a network trains on: one, or for large ones as many as there are."""
    largest = max(fan_in * fan_out for fan_in, fan_out in pairwise(plan.spec.layer_sizes))
    return ONE_BLAS_THREAD if plan.batch_size * largest < SMALL_PRODUCT else nullcontext()
