"""Convolutions: plain, depthwise, separable, transposed."""

from __future__ import annotations

from typing import Any

from amalthea.engines.derived import Engine
from amalthea.engines.registry import current
from amalthea.errors import ArgumentError, ShapeError
from amalthea.ops.arguments import Tensor, TensorLike, promote
from amalthea.ops.nn.spatial import Pairs, Sizes, check_fits, explicit_padding, padding_mode, per_axis, spatial_input, spatial_output
from amalthea.ops.operation import operation


def _spread(window: Sizes, dilation: Sizes) -> Sizes:
    """How many elements a window reaches over."""
    return tuple(d * (k - 1) + 1 for k, d in zip(window, dilation, strict=True))


def _operands(engine: Engine, inputs: TensorLike, kernel: TensorLike, data_format: str | None, name: str) -> tuple[Tensor, Tensor, bool]:
    """Inputs (channels last) and kernel, of one dtype and of ranks that fit; whether channels were first."""
    x, first = spatial_input(engine, inputs, data_format)
    x, kernel = promote(engine, x, kernel)
    if len(engine.shape_of(kernel)) != len(engine.shape_of(x)):
        raise ShapeError(
            f"`{name}` must have as many axes as the inputs: (*window, channels in, channels out). "
            f"Received shape {engine.shape_of(kernel)} for inputs of {len(engine.shape_of(x))} axes."
        )
    if None in engine.shape_of(kernel):
        raise ShapeError(f"The sizes of `{name}` must all be known. Received shape {engine.shape_of(kernel)}.")
    return x, kernel, first


def _strides_and_dilation(strides: Any, dilation_rate: Any, space: int) -> tuple[Sizes, Sizes]:
    return per_axis(strides, space, "strides"), per_axis(dilation_rate, space, "dilation_rate")


@operation
def conv(
    inputs: TensorLike, kernel: TensorLike, strides: Any = 1, padding: str = "valid", data_format: str | None = None, dilation_rate: Any = 1
) -> Tensor:
    """Convolve over one to three axes of space (a correlation: the kernel is not flipped).

    Args:
        inputs: tensor (batch, *space, channels), or (batch, channels, *space) for "channels_first".
        kernel: tensor (*window, channels // groups, filters). The number of groups follows from the channels.
        strides: by how many elements the window moves: an integer, or one for each axis of space.
        padding: "valid" (none), "same" (as many outputs as inputs, divided by the strides) or "causal" (one axis of
            space only: an output sees nothing that comes after it).
        data_format: "channels_last" or "channels_first"; by default the one of `config.image_data_format()`.
        dilation_rate: the distance between the elements of a window: an integer, or one for each axis of space.

    Returns:
        A tensor (batch, *new_space, filters), or with the filters at axis 1, in the promoted dtype.

    Raises:
        ArgumentError: a bad `padding`, `strides` or `dilation_rate`.
        ShapeError: ranks or channels do not fit, or no window fits.

    Example:
        >>> from amalthea import ops
        >>> ops.conv(ops.ones((1, 5, 5, 3)), ops.ones((3, 3, 3, 8)), strides=2, padding="same").shape
        (1, 3, 3, 8)
    """
    engine = current()
    x, kernel, first = _operands(engine, inputs, kernel, data_format, "kernel")
    *window, depth, filters = engine.shape_of(kernel)
    _, *sizes, channels = shape = engine.shape_of(x)
    space = len(window)
    strides, dilation = _strides_and_dilation(strides, dilation_rate, space)
    mode = padding_mode(padding, ("valid", "same", "causal"))
    if mode == "causal" and space > 1:
        raise ArgumentError(f'`padding="causal"` is for one axis of space. Received inputs of shape {shape}.')
    groups = 1
    if channels is not None:
        if depth == 0 or channels % depth:
            raise ShapeError(f"The inputs have {channels} channels; the kernel takes {depth} a group, which does not divide them.")
        groups = channels // depth
        if filters % groups:
            raise ShapeError(f"The {filters} filters of the kernel cannot be shared out to {groups} groups ({channels} channels, {depth} a group).")
    extent = _spread(tuple(window), dilation)
    pairs = explicit_padding(mode, sizes, extent, strides)
    check_fits("convolution", shape, sizes, extent, pairs)
    return spatial_output(engine, engine.conv(x, kernel, strides, pairs, dilation, groups, (1,) * space), first)


@operation
def depthwise_conv(
    inputs: TensorLike, kernel: TensorLike, strides: Any = 1, padding: str = "valid", data_format: str | None = None, dilation_rate: Any = 1
) -> Tensor:
    """Convolve each channel with filters of its own, over one or two axes of space.

    Args:
        inputs: tensor (batch, *space, channels), or (batch, channels, *space) for "channels_first".
        kernel: tensor (*window, channels, multiplier).
        strides: by how many elements the window moves: an integer, or one for each axis of space.
        padding: "valid" or "same".
        data_format: "channels_last" or "channels_first"; by default the one of `config.image_data_format()`.
        dilation_rate: the distance between the elements of a window: an integer, or one for each axis of space.

    Returns:
        A tensor (batch, *new_space, channels * multiplier), or with these at axis 1, in the promoted dtype.

    Raises:
        ArgumentError: a bad `padding`, `strides` or `dilation_rate`.
        ShapeError: ranks or channels do not fit, or no window fits.

    Example:
        >>> from amalthea import ops
        >>> ops.depthwise_conv(ops.ones((1, 5, 5, 3)), ops.ones((3, 3, 3, 2))).shape
        (1, 3, 3, 6)
    """
    engine = current()
    x, kernel, first = _operands(engine, inputs, kernel, data_format, "kernel")
    return spatial_output(engine, _depthwise(engine, x, kernel, strides, padding, dilation_rate), first)


def _depthwise(engine: Engine, x: Tensor, kernel: Tensor, strides: Any, padding: str, dilation_rate: Any) -> Tensor:
    *window, depth, _ = engine.shape_of(kernel)
    _, *sizes, channels = shape = engine.shape_of(x)
    strides, dilation = _strides_and_dilation(strides, dilation_rate, len(window))
    mode = padding_mode(padding)
    if channels is not None and channels != depth:
        raise ShapeError(f"The inputs have {channels} channels, but the depthwise kernel has {depth}: {engine.shape_of(kernel)}.")
    extent = _spread(tuple(window), dilation)
    pairs = explicit_padding(mode, sizes, extent, strides)
    check_fits("convolution", shape, sizes, extent, pairs)
    return engine.depthwise_conv(x, kernel, strides, pairs, dilation)


@operation
def separable_conv(
    inputs: TensorLike,
    depthwise_kernel: TensorLike,
    pointwise_kernel: TensorLike,
    strides: Any = 1,
    padding: str = "valid",
    data_format: str | None = None,
    dilation_rate: Any = 1,
) -> Tensor:
    """Convolve each channel on its own, then mix the channels at each place.

    Args:
        inputs: tensor (batch, *space, channels), or (batch, channels, *space) for "channels_first".
        depthwise_kernel: tensor (*window, channels, multiplier).
        pointwise_kernel: tensor (*ones, channels * multiplier, filters).
        strides: by how many elements the window moves: an integer, or one for each axis of space.
        padding: "valid" or "same".
        data_format: "channels_last" or "channels_first"; by default the one of `config.image_data_format()`.
        dilation_rate: the distance between the elements of a window: an integer, or one for each axis of space.

    Returns:
        A tensor (batch, *new_space, filters), or with the filters at axis 1, in the promoted dtype.

    Raises:
        ArgumentError: a bad `padding`, `strides` or `dilation_rate`.
        ShapeError: ranks or channels do not fit, or no window fits.

    Reference:
        Chollet, 2017, Xception: deep learning with depthwise separable convolutions.

    Example:
        >>> from amalthea import ops
        >>> ops.separable_conv(ops.ones((1, 5, 5, 3)), ops.ones((3, 3, 3, 2)), ops.ones((1, 1, 6, 4))).shape
        (1, 3, 3, 4)
    """
    engine = current()
    x, kernel, first = _operands(engine, inputs, depthwise_kernel, data_format, "depthwise_kernel")
    y = _depthwise(engine, x, kernel, strides, padding, dilation_rate)
    y, pointwise = promote(engine, y, pointwise_kernel)
    *window, depth, _ = engine.shape_of(pointwise)
    channels = engine.shape_of(y)[-1]
    if len(window) != len(engine.shape_of(y)) - 2 or any(k != 1 for k in window) or (channels is not None and depth != channels):
        raise ShapeError(
            f"`pointwise_kernel` must have shape ({'1, ' * (len(engine.shape_of(y)) - 2)}{channels}, filters). Received {engine.shape_of(pointwise)}."
        )
    ones = (1,) * len(window)
    return spatial_output(engine, engine.conv(y, pointwise, ones, ((0, 0),) * len(window), ones, 1, ones), first)


@operation
def conv_transpose(
    inputs: TensorLike,
    kernel: TensorLike,
    strides: Any = 1,
    padding: str = "valid",
    output_padding: Any = None,
    data_format: str | None = None,
    dilation_rate: Any = 1,
) -> Tensor:
    """The gradient of a convolution: every input adds its multiple of the kernel to a place of the output.

    Args:
        inputs: tensor (batch, *space, channels), or (batch, channels, *space) for "channels_first".
        kernel: tensor (*window, filters, channels).
        strides: how far apart inputs add to the output: an integer, or one for each axis of space.
        padding: "valid" (everything), or "same" (as many outputs as inputs times strides).
        output_padding: how many elements more on the far side: None (chosen so that "valid" and "same" give the sizes
            from which a convolution leads back), an integer less than the stride, or one for each axis of space.
        data_format: "channels_last" or "channels_first"; by default the one of `config.image_data_format()`.
        dilation_rate: the distance between the elements of a window: an integer, or one for each axis of space.

    Returns:
        A tensor (batch, *new_space, filters), or with the filters at axis 1, in the promoted dtype.

    Raises:
        ArgumentError: a bad `padding`, `strides`, `output_padding` or `dilation_rate`.
        ShapeError: ranks or channels do not fit.

    Example:
        >>> from amalthea import ops
        >>> ops.conv_transpose(ops.ones((1, 3, 3, 4)), ops.ones((3, 3, 2, 4)), strides=2, padding="same").shape
        (1, 6, 6, 2)
    """
    engine = current()
    x, kernel, first = _operands(engine, inputs, kernel, data_format, "kernel")
    *window, _, depth = engine.shape_of(kernel)
    channels = engine.shape_of(x)[-1]
    space = len(window)
    if channels is not None and channels != depth:
        raise ShapeError(
            f"The inputs have {channels} channels, but the kernel takes {depth}: (*window, filters, channels) is {engine.shape_of(kernel)}."
        )
    strides, dilation = _strides_and_dilation(strides, dilation_rate, space)
    extra = (None,) * space if output_padding is None else per_axis(output_padding, space, "output_padding", 0)
    mode = padding_mode(padding)
    cut: Pairs = tuple(_cut(mode, extent, s, e) for extent, s, e in zip(_spread(tuple(window), dilation), strides, extra, strict=True))
    return spatial_output(engine, engine.conv_transpose(x, kernel, strides, cut, dilation), first)


def _cut(mode: str, extent: int, stride: int, extra: int | None) -> tuple[int, int]:
    """What to leave out before and after of the full transposed convolution, which has `(n - 1) * stride + extent` elements."""
    if mode == "valid":
        # n * stride + max(extent - stride, 0) elements, or the full ones and `extra` more.
        return 0, -(max(stride - extent, 0) if extra is None else extra)
    # As many elements as inputs times strides; or the inputs' places, `stride` apart, and `extra` elements more.
    total = extent - stride if extra is None else 2 * (extent // 2) - extra
    before = max(total, 0) // 2
    return before, total - before
