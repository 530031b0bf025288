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
    import jax
    import jax.numpy as jnp
    from handwritten import jax as h

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


def handwritten_torch() -> Any:
    """The same, as modules; query, key and value from one product, and PyTorch's own attention."""
    import torch
    from handwritten import torch as h
    from torch import nn

    class Block(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.norm1, self.norm2 = nn.LayerNorm(WIDTH, eps=1e-3), nn.LayerNorm(WIDTH, eps=1e-3)
            self.qkv, self.out = nn.Linear(WIDTH, 3 * WIDTH), nn.Linear(WIDTH, WIDTH)
            self.mlp = nn.Sequential(nn.Linear(WIDTH, 4 * WIDTH), nn.GELU(), nn.Linear(4 * WIDTH, WIDTH))

        def forward(self, x: Any) -> Any:
            q, k, v = self.qkv(self.norm1(x)).view(len(x), LENGTH, 3, HEADS, WIDTH // HEADS).permute(2, 0, 3, 1, 4)
            mixed = nn.functional.scaled_dot_product_attention(q, k, v, is_causal=True)
            x = x + self.out(mixed.transpose(1, 2).flatten(2))
            return x + self.mlp(self.norm2(x))

    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.tokens = nn.Embedding(WORDS, WIDTH)
            self.positions = nn.Parameter(torch.empty(LENGTH, WIDTH).uniform_(-0.05, 0.05))
            self.blocks = nn.Sequential(*(Block() for _ in range(BLOCKS)))
            self.norm, self.head = nn.LayerNorm(WIDTH, eps=1e-3), nn.Linear(WIDTH, WORDS)

        def forward(self, x: Any) -> Any:
            return self.head(self.norm(self.blocks(self.tokens(x) + self.positions)))

    def loss(scores: Any, y: Any) -> Any:
        return nn.functional.cross_entropy(scores.flatten(0, 1), y.flatten().long()), None

    return h.Program(Net(), lambda scores: scores, loss)


def handwritten_tensorflow() -> Any:
    """The same, as functions; query, key and value from one product."""
    import tensorflow as tf
    from handwritten import tensorflow as h

    rng = np.random.default_rng(0)
    size = WIDTH // HEADS
    causal = np.where(np.tri(LENGTH, dtype=bool), 0, -1e30).astype("float32")

    def norm() -> Any:
        return {"w": h.variable(np.ones(WIDTH)), "b": h.variable(np.zeros(WIDTH))}

    def block() -> Any:
        shapes = {"qkv": (WIDTH, 3 * WIDTH), "out": (WIDTH, WIDTH), "up": (WIDTH, 4 * WIDTH), "down": (4 * WIDTH, WIDTH)}
        return {"norm1": norm(), "norm2": norm()} | {name: h.affine(rng, *shape) for name, shape in shapes.items()}

    params = {
        "tokens": h.uniform(rng, WORDS, WIDTH),
        "positions": h.uniform(rng, LENGTH, WIDTH),
        "blocks": [block() for _ in range(BLOCKS)],
        "norm": norm(),
        "head": h.affine(rng, WIDTH, WORDS),
    }

    def attend(p: Any, x: Any) -> Any:
        q, k, v = tf.unstack(tf.transpose(tf.reshape(h.dense(p["qkv"], x), (-1, LENGTH, 3, HEADS, size)), (2, 0, 3, 1, 4)))
        weights = tf.nn.softmax(tf.matmul(q * size**-0.5, k, transpose_b=True) + causal)
        return h.dense(p["out"], tf.reshape(tf.transpose(tf.matmul(weights, v), (0, 2, 1, 3)), x.shape))

    def scores(x: Any, training: bool) -> Any:
        x = tf.gather(params["tokens"], x) + params["positions"]
        for p in params["blocks"]:
            x = x + attend(p, h.layer_norm(p["norm1"], x))
            x = x + h.dense(p["down"], tf.nn.gelu(h.dense(p["up"], h.layer_norm(p["norm2"], x))))
        return h.dense(params["head"], h.layer_norm(params["norm"], x))

    def loss(scores: Any, y: Any) -> Any:
        return tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(y, scores)), None

    return h.Program(params, scores, lambda scores: scores, loss)
