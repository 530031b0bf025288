"""Gradients and compilation for programs of one's own, on every engine: `grad`, `value_and_grad`, `jit`, `vmap` and their kin."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from functools import wraps
from typing import Any

from amalthea import ops
from amalthea.engines import registry
from amalthea.errors import ArgumentError
from amalthea.ops.arguments import as_tensor
from amalthea.state.variable import Variable


def value_and_grad(
    fn: Callable[..., Any], variables: Sequence[Variable] | None = None, argnums: int | Sequence[int] = 0, has_aux: bool = False
) -> Callable[..., tuple[Any, Any]]:
    """A function that gives the value of `fn` and its gradients.

    Args:
        fn: a function of tensors that returns a scalar, or a pair of a scalar and something else if `has_aux`. It may read and assign variables.
        variables: with respect to which variables; the gradients come as a list in their order.
        argnums: without `variables`: with respect to which arguments; one number gives one gradient, several a tuple.
        has_aux: whether `fn` returns a pair.

    Returns:
        A function with the arguments of `fn` that returns `(value, gradients)`, or `((value, aux), gradients)`.

    Raises:
        UnsupportedByEngine: the engine in use has no gradients.

    Example:
        >>> import amalthea
        >>> w = amalthea.Variable(3.0)
        >>> value, (gradient,) = value_and_grad(lambda x: w * w * x, [w])(2.0)
        >>> float(value), float(gradient)
        (18.0, 12.0)
    """

    @wraps(fn)
    def run(*args: Any, **kwargs: Any) -> tuple[Any, Any]:
        engine = registry.current()

        def pair(*given: Any) -> tuple[Any, Any]:
            result = fn(*given, **kwargs)
            value, aux = result if has_aux else (result, None)
            return as_tensor(engine, value), aux

        if variables is not None:
            (value, aux), gradients = engine.value_and_grad(lambda: pair(*args), list(variables))
            return ((value, aux) if has_aux else value), gradients
        positions = (argnums,) if isinstance(argnums, int) else tuple(argnums)
        if not all(0 <= position < len(args) for position in positions):
            raise ArgumentError(f"`argnums` must number positional arguments, of which there are {len(args)}. Received: argnums={argnums}.")

        def of_chosen(*chosen: Any) -> tuple[Any, Any]:
            filled = list(args)
            for position, tensor in zip(positions, chosen, strict=True):
                filled[position] = tensor
            return pair(*filled)

        (value, aux), gradients = engine.tensor_value_and_grad(of_chosen, [as_tensor(engine, args[position]) for position in positions])
        return ((value, aux) if has_aux else value), (gradients[0] if isinstance(argnums, int) else tuple(gradients))

    return run


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


def jit(fn: Callable[..., Any], jit_compile: bool | str = "auto") -> Callable[..., Any]:
    """A compiled function that does as `fn`, which may read and assign variables.

    Args:
        fn: a function of positional arguments: tensors, arrays, structures of them, or hashable constants.
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
    compiled: dict[str, Callable[..., Any]] = {}

    @wraps(fn)
    def run(*args: Any) -> Any:
        engine = registry.current()
        if engine.name not in compiled:
            compiled[engine.name] = engine.compile(fn, jit=jit_compile)
        return compiled[engine.name](*args)

    return run


def vmap(fn: Callable[..., Any]) -> Callable[..., Any]:
    """A function that does as `fn` for each element along the first axis of its arguments, and stacks the results.

    Example:
        >>> import amalthea
        >>> vmap(lambda row: amalthea.ops.sum(row))(amalthea.ops.ones((2, 3))).tolist()
        [3.0, 3.0]
    """

    @wraps(fn)
    def run(*args: Any) -> Any:
        return registry.current().vectorized_map(fn, *args)

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
    return registry.current().device(name)


stop_gradient = ops.stop_gradient
custom_gradient = ops.custom_gradient
