"""Training by skorch and PyTorch, in step with a `TrainState` of `sknn.backprop`.

What decides a training (first weights, order of rows, learning rates, figures, the stopping rule,
history) are the objects that the NumPy engine uses too. Networks, gradients and update rules are
PyTorch's; epochs and callbacks are skorch's.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from skorch.callbacks import Callback
from skorch.helper import predefined_split
from torch import Tensor, nn

from sknn.backprop import (
    Checkpoint,
    Epoch,
    EpochHook,
    Figures,
    History,
    Outcome,
    Parameters,
    Plan,
    Problem,
    RMSprop,
    Rows,
    TrainState,
    add_gradients,
    batch_sizes,
    learning_rates,
    make_penalties,
    minimize_lbfgs,
    note_epoch,
    penalty_values,
)

from ._torch_data import Tally, TensorBatches, TensorRows, unpack
from ._torch_net import MLPModule, MLPNet, torch_dtype

# Rows whose activations L-BFGS holds at a time.
OBJECTIVE_ROWS = 65_536

# By solver: PyTorch's optimizer, its settings, and its names of what the optimizer remembers.
OPTIMIZERS: dict[str, type[torch.optim.Optimizer]] = {
    "sgd": torch.optim.SGD,
    "adam": torch.optim.Adam,
    "adamw": torch.optim.AdamW,
    "rmsprop": torch.optim.RMSprop,
    "lbfgs": torch.optim.LBFGS,
}
SLOTS = {
    "sgd": {"velocity": "momentum_buffer"},
    "adam": {"first_moment": "exp_avg", "second_moment": "exp_avg_sq"},
    "adamw": {"first_moment": "exp_avg", "second_moment": "exp_avg_sq"},
    "rmsprop": {"second_moment": "square_avg"},
}


def make_net(
    plan: Plan, device: torch.device, *, compile: bool = False, callbacks: Sequence[Any] = ()
) -> MLPNet:
    """A skorch net that does what `plan` says, initialized but for its weights."""
    decay = _weight_decay(plan)
    net = MLPNet(
        MLPModule,
        module__layer_sizes=plan.layer_sizes,
        module__activation=plan.activation,
        module__dropout_rates=plan.dropout_rates,
        module__dtype=torch_dtype(plan.dtype),
        criterion=nn.CrossEntropyLoss,
        criterion__label_smoothing=plan.label_smoothing,
        optimizer=OPTIMIZERS[plan.solver],
        lr=plan.learning_rate_init,
        **{f"optimizer__{name}": value for name, value in _settings(plan, device, decay).items()},
        max_epochs=plan.max_iter,
        batch_size=plan.batch_size,
        l1=plan.l1,
        l2=plan.l2 if decay is None else 0.0,
        max_grad_norm=plan.max_grad_norm,
        divisor=plan.divisor,
        shuffle=plan.shuffle,
        train_split=None,
        classes=list(range(plan.layer_sizes[-1])),
        callbacks=list(callbacks),
        device=str(device),
        compile=compile,
        verbose=0,
    )
    default_callbacks = ("epoch_timer", "train_loss", "valid_loss", "valid_acc", "print_log")
    net.set_params(**{f"callbacks__{name}": None for name in default_callbacks})
    return net.initialize()


def _weight_decay(plan: Plan) -> float | None:
    """The decay that the optimizer is to do, None where `l2` has to be in the gradient."""
    if plan.solver == "lbfgs" or (plan.solver != "adamw" and np.isfinite(plan.max_grad_norm)):
        return None
    return plan.l2


def _settings(plan: Plan, device: torch.device, decay: float | None) -> dict[str, Any]:
    """What the optimizer wants to know."""
    if plan.solver == "lbfgs":
        return {}
    settings: dict[str, Any] = {"weight_decay": decay or 0.0}
    if decay:
        settings["param_groups"] = [("*bias", {"weight_decay": 0.0})]
    if plan.solver == "sgd":
        settings["momentum"] = plan.momentum
        settings["nesterov"] = plan.nesterovs_momentum and plan.momentum > 0
    elif plan.solver == "rmsprop":
        settings |= {"alpha": RMSprop.smoothing, "eps": plan.epsilon}
    else:
        settings |= {"betas": (plan.beta_1, plan.beta_2), "eps": plan.epsilon}
    if plan.solver != "rmsprop" and device.type in ("cpu", "cuda"):
        settings["fused"] = True
    return settings


def check_callbacks(callbacks: Sequence[Any] | None, plan: Plan) -> list[Any]:
    """The user's callbacks.

    Raises
    ------
    ValueError
        If they are none, or `plan` has no epochs of skorch's to tell them of.
    """
    for given in callbacks or ():
        callback = given[1] if isinstance(given, tuple) and len(given) == 2 else given
        kind = callback if isinstance(callback, type) else type(callback)
        if not issubclass(kind, Callback):
            raise ValueError(
                "`skorch_callbacks` must be a list of skorch callbacks, each an instance, a class "
                f"or a pair (name, callback), got {given!r}"
            )
    if callbacks and plan.solver == "lbfgs":
        raise ValueError(
            "`skorch_callbacks` must be None with solver='lbfgs', whose iterations are SciPy's "
            f"and not skorch's, got {callbacks!r}"
        )
    return list(callbacks or ())


def fitted_net(
    plan: Plan,
    device: torch.device,
    coefs: Sequence[np.ndarray],
    intercepts: Sequence[np.ndarray],
    history: History,
) -> MLPNet:
    """A net with the weights and the history of a training that is over."""
    net = make_net(plan, device)
    parameters = Parameters.zeros(1, plan.layer_sizes, plan.dtype)
    for i, (coef, intercept) in enumerate(zip(coefs, intercepts, strict=True)):
        parameters.weights[i][0], parameters.biases[i][0, 0] = coef, intercept
    push(parameters, net.module_)
    net.history.extend(skorch_history(history))
    return net


def train_net(
    net: MLPNet, problem: Problem, plan: Plan, state: TrainState, on_epoch: EpochHook | None
) -> TrainState:
    """Train one model for at most `max_iter` epochs, from `state` on.

    Parameters
    ----------
    net : MLPNet
        From `make_net`. Left with the weights that training arrives at.
    problem : Problem
    plan : Plan
    state : TrainState of one model
        Where to go on from; used up.
    on_epoch : EpochHook or None

    Returns
    -------
    state : TrainState
        As `sknn.backprop.train` returns it.
    """
    state.resume([plan])
    ignore = np.errstate(over="ignore", invalid="ignore", divide="ignore")
    with ignore, torch.enable_grad():
        if plan.solver == "lbfgs":
            state = minimize_lbfgs(
                problem, [plan], state, on_epoch, lambda *job: Objective(net, *job)
            )
            push(state.result(), net.module_)
            net.history.extend(skorch_history(state.histories[0]))
            return state
        return Training(net, problem, plan, state, on_epoch).run()


def skorch_history(history: History) -> list[dict[str, Any]]:
    """The rows of a history under the names that skorch gives them."""
    names = {
        "train_loss": "train_loss",
        "train_accuracy": "train_acc",
        "valid_loss": "valid_loss",
        "valid_accuracy": "valid_acc",
        "seconds": "dur",
    }
    columns = {name: history.epochs[column] for column, name in names.items()}
    return [
        {"batches": []}
        | {name: values[i] for name, values in columns.items() if values[i] == values[i]}
        for i in range(len(history))
    ]


class Training(Callback):
    """One model's training by skorch, noted down epoch by epoch.

    It is the first of the net's callbacks, so that it takes in an epoch before those of the user
    look at it; a `Stopper` is the last.
    """

    def __init__(
        self,
        net: MLPNet,
        problem: Problem,
        plan: Plan,
        state: TrainState,
        on_epoch: EpochHook | None,
    ) -> None:
        self.net, self.plan, self.state, self.on_epoch = net, plan, state, on_epoch
        self.rows = tensor_rows(problem.train, net)
        self.valid_rows = None if problem.valid is None else tensor_rows(problem.valid, net)
        self.sizes = batch_sizes(len(self.rows), plan.batch_size)
        self.valid_sizes = batch_sizes(len(self.valid_rows or ()), plan.batch_size)
        self.penalties = make_penalties([plan])
        self.weights = list(zip(views(state.parameters), net.module_.parameters(), strict=True))
        self.dropout = torch.Generator(net.device) if any(plan.dropout_rates) else None
        self.checkpoint = Checkpoint(state)
        self.n_noted = len(net.history)
        self.asks_user = False  # whether the callbacks of the user are being told of an epoch
        self.started = 0.0

    def run(self) -> TrainState:
        """Train; leave the net as it was but for its weights, history and optimizer."""
        net, state = self.net, self.state
        push(state.parameters, net.module_)
        push_slots(state, self.plan, net)
        callbacks = net.callbacks_
        net.callbacks_ = [("sknn", self), *callbacks, ("sknn_stop", Stopper(self))]
        net._order, net._keep_rows = state.streams[0].order, self.plan.record == "batch"
        if self.valid_rows is not None:
            net.train_split = predefined_split(self.valid_rows)
        net.module_.draw_masks_from(self.dropout)
        try:
            net.partial_fit(self.rows)
        finally:
            net.callbacks_, net.train_split = callbacks, None
            net._order = net._rates = None
            net.figures_ = {}
            net.module_.draw_masks_from(None)
        # The user's callbacks have the last word: a `Checkpoint` may have loaded other weights.
        pull(net.module_.parameters(), state.result())
        return state

    def on_epoch_begin(self, net: MLPNet, **kwargs: Any) -> None:
        """Settle what depends on the step alone."""
        state = self.state
        if self.on_epoch is not None:
            self.on_epoch.begin(state)
        self.started = time.perf_counter()
        if self.dropout is not None:
            self.dropout.manual_seed(int(state.streams[0].dropout.integers(2**63)))
        if self.plan.learning_rate != "constant":
            n_updates, rows_seen = int(state.n_updates[0]), int(state.rows_seen[0])
            rates = learning_rates(self.plan, n_updates, len(self.sizes), rows_seen)
            net._rates = iter((rates * state.stopping[0].learning_rate_factor).tolist())

    def on_epoch_end(self, net: MLPNet, **kwargs: Any) -> None:
        """Take in what the epoch has come to."""
        state = self.state
        for view, parameter in self.weights:
            view.copy_(parameter.detach())
        pull_slots(state, self.plan, net)
        state.n_updates += len(self.sizes)
        state.rows_seen += sum(self.sizes)
        epoch = Epoch(
            train=net.figures_["train"],
            valid=net.figures_.get("valid"),
            penalty=penalty_values(self.penalties, state.parameters),
            learning_rates=np.array([net.optimizer_.param_groups[0]["lr"]]),
            seconds=time.perf_counter() - self.started,
            train_sizes=self.sizes,
            valid_sizes=self.valid_sizes,
        )
        note_epoch(state, [self.plan], epoch)
        self.checkpoint.save(state)
        net.history.record("dur", epoch.seconds)
        self.n_noted = len(net.history)
        if state.outcomes[0] is Outcome.DIVERGED:
            raise KeyboardInterrupt  # nobody wants to know more of a model that is broken
        self.asks_user = True

    def on_train_end(self, net: MLPNet, **kwargs: Any) -> None:
        """Find out how training ended, and give the net the weights that it arrived at."""
        state = self.state
        if state.outcomes[0] is Outcome.RUNNING:
            # Skorch's callbacks stop a training in the way that Ctrl-C does.
            if self.asks_user:
                state.end(Outcome.STOPPED_BY_CALLBACK)
            else:
                self.checkpoint.restore(state)
                del net.history[self.n_noted :]
                state.end(Outcome.INTERRUPTED)
        push(state.result(), net.module_)


class Stopper(Callback):
    """The rules that end a training, after everybody has been told of an epoch."""

    def __init__(self, training: Training) -> None:
        self.training = training
        self.n_left = training.plan.max_iter

    def on_epoch_end(self, net: MLPNet, **kwargs: Any) -> None:
        """Stop where the stopping rule or a hook says so, or no epoch is left."""
        training, state = self.training, self.training.state
        training.asks_user = False
        self.n_left -= 1
        if training.on_epoch is not None and training.on_epoch.end(state):
            state.end(Outcome.STOPPED_BY_CALLBACK)
        if self.n_left == 0:
            state.end(Outcome.REACHED_MAX_ITER)
        if state.outcomes[0] is not Outcome.RUNNING:
            raise KeyboardInterrupt


class Objective:
    """The objective of L-BFGS as a function of a flat vector, with gradients by PyTorch."""

    def __init__(self, net: MLPNet, problem: Problem, plan: Plan) -> None:
        self.net, self.plan = net, plan
        self.batches = TensorBatches(tensor_rows(problem.train, net), OBJECTIVE_ROWS)
        self.parameters = Parameters.zeros(1, plan.layer_sizes, plan.dtype)
        self.gradients = Parameters.zeros(1, plan.layer_sizes, plan.dtype)
        self.penalties = make_penalties([plan])
        self.values = self.parameters.values[0]
        self.figures = Figures(1)
        self.penalty = 0.0

    def __call__(self, values: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        """Objective and gradient, shapes () and (P,), at `values` (P,)."""
        self.values[...] = values
        net, module = self.net, self.net.module_
        push(self.parameters, module)
        module.train()
        module.zero_grad()
        tally = Tally(self.plan.label_smoothing)
        n_rows = len(self.batches.dataset)
        for X, y in self.batches:
            logits = net.infer(X)
            (net.get_loss(logits, y, X=X) * (len(y) / n_rows)).backward()
            tally.add(logits.detach(), y, unpack(X)[1])
        pull((parameter.grad for parameter in module.parameters()), self.gradients)
        weights_only = slice(0, self.parameters.n_weights)
        weights = self.parameters.values[:, weights_only]
        gradient = self.gradients.values[:, weights_only]
        add_gradients(self.penalties, weights, gradient, scratch=np.empty_like(weights))
        self.figures = tally.figures(keep_rows=self.plan.record == "batch")
        self.penalty = float(penalty_values(self.penalties, self.parameters)[0])
        value = float(self.figures.mean_loss[0]) + self.penalty
        return value, self.gradients.values[0].copy()


# ---- between the flat arrays of a state and the tensors of a net ----


def tensor_rows(rows: Rows, net: MLPNet) -> TensorRows:
    """Rows on the device of a net."""
    return TensorRows.of(rows.X, rows.labels, rows.weights, net.device, net.module__dtype)


def views(parameters: Parameters) -> list[Tensor]:
    """The one model in `parameters` as tensors like those of a module, sharing their memory."""
    return [
        torch.from_numpy(array)
        for W, b in zip(parameters.weights, parameters.biases, strict=True)
        for array in (W[0].T, b[0, 0])
    ]


def push(parameters: Parameters, module: nn.Module) -> None:
    """Give a module the weights of the one model in `parameters`."""
    with torch.no_grad():
        for view, parameter in zip(views(parameters), module.parameters(), strict=True):
            parameter.copy_(view)


def pull(tensors: Iterable[Tensor | None], parameters: Parameters) -> None:
    """Take tensors like those of a module into `parameters`, zeros for None."""
    for view, tensor in zip(views(parameters), tensors, strict=True):
        if tensor is None:
            view.zero_()
        else:
            view.copy_(tensor.detach())


def push_slots(state: TrainState, plan: Plan, net: MLPNet) -> None:
    """Give the optimizer the memory that the state has of it."""
    optimizer = net.optimizer_
    optimizer.state.clear()
    if state.n_updates[0] == 0:
        return
    device = net.device if optimizer.param_groups[0].get("fused") else "cpu"
    for parameter in net.module_.parameters():
        step = torch.tensor(float(state.n_updates[0]), dtype=torch.float32, device=device)
        optimizer.state[parameter] = {"step": step}
    for name, torch_name in SLOTS[plan.solver].items():
        slot = views(Parameters(state.slots[name], plan.layer_sizes))
        for parameter, view in zip(net.module_.parameters(), slot, strict=True):
            memory = torch.empty_like(parameter.detach())
            optimizer.state[parameter][torch_name] = memory.copy_(view)


def pull_slots(state: TrainState, plan: Plan, net: MLPNet) -> None:
    """Note down what the optimizer remembers."""
    memories = [net.optimizer_.state.get(p, {}) for p in net.module_.parameters()]
    for name, torch_name in SLOTS[plan.solver].items():
        slot = Parameters(state.slots[name], plan.layer_sizes)
        pull((memory.get(torch_name) for memory in memories), slot)
