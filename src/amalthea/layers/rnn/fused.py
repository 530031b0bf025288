"""The usual recurrences as operations, for which engines may have kernels of their own: `simple_rnn`, `lstm`, `gru`."""

from __future__ import annotations

from amalthea.engines.registry import current
from amalthea.ops.arguments import Tensor, TensorLike, as_tensor, promote
from amalthea.ops.operation import operation


@operation
def simple_rnn(
    x: TensorLike,
    h: TensorLike,
    kernel: TensorLike,
    recurrent_kernel: TensorLike,
    bias: TensorLike | None = None,
    mask: TensorLike | None = None,
    reverse: bool = False,
    unroll: int = 1,
    return_sequences: bool = False,
    zero_output_for_mask: bool = False,
) -> tuple[Tensor, Tensor]:
    """`h = tanh(x @ kernel + h @ recurrent_kernel + bias)` over time.

    Args:
        x: floating tensor (batch, time, features).
        h: the first state (batch, units).
        kernel: (features, units).
        recurrent_kernel: (units, units).
        bias: (units,), or None.
        mask: bool (batch, time): where it is False, the state stays.
        reverse: whether the last step comes first; outputs stand in the order in which they are made.
        unroll: how many steps one turn of the loop takes.
        return_sequences: whether the outputs of all steps are given, or the last one.
        zero_output_for_mask: whether the output is 0 where the mask is False, or that of the step before.

    Returns:
        The output, (batch, time, units) or (batch, units), and the last state.

    Example:
        >>> from amalthea import ops
        >>> output, h = simple_rnn(ops.ones((2, 5, 3)), ops.zeros((2, 4)), ops.ones((3, 4)), ops.eye(4))
        >>> output.shape
        (2, 4)
    """
    engine = current()
    x, h, kernel, recurrent_kernel = promote(engine, x, h, kernel, recurrent_kernel, floating=True)
    bias, mask = _like(bias, x), None if mask is None else as_tensor(engine, mask, "bool")
    return engine.simple_rnn(x, h, kernel, recurrent_kernel, bias, mask, reverse, unroll, return_sequences, zero_output_for_mask)


@operation
def lstm(
    x: TensorLike,
    h: TensorLike,
    c: TensorLike,
    kernel: TensorLike,
    recurrent_kernel: TensorLike,
    bias: TensorLike | None = None,
    mask: TensorLike | None = None,
    reverse: bool = False,
    unroll: int = 1,
    return_sequences: bool = False,
    zero_output_for_mask: bool = False,
) -> tuple[Tensor, Tensor, Tensor]:
    """Long short-term memory over time, with tanh and sigmoid.

    Args:
        x: floating tensor (batch, time, features).
        h: the first output (batch, units).
        c: the first carry (batch, units).
        kernel: (features, 4 * units), for the input gate, the forget gate, the new carry and the output gate.
        recurrent_kernel: (units, 4 * units).
        bias: (4 * units,), or None.
        mask: see `simple_rnn`, as for what follows.
        reverse: whether the last step comes first.
        unroll: how many steps one turn of the loop takes.
        return_sequences: whether the outputs of all steps are given, or the last one.
        zero_output_for_mask: whether the output is 0 where the mask is False.

    Returns:
        The output, (batch, time, units) or (batch, units), the last `h` and the last `c`.

    Reference:
        Hochreiter and Schmidhuber, "Long short-term memory", 1997.

    Example:
        >>> from amalthea import ops
        >>> output, h, c = lstm(ops.ones((2, 5, 3)), ops.zeros((2, 4)), ops.zeros((2, 4)), ops.ones((3, 16)), ops.ones((4, 16)))
        >>> output.shape
        (2, 4)
    """
    engine = current()
    x, h, c, kernel, recurrent_kernel = promote(engine, x, h, c, kernel, recurrent_kernel, floating=True)
    bias, mask = _like(bias, x), None if mask is None else as_tensor(engine, mask, "bool")
    return engine.lstm(x, h, c, kernel, recurrent_kernel, bias, mask, reverse, unroll, return_sequences, zero_output_for_mask)


@operation
def gru(
    x: TensorLike,
    h: TensorLike,
    kernel: TensorLike,
    recurrent_kernel: TensorLike,
    bias: TensorLike | None = None,
    recurrent_bias: TensorLike | None = None,
    mask: TensorLike | None = None,
    reverse: bool = False,
    reset_after: bool = True,
    unroll: int = 1,
    return_sequences: bool = False,
    zero_output_for_mask: bool = False,
) -> tuple[Tensor, Tensor]:
    """Gated recurrent units over time, with tanh and sigmoid.

    Args:
        x: floating tensor (batch, time, features).
        h: the first state (batch, units).
        kernel: (features, 3 * units), for the update gate, the reset gate and the new state.
        recurrent_kernel: (units, 3 * units).
        bias: (3 * units,), added to the product of the inputs, or None.
        recurrent_bias: (3 * units,), added to the product of the state, or None; for `reset_after` alone.
        mask: see `simple_rnn`, as for what follows.
        reverse: whether the last step comes first.
        reset_after: whether the reset gate is applied after the product with the recurrent kernel, or before.
        unroll: how many steps one turn of the loop takes.
        return_sequences: whether the outputs of all steps are given, or the last one.
        zero_output_for_mask: whether the output is 0 where the mask is False.

    Returns:
        The output, (batch, time, units) or (batch, units), and the last state.

    Reference:
        Cho et al., "Learning phrase representations using RNN encoder-decoder", 2014.

    Example:
        >>> from amalthea import ops
        >>> output, h = gru(ops.ones((2, 5, 3)), ops.zeros((2, 4)), ops.ones((3, 12)), ops.ones((4, 12)))
        >>> output.shape
        (2, 4)
    """
    engine = current()
    x, h, kernel, recurrent_kernel = promote(engine, x, h, kernel, recurrent_kernel, floating=True)
    bias, recurrent_bias = _like(bias, x), _like(recurrent_bias, x)
    mask = None if mask is None else as_tensor(engine, mask, "bool")
    return engine.gru(
        x, h, kernel, recurrent_kernel, bias, recurrent_bias, mask, reverse, reset_after, unroll, return_sequences, zero_output_for_mask
    )


def _like(vector: TensorLike | None, x: Tensor) -> Tensor | None:
    engine = current()
    return None if vector is None else as_tensor(engine, vector, engine.dtype_of(x))
