"""The state of optimizers in the older HDF5 files: which stored tensor is which variable."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from amalthea.saving.fitting import Entry, Plan, difference, fresh

NAME = "optimizer"
# What Keras 2 called the things that an optimizer remembers for each weight, and what they may be called now; in the order in which it kept them.
_SLOTS = {
    "m": ("momentum",),
    "momentum": ("momentum",),
    "v": ("velocity", "norm"),
    "u": ("norm",),
    "rms": ("velocity",),
    "velocity": ("velocity",),
    "vhat": ("velocity_hat",),
    "accumulator": ("accumulator",),
    "linear": ("linear",),
    "accum_grad": ("accumulated_grad",),
    "accum_var": ("accumulated_delta_var",),
    "accumulated_grad": ("accumulated_grad",),
    "accumulated_delta_var": ("accumulated_delta_var",),
}

Pairs = list[tuple[Any, Entry]]


def plan(plan: Plan, optimizer: Any, weights: Sequence[Any], stored: Sequence[tuple[str, Entry]]) -> None:
    """Plan the assignment of an optimizer's variables. Where the file does not hold them all, it begins anew, with a warning.

    Args:
        plan: what it is added to.
        optimizer: an optimizer that is built.
        weights: the weights that it trains, in the order in which the optimizer of the file knew them.
        stored: the tensors in the file, with their names, in order.
    """
    of_keras_2 = any(name.endswith(":0") for name, _ in stored)
    pairs = _by_slots(optimizer, weights, stored) or _by_places(optimizer, weights, stored) if of_keras_2 else _by_order(optimizer, stored)
    if not pairs or any(difference(entry, variable.shape, variable.dtype) for variable, entry in pairs):
        plan.skip(NAME, f"the file holds {len(stored)} variables of another optimizer than {optimizer.name!r}, which begins anew")
    else:
        plan.add(NAME, _assignment(pairs), [variable for variable, _ in pairs])


def _assignment(pairs: Pairs) -> Callable[[], None]:
    def assign() -> None:
        for variable, entry in pairs:
            variable.assign(fresh(entry))

    return assign


def _by_order(optimizer: Any, stored: Sequence[tuple[str, Entry]]) -> Pairs | None:
    """Keras 3 writes the variables in their order."""
    if len(stored) != len(optimizer.variables):
        return None
    return [(variable, entry) for variable, (_, entry) in zip(optimizer.variables, stored, strict=True)]


def _by_slots(optimizer: Any, weights: Sequence[Any], stored: Sequence[tuple[str, Entry]]) -> Pairs | None:
    """Keras 2 ordered them in two ways, in one of which all weights come for each slot; each is found by the name of its slot."""
    found: dict[str, list[Entry]] = defaultdict(list)
    counters: dict[str, Entry] = {}
    for name, entry in stored:
        parts = name.removesuffix(":0").split("/")
        counters.setdefault(parts[-1], entry)
        # "Adam/m/dense/kernel" of the later optimizers, "Adam/dense/kernel/m" of the earlier ones
        slot = next((part for part in (parts[1] if len(parts) > 2 else "", parts[-1]) if part in _SLOTS), None)
        if slot is not None:
            found[slot].append(entry)
    iterations = counters.get("iteration") or counters.get("iter")
    if iterations is None:
        return None
    pairs: Pairs = [(optimizer.iterations, iterations)]
    rate = next((variable for variable in optimizer.variables if variable.name == "learning_rate"), None)
    if "learning_rate" in counters and rate is not None:
        pairs.append((rate, counters["learning_rate"]))
    for old, names in _SLOTS.items():
        own = _slot(optimizer, weights, names)
        if own and old in found and len(own) == len(found[old]):
            pairs += zip(own, found[old], strict=True)
    return _complete(optimizer, pairs)


def _by_places(optimizer: Any, weights: Sequence[Any], stored: Sequence[tuple[str, Entry]]) -> Pairs | None:
    """Up to 2.3 slots had no names: a counter, which some optimizers left out; then all weights for each slot; at last what is of no use now."""
    counted = bool(stored) and "iterations" in stored[0][0]
    entries = [entry for _, entry in stored[counted:]]
    own = [variable for name in dict.fromkeys(sum(_SLOTS.values(), ())) for variable in _slot(optimizer, weights, (name,))]
    if not weights or len(entries) % len(weights) or len(own) > len(entries):
        return None
    pairs: Pairs = list(zip(own, entries, strict=False))
    if counted:
        count = _count(stored[0][1])
        return None if count is None else _complete(optimizer, [(optimizer.iterations, count), *pairs])
    return _complete(optimizer, pairs)


def _count(entry: Entry) -> Entry | None:
    """The count of steps, which was a number of floating point at first; or None, if it is none."""
    if difference(entry, (), "float32") is not None:
        return entry
    value = float(entry.read())
    return _Count(int(value)) if value.is_integer() and 0 <= value < 2**53 else None


class _Count:
    """A count, as a stored tensor."""

    shape, dtype = (), "int64"

    def __init__(self, value: int) -> None:
        self._value = value

    def read(self) -> np.ndarray:
        return np.array(self._value, self.dtype)


def _slot(optimizer: Any, weights: Sequence[Any], names: Sequence[str]) -> list[Any]:
    """What an optimizer remembers for each weight under one of some names."""
    variables = {variable.name: variable for variable in optimizer.variables}
    return [variables[full] for weight in weights for name in names if (full := f"{weight.path.replace('/', '_')}_{name}") in variables]


def _complete(optimizer: Any, pairs: Pairs) -> Pairs | None:
    """The pairs, if they cover all variables, but for the rate, which the configuration has too, and the count, which not all files have."""
    covered = {id(variable) for variable, _ in pairs}
    return pairs if all(id(variable) in covered or variable.name in ("learning_rate", "iteration") for variable in optimizer.variables) else None
