"""`OrthogonalRegularizer`: a penalty on rows or columns that are not orthogonal."""

from __future__ import annotations

from typing import Any

from amalthea import ops
from amalthea.errors import ArgumentError, ShapeError
from amalthea.ops.arguments import Tensor, TensorLike
from amalthea.regularizers.regularizer import Regularizer, checked_factor


class OrthogonalRegularizer(Regularizer):
    """The mean magnitude of the cosines between all pairs of rows (or columns) of a matrix, times a factor.

    Args:
        factor: the factor, at least 0.
        mode: "rows" or "columns".

    Raises:
        ArgumentError: an argument is none of these.
        ShapeError: (when called) the tensor is not a matrix.

    Example:
        >>> from amalthea import ops
        >>> float(OrthogonalRegularizer(0.5)(ops.ones((2, 4))))
        0.5
    """

    def __init__(self, factor: float = 0.01, mode: str = "rows") -> None:
        self.factor = checked_factor("factor", factor, 0.01)
        if mode not in ("rows", "columns"):
            raise ArgumentError(f'`mode` must be "rows" or "columns". Received: mode={mode!r}.')
        self.mode = mode

    def __call__(self, inputs: TensorLike) -> Tensor:
        """The penalty on the matrix `inputs`, a scalar of its dtype. A single row (or column) has none."""
        if len(inputs.shape) != 2:
            raise ShapeError(f"`OrthogonalRegularizer` takes matrices. Received a tensor of shape {tuple(inputs.shape)}.")
        vectors = ops.normalize(inputs if self.mode == "rows" else ops.transpose(inputs), axis=1)
        count = vectors.shape[0]
        if count < 2:
            return ops.zeros((), vectors.dtype)
        cosines = ops.matmul(vectors, ops.transpose(vectors))
        others = ops.subtract(1.0, ops.eye(count, dtype=vectors.dtype))
        return ops.multiply(ops.sum(ops.abs(ops.multiply(cosines, others))), self.factor / (count * (count - 1)))

    def get_config(self) -> dict[str, Any]:
        return {"factor": self.factor, "mode": self.mode}
