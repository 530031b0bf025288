"""A graph of layers as plain values, and back, in Keras's form."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from amalthea import tree
from amalthea.errors import shown
from amalthea.graph.keras_tensor import KerasTensor
from amalthea.graph.operation import OpCall, Operation
from amalthea.layers.layer import Layer
from amalthea.saving import deserialize_keras_object, legacy, operations, serialize_keras_object
from amalthea.saving.faults import refused
from amalthea.saving.graphs import is_address, name_of, ordered_calls


def graph_config(model: Any) -> dict[str, Any]:
    """The layers of `model`, how they are connected, and which tensors go in and come out."""
    indices = _node_indices(model)
    return {
        "name": model.name,
        "trainable": model.trainable,
        "layers": [_operation_config(operation, indices) for operation in model.operations],
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
    nodes = [node for node in operation.inbound_nodes if id(node) in indices and not node.is_input]

    def write(arguments: Any) -> Any:
        return tree.map_structure(one, arguments)

    def one(leaf: Any) -> Any:
        if not isinstance(leaf, KerasTensor):
            return serialize_keras_object(leaf)
        return {"class_name": "__keras_tensor__", "config": {"shape": leaf.shape, "dtype": leaf.dtype, "keras_history": _address(leaf, indices)}}

    if isinstance(operation, OpCall):
        return operations.describe(operation, nodes, write)
    described = serialize_keras_object(operation)
    described.pop("compile_config", None)
    calls = [{"args": write(list(node.args)), "kwargs": write(node.kwargs)} for node in nodes]
    return {**described, "name": operation.name, "inbound_nodes": calls}


def graph_from_config(cls: type, config: Mapping[str, Any], custom_objects: dict[str, Any] | None = None) -> Any:
    """The model of class `cls` that `graph_config` described. Its connections are checked before any layer is made.

    Raises:
        SerializationError: a connection to what is not there, or a cycle.
    """
    config = legacy.modern_graph(config)
    order = ordered_calls(config)
    described = {name_of(part): part for part in config["layers"]}
    made: dict[str, Any] = {name: _operation(part, custom_objects) for name, part in described.items()}
    tensors: dict[tuple[str, int], list[KerasTensor]] = {
        (name, 0): [made[name].output] for name, part in described.items() if not part["inbound_nodes"] and hasattr(made[name], "batch_shape")
    }
    for name, number in order:
        node = described[name]["inbound_nodes"][number]
        args, kwargs = (_arguments(node[key], tensors, custom_objects) for key in ("args", "kwargs"))
        outputs = made[name](*args, **kwargs)
        tensors[name, number] = [leaf for leaf in tree.flatten(outputs) if isinstance(leaf, KerasTensor)]

    def lookup(structure: Any) -> Any:
        if is_address(structure):
            return _find(structure, tensors)
        if isinstance(structure, Mapping):
            return {key: lookup(part) for key, part in structure.items()}
        return [lookup(part) for part in structure]

    inputs, outputs = lookup(config["input_layers"]), lookup(config["output_layers"])
    known = {"name", "layers", "input_layers", "output_layers"}
    rest = {key: deserialize_keras_object(value, custom_objects) for key, value in config.items() if key not in known}
    return cls(inputs=inputs, outputs=outputs, name=config.get("name"), **rest)


def _operation(described: Mapping[str, Any], custom_objects: dict[str, Any] | None) -> Callable[..., Any]:
    if operations.is_operation(described):
        operations.check(described, name_of(described))
        made = {key: _as_argument(deserialize_keras_object(value, custom_objects)) for key, value in described["config"].items()}
        return operations.Restored(described, made)
    made = deserialize_keras_object({key: value for key, value in described.items() if key not in ("name", "inbound_nodes")}, custom_objects)
    if not isinstance(made, (Layer, Operation)):
        raise refused("mismatch", "", f"It describes {made!r} of type {type(made).__name__} in the place of a layer.")
    return made


def _as_argument(value: Any) -> Any:
    """JSON has no tuples; a list without tensors is one: the key of an index, a shape, axes."""
    return tuple(_as_argument(part) for part in value) if isinstance(value, (list, tuple)) else value


def _arguments(part: Any, tensors: Mapping[tuple[str, int], list[KerasTensor]], custom_objects: dict[str, Any] | None) -> Any:
    """The arguments of a call, with the tensors that they name."""
    if isinstance(part, Mapping) and part.get("class_name") == "__keras_tensor__":
        return _find(part["config"]["keras_history"], tensors)
    if isinstance(part, Mapping) and "class_name" not in part:
        return {key: _arguments(value, tensors, custom_objects) for key, value in part.items()}
    if isinstance(part, (list, tuple)):
        values = [_arguments(value, tensors, custom_objects) for value in part]
        return values if any(isinstance(leaf, KerasTensor) for leaf in tree.flatten(values)) else tuple(values)
    return deserialize_keras_object(part, custom_objects)


def _find(address: Any, tensors: Mapping[tuple[str, int], list[KerasTensor]]) -> KerasTensor:
    name, number, output = address
    given = tensors.get((name, number), [])
    if output >= len(given):
        raise refused("graph", "", f"Call {number} of the layer {shown(name)} gives {len(given)} tensors; tensor {output} is named.")
    return given[output]
