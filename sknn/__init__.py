"""Multilayer-perceptron classifiers that behave like any other scikit-learn estimator.

The public names are loaded when they are first used, so ``import sknn`` costs next to nothing
and brings in neither scikit-learn nor PyTorch.
"""

# As `typing.TYPE_CHECKING`, which would cost ten times as much as all the rest of this file.
TYPE_CHECKING = False

__version__ = "0.1.0.dev0"

__all__ = [
    "ColumnNormScaler",
    "ScratchMLPClassifier",
    "TorchMLPClassifier",
    "__version__",
    "backprop",
    "classifiers",
    "datasets",
    "io",
    "preprocessing",
    "report",
    "studies",
]

if TYPE_CHECKING:
    from sknn import backprop, classifiers, datasets, io, preprocessing, report, studies
    from sknn.classifiers import ScratchMLPClassifier, TorchMLPClassifier
    from sknn.preprocessing import ColumnNormScaler

_SUBPACKAGES = frozenset(
    {"backprop", "classifiers", "datasets", "io", "preprocessing", "report", "studies"}
)
_HOME = {
    "ColumnNormScaler": "preprocessing",
    "ScratchMLPClassifier": "classifiers",
    "TorchMLPClassifier": "classifiers",
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
