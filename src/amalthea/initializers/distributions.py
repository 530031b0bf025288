"""Draws on the host, from a NumPy generator."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from amalthea import dtypes
from amalthea.engines.protocol import Shape
from amalthea.errors import ArgumentError

# Giles's polynomial for erfinv(x) / x, in w = -log(1 - x**2) - 2.5; exact to single precision while w < 2.5. Two standard
# deviations are at w = 2.41 - 2.5, so the other polynomial, for the far tails, is never needed.
_ERFINV = (2.81022636e-08, 3.43273939e-07, -3.5233877e-06, -4.39150654e-06, 0.00021858087, -0.00125372503, -0.00417768164, 0.246640727, 1.50140941)

EDGE = 2.0
"""Where truncated normals end, in standard deviations."""

TRUNCATED_DEVIATION = 0.87962566103423978
"""The standard deviation of a standard normal that is truncated at `EDGE`."""


def _working_dtype(dtype: str) -> str:
    return "float64" if dtype == "float64" else "float32"


def _unit(generator: np.random.Generator, shape: Shape, dtype: str) -> Any:
    if not dtypes.is_float(dtype):
        raise ArgumentError(f"Random initializers make floating tensors. Received: dtype={dtype!r}.")
    return generator.random(shape, dtype=np.dtype(_working_dtype(dtype)).type)


def uniform(generator: np.random.Generator, shape: Shape, dtype: str, low: float, high: float) -> np.ndarray:
    """Uniform over [low, high)."""
    values = _unit(generator, shape, dtype) * (high - low) + low
    return np.asarray(values, dtypes.numpy_dtype(dtype))


def normal(generator: np.random.Generator, shape: Shape, dtype: str, mean: float, deviation: float) -> np.ndarray:
    """Normal; complex numbers have the variance in all."""
    if dtypes.is_complex(dtype):
        parts = generator.standard_normal((2, *shape)) * math.sqrt(0.5)
        return np.asarray((parts[0] + 1j * parts[1]) * deviation + mean, dtype)
    if not dtypes.is_float(dtype):
        raise ArgumentError(f"Random initializers make floating tensors. Received: dtype={dtype!r}.")
    values = generator.standard_normal(shape, dtype=np.dtype(_working_dtype(dtype)).type)
    return np.asarray(values * deviation + mean, dtypes.numpy_dtype(dtype))


def truncated_normal(generator: np.random.Generator, shape: Shape, dtype: str, mean: float, deviation: float) -> np.ndarray:
    """Normal, cut off at two standard deviations: the inverse of the distribution function at uniform points.

    Reference:
        Giles, "Approximating the erfinv function", GPU Computing Gems, 2010.
    """
    mass = math.erf(EDGE / math.sqrt(2.0))
    x = _unit(generator, shape, dtype) * (2.0 * mass) - mass
    w = -np.log1p(-x * x) - 2.5
    ratio = np.full_like(x, _ERFINV[0])
    for coefficient in _ERFINV[1:]:
        ratio = ratio * w + coefficient
    values = np.clip(ratio * x * math.sqrt(2.0), -EDGE, EDGE)
    return np.asarray(values * deviation + mean, dtypes.numpy_dtype(dtype))
