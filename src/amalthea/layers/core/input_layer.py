"""`Input`: where a model begins."""

from __future__ import annotations

from typing import Any

from amalthea import config, dtypes
from amalthea.errors import ArgumentError
from amalthea.graph.keras_tensor import KerasTensor, standardize_shape
from amalthea.graph.node import Node
from amalthea.layers.layer import Layer


class InputLayer(Layer):
    """The entry of a graph of layers; `Input` makes one and gives its tensor.

    Args:
        shape: the shape of a sample, without the batch.
        batch_size: the size of the batch, where it is fixed.
        dtype: the dtype; `config.floatx()` by default.
        sparse: kept for Keras's sake; must be False.
        ragged: kept for Keras's sake; must be False.
        batch_shape: the shape with the batch, in place of `shape` and `batch_size`.
        input_tensor: a symbolic tensor to take the shape and dtype from.
        optional: whether None may be given in place of this input.
        name: its name.

    Raises:
        ArgumentError: no shape, or both shapes.
    """

    def __init__(
        self,
        shape: Any = None,
        batch_size: int | None = None,
        dtype: Any = None,
        sparse: bool | None = None,
        ragged: bool | None = None,
        batch_shape: Any = None,
        input_tensor: Any = None,
        optional: bool = False,
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        if "input_shape" in kwargs:
            shape = kwargs.pop("input_shape")
        if "batch_input_shape" in kwargs:
            batch_shape = kwargs.pop("batch_input_shape")
        if input_tensor is not None:
            if not isinstance(input_tensor, KerasTensor):
                raise ArgumentError(f"`input_tensor` must be a symbolic tensor. Received: {input_tensor!r}.")
            batch_shape, dtype = input_tensor.shape, dtype or input_tensor.dtype
        if (shape is None) == (batch_shape is None):
            raise ArgumentError(
                f"Give an input either `shape` (without the batch) or `batch_shape`. Received: shape={shape}, batch_shape={batch_shape}."
            )
        if shape is not None:
            batch_shape = (batch_size, *standardize_shape(shape))
        super().__init__(name=name, **kwargs)
        self.batch_shape = standardize_shape(batch_shape)
        self._input_dtype = config.floatx() if dtype is None else dtypes.standardize_dtype(dtype)
        self.sparse, self.ragged, self.optional = bool(sparse), bool(ragged), optional
        self.supports_masking = True
        output = KerasTensor(self.batch_shape, self._input_dtype, sparse=bool(sparse), ragged=bool(ragged), name=self.name)
        Node(self, (), {}, output)
        self.built = True

    @property
    def dtype(self) -> str:
        """The dtype of the input."""
        return self._input_dtype

    def call(self) -> None:
        """Nothing: an input is given, not computed."""

    def get_config(self) -> dict[str, Any]:
        return {
            "batch_shape": self.batch_shape,
            "dtype": self._input_dtype,
            "sparse": self.sparse,
            "ragged": self.ragged,
            "name": self.name,
            "optional": self.optional,
        }


def Input(  # noqa: N802 (Keras's name)
    shape: Any = None,
    batch_size: int | None = None,
    dtype: Any = None,
    sparse: bool | None = None,
    batch_shape: Any = None,
    name: str | None = None,
    tensor: Any = None,
    optional: bool = False,
    ragged: bool | None = None,
) -> KerasTensor:
    """A symbolic tensor with which a model begins.

    Args:
        shape: the shape of a sample, without the batch; None for sizes not known.
        batch_size: the size of the batch, where it is fixed.
        dtype: the dtype; `config.floatx()` by default.
        sparse: kept for Keras's sake; must be False.
        batch_shape: the shape with the batch, in place of `shape` and `batch_size`.
        name: the name of the input.
        tensor: a symbolic tensor to take the shape and dtype from.
        optional: whether None may be given in place of this input.
        ragged: kept for Keras's sake; must be False.

    Returns:
        A `KerasTensor` of shape `(batch_size, *shape)`.

    Example:
        >>> import amalthea
        >>> amalthea.Input((28, 28, 1)).shape
        (None, 28, 28, 1)
    """
    layer = InputLayer(
        shape=shape,
        batch_size=batch_size,
        dtype=dtype,
        sparse=sparse,
        ragged=ragged,
        batch_shape=batch_shape,
        input_tensor=tensor,
        optional=optional,
        name=name,
    )
    return layer.output  # type: ignore[no-any-return]
