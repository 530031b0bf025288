"""How much a configuration may describe before anything of it is allocated."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from amalthea.saving.faults import refused


@dataclass(frozen=True)
class Limits:
    """Bounds on what a configuration describes. Variables have no values before they are read, so shapes are counted, not memory.

    Args:
        elements: the numbers in all variables of an object together.
        depth: how deeply parts may be nested in each other.
        integer: the largest absolute value of an integer.
        listed: the largest size of what is listed or indexed on the host as soon as an object is made or called symbolically.
        outputs: the number of tensors that one operation may give, or of turns that it may take.
    """

    elements: int = 10**11
    depth: int = 100
    integer: int = 2**63 - 1
    listed: int = 10**6
    outputs: int = 10**4


LIMITS = Limits()

# Arguments by which an object makes lists or arrays at once, in its `__init__`, or when it is called on symbolic tensors.
LISTS = frozenset({"fft_length", "height", "num_bins", "num_mel_bins", "num_thresholds", "sequence_length", "width"})


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
    raise refused("depth", "", f"It is nested more than {limits.depth} levels deep.")


def check_elements(obj: Any, limits: Limits = LIMITS, place: str = "") -> None:
    """Refuse an object whose variables, none of which has a value yet, hold more numbers than `limits` allow.

    Raises:
        ModelFileError: they do.
    """
    if not hasattr(type(obj), "save_own_variables"):  # not of a kind that files keep variables of
        return
    total = sum(math.prod(variable.shape) for variable in obj.variables)
    if total > limits.elements:
        raise refused(
            "size",
            place,
            f"It describes variables of {total:,} numbers in all; at most {limits.elements:,} are allowed.",
            "If that is what you mean, make the object in code.",
        )
