"""Noise in training: added, or multiplied."""

from __future__ import annotations

import math
from typing import Any

from amalthea import ops, random, regularizers
from amalthea.errors import ArgumentError
from amalthea.layers.layer import Layer
from amalthea.layers.weighted import rate_of


class GaussianNoise(Layer):
    """In training, normal noise is added.

    Args:
        stddev: its deviation.
        seed: a seed for the draws.
        **kwargs: arguments of `Layer`.

    Output shape:
        That of the input.

    Example:
        >>> import amalthea
        >>> amalthea.layers.GaussianNoise(0.1)(amalthea.ops.ones((1, 2))).tolist()
        [[1.0, 1.0]]
    """

    def __init__(self, stddev: float, seed: int | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if not isinstance(stddev, (int, float)) or stddev < 0:
            raise ArgumentError(f"`stddev` of GaussianNoise must be a number of at least 0. Received: stddev={stddev!r}.")
        self.stddev, self.seed = stddev, seed
        self.supports_masking = True
        if stddev > 0:
            self.seed_generator = random.SeedGenerator(seed)
        self.built = True

    def call(self, inputs: Any, training: bool = False) -> Any:
        if not training or self.stddev == 0:
            return inputs
        return inputs + random.normal(ops.shape(inputs), stddev=self.stddev, dtype=self.compute_dtype, seed=self.seed_generator)

    def compute_output_shape(self, input_shape: Any) -> Any:
        return input_shape

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "stddev": self.stddev, "seed": self.seed}


class GaussianDropout(Layer):
    """In training, the inputs are multiplied by normal noise of mean 1.

    Args:
        rate: the share that dropout would drop, from 0 to 1; the deviation is `sqrt(rate / (1 - rate))`.
        seed: a seed for the draws.
        **kwargs: arguments of `Layer`.

    Output shape:
        That of the input.

    Reference:
        Srivastava et al., "Dropout", JMLR 2014, section 10.

    Example:
        >>> import amalthea
        >>> amalthea.layers.GaussianDropout(0.5)(amalthea.ops.ones((1, 2))).tolist()
        [[1.0, 1.0]]
    """

    def __init__(self, rate: float, seed: int | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.rate, self.seed = rate_of("GaussianDropout", "rate", rate), seed
        self.supports_masking = True
        if self.rate > 0:
            self.seed_generator = random.SeedGenerator(seed)
        self.built = True

    def call(self, inputs: Any, training: bool = False) -> Any:
        if not training or self.rate == 0:
            return inputs
        deviation = math.sqrt(self.rate / (1.0 - self.rate))
        return inputs * random.normal(ops.shape(inputs), mean=1.0, stddev=deviation, dtype=self.compute_dtype, seed=self.seed_generator)

    def compute_output_shape(self, input_shape: Any) -> Any:
        return input_shape

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "rate": self.rate, "seed": self.seed}


class AlphaDropout(Layer):
    """Dropout that keeps mean and variance of inputs that `selu` normalized: what is dropped takes the value to which `selu` falls.

    Args:
        rate: the share that is dropped, from 0 to 1.
        noise_shape: the shape of the draw; what has size 1 in it is dropped along the axis.
        seed: a seed for the draws.
        **kwargs: arguments of `Layer`.

    Output shape:
        That of the input.

    Reference:
        Klambauer et al., "Self-Normalizing Neural Networks", NeurIPS 2017.

    Example:
        >>> import amalthea
        >>> amalthea.layers.AlphaDropout(0.5)(amalthea.ops.ones((1, 2))).tolist()
        [[1.0, 1.0]]
    """

    def __init__(self, rate: float, noise_shape: Any = None, seed: int | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.rate, self.noise_shape, self.seed = rate_of("AlphaDropout", "rate", rate), noise_shape, seed
        self.supports_masking = True
        if self.rate > 0:
            self.seed_generator = random.SeedGenerator(seed)
        self.built = True

    def call(self, inputs: Any, training: bool = False) -> Any:
        if not training or self.rate == 0:
            return inputs
        floor = -1.7580993408473766  # -alpha * scale of selu
        factor = ((1.0 - self.rate) * (1.0 + self.rate * floor**2)) ** -0.5
        offset = -factor * floor * self.rate
        shape = ops.shape(inputs)
        if self.noise_shape is not None:
            shape = tuple(size if wanted is None else wanted for wanted, size in zip(self.noise_shape, shape, strict=True))
        kept = ops.greater_equal(random.uniform(shape, seed=self.seed_generator), self.rate)
        return ops.where(kept, inputs, ops.cast(floor, inputs.dtype)) * factor + offset

    def compute_output_shape(self, input_shape: Any) -> Any:
        return input_shape

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "rate": self.rate, "seed": self.seed, "noise_shape": self.noise_shape}


class ActivityRegularization(Layer):
    """The inputs as they are; a regularizer of them is added to the losses.

    Args:
        l1: the factor of the sum of magnitudes.
        l2: the factor of the sum of squares.
        **kwargs: arguments of `Layer`.

    Output shape:
        That of the input.

    Example:
        >>> import amalthea
        >>> layer = amalthea.layers.ActivityRegularization(l1=0.5)
        >>> y = layer(amalthea.ops.ones((1, 4)))
        >>> float(layer.losses[0])
        2.0
    """

    def __init__(self, l1: float = 0.0, l2: float = 0.0, **kwargs: Any) -> None:
        super().__init__(activity_regularizer=regularizers.L1L2(l1=l1, l2=l2), **kwargs)
        self.l1, self.l2 = l1, l2
        self.supports_masking = True
        self.built = True

    def call(self, inputs: Any) -> Any:
        return inputs

    def compute_output_shape(self, input_shape: Any) -> Any:
        return input_shape

    def get_config(self) -> dict[str, Any]:
        config = super().get_config()
        config.pop("activity_regularizer", None)
        return {**config, "l1": self.l1, "l2": self.l2}
