"""A recurrence over all steps, with a gradient of its own: `cells` say what one step does, forwards and backwards."""

from __future__ import annotations

from typing import Any

from amalthea.engines.compositions.cells import Cell, Tensors
from amalthea.engines.compositions.networks import Networks
from amalthea.engines.protocol import Tensor
from amalthea.engines.sizes import at_most


class ThroughTime(Networks):
    """Mixed into `Recurrences`."""

    def _through_time(
        self, cell: Cell, xs: Tensor, states: Tensors, weights: Tensors, moments: Tensors, unroll: int, sequences: bool
    ) -> tuple[Tensor | None, Tensors]:
        """The outputs of all steps (time, batch, units) if `sequences`, else None; and the last states.

        Args:
            cell: what is done.
            xs: the inputs times their kernel, plus the bias, time first.
            states: before the first step.
            weights: as the cell takes them.
            moments: where bool (time, batch, 1) does not hold, states stay; or nothing.
            unroll: how many steps one turn of the loop takes.
            sequences: whether all outputs are wanted.
        """
        length, count = self.shape_of(xs)[0], len(states)
        unroll = max(1, at_most(unroll, length))

        def split(tensors: Tensors) -> tuple[Tensors, Tensors, Tensors]:
            """States, weights and moments."""
            return tensors[:count], tensors[count : count + len(weights)], tensors[count + len(weights) :]

        def step(states: Tensors, now: Tensors, weights: Tensors) -> tuple[Tensors, Tensors]:
            x, *moment = now
            new, kept = cell.step(states, x, weights)
            return self._where_it_holds(moment, new, states), kept

        def plain(xs: Tensor, *tensors: Tensor) -> Tensors:
            states, weights, moments = split(tensors)

            def turn(states: Tensors, now: Tensors) -> tuple[Tensors, Tensors]:
                states, _ = step(states, now, weights)
                return states, states[:sequences]

            last, outputs = self.scan(turn, states, (xs, *moments), length, False, unroll)
            return *outputs, *last

        def forward(xs: Tensor, *tensors: Tensor) -> tuple[Tensors, Any]:
            states, weights, moments = split(tensors)

            def turn(states: Tensors, now: Tensors) -> tuple[Tensors, tuple[Tensors, Tensors]]:
                after, kept = step(states, now, weights)
                return after, (states, kept)

            last, (before, kept) = self.scan(turn, states, (xs, *moments), length, False, unroll)
            outputs = (self.concatenate([self.slice_axis(before[0], 0, 1, None), self.expand_dims(last[0], 0)], 0),) if sequences else ()
            return (*outputs, *last), (before, kept, weights, moments)

        def backward(residuals: tuple[Tensors, ...], upstream: Tensors) -> tuple[Tensor | None, ...]:
            before, kept, weights, moments = residuals
            turned = tuple(self.swapaxes(weight, 0, 1) if place < cell.turned else weight for place, weight in enumerate(weights))

            def turn(gradients: Tensors, now: tuple[Tensors, ...]) -> tuple[Tensors, Tensors]:
                output, states, kept, moment = now
                gradients = *(self.add(gradient, output[0]) for gradient in gradients[: len(output)]), *gradients[len(output) :]
                # Where a state stayed, its gradient stays.
                moved = self._where_it_holds(moment, gradients, (0.0,) * count)
                found, parts = cell.back(moved, states, kept, turned)
                return self._where_it_holds(moment, found, gradients), parts

            gradients, parts = self.scan(turn, upstream[sequences:], (upstream[:sequences], before, kept, moments), length, True, unroll)
            to_xs, to_weights = cell.sums(parts, before, kept, weights)
            return to_xs, *gradients, *to_weights, *(None for _ in moments)

        found = self.custom_vjp(plain, forward, backward)(xs, *states, *weights, *moments)
        return found[0] if sequences else None, tuple(found[sequences:])

    def _where_it_holds(self, moment: Any, new: Tensors, old: Any) -> Tensors:
        return tuple(self.where(moment[0], n, o) for n, o in zip(new, old, strict=True)) if moment else new
