"""`GRU`, gated recurrent units, and its cell."""

from __future__ import annotations

from typing import Any

from amalthea import activations, ops
from amalthea.layers.rnn import fused
from amalthea.layers.rnn.cell import WEIGHTS, BaseCell, product
from amalthea.layers.rnn.usual import UsualRNN, cell_options, of_cell


class GRUCell(BaseCell):
    """One step of `GRU`.

    Args:
        units: the size of the output, which is the state too.
        activation: what is applied to the new state.
        recurrent_activation: what is applied to the gates.
        use_bias: whether a bias is added.
        kernel_initializer: the first value of the kernel, which the inputs are multiplied with.
        recurrent_initializer: the first value of the recurrent kernel, which the state is multiplied with.
        bias_initializer: the first value of the bias.
        kernel_regularizer: a regularizer of the kernel.
        recurrent_regularizer: a regularizer of the recurrent kernel.
        bias_regularizer: a regularizer of the bias.
        kernel_constraint: a constraint on the kernel.
        recurrent_constraint: a constraint on the recurrent kernel.
        bias_constraint: a constraint on the bias.
        dropout: the share of the inputs that is dropped in training.
        recurrent_dropout: the share of the state that is dropped in training.
        reset_after: whether the reset gate is applied after the product with the recurrent kernel, or before.
        seed: a seed for the draws.
        **kwargs: arguments of `Layer`.

    Call arguments:
        inputs: the inputs of one step, `(batch, features)`.
        states: a list of one tensor, `(batch, units)`.
        training: whether dropout is done.

    Output shape:
        `(batch, units)`, and the list of the new state.

    Reference:
        Cho et al., "Learning phrase representations using RNN encoder-decoder", 2014.

    Example:
        >>> import amalthea
        >>> cell = amalthea.layers.GRUCell(4)
        >>> output, states = cell(amalthea.ops.ones((2, 3)), cell.get_initial_state(2))
        >>> output.shape
        (2, 4)
    """

    gates = 3
    arguments = (*BaseCell.arguments, "recurrent_activation", "reset_after")

    def __init__(
        self,
        units: int,
        activation: Any = "tanh",
        recurrent_activation: Any = "sigmoid",
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        recurrent_initializer: Any = "orthogonal",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        recurrent_regularizer: Any = None,
        bias_regularizer: Any = None,
        kernel_constraint: Any = None,
        recurrent_constraint: Any = None,
        bias_constraint: Any = None,
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        reset_after: bool = True,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        values = (
            kernel_initializer,
            recurrent_initializer,
            bias_initializer,
            kernel_regularizer,
            recurrent_regularizer,
            bias_regularizer,
            kernel_constraint,
            recurrent_constraint,
            bias_constraint,
        )
        super().__init__(units, activation, use_bias, dict(zip(WEIGHTS, values, strict=True)), dropout, recurrent_dropout, seed, **kwargs)
        self.recurrent_activation = activations.get(recurrent_activation)
        self.reset_after = reset_after

    def build(self, input_shape: Any) -> None:
        wide = 3 * self.units
        self._add_weights(input_shape[-1], (2, wide) if self.reset_after else (wide,), self.bias_initializer)

    def biases(self) -> tuple[Any, Any]:
        """The bias of the product of the inputs and that of the product of the state; None for those that there are not."""
        if self.bias is None or not self.reset_after:
            return self.bias, None
        both = ops.convert_to_tensor(self.bias)
        return both[0], both[1]

    def call(self, inputs: Any, states: Any, training: bool | None = False) -> tuple[Any, Any]:
        nested = isinstance(states, (list, tuple))
        h = states[0] if nested else states
        bias, recurrent_bias = self.biases()
        x = self._from_inputs(inputs, training)
        if bias is not None:
            x = ops.add(x, bias)
        x_z, x_r, x_h = ops.split(x, 3, axis=1)
        gate = self.recurrent_activation
        if self.reset_after:
            inner = self._from_state(h, training)
            if recurrent_bias is not None:
                inner = ops.add(inner, recurrent_bias)
            h_z, h_r, h_h = ops.split(inner, 3, axis=1)
            new = ops.multiply(gate(ops.add(x_r, h_r)), h_h)
        else:
            masks = self.get_recurrent_dropout_mask(h) if training and self.recurrent_dropout else None
            gates, candidate = ops.split(self.recurrent_kernel, [2 * self.units], axis=1)
            h_z, h_r = ops.split(product(h, gates, masks and masks[:2]), 2, axis=1)
            seen = h if masks is None else ops.multiply(h, masks[2])
            new = ops.matmul(ops.multiply(gate(ops.add(x_r, h_r)), seen), candidate)
        z = gate(ops.add(x_z, h_z))
        new = self.activation(ops.add(x_h, new))
        h = ops.add(new, ops.multiply(z, ops.subtract(h, new)))
        return h, [h] if nested else h


@of_cell("recurrent_activation", "reset_after")
class GRU(UsualRNN):
    """Gated recurrent units: a recurrent layer with gates that keep the state and reset it.

    With the activations that it has by default, and without recurrent dropout, the engine's own recurrence is taken.

    Args:
        units: the size of the output.
        activation: what is applied to the new state.
        recurrent_activation: what is applied to the gates.
        use_bias: whether a bias is added.
        kernel_initializer: the first value of the kernel, which the inputs are multiplied with.
        recurrent_initializer: the first value of the recurrent kernel, which the state is multiplied with.
        bias_initializer: the first value of the bias.
        kernel_regularizer: a regularizer of the kernel.
        recurrent_regularizer: a regularizer of the recurrent kernel.
        bias_regularizer: a regularizer of the bias.
        activity_regularizer: a regularizer of the output.
        kernel_constraint: a constraint on the kernel.
        recurrent_constraint: a constraint on the recurrent kernel.
        bias_constraint: a constraint on the bias.
        dropout: the share of the inputs that is dropped in training: the same features at all steps.
        recurrent_dropout: the share of the state that is dropped in training.
        seed: a seed for the draws.
        return_sequences: whether the outputs of all steps are given, or the last one.
        return_state: whether the last state is given besides.
        go_backwards: whether the last step comes first.
        stateful: whether each batch begins with the state with which the one before ended.
        unroll: whether the loop is written out.
        reset_after: whether the reset gate is applied after the product with the recurrent kernel, or before.
        use_cudnn: kept for Keras's sake: each engine takes the fastest of its recurrences that fits.
        **kwargs: arguments of `RNN` and of `Layer`.

    Call arguments:
        sequences: a tensor `(batch, time, features)`.
        initial_state: the first state, in a list; zeros by default.
        mask: bool `(batch, time)`: where it is False, a step is left out.
        training: whether dropout is done.

    Output shape:
        `(batch, time, units)` with `return_sequences`, else `(batch, units)`; with `return_state` a tuple of that and the state.

    Reference:
        Cho et al., "Learning phrase representations using RNN encoder-decoder", 2014. Chung et al., "Empirical evaluation of gated
        recurrent neural networks on sequence modeling", 2014.

    Example:
        >>> import amalthea
        >>> amalthea.layers.GRU(4, return_sequences=True)(amalthea.ops.ones((2, 5, 3))).shape
        (2, 5, 4)
    """

    arguments = GRUCell.arguments

    cell: GRUCell

    def __init__(
        self,
        units: int,
        activation: Any = "tanh",
        recurrent_activation: Any = "sigmoid",
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        recurrent_initializer: Any = "orthogonal",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        recurrent_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        kernel_constraint: Any = None,
        recurrent_constraint: Any = None,
        bias_constraint: Any = None,
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        seed: int | None = None,
        return_sequences: bool = False,
        return_state: bool = False,
        go_backwards: bool = False,
        stateful: bool = False,
        unroll: bool = False,
        reset_after: bool = True,
        use_cudnn: Any = "auto",
        **kwargs: Any,
    ) -> None:
        cell = GRUCell(
            units,
            activation=activation,
            recurrent_activation=recurrent_activation,
            use_bias=use_bias,
            kernel_initializer=kernel_initializer,
            recurrent_initializer=recurrent_initializer,
            bias_initializer=bias_initializer,
            kernel_regularizer=kernel_regularizer,
            recurrent_regularizer=recurrent_regularizer,
            bias_regularizer=bias_regularizer,
            kernel_constraint=kernel_constraint,
            recurrent_constraint=recurrent_constraint,
            bias_constraint=bias_constraint,
            dropout=dropout,
            recurrent_dropout=recurrent_dropout,
            reset_after=reset_after,
            seed=seed,
            name="gru_cell",
            **cell_options(kwargs),
        )
        super().__init__(
            cell,
            activity_regularizer=activity_regularizer,
            seed=seed,
            return_sequences=return_sequences,
            return_state=return_state,
            go_backwards=go_backwards,
            stateful=stateful,
            unroll=unroll,
            **kwargs,
        )
        self.use_cudnn = use_cudnn

    def _fused(self, sequences: Any, states: list[Any], mask: Any, **settings: Any) -> tuple[Any, list[Any]]:
        cell = self.cell
        bias, recurrent_bias = cell.biases()
        output, h = fused.gru(
            sequences, states[0], cell.kernel, cell.recurrent_kernel, bias, recurrent_bias, mask, reset_after=cell.reset_after, **settings
        )
        return output, [h]
