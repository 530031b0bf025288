"""Initializers without chance: `Zeros`, `Ones`, `Constant`, `Identity`."""

from __future__ import annotations

from typing import Any, Self

import numpy as np

from amalthea import dtypes
from amalthea.engines.protocol import Shape
from amalthea.errors import ShapeError
from amalthea.initializers.initializer import Initializer


class Zeros(Initializer):
    """All zeros.

    Example:
        >>> Zeros()((2, 2)).tolist()
        [[0.0, 0.0], [0.0, 0.0]]
    """

    def draw(self, shape: Shape, dtype: str) -> np.ndarray:
        """Zeros of any dtype; False for bool."""
        return np.zeros(shape, dtypes.numpy_dtype(dtype))


class Ones(Initializer):
    """All ones.

    Example:
        >>> Ones()((2, 2)).tolist()
        [[1.0, 1.0], [1.0, 1.0]]
    """

    def draw(self, shape: Shape, dtype: str) -> np.ndarray:
        """Ones of any dtype; True for bool."""
        return np.ones(shape, dtypes.numpy_dtype(dtype))


class Constant(Initializer):
    """One value everywhere.

    Args:
        value: a number, or an array or nested list that broadcasts with the shape asked for.

    Example:
        >>> Constant(3.0)((2,)).tolist()
        [3.0, 3.0]
        >>> Constant([1.0, 2.0])((2, 2)).tolist()
        [[1.0, 2.0], [1.0, 2.0]]
    """

    def __init__(self, value: Any = 0.0) -> None:
        self.value = value

    def draw(self, shape: Shape, dtype: str) -> np.ndarray:
        """`value`, broadcast to `shape`, as `dtype`."""
        value = np.asarray(self.value, dtypes.numpy_dtype(dtype))
        try:
            return np.broadcast_to(value, shape).copy()
        except ValueError:
            raise ShapeError(f"`value` of shape {value.shape} does not broadcast to the shape {shape} that was asked for.") from None

    def get_config(self) -> dict[str, Any]:
        from amalthea.saving import serialize_keras_object

        return {"value": serialize_keras_object(self.value)}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Self:
        from amalthea.saving import deserialize_keras_object

        return cls(deserialize_keras_object(config["value"]) if "value" in config else 0.0)


class Identity(Initializer):
    """The identity matrix, times a factor. For square and other matrices.

    Args:
        gain: the factor.

    Raises:
        ShapeError: (when called) the shape has not two axes.

    Example:
        >>> Identity(gain=2.0)((2, 3)).tolist()
        [[2.0, 0.0, 0.0], [0.0, 2.0, 0.0]]
    """

    def __init__(self, gain: float = 1.0) -> None:
        self.gain = gain

    def draw(self, shape: Shape, dtype: str) -> np.ndarray:
        """`gain` on the diagonal of a matrix, zeros elsewhere."""
        if len(shape) != 2:
            raise ShapeError(f"`Identity` makes matrices only. Received: shape={shape}, which has {len(shape)} axes.")
        return (self.gain * np.eye(*shape)).astype(dtypes.numpy_dtype(dtype))

    def get_config(self) -> dict[str, Any]:
        return {} if self.gain == 1.0 else {"gain": self.gain}
