"""Which variables a model's files hold, and under which names: the walk over the objects inside a model."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import numpy as np

from amalthea import dtypes
from amalthea.state.naming import snake_case

Walk = Iterator[tuple[str, Any]]


def walk(obj: Any, path: str = "", seen: set[int] | None = None) -> Walk:
    """`obj` and everything with variables inside it, each once, with the path under which files keep it.

    Example:
        >>> import amalthea
        >>> model = amalthea.Sequential([amalthea.layers.Dense(2, name="first"), amalthea.layers.Dense(1, name="second")])
        >>> [(path, part.name) for path, part in walk(model) if path]
        [('layers/dense', 'first'), ('layers/dense_1', 'second')]
    """
    seen = set() if seen is None else seen
    if id(obj) in seen:
        return
    seen.add(id(obj))
    yield path, obj
    for name, child in _children(obj):
        yield from walk(child, f"{path}/{name}" if path else name, seen)


def describe(part: Any) -> dict[str, tuple[tuple[int, ...], str]]:
    """The shapes and dtypes of the variables of one object, by the names under which it saves them. No value is drawn or copied for it.

    Example:
        >>> import amalthea
        >>> layer = amalthea.layers.Dense(2)
        >>> layer.build((None, 3))
        >>> describe(layer)
        {'0': ((3, 2), 'float32'), '1': ((2,), 'float32')}
    """
    described: dict[str, tuple[tuple[int, ...], str]] = {}
    part.save_own_variables(_Descriptions(described))
    return described


class _Descriptions(dict[str, Any]):
    """A mapping that keeps shapes and dtypes of what is put into it."""

    def __init__(self, described: dict[str, tuple[tuple[int, ...], str]]) -> None:
        super().__init__()
        self._described = described

    def __setitem__(self, name: str, value: Any) -> None:
        if not hasattr(value, "shape"):
            value = np.asarray(value)
        self._described[name] = (tuple(int(size) for size in value.shape), dtypes.standardize_dtype(value.dtype))


def _children(obj: Any) -> Walk:
    """The objects with variables inside `obj`, by the names under which files keep them."""
    layers = getattr(obj, "layers", None)
    inside = {"layers": obj._layers if _is_sequential(obj) else layers} if layers is not None and (_is_sequential(obj) or _is_graph(obj)) else {}
    hidden = _hidden()
    attributes = {name: value for name, value in vars(obj).items() if name not in hidden} | inside
    for name in sorted(attributes):
        value = attributes[name]
        if _has_variables(value):
            yield name, value
        elif isinstance(value, (list, tuple, set)):
            yield from ((f"{name}/{part}", member) for part, member in _members(value))
        elif isinstance(value, Mapping):
            yield from ((f"{name}/{part}", member) for part, member in _members(value.values()))


def _members(values: Iterable[Any]) -> Walk:
    """The members of a container that have variables, by the names that they have in files."""
    members = [value for value in values if _has_variables(value)]
    return zip(names_of_members(type(value).__name__ for value in members), members, strict=True)


def names_of_members(classes: Iterable[str]) -> Iterator[str]:
    """The names in files of the members of a container: those of their classes, numbered where there are several.

    Example:
        >>> list(names_of_members(["Dense", "ReLU", "Dense"]))
        ['dense', 're_lu', 'dense_1']
    """
    counts: dict[str, int] = {}
    for name in map(snake_case, classes):
        count = counts[name] = counts.get(name, -1) + 1
        yield f"{name}_{count}" if count else name


def _has_variables(value: Any) -> bool:
    return hasattr(value, "save_own_variables") and not isinstance(value, type)


def _is_graph(obj: Any) -> bool:
    return "_function" in vars(obj)


def _is_sequential(obj: Any) -> bool:
    return "_functional" in vars(obj)


_hidden_names: set[str] = set()


def _hidden() -> set[str]:
    """The attributes that every layer or model has for itself."""
    if not _hidden_names:
        from amalthea.layers.layer import Layer
        from amalthea.models.model import Model

        _hidden_names.update(vars(Layer()), vars(Model()), ("_functional", "_function"))
        _hidden_names.discard("optimizer")
    return _hidden_names
