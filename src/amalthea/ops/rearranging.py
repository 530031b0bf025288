"""`rearrange`: shaping by a pattern that names the axes."""

from __future__ import annotations

import math
import re
from functools import cache
from typing import Any

from amalthea.engines.registry import current
from amalthea.errors import ArgumentError, ShapeError
from amalthea.ops.arguments import Tensor, TensorLike, as_tensor
from amalthea.ops.operation import operation

Group = tuple[str, ...]
_TOKEN = re.compile(r"\(([^()]*)\)|(\.\.\.|[A-Za-z_]\w*|1)|(\S)")
_NAME = re.compile(r"\.\.\.|[A-Za-z_]\w*|1")


@cache
def _parsed(pattern: str) -> tuple[list[Group], list[Group]]:
    """The two sides of a pattern: for each axis the names of the axes that it is made of. A 1 is an axis made of none."""
    sides = pattern.split("->")
    if len(sides) != 2:
        raise ArgumentError(f"`pattern` must have one '->' between what comes in and what goes out. Received: pattern={pattern!r}.")
    groups: list[list[Group]] = []
    for side in sides:
        groups.append([])
        for inner, single, other in _TOKEN.findall(side):
            names = tuple(name for name in ([single] if single else inner.split()) if name != "1")
            if other or any(not _NAME.fullmatch(name) for name in names) or (not single and "..." in names):
                raise ArgumentError(f"`pattern` holds names of axes, 1, '...' and parentheses around names. Received: pattern={pattern!r}.")
            groups[-1].append(names)
    left, right = ([name for group in side for name in group] for side in groups)
    if len(set(left)) != len(left) or len(set(right)) != len(right):
        raise ArgumentError(f"`pattern` names an axis twice on one side. Received: pattern={pattern!r}.")
    if set(left) != set(right):
        raise ArgumentError(
            f"`pattern` must have the same axes on both sides. Received: pattern={pattern!r}, which differs in {set(left) ^ set(right)}."
        )
    return groups[0], groups[1]


def _product(sizes: list[int | None]) -> Any:
    product = 1
    for size in sizes:
        if size is None:
            return None
        product *= size
    return product


@operation
def rearrange(tensor: TensorLike, pattern: str, **axes_lengths: int) -> Tensor:
    """Transpose, split and merge axes, as a pattern of names says.

    Args:
        tensor: tensor of any shape.
        pattern: what comes in, `->`, what goes out: the names of the axes in order. Names in parentheses are one axis, the
            last of them innermost; `1` is an axis of size 1; `...` stands for any axes.
        **axes_lengths: the sizes of named axes. In each parenthesis that comes in, all but one are needed.

    Returns:
        A tensor of the same elements and dtype.

    Raises:
        ArgumentError: a pattern that cannot be read, or sizes for names that are not in it.
        ShapeError: the pattern does not fit the tensor.

    Reference:
        Rogozhnikov, 2022, Einops: clear and reliable tensor manipulations with Einstein-like notation.

    Example:
        >>> from amalthea import ops
        >>> ops.rearrange(ops.ones((2, 8, 8, 3)), "b (h p) (w q) c -> b (h w) (p q c)", p=4, q=4).shape
        (2, 4, 48)
    """
    left, right = _parsed(pattern)
    engine = current()
    x = as_tensor(engine, tensor)
    shape = engine.shape_of(x)
    spare = len(shape) - sum(group != ("...",) for group in left)
    if spare < 0 or (spare > 0 and ("...",) not in left):
        raise ShapeError(f"The pattern {pattern!r} has {len(left)} axes on its left, the tensor {len(shape)}: {shape}.")
    rest = tuple(f"...{i}" for i in range(spare))
    left, right = _spelled_out(left, rest), _spelled_out(right, rest)
    unknown = set(axes_lengths) - {name for group in left for name in group}
    if unknown:
        raise ArgumentError(f"The pattern {pattern!r} has no axes named {', '.join(sorted(unknown))}.")
    sizes = _sizes(left, shape, axes_lengths, pattern)
    inner = [name for group in left for name in group]
    outer = [name for group in right for name in group]
    apart = engine.reshape(x, tuple(sizes[name] for name in inner))
    turned = engine.transpose(apart, tuple(inner.index(name) for name in outer))
    return engine.reshape(turned, tuple(_product([sizes[name] for name in group]) for group in right))


def _spelled_out(side: list[Group], rest: Group) -> list[Group]:
    """A side with the axes `rest` in the place of `...`."""
    groups: list[Group] = []
    for group in side:
        if group == ("...",):
            groups.extend((name,) for name in rest)
        else:
            groups.append(group)
    return groups


def _sizes(left: list[Group], shape: tuple[Any, ...], given: dict[str, int], pattern: str) -> dict[str, Any]:
    """The size of each named axis; None where it is not known."""
    sizes: dict[str, int | None] = {}
    for group, size in zip(left, shape, strict=True):
        free = [name for name in group if name not in given]
        known = math.prod(given.get(name, 1) for name in group)
        if len(free) > 1:
            raise ShapeError(f"The sizes of all but one of {group} are needed in the pattern {pattern!r}. Received: {given}.")
        if size is not None and (size % known if free else size != known):
            raise ShapeError(f"An axis of size {size} cannot be taken apart as {group} with the sizes {given} (pattern {pattern!r}, shape {shape}).")
        for name in group:
            sizes[name] = given.get(name)
        if free:
            sizes[free[0]] = None if size is None else size // known
    return sizes
