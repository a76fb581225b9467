"""The whole objective of a model as a function of a flat vector, for L-BFGS."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from sknn.training import Parameters, Plan, Problem, Tally

from ._batches import Batches
from ._network import build_network
from ._penalties import add_gradients, in_the_gradient, make_penalties, penalty_values
from ._regression_losses import LOSSES
from ._row_stack import RowStack
from ._validation import Validation


class Objective(ABC):
    """Value and gradient of mean loss plus penalties, as functions of a flat vector.

    What it saw at the last call, it remembers. A subclass computes the mean loss.

    Parameters
    ----------
    problem : Problem
    plan : Plan

    Attributes
    ----------
    values : ndarray of shape (n_params,)
        Where the last call was.
    tally : Tally
        Losses and scores of the training rows there.
    penalty : float
        The penalty terms there.

    Examples
    --------
    `plan` is that of `Plan`'s example. A mean loss that does not depend on the data, ½ Σ (θ - 1)²:

    >>> import numpy as np
    >>> from dataclasses import replace
    >>> from sknn.backprop import Objective
    >>> from sknn.training import Problem, Rows, Tally
    >>> class Bowl(Objective):
    ...     def differentiate(self):
    ...         self.gradients.values[...] = self.values - 1
    ...         tally = Tally(1)
    ...         loss = np.square(self.values - 1).sum() / 2
    ...         tally.add_rows(np.full((1, 2), loss), np.ones((1, 2)), weights=None)
    ...         return tally
    >>> problem = Problem(Rows(np.array([[-1.0], [1.0]]), np.array([0, 1])))
    >>> value, gradient = Bowl(problem, replace(plan, l2=0.5))(np.full(4, 2.0))
    >>> value, gradient  # penalties are of the two weights, not of the two biases
    (4.0, array([2., 2., 1., 1.]))
    """

    def __init__(self, problem: Problem, plan: Plan) -> None:
        self.plan = plan
        self.parameters = Parameters.zeros(1, plan.spec.layout, plan.dtype)
        self.gradients = Parameters.zeros(1, plan.spec.layout, plan.dtype)
        self.penalties = make_penalties([plan])
        self.in_the_gradient = in_the_gradient(self.penalties, plan)
        self.values = self.parameters.values[0]
        self.validation = None if problem.valid is None else Validation([problem.valid], [plan])
        self.tally = Tally(1)
        self.penalty = 0.0

    @abstractmethod
    def differentiate(self) -> Tally:
        """Losses and scores of the training rows; fills `gradients` with that of the mean loss."""

    def __call__(self, values: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        """Objective and gradient, shapes () and (P,), at `values` (P,)."""
        self.values[...] = values
        self.tally = self.differentiate()
        weights_only = slice(0, self.parameters.n_weights)
        weights = self.parameters.values[:, weights_only]
        gradient = self.gradients.values[:, weights_only]
        add_gradients(self.in_the_gradient, weights, gradient, scratch=np.empty_like(weights))
        self.penalty = float(penalty_values(self.penalties, self.parameters)[0])
        value = float(self.tally.mean_loss[0]) + self.penalty
        return value, self.gradients.values[0].astype(np.float64)

    def validate(self, parameters: Parameters) -> Tally | None:
        """Losses and scores of the validation rows, if there are any, with other parameters."""
        return None if self.validation is None else self.validation.evaluate(parameters.arrays)


class NetworkObjective(Objective):
    """The objective of a network, with gradients by backpropagation.

    Examples
    --------
    `plan` is that of `Plan`'s example. At zero, p is ½:

    >>> import numpy as np
    >>> from sknn.backprop import NetworkObjective
    >>> from sknn.training import Problem, Rows
    >>> problem = Problem(Rows(np.array([[-1.0], [1.0]]), np.array([0, 1])))
    >>> value, gradient = NetworkObjective(problem, plan)(np.zeros(4))
    >>> round(float(np.exp(-value)), 3), gradient
    (0.5, array([ 0.5, -0.5,  0. ,  0. ]))
    """

    def __init__(self, problem: Problem, plan: Plan) -> None:
        super().__init__(problem, plan)
        rows = problem.train
        plan = replace(plan, batch_size=len(rows), divisor=None)
        self.block = next(Batches(RowStack.of([rows]), [plan]).epoch(None))
        self.network = build_network(
            plan.spec,
            self.parameters.arrays,
            len(rows),
            self.gradients.arrays,
            sparse=rows.is_sparse,
        )
        self.loss = LOSSES[plan.loss]([plan], len(rows))

    def differentiate(self) -> Tally:
        """Losses and scores of the training rows; fills `gradients` with that of the mean loss."""
        batch = self.block.batches[0]
        self.loss.forward(self.network.forward(batch.X), batch.trace)
        self.network.backward(self.loss.backward(batch.targets, batch.weights))
        tally = Tally(1, keep_rows=self.plan.record == "batch")
        tally.add_rows(*self.block.rows(), self.block.weights)
        return tally
