"""What the verbs on gradients are made of.

The gradients of PyTorch are of leaves, tensors that stand for the values asked about. Within another gradient what is computed stays
recorded, so that gradients have gradients.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import torch

from amalthea.engines.protocol import Tensor
from amalthea.state.scope import StatelessScope
from amalthea.state.variable import Variable

_depth: ContextVar[int] = ContextVar("amalthea_torch_gradients", default=0)


@contextmanager
def recorded() -> Iterator[None]:
    """Inside, what is computed is recorded, and gradients taken are recorded too."""
    token = _depth.set(_depth.get() + 1)
    try:
        with torch.enable_grad():
            yield
    finally:
        _depth.reset(token)


def depth() -> int:
    """Within how many gradients of this engine we are here."""
    return _depth.get()


def leaf_of(value: Tensor, nested: bool) -> Tensor:
    """What stands for `value` in a function whose gradient is wanted; within another gradient, still a result of that one's."""
    if not (value.dtype.is_floating_point or value.dtype.is_complex):
        return value
    if nested and value.requires_grad:
        return value.view_as(value)
    return value.detach().requires_grad_()


def gradients_of(value: Tensor, leaves: Sequence[Tensor], nested: bool) -> list[Tensor]:
    """The gradients of `value`, zeros where it does not depend on a leaf; recorded themselves if `nested`."""
    wanted = [leaf for leaf in leaves if leaf.requires_grad]
    if not wanted or not value.requires_grad:
        return [torch.zeros_like(leaf) for leaf in leaves]
    found = iter(torch.autograd.grad(value, wanted, create_graph=nested, materialize_grads=True))
    return [next(found) if leaf.requires_grad else torch.zeros_like(leaf) for leaf in leaves]


def detached(x: Any) -> Any:
    """A tensor without what was recorded of it; anything else as it is."""
    return x.detach() if isinstance(x, torch.Tensor) and x.requires_grad else x


class CustomGradient(torch.autograd.Function):
    """The first result of a function, with its second as the gradient."""

    @staticmethod
    def forward(ctx: Any, fn: Callable[..., tuple[Tensor, Callable[..., Any]]], *tensors: Tensor) -> Any:
        result, ctx.gradient = fn(*tensors)
        return result

    @staticmethod
    def backward(ctx: Any, *upstream: Tensor) -> Any:
        gradients = ctx.gradient(*upstream)
        return None, *(gradients if isinstance(gradients, (tuple, list)) else (gradients,))


class Remembering(StatelessScope):
    """Answers reads with the values of the first reads, which it notes in `seen`."""

    def __init__(self, seen: dict[int, tuple[Variable, Any]]) -> None:
        super().__init__()
        self._seen = seen

    def missing(self, variable: Variable) -> Any:
        if id(variable) not in self._seen:
            self._seen[id(variable)] = (variable, super().missing(variable))
        return self._seen[id(variable)][1]
