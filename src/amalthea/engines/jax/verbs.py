"""The verbs of the JAX engine: compilation, gradients, abstract evaluation, control flow, devices."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, suppress
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from amalthea import dtypes, tree
from amalthea.engines import host
from amalthea.engines.jax.compiled import Compiled, eager
from amalthea.engines.protocol import Protocol, Repeats, Tensor
from amalthea.engines.spec import Spec
from amalthea.engines.tracing import UNKNOWN, specs_of, stored, without_assignments
from amalthea.errors import ArgumentError, StateError
from amalthea.state.scope import StatelessScope, apply_writes
from amalthea.state.variable import Variable


class Verbs(Protocol):
    """Mixed into the engine."""

    # --- storage and devices ---

    def hold(self, value: np.ndarray, dtype: str) -> Tensor:
        with jax.ensure_compile_time_eval():
            wanted = dtypes.numpy_dtype(self.canonical_dtype(dtype))
            if value.dtype == wanted and host.sealed(value):
                # The buffer is the array itself. XLA does not recycle such a buffer, so the first step that would puts a copy in its place.
                return jax.device_put(value, may_alias=True)
            # JAX reads host memory later than it returns, when the caller may have written into it.
            with np.errstate(all="ignore"):
                return jax.device_put(value.astype(wanted), may_alias=False)

    def assign(self, held: Tensor, value: Tensor) -> Tensor:
        if isinstance(value, jax.core.Tracer):
            raise StateError(
                "A variable outside was assigned inside a function of JAX (`jax.jit`, `jax.grad`, `jax.lax.scan`...), whose values exist only "
                "there. Use `amalthea.jit` and `amalthea.value_and_grad`, which know variables, or `stateless_call`."
            )
        # A copy: the memory of variables is recycled by compiled steps, and the caller may keep its array.
        return jnp.copy(value)

    def devices(self) -> list[str]:
        return list(_devices())

    def device(self, name: str) -> AbstractContextManager[Any]:
        kind, _, index = name.lower().partition(":")
        found = _devices().get(f"{'gpu' if kind == 'cuda' else kind}:{index or 0}")
        if found is None:
            raise ArgumentError(f"There is no device {name!r}. The devices are: {', '.join(self.devices())}.")
        return jax.default_device(found)

    def synchronize(self, x: Any) -> None:
        jax.block_until_ready(x)

    # --- compilation and gradients ---

    def compile(
        self,
        fn: Callable[..., Any],
        state: Callable[[], Sequence[Variable]] | None = None,
        jit: bool | str = "auto",
        repeats: Repeats | None = None,
    ) -> Callable[..., Any]:
        return Compiled(fn, state) if jit else eager(fn)

    def value_and_grad(self, fn: Callable[[], tuple[Tensor, Any]], variables: Sequence[Variable]) -> tuple[tuple[Tensor, Any], list[Tensor]]:
        written: list[Variable] = []

        def pure(values: list[Tensor]) -> tuple[Tensor, tuple[Any, list[Tensor]]]:
            with StatelessScope() as scope:
                for variable, value in zip(variables, values, strict=True):
                    scope.hold(variable, value)
                value, aux = fn()
                writes = scope.written()
            written[:] = [variable for variable, _ in writes]
            return value, (aux, [tensor for _, tensor in writes])

        (value, (aux, tensors)), gradients = jax.value_and_grad(pure, has_aux=True)([stored(variable) for variable in variables])
        apply_writes(zip(written, tensors, strict=True))
        return (value, aux), gradients

    def tensor_value_and_grad(self, fn: Callable[..., tuple[Tensor, Any]], tensors: Sequence[Tensor]) -> tuple[tuple[Tensor, Any], list[Tensor]]:
        result, gradients = jax.value_and_grad(fn, argnums=tuple(range(len(tensors))), has_aux=True)(*tensors)
        return result, list(gradients)

    def custom_gradient(self, fn: Callable[..., tuple[Tensor, Callable[..., Any]]]) -> Callable[..., Tensor]:
        return jax.custom_gradient(fn)

    def custom_vjp(
        self, plain: Callable[..., Any], forward: Callable[..., tuple[Any, Any]], backward: Callable[..., Sequence[Tensor | None]]
    ) -> Callable[..., Any]:
        function = jax.custom_vjp(plain)
        function.defvjp(forward, lambda kept, upstream: tuple(backward(kept, upstream)))
        return function

    def stop_gradient(self, x: Tensor) -> Tensor:
        return lax.stop_gradient(x)

    def remat(self, fn: Callable[..., Any]) -> Callable[..., Any]:
        def recomputed(*args: Any, **kwargs: Any) -> Any:
            written: list[Variable] = []

            def pure(args: Any, kwargs: Any) -> Any:
                with StatelessScope() as scope:
                    result = fn(*args, **kwargs)
                    writes = scope.written()
                written[:] = [variable for variable, _ in writes]
                return result, [tensor for _, tensor in writes]

            result, tensors = jax.checkpoint(pure)(args, kwargs)
            apply_writes(zip(written, tensors, strict=True))
            return result

        return recomputed

    def abstract_eval(self, fn: Callable[..., Any], *args: Any) -> Any:
        leaves = tree.flatten(args)

        def shapes_for(unknown: int) -> Any:
            given = [_concrete(leaf, unknown) for leaf in leaves if isinstance(leaf, Spec)]

            def pure(tensors: list[Any]) -> Any:
                values = iter(tensors)
                filled = [next(values) if isinstance(leaf, Spec) else leaf for leaf in leaves]
                with StatelessScope():
                    return fn(*tree.pack_sequence_as(args, filled))

            return jax.eval_shape(pure, given)

        return specs_of(*map(shapes_for, UNKNOWN))

    # --- control flow ---

    def cond(self, pred: Tensor, then: Callable[[], Any], otherwise: Callable[[], Any]) -> Any:
        if not isinstance(pred, jax.core.Tracer):
            return then() if bool(pred) else otherwise()
        assigned: dict[int, Variable] = {}
        for branch in (then, otherwise):

            def probe(branch: Callable[[], Any] = branch) -> None:
                with StatelessScope() as scope:
                    branch()
                    assigned.update((id(variable), variable) for variable, _ in scope.written())

            jax.eval_shape(probe)

        def with_state(branch: Callable[[], Any]) -> Callable[[], Any]:
            def run() -> Any:
                with StatelessScope() as scope:
                    result = branch()
                    return result, [scope.read(variable) for variable in assigned.values()]

            return run

        result, tensors = lax.cond(pred, with_state(then), with_state(otherwise))
        apply_writes(zip(assigned.values(), tensors, strict=True))
        return result

    def while_loop(
        self, cond: Callable[..., Tensor], body: Callable[..., tuple[Any, ...]], carry: tuple[Any, ...], limit: int | None
    ) -> tuple[Any, ...]:
        body = without_assignments(body, "while_loop")
        if limit is None:
            return lax.while_loop(lambda state: cond(*state), lambda state: tuple(body(*state)), carry)
        _, result = lax.while_loop(
            lambda state: jnp.logical_and(state[0] < limit, cond(*state[1])),
            lambda state: (state[0] + 1, tuple(body(*state[1]))),
            (0, carry),
        )
        return result

    def scan(self, body: Callable[[Any, Any], tuple[Any, Any]], carry: Any, xs: Any, length: int, reverse: bool, unroll: int) -> tuple[Any, Any]:
        return lax.scan(without_assignments(body, "scan"), carry, xs, length=length, reverse=reverse, unroll=unroll)

    def vectorized_map(self, fn: Callable[..., Any], *xs: Any) -> Any:
        return jax.vmap(without_assignments(fn, "vectorized_map"))(*xs)


def _concrete(spec: Spec, unknown: int) -> jax.ShapeDtypeStruct:
    return jax.ShapeDtypeStruct([unknown if size is None else size for size in spec.shape], dtypes.numpy_dtype(spec.dtype))


def _devices() -> dict[str, Any]:
    """The devices by name: first those that JAX takes by default, then the host's where these are others."""
    found = jax.devices()
    with suppress(RuntimeError):  # JAX was told to leave the host alone
        found = [*found, *jax.devices("cpu")]
    return {f"{device.platform}:{device.id}": device for device in found}
