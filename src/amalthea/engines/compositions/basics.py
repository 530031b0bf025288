"""What the other families read a tensor with, and creation."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any

from amalthea.dtypes import standardize_dtype
from amalthea.engines.protocol import Protocol, Scalar, Shape, Tensor

HALVES = frozenset({"float16", "bfloat16"})


def times(*sizes: int | None) -> int | None:
    """The product of sizes; None (unknown) if one of them is."""
    product = 1
    for size in sizes:
        if size is None:
            return None
        product *= size
    return product


class Basics(Protocol):
    """Reading shapes and dtypes; creation."""

    # --- reading -----------------------------------------------------------------------------------------

    def shape_of(self, x: Tensor) -> tuple[Any, ...]:
        """The shape of `x` as a tuple; for a size that is not known None, or a `LaterSize` where a graph is made that will know it."""
        return tuple(x.shape)

    def size_of(self, x: Tensor) -> Any:
        """The scalar tensor `x` of an integer as a size."""
        return int(self.to_host(x))

    def dtype_of(self, x: Tensor) -> str:
        """The canonical name of the dtype of `x`."""
        return standardize_dtype(x.dtype)

    def widened(self, x: Tensor) -> Tensor:
        """`x`, or `x` as float32 if it has half the bits: for sums of many terms."""
        return self.cast(x, "float32") if self.dtype_of(x) in HALVES else x

    def like(self, x: Tensor, model: Tensor) -> Tensor:
        """`x` in the dtype of `model`."""
        dtype = self.dtype_of(model)
        return x if self.dtype_of(x) == dtype else self.cast(x, dtype)

    # --- gradients of the engine's own making --------------------------------------------------------------

    def watching(self, variables: Sequence[Any]) -> AbstractContextManager[Any]:
        """Inside, the engine's own differentiation, where it works on tensors as they are, sees the values of these variables."""
        return nullcontext()

    def noted(self, variable: Any, value: Tensor) -> Tensor:
        """What one gets who reads `variable`, whose value is `value`: where the framework has tapes, a tensor by which they know it."""
        return value

    def handle_of(self, variable: Any) -> Tensor:
        """The tensor by which the framework's tapes know `variable`."""
        raise AttributeError(
            f"The engine {self.name!r} has no tapes, so a variable has no handle on it. `tf.GradientTape` needs the engine 'tensorflow'."
        )

    def adopted(self, x: object) -> Tensor | None:
        """`x` as a tensor, if it is another kind of value of the engine's framework (such as one of its variables); otherwise None."""
        return None

    def borrow(self, x: Tensor) -> Tensor | None:
        """The tensor `x` of another engine as one of this engine, in the same memory; None where that cannot be.

        It cannot be if this engine has no such dtype or not this device, if it wants the elements at other places, or if either engine is
        tracing. Then values go through the host.

        Tensors are values, so the memory must keep them as long as either tensor lives. It does if programs cannot write into `x`: whoever is
        not sure asks for the `mutable` of its engine first. The other way round, nothing here writes into what was borrowed: no primitive
        writes into its arguments, and where compiled steps write into what variables hold, `assign` takes a copy.
        """
        return None

    # --- creation ----------------------------------------------------------------------------------------

    def zeros(self, shape: Shape, dtype: str) -> Tensor:
        """Zeros; False for bool."""
        return self.full(shape, 0, dtype)

    def ones(self, shape: Shape, dtype: str) -> Tensor:
        """Ones; True for bool."""
        return self.full(shape, 1, dtype)

    def full_like(self, x: Tensor, value: Scalar | Tensor, dtype: str | None = None) -> Tensor:
        """The scalar `value` in the shape of `x`."""
        return self.full(self.shape_of(x), value, dtype or self.dtype_of(x))

    def zeros_like(self, x: Tensor, dtype: str | None = None) -> Tensor:
        """Zeros in the shape of `x`."""
        return self.full_like(x, 0, dtype)

    def ones_like(self, x: Tensor, dtype: str | None = None) -> Tensor:
        """Ones in the shape of `x`."""
        return self.full_like(x, 1, dtype)

    def tri(self, n: int, m: int, k: int, dtype: str) -> Tensor:
        """(n, m): ones on and below the `k`-th diagonal, zeros above."""
        rows = self.reshape(self.arange(0, n, 1, "int32"), (n, 1))
        columns = self.reshape(self.arange(0, m, 1, "int32"), (1, m))
        return self.cast(self.greater_equal(self.add(rows, k), columns), dtype)

    def eye(self, n: int, m: int, k: int, dtype: str) -> Tensor:
        """(n, m): ones on the `k`-th diagonal, zeros elsewhere."""
        rows = self.reshape(self.arange(0, n, 1, "int32"), (n, 1))
        columns = self.reshape(self.arange(0, m, 1, "int32"), (1, m))
        return self.cast(self.equal(self.add(rows, k), columns), dtype)

    def linspace(self, start: Tensor, stop: Tensor, num: int, endpoint: bool) -> Tensor:
        """(num, *shape): evenly from `start` to `stop`, floating tensors of one shape; the last is exactly `stop` if `endpoint`."""
        dtype, rank = self.dtype_of(start), len(self.shape_of(start))
        steps = num - 1 if endpoint else num
        step = self.divide(self.subtract(stop, start), Basics._at_least_one(steps))
        column = (num,) + (1,) * rank
        index = self.reshape(self.arange(0, num, 1, dtype), column)
        values = self.add(start, self.multiply(index, step))
        if not endpoint or num < 2:
            return values
        last = self.reshape(self.equal(self.arange(0, num, 1, "int32"), num - 1), column)
        return self.where(last, stop, values)

    @staticmethod
    def _at_least_one(n: int) -> float:
        return float(n) if n > 0 else 1.0

    def meshgrid(self, xs: Sequence[Tensor], indexing: str) -> list[Tensor]:
        """The vectors `xs` spread over a grid; `indexing` is "ij", or "xy" (the first two axes swapped)."""
        order = list(range(len(xs)))
        if indexing == "xy" and len(xs) > 1:
            order[0], order[1] = 1, 0
        shape: list[Any] = [1] * len(xs)
        for axis, x in zip(order, xs, strict=True):
            shape[axis] = self.shape_of(x)[0]
        grids = []
        for axis, x in zip(order, xs, strict=True):
            own = [1] * len(xs)
            own[axis] = shape[axis]
            grids.append(self.broadcast_to(self.reshape(x, tuple(own)), tuple(shape)))
        return grids
