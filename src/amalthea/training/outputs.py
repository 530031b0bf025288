"""Which part of `compile`'s arguments, of the targets and of the weights belongs to which output of a model. Pure functions.

A model's outputs are numbered in the order of `tree.flatten`. Everything given for them (losses, metrics, targets, weights) may be one
thing for all, a list in the order of the outputs, a dictionary by their names, or a structure like that of the outputs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from amalthea import tree
from amalthea.errors import ArgumentError, nearest


def names_of(outputs: Any, output_names: Sequence[str] | None) -> list[str]:
    """A name for every output: the model's own, the keys of a dictionary, or numbers.

    Example:
        >>> names_of({"b": 0, "a": 0}, None)
        ['a', 'b']
    """
    paths = [path for path, _ in tree.flatten_with_path(outputs)]
    if isinstance(outputs, Mapping):
        return ["/".join(map(str, path)) for path in paths]
    if output_names is not None and len(output_names) == len(paths):
        return list(output_names)
    return [f"output_{'_'.join(map(str, path)) or 0}" for path in paths]


def by_output(given: Any, names: Sequence[str], argument: str, is_one: Callable[[Any], bool]) -> list[Any]:
    """What `given` says of each output.

    Args:
        given: one thing for all outputs, a list in their order, or a dictionary by name; None says nothing.
        names: the names of the outputs.
        argument: the name of the argument, for errors.
        is_one: whether a part of `given` is the thing for one output.

    Returns:
        A list as long as `names`, with None for outputs of which nothing is said.

    Raises:
        ArgumentError: an unknown name, or another number of parts than outputs.

    Example:
        >>> by_output({"b": "mse"}, ["a", "b"], "loss", lambda part: isinstance(part, str))
        [None, 'mse']
    """
    if given is None:
        return [None] * len(names)
    if isinstance(given, Mapping) and not is_one(given):
        for name in given:
            if name not in names:
                raise ArgumentError(
                    f"`{argument}` has an entry for {name!r}, but the model has no such output. Its outputs are: {', '.join(map(repr, names))}."
                    f"{nearest(str(name), names)}"
                )
        return [given.get(name) for name in names]
    if isinstance(given, (list, tuple)) and not is_one(given):
        flat = list(given)
        if len(flat) == 1 and isinstance(flat[0], (list, tuple, Mapping)) and len(names) != 1:
            return by_output(flat[0], names, argument, is_one)
        if len(flat) != len(names):
            raise ArgumentError(f"`{argument}` has {len(flat)} entries, but the model has {len(names)} outputs: {', '.join(map(repr, names))}.")
        return flat
    return [given] * len(names)


def targets_by_output(targets: Any, names: Sequence[str], count: int, argument: str = "y") -> list[Any]:
    """The target (or weight) of each output: None where nothing is given for it.

    Raises:
        ArgumentError: the targets do not match the outputs.

    Example:
        >>> targets_by_output({"b": 2, "a": 1}, ["a", "b"], 2)
        [1, 2]
    """
    if targets is None:
        return [None] * count
    if count == 1:
        leaves = tree.flatten(targets)
        if len(leaves) == 1:
            return leaves
        raise ArgumentError(f"The model has one output ({names[0]!r}), but `{argument}` has {len(leaves)} parts.")
    if isinstance(targets, Mapping) and set(targets) <= set(names):
        return [targets.get(name) for name in names]
    leaves = tree.flatten(targets)
    if len(leaves) != count:
        kind = f"the keys {sorted(map(str, targets))}" if isinstance(targets, Mapping) else f"{len(leaves)} parts"
        raise ArgumentError(f"The model has {count} outputs ({', '.join(map(repr, names))}), but `{argument}` has {kind}.")
    return leaves
