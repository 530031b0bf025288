"""Nested structures: properties on drawn ones, and what is refused."""

from collections import OrderedDict, defaultdict, deque, namedtuple

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from amalthea import tree
from amalthea.errors import ArgumentError, ArgumentTypeError

Point = namedtuple("Point", "x y")
Pair = namedtuple("Pair", "x y")
STRUCTURES = st.recursive(
    st.integers() | st.none() | st.text(max_size=2),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.lists(inner, max_size=3).map(tuple)
        | st.dictionaries(st.sampled_from("abcd"), inner, max_size=3)
        | st.tuples(inner, inner).map(lambda pair: Point(*pair))
    ),
    max_leaves=12,
)


@given(STRUCTURES)
def test_packing_undoes_flattening(structure):
    leaves = tree.flatten(structure)
    packed = tree.pack_sequence_as(structure, leaves)
    assert packed == structure
    assert type(packed) is type(structure)
    assert tree.map_structure(lambda leaf: leaf, structure) == structure
    assert [leaf for _, leaf in tree.flatten_with_path(structure)] == leaves


@given(STRUCTURES)
def test_paths_lead_to_their_leaves(structure):
    for path, leaf in tree.flatten_with_path(structure):
        part = structure
        for key in path:
            part = part[key]
        assert part is leaf


@given(STRUCTURES)
def test_a_structure_is_like_itself_and_its_image(structure):
    image = tree.map_structure(lambda leaf: 0, structure)
    tree.assert_same_structure(structure, image)
    tree.assert_same_paths(structure, image)
    assert tree.flatten(image) == [0] * len(tree.flatten(structure))
    assert tree.map_structure(lambda a, b: (a, b) == (a, 0), structure, image) == tree.map_structure(lambda leaf: True, structure)


@given(STRUCTURES)
def test_lists_become_tuples(structure):
    def has_list(part):
        return isinstance(part, list) or (
            tree.is_nested(part) and any(has_list(child) for child in (part.values() if isinstance(part, dict) else part))
        )

    assert not has_list(tree.lists_to_tuples(structure))
    assert tree.flatten(tree.lists_to_tuples(structure)) == tree.flatten(structure)


def test_dictionaries_go_by_their_sorted_keys_and_keep_their_order():
    assert tree.flatten({"b": 1, "a": 2}) == [2, 1]
    assert list(tree.map_structure(str, {"b": 1, "a": 2}).items()) == [("b", "1"), ("a", "2")]
    assert tree.flatten(OrderedDict(b=1, a=2)) == [1, 2]
    assert tree.map_structure(lambda x, y: x - y, {"b": 10, "a": 20}, {"a": 1, "b": 2}) == {"b": 8, "a": 19}


def test_kinds_are_kept():
    counts = defaultdict(int, a=1)
    image = tree.map_structure(lambda x: x + 1, counts)
    assert (type(image), image.default_factory, dict(image)) == (defaultdict, int, {"a": 2})
    assert tree.map_structure(lambda x: x + 1, deque([1, 2], maxlen=5)) == deque([2, 3])
    assert tree.map_structure(lambda x: x + 1, Point(1, 2)) == Point(2, 3)
    assert type(tree.map_structure(lambda x: x, OrderedDict(a=1))) is OrderedDict


def test_none():
    assert tree.flatten(None) == [None]
    assert tree.map_structure(lambda x: 0, [1, None]) == [0, 0]
    assert tree.map_structure(lambda x: 0, [1, None], none_is_leaf=False) == [0, None]


def test_traverse_asks_inner_parts():
    doubled = tree.traverse(lambda part: part * 2 if isinstance(part, int) else None, {"a": [1, 2]})
    assert doubled == {"a": [2, 4]}
    assert tree.traverse(lambda part: tree.MAP_TO_NONE if part == [1] else None, ([1], 2)) == (None, 2)
    seen = []
    tree.traverse(lambda part: seen.append(part), [1, [2]], top_down=False)
    assert seen == [1, 2, [2], [1, [2]]]


def test_no_deeper_than():
    assert tree.map_structure_up_to({"a": 0}, len, {"a": [1, 2, 3]}) == {"a": 3}


def test_shapes_are_leaves():
    shapes = {"a": (None, 3), "b": [(), [2]], "c": [(1, 2), {"d": (3,)}]}
    assert tree.map_shape_structure(len, shapes) == {"a": 2, "b": [0, 1], "c": [2, {"d": 1}]}
    assert tree.map_shape_structure(lambda shape: shape, (2, None)) == (2, None)
    assert tree.map_shape_structure(type, [(np.int64(2), 3)]) == [tuple]
    assert tree.map_shape_structure(lambda leaf: leaf, {"a": None, "b": "text"}) == {"a": None, "b": "text"}


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ([1], [1, 2]),
        ([1], {"a": 1}),
        ({"a": 1}, {"b": 1}),
        ([1, [2]], [1, 2]),
        (1, [1]),
        ([1], 1),
        ({"a": [1]}, {"a": 1}),
        ([1], (1,)),
        ([1], deque([1])),
        ((1, 2), Point(1, 2)),
        (Point(1, 2), Pair(1, 2)),
        ([None], [[]]),
    ],
)
def test_structures_that_differ(a, b):
    for one, other in ((a, b), (b, a)):
        with pytest.raises(ArgumentError, match="differ"):
            tree.assert_same_structure(one, other)
        with pytest.raises(ArgumentError, match="differ"):
            tree.map_structure(lambda x, y: x, one, other)


def test_dictionaries_of_all_kinds_are_alike_and_meet_by_key():
    ordered, plain = OrderedDict(b=1, a=2), {"a": 20, "b": 10}
    tree.assert_same_structure(ordered, plain)
    assert tree.map_structure(lambda x, y: x + y, ordered, plain) == OrderedDict(b=11, a=22)
    assert tree.map_structure(lambda x, y: x + y, ordered, OrderedDict(a=20, b=10)) == OrderedDict(b=11, a=22)
    assert tree.map_structure_up_to(ordered, lambda x: x, defaultdict(int, plain)) == OrderedDict(b=10, a=20)


def test_paths_alone_may_be_compared():
    tree.assert_same_paths([1, (2,)], (3, deque([4])))
    with pytest.warns(UserWarning, match="has no effect"):
        tree.assert_same_structure([1], [2], check_types=False)


def test_where_none_is_no_leaf_it_meets_only_none():
    assert tree.map_structure(lambda x, y: x + y, [1, None], [2, None], none_is_leaf=False) == [3, None]
    for one, other in (([1], [None]), ([None], [1])):
        with pytest.raises(ArgumentError, match=r"differ.*None"):
            tree.map_structure(lambda x, y: x, one, other, none_is_leaf=False)


def test_refusals_say_what_came():
    with pytest.raises(ArgumentError, match="differ"):
        tree.map_structure(lambda x, y: x, [1, 2], [1])
    with pytest.raises(ArgumentError, match="1 elements, too few"):
        tree.pack_sequence_as([0, 0], [1])
    with pytest.raises(ArgumentError, match="3 elements, too many"):
        tree.pack_sequence_as([0, 0], [1, 2, 3])
    with pytest.raises(ArgumentError, match="different paths"):
        tree.assert_same_paths({"a": 1}, {"b": 1})
    with pytest.raises(ArgumentError, match="at least one structure"):
        tree.map_structure(len)
    with pytest.raises(ArgumentError, match="at least one structure"):
        tree.map_structure_up_to([0], len)
    with pytest.raises(ArgumentError, match="`shallow_structure` holds a None"):
        tree.map_structure_up_to([None], len, [[1]])
    with pytest.raises(ArgumentTypeError, match="`xs` must hold int objects only"):
        tree.only([1, "two"], int, "xs")
