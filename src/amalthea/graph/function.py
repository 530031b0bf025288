"""`Function`: a graph of operations between given inputs and outputs, planned once, run many times."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import Any, NamedTuple

from amalthea import tree
from amalthea.errors import ArgumentError
from amalthea.graph.keras_tensor import KerasTensor
from amalthea.graph.node import Node
from amalthea.graph.operation import Operation

Runner = Callable[[list[Any]], None]


class _Plan(NamedTuple):
    """How the values of tensors come about, in a list that has a slot for each."""

    inputs: list[int]
    runners: list[Runner]
    outputs: list[int]
    slots: int


class Function(Operation):
    """What lies between symbolic inputs and outputs, as one operation.

    Args:
        inputs: a structure of symbolic tensors.
        outputs: a structure of symbolic tensors that can be computed from `inputs`.
        name: its name.

    Raises:
        ArgumentError: an output depends on a tensor that is not among the inputs.

    Example:
        >>> import amalthea
        >>> x = amalthea.Input((2,))
        >>> f = Function(x, amalthea.ops.exp(x) + 1)
        >>> float(f(amalthea.ops.zeros((1, 2)))[0, 0])
        2.0
    """

    def __init__(self, inputs: Any, outputs: Any, name: str | None = None) -> None:
        super().__init__(name)
        self._inputs_struct = inputs
        self._outputs_struct = outputs
        self.inputs: list[KerasTensor] = tree.only(inputs, KerasTensor, "inputs")
        self.outputs: list[KerasTensor] = tree.only(outputs, KerasTensor, "outputs")
        if not self.inputs:
            raise ArgumentError("`inputs` is empty: a model needs at least one input.")
        if not self.outputs:
            raise ArgumentError("`outputs` is empty: a model needs at least one output.")
        self.nodes, self.operations = _order(self.inputs, self.outputs)

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in self.__dict__.items() if name != "_plan"}  # which calls the operations of this one, not of a copy

    @cached_property
    def _plan(self) -> _Plan:
        slots: dict[int, int] = {}
        for tensor in self.inputs:
            slots.setdefault(id(tensor), len(slots))
        given = [slots[id(tensor)] for tensor in self.inputs]
        runners: list[Runner] = []
        for node in self.nodes:
            for tensor in node.output_tensors:
                slots.setdefault(id(tensor), len(slots))
            if not node.is_input and any(slots[id(t)] not in given for t in node.output_tensors):
                runners.append(_runner(node, slots, frozenset(given)))
        return _Plan(given, runners, [slots[id(tensor)] for tensor in self.outputs], len(slots))

    def call(self, inputs: Any) -> Any:
        return self.run(tree.flatten(inputs))

    def run(self, flat_inputs: list[Any]) -> Any:
        """The outputs, in their structure, for the leaves of the inputs."""
        plan = self._plan
        values: list[Any] = [None] * plan.slots
        for slot, value in zip(plan.inputs, flat_inputs, strict=True):
            values[slot] = value
        for runner in plan.runners:
            runner(values)
        if not tree.is_nested(self._outputs_struct):
            return values[plan.outputs[0]]
        return tree.pack_sequence_as(self._outputs_struct, [values[slot] for slot in plan.outputs])


def _runner(node: Node, slots: dict[int, int], given: frozenset[int]) -> Runner:
    """The call of `node` as a function that reads and writes a list of values."""
    operation, kwargs = node.operation, node.kwargs
    destinations = [slots[id(tensor)] for tensor in node.output_tensors]

    single_output = isinstance(node.outputs, KerasTensor) and destinations[0] not in given
    if single_output and len(node.args) == 1 and isinstance(node.args[0], KerasTensor) and len(node.input_tensors) == 1:
        source, destination = slots[id(node.args[0])], destinations[0]

        def run_single(values: list[Any]) -> None:
            values[destination] = operation(values[source], **kwargs)

        return run_single

    leaves = tree.flatten((node.args, kwargs))
    sources = [slots[id(leaf)] if isinstance(leaf, KerasTensor) else None for leaf in leaves]
    structure = (node.args, kwargs)

    def run(values: list[Any]) -> None:
        filled = [leaf if source is None else values[source] for leaf, source in zip(leaves, sources, strict=True)]
        args, keywords = tree.pack_sequence_as(structure, filled)
        results = [leaf for leaf in tree.flatten(operation(*args, **keywords)) if leaf is not None]
        for destination, result in zip(destinations, results, strict=True):
            if destination not in given:  # a tensor that the caller gives stays as it was given
                values[destination] = result

    return run


def _order(inputs: list[KerasTensor], outputs: list[KerasTensor]) -> tuple[list[Node], list[Operation]]:
    """The nodes in an order in which they can run, and the operations in the order in which they are listed.

    The depth of a node is the length of the longest way from it to an output. Nodes and operations go from the deepest to the outputs;
    operations of one depth in the order in which a walk from the outputs meets them. (Files depend on this order.)
    """
    given = {id(tensor) for tensor in inputs}
    finished: list[Node] = []
    met: dict[int, int] = {}
    state: dict[int, bool] = {}  # node -> finished?

    def node_of(tensor: KerasTensor) -> Node:
        history = tensor._keras_history
        if history is None:
            raise ArgumentError(f"{tensor!r} comes from no operation and is not among the inputs of the model.")
        return history.operation.inbound_nodes[history.node_index]

    for output in outputs:
        stack: list[tuple[Node, bool]] = [(node_of(output), False)]
        while stack:
            node, leaving = stack.pop()
            if leaving:
                finished.append(node)
                state[id(node)] = True
                continue
            if id(node) in state:
                continue
            state[id(node)] = False
            met.setdefault(id(node.operation), len(met))
            stack.append((node, True))
            if all(id(tensor) in given for tensor in node.output_tensors):
                continue
            if node.is_input:
                missing = node.output_tensors[0]
                raise ArgumentError(
                    f"The outputs depend on {missing!r} (input {node.operation.name!r}), which is not among the inputs of the model: "
                    f"{[tensor.name for tensor in inputs]}. Add it to `inputs`."
                )
            needed = [tensor for tensor in node.input_tensors if id(tensor) not in given or _is_entry(tensor)]
            for tensor in reversed(needed):
                if id(node_of(tensor)) not in state:
                    stack.append((node_of(tensor), False))

    depths: dict[int, int] = {}
    operation_depths: dict[int, int] = {}
    reached = {id(node) for node in finished}
    for node in reversed(finished):
        depth = max(depths.get(id(node), 0), operation_depths.get(id(node.operation), 0))
        depths[id(node)] = operation_depths[id(node.operation)] = depth
        for parent in node.parents:
            if id(parent) in reached:
                depths[id(parent)] = max(depths.get(id(parent), 0), depth + 1)

    for tensor in inputs:  # inputs that no output needs still belong to the model
        history = tensor._keras_history
        if history is not None and id(history.operation) not in operation_depths:
            node = node_of(tensor)
            finished.append(node)
            operation_depths[id(node.operation)] = depths[id(node)] = 0
            met.setdefault(id(node.operation), -1)

    position = {id(node): index for index, node in enumerate(finished)}
    nodes = sorted(finished, key=lambda node: (-depths[id(node)], position[id(node)]))
    operations = {id(node.operation): node.operation for node in nodes}
    listed = sorted(operations.values(), key=lambda operation: (-operation_depths[id(operation)], met[id(operation)]))
    return nodes, listed


def _is_entry(tensor: KerasTensor) -> bool:
    history = tensor._keras_history
    return history is not None and history.operation.inbound_nodes[history.node_index].is_input
