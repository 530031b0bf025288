"""What is peculiar to the JAX engine."""

import numpy as np
import pytest

import amalthea
from amalthea import ops
from amalthea.engines import get

jax = pytest.importorskip("jax")

from amalthea.engines.jax import compiled  # noqa: E402

engine = get("jax")


def test_tensors_of_64_bits_are_stored_in_32():
    assert engine.canonical_dtype("float64") == "float32"
    assert engine.canonical_dtype("int64") == "int32"
    assert engine.dtype_of(engine.from_host(np.array([1.5]), "float64")) == "float32"
    assert engine.dtype_of(engine.cast(engine.full((2,), 1, "int32"), "float64")) == "float32"


def test_arrays_become_tensors_inside_a_compiled_function():
    constant = np.array([1.0, 2.0])
    result = jax.jit(lambda x: engine.add(x, engine.from_host(constant, "float32")))(engine.full((2,), 3.0, "float32"))
    assert engine.to_host(result).tolist() == [4, 5]


def test_numbers_are_not_weak():
    assert not engine.from_host(2.0, "float32").weak_type
    assert not engine.full((), 2.0, "float32").weak_type
    assert not engine.arange(0, 3, 1, "int32").weak_type


def test_places_of_a_block_do_not_compile_anew():
    from amalthea.engines.jax.arrays import _block

    x = engine.from_host(np.arange(40.0).reshape(10, 4), "float32")
    engine.getitem(x, 0), engine.getitem(x, slice(0, 3))
    before = _block._cache_size()
    assert [float(engine.getitem(x, i)[0]) for i in (1, -1, 5)] == [4, 36, 20]
    assert [engine.to_host(engine.getitem(x, slice(i, i + 3)))[0, 0] for i in (1, 4)] == [4, 16]
    assert _block._cache_size() == before


def test_integers_of_the_whole_range():
    key = engine.from_host([3, 4], "uint32")
    draws = engine.to_host(engine.random_integers(key, (4000,), -(2**31), 2**31, "int32"))
    assert draws.min() < -(2**31) * 0.98
    assert draws.max() > 2**31 * 0.98


def test_a_product_with_a_matrix_has_flat_gradients():
    """The gradient of the matrix is one product of matrices, not a contraction over two axes."""

    def loss(x, w):
        return engine.sum(engine.matmul(x, w), None, False)

    text = str(jax.make_jaxpr(jax.grad(loss, argnums=1))(np.ones((5, 6, 3), "float32"), np.ones((3, 2), "float32")))
    assert "(([0, 1]," not in text
    assert "f32[30,3]" in text


def test_assigned_variables_are_read_before_they_are_overwritten():
    """Their buffers are written in place, in whatever order the compiler chooses: each new value here depends on all old ones."""
    rng = np.random.default_rng(0)
    start = [rng.standard_normal((40, 40)).astype("float32") for _ in range(3)]
    with amalthea.engine("jax"):
        variables = [amalthea.Variable(value) for value in start]

        def rotate(scale):
            a, b, c = (variable.value for variable in variables)
            for variable, value in zip(variables, (b * scale, c + ops.matmul(a, b), ops.transpose(a) - c), strict=True):
                variable.assign(value)
            return ops.sum(ops.matmul(a, c))

        step = amalthea.jit(rotate)
        a, b, c = (value.astype("float64") for value in start)
        for scale in (0.5, 0.25, 0.125):
            total = step(np.float32(scale))
            assert float(total) == pytest.approx((a @ c).sum(), rel=1e-4)
            a, b, c = b * scale, c + a @ b, a.T - c
    for variable, expected in zip(variables, (a, b, c), strict=True):
        np.testing.assert_allclose(variable.numpy(), expected, rtol=1e-3, atol=1e-4)


def test_a_compiled_function_of_what_it_only_reads_works_inside_jit():
    with amalthea.engine("jax"):
        weight = amalthea.Variable(np.float32(3.0))
        scaled = amalthea.jit(lambda x: x * weight)
    assert float(jax.jit(scaled)(2.0)) == 6.0
    assert float(jax.grad(scaled)(2.0)) == 3.0


def test_options_that_the_compiler_does_not_know_are_not_given():
    assert not compiled.accepted("xla_cpu_of_another_release")
    assert compiled.accepted("xla_cpu_enable_fast_math")


@pytest.mark.skipif(jax.default_backend() != "cpu", reason="memory of the host")
def test_sealed_arrays_are_kept_as_they_are():
    from amalthea.engines import host

    value = host.empty((1000,), np.dtype("float32"))
    value[...] = 2.0
    assert engine.hold(value, "float32").unsafe_buffer_pointer() != value.ctypes.data
    host.seal(value)
    held = engine.hold(value, "float32")
    assert held.unsafe_buffer_pointer() == value.ctypes.data
    options = {compiled.UPDATES_IN_PLACE: True} if compiled.accepted(compiled.UPDATES_IN_PLACE) else None
    recycled = jax.jit(lambda x: x + 1, donate_argnums=0, compiler_options=options)(held)
    assert held.is_deleted() and recycled[0] == 3.0 and np.all(value == 2.0)
