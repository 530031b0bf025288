"""Control flow: choices, loops, functions mapped over tensors, gradients of one's own."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from amalthea import tree
from amalthea.engines.derived import Engine
from amalthea.engines.registry import current
from amalthea.errors import ArgumentError, ArgumentTypeError, ShapeError
from amalthea.ops.arguments import Tensor, TensorLike, as_tensor, normalize_axis
from amalthea.ops.operation import operation


def _tensors(engine: Engine, structure: Any) -> Any:
    """`structure` with its leaves as tensors; None stays."""
    return tree.map_structure(lambda leaf: as_tensor(engine, leaf), structure, none_is_leaf=False)


def _callable(name: str, fn: Any) -> None:
    if not callable(fn):
        raise ArgumentTypeError(f"`{name}` must be callable. Received: {fn!r} of type {type(fn).__name__}.")


@operation
def cond(pred: TensorLike, true_fn: Callable[[], Any], false_fn: Callable[[], Any]) -> Any:
    """Call one of two functions.

    Args:
        pred: bool tensor without axes (a number counts as "is not zero").
        true_fn: called without arguments where `pred` holds.
        false_fn: called where it does not. Both give results of the same structure, shapes and dtypes, since a compiled
            program holds both.

    Returns:
        What the called function gives.

    Raises:
        ArgumentTypeError: `pred` has axes, or a function is not callable.

    Example:
        >>> from amalthea import ops
        >>> float(ops.cond(ops.array(True), lambda: ops.array(1.0), lambda: ops.array(2.0)))
        1.0
    """
    _callable("true_fn", true_fn)
    _callable("false_fn", false_fn)
    engine = current()
    pred = as_tensor(engine, pred, "bool")
    if engine.shape_of(pred):
        raise ArgumentTypeError(f"`pred` must have no axes. Received shape {engine.shape_of(pred)}; reduce it with `ops.any` or `ops.all`.")
    return engine.cond(pred, lambda: _tensors(engine, true_fn()), lambda: _tensors(engine, false_fn()))


@operation
def switch(index: TensorLike, branches: Sequence[Callable[..., Any]], *operands: Any) -> Any:
    """Call one of several functions.

    Args:
        index: integer tensor without axes: which one. It is brought into range.
        branches: functions that take `operands` and give results of the same structure, shapes and dtypes.
        *operands: what the chosen function is called with.

    Returns:
        What the chosen function gives.

    Example:
        >>> from amalthea import ops
        >>> float(ops.switch(1, [lambda x: x, lambda x: x * 2.0], 3.0))
        6.0
    """
    if not branches:
        raise ArgumentError("`branches` must hold at least one function.")
    for i, branch in enumerate(branches):
        _callable(f"branches[{i}]", branch)
    engine = current()
    index = as_tensor(engine, index, "int32")
    values = _tensors(engine, operands)

    def choose(low: int, high: int) -> Any:
        if high - low == 1:
            return _tensors(engine, branches[low](*values))
        middle = (low + high) // 2
        return engine.cond(engine.less(index, middle), lambda: choose(low, middle), lambda: choose(middle, high))

    return choose(0, len(branches))


@operation
def while_loop(cond: Callable[..., Any], body: Callable[..., Any], loop_vars: Any, maximum_iterations: int | None = None) -> Any:
    """Repeat while a condition holds.

    Args:
        cond: takes the loop's variables; gives a bool tensor without axes.
        body: takes the loop's variables; gives them anew, with the same structure, shapes and dtypes.
        loop_vars: the first values: a tuple or list of structures of tensors, or one structure.
        maximum_iterations: the most turns; None: no limit.

    Returns:
        The last values: a tuple where `loop_vars` is a tuple or list.

    Example:
        >>> from amalthea import ops
        >>> int(ops.while_loop(lambda i: i < 5, lambda i: i + 2, 0))
        6
    """
    _callable("cond", cond)
    _callable("body", body)
    engine = current()
    several = isinstance(loop_vars, (tuple, list))
    carry = tuple(_tensors(engine, part) for part in loop_vars) if several else (_tensors(engine, loop_vars),)

    def turn(*state: Any) -> tuple[Any, ...]:
        result = body(*state)
        new = tuple(result) if several else (result,)
        return tuple(_alike(engine, n, o, "body") for n, o in zip(new, state, strict=True))

    limit = None if maximum_iterations is None else int(maximum_iterations)
    last = engine.while_loop(lambda *state: as_tensor(engine, cond(*state), "bool"), turn, carry, limit)
    return last if several else last[0]


def _alike(engine: Engine, new: Any, old: Any, name: str) -> Any:
    """`new` as tensors of the dtypes of `old`, which Python's numbers in a loop would else change."""

    def convert(value: Any, model: Tensor) -> Any:
        return as_tensor(engine, value, engine.dtype_of(model)) if _is_number(value) else as_tensor(engine, value)

    try:
        return tree.map_structure(convert, new, old, none_is_leaf=False)
    except ArgumentError as error:
        raise ShapeError(f"`{name}` must give back the structure that it was given. {error}") from error


def _is_number(value: Any) -> bool:
    return isinstance(value, (bool, int, float, complex))


@operation
def fori_loop(lower: TensorLike, upper: TensorLike, body_fun: Callable[[Any, Any], Any], init_val: Any) -> Any:
    """Repeat for every integer from `lower` up to, not including, `upper`.

    Args:
        lower: the first integer.
        upper: the integer after the last.
        body_fun: takes the integer (an int32 tensor) and the value; gives the new value, of the same structure, shapes
            and dtypes.
        init_val: the first value, a structure of tensors.

    Returns:
        The last value. Where `lower` and `upper` are plain integers, gradients flow through the loop on every engine.

    Example:
        >>> from amalthea import ops
        >>> int(ops.fori_loop(0, 4, lambda i, total: total + i, 0))
        6
    """
    _callable("body_fun", body_fun)
    engine = current()
    start = _tensors(engine, init_val)
    if isinstance(lower, (int, np.integer)) and isinstance(upper, (int, np.integer)):
        low, high = int(lower), int(upper)
        if high <= low:
            return start
        counter = engine.arange(low, high, 1, "int32")
        last, _ = engine.scan(lambda value, i: (_alike(engine, body_fun(i, value), value, "body_fun"), ()), start, counter, high - low, False, 1)
        return last
    first, stop = as_tensor(engine, lower, "int32"), as_tensor(engine, upper, "int32")
    _, last = engine.while_loop(
        lambda i, value: engine.less(i, stop),
        lambda i, value: (engine.add(i, 1), _alike(engine, body_fun(i, value), value, "body_fun")),
        (first, start),
        None,
    )
    return last


@operation
def scan(
    f: Callable[[Any, Any], tuple[Any, Any]], init: Any, xs: Any = None, length: int | None = None, reverse: bool = False, unroll: int | bool = 1
) -> tuple[Any, Any]:
    """Go over the first axis of tensors with a value that is carried along.

    Args:
        f: takes the carried value and one element of `xs`; gives the new carried value, of the same structure, shapes and
            dtypes, and an output (or None).
        init: the first carried value, a structure of tensors.
        xs: a structure of tensors whose first axes have one size; None where `f` needs none.
        length: that size; needed where `xs` is None.
        reverse: whether to go from the last element to the first; outputs then stand where their elements stand.
        unroll: how many steps one turn of a compiled loop takes; True: all of them.

    Returns:
        The last carried value, and the outputs stacked along a new first axis.

    Raises:
        ArgumentError: `unroll` is less than 1, or no length is known.
        ShapeError: the first axes of `xs` and `length` disagree.

    Example:
        >>> from amalthea import ops
        >>> total, sums = ops.scan(lambda total, x: (total + x, total + x), 0, ops.arange(4))
        >>> int(total), sums.tolist()
        (6, [0, 1, 3, 6])
    """
    _callable("f", f)
    engine = current()
    carry = _tensors(engine, init)
    elements = () if xs is None else _tensors(engine, xs)
    steps = _length(engine, elements, length, "xs")
    if not isinstance(unroll, bool) and unroll < 1:
        raise ArgumentError(f"`unroll` must be a positive integer or a bool. Received: unroll={unroll}.")
    turns = (steps if unroll is True and steps is not None else 1) if isinstance(unroll, bool) else int(unroll)
    silent: list[bool] = []

    def turn(value: Any, x: Any) -> tuple[Any, Any]:
        new, output = f(value, None if xs is None else x)
        if output is None:
            silent.append(True)
        return _alike(engine, new, value, "f"), () if output is None else _tensors(engine, output)

    last, outputs = engine.scan(turn, carry, elements, steps, bool(reverse), max(1, turns))  # type: ignore[arg-type]
    return last, None if silent else outputs


def _length(engine: Engine, xs: Any, length: int | None, name: str) -> int | None:
    """The size of the first axes, None where it is not known."""
    sizes = []
    for leaf in tree.flatten(xs):
        shape = engine.shape_of(leaf)
        if not shape:
            raise ShapeError(f"`{name}` must hold tensors of at least one axis: the first one is gone through.")
        sizes.append(shape[0])
    if length is not None:
        sizes.append(int(length))
    if not sizes:
        raise ArgumentError(f"`{name}` is None: then `length` has to say how many steps there are.")
    known = {size for size in sizes if isinstance(size, int)}
    if len(known) > 1:
        raise ShapeError(f"`{name}` and `length` disagree on the number of steps: {sorted(known)}.")
    return known.pop() if known else next((size for size in sizes if size is not None), None)


@operation
def map(f: Callable[[Any], Any], xs: Any) -> Any:
    """Call a function on each element of the first axis, one after the other, and stack the results.

    Args:
        f: takes one element of `xs`; gives a structure of tensors.
        xs: a structure of tensors whose first axes have one size.

    Returns:
        The results, stacked along a new first axis.

    Example:
        >>> from amalthea import ops
        >>> ops.map(lambda x: x * x, ops.arange(4)).tolist()
        [0, 1, 4, 9]
    """
    _callable("f", f)
    engine = current()
    elements = _tensors(engine, xs)
    _, outputs = engine.scan(lambda _, x: ((), _tensors(engine, f(x))), (), elements, _length(engine, elements, None, "xs"), False, 1)  # type: ignore[arg-type]
    return outputs


@operation
def vectorized_map(function: Callable[[Any], Any], elements: Any) -> Any:
    """Call a function on all elements of the first axis at once.

    Args:
        function: takes one element of `elements`; gives a structure of tensors.
        elements: a structure of tensors whose first axes have one size.

    Returns:
        The results, stacked along a new first axis. The values are those of `map`, which needs less memory.

    Example:
        >>> from amalthea import ops
        >>> ops.vectorized_map(lambda x: ops.sum(x), ops.ones((2, 3))).tolist()
        [3.0, 3.0]
    """
    _callable("function", function)
    engine = current()
    values = _tensors(engine, elements)
    _length(engine, values, None, "elements")
    return engine.vectorized_map(lambda x: _tensors(engine, function(x)), values)


@operation
def associative_scan(f: Callable[[Any, Any], Any], elems: Any, reverse: bool = False, axis: int = 0) -> Any:
    """All partial results of an associative function along an axis, in a logarithmic number of steps.

    Args:
        f: takes two structures like `elems`; gives one. `f(f(a, b), c)` equals `f(a, f(b, c))`, elementwise along `axis`.
        elems: a structure of tensors whose sizes along `axis` are equal.
        reverse: whether to begin at the end.
        axis: which axis.

    Returns:
        A structure like `elems`: at place i the combination of the elements up to i.

    Raises:
        ShapeError: the sizes along `axis` differ.

    Reference:
        Blelloch, 1990, Prefix sums and their applications.

    Example:
        >>> from amalthea import ops
        >>> ops.associative_scan(lambda a, b: a + b, ops.arange(5)).tolist()
        [0, 1, 3, 6, 10]
    """
    _callable("f", f)
    engine = current()
    structure = _tensors(engine, elems)
    leaves = tree.flatten(structure)
    places = [normalize_axis(axis, len(engine.shape_of(leaf))) for leaf in leaves]
    sizes = {engine.shape_of(leaf)[place] for leaf, place in zip(leaves, places, strict=True)}
    if len(sizes) > 1:
        raise ShapeError(f"The tensors of `elems` must have one size along axis {axis}. Received the sizes {sorted(sizes, key=str)}.")
    (size,) = sizes
    if size is None:
        return structure

    def each(fn: Callable[..., Tensor], *lists: list[Tensor]) -> list[Tensor]:
        return [fn(place, *row) for place, *row in zip(places, *lists, strict=True)]

    def cut(xs: list[Tensor], start: int | None, stop: int | None, step: int | None) -> list[Tensor]:
        return each(lambda place, x: engine.slice_axis(x, place, start, stop, step), xs)

    def combine(first: list[Tensor], second: list[Tensor]) -> list[Tensor]:
        return tree.flatten(_tensors(engine, f(tree.pack_sequence_as(structure, first), tree.pack_sequence_as(structure, second))))

    def interleave(place: int, even: Tensor, odd: Tensor) -> Tensor:
        count, extra = engine.shape_of(odd)[place], engine.shape_of(even)[place] - engine.shape_of(odd)[place]
        paired = engine.slice_axis(even, place, None, count)
        shape = engine.shape_of(odd)
        merged = engine.reshape(engine.stack([paired, odd], place + 1), (*shape[:place], 2 * count, *shape[place + 1 :]))
        return engine.concatenate([merged, engine.slice_axis(even, place, count, None)], place) if extra else merged

    def prefixes(xs: list[Tensor], count: int) -> list[Tensor]:
        if count < 2:
            return xs
        # Combine neighbours, solve the half as long problem: it has the results at odd places; those at even places are one step away.
        odd = prefixes(combine(cut(xs, None, count - 1, 2), cut(xs, 1, None, 2)), count // 2)
        if count > 2:
            before = cut(odd, None, (count - 1) // 2, None)
            later = combine(before, cut(xs, 2, None, 2))
            even = each(lambda place, a, b: engine.concatenate([a, b], place), cut(xs, 0, 1, None), later)
        else:
            even = cut(xs, 0, 1, None)
        return each(interleave, even, odd)

    def turned(xs: list[Tensor]) -> list[Tensor]:
        return each(lambda place, x: engine.flip(x, (place,)), xs) if reverse else xs

    return tree.pack_sequence_as(structure, turned(prefixes(turned(leaves), size)))


def custom_gradient(f: Callable[..., tuple[Any, Callable[..., Any]]]) -> Callable[..., Any]:
    """Give a function a gradient of one's own.

    Args:
        f: takes tensors; gives its result, and a function that takes the gradient of that result (as the argument after
            `*args`, or as the keyword `upstream`) and gives the gradients of the arguments.

    Returns:
        A function that gives the first result of `f`.

    Example:
        >>> from amalthea import ops
        >>> @ops.custom_gradient
        ... def clipped_identity(x):
        ...     def grad(*args, upstream=None):
        ...         return ops.clip(args[0] if upstream is None else upstream, -1.0, 1.0)
        ...     return x, grad
        >>> clipped_identity(ops.array([3.0])).tolist()
        [3.0]
    """
    _callable("f", f)

    def with_gradient(*args: Any) -> Any:
        engine = current()
        return engine.custom_gradient(f)(*_tensors(engine, args))

    with_gradient.__name__ = getattr(f, "__name__", "custom_gradient").strip("<>")
    with_gradient.__doc__ = f.__doc__
    return operation(with_gradient)


_DIMENSIONS = re.compile(r"\((.*?)\)")


def vectorize(pyfunc: Callable[..., Any], *, excluded: Any = None, signature: str | None = None) -> Callable[..., Any]:
    """Let a function of small tensors work on tensors with further axes in front, which broadcast.

    Args:
        pyfunc: a function of tensors.
        excluded: positions (integers) and names (strings) of arguments that are given as they are.
        signature: which axes the function itself sees, such as "(n,m),(m)->(n)"; by default it sees single elements.

    Returns:
        A function of the same arguments.

    Raises:
        ArgumentError: a `signature` that cannot be read, or does not fit the arguments.

    Example:
        >>> from amalthea import ops
        >>> total = ops.vectorize(lambda row, k: ops.sum(row) * k, signature="(n),()->()")
        >>> total(ops.ones((2, 3)), ops.array([1.0, 10.0])).tolist()
        [3.0, 30.0]
    """
    _callable("pyfunc", pyfunc)
    left_out = frozenset(excluded or ())
    ranks = None if signature is None else _ranks(signature)

    @operation
    def vectorized(*args: Any, **kwargs: Any) -> Any:
        engine = current()
        fixed_names = {name: value for name, value in kwargs.items() if name in left_out}
        named = [name for name in kwargs if name not in left_out]
        given = [*args, *(kwargs[name] for name in named)]
        moving = [i for i in range(len(given)) if i not in left_out or i >= len(args)]
        if ranks is not None and len(ranks) != len(moving):
            raise ArgumentError(f"`signature` {signature!r} describes {len(ranks)} arguments, but {len(moving)} were given.")
        tensors = [as_tensor(engine, given[i]) for i in moving]
        inner = ranks or [0] * len(tensors)
        outer = _broadcast([engine.shape_of(t)[: len(engine.shape_of(t)) - r] for t, r in zip(tensors, inner, strict=True)])

        def call(*values: Any) -> Any:
            filled = list(given)
            for i, value in zip(moving, values, strict=True):
                filled[i] = value
            positional, by_name = filled[: len(args)], dict(zip(named, filled[len(args) :], strict=True))
            return _tensors(engine, pyfunc(*positional, **by_name, **fixed_names))

        if not outer:
            return call(*tensors)
        spread = []
        for tensor, rank in zip(tensors, inner, strict=True):
            shape = engine.shape_of(tensor)
            wide = engine.broadcast_to(tensor, (*outer, *shape[len(shape) - rank :]))
            spread.append(engine.reshape(wide, (_product(outer), *shape[len(shape) - rank :])))  # type: ignore[arg-type]
        results = engine.vectorized_map(call, *spread)
        return tree.map_structure(lambda leaf: engine.reshape(leaf, (*outer, *engine.shape_of(leaf)[1:])), results)

    vectorized.__name__ = getattr(pyfunc, "__name__", "vectorized").strip("<>")
    vectorized.__doc__ = pyfunc.__doc__
    return vectorized


def _ranks(signature: str) -> list[int]:
    inputs, arrow, _ = signature.partition("->")
    if not arrow or not re.fullmatch(r"\s*\([\w\s,]*\)\s*(,\s*\([\w\s,]*\)\s*)*", inputs):
        raise ArgumentError(f"`signature` must look like '(n,m),(m)->(n)'. Received: {signature!r}.")
    return [len([name for name in group.split(",") if name.strip()]) for group in _DIMENSIONS.findall(inputs)]


def _broadcast(shapes: list[tuple[Any, ...]]) -> tuple[Any, ...]:
    """The shape to which `shapes` broadcast; None where a size is not known."""
    if all(None not in shape for shape in shapes):
        try:
            return np.broadcast_shapes(*shapes)
        except ValueError as error:
            raise ShapeError(f"The axes in front of those that the function sees do not broadcast: {shapes}.") from error
    rank = max(len(shape) for shape in shapes)
    columns = zip(*((1,) * (rank - len(shape)) + shape for shape in shapes), strict=True)
    return tuple(next((size for size in column if size not in (1, None)), None if None in column else 1) for column in columns)


def _product(sizes: tuple[Any, ...]) -> int | None:
    return None if None in sizes else int(np.prod(sizes, dtype=np.int64))
