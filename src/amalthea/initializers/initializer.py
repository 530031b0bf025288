"""`Initializer`: what makes the first value of a variable."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Self

import numpy as np

from amalthea import dtypes
from amalthea.engines import registry
from amalthea.engines.protocol import Shape, Tensor
from amalthea.errors import ArgumentTypeError
from amalthea.graph.operators import TensorOperators
from amalthea.ops.arguments import as_shape


class Initializer:
    """The base of the initializers: makes a tensor of a given shape and dtype.

    The values are computed on the host, so they are the same on every engine. A subclass defines `draw`, which gives an array, or
    `__call__`, which gives a tensor; and `get_config`, if it has arguments.

    Example:
        >>> class Halves(Initializer):
        ...     def draw(self, shape, dtype):
        ...         return np.full(shape, 0.5, dtype)
        >>> Halves()((2,)).tolist()
        [0.5, 0.5]
    """

    def __call__(self, shape: Sequence[int], dtype: Any = None) -> Tensor:
        """A tensor of the engine in use.

        Args:
            shape: its shape.
            dtype: its dtype; by default `config.floatx()`.
        """
        if isinstance(shape, TensorOperators):
            raise ArgumentTypeError(
                f"`shape` must be a tuple of sizes. Received: a tensor. {type(self).__name__} makes first values; it is no activation."
            )
        dtype = dtypes.standardize_dtype(dtype)
        return registry.current().from_host(self.draw(as_shape(registry.current(), shape), dtype), dtype)

    def draw(self, shape: Shape, dtype: str) -> np.ndarray:
        """The values as an array of `shape`, of NumPy's counterpart of `dtype`."""
        if type(self).__call__ is Initializer.__call__:
            raise NotImplementedError(f"{type(self).__name__} must define `draw(shape, dtype)`, or `__call__(shape, dtype=None)`.")
        with registry.use("numpy"):
            return np.asarray(self(shape, dtype=dtype))

    def get_config(self) -> dict[str, Any]:
        """The arguments that `from_config` makes an equal initializer of."""
        return {}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Self:
        """An initializer with the arguments in `config`."""
        return cls(**config)

    def clone(self) -> Self:
        """An equal initializer."""
        return type(self).from_config(self.get_config())
