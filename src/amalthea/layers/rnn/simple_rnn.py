"""`SimpleRNN` and its cell."""

from __future__ import annotations

from typing import Any

from amalthea import ops
from amalthea.layers.rnn import fused
from amalthea.layers.rnn.cell import WEIGHTS, BaseCell
from amalthea.layers.rnn.usual import UsualRNN, cell_options


class SimpleRNNCell(BaseCell):
    """One step of `SimpleRNN`: `activation(inputs @ kernel + state @ recurrent_kernel + bias)`.

    Args:
        units: the size of the output, which is the state too.
        activation: a function, or the name of one.
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
        seed: a seed for the draws.
        **kwargs: arguments of `Layer`.

    Call arguments:
        sequence: the inputs of one step, `(batch, features)`.
        states: a list of one tensor, `(batch, units)`.
        training: whether dropout is done.

    Output shape:
        `(batch, units)`, and the list of the new state.

    Example:
        >>> import amalthea
        >>> cell = amalthea.layers.SimpleRNNCell(4)
        >>> output, states = cell(amalthea.ops.ones((2, 3)), cell.get_initial_state(2))
        >>> output.shape
        (2, 4)
    """

    def __init__(
        self,
        units: int,
        activation: Any = "tanh",
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

    def call(self, sequence: Any, states: Any, training: bool | None = False) -> tuple[Any, Any]:
        nested = isinstance(states, (list, tuple))
        output = ops.add(self._from_inputs(sequence, training), self._from_state(states[0] if nested else states, training))
        if self.bias is not None:
            output = ops.add(output, self.bias)
        if self.activation is not None:
            output = self.activation(output)
        return output, [output] if nested else output


class SimpleRNN(UsualRNN):
    """A recurrent layer whose output is its state: `h = activation(x @ kernel + h @ recurrent_kernel + bias)`.

    Args:
        units: the size of the output.
        activation: a function, or the name of one.
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
        return_sequences: whether the outputs of all steps are given, or the last one.
        return_state: whether the last state is given besides.
        go_backwards: whether the last step comes first.
        stateful: whether each batch begins with the state with which the one before ended.
        unroll: whether the loop is written out.
        seed: a seed for the draws.
        **kwargs: arguments of `RNN` and of `Layer`.

    Call arguments:
        sequences: a tensor `(batch, time, features)`.
        initial_state: the first state, in a list; zeros by default.
        mask: bool `(batch, time)`: where it is False, a step is left out.
        training: whether dropout is done.

    Output shape:
        `(batch, time, units)` with `return_sequences`, else `(batch, units)`; with `return_state` a tuple of that and the state.

    Example:
        >>> import amalthea
        >>> amalthea.layers.SimpleRNN(4)(amalthea.ops.ones((2, 5, 3))).shape
        (2, 4)
    """

    arguments = ("units", "activation", "use_bias", "dropout", "recurrent_dropout")

    def __init__(
        self,
        units: int,
        activation: Any = "tanh",
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
        return_sequences: bool = False,
        return_state: bool = False,
        go_backwards: bool = False,
        stateful: bool = False,
        unroll: bool = False,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        cell = SimpleRNNCell(
            units,
            activation=activation,
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
            seed=seed,
            name="simple_rnn_cell",
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

    def _fused(self, sequences: Any, states: list[Any], mask: Any, **settings: Any) -> tuple[Any, list[Any]]:
        cell = self.cell
        output, h = fused.simple_rnn(sequences, states[0], cell.kernel, cell.recurrent_kernel, cell.bias, mask, **settings)
        return output, [h]
