"""`ScratchMLPClassifier` and `ScratchMLPRegressor`: trained by `sknn.backprop`."""

from __future__ import annotations

from sknn.backprop import NumPyEngine

from ._base import BaseMLP
from ._classifier import BaseMLPClassifier
from ._declare import estimator
from ._regressor import BaseMLPRegressor
from ._texts import OF_CLASSIFIERS, OF_REGRESSORS


class ScratchMLP(BaseMLP):
    """Trained by backpropagation in NumPy."""

    @property
    def _engine(self) -> NumPyEngine:
        return NumPyEngine()


@estimator(**OF_CLASSIFIERS)
class ScratchMLPClassifier(ScratchMLP, BaseMLPClassifier):
    r"""Multilayer perceptron trained by backpropagation in pure NumPy.

    It is used as `sklearn.neural_network.MLPClassifier` is, and trains several times faster. The
    whole of its mathematics can be read in `sknn.backprop`.

    Parameters
    ----------
    {parameters}

    Attributes
    ----------
    {attributes}

    See Also
    --------
    sknn.preprocessing.ColumnNormScaler : Divides columns by their norms.
    sklearn.neural_network.MLPClassifier : The same model in scikit-learn.

    Notes
    -----
    {objective}

    {callbacks}

    References
    ----------
    {references}

    Examples
    --------
    >>> from sklearn.model_selection import train_test_split
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.preprocessing import StandardScaler
    >>> from sknn.estimators import ScratchMLPClassifier
    >>> from sknn.datasets import load_producers
    >>> X, y = load_producers(return_X_y=True)
    >>> X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=0)
    >>> model = make_pipeline(
    ...     StandardScaler(),
    ...     ScratchMLPClassifier(early_stopping=True, learning_rate_init=0.01, random_state=0),
    ... )
    >>> model.fit(X_train, y_train).score(X_test, y_test) > 0.9
    True
    >>> model.predict(X_test[:3])
    array([1, 3, 2])
    """


@estimator(**OF_REGRESSORS)
class ScratchMLPRegressor(ScratchMLP, BaseMLPRegressor):
    r"""Multilayer perceptron for numbers, trained by backpropagation in pure NumPy.

    It is used as `sklearn.neural_network.MLPRegressor` is, trains several times faster, and scales
    the target itself. With other losses it predicts medians, counts, amounts, quantiles, or the
    mean together with its uncertainty.

    Parameters
    ----------
    {parameters}

    Attributes
    ----------
    {attributes}

    See Also
    --------
    sknn.preprocessing.ColumnNormScaler : Divides columns by their norms.
    sklearn.neural_network.MLPRegressor : The same model in scikit-learn.

    Notes
    -----
    {objective}

    {callbacks}

    References
    ----------
    {references}

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from sklearn.model_selection import train_test_split
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.preprocessing import StandardScaler
    >>> from sknn.estimators import ScratchMLPRegressor
    >>> X, y = load_diabetes(return_X_y=True)
    >>> X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=0)
    >>> model = make_pipeline(
    ...     StandardScaler(),
    ...     ScratchMLPRegressor((16,), l2=0.1, learning_rate_init=0.01, random_state=0),
    ... )
    >>> _ = model.set_params(scratchmlpregressor__early_stopping=True).fit(X_train, y_train)
    >>> model.score(X_test, y_test) > 0.3
    True

    An interval in which eight of ten values are expected:

    >>> _ = model.set_params(scratchmlpregressor__loss="quantile").fit(X_train, y_train)
    >>> low, median, high = model[-1].predict_quantiles(model[:-1].transform(X_test)).T
    >>> bool((low <= median).all() and (median <= high).all())
    True
    """
