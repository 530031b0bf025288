"""`LSTM`, long short-term memory, and its cell."""

from __future__ import annotations

from typing import Any

import numpy as np

from amalthea import activations, initializers, ops
from amalthea.engines import registry
from amalthea.engines.protocol import Shape
from amalthea.layers.rnn import fused
from amalthea.layers.rnn.cell import WEIGHTS, BaseCell
from amalthea.layers.rnn.usual import UsualRNN, cell_options, of_cell


class _GateBiases(initializers.Initializer):
    """The biases of four gates: ones for the second, the forget gate, and what another initializer gives for the others."""

    def __init__(self, units: int, others: Any) -> None:
        self.units, self.others = units, others

    def draw(self, shape: Shape, dtype: str) -> np.ndarray:
        parts = ((self.units, self.others), (self.units, initializers.Ones()), (2 * self.units, self.others))
        return np.concatenate([np.asarray(_draw(initializer, size, dtype)) for size, initializer in parts])


def _draw(initializer: Any, size: int, dtype: str) -> Any:
    if isinstance(initializer, initializers.Initializer):
        return initializer.draw((size,), dtype)
    with registry.use("numpy"):  # a function of somebody's own
        return initializer((size,), dtype=dtype)


class LSTMCell(BaseCell):
    """One step of `LSTM`.

    Args:
        units: the size of the output.
        activation: what is applied to the new carry and to the carry that is given out.
        recurrent_activation: what is applied to the gates.
        use_bias: whether a bias is added.
        kernel_initializer: the first value of the kernel, which the inputs are multiplied with.
        recurrent_initializer: the first value of the recurrent kernel, which the output before is multiplied with.
        bias_initializer: the first value of the bias.
        unit_forget_bias: whether the bias of the forget gate begins with 1.
        kernel_regularizer: a regularizer of the kernel.
        recurrent_regularizer: a regularizer of the recurrent kernel.
        bias_regularizer: a regularizer of the bias.
        kernel_constraint: a constraint on the kernel.
        recurrent_constraint: a constraint on the recurrent kernel.
        bias_constraint: a constraint on the bias.
        dropout: the share of the inputs that is dropped in training.
        recurrent_dropout: the share of the output before that is dropped in training.
        seed: a seed for the draws.
        **kwargs: arguments of `Layer`.

    Call arguments:
        inputs: the inputs of one step, `(batch, features)`.
        states: the output before and the carry, each `(batch, units)`.
        training: whether dropout is done.

    Output shape:
        `(batch, units)`, and the list of the new states.

    Reference:
        Hochreiter and Schmidhuber, "Long short-term memory", 1997. Jozefowicz et al., "An empirical exploration of recurrent
        network architectures", 2015 (the bias of the forget gate).

    Example:
        >>> import amalthea
        >>> cell = amalthea.layers.LSTMCell(4)
        >>> output, (h, c) = cell(amalthea.ops.ones((2, 3)), cell.get_initial_state(2))
        >>> output.shape, c.shape
        ((2, 4), (2, 4))
    """

    gates = 4
    arguments = (*BaseCell.arguments, "recurrent_activation", "unit_forget_bias")

    def __init__(
        self,
        units: int,
        activation: Any = "tanh",
        recurrent_activation: Any = "sigmoid",
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        recurrent_initializer: Any = "orthogonal",
        bias_initializer: Any = "zeros",
        unit_forget_bias: bool = True,
        kernel_regularizer: Any = None,
        recurrent_regularizer: Any = None,
        bias_regularizer: Any = None,
        kernel_constraint: Any = None,
        recurrent_constraint: Any = None,
        bias_constraint: Any = None,
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
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
        self.unit_forget_bias = unit_forget_bias
        self.state_size = [self.units, self.units]

    def build(self, input_shape: Any) -> None:
        initializer = _GateBiases(self.units, self.bias_initializer) if self.unit_forget_bias else self.bias_initializer
        self._add_weights(input_shape[-1], (4 * self.units,), initializer)

    def call(self, inputs: Any, states: Any, training: bool | None = False) -> tuple[Any, list[Any]]:
        h, carry = states
        gates = ops.add(self._from_inputs(inputs, training), self._from_state(h, training))
        if self.bias is not None:
            gates = ops.add(gates, self.bias)
        i, f, new, o = ops.split(gates, 4, axis=1)
        gate = self.recurrent_activation
        carry = ops.add(ops.multiply(gate(f), carry), ops.multiply(gate(i), self.activation(new)))
        h = ops.multiply(gate(o), self.activation(carry))
        return h, [h, carry]


@of_cell("recurrent_activation", "unit_forget_bias")
class LSTM(UsualRNN):
    """Long short-term memory: a recurrent layer with a carry that gates write, forget and read.

    With the activations that it has by default, and without recurrent dropout, the engine's own recurrence is taken.

    Args:
        units: the size of the output.
        activation: what is applied to the new carry and to the carry that is given out.
        recurrent_activation: what is applied to the gates.
        use_bias: whether a bias is added.
        kernel_initializer: the first value of the kernel, which the inputs are multiplied with.
        recurrent_initializer: the first value of the recurrent kernel, which the output before is multiplied with.
        bias_initializer: the first value of the bias.
        unit_forget_bias: whether the bias of the forget gate begins with 1.
        kernel_regularizer: a regularizer of the kernel.
        recurrent_regularizer: a regularizer of the recurrent kernel.
        bias_regularizer: a regularizer of the bias.
        activity_regularizer: a regularizer of the output.
        kernel_constraint: a constraint on the kernel.
        recurrent_constraint: a constraint on the recurrent kernel.
        bias_constraint: a constraint on the bias.
        dropout: the share of the inputs that is dropped in training: the same features at all steps.
        recurrent_dropout: the share of the output before that is dropped in training.
        seed: a seed for the draws.
        return_sequences: whether the outputs of all steps are given, or the last one.
        return_state: whether the last output and the last carry are given besides.
        go_backwards: whether the last step comes first.
        stateful: whether each batch begins with the states with which the one before ended.
        unroll: whether the loop is written out.
        use_cudnn: kept for Keras's sake: each engine takes the fastest of its recurrences that fits.
        **kwargs: arguments of `RNN` and of `Layer`.

    Call arguments:
        sequences: a tensor `(batch, time, features)`.
        initial_state: the first output and carry, in a list; zeros by default.
        mask: bool `(batch, time)`: where it is False, a step is left out.
        training: whether dropout is done.

    Output shape:
        `(batch, time, units)` with `return_sequences`, else `(batch, units)`; with `return_state` a tuple of that and the states.

    Reference:
        Hochreiter and Schmidhuber, "Long short-term memory", 1997. Gal and Ghahramani, "A theoretically grounded application of
        dropout in recurrent neural networks", 2016.

    Example:
        >>> import amalthea
        >>> x = amalthea.ops.ones((2, 5, 3))
        >>> amalthea.layers.LSTM(4)(x).shape
        (2, 4)
        >>> output, h, c = amalthea.layers.LSTM(4, return_sequences=True, return_state=True)(x)
        >>> output.shape, c.shape
        ((2, 5, 4), (2, 4))
    """

    arguments = LSTMCell.arguments

    def __init__(
        self,
        units: int,
        activation: Any = "tanh",
        recurrent_activation: Any = "sigmoid",
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        recurrent_initializer: Any = "orthogonal",
        bias_initializer: Any = "zeros",
        unit_forget_bias: bool = True,
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
        use_cudnn: Any = "auto",
        **kwargs: Any,
    ) -> None:
        cell = LSTMCell(
            units,
            activation=activation,
            recurrent_activation=recurrent_activation,
            use_bias=use_bias,
            kernel_initializer=kernel_initializer,
            recurrent_initializer=recurrent_initializer,
            bias_initializer=bias_initializer,
            unit_forget_bias=unit_forget_bias,
            kernel_regularizer=kernel_regularizer,
            recurrent_regularizer=recurrent_regularizer,
            bias_regularizer=bias_regularizer,
            kernel_constraint=kernel_constraint,
            recurrent_constraint=recurrent_constraint,
            bias_constraint=bias_constraint,
            dropout=dropout,
            recurrent_dropout=recurrent_dropout,
            seed=seed,
            name="lstm_cell",
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
        output, h, c = fused.lstm(sequences, states[0], states[1], cell.kernel, cell.recurrent_kernel, cell.bias, mask, **settings)
        return output, [h, c]
