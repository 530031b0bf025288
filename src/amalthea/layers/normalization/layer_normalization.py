"""Normalization within a sample: over features, over groups of channels, or by length alone."""

from __future__ import annotations

from typing import Any

from amalthea import ops
from amalthea.errors import ArgumentError, ShapeError
from amalthea.layers.layer import Layer
from amalthea.layers.weighted import described, new_weight, positive, resolve

_SETTINGS = ("beta_initializer", "gamma_initializer", "beta_regularizer", "gamma_regularizer", "beta_constraint", "gamma_constraint")


class _Affine(Layer):
    """Normalization followed by a factor `gamma` and an offset `beta`. Not for use by itself."""

    def __init__(
        self,
        axis: Any,
        epsilon: float,
        center: bool = True,
        scale: bool = True,
        beta_initializer: Any = "zeros",
        gamma_initializer: Any = "ones",
        beta_regularizer: Any = None,
        gamma_regularizer: Any = None,
        beta_constraint: Any = None,
        gamma_constraint: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.axis, self.epsilon = axis, epsilon
        self.center, self.scale = center, scale
        values = (beta_initializer, gamma_initializer, beta_regularizer, gamma_regularizer, beta_constraint, gamma_constraint)
        resolve(self, dict(zip(_SETTINGS, values, strict=True)))
        self.supports_masking = True

    def _add_affine(self, shape: tuple[int, ...]) -> None:
        self.gamma = self.beta = None
        if self.scale:
            self.gamma = new_weight(self, "gamma", shape)
        if self.center:
            self.beta = new_weight(self, "beta", shape)

    def compute_output_shape(self, input_shape: Any) -> Any:
        return input_shape

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "axis": self.axis,
            "epsilon": self.epsilon,
            "center": self.center,
            "scale": self.scale,
            **described(self, *_SETTINGS),
        }


class LayerNormalization(_Affine):
    """Normalize each sample by the mean and the variance of its own features.

    `gamma * (inputs - mean) / sqrt(variance + epsilon) + beta`

    Args:
        axis: the axis, or axes, over which mean and variance are taken.
        epsilon: is added to the variance.
        center: whether `beta` is added.
        scale: whether `gamma` multiplies.
        beta_initializer: the first value of `beta`.
        gamma_initializer: the first value of `gamma`.
        beta_regularizer: a regularizer of `beta`.
        gamma_regularizer: a regularizer of `gamma`.
        beta_constraint: a constraint on `beta`.
        gamma_constraint: a constraint on `gamma`.
        **kwargs: arguments of `Layer`; and `rms_scaling`, with which inputs are divided by their deviation, but not centred, and only `gamma` acts.

    Output shape:
        That of the input.

    Reference:
        Ba, Kiros and Hinton, "Layer Normalization", 2016.

    Example:
        >>> import amalthea
        >>> amalthea.layers.LayerNormalization()(amalthea.ops.ones((2, 4))).tolist()[0]
        [0.0, 0.0, 0.0, 0.0]
    """

    def __init__(self, axis: Any = -1, epsilon: float = 1e-3, *args: Any, **kwargs: Any) -> None:
        self.rms_scaling = bool(kwargs.pop("rms_scaling", False))
        super().__init__(_listed("LayerNormalization", axis), epsilon, *args, **kwargs)

    def _axes(self, rank: int) -> tuple[int, ...]:
        return tuple(sorted(axis % rank for axis in self.axis))

    def build(self, input_shape: Any) -> None:
        self._add_affine(tuple(input_shape[axis] for axis in self._axes(len(input_shape))))

    def call(self, inputs: Any) -> Any:
        axes = self._axes(len(inputs.shape))
        if self.rms_scaling:
            _, variance = ops.moments(inputs, axes=axes, keepdims=True)
            outputs = inputs * ops.rsqrt(variance + self.epsilon)
            return outputs if self.gamma is None else outputs * ops.reshape(self.gamma, _along(inputs, axes))
        outputs = ops.layer_normalization(inputs, gamma=self.gamma, beta=self.beta, axis=axes, epsilon=self.epsilon)
        return ops.cast(outputs, self.compute_dtype)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "rms_scaling": self.rms_scaling}


class GroupNormalization(_Affine):
    """Normalize each sample by the mean and the variance of each of several groups of its channels.

    Args:
        groups: the number of groups; -1 makes a group of every channel (instance normalization).
        axis: the axis of the channels.
        epsilon: is added to the variance.
        center: whether `beta` is added.
        scale: whether `gamma` multiplies.
        beta_initializer: the first value of `beta`.
        gamma_initializer: the first value of `gamma`.
        beta_regularizer: a regularizer of `beta`.
        gamma_regularizer: a regularizer of `gamma`.
        beta_constraint: a constraint on `beta`.
        gamma_constraint: a constraint on `gamma`.
        **kwargs: arguments of `Layer`.

    Output shape:
        That of the input.

    Reference:
        Wu and He, "Group Normalization", ECCV 2018.

    Example:
        >>> import amalthea
        >>> amalthea.layers.GroupNormalization(groups=2)(amalthea.ops.ones((1, 3, 3, 4))).shape
        (1, 3, 3, 4)
    """

    def __init__(self, groups: int = 32, axis: int = -1, epsilon: float = 1e-3, *args: Any, **kwargs: Any) -> None:
        super().__init__(axis, epsilon, *args, **kwargs)
        self.groups = groups if groups == -1 else positive("GroupNormalization", "groups", groups)

    def build(self, input_shape: Any) -> None:
        channels = input_shape[self.axis]
        if channels is None:
            raise ShapeError(f"The size of axis {self.axis} must be known where {self} is built. Received: input_shape={tuple(input_shape)}.")
        if self.groups == -1:
            self.groups = channels
        if channels % self.groups:
            raise ArgumentError(f"{self} splits the channels into groups={self.groups}, of which their number, {channels}, is not a multiple.")
        self._add_affine((channels,))

    def call(self, inputs: Any) -> Any:
        shape, rank = ops.shape(inputs), len(inputs.shape)
        axis = self.axis % rank
        channels = shape[axis]
        # The channels of a group get an axis of their own, beside that of the groups.
        split = (*shape[:axis], self.groups, channels // self.groups, *shape[axis + 1 :])
        x = ops.reshape(ops.cast(inputs, "float32") if self.compute_dtype in ("float16", "bfloat16") else inputs, split)
        axes = tuple(a for a in range(1, rank + 1) if a != axis)
        mean, variance = ops.moments(x, axes=axes, keepdims=True)
        x = ops.reshape((x - mean) * ops.rsqrt(variance + self.epsilon), shape)
        if self.gamma is not None:
            x = x * ops.reshape(ops.cast(self.gamma, x.dtype), _along(inputs, (axis,)))
        if self.beta is not None:
            x = x + ops.reshape(ops.cast(self.beta, x.dtype), _along(inputs, (axis,)))
        return ops.cast(x, self.compute_dtype)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "groups": self.groups}


class RMSNormalization(Layer):
    """Divide each sample by the root of the mean square of its features, and multiply by a learned scale.

    Args:
        axis: the axis, or axes, over which the mean is taken.
        epsilon: is added to the mean square.
        **kwargs: arguments of `Layer`.

    Output shape:
        That of the input.

    Reference:
        Zhang and Sennrich, "Root Mean Square Layer Normalization", NeurIPS 2019.

    Example:
        >>> import amalthea
        >>> amalthea.layers.RMSNormalization()(amalthea.ops.ones((1, 2))).shape
        (1, 2)
    """

    def __init__(self, axis: Any = -1, epsilon: float = 1e-6, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.axis, self.epsilon = _listed("RMSNormalization", axis), epsilon

    def build(self, input_shape: Any) -> None:
        self.scale = self.add_weight(name="scale", shape=tuple(input_shape[axis] for axis in self.axis), initializer="ones")

    def call(self, inputs: Any) -> Any:
        return ops.rms_normalization(inputs, scale=self.scale, axis=self.axis, epsilon=self.epsilon)

    def compute_output_shape(self, input_shape: Any) -> Any:
        return input_shape

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "axis": self.axis, "epsilon": self.epsilon}


class UnitNormalization(Layer):
    """Divide each sample by its Euclidean length.

    Args:
        axis: the axis, or axes, over which the length is taken.
        **kwargs: arguments of `Layer`.

    Output shape:
        That of the input.

    Example:
        >>> import amalthea
        >>> y = amalthea.layers.UnitNormalization()(amalthea.ops.convert_to_tensor([[3.0, 4.0]]))
        >>> [round(value, 4) for value in y.tolist()[0]]
        [0.6, 0.8]
    """

    def __init__(self, axis: Any = -1, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.axis = axis
        self.supports_masking = True
        self.built = True

    def call(self, inputs: Any) -> Any:
        return ops.normalize(inputs, axis=self.axis, order=2, epsilon=1e-12)

    def compute_output_shape(self, input_shape: Any) -> Any:
        return input_shape

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "axis": self.axis}


def _listed(layer: str, axis: Any) -> list[int]:
    axes = [axis] if isinstance(axis, int) else axis
    if not isinstance(axes, (list, tuple)) or not all(isinstance(one, int) for one in axes):
        raise ArgumentError(f"`axis` of {layer} must be an integer or a list of integers. Received: axis={axis!r}.")
    return list(axes)


def _along(inputs: Any, axes: tuple[int, ...]) -> tuple[int, ...]:
    """The shape of a weight that varies along `axes` of the inputs."""
    return tuple(inputs.shape[axis] if axis in axes else 1 for axis in range(len(inputs.shape)))
