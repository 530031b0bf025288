"""Elementwise operations: Keras's values, dtypes and shapes, on every engine, and symbolically."""

import numpy as np
import pytest

REAL = np.array([[-2.5, -1.0, -0.0], [0.3, 1.0, 4.0]], "float32")
UNIT = np.array([-0.9, -0.2, 0.0, 0.7], "float32")
POSITIVE = np.array([[0.5, 1.0, 2.0], [3.5, 10.0, 80.0]], "float32")
ABOVE_ONE = np.array([1.0, 1.5, 20.0], "float32")
INTEGERS = np.array([[7, -7, 3], [0, 12, 5]], "int32")
DIVISORS = np.array([[3, 3, -2], [4, 5, -5]], "int32")
BYTES = np.array([0, 1, 7, 200], "uint8")
BOOLS = np.array([True, False, True, False])
OTHER_BOOLS = np.array([True, True, False, False])
SPECIAL = np.array([np.nan, np.inf, -np.inf, -0.0, 0.0, 1.0], "float32")
COMPLEX = np.array([1 + 2j, -3j, 0, 2.5 - 1j], "complex64")
ROW = np.array([2.0, -1.0, 0.5], "float32")
COLUMN = np.array([[1.5], [-2.0]], "float32")

UNARY = [
    (
        REAL,
        "abs absolute arcsinh arctan cbrt ceil conj conjugate cos cosh deg2rad exp exp2 expm1 fabs floor i0 imag isfinite isreal "
        "logical_not negative rad2deg real round sign signbit sin sinc sinh square tan tanh trunc angle",
    ),
    (UNIT, "arccos arcsin arctanh expm1 log1p sinc"),
    (POSITIVE, "log log10 log2 log1p sqrt reciprocal i0 cbrt"),
    (ABOVE_ONE, "arccosh log"),
    (
        INTEGERS,
        "abs bitwise_invert bitwise_not ceil cos exp fabs floor isfinite isinf isnan isneginf isposinf negative round sign "
        "signbit sqrt square trunc nan_to_num",
    ),
    (BYTES, "abs bitwise_not log1p negative sign square"),
    (BOOLS, "abs bitwise_not exp isnan logical_not square trunc nan_to_num"),
    (SPECIAL, "abs isfinite isinf isnan isneginf isposinf nan_to_num sign exp tanh logical_not ceil"),
    (COMPLEX, "abs angle conj conjugate imag isreal negative real square exp isnan nan_to_num"),
]
UNARY_CASES = [(name, x) for x, names in UNARY for name in names.split()]

BINARY = {
    "add subtract multiply divide true_divide maximum minimum fmax fmin arctan2 hypot heaviside logaddexp logaddexp2": [
        (REAL, ROW),
        (REAL, COLUMN),
        (INTEGERS, DIVISORS),
        (REAL, 2),
        (3, ROW),
        (INTEGERS, 0.5),
        (BYTES, 3),
    ],
    "equal not_equal less less_equal greater greater_equal logical_and logical_or logical_xor": [
        (REAL, ROW),
        (INTEGERS, DIVISORS),
        (INTEGERS, 3),
        (BOOLS, OTHER_BOOLS),
        (SPECIAL, 1.0),
        (0, BYTES),
    ],
    "floor_divide mod fmod": [(INTEGERS, DIVISORS), (REAL, ROW), (INTEGERS, 2), (REAL, 1.5), (BYTES, 3)],
    "power": [(POSITIVE, ROW), (INTEGERS, 2), (REAL, 2), (2.0, ROW), (BOOLS, OTHER_BOOLS), (BYTES, 2)],
    "maximum minimum fmax fmin": [(SPECIAL, 0.5), (SPECIAL, SPECIAL[::-1].copy())],
    "divide_no_nan": [(REAL, ROW), (REAL, 0.0), (INTEGERS, np.array([0, 2, 4], "int32"))],
    "bitwise_and bitwise_or bitwise_xor": [(INTEGERS, DIVISORS), (INTEGERS, 5), (BOOLS, OTHER_BOOLS), (BYTES, 3)],
    "left_shift right_shift bitwise_left_shift bitwise_right_shift": [
        (INTEGERS, np.array([0, 1, 3], "int32")),
        (INTEGERS, 2),
        (BYTES, 1),
        (BOOLS, OTHER_BOOLS),
    ],
    "gcd lcm": [(INTEGERS, DIVISORS), (INTEGERS, 6), (np.array([[0], [4]], "int32"), np.array([0, 6], "int32"))],
    "ldexp": [(REAL, np.array([3, -2, 0], "int32")), (INTEGERS, 2)],
    "nextafter": [(REAL, ROW)],
    "isclose": [(np.array([1.0, 1e9, np.inf, np.nan], "float32"), np.array([1.000001, 1.0001e9, np.inf, np.nan], "float32")), (INTEGERS, 7)],
    "allclose": [(REAL, REAL + np.float32(1e-7)), (REAL, ROW)],
    "isin": [(INTEGERS, np.array([7, 5], "int32")), (REAL, 1)],
}
BINARY_CASES = [(name, x, y) for names, pairs in BINARY.items() for name in names.split() for x, y in pairs]
ENGINES = ["numpy", "jax"]


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(("name", "x"), UNARY_CASES, ids=[f"{name}-{x.dtype}-{x.size}" for name, x in UNARY_CASES])
def test_unary_values(compare_on, name, x, engine):
    compare_on.values(name, (x,), engine=engine)


@pytest.mark.parametrize("name", sorted({name for name, x in UNARY_CASES}))
def test_unary_symbolic(compare_on, name):
    x = INTEGERS if name.startswith("bitwise") else REAL
    compare_on.symbolic(name, (x,), dtypes=True)
    compare_on.symbolic(name, (x,), unknown_batch=True)


def _kind(x):
    return f"{x.dtype}{x.shape}" if isinstance(x, np.ndarray) else repr(x)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(("name", "x", "y"), BINARY_CASES, ids=[f"{name}-{_kind(x)}-{_kind(y)}" for name, x, y in BINARY_CASES])
def test_binary_values(compare_on, name, x, y, engine):
    compare_on.values(name, (x, y), engine=engine)


@pytest.mark.parametrize("name", sorted({name for name, *_ in BINARY_CASES}))
def test_binary_symbolic(compare_on, name):
    if name.startswith(("bitwise", "left", "right")) or name in ("gcd", "lcm"):
        x, y = INTEGERS, DIVISORS
    else:
        x, y = REAL, (INTEGERS if name == "ldexp" else COLUMN)
    compare_on.symbolic(name, (x, y), dtypes=name != "arctan2")  # Keras says float32 of any pair, and computes what we say
    compare_on.symbolic(name, (x, y), unknown_batch=True)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(
    ("name", "args", "kwargs"),
    [
        ("clip", (REAL, -1, 1), {}),
        ("clip", (INTEGERS, 0.5, 3.5), {}),
        ("clip", (INTEGERS, 5, 2), {}),
        ("clip", (BOOLS, 0, 1), {}),
        ("clip", (REAL, ROW - 1, ROW + 1), {}),
        ("round", (POSITIVE / 7,), {"decimals": 2}),
        ("round", (POSITIVE,), {"decimals": -1}),
        ("round", (np.array([12, 25, 35], "int32"),), {"decimals": -1}),
        ("nan_to_num", (SPECIAL,), {"nan": 7.0, "posinf": 8.0, "neginf": 9.0}),
        ("isclose", (SPECIAL, SPECIAL), {"equal_nan": True}),
        ("isclose", (REAL, REAL + np.float32(0.01)), {"rtol": 0.1, "atol": 0.0}),
        ("isin", (INTEGERS, np.array([[7], [5]], "int32")), {"invert": True}),
    ],
)
def test_options(compare_on, name, args, kwargs, engine):
    compare_on.values(name, args, kwargs, engine=engine)
    compare_on.symbolic(name, args, kwargs, unknown_batch=name != "clip")
