"""Functions of stateful code as graphs.

A function that reads and assigns variables runs once on tensors without values, in a scope that answers reads and keeps assignments. What PyTorch
is asked to compute meanwhile, gradients and the optimizer's update included, is written down as one graph of its elementary operations: a pure
function, values of variables in, new values out.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from typing import Any, ClassVar

import torch
from torch._subclasses.fake_tensor import DataDependentOutputException, DynamicOutputShapeException, FakeTensorMode
from torch.fx.experimental.proxy_tensor import make_fx

from amalthea import tree
from amalthea.engines import tracing
from amalthea.engines.torch import border
from amalthea.engines.tracing import TraceScope, traced
from amalthea.state.variable import Variable


class Graph:
    """What a function computes for arguments of one form.

    Args:
        fn: the function.
        foreseen: variables that it probably reads.
        leaves: the tensors in its arguments.
        unflatten: makes the arguments of such tensors.
        parts: what takes the place of some operations: functions of the same arguments that use others.

    Attributes:
        module: the graph. Its inputs are the values of `variables`, and then the tensors; its outputs are the new values of `assigned`, and then
            the tensors in the result.
        variables: what is read.
        assigned: what is assigned.

    Raises:
        UnsupportedByEngine: the function reads a value.
    """

    def __init__(
        self,
        fn: Callable[..., Any],
        foreseen: Sequence[Variable],
        leaves: list[Any],
        unflatten: Callable[[list[Any]], Any],
        parts: Mapping[Any, Callable[..., Any]],
    ) -> None:
        self._parts = dict(parts)
        try:
            self.variables, scope, self.module = traced(lambda variables: self._trace(fn, variables, leaves, unflatten), foreseen)
        except (DataDependentOutputException, DynamicOutputShapeException) as error:
            raise border.depends_on_values(f"in the operation `{error.func}`") from error
        except RuntimeError as error:
            if str(error).startswith(".numpy() is not supported"):
                raise border.depends_on_values("as an array on the host") from error
            raise
        self.assigned = [variable for variable, _ in scope.written()]

    def _trace(
        self, fn: Callable[..., Any], variables: list[Variable], leaves: list[Any], unflatten: Callable[[list[Any]], Any]
    ) -> tuple[TraceScope, torch.fx.GraphModule]:
        scope = TraceScope(())
        count = len(variables)

        def pure(*tensors: Any) -> list[Any]:
            nonlocal scope
            scope = TraceScope(zip(variables, tensors[:count], strict=True))
            with scope:
                result = fn(*unflatten(list(tensors[count:])))
            # Only the form is kept, and what is no tensor: that is the same at every call.
            self._form = tree.map_structure(lambda leaf: _TENSOR if isinstance(leaf, torch.Tensor) else leaf, result)
            values = _apart(tensors, [value for _, value in scope.written()])
            return values + [leaf.detach() for leaf in tree.flatten(result) if isinstance(leaf, torch.Tensor)]

        # What is made of arrays in the function has values, and becomes a constant of the graph.
        fake = FakeTensorMode(allow_non_fake_inputs=True)
        module = make_fx(pure, self._parts)(*(fake.from_tensor(tensor) for tensor in [variable.held() for variable in variables] + leaves))
        return scope, module

    def result(self, tensors: Iterable[Any]) -> Any:
        """The result of the function, of the tensors in it."""
        left = iter(tensors)
        return tree.map_structure(lambda leaf: next(left) if leaf is _TENSOR else leaf, self._form)


_TENSOR = object()  # stands for each tensor in the structure of a result


def _apart(inputs: Sequence[torch.Tensor], values: list[torch.Tensor]) -> list[torch.Tensor]:
    """`values`, what variables are to hold, each in memory of its own and in rows.

    A variable that held a part of the arguments would change with them; and other strides would be another program.
    """
    known = {tensor.untyped_storage()._cdata for tensor in inputs}
    apart = []
    for value in values:
        rows = value.detach().contiguous()
        place = rows.untyped_storage()._cdata
        apart.append(rows.clone() if place in known else rows)
        known.add(place)
    return apart


class Graphs(tracing.Compiled):
    """A function of stateful code as graphs, one for each signature of its arguments. How a graph is run is said by those that define `made`."""

    parts: ClassVar[Mapping[Any, Callable[..., Any]]] = {}

    def tensor(self, leaf: Any) -> Any:
        return border.given(leaf)

    def kind(self, leaf: Any) -> Hashable | None:
        return (leaf.shape, leaf.dtype, leaf.device) if isinstance(leaf, torch.Tensor) else None

    def made(self, graph: Graph) -> Callable[[list[Any]], Any]:
        """What computes `graph`, and assigns: a function of the tensors in the arguments, which gives the result."""
        raise NotImplementedError

    def program(self, foreseen: Sequence[Variable], tensors: list[Any], unflatten: Callable[[list[Any]], Any]) -> Callable[[list[Any]], Any]:
        return self.made(Graph(self._fn, foreseen, tensors, unflatten, self.parts))

    def within(self, leaves: list[Any]) -> bool:
        tensors = [leaf for leaf in leaves if isinstance(leaf, torch.Tensor)]
        return super().within(leaves) or any(tensor.requires_grad or border.without_values(tensor) for tensor in tensors)
