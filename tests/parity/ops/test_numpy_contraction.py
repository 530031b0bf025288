"""Contraction and linear algebra: Keras's values, dtypes and shapes, on every engine, and symbolically."""

import keras
import numpy as np
import pytest

import amalthea
from amalthea import ops

ENGINES = ["numpy", "jax"]
RNG = np.random.default_rng(7)
A = RNG.normal(size=(2, 3, 4)).astype("float32")
B = RNG.normal(size=(2, 4, 5)).astype("float32")
M = RNG.normal(size=(3, 4)).astype("float32")
N = RNG.normal(size=(4, 2)).astype("float32")
V = RNG.normal(size=4).astype("float32")
U = RNG.normal(size=3).astype("float32")
I = np.array([[1, 2], [3, 4]], "int32")  # noqa: E741
SMALL = np.array([[100, 2], [3, 100]], "int8")
BOOL = np.array([[True, False], [True, True]])
C = (RNG.normal(size=(2, 3)) + 1j * RNG.normal(size=(2, 3))).astype("complex64")
HALF = M.astype("float16")

CASES = [
    ("matmul", (M, N), {}),
    ("matmul", (A, B), {}),
    ("matmul", (A, N), {}),
    ("matmul", (M, V), {}),
    ("matmul", (U, M), {}),
    ("matmul", (V, V), {}),
    ("matmul", (A, B[:1]), {}),
    ("matmul", (I, I), {}),
    ("matmul", (SMALL, SMALL), {}),
    ("matmul", (I, N[:2]), {}),
    ("matmul", (HALF, HALF.T), {}),
    ("matmul", (BOOL, BOOL), {}),
    ("dot", (M, N), {}),
    ("dot", (M, V), {}),
    ("dot", (V, V), {}),
    ("dot", (A, N), {}),
    ("dot", (N.T, B), {}),
    ("dot", (M, 2.0), {}),
    ("dot", (I, I), {}),
    ("dot", (V, B), {}),
    ("vdot", (M, M), {}),
    ("vdot", (C, C), {}),
    ("vdot", (I, I), {}),
    ("inner", (M, V), {}),
    ("inner", (A, M), {}),
    ("inner", (I, I), {}),
    ("outer", (V, U), {}),
    ("outer", (I, U), {}),
    ("tensordot", (A, B), {"axes": [[2], [1]]}),
    ("tensordot", (A, M), {"axes": [[1, 2], [0, 1]]}),
    ("tensordot", (A, A), {"axes": ([0, -1], [0, -1])}),
    ("tensordot", (M, N), {"axes": 1}),
    ("tensordot", (U, V), {"axes": 0}),
    ("tensordot", (I, I), {}),
    ("einsum", ("ij,jk->ik", M, N), {}),
    ("einsum", ("bij,bjk->bik", A, B), {}),
    ("einsum", ("ij,jk", M, N), {}),
    ("einsum", ("...ij,jk->...ik", A, N), {}),
    ("einsum", ("bij->b", A), {}),
    ("einsum", ("ii->i", I), {}),
    ("einsum", ("ii", I), {}),
    ("einsum", ("ij,ij->", M, M), {}),
    ("einsum", ("bij,bjk,kl->bil", A, B, np.ones((5, 2), "float32")), {}),
    ("einsum", ("ij,jk->ik", SMALL, SMALL), {}),
    ("einsum", ("...a,...a->...", A, A), {}),
    ("einsum", ("ba", I), {}),
    ("einsum", ("i,j->ji", V, U), {}),
    ("kron", (I, I), {}),
    ("kron", (M, U), {}),
    ("kron", (V, M), {}),
    ("trace", (A,), {"axis1": 1, "axis2": 2}),
    ("cross", (A[:, :, :3], M[:, :3]), {}),
    ("cross", (M[:, :2], M[:, 2:]), {}),
    ("cross", (M[:, :2], M[:, :3]), {}),
    ("cross", (M[:, :3], M[:, :2]), {}),
    ("cross", (M, M[::-1].copy()), {"axis": 0}),
    ("cross", (A[:, :, :3], A[:, :, 1:]), {"axisc": 0}),
    ("linalg.cholesky", (A @ A.transpose(0, 2, 1) + 3 * np.eye(3, dtype="float32"),), {}),
    ("linalg.cholesky", (np.array([[4, 2], [2, 3]], "int32"),), {"upper": True}),
    ("linalg.cholesky_inverse", (np.array([[2.0, 9.0], [1.0, 3.0]], "float32"),), {}),
    ("linalg.cholesky_inverse", (np.array([[2.0, 1.0], [9.0, 3.0]], "float32"),), {"upper": True}),
    ("linalg.det", (A[:, :, :3],), {}),
    ("linalg.det", (I,), {}),
    ("slogdet", (A[0, :, :3],), {}),
    ("linalg.inv", (A[:, :, :3],), {}),
    ("linalg.inv", (I,), {}),
    ("linalg.pinv", (M,), {}),
    ("linalg.pinv", (A,), {}),
    ("linalg.lu_factor", (A[:, :, :3],), {}),
    ("linalg.lu_factor", (I,), {}),
    ("linalg.svd", (M,), {"compute_uv": False}),
    ("linalg.matrix_rank", (np.outer(U, V).astype("float32"),), {}),
    ("linalg.matrix_rank", (A,), {"tol": 0.5}),
    ("linalg.solve", (A[:, :, :3], A), {}),
    ("linalg.solve", (I, np.array([1, 2], "int32")), {}),
    ("linalg.solve_triangular", (A[:, :, :3] + 2 * np.eye(3, dtype="float32"), A), {}),
    ("linalg.solve_triangular", (M[:, :3], U), {"lower": True}),
    ("linalg.lstsq", (M.T.copy(), V), {}),
    ("linalg.lstsq", (M.T.copy(), N), {}),
    *[("norm", (M,), {"ord": order}) for order in (None, "fro", "nuc", 1, -1, 2, -2, np.inf, -np.inf)],
    *[("norm", (A,), {"ord": order, "axis": (0, 2), "keepdims": True}) for order in (None, "fro", "nuc", 1, -1, 2, -2, np.inf, -np.inf)],
    *[("norm", (A,), {"ord": order, "axis": 1}) for order in (None, 0, 1, 2, 3, 0.5, -1, np.inf, -np.inf)],
    ("norm", (A,), {}),
    ("norm", (I,), {}),
    ("norm", (A,), {"axis": -1, "keepdims": True}),
    ("norm", (HALF,), {"axis": 0}),
]


def _id(case):
    name, args, kwargs = case
    return f"{name}-{[f'{a.dtype}{a.shape}' if isinstance(a, np.ndarray) else a for a in args]}-{kwargs}"


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(("name", "args", "kwargs"), CASES, ids=[_id(case) for case in CASES])
def test_values(compare_on, name, args, kwargs, engine):
    if name == "linalg.matrix_rank" and engine == "numpy":
        tolerance = 0
    else:
        tolerance = 2e-3 if "float16" in str([getattr(a, "dtype", "") for a in args]) else 1e-4
    compare_on.values(name, args, kwargs, engine=engine, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize(("name", "args", "kwargs"), CASES, ids=[_id(case) for case in CASES])
def test_symbolic(compare_on, name, args, kwargs):
    if name == "kron" and len({np.ndim(x) for x in args}) > 1:
        pytest.skip("Keras describes another shape than it computes")
    floats = all(x.dtype.kind == "f" for x in args if isinstance(x, np.ndarray))
    # Keras describes integers where it computes floats of integers, and floats where it computes the pivots of `lu_factor`.
    compare_on.symbolic(name, args, kwargs, dtypes=(floats or "linalg" not in name) and "lu" not in name)


@pytest.mark.parametrize("name", ["matmul", "dot"])
def test_unknown_batch(name):
    for first, second in [((None, 4), (4, 2)), ((None, 3, 4), (4, 2)), ((None, None, 4), (4,))]:
        expected = getattr(keras.ops, name)(keras.KerasTensor(first), keras.KerasTensor(second)).shape
        assert getattr(ops, name)(amalthea.KerasTensor(first), amalthea.KerasTensor(second)).shape == expected


def test_unknown_sizes_in_einsum():
    for subscripts, shapes in [
        ("bij,bjk->bik", [(None, 3, 4), (None, 4, 5)]),
        ("...a,ab->...b", [(None, 7, 4), (4, 2)]),
        ("ij,kj->ik", [(None, 4), (None, 4)]),
    ]:
        expected = keras.ops.einsum(subscripts, *map(keras.KerasTensor, shapes)).shape
        assert ops.einsum(subscripts, *map(amalthea.KerasTensor, shapes)).shape == expected


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("mode", ["valid", "same", "full"])
@pytest.mark.parametrize(("n", "m"), [(5, 3), (3, 5), (4, 4), (6, 2), (2, 6), (3, 1)])
def test_correlate(compare_on, mode, n, m, engine):
    x, y = RNG.normal(size=n).astype("float32"), np.arange(1, m + 1, dtype="float32")
    compare_on.values("correlate", (x, y), {"mode": mode}, engine=engine)
    compare_on.symbolic("correlate", (x, y), {"mode": mode}, dtypes=True)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("mode", ["reduced", "complete"])
@pytest.mark.parametrize("x", [A, A[:, :, :2], I], ids=["wide", "tall", "integers"])
def test_qr_is_a_factorisation(x, mode, engine):
    with amalthea.config.engine(engine):
        q, r = (ops.convert_to_numpy(part) for part in ops.qr(x, mode=mode))
    expected = [part.shape for part in keras.ops.qr(x, mode=mode)]
    assert [q.shape, r.shape] == expected
    np.testing.assert_allclose(q @ r, x, atol=1e-5)
    np.testing.assert_allclose(np.swapaxes(q, -1, -2) @ q, np.broadcast_to(np.eye(q.shape[-1]), (*x.shape[:-2], q.shape[-1], q.shape[-1])), atol=1e-5)
    np.testing.assert_allclose(np.tril(r, -1), 0, atol=1e-6)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("full_matrices", [True, False])
@pytest.mark.parametrize("x", [A, A[:, :, :2], C], ids=["wide", "tall", "complex"])
def test_svd_is_a_factorisation(x, full_matrices, engine):
    with amalthea.config.engine(engine):
        u, s, vh = (ops.convert_to_numpy(part) for part in ops.svd(x, full_matrices=full_matrices))
    expected = keras.ops.svd(x, full_matrices=full_matrices)
    assert [u.shape, s.shape, vh.shape] == [part.shape for part in expected]
    np.testing.assert_allclose(s, np.asarray(expected[1]), rtol=1e-4, atol=1e-5)
    k = s.shape[-1]
    np.testing.assert_allclose((u[..., :, :k] * s[..., None, :]) @ vh[..., :k, :], x, atol=1e-5)


@pytest.mark.parametrize("engine", ENGINES)
def test_eigh(engine):
    x = A @ A.transpose(0, 2, 1)
    with amalthea.config.engine(engine):
        values, vectors = (ops.convert_to_numpy(part) for part in ops.eigh(x))
    np.testing.assert_allclose(values, np.asarray(keras.ops.eigh(x)[0]), rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(x @ vectors, vectors * values[:, None, :], atol=1e-4)


@pytest.mark.parametrize("engine", ENGINES)
def test_eig(engine):
    x = A[:, :, :3]
    with amalthea.config.engine(engine):
        values, vectors = (ops.convert_to_numpy(part) for part in ops.eig(x))
    assert values.dtype == vectors.dtype == np.complex64
    np.testing.assert_allclose(x @ vectors, vectors * values[:, None, :], atol=1e-4)


def test_jvp(compare_on):
    def keras_function(x, y):
        return {"a": keras.ops.sin(x) * y, "b": keras.ops.sum(x * x)}

    def function(x, y):
        return {"a": ops.sin(x) * y, "b": ops.sum(x * x)}

    point, direction = (U, U[::-1].copy()), (np.ones(3, "float32"), np.array([0.5, 0.0, -1.0], "float32"))
    expected, expected_slope = keras.ops.jvp(keras_function, tuple(map(keras.ops.array, point)), tuple(map(keras.ops.array, direction)))
    with amalthea.config.engine("jax"):
        value, slope = ops.jvp(function, point, direction)
        twice = ops.jvp(lambda x: (2.0 * x, "kept"), (point[0],), (direction[0],), has_aux=True)
    for key in ("a", "b"):
        np.testing.assert_allclose(value[key], expected[key], rtol=1e-5)
        np.testing.assert_allclose(slope[key], expected_slope[key], rtol=1e-5)
    np.testing.assert_allclose(twice[1], 2 * direction[0])
    assert twice[2] == "kept"
