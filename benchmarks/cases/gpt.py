"""A small language model: 4 blocks of causal attention, width 128, 4 heads, 64 tokens of a vocabulary of 4,096."""

from __future__ import annotations

from typing import Any

import numpy as np

TITLE = "4-block GPT, d=128, length 64 (16)"
BATCH, STEPS = 16, 12
WORDS, LENGTH, WIDTH, HEADS, BLOCKS = 4096, 64, 128, 4, 4


def data(samples: int) -> tuple[Any, Any]:
    """Tokens (n, 64), and the tokens that follow them."""
    text = np.random.default_rng(0).integers(WORDS, size=(samples, LENGTH + 1)).astype("int32")
    return text[:, :-1].copy(), text[:, 1:].copy()


def build(keras: Any) -> Any:
    """Embeddings of tokens and positions, blocks (norm, attention, norm, MLP of 4 times the width), a head of logits."""
    layers = keras.layers

    class TokenAndPosition(layers.Layer):
        def __init__(self, **kwargs: Any) -> None:
            super().__init__(**kwargs)
            self.tokens = layers.Embedding(WORDS, WIDTH)
            self.positions = layers.Embedding(LENGTH, WIDTH)

        def call(self, x: Any) -> Any:
            return self.tokens(x) + self.positions(keras.ops.arange(LENGTH))

    inputs = keras.Input((LENGTH,), dtype="int32")
    x = TokenAndPosition()(inputs)
    for _ in range(BLOCKS):
        normal = layers.LayerNormalization()(x)
        x = x + layers.MultiHeadAttention(HEADS, WIDTH // HEADS)(normal, normal, use_causal_mask=True)
        normal = layers.LayerNormalization()(x)
        x = x + layers.Dense(WIDTH)(layers.Dense(4 * WIDTH, activation="gelu")(normal))
    outputs = layers.Dense(WORDS)(layers.LayerNormalization()(x))
    model = keras.Model(inputs, outputs)
    model.compile(optimizer="adam", loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    return model


def handwritten_jax() -> Any:
    """The same, each product over tokens flattened to two matrices; query, key and value from one product."""
    import handwritten as h
    import jax
    import jax.numpy as jnp

    rng = np.random.default_rng(0)

    def norm() -> Any:
        return {"w": np.ones(WIDTH, "float32"), "b": np.zeros(WIDTH, "float32")}

    def block() -> Any:
        shapes = {"qkv": (WIDTH, 3 * WIDTH), "out": (WIDTH, WIDTH), "up": (WIDTH, 4 * WIDTH), "down": (4 * WIDTH, WIDTH)}
        return {"norm1": norm(), "norm2": norm()} | {name: h.dense_start(rng, *shape) for name, shape in shapes.items()}

    params = {
        "tokens": rng.uniform(-0.05, 0.05, (WORDS, WIDTH)).astype("float32"),
        "positions": rng.uniform(-0.05, 0.05, (LENGTH, WIDTH)).astype("float32"),
        "blocks": [block() for _ in range(BLOCKS)],
        "norm": norm(),
        "head": h.dense_start(rng, WIDTH, WORDS),
    }
    size = WIDTH // HEADS

    def attend(p: Any, x: Any) -> Any:
        q, k, v = jnp.moveaxis(h.dense(p["qkv"], x).reshape(-1, LENGTH, 3, HEADS, size), 2, 0)
        scores = jnp.einsum("btnh,bsnh->bnts", q * size**-0.5, k)
        scores = jnp.where(np.tri(LENGTH, dtype=bool), scores, -1e30)
        mixed = jnp.einsum("bnts,bsnh->btnh", jax.nn.softmax(scores), v)
        return h.dense(p["out"], mixed.reshape(x.shape))

    def logits(p: Any, x: Any) -> Any:
        x = p["tokens"][x] + p["positions"]
        for layer in p["blocks"]:
            x = x + attend(layer, h.layer_norm(layer["norm1"], x))
            x = x + h.dense(layer["down"], jax.nn.gelu(h.dense(layer["up"], h.layer_norm(layer["norm2"], x)), approximate=False))
        return h.dense(p["head"], h.layer_norm(p["norm"], x))

    return h.Program(
        params, (), lambda p, s, x, key: (logits(p, x), s), lambda p, s, x: logits(p, x), lambda output, y: (h.cross_entropy(output, y), ())
    )
