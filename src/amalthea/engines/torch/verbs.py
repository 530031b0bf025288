"""The verbs of the PyTorch engine: compilation, gradients, abstract evaluation, control flow, devices."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import numpy as np
import torch
from torch.utils._python_dispatch import _disable_current_modes

from amalthea import dtypes, tree
from amalthea.engines import host
from amalthea.engines.protocol import Protocol, Repeats, Tensor
from amalthea.engines.spec import Spec
from amalthea.engines.torch import border
from amalthea.engines.torch.forms import as_written
from amalthea.engines.torch.gradients import CustomGradient, Recomputed, depth, detached, gradients_of, leaf_of, recorded
from amalthea.engines.tracing import UNKNOWN, Recomputation, specs_of, stored, with_rule, without_assignments
from amalthea.state.scope import StatelessScope, apply_writes
from amalthea.state.variable import Variable


class Verbs(Protocol):
    """Mixed into the engine."""

    # --- storage and devices ---

    def hold(self, value: np.ndarray, dtype: str) -> Tensor:
        with _disable_current_modes():  # a tensor with values, also where a trace reads a variable first
            value = np.asarray(value, order="C")  # in rows, as compiled functions leave it
            return border.shared(value, dtype) if host.sealed(value) else border.from_host(value, dtype)

    def assign(self, held: Tensor, value: Tensor) -> Tensor:
        if value.requires_grad:
            return value.detach()
        # A part of another tensor, or of the caller's array, would keep all of it alive.
        return value.clone() if value._is_view() else value

    def devices(self) -> list[str]:
        return border.devices()

    def device(self, name: str) -> AbstractContextManager[Any]:
        return border.on(border.device_named(name))

    def synchronize(self, x: Any) -> None:
        if torch.cuda.is_available():
            torch.cuda.synchronize()

    # --- compilation and gradients ---

    def compile(
        self,
        fn: Callable[..., Any],
        state: Callable[[], Sequence[Variable]] | None = None,
        jit: bool | str = "auto",
        repeats: Repeats | None = None,
    ) -> Callable[..., Any]:
        if jit is True:
            from amalthea.engines.torch.compiled import Compiled  # importing PyTorch's compiler takes a second

            return Compiled(fn, state)
        if jit == "auto" and repeats is not None:
            from amalthea.engines.torch.recorder.recorded import Recorded

            return Recorded(fn, repeats)
        return as_written(fn)

    def value_and_grad(self, fn: Callable[[], tuple[Tensor, Any]], variables: Sequence[Variable]) -> tuple[tuple[Tensor, Any], list[Tensor]]:
        values = [_lent(variable) for variable in variables]
        nested = depth() > 0
        with recorded(), StatelessScope() as scope:
            leaves = [leaf_of(value, nested) for value in values]
            for variable, leaf in zip(variables, leaves, strict=True):
                scope.hold(variable, leaf)
            value, aux = fn()
            gradients = gradients_of(value, leaves, nested)
            # A leaf that was not assigned is not among what was written.
            writes = scope.written()
        if nested:
            apply_writes(writes)
            return (value, aux), gradients
        apply_writes([(variable, detached(tensor)) for variable, tensor in writes])
        return (detached(value), tree.map_structure(detached, aux)), gradients

    @contextmanager
    def watching(self, variables: Sequence[Variable]) -> Iterator[None]:
        with StatelessScope() as scope:
            for variable in variables:
                scope.hold(variable, leaf_of(_lent(variable), nested=False))
            yield
            writes = scope.written()
        apply_writes([(variable, detached(tensor)) for variable, tensor in writes])

    def tensor_value_and_grad(self, fn: Callable[..., tuple[Tensor, Any]], tensors: Sequence[Tensor]) -> tuple[tuple[Tensor, Any], list[Tensor]]:
        nested = depth() > 0
        with recorded():
            leaves = [leaf_of(value, nested) for value in tensors]
            value, aux = fn(*leaves)
            gradients = gradients_of(value, leaves, nested)
        if nested:
            return (value, aux), gradients
        return (detached(value), tree.map_structure(detached, aux)), gradients

    def custom_gradient(self, fn: Callable[..., tuple[Tensor, Callable[..., Any]]]) -> Callable[..., Tensor]:
        def run(*tensors: Tensor) -> Any:
            if not any(isinstance(tensor, torch.Tensor) and tensor.requires_grad for tensor in tensors):
                return fn(*tensors)[0]
            return CustomGradient.apply(fn, *tensors)  # type: ignore[no-untyped-call]

        return run

    def custom_vjp(
        self, plain: Callable[..., Any], forward: Callable[..., tuple[Any, Any]], backward: Callable[..., Sequence[Tensor | None]]
    ) -> Callable[..., Any]:
        rule = with_rule(forward, backward)

        def run(*tensors: Tensor) -> Any:
            wanted = torch.is_grad_enabled() and any(tensor.requires_grad for tensor in tensors)
            return CustomGradient.apply(rule, *tensors) if wanted else plain(*tensors)  # type: ignore[no-untyped-call]

        return run

    def stop_gradient(self, x: Tensor) -> Tensor:
        return x.detach()

    def remat(self, fn: Callable[..., Any]) -> Callable[..., Any]:
        def recomputed(*args: Any, **kwargs: Any) -> Any:
            if not torch.is_grad_enabled():
                return fn(*args, **kwargs)
            call = Recomputation(fn, args, kwargs, self.is_tensor)
            with torch.no_grad():
                outputs = call.first()
            return call.finish(Recomputed.apply(call, outputs, *call.inputs))  # type: ignore[no-untyped-call]

        return recomputed

    def abstract_eval(self, fn: Callable[..., Any], *args: Any) -> Any:
        return specs_of(*(_without_values(fn, args, unknown) for unknown in UNKNOWN))

    # --- control flow ---

    def cond(self, pred: Tensor, then: Callable[[], Any], otherwise: Callable[[], Any]) -> Any:
        return self._one_of(pred, then, otherwise) if border.in_graph(pred) else (then() if bool(pred) else otherwise())

    def _one_of(self, pred: Tensor, then: Callable[[], Any], otherwise: Callable[[], Any]) -> Any:
        """`cond` in a graph: both are computed, and one is taken."""
        scopes, results = [], []
        for branch in (then, otherwise):
            with StatelessScope() as scope:
                results.append(branch())
            scopes.append(scope)
        assigned = {id(variable): variable for scope in scopes for variable, _ in scope.written()}.values()
        values = [[scope.read(variable) for variable in assigned] for scope in scopes]
        if any(leaf.requires_grad for leaf in tree.flatten((results, values)) if isinstance(leaf, torch.Tensor)):
            # The gradient of the branch not taken, times zero, may be no number.
            raise border.depends_on_values("in a `cond` whose gradient is wanted")
        choose = lambda one, other: self.where(pred.reshape(()), one, other)  # noqa: E731
        apply_writes(zip(assigned, map(choose, *values), strict=True))
        return tree.map_structure(choose, *results, none_is_leaf=False)

    def while_loop(
        self, cond: Callable[..., Tensor], body: Callable[..., tuple[Any, ...]], carry: tuple[Any, ...], limit: int | None
    ) -> tuple[Any, ...]:
        body, count = without_assignments(body, "while_loop"), 0
        while (limit is None or count < limit) and bool(cond(*carry)):
            carry, count = tuple(body(*carry)), count + 1
        return carry

    def scan(self, body: Callable[[Any, Any], tuple[Any, Any]], carry: Any, xs: Any, length: int, reverse: bool, unroll: int) -> tuple[Any, Any]:
        if length == 0:
            _, y = _on_zeros(body, (carry, _element(xs)), 1)
            return carry, _none_of(y)
        body = without_assignments(body, "scan")
        # Taken apart at once: the gradient of so many separate slices would be as many tensors of the whole size.
        parts = [None if leaf is None else leaf.unbind(0) for leaf in tree.flatten(xs)]
        unflatten = tree.packer(xs)
        ys: list[Any] = [None] * length
        for step in reversed(range(length)) if reverse else range(length):
            carry, ys[step] = body(carry, unflatten([None if part is None else part[step] for part in parts]))
        return carry, _stacked(ys)

    def vectorized_map(self, fn: Callable[..., Any], *xs: Any) -> Any:
        fn = without_assignments(fn, "vectorized_map")
        length = len(tree.flatten(xs)[0])
        if length == 0:
            return _none_of(_on_zeros(fn, _element(xs), 1))
        try:
            return torch.func.vmap(fn)(*xs)
        except RuntimeError:
            # `vmap` has no rule for some operations, among them those that read values: then one element after another.
            return _stacked([fn(*tree.map_structure(lambda leaf, step=step: leaf[step], xs, none_is_leaf=False)) for step in range(length)])


def _lent(variable: Variable) -> Tensor:
    """The value of a variable, of which a leaf is made: that shares its memory, and may be given to anybody."""
    variable.lend()
    return stored(variable)


# --- functions without values -----------------------------------------------------------------------------


class _Shapes(StatelessScope):
    """Variables read as tensors without values; those that get their first value now get it on the device in use outside."""

    def __init__(self) -> None:
        super().__init__()
        self._device = border.device()

    def missing(self, variable: Variable) -> Any:
        with border.on(self._device):
            return super().missing(variable).to("meta")


def _without_values(fn: Callable[..., Any], args: Any, unknown: int) -> Any:
    """The result of `fn` with tensors without values in place of specs; if it reads values, with zeros."""

    def shape(leaf: Any) -> Any:
        if isinstance(leaf, Spec):
            return torch.empty([unknown if size is None else size for size in leaf.shape], dtype=border.dtype_of(leaf.dtype), device="meta")
        return leaf.to("meta") if isinstance(leaf, torch.Tensor) else leaf

    meta = torch.device("meta")
    try:
        with _Shapes(), border.on(meta), meta:
            return fn(*tree.map_structure(shape, args))
    except (RuntimeError, TypeError):  # an operation that reads values, or one on tensors that `fn` made or holds elsewhere
        return _on_zeros(fn, args, unknown)


def _on_zeros(fn: Callable[..., Any], args: Any, unknown: int) -> Any:
    """`fn` of zeros in place of the specs in `args`; what it assigns is forgotten."""

    def zeros(leaf: Any) -> Any:
        if not isinstance(leaf, Spec):
            return leaf
        return torch.zeros([unknown if size is None else size for size in leaf.shape], dtype=border.dtype_of(leaf.dtype), device=border.device())

    with StatelessScope():
        return fn(*tree.map_structure(zeros, args))


# --- loops -----------------------------------------------------------------------------------------------


def _stacked(results: list[Any]) -> Any:
    return tree.map_structure(lambda *leaves: torch.stack(leaves), *results, none_is_leaf=False)


def _element(xs: Any) -> Any:
    """What the elements along the first axis are like, of which there are none."""
    return tree.map_structure(lambda leaf: Spec(leaf.shape[1:], dtypes.standardize_dtype(leaf.dtype)), xs, none_is_leaf=False)


def _none_of(result: Any) -> Any:
    """The results of a loop over nothing, each of which would have been like `result`."""
    return tree.map_structure(lambda leaf: leaf.new_zeros((0, *leaf.shape)), result, none_is_leaf=False)
