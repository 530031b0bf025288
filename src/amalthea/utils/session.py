"""The state that the process keeps besides models."""

from __future__ import annotations

import gc

from amalthea.state.naming import reset_names


def clear_session(free_memory: bool = True) -> None:
    """Begin counting names anew, so that the next layer is "dense" and not "dense_7"; models made before go on working.

    Args:
        free_memory: whether Python's garbage is collected too.

    Example:
        >>> import amalthea
        >>> clear_session()
        >>> amalthea.layers.Dense(1).name
        'dense'
    """
    reset_names()
    if free_memory:
        gc.collect()
