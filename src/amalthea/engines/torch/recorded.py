"""Functions of stateful code whose operations are recorded once, and repeated from then on.

Between the operations of a small step, PyTorch waits for Python most of the time: layers, checks, promotion, the recording of gradients. A step that does
the same at every call needs these once. Its graph is run by PyTorch operation by operation, with the same kernels.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable, Sequence
from typing import Any

import torch

from amalthea.engines.torch.emitting import emitted
from amalthea.engines.torch.graphs import Graph, Graphs
from amalthea.engines.torch.memory import overwrite, reuse
from amalthea.engines.torch.tidying import tidy
from amalthea.errors import UnsupportedByEngine
from amalthea.state.variable import Variable

RUNS_BEFORE = 2
"""How often a function runs as it is written for arguments of one form, before it is recorded: forms that come seldom are not worth it."""

FORMS = 64
"""Of how many forms this is counted."""


class Program:
    """The recorded operations of a function for one signature of its arguments.

    Variables hold tensors that nobody else has, so that the operations may write into them: a program looks whether that is so, and copies those
    that somebody else may have.
    """

    __slots__ = ("_assigned", "_graph", "_lendings", "_run", "_variables", "_written")

    def __init__(self, graph: Graph) -> None:
        tidy(graph.module)
        self._graph, self._variables, self._assigned = graph, graph.variables, graph.assigned
        places = {id(variable): place for place, variable in enumerate(graph.variables)}
        self._written = reuse(graph.module, [places.get(id(variable)) for variable in graph.assigned])
        overwrite(graph.module)
        self._run = emitted(graph.module)
        self._lendings = -1

    def __call__(self, leaves: list[Any]) -> Any:
        if self._lendings != Variable.lendings:
            self._look_at_variables()
        values = []
        for place, variable in enumerate(self._variables):
            if variable._value is not variable.sole:
                self._prepare(variable, place in self._written)
            values.append(variable._value)
        with torch.no_grad():
            results = self._run(*values, *leaves)
        count = len(self._assigned)
        for variable, value in zip(self._assigned, results, strict=False):
            variable._value = variable.sole = value
        return self._graph.result(results[count:])

    def _look_at_variables(self) -> None:
        """What lives on another engine comes here; what was handed out is not the variable's alone."""
        self._lendings = Variable.lendings
        for variable in self._variables:
            variable.held()
            if variable.lent:
                variable.sole = None

    def _prepare(self, variable: Variable, written: bool) -> None:
        """Let the value of a variable be as the operations need it: in rows, and if they write into it, the variable's alone."""
        if written:
            variable._value = variable.sole = variable._value.clone(memory_format=torch.contiguous_format)
            variable.lent = False
        elif not variable._value.is_contiguous():
            variable._value = variable._value.contiguous()


class Recorded(Graphs):
    """A function of stateful code that does the same at every call with arguments of one form."""

    def __init__(self, fn: Callable[..., Any], state: Callable[[], Sequence[Variable]] | None) -> None:
        super().__init__(fn, state)
        self._runs: OrderedDict[Hashable, int] = OrderedDict()

    def kind(self, leaf: Any) -> Hashable | None:
        return (leaf.shape, leaf.stride(), leaf.dtype, leaf.device) if isinstance(leaf, torch.Tensor) else None

    def made(self, graph: Graph) -> Program:
        return Program(graph)

    def new(
        self, signature: Hashable, foreseen: Sequence[Variable], tensors: list[Any], unflatten: Callable[[list[Any]], Any]
    ) -> Callable[[list[Any]], Any]:
        def as_written(tensors: list[Any]) -> Any:
            return self._fn(*unflatten(tensors))

        runs = self._runs.pop(signature, 0)
        if runs < RUNS_BEFORE:
            self._runs[signature] = runs + 1
            if len(self._runs) > FORMS:
                self._runs.popitem(last=False)
            return as_written
        try:
            program: Callable[[list[Any]], Any] = self.program(foreseen, tensors, unflatten)
        except (UnsupportedByEngine, NotImplementedError, RuntimeError):  # it reads values, or PyTorch cannot say what shapes it gives
            program = as_written
        self._programs[signature] = program
        return program
