"""The cells of the usual recurrences, forwards and backwards in time.

The gradient of a loop that an engine derives by itself adds that of the recurrent kernel up step by step, and keeps all that each step computes. Here a step
back gives the gradient of the sums before the gates only, and one product over all steps that of the kernel (backpropagation through time; Werbos, 1990).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from amalthea.engines.compositions.networks import Networks
from amalthea.engines.protocol import Tensor

Tensors = tuple[Tensor, ...]


@dataclass(frozen=True)
class Cell:
    """What `Recurrences` walks through time.

    Args:
        engine: on which it computes.

    The first of the states is the output. `x` are the inputs times their kernel, plus the bias: they are added to products of the states.
    """

    engine: Networks
    turned: ClassVar[int] = 1
    """How many of the weights, the first ones, the way back takes transposed."""

    def step(self, states: Tensors, x: Tensor, weights: Tensors) -> tuple[Tensors, Tensors]:
        """The next states, and what is kept for the way back."""
        raise NotImplementedError

    def back(self, gradients: Tensors, states: Tensors, kept: Tensors, weights: Tensors) -> tuple[Tensors, Tensors]:
        """The gradients of the states before a step, given those after it; and parts from which `sums` makes the rest."""
        raise NotImplementedError

    def sums(self, parts: Tensors, states: Tensors, kept: Tensors, weights: Tensors) -> tuple[Tensor, Sequence[Tensor | None]]:
        """The gradients of the inputs and of the weights, given all parts, states before steps and kept tensors, time first."""
        raise NotImplementedError

    def _kernel(self, factors: Tensor, gradients: Tensor) -> Tensor:
        """The gradient of a kernel by which `factors` were multiplied at every step, given that of the products."""
        e = self.engine
        rows, columns = (e.reshape(x, (-1, e.shape_of(x)[-1])) for x in (factors, gradients))
        return e.matmul(e.swapaxes(rows, 0, 1), columns)

    def _slope(self, value: Tensor, gradient: Tensor) -> Tensor:
        """The gradient of x, given y = tanh(x) and that of y."""
        e = self.engine
        return e.multiply(gradient, e.subtract(1.0, e.square(value)))


class Simple(Cell):
    """`h = tanh(x + h @ recurrent)`; weights: (recurrent,)."""

    def step(self, states: Tensors, x: Tensor, weights: Tensors) -> tuple[Tensors, Tensors]:
        e = self.engine
        h = e.tanh(e.add(x, e.matmul(states[0], weights[0])))
        return (h,), (h,)

    def back(self, gradients: Tensors, states: Tensors, kept: Tensors, weights: Tensors) -> tuple[Tensors, Tensors]:
        inner = self._slope(kept[0], gradients[0])
        return (self.engine.matmul(inner, weights[0]),), (inner,)

    def sums(self, parts: Tensors, states: Tensors, kept: Tensors, weights: Tensors) -> tuple[Tensor, Sequence[Tensor | None]]:
        return parts[0], (self._kernel(states[0], parts[0]),)


class LSTM(Cell):
    """Gates i, f, new content and o; weights: (recurrent, scale, shift).

    sigmoid(x) = tanh(x / 2) / 2 + 1 / 2, so that one tanh gives all gates: `x` and `recurrent` come multiplied with `scale` (4 * units,), which is 1/2 for
    gates and 1 for new content; `shift` is 1 - `scale`.
    """

    def step(self, states: Tensors, x: Tensor, weights: Tensors) -> tuple[Tensors, Tensors]:
        e, (h, c), (recurrent, scale, shift) = self.engine, states, weights
        activated = e.add(e.multiply(e.tanh(e.add(x, e.matmul(h, recurrent))), scale), shift)
        i, f, new, o = e.split(activated, (e.shape_of(c)[-1],) * 4, 1)
        c = e.add(e.multiply(f, c), e.multiply(i, new))
        shown = e.tanh(c)
        return (e.multiply(o, shown), c), (i, f, new, o, shown)

    def back(self, gradients: Tensors, states: Tensors, kept: Tensors, weights: Tensors) -> tuple[Tensors, Tensors]:
        e, (dh, dc), (_, c), (i, f, new, o, shown) = self.engine, gradients, states, kept
        dc = e.add(dc, self._slope(shown, e.multiply(dh, o)))
        gates = (
            self._gate(i, e.multiply(dc, new)),
            self._gate(f, e.multiply(dc, c)),
            self._slope(new, e.multiply(dc, i)),
            self._gate(o, e.multiply(dh, shown)),
        )
        inner = e.concatenate(gates, 1)
        return (e.matmul(inner, weights[0]), e.multiply(dc, f)), (inner,)

    def _gate(self, value: Tensor, gradient: Tensor) -> Tensor:
        """The gradient of x / 2, given y = sigmoid(x) and that of y."""
        e = self.engine
        return e.multiply(e.multiply(gradient, value), e.subtract(2.0, e.multiply(value, 2.0)))

    def sums(self, parts: Tensors, states: Tensors, kept: Tensors, weights: Tensors) -> tuple[Tensor, Sequence[Tensor | None]]:
        return parts[0], (self._kernel(states[0], parts[0]), None, None)


class _Gated(Cell):
    """Gates z and r side by side in one tensor, and new content."""

    def _split(self, x: Tensor) -> list[Tensor]:
        """What belongs to the gates, and what to the new content."""
        units = self.engine.shape_of(x)[-1] // 3
        return self.engine.split(x, (2 * units, units), len(self.engine.shape_of(x)) - 1)

    def _halves(self, gates: Tensor) -> list[Tensor]:
        axis = len(self.engine.shape_of(gates)) - 1
        return self.engine.split(gates, (self.engine.shape_of(gates)[-1] // 2,) * 2, axis)

    def _next(self, h: Tensor, z: Tensor, new: Tensor) -> Tensor:
        e = self.engine
        return e.add(new, e.multiply(z, e.subtract(h, new)))

    def _new(self, gradient: Tensor, z: Tensor, new: Tensor) -> Tensor:
        """The gradient of the sum that is the new content, given that of the next state."""
        e = self.engine
        return self._slope(new, e.multiply(gradient, e.subtract(1.0, z)))

    def _inner(self, gates: Tensor, z: Tensor, r: Tensor) -> Tensor:
        """The gradient of the sums that are the gates, given those of the two."""
        e = self.engine
        return e.multiply(e.concatenate([z, r], 1), e.multiply(gates, e.subtract(1.0, gates)))


class GRU(_Gated):
    """The reset gate scales the product with the state; weights: (recurrent,) or (recurrent, bias)."""

    def step(self, states: Tensors, x: Tensor, weights: Tensors) -> tuple[Tensors, Tensors]:
        e, (h,), (recurrent, *bias) = self.engine, states, weights
        product = e.matmul(h, recurrent)
        (x_gates, x_new), (gates, scaled) = self._split(x), self._split(e.add(product, bias[0]) if bias else product)
        gates = e.sigmoid(e.add(x_gates, gates))
        z, r = self._halves(gates)
        new = e.tanh(e.add(x_new, e.multiply(r, scaled)))
        return (self._next(h, z, new),), (gates, new, scaled)

    def back(self, gradients: Tensors, states: Tensors, kept: Tensors, weights: Tensors) -> tuple[Tensors, Tensors]:
        e, (dh,), (h,), (gates, new, scaled) = self.engine, gradients, states, kept
        z, r = self._halves(gates)
        dnew = self._new(dh, z, new)
        inner = self._inner(gates, e.multiply(dh, e.subtract(h, new)), e.multiply(dnew, scaled))
        products = e.concatenate([inner, e.multiply(dnew, r)], 1)
        return (e.add(e.multiply(dh, z), e.matmul(products, weights[0])),), (products, dnew)

    def sums(self, parts: Tensors, states: Tensors, kept: Tensors, weights: Tensors) -> tuple[Tensor, Sequence[Tensor | None]]:
        e, (products, dnew) = self.engine, parts
        to_weights = [self._kernel(states[0], products), *([e.sum(products, (0, 1), False)] if len(weights) > 1 else [])]
        return e.concatenate([self._split(products)[0], dnew], 2), to_weights


class ResetBeforeGRU(_Gated):
    """The reset gate scales the state before its product; weights: (recurrent of the gates, recurrent of the new content)."""

    turned = 2

    def step(self, states: Tensors, x: Tensor, weights: Tensors) -> tuple[Tensors, Tensors]:
        e, (h,), (to_gates, to_new) = self.engine, states, weights
        x_gates, x_new = self._split(x)
        gates = e.sigmoid(e.add(x_gates, e.matmul(h, to_gates)))
        z, r = self._halves(gates)
        new = e.tanh(e.add(x_new, e.matmul(e.multiply(r, h), to_new)))
        return (self._next(h, z, new),), (gates, new)

    def back(self, gradients: Tensors, states: Tensors, kept: Tensors, weights: Tensors) -> tuple[Tensors, Tensors]:
        e, (dh,), (h,), (gates, new), (to_gates, to_new) = self.engine, gradients, states, kept, weights
        z, r = self._halves(gates)
        dnew = self._new(dh, z, new)
        scaled = e.matmul(dnew, to_new)
        inner = self._inner(gates, e.multiply(dh, e.subtract(h, new)), e.multiply(scaled, h))
        before = e.add(e.multiply(dh, z), e.multiply(scaled, r))
        return (e.add(before, e.matmul(inner, to_gates)),), (inner, dnew)

    def sums(self, parts: Tensors, states: Tensors, kept: Tensors, weights: Tensors) -> tuple[Tensor, Sequence[Tensor | None]]:
        e, (inner, dnew), (h,), (gates, _) = self.engine, parts, states, kept
        _, r = self._halves(gates)
        return e.concatenate([inner, dnew], 2), [self._kernel(h, inner), self._kernel(e.multiply(r, h), dnew)]
