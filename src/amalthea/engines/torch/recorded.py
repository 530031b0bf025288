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
from amalthea.engines.torch.forms import Forms
from amalthea.engines.torch.memory import overwrite, reuse
from amalthea.engines.torch.recording import Record
from amalthea.engines.torch.tidying import tidy
from amalthea.state.variable import Variable

RUNS_BEFORE = 1
"""How often a function runs as it is written for arguments of one form, before it is recorded: forms that come but once are not worth it."""

FORMS = 64
"""Of how many forms this is counted."""


class Program:
    """The recorded operations of a function for one signature of its arguments.

    Variables hold tensors that nobody else has, so that the operations may write into them: a program looks whether that is so, and copies those
    that somebody else may have.
    """

    __slots__ = ("_assigned", "_lendings", "_record", "_run", "_variables", "_written")

    def __init__(self, record: Record, leaves: int) -> None:
        module = record.module
        tidy(module)
        places = {id(variable): leaves + place for place, variable in enumerate(record.variables)}
        written = reuse(module, [places.get(id(variable)) for variable in record.assigned])
        overwrite(module)
        self._run = emitted(module)
        self._record, self._variables, self._assigned = record, record.variables, record.assigned
        self._written = [places[id(variable)] in written for variable in record.variables]
        self._lendings = -1

    def __call__(self, leaves: list[Any]) -> Any:
        if self._lendings != Variable.lendings:
            self._look_at_variables()
        values = []
        for variable, written in zip(self._variables, self._written, strict=True):
            if variable._value is not variable.sole:
                _prepare(variable, written)
            values.append(variable._value)
        with torch.no_grad():
            results = self._run(*leaves, *values)
        for variable, value in zip(self._assigned, results, strict=False):
            variable._value = variable.sole = value
        return self._record.result(results[len(self._assigned) :])

    def _look_at_variables(self) -> None:
        """What lives on another engine comes here; what was handed out is not the variable's alone."""
        self._lendings = Variable.lendings
        for variable in self._variables:
            variable.held()
            if variable.lent:
                variable.sole = None


def _prepare(variable: Variable, written: bool) -> None:
    """Let the value of a variable be as operations need it: in rows, and if they write into it, the variable's alone."""
    if written:
        variable._value = variable.sole = variable._value.clone(memory_format=torch.contiguous_format)
        variable.lent = False
    elif not variable._value.is_contiguous():
        variable._value = variable._value.contiguous()


class Recorded(Forms):
    """A function of stateful code that does the same at every call with arguments of one form.

    Args:
        fn: the function.
        premises: as long as its value stays the same, so does what the function does.
    """

    def __init__(self, fn: Callable[..., Any], premises: Callable[[], Hashable]) -> None:
        super().__init__(fn, None)
        self._premises, self._under = premises, premises()
        self._runs: OrderedDict[Hashable, int] = OrderedDict()

    def __call__(self, *args: Any) -> Any:
        under = self._premises()
        if under != self._under:
            self._under = under
            self._programs.clear()
        return super().__call__(*args)

    def kind(self, leaf: Any) -> Hashable | None:
        return (leaf.shape, leaf.stride(), leaf.dtype, leaf.device) if isinstance(leaf, torch.Tensor) else None

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
            record = Record(self._fn, tensors, unflatten)
        except Exception:  # it reads values; or it fails, as it will when it runs as it is written
            self._programs[signature] = as_written
            return as_written
        self._programs[signature] = Program(record, len(tensors))
        return lambda tensors: record.first
