"""Compiled functions of stateful code on PyTorch: `torch.compile` makes code of a function's graph. It sees no Python of ours, so nothing in it
can break the graph."""

from __future__ import annotations

from typing import Any

import torch
from torch._dynamo.exc import BackendCompilerFailed, TorchDynamoException
from torch._inductor.exc import InvalidCxxCompiler

from amalthea.engines.torch.graphs import Graph, Graphs
from amalthea.engines.torch.updates import adam, adam_by_lists
from amalthea.errors import UnsupportedByEngine
from amalthea.state.variable import Variable

BACKEND = "inductor"
"""Which of `torch.compile`'s backends makes code of the graph."""


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


class Compiled(Graphs):
    """A function of stateful code as compiled graphs, one for each signature of its arguments."""

    parts = {adam: adam_by_lists}  # noqa: RUF012 (declared in the base class)

    def made(self, graph: Graph) -> Program:
        return Program(graph)


def _not_compiled(reason: BaseException) -> UnsupportedByEngine:
    if isinstance(reason, InvalidCxxCompiler):
        advice = (
            "Code for the CPU is made by a C++ compiler, and there is none. Install one (`apt install g++`, `xcode-select --install`, the build tools of "
            'Visual Studio) or name it in the environment variable CXX; `jit_compile=False` or "auto" works without.'
        )
    else:
        advice = '`torch.compile` failed on this function: use `jit_compile=False` or "auto", which run it as it is written.'
    return UnsupportedByEngine("torch", "jit_compile=True", f"{advice} PyTorch says: {type(reason).__name__}: {str(reason).partition(chr(10))[0]}")
