"""Compiled functions of stateful code on PyTorch.

A function that reads and assigns variables runs once for each signature of its arguments, on tensors without values, in a scope that answers
reads and keeps assignments. What PyTorch is asked to compute meanwhile, gradients and the optimizer's update included, is written down as one
graph of its elementary operations: a pure function, values of variables in, new values out. `torch.compile` makes code of it. It sees no Python of
ours, so nothing in it can break the graph.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from typing import Any

import torch
from torch._dynamo.exc import BackendCompilerFailed, TorchDynamoException
from torch._inductor.exc import InvalidCxxCompiler
from torch._subclasses.fake_tensor import DataDependentOutputException, DynamicOutputShapeException, FakeTensorMode
from torch.fx.experimental.proxy_tensor import make_fx

from amalthea import tree
from amalthea.engines import tracing
from amalthea.engines.torch import border
from amalthea.engines.tracing import TraceScope, traced
from amalthea.errors import UnsupportedByEngine
from amalthea.state.variable import Variable

BACKEND = "inductor"
"""Which of `torch.compile`'s backends makes code of the graph."""


class Program:
    """A function traced for one signature of its arguments: the variables that it reads and assigns, and the compiled graph."""

    __slots__ = ("_assigned", "_call", "_lendings", "_result", "_variables")

    def __init__(self, fn: Callable[..., Any], foreseen: Sequence[Variable], leaves: list[Any], unflatten: Callable[[list[Any]], Any]) -> None:
        try:
            self._variables, scope, graph = traced(lambda variables: self._trace(fn, variables, leaves, unflatten), foreseen)
        except (DataDependentOutputException, DynamicOutputShapeException) as error:
            raise border.depends_on_values(f"in the operation `{error.func}`") from error
        except RuntimeError as error:
            if str(error).startswith(".numpy() is not supported"):
                raise border.depends_on_values("as an array on the host") from error
            raise
        self._assigned = [variable for variable, _ in scope.written()]
        self._lendings = Variable.lendings
        self._call = torch.compile(graph.forward, fullgraph=True, dynamic=False, backend=BACKEND)

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
            self._result = tree.map_structure(lambda leaf: _TENSOR if isinstance(leaf, torch.Tensor) else leaf, result)
            values = _apart(tensors, [value for _, value in scope.written()])
            return values + [leaf.detach() for leaf in tree.flatten(result) if isinstance(leaf, torch.Tensor)]

        # What is made of arrays in the function has values, and becomes a constant of the graph.
        fake = FakeTensorMode(allow_non_fake_inputs=True)
        graph = make_fx(pure)(*(fake.from_tensor(tensor) for tensor in [variable.held() for variable in variables] + leaves))
        return scope, graph

    def __call__(self, leaves: list[Any]) -> Any:
        if self._lendings != Variable.lendings:
            self._lendings = Variable.lendings
            for variable in self._variables:
                variable.held()  # comes here, if it went to another engine
        try:
            with torch.no_grad():
                results = self._call(*(variable._value for variable in self._variables), *leaves)
        except TorchDynamoException as error:
            raise _not_compiled(error.inner_exception if isinstance(error, BackendCompilerFailed) else error) from error
        for variable, value in zip(self._assigned, results, strict=False):
            variable._value = value
        left = iter(results[len(self._assigned) :])
        return tree.map_structure(lambda leaf: next(left) if leaf is _TENSOR else leaf, self._result)


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


class Compiled(tracing.Compiled):
    """A function of stateful code as compiled graphs, one for each signature of its arguments."""

    def tensor(self, leaf: Any) -> Any:
        return border.given(leaf)

    def kind(self, leaf: Any) -> Hashable | None:
        return (leaf.shape, leaf.dtype, leaf.device) if isinstance(leaf, torch.Tensor) else None

    def program(self, foreseen: Sequence[Variable], tensors: list[Any], unflatten: Callable[[list[Any]], Any]) -> Program:
        return Program(self._fn, foreseen, tensors, unflatten)

    def within(self, leaves: list[Any]) -> bool:
        tensors = [leaf for leaf in leaves if isinstance(leaf, torch.Tensor)]
        return super().within(leaves) or any(tensor.requires_grad or border.without_values(tensor) for tensor in tensors)


def _not_compiled(reason: BaseException) -> UnsupportedByEngine:
    if isinstance(reason, InvalidCxxCompiler):
        advice = (
            "Code for the CPU is made by a C++ compiler, and there is none. Install one (`apt install g++`, `xcode-select --install`, the build tools of "
            'Visual Studio) or name it in the environment variable CXX; `jit_compile=False` or "auto" works without.'
        )
    else:
        advice = '`torch.compile` failed on this function: use `jit_compile=False` or "auto", which run it as it is written.'
    return UnsupportedByEngine("torch", "jit_compile=True", f"{advice} PyTorch says: {type(reason).__name__}: {str(reason).partition(chr(10))[0]}")
