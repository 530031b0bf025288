"""`STFT`: kernels with which a convolution computes a short-time Fourier transform."""

from __future__ import annotations

from typing import Any

import numpy as np

from amalthea import dtypes
from amalthea.engines.protocol import Shape
from amalthea.errors import ArgumentError, ShapeError, nearest
from amalthea.initializers.initializer import Initializer
from amalthea.initializers.windows import get_window

_SIDES = ("real", "imag")
_SCALINGS = ("density", "spectrum", None)


class STFT(Initializer):
    """The real or imaginary part of the short-time Fourier transform, as the kernel of a one-dimensional convolution.

    For the frame `x` of a signal, the filter of frequency `k` gives the part of `sum_t w[t] x[t] exp(-2 pi i k t / n)`, where `w` is
    the window, and `n` is twice the number of filters less 2.

    Args:
        side: "real" or "imag".
        window: the window's name, as "hann", "hamming", "blackman", or a tuple of a name and a parameter; None for none.
        scaling: "density" (the window's squares sum to 1), "spectrum" (its values sum to 1), or None. Without a window there is none.
        periodic: whether the window is periodic rather than symmetric.

    Raises:
        ArgumentError: an argument is none of those named.
        ShapeError: (when called) the shape is not (frame, channels, frequencies).

    Reference:
        Oppenheim and Schafer, "Discrete-time signal processing", chapter 10.

    Example:
        >>> STFT("real", window=None)((4, 1, 3))[:, 0, 2].tolist()
        [1.0, -1.0, 1.0, -1.0]
    """

    def __init__(self, side: str = "real", window: Any = "hann", scaling: str | None = "density", periodic: bool = False) -> None:
        if side not in _SIDES:
            raise ArgumentError(f'`side` must be "real" or "imag". Received: side={side!r}.')
        if scaling not in _SCALINGS:
            raise ArgumentError(
                f'`scaling` must be "density", "spectrum" or None. Received: scaling={scaling!r}.{nearest(str(scaling), _SCALINGS[:2])}'
            )
        get_window(window, 2, periodic)
        self.side, self.window, self.scaling, self.periodic = side, window, scaling, periodic

    def draw(self, shape: Shape, dtype: str) -> np.ndarray:
        """The kernel of shape (frame, channels, frequencies), alike for all channels."""
        if len(shape) != 3:
            raise ShapeError(f"`STFT` makes kernels of shape (frame, channels, frequencies). Received: shape={shape}.")
        frame, _, frequencies = shape
        window = get_window(self.window, frame, self.periodic)
        if self.window is not None and self.scaling is not None:
            window = window / (np.sqrt(np.sum(window**2)) if self.scaling == "density" else np.sum(window))
        angle = np.pi / max(frequencies - 1, 1) * np.outer(np.arange(frame), np.arange(frequencies))
        waves = np.cos(angle) if self.side == "real" else -np.sin(angle)
        return np.broadcast_to((window[:, None] * waves)[:, None, :], shape).astype(dtypes.numpy_dtype(dtype))

    def get_config(self) -> dict[str, Any]:
        return {"side": self.side, "window": self.window, "periodic": self.periodic, "scaling": self.scaling}
