"""Random draws: ranges, moments, shapes, dtypes, and mistakes."""

import numpy as np
import pytest

import amalthea
from amalthea import random
from amalthea.errors import ArgumentError, ArgumentTypeError, ShapeError

ENGINES = ["numpy", "jax"]
N = 20000


@pytest.fixture(params=ENGINES, autouse=True)
def engine(request):
    with amalthea.engine(request.param):
        yield request.param


def host(x):
    return amalthea.ops.convert_to_numpy(x)


# name, arguments, mean and variance by the textbook
MOMENTS = [
    ("normal", {"mean": 2.0, "stddev": 3.0}, 2.0, 9.0),
    ("uniform", {"minval": -1.0, "maxval": 3.0}, 1.0, 16 / 12),
    ("truncated_normal", {"mean": 1.0, "stddev": 2.0}, 1.0, 4 * 0.7737),
    ("randint", {"minval": 0, "maxval": 6}, 2.5, 35 / 12),
    ("gamma", {"alpha": 0.5}, 0.5, 0.5),
    ("gamma", {"alpha": 4.0}, 4.0, 4.0),
    ("beta", {"alpha": 2.0, "beta": 6.0}, 0.25, 0.25 * 0.75 / 9),
    ("binomial", {"counts": 10.0, "probabilities": 0.3}, 3.0, 2.1),
]


@pytest.mark.parametrize(("name", "kwargs", "mean", "variance"), MOMENTS)
def test_moments(name, kwargs, mean, variance):
    values = host(getattr(random, name)((N,), **kwargs, seed=3)).astype("float64")
    assert abs(values.mean() - mean) < 5 * np.sqrt(variance / N)
    np.testing.assert_allclose(values.var(), variance, rtol=0.08)


def test_ranges():
    uniform = host(random.uniform((N,), 1.0, 2.0, seed=1))
    assert uniform.min() >= 1.0
    assert uniform.max() < 2.0
    assert np.abs(host(random.truncated_normal((N,), seed=1))).max() <= 2.0
    assert set(host(random.randint((N,), -2, 2, seed=1)).tolist()) == {-2, -1, 0, 1}
    assert set(host(random.binomial((N,), 2.0, 0.5, seed=1)).tolist()) == {0.0, 1.0, 2.0}


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32"])
@pytest.mark.parametrize("name", ["normal", "uniform", "truncated_normal"])
def test_floating_dtypes(name, dtype):
    draw = getattr(random, name)((2, 3), dtype=dtype, seed=1)
    assert amalthea.ops.dtype(draw) == dtype
    assert tuple(draw.shape) == (2, 3)
    assert amalthea.ops.dtype(getattr(random, name)((2,), seed=1)) == "float32"


@pytest.mark.parametrize("dtype", ["int8", "uint8", "int32"])
def test_integer_dtypes(dtype):
    draw = random.randint((100,), 0, 100, dtype=dtype, seed=1)
    assert amalthea.ops.dtype(draw) == dtype
    assert host(draw).min() >= 0


def test_complex_numbers():
    draw = host(random.normal((N,), stddev=2.0, dtype="complex64", seed=1))
    assert draw.dtype == "complex64"
    np.testing.assert_allclose((np.abs(draw) ** 2).mean(), 4.0, rtol=0.05)
    assert abs(np.corrcoef(draw.real, draw.imag)[0, 1]) < 0.05


def test_parameters_broadcast():
    means = np.array([0.0, 100.0, 200.0], "float32")
    np.testing.assert_allclose(host(random.normal((N, 3), mean=means, seed=1)).mean(0), means, atol=0.1)
    low = np.array([1.0, 2.0, 3.0], "float32")
    np.testing.assert_allclose(host(random.uniform((N, 3), low, 4.0, seed=1)).min(0), low, atol=0.01)
    np.testing.assert_allclose(host(random.gamma((N, 3), np.array([1.0, 2.0, 3.0]), seed=1)).mean(0), [1, 2, 3], rtol=0.05)
    np.testing.assert_allclose(host(random.binomial((N, 2), np.array([4, 8]), 0.5, seed=1)).mean(0), [2, 4], rtol=0.05)


def test_categorical():
    logits = np.log(np.array([[0.1, 0.2, 0.7], [0.5, 0.5, 0.0]]) + 1e-20).astype("float32")
    draw = host(random.categorical(logits, N, seed=1))
    assert draw.shape == (2, N)
    assert draw.dtype == "int32"
    np.testing.assert_allclose(np.bincount(draw[0], minlength=3) / N, [0.1, 0.2, 0.7], atol=0.02)
    np.testing.assert_allclose(np.bincount(draw[1], minlength=3) / N, [0.5, 0.5, 0.0], atol=0.02)
    assert amalthea.ops.dtype(random.categorical(logits, 2, dtype="int8", seed=1)) == "int8"


def test_dropout():
    x = np.ones((N,), "float32")
    kept = host(random.dropout(x, 0.25, seed=1))
    assert set(kept.tolist()) == {0.0, np.float32(1 / 0.75)}
    np.testing.assert_allclose((kept == 0).mean(), 0.25, atol=0.02)
    np.testing.assert_array_equal(host(random.dropout(x, 0.0, seed=1)), x)
    np.testing.assert_array_equal(host(random.dropout(x, 1.0, seed=1)), np.zeros_like(x))
    assert amalthea.ops.dtype(random.dropout(x.astype("float16"), 0.5, seed=1)) == "float16"


@pytest.mark.parametrize("noise_shape", [(8, 1, 3), (None, 1, None), (1, 3)])
def test_dropout_of_whole_axes(noise_shape):
    kept = host(random.dropout(np.ones((8, 4, 3), "float32"), 0.5, noise_shape=noise_shape, seed=1))
    assert (kept == kept[:, :1]).all()
    assert {0.0, 2.0} == set(kept.ravel().tolist())


def test_shuffle():
    x = np.arange(24).reshape(2, 3, 4).astype("int32")
    shuffled = host(random.shuffle(x, axis=2, seed=2))
    assert shuffled.shape == x.shape
    order = shuffled[0, 0]
    np.testing.assert_array_equal(np.sort(order), [0, 1, 2, 3])
    np.testing.assert_array_equal(shuffled, x[:, :, order])
    assert len({tuple(host(random.shuffle(np.arange(5), seed=seed)).tolist()) for seed in range(20)}) > 10


@pytest.mark.parametrize(
    ("draw", "error", "words"),
    [
        (lambda: random.normal((2,), dtype="int32"), ArgumentError, "`normal` needs a floating or complex `dtype`"),
        (lambda: random.uniform((2,), dtype="int32"), ArgumentError, "`uniform` needs"),
        (lambda: random.truncated_normal((2,), dtype="complex64"), ArgumentError, "`truncated_normal` needs"),
        (lambda: random.gamma((2,), 1.0, dtype="int32"), ArgumentError, "`gamma` needs"),
        (lambda: random.beta((2,), 1.0, 1.0, dtype="int32"), ArgumentError, "`beta` needs"),
        (lambda: random.binomial((2,), 1.0, 1.0, dtype="int32"), ArgumentError, "`binomial` needs"),
        (lambda: random.randint((2,), 0, 5, dtype="float32"), ArgumentError, "`randint` needs an integer"),
        (lambda: random.randint((2,), 5, 5), ArgumentError, "`maxval` must exceed"),
        (lambda: random.normal("ab"), ArgumentTypeError, "`shape`"),
        (lambda: random.normal(2.5), ArgumentTypeError, "`shape`"),
        (lambda: random.categorical([1.0], 2), ShapeError, "batch, classes"),
        (lambda: random.dropout([1.0], 1.5), ArgumentError, "rate=1.5"),
        (lambda: random.dropout(np.ones((4, 2)), 0.5, noise_shape=(3, 1)), ShapeError, "noise_shape"),
        (lambda: random.dropout(np.ones((4,)), 0.5, noise_shape=(4, 4)), ShapeError, "noise_shape"),
        (lambda: random.shuffle([1, 2], axis=1), ArgumentError, "axis"),
    ],
)
def test_mistakes(draw, error, words):
    with pytest.raises(error, match=words):
        draw()


def test_symbolic():
    x = amalthea.KerasTensor((None, 3))
    assert random.dropout(x, 0.5).shape == (None, 3)
    assert random.dropout(x, 0.5, noise_shape=(None, 1)).shape == (None, 3)
    draw = random.categorical(x, 4)
    assert (draw.shape, draw.dtype) == ((None, 4), "int32")
    assert random.shuffle(x, axis=1).shape == (None, 3)
