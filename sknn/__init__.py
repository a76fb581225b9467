"""Multilayer perceptrons that behave like any other scikit-learn estimator.

The public names are loaded when they are first used, so ``import sknn`` costs next to nothing
and brings in neither scikit-learn nor PyTorch.
"""

from ._version import __version__

# As `typing.TYPE_CHECKING`, which would cost ten times as much as all the rest of this file.
TYPE_CHECKING = False

__all__ = [
    "ColumnNormScaler",
    "MLPFeatureSelector",
    "PiecewiseLinearEncoder",
    "PlainFrame",
    "RankStabilitySelector",
    "RegularizationPath",
    "RobustSmoothScaler",
    "ScratchMLPClassifier",
    "ScratchMLPEnsembleClassifier",
    "ScratchMLPEnsembleRegressor",
    "ScratchMLPRegressor",
    "StackedGridSearchCV",
    "StackedRandomizedSearchCV",
    "TorchMLPClassifier",
    "TorchMLPRegressor",
    "__version__",
    "backprop",
    "datasets",
    "estimators",
    "feature_selection",
    "fit_many",
    "inspection",
    "io",
    "model_selection",
    "preprocessing",
    "report",
    "studies",
    "training",
]

if TYPE_CHECKING:
    from sknn import (
        backprop,
        datasets,
        estimators,
        feature_selection,
        inspection,
        io,
        model_selection,
        preprocessing,
        report,
        studies,
        training,
    )
    from sknn.estimators import (
        ScratchMLPClassifier,
        ScratchMLPEnsembleClassifier,
        ScratchMLPEnsembleRegressor,
        ScratchMLPRegressor,
        TorchMLPClassifier,
        TorchMLPRegressor,
        fit_many,
    )
    from sknn.feature_selection import (
        MLPFeatureSelector,
        RankStabilitySelector,
        RegularizationPath,
    )
    from sknn.model_selection import StackedGridSearchCV, StackedRandomizedSearchCV
    from sknn.preprocessing import (
        ColumnNormScaler,
        PiecewiseLinearEncoder,
        PlainFrame,
        RobustSmoothScaler,
    )

_SUBPACKAGES = frozenset(
    {
        "backprop",
        "estimators",
        "datasets",
        "feature_selection",
        "inspection",
        "io",
        "model_selection",
        "preprocessing",
        "report",
        "studies",
        "training",
    }
)
_HOME = {
    "ColumnNormScaler": "preprocessing",
    "PiecewiseLinearEncoder": "preprocessing",
    "PlainFrame": "preprocessing",
    "RobustSmoothScaler": "preprocessing",
    "MLPFeatureSelector": "feature_selection",
    "RankStabilitySelector": "feature_selection",
    "RegularizationPath": "feature_selection",
    "ScratchMLPEnsembleClassifier": "estimators",
    "ScratchMLPEnsembleRegressor": "estimators",
    "ScratchMLPClassifier": "estimators",
    "ScratchMLPRegressor": "estimators",
    "StackedGridSearchCV": "model_selection",
    "StackedRandomizedSearchCV": "model_selection",
    "TorchMLPClassifier": "estimators",
    "TorchMLPRegressor": "estimators",
    "fit_many": "estimators",
}


def __getattr__(name: str) -> object:
    from importlib import import_module

    if name in _SUBPACKAGES:
        return import_module(f"sknn.{name}")
    if name in _HOME:
        value = getattr(import_module(f"sknn.{_HOME[name]}"), name)
        # Kept, so that the next access is an ordinary one.
        globals()[name] = value
        return value
    raise AttributeError(f"module 'sknn' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
