"""`BatchNormalization`: channels with mean 0 and deviation 1 over the batch."""

from __future__ import annotations

from typing import Any

from amalthea import ops
from amalthea.errors import ArgumentError
from amalthea.layers.input_spec import InputSpec
from amalthea.layers.layer import Layer
from amalthea.layers.normalization.fused import normalize_by_batch
from amalthea.layers.weighted import described, new_weight, resolve

_SETTINGS = (
    "beta_initializer",
    "gamma_initializer",
    "moving_mean_initializer",
    "moving_variance_initializer",
    "beta_regularizer",
    "gamma_regularizer",
    "beta_constraint",
    "gamma_constraint",
)


class BatchNormalization(Layer):
    """Normalize each channel by its mean and variance: those of the batch in training, their moving averages elsewhere.

    `gamma * (inputs - mean) / sqrt(variance + epsilon) + beta`

    Args:
        axis: the axis of the channels.
        momentum: how much of the moving averages stays at each step.
        epsilon: is added to the variance.
        center: whether `beta` is added.
        scale: whether `gamma` multiplies.
        beta_initializer: the first value of `beta`.
        gamma_initializer: the first value of `gamma`.
        moving_mean_initializer: the first value of the moving mean.
        moving_variance_initializer: the first value of the moving variance.
        beta_regularizer: a regularizer of `beta`.
        gamma_regularizer: a regularizer of `gamma`.
        beta_constraint: a constraint on `beta`.
        gamma_constraint: a constraint on `gamma`.
        renorm: batch renormalization, which is not supported; must be False.
        renorm_clipping: belongs to `renorm`.
        renorm_momentum: belongs to `renorm`.
        synchronized: whether replicas share the statistics of the batch; has an effect where there are several.
        **kwargs: arguments of `Layer`. A layer that is not trainable uses its moving averages in training too.

    Call arguments:
        inputs: a tensor of any rank from 2.
        training: whether the statistics of the batch are used.
        mask: bool, for steps `(batch, steps)`: those left out of the statistics are False.

    Output shape:
        That of the input.

    Reference:
        Ioffe and Szegedy, "Batch Normalization", ICML 2015.

    Example:
        >>> import amalthea
        >>> layer = amalthea.layers.BatchNormalization()
        >>> amalthea.ops.round(layer(amalthea.ops.convert_to_tensor([[1.0], [3.0]]), training=True), 2).tolist()
        [[-1.0], [1.0]]
    """

    def __init__(
        self,
        axis: int = -1,
        momentum: float = 0.99,
        epsilon: float = 1e-3,
        center: bool = True,
        scale: bool = True,
        beta_initializer: Any = "zeros",
        gamma_initializer: Any = "ones",
        moving_mean_initializer: Any = "zeros",
        moving_variance_initializer: Any = "ones",
        beta_regularizer: Any = None,
        gamma_regularizer: Any = None,
        beta_constraint: Any = None,
        gamma_constraint: Any = None,
        renorm: bool = False,
        renorm_clipping: Any = None,
        renorm_momentum: float = 0.99,
        synchronized: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        if not isinstance(axis, int):
            raise ArgumentError(f"`axis` of BatchNormalization must be an integer. Received: axis={axis!r}.")
        self.axis = axis
        self.momentum, self.epsilon = float(momentum), float(epsilon)
        if not 0 <= self.momentum <= 1:
            raise ArgumentError(f"`momentum` of BatchNormalization must be a number from 0 to 1. Received: momentum={momentum!r}.")
        if renorm:
            raise ArgumentError(
                "Batch renormalization (`renorm=True`) is not supported. Use a larger batch, or GroupNormalization, for small batches."
            )
        self.renorm, self.renorm_clipping, self.renorm_momentum = renorm, renorm_clipping, renorm_momentum
        self.center, self.scale, self.synchronized = center, scale, synchronized
        values = (
            beta_initializer,
            gamma_initializer,
            moving_mean_initializer,
            moving_variance_initializer,
            beta_regularizer,
            gamma_regularizer,
            beta_constraint,
            gamma_constraint,
        )
        resolve(self, dict(zip(_SETTINGS, values, strict=True)))
        self.supports_masking = True

    def build(self, input_shape: Any) -> None:
        channels = input_shape[self.axis]
        shape = (channels,)
        self.gamma = self.beta = None
        if self.scale:
            self.gamma = new_weight(self, "gamma", shape)
        if self.center:
            self.beta = new_weight(self, "beta", shape)
        self.moving_mean = new_weight(self, "moving_mean", shape, trainable=False, autocast=False)
        self.moving_variance = new_weight(self, "moving_variance", shape, trainable=False, autocast=False)
        self.input_spec = InputSpec(ndim=len(input_shape), axes={self.axis: channels})

    def call(self, inputs: Any, training: bool | None = None, mask: Any = None) -> Any:
        # Statistics in half precision would be worth little.
        narrow = self.compute_dtype in ("float16", "bfloat16")
        x = ops.cast(inputs, "float32") if narrow else inputs
        gamma, beta = (None if weight is None else ops.cast(weight, x.dtype) for weight in (self.gamma, self.beta))
        if training and self.trainable and mask is None:
            outputs, mean, variance = normalize_by_batch(x, self.axis, beta, gamma, self.epsilon)
            self._remember(mean, variance)
        else:
            if training and self.trainable:
                mean, variance = self._masked_moments(x, mask)
                self._remember(mean, variance)
            else:
                mean, variance = (ops.cast(moving, x.dtype) for moving in (self.moving_mean, self.moving_variance))
            outputs = ops.batch_normalization(x, mean=mean, variance=variance, axis=self.axis, offset=beta, scale=gamma, epsilon=self.epsilon)
        return ops.cast(outputs, self.compute_dtype) if narrow else outputs

    def _remember(self, mean: Any, variance: Any) -> None:
        for moving, found in ((self.moving_mean, mean), (self.moving_variance, variance)):
            moving.assign(moving * self.momentum + ops.cast(found, moving.dtype) * (1.0 - self.momentum))

    def _masked_moments(self, x: Any, mask: Any) -> tuple[Any, Any]:
        channel_axis = self.axis % len(x.shape)
        axes = tuple(axis for axis in range(len(x.shape)) if axis != channel_axis)
        weights = ops.cast(mask, x.dtype)
        weights = ops.broadcast_to(ops.reshape(weights, ops.shape(mask) + (1,) * (len(x.shape) - len(mask.shape))), ops.shape(x))
        count = ops.maximum(ops.sum(weights, axis=axes, keepdims=True), self.epsilon)
        mean = ops.sum(x * weights, axis=axes, keepdims=True) / count
        variance = ops.sum(ops.square(x - mean) * weights, axis=axes, keepdims=True) / count
        return ops.squeeze(mean, axes), ops.squeeze(variance, axes)

    def compute_output_shape(self, input_shape: Any) -> Any:
        return input_shape

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "axis": self.axis,
            "momentum": self.momentum,
            "epsilon": self.epsilon,
            "center": self.center,
            "scale": self.scale,
            **described(self, *_SETTINGS),
            "renorm": self.renorm,
            "renorm_clipping": self.renorm_clipping,
            "renorm_momentum": self.renorm_momentum,
            "synchronized": self.synchronized,
        }
