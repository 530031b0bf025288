"""What losses and metrics do with `y_true` and `y_pred` before they compare them: dtypes, ranks, shapes."""

from __future__ import annotations

from typing import Any

from amalthea import config, dtypes, ops, tree
from amalthea.errors import ArgumentError, ShapeError
from amalthea.ops.arguments import Tensor, TensorLike


def as_float(x: TensorLike) -> Tensor:
    """`x` as a floating tensor: integers and bool become `floatx`."""
    x = ops.convert_to_tensor(x)
    return x if dtypes.is_float(dtypes.standardize_dtype(x.dtype)) else ops.cast(x, config.floatx())


def as_pair(y_true: TensorLike, y_pred: TensorLike, alike: bool = False) -> tuple[Tensor, Tensor]:
    """Both as floating tensors of the dtype of `y_pred`, and of one rank; with `alike` of one shape.

    Raises:
        ShapeError: their shapes do not broadcast, or differ although they should be alike.
    """
    y_pred = as_float(y_pred)
    y_true = ops.cast(ops.convert_to_tensor(y_true), y_pred.dtype)
    return compared(y_true, y_pred, alike)


def compared(y_true: Tensor, y_pred: Tensor, alike: bool = False) -> tuple[Tensor, Tensor]:
    """Both at one rank, checked to fit each other.

    Raises:
        ShapeError: their shapes do not broadcast, or differ although they should be alike.
    """
    y_true, y_pred = match_ranks(y_true, y_pred)
    if not (_same if alike else _broadcast)(tuple(y_true.shape), tuple(y_pred.shape)):
        raise ShapeError(
            f"`y_true` of shape {tuple(y_true.shape)} and `y_pred` of shape {tuple(y_pred.shape)} do not fit each other: they are compared element "
            "by element. Look at the size of the last layer and at the targets. Integer labels go with sparse losses and metrics, such as "
            "`sparse_categorical_crossentropy`; one-hot targets go with the others."
        )
    return y_true, y_pred


def match_ranks(x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
    """`x` and `y` with one rank, where they differ by a last axis of size 1.

    That axis is taken away, but given to the other tensor where that is a vector: vectors become columns.
    """
    if len(x.shape) == len(y.shape) + 1 and x.shape[-1] == 1:
        return (x, ops.expand_dims(y, -1)) if len(y.shape) == 1 else (ops.squeeze(x, -1), y)
    if len(y.shape) == len(x.shape) + 1 and y.shape[-1] == 1:
        return (ops.expand_dims(x, -1), y) if len(x.shape) == 1 else (x, ops.squeeze(y, -1))
    return x, y


def weighed(values: Tensor, weights: Tensor) -> tuple[Tensor, Tensor]:
    """Values and their weights at one rank, checked to fit each other.

    Raises:
        ShapeError: their shapes do not broadcast.
    """
    values, weights = match_ranks(values, weights)
    if not _broadcast(tuple(values.shape), tuple(weights.shape)):
        given = tuple(weights.shape)
        hint = ""
        if len(given) == 1 and len(values.shape) > 1 and given[0] == values.shape[0]:
            hint = " One weight a sample is wanted? Give it an axis for each further axis of the values: `sample_weight[:, None]`."
        raise ShapeError(f"`sample_weight` (or a mask) of shape {given} does not fit values of shape {tuple(values.shape)}.{hint}")
    return values, weights


def as_labels(y_true: TensorLike, y_pred: Tensor, axis: int = -1) -> Tensor:
    """Integer labels for `y_pred`: a last axis of size 1 is taken away, floats are rounded toward zero.

    Raises:
        ShapeError: they do not have the shape of `y_pred` without `axis`, the axis of the classes.
    """
    labels = ops.convert_to_tensor(y_true)
    if not dtypes.is_int(dtypes.standardize_dtype(labels.dtype)):
        labels = ops.cast(labels, "int32")
    shape = tuple(y_pred.shape)
    if len(labels.shape) == len(shape) and labels.shape[-1] == 1:
        labels = ops.squeeze(labels, -1)
    axis = axis + len(shape) if axis < 0 else axis
    expected = shape[:axis] + shape[axis + 1 :]
    if not _same(tuple(labels.shape), expected):
        hint = " These look like one-hot targets, which go with `categorical_` losses and metrics." if tuple(labels.shape) == shape else ""
        raise ShapeError(f"Labels of shape {tuple(labels.shape)} do not fit `y_pred` of shape {shape}: they must have shape {expected}.{hint}")
    return labels


def as_tensors(x: Any, dtype: str, keep_integers: bool = False) -> Any:
    """Tensors of `dtype` in place of the arrays in `x`, or one tensor if `x` is an array, or lists of numbers.

    With `keep_integers` integers stay what they are: labels are counted, and a narrow float cannot count far.
    """
    if type(x) in (list, tuple) and not any(hasattr(leaf, "shape") for leaf in tree.flatten(x)):
        return _as_dtype(x, dtype, keep_integers)
    return tree.map_structure(lambda leaf: _as_dtype(leaf, dtype, keep_integers), x, none_is_leaf=False)


def _as_dtype(x: TensorLike, dtype: str, keep_integers: bool) -> Tensor:
    tensor = ops.convert_to_tensor(x)
    if keep_integers and dtypes.is_int(dtypes.standardize_dtype(tensor.dtype)):
        return tensor
    return ops.cast(tensor, dtype)


def check_fraction(name: str, value: float) -> None:
    """Raise `ArgumentError` unless 0 <= `value` <= 1."""
    if not 0 <= value <= 1:
        raise ArgumentError(f"`{name}` must be between 0 and 1. Received: {name}={value!r}.")


def _broadcast(a: tuple[Any, ...], b: tuple[Any, ...]) -> bool:
    return all(m == n or m == 1 or n == 1 or m is None or n is None for m, n in zip(reversed(a), reversed(b), strict=False))


def _same(a: tuple[Any, ...], b: tuple[Any, ...]) -> bool:
    return len(a) == len(b) and all(m == n or m is None or n is None for m, n in zip(a, b, strict=True))
