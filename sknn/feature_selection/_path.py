"""`RegularizationPath`: from all features to none, as a penalty grows."""

from __future__ import annotations

from dataclasses import replace
from numbers import Integral, Real
from typing import Any, ClassVar

import numpy as np
from sklearn.base import BaseEstimator, MetaEstimatorMixin, clone, is_classifier
from sklearn.callback import CallbackSupportMixin
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import check_cv
from sklearn.utils import check_random_state

from sknn._sklearn_compat import (
    Interval,
    StrOptions,
    check_sample_weight,
    fit_context,
    validate_data,
)
from sknn._warnings import warn
from sknn.backprop import ONE_BLAS_THREAD
from sknn.estimators import ScratchMLPClassifier, ScratchMLPRegressor
from sknn.estimators._fit import TrainableMLP
from sknn.estimators._inputs import Inputs
from sknn.estimators._prepare import Job, Memo, draw_streams
from sknn.estimators._resolve import check_penalties
from sknn.estimators._stacks import prepare_job, settle

from ._best_estimator import BestEstimatorMixin
from ._selector import default_network, validate
from ._strengths import best_index, check_lambdas
from ._walk import Step, Walk, check_network, fold_jobs

# Attributes that are there only where something is chosen.
OF_CHOICE = (
    "best_estimator_",
    "best_index_",
    "best_lambda_",
    "support_",
    "valid_loss_errors_",
    "valid_loss_means_",
    "valid_losses_",
)

# How many strengths beyond the one that was found are tried until no feature is left.
MOST_EXTRA = 50


class RegularizationPath(
    BestEstimatorMixin, CallbackSupportMixin, MetaEstimatorMixin, BaseEstimator
):
    r"""Which features a network needs, as a penalty grows from nothing until no feature is left.

    A dense network is trained first. Then its penalty grows step by step, and at each step the
    network goes on for a few epochs from where it was. On the way features leave, those first that
    the network can best do without. Cross-validation, whose networks walk along in a stack, says
    how many it takes.

    Parameters
    ----------
    estimator : ScratchMLPClassifier or ScratchMLPRegressor, default=None
        The network; scale the columns before it. Its `max_iter` are the epochs of the dense
        network, and its own strength of `penalty` is not used. None for a classifier of one
        hidden layer of 32 units with ``l2=0.01``, ``learning_rate_init=0.01`` and 100 epochs.
    penalty : {'group_l1', 'l1'}, default='group_l1'
        What grows: the penalty on the lengths of the features' weights in the first layer, or
        that on all weights of all layers.
    lambdas : array-like of float, default=None
        Strengths above 0, in any order. None for `n_lambdas` from `lambda_ratio` times to once
        the least one that is found to leave no feature, each a constant factor above the last, and
        as many more as it takes.
    n_lambdas : int, default=50
        Number of strengths.
    lambda_ratio : float, default=0.01
        The first strength over the last, in (0, 1).
    epochs_per_lambda : int, default=20
        Epochs at each strength.
    cv : int, cross-validation generator or iterable, default=5
        How to split the rows, as in `sklearn.model_selection.cross_validate`: a number of folds
        is stratified by class where there are classes. It is not used where `fit` gets `X_val` and
        `y_val`.
    relax : bool, default=True
        Whether networks are validated as they are after `epochs_per_lambda` more epochs without the
        penalty, on the features that it has left to them; the walk itself goes on without these.
    selection : {'one_se', 'best'} or None, default='one_se'
        Which strength is best: the largest one whose validation loss is within a standard error of
        the least, or that of the least loss itself. None trains no folds and chooses nothing:
        attributes about validation and the best strength are not there then.
    min_features : int, default=1
        The best strength leaves at least so many features.
    random_state : int, RandomState instance or None, default=None
        Source of the networks' seeds.

    Attributes
    ----------
    lambdas_ : ndarray of shape (n_lambdas_,)
        The strengths, from 0 on, rising.
    alive_ : ndarray of bool of shape (n_lambdas_, n_features)
        Which features have a weight other than 0 at which strength, in the network of all rows.
    n_alive_ : ndarray of int of shape (n_lambdas_,)
        How many.
    norms_ : ndarray of shape (n_lambdas_, n_features)
        Lengths of their weights in the first layer.
    train_losses_ : ndarray of shape (n_lambdas_,)
        Loss in the last epoch at each strength, over all rows: cross-entropy, or the `loss` of a
        regressor.
    valid_losses_ : ndarray of shape (n_lambdas_, n_splits)
        Loss on the rows left out of each fold, of networks that were relaxed if `relax`;
        or on `X_val`, and `n_splits` is 1.
    valid_loss_means_, valid_loss_errors_ : ndarray of shape (n_lambdas_,)
        Their means and the standard errors of these: over folds, or over the rows of `X_val`.
    best_index_ : int
        Place of the best strength.
    best_lambda_ : float
        The best strength.
    best_estimator_ : ScratchMLPClassifier or ScratchMLPRegressor
        The network of all rows as it was at the best strength; what the path predicts and scores
        by.
    support_ : ndarray of bool of shape (n_features,)
        The features alive at the best strength.
    exit_lambdas_ : ndarray of shape (n_features,)
        The strength from which on a feature has no weight any more; infinite for one that stays
        to the end.
    classes_ : ndarray of shape (n_classes,)
        The class labels, if `estimator` is a classifier.
    n_features_in_ : int
        Number of features seen in `fit`.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Names of the features, where `X` has names that are all strings.

    See Also
    --------
    MLPFeatureSelector : Keeps the features that such a path finds.
    sknn.estimators.ScratchMLPClassifier : Has the penalties, `group_l1` and `l1`.

    Notes
    -----
    The penalty shrinks what it does not remove. The least loss of shrunken networks comes with
    far more features than are needed, as that of the lasso does: therefore `relax`, after the
    relaxed lasso (Meinshausen, 2007), which judges a strength by the features that it leaves and
    not by how much it shrinks them. `best_estimator_` is shrunken still. A network for prediction
    is best fitted anew, on the features of `support_` alone and without the penalty, which is what
    a Pipeline with `MLPFeatureSelector` does.

    `group_l1` is a penalty on the first layer only. With a small `l2` the later layers could grow
    to make up for weights that shrink, and hardly a feature would leave: keep `l2` well above 0.
    Batches should be large, for the noise of small ones brings features back that have left.

    A regressor learns the target on a scale of its own, that of all rows, in the folds as well: the
    losses are on this scale, and so strengths do not depend on the unit of the target.

    The walk goes from dense to sparse, as that of LassoNet does: a network that has found an
    interaction keeps it for as long as it pays, while one that starts from nothing may never see
    it.

    References
    ----------
    I. Lemhadri, F. Ruan, L. Abraham and R. Tibshirani, "LassoNet: A Neural Network with Feature
    Sparsity", Journal of Machine Learning Research 22, 2021.

    N. Meinshausen, "Relaxed Lasso", Computational Statistics & Data Analysis 52, 2007.

    J. Feng and N. Simon, "Sparse-Input Neural Networks for High-dimensional Nonparametric
    Regression and Classification", arXiv:1711.07592, 2017.

    Examples
    --------
    >>> import numpy as np
    >>> from sknn.feature_selection import RegularizationPath
    >>> X = np.random.default_rng(0).normal(size=(300, 6))
    >>> y = X[:, 0] * X[:, 1] > 0
    >>> path = RegularizationPath(n_lambdas=30, cv=3, random_state=0).fit(X, y)
    >>> path.support_
    array([ True,  True, False, False, False, False])
    >>> path.n_alive_[0], path.n_alive_[-1]
    (np.int64(6), np.int64(0))
    """

    _parameter_constraints: ClassVar[dict] = {
        "estimator": [ScratchMLPClassifier, ScratchMLPRegressor, None],
        "penalty": [StrOptions({"group_l1", "l1"})],
        "lambdas": ["array-like", None],
        "n_lambdas": [Interval(Integral, 2, None, closed="left")],
        "lambda_ratio": [Interval(Real, 0, 1, closed="neither")],
        "epochs_per_lambda": [Interval(Integral, 1, None, closed="left")],
        "cv": ["cv_object"],
        "relax": ["boolean"],
        "selection": [StrOptions({"one_se", "best"}), None],
        "min_features": [Interval(Integral, 1, None, closed="left")],
        "random_state": ["random_state"],
    }

    def __init__(
        self,
        estimator=None,
        *,
        penalty="group_l1",
        lambdas=None,
        n_lambdas=50,
        lambda_ratio=0.01,
        epochs_per_lambda=20,
        cv=5,
        relax=True,
        selection="one_se",
        min_features=1,
        random_state=None,
    ):
        self.estimator = estimator
        self.penalty = penalty
        self.lambdas = lambdas
        self.n_lambdas = n_lambdas
        self.lambda_ratio = lambda_ratio
        self.epochs_per_lambda = epochs_per_lambda
        self.cv = cv
        self.relax = relax
        self.selection = selection
        self.min_features = min_features
        self.random_state = random_state

    @fit_context(prefer_skip_nested_validation=False)
    @np.errstate(all="ignore")
    def fit(self, X, y, sample_weight=None, *, X_val=None, y_val=None, sample_weight_val=None):
        """Walk from the dense network to the empty one.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Rows, scaled.
        y : {array-like, sparse matrix} of shape (n_samples,) or (n_samples, n_targets)
            Class labels, or an indicator matrix of several labels per row; of a regressor, the
            numbers to predict, in one column or in several.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the rows, in training and in validation.
        X_val : {array-like, sparse matrix} of shape (n_val, n_features), default=None
            Rows to validate on, in place of `cv`.
        y_val : {array-like, sparse matrix} of shape (n_val,) or (n_val, n_targets), default=None
            Their targets.
        sample_weight_val : array-like of shape (n_val,), default=None
            Their weights.

        Returns
        -------
        self : estimator
            The fitted path.

        Raises
        ------
        ValueError
            If parameters or data are invalid, or a network diverges.
        """
        estimator = clone(self._network).set_params(warm_start=False)
        check_network(estimator, self.penalty)
        strengths = None if self.lambdas is None else check_lambdas(self.lambdas)
        context = self._init_callback_context(max_subtasks=None)
        metadata = None if sample_weight is None else {"sample_weight": sample_weight}
        context.call_on_fit_task_begin(estimator=self, X=X, y=y, metadata=metadata)
        rows, truth, target = validate(self, estimator, X, y)
        if int(self.min_features) > self.n_features_in_:
            raise ValueError(
                f"`min_features` must be at most the number of features, {self.n_features_in_}, "
                f"got {self.min_features}"
            )
        if sample_weight is not None:
            sample_weight = check_sample_weight(sample_weight, rows, allow_all_zero_weights=True)
        if X_val is not None:
            X_val = validate_data(self, X_val, accept_sparse="csr", reset=False)
        jobs = self._jobs(
            estimator, Inputs(rows, truth, sample_weight, X_val, y_val, sample_weight_val)
        )
        grown: dict[str, Any] = {self.penalty: 1.0 if strengths is None else float(strengths[-1])}
        check_penalties(replace(jobs[0].plan, **grown))
        for name in (*OF_CHOICE, "classes_"):  # of an earlier fit
            self.__dict__.pop(name, None)
        walk = Walk(jobs, self.penalty, self.relax)
        with ONE_BLAS_THREAD:  # here, since entering takes longer than a short step
            steps = self._walk(walk, strengths, context)
        for name, value in target.attributes().items():
            setattr(self, name, value)
        self._take_over(steps)
        if self.selection is not None:
            self._choose(steps)
            state, plan = walk.network_at(steps[self.best_index_])
            estimator.set_params(**{self.penalty: self.best_lambda_})
            settle(estimator, replace(jobs[0], plan=plan), state)
            if hasattr(self, "feature_names_in_"):
                estimator.feature_names_in_ = self.feature_names_in_
            self.best_estimator_ = estimator
        context.call_on_fit_task_end(estimator=self, X=X, y=y, metadata=metadata)
        return self

    @property
    def _network(self) -> ScratchMLPClassifier | ScratchMLPRegressor:
        if self.estimator is None:
            return default_network(hidden_layer_sizes=(32,), l2=0.01)
        return self.estimator

    def _jobs(self, estimator: TrainableMLP, inputs: Inputs) -> list[Job]:
        """The training of the network of all rows, and those of the folds."""
        rng = check_random_state(self.random_state)
        estimator.set_params(random_state=rng.randint(np.iinfo(np.int32).max))
        whole = prepare_job(estimator, inputs, Memo())
        if whole.problem.valid is not None or self.selection is None:
            return [whole]
        cv = check_cv(self.cv, inputs.y, classifier=is_classifier(estimator))
        splits = list(cv.split(inputs.X, inputs.y))
        starts = [whole.engine.start([whole.plan], [draw_streams(rng)]) for _ in splits]
        return [whole, *fold_jobs(whole, splits, starts)]

    def _walk(self, walk: Walk, strengths: np.ndarray | None, context: Any) -> list[Step]:
        """From dense to empty, or through the strengths that were given."""

        def go(strength: float, n_epochs: int) -> None:
            task = context.subcontext(task_name="lambda")
            task.call_on_fit_task_begin(estimator=self)
            steps.append(walk.step(float(strength), n_epochs))
            task.call_on_fit_task_end(estimator=self)

        steps: list[Step] = []
        n_epochs = int(self.epochs_per_lambda)
        go(0.0, walk.max_iter)
        if strengths is not None:
            for strength in strengths:
                go(strength, n_epochs)
            return steps
        largest = walk.find_largest(n_epochs)
        grid = np.geomspace(self.lambda_ratio * largest, largest, int(self.n_lambdas))
        factor = grid[1] / grid[0]
        for strength in (*grid, *(largest * factor ** np.arange(1, MOST_EXTRA + 1))):
            go(strength, n_epochs)
            if not steps[-1].norms.any():
                return steps
        warn(
            f"features are left at the largest strength that was tried, {steps[-1].strength:.3g}",
            ConvergenceWarning,
        )
        return steps

    def _take_over(self, steps: list[Step]) -> None:
        """Lay the steps side by side."""
        self.lambdas_ = np.array([step.strength for step in steps])
        self.norms_ = np.stack([step.norms for step in steps])
        self.alive_ = self.norms_ > 0
        self.n_alive_ = self.alive_.sum(axis=1)
        self.train_losses_ = np.array([step.train_loss for step in steps])
        # The last strength at which a feature is alive, and the one after it.
        last = len(steps) - 1 - self.alive_[::-1].argmax(axis=0)
        last[~self.alive_.any(axis=0)] = -1
        self.exit_lambdas_ = np.append(self.lambdas_, np.inf)[last + 1]

    def _choose(self, steps: list[Step]) -> None:
        """Find the best step."""
        self.valid_losses_ = np.stack([step.valid_losses for step in steps])
        self.valid_loss_means_ = self.valid_losses_.mean(axis=1)
        n_splits = self.valid_losses_.shape[1]
        if n_splits > 1:
            self.valid_loss_errors_ = self.valid_losses_.std(axis=1, ddof=1) / np.sqrt(n_splits)
        else:
            self.valid_loss_errors_ = np.array([step.valid_errors[0] for step in steps])
        self.best_index_ = best_index(
            self.valid_loss_means_,
            self.valid_loss_errors_ if self.selection == "one_se" else None,
            self.n_alive_ >= self.min_features,
        )
        self.best_lambda_ = float(self.lambdas_[self.best_index_])
        self.support_ = self.alive_[self.best_index_]

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "lambdas_")
