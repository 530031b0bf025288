"""Masks: which steps of a sequence count. A tensor's mask travels beside it, from layer to layer.

Tensors of most engines take no attributes, so masks stand in a table keyed by the tensor's identity; an entry goes
when its tensor does. Symbolic tensors carry theirs themselves.
"""

from __future__ import annotations

import weakref
from typing import Any

from amalthea.graph.keras_tensor import KerasTensor

_table: dict[int, tuple[weakref.ref[Any], Any]] = {}


def get_mask(tensor: Any) -> Any:
    """The mask of `tensor`, or None."""
    if type(tensor) is KerasTensor:
        return tensor._keras_mask
    if not _table:
        return None
    entry = _table.get(id(tensor))
    return entry[1] if entry is not None and entry[0]() is tensor else None


def set_mask(tensor: Any, mask: Any) -> None:
    """Let `tensor` have `mask`; None takes its mask away."""
    if type(tensor) is KerasTensor:
        tensor._keras_mask = mask
        return
    key = id(tensor)
    if mask is None:
        _table.pop(key, None)
        return
    try:
        reference = weakref.ref(tensor, lambda _: _table.pop(key, None))
    except TypeError:  # a Python number has no mask to carry
        return
    _table[key] = (reference, mask)
