"""What is peculiar to the PyTorch engine."""

import os
import subprocess
import sys
from functools import partial

import numpy as np
import pytest

from amalthea import dtypes
from amalthea.engines import get, use
from amalthea.engines.derived import Engine
from amalthea.state.variable import Variable

torch = pytest.importorskip("torch")
engine = get("torch")


@pytest.fixture(autouse=True)
def on_torch():
    with use(engine):
        yield


def drawn(*shape, seed=0, dtype="float32"):
    return engine.from_host(np.random.default_rng(seed).normal(size=shape), dtype)


def total(x):
    return engine.sum(x, None, False)


def numbers(x):
    return engine.to_host(x).tolist()


# --- borders ---


def test_a_compiled_function_may_write_into_its_arguments():
    array = np.arange(6, dtype="float32").reshape(2, 3)
    assert numbers(engine.compile(lambda x: x.mul_(2.0))(array)) == [[0, 2, 4], [6, 8, 10]]
    assert array.tolist() == [[0, 1, 2], [3, 4, 5]]


@pytest.mark.parametrize("make", [lambda a: a[::-1], lambda a: a.astype("<f4").byteswap().view(">f4"), lambda a: np.broadcast_to(a, (2, 4))])
def test_arguments_that_cannot_share_memory_are_copied(make):
    array = make(np.arange(4, dtype="float32"))
    assert numbers(engine.compile(lambda x: engine.add(x, 1.0))(array)) == (array + 1).tolist()


def test_arguments_that_may_not_be_written_are_copied():
    array = np.arange(3, dtype="float32")
    array.flags.writeable = False
    assert numbers(engine.compile(lambda d: d["a"][0])({"a": [array]})) == [0, 1, 2]


def test_a_variable_does_not_follow_the_array_that_it_was_assigned():
    array, v = np.ones(3, "float32"), Variable(np.zeros(3, "float32"))
    engine.compile(lambda x: [v.assign(engine.reshape(x, (3,))), None][1])(array)
    array[:] = 7
    assert v.numpy().tolist() == [1, 1, 1]


@pytest.mark.parametrize("dtype", ["float32", "bfloat16", "uint16"])
def test_sealed_arrays_are_kept_as_they_are(dtype):
    from amalthea.engines import host

    value, v = host.empty((3,), dtypes.numpy_dtype(dtype)), Variable(np.zeros(3), dtype=dtype)
    value[...] = 2
    v.assign(value)
    assert v.value.data_ptr() != value.ctypes.data
    v.assign(host.seal(value))
    assert v.value.data_ptr() == value.ctypes.data
    add = engine.compile(lambda: v.assign_add(1), repeats=lambda: lambda: True)  # recorded, it writes over what the variable has
    for _ in range(4):
        add()
    assert v.numpy().tolist() == [6, 6, 6] and value.tolist() == [2, 2, 2]


def test_an_earlier_value_of_a_variable_stays():
    v = Variable(np.zeros(2, "float32"))
    before = v.value
    v.assign_add([1.0, 1.0])
    assert numbers(before) == [0, 0]
    assert v.numpy().tolist() == [1, 1]


# --- unsigned integers ---


@pytest.mark.parametrize("dtype", ["uint16", "uint32", "uint64"])
@pytest.mark.parametrize("name", ["add", "subtract", "multiply", "maximum", "minimum", "less", "greater_equal", "equal", "bitwise_xor"])
def test_unsigned_integers_of_the_whole_range(dtype, name):
    top = np.iinfo(dtype).max
    x, y = np.array([top, 0, top // 2, 5], dtype), np.array([1, top, top // 2 + 1, 3], dtype)
    result = getattr(engine, name)(engine.from_host(x, dtype), engine.from_host(y, dtype))
    expected = getattr(np, name)(x, y)
    assert engine.to_host(result).dtype == expected.dtype
    assert numbers(result) == expected.tolist()


@pytest.mark.parametrize("dtype", ["uint16", "uint32", "uint64"])
def test_unsigned_integers_are_sorted_by_value(dtype):
    x = engine.from_host(np.array([3, np.iinfo(dtype).max, 1], dtype), dtype)
    assert numbers(engine.sort(x, 0)) == [1, 3, np.iinfo(dtype).max]
    assert numbers(engine.argsort(x, 0)) == [2, 0, 1]
    assert numbers(engine.max(x, None, False)) == np.iinfo(dtype).max
    assert numbers(engine.argmax(x, 0, False)) == 1
    assert numbers(engine.where(engine.less(x, 3), 0, x)) == [3, np.iinfo(dtype).max, 0]


# --- indexing ---


@pytest.mark.parametrize(
    "key",
    [
        slice(None, None, -1),
        (slice(None), slice(3, 0, -2)),
        (Ellipsis, slice(None, None, -2)),
        (None, slice(3, None, -1), None, 1),
        (slice(None, None, -1), np.array([0, 2], "int8")),
        np.array([True, False, True, False]),
        (np.int64(1), [0, -1]),
    ],
)
def test_indexing_as_numpy_does(key):
    x = np.arange(20.0, dtype="float32").reshape(4, 5)
    assert numbers(engine.getitem(engine.from_host(x, "float32"), key)) == x[key].tolist()


# --- gradients ---


def test_second_derivatives_of_variables():
    v = Variable(np.array([2.0, 3.0], "float32"))

    def slope():
        _, (gradient,) = engine.value_and_grad(lambda: (total(v.value * v.value * v.value), None), [v])
        return total(gradient), None

    (value, _), (gradient,) = engine.value_and_grad(slope, [v])
    assert float(value) == 3 * 4 + 3 * 9
    assert numbers(gradient) == [12, 18]
    assert not value.requires_grad


def test_a_penalty_on_the_gradient_of_inputs():
    """As in WGAN-GP: the loss of the weights contains the norm of a gradient with respect to the inputs."""
    w, x = Variable(np.array([3.0, 4.0], "float32")), engine.from_host([1.0, 2.0], "float32")

    def loss():
        _, (gradient,) = engine.tensor_value_and_grad(lambda x: (total(engine.multiply(x, w.value)), None), [x])
        return total(engine.multiply(gradient, gradient)), None

    (value, _), (gradient,) = engine.value_and_grad(loss, [w])
    assert float(value) == 25
    assert numbers(gradient) == [6, 8]


def test_nothing_that_is_assigned_or_returned_stays_recorded():
    v, kept = Variable(np.ones(2, "float32")), Variable(np.zeros(2, "float32"))

    def loss():
        kept.assign(v.value * 2.0)
        return total(v.value), {"y": v.value * 3.0, "n": 1}

    (value, aux), _ = engine.value_and_grad(loss, [v])
    assert not any(tensor.requires_grad for tensor in (value, aux["y"], kept.value, v.value))
    assert aux["n"] == 1


def test_recomputed_values_are_those_of_the_first_time():
    """A variable that is assigned within reads in the second run as it did in the first."""
    v, calls = Variable(np.array([2.0], "float32")), Variable(np.float32(1.0))

    def inner(x):
        calls.assign_add(1.0)
        return engine.sin(engine.multiply(engine.sin(engine.multiply(x, v.value)), calls.value))

    def loss(fn):
        return lambda: (total(fn(engine.from_host([0.5], "float32"))), None)

    (value, _), (gradient,) = engine.value_and_grad(loss(engine.remat(inner)), [v])
    assert calls.numpy() == 2
    assert float(value) == pytest.approx(np.sin(2 * np.sin(1.0)), abs=1e-6)
    assert numbers(gradient) == pytest.approx([np.cos(2 * np.sin(1.0)) * 2 * np.cos(1.0) * 0.5], abs=1e-6)


def test_functions_that_vmap_has_no_rule_for_are_mapped_one_by_one():
    x = engine.from_host([[1.0, 2.0], [3.0, 0.0]], "float32")
    result = engine.vectorized_map(lambda row: row * 2.0 if float(row[0]) > 2 else row, x)
    assert numbers(result) == [[1, 2], [6, 0]]


def test_shapes_of_functions_that_read_values():
    from amalthea.engines.spec import Spec

    found = engine.abstract_eval(lambda x: x * 2.0 if float(x.sum()) > 0 else x, Spec((None, 3), "float32"))
    assert found.shape == (None, 3)


# --- fused kernels give what the compositions give ---


def gradients_of(fn, *tensors):
    (value, aux), gradients = engine.tensor_value_and_grad(lambda *xs: (lambda y: (total(engine.multiply(y, engine.cos(y))), y))(fn(*xs)), tensors)
    return [value, aux, *gradients]


def assert_alike(name, tensors, *rest, result=lambda y: y, **options):
    fused = gradients_of(lambda *xs: result(getattr(engine, name)(*xs, *rest, **options)), *tensors)
    plain = gradients_of(lambda *xs: result(getattr(Engine, name)(engine, *xs, *rest, **options)), *tensors)
    for a, b in zip(fused, plain, strict=True):
        np.testing.assert_allclose(engine.to_host(a), engine.to_host(b), rtol=1e-5, atol=2e-5)


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("options", [{}, {"reverse": True}, {"return_sequences": False}])
def test_lstm(bias, options):
    tensors = [drawn(2, 5, 3), drawn(2, 4, seed=1), drawn(2, 4, seed=2), drawn(3, 16, seed=3), drawn(4, 16, seed=4)]
    rest = [drawn(16, seed=5)] if bias else [None]
    assert_alike("lstm", tensors, *rest, result=lambda y: engine.concatenate([engine.reshape(part, (-1,)) for part in y], 0), **options)


def test_second_derivatives_of_an_lstm():
    x, k, r = drawn(1, 3, 2), drawn(2, 8, seed=1), drawn(2, 8, seed=2)
    zero = engine.zeros((1, 2), "float32")

    def slope(x):
        _, (gradient,) = engine.tensor_value_and_grad(lambda x: (total(engine.lstm(x, zero, zero, k, r, None)[0]), None), [x])
        return total(gradient), None

    _, (gradient,) = engine.tensor_value_and_grad(slope, [x])
    assert np.abs(engine.to_host(gradient)).max() > 0


@pytest.mark.parametrize("is_causal", [True, False])
@pytest.mark.parametrize("masked", [True, False])
@pytest.mark.parametrize("biased", [True, False])
def test_attention(is_causal, masked, biased):
    mask = np.array([[True, True, False, True, True], [False] * 5]).reshape(2, 1, 1, 5)
    tensors = [drawn(2, 4, 2, 3), drawn(2, 5, 2, 3, seed=1), drawn(2, 5, 2, 3, seed=2)]
    rest = [engine.from_host(mask, "bool") if masked else None, drawn(1, 2, 4, 5, seed=3) if biased else None, None, is_causal]
    assert_alike("attention", tensors, *rest)


@pytest.mark.parametrize("axes", [(2,), (1, 2), (1,)])
def test_layer_norm(axes):
    sizes = [(2, 3, 4)[axis] for axis in axes]
    assert_alike("layer_norm", [drawn(2, 3, 4), drawn(*sizes, seed=1), drawn(*sizes, seed=2)], axes, 1e-3)


@pytest.mark.parametrize("axis", [1, 3])
def test_batch_norm_of_known_moments(axis):
    vectors = [engine.absolute(drawn(2, seed=seed)) for seed in range(4)]
    assert_alike("batch_norm", [drawn(2, 2, 3, 2)], *vectors[:2], axis, *vectors[2:], 1e-3)


@pytest.mark.parametrize("axes", [(0, 1), (1,), None])
@pytest.mark.parametrize("keepdims", [True, False])
def test_moments(axes, keepdims):
    assert_alike("moments", [drawn(3, 4, 2)], axes, keepdims, result=lambda y: engine.stack(list(y), 0))


def test_losses_on_logits():
    labels = engine.from_host([1, 0, 2], "int32")
    fused, plain = (
        gradients_of(lambda x, fn=fn: fn(labels, x, 1), drawn(3, 4))
        for fn in (engine.sparse_cross_entropy, partial(Engine.sparse_cross_entropy, engine))
    )
    for a, b in zip(fused, plain, strict=True):
        np.testing.assert_allclose(engine.to_host(a), engine.to_host(b), rtol=1e-5, atol=1e-6)
    assert_alike("binary_cross_entropy", [engine.sigmoid(drawn(3, 4)), drawn(3, 4, seed=1)])


def test_steps_of_adam():
    lists = [[drawn(2, 3, seed=seed), drawn(4, seed=seed + 1)] for seed in (0, 2, 4)] + [
        [engine.ones((2, 3), "float32"), engine.ones((4,), "float32")]
    ]
    rest = (engine.from_host(0.1, "float32"), 0.9, 0.99, 1e-7)
    before = [numbers(x) for xs in lists for x in xs]
    for fused, plain in zip(engine.adam(*lists, *rest), Engine.adam(engine, *lists, *rest), strict=True):
        for a, b in zip(fused, plain, strict=True):
            np.testing.assert_allclose(engine.to_host(a), engine.to_host(b), rtol=1e-5, atol=1e-6)
    assert [numbers(x) for xs in lists for x in xs] == before


def test_dropout_keeps_the_mean():
    key = engine.from_host([1, 2], "uint32")
    y = engine.to_host(engine.dropout(key, engine.ones((200, 500), "float32"), 0.3, (200, 500)))
    assert abs((y == 0).mean() - 0.3) < 0.01
    assert abs(y.mean() - 1) < 0.01
    shared = engine.to_host(engine.dropout(key, engine.ones((7, 5), "float32"), 0.5, (1, 5)))
    assert (shared == shared[:1]).all()


def test_training_does_not_load_the_compiler_of_torch():
    """It loads much besides; with CUDA `triton`, which cannot share a process with every build of TensorFlow."""
    code = """
import sys, numpy as np, amalthea
from amalthea import layers
model = amalthea.Sequential([amalthea.Input((6,)), layers.Embedding(5, 3), layers.LSTM(4), layers.Dense(1)])
model.compile("adam", "mse")
model.fit(np.ones((4, 6)), np.ones((4, 1)), verbose=0)
amalthea.grad(amalthea.remat(lambda x: x * x))(2.0)
print(amalthea.config.backend(), "torch._dynamo" in sys.modules)
"""
    run = subprocess.run([sys.executable, "-c", code], env=os.environ | {"AMALTHEA_ENGINE": "torch"}, capture_output=True, text=True, check=True)
    assert run.stdout.split() == ["torch", "False"]
