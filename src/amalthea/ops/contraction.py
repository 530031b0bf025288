"""Contraction: products that sum over axes."""

from __future__ import annotations

import string
from collections.abc import Sequence
from typing import Any

import numpy as np

from amalthea import dtypes
from amalthea.engines.derived import Engine
from amalthea.engines.registry import current
from amalthea.engines.sizes import whole
from amalthea.errors import ArgumentError, ArgumentTypeError, ShapeError
from amalthea.ops.arguments import Tensor, TensorLike, as_tensor, normalize_axes, normalize_axis, promote, promote_all
from amalthea.ops.creation import two_axes
from amalthea.ops.operation import operation
from amalthea.ops.reductions import widened


def _factors(engine: Engine, *xs: TensorLike) -> tuple[Tensor, ...]:
    """Tensors of one dtype."""
    return promote_all(engine, *xs)


def _wide_factors(engine: Engine, *xs: TensorLike) -> tuple[Tensor, ...]:
    """Tensors of one dtype; int32 where all are int8, whose products are meant to be summed without overflow."""
    tensors = [as_tensor(engine, x) for x in xs]
    if all(engine.dtype_of(x) == "int8" for x in tensors):
        return tuple(engine.cast(x, "int32") for x in tensors)
    return promote(engine, *tensors)


def _in_numbers(engine: Engine, factors: tuple[Tensor, ...], product: Any) -> Tensor:
    """`product()` of factors, which for bool is worked out in integers."""
    if engine.dtype_of(factors[0]) != "bool":
        return product(*factors)
    return engine.cast(product(*(engine.cast(x, "int32") for x in factors)), "bool")


@operation
def matmul(x1: TensorLike, x2: TensorLike) -> Tensor:
    """The product of matrices.

    Args:
        x1: tensor of shape (..., n, k), or a vector (k,), which counts as a row.
        x2: tensor of shape (..., k, m), or a vector (k,), which counts as a column.

    Returns:
        A tensor of shape (..., n, m), in the promoted dtype (int32 for int8); the leading axes broadcast. The axis that a
        vector stands for is left out.

    Raises:
        ShapeError: the shapes do not fit, or one is a scalar.

    Example:
        >>> from amalthea import ops
        >>> ops.matmul([[1, 2], [3, 4]], [[1], [1]]).tolist()
        [[3], [7]]
    """
    engine = current()
    x1, x2 = _wide_factors(engine, x1, x2)
    first, second = engine.shape_of(x1), engine.shape_of(x2)
    if not first or not second:
        raise ShapeError(f"`matmul` takes no scalars. Received shapes: {first} and {second}. Use `ops.multiply`.")
    inner = first[-1], second[-2] if len(second) > 1 else second[0]
    if None not in inner and inner[0] != inner[1]:
        raise ShapeError(
            f"`matmul` sums over the last axis of `x1` and the last but one of `x2`, which must be alike. Received shapes: {first}, {second}."
        )
    if len(second) == 2 and len(first) > 2 and engine.dtype_of(x1) != "bool":
        return engine.dense(x1, x2)
    return _in_numbers(engine, (x1, x2), engine.matmul)


@operation
def dot(x1: TensorLike, x2: TensorLike) -> Tensor:
    """The sum over the last axis of `x1` and the last but one of `x2` (the only one of a vector).

    Args:
        x1: tensor of any shape; with a scalar, the result is the product.
        x2: tensor of any shape.

    Returns:
        A tensor in the promoted dtype: the other axes of `x1`, then those of `x2`.

    Example:
        >>> from amalthea import ops
        >>> int(ops.dot([1, 2], [3, 4]))
        11
    """
    engine = current()
    return _in_numbers(engine, _factors(engine, x1, x2), engine.dot)


@operation
def vdot(x1: TensorLike, x2: TensorLike) -> Tensor:
    """The sum of the products of all elements; those of `x1` are conjugated.

    Args:
        x1: tensor of any shape.
        x2: tensor of as many elements.

    Returns:
        A scalar in the promoted dtype.

    Example:
        >>> from amalthea import ops
        >>> int(ops.vdot([1, 2], [3, 4]))
        11
    """
    engine = current()
    x1, x2 = _factors(engine, x1, x2)
    x1 = engine.conjugate(x1) if dtypes.is_complex(engine.dtype_of(x1)) else x1
    return _in_numbers(engine, (engine.ravel(x1), engine.ravel(x2)), engine.dot)


@operation
def inner(x1: TensorLike, x2: TensorLike) -> Tensor:
    """The sum over the last axes of both.

    Args:
        x1: tensor of any shape; with a scalar, the result is the product.
        x2: tensor whose last axis is as long.

    Returns:
        A tensor in the promoted dtype: the other axes of `x1`, then those of `x2`.

    Example:
        >>> from amalthea import ops
        >>> ops.inner([[1, 2], [3, 4]], [1, 1]).tolist()
        [3, 7]
    """
    engine = current()
    x1, x2 = _factors(engine, x1, x2)
    first, second = len(engine.shape_of(x1)), len(engine.shape_of(x2))
    if first == 0 or second == 0:
        return engine.multiply(x1, x2)
    return _in_numbers(engine, (x1, x2), lambda a, b: engine.tensordot(a, b, (first - 1,), (second - 1,)))


@operation
def outer(x1: TensorLike, x2: TensorLike) -> Tensor:
    """Every element of `x1` times every element of `x2`.

    Args:
        x1: tensor of n elements.
        x2: tensor of m elements.

    Returns:
        A tensor of shape (n, m), in the promoted dtype.

    Example:
        >>> from amalthea import ops
        >>> ops.outer([1, 2], [3, 4]).tolist()
        [[3, 4], [6, 8]]
    """
    engine = current()
    return engine.outer(*_factors(engine, x1, x2))


@operation
def tensordot(x1: TensorLike, x2: TensorLike, axes: int | Sequence[Any] = 2) -> Tensor:
    """The sum over pairs of axes.

    Args:
        x1: tensor of any shape.
        x2: tensor of any shape.
        axes: the last so many axes of `x1` with the first ones of `x2`; or a pair: the axes of `x1` and those of `x2`.

    Returns:
        A tensor in the promoted dtype: the other axes of `x1`, then those of `x2`.

    Raises:
        ShapeError: axes of a pair have different sizes.

    Example:
        >>> from amalthea import ops
        >>> ops.tensordot([[1, 2], [3, 4]], [1, 1], axes=1).tolist()
        [3, 7]
    """
    engine = current()
    x1, x2 = _factors(engine, x1, x2)
    first, second = engine.shape_of(x1), engine.shape_of(x2)
    if isinstance(axes, (int, np.integer)):
        count = int(axes)
        if not 0 <= count <= min(len(first), len(second)):
            raise ArgumentError(f"`axes` must be between 0 and {min(len(first), len(second))}. Received: axes={axes}, shapes {first} and {second}.")
        axes_1: Any = tuple(range(len(first) - count, len(first)))
        axes_2: Any = tuple(range(count))
    else:
        axes_1, axes_2 = normalize_axes(axes[0], len(first), "axes"), normalize_axes(axes[1], len(second), "axes")
    sizes = [(first[a], second[b]) for a, b in zip(axes_1, axes_2, strict=False)]
    if len(axes_1) != len(axes_2) or any(None not in pair and pair[0] != pair[1] for pair in sizes):
        raise ShapeError(f"The axes to sum over must be alike in number and size. Received: axes={axes}, shapes {first} and {second}.")
    return _in_numbers(engine, (x1, x2), lambda a, b: engine.tensordot(a, b, axes_1, axes_2))


@operation
def einsum(subscripts: str, *operands: TensorLike, **kwargs: Any) -> Tensor:
    """Sums of products, described by letters for axes (Einstein's convention).

    Args:
        subscripts: the axes of the operands, and behind "->" those of the result: "ij,jk->ik". Without it, the letters that
            occur once, in the order of the alphabet. "..." stands for further axes, which broadcast.
        *operands: the tensors.
        **kwargs: `optimize`, accepted for NumPy's sake.

    Returns:
        A tensor in the promoted dtype (int32 for int8).

    Raises:
        ArgumentError: the subscripts do not fit the operands.

    Example:
        >>> from amalthea import ops
        >>> ops.einsum("ij,j->i", [[1, 2], [3, 4]], [1, 1]).tolist()
        [3, 7]
    """
    if not isinstance(subscripts, str):
        raise ArgumentTypeError(f"`subscripts` must be a string. Received: {subscripts!r:.80}.")
    engine = current()
    factors = _wide_factors(engine, *operands)
    explicit = _with_output(subscripts.replace(" ", ""), [engine.shape_of(x) for x in factors])
    return _in_numbers(engine, factors, lambda *xs: engine.einsum(explicit, xs))


def _with_output(subscripts: str, shapes: list[tuple[Any, ...]]) -> str:
    """`subscripts`, checked, with the axes of the result."""
    inputs, arrow, output = subscripts.partition("->")
    terms = inputs.split(",")
    if len(terms) != len(shapes):
        raise ArgumentError(f"The subscripts {subscripts!r} describe {len(terms)} operands. Received: {len(shapes)}.")
    sizes: dict[str, Any] = {}
    for term, shape in zip(terms, shapes, strict=True):
        letters = term.replace("...", "")
        if any(letter not in string.ascii_letters for letter in letters) or (
            len(letters) > len(shape) if "..." in term else len(letters) != len(shape)
        ):
            raise ArgumentError(f"The subscripts {term!r} (of {subscripts!r}) do not fit a tensor of shape {shape}.")
        before = len(term.partition("...")[0])
        aligned = (*shape[:before], *shape[len(shape) - (len(letters) - before) :]) if "..." in term else shape
        for letter, size in zip(letters, aligned, strict=True):
            known = sizes.get(letter)
            if None not in (known, size) and 1 not in (known, size) and known != size:
                raise ShapeError(f"The axis {letter!r} of {subscripts!r} has size {known} and size {size}. Shapes: {shapes}.")
            if known in (None, 1):
                sizes[letter] = size
    if not arrow:
        every = "".join(terms).replace("...", "")
        output = ("..." if "..." in inputs else "") + "".join(sorted(letter for letter in set(every) if every.count(letter) == 1))
    unknown = set(output.replace("...", "")) - set(sizes)
    if unknown:
        raise ArgumentError(f"The result of {subscripts!r} names {sorted(unknown)}, which no operand has.")
    return f"{inputs}->{output}"


@operation
def kron(x1: TensorLike, x2: TensorLike) -> Tensor:
    """The Kronecker product: blocks of `x2`, each times an element of `x1`.

    Args:
        x1: tensor of any shape.
        x2: tensor of any shape; the one with fewer axes gets new ones in front.

    Returns:
        A tensor in the promoted dtype, whose sizes are the products of theirs.

    Example:
        >>> from amalthea import ops
        >>> ops.kron([1, 10], [1, 2]).tolist()
        [1, 2, 10, 20]
    """
    engine = current()
    x1, x2 = _factors(engine, x1, x2)
    rank = max(len(engine.shape_of(x1)), len(engine.shape_of(x2)))
    if rank == 0:
        return engine.multiply(x1, x2)
    x1, x2 = (engine.expand_dims(x, tuple(range(rank - len(engine.shape_of(x))))) if len(engine.shape_of(x)) < rank else x for x in (x1, x2))
    sizes = tuple(None if None in pair else pair[0] * pair[1] for pair in zip(engine.shape_of(x1), engine.shape_of(x2), strict=True))
    blocks = engine.multiply(engine.expand_dims(x1, tuple(range(1, 2 * rank, 2))), engine.expand_dims(x2, tuple(range(0, 2 * rank, 2))))
    return engine.reshape(blocks, sizes)  # type: ignore[arg-type]


@operation
def cross(x1: TensorLike, x2: TensorLike, axisa: int = -1, axisb: int = -1, axisc: int = -1, axis: int | None = None) -> Tensor:
    """The cross product of vectors of two or three components.

    Args:
        x1: tensor of the first vectors.
        x2: tensor of the second ones; the axes of both broadcast, but for those of the components.
        axisa: the axis of the components of `x1`.
        axisb: the axis of the components of `x2`.
        axisc: the axis of the components of the result.
        axis: all three of them, if given.

    Returns:
        A tensor in the promoted dtype. Two vectors of two components give a number, the third component of their product.

    Raises:
        ShapeError: the vectors have neither two nor three components.

    Example:
        >>> from amalthea import ops
        >>> ops.cross([1, 0, 0], [0, 1, 0]).tolist()
        [0, 0, 1]
    """
    engine = current()
    x1, x2 = _factors(engine, x1, x2)
    if axis is not None:
        axisa = axisb = axisc = axis
    parts = []
    for name, x, place in (("x1", x1, axisa), ("x2", x2, axisb)):
        shape = engine.shape_of(x)
        place = normalize_axis(place, len(shape))
        if shape[place] not in (2, 3):
            raise ShapeError(f"`cross` takes vectors of two or three components. Received: `{name}` of shape {shape}, axis {place}.")
        parts.append(engine.unstack(x, place))
    a, b = parts

    def minor(i: int, j: int) -> Tensor:
        """`a[i] b[j] - a[j] b[i]`, where a third component that is missing is 0."""
        terms = [engine.multiply(a[p], b[q]) if p < len(a) and q < len(b) else None for p, q in ((i, j), (j, i))]
        if terms[0] is None:
            assert terms[1] is not None
            return engine.negative(terms[1])
        return terms[0] if terms[1] is None else engine.subtract(terms[0], terms[1])

    if len(a) == 2 and len(b) == 2:
        return minor(0, 1)
    components = [minor(1, 2), minor(2, 0), minor(0, 1)]
    rank = len(engine.shape_of(components[2])) + 1
    whole = engine.zeros_like(components[2])
    components = [c if engine.shape_of(c) == engine.shape_of(whole) else engine.add(c, whole) for c in components]
    return engine.stack(components, normalize_axis(axisc, rank))


@operation
def trace(x: TensorLike, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Tensor:
    """The sum of a diagonal.

    Args:
        x: tensor of at least two axes.
        offset: which diagonal: 0 is the main one, positive ones are above it.
        axis1: the axis of the rows.
        axis2: the axis of the columns.

    Returns:
        A tensor of the shape of `x` without the two axes; integers of few bits come as 32-bit ones, bool as int32.

    Raises:
        ShapeError: `x` has fewer than two axes.

    Example:
        >>> from amalthea import ops
        >>> int(ops.trace([[1, 2], [3, 4]]))
        5
    """
    engine = current()
    x = widened(engine, x)
    if len(engine.shape_of(x)) < 2:
        raise ShapeError(f"`trace` needs a tensor of at least two axes. Received one of shape {engine.shape_of(x)}.")
    return engine.trace(x, whole(offset, "offset"), *two_axes(engine, x, axis1, axis2))


@operation
def correlate(x1: TensorLike, x2: TensorLike, mode: str = "valid") -> Tensor:
    """The cross-correlation of two vectors: `sum(x1[n + k] * conj(x2[n]))` for every shift k.

    Args:
        x1: vector of n elements.
        x2: vector of m elements.
        mode: which shifts: "valid", where one lies within the other; "full", where they meet at all; "same", as many as
            the longer one has elements.

    Returns:
        A vector in the promoted floating dtype.

    Raises:
        ShapeError: one is not a vector, or is empty.
        ArgumentError: another `mode`.

    Example:
        >>> from amalthea import ops
        >>> ops.correlate([1.0, 2.0, 3.0], [0.0, 1.0, 0.5], mode="same").tolist()
        [2.0, 3.5, 3.0]
    """
    if mode not in ("valid", "same", "full"):
        raise ArgumentError(f"`mode` must be 'valid', 'same' or 'full'. Received: mode={mode!r}.")
    engine = current()
    x1, x2 = promote_all(engine, x1, x2, floating=True)
    shapes = engine.shape_of(x1), engine.shape_of(x2)
    if any(len(shape) != 1 or shape[0] == 0 for shape in shapes):
        raise ShapeError(f"`correlate` takes two vectors that are not empty. Received shapes: {shapes[0]} and {shapes[1]}.")
    (n,), (m,) = shapes
    if engine.name == "symbolic":
        size = None if None in (n, m) else {"full": n + m - 1, "same": max(n, m), "valid": max(n, m) - min(n, m) + 1}[mode]
        return engine.full((size,), 0, engine.dtype_of(x1))  # type: ignore[arg-type]
    if n < m:
        shifts = _slide(engine, x2, engine.conjugate(x1) if dtypes.is_complex(engine.dtype_of(x1)) else x1, mode)
        swapped = engine.flip(shifts, (0,))
        return engine.conjugate(swapped) if dtypes.is_complex(engine.dtype_of(x1)) else swapped
    return _slide(engine, x1, engine.conjugate(x2) if dtypes.is_complex(engine.dtype_of(x2)) else x2, mode)


def _slide(engine: Engine, long: Tensor, short: Tensor, mode: str) -> Tensor:
    n, m = engine.shape_of(long)[0], engine.shape_of(short)[0]
    padding = {"valid": (0, 0), "full": (m - 1, m - 1), "same": (m // 2, (m - 1) // 2)}[mode]
    padded = engine.pad(long, [padding], 0)
    count = n + sum(padding) - m + 1
    places = np.arange(count)[:, None] + np.arange(m)[None, :]
    return engine.matmul(engine.take(padded, engine.from_host(places, "int32"), 0), short)
