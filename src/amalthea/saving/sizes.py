"""How large a configuration, and what is made of it, is: counted before anything looks at all of it, or has values."""

from __future__ import annotations

from typing import Any

from amalthea.saving.faults import refused
from amalthea.saving.limits import LIMITS, Limits, beyond, extent


def check_depth(value: Any, limits: Limits = LIMITS) -> None:
    """Refuse plain values that are nested too deeply for what looks at them part by part.

    Raises:
        ModelFileError: they are.
    """
    level = [value] if isinstance(value, (dict, list, tuple)) else []
    for _ in range(limits.depth):
        level = [part for outer in level for part in (outer.values() if isinstance(outer, dict) else outer) if isinstance(part, (dict, list, tuple))]
        if not level:
            return
    raise refused("depth", "", "Its parts are nested too deeply.", beyond("depth", limits))


def check_elements(obj: Any, limits: Limits = LIMITS, place: str = "") -> None:
    """Refuse an object whose variables, none of which has a value yet, hold more numbers than `limits` allow.

    Raises:
        ModelFileError: they do.
    """
    if not hasattr(type(obj), "save_own_variables"):  # not of a kind that files keep variables of
        return
    total = sum(extent(variable.shape) for variable in obj.variables)
    if total > limits.elements:
        raise refused("size", place, f"It describes variables of {total:,} numbers in all.", beyond("elements", limits))
