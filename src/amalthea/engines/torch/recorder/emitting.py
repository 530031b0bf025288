"""Graphs as functions of plain Python, one line an operation: what runs them is as fast as a loop over the operations can be."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator
from typing import Any

from torch.fx import GraphModule, Node

from amalthea.engines.torch.operations import DONE_BY


def emitted(module: GraphModule) -> Callable[..., Any]:
    """`module.forward`, without modules or looking up names. A tensor is let go after the line that reads it last.

    Example:
        >>> import torch
        >>> from torch.fx import symbolic_trace
        >>> emitted(symbolic_trace(lambda x: x * 2))(torch.ones(2))
        tensor([2., 2.])
    """
    known: dict[str, Any] = {}
    lines = list(_lines(module, known))
    source = "\n    ".join([f"def run({', '.join(node.name for node in module.graph.nodes if node.op == 'placeholder')}):", *lines])
    exec(compile(source, "<graph>", "exec"), known)
    return known["run"]  # type: ignore[no-any-return]


def _lines(module: GraphModule, known: dict[str, Any]) -> Iterator[str]:
    """The lines of the function; what they name is put into `known`."""
    last = _last_readers(module)
    functions: dict[Any, str] = {}
    for node in module.graph.nodes:
        if node.op == "get_attr":
            known[node.name] = operator.attrgetter(node.target)(module)
            continue
        if node.op == "output":
            yield f"return {_text(node.args[0], known)}"
            continue
        if node.op == "call_function":
            args = [_text(argument, known) for argument in node.args]
            if node.target is operator.getitem:
                yield f"{node.name} = {args[0]}[{args[1]}]"
            else:
                function = functions.setdefault(node.target, f"f{len(functions)}")
                known[function] = DONE_BY.get(node.target) or getattr(node.target, "_op", node.target)
                call = f"{function}({', '.join([*args, *(f'{key}={_text(value, known)}' for key, value in node.kwargs.items())])})"
                yield f"{node.name} = {call}" if node.users else call
        done = last.get(node, [])
        if done:
            yield f"del {', '.join(done)}"


def _last_readers(module: GraphModule) -> dict[Node, list[str]]:
    """For each node, the names of what it reads as the last one."""
    last: dict[Node, Node] = {source: node for node in module.graph.nodes for source in node.all_input_nodes if source.op != "get_attr"}
    readers: dict[Node, list[str]] = {}
    for source, node in last.items():
        readers.setdefault(node, []).append(source.name)
    return readers


def _text(value: Any, known: dict[str, Any]) -> str:
    """An argument as Python writes it; what has no such form gets a name in `known`."""
    if isinstance(value, Node):
        return value.name
    if isinstance(value, (list, tuple)):
        inner = ", ".join(_text(part, known) for part in value)
        return f"[{inner}]" if isinstance(value, list) else f"({inner}{',' * (len(value) == 1)})"
    if value is None or type(value) in (bool, int, str) or (type(value) is float and abs(value) < float("inf")):
        return repr(value)
    name = f"c{len(known)}"
    known[name] = value
    return name
