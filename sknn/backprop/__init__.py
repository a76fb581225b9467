"""Backpropagation in NumPy: the engine behind the estimators whose names begin with `Scratch`.

Written to be read; `README.md` in this folder gives the order. Every array has a leading axis of
K models, so one pass of the loop trains one network or a thousand.
"""

from ._activations import ACTIVATIONS, Activation, Identity, Logistic, ReLU, Tanh
from ._batches import Batch, Batches, Block
from ._blas import ONE_BLAS_THREAD as ONE_BLAS_THREAD
from ._cross_entropy import (
    SigmoidCrossEntropy,
    SoftmaxCrossEntropy,
    cross_entropy,
    log_softmax,
    softmax,
)
from ._engine import NumPyEngine, start
from ._initializers import draw_parameters, glorot_uniform
from ._layers import Dropout, Layer, Linear, SparseDropout, SparseLinear
from ._losses import Loss, r2_of_rows
from ._network import Sequential, build_network, predict
from ._objective import NetworkObjective, Objective
from ._optimizers import OPTIMIZERS, SGD, Adam, AdamW, Optimizer, RMSprop
from ._penalties import (
    L1,
    L2,
    Differentiable,
    GroupL1,
    Penalty,
    add_gradients,
    in_the_gradient,
    make_penalties,
    penalty_values,
)
from ._proximal import NEWTON_STEPS, GroupThreshold, ProximalStep
from ._regression_losses import (
    LOSSES,
    AbsoluteError,
    Gamma,
    GaussianNLL,
    Huber,
    Poisson,
    Quantile,
    SquaredError,
)
from ._row_stack import RowStack
from ._trainer import Run, train
from ._update import Update
from ._validation import Validation

__all__ = [
    "ACTIVATIONS",
    "L1",
    "L2",
    "LOSSES",
    "NEWTON_STEPS",
    "OPTIMIZERS",
    "SGD",
    "AbsoluteError",
    "Activation",
    "Adam",
    "AdamW",
    "Batch",
    "Batches",
    "Block",
    "Differentiable",
    "Dropout",
    "Gamma",
    "GaussianNLL",
    "GroupL1",
    "GroupThreshold",
    "Huber",
    "Identity",
    "Layer",
    "Linear",
    "Logistic",
    "Loss",
    "NetworkObjective",
    "NumPyEngine",
    "Objective",
    "Optimizer",
    "Penalty",
    "Poisson",
    "ProximalStep",
    "Quantile",
    "RMSprop",
    "ReLU",
    "RowStack",
    "Run",
    "Sequential",
    "SigmoidCrossEntropy",
    "SoftmaxCrossEntropy",
    "SparseDropout",
    "SparseLinear",
    "SquaredError",
    "Tanh",
    "Update",
    "Validation",
    "add_gradients",
    "build_network",
    "cross_entropy",
    "draw_parameters",
    "glorot_uniform",
    "in_the_gradient",
    "log_softmax",
    "make_penalties",
    "penalty_values",
    "predict",
    "r2_of_rows",
    "softmax",
    "start",
    "train",
]
