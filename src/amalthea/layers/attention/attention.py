"""`Attention` (Luong) and `AdditiveAttention` (Bahdanau): one head, without projections."""

from __future__ import annotations

from typing import Any

from amalthea import ops, random
from amalthea.errors import ArgumentError, ArgumentTypeError, nearest
from amalthea.layers.attention import masks
from amalthea.layers.layer import Layer
from amalthea.layers.weighted import rate_of

_MODES = ("dot", "concat")


class Attention(Layer):
    """Sums of values, weighted by how well their keys fit the query: by the product of both, or by a tanh of their sum.

    Args:
        use_scale: whether the products are multiplied with a learned number.
        score_mode: "dot": `query @ key`; "concat": the sum of `tanh(query + key)`, times a learned number.
        dropout: the share of the attention weights that is dropped in training.
        seed: a seed for dropout.
        **kwargs: arguments of `Layer`.

    Call arguments:
        inputs: a list: the query `(batch, target, dim)`, the value `(batch, source, dim)`, and the key `(batch, source, dim)`, which
            is the value by default.
        mask: a list: bool `(batch, target)`, where the output is kept, and bool `(batch, source)`, what is looked at; either may be None.
        training: whether dropout is done.
        return_attention_scores: whether the attention weights are given besides.
        use_causal_mask: whether a query looks at no place after its own.

    Output shape:
        `(batch, target, dim)`; with `return_attention_scores` a pair of that and the weights, `(batch, target, source)`.

    Raises:
        ArgumentError: an unknown mode, or inputs or masks that are not two or three.

    Reference:
        Luong et al., "Effective approaches to attention-based neural machine translation", 2015.

    Example:
        >>> import amalthea
        >>> query, value = amalthea.ops.ones((1, 2, 4)), amalthea.ops.ones((1, 3, 4))
        >>> amalthea.layers.Attention()([query, value]).shape
        (1, 2, 4)
    """

    def __init__(self, use_scale: bool = False, score_mode: str = "dot", dropout: float = 0.0, seed: int | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if score_mode not in _MODES:
            raise ArgumentError(f"`score_mode` of Attention must be 'dot' or 'concat'. Received: {score_mode!r}.{nearest(str(score_mode), _MODES)}")
        self.use_scale = use_scale
        self.score_mode = score_mode
        self.dropout = rate_of(type(self).__name__, "dropout", dropout)
        self.seed = seed
        if self.dropout:
            self.seed_generator = random.SeedGenerator(seed)
        self.scale: Any = None
        self.concat_score_weight: Any = None
        self.supports_masking = True

    def build(self, input_shape: Any) -> None:
        self._check(input_shape)
        if self.use_scale:
            self.scale = self.add_weight(name="scale", shape=(), initializer="ones")
        if self.score_mode == "concat":
            self.concat_score_weight = self.add_weight(name="concat_score_weight", shape=(), initializer="ones")

    def _check(self, inputs: Any, mask: Any = None) -> None:
        kind = type(self).__name__
        if not isinstance(inputs, (list, tuple)):
            raise ArgumentTypeError(f"{kind} takes a list, [query, value] or [query, value, key]. Received an input of type {type(inputs).__name__}.")
        if len(inputs) not in (2, 3):
            raise ArgumentError(f"{kind} takes [query, value] or [query, value, key]. Received: {len(inputs)} inputs.")
        if mask is not None and (not isinstance(mask, (list, tuple)) or len(mask) not in (2, 3)):
            raise ArgumentError(f"`mask` of {kind} must be a list, [query_mask, value_mask], either of which may be None. Received: {mask!r:.80}.")

    def _scores(self, query: Any, key: Any) -> Any:
        """How well each query fits each key: (batch, target, source)."""
        if self.score_mode == "dot":
            scores = ops.matmul(query, ops.swapaxes(key, -1, -2))
            return scores if self.scale is None else ops.multiply(scores, self.scale)
        total = ops.add(ops.expand_dims(query, -2), ops.expand_dims(key, -3))
        if self.scale is not None:
            total = ops.multiply(total, self.scale)
        return ops.multiply(ops.sum(ops.tanh(total), axis=-1), self.concat_score_weight)

    def call(
        self, inputs: Any, mask: Any = None, training: bool = False, return_attention_scores: bool = False, use_causal_mask: bool = False
    ) -> Any:
        self._check(inputs, mask)
        query, value, key = inputs[0], inputs[1], inputs[2] if len(inputs) > 2 else inputs[1]
        query_mask, value_mask = (mask[0], mask[1]) if mask is not None else (None, None)
        scores = self._scores(query, key)
        seen = masks.combined(None, value_mask, None, None)
        if use_causal_mask:
            seen = masks.both(seen, masks.band(ops.shape(query)[1], ops.shape(value)[1], True, None))
        if seen is not None:
            least = -65504.0 if scores.dtype == "float16" else -1e9
            scores = ops.where(seen, scores, ops.cast(least, scores.dtype))
        weights = ops.softmax(scores, axis=-1)
        if training and self.dropout:
            weights = random.dropout(weights, self.dropout, seed=self.seed_generator)
        result = ops.matmul(weights, value)
        if query_mask is not None:
            result = ops.multiply(result, ops.cast(ops.expand_dims(query_mask, -1), result.dtype))
        return (result, weights) if return_attention_scores else result

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        self._check(inputs, mask)
        return mask[0] if mask is not None else None

    def get_config(self) -> dict[str, Any]:
        config = super().get_config()
        return {**config, "use_scale": self.use_scale, "score_mode": self.score_mode, "dropout": self.dropout, "seed": self.seed}


class AdditiveAttention(Attention):
    """Sums of values, weighted by how well their keys fit the query: by the sum of `scale * tanh(query + key)`.

    Args:
        use_scale: whether there is a learned `scale`, a vector; else it is 1.
        dropout: the share of the attention weights that is dropped in training.
        **kwargs: arguments of `Layer`, and `seed`.

    Call arguments:
        inputs: a list: the query `(batch, target, dim)`, the value `(batch, source, dim)`, and the key `(batch, source, dim)`, which
            is the value by default.
        mask: a list: bool `(batch, target)`, where the output is kept, and bool `(batch, source)`, what is looked at; either may be None.
        training: whether dropout is done.
        return_attention_scores: whether the attention weights are given besides.
        use_causal_mask: whether a query looks at no place after its own.

    Output shape:
        `(batch, target, dim)`; with `return_attention_scores` a pair of that and the weights, `(batch, target, source)`.

    Reference:
        Bahdanau et al., "Neural machine translation by jointly learning to align and translate", 2015.

    Example:
        >>> import amalthea
        >>> query, value = amalthea.ops.ones((1, 2, 4)), amalthea.ops.ones((1, 3, 4))
        >>> amalthea.layers.AdditiveAttention()([query, value]).shape
        (1, 2, 4)
    """

    def __init__(self, use_scale: bool = True, dropout: float = 0.0, **kwargs: Any) -> None:
        super().__init__(use_scale=use_scale, dropout=dropout, **kwargs)

    def build(self, input_shape: Any) -> None:
        self._check(input_shape)
        if self.use_scale:
            self.scale = self.add_weight(name="scale", shape=(input_shape[0][-1],), initializer="glorot_uniform")

    def _scores(self, query: Any, key: Any) -> Any:
        bent = ops.tanh(ops.add(ops.expand_dims(query, -2), ops.expand_dims(key, -3)))
        return ops.sum(bent if self.scale is None else ops.multiply(bent, self.scale), axis=-1)

    def get_config(self) -> dict[str, Any]:
        config = super().get_config()
        del config["score_mode"]
        return config
