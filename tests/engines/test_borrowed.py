"""Tensors of one engine in the memory of another's: without a copy where nobody can write into it, through the host otherwise."""

import itertools

import numpy as np
import pytest

import amalthea
from amalthea import layers, ops
from amalthea.dtypes import numpy_dtype, standardize_dtype
from amalthea.engines import dlpack, get
from amalthea.testing.choice import engines_to_test

ENGINES = engines_to_test()
FROZEN = [name for name in ENGINES if not get(name).mutable]
PAIRS = [(source, target) for source, target in itertools.product(FROZEN, ENGINES) if source != target]
ALL_PAIRS = list(itertools.permutations(ENGINES, 2))
DTYPES = ("bool", "int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "float16", "bfloat16", "float32", "float64", "complex64")

torch_only = pytest.mark.skipif("torch" not in ENGINES, reason="needs PyTorch")


def address(x):
    """Where the elements of a tensor lie."""
    if isinstance(x, np.ndarray):
        return x.__array_interface__["data"][0]
    return x.data_ptr() if hasattr(x, "data_ptr") else dlpack.address(x.__dlpack__())


def numbers(dtype="float32", count=24):
    return np.arange(count).reshape(2, -1).astype(numpy_dtype(dtype))


def tensor(engine, dtype="float32"):
    return get(engine).from_host(numbers(dtype), dtype)


def lends(source, target, dtype):
    """Whether the engine `target` can share such a tensor of `source`: it has the dtype, and NumPy by a name of its own."""
    x = standardize_dtype(tensor(source, dtype).dtype)
    return get(target).canonical_dtype(x) == x and not (target == "numpy" and dtype == "bfloat16")


# --- sharing ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(("source", "target"), PAIRS)
def test_a_borrowed_tensor_has_the_same_memory(source, target, dtype):
    x = tensor(source, dtype)
    borrowed = get(target).borrow(x)
    if not lends(source, target, dtype):
        assert borrowed is None
        return
    assert get(target).is_tensor(borrowed)
    assert address(borrowed) == address(x)
    assert standardize_dtype(borrowed.dtype) == standardize_dtype(x.dtype)
    np.testing.assert_array_equal(get(target).to_host(borrowed), get(source).to_host(x))


@pytest.mark.parametrize(("source", "target"), PAIRS)
def test_an_operation_takes_the_memory_of_its_argument(source, target):
    x = tensor(source)
    with amalthea.engine(target):
        assert address(ops.convert_to_tensor(x)) == address(x)
        cast = ops.convert_to_tensor(x, dtype="float16")
        assert standardize_dtype(cast.dtype) == "float16"
        np.testing.assert_array_equal(ops.convert_to_numpy(cast), numbers("float16"))
        np.testing.assert_array_equal(ops.convert_to_numpy(ops.add(x, 1.0)), numbers() + 1)


@pytest.mark.parametrize(("source", "target"), PAIRS)
@pytest.mark.parametrize("shape", [(), (0, 3)])
def test_scalars_and_nothing_at_all(source, target, shape):
    x = get(source).from_host(np.ones(shape), "float32")
    with amalthea.engine(target):
        np.testing.assert_array_equal(ops.convert_to_numpy(ops.multiply(x, 2.0)), np.full(shape, 2, "float32"))


@pytest.mark.parametrize(("source", "target"), PAIRS)
def test_the_memory_outlives_its_first_owner(source, target):
    x = tensor(source)
    borrowed = get(target).borrow(x)
    del x
    others = [get(source).from_host(-numbers(), "float32") for _ in range(8)]
    np.testing.assert_array_equal(get(target).to_host(borrowed), numbers())
    assert len(others) == 8


@pytest.mark.skipif("jax" not in ENGINES, reason="needs JAX")
@pytest.mark.parametrize("target", [name for name in ENGINES if name != "jax"])
def test_values_that_are_still_being_computed_are_waited_for(target):
    import jax
    import jax.numpy as jnp

    x = jnp.full((400, 400), 0.0025)
    y = jax.jit(lambda x: jax.lax.fori_loop(0, 40, lambda _, y: y @ x, x))(x)
    np.testing.assert_allclose(get(target).to_host(get(target).borrow(y)), np.full((400, 400), 0.0025), rtol=1e-3)


@pytest.mark.skipif("jax" not in ENGINES, reason="needs JAX")
@pytest.mark.parametrize("target", [name for name in ENGINES if name != "jax"])
def test_lent_memory_is_not_recycled(target):
    import jax

    x = tensor("jax")
    borrowed = get(target).borrow(x)
    jax.jit(lambda x: -x, donate_argnums=0)(x)
    np.testing.assert_array_equal(get(target).to_host(borrowed), numbers())


@pytest.mark.parametrize("source", FROZEN)
def test_a_borrowed_array_cannot_be_written_into(source):
    with pytest.raises(ValueError, match="read-only"):
        get("numpy").borrow(tensor(source))[0, 0] = 1


# --- what goes through the host --------------------------------------------------------------------------


@pytest.mark.parametrize(("source", "target"), ALL_PAIRS)
def test_the_values_arrive_in_every_dtype(source, target):
    for dtype in DTYPES:
        with amalthea.engine(target):
            found = ops.convert_to_tensor(tensor(source, dtype))
        wanted = get(target).canonical_dtype(get(source).canonical_dtype(dtype))
        assert standardize_dtype(found.dtype) == wanted
        np.testing.assert_array_equal(get(target).to_host(found), numbers(wanted))


@pytest.mark.parametrize(("source", "target"), [(source, target) for source, target in ALL_PAIRS if source not in FROZEN])
def test_what_programs_may_write_into_is_copied(source, target):
    x = tensor(source)
    with amalthea.engine(target):
        found = ops.convert_to_tensor(x)
    x[0, 0] = 100
    np.testing.assert_array_equal(get(target).to_host(found), numbers())


@torch_only
@pytest.mark.parametrize("target", [name for name in ENGINES if name != "torch"])
def test_parameters_of_torch_come_by_their_values(target):
    import torch

    with amalthea.engine(target):
        found = ops.convert_to_tensor(torch.nn.Parameter(torch.from_numpy(numbers())))
    np.testing.assert_array_equal(get(target).to_host(found), numbers())


@pytest.mark.skipif("tensorflow" not in ENGINES, reason="needs TensorFlow")
def test_memory_that_is_not_aligned_is_refused():
    memory = np.zeros(64, "uint8")
    start = -memory.ctypes.data % 64
    odd = memory[start + 4 : start + 36].view("float32")
    assert get("tensorflow").borrow(odd) is None
    spare = np.zeros(160, "uint8")
    even = spare[-spare.ctypes.data % 64 :][:32].view("float32")
    assert address(get("tensorflow").borrow(even)) == address(even)


@pytest.mark.parametrize("engine", ENGINES)
def test_what_is_no_tensor_is_refused(engine):
    assert get(engine).borrow([1.0]) is None
    assert get(engine).borrow("text") is None


def test_descriptions_have_no_memory():
    assert get("symbolic").borrow(np.zeros(2)) is None


@pytest.mark.parametrize(("source", "target"), PAIRS)
def test_compiled_functions_meet_tensors_of_another_engine(source, target):
    x = tensor(source)
    with amalthea.engine(target):
        run = amalthea.jit(lambda y: ops.add(y, x))
        for _ in range(3):
            np.testing.assert_array_equal(ops.convert_to_numpy(run(numbers())), 2 * numbers())


# --- variables -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("source", "target"), [(source, target) for source, target in PAIRS if target != "tensorflow"])
def test_a_variable_has_memory_of_its_own(source, target):
    x = tensor(source)
    with amalthea.engine(target):
        v = amalthea.Variable(np.zeros(x.shape, "float32"))
        v.assign(ops.convert_to_tensor(x))
        assert address(v.value) != address(x)
        np.testing.assert_array_equal(v.numpy(), numbers())


@pytest.mark.parametrize(("source", "target"), [(s, t) for s, t in PAIRS if get(t).trains])
@pytest.mark.parametrize("how", [{}, {"run_eagerly": True}, {"jit_compile": True}], ids=["default", "eager", "compiled"])
def test_training_leaves_the_source_of_a_variable_alone(source, target, how):
    if target == "torch" and "jit_compile" in how:
        pytest.skip("takes PyTorch's compiler a while, and the variable has memory of its own")
    kernel = get(source).from_host(np.ones((4, 2)), "float32")
    x, y = np.ones((8, 4), "float32"), np.zeros((8, 2), "float32")
    with amalthea.engine(target):
        model = amalthea.Sequential([amalthea.Input((4,)), layers.Dense(2)])
        model.layers[0].kernel.assign(ops.convert_to_tensor(kernel))
        model.compile(amalthea.optimizers.SGD(0.1, momentum=0.9), "mse", **how)
        model.fit(x, y, batch_size=2, epochs=2, verbose=0)
        assert np.abs(model.layers[0].kernel.numpy() - 1).max() > 0.1
    np.testing.assert_array_equal(get(source).to_host(kernel), np.ones((4, 2)))


@pytest.mark.parametrize(("source", "target"), [(s, t) for s, t in PAIRS if get(t).trains])
def test_a_step_that_assigns_what_it_borrowed_leaves_it_alone(source, target):
    kernel = get(source).from_host(np.ones(4), "float32")
    with amalthea.engine(target):
        v = amalthea.Variable(np.zeros(4))

        def step(x):
            v.assign(ops.convert_to_tensor(kernel))
            v.assign_add(x)
            return ops.sum(v)

        run = amalthea.jit(step)
        for _ in range(3):
            assert float(run(np.ones(4, "float32"))) == 8
    np.testing.assert_array_equal(get(source).to_host(kernel), np.ones(4))


@pytest.mark.parametrize(("source", "target"), PAIRS)
def test_models_take_tensors_of_another_engine(source, target):
    x = numbers()
    with amalthea.engine(target):
        model = amalthea.Sequential([amalthea.Input((x.shape[1],)), layers.Dense(3)])
        wanted = ops.convert_to_numpy(model(x))
        np.testing.assert_allclose(ops.convert_to_numpy(model(tensor(source))), wanted, rtol=1e-6)
        np.testing.assert_allclose(model.predict(tensor(source), verbose=0), wanted, rtol=1e-6)


@torch_only
@pytest.mark.parametrize("source", FROZEN)
def test_modules_of_torch_take_tensors_of_another_engine(source):
    model = amalthea.Sequential([amalthea.Input((12,)), layers.Dense(3)])
    module = model.as_torch_module()
    outputs = module(tensor(source))
    outputs.sum().backward()
    kernel = next(module.parameters())
    np.testing.assert_allclose(outputs.detach().numpy(), numbers() @ model.get_weights()[0], rtol=1e-5)
    np.testing.assert_allclose(kernel.grad.numpy(), np.repeat(numbers().sum(0)[:, None], 3, 1), rtol=1e-6)


@pytest.mark.skipif("tensorflow" not in ENGINES or "jax" not in ENGINES, reason="needs TensorFlow and JAX")
def test_tapes_follow_what_was_borrowed():
    import tensorflow as tf

    borrowed = get("tensorflow").borrow(tensor("jax"))
    with tf.GradientTape() as tape:
        tape.watch(borrowed)
        y = tf.reduce_sum(borrowed**2)
    np.testing.assert_array_equal(tape.gradient(y, borrowed), 2 * numbers())
