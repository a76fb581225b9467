"""Backpropagation in NumPy: the engine behind `ScratchMLPClassifier`.

Written to be read; `README.md` in this folder gives the order. Every array has a leading axis of
K models, so one pass of the loop trains one network or a thousand.
"""

from ._activations import ACTIVATIONS, Activation, Identity, Logistic, ReLU, Tanh
from ._batches import Batch, Batches, Block, batch_sizes, draw_orders
from ._epoch import Epoch, EpochHook, note_epoch
from ._figures import Figures, Validation
from ._history import History
from ._initializers import draw_parameters, glorot_uniform
from ._lane import Lane
from ._layers import Dropout, Layer, Linear, SparseDropout, SparseLinear
from ._lbfgs import FlatObjective, Objective, minimize_lbfgs
from ._losses import SoftmaxCrossEntropy, cross_entropy, log_softmax, softmax
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
from ._row_stack import RowStack
from ._schedules import constant, cosine, invscaling, learning_rates, onecycle
from ._state import Checkpoint, Outcome, Streams, TrainState
from ._stopping import EarlyStopping
from ._trainer import Run, train

__all__ = [
    "ACTIVATIONS",
    "L1",
    "L2",
    "NEWTON_STEPS",
    "OPTIMIZERS",
    "PER_MODEL",
    "SGD",
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
    "GroupL1",
    "GroupThreshold",
    "History",
    "Identity",
    "Lane",
    "Layer",
    "Linear",
    "Logistic",
    "Objective",
    "Optimizer",
    "Outcome",
    "Parameters",
    "Penalty",
    "Plan",
    "Problem",
    "ProximalStep",
    "RMSprop",
    "ReLU",
    "RowStack",
    "Rows",
    "Run",
    "Sequential",
    "SoftmaxCrossEntropy",
    "SparseDropout",
    "SparseLinear",
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
    "softmax",
    "stack_key",
    "train",
]
