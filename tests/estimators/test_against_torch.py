"""Whole fits against a training loop written with PyTorch alone.

The loop knows of the estimator only what its users are told: the objective, which random stream
serves what, and that a batch of all rows is not shuffled.
"""

import pickle
from itertools import pairwise

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose
from scipy.optimize import brentq
from sklearn.utils import check_random_state
from torch.nn import functional

from sknn.estimators import ScratchMLPClassifier

ACTIVATIONS = {
    "relu": torch.relu,
    "tanh": torch.tanh,
    "logistic": torch.sigmoid,
    "identity": lambda z: z,
}


# All that both classes take, which is all that a loop looks at.
SETTINGS = sorted(ScratchMLPClassifier().get_params())


class Loop:
    """A multilayer perceptron trained by hand."""

    def __init__(self, estimator, coefs, intercepts):
        self.p = estimator.get_params()
        self.W = [torch.tensor(W, dtype=torch.float64, requires_grad=True) for W in coefs]
        self.b = [torch.tensor(b, dtype=torch.float64, requires_grad=True) for b in intercepts]
        entropy = check_random_state(self.p["random_state"]).randint(2**32, size=4, dtype=np.int64)
        streams = np.random.SeedSequence(entropy.tolist()).spawn(4)
        _, _, self.order, self.masks = (np.random.Generator(np.random.PCG64(s)) for s in streams)
        self.optimizer = self.build_optimizer()
        self.train_loss, self.rates = [], []

    def build_optimizer(self):
        p, rate = self.p, self.p["learning_rate_init"]
        if p["solver"] == "sgd":
            nesterov = p["nesterovs_momentum"] and p["momentum"] > 0
            return torch.optim.SGD(
                self.W + self.b, lr=rate, momentum=p["momentum"], nesterov=nesterov
            )
        if p["solver"] == "rmsprop":
            return torch.optim.RMSprop(self.W + self.b, lr=rate, alpha=0.99, eps=p["epsilon"])
        betas = {"betas": (p["beta_1"], p["beta_2"]), "eps": p["epsilon"]}
        if p["solver"] == "adam":
            return torch.optim.Adam(self.W + self.b, lr=rate, **betas)
        groups = [
            {"params": self.W, "weight_decay": p["l2"]},
            {"params": self.b, "weight_decay": 0.0},
        ]
        return torch.optim.AdamW(groups, lr=rate, **betas)

    def schedule(self, n_updates, per_epoch, n_rows):
        p = self.p
        if p["learning_rate"] == "cosine":
            return torch.optim.lr_scheduler.CosineAnnealingLR(self.optimizer, n_updates)
        if p["learning_rate"] == "onecycle":
            return torch.optim.lr_scheduler.OneCycleLR(
                self.optimizer, p["learning_rate_init"], n_updates, cycle_momentum=False
            )
        factor = {
            "constant": lambda t: 1.0,
            "invscaling": lambda t: 1 / (1 + t // per_epoch * n_rows) ** p["power_t"],
        }
        return torch.optim.lr_scheduler.LambdaLR(self.optimizer, factor[p["learning_rate"]])

    def drop(self, X, rate):
        if rate == 0:
            return X
        return X * torch.from_numpy((self.masks.random(X.shape) >= rate) / (1 - rate))

    def logits(self, X, training):
        rates = np.broadcast_to(self.p["dropout"], len(self.W) - 1)
        rates = [self.p["input_dropout"], *rates] if training else [0] * len(self.W)
        for layer, (W, b) in enumerate(zip(self.W, self.b, strict=True)):
            X = self.drop(X, rates[layer]) @ W + b
            if layer < len(self.W) - 1:
                X = ACTIVATIONS[self.p["activation"]](X)
        return X

    def loss(self, X, y, weight, training=True):
        rows = functional.cross_entropy(
            self.logits(X, training),
            y,
            reduction="none",
            label_smoothing=self.p["label_smoothing"],
        )
        return (rows * weight).sum() / len(y)

    def penalized(self, loss):
        l2 = 0.0 if self.p["solver"] == "adamw" else self.p["l2"]
        for W in self.W:
            loss = loss + self.p["l1"] * W.abs().sum() + 0.5 * l2 * (W * W).sum()
        return loss + self.p["group_l1"] * self.W[0].norm(dim=1).sum()

    def differentiable(self, loss):
        """What the gradient is of: penalties with a proximal step are left out."""
        left_out = {"group_l1": 0.0} | ({"l1": 0.0} if self.p["l1_method"] == "prox" else {})
        params, self.p = self.p, self.p | left_out
        loss = self.penalized(loss)
        self.p = params
        return loss

    def metric(self, W):
        """The inverse of what a unit of gradient moves a weight by, in a step and in the end."""
        state, (group, *_) = self.optimizer.state[W], self.optimizer.param_groups
        if self.p["solver"] == "sgd":
            return np.full(W.shape, (1 - self.p["momentum"]) / group["lr"])
        if self.p["solver"] == "rmsprop":
            return (state["square_avg"].sqrt().numpy() + self.p["epsilon"]) / group["lr"]
        second = state["exp_avg_sq"].numpy() / (1 - self.p["beta_2"] ** state["step"].item())
        return (np.sqrt(second) + self.p["epsilon"]) / group["lr"]

    @torch.no_grad()
    def shrink(self):
        """The proximal step: signs and sizes, and a norm that SciPy finds between brackets."""
        for W in self.W if self.p["l1_method"] == "prox" else []:
            threshold = torch.tensor(self.p["l1"] / self.metric(W))
            W.copy_(W.sign() * (W.abs() - threshold).clamp(min=0))
        strength = self.p["group_l1"]
        if strength == 0:
            return
        for row, d in zip(self.W[0], self.metric(self.W[0]), strict=True):
            u = row.numpy()
            if np.linalg.norm(d * u) <= strength:
                row.zero_()
                continue
            norm = brentq(
                lambda r, u=u, d=d: np.linalg.norm(d * u / (d * r + strength)) - 1,
                0,
                np.linalg.norm(u),
                xtol=1e-16,
                rtol=1e-15,
            )
            row.copy_(torch.tensor(d * u / (d + strength / norm)))

    def fit(self, X, y, weight):
        weight = np.ones(len(y)) if weight is None else weight / weight.mean()
        X, y, weight = torch.tensor(X), torch.tensor(y), torch.tensor(weight)
        size = len(y) if self.p["batch_size"] == "full" else self.p["batch_size"]
        starts = range(0, len(y), size)
        scheduler = self.schedule(self.p["max_iter"] * len(starts), len(starts), len(y))
        for _ in range(self.p["max_iter"]):
            order = torch.arange(len(y))
            if self.p["shuffle"] and size < len(y):
                order = torch.from_numpy(self.order.permutation(len(y)))
            total = 0.0
            for start in starts:
                rows = order[start : start + size]
                data_term = self.loss(X[rows], y[rows], weight[rows])
                self.optimizer.zero_grad()
                self.differentiable(data_term).backward()
                if self.p["max_grad_norm"] is not None:
                    torch.nn.utils.clip_grad_norm_(self.W + self.b, self.p["max_grad_norm"])
                self.rates.append(self.optimizer.param_groups[0]["lr"])
                self.optimizer.step()
                self.shrink()
                scheduler.step()
                total += data_term.item() * len(rows)
            self.train_loss.append(total / len(y))
        return self


@pytest.fixture(scope="module")
def trained_loop():
    """Trains a loop, once for both classes where they ask for the same of it."""
    known = {}

    def train(estimator, start, X, y, weight):
        coefs, intercepts = start
        settings = estimator.get_params()
        given = [*coefs, *intercepts, X, y, weight]
        key = str([settings.get(name) for name in SETTINGS]), pickle.dumps(given)
        if key not in known:
            known[key] = Loop(estimator, coefs, intercepts).fit(X, y, weight)
        return known[key]

    return train


@pytest.fixture
def compare(make, table, held_out, initial_weights, trained_loop):
    """Trains both and compares weights, losses and penalty."""

    def run(atol, *, weighted=False, class_weight=None, **params):
        X, y = table
        weight = np.random.default_rng(1).uniform(0, 3, len(y)) if weighted else None
        estimator = make(**params, class_weight=class_weight)
        if weighted:
            weight[::7] = 0.0
        start = initial_weights(estimator, X, y)
        estimator.fit(X, y, sample_weight=weight, X_val=held_out[0], y_val=held_out[1])

        total = weight
        if class_weight is not None:
            total = np.array([class_weight[c] for c in y]) * (1 if weight is None else weight)
        loop = trained_loop(estimator, start, X, y, total)
        for ours, theirs in ((estimator.coefs_, loop.W), (estimator.intercepts_, loop.b)):
            for left, right in zip(ours, theirs, strict=True):
                assert_allclose(left, right.detach().numpy(), rtol=0, atol=atol)
        assert_allclose(estimator.history_["train_loss"], loop.train_loss, rtol=0, atol=atol)
        per_epoch = len(loop.rates) // len(loop.train_loss)
        last_rates = loop.rates[per_epoch - 1 :: per_epoch]
        assert_allclose(estimator.history_["learning_rate"], last_rates, rtol=1e-9)
        X_val, y_val = map(torch.tensor, held_out)
        with torch.no_grad():
            penalty = loop.penalized(torch.zeros(()))
            valid_loss = loop.loss(X_val, y_val, torch.ones(len(y_val)), training=False)
        assert_allclose(estimator.history_["penalty"][-1], penalty, rtol=1e-9, atol=atol)
        assert_allclose(estimator.history_["valid_loss"][-1], valid_loss, atol=10 * atol)

    return run


SGD = {"solver": "sgd", "learning_rate_init": 0.1}
EPOCHS = 17  # six updates each

PARAMS = {
    "sgd": SGD | {"momentum": 0.0},
    "momentum": SGD | {"momentum": 0.7, "nesterovs_momentum": False},
    "nesterov": SGD,
    "adam": {"solver": "adam"},
    "adam-epsilon": {"solver": "adam", "epsilon": 0.1, "beta_1": 0.5, "beta_2": 0.9},
    "adamw": {"solver": "adamw", "l2": 0.3},
    "adamw-l1": {"solver": "adamw", "l2": 0.1, "l1": 1e-3},
    "rmsprop": {"solver": "rmsprop", "learning_rate_init": 1e-3},
    "rmsprop-epsilon": {"solver": "rmsprop", "epsilon": 0.01},
    "tanh": SGD | {"activation": "tanh"},
    "logistic": SGD | {"activation": "logistic"},
    "identity": SGD | {"activation": "identity"},
    "no-hidden-layer": SGD | {"hidden_layer_sizes": ()},
    "three-hidden-layers": SGD | {"hidden_layer_sizes": (7, 6, 5)},
    "ragged-batches": SGD | {"batch_size": 35},
    "batches-of-one": SGD | {"batch_size": 1, "max_iter": 1, "learning_rate_init": 0.01},
    "full-batch": {"batch_size": "full", "max_iter": 100},
    "unshuffled": SGD | {"shuffle": False},
    "sample-weight": SGD | {"weighted": True},
    "class-weight": SGD | {"class_weight": {0: 0.5, 1: 3.0, 2: 1.0}},
    "both-weights": SGD | {"weighted": True, "class_weight": {0: 0.5, 1: 3.0, 2: 0.0}},
    "label-smoothing": SGD | {"label_smoothing": 0.2},
    "clipping": SGD | {"max_grad_norm": 0.3},
    "clipping-with-penalties": {"solver": "adam", "max_grad_norm": 0.1, "l1": 0.01, "l2": 0.1},
    "l2": SGD | {"l2": 0.05},
    "l1": {"solver": "adam", "l1": 0.002, "l2": 0.0},
    "l1-and-l2": SGD | {"l1": 1e-4, "l2": 0.02},
    "l1-plain": SGD | {"momentum": 0.0, "l1": 3e-3},
    "l1-momentum": SGD | {"nesterovs_momentum": False, "momentum": 0.7, "l1": 2e-3},
    "l1-rmsprop": {"solver": "rmsprop", "learning_rate_init": 1e-3, "l1": 2e-3},
    "l1-subgradient": {"solver": "adam", "l1": 0.002, "l1_method": "subgradient"},
    "group-l1": {"solver": "adam", "group_l1": 0.02},
    "group-l1-sgd": SGD | {"momentum": 0.0, "group_l1": 0.02},
    "group-l1-nesterov": SGD | {"group_l1": 0.005, "max_grad_norm": 0.3},
    "group-l1-adamw": {"solver": "adamw", "group_l1": 0.03, "l2": 0.1, "learning_rate": "cosine"},
    "group-l1-rmsprop": {"solver": "rmsprop", "learning_rate_init": 1e-3, "group_l1": 0.02},
    "both-l1": {"solver": "adam", "group_l1": 0.02, "l1": 1e-3, "beta_2": 0.9, "epsilon": 1e-4},
    "both-l1-sgd": SGD | {"momentum": 0.5, "group_l1": 0.01, "l1": 1e-3},
    "group-l1-and-subgradient": {"group_l1": 0.02, "l1": 1e-3, "l1_method": "subgradient"},
    "invscaling": SGD | {"learning_rate": "invscaling", "power_t": 0.2, "momentum": 0.9},
    "cosine": SGD | {"learning_rate": "cosine"},
    "cosine-adam": {"learning_rate": "cosine"},
    "onecycle": SGD | {"learning_rate": "onecycle"},
    "onecycle-adamw": {"solver": "adamw", "learning_rate": "onecycle", "l2": 0.1},
    "everything": {
        "solver": "adam",
        "weighted": True,
        "class_weight": {0: 0.5, 1: 3.0, 2: 1.0},
        "label_smoothing": 0.1,
        "max_grad_norm": 0.5,
        "l1": 1e-4,
        "l2": 1e-2,
        "learning_rate": "cosine",
        "batch_size": 50,
        "max_iter": 34,
    },
}
DROPOUT = {
    "dropout": {"dropout": 0.4},
    "input-dropout": SGD | {"input_dropout": 0.25},
    "dropout-per-layer": {"dropout": (0.5, 0.2), "input_dropout": 0.1, "batch_size": 35},
    "dropout-of-one-layer": SGD | {"dropout": (0.0, 0.3), "activation": "tanh"},
    "everything": PARAMS["everything"] | {"dropout": 0.2, "input_dropout": 0.1},
}


@pytest.mark.parametrize("params", PARAMS.values(), ids=PARAMS)
def test_a_hundred_updates(compare, params):
    compare(1e-10, **({"max_iter": EPOCHS} | params))


@pytest.mark.parametrize("Classifier", [ScratchMLPClassifier], indirect=True, ids=["scratch"])
@pytest.mark.parametrize("params", DROPOUT.values(), ids=DROPOUT)
def test_a_hundred_updates_with_dropout(compare, params):
    """Masks of the other engine are PyTorch's own, in no order that is promised."""
    compare(1e-10, **({"max_iter": EPOCHS} | params))


@pytest.mark.parametrize(
    "params",
    [
        SGD | {"activation": "tanh", "learning_rate_init": 0.02},
        SGD | {"momentum": 0.5, "weighted": True, "label_smoothing": 0.1},
        {"solver": "adam", "activation": "logistic", "l1": 1e-4},
        {"solver": "adam", "learning_rate_init": 1e-3},
        {"solver": "adamw", "l2": 0.1, "learning_rate": "cosine"},
        {"solver": "rmsprop", "learning_rate_init": 1e-3, "activation": "tanh"},
    ],
    ids=[
        "tanh-sgd",
        "relu-sgd",
        "logistic-adam",
        "relu-adam",
        "adamw-cosine",
        "tanh-rmsprop",
    ],
)
def test_a_thousand_updates(compare, params):
    compare(1e-8, max_iter=167, **params)


@pytest.mark.parametrize("n_labels", [1, 3], ids=["two classes", "three labels"])
def test_logistic_outputs(make, table, initial_weights, n_labels):
    """Two classes have one output, several labels one each: steps of PyTorch's own."""
    X, y = table[0], np.eye(3, dtype=int)[table[1]] | (table[0][:, :3] > 0.5)
    y = y[:, 0] if n_labels == 1 else y
    estimator = make(**SGD | {"batch_size": "full", "l2": 0.0, "max_iter": 20})
    W, b = initial_weights(estimator, X, y)
    module = torch.nn.Sequential()
    for weight, bias in zip(W, b, strict=True):
        linear = torch.nn.Linear(*weight.shape, dtype=torch.float64)
        linear.weight.data, linear.bias.data = torch.tensor(weight.T), torch.tensor(bias)
        module.extend([linear, torch.nn.ReLU()])
    module = module[:-1]
    optimizer = torch.optim.SGD(module.parameters(), lr=estimator.learning_rate_init)
    targets = torch.tensor(y.reshape(len(y), -1), dtype=torch.float64)
    for _ in range(20):
        optimizer.zero_grad()
        loss = torch.nn.functional.binary_cross_entropy_with_logits(
            module(torch.tensor(X)), targets, reduction="none"
        )
        loss.sum(dim=1).mean().backward()
        optimizer.step()
    estimator.set_params(momentum=0.0, activation="relu").fit(X, y)
    assert estimator.coefs_[-1].shape[1] == estimator.n_outputs_ == n_labels
    assert estimator.out_activation_ == "logistic"
    assert_allclose(estimator.coefs_[0], module[0].weight.detach().numpy().T, rtol=0, atol=1e-10)
    expected = torch.sigmoid(module(torch.tensor(X))).detach().numpy()
    found = estimator.predict_proba(X)
    assert_allclose(found[:, 1:] if n_labels == 1 else found, expected, atol=1e-10)


class TestInitialWeights:
    """Weights and biases are uniform, with the half width of `torch.nn.init.xavier_uniform_`."""

    @pytest.mark.parametrize("activation", ["relu", "logistic"])
    def test_distribution(self, make, table, initial_weights, activation):
        X, y = np.tile(table[0], (1, 10)), table[1]
        estimator = make(hidden_layer_sizes=(150, 120), activation=activation)
        coefs, intercepts = initial_weights(estimator, X, y)
        for layer, (fan_in, fan_out) in enumerate(pairwise((60, 150, 120, 3))):
            like = torch.empty(fan_out, fan_in)
            torch.nn.init.xavier_uniform_(like, generator=torch.Generator().manual_seed(0))
            like = like.numpy().astype(np.float64)
            assert coefs[layer].shape == (fan_in, fan_out)
            assert_allclose(np.abs(coefs[layer]).max(), np.abs(like).max(), rtol=0.02)
            assert_allclose(coefs[layer].std(), like.std(), rtol=0.06)
            assert abs(coefs[layer].mean()) < 4 * coefs[layer].std() / np.sqrt(coefs[layer].size)
            assert 0 < np.abs(intercepts[layer]).max() <= 1.02 * np.abs(like).max()
            assert len(np.unique(intercepts[layer])) == fan_out

    def test_same_in_both_dtypes(self, make, table, initial_weights):
        exact, _ = initial_weights(make(dtype="float64"), *table)
        rounded, _ = initial_weights(make(dtype="float32"), *table)
        for left, right in zip(exact, rounded, strict=True):
            assert right.dtype == np.float32
            np.testing.assert_array_equal(left.astype(np.float32), right)
