"""Compiled functions of stateful code on PyTorch.

A function that reads and assigns variables runs once for each signature of its arguments, on tensors without values, in a scope that answers
reads and keeps assignments. What PyTorch is asked to compute meanwhile, gradients and the optimizer's update included, is written down as one
graph of its elementary operations: a pure function, values of variables in, new values out. `torch.compile` makes code of it. It sees no Python of
ours, so nothing in it can break the graph.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch._dynamo.exc import BackendCompilerFailed, TorchDynamoException
from torch._inductor.exc import InvalidCxxCompiler
from torch._subclasses.fake_tensor import DataDependentOutputException, DynamicOutputShapeException, FakeTensorMode
from torch.fx.experimental.proxy_tensor import make_fx

from amalthea.engines.torch import border
from amalthea.engines.torch.forms import Forms, Program, Pure
from amalthea.engines.torch.updates import adam, adam_by_lists
from amalthea.engines.tracing import TraceScope, form_of, traced
from amalthea.errors import UnsupportedByEngine
from amalthea.state.variable import Variable

BACKEND = "inductor"
"""Which of `torch.compile`'s backends makes code of the graph."""

PARTS = {adam: adam_by_lists}
"""What takes the place of operations that the compiler should look into."""


class Compiled(Forms):
    """A function of stateful code as compiled graphs, one for each signature of its arguments."""

    def program(self, foreseen: Sequence[Variable], tensors: list[Any], unflatten: Callable[[list[Any]], Any]) -> Program:
        pure = graph_of(self._fn, foreseen, tensors, unflatten)
        compiled = torch.compile(pure.module.forward, fullgraph=True, dynamic=False, backend=BACKEND)

        def run(*tensors: Any) -> Any:
            try:
                return compiled(*tensors)
            except TorchDynamoException as error:
                raise _not_compiled(error.inner_exception if isinstance(error, BackendCompilerFailed) else error) from error

        return Program(pure, run, fresh=False)


def graph_of(fn: Callable[..., Any], foreseen: Sequence[Variable], leaves: list[Any], unflatten: Callable[[list[Any]], Any]) -> Pure:
    """What a function does.

    Args:
        fn: the function.
        foreseen: variables that it probably reads.
        leaves: the tensors in its arguments.
        unflatten: makes the arguments of such tensors.

    Raises:
        UnsupportedByEngine: the function reads a value.
    """
    form: Any = None

    def trace(variables: list[Variable]) -> tuple[TraceScope, torch.fx.GraphModule]:
        scope = TraceScope(())

        def pure(*tensors: Any) -> list[Any]:
            nonlocal scope, form
            scope = TraceScope(zip(variables, tensors[len(leaves) :], strict=True))
            with scope:
                result = fn(*unflatten(list(tensors[: len(leaves)])))
            form = form_of(result, border.is_tensor)
            return border.apart(tensors, [value for _, value in scope.written()]) + border.tensors_in(result)

        # What is made of arrays in the function has values, and becomes a constant of the graph.
        fake = FakeTensorMode(allow_non_fake_inputs=True)
        module = make_fx(pure, PARTS)(*(fake.from_tensor(tensor) for tensor in leaves + [variable.held() for variable in variables]))
        return scope, module

    try:
        variables, scope, module = traced(trace, foreseen)
    except (DataDependentOutputException, DynamicOutputShapeException) as error:
        raise border.depends_on_values(f"in the operation `{error.func}`") from error
    except RuntimeError as error:
        if str(error).startswith(".numpy() is not supported"):
            raise border.depends_on_values("as an array on the host") from error
        raise
    return Pure(module, variables, [variable for variable, _ in scope.written()], form)


def _not_compiled(reason: BaseException) -> UnsupportedByEngine:
    if isinstance(reason, InvalidCxxCompiler):
        advice = (
            "Code for the CPU is made by a C++ compiler, and there is none. Install one (`apt install g++`, `xcode-select --install`, the build tools of "
            'Visual Studio) or name it in the environment variable CXX; `jit_compile=False` or "auto" works without.'
        )
    else:
        advice = '`torch.compile` failed on this function: use `jit_compile=False` or "auto", which run it as it is written.'
    return UnsupportedByEngine("torch", "jit_compile=True", f"{advice} PyTorch says: {type(reason).__name__}: {str(reason).partition(chr(10))[0]}")
