"""Functions of stateful code whose operations are recorded once, and repeated from then on.

Between the operations of a small step, PyTorch waits for Python most of the time: layers, checks, promotion, the recording of gradients. A step that does
the same at every call needs these once. Its graph is run by PyTorch operation by operation, with the same kernels.
"""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Callable, Hashable, Sequence
from typing import Any

from amalthea.engines.protocol import Repeats
from amalthea.engines.torch.forms import Forms, Program, Pure, as_written
from amalthea.engines.torch.recorder.emitting import emitted
from amalthea.engines.torch.recorder.memory import overwrite, reuse
from amalthea.engines.torch.recorder.recording import record
from amalthea.engines.torch.recorder.tidying import tidy
from amalthea.state.variable import Variable

RUNS_BEFORE = 1
"""How often a function runs as it is written for arguments of one form, before it is recorded: forms that come but once are not worth it."""

FORMS = 64
"""Of how many forms runs are counted, and of how many a program is kept: the ones that came last."""

AT_FIRST = 16
"""How many recordings are made without asking whether they pay."""

PAYS = 32
"""How often a program has to run until it has saved what its recording took, about."""


def program_of(pure: Pure, leaves: int) -> Program:
    """The program of a graph, which is changed, with this number of tensors in its arguments."""
    tidy(pure.module)
    places = {id(variable): leaves + place for place, variable in enumerate(pure.variables)}
    reuse(pure.module, [places.get(id(variable)) for variable in pure.assigned])
    overwrite(pure.module)
    return Program(pure, emitted(pure.module), fresh=True)


class Recorded(Forms):
    """A function of stateful code that does the same at every call with arguments of one form.

    Args:
        fn: the function.
        repeats: whether it does; see `Protocol.compile`.
    """

    _programs: OrderedDict[Hashable, Callable[[list[Any]], Any]]

    def __init__(self, fn: Callable[..., Any], repeats: Repeats) -> None:
        super().__init__(fn, None)
        self._programs = OrderedDict()
        self._runs: OrderedDict[Hashable, float] = OrderedDict()
        self._recordings = self._repetitions = 0
        self._repeats = repeats
        self._unchanged: Callable[[], bool] | None = None  # whether the programs are valid
        self._as_written: Callable[..., Any] | None = None  # the function, if it cannot be recorded

    def __call__(self, *args: Any) -> Any:
        if self._as_written is not None:
            return self._as_written(*args)
        if self._programs and not self._valid():
            self._forget()
        return super().__call__(*args)

    def known(self, signature: Hashable) -> Callable[[list[Any]], Any] | None:
        program = super().known(signature)
        if program is not None:
            self._repetitions += 1
            self._programs.move_to_end(signature)
        return program

    def new(
        self, signature: Hashable, foreseen: Sequence[Variable], tensors: list[Any], unflatten: Callable[[list[Any]], Any]
    ) -> Callable[[list[Any]], Any]:
        runs = self._runs.pop(signature, 0)
        if runs >= RUNS_BEFORE and self._may_record():
            self._recordings += 1
            try:
                pure, first = record(self._fn, [tensor.clone() for tensor in tensors], unflatten)
            except Exception:  # it reads values; or it fails, as it will when it runs as it is written
                runs = -math.inf
            else:
                if self._valid():
                    _put(self._programs, signature, program_of(pure, len(tensors)))
                else:  # the call changed what it depends on, as the next one may
                    self._forget()
                    self._runs[signature] = -math.inf
                return lambda tensors: first
        _put(self._runs, signature, runs + 1)
        return lambda tensors: self._fn(*unflatten([tensor.clone() for tensor in tensors]))

    def _may_record(self) -> bool:
        """Whether one more recording pays, and the function does the same at every call."""
        if self._recordings >= AT_FIRST + self._repetitions // PAYS:
            return False
        if not self._programs:
            self._unchanged = self._repeats()
            if self._unchanged is None:
                self._as_written = as_written(self._fn)
        return self._unchanged is not None

    def _valid(self) -> bool:
        return self._unchanged is not None and self._unchanged()

    def _forget(self) -> None:
        self._programs.clear()
        self._runs.clear()


def _put(entries: OrderedDict[Hashable, Any], key: Hashable, value: Any) -> None:
    """Add an entry, in the place of the one that was not asked for for the longest time, if there are enough."""
    entries[key] = value
    if len(entries) > FORMS:
        entries.popitem(last=False)
