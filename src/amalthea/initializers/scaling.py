"""Initializers whose spread follows from the shape: `VarianceScaling`, and the Glorot, He and Lecun families."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from amalthea.engines.protocol import Shape
from amalthea.errors import ArgumentError, ShapeError, nearest
from amalthea.initializers import distributions
from amalthea.initializers.random import RandomInitializer, Seed

Axes = int | Sequence[int] | None

_MODES = ("fan_in", "fan_out", "fan_avg")
_DISTRIBUTIONS = ("truncated_normal", "untruncated_normal", "uniform")


def compute_fans(shape: Shape, input_axes: Axes = None, output_axes: Axes = None) -> tuple[int, int]:
    """How many inputs each output of a kernel has, and how many outputs each input.

    Args:
        shape: the kernel's shape. By default it is (*window, inputs, outputs).
        input_axes: the axes of the inputs; heeded if `output_axes` is given too.
        output_axes: the axes of the outputs; likewise.

    Returns:
        The two numbers; for a vector both are its size, for a scalar 1.

    Raises:
        ShapeError: an axis is not there.

    Example:
        >>> compute_fans((3, 3, 4, 8))
        (36, 72)
        >>> compute_fans((4, 2, 8), input_axes=0, output_axes=(1, 2))
        (4, 16)
    """
    if input_axes is not None and output_axes is not None:
        return _size(shape, input_axes, "input_axes"), _size(shape, output_axes, "output_axes")
    if len(shape) < 2:
        return (int(shape[0]),) * 2 if shape else (1, 1)
    window = math.prod(shape[:-2])
    return window * int(shape[-2]), window * int(shape[-1])


def _size(shape: Shape, axes: int | Sequence[int], name: str) -> int:
    try:
        return math.prod(int(shape[axis]) for axis in ((axes,) if isinstance(axes, int) else axes))
    except IndexError:
        raise ShapeError(f"`{name}`={axes} is out of range for the shape {shape} that was asked for.") from None


class VarianceScaling(RandomInitializer):
    """Draws whose variance is `scale / n`, where `n` is the number of inputs or outputs of a unit.

    Args:
        scale: a positive factor.
        mode: what `n` is: "fan_in" (inputs), "fan_out" (outputs), or "fan_avg" (their mean).
        distribution: "truncated_normal" ("normal" is the same), "untruncated_normal", or "uniform".
        seed: an integer, None, or a `SeedGenerator`; with an integer or None every call gives the same values.
        input_axes: the axes of a kernel that are its inputs, where they are not the last but one; heeded together with `output_axes`.
        output_axes: the axes that are its outputs, where they are not the last.

    Raises:
        ArgumentError: an argument is none of those named.

    Example:
        >>> values = VarianceScaling(2.0, "fan_in", "untruncated_normal", seed=1)((200, 100))
        >>> round(float(values.std()), 1)
        0.1
    """

    def __init__(
        self,
        scale: float = 1.0,
        mode: str = "fan_in",
        distribution: str = "truncated_normal",
        seed: Seed = None,
        input_axes: Axes = None,
        output_axes: Axes = None,
    ) -> None:
        if not scale > 0:
            raise ArgumentError(f"`scale` must be positive. Received: scale={scale}.")
        distribution = str(distribution).lower()
        self.scale = scale
        self.mode = _one_of("mode", mode, _MODES)
        self.distribution = "truncated_normal" if distribution == "normal" else _one_of("distribution", distribution, _DISTRIBUTIONS)
        self.input_axes, self.output_axes = input_axes, output_axes
        super().__init__(seed)

    def draw(self, shape: Shape, dtype: str) -> np.ndarray:
        """Values of a floating dtype."""
        fan_in, fan_out = compute_fans(shape, self.input_axes, self.output_axes)
        fan = {"fan_in": fan_in, "fan_out": fan_out, "fan_avg": (fan_in + fan_out) / 2.0}[self.mode]
        deviation = math.sqrt(self.scale / max(1.0, fan))
        if self.distribution == "uniform":
            edge = math.sqrt(3.0) * deviation
            return distributions.uniform(self.generator(), shape, dtype, -edge, edge)
        if self.distribution == "untruncated_normal":
            return distributions.normal(self.generator(), shape, dtype, 0.0, deviation)
        return distributions.truncated_normal(self.generator(), shape, dtype, 0.0, deviation / distributions.TRUNCATED_DEVIATION)

    def get_config(self) -> dict[str, Any]:
        own = {"scale": self.scale, "mode": self.mode, "distribution": self.distribution}
        return super().get_config() | own | {"input_axes": self.input_axes, "output_axes": self.output_axes}


def _one_of(name: str, value: Any, allowed: tuple[str, ...]) -> str:
    found = str(value).lower()
    if found not in allowed:
        raise ArgumentError(f"`{name}` must be one of {', '.join(map(repr, allowed))}. Received: {name}={value!r}.{nearest(found, allowed)}")
    return found


class _Scaled(VarianceScaling):
    """A `VarianceScaling` whose scale, mode and distribution are fixed by the class."""

    _fixed: tuple[float, str, str]

    def __init__(self, seed: Seed = None, input_axes: Axes = None, output_axes: Axes = None) -> None:
        super().__init__(*self._fixed, seed, input_axes, output_axes)

    def get_config(self) -> dict[str, Any]:
        config = super().get_config()
        return {name: config[name] for name in ("seed", "input_axes", "output_axes")}


class GlorotUniform(_Scaled):
    """Xavier's uniform initializer: over [-a, a), with `a = sqrt(6 / (inputs + outputs))`.

    Args:
        seed: an integer, None, or a `SeedGenerator`; with an integer or None every call gives the same values.
        input_axes: the axes of a kernel that are its inputs, where they are not the last but one.
        output_axes: the axes that are its outputs, where they are not the last.

    Reference:
        Glorot and Bengio, "Understanding the difficulty of training deep feedforward neural networks", 2010.

    Example:
        >>> bool(abs(GlorotUniform(seed=1)((2, 4))).max() <= 1)
        True
    """

    _fixed = (1.0, "fan_avg", "uniform")


class GlorotNormal(_Scaled):
    """Xavier's normal initializer: truncated, of variance `2 / (inputs + outputs)`.

    Args:
        seed: an integer, None, or a `SeedGenerator`; with an integer or None every call gives the same values.
        input_axes: the axes of a kernel that are its inputs, where they are not the last but one.
        output_axes: the axes that are its outputs, where they are not the last.

    Reference:
        Glorot and Bengio, "Understanding the difficulty of training deep feedforward neural networks", 2010.

    Example:
        >>> GlorotNormal(seed=1)((2, 4)).shape
        (2, 4)
    """

    _fixed = (1.0, "fan_avg", "truncated_normal")


class LecunNormal(_Scaled):
    """LeCun's normal initializer: truncated, of variance `1 / inputs`.

    Args:
        seed: an integer, None, or a `SeedGenerator`; with an integer or None every call gives the same values.
        input_axes: the axes of a kernel that are its inputs, where they are not the last but one.
        output_axes: the axes that are its outputs, where they are not the last.

    Reference:
        Klambauer et al., "Self-normalizing neural networks", 2017.

    Example:
        >>> LecunNormal(seed=1)((2, 4)).shape
        (2, 4)
    """

    _fixed = (1.0, "fan_in", "truncated_normal")


class LecunUniform(_Scaled):
    """LeCun's uniform initializer: over [-a, a), with `a = sqrt(3 / inputs)`.

    Args:
        seed: an integer, None, or a `SeedGenerator`; with an integer or None every call gives the same values.
        input_axes: the axes of a kernel that are its inputs, where they are not the last but one.
        output_axes: the axes that are its outputs, where they are not the last.

    Reference:
        LeCun et al., "Efficient backprop", 1998.

    Example:
        >>> bool(abs(LecunUniform(seed=1)((3, 4))).max() <= 1)
        True
    """

    _fixed = (1.0, "fan_in", "uniform")


class HeNormal(_Scaled):
    """He's normal initializer: truncated, of variance `2 / inputs`.

    Args:
        seed: an integer, None, or a `SeedGenerator`; with an integer or None every call gives the same values.
        input_axes: the axes of a kernel that are its inputs, where they are not the last but one.
        output_axes: the axes that are its outputs, where they are not the last.

    Reference:
        He et al., "Delving deep into rectifiers", 2015.

    Example:
        >>> HeNormal(seed=1)((2, 4)).shape
        (2, 4)
    """

    _fixed = (2.0, "fan_in", "truncated_normal")


class HeUniform(_Scaled):
    """He's uniform initializer: over [-a, a), with `a = sqrt(6 / inputs)`.

    Args:
        seed: an integer, None, or a `SeedGenerator`; with an integer or None every call gives the same values.
        input_axes: the axes of a kernel that are its inputs, where they are not the last but one.
        output_axes: the axes that are its outputs, where they are not the last.

    Reference:
        He et al., "Delving deep into rectifiers", 2015.

    Example:
        >>> bool(abs(HeUniform(seed=1)((6, 4))).max() <= 1)
        True
    """

    _fixed = (2.0, "fan_in", "uniform")
