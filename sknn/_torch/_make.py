"""From a plan to a skorch net, and weights across: arrays of a `TrainState` to tensors and back."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from skorch.callbacks import Callback
from skorch.history import History as SkorchHistory
from torch import Tensor, nn

from sknn.backprop import LOSSES, RMSprop
from sknn.training import SLOW_RATE, History, Plan, TrainState

from ._losses import MeanLoss, probabilities
from ._module import MLPModule
from ._net import MLPNet, MLPRegressorNet, TableNet
from ._rows import as_tensor, torch_dtype

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


# Skorch's own callbacks, which have nothing to do here.
DEFAULT_CALLBACKS = ("epoch_timer", "train_loss", "valid_loss", "valid_acc", "print_log")


def _loss_settings(plan: Plan) -> dict[str, Any]:
    """The criterion, and what the net makes of outputs when it predicts."""
    if plan.loss == "softmax_cross_entropy":
        n_classes = plan.spec.n_outputs
        return {"criterion": nn.CrossEntropyLoss, "classes": list(range(n_classes))}
    settings: dict[str, Any] = {"criterion": MeanLoss, "criterion__loss": plan.loss}
    if plan.loss == "sigmoid_cross_entropy":
        classes = list(range(max(2, plan.spec.n_outputs)))
        return settings | {"predict_nonlinearity": probabilities, "classes": classes}
    return settings | {"criterion__quantiles": plan.quantiles}


def make_net(
    plan: Plan, device: torch.device, *, compile: bool = False, callbacks: Sequence[Any] = ()
) -> TableNet:
    """A skorch net that does what `plan` says, initialized but for its weights."""
    decay = _weight_decay(plan)
    is_classifier = LOSSES[plan.loss].score == "accuracy"
    net: TableNet = (MLPNet if is_classifier else MLPRegressorNet)(
        MLPModule,
        module__spec=plan.spec,
        module__dropout_rates=plan.dropout_rates,
        module__dtype=torch_dtype(plan.dtype),
        **_loss_settings(plan),
        criterion__label_smoothing=plan.label_smoothing,
        optimizer=OPTIMIZERS[plan.solver],
        lr=plan.learning_rate_init,
        **{f"optimizer__{name}": value for name, value in _settings(plan, device, decay).items()},
        max_epochs=plan.max_iter,
        batch_size=plan.batch_size,
        l1=plan.l1,
        l2=plan.l2 if decay is None else 0.0,
        group_l1=plan.group_l1,
        l1_method=plan.l1_method,
        max_grad_norm=plan.max_grad_norm,
        divisor=plan.divisor,
        shuffle=plan.shuffle,
        train_split=None,
        callbacks=list(callbacks),
        device=str(device),
        compile=compile,
        verbose=0,
    )
    unused = [name for name in DEFAULT_CALLBACKS if is_classifier or name != "valid_acc"]
    net.set_params(**{f"callbacks__{name}": None for name in unused})
    net._draws_weights = False
    net.initialize()
    net._draws_weights = True
    return net


def _weight_decay(plan: Plan) -> float | None:
    """The decay that the optimizer is to do, None where `l2` has to be in the gradient."""
    if plan.solver == "adamw":
        return plan.l2
    # RMSprop has no fused form: its own decay would be a copy of every gradient.
    by_optimizer = plan.solver in ("sgd", "adam") and not np.isfinite(plan.max_grad_norm)
    return plan.l2 if by_optimizer else None


def _settings(plan: Plan, device: torch.device, decay: float | None) -> dict[str, Any]:
    """What the optimizer wants to know."""
    if plan.solver == "lbfgs":
        return {}
    # The first group is never the slow one: what the learning rate is, is read there.
    slow = {"lr": SLOW_RATE * plan.learning_rate_init, "rate_factor": SLOW_RATE}
    groups = [(f"*{name}", {"weight_decay": 0.0}) for name in ("bias", "scale", "shift")]
    groups += [(f"*{name}", {"weight_decay": 0.0, **slow}) for name in plan.spec.layout.slow]
    settings: dict[str, Any] = {"weight_decay": decay or 0.0}
    if decay or plan.spec.layout.slow:
        settings["param_groups"] = groups
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


def check_callbacks(callbacks: Sequence[Any] | None, solver: str) -> list[Any]:
    """The user's callbacks, instances copied.

    Raises
    ------
    ValueError
        If they are none, share a name, or `solver` has no epochs of skorch's to tell them of.
    """
    checked: list[Any] = []
    names = list(DEFAULT_CALLBACKS)
    for given in callbacks or ():
        is_pair = isinstance(given, tuple) and len(given) == 2
        callback = given[1] if is_pair else given
        kind = callback if isinstance(callback, type) else type(callback)
        if not issubclass(kind, Callback) or (is_pair and not isinstance(given[0], str)):
            raise ValueError(
                "`skorch_callbacks` must be a list of skorch callbacks, each an instance, a class "
                f"or a pair (name, callback), got {given!r}"
            )
        if is_pair and given[0] in names:
            raise ValueError(
                f"`skorch_callbacks` must have names of their own, other than {names}, got "
                f"{given[0]!r}"
            )
        callback = callback if isinstance(callback, type) else copy.copy(callback)
        checked.append((given[0], callback) if is_pair else callback)
        names += given[:1] if is_pair else []
    if checked and solver == "lbfgs":
        raise ValueError(
            "`skorch_callbacks` must be None with solver='lbfgs', whose iterations are SciPy's "
            f"and not skorch's, got {callbacks!r}"
        )
    return checked


def fitted_net(
    plan: Plan,
    device: torch.device,
    arrays: Mapping[str, np.ndarray],
    history: SkorchHistory,
) -> TableNet:
    """A net with the weights and the history, which is copied, of a training that is over."""
    net = make_net(plan, device)
    push(arrays, net.module_)
    net.history = copy.deepcopy(history)
    net.find_best()
    return net


def resume_net(
    net: TableNet, plan: Plan, earlier_net: TableNet, earlier_plan: Plan, history: History
) -> None:
    """Let a net go on from an earlier one: its history, and what callbacks have set."""
    if plan.solver == "lbfgs":
        return
    net.history, net._best = earlier_net.history, earlier_net._best
    rates = [(p.learning_rate, p.learning_rate_init) for p in (plan, earlier_plan)]
    if plan.solver != earlier_plan.solver:
        return
    goes_on = plan.learning_rate == "constant" and rates[0] == rates[1]
    olds = earlier_net.optimizer_.param_groups
    for i, group in enumerate(net.optimizer_.param_groups):
        old = olds[min(i, len(olds) - 1)]
        # A scheduler keeps its own notes in the groups, such as `initial_lr`.
        group |= {name: value for name, value in old.items() if name not in group}
        group.setdefault("initial_lr", group["lr"])
        if goes_on:
            group["lr"] = old["lr"]


# ---- between the flat arrays of a state and the tensors of a net ----


def pairs(arrays: Mapping[str, np.ndarray], tensors: Mapping[str, Any]) -> list[tuple[Tensor, Any]]:
    """Views of the arrays (1, ...) of one model in the shapes of tensors, each with its tensor."""
    found = []
    for name, tensor in tensors.items():
        array = arrays[name][0]
        view = as_tensor(array, "cpu", torch_dtype(array.dtype))  # which takes read-only ones, too
        if name.startswith("weights."):
            view = view.T
        elif view.ndim == 2:  # of one row
            view = view[0]
        found.append((view, tensor))
    return found


def push(arrays: Mapping[str, np.ndarray], module: MLPModule) -> None:
    """Give a module the arrays of one model."""
    with torch.no_grad():
        for view, tensor in pairs(arrays, module.arrays()):
            tensor.copy_(view)


def pull(tensors: Mapping[str, Tensor | None], arrays: Mapping[str, np.ndarray]) -> None:
    """Take tensors like those of a module into the arrays of one model, zeros for None."""
    for view, tensor in pairs(arrays, tensors):
        if tensor is None:
            view.zero_()
        else:
            view.copy_(tensor.detach())


def push_slots(state: TrainState, plan: Plan, net: TableNet) -> None:
    """Give the optimizer the memory that the state has of it."""
    optimizer = net.optimizer_
    optimizer.state.clear()
    if state.n_updates[0] == 0:
        return
    device = net.device if optimizer.param_groups[0].get("fused") else "cpu"
    parameters = net.module_.trained()
    for parameter in parameters.values():
        step = torch.tensor(float(state.n_updates[0]), dtype=torch.float32, device=device)
        optimizer.state[parameter] = {"step": step}
    for name, torch_name in SLOTS[plan.solver].items():
        for view, parameter in pairs(plan.spec.layout.views(state.slots[name]), parameters):
            memory = torch.empty_like(parameter.detach())
            optimizer.state[parameter][torch_name] = memory.copy_(view)
