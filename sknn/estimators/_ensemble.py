"""What ensembles share: several networks that differ by seed, fitted together."""

from __future__ import annotations

from abc import ABCMeta, abstractmethod
from dataclasses import dataclass
from numbers import Integral
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, MetaEstimatorMixin, clone
from sklearn.callback import CallbackSupportMixin
from sklearn.utils import Tags, check_random_state, get_tags, resample
from sklearn.utils.validation import check_is_fitted

from sknn._sklearn_compat import Interval, fit_context, validate_data

from ._arrays import arrays_of
from ._base import BaseMLP
from ._declare import parameter
from ._fit_many import fit_many
from ._meta import validate_as
from ._targets import Classes

#: The fitted attributes of all, as docstrings have them.
ATTRIBUTES = """
n_features_in_ : int
    Number of features seen in `fit`.
feature_names_in_ : ndarray of shape (n_features_in_,)
    Names of the features, where `X` has names that are all strings.
"""


def network_parameter(Network: type[Any]) -> Any:
    """The parameter `estimator` of an ensemble of this class."""
    return parameter(
        None,
        [Network, None],
        Network.__name__,
        """
        What to fit `n_estimators` times; None for one with its defaults. Its `random_state` is
        replaced.
        """,
        kw_only=False,
    )


@dataclass(eq=False, repr=False)
class EnsembleParameters:
    """The parameters of ensembles."""

    estimator: Any = network_parameter(BaseMLP)
    n_estimators: int = parameter(
        10,
        [Interval(Integral, 1, None, closed="left")],
        "int",
        "Number of networks.",
        kw_only=False,
    )
    bootstrap: bool = parameter(
        False,
        ["boolean"],
        "bool",
        """
        Whether each network sees a sample of the rows, drawn with replacement, instead of all of
        them. Of a class there are as many rows in each sample as in all.
        """,
    )
    n_jobs: int | None = parameter(
        None,
        [Integral, None],
        "int",
        "Stacks that train at the same time, through joblib.",
    )
    random_state: Any = parameter(
        None,
        ["random_state"],
        "int, RandomState instance or None",
        "Source of the seeds and samples.",
    )


class BaseEnsemble(
    EnsembleParameters,
    CallbackSupportMixin,
    MetaEstimatorMixin,
    BaseEstimator,
    metaclass=ABCMeta,
):
    """Networks that differ by seed and, if asked, by rows."""

    estimators_: list[Any]

    @property
    @abstractmethod
    def _network(self) -> Any:
        """What to fit `n_estimators` times."""

    @fit_context(prefer_skip_nested_validation=False)
    @np.errstate(all="ignore")
    def fit(self, X, y, sample_weight=None):
        """Fit all networks.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Training rows, scaled.
        y : {array-like, sparse matrix} of shape (n_samples,) or (n_samples, n_targets)
            Class labels, or an indicator matrix of several labels per row; of a regressor, the
            numbers to predict, in one column or in several.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the rows.

        Returns
        -------
        self : estimator
            The fitted ensemble.

        Raises
        ------
        ValueError
            If parameters or data are invalid, or a fit diverges.
        """
        metadata = None if sample_weight is None else {"sample_weight": sample_weight}
        context = self._init_callback_context(max_subtasks=0)
        context.call_on_fit_task_begin(estimator=self, X=X, y=y, metadata=metadata)
        network = self._network
        rows, truth, target = validate_as(network, self, X, y, [np.float64, np.float32])
        rng = check_random_state(self.random_state)
        seeds = rng.randint(np.iinfo(np.int32).max, size=self.n_estimators).tolist()
        members = [clone(network).set_params(random_state=seed) for seed in seeds]
        splits = None
        if self.bootstrap:
            numbers = np.arange(rows.shape[0])
            strata = target.encode(truth) if isinstance(target, Classes) else None
            splits = [resample(numbers, stratify=strata, random_state=rng) for _ in seeds]
        self.estimators_ = fit_many(
            members, rows, truth, sample_weight, splits=splits, n_jobs=self.n_jobs
        )
        for member in self.estimators_:
            member._state = None  # nothing goes on from it, and it is three quarters of a member
        for name, value in target.attributes().items():
            setattr(self, name, value)
        context.call_on_fit_task_end(estimator=self, X=X, y=y, metadata=metadata)
        return self

    @np.errstate(all="ignore")
    def _outputs(self, X: Any) -> np.ndarray:
        """Outputs of every network, shape (n_estimators, n_samples, n_outputs)."""
        check_is_fitted(self)
        members = self.estimators_
        first = members[0]
        kinds, dtype = "csr" if first._plan.spec.takes_sparse else False, first.coefs_[0].dtype
        X = validate_data(self, X, accept_sparse=kinds, dtype=dtype, reset=False)
        each = [arrays_of(member) for member in members]
        arrays = {name: np.concatenate([arrays[name] for arrays in each]) for name in each[0]}
        outputs = first._engine.predict(first._plan.spec, arrays, X)
        if not np.isfinite(outputs).all():
            raise ValueError(
                "The outputs for these rows are not finite: X or the weights are too large for "
                f"{outputs.dtype}. Scale the columns of X."
            )
        return np.asarray(outputs)

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "estimators_")

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = get_tags(self._network).input_tags.sparse
        return tags
