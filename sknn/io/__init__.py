"""Models in files that hold no code: `save` and `load`, and ONNX for other runtimes."""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ._files import load, save
    from ._onnx import register_onnx_converters, to_onnx

__all__ = ["load", "register_onnx_converters", "save", "to_onnx"]

_HOME = {
    "load": "_files",
    "register_onnx_converters": "_onnx",
    "save": "_files",
    "to_onnx": "_onnx",
}


def __getattr__(name: str) -> object:
    from importlib import import_module

    if name in _HOME:
        return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
