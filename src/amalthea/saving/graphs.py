"""The graph of a functional model in a configuration: whether its connections hold together, and in which order its calls can be made."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from amalthea.errors import nearest, shown
from amalthea.saving.faults import at, refused, separately

Call = tuple[str, int]
_KEYS = ("layers", "input_layers", "output_layers")


def is_graph(config: Mapping[str, Any]) -> bool:
    """Whether `config` describes layers and their connections."""
    return all(key in config for key in _KEYS)


def is_address(part: Any) -> bool:
    """Whether `part` names a tensor: [layer, call, output].

    Example:
        >>> is_address(["dense", 0, 0]), is_address(["dense", 0])
        (True, False)
    """
    return (
        isinstance(part, (list, tuple))
        and len(part) == 3
        and isinstance(part[0], str)
        and all(isinstance(number, int) and not isinstance(number, bool) and number >= 0 for number in part[1:])
    )


def name_of(described: Mapping[str, Any]) -> Any:
    """The name of a layer or an operation that is described in a graph."""
    config = described.get("config")
    return described.get("name") or (config.get("name") if isinstance(config, Mapping) else None)


def ordered_calls(config: Mapping[str, Any], place: str = "") -> list[Call]:
    """All calls of layers, each after those whose outputs it takes; a call is (layer, number).

    Raises:
        ModelFileError: two layers of a name, a connection to what is not there, or a cycle.
    """
    layers = _layers(config, place)
    sources: dict[Call, list[Call]] = {}
    for name, (described, here) in layers.items():
        for number, node in enumerate(described["inbound_nodes"]):
            sources[name, number] = [(name, number - 1)] if number else []
            for address, where in _addresses(node, f"{here}.inbound_nodes[{number}]"):
                with separately:
                    sources[name, number].append(_target(address, layers, where))
    for key in _KEYS[1:]:
        for address, where in _named_tensors(config[key], at(place, key)):
            with separately:
                _target(address, layers, where)
    return _sorted(sources, place)


def _layers(config: Mapping[str, Any], place: str) -> dict[str, tuple[Mapping[str, Any], str]]:
    """The layers by name, with their places."""
    found: dict[str, tuple[Mapping[str, Any], str]] = {}
    listed = config["layers"]
    base = at(place, "layers")
    if not isinstance(listed, (list, tuple)):
        raise refused("form", base, f"The layers must be a list. Received: {shown(listed)}.")
    for index, described in enumerate(listed):
        here = at(base, index)
        if not isinstance(described, Mapping) or "class_name" not in described or "config" not in described:
            raise refused("form", here, f"A layer has a `class_name` and a `config`. Received: {shown(described)}.")
        name = name_of(described)
        if not isinstance(name, str):
            raise refused("form", here, f"A layer of a graph must have a name. Received: {shown(name)}.")
        if name in found:
            raise refused("graph", here, f"There are two layers named {shown(name)}.")
        nodes = described.get("inbound_nodes")
        if not isinstance(nodes, (list, tuple)) or not all(isinstance(node, Mapping) and {"args", "kwargs"} <= node.keys() for node in nodes):
            raise refused("form", f"{here}.inbound_nodes", 'The calls of a layer must be a list of {"args": [...], "kwargs": {...}}.')
        found[name] = described, here
    return found


def _addresses(part: Any, place: str) -> Iterator[tuple[Any, str]]:
    """The symbolic tensors in the arguments of a call, by the addresses that they come from."""
    pending = [(part, place)]
    while pending:
        part, where = pending.pop()
        if isinstance(part, Mapping) and part.get("class_name") == "__keras_tensor__":
            history = part["config"].get("keras_history") if isinstance(part.get("config"), Mapping) else None
            yield history, f"{where}.config.keras_history"
        elif isinstance(part, Mapping):
            pending += [(value, at(where, key)) for key, value in part.items()]
        elif isinstance(part, (list, tuple)):
            pending += [(value, at(where, index)) for index, value in enumerate(part)]


def _named_tensors(structure: Any, place: str) -> Iterator[tuple[Any, str]]:
    """The addresses in the structure of a model's inputs or outputs."""
    if is_address(structure) or not isinstance(structure, (list, tuple, Mapping)):
        yield structure, place
        return
    parts = structure.items() if isinstance(structure, Mapping) else enumerate(structure)
    for key, part in parts:
        yield from _named_tensors(part, at(place, key))


def _target(address: Any, layers: Mapping[str, tuple[Mapping[str, Any], str]], place: str) -> Call:
    """The call that gives the tensor of this address."""
    if not is_address(address):
        raise refused("graph", place, f"A tensor is named by [layer, call, output]. Received: {shown(address)}.")
    name, number, output = address
    if name not in layers:
        raise refused("graph", place, f"There is no layer {shown(name)}.{nearest(name, layers)}")
    described = layers[name][0]
    calls = len(described["inbound_nodes"])
    if not calls and not _is_entry(described):
        raise refused("graph", place, f"The layer {shown(name)} is called nowhere, so it gives no tensor.")
    if number >= max(calls, 1):
        raise refused("graph", place, f"The layer {shown(name)} is called {max(calls, 1)} times; call {number} is named.")
    if not calls and output:
        raise refused("graph", place, f"The input {shown(name)} has one output; output {output} is named.")
    return name, number


def _is_entry(described: Mapping[str, Any]) -> bool:
    """Whether a layer may be an entry of the model: it has the shape of what comes in."""
    config = described["config"]
    return isinstance(config, Mapping) and ("batch_shape" in config or "batch_input_shape" in config)


def _sorted(sources: Mapping[Call, list[Call]], place: str) -> list[Call]:
    """The calls, each after its sources, otherwise in the order given."""
    done: dict[Call, bool] = {}  # False while its sources are looked at
    order: list[Call] = []
    for start in sources:
        stack = [(start, False)]
        while stack:
            call, leaving = stack.pop()
            if leaving:
                done[call] = True
                order.append(call)
                continue
            if call in done:
                continue
            done[call] = False
            stack.append((call, True))
            for source in reversed(sources[call]):
                if source not in sources:  # an input
                    continue
                if done.get(source) is False:
                    raise refused("graph", place, f"The layers {shown(source[0])} and {shown(call[0])} wait for each other: a cycle.")
                if source not in done:
                    stack.append((source, False))
    return order
