"""A call of a function of stateful code, with all operations that PyTorch is asked for meanwhile written down as a graph.

The call computes as always. `make_fx`, which traces without computing, would do for the graph; but it loads PyTorch's compiler, for a second and with
all that this brings.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import torch
from torch.fx import Graph, GraphModule, Node
from torch.fx.node import map_aggregate
from torch.utils._python_dispatch import TorchDispatchMode, _disable_current_modes
from torch.utils.weak import WeakIdKeyDictionary

from amalthea.engines.torch import border
from amalthea.engines.torch.forms import Pure
from amalthea.engines.torch.recorder.tidying import written
from amalthea.engines.tracing import filled, form_of
from amalthea.errors import UnsupportedByEngine
from amalthea.state.scope import StatelessScope, apply_writes
from amalthea.state.variable import Variable

LONGEST = 20_000
"""How many operations are recorded: a loop that is longer than that is better run as it is written."""


def record(fn: Callable[..., Any], leaves: list[Any], unflatten: Callable[[list[Any]], Any]) -> tuple[Pure, Any]:
    """Call a function.

    Args:
        fn: the function, which has no other effects than on variables.
        leaves: the tensors in its arguments.
        unflatten: makes the arguments of such tensors.

    Returns:
        What it does, and the result of the call.

    Raises:
        UnsupportedByEngine: it reads a value, or does too much. Nothing was assigned.
    """
    recorder = _Recorder()
    token = border.recording.set(True)
    try:
        with recorder, _Reads(recorder) as scope:
            result = fn(*unflatten([recorder.given(leaf) for leaf in leaves]))
            assigned = [variable for variable, _ in scope.written()]
            values = border.apart(recorder.inputs, [value for _, value in scope.written()])
            results = border.tensors_in(result)
    finally:
        border.recording.reset(token)
    pure = Pure(recorder.finished(values + results), scope.variables, assigned, form_of(result, border.is_tensor))
    apply_writes(zip(assigned, values, strict=True))
    return pure, filled(pure.form, results)


class _Reads(StatelessScope):
    """Gives each variable a tensor of its own, also where two of them hold the same one, and notes which were read."""

    def __init__(self, recorder: _Recorder) -> None:
        super().__init__()
        self._recorder = recorder
        self.variables: list[Variable] = []

    def __enter__(self) -> _Reads:
        super().__enter__()
        return self

    def missing(self, variable: Variable) -> Any:
        value = self._recorder.given(variable.held())
        self.hold(variable, value)
        self.variables.append(variable)
        return value


class _Recorder(TorchDispatchMode):
    """Writes down every operation inside, and lets it happen."""

    def __init__(self) -> None:
        super().__init__()
        self.inputs: list[torch.Tensor] = []
        self._graph, self._root = Graph(), torch.nn.Module()
        self._nodes: Any = WeakIdKeyDictionary()
        self._length = self._constants = 0

    @classmethod
    def _should_skip_dynamo(cls) -> bool:
        return False  # to skip PyTorch's compiler, PyTorch would load it

    def given(self, tensor: torch.Tensor) -> torch.Tensor:
        """An input of the graph, with the values of `tensor`."""
        with _disable_current_modes():
            alias = tensor.detach()
        self.inputs.append(alias)
        self._note(alias, self._graph.placeholder(f"given_{len(self.inputs)}"))
        return alias

    def finished(self, outputs: list[torch.Tensor]) -> GraphModule:
        """The graph that gives `outputs`."""
        self._graph.output([self._node(tensor) for tensor in outputs])
        module = GraphModule(self._root, self._graph)
        for node in set(written(module)):
            if node.op == "get_attr":  # a constant is to be the same at the next call
                with module.graph.inserting_after(node):
                    copy = module.graph.call_function(torch.ops.aten.clone.default, (node,))
                node.replace_all_uses_with(copy, lambda user, copy=copy: user is not copy)  # type: ignore[misc]
                copy.meta = dict(node.meta)
        return module

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        self._length += 1
        if self._length > LONGEST or not _BY_VALUES.isdisjoint(func.tags):
            raise _unrecordable(func)
        nodes = map_aggregate((args, kwargs), lambda leaf: self._node(leaf) if isinstance(leaf, torch.Tensor) else leaf)
        result = func(*args, **kwargs)
        self._keep(result, self._graph.call_function(func, *nodes))
        return result

    def _keep(self, result: Any, node: Node) -> None:
        if isinstance(result, torch.Tensor):
            self._note(result, node)
        elif isinstance(result, (list, tuple)):
            for place, part in enumerate(result):
                self._keep(part, self._graph.call_function(operator.getitem, (node, place)))
        elif result is not None:
            raise _unrecordable(node.target)  # a number that was read off a tensor

    def _note(self, tensor: torch.Tensor, node: Node) -> None:
        self._nodes[tensor] = node
        with _disable_current_modes():
            node.meta["val"] = torch.empty_strided(tensor.shape, tensor.stride(), dtype=tensor.dtype, device="meta")
        node.meta["device"] = tensor.device

    def _node(self, tensor: torch.Tensor) -> Node:
        """The node that gives `tensor`; what comes from nowhere was made of numbers, and is a constant."""
        found = self._nodes.get(tensor)
        if found is None:
            self._constants += 1
            name = f"_constant_{self._constants}"
            with _disable_current_modes():
                self._root.register_buffer(name, tensor.detach().clone(), persistent=False)
            found = self._graph.get_attr(name)
            self._note(tensor, found)
        return found  # type: ignore[no-any-return]


_BY_VALUES = {torch.Tag.data_dependent_output, torch.Tag.dynamic_output_shape}
"""What tells operations whose results have no shape, or no value, that is the same at every call."""


def _unrecordable(operation: Any) -> UnsupportedByEngine:
    return UnsupportedByEngine("torch", str(operation), "It depends on values, or comes after too many others: such a step cannot be recorded.")
