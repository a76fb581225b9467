"""`TorchMLPClassifier` and `TorchMLPRegressor`: the same estimators, trained by PyTorch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from numbers import Integral
from typing import Any

from sknn._sklearn_compat import Interval
from sknn._torch import TableNet, TorchEngine
from sknn.training import EpochHook, TrainState

from ._arrays import arrays_of
from ._classifier import BaseMLPClassifier
from ._declare import estimator, parameter
from ._fit import TrainableMLP
from ._prepare import Job
from ._regressor import BaseMLPRegressor
from ._texts import OF_CLASSIFIERS, OF_REGRESSORS


@dataclass(eq=False, repr=False)
class TorchMLP(TrainableMLP):
    """Trained by PyTorch through skorch."""

    device: str | int = parameter(
        "auto",
        [str, Interval(Integral, 0, None, closed="left")],
        "str or int",
        """
        Where to train and predict: 'cpu', 'cuda', 'mps' or another of PyTorch's devices, an int
        for the CUDA device of that number. 'auto' takes a CUDA device where there is one, then
        Apple's 'mps' in float32, then the CPU. Where the device of a fitted estimator is
        missing, the CPU predicts.
        """,
    )
    compile: bool = parameter(
        False,
        ["boolean"],
        "bool",
        """
        Whether to have `torch.compile` translate the network. It takes seconds at the start and
        pays for large networks only; it has no part in 'lbfgs', in prediction and in fits of
        sparse rows on a CPU.
        """,
    )
    skorch_callbacks: Sequence[Any] | None = parameter(
        None,
        [list, tuple, None],
        "list of skorch.callbacks.Callback",
        """
        Callbacks for the net, each an instance, a class or a pair (name, callback). Instances are
        copied, with `copy.copy`: the net has the ones that were called. Where the class of one has
        hooks for batches or gradients, as `LRScheduler` has, skorch's own slower loop runs.
        """,
    )

    # Without an annotation, which would make parameters of them.
    _net = None
    _net_history = None  # of an unpickled estimator, if callbacks wrote in it

    @property
    def _engine(self) -> TorchEngine:
        return TorchEngine(self.device, self.compile, self.skorch_callbacks)

    @property
    def net_(self) -> TableNet:
        """The trained skorch net."""
        if not self.__sklearn_is_fitted__():
            raise AttributeError(f"{type(self).__name__} has no `net_` before `fit`")
        if self._net is None:
            history = self._net_history or self.history_
            self._net = self._engine.net_of(self._plan, arrays_of(self), history)
        return self._net

    def _train(self, job: Job, hook: EpochHook | None) -> TrainState:
        engine, goes_on = job.engine, bool(len(job.state.histories[0]))
        assert isinstance(engine, TorchEngine)
        earlier = (self.net_, self._plan) if goes_on else None
        self._net = self._net_history = None
        state = engine.train([job.problem], [job.plan], job.state, hook, earlier)
        self._net = engine.net
        return state

    def __getstate__(self) -> dict[str, Any]:
        # The net is made anew from the weights: no tensor has to find its device again. Only what
        # callbacks have written into its history could not be found again.
        state = super().__getstate__()
        net = state.pop("_net", None)
        if net is not None and net.callbacks:
            state["_net_history"] = net.history
        return state


# What the docstrings of both say of skorch.
SKORCH = """
Skorch's callbacks stop a training
by raising `KeyboardInterrupt` at the end of an epoch; that is a stop and no interruption.

Dropout masks are PyTorch's and differ from those of the other engine. They come from a
generator of the fit's own: PyTorch's and NumPy's global generators are left alone.

Sparse rows stay sparse on a CPU, where SciPy makes the products of the first layer; skorch's
callbacks for batches are given CSR matrices there. On other devices the rows become dense
batch by batch; with ``batch_size="full"`` that is all of them at once.

Fits and predictions neither depend on PyTorch's modes nor change them: inference mode,
`torch.no_grad`, `torch.autocast`, default dtype and default device. With
`torch.autograd.set_detect_anomaly` a training that diverges may end with PyTorch's own error.
Methods of `net_` are skorch's, and follow the modes.
"""


@estimator(**OF_CLASSIFIERS, skorch=SKORCH)
class TorchMLPClassifier(TorchMLP, BaseMLPClassifier):
    r"""Multilayer perceptron trained by PyTorch through skorch, on a CPU or a GPU.

    The same estimator as `ScratchMLPClassifier`, with another engine: from equal `random_state`
    both start from equal weights, see the rows in equal order and stop by the same rule, so that
    in float64 and without dropout their weights agree to rounding.

    Parameters
    ----------
    {parameters}

    Attributes
    ----------
    {attributes}
    net_ : skorch.NeuralNetClassifier
        The trained net, for what skorch can do: `net_.module_`, `net_.history`,
        `net_.save_params`. It works with class numbers, indices into `classes_`, and what is
        done to it does not change the estimator's predictions, which come from `coefs_`; nor
        does it follow a change of these. An unpickled estimator makes it anew, on the device
        that there is, and with the history that callbacks have written in; one that
        `sknn.io.load` returns has the columns of `history_` alone.

    See Also
    --------
    ScratchMLPClassifier : The same estimator in NumPy; often faster for small networks.
    sknn.preprocessing.ColumnNormScaler : Divides columns by their norms.
    skorch.NeuralNetClassifier : For a module of your own.

    Notes
    -----
    {objective}

    {callbacks} {skorch}

    References
    ----------
    {references}

    M. Tietz et al., "skorch: A scikit-learn compatible neural network library that wraps
    PyTorch", 2017, https://skorch.readthedocs.io.

    Examples
    --------
    >>> from sklearn.model_selection import train_test_split
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.preprocessing import StandardScaler
    >>> from sknn.estimators import TorchMLPClassifier
    >>> from sknn.datasets import load_producers
    >>> X, y = load_producers(return_X_y=True)
    >>> X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=0)
    >>> model = make_pipeline(
    ...     StandardScaler(),
    ...     TorchMLPClassifier(early_stopping=True, learning_rate_init=0.01, random_state=0),
    ... )
    >>> model.fit(X_train, y_train).score(X_test, y_test) > 0.9
    True
    >>> model.predict(X_test[:3])
    array([1, 3, 2])
    """


@estimator(**OF_REGRESSORS, skorch=SKORCH)
class TorchMLPRegressor(TorchMLP, BaseMLPRegressor):
    r"""Multilayer perceptron for numbers, trained by PyTorch through skorch, on a CPU or a GPU.

    The same estimator as `ScratchMLPRegressor`, with another engine: from equal `random_state`
    both start from equal weights, see the rows in equal order and stop by the same rule, so that
    in float64 and without dropout their weights agree to rounding.

    Parameters
    ----------
    {parameters}

    Attributes
    ----------
    {attributes}
    net_ : skorch.NeuralNetRegressor
        The trained net, for what skorch can do: `net_.module_`, `net_.history`,
        `net_.save_params`. It works on the scale that is learnt, and what is
        done to it does not change the estimator's predictions, which come from `coefs_`; nor
        does it follow a change of these. An unpickled estimator makes it anew, on the device
        that there is, and with the history that callbacks have written in; one that
        `sknn.io.load` returns has the columns of `history_` alone.

    See Also
    --------
    ScratchMLPRegressor : The same estimator in NumPy; often faster for small networks.
    sknn.preprocessing.ColumnNormScaler : Divides columns by their norms.
    skorch.NeuralNetRegressor : For a module of your own.

    Notes
    -----
    {objective}

    {callbacks} {skorch}

    References
    ----------
    {references}

    M. Tietz et al., "skorch: A scikit-learn compatible neural network library that wraps
    PyTorch", 2017, https://skorch.readthedocs.io.

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from sklearn.model_selection import train_test_split
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.preprocessing import StandardScaler
    >>> from sknn.estimators import TorchMLPRegressor
    >>> X, y = load_diabetes(return_X_y=True)
    >>> X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=0)
    >>> model = make_pipeline(
    ...     StandardScaler(),
    ...     TorchMLPRegressor((16,), l2=0.1, learning_rate_init=0.01, random_state=0),
    ... )
    >>> _ = model.set_params(torchmlpregressor__early_stopping=True).fit(X_train, y_train)
    >>> model.score(X_test, y_test) > 0.3
    True

    An interval in which eight of ten values are expected:

    >>> _ = model.set_params(torchmlpregressor__loss="quantile").fit(X_train, y_train)
    >>> low, median, high = model[-1].predict_quantiles(model[:-1].transform(X_test)).T
    >>> bool((low <= median).all() and (median <= high).all())
    True
    """
