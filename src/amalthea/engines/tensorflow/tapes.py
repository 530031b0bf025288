"""What lets programs written for TensorFlow use variables under `tf.GradientTape`.

A tape follows tensors. It knows a variable by its `handle`, on other kinds of variables a resource, and here a tensor that only stands for it:
what a reading gives is recorded as coming from it, so that the gradient is of all that was read, whatever was assigned between.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, NamedTuple
from weakref import WeakValueDictionary

import tensorflow as tf
from tensorflow.python import pywrap_tfe
from tensorflow.python.eager import record, tape

from amalthea.engines.protocol import Protocol, Tensor
from amalthea.engines.sizes import LaterSize
from amalthea.state.variable import Variable


class _Reading(NamedTuple):
    """The last reading of a variable that tapes know.

    Args:
        handle: what they know the variable by, the same in all readings.
        value: what was read; None before the first time.
        tensor: what the reading gave.
        tapes: which tapes were there, as `_tapes` tells.
    """

    handle: Tensor
    value: Tensor | None = None
    tensor: Tensor | None = None
    tapes: object = None


_tapes: ContextVar[object] = ContextVar("amalthea_tensorflow_tapes", default=None)
"""Another object whenever a tape begins to record, or to follow a variable, so that it must see readings of its own."""

_read_from: WeakValueDictionary[int, Variable] = WeakValueDictionary()
"""The variables by what their last readings gave, which is watched in their place: `tape.watch(variable.value)`."""


class Tapes(Protocol):
    """Mixed into the engine."""

    def noted(self, variable: Variable, value: Tensor) -> Tensor:
        if not tf.is_symbolic_tensor(value):
            return _noted(variable, value)
        with _resumed():
            return _noted(variable, value)

    def handle_of(self, variable: Variable) -> Tensor:
        return _reading(variable).handle

    def adopted(self, x: object) -> Tensor | None:
        return tf.convert_to_tensor(x) if isinstance(x, (tf.Variable, tf.IndexedSlices, LaterSize)) else None


def _reading(variable: Variable) -> _Reading:
    """The last reading of `variable`, or that of nothing."""
    if variable.reading is None:
        with tf.init_scope():
            variable.reading = _Reading(tf.zeros((), variable._dtype))
    return variable.reading  # type: ignore[no-any-return]


@contextmanager
def _resumed() -> Iterator[None]:
    """Inside, tapes record. TensorFlow lets them pause while it traces branches, bodies of loops and functions, which take what they read from outside."""
    paused = pywrap_tfe.TFE_Py_TapeSetIsStopped()
    if paused:
        pywrap_tfe.TFE_Py_TapeSetRestartOnThread()
    try:
        yield
    finally:
        if paused:
            pywrap_tfe.TFE_Py_TapeSetStopOnThread()


def _noted(variable: Variable, value: Tensor) -> Tensor:
    recording, reading = record.could_possibly_record(), variable.reading
    if variable.trainable and (recording or pywrap_tfe.TFE_Py_TapeSetIsStopped()):  # which `tf.recompute_grad` does while it asks what is read
        tape.variable_accessed(variable)
    if reading is not None and reading.value is value and (not recording or reading.tapes is _tapes.get()):
        return reading.tensor
    return _read(variable, value) if recording and (value.dtype.is_floating or value.dtype.is_complex) else value


def _read(variable: Variable, value: Tensor) -> Tensor:
    """`value`, for the tapes that record: as coming from `variable`, unless one follows it already."""
    handle = _reading(variable).handle
    source = value if record.should_record_backprop([value]) else handle
    with value.graph.as_default() if tf.is_symbolic_tensor(value) else tf.init_scope(), record.stop_recording():
        tensor = tf.raw_ops.Identity(input=value)  # one tensor may be the value of two variables, of which a tape must tell one from the other
    record.record_operation("ReadVariable", [tensor], [source], lambda gradient: [gradient])
    if variable.reading.tensor is not None:
        _read_from.pop(id(variable.reading.tensor), None)
    _read_from[id(tensor)] = variable
    variable.reading = _Reading(handle, value, tensor, _tapes.get())
    return tensor


# --- tapes -----------------------------------------------------------------------------------------------


def _push(self: Any, original: Callable[[Any], None] = tf.GradientTape._push_tape) -> None:
    """What begins, or goes on with, the recording of a tape."""
    original(self)
    _tapes.set(object())


def _watch(self: Any, tensor: Any, original: Callable[[Any, Any], None] = tf.GradientTape.watch) -> None:
    """`tape.watch`, which takes variables of ours too: TensorFlow asks for a class of its own."""
    leaves = tf.nest.flatten(tensor)
    for leaf in leaves:
        variable = leaf if isinstance(leaf, Variable) else _read_from.get(id(leaf))
        if variable is not None:
            tape.watch_variable(self._tape, variable)
            _tapes.set(object())
    others = [leaf for leaf in leaves if not isinstance(leaf, Variable)]
    if others or not leaves:
        original(self, others)


def _gradient(
    self: Any,
    target: Any,
    sources: Any,
    output_gradients: Any = None,
    unconnected_gradients: Any = tf.UnconnectedGradients.NONE,
    original: Callable[..., Any] = tf.GradientTape.gradient,
) -> Any:
    """`tape.gradient`, which gives zeros for variables of ours too: TensorFlow asks them for a dtype of its own kind."""
    ours = any(isinstance(source, Variable) for source in tf.nest.flatten(sources))
    if not ours or tf.UnconnectedGradients(unconnected_gradients) == tf.UnconnectedGradients.NONE:
        return original(self, target, sources, output_gradients, unconnected_gradients)
    found = original(self, target, sources, output_gradients)
    zeros = [
        tf.zeros_like(tf.convert_to_tensor(source)) if one is None else one
        for one, source in zip(tf.nest.flatten(found), tf.nest.flatten(sources), strict=True)
    ]
    return tf.nest.pack_sequence_as(sources, zeros)


tf.GradientTape._push_tape = _push
tf.GradientTape.watch = _watch
tf.GradientTape.gradient = _gradient
tf.register_tensor_conversion_function(
    Variable, lambda value, dtype=None, name=None, as_ref=False: tf.convert_to_tensor(value.value, dtype, name=name)
)
