"""What a symbolic tensor was made of."""

from __future__ import annotations

from typing import Any

from amalthea.errors import ArgumentTypeError
from amalthea.graph.keras_tensor import is_keras_tensor


def get_source_inputs(tensor: Any) -> list[Any]:
    """The inputs that a symbolic tensor was computed from.

    Args:
        tensor: a `KerasTensor`.

    Returns:
        The tensors that `Input` made, each once, in the order in which they are met.

    Raises:
        ArgumentTypeError: `tensor` is not symbolic.

    Example:
        >>> import amalthea
        >>> x = amalthea.Input((3,))
        >>> get_source_inputs(amalthea.layers.Dense(2)(x))[0] is x
        True
    """
    if not is_keras_tensor(tensor):
        raise ArgumentTypeError(f"`tensor` must be a KerasTensor. Received: {type(tensor).__name__}.")
    sources: dict[int, Any] = {}
    seen: set[int] = set()
    waiting = [tensor]
    while waiting:
        part = waiting.pop()
        if id(part) in seen:
            continue
        seen.add(id(part))
        history = part._keras_history
        origins = [] if history is None else history.operation.inbound_nodes[history.node_index].input_tensors
        waiting += reversed(origins)
        if not origins:
            sources[id(part)] = part
    return list(sources.values())
