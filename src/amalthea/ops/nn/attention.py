"""Attention."""

from __future__ import annotations

from functools import partial
from typing import Any

from amalthea import config
from amalthea.engines.derived import Engine
from amalthea.engines.registry import current
from amalthea.errors import ArgumentError, ShapeError
from amalthea.ops.arguments import Tensor, TensorLike, as_tensor, promote
from amalthea.ops.operation import operation


@operation
def dot_product_attention(
    query: TensorLike,
    key: TensorLike,
    value: TensorLike,
    bias: TensorLike | None = None,
    mask: TensorLike | None = None,
    scale: float | None = None,
    is_causal: bool = False,
    flash_attention: bool | None = None,
    attn_logits_soft_cap: float | None = None,
) -> Tensor:
    """`softmax(query @ key * scale + bias) @ value`, for several heads.

    Args:
        query: tensor (batch, target, heads, dim).
        key: tensor (batch, source, shared, dim). Where `shared` is less than `heads`, each of these heads serves several.
        value: tensor (batch, source, shared, dim of the result).
        bias: what is added to the products before the softmax; broadcasts with (batch, heads, target, source), or is
            (batch, target, source).
        mask: bool tensor of such a shape: True where a query may look.
        scale: what the products are multiplied with; None: 1 / sqrt(dim).
        is_causal: whether a query may look at no source after its own place.
        flash_attention: False: no fused kernel. Otherwise the engine takes the fastest of its kernels that fits; None: unless
            `config.disable_flash_attention` was called.
        attn_logits_soft_cap: must be None.

    Returns:
        A floating tensor (batch, target, heads, dim of the result), in the promoted dtype.

    Raises:
        ArgumentError: `attn_logits_soft_cap` is given.
        ShapeError: the shapes do not fit.

    Reference:
        Vaswani et al., 2017, Attention is all you need. Ainslie et al., 2023, GQA (shared heads).

    Example:
        >>> from amalthea import ops
        >>> x = ops.ones((1, 4, 2, 8))
        >>> ops.dot_product_attention(x, x, x, is_causal=True).shape
        (1, 4, 2, 8)
    """
    if attn_logits_soft_cap is not None:
        raise ArgumentError(f"`attn_logits_soft_cap` is not supported: leave it None. Received: {attn_logits_soft_cap}.")
    engine = current()
    query, key, value = promote(engine, query, key, value, floating=True)
    _check(engine, query, key, value)
    if mask is not None:
        mask = _four_axes(engine, as_tensor(engine, mask, "bool"), query)
    if bias is not None:
        bias = _four_axes(engine, as_tensor(engine, bias, engine.dtype_of(query)), query)
    fused = config.is_flash_attention_enabled() if flash_attention is None else flash_attention
    # The composition that engines override by what is fused.
    attention = partial(Engine.attention, engine) if fused is False else engine.attention
    return attention(query, key, value, mask, bias, None if scale is None else float(scale), bool(is_causal))


def _check(engine: Engine, query: Tensor, key: Tensor, value: Tensor) -> None:
    shapes = q, k, v = tuple(engine.shape_of(x) for x in (query, key, value))
    described = f"Received: query of shape {q}, key of shape {k}, value of shape {v}."
    if any(len(shape) != 4 for shape in shapes):
        raise ShapeError(f"`query`, `key` and `value` must have four axes: (batch, sequence, heads, dim). {described}")

    def differ(a: Any, b: Any) -> bool:
        return a is not None and b is not None and a != b

    if differ(q[3], k[3]):
        raise ShapeError(f"`query` and `key` must have the same last axis. {described}")
    if differ(k[1], v[1]) or differ(k[2], v[2]):
        raise ShapeError(f"`key` and `value` must have the same length and number of heads. {described}")
    if q[2] is not None and k[2] is not None and q[2] % k[2]:
        raise ShapeError(f"The number of heads of `query` must be a multiple of that of `key`. {described}")


def _four_axes(engine: Engine, x: Tensor, query: Tensor) -> Tensor:
    """A mask or bias with the axes (batch, heads, target, source); missing ones stand in front, as usual, unless that cannot be meant."""
    shape, heads = engine.shape_of(x), engine.shape_of(query)[2]
    if len(shape) == 3 and shape[0] not in (1, heads):
        return engine.expand_dims(x, 1)
    return engine.expand_dims(x, range(4 - len(shape))) if len(shape) < 4 else x
