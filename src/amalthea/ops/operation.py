"""`@operation`: the one path of every public function of `amalthea.ops`."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import ParamSpec, TypeVar, cast

from amalthea.graph.keras_tensor import KerasTensor, is_symbolic
from amalthea.graph.operation import record

P = ParamSpec("P")
R = TypeVar("R")

_PLAIN = frozenset({int, float, bool, str, type(None)})


def operation(body: Callable[P, R]) -> Callable[P, R]:
    """Make a public operation of `body`, which checks its arguments, promotes dtypes and calls the engine in use.

    A call with a symbolic tensor anywhere among its arguments is recorded: `body` runs on the symbolic engine to get
    shapes and dtypes, and one node remembers the call. Any other call runs `body`, and costs a look at the arguments.
    """

    @functools.wraps(body)
    def public(*args: P.args, **kwargs: P.kwargs) -> R:
        for arg in args:
            kind = type(arg)
            if kind is KerasTensor or ((kind is list or kind is tuple or kind is dict) and is_symbolic(arg)):
                return cast(R, record(public, body, args, kwargs))
        for arg in kwargs.values():
            if type(arg) not in _PLAIN and is_symbolic(arg):
                return cast(R, record(public, body, args, kwargs))
        return body(*args, **kwargs)

    return public
