"""`BaseHeads`: attention with several heads, between projections. The base of `MultiHeadAttention` and `GroupQueryAttention`."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Any

from amalthea import initializers, ops
from amalthea.errors import ArgumentError
from amalthea.layers.activations.layers import Softmax
from amalthea.layers.attention import masks
from amalthea.layers.core.einsum_dense import EinsumDense
from amalthea.layers.layer import Layer
from amalthea.layers.regularization.dropout import Dropout
from amalthea.layers.weighted import described, rate_of, resolve

WEIGHTS = ("kernel_initializer", "bias_initializer", "kernel_regularizer", "bias_regularizer", "kernel_constraint", "bias_constraint")
_BIAS_AND_KERNEL = tuple(name for name in WEIGHTS if not name.endswith("initializer"))


class BaseHeads(Layer):
    """Attention with several heads, between projections. Not for use by itself.

    Args:
        size: the size of each head's queries and keys.
        dropout: the share of the attention weights that is dropped in training.
        use_bias: whether the projections have biases.
        use_gate: whether the heads' outputs are multiplied with the sigmoid of one more projection of the query.
        sliding_window: how far from its own place a query may look: less than so many places; None for without limit.
        flash_attention: as in `ops.dot_product_attention`.
        weights: initializers, regularizers and constraints of the projections, by argument.
        seed: a seed for dropout.
        **kwargs: arguments of `Layer`.
    """

    kernel_initializer: Any
    bias_initializer: Any

    def __init__(
        self,
        size: int,
        dropout: float,
        use_bias: bool,
        use_gate: bool,
        sliding_window: int | None,
        flash_attention: bool | None,
        weights: dict[str, Any],
        seed: int | None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.supports_masking = True
        kind = type(self).__name__
        self.dropout = rate_of(kind, "dropout", dropout)
        self.use_bias = use_bias
        self.use_gate = use_gate
        if sliding_window is not None and sliding_window < 1:
            raise ArgumentError(f"`sliding_window` of {kind} must be at least 1, or None. Received: sliding_window={sliding_window}.")
        self.sliding_window = sliding_window
        if flash_attention and self.dropout:
            raise ArgumentError(f"`flash_attention` of {kind} leaves no room for dropout. Use dropout=0, or flash_attention=None.")
        self._flash_attention = flash_attention
        resolve(self, weights)
        self.seed = seed
        self._scale = 1.0 / math.sqrt(size)

    def _dense(self, name: str, equation: str, output_shape: tuple[int | None, ...], bias_axes: str, activation: Any = None) -> EinsumDense:
        """A projection. Each has initializers of its own, so that no two draw the same."""
        dense = EinsumDense(
            equation,
            output_shape,
            activation=activation,
            bias_axes=bias_axes if self.use_bias else None,
            kernel_initializer=_another(self.kernel_initializer),
            bias_initializer=_another(self.bias_initializer),
            **{argument: getattr(self, argument) for argument in _BIAS_AND_KERNEL},
            dtype=self.dtype_policy,
            name=name,
        )
        dense.supports_masking = True  # axes are added behind the steps
        return dense

    def _make_weights_layers(self, axes: int) -> None:
        """The softmax over the last `axes` axes, and the dropout of what it gives."""
        self._softmax = Softmax(axis=-1 if axes == 1 else tuple(range(-axes, 0)), dtype=self.dtype_policy)
        self._dropout_layer = Dropout(rate=self.dropout, dtype=self.dtype_policy, seed=self.seed)

    def _attend(
        self,
        query: Any,
        key: Any,
        value: Any,
        given_masks: tuple[Any, Any, Any, Any],
        causal: bool,
        training: bool | None,
        scores: bool,
        axes: tuple[int, ...] = (1,),
    ) -> tuple[Any, Any]:
        """The outputs of the heads, and their weights if they are asked for.

        Args:
            query: a tensor (batch, ..., heads, size); `key` and `value` are such tensors too.
            key: perhaps with fewer heads, each of which serves several.
            value: with as many heads.
            given_masks: those of the places of queries, values and keys, and that of pairs of places, or None.
            causal: whether later places are left out.
            training: whether dropout is done.
            scores: whether the weights are given.
            axes: those that are attended over.
        """
        rank = len(query.shape)
        mask = masks.combined(*given_masks)
        if (causal or self.sliding_window is not None) and len(axes) > 1:
            raise ArgumentError(f"A causal mask and `sliding_window` need an order of places, which attention over several axes has not: {axes}.")
        alone = rank == 4 and axes == (1,) and not scores and not (training and self.dropout)
        if self.sliding_window is not None or (causal and not alone):
            mask = masks.both(mask, masks.band(ops.shape(query)[axes[0]], ops.shape(value)[axes[0]], causal, self.sliding_window))
            causal = False
        if mask is not None:
            for _ in range(rank - 1 + len(axes) - len(mask.shape)):
                mask = ops.expand_dims(mask, -2 * len(axes) - 1)
        if alone:
            flash = self._flash_attention
            return ops.dot_product_attention(query, key, value, mask=mask, scale=self._scale, is_causal=causal, flash_attention=flash), None
        repeats = query.shape[-2] // key.shape[-2]
        if repeats > 1:
            key, value = ops.repeat(key, repeats, axis=-2), ops.repeat(value, repeats, axis=-2)
        to_weights, to_outputs = equations(rank, axes)
        weights = self._softmax(ops.einsum(to_weights, ops.multiply(query, self._scale), key), mask=mask)
        return ops.einsum(to_outputs, self._dropout_layer(weights, training=training), value), weights if scores else None

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "dropout": self.dropout,
            "use_bias": self.use_bias,
            "use_gate": self.use_gate,
            "sliding_window": self.sliding_window,
            **described(self, *WEIGHTS, "activity_regularizer"),
            "seed": self.seed,
        }


@lru_cache(maxsize=64)
def equations(rank: int, axes: tuple[int, ...]) -> tuple[str, str]:
    """The sums that make weights of queries and keys, and outputs of weights and values.

    Args:
        rank: the number of axes of the projected tensors: (batch, ..., heads, size).
        axes: those that are attended over.

    Example:
        >>> equations(4, (1,))
        ('abcd,aecd->acbe', 'acbe,aecf->abcf')
    """
    letters = iter("abcdefghijklmnopqrstuvwxyz")
    query = [next(letters) for _ in range(rank)]
    source = {axis: next(letters) for axis in axes}
    key = [source.get(axis, letter) for axis, letter in enumerate(query)]
    size = next(letters)
    weights = [query[axis] for axis in range(rank - 1) if axis not in axes] + [query[axis] for axis in axes] + [source[axis] for axis in axes]
    words = ["".join(word) for word in (query, key, weights, [*key[:-1], size], [*query[:-1], size])]
    return f"{words[0]},{words[1]}->{words[2]}", f"{words[2]},{words[3]}->{words[4]}"


def _another(initializer: Any) -> Any:
    return initializer.clone() if isinstance(initializer, initializers.Initializer) else initializer
