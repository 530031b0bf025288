"""Special functions, segments and Fourier transforms: Keras's values, dtypes and shapes.

Left out on purpose, because Keras's own answer is not the one it promises: `istft` without a window (it does not invert `stft`),
and a `length` beyond what the stretches cover.
"""

import functools

import keras
import numpy as np
import pytest

_draw = np.random.default_rng(0)


@pytest.fixture
def compare(compare):
    """As the shared fixture, with our calls compiled."""
    return functools.partial(compare, compiled=True)


def normal(*shape):
    return _draw.standard_normal(shape).astype("float32")


@pytest.mark.parametrize("name", ["erf", "erfc", "erfinv"])
def test_special_functions(compare, name):
    compare(name, np.array([-0.9, -0.1, 0.0, 0.5, 0.99], "float32"))


def test_rsqrt(compare):
    compare("rsqrt", np.array([0.25, 4.0, 100.0], "float32"))


@pytest.mark.parametrize(("axis", "keepdims"), [(None, False), (0, False), ((0, 1), True), (-1, True)])
def test_logsumexp(compare, axis, keepdims):
    compare("logsumexp", normal(3, 4) * 100, axis, keepdims)
    compare("logsumexp", np.full((2, 2), -np.inf, "float32"), axis, keepdims)
    compare("logsumexp", np.arange(6, dtype="int32").reshape(2, 3), axis, keepdims)


def test_logdet(compare):
    compare("logdet", normal(2, 3, 3), tolerance=1e-4)


def test_cdist(compare):
    compare("cdist", normal(4, 3), normal(5, 3), tolerance=1e-4, unknown_batch="first")
    compare("cdist", normal(2, 4, 3), normal(2, 5, 3), tolerance=1e-4)
    compare("cdist", normal(1, 4, 3), normal(2, 5, 3), tolerance=1e-4, unknown_batch=False)
    compare("cdist", np.arange(6, dtype="int32").reshape(2, 3), np.zeros((4, 3), "int32"), unknown_batch="first")


@pytest.mark.parametrize("k", [1, 2, 3, 5])
def test_in_top_k(compare, k):
    predictions = _draw.random((5, 5)).astype("float32")
    predictions[2] = 0.5
    compare("in_top_k", np.array([0, 2, 1, 4, 3]), predictions, k)


@pytest.mark.parametrize("name", ["sum", "prod", "max", "min"])
def test_segments(compare, name):
    ids = np.array([0, 2, 2, 0, 5, -1])
    compare(f"segment_{name}", normal(6, 2), ids, 4)
    compare(f"segment_{name}", _draw.integers(0, 9, (6,)).astype("int32"), ids, 4)


def test_fft(compare):
    pair = (normal(2, 3, 8), normal(2, 3, 8))
    for name in ("fft", "fft2", "ifft2"):
        compare(name, pair, tolerance=1e-4)


@pytest.mark.parametrize("length", [None, 4, 7, 8, 12])
def test_rfft(compare, length):
    compare("rfft", normal(3, 8), length, tolerance=1e-4)
    compare("irfft", (normal(3, 8), normal(3, 8)), length, tolerance=1e-4)


@pytest.mark.parametrize(
    ("length", "stride", "fft_length", "center", "window"),
    [(4, 2, 8, True, "hann"), (5, 3, 7, False, "hamming"), (6, 6, 9, True, None), (4, 2, 4, False, normal(4))],
)
def test_stft(compare, length, stride, fft_length, center, window):
    signal = normal(2, 40)
    rest = (length, stride, fft_length)
    compare("stft", signal, *rest, window, center, tolerance=1e-4, symbolic=not isinstance(window, np.ndarray))
    if isinstance(window, str):
        spectra = tuple(np.asarray(part) for part in keras.ops.stft(signal, *rest, window, center))
        for samples in (None, 20):
            compare("istft", spectra, *rest, samples, window, center, tolerance=1e-3)


def test_extract_sequences(compare):
    compare("extract_sequences", normal(2, 40), 5, 3)
    compare("extract_sequences", normal(2, 40), 5, 5)
    compare("extract_sequences", normal(2, 4), 5, 3)


def test_complex_views(compare):
    compare("view_as_complex", normal(3, 2))
    compare("view_as_real", (normal(3) + 1j * normal(3)).astype("complex64"))
    compare("view_as_real", normal(3))
