"""Multilayer perceptrons with scikit-learn's interface."""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ._ensemble_classifier import ScratchMLPEnsembleClassifier
    from ._ensemble_regressor import ScratchMLPEnsembleRegressor
    from ._fit_many import fit_many
    from ._scratch import ScratchMLPClassifier, ScratchMLPRegressor
    from ._torch import TorchMLPClassifier, TorchMLPRegressor

__all__ = [
    "ScratchMLPClassifier",
    "ScratchMLPEnsembleClassifier",
    "ScratchMLPEnsembleRegressor",
    "ScratchMLPRegressor",
    "TorchMLPClassifier",
    "TorchMLPRegressor",
    "fit_many",
]

_HOME = {
    "ScratchMLPClassifier": "_scratch",
    "ScratchMLPEnsembleClassifier": "_ensemble_classifier",
    "ScratchMLPEnsembleRegressor": "_ensemble_regressor",
    "ScratchMLPRegressor": "_scratch",
    "TorchMLPClassifier": "_torch",
    "TorchMLPRegressor": "_torch",
    "fit_many": "_fit_many",
}


def __getattr__(name: str) -> object:
    # One engine is loaded without the other: PyTorch takes seconds.
    from importlib import import_module

    if name in _HOME:
        value = getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
        globals()[name] = value
        return value
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
