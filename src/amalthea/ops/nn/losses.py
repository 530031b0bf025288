"""Cross-entropies, element by element or sample by sample, and the ratio of signal to noise."""

from __future__ import annotations

import math

from amalthea import config, dtypes
from amalthea.engines.derived import Engine
from amalthea.engines.registry import current
from amalthea.errors import ArgumentError, ShapeError
from amalthea.ops.arguments import Tensor, TensorLike, as_tensor, floating, normalize_axis, promote
from amalthea.ops.operation import operation


def _check_same_shape(engine: Engine, target: Tensor, output: Tensor) -> None:
    a, b = engine.shape_of(target), engine.shape_of(output)
    if len(a) != len(b) or any(m != n for m, n in zip(a, b, strict=True) if m is not None and n is not None):
        raise ShapeError(f"`target` and `output` must have the same shape. Received: target of shape {a}, output of shape {b}.")


def _clipped(engine: Engine, probabilities: Tensor) -> Tensor:
    """Probabilities held away from 0 and 1, where the logarithm ends. Wide enough that this holds in half precision."""
    small = config.epsilon()
    return engine.clip(probabilities, small, 1.0 - small)


@operation
def binary_crossentropy(target: TensorLike, output: TensorLike, from_logits: bool = False) -> Tensor:
    """`-target * log(p) - (1 - target) * log(1 - p)`, elementwise.

    Args:
        target: what should come out, between 0 and 1; tensor of any shape.
        output: what came out, of the same shape: probabilities p, or logits.
        from_logits: whether `output` holds logits, of which p is the sigmoid.

    Returns:
        A floating tensor of the same shape, in the promoted dtype. Probabilities are held `config.epsilon()` away from 0 and 1.

    Raises:
        ShapeError: the shapes differ.

    Example:
        >>> from amalthea import ops
        >>> [round(loss, 4) for loss in ops.binary_crossentropy([1.0, 0.0], [0.5, 0.5]).tolist()]
        [0.6931, 0.6931]
    """
    engine = current()
    target, output = (as_tensor(engine, x) for x in promote(engine, target, output, floating=True))
    _check_same_shape(engine, target, output)
    wide_target, wide = engine.widened(target), engine.widened(output)
    if from_logits:
        return engine.like(engine.binary_cross_entropy(wide_target, wide), output)
    p = _clipped(engine, wide)
    hit = engine.multiply(wide_target, engine.log(p))
    missed = engine.multiply(engine.subtract(1.0, wide_target), engine.log(engine.subtract(1.0, p)))
    return engine.like(engine.negative(engine.add(hit, missed)), output)


@operation
def categorical_crossentropy(target: TensorLike, output: TensorLike, from_logits: bool = False, axis: int = -1) -> Tensor:
    """`-sum(target * log(p))` along `axis`.

    Args:
        target: the wanted distribution (one-hot, or any other); tensor.
        output: what came out, of the same shape: probabilities p, which are first scaled to sum to 1, or logits.
        from_logits: whether `output` holds logits, of which p is the softmax.
        axis: the axis of the classes.

    Returns:
        A floating tensor of that shape without `axis`, in the promoted dtype. Probabilities are held `config.epsilon()` away from 0 and 1.

    Raises:
        ArgumentError: there is no axis.
        ShapeError: the shapes differ.

    Example:
        >>> from amalthea import ops
        >>> round(float(ops.categorical_crossentropy([0.0, 1.0], [0.0, 0.0], from_logits=True)), 4)
        0.6931
    """
    engine = current()
    target, output = (as_tensor(engine, x) for x in promote(engine, target, output, floating=True))
    _check_same_shape(engine, target, output)
    shape = engine.shape_of(output)
    if not shape:
        raise ArgumentError("`target` and `output` must have at least one axis, that of the classes. Received scalars.")
    axis = normalize_axis(axis, len(shape))
    wide_target, wide = engine.widened(target), engine.widened(output)
    if from_logits:
        return engine.like(engine.cross_entropy(wide_target, wide, axis), output)
    p = _clipped(engine, engine.divide(wide, engine.sum(wide, (axis,), True)))
    return engine.like(engine.negative(engine.sum(engine.multiply(wide_target, engine.log(p)), (axis,), False)), output)


@operation
def sparse_categorical_crossentropy(target: TensorLike, output: TensorLike, from_logits: bool = False, axis: int = -1) -> Tensor:
    """`-log(p)` of the right class.

    Args:
        target: the right classes, integers; a tensor of the shape of `output` without `axis` (a last axis of size 1 may follow). A class out
            of range counts 0.
        output: what came out: probabilities p, which are first scaled to sum to 1, or logits.
        from_logits: whether `output` holds logits, of which p is the softmax.
        axis: the axis of the classes.

    Returns:
        A tensor of the shape of `output` without `axis`, of dtype `floatx` or wider. Probabilities are held `config.epsilon()` away from 0 and 1.

    Raises:
        ArgumentError: there is no axis.
        ShapeError: the shapes do not fit.

    Example:
        >>> from amalthea import ops
        >>> [round(loss, 4) for loss in ops.sparse_categorical_crossentropy([0, 1], [[0.5, 0.5], [0.0, 1.0]]).tolist()]
        [0.6931, 0.0]
    """
    engine = current()
    output = floating(engine, output)
    output = engine.cast(output, dtypes.result_type(engine.dtype_of(output), config.floatx()))
    target = as_tensor(engine, target)
    target = target if dtypes.is_int(engine.dtype_of(target)) else engine.cast(target, "int32")
    shape = engine.shape_of(output)
    if not shape:
        raise ArgumentError("`output` must have at least one axis, that of the classes. Received a scalar.")
    axis = normalize_axis(axis, len(shape))
    given = engine.shape_of(target)
    if len(given) == len(shape) and given[-1] == 1:
        target = engine.squeeze(target, (len(shape) - 1,))
        given = given[:-1]
    expected = (*shape[:axis], *shape[axis + 1 :])
    if len(given) != len(expected) or any(m != n for m, n in zip(given, expected, strict=True) if m is not None and n is not None):
        raise ShapeError(f"`target` must have shape {expected}: that of `output`, {shape}, without the axis {axis} of the classes. Received {given}.")
    classes = shape[axis]
    inside = None
    if classes is not None:
        inside = engine.logical_and(engine.greater_equal(target, 0), engine.less(target, classes))
        target = engine.where(inside, target, 0)
    if from_logits:
        loss = engine.sparse_cross_entropy(target, output, axis)
    else:
        # Only the right class is looked at: no logarithm of the others, no one-hot vectors.
        chosen = engine.squeeze(engine.take_along_axis(output, engine.expand_dims(target, axis), axis), (axis,))
        p = _clipped(engine, engine.divide(chosen, engine.sum(output, (axis,), False)))
        loss = engine.negative(engine.log(p))
    return loss if inside is None else engine.where(inside, loss, 0.0)


@operation
def psnr(x1: TensorLike, x2: TensorLike, max_val: TensorLike) -> Tensor:
    """The peak ratio of signal to noise, in decibels: `20 * log10(max_val) - 10 * log10(mean((x1 - x2)**2))`.

    Args:
        x1: real tensor.
        x2: real tensor of the same shape.
        max_val: the greatest value that the signal can have.

    Returns:
        A floating tensor of the shape of `max_val` (usually none); infinite where `x1` equals `x2`.

    Raises:
        ShapeError: the shapes differ.

    Example:
        >>> from amalthea import ops
        >>> round(float(ops.psnr([1.0, 2.0], [1.0, 3.0], 2.0)), 3)
        9.031
    """
    engine = current()
    x1, x2 = (as_tensor(engine, x) for x in promote(engine, x1, x2, floating=True))
    _check_same_shape(engine, x1, x2)
    peak = as_tensor(engine, max_val, engine.dtype_of(x1))
    noise = engine.mean(engine.square(engine.subtract(x1, x2)), None, False)
    return engine.multiply(engine.subtract(engine.log(peak), engine.multiply(engine.log(noise), 0.5)), 20.0 / math.log(10.0))
