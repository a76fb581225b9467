"""What the producers study trains."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler

from sknn.estimators import ScratchMLPClassifier
from sknn.preprocessing import ColumnNormScaler
from sknn.studies._training import Engine, classifier_of
from sknn.training import Plan


@dataclass(frozen=True)
class Model:
    """A row of the study's table of models: what its network has of its own.

    `scaler` is the class of its scaler, `most_epochs` how many are enough.
    """

    name: str
    title: str
    settings: dict[str, Any]
    scaler: type[Any] = ColumnNormScaler
    most_epochs: int | None = None

    def epochs(self, asked: int) -> int:
        """How many epochs it is trained for."""
        return asked if self.most_epochs is None else min(asked, self.most_epochs)


# The document sums its gradient over a batch of 10; sknn takes the mean.
_DESCENT = {
    "solver": "sgd",
    "learning_rate_init": 0.1,
    "momentum": 0.0,
    "nesterovs_momentum": False,
    # λ sign(W), as the document has it.
    "l1_method": "subgradient",
}

MODELS = (
    Model("none", "no penalty", {**_DESCENT, "l1": 0.0, "l2": 0.0}),
    Model("l2", "L2 penalty", {**_DESCENT, "l1": 0.0, "l2": 0.008}),
    Model("l1", "L1 penalty", {**_DESCENT, "l1": 0.0008, "l2": 0.0}),
)

ALTERNATIVES = (
    Model(
        "adam",
        "StandardScaler and Adam",
        {"solver": "adam", "learning_rate_init": 0.001, "l2": 0.0},
        scaler=StandardScaler,
        most_epochs=50,
    ),
    Model(
        "l1_prox",
        "L1 by prox and cosine",
        {**_DESCENT, "l1": 0.0008, "l2": 0.0, "l1_method": "prox", "learning_rate": "cosine"},
    ),
)


class SummedGradientMLPClassifier(ScratchMLPClassifier):
    """The document's network: a batch's step is that of its summed gradient.

    A batch that is smaller than the others then makes a smaller step.
    """

    def _adjusted(self, plan: Plan) -> Plan:
        return replace(plan, divisor=plan.batch_size)


def network_class(model: Model, engine: Engine, last_batch: str) -> type[Any]:
    """The classifier that trains a model."""
    if last_batch == "mean" or model.settings["solver"] != "sgd":
        return classifier_of(engine)
    if engine == "scratch":
        return SummedGradientMLPClassifier
    # Loads PyTorch.
    from sknn.studies._producers_torch import SummedGradientTorchMLPClassifier

    return SummedGradientTorchMLPClassifier


def pipeline_of(model: Model, engine: Engine, seed: int, epochs: int, last_batch: str) -> Pipeline:
    """Scaler and network of a model, not fitted yet."""
    mlp = network_class(model, engine, last_batch)(
        hidden_layer_sizes=(128, 128),
        batch_size=10,
        max_iter=epochs,
        # As many epochs as asked for: no stop on convergence.
        n_iter_no_change=np.inf,
        record="batch",
        random_state=seed,
        **model.settings,
    )
    # The validation rows go through the same scaler as the training rows, and on to `fit`.
    mlp.set_fit_request(X_val=True, y_val=True)
    return Pipeline([("scale", model.scaler()), ("mlp", mlp)], transform_input=["X_val"])
