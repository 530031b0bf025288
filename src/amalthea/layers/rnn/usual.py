"""`UsualRNN`: a recurrent layer that makes its cell itself, and leaves the loop to the engine where it can."""

from __future__ import annotations

from abc import abstractmethod
from operator import attrgetter
from typing import Any, ClassVar

from amalthea import activations, random, regularizers
from amalthea.layers.layer import Layer
from amalthea.layers.rnn.cell import WEIGHTS, BaseCell, cell_config
from amalthea.layers.rnn.rnn import RNN


def of_cell(*names: str) -> Any:
    """A decorator of classes: gives them the attributes `names` of their cell, to read."""

    def decorate(cls: type) -> type:
        for name in names:
            setattr(cls, name, property(attrgetter(f"cell.{name}"), doc=f"`{name}` of the cell."))
        return cls

    return decorate


@of_cell("units", "activation", "use_bias", "dropout", "recurrent_dropout", *WEIGHTS)
class UsualRNN(RNN):
    """A recurrent layer that makes its cell itself. Not for use by itself.

    Args:
        cell: the cell.
        activity_regularizer: a regularizer of the output.
        seed: a seed for dropout.
        **kwargs: arguments of `RNN`.
    """

    arguments: ClassVar[tuple[str, ...]] = ("units", "activation", "use_bias", "dropout", "recurrent_dropout", "seed")

    cell: BaseCell

    def __init__(self, cell: BaseCell, activity_regularizer: Any = None, seed: int | None = None, **kwargs: Any) -> None:
        super().__init__(cell, activity_regularizer=activity_regularizer, **kwargs)
        self.seed = seed

    @abstractmethod
    def _fused(self, sequences: Any, states: list[Any], mask: Any, **settings: Any) -> tuple[Any, list[Any]]:
        """The output and the last states, by the engine's own recurrence."""

    def inner_loop(self, sequences: Any, initial_state: Any, mask: Any, training: bool = False) -> tuple[Any, Any, Any]:
        cell = self.cell
        usual = cell.activation is activations.tanh and getattr(cell, "recurrent_activation", activations.sigmoid) is activations.sigmoid
        if not usual or (training and cell.recurrent_dropout):
            return super().inner_loop(sequences, initial_state, mask, training)
        if training and cell.dropout:  # one mask for all gates, as in the cell without recurrent dropout
            shape = sequences.shape
            sequences = random.dropout(sequences, cell.dropout, noise_shape=(shape[0], 1, shape[2]), seed=cell.seed_generator)
        output, states = self._fused(
            sequences,
            initial_state,
            mask,
            reverse=self.go_backwards,
            unroll=self._unrolled(sequences),
            return_sequences=self.return_sequences,
            zero_output_for_mask=self.zero_output_for_mask,
        )
        return output, output, states

    def get_config(self) -> dict[str, Any]:
        config = {**self._settings(), **cell_config(self, self.arguments)}
        return {**config, "activity_regularizer": regularizers.serialize(self.activity_regularizer)}

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: dict[str, Any] | None = None) -> Layer:  # type: ignore[override]
        """The layer that `get_config` described."""
        return super(RNN, cls).from_config(config)


def cell_options(layer_kwargs: dict[str, Any]) -> dict[str, Any]:
    """Those of the arguments of a layer that its cell gets too; what only the cell takes leaves them."""
    options: dict[str, Any] = {name: layer_kwargs[name] for name in ("dtype", "trainable") if name in layer_kwargs}
    if "implementation" in layer_kwargs:
        options["implementation"] = layer_kwargs.pop("implementation")
    return options
