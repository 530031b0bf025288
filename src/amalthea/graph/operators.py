"""Python's operators on variables and symbolic tensors: each is the operation of `amalthea.ops` that it stands for."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

_BINARY = {
    "add": "add",
    "sub": "subtract",
    "mul": "multiply",
    "truediv": "true_divide",
    "floordiv": "floor_divide",
    "mod": "mod",
    "pow": "power",
    "matmul": "matmul",
    "and": "logical_and",
    "or": "logical_or",
    "xor": "logical_xor",
}
_COMPARISON = {"lt": "less", "le": "less_equal", "gt": "greater", "ge": "greater_equal"}
_UNARY = {"neg": "negative", "abs": "absolute", "invert": "logical_not"}


def _forward(operation: str) -> Callable[[Any, Any], Any]:
    def operator(self: Any, other: Any) -> Any:
        from amalthea import ops

        return getattr(ops, operation)(self, other)

    return operator


def _reflected(operation: str) -> Callable[[Any, Any], Any]:
    def operator(self: Any, other: Any) -> Any:
        from amalthea import ops

        return getattr(ops, operation)(other, self)

    return operator


def _unary(operation: str) -> Callable[[Any], Any]:
    def operator(self: Any) -> Any:
        from amalthea import ops

        return getattr(ops, operation)(self)

    return operator


class TensorOperators:
    """Gives a class the operators of a tensor. Equality stays identity, so that instances can be keys."""

    __slots__ = ()

    def __getitem__(self, key: Any) -> Any:
        from amalthea import ops

        return ops.get_item(self, key)

    def __iter__(self) -> Iterator[Any]:
        # Without it Python would ask for one element after the other until an error comes, which is never where indices are clamped.
        shape = self.shape  # type: ignore[attr-defined]
        if not shape or shape[0] is None:
            raise TypeError(f"A tensor of shape {shape} cannot be iterated over: {'its first size is not known' if shape else 'it has no axes'}.")
        return (self[place] for place in range(shape[0]))

    def __round__(self, ndigits: int | None = None) -> Any:
        from amalthea import ops

        return ops.round(self, decimals=ndigits or 0)


for _name, _operation in (_BINARY | _COMPARISON).items():
    setattr(TensorOperators, f"__{_name}__", _forward(_operation))
for _name, _operation in _BINARY.items():
    setattr(TensorOperators, f"__r{_name}__", _reflected(_operation))
for _name, _operation in _UNARY.items():
    setattr(TensorOperators, f"__{_name}__", _unary(_operation))
