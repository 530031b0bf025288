"""Names: unique ones for layers and variables, and the scopes that make up a variable's path."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from amalthea.errors import ArgumentError

_counts: defaultdict[str, int] = defaultdict(int)
_scope: ContextVar[tuple[str, ...]] = ContextVar("amalthea_name_scope", default=())


def snake_case(name: str) -> str:
    """A class's name as a layer's: "Conv2DTranspose" gives "conv2d_transpose".

    Example:
        >>> snake_case("MaxPooling2D"), snake_case("LSTM"), snake_case("MLPBlock")
        ('max_pooling2d', 'lstm', 'mlp_block')
    """
    name = re.sub(r"\W+", "", name)
    name = re.sub(r"(.)([A-Z][a-z]+)", r"\1_\2", name)
    return re.sub(r"([a-z])([A-Z])", r"\1_\2", name).lower()


def unique_name(base: str) -> str:
    """`base`, or at the second call "base_1", and so on.

    Example:
        >>> reset_names()
        >>> unique_name("dense"), unique_name("dense")
        ('dense', 'dense_1')
    """
    count = _counts[base]
    _counts[base] += 1
    return f"{base}_{count}" if count else base


def reset_names() -> None:
    """Count unique names from the start again."""
    _counts.clear()


def memento() -> Callable[[], None]:
    """A function after which unique names are counted on from where they are now."""
    counts = dict(_counts)

    def restore() -> None:
        _counts.clear()
        _counts.update(counts)

    return restore


@contextmanager
def name_scope(name: str) -> Iterator[None]:
    """Variables made inside have paths that start with `name`.

    Args:
        name: one part of a path, without "/".

    Example:
        >>> with name_scope("outer"), name_scope("inner"):
        ...     current_path("kernel")
        'outer/inner/kernel'
    """
    if not isinstance(name, str) or "/" in name:
        raise ArgumentError(f"`name` must be a string without '/'. Received: {name!r}.")
    token = _scope.set((*_scope.get(), name))
    try:
        yield
    finally:
        _scope.reset(token)


@contextmanager
def absolute_scope(path: str) -> Iterator[None]:
    """Variables made inside have paths that start with `path`, wherever this is."""
    token = _scope.set(tuple(part for part in path.split("/") if part))
    try:
        yield
    finally:
        _scope.reset(token)


def current_path(name: str = "") -> str:
    """`name` with the names of the scopes around, joined by "/"."""
    parts = (*_scope.get(), name) if name else _scope.get()
    return "/".join(parts)


def distinct(paths: Iterable[str]) -> list[str]:
    """The paths, of which those that were there already get a number.

    Example:
        >>> distinct(["a/kernel", "a/bias", "a/kernel"])
        ['a/kernel', 'a/bias', 'a/kernel_1']
    """
    found: dict[str, None] = {}
    for path in paths:
        name, count = path, 0
        while name in found:
            count += 1
            name = f"{path}_{count}"
        found[name] = None
    return list(found)
