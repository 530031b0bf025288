"""Functions of stateful code that have a program for each form of their arguments: what PyTorch's kinds of them have in common."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any, NamedTuple

import torch

from amalthea import tree
from amalthea.engines import tracing
from amalthea.engines.torch import border
from amalthea.engines.torch.recorder.tidying import written
from amalthea.engines.tracing import filled
from amalthea.state.scope import in_stateless_scope
from amalthea.state.variable import Variable


class Forms(tracing.Compiled):
    """What arguments are like. Those that inherit say what a program is."""

    def tensor(self, leaf: Any) -> Any:
        tensor = border.given(leaf)
        return tensor.contiguous() if isinstance(tensor, torch.Tensor) else tensor

    def kind(self, leaf: Any) -> Hashable | None:
        return (leaf.shape, leaf.dtype, leaf.device) if isinstance(leaf, torch.Tensor) else None

    def within(self, leaves: list[Any]) -> bool:
        tensors = [leaf for leaf in leaves if isinstance(leaf, torch.Tensor)]
        return super().within(leaves) or any(tensor.requires_grad or border.in_graph(tensor) for tensor in tensors)


class Pure(NamedTuple):
    """What a function of stateful code does for arguments of one form.

    Args:
        module: the graph. Its inputs are the tensors in the arguments, and then the values of `variables`; its outputs are the new values of
            `assigned`, and then the tensors in the result.
        variables: what is read.
        assigned: what is assigned.
        form: the result without the tensors in it.
    """

    module: torch.fx.GraphModule
    variables: list[Variable]
    assigned: list[Variable]
    form: Any


class Program:
    """Runs what a function does for arguments of one form. What the graph writes into are tensors that nobody else has: copies of those that
    somebody else may have.

    Args:
        pure: what it does.
        run: computes the graph.
        fresh: whether nobody else has the new values of variables that `run` gives.
    """

    __slots__ = ("_assigned", "_copied", "_form", "_fresh", "_lendings", "_run", "_variables")

    def __init__(self, pure: Pure, run: Callable[..., Any], fresh: bool) -> None:
        self._run, self._assigned, self._form, self._fresh = run, pure.assigned, pure.form, fresh
        changed = set(written(pure.module))
        inputs = [node in changed for node in pure.module.graph.nodes if node.op == "placeholder"]
        count = len(inputs) - len(pure.variables)
        self._copied = [place for place in range(count) if inputs[place]]
        self._variables = list(zip(pure.variables, inputs[count:], strict=True))
        self._lendings = -1

    def __call__(self, leaves: list[Any]) -> Any:
        if self._lendings != Variable.lendings:
            self._look_at_variables()
        for place in self._copied:
            leaves[place] = leaves[place].clone()
        values = []
        for variable, changed in self._variables:
            if variable._value is not variable.sole:
                _prepare(variable, changed)
            values.append(variable._value)
        with torch.no_grad():
            results = self._run(*leaves, *values)
        for variable, value in zip(self._assigned, results, strict=False):
            variable._value = value
            variable.sole = value if self._fresh else None
        return filled(self._form, results[len(self._assigned) :])

    def _look_at_variables(self) -> None:
        """What lives on another engine comes here; what was handed out is not the variable's alone."""
        self._lendings = Variable.lendings
        for variable, _ in self._variables:
            variable.held()
            if variable.lent:
                variable.sole = None


def _prepare(variable: Variable, changed: bool) -> None:
    """Let the value of a variable be as operations need it: in rows, and if they write into it, the variable's alone."""
    if changed:
        variable._value = variable.sole = variable._value.clone(memory_format=torch.contiguous_format)
        variable.lent = False
    elif not variable._value.is_contiguous():
        variable._value = variable._value.contiguous()


def as_written(fn: Callable[..., Any]) -> Callable[..., Any]:
    """`fn` run at every call, operation by operation, its arrays as tensors: copies, into which it may write."""

    def run(*args: Any) -> Any:
        return fn(*args) if in_stateless_scope() else fn(*[_given(arg) for arg in args])

    return run


def _given(x: Any) -> Any:
    kind = type(x)
    if kind is tuple or kind is list:
        return kind([_given(part) for part in x])
    if kind is dict:
        return {key: _given(part) for key, part in x.items()}
    return tree.map_structure(border.given_a_copy, x) if tree.is_nested(x) else border.given_a_copy(x)
