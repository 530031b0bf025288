"""Cases of reductions, shaping, indexing and sorting."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from amalthea.testing.cases.case import HALVES, Case, host, method, sample

# --- reductions --------------------------------------------------------------------------------------------

REDUCTIONS: dict[str, tuple[str, ...]] = {
    "sum": ("float32", "int32", "complex64", *HALVES),
    "prod": ("float32", "int32", "bfloat16"),
    "mean": ("float32", "complex64", *HALVES),
    "max": ("float32", "int32", "bool", "bfloat16"),
    "min": ("float32", "uint8", "bool", "float16"),
    "any": ("bool",),
    "all": ("bool",),
}
"""Reductions over several axes, and their dtypes."""


def reductions() -> Iterable[Case]:
    for name, dtypes in REDUCTIONS.items():
        smooth = (0,) if dtypes[0] == "float32" else ()
        x = sample((2, 3, 4), dtypes[0])
        yield Case(name, "all", method(name, None, False), (x,), smooth)
        yield Case(name, "one-kept", method(name, (1,), True), (x,))
        yield Case(name, "two", method(name, (0, 2), False), (x,), smooth)
        for dtype in dtypes[1:]:
            yield Case(name, dtype, method(name, (0,), False), (sample((4, 3), dtype, 0 if dtype == "uint8" else -2, 2),))
        if name not in ("max", "min", "mean"):
            yield Case(name, "nothing", method(name, (0,), False), (sample((0, 2), dtypes[0]),))
    for name in ("sum", "max"):
        yield Case(name, "all-kept", method(name, None, True), (sample((2, 3)),))
        yield Case(name, "no-axis", method(name, (), False), (sample((2, 3)),))
        yield Case(name, "scalar", method(name, None, False), (sample(()),))
        yield Case(name, "empty-other", method(name, (0,), False), (sample((2, 0)),))
    yield Case("sum", "int8-wraps", method("sum", None, False), (host([100, 100], "int8"),))
    for dtype in HALVES:
        yield Case("mean", f"long-{dtype}", method("mean", None, False), (host(np.full(70_000, 1.5), dtype),))
    for name in ("max", "min"):
        yield Case(name, "nan", method(name, (1,), False), (host([[1.0, np.nan, 2.0], [1.0, 2.0, 3.0]]),))

    for name in ("argmax", "argmin"):
        x = sample((2, 3, 4))
        yield Case(name, "last", method(name, 2, False), (x,))
        yield Case(name, "first-kept", method(name, 0, True), (x,))
        yield Case(name, "equals", method(name, 0, False), (host([2, 1, 3, 1, 3], "int32"),))
        yield Case(name, "nan", method(name, 0, False), (host([2.0, np.nan, 3.0]),))
        for dtype in ("uint8", "bool", "bfloat16"):
            yield Case(name, dtype, method(name, 1, False), (sample((2, 5), dtype, 0, 9),))
    for name in ("cumsum", "cumprod"):
        x = sample((2, 3), low=0.5)
        yield Case(name, "first", method(name, 0), (x,), (0,))
        yield Case(name, "last", method(name, 1), (x,), (0,))
        yield Case(name, "empty", method(name, 0), (sample((0, 3)),))
        for dtype in ("int8", "complex64", "bfloat16"):
            yield Case(name, dtype, method(name, 0), (sample((4, 2), dtype, 1, 2),))


# --- shaping -----------------------------------------------------------------------------------------------


def shaping() -> Iterable[Case]:
    x = sample((2, 3, 4))
    for name, shape in {"plain": (4, 6), "inferred": (2, -1), "flat": (-1,), "more": (2, 1, 3, 1, 4)}.items():
        yield Case("reshape", name, method("reshape", shape), (x,), (0,) if name == "plain" else ())
    yield Case("reshape", "to-scalar", method("reshape", ()), (sample((1, 1)),))
    yield Case("reshape", "from-scalar", method("reshape", (1, 1)), (sample(()),))
    yield Case("reshape", "empty", method("reshape", (3, 0)), (sample((0, 2)),))
    yield Case("reshape", "bool", method("reshape", (6,)), (sample((2, 3), "bool"),))
    yield Case("transpose", "three", method("transpose", (2, 0, 1)), (x,), (0,))
    yield Case("transpose", "scalar", method("transpose", ()), (sample(()),))
    yield Case("transpose", "bfloat16", method("transpose", (1, 0)), (sample((2, 3), "bfloat16"),))
    yield Case("broadcast_to", "new-axes", method("broadcast_to", (4, 2, 3)), (sample((2, 3)),), (0,))
    yield Case("broadcast_to", "ones", method("broadcast_to", (2, 3)), (sample((2, 1)),), (0,))
    yield Case("broadcast_to", "scalar", method("broadcast_to", (2, 2)), (sample((), "int32"),))
    yield Case("broadcast_to", "empty", method("broadcast_to", (0, 3)), (sample((1, 3)),))

    def joined(axis: int) -> Callable[..., Any]:
        return lambda engine, *xs: engine.concatenate(list(xs), axis)

    yield Case("concatenate", "first", joined(0), (sample((2, 3)), sample((1, 3), seed=1), sample((0, 3))), (0, 1))
    yield Case("concatenate", "last", joined(1), (sample((2, 3)), sample((2, 1))), (0, 1))
    yield Case("concatenate", "one", joined(0), (sample((2,), "int32"),))
    yield Case("concatenate", "bool", joined(0), (sample((2,), "bool"), sample((3,), "bool")))
    yield Case("concatenate", "bfloat16", joined(0), (sample((2,), "bfloat16"), sample((3,), "bfloat16")))
    yield Case("pad", "zeros", method("pad", ((1, 0), (0, 2)), 0), (sample((2, 3)),), (0,))
    yield Case("pad", "infinite", method("pad", ((1, 1),), -np.inf), (sample((2,)),))
    yield Case("pad", "nothing", method("pad", ((0, 0),), 0), (sample((2,)),))
    yield Case("pad", "scalar", method("pad", (), 0), (sample(()),))
    yield Case("pad", "bool", method("pad", ((1, 1),), True), (sample((2,), "bool"),))
    yield Case("pad", "list", method("pad", [(1, 1), (0, 0)], 3), (sample((2, 2), "int32"),))
    yield Case("pad", "tensor", lambda e, x, v: e.pad(x, ((1, 1),), v), (sample((2,)), sample(())))
    yield Case("pad", "bfloat16", method("pad", ((2, 0),), 1.5), (sample((2,), "bfloat16"),))
    for axes in ((0,), (0, 2), ()):
        yield Case("flip", "axes-" + "-".join(map(str, axes)), method("flip", axes), (x,), (0,) if axes == (0, 2) else ())


# --- indexing ----------------------------------------------------------------------------------------------

KEYS: dict[str, Any] = {
    "integer": 1,
    "negative": -1,
    "slice": slice(1, 3),
    "far-slice": slice(-10, 10),
    "empty-slice": slice(2, 1),
    "step": slice(None, None, 2),
    "backwards": slice(None, None, -1),
    "dots": (..., 0),
    "dots-between": (0, ..., slice(1, 3)),
    "new-axis": (None, slice(None), None),
    "all-integers": (0, 1, 2),
    "mixed": (slice(0, 2), 1, slice(None, None, -2)),
    "mask": np.array([True, False, True]),
    "later-mask": (0, np.array([True, False, True, True])),
}


def indexing() -> Iterable[Case]:
    x = sample((3, 4, 5))
    for name, key in KEYS.items():
        yield Case("getitem", name, lambda e, x, key=key: e.getitem(x, key), (x,), (0,) if name in ("mixed", "mask") else ())
    yield Case("getitem", "tensor", lambda e, x, i: e.getitem(x, i), (x, host([2, 0, 0, -1], "int32")), (0,))
    yield Case("getitem", "two-tensors", lambda e, x, i, j: e.getitem(x, (i, j)), (x, host([[2], [0]], "int32"), host([1, 3], "int32")))
    yield Case("getitem", "tensor-late", lambda e, x, i: e.getitem(x, (slice(None), slice(1, 3), i)), (x, host([2, 0], "int32")))
    yield Case("getitem", "tensor-scalar", lambda e, x, i: e.getitem(x, i), (x, host(1, "int32")))
    yield Case("getitem", "tensors-parted", lambda e, x, i, j: e.getitem(x, (i, slice(None), j)), (x, host([2, 0], "int32"), host([1, 3], "int32")))

    for name, indices in {
        "vector": host([2, 0, 0], "int32"),
        "matrix": host([[2, 0], [1, 1]], "int32"),
        "scalar": host(1, "int32"),
        "negative": host([-1, -3, 0], "int32"),
        "uint8": host([2, 1], "uint8"),
        "int8": host([2, -1], "int8"),
        "empty": host([], "int32"),
    }.items():
        yield Case("take", name, method("take", 0), (x, indices), (0,) if name == "negative" else ())
    yield Case("take", "middle", method("take", 1), (x, host([[3, 0]], "int32")), (0,))
    yield Case("take", "bfloat16", method("take", 0), (sample((3, 2), "bfloat16"), host([1, 1], "int32")))
    yield Case("take", "small-integers", method("take", 0), (sample((200,), "int32"), host([-1, 100], "int8")))
    yield Case("take", "out-of-range", method("take", 0), (x, host([7, 0], "int32")), verify=lambda result: None)

    places = host([[0, 2], [1, 1], [2, 0], [-1, 0]], "int32")
    yield Case("take_along_axis", "first", method("take_along_axis", 0), (sample((3, 2)), places), (0,))
    yield Case("take_along_axis", "last", method("take_along_axis", 1), (sample((2, 3)), host([[0], [-1]], "int32")), (0,))
    yield Case("take_along_axis", "broadcast", method("take_along_axis", 2), (x, host([[[4, 0]]], "int32")))
    yield Case("take_along_axis", "broadcast-both", method("take_along_axis", 1), (sample((1, 3)), host([[0], [2]], "int32")))

    for name, starts in {"inside": (1, 0, 2), "clamped": (2, 3, 9), "below": (-1, 0, -5)}.items():
        yield Case("dynamic_slice", name, lambda e, x, s=starts: e.dynamic_slice(x, s, (2, 1, 3)), (x,), (0,) if name == "clamped" else ())
        yield Case("dynamic_update", name, lambda e, x, u, s=starts: e.dynamic_update(x, s, u), (x, sample((2, 1, 3), seed=1)), (0, 1))
    tensors = (host(1, "int32"), host(9, "int32"))
    yield Case("dynamic_slice", "tensors", lambda e, x, i, j: e.dynamic_slice(x, (i, 0, j), (1, 4, 2)), (x, *tensors))
    yield Case("dynamic_slice", "mixed-dtypes", lambda e, x, i, j: e.dynamic_slice(x, (i, j, 0), (1, 2, 2)), (x, host(1, "uint8"), host(2, "int32")))
    yield Case("dynamic_update", "tensors", lambda e, x, i, j, u: e.dynamic_update(x, (i, 0, j), u), (x, *tensors, sample((1, 4, 2))))
    yield Case("dynamic_update", "bool", lambda e, x, u: e.dynamic_update(x, (1,), u), (sample((4,), "bool"), sample((2,), "bool", seed=1)))

    for how in ("set", "add", "mul", "max", "min"):
        gradient = (0, 2) if how in ("set", "add") else ()
        yield Case("scatter", how, method("scatter", how), (sample((4, 2)), host([[2], [0]], "int32"), sample((2, 2), seed=1)), gradient)
        yield Case("scatter", how + "-deep", method("scatter", how), (sample((2, 3)), host([[[0, 1]], [[1, 2]]], "int32"), sample((2, 1))))
        if how in ("set", "add", "max"):
            yield Case("scatter", how + "-int32", method("scatter", how), (sample((4,), "int32"), host([[1]], "int32"), host([3], "int32")))
    for how in ("add", "mul", "max", "min"):
        yield Case("scatter", how + "-equals", method("scatter", how), (sample((3,)), host([[1], [1], [0]], "int32"), sample((3,), seed=1)))
    yield Case("scatter", "add-bfloat16", method("scatter", "add"), (sample((3,), "bfloat16"), host([[1]], "int32"), sample((1,), "bfloat16")))


# --- sorting ---------------------------------------------------------------------------------------------


def sorting() -> Iterable[Case]:
    x = sample((3, 4))
    ties = host([[2, 1, 2, 1, 3, 2]], "int32")
    yield Case("sort", "first", method("sort", 0), (x,), (0,))
    yield Case("sort", "last", method("sort", 1), (x,), (0,))
    yield Case("sort", "nan", method("sort", 0), (host([np.nan, 1.0, -np.inf, np.inf, 0.0]),))
    yield Case("argsort", "first", method("argsort", 0), (x,))
    yield Case("argsort", "equals", method("argsort", 1), (ties,))
    yield Case("argsort", "nan", method("argsort", 0), (host([np.nan, 1.0, -np.inf, np.inf, 0.0]),))
    yield Case("top_k", "two", lambda e, x: e.top_k(x, 2), (x,), (0,))
    yield Case("top_k", "equals", method("top_k", 5), (ties,))
    yield Case("top_k", "all", method("top_k", 4), (sample((4,)),))
    for dtype in ("int32", "uint8", "bfloat16"):
        values = sample((2, 6), dtype, 0, 9)
        yield Case("sort", dtype, method("sort", 1), (values,))
        yield Case("argsort", dtype, method("argsort", 1), (values,))
        yield Case("top_k", dtype, method("top_k", 3), (values,))
    yield Case("sort", "bool", method("sort", 0), (sample((5,), "bool"),))
    edges = host([0.0, 1.0, 1.0, 2.0])
    for side in ("left", "right"):
        yield Case("searchsorted", side, method("searchsorted", side), (edges, host([[-1.0, 0.0, 1.0], [1.5, 2.0, 3.0]])))
        yield Case("searchsorted", side + "-int32", method("searchsorted", side), (host([1, 3], "int32"), host([0, 1, 2, 3, 4], "int32")))
    yield Case("searchsorted", "scalar", method("searchsorted", "left"), (edges, host(0.5)))
