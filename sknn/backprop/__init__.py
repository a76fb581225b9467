"""Backpropagation in NumPy: the engine behind `ScratchMLPClassifier`.

Written to be read; `README.md` in this folder gives the order. Every array has a leading axis of
K models, so one pass of the loop trains one network or a thousand.
"""

from ._activations import ACTIVATIONS, Activation, Identity, Logistic, ReLU, Tanh
from ._batches import Batch, Batches, Block, batch_sizes, draw_orders
from ._cross_entropy import (
    SigmoidCrossEntropy,
    SoftmaxCrossEntropy,
    cross_entropy,
    log_softmax,
    softmax,
)
from ._epoch import Epoch, EpochHook, note_epoch
from ._figures import Figures, Validation
from ._history import History
from ._initializers import draw_parameters, glorot_uniform
from ._lane import Lane
from ._layers import Dropout, Layer, Linear, SparseDropout, SparseLinear
from ._lbfgs import FlatObjective, Objective, minimize_lbfgs
from ._losses import Loss, r2_of_rows
from ._network import Sequential, build_network, predict_logits
from ._optimizers import OPTIMIZERS, SGD, Adam, AdamW, Optimizer, RMSprop
from ._parameters import Parameters
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
from ._plan import PER_MODEL, Plan, Problem, Rows, stack_key
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
from ._schedules import constant, cosine, invscaling, learning_rates, onecycle
from ._state import Checkpoint, Outcome, Streams, TrainState
from ._stopping import EarlyStopping
from ._trainer import Run, train

__all__ = [
    "ACTIVATIONS",
    "L1",
    "L2",
    "LOSSES",
    "NEWTON_STEPS",
    "OPTIMIZERS",
    "PER_MODEL",
    "SGD",
    "AbsoluteError",
    "Activation",
    "Adam",
    "AdamW",
    "Batch",
    "Batches",
    "Block",
    "Checkpoint",
    "Differentiable",
    "Dropout",
    "EarlyStopping",
    "Epoch",
    "EpochHook",
    "Figures",
    "FlatObjective",
    "Gamma",
    "GaussianNLL",
    "GroupL1",
    "GroupThreshold",
    "History",
    "Huber",
    "Identity",
    "Lane",
    "Layer",
    "Linear",
    "Logistic",
    "Loss",
    "Objective",
    "Optimizer",
    "Outcome",
    "Parameters",
    "Penalty",
    "Plan",
    "Poisson",
    "Problem",
    "ProximalStep",
    "Quantile",
    "RMSprop",
    "ReLU",
    "RowStack",
    "Rows",
    "Run",
    "Sequential",
    "SigmoidCrossEntropy",
    "SoftmaxCrossEntropy",
    "SparseDropout",
    "SparseLinear",
    "SquaredError",
    "Streams",
    "Tanh",
    "TrainState",
    "Validation",
    "add_gradients",
    "batch_sizes",
    "build_network",
    "constant",
    "cosine",
    "cross_entropy",
    "draw_orders",
    "draw_parameters",
    "glorot_uniform",
    "in_the_gradient",
    "invscaling",
    "learning_rates",
    "log_softmax",
    "make_penalties",
    "minimize_lbfgs",
    "note_epoch",
    "onecycle",
    "penalty_values",
    "predict_logits",
    "r2_of_rows",
    "softmax",
    "stack_key",
    "train",
]
