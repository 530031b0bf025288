"""A graph of layers as plain values, and back, in Keras's form."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from amalthea import ops, tree
from amalthea.errors import SerializationError
from amalthea.graph.keras_tensor import KerasTensor
from amalthea.graph.operation import OpCall, Operation
from amalthea.layers.layer import Layer
from amalthea.saving import deserialize_keras_object, serialize_keras_object

# How a call of a function of `amalthea.ops` is written: there is no class for each of them.
_OP_CLASS = "OpCall"


def graph_config(model: Any) -> dict[str, Any]:
    """The layers of `model`, how they are connected, and which tensors go in and come out."""
    operations = model.operations
    indices = _node_indices(model)
    return {
        "name": model.name,
        "trainable": model.trainable,
        "layers": [_operation_config(operation, indices) for operation in operations],
        "input_layers": tree.map_structure(lambda tensor: _address(tensor, indices), model.input),
        "output_layers": tree.map_structure(lambda tensor: _address(tensor, indices), model.output),
    }


def _node_indices(model: Any) -> dict[int, int]:
    """The number of each node of the model among the nodes of its operation that belong to the model."""
    indices: dict[int, int] = {}
    inside = {id(node) for node in model._function.nodes}
    for operation in model.operations:
        count = 0
        for node in operation.inbound_nodes:
            if id(node) in inside:
                indices[id(node)] = count
                count += 1
    return indices


def _address(tensor: KerasTensor, indices: Mapping[int, int]) -> list[Any]:
    history = tensor._keras_history
    assert history is not None
    return [history.operation.name, indices[id(history.operation.inbound_nodes[history.node_index])], history.tensor_index]


def _operation_config(operation: Operation, indices: Mapping[int, int]) -> dict[str, Any]:
    if isinstance(operation, OpCall):
        described: dict[str, Any] = {
            "module": "keras.ops",
            "class_name": _OP_CLASS,
            "config": {"name": operation.name, "function": operation.function.__name__},
            "registered_name": None,
        }
    else:
        described = serialize_keras_object(operation)
        described.pop("compile_config", None)
    described["name"] = operation.name
    nodes = [node for node in operation.inbound_nodes if id(node) in indices and not node.is_input]
    described["inbound_nodes"] = [{"args": _arguments(list(node.args), indices), "kwargs": _arguments(node.kwargs, indices)} for node in nodes]
    return described


def _arguments(arguments: Any, indices: Mapping[int, int]) -> Any:
    def one(leaf: Any) -> Any:
        if not isinstance(leaf, KerasTensor):
            return serialize_keras_object(leaf)
        return {"class_name": "__keras_tensor__", "config": {"shape": leaf.shape, "dtype": leaf.dtype, "keras_history": _address(leaf, indices)}}

    return tree.map_structure(one, arguments)


def graph_from_config(cls: type, config: Mapping[str, Any], custom_objects: dict[str, Any] | None = None) -> Any:
    """The model of class `cls` that `graph_config` described.

    Raises:
        SerializationError: a connection to a layer that is not there, or a cycle.
    """
    operations: dict[str, Callable[..., Any]] = {}
    made: dict[tuple[str, int], list[KerasTensor]] = {}
    pending: list[tuple[str, int, Any]] = []
    for described in config["layers"]:
        name = described.get("name") or described["config"]["name"]
        if name in operations:
            raise SerializationError(f"The configuration of the model {config['name']!r} describes two layers named {name!r}.")
        operation = operations[name] = _operation(described, custom_objects)
        if not described["inbound_nodes"] and isinstance(operation, Layer):
            made[name, 0] = [operation.output]
        pending += [(name, index, node) for index, node in enumerate(described["inbound_nodes"])]
    while pending:
        waiting = []
        for name, index, node in pending:
            if index and (name, index - 1) not in made:
                waiting.append((name, index, node))
                continue
            try:
                args, kwargs = _resolved(node, made, operations)
            except _NotYet:
                waiting.append((name, index, node))
                continue
            outputs = operations[name](*args, **kwargs)
            made[name, index] = [leaf for leaf in tree.flatten(outputs) if isinstance(leaf, KerasTensor)]
        if len(waiting) == len(pending):
            raise SerializationError(
                f"The layers {sorted({name for name, _, _ in waiting})} wait for each other: the configuration describes a cycle."
            )
        pending = waiting

    def lookup(structure: Any) -> Any:
        if _is_address(structure):
            return _find(structure, made, operations)
        if isinstance(structure, Mapping):
            return {key: lookup(part) for key, part in structure.items()}
        return [lookup(part) for part in structure]

    inputs, outputs = lookup(config["input_layers"]), lookup(config["output_layers"])
    known = {"name", "layers", "input_layers", "output_layers"}
    rest = {key: deserialize_keras_object(value, custom_objects) for key, value in config.items() if key not in known}
    return cls(inputs=inputs, outputs=outputs, name=config.get("name"), **rest)


class _NotYet(Exception):
    """A tensor that is not made yet."""


def _operation(described: Mapping[str, Any], custom_objects: dict[str, Any] | None) -> Callable[..., Any]:
    if described.get("class_name") == _OP_CLASS:
        function = described["config"]["function"]
        if function not in ops.__all__:
            raise SerializationError(f"The configuration calls the operation {function!r}, which `amalthea.ops` does not have.")
        return getattr(ops, function)  # type: ignore[no-any-return]
    return deserialize_keras_object(  # type: ignore[no-any-return]
        {key: value for key, value in described.items() if key not in ("name", "inbound_nodes")}, custom_objects
    )


def _resolved(node: Any, made: Mapping[tuple[str, int], list[KerasTensor]], operations: Mapping[str, Any]) -> tuple[Any, Any]:
    """The arguments of a call, with the tensors that they name."""

    def one(part: Any) -> Any:
        if isinstance(part, dict) and part.get("class_name") == "__keras_tensor__":
            return _find(part["config"]["keras_history"], made, operations)
        if isinstance(part, dict) and "class_name" not in part:
            return {key: one(value) for key, value in part.items()}
        if isinstance(part, (list, tuple)):
            values = [one(value) for value in part]
            # JSON has no tuples; a list without tensors is one: the key of an index, a shape, axes.
            return values if any(isinstance(leaf, KerasTensor) for leaf in tree.flatten(values)) else tuple(values)
        return deserialize_keras_object(part)

    return tuple(one(part) for part in node["args"]), one(dict(node["kwargs"]))


def _is_address(part: Any) -> bool:
    return isinstance(part, (list, tuple)) and len(part) == 3 and isinstance(part[0], str) and isinstance(part[1], int)


def _find(address: Any, made: Mapping[tuple[str, int], list[KerasTensor]], operations: Mapping[str, Any]) -> KerasTensor:
    if not _is_address(address):
        raise SerializationError(f"A tensor is named by [layer, call, output]. Received: {address!r}.")
    name, index, position = address
    if name not in operations:
        raise SerializationError(f"The configuration connects to the layer {name!r}, which it does not describe.")
    tensors = made.get((name, index))
    if tensors is None:
        raise _NotYet
    if not 0 <= position < len(tensors):
        raise SerializationError(f"The layer {name!r} has {len(tensors)} outputs; the configuration names output {position}.")
    return tensors[position]
