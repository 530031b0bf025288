"""Dropout, of single numbers and of whole channels."""

from __future__ import annotations

from typing import Any

from amalthea import config, ops, random
from amalthea.layers.input_spec import InputSpec
from amalthea.layers.layer import Layer
from amalthea.layers.weighted import rate_of


class Dropout(Layer):
    """In training, a share of the inputs is set to 0, at random, and the rest scaled so that the expected sum stays.

    Args:
        rate: the share that is dropped, from 0 to 1.
        noise_shape: the shape of the draw; where it has size 1 (or None has the size of the input), what is dropped is dropped along the axis.
        seed: a seed for the draws.
        **kwargs: arguments of `Layer`.

    Call arguments:
        inputs: a tensor of any shape.
        training: whether anything is dropped.

    Output shape:
        That of the input.

    Reference:
        Srivastava et al., "Dropout: A Simple Way to Prevent Neural Networks from Overfitting", JMLR 2014.

    Example:
        >>> import amalthea
        >>> amalthea.layers.Dropout(0.5)(amalthea.ops.ones((2, 2))).tolist()
        [[1.0, 1.0], [1.0, 1.0]]
    """

    def __init__(self, rate: float, noise_shape: Any = None, seed: int | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.rate = rate_of(type(self).__name__, "rate", rate)
        self.seed = seed
        self.noise_shape = noise_shape
        self.supports_masking = True
        if self.rate > 0:
            self.seed_generator = random.SeedGenerator(seed)
        self.built = True

    def _noise_shape(self, inputs: Any) -> Any:
        if self.noise_shape is None:
            return None
        return tuple(size if wanted is None else wanted for wanted, size in zip(self.noise_shape, ops.shape(inputs), strict=True))

    def call(self, inputs: Any, training: bool = False) -> Any:
        if not training or self.rate == 0:
            return inputs
        return random.dropout(inputs, rate=self.rate, noise_shape=self._noise_shape(inputs), seed=self.seed_generator)

    def compute_output_shape(self, input_shape: Any) -> Any:
        return input_shape

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "rate": self.rate, "seed": self.seed, "noise_shape": self.noise_shape}


class BaseSpatialDropout(Dropout):
    """Dropout of whole channels over `rank` axes of space. Not for use by itself.

    Args:
        rank: the number of axes of space.
        rate: the share of channels that is dropped.
        seed: a seed for the draws.
        data_format: "channels_last" or "channels_first".
        **kwargs: arguments of `Layer`.
    """

    def __init__(self, rank: int, rate: float, seed: int | None = None, data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(rate, seed=seed, **kwargs)
        self.rank = rank
        self.data_format = config.standardize_data_format(data_format)
        self.input_spec = InputSpec(ndim=rank + 2)

    def _noise_shape(self, inputs: Any) -> Any:
        batch, *_, last = shape = ops.shape(inputs)
        space = (1,) * self.rank
        return (batch, *space, last) if self.data_format == "channels_last" else (batch, shape[1], *space)

    def get_config(self) -> dict[str, Any]:
        # Keras's class takes no `trainable`, and the policy by its name; so its files have them like this.
        config = {"name": self.name, "dtype": self.dtype_policy.name}
        return {**config, "rate": self.rate, "seed": self.seed, "data_format": self.data_format}


class SpatialDropout1D(BaseSpatialDropout):
    """In training, whole channels of a sequence are dropped.

    Args:
        rate: the share of channels that is dropped.
        seed: a seed for the draws.
        **kwargs: arguments of `Layer`.

    Input shape:
        `(batch, steps, channels)`.

    Output shape:
        That of the input.

    Reference:
        Tompson et al., "Efficient Object Localization Using Convolutional Networks", CVPR 2015, section 3.2.

    Example:
        >>> import amalthea
        >>> amalthea.layers.SpatialDropout1D(0.5)(amalthea.ops.ones((1, 3, 2))).shape
        (1, 3, 2)
    """

    def __init__(self, rate: float, seed: int | None = None, **kwargs: Any) -> None:
        super().__init__(1, rate, seed, "channels_last", **kwargs)

    def get_config(self) -> dict[str, Any]:
        config = super().get_config()
        del config["data_format"]
        return config


class SpatialDropout2D(BaseSpatialDropout):
    """In training, whole channels of images are dropped.

    Args:
        rate: the share of channels that is dropped.
        data_format: "channels_last" or "channels_first".
        seed: a seed for the draws.
        **kwargs: arguments of `Layer`.

    Input shape:
        `(batch, height, width, channels)`, or with the channels after the batch.

    Output shape:
        That of the input.

    Reference:
        Tompson et al., "Efficient Object Localization Using Convolutional Networks", CVPR 2015, section 3.2.

    Example:
        >>> import amalthea
        >>> amalthea.layers.SpatialDropout2D(0.5)(amalthea.ops.ones((1, 3, 3, 2))).shape
        (1, 3, 3, 2)
    """

    def __init__(self, rate: float, data_format: str | None = None, seed: int | None = None, **kwargs: Any) -> None:
        super().__init__(2, rate, seed, data_format, **kwargs)


class SpatialDropout3D(BaseSpatialDropout):
    """In training, whole channels of volumes are dropped.

    Args:
        rate: the share of channels that is dropped.
        data_format: "channels_last" or "channels_first".
        seed: a seed for the draws.
        **kwargs: arguments of `Layer`.

    Input shape:
        `(batch, depth, height, width, channels)`, or with the channels after the batch.

    Output shape:
        That of the input.

    Example:
        >>> import amalthea
        >>> amalthea.layers.SpatialDropout3D(0.5)(amalthea.ops.ones((1, 3, 3, 3, 2))).shape
        (1, 3, 3, 3, 2)
    """

    def __init__(self, rate: float, data_format: str | None = None, seed: int | None = None, **kwargs: Any) -> None:
        super().__init__(3, rate, seed, data_format, **kwargs)
