"""What lets programs written for TensorFlow use variables: `tf.GradientTape`, `tf.function` and TensorFlow's own functions.

A tape follows tensors. It knows a variable by its `handle`, which on other kinds of variables is a resource, and here the tensor that a
reading of the variable gave. In a function that a user traces by
`tf.function` variables are inputs of the graph, filled in when it is called; what the graph assigns is carried out by Python while it runs.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import tensorflow as tf
from tensorflow.python.autograph.core import config as autograph
from tensorflow.python.eager import record, tape

from amalthea.engines import registry
from amalthea.engines.protocol import Protocol, Tensor
from amalthea.engines.sizes import LaterSize
from amalthea.engines.tracing import stored
from amalthea.errors import StateError
from amalthea.state.scope import StatelessScope, surroundings
from amalthea.state.variable import Variable

FuncGraph = tf.__internal__.FuncGraph


class _Reading(NamedTuple):
    value: Tensor
    handle: Tensor


class Tapes(Protocol):
    """Mixed into the engine."""

    def noted(self, variable: Variable, value: Tensor) -> Tensor:
        recording = record.could_possibly_record()
        if not recording and variable.reading is None:
            return value
        if recording and variable.trainable:
            handle = _reading(variable, value).handle
            tape.variable_accessed(variable)
            return handle
        return _reading(variable, value).handle

    def handle_of(self, variable: Variable) -> Tensor:
        # That of the last reading, also if the variable was assigned since: a tape asked now has seen that one.
        return (variable.reading or _reading(variable, stored(variable))).handle

    def adopted(self, x: object) -> Tensor | None:
        return tf.convert_to_tensor(x) if isinstance(x, (tf.Variable, tf.IndexedSlices, LaterSize)) else None


def _reading(variable: Variable, value: Tensor) -> _Reading:
    """The reading of `variable` as `value`, the same one each time."""
    reading: _Reading | None = variable.reading
    if reading is None or reading.value is not value:
        # One tensor may be the value of two variables, of which a tape must tell one from the other.
        handle = value if tf.is_symbolic_tensor(value) else tf.identity(value)
        reading = variable.reading = _Reading(value, handle)
    return reading


# --- variables that users give to a tape ----------------------------------------------------------------


def _watch(self: Any, tensor: Any, original: Callable[[Any, Any], None] = tf.GradientTape.watch) -> None:
    """`tape.watch`, which takes variables of ours too: TensorFlow asks for a class of its own."""
    leaves = tf.nest.flatten(tensor)
    for leaf in leaves:
        if isinstance(leaf, Variable):
            _reading(leaf, stored(leaf))  # that of here and now is watched
            tape.watch_variable(self._tape, leaf)
    others = [leaf for leaf in leaves if not isinstance(leaf, Variable)]
    if others or not leaves:
        original(self, others)


tf.GradientTape.watch = _watch


# --- functions that users trace ----------------------------------------------------------------------------


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
                f"The variable {variable.path!r} was assigned inside control flow of TensorFlow (`tf.cond`, `tf.while_loop`, `tf.map_fn`...), "
                "whose values exist only there. Use `amalthea.ops.cond`, or assign it after the loop."
            )

        def store(value: Tensor) -> None:
            with registry.use("tensorflow"):
                variable.store(value)

        tf.py_function(store, [value], [])
        super().write(variable, value)


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
tf.register_tensor_conversion_function(
    Variable, lambda value, dtype=None, name=None, as_ref=False: tf.convert_to_tensor(value.value, dtype, name=name)
)
