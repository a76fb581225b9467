"""The parameters of the estimators: each with its default, what it may be, and what it means.

Whatever else needs them, signatures, docstrings and validation, is made from these declarations.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from numbers import Integral, Real

import numpy as np

from sknn._sklearn_compat import Interval, Options, StrOptions
from sknn.backprop import ACTIVATIONS, OPTIMIZERS

from ._declare import parameter


@dataclass(eq=False, repr=False)
class MLPParameters:
    """Those of all multilayer perceptrons."""

    hidden_layer_sizes: int | Sequence[int] = parameter(
        (100,),
        ["array-like", Interval(Integral, 1, None, closed="left")],
        "int or array-like of int of shape (n_layers - 2,)",
        "Widths of the hidden layers; ``()`` for a linear model.",
        kw_only=False,
    )
    activation: str | Sequence[str] = parameter(
        "relu",
        [StrOptions(set(ACTIVATIONS)), "array-like"],
        "str or array-like of str of shape (n_layers - 2,)",
        """
        Nonlinearity of the hidden layers, as PyTorch defines it: one name for all, or one for
        each.

        - 'identity': z, which makes a linear model.
        - 'logistic': 1 / (1 + exp(-z)).
        - 'tanh': the hyperbolic tangent.
        - 'relu': max(0, z).
        - 'silu': z / (1 + exp(-z)), also called swish.
        - 'gelu': z Φ(z), Φ the normal distribution function.
        - 'mish': z tanh(log(1 + exp(z))).
        - 'selu': an ELU scaled so that layers keep mean 0 and variance 1. The layers before it
          start from normal weights of variance 1 / n_in, for which it was made.
        - 'elu': z, or exp(z) - 1 where z is negative.
        - 'leaky_relu': z, or z / 100 where z is negative.
        - 'softplus': log(1 + exp(z)).
        """,
        kw_only=False,
    )
    normalization: str | None = parameter(
        None,
        [StrOptions({"batch", "layer"}), None],
        "{'batch', 'layer'} or None",
        """
        Normalization between the linear map of each hidden layer and its activation:

        - 'batch': subtracts from every unit its mean over the batch and divides by its standard
          deviation. Predictions use running statistics, and so does a batch of a single row, which
          has no variance. 'lbfgs' refuses it.
        - 'layer': does the same to every row, over the units of the layer.

        Either then multiplies each unit by a learnt scale and adds a learnt shift.
        """,
    )
    residual: bool = parameter(
        False,
        ["boolean"],
        "bool",
        """
        Whether every hidden layer after the first one adds its input to its output where both have
        the same width. It is an error if no layer has.
        """,
    )
    embedding: str | None = parameter(
        None,
        [StrOptions({"periodic"}), None],
        "{'periodic'} or None",
        """
        What each feature is replaced by. With 'periodic' that is the feature itself and three
        linear combinations of 16 cosines of it, with learnt frequencies and phases; all of them
        learn at a tenth of the learning rate (Holzmüller et al., 2024). It helps where the target
        changes quickly with a feature. `X` must be dense.
        """,
    )
    input_scale: bool = parameter(
        False,
        ["boolean"],
        "bool",
        "Whether every feature is first multiplied by a learnt number. `X` must be dense.",
    )
    solver: str = parameter(
        "adam",
        [StrOptions({*OPTIMIZERS, "lbfgs"})],
        "{'sgd', 'adam', 'adamw', 'rmsprop', 'lbfgs'}",
        """
        Optimizer. The first four work on batches, in the forms of `torch.optim`; 'rmsprop'
        smooths with 0.99. 'lbfgs' works on all rows at once, in float64, and often wins on
        small tables; it refuses `l1`, `group_l1` and dropout, and has no use for `batch_size`,
        `learning_rate`, `learning_rate_init`, `max_grad_norm` and `shuffle`.
        """,
    )
    learning_rate_init: float = parameter(
        0.001,
        [Interval(Real, 0, None, closed="neither")],
        "float",
        "Step size, above 0.",
    )
    learning_rate: str = parameter(
        "constant",
        [StrOptions({"constant", "invscaling", "adaptive", "cosine", "onecycle"})],
        "{'constant', 'invscaling', 'adaptive', 'cosine', 'onecycle'}",
        """
        How the step size changes:

        - 'constant': not at all.
        - 'invscaling': divided by ``(1 + rows seen) ** power_t`` after each epoch.
        - 'adaptive': divided by 5 where training would stop for want of improvement, which it
          does once the rate is 1e-6 or less.
        - 'cosine': from `learning_rate_init` to 0 over `max_iter` epochs in half a wave.
        - 'onecycle': up from 1/25 of it over the first 30 % of the updates of `max_iter`
          epochs, then down to 1/250,000.

        The last two need to know the end: `warm_start` and `partial_fit` refuse them.
        """,
    )
    power_t: float = parameter(
        0.5,
        [Interval(Real, 0, None, closed="left")],
        "float",
        "Exponent of 'invscaling'.",
    )
    momentum: float = parameter(
        0.9,
        [Interval(Real, 0, 1, closed="both")],
        "float",
        "Share of the last step that 'sgd' carries over, in [0, 1].",
    )
    nesterovs_momentum: bool = parameter(
        True,
        ["boolean"],
        "bool",
        "Whether 'sgd' uses Nesterov's momentum.",
    )
    beta_1: float = parameter(
        0.9,
        [Interval(Real, 0, 1, closed="left")],
        "float",
        "Decay of Adam's first moment, in [0, 1).",
    )
    beta_2: float = parameter(
        0.999,
        [Interval(Real, 0, 1, closed="left")],
        "float",
        "Decay of Adam's second moment, in [0, 1).",
    )
    epsilon: float = parameter(
        1e-08,
        [Interval(Real, 0, None, closed="neither")],
        "float",
        "Added to the root in the denominator of 'adam', 'adamw' and 'rmsprop'.",
    )
    batch_size: int | str = parameter(
        "auto",
        [StrOptions({"auto", "full"}), Interval(Integral, 1, None, closed="left")],
        "int, 'auto' or 'full'",
        """
        Rows in a batch. 'auto' is min(200, n_samples); 'full' is all rows, which makes each
        epoch one step of gradient descent; 1 is per-sample descent.
        """,
    )
    max_iter: int = parameter(
        200,
        [Interval(Integral, 1, None, closed="left")],
        "int",
        "Most epochs, or iterations of 'lbfgs'.",
    )
    max_fun: int = parameter(
        15000,
        [Interval(Integral, 1, None, closed="left")],
        "int",
        "Most function calls of 'lbfgs'.",
    )
    l1: float = parameter(
        0.0,
        [Interval(Real, 0, None, closed="left")],
        "float",
        "Strength of the penalty Σ|W|.",
    )
    l2: float = parameter(
        0.0001,
        [Interval(Real, 0, None, closed="left")],
        "float",
        """
        Strength of the penalty ½ΣW². It is not divided by the number of rows: where
        `{peer}` has `alpha`, use ``l2 = alpha / batch_size``. 'adamw' applies it as
        decoupled decay.
        """,
    )
    group_l1: float = parameter(
        0.0,
        [Interval(Real, 0, None, closed="left")],
        "float",
        """
        Strength of the penalty Σ‖W₁[j, :]‖, over the features j, of the lengths of their rows of
        weights in the first layer. It sets whole rows to zero, and their features have no part in
        the output any more: see `selected_features_`. Keep `l2` well above 0 with it, or later
        layers grow to make up for the shrunken rows; and batches large, for the noise of small
        ones brings features back.
        """,
    )
    l1_method: str = parameter(
        "prox",
        [StrOptions({"prox", "subgradient"})],
        "{'prox', 'subgradient'}",
        """
        How `l1` enters an update:

        - 'prox': every weight moves towards zero after the solver's step, in the solver's own
          metric, and stays at exactly zero where the loss does not pull it away.
        - 'subgradient': as λ sign(W), added to the gradient. Weights get small, but hardly ever
          zero; those that pass zero and back make the loss jitter.

        `group_l1` always is of the first kind. Such a step is not shortened by `max_grad_norm`,
        so penalties weigh more against shortened gradients. It ends the jitter of the penalty
        only: for that of a large step size, lower the step size.
        """,
    )
    dropout: float | Sequence[float] = parameter(
        0.0,
        [Interval(Real, 0, 1, closed="left"), "array-like"],
        "float or array-like of float of shape (n_layers - 2,)",
        """
        Probability of dropping a hidden unit during training, in [0, 1): one for all hidden
        layers, or one for each.
        """,
    )
    input_dropout: float = parameter(
        0.0,
        [Interval(Real, 0, 1, closed="left")],
        "float",
        """
        Probability of dropping an input of the first linear layer during training, in [0, 1):
        a feature or, with `embedding`, one of the numbers that take its place.
        """,
    )
    max_grad_norm: float | None = parameter(
        None,
        [Interval(Real, 0, None, closed="neither"), None],
        "float",
        "Length to which longer gradients are shortened. None leaves them as they are.",
    )
    early_stopping: bool = parameter(
        False,
        ["boolean"],
        "bool",
        """
        Whether to stop when the monitored validation figure no longer improves, and to restore
        the weights of its best epoch. Holds out `validation_fraction` of the rows, unless `fit`
        is given `X_val` and `y_val`; of classes, where there are enough rows of each, in equal
        shares. Has no effect on 'lbfgs', which trains on all rows until it converges, as in
        scikit-learn.
        """,
    )
    validation_fraction: float = parameter(
        0.1,
        [Interval(Real, 0, 1, closed="neither")],
        "float",
        "Share of the rows that is held out, in (0, 1).",
    )
    n_iter_no_change: float = parameter(
        10,
        [Interval(Integral, 1, None, closed="left"), Options(Real, {np.inf})],
        "int or np.inf",
        """
        Training stops when the number of epochs in a row without improvement exceeds this;
        np.inf trains for `max_iter` epochs without asking.
        """,
    )
    tol: float = parameter(
        0.0001,
        [Interval(Real, 0, None, closed="left")],
        "float",
        """
        Least improvement that counts, of `loss_curve_` or of the monitored figure. For 'lbfgs',
        the gradient's largest component at which it stops.
        """,
    )
    shuffle: bool = parameter(
        True,
        ["boolean"],
        "bool",
        "Whether to visit the rows in a new random order in each epoch.",
    )
    random_state: int | np.random.RandomState | None = parameter(
        None,
        ["random_state"],
        "int, RandomState instance or None",
        """
        Source of the initial weights, the held-out rows, the order of rows and the dropout
        masks, each with a stream of its own. An int makes fits repeatable bit for bit.
        """,
    )
    warm_start: bool = parameter(
        False,
        ["boolean"],
        "bool",
        """
        Whether `fit` goes on from the last one as if it had not stopped: 100 and then 100
        epochs on equal data are 200, bit for bit. Changed rates and penalties take effect.
        'lbfgs' goes on from the weights alone and estimates the curvature anew, and so does a
        solver other than that of the last fit. `coefs_` and `intercepts_` that were changed in
        between are what training goes on from. If a callback raises, the last complete epoch is
        kept.
        """,
    )
    verbose: bool | int = parameter(
        False,
        ["verbose"],
        "bool or int",
        "Whether to print a line per epoch.",
    )
    record: str = parameter(
        "epoch",
        [StrOptions({"epoch", "batch"})],
        "{'epoch', 'batch'}",
        "Whether `history_` also has every batch's loss and {score}.",
    )
    dtype: str = parameter(
        "auto",
        [StrOptions({"auto", "float32", "float64"})],
        "{'auto', 'float32', 'float64'}",
        """
        Precision of training. 'auto' trains float32 data in float32 and all else in float64;
        'float32' is up to twice as fast.
        """,
    )
