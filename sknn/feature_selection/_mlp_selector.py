"""`MLPFeatureSelector`: the features that a network keeps as a penalty grows."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from sknn._sklearn_compat import StrOptions, fit_context, validate_data

from ._path import RegularizationPath
from ._selector import BaseSelector, validate


class MLPFeatureSelector(BaseSelector):
    """Select the features that a network keeps as a penalty on them grows.

    It walks a `RegularizationPath` and keeps the features of its best strength, or as many as it
    is asked for: those that stay longest. What comes after it in a Pipeline is fitted on these
    features alone, and owes nothing to the penalty.

    Parameters
    ----------
    estimator : ScratchMLPClassifier or ScratchMLPRegressor, default=None
        The network, as in `RegularizationPath`; scale the columns before it.
    n_features_to_select : int or float, default=None
        How many features to keep, or their share in (0, 1); no validation is needed then. None
        for those of the best strength by `cv`.
    penalty : {'group_l1', 'l1'}, default='group_l1'
        What grows.
    lambdas : array-like of float, default=None
        Strengths above 0. None for strengths that are found.
    n_lambdas : int, default=50
        Number of strengths.
    lambda_ratio : float, default=0.01
        The first strength over the last, in (0, 1).
    epochs_per_lambda : int, default=20
        Epochs at each strength.
    cv : int, cross-validation generator or iterable, default=5
        How to split the rows.
    relax : bool, default=True
        Whether to validate without the penalty, on the features that it has left.
    selection : {'one_se', 'best'}, default='one_se'
        Which strength is best.
    min_features : int, default=1
        The best strength leaves at least so many features.
    random_state : int, RandomState instance or None, default=None
        Source of the networks' seeds.

    Attributes
    ----------
    path_ : RegularizationPath
        The path, with all that it has found but for `best_estimator_`, the network itself.
    support_ : ndarray of bool of shape (n_features,)
        Which features are kept.
    ranking_ : ndarray of int of shape (n_features,)
        Place in the order in which they leave, 1 being the last to leave. Of those that leave at
        the same strength, the one with the longer weights before it comes first.
    n_features_in_ : int
        Number of features seen in `fit`.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Names of the features, where `X` has names that are all strings.

    See Also
    --------
    RegularizationPath : What it walks along, with notes on the choice of the network.
    RankStabilitySelector : Selects by rank in many refits.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.neighbors import KNeighborsClassifier
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.preprocessing import StandardScaler
    >>> from sknn.feature_selection import MLPFeatureSelector
    >>> X = np.random.default_rng(0).normal(size=(300, 6))
    >>> y = X[:, 0] * X[:, 1] > 0
    >>> model = make_pipeline(
    ...     StandardScaler(),
    ...     MLPFeatureSelector(n_features_to_select=2, n_lambdas=15, random_state=0),
    ...     KNeighborsClassifier(),
    ... )
    >>> model.fit(X, y)[:-1].get_feature_names_out()
    array(['x0', 'x1'], dtype=object)
    """

    _parameter_constraints: ClassVar[dict] = {
        **RegularizationPath._parameter_constraints,
        **BaseSelector._parameter_constraints,
        "selection": [StrOptions({"one_se", "best"})],
    }

    def __init__(
        self,
        estimator=None,
        *,
        n_features_to_select=None,
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
        self.n_features_to_select = n_features_to_select
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
        """Walk along the path, and choose the features.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Rows, scaled.
        y : {array-like, sparse matrix} of shape (n_samples,) or (n_samples, n_targets)
            Class labels, or an indicator matrix of several labels per row; of a regressor, the
            numbers to predict, in one column or in several.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the rows.
        X_val : {array-like, sparse matrix} of shape (n_val, n_features), default=None
            Rows to validate on, in place of `cv`.
        y_val : {array-like, sparse matrix} of shape (n_val,) or (n_val, n_targets), default=None
            Their targets.
        sample_weight_val : array-like of shape (n_val,), default=None
            Their weights.

        Returns
        -------
        self : estimator
            The fitted selector.

        Raises
        ------
        ValueError
            If parameters or data are invalid, or a network diverges.
        """
        context = self._init_callback_context(max_subtasks=1)
        metadata = None if sample_weight is None else {"sample_weight": sample_weight}
        context.call_on_fit_task_begin(estimator=self, X=X, y=y, metadata=metadata)
        names = RegularizationPath._get_param_names()
        path = RegularizationPath(**{name: getattr(self, name) for name in names})
        rows, truth, _ = validate(self, path._network, X, y)
        if X_val is not None:
            X_val = validate_data(self, X_val, accept_sparse="csr", reset=False)
        n_select = self._n_to_select(self.n_features_in_)
        if n_select is not None:
            path.set_params(selection=None)
        task = context.subcontext(task_name="path")
        task.call_on_fit_task_begin(estimator=self)
        with task.propagate_callback_context(path):
            self.path_ = path.fit(
                rows,
                truth,
                sample_weight,
                X_val=X_val,
                y_val=y_val,
                sample_weight_val=sample_weight_val,
            )
        task.call_on_fit_task_end(estimator=self)
        if hasattr(self, "feature_names_in_"):
            path.feature_names_in_ = self.feature_names_in_
        if n_select is None:
            del path.best_estimator_  # its weights are shrunken, and nothing here needs them
        # The last to leave come first; of those that leave together, the one that weighed more.
        last = np.searchsorted(path.lambdas_, path.exit_lambdas_) - 1
        norms = path.norms_[np.maximum(last, 0), np.arange(len(last))]
        order = np.lexsort((-norms, -path.exit_lambdas_))
        self.ranking_ = np.empty(len(order), np.intp)
        self.ranking_[order] = np.arange(1, len(order) + 1)
        self.support_ = path.support_ if n_select is None else self.ranking_ <= n_select
        context.call_on_fit_task_end(estimator=self, X=X, y=y, metadata=metadata)
        return self
