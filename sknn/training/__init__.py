"""What a training is, whatever engine computes it: its inputs, its rules, its record.

Nothing here knows how a gradient is computed. `sknn.backprop` and the PyTorch engine both train by
these plans, stop by these rules, and leave these states and histories. Names imported ``as``
themselves are for other folders of sknn, and no part of the documented interface.
"""

from ._engine import Engine
from ._epoch import Epoch, EpochHook, note_epoch
from ._history import History
from ._layout import SLOW_RATE as SLOW_RATE
from ._layout import FloatArray as FloatArray
from ._layout import IntArray as IntArray
from ._layout import Layout, Parameters
from ._lbfgs import FlatObjective, minimize_lbfgs
from ._orders import batch_sizes, draw_orders
from ._plan import PER_MODEL, Plan, check_stackable, stack_key
from ._plan import column as column
from ._problem import Problem, Rows
from ._schedules import constant, cosine, invscaling, learning_rates, onecycle
from ._spec import N_COSINES as N_COSINES
from ._spec import N_EMBEDDED as N_EMBEDDED
from ._spec import LayerSpec, NetworkSpec
from ._state import Checkpoint, Outcome, Streams, TrainState
from ._state import stopping_rule as stopping_rule
from ._stopping import EarlyStopping
from ._tally import Tally

__all__ = [
    "PER_MODEL",
    "Checkpoint",
    "EarlyStopping",
    "Engine",
    "Epoch",
    "EpochHook",
    "FlatObjective",
    "History",
    "LayerSpec",
    "Layout",
    "NetworkSpec",
    "Outcome",
    "Parameters",
    "Plan",
    "Problem",
    "Rows",
    "Streams",
    "Tally",
    "TrainState",
    "batch_sizes",
    "check_stackable",
    "constant",
    "cosine",
    "draw_orders",
    "invscaling",
    "learning_rates",
    "minimize_lbfgs",
    "note_epoch",
    "onecycle",
    "stack_key",
]
