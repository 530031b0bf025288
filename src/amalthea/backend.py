"""What is left of Keras's backend module: settings, dtypes, and names."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from amalthea import dtypes
from amalthea.config import backend, epsilon, floatx, image_data_format, set_epsilon, set_floatx, set_image_data_format
from amalthea.dtypes import result_type, standardize_dtype
from amalthea.graph.keras_tensor import is_keras_tensor
from amalthea.utils.session import clear_session

__all__ = [
    "backend",
    "clear_session",
    "epsilon",
    "floatx",
    "get_uid",
    "image_data_format",
    "is_float_dtype",
    "is_int_dtype",
    "is_keras_tensor",
    "result_type",
    "set_epsilon",
    "set_floatx",
    "set_image_data_format",
    "standardize_dtype",
]

_counts: defaultdict[str, int] = defaultdict(int)


def get_uid(prefix: str = "") -> int:
    """How many times this was called with `prefix`, this one included.

    Example:
        >>> get_uid("thing"), get_uid("thing")
        (1, 2)
    """
    _counts[prefix] += 1
    return _counts[prefix]


def is_float_dtype(dtype: object) -> bool:
    """Whether `dtype` is one of floats.

    Example:
        >>> is_float_dtype("bfloat16"), is_float_dtype("int32")
        (True, False)
    """
    return dtypes.is_float(dtypes.standardize_dtype(dtype))


def is_int_dtype(dtype: object) -> bool:
    """Whether `dtype` is one of integers."""
    return dtypes.is_int(dtypes.standardize_dtype(dtype))


def __getattr__(name: str) -> Any:
    from amalthea.compat.old_backend import find

    found = find(name)
    if found is None:
        raise AttributeError(f"module 'amalthea.backend' has no attribute {name!r}. Functions of tensors are in `amalthea.ops`.")
    return found
