"""Sequences cut out of signals, Fourier transforms, complex views.

A complex tensor goes in and out of these as a pair of real ones.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from amalthea import config, dtypes
from amalthea.engines.derived import Engine
from amalthea.engines.registry import current
from amalthea.errors import ArgumentError, ArgumentTypeError, ShapeError, nearest
from amalthea.ops.arguments import Tensor, TensorLike, as_tensor, floating, promote
from amalthea.ops.operation import operation
from amalthea.ops.windows import windows_along

_WINDOWS = ("hann", "hamming")
Pair = tuple[Tensor, Tensor]


def _complex(engine: Engine, x: Sequence[TensorLike], least_rank: int) -> Tensor:
    """The pair `x` as one complex tensor."""
    if not isinstance(x, (tuple, list)) or len(x) != 2:
        raise ArgumentError(f"`x` must be a pair of tensors, the real and the imaginary part. Received: {type(x).__name__} {x!r:.60}.")
    real, imag = (engine.widened(as_tensor(engine, part)) for part in promote(engine, *x, floating=True))
    shapes = engine.shape_of(real), engine.shape_of(imag)
    if len(shapes[0]) != len(shapes[1]) or any(a != b for a, b in zip(*shapes, strict=True) if a is not None and b is not None):
        raise ShapeError(f"The real and the imaginary part must have one shape. Received shapes {shapes[0]} and {shapes[1]}.")
    if len(shapes[0]) < least_rank:
        raise ShapeError(f"Each part of `x` must have at least {least_rank} axes. Received shape {shapes[0]}.")
    return engine.complex(real, imag)


def _parts(engine: Engine, x: Tensor) -> Pair:
    return engine.real(x), engine.imag(x)


@operation
def fft(x: tuple[TensorLike, TensorLike]) -> Pair:
    """The discrete Fourier transform along the last axis.

    Args:
        x: real and imaginary part, two tensors of one shape.

    Returns:
        Real and imaginary part of the transform, of that shape.

    Raises:
        ArgumentError: `x` is not a pair.
        ShapeError: the parts differ in shape.

    Example:
        >>> from amalthea import ops
        >>> ops.fft(([1.0, 1.0], [0.0, 0.0]))[0].tolist()
        [2.0, 0.0]
    """
    engine = current()
    return _parts(engine, engine.fft(_complex(engine, x, 1)))


@operation
def fft2(x: tuple[TensorLike, TensorLike]) -> Pair:
    """The discrete Fourier transform along the last two axes.

    Args:
        x: real and imaginary part, two tensors of one shape.

    Returns:
        Real and imaginary part of the transform, of that shape.

    Raises:
        ArgumentError: `x` is not a pair.
        ShapeError: the parts differ in shape, or have fewer than two axes.

    Example:
        >>> from amalthea import ops
        >>> ops.fft2((ops.ones((2, 2)), ops.zeros((2, 2))))[0].tolist()
        [[4.0, 0.0], [0.0, 0.0]]
    """
    engine = current()
    return _parts(engine, engine.fft2(_complex(engine, x, 2)))


@operation
def ifft2(x: tuple[TensorLike, TensorLike]) -> Pair:
    """The inverse of `fft2`.

    Args:
        x: real and imaginary part, two tensors of one shape.

    Returns:
        Real and imaginary part, of that shape.

    Raises:
        ArgumentError: `x` is not a pair.
        ShapeError: the parts differ in shape, or have fewer than two axes.

    Example:
        >>> from amalthea import ops
        >>> ops.ifft2(([[4.0, 0.0], [0.0, 0.0]], ops.zeros((2, 2))))[0].tolist()
        [[1.0, 1.0], [1.0, 1.0]]
    """
    engine = current()
    return _parts(engine, engine.ifft2(_complex(engine, x, 2)))


@operation
def rfft(x: TensorLike, fft_length: int | None = None) -> Pair:
    """The half of the Fourier transform of a real signal that says everything, along the last axis.

    Args:
        x: real tensor (..., samples).
        fft_length: how many samples are used; more than there are: zeros are added. By default all.

    Returns:
        Real and imaginary part, (..., fft_length // 2 + 1).

    Raises:
        ShapeError: `x` has no axis.

    Example:
        >>> from amalthea import ops
        >>> ops.rfft([1.0, 1.0, 1.0, 1.0])[0].tolist()
        [4.0, 0.0, 0.0]
    """
    engine = current()
    x = engine.widened(floating(engine, x))
    shape = engine.shape_of(x)
    if not shape:
        raise ShapeError("`x` must have at least one axis. Received a scalar.")
    length = shape[-1] if fft_length is None else int(fft_length)
    if length is None:  # shapes only
        return engine.zeros(shape, engine.dtype_of(x)), engine.zeros(shape, engine.dtype_of(x))
    return _parts(engine, engine.rfft(x, length))


@operation
def irfft(x: tuple[TensorLike, TensorLike], fft_length: int | None = None) -> Tensor:
    """The inverse of `rfft`.

    Args:
        x: real and imaginary part, two tensors (..., bins).
        fft_length: how many samples come out; by default `2 * (bins - 1)`.

    Returns:
        A real tensor (..., fft_length).

    Raises:
        ArgumentError: `x` is not a pair.
        ShapeError: the parts differ in shape.

    Example:
        >>> from amalthea import ops
        >>> ops.irfft(([4.0, 0.0, 0.0], [0.0, 0.0, 0.0])).tolist()
        [1.0, 1.0, 1.0, 1.0]
    """
    engine = current()
    spectrum = _complex(engine, x, 1)
    bins = engine.shape_of(spectrum)[-1]
    if bins is None and fft_length is None:  # shapes only
        return engine.real(spectrum)
    return engine.irfft(spectrum, 2 * (bins - 1) if fft_length is None else int(fft_length))


def _check_lengths(**lengths: int) -> None:
    for name, value in lengths.items():
        if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value < 1:
            raise ArgumentError(f"`{name}` must be a positive integer. Received: {name}={value!r}.")


def _frames(engine: Engine, x: Tensor, length: int, stride: int) -> Tensor:
    """(..., frames, length): every `stride`-th stretch of `length` along the last axis."""
    *batch, size = engine.shape_of(x)
    if size is None:  # shapes only
        unknown: Any = None
        return engine.zeros((*batch, unknown, length), engine.dtype_of(x))
    return windows_along(engine, x, len(batch), length, stride)


@operation
def extract_sequences(x: TensorLike, sequence_length: int, sequence_stride: int) -> Tensor:
    """Cut stretches of one length out of the last axis.

    Args:
        x: tensor (..., samples).
        sequence_length: the length of a stretch.
        sequence_stride: how far apart stretches begin.

    Returns:
        A tensor (..., count, sequence_length), of the same dtype.

    Raises:
        ArgumentError: a length is not a positive integer.

    Example:
        >>> from amalthea import ops
        >>> ops.extract_sequences(ops.arange(5), 3, 2).tolist()
        [[0, 1, 2], [2, 3, 4]]
    """
    _check_lengths(sequence_length=sequence_length, sequence_stride=sequence_stride)
    engine = current()
    x = as_tensor(engine, x)
    if not engine.shape_of(x):
        raise ShapeError("`x` must have at least one axis. Received a scalar.")
    return _frames(engine, x, int(sequence_length), int(sequence_stride))


def _window(engine: Engine, window: Any, sequence_length: int, fft_length: int, dtype: str) -> Tensor:
    """The window, in the middle of `fft_length` places."""
    before = (fft_length - sequence_length) // 2
    after = fft_length - sequence_length - before
    if window is None:
        return engine.ones((fft_length,), dtype)
    if isinstance(window, str):
        if window not in _WINDOWS:
            raise ArgumentError(f"`window` must be None, one of {_WINDOWS}, or a vector. Received: window={window!r}.{nearest(window, _WINDOWS)}")
        # Periodic: the next value would be the first one again.
        alpha = 0.5 if window == "hann" else 0.54
        values = alpha - (1.0 - alpha) * np.cos(2.0 * np.pi * np.arange(sequence_length) / sequence_length)
        return engine.from_host(np.pad(values, (before, after)), dtype)
    vector = as_tensor(engine, window, dtype)
    if engine.shape_of(vector) != (sequence_length,):
        raise ShapeError(f"`window` must have shape ({sequence_length},), that of `sequence_length`. Received shape {engine.shape_of(vector)}.")
    return engine.pad(vector, [(before, after)], 0)


def _check_spectral(sequence_length: int, sequence_stride: int, fft_length: int) -> None:
    _check_lengths(sequence_length=sequence_length, sequence_stride=sequence_stride, fft_length=fft_length)
    if fft_length < sequence_length:
        raise ArgumentError(f"`fft_length` must be at least `sequence_length`. Received: fft_length={fft_length}, sequence_length={sequence_length}.")


@operation
def stft(
    x: TensorLike, sequence_length: int, sequence_stride: int, fft_length: int, window: str | TensorLike | None = "hann", center: bool = True
) -> Pair:
    """The short-time Fourier transform: the spectra of stretches of a signal.

    Args:
        x: floating tensor (..., samples).
        sequence_length: the length of a stretch.
        sequence_stride: how far apart stretches begin.
        fft_length: the length of a transform, at least `sequence_length`; zeros fill it up.
        window: what a stretch is multiplied with: "hann", "hamming", or a vector of `sequence_length` values; None for
            nothing, and then stretches have `fft_length` samples.
        center: whether stretches have their middle at 0, `sequence_stride`, ...: the signal is mirrored at both ends.

    Returns:
        Real and imaginary part, (..., stretches, fft_length // 2 + 1).

    Raises:
        ArgumentError: a bad length, or an unknown window.
        ArgumentTypeError: `x` is not floating.
        ShapeError: `window` has the wrong size.

    Example:
        >>> from amalthea import ops
        >>> ops.stft(ops.ones((16,)), 4, 2, 8)[0].shape
        (9, 5)
    """
    _check_spectral(sequence_length, sequence_stride, fft_length)
    engine = current()
    x = as_tensor(engine, x)
    if not dtypes.is_float(engine.dtype_of(x)):
        raise ArgumentTypeError(f"`x` must be floating. Received dtype {engine.dtype_of(x)}; cast it with `ops.cast(x, {config.floatx()!r})`.")
    x = engine.widened(x)
    if center:
        x = _mirrored(engine, x, fft_length // 2)
    frames = _frames(engine, x, fft_length, int(sequence_stride))
    window = _window(engine, window, sequence_length, fft_length, engine.dtype_of(x))
    return _parts(engine, engine.rfft(engine.multiply(frames, window), fft_length))


def _mirrored(engine: Engine, x: Tensor, count: int) -> Tensor:
    """`x` with `count` elements before and after, mirrored at the ends of the last axis."""
    size = engine.shape_of(x)[-1]
    if size is None or count == 0:
        return x
    if size < 2:
        raise ShapeError(f"A signal of {size} samples cannot be mirrored. Use center=False, or a longer signal.")
    places = np.pad(np.arange(size), count, mode="reflect")
    return engine.take(x, engine.from_host(places, "int32"), len(engine.shape_of(x)) - 1)


@operation
def istft(
    x: tuple[TensorLike, TensorLike],
    sequence_length: int,
    sequence_stride: int,
    fft_length: int,
    length: int | None = None,
    window: str | TensorLike | None = "hann",
    center: bool = True,
) -> Tensor:
    """The signal whose `stft` this is.

    Args:
        x: real and imaginary part, two tensors (..., stretches, fft_length // 2 + 1).
        sequence_length: the length of a stretch.
        sequence_stride: how far apart stretches begin.
        fft_length: the length of a transform.
        length: how many samples come out; by default as many as the stretches cover.
        window: the window of the `stft`.
        center: what it was for the `stft`.

    Returns:
        A real tensor (..., samples). Where windows do not add up to anything, 0.

    Raises:
        ArgumentError: a bad length, or an unknown window.
        ShapeError: the parts differ in shape, or `window` has the wrong size.

    Reference:
        Griffin and Lim, 1984, Signal estimation from modified short-time Fourier transform.

    Example:
        >>> from amalthea import ops
        >>> signal = ops.arange(8.0)
        >>> [round(sample, 3) for sample in ops.istft(ops.stft(signal, 4, 2, 4), 4, 2, 4).tolist()]
        [0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0]
    """
    _check_spectral(sequence_length, sequence_stride, fft_length)
    engine = current()
    spectra = _complex(engine, x, 2)
    frames = engine.irfft(spectra, fft_length)
    *batch, count, _ = engine.shape_of(frames)
    before = fft_length // 2 if center else 0
    if None in (*batch, count):  # shapes only
        covered: Any = None if count is None else (count - 1) * sequence_stride + fft_length - 2 * before
        return engine.zeros((*batch, covered if length is None else length), engine.dtype_of(frames))
    full = (count - 1) * sequence_stride + fft_length
    window = _window(engine, window, sequence_length, fft_length, engine.dtype_of(frames))
    signal = _overlapped(engine, engine.multiply(frames, window), sequence_stride)
    power = _overlapped(engine, engine.broadcast_to(engine.square(window), (count, fft_length)), sequence_stride)
    covered = engine.greater(power, 1e-11)
    signal = engine.where(covered, engine.divide(signal, engine.where(covered, power, 1.0)), 0.0)
    stop = full - before if length is None else before + int(length)
    if stop > full:
        signal = engine.pad(signal, [(0, 0)] * len(batch) + [(0, stop - full)], 0)
    return engine.slice_axis(signal, len(batch), before, stop)


def _overlapped(engine: Engine, frames: Tensor, stride: int) -> Tensor:
    """(..., samples): the stretches (..., count, length) added up where they stand."""
    *batch, count, length = engine.shape_of(frames)
    places = (np.arange(count)[:, None] * stride + np.arange(length)).reshape(-1)
    rows = engine.moveaxis(engine.reshape(frames, (*batch, count * length)), len(batch), 0)
    whole = engine.segment(rows, engine.from_host(places, "int32"), (count - 1) * stride + length, "add")
    return engine.moveaxis(whole, 0, len(batch))


@operation
def view_as_complex(x: TensorLike) -> Tensor:
    """Pairs of real numbers as complex ones.

    Args:
        x: real tensor (..., 2): real and imaginary part.

    Returns:
        A complex tensor (...).

    Raises:
        ShapeError: the last axis does not have size 2.

    Example:
        >>> from amalthea import ops
        >>> ops.view_as_complex([[1.0, 2.0]]).tolist()
        [(1+2j)]
    """
    engine = current()
    x = engine.widened(floating(engine, x))
    shape = engine.shape_of(x)
    if not shape or shape[-1] not in (2, None):
        raise ShapeError(f"The last axis of `x` must have size 2: real and imaginary part. Received shape {shape}.")
    last = len(shape) - 1
    return engine.complex(engine.index_axis(x, last, 0), engine.index_axis(x, last, 1))


@operation
def view_as_real(x: TensorLike) -> Tensor:
    """Complex numbers as pairs of real ones.

    Args:
        x: complex tensor (...).

    Returns:
        A real tensor (..., 2): real and imaginary part.

    Example:
        >>> from amalthea import ops
        >>> ops.view_as_real([1.0 + 2.0j]).tolist()
        [[1.0, 2.0]]
    """
    engine = current()
    x = as_tensor(engine, x)
    return engine.stack([engine.real(x), engine.imag(x)], len(engine.shape_of(x)))
