"""Operations of our own in PyTorch's registry: what is to be one step of a graph, because a trace could not or should not look into it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

LIBRARY = torch.library.Library("amalthea", "FRAGMENT")


DONE_BY: dict[Any, Callable[..., Any]] = {}
"""The Python functions that compute these operations: a call of one is faster than the way to it through PyTorch's registry."""


def operation(schema: str, like: Callable[..., Any], run: Callable[..., Any]) -> Any:
    """The operation of this schema.

    Args:
        schema: its name and arguments, as PyTorch writes them.
        like: tensors such as its results would be, without values, of the same arguments.
        run: computes it. The results lie in memory row by row, as those of `like` do.
    """
    found = _defined(schema, run)
    torch.library.register_fake(found._schema.name, like, lib=LIBRARY)
    return found


def in_place(schema: str, run: Callable[..., Any]) -> Any:
    """The operation of this schema, which writes into what the schema says; its name ends in "_"."""
    return _defined(schema, run)


def _defined(schema: str, run: Callable[..., Any]) -> Any:
    name = schema.partition("(")[0]
    LIBRARY.define(schema)
    LIBRARY.impl(name, run, "CompositeExplicitAutograd")
    found = getattr(torch.ops.amalthea, name).default
    DONE_BY[found] = run
    return found


def differentiable(name: str, backward: Callable[..., Any]) -> None:
    """Let the operation of this name have a gradient: `backward(inputs, outputs, upstream)`, each a tuple of tensors. Upstream
    there is None for outputs that nothing depends on."""

    def keep(ctx: Any, inputs: tuple[Any, ...], output: Any) -> None:
        tensors = [given for given in inputs if isinstance(given, torch.Tensor)]
        ctx.count = len(tensors)
        ctx.set_materialize_grads(False)
        ctx.save_for_backward(*tensors, *(output if isinstance(output, tuple) else (output,)))

    def gradient(ctx: Any, *upstream: torch.Tensor) -> Any:
        kept = ctx.saved_tensors
        return backward(kept[: ctx.count], kept[ctx.count :], upstream)

    torch.library.register_autograd(f"amalthea::{name}", gradient, setup_context=keep, lib=LIBRARY)
