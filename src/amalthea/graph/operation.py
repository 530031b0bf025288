"""`Operation`: what a node calls. A layer is one; so is a call of a function of `amalthea.ops`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from amalthea.engines import registry
from amalthea.errors import ArgumentError, ArgumentTypeError, NotBuiltError
from amalthea.graph.keras_tensor import any_symbolic_tensors, from_specs, to_specs
from amalthea.graph.node import Node
from amalthea.state import naming


class Operation:
    """Something that can be called on tensors, and on symbolic tensors, which it then records.

    Args:
        name: its name; by default one made of the class's name.

    Example:
        >>> import amalthea
        >>> class Double(amalthea.Operation):
        ...     def call(self, x):
        ...         return x * 2
        >>> Double()(amalthea.Input((3,))).shape
        (None, 3)
    """

    def __init__(self, name: str | None = None) -> None:
        if name is None:
            name = naming.unique_name(naming.snake_case(type(self).__name__))
        if not isinstance(name, str) or "/" in name:
            raise ArgumentError(f"`name` must be a string without '/'. Received: name={name!r} (of type {type(name).__name__}).")
        self.name = name
        self.inbound_nodes: list[Node] = []

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if any_symbolic_tensors(args, kwargs):
            return self.symbolic_call(*args, **kwargs)
        return self.call(*args, **kwargs)

    def symbolic_call(self, *args: Any, **kwargs: Any) -> Any:
        """Record a call on symbolic tensors; gives new ones."""
        outputs = self.compute_output_spec(*args, **kwargs)
        Node(self, args, kwargs, outputs)
        return outputs

    def call(self, *args: Any, **kwargs: Any) -> Any:
        """What it computes; subclasses define it."""
        raise ArgumentTypeError(f"{type(self).__name__} defines no `call` method.")

    def compute_output_spec(self, *args: Any, **kwargs: Any) -> Any:
        """The symbolic tensors that a call on symbolic tensors gives."""
        return infer(self.call, args, kwargs)

    def _single(self, which: str) -> Any:
        if len(self.inbound_nodes) != 1:
            state = "has not been called on a symbolic tensor" if not self.inbound_nodes else f"was called {len(self.inbound_nodes)} times"
            raise NotBuiltError(f"{self.name!r} {state}, so it has no single `{which}`.")
        node = self.inbound_nodes[0]
        tensors = node.input_tensors if which == "input" else node.outputs
        return tensors[0] if isinstance(tensors, list) and len(tensors) == 1 else tensors

    @property
    def input(self) -> Any:
        """The symbolic tensors that it was called on, if it was called once."""
        return self._single("input")

    @property
    def output(self) -> Any:
        """The symbolic tensors that its one call gave."""
        return self._single("output")


class OpCall(Operation):
    """One call of a public function of `amalthea.ops` on symbolic tensors."""

    def __init__(self, function: Callable[..., Any], name: str | None = None) -> None:
        super().__init__(name or naming.unique_name(function.__name__))
        self.function = function

    def call(self, *args: Any, **kwargs: Any) -> Any:
        return self.function(*args, **kwargs)


def infer(body: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """What `body` gives for symbolic tensors, found by running it on the symbolic engine."""
    args, kwargs = to_specs((args, kwargs))
    with registry.use("symbolic"):
        return from_specs(body(*args, **kwargs))


def record(function: Callable[..., Any], body: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Record a call of the public function `function` on symbolic tensors; `body` is what it computes."""
    outputs = infer(body, args, kwargs)
    Node(OpCall(function), args, kwargs, outputs)
    return outputs
