"""`StackedRNNCells`: several cells, each of which works on the output of the one before."""

from __future__ import annotations

from typing import Any

from amalthea import ops
from amalthea.errors import ArgumentError
from amalthea.layers.layer import Layer


def check_cell(owner: str, cell: Any) -> None:
    """Raise unless `cell` can be a cell of `owner`.

    Raises:
        ArgumentError: it has no `call`, or no `state_size`.
    """
    if not callable(getattr(cell, "call", None)):
        raise ArgumentError(f"{owner} takes cells: layers that do one step, with `call(inputs, states)`. Received: {cell!r}.")
    if not hasattr(cell, "state_size"):
        raise ArgumentError(f"A cell of {owner} needs `state_size`: the size of its state, or a list of sizes. {cell!r} has none.")


def states_of(cell: Any, batch_size: int | None) -> list[Any]:
    """The first states of `cell`, in a list: its own, or zeros of its `state_size`."""
    if hasattr(cell, "get_initial_state"):
        states = cell.get_initial_state(batch_size=batch_size)
        return list(states) if isinstance(states, (list, tuple)) else [states]
    dtype = getattr(cell, "compute_dtype", None)
    sizes = cell.state_size if isinstance(cell.state_size, (list, tuple)) else [cell.state_size]
    batch: Any = batch_size  # None where it is not known yet
    return [ops.zeros((batch, *(size if isinstance(size, (list, tuple)) else (size,))), dtype=dtype) for size in sizes]


def step(cell: Any, inputs: Any, states: list[Any], training: bool | None) -> tuple[Any, list[Any]]:
    """One step of `cell`: its output, and its new states in a list."""
    output, new = cell(inputs, states, training=training) if isinstance(cell, Layer) else cell(inputs, states)
    return output, list(new) if isinstance(new, (list, tuple)) else [new]


class StackedRNNCells(Layer):
    """Several cells as one: each works on the output of the one before.

    Args:
        cells: the cells.
        **kwargs: arguments of `Layer`.

    Call arguments:
        inputs: the inputs of one step, `(batch, features)`.
        states: for each cell, the list of its states.
        training: whether dropout is done.

    Output shape:
        The output of the last cell, and the new states in the structure of `states`.

    Raises:
        ArgumentError: one of `cells` is no cell.

    Example:
        >>> import amalthea
        >>> layers = amalthea.layers
        >>> cells = layers.StackedRNNCells([layers.LSTMCell(4), layers.GRUCell(2)])
        >>> cells.state_size
        [[4, 4], 2]
        >>> layers.RNN(cells)(amalthea.ops.ones((1, 5, 3))).shape
        (1, 2)
    """

    def __init__(self, cells: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        for cell in cells:
            check_cell("StackedRNNCells", cell)
        self.cells = list(cells)

    @property
    def state_size(self) -> list[Any]:
        """The state size of each cell."""
        return [cell.state_size for cell in self.cells]

    @property
    def output_size(self) -> Any:
        """The size of the output of the last cell."""
        return _output_size(self.cells[-1])

    def get_initial_state(self, batch_size: int | None = None) -> list[Any]:
        """The first states of each cell, for so many samples."""
        return [states_of(cell, batch_size) for cell in self.cells]

    def build(self, input_shape: Any) -> None:
        shape = tuple(input_shape)
        for cell in self.cells:
            if isinstance(cell, Layer) and not cell.built:
                cell.build(shape)
            size = _output_size(cell)
            shape = (shape[0], *(size if isinstance(size, (list, tuple)) else (size,)))

    def call(self, inputs: Any, states: Any, training: bool | None = False) -> tuple[Any, list[Any]]:
        new = []
        for cell, own in zip(self.cells, states, strict=True):
            inputs, after = step(cell, inputs, list(own) if isinstance(own, (list, tuple)) else [own], training)
            new.append(after)
        return inputs, new

    def get_config(self) -> dict[str, Any]:
        from amalthea.saving import serialize_keras_object

        return {**super().get_config(), "cells": [serialize_keras_object(cell) for cell in self.cells]}

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: dict[str, Any] | None = None) -> StackedRNNCells:
        """The cells that `get_config` described."""
        from amalthea.saving import deserialize_keras_object

        config = dict(config)
        cells = [deserialize_keras_object(cell, custom_objects=custom_objects) for cell in config.pop("cells")]
        return cls(cells, **config)


def _output_size(cell: Any) -> Any:
    size = getattr(cell, "output_size", None)
    if size is not None:
        return size
    return cell.state_size[0] if isinstance(cell.state_size, (list, tuple)) else cell.state_size
