"""`amalthea.tree` beside `keras.tree`, on drawn structures and pairs of them: the same results, and refusals in the same places."""

from collections import OrderedDict, defaultdict, deque, namedtuple

import keras
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from amalthea import tree

Point = namedtuple("Point", "x y")
Pair = namedtuple("Pair", "x y")
REFUSED = "refused"


def _inner(parts):
    lists = st.lists(parts, max_size=2)
    dictionaries = st.dictionaries(st.sampled_from("ab"), parts, max_size=2)
    return st.one_of(
        lists,
        lists.map(tuple),
        lists.map(deque),
        dictionaries,
        dictionaries.map(OrderedDict),
        dictionaries.map(lambda entries: defaultdict(int, entries)),
        st.tuples(parts, parts).map(lambda pair: Point(*pair)),
        st.tuples(parts, parts).map(lambda pair: Pair(*pair)),
    )


STRUCTURES = st.recursive(st.sampled_from([0, 1, None, "text"]), _inner, max_leaves=6)
SHAPES = st.recursive(st.lists(st.sampled_from([None, 1, 3]), max_size=3).map(tuple) | st.just([2, None]) | st.none(), _inner, max_leaves=5)


def _answer(act, module):
    """What `act` gives with one of the two modules, kinds included, or that it refuses."""
    try:
        return _described(act(module))
    except (ValueError, TypeError):
        return REFUSED


def _described(x):
    if isinstance(x, dict):
        return type(x).__name__, [(key, _described(value)) for key, value in x.items()]
    if isinstance(x, (list, tuple, deque)):
        return type(x).__name__, [_described(part) for part in x]
    return x


def agree(act):
    assert _answer(act, tree) == _answer(act, keras.tree)


@given(STRUCTURES)
def test_one_structure(structure):
    agree(lambda module: module.flatten(structure))
    agree(lambda module: module.flatten_with_path(structure))
    agree(lambda module: module.is_nested(structure))
    agree(lambda module: module.lists_to_tuples(structure))
    agree(lambda module: module.map_structure(lambda leaf: ("seen", leaf), structure))
    agree(lambda module: module.map_structure(lambda leaf: ("seen", leaf), structure, none_is_leaf=False))


@given(STRUCTURES, STRUCTURES)
@example([1], (1,))
@example(Point(1, 2), Pair(1, 2))
@example(Point(1, 2), (1, 2))
@example([None], [1])
@example([None], [[1]])
@example({"a": 1, "b": 2}, OrderedDict(b=3, a=4))
@example(OrderedDict(a=1, b=2), OrderedDict(b=3, a=4))
@example([1, 1], [[2], {"a": (3,)}])
@example([], ())
@example([], {})
def test_two_structures(one, other):
    agree(lambda module: module.assert_same_structure(one, other))
    agree(lambda module: module.assert_same_paths(one, other))
    agree(lambda module: module.map_structure(lambda x, y: [x, y], one, other))
    agree(lambda module: module.map_structure(lambda x, y: [x, y], one, other, none_is_leaf=False))
    agree(lambda module: module.map_structure_up_to(one, lambda part: ("seen", part), other))
    agree(lambda module: module.map_structure_up_to(one, lambda x, y: [x, y], other, one))


@given(STRUCTURES, st.integers(-1, 1))
def test_packing(structure, more):
    leaves = [f"leaf {index}" for index in range(len(tree.flatten(structure)) + more)]
    agree(lambda module: module.pack_sequence_as(structure, leaves))


@given(SHAPES)
@example((2, None))
@example([()])
@example([(1, 2), None, "text"])
@example([1.5, 2])
def test_structures_of_shapes(shapes):
    agree(lambda module: module.map_shape_structure(lambda shape: ("seen", shape), shapes))


@given(STRUCTURES, st.booleans())
def test_traversing(structure, top_down):
    def act(module):
        seen = []

        def visit(part):
            seen.append(_described(part))
            if part == 1:
                return module.MAP_TO_NONE
            return "a list" if type(part) is list else None

        return [module.traverse(visit, structure, top_down=top_down), seen]

    agree(act)


@pytest.mark.parametrize("name", [name for name in dir(keras.tree) if not name.startswith("_")])
def test_every_name_is_there(name):
    assert hasattr(tree, name)
