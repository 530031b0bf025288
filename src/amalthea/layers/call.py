"""How a layer is called: what its `call` and `build` take, worked out once, and the context of nested calls."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import lru_cache
from typing import Any

from amalthea import tree
from amalthea.engines.sizes import known
from amalthea.engines.spec import Spec
from amalthea.errors import ArgumentTypeError
from amalthea.graph.keras_tensor import KerasTensor
from amalthea.state.masks import get_mask

_POSITIONAL = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)

_training: ContextVar[tuple[bool | None] | None] = ContextVar("amalthea_call", default=None)


class CallPlan:
    """What the `call` method of a class takes.

    Attributes:
        names: its parameters, in order.
        takes_training: whether one of them is `training`.
        training: the default of that, where it is a bool.
        masks: the parameter that takes the mask, for each parameter that has one.
    """

    __slots__ = ("masks", "names", "takes_training", "training")

    def __init__(self, call: Callable[..., Any]) -> None:
        parameters = list(inspect.signature(call).parameters.values())[1:]
        self.names = [p.name for p in parameters if p.kind in _POSITIONAL]
        every = [p.name for p in parameters if p.kind is not inspect.Parameter.VAR_POSITIONAL]
        self.takes_training = "training" in every
        default = next((p.default for p in parameters if p.name == "training"), None)
        self.training: bool | None = default if isinstance(default, bool) else None
        self.masks = {name: f"{name}_mask" for name in every if f"{name}_mask" in every}
        if "mask" in every and every[0] not in self.masks:
            self.masks[every[0]] = "mask"

    def bind(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> dict[str, Any]:
        """The arguments by name (those beyond the parameters by number)."""
        bound = {self.names[i] if i < len(self.names) else f"args_{i}": arg for i, arg in enumerate(args)}
        bound.update(kwargs)
        return bound

    def fill_masks(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        """Put the masks that tensors carry into `kwargs`, where the call takes them and they are not given."""
        for position, (name, mask_name) in enumerate(self.masks.items()):
            if kwargs.get(mask_name) is not None or (mask_name in self.names and self.names.index(mask_name) < len(args)):
                continue
            place = self.names.index(name) if name in self.names else position
            value = args[place] if place < len(args) else kwargs.get(name)
            if value is not None:
                mask = masks_of(value)
                if mask is not None:
                    kwargs[mask_name] = mask


@lru_cache(maxsize=4096)
def plan_of(call: Callable[..., Any]) -> CallPlan:
    """The plan of a `call` function, made once."""
    return CallPlan(call)


@lru_cache(maxsize=4096)
def build_parameters(build: Callable[..., Any]) -> tuple[str, ...]:
    """The names of what a `build` function takes."""
    return tuple(name for name in inspect.signature(build).parameters if name != "self")


def is_tensor_like(x: Any) -> bool:
    """Whether `x` has a shape and a dtype."""
    return isinstance(x, (Spec, KerasTensor)) or (hasattr(x, "shape") and hasattr(x, "dtype"))


def shapes_of(bound: dict[str, Any]) -> dict[str, Any]:
    """The shapes of the tensor arguments, by the names under which `build` takes them."""
    shapes = {}
    for name, value in bound.items():
        leaves = tree.flatten(value)
        if leaves and all(is_tensor_like(leaf) for leaf in leaves) and not name.endswith("mask"):
            shapes[f"{name}_shape"] = tree.map_structure(lambda leaf: tuple(known(leaf.shape)), value)
    return shapes


def build_arguments(build: Callable[..., Any], shapes: dict[str, Any], owner: str) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """Which of `shapes` the `build` of `owner` is called with."""
    names = build_parameters(build)
    first = next(iter(shapes.values()), None)
    if len(names) <= 1 or len(shapes) <= 1:
        return (first,), {}
    chosen = {name: shape for name, shape in shapes.items() if name in names}
    if not chosen:
        raise ArgumentTypeError(
            f"{owner}: `build` takes {', '.join(names)}, but the tensor arguments of `call` give {', '.join(shapes)}. "
            "Name each parameter of `build` after one of `call`, with `_shape` added."
        )
    return (), chosen


def masks_of(value: Any) -> Any:
    """The masks that the tensors in `value` carry, in its structure; None if none does."""
    if not tree.is_nested(value):
        return get_mask(value)
    masks = tree.map_structure(get_mask, value)
    return masks if any(mask is not None for mask in tree.flatten(masks)) else None


def inside_call() -> bool:
    """Whether a layer is being called around here."""
    return _training.get() is not None


def context_training() -> bool | None:
    """The training flag of the calls around here."""
    context = _training.get()
    return context[0] if context is not None else None


@contextmanager
def call_context(training: bool | None) -> Iterator[None]:
    """Layers called inside take `training` where nothing is said to them."""
    token = _training.set((training,))
    try:
        yield
    finally:
        _training.reset(token)
