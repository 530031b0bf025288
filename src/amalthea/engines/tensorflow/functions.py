"""What lets programs written for TensorFlow use variables in functions that they trace by `tf.function`.

Variables are inputs of the graph, filled in when it is called; what the graph assigns is carried out by Python while it runs. A function that
is called within another one that is being traced becomes part of that: variables have no place in a graph of its own.
"""

from __future__ import annotations

from typing import Any

import tensorflow as tf
from tensorflow.python.autograph.core import config as autograph
from tensorflow.python.autograph.core.ag_ctx import ControlStatusCtx, Status
from tensorflow.python.eager.polymorphic_function.autograph_util import py_func_from_autograph

from amalthea.engines import registry
from amalthea.engines.protocol import Tensor
from amalthea.errors import StateError
from amalthea.state.scope import StatelessScope, current_scope, surroundings
from amalthea.state.variable import Variable

FuncGraph = tf.__internal__.FuncGraph


class GraphScope(StatelessScope):
    """The scope of a function that a user traces by `tf.function`."""

    def __init__(self, graph: Any) -> None:
        super().__init__()
        self._graph = graph

    def missing(self, variable: Variable) -> Tensor:
        def now() -> Tensor:
            with registry.use("tensorflow") as engine:
                return engine.noted(variable, variable.held())

        value = self._graph.capture_call_time_value(now, tf.TensorSpec(variable.shape, variable.held().dtype), key=id(variable))
        self.hold(variable, value)
        return value

    def write(self, variable: Variable, value: Tensor) -> None:
        if tf.compat.v1.get_default_graph() is not self._graph:
            raise StateError(
                f"The variable {variable.path!r} was assigned inside control flow of TensorFlow: a loop or branch over tensors in a `tf.function` "
                "(`for` over a dataset or `tf.range`, `while`, `if`), `tf.cond`, `tf.while_loop`, `tf.map_fn`, whose values exist only there. Let the "
                "loop be Python's: put one step into the `tf.function`, and call it for each batch (`for batch in dataset: step(batch)`); or use "
                "`model.fit`, with `steps_per_execution`. Branches that assign: `amalthea.ops.cond`. Loops: give the value on from turn to turn "
                "(`amalthea.ops.scan`, `fori_loop`), and assign it after the loop."
            )

        def store(value: Tensor) -> None:
            with registry.use("tensorflow"):
                variable.store(value)

        tf.py_function(store, [value], [])
        super().write(variable, tf.stop_gradient(value))  # as `Verbs.assign`


def _scope_of_graph() -> GraphScope | None:
    """The scope of the graph that is being traced here, by whatever it is; None where none is."""
    if tf.executing_eagerly() or registry.current_name() != "tensorflow":
        return None
    graph = tf.compat.v1.get_default_graph()
    while isinstance(getattr(graph, "outer_graph", None), FuncGraph):  # branches and bodies of loops have graphs of their own
        graph = graph.outer_graph
    if not isinstance(graph, FuncGraph):
        return None
    if not hasattr(graph, "_amalthea_scope"):
        graph._amalthea_scope = GraphScope(graph)
    return graph._amalthea_scope  # type: ignore[no-any-return]


# The library is written for graphs as it stands; what AutoGraph would make of it does the same, slowly.
autograph.CONVERSION_RULES = (autograph.DoNotConvert("amalthea"), *autograph.CONVERSION_RULES)
surroundings.append(_scope_of_graph)


_Function = type(tf.function(lambda: None))
_call_apart = _Function.__call__


def _call(self: Any, *args: Any, **kwargs: Any) -> Any:
    """The call of what `tf.function` made."""
    if type(self) is not _Function or tf.executing_eagerly() or current_scope() is None:  # those of SavedModels are of a class of their own
        return _call_apart(self, *args, **kwargs)
    fn = self.python_function
    if not self._autograph:
        return fn(*args, **kwargs)
    with ControlStatusCtx(Status.UNSPECIFIED):  # it may be switched off for the function around
        return py_func_from_autograph(fn, self._experimental_autograph_options)(*args, **kwargs)


def apart(compiled: Any) -> Any:
    """What `tf.function` made, as a function that is called as such also where something else is traced."""
    return lambda *args: _call_apart(compiled, *args)


_Function.__call__ = _call
