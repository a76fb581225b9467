"""An update: forward, loss, backward, penalties, step, for consecutive models of a stack."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from sknn.training import (
    IntArray,
    Parameters,
    Plan,
    TrainState,
    column,
)

from ._batches import Batch
from ._layers import Sequential
from ._losses import Loss
from ._network import build_network
from ._optimizers import OPTIMIZERS
from ._penalties import add_gradients, in_the_gradient, make_penalties
from ._regression_losses import LOSSES


class Update:
    """Consecutive models of a stack that see batches of one size at the same time.

    The first update of an epoch is one of all models. Where some have fewer rows than others, the
    rest of the epoch is made by another object of this class; all work on views into the stack's
    arrays.

    Parameters
    ----------
    models : slice
        Which models of the stack these are.
    plans : sequence of Plan
    state : TrainState
    gradients : Parameters
        Of the whole stack.
    is_sparse : bool
        Whether the rows are CSR matrices.

    Examples
    --------
    `plan` is that of `Plan`'s example. From zero weights, p is ½ for every row and class, and
    the gradient of the weights is the mean of x (½ - y):

    >>> import numpy as np
    >>> from sknn.backprop import Batches, RowStack, Update, start
    >>> from sknn.training import Parameters, Rows, Streams
    >>> rows = RowStack.of([Rows(np.array([[-1.0], [1.0]]), y=np.array([0, 1]))])
    >>> (block,) = Batches(rows, [plan]).epoch(None)
    >>> parameters, gradients = (Parameters.zeros(1, plan.spec.layout, float) for _ in range(2))
    >>> state = start([plan], [Streams([1, 2, 3, 4])], parameters)
    >>> update = Update(slice(0, 1), [plan], state, gradients, is_sparse=False)
    >>> update.begin_epoch(learning_rates=np.array([[0.1]]), n_updates=state.n_updates)
    >>> update.make(0, block.batches[0])
    >>> gradients.weights[0][0], parameters.weights[0][0]
    (array([[ 0.5, -0.5]]), array([[-0.05,  0.05]]))
    """

    def __init__(
        self,
        models: slice,
        plans: Sequence[Plan],
        state: TrainState,
        gradients: Parameters,
        is_sparse: bool,
    ) -> None:
        self.models, self.plans, self.is_sparse = models, plans[models], is_sparse
        self.parameters, self.gradients = state.parameters.view(models), gradients.view(models)
        self.buffers = state.buffers.view(models)
        self.generators = [streams.dropout for streams in state.streams[models]]
        slots = {name: slot[models] for name, slot in state.slots.items()}
        self.optimizer = OPTIMIZERS[self.plans[0].solver](
            self.plans, self.parameters, self.gradients, slots
        )
        self.penalties = in_the_gradient(make_penalties(self.plans), self.plans[0])
        self.max_grad_norm = column(self.plans, "max_grad_norm")
        self.is_clipped = np.isfinite(self.max_grad_norm)
        self.clips = bool(self.is_clipped.any())
        self.scratch = np.empty_like(self.parameters.values)
        weights_only = slice(0, self.gradients.n_weights)
        self.weights, self.grad_weights, self.scratch_weights = (
            array[:, weights_only]
            for array in (self.parameters.values, self.gradients.values, self.scratch)
        )
        sums = state.gradient_sums if self.plans[0].sums_gradients else None
        self.gradient_sums = None if sums is None else sums[models]
        self._by_size: dict[int, tuple[Sequential, Loss]] = {}

    def begin_epoch(self, learning_rates: NDArray[np.float64], n_updates: IntArray) -> None:
        """Prepare the coefficients of an epoch; rates are (n_steps, K), updates so far (K,)."""
        self.optimizer.begin_epoch(learning_rates[:, self.models], n_updates[self.models])

    def make(self, step: int, batch: Batch) -> None:
        """Make update `step` of the epoch, for every model on its own rows."""
        network, loss = self.laid_out(batch.n_rows)
        loss.forward(network.forward(batch.X), batch.trace)
        network.backward(loss.backward(batch.targets, batch.weights))
        if self.gradient_sums is not None:
            by_feature = self.plans[0].spec.by_feature(self.gradients.weights[0])
            self.gradient_sums += np.abs(by_feature).sum(axis=2)
        add_gradients(self.penalties, self.weights, self.grad_weights, self.scratch_weights)
        self._clip()
        self.optimizer.step(step)

    def end_epoch(self) -> None:
        """Called after the last update of an epoch."""
        self.optimizer.end_epoch()

    def laid_out(self, n_rows: int) -> tuple[Sequential, Loss]:
        """Network and loss for batches of `n_rows` rows."""
        if n_rows not in self._by_size:
            plan = self.plans[0]
            network = build_network(
                plan.spec,
                self.parameters.arrays | self.buffers.arrays,
                n_rows,
                self.gradients.arrays,
                list(zip(*(plan.dropout_rates for plan in self.plans), strict=True)),
                self.generators,
                sparse=self.is_sparse,
            )
            self._by_size[n_rows] = network, LOSSES[plan.loss](self.plans, n_rows)
        return self._by_size[n_rows]

    def _clip(self) -> None:
        """Shorten each model's gradient to `max_grad_norm`, where it is longer."""
        if self.clips:
            gradient = self.gradients.values
            np.multiply(gradient, gradient, out=self.scratch)
            norm = np.sqrt(np.add.reduce(self.scratch, axis=1, keepdims=True))
            # The small number is torch's, against a norm of zero.
            scale = np.minimum(self.max_grad_norm / (norm + 1e-6), 1.0)
            # A norm that overflows would stop the training without a word.
            scale[~np.isfinite(norm)] = np.nan
            np.multiply(gradient, scale, out=gradient, where=self.is_clipped)
