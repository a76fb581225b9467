"""`StackedGridSearchCV` and `StackedRandomizedSearchCV`: scikit-learn's searches, faster."""

from __future__ import annotations

from typing import Any

from sklearn.model_selection import GridSearchCV, RandomizedSearchCV

from sknn._sklearn_compat import fit_context, with_parallel

from ._tasks import StackedParallel


class _StackedSearch:
    @fit_context(prefer_skip_nested_validation=False)
    def fit(self, X: Any, y: Any = None, **params: Any) -> Any:
        return _fit(self, X, y, **params)


_fit = with_parallel(GridSearchCV.fit, StackedParallel)


class StackedGridSearchCV(_StackedSearch, GridSearchCV):
    pass


class StackedRandomizedSearchCV(_StackedSearch, RandomizedSearchCV):
    pass
