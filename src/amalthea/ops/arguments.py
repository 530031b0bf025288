"""What operations do with their arguments before an engine sees them: conversion, promotion, axes.

`engine` here is the engine in use; each function is cheap when there is nothing to do.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from amalthea import config, dtypes
from amalthea.engines import registry
from amalthea.engines.derived import Engine
from amalthea.engines.sizes import LaterSize, SupposedSize, whole
from amalthea.engines.spec import Spec
from amalthea.errors import ArgumentError, ArgumentTypeError
from amalthea.graph.keras_tensor import KerasTensor
from amalthea.state.variable import Variable

Tensor = Any
TensorLike = Any

_NUMBERS = frozenset({bool, int, float, complex})


def as_tensor(engine: Engine, x: TensorLike, dtype: str | None = None) -> Tensor:
    """`x` as a tensor of `engine`; of `dtype` if one is given, else of its own (Python's floats: `floatx`; ints: int32).

    Raises:
        ArgumentTypeError: `x` holds no numbers.
    """
    if type(x) is Variable or isinstance(x, Variable):
        x = x.value
    if engine.is_tensor(x):
        return x if dtype is None or dtypes.standardize_dtype(x.dtype) == dtype else engine.cast(x, dtype)
    if type(x) in _NUMBERS:
        return engine.from_host(x, dtype or dtypes.result_type(type(x)))
    return _convert(engine, x, dtype)


def _convert(engine: Engine, x: TensorLike, dtype: str | None) -> Tensor:
    if isinstance(x, Spec):
        raise ArgumentTypeError(
            f"A symbolic tensor of shape {x.shape} met the engine {engine.name!r}, which needs values. "
            "This happens when code under `with amalthea.engine(...)` runs while a model is being described."
        )
    if isinstance(x, KerasTensor):
        raise ArgumentTypeError(f"{x!r} was given inside a structure that operations do not look into.")
    if isinstance(x, (list, tuple)) and any(_holds_tensors(engine, part) for part in x):
        if not x:
            return engine.from_host(np.zeros((0,)), dtype or config.floatx())
        parts = [as_tensor(engine, part, dtype) for part in x]
        wide = dtype or dtypes.result_type(*(part.dtype for part in parts))
        return engine.stack([engine.cast(part, wide) for part in parts], 0)
    adopted = engine.adopted(x)
    if adopted is not None:
        return as_tensor(engine, adopted, dtype)
    owner = registry.owner(x)
    if owner is not None:
        borrowed = None if owner.mutable else engine.borrow(x)
        if borrowed is not None:
            return as_tensor(engine, borrowed, dtype)
        return engine.from_host(_read_out(owner, engine, x), dtype or dtypes.standardize_dtype(x.dtype))
    try:
        array = np.asarray(x)
    except (ValueError, TypeError) as error:
        raise ArgumentTypeError(f"A value of type {type(x).__name__} cannot be turned into a tensor: {error}") from error
    if array.dtype == object or array.dtype.kind in "USOMm":
        raise ArgumentTypeError(
            f"A value of type {type(x).__name__} with dtype {array.dtype} cannot be turned into a tensor: tensors hold numbers. "
            "Nested lists must be even (the same length in every row); text has to be encoded first."
        )
    if dtype is None:
        dtype = dtypes.standardize_dtype(array.dtype)
        if not hasattr(x, "dtype"):  # a list of Python's numbers has no width of its own
            dtype = {"float64": config.floatx(), "int64": "int32"}.get(dtype, dtype)
        dtype = engine.canonical_dtype(dtype)  # what is described must be what will be computed
    return engine.from_host(array, dtype)


def _read_out(owner: Engine, engine: Engine, x: Tensor) -> np.ndarray[Any, Any]:
    """The values of a tensor of another engine; not of one that is being traced or differentiated there."""
    try:
        return owner.to_host(x)
    except Exception as error:
        raise ArgumentTypeError(
            f"A tensor of the engine {owner.name!r} met the engine {engine.name!r} inside a function that {owner.name!r} is compiling or "
            "differentiating, where it has no values to hand over. Keep such a function on one engine: do not open "
            "`with amalthea.engine(...)` inside of it."
        ) from error


def _holds_tensors(engine: Engine, part: Any) -> bool:
    if isinstance(part, (list, tuple)):
        return any(_holds_tensors(engine, inner) for inner in part)
    return engine.is_tensor(part) or isinstance(part, (Variable, Spec, KerasTensor)) or registry.owner(part) is not None


def as_size(engine: Engine, size: Any, name: str = "shape") -> Any:
    """A size as a plain integer. One that is not known stays: None, or what stands for it in a graph.

    Raises:
        ArgumentTypeError: it is no integer; `name` is the argument that it was given in.
    """
    if size is None or isinstance(size, (LaterSize, SupposedSize)):
        return size
    if isinstance(size, Variable):
        size = size.value
    if engine.is_tensor(size) and dtypes.is_int(dtypes.standardize_dtype(size.dtype)) and not engine.shape_of(size):
        return engine.size_of(size)
    return whole(size, name)


def as_shape(engine: Engine, shape: Any, name: str = "shape", least: int = 0) -> tuple[Any, ...]:
    """A shape, given as one size, as a sequence of them or as a tensor, as a tuple; see `as_size`.

    Raises:
        ArgumentTypeError: a size is no integer, or None where there are values; `name` is the argument that the shape was given in.
        ArgumentError: one is less than `least`.
    """
    if isinstance(shape, Variable):
        shape = shape.value
    if engine.is_tensor(shape):
        shape = engine.unstack(shape, 0) if len(engine.shape_of(shape)) == 1 else (shape,)
    sizes = tuple(as_size(engine, size, name) for size in (shape if isinstance(shape, Iterable) else (shape,)))
    if None in sizes and engine.name != "symbolic":
        raise ArgumentTypeError(f"`{name}` takes integers: a size can be None only while a model is described. Received: {name}={sizes}.")
    if any(isinstance(size, int) and size < least for size in sizes):
        raise ArgumentError(f"`{name}` takes sizes of at least {least}. Received: {name}={sizes}.")
    return sizes


def weak_dtype(x: TensorLike) -> Any:
    """What stands for `x` in promotion: its dtype, or the Python type of a number."""
    return type(x) if type(x) in _NUMBERS else x.dtype


def promote(engine: Engine, *xs: TensorLike, floating: bool = False) -> tuple[Tensor, ...]:
    """The operands of an elementwise operation, as tensors of one dtype; Python's numbers may stay numbers.

    Args:
        engine: the engine in use.
        *xs: the operands.
        floating: whether integers and bool become `floatx`.

    Returns:
        As many operands, at least one of them a tensor. A number stays one where another operand is a tensor of the
        resulting dtype, so that no constant has to be made.
    """
    # The functions of NumPy give scalars as `np.float64`: `x * np.sqrt(size)` asks for no more precision than `floatx`.
    operands: list[Any] = [x if type(x) in _NUMBERS else float(x) if type(x) is np.float64 else as_tensor(engine, x) for x in xs]
    first = operands[0]
    if type(first) not in _NUMBERS and (not floating or dtypes.is_float(dtypes.standardize_dtype(first.dtype))):
        first_dtype = first.dtype
        if all(type(x) not in _NUMBERS and x.dtype == first_dtype for x in operands):
            return tuple(operands)
    kinds = [config.floatx() if type(given) is np.float64 else weak_dtype(x) for given, x in zip(xs, operands, strict=True)]
    dtype = dtypes.float_result_type(*kinds) if floating else dtypes.result_type(*kinds)
    if dtype not in kinds:  # a width that no operand asked for, such as int64 of uint32 and int32, is what the engine has for it
        dtype = engine.canonical_dtype(dtype)
    anchored = any(type(x) not in _NUMBERS for x in operands)
    return tuple(x if anchored and type(x) in _NUMBERS and type(x) is not bool and dtype != "bool" else as_tensor(engine, x, dtype) for x in operands)


def promote_all(engine: Engine, *xs: TensorLike, floating: bool = False) -> tuple[Tensor, ...]:
    """As `promote`, but numbers become tensors too: for operations that ask their operands for shapes and dtypes."""
    operands = promote(engine, *xs, floating=floating)
    dtype = next(engine.dtype_of(x) for x in operands if type(x) not in _NUMBERS)
    return tuple(as_tensor(engine, x, dtype) for x in operands)


def floating(engine: Engine, x: TensorLike) -> Tensor:
    """`x` as a floating (or complex) tensor: integers and bool become `floatx`."""
    x = as_tensor(engine, x)
    dtype = dtypes.standardize_dtype(x.dtype)
    return x if dtypes.is_float(dtype) or dtypes.is_complex(dtype) else engine.cast(x, config.floatx())


def normalize_axis(axis: int, ndim: int, name: str = "axis") -> int:
    """`axis` counted from the start.

    Raises:
        ArgumentError: it is out of range.
    """
    if not -ndim <= axis < ndim:
        raise ArgumentError(f"`{name}` must be in [{-ndim}, {ndim}) for a tensor of {ndim} axes. Received: {name}={axis}.")
    return axis + ndim if axis < 0 else int(axis)


def normalize_axes(axis: int | Iterable[int] | None, ndim: int, name: str = "axis") -> tuple[int, ...] | None:
    """One axis or several, counted from the start, as a tuple; None stays None.

    Raises:
        ArgumentError: one is out of range, or given twice.
    """
    if axis is None:
        return None
    if isinstance(axis, (int, np.integer)):
        return (normalize_axis(int(axis), ndim, name),)
    axes = tuple(normalize_axis(int(a), ndim, name) for a in axis)
    if len(set(axes)) != len(axes):
        raise ArgumentError(f"`{name}` names an axis twice. Received: {name}={tuple(axis)}.")
    return axes
