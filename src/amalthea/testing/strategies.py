"""Random cases for `engine_checks`, as strategies of Hypothesis: small shapes, dtypes, axes and arguments of the primitives.

Example:
    >>> from hypothesis import HealthCheck, given, settings
    >>> from amalthea.engines import get
    >>> from amalthea.testing import engine_checks
    >>> @settings(max_examples=5, database=None, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    ... @given(cases("transpose"))
    ... def check(case):
    ...     assert not engine_checks.problems(get("numpy"), case)
    >>> check()
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from hypothesis import strategies as st

from amalthea.testing.cases.algebra import Convolution
from amalthea.testing.cases.arrays import REDUCTIONS
from amalthea.testing.cases.case import Case, host, method, sample
from amalthea.testing.cases.elementwise import BINARY, FLOATING_DOMAINS, UNARY_DTYPES, operands

Shape = tuple[int, ...]
Draw = Callable[..., Any]

_SEEDS = st.integers(0, 1000)
_DTYPES = st.sampled_from(("float32", "int32", "bool", "bfloat16", "complex64"))


def shapes(min_rank: int = 0, max_rank: int = 3, min_size: int = 0, max_size: int = 3) -> st.SearchStrategy[Shape]:
    """Shapes of a few axes with small sizes."""
    return st.lists(st.integers(min_size, max_size), min_size=min_rank, max_size=max_rank).map(tuple)


@st.composite
def broadcastable(draw: Draw, max_rank: int = 3) -> tuple[Shape, Shape]:
    """Two shapes that broadcast."""
    whole = draw(shapes(0, max_rank))
    pair = []
    for _ in range(2):
        kept = draw(st.integers(0, len(whole)))
        pair.append(tuple(size if draw(st.booleans()) else 1 for size in whole[len(whole) - kept :]))
    return pair[0], pair[1]


@st.composite
def axes(draw: Draw, rank: int) -> tuple[int, ...] | None:
    """None, or some axes of a tensor, rising."""
    return draw(st.none() | st.sets(st.integers(0, rank - 1), max_size=rank).map(lambda found: tuple(sorted(found)))) if rank else None


@st.composite
def basic_keys(draw: Draw, shape: Shape) -> tuple[Any, ...]:
    """Integers, slices, None and Ellipsis that index a tensor of `shape`."""
    parts: list[Any] = []
    for size in shape[: draw(st.integers(0, len(shape)))]:
        slices = st.slices(size)
        parts.append(draw(slices | st.integers(-size, size - 1) | st.none() if size else slices))
    taken = [part for part in parts if part is not None]
    if len(taken) < len(shape) and draw(st.booleans()):
        parts.append(...)
    return tuple(parts)


@st.composite
def _floating(draw: Draw, name: str) -> Case:
    low, high = FLOATING_DOMAINS[name]
    dtype = draw(st.sampled_from(("float32", "bfloat16")))
    return Case(name, "drawn", method(name), (sample(draw(shapes()), dtype, low, high, draw(_SEEDS)),), (0,) if dtype == "float32" else ())


@st.composite
def _unary(draw: Draw, name: str) -> Case:
    dtype = draw(st.sampled_from(UNARY_DTYPES[name]))
    return Case(name, "drawn", method(name), (sample(draw(shapes()), dtype, 0 if dtype == "uint8" else -4, 4, draw(_SEEDS)),))


@st.composite
def _binary(draw: Draw, name: str) -> Case:
    dtype = draw(st.sampled_from(BINARY[name][0]))
    first, second = draw(broadcastable())
    return Case(name, "drawn", method(name), operands(name, dtype, first, second, draw(_SEEDS)))


@st.composite
def _where(draw: Draw) -> Case:
    first, second = draw(broadcastable())
    dtype, seed = draw(_DTYPES), draw(_SEEDS)
    values = sample(first, dtype, seed=seed), sample(second, dtype, seed=seed + 1)
    return Case("where", "drawn", method("where"), (sample(first, "bool", seed=seed), *values))


@st.composite
def _reduction(draw: Draw, name: str) -> Case:
    dtype = draw(st.sampled_from(REDUCTIONS[name]))
    shape = draw(shapes(min_size=1))
    x = sample(shape, dtype, 0 if dtype == "uint8" else -2, 2, draw(_SEEDS))
    return Case(name, "drawn", method(name, draw(axes(len(shape))), draw(st.booleans())), (x,), (0,) if dtype == "float32" else ())


@st.composite
def _place(draw: Draw, name: str) -> Case:
    shape = draw(shapes(1, min_size=1))
    x = sample(shape, draw(st.sampled_from(("float32", "int32", "uint8"))), 0, 3, draw(_SEEDS))
    return Case(name, "drawn", method(name, draw(st.integers(0, len(shape) - 1)), draw(st.booleans())), (x,))


@st.composite
def _along(draw: Draw, name: str) -> Case:
    shape = draw(shapes(1))
    x = sample(shape, draw(st.sampled_from(("float32", "int32"))), -2, 2, draw(_SEEDS))
    return Case(name, "drawn", method(name, draw(st.integers(0, len(shape) - 1))), (x,))


@st.composite
def _reshape(draw: Draw) -> Case:
    target = draw(shapes(min_size=1))
    x = sample(draw(st.permutations(target)), draw(_DTYPES), seed=draw(_SEEDS))
    joined = draw(st.integers(0, len(target)))
    return Case("reshape", "drawn", method("reshape", (*target[:joined], -1)), (x,))


@st.composite
def _transpose(draw: Draw) -> Case:
    shape = draw(shapes())
    x = sample(shape, draw(_DTYPES), seed=draw(_SEEDS))
    return Case("transpose", "drawn", method("transpose", tuple(draw(st.permutations(range(len(shape)))))), (x,))


@st.composite
def _broadcast_to(draw: Draw) -> Case:
    first, second = draw(broadcastable())
    whole = np.broadcast_shapes(first, second)
    return Case("broadcast_to", "drawn", method("broadcast_to", whole), (sample(first, draw(_DTYPES), seed=draw(_SEEDS)),))


@st.composite
def _concatenate(draw: Draw) -> Case:
    shape, dtype = draw(shapes(1)), draw(_DTYPES)
    axis = draw(st.integers(0, len(shape) - 1))
    sizes = draw(st.lists(st.integers(0, 3), min_size=1, max_size=3))
    inputs = tuple(sample((*shape[:axis], size, *shape[axis + 1 :]), dtype, seed=seed) for seed, size in enumerate(sizes))
    return Case("concatenate", "drawn", lambda engine, *xs: engine.concatenate(list(xs), axis), inputs)


@st.composite
def _pad(draw: Draw) -> Case:
    shape = draw(shapes())
    widths = tuple((draw(st.integers(0, 2)), draw(st.integers(0, 2))) for _ in shape)
    return Case("pad", "drawn", method("pad", widths, draw(st.sampled_from((0, 1)))), (sample(shape, draw(_DTYPES), seed=draw(_SEEDS)),))


@st.composite
def _flip(draw: Draw) -> Case:
    shape = draw(shapes())
    x = sample(shape, draw(_DTYPES), seed=draw(_SEEDS))
    return Case("flip", "drawn", method("flip", draw(axes(len(shape))) or ()), (x,))


@st.composite
def _getitem(draw: Draw) -> Case:
    shape = draw(shapes(1, min_size=1, max_size=4))
    key = draw(basic_keys(shape))
    return Case("getitem", "drawn", lambda engine, x: engine.getitem(x, key), (sample(shape, seed=draw(_SEEDS)),), (0,))


@st.composite
def _take(draw: Draw) -> Case:
    shape = draw(shapes(1, min_size=1))
    axis = draw(st.integers(0, len(shape) - 1))
    indices = draw(st.lists(st.integers(-shape[axis], shape[axis] - 1), max_size=4))
    return Case("take", "drawn", method("take", axis), (sample(shape, draw(_DTYPES), seed=draw(_SEEDS)), host(indices, "int32")))


@st.composite
def _dynamic_slice(draw: Draw) -> Case:
    shape = draw(shapes(1, min_size=1))
    sizes = tuple(draw(st.integers(0, size)) for size in shape)
    starts = tuple(host(draw(st.integers(-2, 5)), "int32") for _ in shape)
    return Case("dynamic_slice", "drawn", lambda engine, x, *at: engine.dynamic_slice(x, at, sizes), (sample(shape, seed=draw(_SEEDS)), *starts))


@st.composite
def _scatter(draw: Draw) -> Case:
    shape = draw(shapes(1, min_size=1))
    depth, count = draw(st.integers(1, len(shape))), draw(st.integers(0, 3))
    places = draw(st.permutations(list(np.ndindex(shape[:depth]))))[:count]
    indices = host(places, "int32").reshape(len(places), depth)
    inputs = sample(shape, seed=draw(_SEEDS)), indices, sample((len(places), *shape[depth:]), seed=1)
    return Case("scatter", "drawn", method("scatter", draw(st.sampled_from(("set", "add", "mul", "max", "min")))), inputs)


@st.composite
def _matmul(draw: Draw) -> Case:
    first, second = draw(broadcastable(2))
    n, k, m = (draw(st.integers(0, 3)) for _ in range(3))
    inputs = sample((*first, n, k), seed=draw(_SEEDS)), sample((*second, k, m), seed=1)
    return Case("matmul", "drawn", method("matmul"), inputs, (0, 1))


@st.composite
def _conv(draw: Draw) -> Case:
    rank = draw(st.integers(1, 2))
    window, strides, dilation, spread = (tuple(draw(st.integers(1, top)) for _ in range(rank)) for top in (3, 3, 2, 2))
    padding = tuple((draw(st.integers(-1, 2)), draw(st.integers(0, 2))) for _ in range(rank))
    groups, depth, share = (draw(st.integers(1, 2)) for _ in range(3))
    # Sizes that leave the window room, whatever padding takes away.
    space = tuple(draw(st.integers(0, 2)) + (size - 1) * step + 2 for size, step in zip(window, dilation, strict=True))
    x, kernel = (draw(st.integers(0, 2)), *space, groups * depth), (*window, depth, groups * share)
    conv = Convolution(x, kernel, strides, padding, dilation, groups, spread)
    return Case("conv", "drawn", conv, (sample(x, seed=draw(_SEEDS)), sample(kernel, seed=1)), slack=3)


@st.composite
def _reduce_window(draw: Draw) -> Case:
    rank = draw(st.integers(1, 2))
    window, strides = (tuple(draw(st.integers(1, 3)) for _ in range(rank)) for _ in range(2))
    padding = tuple((draw(st.integers(0, size - 1)), draw(st.integers(0, size - 1))) for size in window)
    x = sample((draw(st.integers(0, 2)), *(size + draw(st.integers(0, 2)) for size in window), 2), seed=draw(_SEEDS))
    how = draw(st.sampled_from(("max", "sum")))
    return Case("reduce_window", "drawn", method("reduce_window", how, window, strides, padding), (x,), (0,))


@st.composite
def _top_k(draw: Draw) -> Case:
    shape = draw(shapes(1, min_size=1))
    x = sample(shape, draw(st.sampled_from(("float32", "int32"))), 0, 3, draw(_SEEDS))
    return Case("top_k", "drawn", method("top_k", draw(st.integers(1, shape[-1]))), (x,))


_STRATEGIES: dict[str, st.SearchStrategy[Case]] = {
    **{name: _floating(name) for name in FLOATING_DOMAINS},
    **{name: _unary(name) for name in UNARY_DTYPES},
    **{name: _binary(name) for name in BINARY},
    **{name: _reduction(name) for name in REDUCTIONS},
    **{name: _place(name) for name in ("argmax", "argmin")},
    **{name: _along(name) for name in ("cumsum", "cumprod", "sort", "argsort")},
    "where": _where(),
    "reshape": _reshape(),
    "transpose": _transpose(),
    "broadcast_to": _broadcast_to(),
    "concatenate": _concatenate(),
    "pad": _pad(),
    "flip": _flip(),
    "getitem": _getitem(),
    "take": _take(),
    "dynamic_slice": _dynamic_slice(),
    "scatter": _scatter(),
    "matmul": _matmul(),
    "conv": _conv(),
    "reduce_window": _reduce_window(),
    "top_k": _top_k(),
}

DRAWN = tuple(_STRATEGIES)
"""The primitives that there are random cases of."""


def cases(primitive: str) -> st.SearchStrategy[Case]:
    """Random cases of a primitive, which must be one of `DRAWN`."""
    return _STRATEGIES[primitive]
