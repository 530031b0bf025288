"""`Orthogonal`: an initializer of orthogonal matrices."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from amalthea import dtypes
from amalthea.engines.protocol import Shape
from amalthea.errors import ShapeError
from amalthea.initializers import distributions
from amalthea.initializers.random import RandomInitializer, Seed


class Orthogonal(RandomInitializer):
    """A random matrix with orthonormal rows or columns (whichever are fewer), times a factor.

    A tensor of more axes is taken as a matrix: all axes but the last are its rows.

    Args:
        gain: the factor.
        seed: an integer, None, or a `SeedGenerator`; with an integer or None every call gives the same values.

    Raises:
        ShapeError: (when called) the shape has fewer than two axes.

    Reference:
        Saxe et al., "Exact solutions to the nonlinear dynamics of learning in deep linear neural networks", 2014.

    Example:
        >>> q = np.asarray(Orthogonal(seed=1)((4, 2)))
        >>> bool(np.allclose(q.T @ q, np.eye(2), atol=1e-6))
        True
    """

    def __init__(self, gain: float = 1.0, seed: Seed = None) -> None:
        self.gain = gain
        super().__init__(seed)

    def draw(self, shape: Shape, dtype: str) -> np.ndarray:
        """Values of a floating dtype."""
        if len(shape) < 2:
            raise ShapeError(f"`Orthogonal` needs a shape of two axes or more. Received: shape={shape}.")
        rows, columns = math.prod(shape[:-1]), int(shape[-1])
        tall = (max(rows, columns), min(rows, columns))
        q, r = np.linalg.qr(distributions.normal(self.generator(), tall, "float64", 0.0, 1.0))
        # QR leaves the signs of the columns to the library; with those of r's diagonal the matrix is unique, and uniform.
        q *= np.sign(np.diag(r))
        q = q if rows >= columns else q.T
        return (self.gain * q.reshape(shape)).astype(dtypes.numpy_dtype(dtype))

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | {"gain": self.gain}
