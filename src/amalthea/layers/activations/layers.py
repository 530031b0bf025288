"""Activations that have parameters, as layers."""

from __future__ import annotations

from typing import Any

from amalthea import ops
from amalthea.errors import ArgumentError
from amalthea.layers.input_spec import InputSpec
from amalthea.layers.layer import Layer
from amalthea.layers.weighted import described, new_weight, resolve

_ALPHA = ("alpha_initializer", "alpha_regularizer", "alpha_constraint")


def _at_least_zero(layer: str, argument: str, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or value < 0:
        raise ArgumentError(f"`{argument}` of {layer} must be a number of at least 0. Received: {argument}={value!r}.")
    return value


class _Elementwise(Layer):
    """A layer that changes no shape and has no weights. Not for use by itself."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.supports_masking = True
        self.built = True

    def compute_output_shape(self, input_shape: Any) -> Any:
        return input_shape


class ReLU(_Elementwise):
    """What is above the threshold as it is, what is below it times a slope, nothing above a maximum.

    `max_value` where `x >= max_value`, `x` where `threshold <= x < max_value`, else `negative_slope * (x - threshold)`.

    Args:
        max_value: the largest output; none by default.
        negative_slope: the slope below the threshold.
        threshold: where the slope changes.
        **kwargs: arguments of `Layer`.

    Output shape:
        That of the input.

    Reference:
        Nair and Hinton, "Rectified Linear Units Improve Restricted Boltzmann Machines", ICML 2010.

    Example:
        >>> import amalthea
        >>> amalthea.layers.ReLU(max_value=2)(amalthea.ops.convert_to_tensor([-1.0, 1.0, 3.0])).tolist()
        [0.0, 1.0, 2.0]
    """

    def __init__(self, max_value: float | None = None, negative_slope: float = 0.0, threshold: float = 0.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.max_value = None if max_value is None else _at_least_zero("ReLU", "max_value", max_value)
        self.negative_slope = _at_least_zero("ReLU", "negative_slope", negative_slope)
        self.threshold = _at_least_zero("ReLU", "threshold", threshold)

    def call(self, inputs: Any) -> Any:
        if self.threshold == 0 and self.negative_slope == 0:
            x = ops.relu(inputs)
        elif self.threshold == 0:
            x = ops.leaky_relu(inputs, negative_slope=self.negative_slope)
        else:
            x = ops.where(ops.greater_equal(inputs, self.threshold), inputs, self.negative_slope * (inputs - self.threshold))
        return x if self.max_value is None else ops.minimum(x, self.max_value)

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "max_value": self.max_value,
            "negative_slope": self.negative_slope,
            "threshold": self.threshold,
        }


class LeakyReLU(_Elementwise):
    """`x` where it is positive, else `negative_slope * x`.

    Args:
        negative_slope: the slope below 0.
        **kwargs: arguments of `Layer`.

    Output shape:
        That of the input.

    Reference:
        Maas, Hannun and Ng, "Rectifier Nonlinearities Improve Neural Network Acoustic Models", 2013.

    Example:
        >>> import amalthea
        >>> amalthea.layers.LeakyReLU(0.5)(amalthea.ops.convert_to_tensor([-2.0, 2.0])).tolist()
        [-1.0, 2.0]
    """

    def __init__(self, negative_slope: float = 0.3, **kwargs: Any) -> None:
        negative_slope = kwargs.pop("alpha", negative_slope)  # its name in Keras 2
        super().__init__(**kwargs)
        self.negative_slope = _at_least_zero("LeakyReLU", "negative_slope", negative_slope)

    def call(self, inputs: Any) -> Any:
        return ops.leaky_relu(inputs, negative_slope=self.negative_slope)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "negative_slope": self.negative_slope}


class ELU(_Elementwise):
    """`x` where it is positive, else `alpha * (exp(x) - 1)`.

    Args:
        alpha: the value to which it falls, with the sign changed.
        **kwargs: arguments of `Layer`.

    Output shape:
        That of the input.

    Reference:
        Clevert, Unterthiner and Hochreiter, "Fast and Accurate Deep Network Learning by Exponential Linear Units", ICLR 2016.

    Example:
        >>> import amalthea
        >>> amalthea.layers.ELU()(amalthea.ops.convert_to_tensor([0.0, 2.0])).tolist()
        [0.0, 2.0]
    """

    def __init__(self, alpha: float = 1.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.alpha = alpha

    def call(self, inputs: Any) -> Any:
        return ops.elu(inputs, alpha=self.alpha)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "alpha": self.alpha}


class Softmax(_Elementwise):
    """Numbers as probabilities: positive, with sum 1.

    Args:
        axis: the axis, or axes, over which they sum up to 1.
        **kwargs: arguments of `Layer`.

    Call arguments:
        inputs: a tensor.
        mask: bool, of the shape of the inputs: where it is False the probability is 0.

    Output shape:
        That of the input.

    Example:
        >>> import amalthea
        >>> amalthea.layers.Softmax()(amalthea.ops.zeros((1, 2))).tolist()
        [[0.5, 0.5]]
    """

    def __init__(self, axis: Any = -1, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.axis = axis

    def call(self, inputs: Any, mask: Any = None) -> Any:
        if mask is not None:
            lowest = -3e4 if self.compute_dtype == "float16" else -1e9
            inputs = ops.where(ops.cast(mask, "bool"), inputs, ops.cast(lowest, inputs.dtype))
        if isinstance(self.axis, (tuple, list)) and len(self.axis) > 1:
            shares = ops.exp(inputs - ops.logsumexp(inputs, axis=tuple(self.axis), keepdims=True))
        else:
            shares = ops.softmax(inputs, axis=self.axis[0] if isinstance(self.axis, (tuple, list)) else self.axis)
        # Where everything is masked, nothing has a share.
        return shares if mask is None else ops.where(ops.cast(mask, "bool"), shares, ops.cast(0, shares.dtype))

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "axis": self.axis}


class PReLU(Layer):
    """`x` where it is positive, else `alpha * x` with a learned `alpha`.

    Args:
        alpha_initializer: the first value of `alpha`.
        alpha_regularizer: a regularizer of `alpha`.
        alpha_constraint: a constraint on `alpha`.
        shared_axes: axes along which `alpha` is the same; (1, 2) for images gives one for each channel.
        **kwargs: arguments of `Layer`.

    Output shape:
        That of the input.

    Reference:
        He et al., "Delving Deep into Rectifiers", ICCV 2015.

    Example:
        >>> import amalthea
        >>> amalthea.layers.PReLU()(amalthea.ops.convert_to_tensor([[-2.0, 2.0]])).tolist()
        [[0.0, 2.0]]
    """

    def __init__(
        self, alpha_initializer: Any = "Zeros", alpha_regularizer: Any = None, alpha_constraint: Any = None, shared_axes: Any = None, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.supports_masking = True
        resolve(self, dict(zip(_ALPHA, (alpha_initializer, alpha_regularizer, alpha_constraint), strict=True)))
        self.shared_axes = None if shared_axes is None else [shared_axes] if isinstance(shared_axes, int) else list(shared_axes)

    def build(self, input_shape: Any) -> None:
        shape = tuple(1 if axis in (self.shared_axes or ()) else size for axis, size in enumerate(input_shape))[1:]
        self.alpha = new_weight(self, "alpha", shape)
        axes = {axis: size for axis, size in enumerate(input_shape) if axis and axis not in (self.shared_axes or ())}
        self.input_spec = InputSpec(ndim=len(input_shape), axes=axes)

    def call(self, inputs: Any) -> Any:
        return ops.relu(inputs) - self.alpha * ops.relu(-inputs)

    def compute_output_shape(self, input_shape: Any) -> Any:
        return input_shape

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), **described(self, *_ALPHA), "shared_axes": self.shared_axes}
