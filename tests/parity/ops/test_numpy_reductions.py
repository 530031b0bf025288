"""Reductions and statistics: Keras's values, dtypes and shapes, on every engine, and symbolically."""

import keras
import numpy as np
import pytest

import amalthea
from amalthea import ops

ENGINES = ["numpy", "jax"]
REAL = np.array([[[-2.5, 1.0], [0.3, 4.0], [1.5, 1.5]], [[3.0, -1.0], [0.0, 2.0], [-4.0, 0.5]]], "float32")
INTEGERS = np.array([[3, -1, 2], [0, 5, 2]], "int32")
BYTES = np.array([[200, 100, 3], [0, 5, 2]], "uint8")
BOOLS = np.array([[True, False, True], [False, False, True]])
COMPLEX = np.array([[1 + 2j, 3j], [2 - 1j, 0]], "complex64")
NAN = np.array([[np.nan, 1.0, 3.0, -2.0], [np.nan, np.nan, np.nan, np.nan], [4.0, np.nan, 4.0, 1.0]], "float32")
HALF = np.array([[0.1, 0.2], [0.3, 2.0]], "float16")

WHERE = [{}, {"axis": 0}, {"axis": -1, "keepdims": True}, {"axis": (0, 1)}, {"axis": (-1, 0), "keepdims": True}, {"keepdims": True}]
REDUCTIONS = ["sum", "prod", "mean", "var", "std", "max", "min", "amax", "amin", "any", "all", "ptp", "median"]
NAN_REDUCTIONS = ["nansum", "nanprod", "nanmax", "nanmin", "nanmean", "nanvar", "nanstd", "nanmedian"]
CASES = (
    [(name, REAL, kwargs) for name in REDUCTIONS for kwargs in WHERE]
    + [(name, x, {"axis": 1}) for name in REDUCTIONS for x in (INTEGERS, BYTES, HALF)]
    + [(name, BOOLS, {"axis": 1}) for name in ["sum", "prod", "mean", "var", "std", "max", "min", "any", "all", "median"]]
    + [(name, COMPLEX, {"axis": 1}) for name in ["sum", "prod", "mean", "std", "any", "nansum", "nanmean", "nanvar"]]
    + [(name, NAN, kwargs) for name in NAN_REDUCTIONS for kwargs in ({}, {"axis": 1}, {"axis": (0, 1), "keepdims": True}, {"axis": 0})]
    + [(name, INTEGERS, {"axis": 1}) for name in NAN_REDUCTIONS]
    + [(name, NAN, {}) for name in ["sum", "max", "min", "any", "all", "mean", "median"]]
    + [(name, x, kwargs) for name in ["argmax", "argmin", "nanargmax", "nanargmin"] for x in (REAL, BOOLS, INTEGERS) for kwargs in WHERE[:3]]
    + [(name, NAN, kwargs) for name in ["argmax", "argmin", "nanargmax", "nanargmin"] for kwargs in ({}, {"axis": 1}, {"axis": 1, "keepdims": True})]
    + [("count_nonzero", x, kwargs) for x in (REAL, BOOLS, INTEGERS) for kwargs in ({}, {"axis": 0}, {"axis": (0, 1)})]
    + [(name, x, kwargs) for name in ["cumsum", "cumprod", "nancumsum", "nancumprod"] for x in (REAL, BYTES, BOOLS) for kwargs in ({}, {"axis": 1})]
    + [(name, NAN, {"axis": 1}) for name in ["cumsum", "nancumsum", "nancumprod"]]
    + [(name, INTEGERS, {"axis": 0, "dtype": "float32"}) for name in ["cumsum", "cumprod", "nancumsum"]]
    + [("diff", x, kwargs) for x in (REAL, INTEGERS, BOOLS) for kwargs in ({}, {"axis": 0}, {"n": 2, "axis": 1}, {"n": 0})]
    + [("trapezoid", x, kwargs) for x in (REAL, INTEGERS) for kwargs in ({}, {"axis": 0, "dx": 0.5}, {"axis": 1})]
    + [("prod", INTEGERS, {"dtype": "float32"}), ("max", REAL, {"initial": 2.5}), ("min", REAL, {"axis": 1, "initial": -1.0})]
    + [("corrcoef", x, {}) for x in (REAL[0], INTEGERS)]
    + [("average", x, kwargs) for x in (REAL, INTEGERS) for kwargs in ({}, {"axis": 0}, {"axis": (0, 1)})]
)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(("name", "x", "kwargs"), CASES, ids=[f"{name}-{x.dtype}{x.shape}-{kwargs}" for name, x, kwargs in CASES])
def test_values(compare_on, name, x, kwargs, engine):
    tolerance = 2e-3 if x.dtype == "float16" else 1e-5
    if x.dtype == np.uint8 and name == "ptp" and engine == "numpy":
        pytest.skip("one comparison of integers is enough")
    compare_on.values(name, (x,), kwargs, engine=engine, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("kwargs", [{}, {"axis": 1}, {"axis": -1, "keepdims": True}, {"axis": (0, 2)}, {"keepdims": True}])
@pytest.mark.parametrize("name", REDUCTIONS + NAN_REDUCTIONS + ["argmax", "argmin", "nanargmax", "nanargmin", "count_nonzero", "average"])
def test_symbolic(compare_on, name, kwargs):
    if "arg" in name and isinstance(kwargs.get("axis"), tuple):
        kwargs = {"axis": 0}
    if name in ("count_nonzero", "average"):
        kwargs = {key: value for key, value in kwargs.items() if key != "keepdims" and value != (0, 2)}
    compare_on.symbolic(name, (REAL,), kwargs, dtypes=True)
    compare_on.symbolic(name, (REAL,), kwargs, unknown_batch=True)


@pytest.mark.parametrize(
    ("name", "kwargs"),
    [
        ("cumsum", {}),
        ("cumprod", {"axis": 1}),
        ("nancumsum", {"axis": 0, "dtype": "float64"}),
        ("diff", {}),
        ("diff", {"axis": 0}),
        ("diff", {"n": 2, "axis": 1}),
        ("trapezoid", {}),
        ("trapezoid", {"axis": 0}),
    ],
)
def test_symbolic_along_an_axis(compare_on, name, kwargs):
    compare_on.symbolic(name, (REAL,), kwargs, dtypes=True)
    compare_on.symbolic(name, (REAL,), kwargs, unknown_batch=True)


QUANTILES = [
    ("quantile", 0.3, {}),
    ("quantile", [0.0, 0.25, 1.0], {"axis": 1}),
    ("quantile", 0.5, {"axis": (0, 2), "keepdims": True}),
    ("quantile", [0.4, 0.6], {"axis": -1, "keepdims": True}),
    ("percentile", 30.0, {}),
    ("percentile", [10.0, 90.0], {"axis": 0}),
    *[("quantile", 0.37, {"axis": 1, "method": method}) for method in ("lower", "higher", "midpoint", "nearest")],
    *[("quantile", 0.5, {"axis": 1, "method": method}) for method in ("lower", "higher", "midpoint", "nearest", "linear")],
]


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(("name", "q", "kwargs"), QUANTILES)
def test_quantiles(compare_on, name, q, kwargs, engine):
    compare_on.values(name, (REAL, np.asarray(q, "float32")), kwargs, engine=engine)
    numbers = NAN[[0, 2, 1]] if kwargs.get("axis") != (0, 2) else NAN[:, :, None]
    compare_on.values("nan" + name, (numbers, np.asarray(q, "float32")), kwargs, engine=engine)
    compare_on.symbolic(name, (REAL, q), kwargs, dtypes=True)
    compare_on.symbolic(name, (REAL, q), kwargs, unknown_batch=True)
    compare_on.symbolic("nan" + name, (REAL, q), kwargs, dtypes=True)


@pytest.mark.parametrize("engine", ENGINES)
def test_integers_and_nan_in_quantiles(compare_on, engine):
    compare_on.values("quantile", (INTEGERS, 0.25), {"axis": 1}, engine=engine)
    compare_on.values("median", (NAN,), {"axis": 1}, engine=engine)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(
    ("x", "weights", "axis"),
    [
        (REAL[0], REAL[1] + np.float32(5), None),
        (REAL, np.array([1.0, 2.0, 3.0], "float32"), 1),
        (INTEGERS, np.array([1, 3], "int32"), 0),
        (REAL, REAL + 5, (0, 1)),
    ],
)
def test_weighted_average(compare_on, x, weights, axis, engine):
    compare_on.values("average", (x,), {"axis": axis, "weights": weights}, engine=engine)


@pytest.mark.parametrize("engine", ENGINES)
def test_trapezoid_of_uneven_places(compare_on, engine):
    compare_on.values("trapezoid", (REAL, np.array([0.0, 0.5, 2.0], "float32")), {"axis": 1}, engine=engine)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(
    ("x", "kwargs"),
    [
        (np.array([1, 1, 3, 0], "int32"), {}),
        (np.array([1, 1, 3, 0], "int32"), {"minlength": 7}),
        (np.array([1, 1, 3], "int32"), {"weights": np.array([0.5, 1.0, 2.0], "float32")}),
        (np.array([1, 1, 3], "int32"), {"weights": np.array([5, 1, 2], "int32"), "minlength": 2}),
        (np.array([[1, 1, 3], [0, 3, 2]], "int32"), {}),
    ],
)
def test_bincount(compare_on, x, kwargs, engine):
    compare_on.values("bincount", (x,), kwargs, engine=engine)


def test_bincount_of_rows_that_differ_in_their_greatest():
    """Keras's own rows then have different lengths, and it fails; ours are as long as the longest needs."""
    with amalthea.config.engine("numpy"):
        counts = ops.bincount(np.array([[1, 1, 3], [0, 0, 2]]))
    assert counts.tolist() == [[0, 2, 0, 1], [2, 0, 1, 0]]


def test_bincount_symbolic():
    for kind, namespace in ((keras.KerasTensor, keras.ops), (amalthea.KerasTensor, ops)):
        assert namespace.bincount(kind((2, 3), "int32")).shape == (2, None)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(
    ("x", "kwargs"),
    [
        (REAL.ravel(), {"bins": 4}),
        (INTEGERS.ravel(), {"bins": 3, "range": (0, 4)}),
        (np.array([2.0, 2.0], "float32"), {"bins": 2}),
        (np.arange(10, dtype="float32"), {}),
    ],
)
def test_histogram(compare_on, x, kwargs, engine):
    compare_on.values("histogram", (x,), kwargs, engine=engine)


def test_histogram_symbolic(compare_on):
    compare_on.symbolic("histogram", (REAL.ravel(),), {"bins": 4}, dtypes=True)
    compare_on.symbolic("histogram", (REAL.ravel(),), {"bins": 4}, unknown_batch=True)
