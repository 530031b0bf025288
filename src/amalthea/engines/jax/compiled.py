"""Compiled functions of stateful code on JAX.

A function that reads and assigns variables is traced once for each signature of its arguments, in a scope that answers reads with
tracers and keeps assignments. What comes out is a pure function: values of variables in, new values out. The buffers of variables
that are assigned are donated. Which variables there are need not be known: one that is read without having been foreseen answers
with its present value, is noted, and the trace is done once more with it among the arguments.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.extend.core import jaxpr_as_fun

from amalthea import tree
from amalthea.engines.jax.nn import on_cpu
from amalthea.engines.tracing import TraceScope, traced
from amalthea.errors import AmaltheaError
from amalthea.state.scope import in_stateless_scope
from amalthea.state.variable import Variable

_ARRAYS = (jax.Array, np.ndarray, np.generic)

UPDATES_IN_PLACE = "xla_cpu_copy_insertion_use_region_analysis"
"""XLA's CPU backend copies most donated buffers before it writes into them, unless told to look at where they are last read."""


@cache
def accepted(option: str) -> bool:
    """Whether the XLA at hand knows the boolean option of this name: it refuses others."""
    try:
        jax.jit(lambda: 0, compiler_options={option: True}).lower().compile()
    except jax.errors.JaxRuntimeError:
        return False
    return True


class Program:
    """A function traced for one signature of its arguments: the variables that it reads and assigns, and the compiled call."""

    __slots__ = ("_assigned", "_blanks", "_call", "_lendings", "_pack", "_read")

    def __init__(self, fn: Callable[..., Any], foreseen: Sequence[Variable], leaves: list[Any], unflatten: Callable[[list[Any]], Any]) -> None:
        variables, scope, jaxpr = traced(lambda variables: self._trace(fn, variables, leaves, unflatten), foreseen)
        position = {id(variable): index for index, variable in enumerate(variables)}
        self._assigned = [variable for variable, _ in scope.written()]
        assigned_at = [position[id(variable)] for variable in self._assigned]
        used = {id(var) for equation in jaxpr.jaxpr.eqns for var in equation.invars} | {id(var) for var in jaxpr.jaxpr.outvars}
        read_at = [i for i, var in enumerate(jaxpr.jaxpr.invars[: len(variables)]) if id(var) in used and i not in assigned_at]
        self._read = [variables[i] for i in read_at]
        self._lendings = -1
        pure, total, count = jaxpr_as_fun(jaxpr), len(variables), len(self._assigned)

        def run(assigned: list[Any], read: list[Any], leaves: list[Any]) -> tuple[list[Any], list[Any]]:
            values: list[Any] = [None] * total  # what nothing reads stays None
            for index, value in zip(assigned_at + read_at, assigned + read, strict=True):
                values[index] = value
            results = pure(*values, *leaves)
            return results[count:], results[:count]

        # Options are for programs that assign: those that do not may be called inside `jax.jit`, where JAX allows none.
        options = {UPDATES_IN_PLACE: True} if self._assigned and on_cpu() and accepted(UPDATES_IN_PLACE) else None
        self._call = jax.jit(run, donate_argnums=(0,), compiler_options=options)

    def _trace(
        self, fn: Callable[..., Any], variables: list[Variable], leaves: list[Any], unflatten: Callable[[list[Any]], Any]
    ) -> tuple[TraceScope, Any]:
        scope = TraceScope(())

        def pure(values: list[Any], leaves: list[Any]) -> list[Any]:
            nonlocal scope
            scope = TraceScope(zip(variables, values, strict=True))
            with scope:
                structure = fn(*unflatten(leaves))
            flat = tree.flatten(structure)
            # Only the form is kept: the tracers in it must not outlive the trace.
            self._blanks = [index for index, leaf in enumerate(flat) if leaf is None]
            self._pack = tree.packer(tree.map_structure(lambda _: None, structure))
            results = [jnp.asarray(leaf) for leaf in flat if leaf is not None]
            return [value for _, value in scope.written()] + results

        jaxpr = jax.make_jaxpr(pure)([variable.held() for variable in variables], leaves)
        return scope, jaxpr

    def __call__(self, leaves: list[Any]) -> Any:
        if self._lendings != Variable.lendings:
            self._look_at_variables()
        results, values = self._call([variable._value for variable in self._assigned], [variable._value for variable in self._read], leaves)
        for variable, value in zip(self._assigned, values, strict=True):
            variable._value = value
        if self._blanks:
            for index in self._blanks:
                results.insert(index, None)
        return self._pack(results)

    def _look_at_variables(self) -> None:
        """Somebody may hold the stored tensor of a variable: donate a copy of it instead. What lives on another engine comes here."""
        self._lendings = Variable.lendings
        for variable in self._assigned + self._read:
            variable.held()
        for variable in self._assigned:
            if variable.lent:
                variable._value = jnp.copy(variable._value)
                variable.lent = False


class Compiled:
    """A function of stateful code, compiled once for each signature of its arguments.

    Args:
        fn: the function.
        state: names the variables that it probably uses.
    """

    def __init__(self, fn: Callable[..., Any], state: Callable[[], Sequence[Variable]] | None) -> None:
        self._fn = fn
        self._state = state
        self._programs: dict[Any, Program] = {}

    def __call__(self, *args: Any) -> Any:
        if in_stateless_scope():  # inside another compiled function or a gradient
            return self._fn(*args)
        leaves, treedef = jax.tree_util.tree_flatten(args)
        signature = (treedef, *((leaf.shape, leaf.dtype) if isinstance(leaf, _ARRAYS) else (type(leaf), leaf) for leaf in leaves))
        program = self._programs.get(signature)
        arrays = [leaf for leaf in leaves if isinstance(leaf, _ARRAYS)]
        if program is None:
            program = self._programs[signature] = self._compile(leaves, arrays, treedef)
        return program(arrays)

    def _compile(self, leaves: list[Any], arrays: list[Any], treedef: Any) -> Program:
        is_array = [isinstance(leaf, _ARRAYS) for leaf in leaves]

        def unflatten(given: list[Any]) -> Any:
            values = iter(given)
            return jax.tree_util.tree_unflatten(treedef, [next(values) if dynamic else leaf for dynamic, leaf in zip(is_array, leaves, strict=True)])

        try:
            return Program(self._fn, self._state() if self._state is not None else (), arrays, unflatten)
        except AmaltheaError as error:
            # JAX adds a remark on its own frames, which are not what our errors are about.
            error.__notes__ = [note for note in getattr(error, "__notes__", ()) if "JAX_TRACEBACK_FILTERING" not in note]
            raise


def eager(fn: Callable[..., Any]) -> Callable[..., Any]:
    """`fn` run at every call, operation by operation, its arrays as JAX's."""

    def run(*args: Any) -> Any:
        return fn(*jax.tree_util.tree_map(lambda leaf: jnp.asarray(leaf) if isinstance(leaf, _ARRAYS) else leaf, args))

    return run
