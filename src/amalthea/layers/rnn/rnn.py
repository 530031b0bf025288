"""`RNN`: a cell, step by step over a sequence."""

from __future__ import annotations

from typing import Any

from amalthea import ops, tree
from amalthea.engines import registry
from amalthea.errors import ArgumentError, ShapeError
from amalthea.layers.input_spec import InputSpec
from amalthea.layers.layer import Layer
from amalthea.layers.rnn.cell import BaseCell, one_draw
from amalthea.layers.rnn.stacked_rnn_cells import StackedRNNCells, check_cell, states_of, step
from amalthea.state.naming import absolute_scope
from amalthea.state.variable import Variable

_SETTINGS = ("return_sequences", "return_state", "go_backwards", "stateful", "unroll", "zero_output_for_mask")


class RNN(Layer):
    """The base of recurrent layers: a cell, step by step over a sequence.

    A cell is a layer with `call(inputs, states)`, which returns the output of a step and the new states, and with `state_size`, an
    integer or a list of integers. `output_size` and `get_initial_state(batch_size)` are taken into account where it has them.

    Args:
        cell: the cell, or a list of cells that stand on each other.
        return_sequences: whether the outputs of all steps are given, or the last one.
        return_state: whether the last states are given besides.
        go_backwards: whether the last step comes first. Outputs stand in the order in which they are made.
        stateful: whether each batch begins with the states with which the one before ended.
        unroll: whether the loop is written out: faster for short sequences, slower to compile.
        zero_output_for_mask: whether the output of masked steps is 0, or that of the step before.
        **kwargs: arguments of `Layer`.

    Call arguments:
        sequences: a tensor `(batch, time, ...)`.
        initial_state: the first states, in a list; zeros by default.
        mask: bool `(batch, time)`: where it is False, a step is left out.
        training: whether dropout is done.

    Output shape:
        `(batch, time, units)` with `return_sequences`, else `(batch, units)`; with `return_state` a tuple of that and of the states.

    Raises:
        ArgumentError: `cell` is no cell, or `initial_state` has another number of states.
        ShapeError: `stateful`, and the size of the batch is not known, or another one than before.

    Example:
        >>> import amalthea
        >>> class Sum(amalthea.layers.Layer):
        ...     state_size = 2
        ...     def call(self, inputs, states):
        ...         total = states[0] + inputs
        ...         return total, [total]
        >>> amalthea.layers.RNN(Sum())(amalthea.ops.ones((1, 5, 2))).tolist()
        [[5.0, 5.0]]
    """

    states: Any

    def __init__(
        self,
        cell: Any,
        return_sequences: bool = False,
        return_state: bool = False,
        go_backwards: bool = False,
        stateful: bool = False,
        unroll: bool = False,
        zero_output_for_mask: bool = False,
        **kwargs: Any,
    ) -> None:
        if isinstance(cell, (list, tuple)):
            cell = StackedRNNCells(cell)
        check_cell(type(self).__name__, cell)
        super().__init__(**kwargs)
        self.cell = cell
        self.return_sequences = return_sequences
        self.return_state = return_state
        self.go_backwards = go_backwards
        self.stateful = stateful
        self.unroll = unroll
        self.zero_output_for_mask = zero_output_for_mask
        self.supports_masking = True
        self.input_spec = InputSpec(min_ndim=3) if type(self) is RNN else InputSpec(ndim=3)
        self._keep(None)

    @property
    def state_size(self) -> list[Any]:
        """The size of each state of the cell."""
        size = self.cell.state_size
        return list(size) if isinstance(size, (list, tuple)) else [size]

    def _keep(self, states: Any) -> None:
        # Not a weight: files do not keep it, and its shape is that of one batch.
        object.__setattr__(self, "states", states)

    def build(self, sequences_shape: Any, initial_state_shape: Any = None) -> None:
        if isinstance(self.cell, Layer) and not self.cell.built:
            self.cell.build((sequences_shape[0], *sequences_shape[2:]))
        if self.stateful:
            self._begin(sequences_shape[0])

    def _begin(self, batch_size: int | None) -> None:
        """Make the variables of a stateful layer."""
        if batch_size is None:
            raise ShapeError(f"{self} is stateful, so the size of the batch must be known: give the input a `batch_size` (or a `batch_shape`).")
        with registry.use("symbolic"):
            specs = states_of(self.cell, batch_size)
        with absolute_scope(self.path):
            self._keep(
                tree.map_structure(
                    lambda spec: Variable("zeros", shape=spec.shape, dtype=self.variable_dtype, trainable=False, name="rnn_state"), specs
                )
            )

    def get_initial_state(self, batch_size: int | None) -> list[Any]:
        """The first states of the cell, for so many samples."""
        return states_of(self.cell, batch_size)

    def reset_state(self) -> None:
        """Let the states of a stateful layer be zeros again."""
        for state in tree.flatten(self.states) if self.states is not None else ():
            state.assign(ops.zeros(state.shape, dtype=state.dtype))

    def reset_states(self) -> None:
        """`reset_state`, by its older name."""
        self.reset_state()

    def _first_states(self, sequences: Any, initial_state: Any) -> list[Any]:
        if initial_state is None:
            if self.states is None:
                return self.get_initial_state(ops.shape(sequences)[0])
            return tree.map_structure(lambda state: ops.convert_to_tensor(state), list(self.states))
        with registry.use("symbolic"):
            wanted = states_of(self.cell, sequences.shape[0])
        given = tree.flatten(initial_state)
        if len(given) != len(tree.flatten(wanted)):
            raise ArgumentError(
                f"{self} has {len(tree.flatten(wanted))} states (state_size={self.cell.state_size}); `initial_state` has {len(given)}: "
                f"shapes {[tuple(state.shape) for state in given]}."
            )
        return tree.pack_sequence_as(wanted, given)  # type: ignore[no-any-return]

    def call(self, sequences: Any, initial_state: Any = None, mask: Any = None, training: bool = False) -> Any:
        mask = mask[0] if isinstance(mask, (list, tuple)) else mask
        if mask is not None:
            mask = ops.cast(mask, "bool")
        if self.stateful and self.states is not None:
            batch = tree.flatten(self.states)[0].shape[0]
            if sequences.shape[0] not in (None, batch):
                raise ShapeError(f"{self} is stateful and keeps the states of {batch} samples. Received a batch of {sequences.shape[0]}.")
        states = self._first_states(sequences, initial_state)
        with one_draw():
            last, outputs, states = self.inner_loop(sequences, states, mask, training)
        if self.stateful:
            tree.map_structure(lambda variable, state: variable.assign(state), self.states, states)
        output = outputs if self.return_sequences else last
        return (output, *states) if self.return_state else output

    def _unrolled(self, sequences: Any) -> int:
        return (sequences.shape[1] or 1) if self.unroll else 1

    def inner_loop(self, sequences: Any, initial_state: Any, mask: Any, training: bool = False) -> tuple[Any, Any, Any]:
        """The loop itself.

        Args:
            sequences: a tensor `(batch, time, ...)`.
            initial_state: the first states, in a list.
            mask: bool `(batch, time)`, or None.
            training: whether dropout is done.

        Returns:
            The last output, all of them (or None without `return_sequences`), and the last states.
        """
        return registry.current().rnn(  # type: ignore[no-any-return]
            lambda now, states: step(self.cell, now, states, training),
            sequences,
            initial_state,
            mask,
            self.go_backwards,
            self._unrolled(sequences),
            self.return_sequences,
            self.zero_output_for_mask,
            # These give their first state as output, so before the first step that is what they gave.
            initial_state[0] if isinstance(self.cell, BaseCell) else None,
        )

    def compute_mask(self, _: Any, mask: Any) -> Any:
        mask = tree.flatten(mask)[0] if mask is not None else None
        output_mask = mask if self.return_sequences else None
        return [output_mask, *(None for _ in tree.flatten(self.state_size))] if self.return_state else output_mask

    def get_config(self) -> dict[str, Any]:
        from amalthea.saving import serialize_keras_object

        return {**self._settings(), "cell": serialize_keras_object(self.cell)}

    def _settings(self) -> dict[str, Any]:
        return {**super().get_config(), **{name: getattr(self, name) for name in _SETTINGS}}

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: dict[str, Any] | None = None) -> RNN:
        """The layer that `get_config` described."""
        from amalthea.saving import deserialize_keras_object

        config = dict(config)
        cell = deserialize_keras_object(config.pop("cell"), custom_objects=custom_objects)
        return cls(cell, **config)
