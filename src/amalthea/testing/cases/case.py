"""What a case is: `Case`, and how its data is made.

A case says how a primitive is called, and with which tensors. What has to come out says the NumPy engine; where that cannot
(a random draw, a compiled function, a gradient), the case brings the expected values or a property of them along.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from amalthea.dtypes import is_complex, is_float, numpy_dtype

Arrays = tuple[np.ndarray, ...]


@dataclass(frozen=True, eq=False)
class Case:
    """One way to call a primitive.

    Args:
        primitive: the name of the primitive.
        name: the name of the case, one word; no other case of the primitive has it.
        call: `call(engine, *tensors)` calls the primitive; gives a tensor, or a structure of tensors.
        inputs: the values of the tensors.
        gradient: which of the inputs have a gradient that is checked.
        expected: `expected(*inputs)` gives the values in place of the NumPy engine.
        verify: `verify(*results)` raises an AssertionError unless the values have a property; they are compared with nothing then.
        symbolic: whether the symbolic engine can run it.
        slack: by how much the tolerance of the dtype is widened.
    """

    primitive: str
    name: str
    call: Callable[..., Any]
    inputs: Arrays = ()
    gradient: tuple[int, ...] = ()
    expected: Callable[..., Any] | None = None
    verify: Callable[..., None] | None = None
    symbolic: bool = True
    slack: float = 1.0

    def __repr__(self) -> str:
        return f"{self.primitive}-{self.name}"


def sample(shape: Sequence[int], dtype: str = "float32", low: float = -2.0, high: float = 2.0, seed: int = 0) -> np.ndarray:
    """An array of numbers between `low` and `high`, always the same for the same arguments.

    Example:
        >>> sample((2, 3), "int8", 0, 9).shape
        (2, 3)
    """
    generator = np.random.default_rng([seed, *shape, zlib.crc32(dtype.encode())])
    if dtype == "bool":
        return generator.random(shape) < 0.5
    if is_complex(dtype):
        parts = generator.uniform(low, high, (2, *shape))
        return np.asarray(parts[0] + 1j * parts[1]).astype(dtype)
    if is_float(dtype):
        return np.asarray(generator.uniform(low, high, shape)).astype(numpy_dtype(dtype))
    return generator.integers(int(low), int(high) + 1, shape).astype(dtype)


def host(values: Any, dtype: str = "float32") -> np.ndarray:
    """The values as an array of this dtype."""
    return np.asarray(values).astype(numpy_dtype(dtype))


def method(primitive: str, *args: Any) -> Callable[..., Any]:
    """A call of the primitive with the tensors first, and then `args`."""
    return lambda engine, *tensors: getattr(engine, primitive)(*tensors, *args)


HALVES = ("float16", "bfloat16")
SPECIAL = host([np.nan, np.inf, -np.inf, 0.0, -0.0, 1.0, -1.0])
"""Where functions of floating numbers differ most."""
