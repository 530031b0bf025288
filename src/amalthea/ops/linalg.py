"""Linear algebra. Matrices stand in the last two axes; the leading axes are batches. Integers and bool become `floatx`."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

from amalthea import dtypes, tree
from amalthea.engines.derived import Engine
from amalthea.engines.registry import current
from amalthea.errors import ArgumentError, ArgumentTypeError, ShapeError
from amalthea.ops.arguments import Tensor, TensorLike, as_tensor, floating, normalize_axes, promote_all
from amalthea.ops.operation import operation


def _matrices(engine: Engine, x: TensorLike, name: str, square: bool = False) -> Tensor:
    """`x`, floating, checked to hold matrices. Half precision is no matter of linear algebra: it stays an error of the engine's."""
    x = floating(engine, x)
    shape = engine.shape_of(x)
    if len(shape) < 2:
        raise ShapeError(f"`{name}` needs a tensor of at least two axes. Received shape: {shape}.")
    if square and None not in shape[-2:] and shape[-1] != shape[-2]:
        raise ShapeError(f"`{name}` needs square matrices. Received shape: {shape}.")
    return x


def _adjoint(engine: Engine, x: Tensor) -> Tensor:
    """The matrices transposed and conjugated."""
    x = engine.conjugate(x) if dtypes.is_complex(engine.dtype_of(x)) else x
    return engine.matrix_transpose(x)


@operation
def cholesky(x: TensorLike, upper: bool = False) -> Tensor:
    """The Cholesky factor of positive definite matrices: the triangular L with L @ L^H = x.

    Args:
        x: tensor of shape (..., n, n), Hermitian and positive definite.
        upper: whether to give the upper triangular U with U^H @ U = x.

    Returns:
        A tensor of the shape of `x`. Where `x` is not positive definite it holds NaN, or the engine raises an error.

    Raises:
        ShapeError: the matrices are not square.

    Example:
        >>> from amalthea import ops
        >>> ops.linalg.cholesky([[4.0, 2.0], [2.0, 5.0]]).tolist()
        [[2.0, 0.0], [1.0, 2.0]]
    """
    engine = current()
    factor = engine.cholesky(_matrices(engine, x, "cholesky", square=True))
    return _adjoint(engine, factor) if upper else factor


@operation
def cholesky_inverse(x: TensorLike, upper: bool = False) -> Tensor:
    """The inverse of positive definite matrices, from their Cholesky factors.

    Args:
        x: tensor of shape (..., n, n): the factors. The other triangle is not read.
        upper: whether they are upper triangular.

    Returns:
        A tensor of the shape of `x`: the inverse of x @ x^H, or of x^H @ x if `upper`.

    Raises:
        ShapeError: the matrices are not square.

    Example:
        >>> from amalthea import ops
        >>> ops.linalg.cholesky_inverse([[2.0, 0.0], [0.0, 4.0]]).tolist()
        [[0.25, 0.0], [0.0, 0.0625]]
    """
    engine = current()
    x = _matrices(engine, x, "cholesky_inverse", square=True)
    shape = engine.shape_of(x)
    if engine.name == "symbolic":
        return x
    unit = engine.broadcast_to(engine.eye(shape[-1], shape[-1], 0, engine.dtype_of(x)), shape)
    factor = engine.solve_triangular(x, unit, not upper)
    left, right = (factor, _adjoint(engine, factor)) if upper else (_adjoint(engine, factor), factor)
    return engine.matmul(left, right)


@operation
def det(x: TensorLike) -> Tensor:
    """The determinant.

    Args:
        x: tensor of shape (..., n, n).

    Returns:
        A tensor of shape (...).

    Raises:
        ShapeError: the matrices are not square.

    Example:
        >>> from amalthea import ops
        >>> float(ops.linalg.det([[2.0, 0.0], [0.0, 3.0]]))
        6.0
    """
    engine = current()
    return engine.det(_matrices(engine, x, "det", square=True))


@operation
def slogdet(x: TensorLike) -> tuple[Tensor, Tensor]:
    """The sign and the logarithm of the magnitude of the determinant.

    Args:
        x: tensor of shape (..., n, n).

    Returns:
        Two tensors of shape (...). The determinant is `sign * exp(logarithm)`.

    Raises:
        ShapeError: the matrices are not square.

    Example:
        >>> from amalthea import ops
        >>> sign, logarithm = ops.slogdet([[1.0, 0.0], [0.0, -1.0]])
        >>> float(sign), float(logarithm)
        (-1.0, 0.0)
    """
    engine = current()
    return engine.slogdet(_matrices(engine, x, "slogdet", square=True))


@operation
def eig(x: TensorLike) -> tuple[Tensor, Tensor]:
    """Eigenvalues and eigenvectors of square matrices.

    Args:
        x: tensor of shape (..., n, n).

    Returns:
        The values (..., n), in no order, and the vectors (..., n, n) in columns; complex.

    Raises:
        ShapeError: the matrices are not square.

    Example:
        >>> from amalthea import ops
        >>> values, vectors = ops.linalg.eig([[2.0, 0.0], [0.0, 3.0]])
        >>> sorted(v.real for v in values.tolist())
        [2.0, 3.0]
    """
    engine = current()
    return engine.eig(_matrices(engine, x, "eig", square=True))


@operation
def eigh(x: TensorLike) -> tuple[Tensor, Tensor]:
    """Eigenvalues and eigenvectors of Hermitian matrices.

    Args:
        x: tensor of shape (..., n, n), Hermitian.

    Returns:
        The values (..., n), real and rising, and the vectors (..., n, n) in columns.

    Raises:
        ShapeError: the matrices are not square.

    Example:
        >>> from amalthea import ops
        >>> values, vectors = ops.linalg.eigh([[3.0, 0.0], [0.0, 2.0]])
        >>> values.tolist()
        [2.0, 3.0]
    """
    engine = current()
    return engine.eigh(_matrices(engine, x, "eigh", square=True))


@operation
def inv(x: TensorLike) -> Tensor:
    """The inverse.

    Args:
        x: tensor of shape (..., n, n).

    Returns:
        A tensor of the shape of `x`.

    Raises:
        ShapeError: the matrices are not square.

    Example:
        >>> from amalthea import ops
        >>> ops.linalg.inv([[2.0, 0.0], [0.0, 4.0]]).tolist()
        [[0.5, 0.0], [0.0, 0.25]]
    """
    engine = current()
    return engine.inv(_matrices(engine, x, "inv", square=True))


@operation
def pinv(x: TensorLike, rcond: float | None = None) -> Tensor:
    """The pseudoinverse of Moore and Penrose.

    Args:
        x: tensor of shape (..., n, m).
        rcond: singular values below this share of the greatest one count as 0; by default 10 * max(n, m) times the
            distance of neighbouring numbers of the dtype at 1.

    Returns:
        A tensor of shape (..., m, n).

    Example:
        >>> from amalthea import ops
        >>> ops.linalg.pinv([[2.0, 0.0]]).tolist()
        [[0.5], [0.0]]
    """
    engine = current()
    x = _matrices(engine, x, "pinv")
    sizes = [size or 0 for size in engine.shape_of(x)[-2:]]
    return engine.pinv(x, 10.0 * max(sizes) * _precision(engine, x) if rcond is None else float(rcond))


def _precision(engine: Engine, x: Tensor) -> float:
    return {"float64": 2.0**-52, "complex128": 2.0**-52}.get(engine.canonical_dtype(engine.dtype_of(x)), 2.0**-23)


@operation
def lu_factor(x: TensorLike) -> tuple[Tensor, Tensor]:
    """The factors of x = P @ L @ U, found with partial pivoting.

    Args:
        x: tensor of shape (..., n, m).

    Returns:
        L (below the diagonal, with ones on it) and U in one tensor of the shape of `x`; and an int32 tensor (..., min(n, m)):
        with which row each was exchanged.

    Example:
        >>> from amalthea import ops
        >>> factors, pivots = ops.linalg.lu_factor([[1.0, 2.0], [2.0, 2.0]])
        >>> factors.tolist(), pivots.tolist()
        ([[2.0, 2.0], [0.5, 1.0]], [1, 1])
    """
    engine = current()
    return engine.lu_factor(_matrices(engine, x, "lu_factor"))


@operation
def qr(x: TensorLike, mode: str = "reduced") -> tuple[Tensor, Tensor]:
    """The factors of x = Q @ R, Q with orthonormal columns and R upper triangular.

    Args:
        x: tensor of shape (..., n, m).
        mode: "reduced": Q has k = min(n, m) columns. "complete": it is square.

    Returns:
        Q (..., n, k) and R (..., k, m); with "complete" (..., n, n) and (..., n, m).

    Raises:
        ArgumentError: another mode.

    Example:
        >>> from amalthea import ops
        >>> q, r = ops.linalg.qr([[3.0], [4.0]])
        >>> round(abs(float(r[0, 0])), 4)
        5.0
    """
    if mode not in ("reduced", "complete"):
        raise ArgumentError(f"`mode` must be 'reduced' or 'complete'. Received: mode={mode!r}.")
    engine = current()
    return engine.qr(_matrices(engine, x, "qr"), mode)


@operation
def svd(x: TensorLike, full_matrices: bool = True, compute_uv: bool = True) -> Any:
    """The singular value decomposition x = U @ diag(s) @ V^H.

    Args:
        x: tensor of shape (..., n, m).
        full_matrices: whether U and V are square; else they have min(n, m) columns.
        compute_uv: whether to give U and V^H too.

    Returns:
        U (..., n, n), s (..., min(n, m)) and V^H (..., m, m); or s alone. The values of s are real and falling.

    Example:
        >>> from amalthea import ops
        >>> [round(v, 4) for v in ops.linalg.svd([[3.0, 0.0], [0.0, 4.0]], compute_uv=False).tolist()]
        [4.0, 3.0]
    """
    engine = current()
    x = _matrices(engine, x, "svd")
    return engine.svd(x, bool(full_matrices)) if compute_uv else engine.svdvals(x)


@operation
def matrix_rank(x: TensorLike, tol: float | None = None) -> Tensor:
    """The rank: how many singular values are not 0.

    Args:
        x: tensor of shape (..., n, m).
        tol: up to which value a singular value counts as 0; by default the greatest one times max(n, m) times the
            distance of neighbouring numbers of the dtype at 1.

    Returns:
        An int32 tensor of shape (...).

    Example:
        >>> from amalthea import ops
        >>> int(ops.linalg.matrix_rank([[1.0, 2.0], [2.0, 4.0]]))
        1
    """
    engine = current()
    x = _matrices(engine, x, "matrix_rank")
    values = engine.svdvals(x)
    last = (len(engine.shape_of(values)) - 1,)
    least: Any = tol
    if tol is None:
        sizes = [size or 0 for size in engine.shape_of(x)[-2:]]
        least = engine.multiply(engine.max(values, last, True), max(sizes) * _precision(engine, x))
    return engine.count_nonzero(engine.greater(values, least), last)


# --- equations -----------------------------------------------------------------------------------------


def _equations(engine: Engine, a: TensorLike, b: TensorLike, name: str, square: bool) -> tuple[Tensor, Tensor, bool]:
    """Both sides in one floating dtype, `b` as matrices, and whether it came as vectors."""
    a, b = promote_all(engine, a, b, floating=True)
    a = _matrices(engine, a, name, square)
    left, right = engine.shape_of(a), engine.shape_of(b)
    vectors = len(right) == len(left) - 1
    rows = right[-1] if vectors else right[-2] if len(right) >= 2 else None
    if not right or (len(right) != len(left) and not vectors) or (None not in (rows, left[-2]) and rows != left[-2]):
        raise ShapeError(f"`{name}`: `b` must be of shape (..., n) or (..., n, k) for `a` of shape (..., n, m). Received: a {left}, b {right}.")
    return a, engine.expand_dims(b, len(right)) if vectors else b, vectors


def _answer(engine: Engine, x: Tensor, vectors: bool) -> Tensor:
    return engine.squeeze(x, (len(engine.shape_of(x)) - 1,)) if vectors else x


@operation
def solve(a: TensorLike, b: TensorLike) -> Tensor:
    """The `x` with a @ x = b.

    Args:
        a: tensor of shape (..., n, n).
        b: tensor of shape (..., n) or (..., n, k).

    Returns:
        A tensor of the shape of `b`.

    Raises:
        ShapeError: the shapes do not fit.

    Example:
        >>> from amalthea import ops
        >>> ops.linalg.solve([[2.0, 0.0], [0.0, 4.0]], [2.0, 2.0]).tolist()
        [1.0, 0.5]
    """
    engine = current()
    a, b, vectors = _equations(engine, a, b, "solve", square=True)
    return _answer(engine, engine.solve(a, b), vectors)


@operation
def solve_triangular(a: TensorLike, b: TensorLike, lower: bool = False) -> Tensor:
    """The `x` with a @ x = b, for triangular `a`.

    Args:
        a: tensor of shape (..., n, n). The other triangle is not read.
        b: tensor of shape (..., n) or (..., n, k).
        lower: whether `a` is lower triangular, not upper.

    Returns:
        A tensor of the shape of `b`.

    Raises:
        ShapeError: the shapes do not fit.

    Example:
        >>> from amalthea import ops
        >>> ops.linalg.solve_triangular([[2.0, 0.0], [1.0, 1.0]], [2.0, 3.0], lower=True).tolist()
        [1.0, 2.0]
    """
    engine = current()
    a, b, vectors = _equations(engine, a, b, "solve_triangular", square=True)
    return _answer(engine, engine.solve_triangular(a, b, bool(lower)), vectors)


@operation
def lstsq(a: TensorLike, b: TensorLike, rcond: float | None = None) -> Tensor:
    """The `x` for which |a @ x - b| is least; of several, the shortest.

    Args:
        a: tensor of shape (n, m).
        b: tensor of shape (n,) or (n, k).
        rcond: singular values of `a` below this share of the greatest one count as 0.

    Returns:
        A tensor of shape (m,) or (m, k).

    Raises:
        ShapeError: the shapes do not fit.

    Example:
        >>> from amalthea import ops
        >>> [round(v, 4) for v in ops.linalg.lstsq([[1.0], [1.0]], [1.0, 3.0]).tolist()]
        [2.0]
    """
    engine = current()
    a, b, vectors = _equations(engine, a, b, "lstsq", square=False)
    return _answer(engine, engine.lstsq(a, b, rcond), vectors)


# --- norms ---------------------------------------------------------------------------------------------

_MATRIX_NORMS = ("fro", "nuc", 1, -1, 2, -2, math.inf, -math.inf)


@operation
def norm(x: TensorLike, ord: str | float | None = None, axis: int | Sequence[int] | None = None, keepdims: bool = False) -> Tensor:
    """The norm of vectors or matrices.

    Args:
        x: tensor of any shape.
        ord: the order. By default the square root of the sum of squares. For vectors any number: 0 counts what is not zero,
            `inf` and `-inf` are the greatest and the least magnitude. For matrices "fro", "nuc" (the sum of the singular
            values), 2 and -2 (the greatest and the least of them), 1 and -1 (of the sums of columns), `inf` and `-inf` (of rows).
        axis: one axis: vectors lie along it. Two: matrices, rows first. By default `x` as a whole.
        keepdims: whether the axes reduced stay, with size 1.

    Returns:
        A real floating tensor of the shape of `x` without the axes reduced.

    Raises:
        ArgumentError: `ord` is not an order of vectors or matrices, or `axis` is neither one axis nor two.

    Example:
        >>> from amalthea import ops
        >>> float(ops.norm([3.0, 4.0]))
        5.0
    """
    engine = current()
    x = floating(engine, x)
    rank = len(engine.shape_of(x))
    axes = tuple(range(rank)) if axis is None else normalize_axes(axis, rank)
    assert axes is not None
    if isinstance(ord, str) and ord not in ("fro", "nuc"):
        raise ArgumentError(f"`ord` must be a number, 'fro' or 'nuc'. Received: ord={ord!r}.")
    wide = engine.widened(x)
    if ord is None:
        result = engine.vector_norm(wide, 2, axes, keepdims)
    elif len(axes) == 1:
        if isinstance(ord, str):
            raise ArgumentError(f"ord={ord!r} is an order of matrices, but `axis` names one axis.")
        result = engine.vector_norm(wide, ord, axes, keepdims)
    elif len(axes) == 2:
        if ord not in _MATRIX_NORMS:
            raise ArgumentError(f"`ord` of matrices must be one of {_MATRIX_NORMS}. Received: ord={ord!r}.")
        result = engine.matrix_norm(wide, ord, (axes[0], axes[1]), keepdims)
    else:
        raise ArgumentError(f"With `ord`, `axis` must be one axis (vectors) or two (matrices). Received: axis={axis} for shape {engine.shape_of(x)}.")
    return result if dtypes.is_complex(engine.dtype_of(x)) else engine.like(result, x)


# --- derivatives ---------------------------------------------------------------------------------------


@operation
def jvp(fun: Callable[..., Any], primals: Sequence[TensorLike], tangents: Sequence[TensorLike], has_aux: bool = False) -> Any:
    """The derivative of a function in a direction (the product of its Jacobian with a vector).

    Worked out from two reverse passes, so that an engine needs no forward mode.

    Args:
        fun: a function of tensors that gives a floating tensor or a structure of them; with `has_aux`, a pair of that
            and anything else.
        primals: where: a list or tuple of floating tensors, one for each argument.
        tangents: in which direction: as many tensors of the same shapes.
        has_aux: whether `fun` gives a pair.

    Returns:
        `fun(*primals)` and its derivative, of one structure; with `has_aux` also the second of the pair.

    Raises:
        ArgumentTypeError: `primals` and `tangents` are not alike.

    Example:
        >>> from amalthea import ops
        >>> value, slope = ops.linalg.jvp(lambda x: x * x, (ops.array(3.0),), (ops.array(1.0),))
        >>> float(value), float(slope)
        (9.0, 6.0)
    """
    if not isinstance(primals, (list, tuple)) or not isinstance(tangents, (list, tuple)) or len(primals) != len(tangents):
        raise ArgumentTypeError("`primals` and `tangents` must be lists or tuples with as many tensors.")
    engine = current()
    points = [floating(engine, x) for x in primals]
    directions = [as_tensor(engine, t, engine.dtype_of(x)) for t, x in zip(tangents, points, strict=True)]

    def run(*xs: Tensor) -> tuple[Any, Any]:
        return fun(*xs) if has_aux else (fun(*xs), None)

    value, aux = run(*points)
    if engine.name == "symbolic":
        return (value, value, aux) if has_aux else (value, value)

    def product(xs: Sequence[Tensor], ys: Sequence[Tensor]) -> Tensor:
        total = None
        for x, y in zip(xs, ys, strict=True):
            term = engine.sum(engine.multiply(x, y), None, False)
            total = term if total is None else engine.add(total, term)
        return total

    def pull(*weights: Tensor) -> tuple[Tensor, None]:
        """The gradients of the weighted outputs, in the directions: linear in the weights, with the derivative as slope."""
        _, gradients = engine.tensor_value_and_grad(lambda *xs: (product(tree.flatten(run(*xs)[0]), weights), None), points)
        return product(gradients, directions), None

    outputs = tree.flatten(value)
    _, slopes = engine.tensor_value_and_grad(pull, [engine.zeros_like(output) for output in outputs])
    slope = tree.pack_sequence_as(value, slopes) if tree.is_nested(value) else slopes[0]
    return (value, slope, aux) if has_aux else (value, slope)
