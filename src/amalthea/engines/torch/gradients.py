"""What the verbs on gradients are made of.

The gradients of PyTorch are of leaves, tensors that stand for the values asked about. Within another gradient what is computed stays
recorded, so that gradients have gradients.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar, copy_context
from typing import Any

import torch

from amalthea.engines.protocol import Tensor
from amalthea.engines.tracing import Recomputation

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
        ctx.fn, ctx.inputs = fn, [None if isinstance(value, torch.Tensor) else value for value in tensors]
        ctx.save_for_backward(*(value for value in tensors if isinstance(value, torch.Tensor)))
        result, ctx.gradient = fn(*tensors)
        return result

    @staticmethod
    def backward(ctx: Any, *upstream: Tensor) -> Any:
        gradient = ctx.gradient
        if torch.is_grad_enabled():  # a gradient of this gradient is wanted, and of what `fn` computed nothing was recorded
            saved = iter(ctx.saved_tensors)
            _, gradient = ctx.fn(*(next(saved) if value is None else value for value in ctx.inputs))
        gradients = gradient(*upstream)
        return None, *(gradients if isinstance(gradients, (tuple, list)) else (gradients,))


class Recomputed(torch.autograd.Function):
    """The outputs of a `Recomputation`, with the gradient of what it gives when it is done again."""

    @staticmethod
    def forward(ctx: Any, call: Recomputation, outputs: Sequence[Tensor], *inputs: Tensor) -> Any:
        ctx.call, ctx.context = call, copy_context()
        ctx.save_for_backward(*inputs)
        found = tuple(output.detach() for output in outputs)
        ctx.mark_non_differentiable(*(output for output in found if not (output.is_floating_point() or output.is_complex())))
        return found

    @staticmethod
    def backward(ctx: Any, *upstream: Tensor) -> Any:
        nested = torch.is_grad_enabled()  # whether a gradient of this gradient is wanted
        needed = ctx.needs_input_grad[2:]

        def gradients() -> list[Tensor | None]:
            leaves = [leaf_of(tensor, nested) if wanted else tensor for tensor, wanted in zip(ctx.saved_tensors, needed, strict=True)]
            with torch.enable_grad():
                outputs = ctx.call.again(leaves)
            pairs = [(output, gradient) for output, gradient in zip(outputs, upstream, strict=True) if output.requires_grad]
            if not pairs:
                return [None] * len(leaves)
            sources = [leaf for leaf, wanted in zip(leaves, needed, strict=True) if wanted]
            targets, given = zip(*pairs, strict=True)
            found = iter(torch.autograd.grad(targets, sources, given, create_graph=nested, allow_unused=True))
            return [next(found) if wanted else None for wanted in needed]

        # PyTorch may do this in a thread of its own, where nothing of what was in force is known.
        return None, None, *ctx.context.copy().run(gradients)
