"""tsprof: profiling and leak detection for services."""

from importlib.metadata import PackageNotFoundError, version

try:
    __version__ = version("tsprof")
except PackageNotFoundError:  # a source tree that is not installed
    __version__ = "0+unknown"

__all__ = ["__version__"]
