"""Sizes that are not known yet: of graphs that will know them when they run, and of shapes that are worked out before there is any tensor."""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from typing import Any, NoReturn

from amalthea.engines import registry
from amalthea.errors import AmaltheaError, ArgumentTypeError


def whole(value: Any, name: str) -> int:
    """`value` as a plain integer.

    Raises:
        ArgumentTypeError: it is none; `name` is the argument that it was given in.
    """
    try:
        return operator.index(value)
    except AmaltheaError:
        raise
    except Exception:  # what is no integer has errors of its own kind for this, in each framework
        raise ArgumentTypeError(
            f"`{name}` takes integers. Received: {value!r:.80} of type {type(value).__name__}. Turn it into one: `int(...)`, `round(...)`, `a // b`."
        ) from None


class LaterSize:
    """A size of a tensor that is known only when the graph runs that the tensor is in.

    It counts as an integer in the arithmetic of shapes. `==` is true of what is certain to be equal, `!=` of what is certain to differ, so
    that with a number neither is; two such sizes are taken to fit, as two unknown ones are. It is taken not to be 0, and what asks for its
    order among numbers, or for the number, is an error.

    Args:
        tensor: the size as a scalar tensor of integers.
    """

    __slots__ = ("tensor",)

    def __init__(self, tensor: Any) -> None:
        self.tensor = tensor

    def __eq__(self, other: object) -> bool:
        return isinstance(other, LaterSize)

    def __ne__(self, other: object) -> bool:
        return other is None

    def __hash__(self) -> int:
        return hash(LaterSize)

    def __bool__(self) -> bool:
        return True

    def __int__(self, other: object = None) -> NoReturn:
        raise ArgumentTypeError(
            "A size that is known only when the graph runs is needed as a number while the graph is made. Give the input a shape that says it "
            "(in `Input`, or in the `input_signature` of the traced function)."
        )

    __index__ = __float__ = __lt__ = __le__ = __gt__ = __ge__ = __int__

    def __neg__(self) -> LaterSize:
        return LaterSize(-self.tensor)

    def __repr__(self) -> str:
        return "None"


def _arithmetic(apply: Callable[[Any, Any], Any]) -> tuple[Any, Any]:
    """An operator on sizes, and the same from the right."""

    def forward(self: LaterSize, other: Any) -> Any:
        plain = other.tensor if isinstance(other, LaterSize) else other
        return NotImplemented if isinstance(plain, float) else LaterSize(apply(self.tensor, plain))

    def backward(self: LaterSize, other: Any) -> Any:
        return NotImplemented if isinstance(other, float) else LaterSize(apply(other, self.tensor))

    return forward, backward


for _name, _apply in {
    "add": lambda a, b: a + b,
    "sub": lambda a, b: a - b,
    "mul": lambda a, b: a * b,
    "floordiv": lambda a, b: a // b,
    "mod": lambda a, b: a % b,
}.items():
    for _prefix, _operator in zip(("__", "__r"), _arithmetic(_apply), strict=True):
        setattr(LaterSize, f"{_prefix}{_name}__", _operator)


def at_least(least: int, size: Any) -> Any:
    """The greater of a number and a size, which need not be known yet."""
    return LaterSize(registry.current().maximum(size.tensor, least)) if isinstance(size, LaterSize) else max(size, least)


def at_most(number: int, size: Any) -> int:
    """The smaller of a number and a size; the number where the size is not known."""
    return number if isinstance(size, LaterSize) else min(number, size)


class SupposedSize(int):
    """A size that is not known, supposed to be a number, to see what follows; and besides, supposed to be another one.

    What a computation gives under both suppositions alike is known, and comes out as a plain number. Equal is only what is equal under both.

    Example:
        >>> size = SupposedSize(83, 89)
        >>> size * 12 // size, known([size * 2, 7])
        (12, [None, 7])
    """

    other: int

    def __new__(cls, first: int, other: int) -> SupposedSize:
        made = super().__new__(cls, first)
        made.other = other
        return made

    def __eq__(self, other: object) -> bool:
        return isinstance(other, SupposedSize) and (int(self), self.other) == (int(other), other.other)

    def __ne__(self, other: object) -> bool:
        return not self == other

    def __hash__(self) -> int:
        return hash((int(self), self.other))

    def __neg__(self) -> int:
        return SupposedSize(-int(self), -self.other)


def _supposed(name: str) -> Callable[[SupposedSize, Any], Any]:
    apply = getattr(int, name)

    def operator(self: SupposedSize, other: Any) -> Any:
        if not isinstance(other, int):
            return NotImplemented
        first, second = apply(int(self), int(other)), apply(self.other, other.other if isinstance(other, SupposedSize) else int(other))
        return first if first == second else SupposedSize(first, second)

    return operator


for _operation in ("add", "sub", "mul", "floordiv", "mod"):
    for _prefix in ("__", "__r"):
        setattr(SupposedSize, f"{_prefix}{_operation}__", _supposed(f"{_prefix}{_operation}__"))


def known(shape: Sequence[Any]) -> list[Any]:
    """A shape with None for the sizes that are only supposed."""
    return [None if isinstance(size, SupposedSize) else size for size in shape]
