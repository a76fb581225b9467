"""Backpropagation in NumPy: the engine behind the estimators whose names begin with `Scratch`.

Written to be read; `README.md` in this folder gives the order. Every array has a leading axis of
K models, so one pass of the loop trains one network or a thousand.
"""

from ._activations import Activation, Identity, LeakyReLU, Logistic, ReLU, Tanh
from ._batches import Batch, Batches, Block
from ._blas import ONE_BLAS_THREAD as ONE_BLAS_THREAD
from ._cross_entropy import (
    SigmoidCrossEntropy,
    SoftmaxCrossEntropy,
    cross_entropy,
    log_softmax,
    softmax,
)
from ._embeddings import InputScale, PeriodicEmbedding
from ._engine import NumPyEngine, start
from ._initializers import draw_parameters, glorot_uniform
from ._layers import (
    Dropout,
    Layer,
    Linear,
    Residual,
    Sequential,
    SparseDropout,
    SparseLinear,
)
from ._losses import Loss, r2_of_rows
from ._network import build_network, predict
from ._normalization import EPSILON as EPSILON
from ._normalization import MOMENTUM as MOMENTUM
from ._normalization import BatchNorm, LayerNorm
from ._objective import NetworkObjective, Objective
from ._optimizer_base import Optimizer
from ._optimizers import OPTIMIZERS, SGD, Adam, AdamW, RMSprop
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
from ._regression_losses import SMALLEST_SD as SMALLEST_SD
from ._row_stack import RowStack
from ._smooth_activations import (
    ACTIVATIONS,
    ELU,
    GELU,
    SELU,
    Mish,
    SiLU,
    Softplus,
)
from ._smooth_activations import SELU_ALPHA as SELU_ALPHA
from ._smooth_activations import SELU_SCALE as SELU_SCALE
from ._trainer import Run, train
from ._update import Update
from ._validation import Validation

__all__ = [
    "ACTIVATIONS",
    "ELU",
    "GELU",
    "L1",
    "L2",
    "LOSSES",
    "NEWTON_STEPS",
    "OPTIMIZERS",
    "SELU",
    "SGD",
    "AbsoluteError",
    "Activation",
    "Adam",
    "AdamW",
    "Batch",
    "BatchNorm",
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
    "InputScale",
    "Layer",
    "LayerNorm",
    "LeakyReLU",
    "Linear",
    "Logistic",
    "Loss",
    "Mish",
    "NetworkObjective",
    "NumPyEngine",
    "Objective",
    "Optimizer",
    "Penalty",
    "PeriodicEmbedding",
    "Poisson",
    "ProximalStep",
    "Quantile",
    "RMSprop",
    "ReLU",
    "Residual",
    "RowStack",
    "Run",
    "Sequential",
    "SiLU",
    "SigmoidCrossEntropy",
    "SoftmaxCrossEntropy",
    "Softplus",
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
