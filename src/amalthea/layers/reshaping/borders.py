"""Layers that add and take away at the borders of space: zero padding and cropping."""

from __future__ import annotations

from typing import Any

from amalthea import config, ops
from amalthea.errors import ArgumentError, ShapeError
from amalthea.layers.input_spec import InputSpec
from amalthea.layers.layer import Layer

Pairs = tuple[tuple[int, int], ...]


def pairs(layer: str, argument: str, value: Any, rank: int) -> Pairs:
    """How much at the beginning and at the end of each axis of space.

    One number holds for all; a number for an axis holds for both of its ends.

    Raises:
        ArgumentError: it is none of that.

    Example:
        >>> pairs("ZeroPadding2D", "padding", (1, (2, 3)), 2)
        ((1, 1), (2, 3))
    """

    def bad() -> ArgumentError:
        form = "an integer or a pair of them" if rank == 1 else f"an integer, {rank} integers, or {rank} pairs of integers"
        return ArgumentError(f"`{argument}` of {layer} must be {form}, not negative. Received: {argument}={value!r}.")

    if isinstance(value, int):
        found: list[Any] = [(value, value)] * rank
    elif rank == 1 and isinstance(value, (tuple, list)) and len(value) == 2:
        found = [value]
    elif isinstance(value, (tuple, list)) and len(value) == rank:
        found = [(part, part) if isinstance(part, int) else part for part in value]
    else:
        raise bad()
    for part in found:
        if not isinstance(part, (tuple, list)) or len(part) != 2 or not all(isinstance(size, int) and size >= 0 for size in part):
            raise bad()
    return tuple((int(before), int(after)) for before, after in found)


class _Borders(Layer):
    """A layer with an amount for each end of each axis of space. Not for use by itself."""

    argument = ""
    rank = 0

    def __init__(self, amount: Any, data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.data_format = config.standardize_data_format(data_format)
        self._pairs = pairs(type(self).__name__, self.argument, amount, self.rank)
        self.input_spec = InputSpec(ndim=self.rank + 2)
        self.built = True

    @property
    def _first(self) -> int:
        return 1 if self.data_format == "channels_last" else 2

    def get_config(self) -> dict[str, Any]:
        # One axis: a pair, as Keras writes it.
        amount: Any = self._pairs[0] if self.rank == 1 else self._pairs
        return {**super().get_config(), self.argument: amount, "data_format": self.data_format}


class _ZeroPadding(_Borders):
    argument = "padding"

    @property
    def padding(self) -> Any:
        """How many zeros at each end."""
        return self._pairs[0] if self.rank == 1 else self._pairs

    def compute_output_shape(self, input_shape: Any) -> Any:
        shape = list(input_shape)
        for axis, (before, after) in enumerate(self._pairs, self._first):
            shape[axis] = None if shape[axis] is None else shape[axis] + before + after
        return tuple(shape)

    def call(self, inputs: Any) -> Any:
        widths = [(0, 0)] * len(inputs.shape)
        widths[self._first : self._first + self.rank] = self._pairs
        return ops.pad(inputs, widths)


class _Cropping(_Borders):
    argument = "cropping"

    @property
    def cropping(self) -> Any:
        """How much is taken away at each end."""
        return self._pairs[0] if self.rank == 1 else self._pairs

    def compute_output_shape(self, input_shape: Any) -> Any:
        shape = list(input_shape)
        for axis, (before, after) in enumerate(self._pairs, self._first):
            if shape[axis] is None:
                continue
            if shape[axis] <= before + after:
                raise ShapeError(f"{self} takes away {before} + {after} along axis {axis}, which has size {shape[axis]}: nothing would be left.")
            shape[axis] -= before + after
        return tuple(shape)

    def call(self, inputs: Any) -> Any:
        self.compute_output_shape(inputs.shape)
        key: list[Any] = [slice(None)] * len(inputs.shape)
        for axis, (before, after) in enumerate(self._pairs, self._first):
            key[axis] = slice(before, -after or None)
        return inputs[tuple(key)]


class ZeroPadding1D(_ZeroPadding):
    """Zeros around a sequence.

    Args:
        padding: how many zeros: one number, or a pair for the two ends.
        data_format: "channels_last" or "channels_first".
        **kwargs: arguments of `Layer`.

    Input shape:
        `(batch, steps, channels)`, or with the channels after the batch.

    Output shape:
        That of the input, with more space.

    Example:
        >>> import amalthea
        >>> amalthea.layers.ZeroPadding1D()(amalthea.ops.ones((1, 4, 2))).shape
        (1, 6, 2)
    """

    rank = 1

    def __init__(self, padding: Any = 1, data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(padding, data_format, **kwargs)


class ZeroPadding2D(_ZeroPadding):
    """Zeros around an image.

    Args:
        padding: how many zeros: one number, 2 numbers, or 2 pairs for the two ends of each axis.
        data_format: "channels_last" or "channels_first".
        **kwargs: arguments of `Layer`.

    Input shape:
        `(batch, height, width, channels)`, or with the channels after the batch.

    Output shape:
        That of the input, with more space.

    Example:
        >>> import amalthea
        >>> amalthea.layers.ZeroPadding2D()(amalthea.ops.ones((1, 4, 4, 2))).shape
        (1, 6, 6, 2)
    """

    rank = 2

    def __init__(self, padding: Any = (1, 1), data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(padding, data_format, **kwargs)


class ZeroPadding3D(_ZeroPadding):
    """Zeros around a volume.

    Args:
        padding: how many zeros: one number, 3 numbers, or 3 pairs for the two ends of each axis.
        data_format: "channels_last" or "channels_first".
        **kwargs: arguments of `Layer`.

    Input shape:
        `(batch, depth, height, width, channels)`, or with the channels after the batch.

    Output shape:
        That of the input, with more space.

    Example:
        >>> import amalthea
        >>> amalthea.layers.ZeroPadding3D()(amalthea.ops.ones((1, 4, 4, 4, 2))).shape
        (1, 6, 6, 6, 2)
    """

    rank = 3

    def __init__(self, padding: Any = (1, 1, 1), data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(padding, data_format, **kwargs)


class Cropping1D(_Cropping):
    """The middle of a sequence.

    Args:
        cropping: how much is taken away: one number, or a pair for the two ends.
        **kwargs: arguments of `Layer`.

    Input shape:
        `(batch, steps, channels)`.

    Output shape:
        That of the input, with less space.

    Example:
        >>> import amalthea
        >>> amalthea.layers.Cropping1D(1)(amalthea.ops.ones((1, 4, 2))).shape
        (1, 2, 2)
    """

    rank = 1

    def __init__(self, cropping: Any = (1, 1), **kwargs: Any) -> None:
        super().__init__(cropping, "channels_last", **kwargs)

    def get_config(self) -> dict[str, Any]:
        config = super().get_config()
        del config["data_format"]
        return config


class Cropping2D(_Cropping):
    """The middle of an image.

    Args:
        cropping: how much is taken away: one number, 2 numbers, or 2 pairs for the two ends of each axis.
        data_format: "channels_last" or "channels_first".
        **kwargs: arguments of `Layer`.

    Input shape:
        `(batch, height, width, channels)`, or with the channels after the batch.

    Output shape:
        That of the input, with less space.

    Example:
        >>> import amalthea
        >>> amalthea.layers.Cropping2D(1)(amalthea.ops.ones((1, 4, 4, 2))).shape
        (1, 2, 2, 2)
    """

    rank = 2

    def __init__(self, cropping: Any = ((0, 0), (0, 0)), data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(cropping, data_format, **kwargs)


class Cropping3D(_Cropping):
    """The middle of a volume.

    Args:
        cropping: how much is taken away: one number, 3 numbers, or 3 pairs for the two ends of each axis.
        data_format: "channels_last" or "channels_first".
        **kwargs: arguments of `Layer`.

    Input shape:
        `(batch, depth, height, width, channels)`, or with the channels after the batch.

    Output shape:
        That of the input, with less space.

    Example:
        >>> import amalthea
        >>> amalthea.layers.Cropping3D(1)(amalthea.ops.ones((1, 4, 4, 4, 2))).shape
        (1, 2, 2, 2, 2)
    """

    rank = 3

    def __init__(self, cropping: Any = ((1, 1), (1, 1), (1, 1)), data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(cropping, data_format, **kwargs)
