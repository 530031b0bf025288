"""The hand-written JAX side: layers as functions, Adam, and a training loop.

One jitted step with donated buffers, the operations lowered with care for XLA's CPU backend (see docs/design/0002-jax-lowerings.md).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from handwritten import batches


class Program(NamedTuple):
    """A model written by hand.

    `forward(params, state, x, key)` gives the output and the new state (batch statistics); `infer(params, state, x)` gives the output
    without dropout and with running statistics; `loss(output, y)` gives the mean loss of the batch, and its other results (the
    metric) as a tuple of numbers to sum.
    """

    params: Any
    state: Any
    forward: Callable[..., tuple[Any, Any]]
    infer: Callable[..., Any]
    loss: Callable[..., tuple[Any, tuple[Any, ...]]]


class Trainer:
    """The loop: shuffle, cut batches from NumPy arrays, one jitted step each; losses stay on the device until the end of the epoch."""

    def __init__(self, program: Program, seed: int = 0) -> None:
        self.carry = (program.params, program.state, adam_start(program.params), jnp.zeros((2,)), np.uint32(0))
        self.rng = np.random.default_rng(seed)

        def step(carry: Any, x: Any, y: Any) -> Any:
            params, state, slots, totals, count = carry
            key = jax.random.fold_in(jax.random.key(0), count)

            def objective(params: Any) -> Any:
                output, new_state = program.forward(params, state, x, key)
                loss, sums = program.loss(output, y)
                return loss, (new_state, sums)

            (loss, (state, sums)), gradients = jax.value_and_grad(objective, has_aux=True)(params)
            params, slots = adam(params, gradients, slots, count)
            totals = totals + jnp.stack([loss, sums[0] if sums else 0.0])
            return params, state, slots, totals, count + 1

        self.step = jax.jit(step, donate_argnums=(0,))
        self.infer = jax.jit(program.infer)

    def fit(self, x: Any, y: Any, batch_size: int) -> float:
        """One epoch over `x` (an array, or a tuple of them); the sum of the losses."""
        for inputs, labels in batches(self.rng, x, y, batch_size):
            self.carry = self.step(self.carry, inputs if isinstance(x, tuple) else inputs[0], labels)
        return float(self.carry[3][0])

    def predict(self, x: Any) -> np.ndarray:
        """The outputs for `x`."""
        return np.asarray(self.infer(self.carry[0], self.carry[1], x))


# --- Adam -------------------------------------------------------------------------------------------------


def adam_start(params: Any) -> Any:
    """Two moments for each parameter."""
    return jax.tree.map(jnp.zeros_like, params), jax.tree.map(jnp.zeros_like, params)


def adam(params: Any, gradients: Any, slots: Any, count: Any, rate: float = 0.001) -> tuple[Any, Any]:
    """One step of Adam (Kingma and Ba, 2014) on every parameter."""
    t = (count + 1).astype(jnp.float32)
    alpha = rate * jnp.sqrt(1 - 0.999**t) / (1 - 0.9**t)
    first = jax.tree.map(lambda m, g: m + (g - m) * 0.1, slots[0], gradients)
    second = jax.tree.map(lambda v, g: v + (g * g - v) * 0.001, slots[1], gradients)
    return jax.tree.map(lambda p, m, v: p - alpha * m / (jnp.sqrt(v) + 1e-7), params, first, second), (first, second)


# --- parameters -------------------------------------------------------------------------------------------


def glorot(rng: np.random.Generator, *shape: int) -> np.ndarray:
    """Uniform weights of Glorot and Bengio (2010)."""
    window = int(np.prod(shape[:-2]))
    limit = np.sqrt(6 / (window * (shape[-2] + shape[-1])))
    return rng.uniform(-limit, limit, shape).astype("float32")


def dense_start(rng: np.random.Generator, *shape: int) -> dict[str, np.ndarray]:
    """A kernel of `shape` and a bias."""
    return {"w": glorot(rng, *shape), "b": np.zeros(shape[-1], "float32")}


# --- layers -----------------------------------------------------------------------------------------------


def dense(p: Any, x: Any) -> Any:
    """An affine map of the last axis, as one product of two matrices."""
    flat = x.reshape(-1, x.shape[-1]) @ p["w"]
    return (flat + p["b"]).reshape(*x.shape[:-1], -1)


def dropout(key: Any, x: Any, rate: float) -> Any:
    """Zeros at a share `rate`, the rest scaled up."""
    return jnp.where(jax.random.bernoulli(key, 1 - rate, x.shape), x / (1 - rate), 0)


def conv(p: Any, x: Any, padding: str) -> Any:
    """A convolution, channels last."""
    return lax.conv_general_dilated(x, p["w"], (1, 1), padding, dimension_numbers=("NHWC", "HWIO", "NHWC")) + p["b"]


def max_pool(x: Any) -> Any:
    """Windows of 2 by 2 that do not overlap; odd edges are cut."""
    b, h, w, c = x.shape
    return x[:, : h // 2 * 2, : w // 2 * 2].reshape(b, h // 2, 2, w // 2, 2, c).max((2, 4))


def layer_norm(p: Any, x: Any) -> Any:
    """Mean 0 and variance 1 along the last axis, then scaled and moved."""
    centred = x - x.mean(-1, keepdims=True)
    return centred * lax.rsqrt((centred * centred).mean(-1, keepdims=True) + 1e-3) * p["w"] + p["b"]


def cross_entropy(logits: Any, labels: Any) -> Any:
    """The mean of -log softmax at integer labels."""
    chosen = jnp.take_along_axis(logits, labels[..., None], -1)[..., 0]
    return (jax.nn.logsumexp(logits, -1) - chosen).mean()


def accuracy(logits: Any, labels: Any) -> Any:
    """How many of a batch are right."""
    return (logits.argmax(-1) == labels).sum().astype(jnp.float32)
