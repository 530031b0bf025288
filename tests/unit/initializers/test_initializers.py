"""Initializers: what is drawn, on which engine, from which seed, and what is said of mistakes."""

import numpy as np
import pytest

import amalthea
from amalthea import initializers
from amalthea.errors import ArgumentError, ShapeError
from amalthea.initializers import compute_fans, distributions
from amalthea.random.seed import host_generator

RANDOM = ["RandomNormal", "RandomUniform", "TruncatedNormal", "VarianceScaling", "GlorotUniform", "HeNormal", "LecunUniform", "Orthogonal"]


@pytest.mark.parametrize("name", RANDOM)
@pytest.mark.parametrize("dtype", ["float32", "float64", "float16", "bfloat16"])
def test_every_engine_gets_the_same_values(name, dtype):
    drawn = []
    for engine in ("numpy", "jax"):
        with amalthea.engine(engine):
            tensor = getattr(initializers, name)(seed=7)((4, 6), dtype=dtype)
            assert tuple(tensor.shape) == (4, 6)
            drawn.append(np.asarray(amalthea.ops.convert_to_numpy(tensor), "float32"))
    np.testing.assert_array_equal(*drawn)


@pytest.mark.parametrize("name", RANDOM)
def test_seeds(name):
    cls = getattr(initializers, name)
    fixed = cls(seed=7)
    np.testing.assert_array_equal(fixed.draw((4, 6), "float32"), fixed.draw((4, 6), "float32"))
    np.testing.assert_array_equal(fixed.draw((4, 6), "float32"), fixed.clone().draw((4, 6), "float32"))
    assert not np.array_equal(fixed.draw((4, 6), "float32"), cls(seed=8).draw((4, 6), "float32"))
    unseeded = cls()
    np.testing.assert_array_equal(unseeded.draw((4, 6), "float32"), unseeded.draw((4, 6), "float32"))
    assert not np.array_equal(unseeded.draw((4, 6), "float32"), cls().draw((4, 6), "float32"))
    amalthea.utils.set_random_seed(3)
    first = cls().draw((4, 6), "float32")
    amalthea.utils.set_random_seed(3)
    np.testing.assert_array_equal(first, cls().draw((4, 6), "float32"))
    moving = cls(seed=amalthea.random.SeedGenerator(7))
    assert not np.array_equal(moving.draw((4, 6), "float32"), moving.draw((4, 6), "float32"))


def test_the_first_draw_stays_what_it_is():
    # These numbers must not change from release to release: experiments are repeated by their seeds.
    np.testing.assert_allclose(
        initializers.GlorotUniform(seed=42).draw((2, 2), "float32").ravel(),
        distributions.uniform(host_generator(42), (4,), "float32", -np.sqrt(1.5), np.sqrt(1.5)),
        rtol=1e-6,
    )
    raw = np.random.Philox(np.random.SeedSequence([42])).random_raw(2)
    first = [raw[0] & 0xFFFFFFFF, raw[0] >> np.uint64(32), raw[1] & 0xFFFFFFFF, raw[1] >> np.uint64(32)]
    expected = [(int(word) >> 8) * 2.0**-24 for word in first]
    np.testing.assert_allclose(initializers.RandomUniform(0.0, 1.0, seed=42).draw((4,), "float32"), expected, rtol=1e-6)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_truncated_normals_are_the_inverse_of_the_distribution_function(dtype):
    scipy_special = pytest.importorskip("scipy.special")
    values = distributions.truncated_normal(host_generator(1), (20000,), dtype, 0.0, 1.0)
    points = host_generator(1).random((20000,), dtype=dtype).astype("float64")
    low, high = scipy_special.ndtr([-2.0, 2.0])
    np.testing.assert_allclose(values, scipy_special.ndtri(low + points * (high - low)), atol=3e-6)
    np.testing.assert_allclose(values.std(), distributions.TRUNCATED_DEVIATION, rtol=0.01)
    assert np.abs(values).max() <= 2.0


def test_spreads():
    shape = (100, 200)
    draw = lambda cls, **kwargs: getattr(initializers, cls)(seed=1, **kwargs).draw(shape, "float32")  # noqa: E731
    for cls, variance in [
        ("GlorotNormal", 2 / 300),
        ("HeNormal", 2 / 100),
        ("LecunNormal", 1 / 100),
        ("GlorotUniform", 2 / 300),
        ("HeUniform", 2 / 100),
    ]:
        np.testing.assert_allclose(draw(cls).var(), variance, rtol=0.03)
    np.testing.assert_allclose(draw("VarianceScaling", scale=3.0, mode="fan_out", distribution="untruncated_normal").var(), 3 / 200, rtol=0.03)
    np.testing.assert_allclose(draw("RandomNormal", mean=1.0, stddev=0.5).mean(), 1.0, atol=0.02)
    uniform = draw("RandomUniform", minval=-1.0, maxval=3.0)
    assert uniform.min() >= -1.0
    assert uniform.max() < 3.0
    np.testing.assert_allclose(uniform.mean(), 1.0, atol=0.05)


def test_complex_normals():
    values = initializers.RandomNormal(stddev=2.0, seed=1).draw((20000,), "complex64")
    assert values.dtype == "complex64"
    np.testing.assert_allclose((np.abs(values) ** 2).mean(), 4.0, rtol=0.05)


@pytest.mark.parametrize(
    ("shape", "fans"), [((), (1, 1)), ((5,), (5, 5)), ((3, 4), (3, 4)), ((2, 3, 4), (6, 8)), ((3, 3, 4, 8), (36, 72)), ((2, 3, 3, 4, 8), (72, 144))]
)
def test_fans(shape, fans):
    assert compute_fans(shape) == fans


def test_fans_of_given_axes():
    assert compute_fans((2, 3, 4), input_axes=(0,), output_axes=(1, 2)) == (2, 12)
    assert compute_fans((2, 3, 4), input_axes=-1, output_axes=0) == (4, 2)
    assert compute_fans((2, 3, 4), input_axes=0) == (6, 8)
    with pytest.raises(ShapeError, match="input_axes"):
        initializers.GlorotUniform(input_axes=3, output_axes=0).draw((2, 3), "float32")


@pytest.mark.parametrize("shape", [(5, 3), (3, 5), (2, 3, 4), (4, 4)])
def test_orthogonal(shape):
    matrix = initializers.Orthogonal(gain=2.0, seed=1).draw(shape, "float64").reshape(-1, shape[-1])
    gram = matrix @ matrix.T if matrix.shape[0] < matrix.shape[1] else matrix.T @ matrix
    np.testing.assert_allclose(gram, 4.0 * np.eye(len(gram)), atol=1e-10)


def test_fixed_values():
    np.testing.assert_array_equal(initializers.Zeros().draw((2,), "int32"), [0, 0])
    np.testing.assert_array_equal(initializers.Ones().draw((2,), "bool"), [True, True])
    np.testing.assert_array_equal(initializers.Constant([1, 2]).draw((2, 2), "float32"), [[1, 2], [1, 2]])
    np.testing.assert_array_equal(initializers.Identity(3.0).draw((2, 3), "float32"), [[3, 0, 0], [0, 3, 0]])


@pytest.mark.parametrize(
    ("make", "error", "words"),
    [
        (lambda: initializers.VarianceScaling(scale=-1.0), ArgumentError, "`scale` must be positive"),
        (lambda: initializers.VarianceScaling(mode="fan_inn"), ArgumentError, 'Did you mean "fan_in"'),
        (lambda: initializers.VarianceScaling(distribution="cauchy"), ArgumentError, "'truncated_normal'"),
        (lambda: initializers.GlorotUniform(seed="a"), ArgumentError, "seed='a'"),
        (lambda: initializers.GlorotUniform(seed=1.5), ArgumentError, "of type float"),
        (lambda: initializers.RandomNormal().draw((2,), "int32"), ArgumentError, "int32"),
        (lambda: initializers.RandomUniform().draw((2,), "bool"), ArgumentError, "bool"),
        (lambda: initializers.Identity().draw((2, 2, 2), "float32"), ShapeError, "matrices only"),
        (lambda: initializers.Orthogonal().draw((2,), "float32"), ShapeError, "two axes"),
        (lambda: initializers.Constant([1, 2]).draw((3,), "float32"), ShapeError, "broadcast"),
        (lambda: initializers.STFT().draw((2, 3), "float32"), ShapeError, "frame, channels, frequencies"),
        (lambda: initializers.STFT("reel"), ArgumentError, "side='reel'"),
        (lambda: initializers.STFT(scaling="spectra"), ArgumentError, 'Did you mean "spectrum"'),
        (lambda: initializers.STFT(window="han"), ArgumentError, 'Did you mean "hann"'),
        (lambda: initializers.get("glorot_unifrom"), ArgumentError, 'Did you mean "glorot_uniform"'),
        (lambda: initializers.get(3), ArgumentError, "of type int"),
    ],
)
def test_mistakes(make, error, words):
    with pytest.raises(error, match=words):
        make()


def test_get():
    assert initializers.get(None) is None
    made = initializers.Ones()
    assert initializers.get(made) is made
    assert type(initializers.get(initializers.Ones)) is initializers.Ones
    assert type(initializers.get({"class_name": "ones", "config": {}})) is initializers.Ones
    np.testing.assert_array_equal(initializers.get(np.arange(3.0)).draw((3,), "float32"), [0, 1, 2])
    function = lambda shape, dtype=None: np.ones(shape, dtype)  # noqa: E731
    assert initializers.get(function) is function


def test_configurations_keep_what_was_given():
    for made in (
        initializers.Identity(2.0),
        initializers.Constant(np.array([1.0, 2.0])),
        initializers.GlorotUniform(seed=amalthea.random.SeedGenerator(3)),
        initializers.VarianceScaling(2.0, "fan_out", "normal", 4, (0,), (1,)),
    ):
        copy = initializers.deserialize(initializers.serialize(made))
        shape = (2, 2)
        np.testing.assert_array_equal(copy.draw(shape, "float32"), made.draw(shape, "float32"))


def test_initializers_of_ones_own():
    class Rows(initializers.Initializer):
        def __call__(self, shape, dtype=None):
            return amalthea.ops.ones(shape, dtype=dtype) * 2.0

    np.testing.assert_array_equal(Rows().draw((2,), "float32"), [2, 2])
    np.testing.assert_array_equal(amalthea.Variable(Rows(), shape=(2,)).numpy(), [2, 2])
    with pytest.raises(NotImplementedError, match="draw"):
        initializers.Initializer()((2,))


def test_a_variable_draws_once():
    variable = amalthea.Variable(initializers.RandomNormal(seed=amalthea.random.SeedGenerator(1)), shape=(3,))
    np.testing.assert_array_equal(variable.numpy(), variable.numpy())
    before = variable.numpy()
    np.testing.assert_array_equal(amalthea.ops.convert_to_numpy(variable.value), before)


@pytest.mark.parametrize("periodic", [False, True])
@pytest.mark.parametrize("size", [1, 2, 4, 5, 8])
@pytest.mark.parametrize(
    "window", ["hann", "hamming", "blackman", "nuttall", "blackmanharris", "flattop", "bartlett", "triang", "cosine", "boxcar", "tukey"]
)
def test_windows(window, size, periodic):
    signal = pytest.importorskip("scipy.signal")
    from amalthea.initializers.windows import get_window

    np.testing.assert_allclose(get_window(window, size, periodic), signal.get_window(window, size, fftbins=periodic), atol=1e-12)
    for other in (("tukey", 0.25), ("tukey", 0.0), ("kaiser", 5.0), 3.0):
        np.testing.assert_allclose(get_window(other, size, periodic), signal.get_window(other, size, fftbins=periodic), atol=1e-12)


def test_a_convolution_with_the_kernels_is_a_fourier_transform():
    frame = np.random.default_rng(0).normal(size=8)
    real, imag = (initializers.STFT(side, window=None).draw((8, 1, 5), "float64")[:, 0] for side in ("real", "imag"))
    np.testing.assert_allclose(frame @ real + 1j * (frame @ imag), np.fft.rfft(frame), atol=1e-12)
