"""One-hot rows, unit vectors, seeds, padding and splits."""

from __future__ import annotations

import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from amalthea import utils
from amalthea.errors import ArgumentError, ArgumentTypeError, DataError


@given(st.lists(st.integers(0, 9), min_size=1, max_size=20))
def test_one_hot_rows_have_their_one_at_the_label(labels):
    rows = utils.to_categorical(labels, 10)
    assert rows.shape == (len(labels), 10)
    assert rows.argmax(axis=1).tolist() == labels
    assert (rows.sum(axis=1) == 1).all()


@pytest.mark.parametrize(("shape", "expected"), [((4,), (4, 3)), ((4, 1), (4, 3)), ((2, 2), (2, 2, 3)), ((1,), (1, 3)), ((), (3,))])
def test_one_hot_shapes(shape, expected):
    assert utils.to_categorical(np.full(shape, 2)).shape == expected


@pytest.mark.parametrize(("labels", "classes", "word"), [([0, 3], 3, "label 3"), ([-1, 1], 3, "label -1")])
def test_labels_outside_the_classes(labels, classes, word):
    with pytest.raises(ArgumentError, match=f"{word}.*0 to 2"):
        utils.to_categorical(labels, classes)


@pytest.mark.parametrize(("order", "length"), [(1, 7.0), (2, 5.0), (np.inf, 4.0)])
@pytest.mark.parametrize("axis", [0, 1, -1])
def test_vectors_of_unit_length(order, length, axis):
    x = np.array([[3.0, -4.0]])
    x = x.T if axis == 0 else x
    np.testing.assert_allclose(utils.normalize(x, axis=axis, order=order), x / length)


def test_zeros_stay_zeros_and_tensors_stay_tensors():
    import amalthea

    assert utils.normalize(np.zeros((2, 3))).tolist() == np.zeros((2, 3)).tolist()
    with amalthea.config.engine("numpy"):
        x = amalthea.ops.convert_to_tensor([[3.0, 4.0], [0.0, 0.0]])
        np.testing.assert_allclose(np.asarray(utils.normalize(x)), [[0.6, 0.8], [0, 0]], rtol=1e-6)
    with pytest.raises(ArgumentError, match="order"):
        utils.normalize(np.ones(3), order="fro")


def test_one_seed_for_all_generators():
    import amalthea

    drawn = []
    for _ in range(2):
        utils.set_random_seed(11)
        with amalthea.config.engine("numpy"):
            drawn.append((random.random(), np.random.rand(), np.asarray(amalthea.random.uniform((2,))).tolist()))
    assert drawn[0] == drawn[1]
    with pytest.raises(ArgumentError, match="seed"):
        utils.set_random_seed("x")


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, [[0, 0, 1], [2, 3, 4]]),
        ({"padding": "post"}, [[1, 0, 0], [2, 3, 4]]),
        ({"maxlen": 2}, [[0, 1], [3, 4]]),
        ({"maxlen": 2, "truncating": "post", "value": 9}, [[9, 1], [2, 3]]),
        ({"maxlen": 0}, [[], []]),
    ],
)
def test_padding(options, expected):
    padded = utils.pad_sequences([[1], [2, 3, 4]], **options)
    assert padded.tolist() == expected
    assert padded.dtype == "int32"


def test_padding_of_vectors_and_text():
    assert utils.pad_sequences([[[1, 2]], [], [[3, 4], [5, 6]]]).shape == (3, 2, 2)
    assert utils.pad_sequences([["a"], ["b", "c"]], dtype=object, value="-").tolist() == [["-", "a"], ["b", "c"]]


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (([1, 2],), ArgumentError),
        (([[1]], None, "int32", "left"), ArgumentError),
        (([[1]], None, "int32", "pre", "left"), ArgumentError),
        (([[1]], None, "int32", "pre", "pre", "x"), ArgumentTypeError),
        (([[[1, 2]], [[1]]],), ArgumentError),
    ],
)
def test_padding_that_cannot_be(arguments, error):
    with pytest.raises(error):
        utils.pad_sequences(*arguments)


@given(st.integers(2, 60), st.floats(0.05, 0.95), st.booleans())
def test_splits_lose_nothing(count, fraction, shuffle):
    x = np.arange(count)
    if round(fraction * count) in (0, count):
        return
    (left, left_y), (right, right_y) = utils.split_dataset((x, x * 2), left_size=fraction, shuffle=shuffle, seed=1)
    assert len(left) == round(fraction * count)
    assert sorted([*left, *right]) == x.tolist()
    assert (left_y == left * 2).all()
    assert (right_y == right * 2).all()
    if not shuffle:
        assert left.tolist() == x[: len(left)].tolist()


@pytest.mark.parametrize(
    ("sizes", "expected"),
    [
        ({"left_size": 3}, (3, 7)),
        ({"right_size": 3}, (7, 3)),
        ({"left_size": 2, "right_size": 3}, (2, 3)),
        ({"left_size": 0.25, "right_size": 0.75}, (2, 8)),
    ],
)
def test_sizes_of_splits(sizes, expected):
    left, right = utils.split_dataset(np.arange(10), **sizes)
    assert (len(left), len(right)) == expected
    assert left.tolist() + right.tolist() == list(range(sum(expected)))


def test_data_sets_are_split_by_taking_and_skipping():
    class Dataset(list):
        def take(self, count):
            return Dataset(self[:count])

        def skip(self, count):
            return Dataset(self[count:])

    assert utils.split_dataset(Dataset(range(4)), right_size=1) == ([0, 1, 2], [3])


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ((np.arange(4),), ArgumentError),
        ((np.arange(4), 5), ArgumentError),
        ((np.arange(4), 1.5), ArgumentError),
        ((np.arange(4), 3, 3), ArgumentError),
        ((np.arange(4), 4), ArgumentError),
        ((np.arange(4), "half"), ArgumentTypeError),
        ((object(), 2), ArgumentTypeError),
        (((np.arange(4), np.arange(5)), 2), DataError),
    ],
)
def test_splits_that_cannot_be(arguments, error):
    with pytest.raises(error):
        utils.split_dataset(*arguments)


def test_every_public_name_is_there():
    for name in utils.__all__:
        assert getattr(utils, name) is not None
    assert utils.Sequence is utils.PyDataset
    assert set(utils.__all__) <= set(dir(utils))
    with pytest.raises(AttributeError, match="nothing_of_the_kind"):
        _ = utils.nothing_of_the_kind


def test_names_are_counted_anew():
    from amalthea import backend

    first = [backend.get_uid("counted"), backend.get_uid("counted")]
    assert first == [1, 2]
    from amalthea.state.naming import unique_name

    unique_name("thing")
    utils.clear_session()
    assert unique_name("thing") == "thing"
