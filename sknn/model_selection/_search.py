"""`StackedGridSearchCV` and `StackedRandomizedSearchCV`: scikit-learn's searches, faster."""

from __future__ import annotations

from typing import Any

from sklearn.model_selection import GridSearchCV, RandomizedSearchCV

from sknn._sklearn_compat import fit_context, with_parallel

from ._tasks import StackedParallel

_fit = with_parallel(GridSearchCV.fit, StackedParallel)


class _StackedSearch:
    """A search of scikit-learn whose fits are carried out in stacks."""

    @fit_context(prefer_skip_nested_validation=False)
    def fit(self, X: Any, y: Any = None, **params: Any) -> Any:
        """Fit all candidates on all folds, and the best one on all rows.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Rows.
        y : array-like of shape (n_samples,) or (n_samples, n_targets), default=None
            Class labels, or the numbers to predict.
        **params : dict of str to object
            Passed on to the estimator, the scorer and the splitter, as scikit-learn's searches
            do; what has one value per row is split with the rows.

        Returns
        -------
        self : estimator
            The fitted search.

        Raises
        ------
        ValueError
            If a parameter does not exist, or all fits failed. What goes wrong with one candidate
            is that one's `error_score`, unless that is 'raise'.
        """
        return _fit(self, X, y, **params)


class StackedGridSearchCV(_StackedSearch, GridSearchCV):
    """Exhaustive search over a grid, many times as fast for small networks.

    What `sklearn.model_selection.GridSearchCV` is, with the same results to the last bit: the same
    parameters, scores and ranks, the same best estimator. Candidates that differ only in seed,
    rates, schedules, penalties, dropout and the like train together, as `fit_many` does it; steps
    of a pipeline that come before the network are fitted once per fold and setting, not once per
    candidate. Candidates that cannot train together are fitted one by one.

    Parameters
    ----------
    estimator : ScratchMLPClassifier, ScratchMLPRegressor or Pipeline
        What to search over. A pipeline ends in one of these networks. Any other estimator is
        accepted, and is fitted as `GridSearchCV` would fit it.
    param_grid : dict of str to list, or list of such dicts
        Values to try, by name of parameter.
    scoring : str, callable, list, tuple or dict, default=None
        Scores of the held-out rows; None for the estimator's `score`.
    n_jobs : int, default=None
        Stacks that train at the same time, through joblib.
    refit : bool, str, or callable, default=True
        Whether to fit the best candidate on all rows; with several scores, by which.
    cv : int, cross-validation generator or an iterable, default=None
        Folds; None for 5, stratified by class where there are classes.
    verbose : int, default=0
        How much to print. Times that are printed are of the scoring; those of the training stand
        in `cv_results_`.
    pre_dispatch : int, or str, default='2*n_jobs'
        Stacks that are made ready ahead of time.
    error_score : 'raise' or numeric, default=np.nan
        Score of a candidate whose fit fails.
    return_train_score : bool, default=False
        Whether to score the training rows too.

    Attributes
    ----------
    cv_results_ : dict of numpy (masked) ndarrays
        As in `GridSearchCV`. The fit time of a candidate is its equal share of its stack's, and
        what came before the network.
    best_estimator_ : estimator
        The best candidate, fitted on all rows.
    best_score_ : float
        Its mean score over the folds.
    best_params_ : dict
        Its parameters.
    best_index_ : int
        Its place in `cv_results_`.
    scorer_ : function or dict
        What scored.
    n_splits_ : int
        Number of folds.
    refit_time_ : float
        Seconds that the last fit took.
    multimetric_ : bool
        Whether there were several scores.
    classes_ : ndarray of shape (n_classes,)
        The class labels, of a classifier.
    n_features_in_ : int
        Number of features seen in `fit`.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Names of the features, where `X` has names that are all strings.

    See Also
    --------
    StackedRandomizedSearchCV : The same for draws from distributions.
    sknn.estimators.fit_many : Fits many networks together.

    Notes
    -----
    Equal results are promised for a `random_state` that is an int or an instance. One warning
    says how many fits did not converge.

    Examples
    --------
    >>> from sklearn.pipeline import Pipeline
    >>> from sklearn.preprocessing import StandardScaler
    >>> from sknn.estimators import ScratchMLPClassifier
    >>> from sknn.datasets import load_producers
    >>> from sknn.model_selection import StackedGridSearchCV
    >>> X, y = load_producers(return_X_y=True)
    >>> mlp = ScratchMLPClassifier(max_iter=20, n_iter_no_change=float("inf"), random_state=0)
    >>> model = Pipeline([("scale", StandardScaler()), ("mlp", mlp)])
    >>> grid = {"mlp__learning_rate_init": [1e-4, 1e-2], "mlp__l2": [0, 1e-3]}
    >>> search = StackedGridSearchCV(model, grid, cv=3).fit(X, y)
    >>> search.best_params_["mlp__learning_rate_init"], float(round(search.best_score_, 1))
    (0.01, 1.0)
    """


class StackedRandomizedSearchCV(_StackedSearch, RandomizedSearchCV):
    """Search over draws from distributions, many times as fast for small networks.

    What `sklearn.model_selection.RandomizedSearchCV` is, with the same results to the last bit;
    see `StackedGridSearchCV` for what makes it fast.

    Parameters
    ----------
    estimator : ScratchMLPClassifier, ScratchMLPRegressor or Pipeline
        What to search over. A pipeline ends in one of these networks. Any other estimator is
        accepted, and is fitted as `RandomizedSearchCV` would fit it.
    param_distributions : dict or list of dicts
        Distributions, with a method `rvs`, or lists to draw from, by name of parameter.
    n_iter : int, default=10
        Number of draws.
    scoring : str, callable, list, tuple or dict, default=None
        Scores of the held-out rows; None for the estimator's `score`.
    n_jobs : int, default=None
        Stacks that train at the same time, through joblib.
    refit : bool, str, or callable, default=True
        Whether to fit the best candidate on all rows; with several scores, by which.
    cv : int, cross-validation generator or an iterable, default=None
        Folds; None for 5, stratified by class where there are classes.
    verbose : int, default=0
        How much to print. Times that are printed are of the scoring; those of the training stand
        in `cv_results_`.
    pre_dispatch : int, or str, default='2*n_jobs'
        Stacks that are made ready ahead of time.
    random_state : int, RandomState instance or None, default=None
        Where the draws come from.
    error_score : 'raise' or numeric, default=np.nan
        Score of a candidate whose fit fails.
    return_train_score : bool, default=False
        Whether to score the training rows too.

    Attributes
    ----------
    cv_results_ : dict of numpy (masked) ndarrays
        As in `RandomizedSearchCV`. The fit time of a candidate is its equal share of its stack's,
        and what came before the network.
    best_estimator_ : estimator
        The best candidate, fitted on all rows.
    best_score_ : float
        Its mean score over the folds.
    best_params_ : dict
        Its parameters.
    best_index_ : int
        Its place in `cv_results_`.
    scorer_ : function or dict
        What scored.
    n_splits_ : int
        Number of folds.
    refit_time_ : float
        Seconds that the last fit took.
    multimetric_ : bool
        Whether there were several scores.
    classes_ : ndarray of shape (n_classes,)
        The class labels, of a classifier.
    n_features_in_ : int
        Number of features seen in `fit`.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Names of the features, where `X` has names that are all strings.

    See Also
    --------
    StackedGridSearchCV : The same for a grid.

    Examples
    --------
    >>> from scipy.stats import loguniform
    >>> from sknn.estimators import ScratchMLPClassifier
    >>> from sknn.datasets import load_producers
    >>> from sknn.model_selection import StackedRandomizedSearchCV
    >>> X, y = load_producers(return_X_y=True)
    >>> mlp = ScratchMLPClassifier(max_iter=20, n_iter_no_change=float("inf"), random_state=0)
    >>> draws = {"learning_rate_init": loguniform(1e-3, 1e-1), "dropout": [0, 0.2, 0.4]}
    >>> search = StackedRandomizedSearchCV(mlp, draws, n_iter=8, random_state=0)
    >>> len(search.fit(X / X.max(axis=0), y).cv_results_["params"])
    8
    """
