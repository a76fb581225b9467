"""`RankStabilitySelector`: features that matter in refit after refit."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from numbers import Integral, Real
from typing import Any, ClassVar

import numpy as np
from scipy.stats import rankdata
from sklearn.base import clone
from sklearn.model_selection import train_test_split
from sklearn.utils import check_random_state

from sknn._sklearn_compat import (
    Interval,
    StrOptions,
    check_sample_weight,
    fit_context,
)
from sknn.estimators import ScratchMLPClassifier, ScratchMLPRegressor
from sknn.estimators._fit import TrainableMLP
from sknn.estimators._inputs import Inputs
from sknn.estimators._prepare import Job, Memo
from sknn.estimators._results import report_outcome
from sknn.estimators._stacks import prepare_job, train_in_stacks, train_stack
from sknn.estimators._targets import Classes

from ._selector import BaseSelector, default_network, validate


class RankStabilitySelector(BaseSelector):
    """Select the features that rank first in many refits of a sparse network.

    One training of a network ranks features by chance as well as by worth: another seed, another
    order. This refits the network `n_refits` times with other seeds, ranks the features each time
    by how large their weights in the first layer are, or how large the gradients of these weights
    were, and keeps those that come out in front. With `subsample` each refit sees rows of its
    own, which makes it stability selection. All refits train together, in stacks.

    Parameters
    ----------
    estimator : ScratchMLPClassifier or ScratchMLPRegressor, default=None
        The network; scale the columns before it. None for a classifier of one hidden layer of 100
        units with ``l1=0.001``, which sets weights to exactly zero, and 100 epochs. Its
        `random_state` is replaced.
    n_refits : int, default=50
        Number of refits. Time grows in proportion; the Notes say what more refits add.
    importance : {'weights', 'gradients'}, default='weights'
        What a feature is ranked by, each time: Σ|W| of its weights in the first layer after
        training, or Σ|∂L/∂W| of them over all updates, without the penalties' part.
    subsample : float, default=None
        Share of the rows that a refit sees, in (0, 1), drawn without replacement, and stratified
        by class where there are classes. None for all rows.
    n_features_to_select : int or float, default=None
        How many features to keep, or their share in (0, 1). None for half of them.
    threshold : float, default=None
        Keep, instead, every feature that is among the first `n_features_to_select` in at least
        this share of the refits, in (0, 1].
    n_jobs : int, default=None
        Stacks that train at the same time, through joblib.
    random_state : int, RandomState instance or None, default=None
        Source of the refits' seeds and of the subsamples.

    Attributes
    ----------
    importances_ : ndarray of shape (n_refits, n_features)
        What the features were ranked by.
    ranks_ : ndarray of int of shape (n_refits, n_features)
        The rank of each feature in each refit, 1 being the most important. Features of equal
        importance share the last of their ranks.
    rank_counts_ : ndarray of int of shape (n_features, n_features)
        How often a feature (row) had a rank (column, from rank 1 on).
    mean_rank_ : ndarray of shape (n_features,)
        Mean of its ranks.
    selection_probability_ : ndarray of shape (n_features,)
        Share of the refits in which it was among the first `n_features_to_select`, and of any
        importance at all.
    ranking_ : ndarray of int of shape (n_features,)
        Place in the order of mean ranks, 1 being the first.
    support_ : ndarray of bool of shape (n_features,)
        Which features are kept.
    n_features_in_ : int
        Number of features seen in `fit`.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Names of the features, where `X` has names that are all strings.

    See Also
    --------
    sknn.estimators.fit_many : Fits many networks together.

    Notes
    -----
    The default of 50 refits was chosen on three real data sets, scaled to unit variance: pairs of
    selections without a common refit were compared (means of 200 pairs drawn from 400 refits).

    ============================ ========================== =============================
    data (features), subsample   correlation of mean ranks  share of kept features common
    ============================ ========================== =============================
    wine (13), none              0.987                      1.000
    wine (13), 0.5               0.991                      0.996
    breast cancer (30), none     0.995                      0.975
    breast cancer (30), 0.5      0.984                      0.958
    yeast (8), none              1.000                      1.000
    yeast (8), 0.5               0.994                      1.000
    ============================ ========================== =============================

    Correlations are Spearman's. With 20 refits the least are 0.959 and 0.931, with 200 refits
    0.992 and 0.988. Use several hundred refits if there are many similar features, or to read
    `selection_probability_` in per cent: its standard error is at most 0.07 with 50 refits and 0.03
    with 300.

    References
    ----------
    N. Meinshausen and P. Bühlmann, "Stability selection", Journal of the Royal Statistical
    Society B 72, 2010.

    Examples
    --------
    >>> from sklearn.preprocessing import StandardScaler
    >>> from sknn.datasets import load_producers
    >>> from sknn.feature_selection import RankStabilitySelector
    >>> X, y = load_producers(return_X_y=True, as_frame=True)
    >>> X = StandardScaler().set_output(transform="pandas").fit_transform(X)
    >>> selector = RankStabilitySelector(n_refits=20, n_features_to_select=3, random_state=0)
    >>> selector.fit(X, y).transform(X).shape
    (178, 3)
    >>> "proline" in selector.get_feature_names_out()
    True
    """

    _parameter_constraints: ClassVar[dict] = {
        **BaseSelector._parameter_constraints,
        "estimator": [ScratchMLPClassifier, ScratchMLPRegressor, None],
        "n_refits": [Interval(Integral, 1, None, closed="left")],
        "importance": [StrOptions({"weights", "gradients"})],
        "subsample": [Interval(Real, 0, 1, closed="neither"), None],
        "threshold": [Interval(Real, 0, 1, closed="right"), None],
        "n_jobs": [Integral, None],
        "random_state": ["random_state"],
    }

    def __init__(
        self,
        estimator=None,
        *,
        n_refits=50,
        importance="weights",
        subsample=None,
        n_features_to_select=None,
        threshold=None,
        n_jobs=None,
        random_state=None,
    ):
        self.estimator = estimator
        self.n_refits = n_refits
        self.importance = importance
        self.subsample = subsample
        self.n_features_to_select = n_features_to_select
        self.threshold = threshold
        self.n_jobs = n_jobs
        self.random_state = random_state

    @fit_context(prefer_skip_nested_validation=False)
    @np.errstate(all="ignore")
    def fit(self, X, y, sample_weight=None):
        """Refit the network many times, and rank the features.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Rows, scaled.
        y : {array-like, sparse matrix} of shape (n_samples,) or (n_samples, n_targets)
            Class labels, or an indicator matrix of several labels per row; of a regressor, the
            numbers to predict, in one column or in several.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the rows.

        Returns
        -------
        self : estimator
            The fitted selector.

        Raises
        ------
        ValueError
            If parameters or data are invalid, or a refit diverges.
        """
        estimator = self._estimator()
        context = self._init_callback_context(max_subtasks=self.n_refits)
        metadata = None if sample_weight is None else {"sample_weight": sample_weight}
        context.call_on_fit_task_begin(estimator=self, X=X, y=y, metadata=metadata)
        rows, truth, target = validate(self, estimator, X, y)
        n_features = self.n_features_in_
        n_select = self._n_to_select(n_features) or max(1, n_features // 2)
        if sample_weight is not None:
            sample_weight = check_sample_weight(sample_weight, rows, allow_all_zero_weights=True)
        self.importances_ = np.empty((self.n_refits, n_features))
        inputs = Inputs(rows, truth, sample_weight)
        strata = truth if isinstance(target, Classes) else None
        for number, importances in self._refit(estimator, inputs, strata, context):
            self.importances_[number] = importances
        # Of equals, each has the last of their ranks, so that no column is preferred for its place.
        self.ranks_ = rankdata(-self.importances_, method="max", axis=1).astype(np.intp)
        self.rank_counts_ = np.stack(
            [np.bincount(ranks - 1, minlength=n_features) for ranks in self.ranks_.T]
        )
        self.mean_rank_ = self.ranks_.mean(axis=0)
        is_selected = (self.ranks_ <= n_select) & (self.importances_ > 0)
        self.selection_probability_ = is_selected.mean(axis=0)
        self.ranking_ = np.empty(n_features, np.intp)
        self.ranking_[np.argsort(self.mean_rank_, kind="stable")] = np.arange(1, n_features + 1)
        self.support_ = (
            self.ranking_ <= n_select
            if self.threshold is None
            else self.selection_probability_ >= self.threshold
        )
        context.call_on_fit_task_end(estimator=self, X=X, y=y, metadata=metadata)
        return self

    def _estimator(self) -> ScratchMLPClassifier | ScratchMLPRegressor:
        """What to refit."""
        if self.estimator is None:
            return default_network(l1=0.001, l2=0.0)
        if self.importance == "gradients" and self.estimator.solver == "lbfgs":
            raise ValueError(
                "`importance` must be 'weights' for an estimator with solver='lbfgs', which does "
                "not train by updates of batches, got 'gradients'"
            )
        return self.estimator

    def _refit(
        self, estimator: TrainableMLP, inputs: Inputs, strata: np.ndarray | None, context: Any
    ) -> Iterator[tuple[int, np.ndarray]]:
        """Train; yield the number of each refit and its importances, and tell callbacks of it."""
        rng = check_random_state(self.random_state)
        seeds = rng.randint(np.iinfo(np.int32).max, size=self.n_refits).tolist()

        def make_ready(number: int, memo: Memo) -> Job:
            refit, part = clone(estimator).set_params(random_state=seeds[number]), inputs
            if self.subsample is not None:
                part = inputs.take(self._some_rows(inputs.X.shape[0], strata, seeds[number]))
            job = prepare_job(refit, part, memo)
            plan = replace(job.plan, sums_gradients=self.importance == "gradients")
            return replace(job, plan=plan)

        train = partial(_importances, importance=self.importance)
        for ended in train_in_stacks(range(self.n_refits), make_ready, train, self.n_jobs):
            for number, _, importances in ended:
                refit = context.subcontext(task_name="refit")
                refit.call_on_fit_task_begin(estimator=self)
                refit.call_on_fit_task_end(estimator=self)
                yield number, importances

    def _some_rows(self, n_rows: int, strata: np.ndarray | None, seed: int) -> np.ndarray:
        """The rows that a refit sees."""
        try:
            rows, _ = train_test_split(
                np.arange(n_rows), train_size=self.subsample, stratify=strata, random_state=seed
            )
        except ValueError as error:
            what = "rows" if strata is None else "rows of every class"
            raise ValueError(
                f"`subsample` must leave {what} in and out, got {self.subsample}: {error}"
            ) from error
        return rows


def _importances(jobs: list[Job], importance: str) -> list[np.ndarray]:
    """What each refit says of the features, shape (n_features,)."""
    found = []
    for job, state in zip(jobs, train_stack(jobs), strict=True):
        report_outcome(state, job.plan, asks_convergence=False)
        weights = job.plan.spec.by_feature(state.result()[0].weights[0])[0]
        found.append(
            np.abs(weights).sum(axis=1) if state.gradient_sums is None else state.gradient_sums[0]
        )
    return found
