"""Compiled functions of stateful code on TensorFlow.

A function that reads and assigns variables is traced to a graph once for each signature of its arguments, in a scope that answers reads
with placeholders and keeps assignments. What comes out is a pure function: values of variables in, new values out. Which variables there
are need not be known: one that is read without having been foreseen answers with its present value, is noted, and the trace is done once
more with it among the arguments.

The graph is called through the operation `StatefulPartitionedCall`, which takes tensors and gives tensors: a call of the function object
does the same after sorting out its arguments in Python, which for a training step of 30 variables takes 0.4 ms more.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Sequence
from contextvars import ContextVar
from typing import Any

import numpy as np
import tensorflow as tf

from amalthea import tree
from amalthea.engines import tracing
from amalthea.engines.tensorflow.functions import apart
from amalthea.engines.tracing import TraceScope, traced
from amalthea.errors import UnsupportedByEngine
from amalthea.state.variable import Variable

_ADVICE = "XLA has no code for an operation of this function: use `jit_compile=False`, which runs it as a graph."
_HOST_ARRAYS = (np.ndarray, np.generic)
_unasked: ContextVar[bool] = ContextVar("whether XLA may compile parts of what is being traced", default=True)


def graph_of(fn: Callable[..., Any], specs: Sequence[Any] = ()) -> Any:
    """`fn`, which takes and gives tensors in flat lists, traced for arguments of these shapes and dtypes."""
    return tf.function(fn, autograph=False).get_concrete_function(*specs)


def machine_code_of(fn: Callable[..., Any], specs: Sequence[Any]) -> Any:
    """As `graph_of`, for a graph whose one operation is `fn`, compiled by XLA when it is first called."""
    return graph_of(in_machine_code(fn), specs)


def in_machine_code(fn: Callable[..., Any]) -> Callable[..., Any]:
    """`fn`, in a graph, as one operation that XLA compiles when it first runs, for each set of shapes."""
    return apart(tf.function(fn, autograph=False, jit_compile=True))  # type: ignore[no-any-return]


def can_be_machine_code(tensors: Sequence[Any]) -> bool:
    """Whether a part of a graph, with these inputs, may be compiled by XLA without being asked for: its shapes are the same at every call, and
    XLA is there with all that it needs, which on GPUs is more than TensorFlow brings along."""
    known = not tf.executing_eagerly() and all(tensor.shape.is_fully_defined() for tensor in tensors)
    return known and _unasked.get() and tf.test.is_built_with_xla() and not tf.config.list_logical_devices("GPU")


def as_tensors(structure: Any) -> tuple[list[Any], Any]:
    """The leaves that are not None as tensors, and the structure, in which 0 stands for each of them."""
    tensors = [tf.convert_to_tensor(leaf) for leaf in tree.flatten(structure) if leaf is not None]
    return tensors, tree.map_structure(lambda leaf: leaf if leaf is None else 0, structure)


def structured(structure: Any, tensors: Iterable[Any]) -> Any:
    """What `as_tensors` took apart."""
    left = iter(tensors)
    return tree.map_structure(lambda leaf: leaf if leaf is None else next(left), structure)


class Program:
    """A function traced for one signature of its arguments: the variables that it reads and assigns, and the graph."""

    __slots__ = ("_assigned", "_captured", "_dtypes", "_graph", "_jit", "_lendings", "_structure", "_variables")

    def __init__(
        self, fn: Callable[..., Any], foreseen: Sequence[Variable], leaves: list[Any], unflatten: Callable[[list[Any]], Any], jit: bool | str
    ) -> None:
        self._jit = jit is True
        token = _unasked.set(jit is not False)
        try:
            self._variables, scope, self._graph = traced(lambda variables: self._trace(fn, variables, leaves, unflatten), foreseen)
        finally:
            _unasked.reset(token)
        self._assigned = [variable for variable, _ in scope.written()]
        self._captured = self._graph.captured_inputs
        self._dtypes = [tensor.dtype for tensor in self._graph.outputs]
        self._lendings = Variable.lendings

    def _trace(
        self, fn: Callable[..., Any], variables: list[Variable], leaves: list[Any], unflatten: Callable[[list[Any]], Any]
    ) -> tuple[TraceScope, Any]:
        scope = TraceScope(())
        count = len(variables)

        def pure(*tensors: Any) -> list[Any]:
            nonlocal scope
            scope = TraceScope(zip(variables, tensors[:count], strict=True))
            with scope:
                result = fn(*unflatten(list(tensors[count:])))
            results, self._structure = as_tensors(result)
            return [value for _, value in scope.written()] + results

        specs = [tf.TensorSpec(variable.shape, variable.held().dtype) for variable in variables]
        graph = (machine_code_of if self._jit else graph_of)(pure, specs + [tf.TensorSpec(leaf.shape, leaf.dtype) for leaf in leaves])
        return scope, graph

    def __call__(self, leaves: list[Any]) -> Any:
        if self._lendings != Variable.lendings:
            self._lendings = Variable.lendings
            for variable in self._variables:
                variable.held()  # comes here, if it went to another engine
        values = [variable._value for variable in self._variables]
        try:
            results = tf.raw_ops.StatefulPartitionedCall(args=[*values, *leaves, *self._captured], Tout=self._dtypes, f=self._graph)
        except (tf.errors.InvalidArgumentError, tf.errors.UnimplementedError) as error:
            if self._jit and "tf2xla" in error.message:
                raise UnsupportedByEngine("tensorflow", "jit_compile=True", f"{_ADVICE} XLA says: {error.message.partition(chr(10))[0]}") from error
            raise
        for variable, value in zip(self._assigned, results, strict=False):
            variable._value = value
        return structured(self._structure, results[len(self._assigned) :])


class Compiled(tracing.Compiled):
    """A function of stateful code as graphs, one for each signature of its arguments; compiled by XLA if `jit` is True, in parts if it is "auto"."""

    def __init__(self, fn: Callable[..., Any], state: Callable[[], Sequence[Variable]] | None, jit: bool | str) -> None:
        super().__init__(fn, state)
        self._jit = jit

    def tensor(self, leaf: Any) -> Any:
        return tf.constant(leaf) if isinstance(leaf, _HOST_ARRAYS) else leaf

    def kind(self, leaf: Any) -> Hashable | None:
        return (tuple(leaf.shape), leaf.dtype) if isinstance(leaf, tf.Tensor) else None

    def program(self, foreseen: Sequence[Variable], tensors: list[Any], unflatten: Callable[[list[Any]], Any]) -> Program:
        return Program(self._fn, foreseen, tensors, unflatten, self._jit)

    def within(self, leaves: list[Any]) -> bool:
        return super().within(leaves) or not tf.executing_eagerly()
