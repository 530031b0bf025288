"""Data sets to try things with. Each is a module with `load_data`."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from amalthea.datasets import mnist

__all__ = ["mnist"]


def __getattr__(name: str) -> Any:
    if name in __all__:
        return importlib.import_module(f"amalthea.datasets.{name}")
    raise AttributeError(f"module 'amalthea.datasets' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
