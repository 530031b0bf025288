"""The verbs of the TensorFlow engine: compilation, gradients, abstract evaluation, control flow, devices."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import Any

import numpy as np
import tensorflow as tf
from tensorflow.python.eager import record

from amalthea import dtypes, tree
from amalthea.engines import host
from amalthea.engines.protocol import Protocol, Repeats, Tensor
from amalthea.engines.spec import Spec
from amalthea.engines.tensorflow.arrays import as_number, dtype_named
from amalthea.engines.tensorflow.compiled import Compiled, as_tensors, can_be_machine_code, graph_of, in_machine_code, structured
from amalthea.engines.tracing import UNKNOWN, Recomputation, specs_of, stored, with_rule, without_assignments
from amalthea.errors import ArgumentError, StateError
from amalthea.state.scope import StatelessScope, apply_writes
from amalthea.state.variable import Variable


class _AsItIs:
    """An array that TensorFlow takes without the copy that it makes of what is plainly an array; what nobody writes into needs none."""

    def __init__(self, value: np.ndarray) -> None:
        self._value, self.shape, self.dtype = value, value.shape, value.dtype

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        return self._value


class Verbs(Protocol):
    """Mixed into the engine."""

    # --- storage and devices ---

    def hold(self, value: np.ndarray, dtype: str) -> Tensor:
        with tf.init_scope(), np.errstate(all="ignore"):  # never a placeholder, also where a trace reads a variable first
            wanted = dtypes.numpy_dtype(dtype)
            if value.dtype == wanted and host.sealed(value):
                return tf.constant(_AsItIs(value))
            return tf.constant(value.astype(wanted, copy=False))  # `tf.constant` copies

    def assign(self, held: Tensor, value: Tensor) -> Tensor:
        if tf.is_symbolic_tensor(value):
            raise StateError(
                "A variable was assigned a tensor of a function that TensorFlow traced, which has a value only there. Return it from the function, "
                "or assign it inside."
            )
        if record.could_possibly_record():  # to a tape, what is assigned is a value, wherever it came from
            return tf.stop_gradient(value)
        return value

    def devices(self) -> list[str]:
        return [device.name.rpartition("device:")[2].lower() for device in tf.config.list_logical_devices()]

    def device(self, name: str) -> AbstractContextManager[Any]:
        kind, _, index = name.lower().partition(":")
        full = f"{'gpu' if kind == 'cuda' else kind}:{index or 0}"
        if full not in self.devices():
            raise ArgumentError(f"There is no device {name!r}. The devices are: {', '.join(self.devices())}.")
        return tf.device(full)  # type: ignore[no-any-return]

    def synchronize(self, x: Any) -> None:
        tf.test.experimental.sync_devices()

    # --- compilation and gradients ---

    def compile(
        self,
        fn: Callable[..., Any],
        state: Callable[[], Sequence[Variable]] | None = None,
        jit: bool | str = "auto",
        repeats: Repeats | None = None,
    ) -> Callable[..., Any]:
        return Compiled(fn, state, jit)

    def value_and_grad(self, fn: Callable[[], tuple[Tensor, Any]], variables: Sequence[Variable]) -> tuple[tuple[Tensor, Any], list[Tensor]]:
        writes: list[tuple[Variable, Tensor]] = []

        def of_values(*values: Tensor) -> tuple[Tensor, Any]:
            with StatelessScope() as scope:
                for variable, value in zip(variables, values, strict=True):
                    scope.hold(variable, value)
                result = fn()
                writes[:] = scope.written()
            return result

        result, gradients = self.tensor_value_and_grad(of_values, [stored(variable) for variable in variables])
        apply_writes(writes)
        return result, gradients

    def tensor_value_and_grad(self, fn: Callable[..., tuple[Tensor, Any]], tensors: Sequence[Tensor]) -> tuple[tuple[Tensor, Any], list[Tensor]]:
        # Copies: a tape knows tensors by what they are, and one tensor may be here twice, or be used by `fn` as a constant besides.
        copies = [tf.identity(tensor) for tensor in tensors]
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(copies)
            value, aux = fn(*copies)
            value = tf.convert_to_tensor(value)
        gradients = tape.gradient(value, copies, unconnected_gradients=tf.UnconnectedGradients.ZERO)
        # Those of looked-up rows come sparse.
        return (value, aux), [tf.convert_to_tensor(gradient) for gradient in gradients]

    def custom_gradient(self, fn: Callable[..., tuple[Tensor, Callable[..., Any]]]) -> Callable[..., Tensor]:
        return tf.custom_gradient(fn)  # type: ignore[no-any-return]

    def custom_vjp(
        self, plain: Callable[..., Any], forward: Callable[..., tuple[Any, Any]], backward: Callable[..., Sequence[Tensor | None]]
    ) -> Callable[..., Any]:
        if not record.could_possibly_record():
            return plain

        def given(*tensors: Tensor) -> tuple[Any, Callable[..., Any]]:
            if can_be_machine_code(tensors):
                return with_rule(in_machine_code(forward), in_machine_code(backward))(*tensors)
            return with_rule(forward, backward)(*tensors)

        return tf.custom_gradient(given)  # type: ignore[no-any-return]

    def stop_gradient(self, x: Tensor) -> Tensor:
        return tf.stop_gradient(x)

    def remat(self, fn: Callable[..., Any]) -> Callable[..., Any]:
        def recomputed(*args: Any, **kwargs: Any) -> Any:
            call = Recomputation(fn, args, kwargs, self.is_tensor)
            with record.stop_recording():
                outputs = call.first()

            def given(*inputs: Tensor) -> tuple[list[Tensor], Callable[..., Any]]:
                def backward(*upstream: Tensor) -> list[Tensor]:
                    # Only once the gradient has come, or the optimiser of graphs would find that all was computed already.
                    with tf.control_dependencies(upstream):
                        copies = [tf.identity(tensor) for tensor in inputs]
                    with tf.GradientTape(watch_accessed_variables=False) as tape:
                        tape.watch(copies)
                        again = call.again(copies)
                    return tape.gradient(again, copies, upstream, unconnected_gradients=tf.UnconnectedGradients.ZERO)  # type: ignore[no-any-return]

                return [tf.stop_gradient(tensor) for tensor in outputs], backward

            return call.finish(tf.custom_gradient(given)(*call.inputs))

        return recomputed

    def abstract_eval(self, fn: Callable[..., Any], *args: Any) -> Any:
        return specs_of(*(_shapes(fn, args, unknown) for unknown in UNKNOWN))

    # --- control flow ---

    def cond(self, pred: Tensor, then: Callable[[], Any], otherwise: Callable[[], Any]) -> Any:
        if not tf.is_symbolic_tensor(pred):
            return then() if bool(pred) else otherwise()
        assigned: dict[int, Variable] = {}
        for branch in (then, otherwise):

            def probe(branch: Callable[[], Any] = branch) -> list[Any]:
                with StatelessScope() as scope:
                    branch()
                    assigned.update((id(variable), variable) for variable, _ in scope.written())
                return []

            graph_of(probe)
        structure: Any = None

        def with_state(branch: Callable[[], Any]) -> Callable[[], Any]:
            def run() -> list[Any]:
                nonlocal structure
                with StatelessScope() as scope:
                    tensors, structure = as_tensors(branch())
                    return [tf.identity(scope.read(variable)) for variable in assigned.values()] + tensors

            return run

        tensors = tf.cond(pred, with_state(then), with_state(otherwise))
        apply_writes(zip(assigned.values(), tensors, strict=False))
        return structured(structure, tensors[len(assigned) :])

    def while_loop(
        self, cond: Callable[..., Tensor], body: Callable[..., tuple[Any, ...]], carry: tuple[Any, ...], limit: int | None
    ) -> tuple[Any, ...]:
        body = without_assignments(body, "while_loop")
        start, structure = as_tensors(carry)
        tensors = tf.while_loop(
            lambda *state: tf.reshape(cond(*structured(structure, state)), []),
            lambda *state: as_tensors(tuple(body(*structured(structure, state))))[0],
            start,
            maximum_iterations=limit,
        )
        return tuple(structured(structure, tensors))

    def scan(self, body: Callable[[Any, Any], tuple[Any, Any]], carry: Any, xs: Any, length: int, reverse: bool, unroll: int) -> tuple[Any, Any]:
        body = without_assignments(body, "scan")
        if length == 0:
            one = tree.map_structure(lambda leaf: Spec(leaf.shape[1:], dtypes.standardize_dtype(leaf.dtype)), xs, none_is_leaf=False)
            return carry, _none_of(_shapes(lambda x: body(carry, x)[1], (one,)))
        start, carry_structure = as_tensors(carry)
        inputs, xs_structure = as_tensors(xs)
        steps = as_number(length)  # perhaps a tensor
        structure: Any = None

        def turn(state: Sequence[Tensor], now: Sequence[Tensor]) -> tuple[list[Tensor], list[Tensor]]:
            nonlocal structure
            carry, y = body(structured(carry_structure, state), structured(xs_structure, now))
            result, structure = as_tensors(y)
            return as_tensors(carry)[0], result

        if tf.executing_eagerly() or (isinstance(length, int) and length <= max(unroll, 1)):
            order = range(length - 1, -1, -1) if reverse else range(length)
            parts = [tf.unstack(x, length) for x in inputs]
            state, rows = start, {}
            for step in order:
                state, rows[step] = turn(state, [part[step] for part in parts])
            stacked = [tf.stack(column) for column in zip(*(rows[step] for step in range(length)), strict=True)]
            return structured(carry_structure, state), structured(structure, stacked)

        # The first step stands before the loop, and says what is to be stacked.
        at = steps - 1 if reverse else 0
        arrays = [_rows_of(x, steps) for x in inputs]
        state, first = turn(start, [x[at] for x in inputs])
        ys = [tf.TensorArray(y.dtype, steps, element_shape=y.shape).write(at, y) for y in first]

        def loop(step: Tensor, state: Sequence[Tensor], ys: Sequence[Any]) -> Any:
            place = steps - 1 - step if reverse else step
            rows = [array.read(place) for array in arrays]
            for row, x in zip(rows, inputs, strict=True):
                row.set_shape(x.shape[1:])
            state, now = turn(state, rows)
            return step + 1, state, [array.write(place, y) for array, y in zip(ys, now, strict=True)]

        _, state, ys = tf.while_loop(lambda step, *_: step < steps, loop, (tf.constant(1), state, ys), maximum_iterations=steps - 1)
        return structured(carry_structure, state), structured(structure, [array.stack() for array in ys])

    def vectorized_map(self, fn: Callable[..., Any], *xs: Any) -> Any:
        fn = without_assignments(fn, "vectorized_map")
        inputs, structure = as_tensors(xs)
        if inputs[0].shape[0] == 0:
            one = tree.map_structure(lambda leaf: Spec(leaf.shape[1:], dtypes.standardize_dtype(leaf.dtype)), xs, none_is_leaf=False)
            return _none_of(_shapes(fn, one))
        results: Any = None

        def flat(tensors: list[Tensor]) -> list[Tensor]:
            nonlocal results
            found, results = as_tensors(fn(*structured(structure, tensors)))
            return found

        found = tf.vectorized_map(flat, inputs)
        return structured(results, found)


def _rows_of(x: Tensor, count: Any) -> Any:
    """The rows of `x` one by one. What another loop stacked is read where that put it: a way back in time needs no copies of what was kept on the way there."""
    if x.op.type == "TensorListStack" and x.graph is tf.compat.v1.get_default_graph():  # a list cannot leave a graph that XLA compiles
        return tf.TensorArray(x.dtype, flow=x.op.inputs[0])
    return tf.TensorArray(x.dtype, count, element_shape=x.shape[1:]).unstack(x)


def _shapes(fn: Callable[..., Any], args: Any, unknown: int = 1) -> Any:
    """Specs of what `fn` gives for the specs in `args`; what it assigns is forgotten."""
    leaves = tree.flatten(args)
    specs = [
        tf.TensorSpec([unknown if size is None else size for size in leaf.shape], dtype_named(leaf.dtype))
        for leaf in leaves
        if isinstance(leaf, Spec)
    ]
    result: Any = None

    def pure(*tensors: Any) -> list[Any]:
        nonlocal result
        values = iter(tensors)
        filled = [next(values) if isinstance(leaf, Spec) else leaf for leaf in leaves]
        with StatelessScope():
            found, structure = as_tensors(fn(*tree.pack_sequence_as(args, filled)))
        result = structured(structure, [Spec(tensor.shape, dtypes.standardize_dtype(tensor.dtype)) for tensor in found])
        return []

    graph_of(pure, specs)
    return result


def _none_of(specs: Any) -> Any:
    """The results of a loop over nothing, each of which would have been like `specs`."""
    return tree.map_structure(lambda spec: tf.zeros([0, *spec.shape], dtype_named(spec.dtype)), specs, none_is_leaf=False)
