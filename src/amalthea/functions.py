"""Gradients and compilation for programs of one's own, on every engine: `grad`, `value_and_grad`, `jit`, `vmap` and their kin."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from functools import wraps
from typing import Any

from amalthea import dtypes, ops, tree
from amalthea.engines import registry
from amalthea.errors import ArgumentError, ArgumentTypeError, ShapeError
from amalthea.ops.arguments import as_tensor
from amalthea.state.variable import Variable


def value_and_grad(
    fn: Callable[..., Any], variables: Sequence[Variable] | None = None, argnums: int | Sequence[int] = 0, has_aux: bool = False
) -> Callable[..., tuple[Any, Any]]:
    """A function that gives the value of `fn` and its gradients.

    Args:
        fn: a function of tensors that returns a scalar, or a pair of a scalar and something else if `has_aux`. It may read and assign variables.
        variables: with respect to which variables; the gradients come as a list in their order.
        argnums: without `variables`: with respect to which arguments by position; one number gives one gradient, several a tuple. An argument
            may be a structure of tensors (a dictionary, a list, a tuple); then its gradient is one, too.
        has_aux: whether `fn` returns a pair.

    Returns:
        A function with the arguments of `fn` that returns `(value, gradients)`, or `((value, aux), gradients)`.

    Raises:
        UnsupportedByEngine: the engine in use has no gradients.
        ArgumentTypeError: when it is called, something to differentiate with respect to does not hold floating numbers.
        ShapeError: when it is called, the value is no scalar.

    Example:
        >>> import amalthea
        >>> w = amalthea.Variable(3.0)
        >>> value, (gradient,) = value_and_grad(lambda x: w * w * x, [w])(2.0)
        >>> float(value), float(gradient)
        (18.0, 12.0)
        >>> value_and_grad(lambda p: p["a"] * p["b"])({"a": ops.ones(()), "b": ops.ones(()) * 5})[1]["a"].item()
        5.0
    """
    if isinstance(variables, Variable):
        raise ArgumentTypeError(f"`variables` must be a list of variables. Received one variable: give `[{variables.name}]`.")

    @wraps(fn)
    def run(*args: Any, **kwargs: Any) -> tuple[Any, Any]:
        engine = registry.current()

        def pair(*given: Any) -> tuple[Any, Any]:
            result = fn(*given, **kwargs)
            value, aux = result if has_aux else (result, None)
            value = as_tensor(engine, value)
            if len(engine.shape_of(value)):
                raise ShapeError(
                    f"The function to differentiate must return a scalar. Received a value of shape {engine.shape_of(value)}: add it up (`ops.sum`, `ops.mean`), "
                    "or map the gradient over its elements (`amalthea.vmap`)."
                )
            return value, aux

        if variables is not None:
            for variable in variables:
                _require_floating(variable, f"the variable {variable.path!r}")
            (value, aux), gradients = engine.value_and_grad(lambda: pair(*args), list(variables))
            return ((value, aux) if has_aux else value), gradients
        numbers = (argnums,) if isinstance(argnums, int) else tuple(argnums)
        if not all(-len(args) <= number < len(args) for number in numbers):
            raise ArgumentError(f"`argnums` must number positional arguments, of which there are {len(args)}. Received: argnums={argnums}.")
        positions = [number % len(args) for number in numbers]
        chosen = [args[position] if _is_structure(args[position]) else as_tensor(engine, args[position]) for position in positions]
        tensors = [as_tensor(engine, leaf) for leaf in tree.flatten(chosen)]
        for tensor in tensors:
            _require_floating(tensor, "an argument")

        def of_tensors(*tensors: Any) -> tuple[Any, Any]:
            filled = list(args)
            for position, argument in zip(positions, tree.pack_sequence_as(chosen, tensors), strict=True):
                filled[position] = argument
            return pair(*filled)

        (value, aux), gradients = engine.tensor_value_and_grad(of_tensors, tensors)
        packed = tree.pack_sequence_as(chosen, gradients)
        return ((value, aux) if has_aux else value), (packed[0] if isinstance(argnums, int) else tuple(packed))

    return run


def _is_structure(x: Any) -> bool:
    """Whether `x` is a structure of tensors; a list of numbers is one tensor."""
    return tree.is_nested(x) and (isinstance(x, Mapping) or any(hasattr(leaf, "shape") for leaf in tree.flatten(x)))


def _require_floating(x: Any, what: str) -> None:
    dtype = dtypes.standardize_dtype(x.dtype)
    if not (dtypes.is_float(dtype) or dtypes.is_complex(dtype)):
        raise ArgumentTypeError(
            f"A gradient is with respect to floating numbers, but {what} has the dtype {dtype}. Cast it first: `ops.cast(x, 'float32')`."
        )


def grad(
    fn: Callable[..., Any], variables: Sequence[Variable] | None = None, argnums: int | Sequence[int] = 0, has_aux: bool = False
) -> Callable[..., Any]:
    """As `value_and_grad`, for the gradients alone (with `has_aux`: the pair of the gradients and what `fn` returned besides).

    Example:
        >>> float(grad(lambda x: x * x)(3.0))
        6.0
    """
    both = value_and_grad(fn, variables, argnums, has_aux)

    @wraps(fn)
    def run(*args: Any, **kwargs: Any) -> Any:
        value, gradients = both(*args, **kwargs)
        return (gradients, value[1]) if has_aux else gradients

    return run


def jit(fn: Callable[..., Any] | None = None, jit_compile: bool | str = "auto") -> Callable[..., Any]:
    """A compiled function that does as `fn`, which may read and assign variables.

    Args:
        fn: a function of tensors, arrays, structures of them, or hashable constants. None gives a decorator: `@jit(jit_compile=True)`.
        jit_compile: True, False or "auto", as in `Model.compile`.

    Example:
        >>> import amalthea
        >>> count = amalthea.Variable(0.0)
        >>> @jit
        ... def step(x):
        ...     count.assign_add(x)
        ...     return count * 2
        >>> float(step(amalthea.ops.ones(()))), float(count.value)
        (2.0, 1.0)
    """
    if fn is None:
        return lambda fn: jit(fn, jit_compile)
    compiled: dict[tuple[str, bool], Callable[..., Any]] = {}

    @wraps(fn)
    def run(*args: Any, **kwargs: Any) -> Any:
        engine = registry.current()
        key = engine.name, bool(kwargs)
        if key not in compiled:
            compiled[key] = engine.compile((lambda args, kwargs: fn(*args, **kwargs)) if kwargs else fn, jit=jit_compile)
        return compiled[key](args, kwargs) if kwargs else compiled[key](*args)

    return run


def vmap(fn: Callable[..., Any]) -> Callable[..., Any]:
    """A function that does as `fn` for each element along the first axis of its arguments, and stacks the results.

    Args:
        fn: a function of tensors, or of structures of them. It may read variables, but not assign them.

    Example:
        >>> import amalthea
        >>> vmap(lambda row: amalthea.ops.sum(row))(amalthea.ops.ones((2, 3))).tolist()
        [3.0, 3.0]
    """

    @wraps(fn)
    def run(*args: Any) -> Any:
        engine = registry.current()
        return engine.vectorized_map(fn, *(tree.map_structure(lambda leaf: as_tensor(engine, leaf), arg, none_is_leaf=False) for arg in args))

    return run


def remat(fn: Callable[..., Any]) -> Callable[..., Any]:
    """A function that does as `fn` and keeps none of its inner values for the gradient, but computes them again.

    Reference:
        Chen et al., "Training Deep Nets with Sublinear Memory Cost", 2016.

    Example:
        >>> float(grad(remat(lambda x: x * x * x))(2.0))
        12.0
    """

    @wraps(fn)
    def run(*args: Any, **kwargs: Any) -> Any:
        return registry.current().remat(fn)(*args, **kwargs)

    return run


def device(name: str) -> AbstractContextManager[Any]:
    """A context in which new tensors live on the device `name`, such as "cpu:0" or "gpu:1".

    Raises:
        ArgumentError: the engine in use has no such device.
    """
    if not isinstance(name, str):
        raise ArgumentTypeError(
            f'`name` must be the name of a device, such as "cpu:0" or "gpu:1". Received: {name!r} (of type {type(name).__name__}).'
        )
    return registry.current().device(name)


stop_gradient = ops.stop_gradient
custom_gradient = ops.custom_gradient
