"""Compiled functions of stateful code on PyTorch.

A function that reads and assigns variables runs once for each signature of its arguments, on tensors without values, in a scope that answers
reads and keeps assignments. What PyTorch is asked to compute meanwhile, gradients and the optimizer's update included, is written down as one
graph of its elementary operations: a pure function, values of variables in, new values out. `torch.compile` makes code of it. It sees no Python of
ours, so nothing in it can break the graph.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import torch
from torch._dynamo.exc import BackendCompilerFailed, TorchDynamoException
from torch._inductor.exc import InvalidCxxCompiler
from torch._subclasses.fake_tensor import DataDependentOutputException, DynamicOutputShapeException, FakeTensorMode
from torch.fx.experimental.proxy_tensor import make_fx

from amalthea import tree
from amalthea.engines.torch import border
from amalthea.engines.torch.forms import Forms
from amalthea.engines.torch.updates import adam, adam_by_lists
from amalthea.engines.tracing import TraceScope, filled, form_of, traced
from amalthea.errors import UnsupportedByEngine
from amalthea.state.variable import Variable

BACKEND = "inductor"
"""Which of `torch.compile`'s backends makes code of the graph."""

PARTS = {adam: adam_by_lists}
"""What takes the place of operations that the compiler should look into."""


class Graph:
    """What a function computes for arguments of one form.

    Args:
        fn: the function.
        foreseen: variables that it probably reads.
        leaves: the tensors in its arguments.
        unflatten: makes the arguments of such tensors.

    Attributes:
        module: the graph. Its inputs are the values of `variables`, and then the tensors; its outputs are the new values of `assigned`, and then
            the tensors in the result.
        variables: what is read.
        assigned: what is assigned.

    Raises:
        UnsupportedByEngine: the function reads a value.
    """

    def __init__(self, fn: Callable[..., Any], foreseen: Sequence[Variable], leaves: list[Any], unflatten: Callable[[list[Any]], Any]) -> None:
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
            self._form = form_of(result, lambda leaf: isinstance(leaf, torch.Tensor))
            values = border.apart(tensors, [value for _, value in scope.written()])
            return values + [leaf.detach() for leaf in tree.flatten(result) if isinstance(leaf, torch.Tensor)]

        # What is made of arrays in the function has values, and becomes a constant of the graph.
        fake = FakeTensorMode(allow_non_fake_inputs=True)
        module = make_fx(pure, PARTS)(*(fake.from_tensor(tensor) for tensor in [variable.held() for variable in variables] + leaves))
        return scope, module

    def result(self, tensors: Iterable[Any]) -> Any:
        """The result of the function, of the tensors in it."""
        return filled(self._form, tensors)


class Program:
    """The compiled graph of a function for one signature of its arguments."""

    __slots__ = ("_call", "_graph", "_lendings")

    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        self._lendings = Variable.lendings
        self._call = torch.compile(graph.module.forward, fullgraph=True, dynamic=False, backend=BACKEND)

    def __call__(self, leaves: list[Any]) -> Any:
        graph = self._graph
        if self._lendings != Variable.lendings:
            self._lendings = Variable.lendings
            for variable in graph.variables:
                variable.held()  # comes here, if it went to another engine
        try:
            with torch.no_grad():
                results = self._call(*(variable._value for variable in graph.variables), *leaves)
        except TorchDynamoException as error:
            raise _not_compiled(error.inner_exception if isinstance(error, BackendCompilerFailed) else error) from error
        for variable, value in zip(graph.assigned, results, strict=False):
            variable._value = value
        return graph.result(results[len(graph.assigned) :])


class Compiled(Forms):
    """A function of stateful code as compiled graphs, one for each signature of its arguments."""

    def program(self, foreseen: Sequence[Variable], tensors: list[Any], unflatten: Callable[[list[Any]], Any]) -> Program:
        return Program(Graph(self._fn, foreseen, tensors, unflatten))


def _not_compiled(reason: BaseException) -> UnsupportedByEngine:
    if isinstance(reason, InvalidCxxCompiler):
        advice = (
            "Code for the CPU is made by a C++ compiler, and there is none. Install one (`apt install g++`, `xcode-select --install`, the build tools of "
            'Visual Studio) or name it in the environment variable CXX; `jit_compile=False` or "auto" works without.'
        )
    else:
        advice = '`torch.compile` failed on this function: use `jit_compile=False` or "auto", which run it as it is written.'
    return UnsupportedByEngine("torch", "jit_compile=True", f"{advice} PyTorch says: {type(reason).__name__}: {str(reason).partition(chr(10))[0]}")
