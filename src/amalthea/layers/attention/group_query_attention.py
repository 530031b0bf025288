"""`GroupedQueryAttention`, public as `GroupQueryAttention`: several heads of queries share one of keys and values."""

from __future__ import annotations

from typing import Any

from amalthea import ops
from amalthea.errors import ArgumentError, ShapeError
from amalthea.layers.attention.heads import WEIGHTS, BaseHeads
from amalthea.layers.input_spec import InputSpec
from amalthea.layers.weighted import positive
from amalthea.state.naming import unique_name


class GroupedQueryAttention(BaseHeads):
    """Attention in which groups of heads of queries share one head of keys and values.

    With one head of keys and values it is multi-query attention; with as many as of queries, multi-head attention.

    Args:
        head_dim: the size of each head.
        num_query_heads: the number of heads of queries.
        num_key_value_heads: the number of heads of keys and values, of which `num_query_heads` is a multiple.
        dropout: the share of the attention weights that is dropped in training.
        use_bias: whether the projections have biases.
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
        name: its name.
        **kwargs: arguments of `Layer`.

    Call arguments:
        query: a tensor `(batch, target, features)`.
        value: a tensor `(batch, source, features)`.
        key: a tensor `(batch, source, features)`; the value by default.
        query_mask: bool `(batch, target)`: which queries count.
        value_mask: bool `(batch, source)`: which values are looked at.
        key_mask: bool `(batch, source)`: which keys are looked at.
        attention_mask: bool `(batch, target, source)`: which query looks at what.
        return_attention_scores: whether the attention weights are given besides.
        training: whether dropout is done.
        use_causal_mask: whether a query looks at no place after its own.

    Output shape:
        That of the query; with `return_attention_scores` a pair of that and the weights, `(batch, query heads, target, source)`.

    Raises:
        ArgumentError: the heads cannot be shared out; dropout together with `flash_attention`.
        ShapeError: keys and values are not equally many.

    Reference:
        Ainslie et al., "GQA: Training generalized multi-query transformer models from multi-head checkpoints", 2023.

    Example:
        >>> import amalthea
        >>> layer = amalthea.layers.GroupQueryAttention(head_dim=4, num_query_heads=4, num_key_value_heads=2)
        >>> x = amalthea.ops.ones((1, 5, 8))
        >>> layer(x, x).shape
        (1, 5, 8)
    """

    def __init__(
        self,
        head_dim: int,
        num_query_heads: int,
        num_key_value_heads: int,
        dropout: float = 0.0,
        use_bias: bool = True,
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
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        values = (kernel_initializer, bias_initializer, kernel_regularizer, bias_regularizer, kernel_constraint, bias_constraint)
        self.head_dim = positive("GroupQueryAttention", "head_dim", head_dim)
        self.num_query_heads = positive("GroupQueryAttention", "num_query_heads", num_query_heads)
        self.num_key_value_heads = positive("GroupQueryAttention", "num_key_value_heads", num_key_value_heads)
        if self.num_query_heads % self.num_key_value_heads:
            raise ArgumentError(
                "`num_query_heads` of GroupQueryAttention must be a multiple of `num_key_value_heads`. "
                f"Received: num_query_heads={num_query_heads}, num_key_value_heads={num_key_value_heads}."
            )
        super().__init__(
            self.head_dim,
            dropout,
            use_bias,
            use_gate,
            sliding_window,
            flash_attention,
            dict(zip(WEIGHTS, values, strict=True)),
            seed,
            activity_regularizer=activity_regularizer,
            name=unique_name("grouped_query_attention") if name is None else name,  # the name by which Keras counts
            **kwargs,
        )
        self.input_spec = InputSpec(ndim=3)

    def build(self, query_shape: Any, value_shape: Any, key_shape: Any = None) -> None:
        key_shape = value_shape if key_shape is None else key_shape
        if tuple(key_shape[1:-1]) != tuple(value_shape[1:-1]):
            raise ShapeError(f"{self} needs as many keys as values. Received: key shape {tuple(key_shape)}, value shape {tuple(value_shape)}.")
        many, few = (None, self.num_query_heads, self.head_dim), (None, self.num_key_value_heads, self.head_dim)
        self._query_dense = self._dense("query", "bqm,muh->bquh", many, "uh")
        self._query_dense.build(query_shape)
        self._key_dense = self._dense("key", "bkm,mvh->bkvh", few, "vh")
        self._key_dense.build(key_shape)
        if self.use_gate:
            self._gate_dense = self._dense("gate", "bqm,muh->bquh", many, "uh", "sigmoid")
            self._gate_dense.build(query_shape)
        self._value_dense = self._dense("value", "bkm,mvh->bkvh", few, "vh")
        self._value_dense.build(value_shape)
        self._make_weights_layers(1)
        self._output_dense = self._dense("attention_output", "bquh,uhm->bqm", (None, query_shape[-1]), "m")
        self._output_dense.build((*query_shape[:-1], self.num_query_heads, self.head_dim))

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
            self._query_dense(query),
            self._key_dense(key),
            self._value_dense(value),
            (query_mask, value_mask, key_mask, attention_mask),
            use_causal_mask,
            training,
            return_attention_scores,
        )
        if self.use_gate:
            output = ops.multiply(output, self._gate_dense(query))
        output = self._output_dense(output)
        return (output, weights) if return_attention_scores else output

    def compute_output_shape(self, query_shape: Any, value_shape: Any, key_shape: Any = None) -> Any:
        return query_shape

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "head_dim": self.head_dim,
            "num_query_heads": self.num_query_heads,
            "num_key_value_heads": self.num_key_value_heads,
        }


GroupQueryAttention = GroupedQueryAttention
"""The public name. Weight files and names of layers are made of that of the class, in Keras too."""
