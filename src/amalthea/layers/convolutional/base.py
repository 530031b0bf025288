"""What convolutions have in common: their arguments, checks, weights and configuration."""

from __future__ import annotations

from typing import Any

from amalthea import activations, config, ops, regularizers
from amalthea.errors import ArgumentError, ShapeError
from amalthea.layers.input_spec import InputSpec
from amalthea.layers.layer import Layer
from amalthea.layers.weighted import described, new_weight, positive, resolve

_WEIGHTS = ("kernel_initializer", "bias_initializer", "kernel_regularizer", "bias_regularizer", "kernel_constraint", "bias_constraint")
_PADDINGS = ("valid", "same")


def sizes(layer: str, argument: str, value: Any, rank: int, least: int = 1) -> tuple[int, ...]:
    """One size, or one for each axis of space, as a tuple.

    Raises:
        ArgumentError: they are not integers of at least `least`, or not as many as there are axes.

    Example:
        >>> sizes("Conv2D", "kernel_size", 3, 2)
        (3, 3)
    """
    given = (value,) * rank if hasattr(value, "__index__") and not isinstance(value, bool) else value
    good = isinstance(given, (tuple, list)) and len(given) == rank and all(hasattr(size, "__index__") and int(size) >= least for size in given)
    if not good:
        raise ArgumentError(f"`{argument}` of {layer} must be an integer of at least {least}, or {rank} of them. Received: {argument}={value!r}.")
    return tuple(int(size) for size in given)


class BaseConv(Layer):
    """A convolution over `rank` axes of space. Not for use by itself.

    Args:
        rank: the number of axes of space.
        filters: the number of channels that come out.
        kernel_size: the size of the window.
        strides: how far the window moves at each step.
        padding: "valid" (no padding), "same" (zeros, so that with stride 1 the size stays), or for one axis "causal" (zeros before).
        data_format: "channels_last" or "channels_first"; `config.image_data_format()` by default.
        dilation_rate: the distance between the elements of the window.
        groups: into how many groups, seen apart, the channels are split.
        activation: a function, or the name of one.
        use_bias: whether a bias is added.
        kernel_initializer: the first value of the kernel.
        bias_initializer: the first value of the bias.
        kernel_regularizer: a regularizer of the kernel.
        bias_regularizer: a regularizer of the bias.
        activity_regularizer: a regularizer of the output.
        kernel_constraint: a constraint on the kernel.
        bias_constraint: a constraint on the bias.
        **kwargs: arguments of `Layer`.

    Raises:
        ArgumentError: a bad size, padding or number of groups.
    """

    paddings: tuple[str, ...] = _PADDINGS

    def __init__(
        self,
        rank: int,
        filters: int | None,
        kernel_size: Any,
        strides: Any = 1,
        padding: str = "valid",
        data_format: str | None = None,
        dilation_rate: Any = 1,
        groups: int = 1,
        activation: Any = None,
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        kernel_constraint: Any = None,
        bias_constraint: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(activity_regularizer=activity_regularizer, **kwargs)
        kind = type(self).__name__
        self.rank = rank
        self.filters = filters if filters is None else positive(kind, "filters", filters)
        self.groups = positive(kind, "groups", groups)
        if self.filters is not None and self.filters % self.groups:
            raise ArgumentError(f"`filters` of {kind} must be a multiple of `groups`. Received: filters={filters}, groups={groups}.")
        self.kernel_size = sizes(kind, "kernel_size", kernel_size, rank)
        self.strides = sizes(kind, "strides", strides, rank)
        self.dilation_rate = sizes(kind, "dilation_rate", dilation_rate, rank)
        if max(self.strides) > 1 and max(self.dilation_rate) > 1:
            raise ArgumentError(f"{kind} cannot have both strides and dilation. Received: strides={strides}, dilation_rate={dilation_rate}.")
        self.padding = str(padding).lower()
        if self.padding not in self.paddings:
            raise ArgumentError(f"`padding` of {kind} must be one of {', '.join(map(repr, self.paddings))}. Received: {padding!r}.")
        self.data_format = config.standardize_data_format(data_format)
        self.activation = activations.get(activation)
        self.use_bias = use_bias
        values = (kernel_initializer, bias_initializer, kernel_regularizer, bias_regularizer, kernel_constraint, bias_constraint)
        resolve(self, dict(zip(_WEIGHTS, values, strict=True)))
        self.input_spec = InputSpec(min_ndim=rank + 2)

    @property
    def _channel_axis(self) -> int:
        return -1 if self.data_format == "channels_last" else 1

    def _channels(self, input_shape: Any) -> int:
        """The number of channels that come in; from now on inputs must have it."""
        channels = input_shape[self._channel_axis]
        if channels is None:
            raise ShapeError(f"The number of channels must be known where {self} is built. Received: input_shape={tuple(input_shape)}.")
        if channels % self.groups:
            raise ArgumentError(f"{self} splits the channels into groups={self.groups}, of which their number, {channels}, is not a multiple.")
        self.input_spec = InputSpec(min_ndim=self.rank + 2, axes={self._channel_axis: channels})
        return int(channels)

    def _add_kernel(self, shape: tuple[int, ...], channels_out: int) -> None:
        self._kernel = new_weight(self, "kernel", shape)
        self._add_bias(channels_out)

    def _add_bias(self, channels_out: int) -> None:
        self.bias = None
        if self.use_bias:
            self.bias = new_weight(self, "bias", (channels_out,))

    @property
    def kernel(self) -> Any:
        """The kernel."""
        return self._kernel

    def _finish(self, outputs: Any) -> Any:
        """Bias and activation."""
        if self.bias is not None:
            bias = self.bias if self.data_format == "channels_last" else ops.reshape(self.bias, (1, -1) + (1,) * self.rank)
            outputs = ops.add(outputs, bias)
        return self.activation(outputs) if self.activation is not None else outputs

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "filters": self.filters,
            "kernel_size": self.kernel_size,
            "strides": self.strides,
            "padding": self.padding,
            "data_format": self.data_format,
            "dilation_rate": self.dilation_rate,
            "groups": self.groups,
            "activation": activations.serialize(self.activation),
            "use_bias": self.use_bias,
            "activity_regularizer": regularizers.serialize(self.activity_regularizer),
            **described(self, *_WEIGHTS),
        }


class PlainConv(BaseConv):
    """A convolution whose windows see all channels of their group. Not for use by itself."""

    def build(self, input_shape: Any) -> None:
        assert self.filters is not None
        self._add_kernel((*self.kernel_size, self._channels(input_shape) // self.groups, self.filters), self.filters)

    def call(self, inputs: Any) -> Any:
        return self._finish(
            ops.conv(
                inputs,
                self.kernel,
                strides=self.strides,
                padding=self.padding,
                dilation_rate=self.dilation_rate,
                data_format=self.data_format,
            )
        )
