"""Variables as trees: their values in dictionaries, as deep as their paths have parts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from amalthea.errors import ArgumentError, ArgumentTypeError, nearest
from amalthea.state.variable import Variable

_FORMATS = ("backend_tensor", "numpy_array")


def values_of(groups: Mapping[str, Sequence[Variable]], value_format: str = "backend_tensor") -> dict[str, dict[str, Any]]:
    """The values of variables, in one tree for each group.

    Args:
        groups: variables by the names of their groups.
        value_format: "backend_tensor" for tensors of the engine in use, "numpy_array" for arrays.

    Returns:
        For each group a dictionary; the value of the variable "dense/kernel" is under "dense" and there under "kernel".

    Raises:
        ArgumentError: another format.

    Example:
        >>> import amalthea
        >>> values_of({"all": [amalthea.Variable([1.0, 2.0], name="x")]}, "numpy_array")
        {'all': {'x': array([1., 2.], dtype=float32)}}
    """
    if value_format not in _FORMATS:
        raise ArgumentError(f"`value_format` must be one of {', '.join(map(repr, _FORMATS))}. Received: {value_format!r}.")
    found: dict[str, dict[str, Any]] = {}
    for group, variables in groups.items():
        top = found[group] = {}
        for variable in variables:
            *above, name = variable.path.split("/")
            node = top
            for part in above:
                node = node.setdefault(part, {})
            node[name] = variable.numpy() if value_format == "numpy_array" else variable.value
    return found


def assign(groups: Mapping[str, Sequence[Variable]], values: Mapping[str, Any]) -> None:
    """Assign values from trees as `values_of` gives them. Groups and variables may be left out.

    Args:
        groups: variables by the names of their groups.
        values: a tree for each group.

    Raises:
        ArgumentError: an unknown group, or a path that no variable of it has; nothing was assigned.
        ArgumentTypeError: something else than dictionaries.
        ShapeError: a value of another shape.
    """
    planned = []
    for group, given in _items(values, "state_tree"):
        if group not in groups:
            raise ArgumentError(f"`state_tree` has the unknown group {group!r}. The groups are: {', '.join(groups)}.")
        variables: dict[str, list[Variable]] = {}
        for variable in groups[group]:
            variables.setdefault(variable.path, []).append(variable)
        for path, value in _leaves(given, group):
            if path not in variables:
                raise ArgumentError(f"No variable of {group!r} has the path {path!r}.{nearest(path, variables)}")
            planned += [(variable, value) for variable in variables[path]]
    for variable, value in planned:
        variable.assign(value)


def _items(node: Any, place: str) -> Iterator[tuple[str, Any]]:
    if not isinstance(node, Mapping):
        raise ArgumentTypeError(f"`{place}` must be a dictionary. Received: {node!r}.")
    yield from node.items()


def _leaves(node: Any, group: str, path: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in _items(node, group):
        here = f"{path}/{name}" if path else str(name)
        if isinstance(value, Mapping):
            yield from _leaves(value, group, here)
        else:
            yield here, value
