"""`MultiHeadAttention`."""

from __future__ import annotations

from typing import Any

from amalthea import ops
from amalthea.errors import ArgumentError, ShapeError
from amalthea.layers.attention.heads import WEIGHTS, BaseHeads
from amalthea.layers.weighted import positive

_LETTERS = "abcdefghijklmnopqrstuvwxyz"


class MultiHeadAttention(BaseHeads):
    """Attention with several heads: each looks at the values in its own way, and their outputs are projected together.

    Args:
        num_heads: the number of heads.
        key_dim: the size of each head's queries and keys.
        value_dim: the size of each head's values; `key_dim` by default.
        dropout: the share of the attention weights that is dropped in training.
        use_bias: whether the projections have biases.
        output_shape: the sizes of the last axes of the output, an integer or a tuple; those of the query by default.
        attention_axes: the axes that are attended over; all but the batch and the last by default.
        sliding_window: how far from its own place a query may look: less than so many places; None for without limit.
        flash_attention: False: no fused kernel; otherwise the engine takes the fastest of its kernels that fits.
        kernel_initializer: the first value of the kernels.
        bias_initializer: the first value of the biases.
        kernel_regularizer: a regularizer of the kernels.
        bias_regularizer: a regularizer of the biases.
        activity_regularizer: a regularizer of the output.
        kernel_constraint: a constraint on the kernels.
        bias_constraint: a constraint on the biases.
        use_gate: whether the heads' outputs are multiplied with the sigmoid of one more projection of the query.
        seed: a seed for dropout.
        **kwargs: arguments of `Layer`.

    Call arguments:
        query: a tensor `(batch, target, features)`.
        value: a tensor `(batch, source, features)`.
        key: a tensor `(batch, source, features)`; the value by default.
        query_mask: bool `(batch, target)`: which queries count; handed on as the mask of the output.
        value_mask: bool `(batch, source)`: which values are looked at.
        key_mask: bool `(batch, source)`: which keys are looked at.
        attention_mask: bool `(batch, target, source)`: which query looks at what.
        return_attention_scores: whether the attention weights are given besides.
        training: whether dropout is done.
        use_causal_mask: whether a query looks at no place after its own.

    Output shape:
        `(batch, target, features)`, the features being `output_shape`; with `return_attention_scores` a pair of that and the
        weights, `(batch, heads, target, source)`.

    Raises:
        ArgumentError: a number of heads or a size that is not positive; dropout together with `flash_attention`.
        ShapeError: keys and values are not equally many.

    Reference:
        Vaswani et al., "Attention is all you need", 2017.

    Example:
        >>> import amalthea
        >>> layer = amalthea.layers.MultiHeadAttention(num_heads=2, key_dim=4)
        >>> x = amalthea.ops.ones((1, 5, 8))
        >>> output, weights = layer(x, x, use_causal_mask=True, return_attention_scores=True)
        >>> output.shape, weights.shape
        ((1, 5, 8), (1, 2, 5, 5))
    """

    def __init__(
        self,
        num_heads: int,
        key_dim: int,
        value_dim: int | None = None,
        dropout: float = 0.0,
        use_bias: bool = True,
        output_shape: Any = None,
        attention_axes: Any = None,
        sliding_window: int | None = None,
        flash_attention: bool | None = None,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        kernel_constraint: Any = None,
        bias_constraint: Any = None,
        use_gate: bool = False,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        values = (kernel_initializer, bias_initializer, kernel_regularizer, bias_regularizer, kernel_constraint, bias_constraint)
        self.num_heads = positive("MultiHeadAttention", "num_heads", num_heads)
        self.key_dim = positive("MultiHeadAttention", "key_dim", key_dim)
        self.value_dim = positive("MultiHeadAttention", "value_dim", key_dim if value_dim is None else value_dim)
        super().__init__(
            self.key_dim,
            dropout,
            use_bias,
            use_gate,
            sliding_window,
            flash_attention,
            dict(zip(WEIGHTS, values, strict=True)),
            seed,
            activity_regularizer=activity_regularizer,
            **kwargs,
        )
        self._output_shape = _sizes("output_shape", output_shape)
        self.attention_axes = _sizes("attention_axes", attention_axes)

    def build(self, query_shape: Any, value_shape: Any, key_shape: Any = None) -> None:
        key_shape = value_shape if key_shape is None else key_shape
        if tuple(key_shape[1:-1]) != tuple(value_shape[1:-1]):
            raise ShapeError(f"{self} needs as many keys as values. Received: key shape {tuple(key_shape)}, value shape {tuple(value_shape)}.")
        rank = len(query_shape)
        if self.attention_axes is None:
            self.attention_axes = tuple(range(1, rank - 1))
        self._axes = tuple(axis % rank for axis in self.attention_axes)
        self.query_dense = self._projection("query", query_shape, self.key_dim)
        self.key_dense = self._projection("key", key_shape, self.key_dim)
        if self.use_gate:
            self._gate_dense = self._projection("gate", query_shape, self.value_dim, "sigmoid")
        self.value_dense = self._projection("value", value_shape, self.value_dim)
        self._make_weights_layers(len(self._axes))
        last = self._output_shape or (query_shape[-1],)
        free, heads, out = _LETTERS[: rank - 1], _LETTERS[rank - 1 : rank + 1], _LETTERS[rank + 1 : rank + 1 + len(last)]
        self.output_dense = self._dense("attention_output", f"{free}{heads},{heads}{out}->{free}{out}", (*(None,) * (rank - 2), *last), out)
        self.output_dense.build((*query_shape[:-1], self.num_heads, self.value_dim))

    def _projection(self, name: str, shape: Any, size: int, activation: Any = None) -> Any:
        rank = len(shape)
        free, features, heads = _LETTERS[: rank - 1], _LETTERS[rank - 1], _LETTERS[rank : rank + 2]
        dense = self._dense(
            name, f"{free}{features},{features}{heads}->{free}{heads}", (*(None,) * (rank - 2), self.num_heads, size), heads, activation
        )
        dense.build(shape)
        return dense

    def call(
        self,
        query: Any,
        value: Any,
        key: Any = None,
        query_mask: Any = None,
        value_mask: Any = None,
        key_mask: Any = None,
        attention_mask: Any = None,
        return_attention_scores: bool = False,
        training: bool | None = None,
        use_causal_mask: bool = False,
    ) -> Any:
        key = value if key is None else key
        output, weights = self._attend(
            self.query_dense(query),
            self.key_dense(key),
            self.value_dense(value),
            (None, value_mask, key_mask, attention_mask),  # what queries that do not count look at, does not count
            use_causal_mask,
            training,
            return_attention_scores,
            self._axes,
        )
        if self.use_gate:
            output = ops.multiply(output, self._gate_dense(query))
        output = self.output_dense(output)
        return (output, weights) if return_attention_scores else output

    def compute_output_shape(self, query_shape: Any, value_shape: Any, key_shape: Any = None) -> Any:
        return (*query_shape[:-1], *(self._output_shape or (query_shape[-1],)))

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "num_heads": self.num_heads,
            "key_dim": self.key_dim,
            "value_dim": self.value_dim,
            "output_shape": self._output_shape,
            "attention_axes": self.attention_axes,
        }


def _sizes(argument: str, value: Any) -> tuple[int, ...] | None:
    if value is None or isinstance(value, int):
        return None if value is None else (value,)
    if not isinstance(value, (list, tuple)) or not all(isinstance(size, int) for size in value):
        raise ArgumentError(f"`{argument}` of MultiHeadAttention must be an integer or a tuple of integers. Received: {value!r}.")
    return tuple(value)
