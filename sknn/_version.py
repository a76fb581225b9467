"""The version, where every module can import it from."""

__version__ = "0.1.0.dev0"
