"""Recurrences through `scan`: any cell, and the usual three with their input projection out of the loop."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from amalthea import tree
from amalthea.engines.compositions.cells import GRU, LSTM, Cell, ResetBeforeGRU, Simple, Tensors
from amalthea.engines.compositions.through_time import ThroughTime
from amalthea.engines.protocol import Tensor
from amalthea.engines.sizes import LaterSize, at_most

Step = Callable[[Any, Any], tuple[Any, Any]]


class Recurrences(ThroughTime):
    """Recurrences over axis 1 of (batch, time, ...).

    With `reverse` the last element comes first, and outputs stand in the order in which they were made.
    Where the bool `mask` (batch, time) does not hold, states stay, and the output is that of the step
    before, or zeros if `zero_output_for_mask`. `unroll` is how many steps one turn of the loop takes.
    The output is of all steps (batch, time, ...), or with `return_sequences` False the last one.
    """

    def rnn(
        self,
        step: Step,
        x: Any,
        states: Any,
        mask: Tensor | None = None,
        reverse: bool = False,
        unroll: int = 1,
        return_sequences: bool = True,
        zero_output_for_mask: bool = False,
        before: Any = None,
    ) -> tuple[Any, Any, Any]:
        """`output, states = step(x[:, t], states)` over time: the last output, all of them or None, the last states.

        `before` is the output before the first step, for samples whose mask begins with False; zeros if None.
        """
        xs = tree.map_structure(lambda leaf: self._over_time(leaf, reverse), x)
        masks = None if mask is None else self._over_time(mask, reverse)
        length = self.shape_of(tree.flatten(xs)[0])[0]

        def masked(moment: Tensor, new: Any, old: Any) -> Any:
            return tree.map_structure(lambda n, o: self.where(self._beside(moment, n), n, o), new, old)

        def turn(before: tuple[Any, Any], x: tuple[Any, Any]) -> tuple[tuple[Any, Any], Any]:
            (output, states), (now, moment) = before, x
            new_output, new_states = step(now, states)
            if moment is None:
                carried = (new_output, new_states)
                return carried, new_output if return_sequences else ()
            states = masked(moment, new_states, states)
            zeros = tree.map_structure(self.zeros_like, new_output)
            shown = masked(moment, new_output, zeros if zero_output_for_mask or output is None else output)
            return (shown, states), shown if return_sequences else ()

        def over(carry: Any, xs: Any, masks: Tensor | None, length: Any) -> tuple[Any, Any]:
            if masks is None:
                return self.scan(lambda c, now: turn(c, (now, None)), carry, xs, length, False, at_most(unroll, length))
            return self.scan(turn, carry, (xs, masks), length, False, at_most(unroll, length))

        # The first step stands before the loop: it says what an output looks like, which a loop must know.
        first = tree.map_structure(lambda leaf: self.index_axis(leaf, 0, 0), xs)
        carry, output = turn((before, states), (first, None if masks is None else self.index_axis(masks, 0, 0)))
        outputs = tree.map_structure(lambda leaf: self.expand_dims(leaf, 0), output)
        if isinstance(length, LaterSize):  # perhaps 1, and loops of no steps do not know what they give: all steps are in the loop
            zeros = tree.map_structure(self.zeros_like, carry[0])
            carry, outputs = over((zeros if before is None else before, states), xs, masks, length)
        elif length > 1:
            rest = tree.map_structure(lambda leaf: self.slice_axis(leaf, 0, 1, None), xs)
            carry, more = over(carry, rest, None if masks is None else self.slice_axis(masks, 0, 1, None), length - 1)
            if return_sequences:
                outputs = tree.map_structure(lambda head, tail: self.concatenate([head, tail], 0), outputs, more)
        last, states = carry
        return last, tree.map_structure(lambda leaf: self.swapaxes(leaf, 0, 1), outputs) if return_sequences else None, states

    def _over_time(self, x: Tensor, reverse: bool) -> Tensor:
        x = self.swapaxes(x, 0, 1)
        return self.flip(x, (0,)) if reverse else x

    def _beside(self, moment: Tensor, x: Tensor) -> Tensor:
        """The mask (batch,) of one moment in a shape that broadcasts with `x` (batch, ...)."""
        rank = len(self.shape_of(x))
        return moment if rank == 1 else self.expand_dims(moment, range(1, rank))

    def _recur(
        self,
        cell: Cell,
        xs: Tensor,
        states: Tensors,
        weights: Tensors,
        mask: Tensor | None,
        reverse: bool,
        unroll: int,
        return_sequences: bool,
        zero_output_for_mask: bool,
    ) -> tuple[Tensor, Tensors]:
        """The output and the last states of a cell over `xs`, which come time first and in its order."""
        moments = () if mask is None else (self.expand_dims(self._over_time(mask, reverse), 2),)
        outputs, states = self._through_time(cell, xs, states, weights, moments, unroll, return_sequences)
        zeroed = moments if zero_output_for_mask else ()
        if outputs is None:
            return (self.where(self.index_axis(zeroed[0], 0, -1), states[0], 0.0) if zeroed else states[0]), states
        return self.swapaxes(self.where(zeroed[0], outputs, 0.0) if zeroed else outputs, 0, 1), states

    def _projected(self, x: Tensor, kernel: Tensor, bias: Tensor | None, reverse: bool) -> Tensor:
        """The inputs of all steps times `kernel`, plus `bias`, time first."""
        y = self.dense(self._over_time(x, reverse), kernel)
        return y if bias is None else self.add(y, bias)

    def simple_rnn(
        self,
        x: Tensor,
        h: Tensor,
        kernel: Tensor,
        recurrent_kernel: Tensor,
        bias: Tensor | None,
        mask: Tensor | None = None,
        reverse: bool = False,
        unroll: int = 1,
        return_sequences: bool = True,
        zero_output_for_mask: bool = False,
    ) -> tuple[Tensor, Tensor]:
        """`h = tanh(x @ kernel + h @ recurrent_kernel + bias)`: output and last `h`."""
        xs = self._projected(x, kernel, bias, reverse)
        output, (h,) = self._recur(Simple(self), xs, (h,), (recurrent_kernel,), mask, reverse, unroll, return_sequences, zero_output_for_mask)
        return output, h

    def lstm(
        self,
        x: Tensor,
        h: Tensor,
        c: Tensor,
        kernel: Tensor,
        recurrent_kernel: Tensor,
        bias: Tensor | None,
        mask: Tensor | None = None,
        reverse: bool = False,
        unroll: int = 1,
        return_sequences: bool = True,
        zero_output_for_mask: bool = False,
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Long short-term memory, gates (i, f, c, o) side by side in kernels and bias: output, last `h`, last `c`."""
        units, dtype = self.shape_of(h)[-1], self.dtype_of(recurrent_kernel)
        scale = self.concatenate([self.full((count * units,), value, dtype) for count, value in ((2, 0.5), (1, 1.0), (1, 0.5))], 0)
        weights = self.multiply(recurrent_kernel, scale), scale, self.subtract(1.0, scale)
        xs = self._projected(x, self.multiply(kernel, scale), None if bias is None else self.multiply(bias, scale), reverse)
        output, (h, c) = self._recur(LSTM(self), xs, (h, c), weights, mask, reverse, unroll, return_sequences, zero_output_for_mask)
        return output, h, c

    def gru(
        self,
        x: Tensor,
        h: Tensor,
        kernel: Tensor,
        recurrent_kernel: Tensor,
        bias: Tensor | None,
        recurrent_bias: Tensor | None,
        mask: Tensor | None = None,
        reverse: bool = False,
        reset_after: bool = True,
        unroll: int = 1,
        return_sequences: bool = True,
        zero_output_for_mask: bool = False,
    ) -> tuple[Tensor, Tensor]:
        """Gated recurrent unit, gates (z, r, h) side by side in kernels and biases: output and last `h`.

        `reset_after` applies the reset gate after the product with `recurrent_kernel` (and its bias), else before.
        """
        cell: Cell
        if reset_after:
            cell, weights = GRU(self), (recurrent_kernel,) if recurrent_bias is None else (recurrent_kernel, recurrent_bias)
        else:
            units = self.shape_of(h)[-1]
            cell, weights = ResetBeforeGRU(self), tuple(self.split(recurrent_kernel, (2 * units, units), 1))
        xs = self._projected(x, kernel, bias, reverse)
        output, (h,) = self._recur(cell, xs, (h,), weights, mask, reverse, unroll, return_sequences, zero_output_for_mask)
        return output, h
