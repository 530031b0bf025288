"""Special functions, segments, Fourier transforms."""

import math

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given

import amalthea
from amalthea import KerasTensor, ops
from amalthea.errors import ArgumentError, ArgumentTypeError, ShapeError

_draw = np.random.default_rng(0)


def test_error_function():
    x = [-2.0, -0.3, 0.0, 0.7, 3.0]
    np.testing.assert_allclose(ops.erf(x), [math.erf(v) for v in x], rtol=1e-5)
    np.testing.assert_allclose(ops.erfc(x), [math.erfc(v) for v in x], rtol=1e-2, atol=1e-6)
    np.testing.assert_allclose(ops.erfinv(ops.erf(np.array(x[:4]))), x[:4], rtol=1e-5, atol=1e-7)


def test_logdet_and_logsumexp():
    x = _draw.standard_normal((2, 3, 3))
    np.testing.assert_allclose(ops.logdet(x), np.log(np.abs(np.linalg.det(x))), rtol=1e-6)
    np.testing.assert_allclose(ops.logsumexp(x, (0, 2)), np.log(np.exp(x).sum((0, 2))), rtol=1e-6)
    with pytest.raises(ShapeError, match="square"):
        ops.logdet(np.ones((2, 3)))


def test_distances(gradient):
    x, y = _draw.standard_normal((4, 3)), _draw.standard_normal((5, 3))
    np.testing.assert_allclose(ops.cdist(x, y), np.linalg.norm(x[:, None] - y, axis=-1), rtol=1e-6)
    assert np.isfinite(gradient(lambda a: ops.cdist(a, a), x.astype("float32"))[0]).all()
    with pytest.raises(ShapeError, match="one size"):
        ops.cdist(x, y[:, :2])


def test_in_top_k_counts_ties_and_not_what_is_out_of_range():
    predictions = np.array([[0.3, 0.3, 0.1]] * 4)
    np.testing.assert_array_equal(ops.in_top_k([0, 1, 2, 5], predictions, 1), [True, True, False, False])
    np.testing.assert_array_equal(ops.in_top_k([-1, 0], [[0.1, 0.9], [np.nan, 0.9]], 2), [False, False])
    with pytest.raises(ShapeError, match="one axis more"):
        ops.in_top_k([[0]], [[0.1, 0.9]], 1)


@given(
    st.integers(0, 2**32 - 1),
    st.sampled_from([("sum", np.add, 0), ("prod", np.multiply, 1), ("max", np.maximum, -np.inf), ("min", np.minimum, np.inf)]),
)
def test_segments_agree_with_numpy(seed, case):
    name, ufunc, start = case
    draw = np.random.default_rng(seed)
    data, ids = draw.standard_normal((6, 2)), draw.integers(-1, 5, 6)
    inside = (ids >= 0) & (ids < 4)
    expected = np.full((4, 2), start, "float64")
    ufunc.at(expected, ids[inside], data[inside])
    with amalthea.config.engine("numpy"):
        np.testing.assert_allclose(getattr(ops, f"segment_{name}")(data, ids, 4), expected)


def test_segments_of_integers_and_bool():
    np.testing.assert_array_equal(ops.segment_max(np.array([3, 4], "int8"), [0, 0], 2), [4, -128])
    np.testing.assert_array_equal(ops.segment_sum([1.0, 2.0], [0, 2]), [1.0, 0.0, 2.0])
    assert ops.segment_max([True, False], [0, 1], 2).dtype == "bool"
    assert ops.segment_sum(KerasTensor((None, 3)), KerasTensor((None,), "int32")).shape == (None, 3)
    assert ops.segment_sum(KerasTensor((None, 3)), KerasTensor((None,), "int32"), 4).shape == (4, 3)


def test_segments_refuse_what_does_not_fit():
    with pytest.raises(ShapeError, match="vector"):
        ops.segment_sum(np.ones((2, 2)), [[0, 1]])
    with pytest.raises(ShapeError, match="each row"):
        ops.segment_sum(np.ones(4), [0, 1, 2], 3)
    with pytest.raises(ArgumentTypeError, match="integers"):
        ops.segment_sum(np.ones(2), [0.0, 1.0], 3)


def test_fourier_transforms_agree_with_numpy():
    z = _draw.standard_normal((3, 4, 6)) + 1j * _draw.standard_normal((3, 4, 6))
    for name, expected in (("fft", np.fft.fft(z)), ("fft2", np.fft.fft2(z)), ("ifft2", np.fft.ifft2(z))):
        real, imag = getattr(ops, name)((z.real, z.imag))
        np.testing.assert_allclose(np.asarray(real) + 1j * np.asarray(imag), expected, atol=1e-9)
    for n in (None, 4, 9):
        real, imag = ops.rfft(z.real, n)
        np.testing.assert_allclose(np.asarray(real) + 1j * np.asarray(imag), np.fft.rfft(z.real, n), atol=1e-9)
        np.testing.assert_allclose(ops.irfft((z.real, z.imag), n), np.fft.irfft(z, n), atol=1e-9)


@pytest.mark.parametrize("window", ["hann", "hamming", None, np.array([1.0, 2.0, 2.0, 1.0])])
@pytest.mark.parametrize("fft_length", [4, 8])
def test_istft_undoes_stft(window, fft_length):
    signal = _draw.standard_normal((2, 20))
    spectra = ops.stft(signal, 4, 2, fft_length, window)
    np.testing.assert_allclose(ops.istft(spectra, 4, 2, fft_length, 20, window), signal, atol=1e-6)
    assert ops.istft(spectra, 4, 2, fft_length, 50, window).shape == (2, 50)


def test_spectra_of_sizes_not_known():
    real, _ = ops.stft(KerasTensor((None, None)), 4, 2, 8)
    assert real.shape == (None, None, 5)
    assert ops.istft((KerasTensor((None, 9, 5)), KerasTensor((None, 9, 5))), 4, 2, 8).shape == (None, 16)
    assert ops.irfft((KerasTensor((2, None)), KerasTensor((2, None)))).shape == (2, None)
    assert ops.extract_sequences(KerasTensor((None, None)), 4, 3).shape == (None, None, 4)


@pytest.mark.parametrize(
    ("call", "error"),
    [
        (lambda: ops.fft(np.ones(4)), ArgumentError),
        (lambda: ops.fft((np.ones(4), np.ones(5))), ShapeError),
        (lambda: ops.fft2((np.ones(4), np.ones(4))), ShapeError),
        (lambda: ops.stft(np.ones(16), 4, 2, 3), ArgumentError),
        (lambda: ops.stft(np.ones(16), 4, 0, 8), ArgumentError),
        (lambda: ops.stft(np.ones(16), 4, 2, 8, "han"), ArgumentError),
        (lambda: ops.stft(np.ones(16), 4, 2, 8, np.ones(3)), ShapeError),
        (lambda: ops.stft(np.arange(16), 4, 2, 8), ArgumentTypeError),
        (lambda: ops.view_as_complex(np.ones((2, 3))), ShapeError),
        (lambda: ops.rfft(1.0), ShapeError),
        (lambda: ops.extract_sequences(np.ones(4), 0, 1), ArgumentError),
    ],
)
def test_fourier_refuses_what_does_not_fit(call, error):
    with pytest.raises(error):
        call()


def test_complex_views_undo_each_other():
    x = _draw.standard_normal((3, 2)).astype("float32")
    np.testing.assert_array_equal(ops.view_as_real(ops.view_as_complex(x)), x)
    np.testing.assert_allclose(ops.polar([2.0], [np.pi / 2]), [2j], atol=1e-6)


@pytest.mark.parametrize(
    ("pattern", "sizes", "expected"),
    [
        ("b h w c -> b c h w", {}, lambda x: x.transpose(0, 3, 1, 2)),
        ("b (h p) w c -> b h w (p c)", {"p": 2}, lambda x: x.reshape(2, 3, 2, 4, 3).transpose(0, 1, 3, 2, 4).reshape(2, 3, 4, 6)),
        ("b ... c -> c (b) ...", {}, lambda x: x.transpose(3, 0, 1, 2)),
        ("a b c d -> (a b) 1 (c d) ()", {}, lambda x: x.reshape(12, 1, 12, 1)),
    ],
)
def test_rearrange(pattern, sizes, expected):
    x = np.arange(144).reshape(2, 6, 4, 3)
    np.testing.assert_array_equal(ops.rearrange(x, pattern, **sizes), expected(x))


@pytest.mark.parametrize(
    ("pattern", "sizes", "error", "message"),
    [
        ("a b c d", {}, ArgumentError, "'->'"),
        ("a b c d -> a b c", {}, ArgumentError, "same axes"),
        ("a a c d -> a c d", {}, ArgumentError, "twice"),
        ("a (b c -> a b c", {}, ArgumentError, "parentheses"),
        ("a b c d -> a b c d", {"e": 2}, ArgumentError, "no axes named e"),
        ("a b c -> a b c", {}, ShapeError, "3 axes"),
        ("a (b e) c d -> a b e c d", {}, ShapeError, "all but one"),
        ("a (b e) c d -> a b e c d", {"e": 4}, ShapeError, "size 6"),
        ("a b 1 d -> a b d", {}, ShapeError, "size 4"),
    ],
)
def test_rearrange_refuses(pattern, sizes, error, message):
    with pytest.raises(error, match=message):
        ops.rearrange(np.zeros((2, 6, 4, 3)), pattern, **sizes)


def test_rearrange_sizes_not_known():
    assert ops.rearrange(KerasTensor((None, None, 4, 3)), "b (h p) w c -> b h (p w) c", p=2).shape == (None, None, 8, 3)
