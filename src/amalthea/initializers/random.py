"""Initializers that draw: `RandomNormal`, `RandomUniform`, `TruncatedNormal`, and their base."""

from __future__ import annotations

from typing import Any, Self

import numpy as np

from amalthea.engines.protocol import Shape
from amalthea.errors import ArgumentError
from amalthea.initializers import distributions
from amalthea.initializers.initializer import Initializer
from amalthea.random.seed import SeedGenerator, host_generator, make_default_seed

Seed = int | SeedGenerator | None


class RandomInitializer(Initializer):
    """The base of initializers that draw. One with an integer seed (or none) gives the same values at every call.

    Args:
        seed: an integer, None (one is made), or a `SeedGenerator`, which gives other values at every call.

    Raises:
        ArgumentError: `seed` is none of these.
    """

    def __init__(self, seed: Seed = None) -> None:
        if isinstance(seed, dict):
            from amalthea.saving import deserialize_keras_object

            seed = deserialize_keras_object(seed)
        if not (seed is None or isinstance(seed, (int, np.integer, SeedGenerator))) or isinstance(seed, bool):
            raise ArgumentError(f"`seed` must be None, an integer, or a `SeedGenerator`. Received: seed={seed!r} (of type {type(seed).__name__}).")
        self._given_seed: Seed = seed
        self.seed: int | SeedGenerator = make_default_seed() if seed is None else seed

    def generator(self) -> np.random.Generator:
        """The source of the next draw."""
        return self.seed.host_generator() if isinstance(self.seed, SeedGenerator) else host_generator(self.seed)

    def get_config(self) -> dict[str, Any]:
        """The arguments that `from_config` makes an equal initializer of. A seed that was not given is not among them."""
        if isinstance(self._given_seed, SeedGenerator):
            from amalthea.saving import serialize_keras_object

            return {"seed": serialize_keras_object(self._given_seed)}
        return {"seed": self._given_seed}

    def clone(self) -> Self:
        """An equal initializer; one without a seed of its own gets another."""
        return super().clone()


class RandomNormal(RandomInitializer):
    """Draws from a normal distribution.

    Args:
        mean: its mean.
        stddev: its standard deviation.
        seed: an integer, None, or a `SeedGenerator`; with an integer or None every call gives the same values.

    Example:
        >>> RandomNormal(stddev=0.01, seed=1)((2, 3)).shape
        (2, 3)
    """

    def __init__(self, mean: float = 0.0, stddev: float = 0.05, seed: Seed = None) -> None:
        self.mean, self.stddev = mean, stddev
        super().__init__(seed)

    def draw(self, shape: Shape, dtype: str) -> np.ndarray:
        """Values of a floating or complex dtype."""
        return distributions.normal(self.generator(), shape, dtype, self.mean, self.stddev)

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | {"mean": self.mean, "stddev": self.stddev}


class TruncatedNormal(RandomInitializer):
    """Draws from a normal distribution cut off two standard deviations from the mean.

    Args:
        mean: its mean.
        stddev: its standard deviation before the cut.
        seed: an integer, None, or a `SeedGenerator`; with an integer or None every call gives the same values.

    Example:
        >>> bool(abs(TruncatedNormal(stddev=1.0, seed=1)((100,))).max() <= 2)
        True
    """

    def __init__(self, mean: float = 0.0, stddev: float = 0.05, seed: Seed = None) -> None:
        self.mean, self.stddev = mean, stddev
        super().__init__(seed)

    def draw(self, shape: Shape, dtype: str) -> np.ndarray:
        """Values of a floating dtype."""
        return distributions.truncated_normal(self.generator(), shape, dtype, self.mean, self.stddev)

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | {"mean": self.mean, "stddev": self.stddev}


class RandomUniform(RandomInitializer):
    """Draws from a uniform distribution over [minval, maxval).

    Args:
        minval: the least value.
        maxval: the value that all stay below.
        seed: an integer, None, or a `SeedGenerator`; with an integer or None every call gives the same values.

    Example:
        >>> bool(abs(RandomUniform(-0.1, 0.1, seed=1)((100,))).max() <= 0.1)
        True
    """

    def __init__(self, minval: float = -0.05, maxval: float = 0.05, seed: Seed = None) -> None:
        self.minval, self.maxval = minval, maxval
        super().__init__(seed)

    def draw(self, shape: Shape, dtype: str) -> np.ndarray:
        """Values of a floating dtype."""
        return distributions.uniform(self.generator(), shape, dtype, self.minval, self.maxval)

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | {"minval": self.minval, "maxval": self.maxval}
