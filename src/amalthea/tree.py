"""Nested structures: lists, tuples, named tuples, deques and dictionaries whose leaves are anything else.

Dictionaries are walked in the order of their sorted keys (where keys can be sorted), so that two dictionaries with the
same keys have their leaves in the same order. None is a leaf. Where structures have to be alike, a list is not like a
tuple, nor one kind of named tuple like another; dictionaries of all kinds are alike if their keys are.
"""

from __future__ import annotations

import warnings
from collections import OrderedDict, defaultdict, deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from numbers import Integral
from typing import Any, TypeVar

from amalthea.errors import ArgumentError, ArgumentTypeError

T = TypeVar("T")
Structure = Any
Path = tuple[Any, ...]

_LEAF_TYPES = frozenset({type(None), str, bytes, int, float, bool, complex})
MAP_TO_NONE = object()
"""`traverse` replaces a part for which its function returns this by None."""


def is_nested(structure: Structure) -> bool:
    """Whether `structure` is a list, a tuple or a dictionary rather than a leaf."""
    kind = type(structure)
    if kind in _LEAF_TYPES:
        return False
    return kind is tuple or kind is list or kind is dict or isinstance(structure, (list, tuple, Mapping, deque))


def _keys(mapping: Mapping[Any, Any]) -> list[Any]:
    if isinstance(mapping, OrderedDict):
        return list(mapping)
    try:
        return sorted(mapping)
    except TypeError:
        return list(mapping)


def _children(structure: Structure) -> Iterator[tuple[Any, Any]]:
    if isinstance(structure, Mapping):
        return ((key, structure[key]) for key in _keys(structure))
    return enumerate(structure)


def _rows(structures: Sequence[Structure]) -> Iterator[tuple[Any, ...]]:
    """The children of structures that are alike, side by side, in the order of those of the first."""
    first = structures[0]
    if isinstance(first, Mapping):
        return (tuple(structure[key] for structure in structures) for key in _keys(first))
    return zip(*structures, strict=True)


def _rebuild(structure: Structure, children: list[Any]) -> Structure:
    """A structure of the kind of `structure`, with `children` in the order in which `_children` gives them."""
    if isinstance(structure, Mapping):
        by_key = dict(zip(_keys(structure), children, strict=True))
        pairs = [(key, by_key[key]) for key in structure]
        if isinstance(structure, defaultdict):
            return defaultdict(structure.default_factory, pairs)
        if isinstance(structure, OrderedDict):
            return OrderedDict(pairs)
        return dict(pairs)
    if isinstance(structure, tuple):
        return type(structure)(*children) if hasattr(structure, "_fields") else tuple(children)
    if isinstance(structure, deque):
        return deque(children, structure.maxlen)
    return list(children)


def flatten(structure: Structure) -> list[Any]:
    """The leaves of `structure`, in order.

    Example:
        >>> flatten({"b": [1, (2,)], "a": 0})
        [0, 1, 2]
    """
    leaves: list[Any] = []
    _flatten_into(structure, leaves)
    return leaves


def _flatten_into(structure: Structure, leaves: list[Any]) -> None:
    if not is_nested(structure):
        leaves.append(structure)
        return
    for _, child in _children(structure):
        _flatten_into(child, leaves)


def flatten_with_path(structure: Structure) -> list[tuple[Path, Any]]:
    """The leaves of `structure` with the keys and indices that lead to each.

    Example:
        >>> flatten_with_path({"a": [5, 6]})
        [(('a', 0), 5), (('a', 1), 6)]
    """

    def walk(part: Structure, path: Path) -> Iterator[tuple[Path, Any]]:
        if not is_nested(part):
            yield path, part
            return
        for key, child in _children(part):
            yield from walk(child, (*path, key))

    return list(walk(structure, ()))


def map_structure(func: Callable[..., Any], *structures: Structure, none_is_leaf: bool = True) -> Structure:
    """The structure of the first argument, with `func` applied to the leaves of all of them.

    Args:
        func: takes as many leaves as there are structures.
        *structures: structures alike in form.
        none_is_leaf: if False, a None stays None and `func` does not see it.

    Raises:
        ArgumentError: the structures differ in form.

    Example:
        >>> map_structure(lambda x, y: x + y, {"a": 1, "b": (2, 3)}, {"a": 10, "b": (20, 30)})
        {'a': 11, 'b': (22, 33)}
    """
    if not structures:
        raise ArgumentError("`map_structure` needs at least one structure.")
    first = structures[0]
    for other in structures[1:]:
        _assert_alike(first, other)
        if not none_is_leaf and (first is None) != (other is None):
            raise ArgumentError(f"The structures differ: {_short(first)} in one, {_short(other)} in another, where a None is no leaf.")
    if is_nested(first):
        return _rebuild(first, [map_structure(func, *row, none_is_leaf=none_is_leaf) for row in _rows(structures)])
    return None if first is None and not none_is_leaf else func(*structures)


def map_structure_up_to(shallow_structure: Structure, func: Callable[..., Any], *structures: Structure) -> Structure:
    """As `map_structure`, but no deeper than `shallow_structure` goes.

    Args:
        shallow_structure: the structure of the result. Its leaves are not looked at; none of them may be None.
        func: takes as many parts as there are structures.
        *structures: structures that are alike in form as far as the shallow one goes.

    Raises:
        ArgumentError: the structures differ in form, or the shallow one holds a None.

    Example:
        >>> map_structure_up_to([0, 0], len, [[1, 2], [3]])
        [2, 1]
    """
    if not structures:
        raise ArgumentError("`map_structure_up_to` needs at least one structure besides the shallow one.")
    if shallow_structure is None:
        raise ArgumentError("`shallow_structure` holds a None, which says of no part whether it is a leaf. Put anything else there, such as 0.")
    if not is_nested(shallow_structure):
        return func(*structures)
    for other in structures:
        _assert_alike(shallow_structure, other)
    return _rebuild(shallow_structure, [map_structure_up_to(row[0], func, *row[1:]) for row in _rows((shallow_structure, *structures))])


def is_shape(part: Structure) -> bool:
    """Whether `part` is a shape: a list or a tuple of integers and None, or an empty one.

    Example:
        >>> is_shape((None, 3)), is_shape([(2,), (3,)]), is_shape(3)
        (True, False, False)
    """
    return isinstance(part, (list, tuple)) and all(size is None or isinstance(size, Integral) for size in part)


def map_shape_structure(func: Callable[[Any], Any], structure: Structure) -> Structure:
    """As `map_structure`, for a structure of shapes: each list or tuple of integers and None is a leaf.

    Args:
        func: takes one shape, as it is in the structure. Other leaves are given to it too.
        structure: one shape, or shapes in lists, tuples and dictionaries.

    Returns:
        The structure with what `func` made of each shape.

    Example:
        >>> map_shape_structure(len, {"a": (None, 3), "b": [(2,), (3, 4, 5)]})
        {'a': 2, 'b': [1, 3]}
    """
    if is_shape(structure) or not is_nested(structure):
        return func(structure)
    return _rebuild(structure, [map_shape_structure(func, child) for _, child in _children(structure)])


def pack_sequence_as(structure: Structure, flat_sequence: Sequence[Any] | Iterable[Any]) -> Structure:
    """The leaves `flat_sequence` in the form of `structure`; the inverse of `flatten`.

    Raises:
        ArgumentError: there are more or fewer leaves than the structure has.

    Example:
        >>> pack_sequence_as({"b": 0, "a": (0, 0)}, [1, 2, 3])
        {'b': 3, 'a': (1, 2)}
    """
    flat = list(flat_sequence)
    position = iter(flat)
    try:
        packed = _pack(structure, position)
    except StopIteration:
        raise ArgumentError(f"`flat_sequence` has {len(flat)} elements, too few for the structure {structure!r}.") from None
    if sum(1 for _ in position):
        raise ArgumentError(f"`flat_sequence` has {len(flat)} elements, too many for the structure {structure!r}.")
    return packed


def _pack(structure: Structure, leaves: Iterator[Any]) -> Structure:
    if not is_nested(structure):
        return next(leaves)
    children = []
    for _, child in _children(structure):
        children.append(_pack(child, leaves))
    return _rebuild(structure, children)


def packer(structure: Structure) -> Callable[[Sequence[Any]], Structure]:
    """A function that does as `pack_sequence_as(structure, leaves)`, for many lists of leaves: the structure is walked once, here.

    Example:
        >>> pack = packer({"b": 0, "a": (0, 0)})
        >>> pack([1, 2, 3]), pack([4, 5, 6])
        ({'b': 3, 'a': (1, 2)}, {'b': 6, 'a': (4, 5)})
    """
    return _plan(structure, 0)[0]


def _plan(structure: Structure, at: int) -> tuple[Callable[[Sequence[Any]], Structure], int]:
    """What makes `structure` of leaves from position `at` on, and the position after them."""
    if not is_nested(structure):
        return (lambda leaves: leaves[at]), at + 1
    makers = []
    for _, child in _children(structure):
        make, at = _plan(child, at)
        makers.append(make)
    if type(structure) is dict:
        by_key = dict(zip(_keys(structure), makers, strict=True))
        pairs = [(key, by_key[key]) for key in structure]
        return (lambda leaves: {key: make(leaves) for key, make in pairs}), at
    return (lambda leaves: _rebuild(structure, [make(leaves) for make in makers])), at


def traverse(func: Callable[[Any], Any], structure: Structure, top_down: bool = True) -> Structure:
    """Rebuild `structure` with `func` asked at every part, inner ones too.

    `func` returns None to go on, something else to put it in place of the part, `MAP_TO_NONE` to put None there.

    Example:
        >>> traverse(lambda part: tuple(part) if isinstance(part, list) else None, {"a": [1, 2]}, top_down=True)
        {'a': (1, 2)}
    """

    def walk(part: Structure) -> Structure:
        if top_down:
            given = func(part)
            if given is not None:
                return None if given is MAP_TO_NONE else given
        if is_nested(part):
            part = _rebuild(part, [walk(child) for _, child in _children(part)])
        if not top_down:
            given = func(part)
            if given is not None:
                return None if given is MAP_TO_NONE else given
        return part

    return walk(structure)


def lists_to_tuples(structure: Structure) -> Structure:
    """`structure` with every list as a tuple."""
    if not is_nested(structure):
        return structure
    rebuilt = _rebuild(structure, [lists_to_tuples(child) for _, child in _children(structure)])
    return tuple(rebuilt) if isinstance(rebuilt, list) else rebuilt


def assert_same_structure(a: Structure, b: Structure, check_types: bool | None = None) -> None:
    """Raise `ArgumentError` unless `a` and `b` have the same form.

    Args:
        a: a structure.
        b: another.
        check_types: kept for Keras's sake, without effect: kinds are always compared. `assert_same_paths` does not compare them.

    Raises:
        ArgumentError: the structures differ in form.

    Example:
        >>> assert_same_structure([1, (2,)], [3, (4,)])
    """
    if check_types is not None:
        warnings.warn(
            "`check_types` has no effect: kinds are always compared. Leave it out, or use `assert_same_paths` to take lists for tuples.", stacklevel=2
        )
    _assert_alike(a, b)
    if is_nested(a):
        for child, other in _rows((a, b)):
            assert_same_structure(child, other)


def assert_same_paths(a: Structure, b: Structure) -> None:
    """Raise `ArgumentError` unless the leaves of `a` and `b` have the same paths, whatever the kinds around them.

    Example:
        >>> assert_same_paths([1, (2,)], (3, [4]))
    """
    paths = [{path for path, _ in flatten_with_path(s)} for s in (a, b)]
    if paths[0] != paths[1]:
        raise ArgumentError(f"The structures have leaves at different paths: {sorted(map(str, paths[0] ^ paths[1]))}.")


def _kind(part: Structure) -> Any:
    """What two parts must have in common to be alike; None for a leaf."""
    if not is_nested(part):
        return None
    if isinstance(part, tuple) and hasattr(part, "_fields"):
        return type(part)
    return next(kind for kind in (tuple, list, Mapping, deque) if isinstance(part, kind))


def _assert_alike(a: Structure, b: Structure) -> None:
    """Compare the outermost parts of two structures."""
    if type(a) is not type(b) and _kind(a) is not _kind(b):
        raise ArgumentError(f"The structures differ: {type(a).__name__} in one, {type(b).__name__} in another ({_short(a)} and {_short(b)}).")
    if not is_nested(a):
        return
    if isinstance(a, Mapping):
        if a.keys() != b.keys():
            raise ArgumentError(f"The structures differ: the keys {_keys(a)} in one, {_keys(b)} in another.")
    elif len(a) != len(b):
        raise ArgumentError(f"The structures differ: {len(a)} elements in one, {len(b)} in another ({_short(a)} and {_short(b)}).")


def _short(part: object) -> str:
    text = repr(part)
    return text if len(text) <= 60 else text[:57] + "..."


def only(structure: Structure, kind: type[T], argument: str) -> list[T]:
    """The leaves of `structure`, which must all be of `kind`; `argument` is named in the error."""
    leaves = flatten(structure)
    for leaf in leaves:
        if not isinstance(leaf, kind):
            raise ArgumentTypeError(f"`{argument}` must hold {kind.__name__} objects only. Received: {leaf!r} of type {type(leaf).__name__}.")
    return leaves
