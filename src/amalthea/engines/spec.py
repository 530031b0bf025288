"""`Spec`: a tensor of which only the shape and the dtype are known."""

from __future__ import annotations

from collections.abc import Sequence

from amalthea.graph.operators import TensorOperators

Size = int | None


class Spec(TensorOperators):
    """A tensor without values: the tensor of the symbolic engine.

    Args:
        shape: the sizes; None where a size is not known.
        dtype: the canonical name of the dtype.

    Example:
        >>> Spec((None, 3), "float32")
        Spec((None, 3), 'float32')
    """

    __slots__ = ("__weakref__", "dtype", "shape")

    def __init__(self, shape: Sequence[Size], dtype: str) -> None:
        self.shape: tuple[Size, ...] = tuple(shape)
        self.dtype: str = dtype

    @property
    def ndim(self) -> int:
        return len(self.shape)

    def __repr__(self) -> str:
        return f"Spec({self.shape}, {self.dtype!r})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Spec) and self.shape == other.shape and self.dtype == other.dtype

    def __hash__(self) -> int:
        return hash((self.shape, self.dtype))

    def __bool__(self) -> bool:
        raise TypeError("A symbolic tensor has no truth value: use `ops.where`, `ops.cond` or `ops.while_loop`.")
