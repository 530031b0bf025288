"""Window functions of signal processing, by the names that SciPy has for them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from amalthea.errors import ArgumentError, nearest

# Sums of cosines: the coefficients a0, a1, ... of a0 - a1 cos(t) + a2 cos(2t) - ...
_COSINES: dict[str, tuple[float, ...]] = {
    "boxcar": (1.0,),
    "hann": (0.5, 0.5),
    "hamming": (0.54, 0.46),
    "blackman": (0.42, 0.5, 0.08),
    "nuttall": (0.3635819, 0.4891775, 0.1365995, 0.0106411),
    "blackmanharris": (0.35875, 0.48829, 0.14128, 0.01168),
    "flattop": (0.21557895, 0.41663158, 0.277263158, 0.083578947, 0.006947368),
}


def _cosines(name: str) -> Callable[[int], Any]:
    def window(size: int) -> Any:
        angle = 2.0 * np.pi * np.arange(size) / max(size - 1, 1)
        return np.sum([(-1) ** k * a * np.cos(k * angle) for k, a in enumerate(_COSINES[name])], axis=0)

    return window


def _triang(size: int) -> Any:
    distance = np.abs(2.0 * np.arange(size) - (size - 1))
    return 1.0 - distance / (size + size % 2)


def _cosine(size: int) -> Any:
    return np.sin(np.pi * (np.arange(size) + 0.5) / size)


def _tukey(size: int, taper: float = 0.5) -> np.ndarray:
    edge = np.minimum(np.arange(size), size - 1 - np.arange(size)) / max(size - 1, 1)
    if taper <= 0:
        return np.ones(size)
    return np.where(edge < taper / 2.0, 0.5 - 0.5 * np.cos(2.0 * np.pi * edge / taper), 1.0)


_WINDOWS: dict[str, Callable[..., Any]] = {
    **{name: _cosines(name) for name in _COSINES},
    "bartlett": np.bartlett,
    "triang": _triang,
    "cosine": _cosine,
    "tukey": _tukey,
    "kaiser": np.kaiser,
}


def get_window(window: str | tuple[Any, ...] | float | None, size: int, periodic: bool) -> Any:
    """The values of a window.

    Args:
        window: its name; a tuple of the name and a parameter, for "tukey" and "kaiser"; a number, which is the parameter of "kaiser";
            or None for ones.
        size: how many values.
        periodic: whether it is one period (for spectra), rather than symmetric (for filters).

    Returns:
        An array of shape (size,), float64.

    Raises:
        ArgumentError: there is no such window.

    Example:
        >>> get_window("hann", 4, periodic=True).round(4).tolist()
        [0.0, 0.5, 1.0, 0.5]
    """
    if window is None:
        return np.ones(size)
    name, *parameters = ("kaiser", window) if isinstance(window, (int, float)) else (window,) if isinstance(window, str) else window
    if name not in _WINDOWS:
        raise ArgumentError(f"Unknown window {name!r}. The windows are: {', '.join(_WINDOWS)}.{nearest(str(name), _WINDOWS)}")
    if size == 1:
        return np.ones(1)
    return _WINDOWS[name](size + periodic, *parameters)[:size]
