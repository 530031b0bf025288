"""The loops of an LSTM and of a GRU with gradients of their own.

JAX's gradient of such a loop adds the gradient of the recurrent kernel up step by step and splits gates inside of loops. Here the loop
back collects the gradients of the gates only, and one product at its end gives that of the kernel.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
from jax import lax

States = tuple[jax.Array, jax.Array]


def _shown(before: jax.Array, last: jax.Array) -> jax.Array:
    """All h, given those before each step and the last."""
    return lax.concatenate([before[1:], last[None]], 0)


def _over_steps(before: jax.Array, gradients: jax.Array) -> jax.Array:
    """The gradient of a kernel by which `before` was multiplied in each step, given that of the products."""
    return before.reshape(-1, before.shape[-1]).T @ gradients.reshape(-1, gradients.shape[-1])


# --- LSTM -------------------------------------------------------------------------------------------------


def _gates(x: jax.Array) -> list[jax.Array]:
    """i, f, new and o, from sums (batch, 4 * units): one tanh gives all of them, since sigmoid(x) = tanh(x / 2) / 2 + 1 / 2."""
    units = x.shape[-1] // 4
    scale = jnp.repeat(jnp.array([0.5, 0.5, 1.0, 0.5], x.dtype), units)
    return jnp.split(jnp.tanh(x * scale) * scale + (1 - scale), 4, -1)


def _step(recurrent: jax.Array, states: States, x: jax.Array) -> tuple[States, list[jax.Array], jax.Array]:
    """New states, the gates, and the tanh of the new memory."""
    h, c = states
    gates = _gates(x + h @ recurrent)
    i, f, new, o = gates
    c = f * c + i * new
    shown = jnp.tanh(c)
    return (o * shown, c), gates, shown


@partial(jax.custom_vjp, nondiff_argnums=(3, 4))
def lstm(xs: jax.Array, states: States, recurrent: jax.Array, sequences: bool, unroll: int) -> tuple[jax.Array | None, States]:
    """All h (time, batch, units) if `sequences`, else None, and the last (h, c).

    Args:
        xs: the inputs times their kernel, plus the bias: (time, batch, 4 * units), gates i, f, new, o.
        states: the first h and c.
        recurrent: (units, 4 * units).
        sequences: whether all h are wanted.
        unroll: how many steps one turn of the loop takes.
    """

    def body(states: States, x: jax.Array) -> tuple[States, jax.Array | None]:
        states, _, _ = _step(recurrent, states, x)
        return states, states[0] if sequences else None

    states, hs = lax.scan(body, states, xs, unroll=unroll)
    return hs, states


def _forward(xs: jax.Array, states: States, recurrent: jax.Array, sequences: bool, unroll: int) -> tuple[Any, Any]:
    def body(states: States, x: jax.Array) -> tuple[States, Any]:
        after, gates, shown = _step(recurrent, states, x)
        return after, (states, gates, shown)

    last, kept = lax.scan(body, states, xs, unroll=unroll)
    (before, _), _, _ = kept
    return (_shown(before, last[0]) if sequences else None, last), (kept, recurrent)


def _backward(sequences: bool, unroll: int, kept: Any, gradients: Any) -> tuple[jax.Array, States, jax.Array]:
    (((before, memories), gates, shown), recurrent), (dhs, dlast) = kept, gradients

    def body(carry: States, at: Any) -> tuple[States, jax.Array]:
        (dh, dc), (dout, c, (i, f, new, o), shown) = carry, at
        dh = dh if dout is None else dh + dout
        dc = dc + dh * o * (1 - shown * shown)
        di, df, do = dc * new * i * (1 - i), dc * c * f * (1 - f), dh * shown * o * (1 - o)
        dsums = lax.concatenate([di, df, dc * i * (1 - new * new), do], 1)
        return (dsums @ recurrent.T, dc * f), dsums

    states, dxs = lax.scan(body, dlast, (dhs, memories, gates, shown), reverse=True, unroll=unroll)
    return dxs, states, _over_steps(before, dxs)


lstm.defvjp(_forward, _backward)


# --- GRU --------------------------------------------------------------------------------------------------


def _sigmoid(x: jax.Array) -> jax.Array:
    return jnp.tanh(0.5 * x) * 0.5 + 0.5


def _turn(h: jax.Array, x: jax.Array, recurrent: jax.Array, bias: jax.Array | None, reset_after: bool) -> tuple[jax.Array, tuple[jax.Array, ...]]:
    """The new h; and z, r, the new content, and what r was multiplied with."""
    units = h.shape[-1]
    inner = h @ (recurrent if reset_after else recurrent[:, : 2 * units])
    if bias is not None:
        inner = inner + bias
    z, r = jnp.split(_sigmoid(x[:, : 2 * units] + inner[:, : 2 * units]), 2, -1)
    scaled = inner[:, 2 * units :] if reset_after else h
    content = r * scaled if reset_after else (r * h) @ recurrent[:, 2 * units :]
    new = jnp.tanh(x[:, 2 * units :] + content)
    return new + z * (h - new), (z, r, new, scaled)


@partial(jax.custom_vjp, nondiff_argnums=(4, 5, 6))
def gru(
    xs: jax.Array, h: jax.Array, recurrent: jax.Array, bias: jax.Array | None, reset_after: bool, sequences: bool, unroll: int
) -> tuple[jax.Array | None, jax.Array]:
    """All h (time, batch, units) if `sequences`, else None, and the last h.

    Args:
        xs: the inputs times their kernel, plus the bias: (time, batch, 3 * units), gates z, r, new.
        h: the first h.
        recurrent: (units, 3 * units).
        bias: of the recurrent products, (3 * units,), with `reset_after`; or None.
        reset_after: whether r scales the product of h with its part of `recurrent`, rather than h before it.
        sequences: whether all h are wanted.
        unroll: how many steps one turn of the loop takes.
    """

    def body(h: jax.Array, x: jax.Array) -> tuple[jax.Array, jax.Array | None]:
        h, _ = _turn(h, x, recurrent, bias, reset_after)
        return h, h if sequences else None

    last, hs = lax.scan(body, h, xs, unroll=unroll)
    return hs, last


def _gru_forward(
    xs: jax.Array, h: jax.Array, recurrent: jax.Array, bias: jax.Array | None, reset_after: bool, sequences: bool, unroll: int
) -> tuple[Any, Any]:
    def body(h: jax.Array, x: jax.Array) -> tuple[jax.Array, Any]:
        after, gates = _turn(h, x, recurrent, bias, reset_after)
        return after, (h, gates)

    last, (before, gates) = lax.scan(body, h, xs, unroll=unroll)
    return (_shown(before, last) if sequences else None, last), (before, gates, recurrent, bias)


def _gru_backward(
    reset_after: bool, sequences: bool, unroll: int, kept: Any, gradients: Any
) -> tuple[jax.Array, jax.Array, jax.Array, jax.Array | None]:
    (before, gates, recurrent, bias), (dhs, dlast) = kept, gradients
    units = before.shape[-1]

    def body(dh: jax.Array, at: Any) -> tuple[jax.Array, jax.Array]:
        dout, h, (z, r, new, scaled) = at
        dh = dh if dout is None else dh + dout
        dnew = dh * (1 - z) * (1 - new * new)
        dscaled = dnew if reset_after else dnew @ recurrent[:, 2 * units :].T
        dz, dr = dh * (h - new) * z * (1 - z), dscaled * scaled * r * (1 - r)
        products = [dz, dr, dscaled * r] if reset_after else [dz, dr]
        back = lax.concatenate(products, 1) @ recurrent[:, : len(products) * units].T
        return dh * z + (back if reset_after else back + dscaled * r), lax.concatenate([dz, dr, dnew], 1)

    dh, dxs = lax.scan(body, dlast, (dhs, before, gates), reverse=True, unroll=unroll)
    _, r, _, _ = gates
    if not reset_after:
        return dxs, dh, lax.concatenate([_over_steps(before, dxs[..., : 2 * units]), _over_steps(r * before, dxs[..., 2 * units :])], 1), None
    products = lax.concatenate([dxs[..., : 2 * units], dxs[..., 2 * units :] * r], 2)
    return dxs, dh, _over_steps(before, products), None if bias is None else products.sum((0, 1))


gru.defvjp(_gru_forward, _gru_backward)
