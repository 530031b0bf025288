"""Cases of the elementwise primitives: of one tensor, of two, and `where`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

from amalthea.testing.cases.case import HALVES, SPECIAL, Arrays, Case, host, method, sample

# --- elementwise, one tensor -------------------------------------------------------------------------------

FLOATING_DOMAINS: dict[str, tuple[float, float]] = {
    "exp": (-3, 3), "expm1": (-1, 1), "log": (0.1, 5), "log1p": (-0.9, 3), "log2": (0.1, 5), "log10": (0.1, 5), "sqrt": (0.1, 5),
    "rsqrt": (0.1, 5), "sin": (-4, 4), "cos": (-4, 4), "tan": (-1, 1), "arcsin": (-0.9, 0.9), "arccos": (-0.9, 0.9), "arctan": (-4, 4),
    "sinh": (-3, 3), "cosh": (-3, 3), "tanh": (-3, 3), "arcsinh": (-4, 4), "arccosh": (1.1, 5), "arctanh": (-0.9, 0.9),
    "sigmoid": (-6, 6), "erf": (-3, 3), "erfinv": (-0.95, 0.95), "floor": (-5, 5), "ceil": (-5, 5), "trunc": (-5, 5), "round": (-5, 5),
}  # fmt: skip
"""Functions of floating tensors, and between which numbers each is checked."""

_ANALYTIC = ("exp", "log", "sqrt", "sin", "cos", "tanh")  # checked on complex tensors too
UNARY_DTYPES: dict[str, tuple[str, ...]] = {
    "negative": ("float32", "int32", "int8", "complex64", *HALVES),
    "absolute": ("float32", "int32", "int8", "uint8", "complex64", *HALVES),
    "sign": ("float32", "int32", "uint8", *HALVES),
    "conjugate": ("float32", "complex64"),
    "real": ("float32", "complex64", "int32"),
    "imag": ("float32", "complex64"),
    "isnan": ("float32", "int32", *HALVES),
    "isfinite": ("float32", "int32", *HALVES),
    "logical_not": ("bool",),
    "bitwise_not": ("int32", "uint8", "bool"),
}
_SMOOTH = ("negative", "absolute", "sign", "conjugate", "real")


def floating() -> Iterable[Case]:
    for name, (low, high) in FLOATING_DOMAINS.items():
        call = method(name)
        yield Case(name, "float32", call, (sample((7,), "float32", low, high),), gradient=(0,))
        yield Case(name, "special", call, (SPECIAL,))
        yield Case(name, "bfloat16", call, (sample((7,), "bfloat16", low, high),))
        if name in _ANALYTIC:
            yield Case(name, "float16", call, (sample((7,), "float16", low, high),))
            yield Case(name, "complex64", call, (sample((2, 3), "complex64"),))
    for name in ("exp", "sigmoid", "erf"):
        yield Case(name, "scalar", method(name), (sample(()),))
        yield Case(name, "empty", method(name), (sample((0, 2)),))
    for name in ("erf", "erfinv"):
        yield Case(name, "tails", method(name), (host([1e-30, -1e-4, 0.999, -0.9999, 0.999999]),))
    yield Case("round", "halves", method("round"), (host([-2.5, -1.5, -0.5, 0.5, 1.5, 2.5]),))
    yield Case("sigmoid", "extreme", method("sigmoid"), (host([-1000.0, -60.0, 60.0, 1000.0]),))


def unary() -> Iterable[Case]:
    for name, dtypes in UNARY_DTYPES.items():
        for dtype in dtypes:
            smooth = name in _SMOOTH and dtype == "float32"
            yield Case(name, dtype, method(name), (sample((7,), dtype, 0 if dtype == "uint8" else -4, 4),), gradient=(0,) if smooth else ())
    for name in ("isnan", "isfinite", "negative", "absolute", "sign"):
        yield Case(name, "special", method(name), (SPECIAL,))
    yield Case("complex", "float32", method("complex"), (sample((2, 3)), sample((2, 3), seed=1)))
    yield Case("complex", "broadcast", method("complex"), (sample((2, 1)), sample((3,))))
    yield Case("complex", "infinite", method("complex"), (host([1.0, np.inf]), host([np.inf, 0.0])))


# --- elementwise, two tensors ------------------------------------------------------------------------------

BINARY: dict[str, tuple[tuple[str, ...], tuple[float, float], tuple[float, float]]] = {
    "add": (("float32", "int32", "uint8", "bool", "complex64", *HALVES), (-4, 4), (-4, 4)),
    "subtract": (("float32", "int32", "complex64", "bfloat16"), (-4, 4), (-4, 4)),
    "multiply": (("float32", "int32", "uint8", "bool", "complex64", "bfloat16"), (-4, 4), (-4, 4)),
    "divide": (("float32", "complex64", *HALVES), (-4, 4), (0.5, 3)),
    "floor_divide": (("float32", "int32", "uint8"), (-9, 9), (1, 4)),
    "remainder": (("float32", "int32", "uint8"), (-9, 9), (1, 4)),
    "power": (("float32", "int32", *HALVES), (0.5, 3), (0, 3)),
    "maximum": (("float32", "int32", "uint8", "bool", *HALVES), (-4, 4), (-4, 4)),
    "minimum": (("float32", "int32", "uint8", "bool", "bfloat16"), (-4, 4), (-4, 4)),
    "arctan2": (("float32",), (-3, 3), (-3, 3)),
    "nextafter": (("float32",), (-3, 3), (-3, 3)),
    "equal": (("float32", "int32", "uint8", "bool", "complex64", "bfloat16"), (0, 2), (0, 2)),
    "not_equal": (("float32", "int32", "bool", "complex64", "bfloat16"), (0, 2), (0, 2)),
    "less": (("float32", "int32", "uint8", *HALVES), (-2, 2), (-2, 2)),
    "less_equal": (("float32", "int32", "uint8", "bfloat16"), (-2, 2), (-2, 2)),
    "greater": (("float32", "int32", "uint8", "bfloat16"), (-2, 2), (-2, 2)),
    "greater_equal": (("float32", "int32", "uint8", "bfloat16"), (-2, 2), (-2, 2)),
    "logical_and": (("bool",), (0, 1), (0, 1)),
    "logical_or": (("bool",), (0, 1), (0, 1)),
    "bitwise_and": (("int32", "uint8", "bool"), (-99, 99), (-99, 99)),
    "bitwise_or": (("int32", "uint8", "bool"), (-99, 99), (-99, 99)),
    "bitwise_xor": (("int32", "uint8", "bool"), (-99, 99), (-99, 99)),
    "left_shift": (("int32", "uint8"), (-9, 9), (0, 4)),
    "right_shift": (("int32", "uint8"), (-99, 99), (0, 4)),
}
"""Functions of two tensors: the dtypes, and between which numbers the first and the second are."""

_DIFFERENTIABLE = ("add", "subtract", "multiply", "divide", "remainder", "power", "maximum", "minimum", "arctan2")
_WITH_NUMBERS = (
    "add", "subtract", "multiply", "divide", "floor_divide", "remainder", "power", "maximum", "minimum", "equal", "not_equal", "less",
    "less_equal", "greater", "greater_equal",
)  # fmt: skip
_LOPSIDED = ("subtract", "divide", "power", "remainder", "less")


def operands(name: str, dtype: str, shape: Sequence[int], other: Sequence[int], seed: int = 0) -> Arrays:
    """Two arrays that the function `name` takes."""
    _, first, second = BINARY[name]
    if dtype == "uint8":
        first, second = (max(0, first[0]), first[1]), (max(0, second[0]), second[1])
    return sample(shape, dtype, *first, seed=seed), sample(other, dtype, *second, seed=seed + 1)


def _right(name: str, number: Any) -> Callable[..., Any]:
    return lambda engine, x: getattr(engine, name)(x, number)


def _left(name: str, number: Any) -> Callable[..., Any]:
    return lambda engine, x: getattr(engine, name)(number, x)


def binary() -> Iterable[Case]:
    for name, (dtypes, _, _) in BINARY.items():
        call = method(name)
        for dtype in dtypes:
            gradient = (0, 1) if name in _DIFFERENTIABLE and dtype == "float32" else ()
            yield Case(name, dtype, call, operands(name, dtype, (4,), (4,)), gradient)
        if dtypes[0] == "float32":
            yield Case(name, "broadcast", call, operands(name, "float32", (2, 1, 3), (4, 1)), (0, 1) if name in _DIFFERENTIABLE else ())
        if name in _WITH_NUMBERS:
            x = sample((5,), low=0.5, high=3)
            yield Case(name, "number-right", _right(name, 2.0), (x,), (0,) if name in _DIFFERENTIABLE else ())
        if name in _LOPSIDED:
            yield Case(name, "number-left", _left(name, 2.0), (sample((5,), low=0.5, high=3),))
    for name in ("add", "power", "less"):
        yield Case(name, "integer-with-float", _right(name, 2), (sample((5,), low=0.5),))
        yield Case(name, "number-with-bfloat16", _right(name, 1.5), (sample((5,), "bfloat16", 0.5, 3),))
        yield Case(name, "scalar", method(name), operands(name, "float32", (), (2,)))
        yield Case(name, "empty", method(name), operands(name, "float32", (0, 3), (1, 3)))
    for name in ("floor_divide", "remainder"):
        yield Case(name, "signs", method(name), (host([7, -7, 7, -7], "int32"), host([3, 3, -3, -3], "int32")))
        yield Case(name, "float-signs", method(name), (host([7.5, -7.5, 7.5, -7.5]), host([2.0, 2.0, -2.0, -2.0])))
    for name in ("maximum", "minimum"):
        yield Case(name, "nan", method(name), (host([np.nan, 1.0, np.nan, 1.0]), host([1.0, np.nan, np.nan, 2.0])))
    for name in ("equal", "not_equal", "less", "greater_equal"):
        yield Case(name, "nan", method(name), (host([np.nan, 1.0, np.nan, 1.0]), host([1.0, np.nan, np.nan, 2.0])))
    yield Case("divide", "by-zero", method("divide"), (host([1.0, -1.0, 0.0, -0.0]), host([0.0, 0.0, 0.0, 1.0])))
    yield Case("add", "overflow", method("add"), (host([127, -128], "int8"), host([1, -1], "int8")))
    yield Case("power", "zero", method("power"), (host([0.0, 0.0, 2.0, -2.0]), host([0.0, 2.0, -1.0, 3.0])))
    for dtype in HALVES:
        yield Case("nextafter", dtype, method("nextafter"), (host([1.0, 0.0, -2.0], dtype), host([2.0, 1.0, -2.0], dtype)))
    yield Case("bitwise_and", "wide-number", _right("bitwise_and", 0xFFFF0000), (host([1, 2**32 - 1], "uint32"),))

    condition = sample((2, 3), "bool")
    yield Case("where", "float32", method("where"), (condition, sample((2, 3)), sample((2, 3), seed=1)), (1, 2))
    yield Case("where", "broadcast", method("where"), (sample((3,), "bool"), sample((2, 1)), sample(())), (1, 2))
    yield Case("where", "number-left", lambda e, c, x: e.where(c, 0.0, x), (condition, sample((2, 3))), (1,))
    yield Case("where", "number-right", lambda e, c, x: e.where(c, x, 1), (condition, sample((2, 3))), (1,))
    for dtype in ("int32", "bool", "complex64", *HALVES):
        yield Case("where", dtype, method("where"), (condition, sample((2, 3), dtype), sample((2, 3), dtype, seed=1)))
    yield Case("where", "number-bfloat16", lambda e, c, x: e.where(c, x, 0.5), (condition, sample((2, 3), "bfloat16")))
