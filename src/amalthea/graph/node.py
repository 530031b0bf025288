"""`Node`: one call of an operation on symbolic tensors."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from amalthea import tree
from amalthea.graph.keras_tensor import KerasHistory, KerasTensor

if TYPE_CHECKING:
    from amalthea.graph.operation import Operation


class Node:
    """One call of `operation`: what went in, and the symbolic tensors that came out.

    Args:
        operation: what was called.
        args: its positional arguments.
        kwargs: its keyword arguments.
        outputs: a structure of new symbolic tensors, which learn that they come from here.
    """

    def __init__(self, operation: Operation, args: tuple[Any, ...], kwargs: dict[str, Any], outputs: Any) -> None:
        self.operation = operation
        self.args = args
        self.kwargs = kwargs
        self.outputs = outputs
        self.input_tensors: list[KerasTensor] = [leaf for leaf in tree.flatten((args, kwargs)) if isinstance(leaf, KerasTensor)]
        self.output_tensors: list[KerasTensor] = [leaf for leaf in tree.flatten(outputs) if isinstance(leaf, KerasTensor)]
        index = len(operation.inbound_nodes)
        operation.inbound_nodes.append(self)
        for position, tensor in enumerate(self.output_tensors):
            tensor._keras_history = KerasHistory(operation, index, position)

    @property
    def is_input(self) -> bool:
        """Whether it is an entry of a model."""
        return not self.input_tensors

    @property
    def parents(self) -> list[Node]:
        """The nodes that its inputs come from, each once, in order."""
        found: dict[int, Node] = {}
        for tensor in self.input_tensors:
            history = tensor._keras_history
            if history is not None:
                node = history.operation.inbound_nodes[history.node_index]
                found[id(node)] = node
        return list(found.values())

    def __repr__(self) -> str:
        return f"<Node operation={self.operation.name}, inputs={self.input_tensors}>"
