"""The table that `Model.summary` prints."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from amalthea import dtypes, tree
from amalthea.errors import ArgumentError
from amalthea.graph.keras_tensor import KerasTensor
from amalthea.graph.node import Node
from amalthea.graph.operation import OpCall

_WIDTH = 88
_WIDTH_WITH_GRAPH = 110


def print_summary(
    model: Any,
    line_length: int | None = None,
    positions: Sequence[float] | None = None,
    print_fn: Callable[[str], Any] | None = None,
    expand_nested: bool = False,
    show_trainable: bool = False,
    layer_range: Sequence[str] | None = None,
) -> None:
    """Print a table of the layers of `model`; see `Model.summary`.

    Raises:
        ArgumentError: `layer_range` names layers that are not there, or not in this order.
    """
    import rich.console
    import rich.markup
    import rich.table

    connected = not _is_chain(model)
    heads = ["Layer (type)", "Output Shape", "Param #"] + (["Connected to"] if connected else []) + (["Trainable"] if show_trainable else [])
    width = line_length or (_WIDTH_WITH_GRAPH if connected else _WIDTH)
    table = rich.table.Table(width=width, show_lines=connected)
    for head, share in zip(heads, _shares(positions, len(heads)), strict=True):
        table.add_column(head, justify="right" if head == "Param #" else "left", ratio=share, overflow="fold")
    for row in _rows(model, expand_nested, connected, show_trainable, layer_range):
        table.add_row(*map(rich.markup.escape, row))

    console = rich.console.Console(highlight=False, width=max(width, 40), force_terminal=False if print_fn else None, soft_wrap=print_fn is None)
    lines = [f"Model: {model.name!r}".replace("'", '"')]
    if print_fn is None:
        console.print(rich.markup.escape(lines[0]), style="bold")
        console.print(table, width=width)
        for line in _totals(model):
            console.print(rich.markup.escape(line))
        return
    with console.capture() as capture:
        console.print(table)
    print_fn("\n".join([*lines, capture.get().rstrip("\n"), *_totals(model)]))


def _shares(positions: Sequence[float] | None, count: int) -> list[int]:
    """How wide the columns are, relative to each other."""
    if positions is None:
        return {3: [46, 28, 16], 4: [30, 26, 14, 24], 5: [28, 24, 14, 20, 9]}[count]
    if len(positions) != count:
        raise ArgumentError(f"`positions` has {len(positions)} numbers, but the table has {count} columns.")
    ends = [position * 100 if max(positions) <= 1 else position for position in positions]
    return [max(1, round(end - start)) for start, end in zip([0.0, *ends[:-1]], ends, strict=True)]


def _is_chain(model: Any) -> bool:
    """Whether every layer is fed by the one before it, so that connections say nothing."""
    function = getattr(model, "_function", None)
    if function is None:
        return True
    return all(len(node.parents) <= 1 for node in function.nodes) and len(function.nodes) == len(function.operations) and _one_way(function.nodes)


def _one_way(nodes: Sequence[Node]) -> bool:
    parents = [id(parent) for node in nodes for parent in node.parents]
    return len(parents) == len(set(parents))


def _rows(model: Any, expand: bool, connected: bool, trainable: bool, layer_range: Sequence[str] | None, prefix: str = "") -> Iterator[list[str]]:
    function = getattr(model, "_function", None)
    inside = {id(node) for node in function.nodes} if function is not None else set()
    for operation in _within(getattr(model, "operations", model.layers), layer_range):
        row = [f"{prefix}{operation.name} ({_kind(operation)})", _shape_text(operation, inside), _count_text(operation)]
        if connected:
            row.append(_connections(operation, inside) if not prefix else "-")
        if trainable:
            row.append(
                "Y"
                if getattr(operation, "trainable", False) and getattr(operation, "weights", ())
                else "N"
                if getattr(operation, "weights", ())
                else "-"
            )
        yield row
        if expand and getattr(operation, "layers", None):
            yield from _rows(operation, True, connected, trainable, None, prefix + "    └ ")


def _within(operations: Sequence[Any], layer_range: Sequence[str] | None) -> Sequence[Any]:
    if not layer_range:
        return operations
    if len(layer_range) != 2:
        raise ArgumentError(f"`layer_range` must name two layers, the first and the last. Received: {layer_range!r}.")
    places = [[i for i, operation in enumerate(operations) if re.fullmatch(pattern, operation.name)] for pattern in layer_range]
    for pattern, found in zip(layer_range, places, strict=True):
        if not found:
            raise ArgumentError(f"`layer_range` names {pattern!r}, which no layer fits: {', '.join(operation.name for operation in operations)}.")
    first, last = min(places[0]), max(places[1])
    if first > last:
        raise ArgumentError(f"`layer_range` is {list(layer_range)!r}, but {layer_range[1]!r} comes before {layer_range[0]!r}.")
    return operations[first : last + 1]


def _kind(operation: Any) -> str:
    if isinstance(operation, OpCall):
        return operation.function.__name__.title().replace("_", "")
    return type(operation).__name__


def _shape_text(operation: Any, inside: set[int]) -> str:
    nodes = [node for node in operation.inbound_nodes if not inside or id(node) in inside] or operation.inbound_nodes
    if not nodes:
        return (
            "?"
            if not getattr(operation, "built", True) or not getattr(operation, "layers", None)
            else _shapes(getattr(operation, "output_shape", "?"))
        )
    return _shapes(tree.map_structure(lambda leaf: leaf.shape if isinstance(leaf, KerasTensor) else leaf, nodes[0].outputs))


def _shapes(shapes: Any) -> str:
    return str(shapes) if not isinstance(shapes, list) else ", ".join(map(str, shapes))


def _count_text(operation: Any) -> str:
    if isinstance(operation, OpCall):
        return "0"
    return f"{operation.count_params():,}" if operation.built else "0 (unbuilt)"


def _connections(operation: Any, inside: set[int]) -> str:
    found = []
    for node in operation.inbound_nodes:
        if id(node) in inside:
            for tensor in node.input_tensors:
                history = tensor._keras_history
                assert history is not None
                found.append(f"{history.operation.name}[{history.node_index}][{history.tensor_index}]")
    return ", ".join(found) or "-"


def _totals(model: Any) -> list[str]:
    def line(label: str, variables: Sequence[Any]) -> str:
        unique = list({id(variable): variable for variable in variables}.values())
        numbers = sum(math.prod(variable.shape) for variable in unique)
        size = sum(math.prod(variable.shape) * _bytes(variable) for variable in unique)
        return f" {label}: {numbers:,} ({readable_size(size)})"

    optimizer = getattr(model, "optimizer", None)
    slots = list(optimizer.variables) if optimizer is not None and getattr(optimizer, "built", False) else []
    lines = [
        line("Total params", [*model.weights, *slots]),
        line("Trainable params", model.trainable_weights),
        line("Non-trainable params", model.non_trainable_weights),
    ]
    return [*lines, line("Optimizer params", slots)] if slots else lines


def _bytes(variable: Any) -> float:
    dtype = variable._dtype
    return 1 / 8 if dtype == "bool" else dtypes.numpy_dtype(dtype).itemsize


def readable_size(size: float) -> str:
    """A number of bytes with its unit.

    Example:
        >>> readable_size(252), readable_size(1536)
        ('252.00 B', '1.50 KB')
    """
    for unit in ("B", "KB", "MB", "GB", "TB"):
        if size < 1024 or unit == "TB":
            return f"{size:.2f} {unit}"
        size /= 1024
    raise AssertionError
