"""Sources of batches: arrays, generators, data sets; and what is said of data that cannot be used."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from amalthea import config
from amalthea.errors import DataError
from amalthea.training import data


def firsts(source, epoch=0):
    """The first column of every batch's first array, as lists."""
    batches = []
    for batch in source.batches(epoch):
        leaf = batch[0]
        batches.append(np.asarray(leaf).reshape(len(leaf), -1)[:, 0].tolist())
    return batches


class Loader:
    """Restartable, of known length, with lists as batches: as a PyTorch `DataLoader` gives them."""

    def __init__(self, count):
        self.count, self.passes = count, 0

    def __len__(self):
        return self.count

    def __iter__(self):
        self.passes += 1
        return iter([np.full((2, 1), i), np.full((2,), i)] for i in range(self.count))


class TfDataset:
    """What a `tf.data.Dataset` can do, as far as it is used."""

    def __init__(self, count, cardinality):
        self.count, self._cardinality = count, cardinality

    def cardinality(self):
        return np.int64(self._cardinality)

    def as_numpy_iterator(self):
        return iter((np.full((2, 1), i, "float32"), np.full((2,), i)) for i in range(self.count))

    def __iter__(self):
        raise AssertionError("tensors are not asked for")


def generator(count):
    return ((np.full((2, 1), i), np.full(2, i)) for i in range(count))


# --- arrays ---


def test_arrays_are_cut_in_order_and_without_copies():
    x, y = np.arange(10, dtype="float32").reshape(5, 2), np.arange(5)
    source = data.make_source(x, y, batch_size=2)
    batches = list(source.batches())
    assert (source.num_batches, source.batch_size) == (3, 2)
    assert [b[1].tolist() for b in batches] == [[0, 1], [2, 3], [4]]
    assert all(np.shares_memory(b[0], x) for b in batches)


def test_default_batch_size_is_32():
    source = data.make_source(np.zeros((65, 1)))
    assert [len(b[0]) for b in source.batches()] == [32, 32, 1]


@given(st.integers(1, 40), st.integers(1, 12), st.sampled_from([True, False, "batch"]), st.integers(0, 2**64))
def test_every_sample_comes_once_an_epoch(count, size, shuffle, seed):
    source = data.make_source(np.arange(count), batch_size=size, shuffle=shuffle, seed=seed)
    batches = firsts(source, 3)
    assert sorted(label for batch in batches for label in batch) == list(range(count))
    assert [len(b) for b in batches] == [size] * (count // size) + [count % size] * (count % size > 0)


def test_shuffles_depend_on_seed_and_epoch_alone():
    x = np.arange(100)
    one, two = (data.make_source(x, batch_size=100, shuffle=True, seed=7) for _ in range(2))
    assert firsts(one, 1) == firsts(two, 1)
    assert firsts(one, 0) != firsts(one, 1)
    assert firsts(data.make_source(x, batch_size=100, shuffle=True, seed=8), 1) != firsts(one, 1)


def test_unseeded_shuffles_follow_set_random_seed():
    import amalthea

    orders = []
    for _ in range(2):
        amalthea.utils.set_random_seed(5)
        orders.append(firsts(data.make_source(np.arange(50), batch_size=50, shuffle=True)))
    assert orders[0] == orders[1]
    assert orders[0] != [list(range(50))]


def test_batch_shuffle_keeps_batches_whole():
    batches = firsts(data.make_source(np.arange(23), batch_size=5, shuffle="batch", seed=1))
    assert batches[-1] == [20, 21, 22]
    assert sorted(batches[:-1]) == [list(range(i, i + 5)) for i in range(0, 20, 5)]
    assert batches[:-1] != sorted(batches[:-1])


def test_x_and_y_are_shuffled_alike():
    for x, y, w in data.make_source(np.arange(20), np.arange(20) * 2, np.arange(20) / 4, batch_size=3, shuffle=True, seed=0).batches():
        assert (y == 2 * x).all()
        assert (w == x / 4).all()


@pytest.mark.parametrize(
    ("given_dtype", "dtype"), [("float64", "float32"), ("float16", "float32"), ("int64", "int64"), ("uint8", "uint8"), ("bool", "bool")]
)
def test_floats_become_floatx_and_all_else_stays(given_dtype, dtype):
    x = np.ones((3, 2), given_dtype)
    (batch,) = data.make_source(x).batches()
    assert batch[0].dtype == dtype
    assert data.make_source(x).peek()[0].dtype == dtype
    assert data.single_batch(x)[0].dtype == dtype


def test_floatx_is_read_from_the_configuration():
    config.set_floatx("float64")
    try:
        (batch,) = data.make_source(np.ones(3, "float32")).batches()
    finally:
        config.set_floatx("float32")
    assert batch[0].dtype == "float64"


def test_structures_are_kept():
    x = {"b": np.zeros((4, 1)), "a": [np.ones(4), (np.full(4, 2),)]}
    (batch,) = data.make_source(x, [np.zeros(4), None]).batches()
    assert list(batch[0]) == ["b", "a"]
    assert isinstance(batch[0]["a"], list)
    assert isinstance(batch[0]["a"][1], tuple)
    assert batch[0]["a"][1][0].tolist() == [2, 2, 2, 2]
    assert batch[1][1] is None


def test_lists_of_numbers_are_arrays():
    x, y = data.make_source([[1, 2], [3, 4], [5, 6]], [1.0, 2.0, 3.0]).peek()
    assert x.shape == (3, 2)
    assert y.tolist() == [1, 2, 3]


def test_engine_tensors_are_arrays():
    import amalthea

    with amalthea.config.engine("numpy"):
        tensor = amalthea.ops.ones((4, 2))
    assert data.make_source(tensor).peek()[0].shape == (4, 2)


def test_tensors_that_track_gradients_are_detached():
    class Tracking:
        def __init__(self, tracked=True):
            self.tracked = tracked

        def detach(self):
            return Tracking(False)

        def cpu(self):
            return self

        def __array__(self, dtype=None, copy=None):
            assert not self.tracked
            return np.ones((2, 2), "float32")

    assert data.make_source(Tracking()).peek()[0].shape == (2, 2)


def test_peek_takes_nothing():
    for source in (data.make_source(np.arange(4), batch_size=2), data.make_source(generator(2)), data.make_source(Loader(2))):
        first = source.peek()[0]
        assert np.array_equal(source.peek()[0], first)
        assert len(firsts(source)) == 2


def test_labels_are_the_whole_targets():
    y = np.arange(5)
    assert data.make_source(np.zeros(5), y, batch_size=2).whole()[1] is not None
    assert data.make_source(np.zeros(5), y).whole()[1].tolist() == y.tolist()
    assert data.make_source(np.zeros(5)).whole()[1:] in ((), (None,), (None, None))
    assert data.make_source(generator(2)).whole() is None


# --- epochs of another length than a pass ---


def test_steps_go_on_where_they_stopped():
    source = data.make_source(np.arange(8), batch_size=2, steps_per_epoch=2)
    assert source.num_batches == 2
    assert [firsts(source, epoch) for epoch in range(3)] == [[[0, 1], [2, 3]], [[4, 5], [6, 7]], [[0, 1], [2, 3]]]


def test_a_pass_that_ends_within_an_epoch_ends_it():
    source = data.make_source(np.arange(5), batch_size=1, steps_per_epoch=3)
    assert firsts(source, 0) == [[0], [1], [2]]
    with pytest.warns(UserWarning, match=r"ran out of data after 2 of 3 steps.*repeat the data set"):
        assert firsts(source, 1) == [[3], [4]]
    assert firsts(source, 2) == [[0], [1], [2]]


def test_a_generator_is_read_once():
    source = data.make_source(generator(3))
    assert source.num_batches is None
    assert source.ready()
    assert firsts(source) == [[0, 0], [1, 1], [2, 2]]
    assert source.num_batches == 3
    assert source.exhausted
    with pytest.warns(UserWarning, match="ran out of data"):
        assert not source.ready()


def test_a_generator_with_steps_goes_on():
    source = data.make_source(generator(5), steps_per_epoch=2)
    assert firsts(source, 0) == [[0, 0], [1, 1]]
    assert source.ready()
    assert firsts(source, 1) == [[2, 2], [3, 3]]
    assert source.ready()
    with pytest.warns(UserWarning, match=r"after 1 of 2 steps.*without end"):
        assert firsts(source, 2) == [[4, 4]]
    assert not source.ready()


def test_a_generator_that_ends_with_the_epoch_is_not_ready_again():
    source = data.make_source(generator(2), steps_per_epoch=2)
    assert len(firsts(source)) == 2
    with pytest.warns(UserWarning, match="ran out"):
        assert not source.ready()


# --- data sets of other libraries ---


def test_loaders_are_read_anew_each_epoch():
    loader = Loader(2)
    source = data.make_source(loader)
    assert source.num_batches == 2
    source.peek()
    assert firsts(source, 0) == firsts(source, 1) == [[0, 0], [1, 1]]
    assert loader.passes == 2


def test_tf_datasets_give_arrays():
    assert data.make_source(TfDataset(3, 3)).num_batches == 3
    source = data.make_source(TfDataset(3, -2))
    assert source.num_batches is None
    assert firsts(source) == [[0, 0], [1, 1], [2, 2]]
    assert data.make_source(TfDataset(9, -1), steps_per_epoch=2).num_batches == 2
    with pytest.raises(DataError, match=r"no end.*`steps` of `evaluate`"):
        data.make_source(TfDataset(9, -1), purpose="evaluate")


def test_float64_batches_of_data_sets_become_floatx():
    batch = data.make_source(iter([({"a": np.ones((2, 1))}, [0, 1])])).peek()
    assert batch[0]["a"].dtype == "float32"
    assert batch[1].tolist() == [0, 1]


def test_none_in_batches_is_left_out():
    assert len(data.make_source(iter([(np.ones(2), None)])).peek()) == 1
    assert len(data.make_source(iter([np.ones(2)])).peek()) == 1


def test_a_source_is_a_source_already():
    source = data.make_source(np.arange(3))
    assert data.make_source(source) is source
    assert len(list(source)) == 1


# --- class weights ---


@pytest.mark.parametrize("y", [np.array([0, 1, 2, 1]), np.array([[0], [1], [2], [1]]), np.eye(3)[[0, 1, 2, 1]], np.array([0.0, 1.0, 2.0, 1.0])])
def test_class_weights_become_sample_weights(y):
    batch = data.make_source(np.zeros(4), y, class_weight={1: 3.0, 2: 0.5}).peek()
    assert batch[2].tolist() == [1.0, 3.0, 0.5, 3.0]
    assert batch[2].dtype == "float32"


def test_class_weights_of_generators():
    weights = [batch[2].tolist() for batch in data.make_source(generator(3), class_weight={1: 2}).batches()]
    assert weights == [[1, 1], [2, 2], [1, 1]]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"y": np.zeros(3), "sample_weight": np.ones(3)}, "not both"),
        ({}, "needs targets"),
        ({"y": [np.zeros(3), np.zeros(3)]}, "one output"),
        ({"y": np.array([[1, 5], [2, 3], [0, 1]])}, "not one-hot"),
    ],
)
def test_class_weights_that_cannot_be(arguments, message):
    with pytest.raises(DataError, match=message):
        data.make_source(np.zeros(3), class_weight={0: 1.0}, **arguments)


@pytest.mark.parametrize("class_weight", [{}, [1, 2], {"a": 1.0}, {0: "much"}, {-1: 1.0}])
def test_class_weights_of_a_wrong_form(class_weight):
    with pytest.raises(DataError, match="class_weight"):
        data.make_source(np.zeros(3), np.zeros(3), class_weight=class_weight)


# --- errors ---


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"x": None}, "`fit` was given no data"),
        ({"x": []}, "no samples"),
        ({"x": np.zeros((0, 3))}, r"no samples.*\(0, 3\)"),
        ({"x": {}}, "holds no array"),
        ({"x": np.zeros((3, 1)), "y": np.zeros(2)}, r"(?s)x: 3 samples.*y: 2 samples"),
        ({"x": {"image": np.zeros(3), "text": np.zeros(4)}}, r"(?s)x\['image'\]: 3 samples.*x\['text'\]: 4 samples"),
        ({"x": np.float32(1)}, "single number"),
        ({"x": [[1, 2], [3]]}, "differ in length.*pad_sequences"),
        ({"x": np.array(["a", "b"])}, "array of text"),
        ({"x": np.array([1, None], object)}, "None of type NoneType"),
        ({"x": np.array([1, 2], object)}, "astype"),
        ({"x": np.array([np.zeros(2), np.zeros(3)], object)}, "np.stack"),
        ({"x": np.array(["2020-01-01"], "datetime64[D]")}, "datetime64"),
        ({"x": object()}, "which is no array"),
        ({"x": np.zeros(3), "sample_weight": np.zeros(3)}, "needs targets"),
        ({"x": np.zeros(3), "batch_size": 0}, "batch_size"),
        ({"x": np.zeros(3), "batch_size": True}, "batch_size"),
        ({"x": np.zeros(3), "shuffle": "rows"}, "shuffle"),
        ({"x": np.zeros(3), "steps_per_epoch": 0}, "number of steps"),
        ({"x": Loader(2), "y": np.zeros(4)}, "`y` cannot be given"),
        ({"x": generator(2), "y": np.zeros(4)}, "`y` cannot be given"),
        ({"x": Loader(2), "sample_weight": np.zeros(4)}, "`sample_weight` cannot be given"),
    ],
)
def test_what_is_wrong_is_said(arguments, message):
    with pytest.raises(DataError, match=message):
        data.make_source(**arguments)


def test_sparse_matrices_are_refused_with_advice():
    sparse = pytest.importorskip("scipy.sparse")
    with pytest.raises(DataError, match=r"x\.toarray\(\)"):
        data.make_source(sparse.csr_matrix(np.eye(3)))


@pytest.mark.parametrize(
    ("batch", "message"),
    [((1, 2, 3, 4), "4 elements"), ((), "0 elements"), ((None, np.zeros(2)), "without inputs"), ((np.zeros(2), None, np.zeros(2)), "need targets")],
)
def test_batches_of_a_wrong_form(batch, message):
    with pytest.raises(DataError, match=message):
        data.make_source(iter([batch])).peek()


def test_a_batch_size_beside_a_data_set_is_ignored_with_a_warning():
    with pytest.warns(UserWarning, match="`batch_size=8` is ignored"):
        assert data.make_source(Loader(2), batch_size=8).num_batches == 2


def test_an_empty_generator_has_no_first_batch():
    with pytest.raises(DataError, match="gave no batch"):
        data.make_source(iter(())).peek()


# --- parts of batches ---


@pytest.mark.parametrize("parts", [("x",), ("x", "y"), ("x", "y", "w")])
def test_pack_and_unpack(parts):
    packed = data.pack_x_y_sample_weight(*parts)
    assert packed == (parts if len(parts) > 1 else "x")
    assert data.unpack_x_y_sample_weight(packed) == (*parts, None, None)[:3]


def test_a_list_of_inputs_is_packed_as_one():
    assert data.pack_x_y_sample_weight(["a", "b"]) == (["a", "b"],)
    assert data.pack_x_y_sample_weight("x", None, "w") == ("x", None, "w")


def test_single_batch():
    _, _, w = data.single_batch([[1.0], [2.0]], [0, 1], class_weight={1: 4.0})
    assert w.tolist() == [1.0, 4.0]
    with pytest.raises(DataError, match="same number of samples"):
        data.single_batch(np.zeros(2), np.zeros(3))


def test_validation_data():
    assert data.unpack_validation_data(["x", "y"]) == ("x", "y", None)
    loader = Loader(1)
    assert data.unpack_validation_data(loader) == (loader, None, None)
    with pytest.raises(DataError, match="4 elements"):
        data.unpack_validation_data((1, 2, 3, 4))


# --- splits ---


@given(st.integers(2, 50), st.floats(0.01, 0.99))
def test_the_last_rows_are_for_validation(count, fraction):
    left = int(count * (1.0 - fraction))
    if left == 0:
        return
    x = np.arange(count)
    (train, none), (validation, _) = data.train_validation_split((x, None), fraction)
    assert none is None
    assert train.tolist() == list(range(left))
    assert validation.tolist() == list(range(left, count))
    assert np.shares_memory(train, x)


@pytest.mark.parametrize(
    ("arrays", "fraction", "message"),
    [((np.zeros(3),), 1.0, "between 0 and 1"), ((np.zeros(3),), 0.9, "none of the 3"), ((generator(3),), 0.2, "is a data set")],
)
def test_splits_that_cannot_be(arrays, fraction, message):
    with pytest.raises(DataError, match=message):
        data.train_validation_split(arrays, fraction)


# --- checks ---


def test_finite_data_passes():
    data.check_finite(({"a": np.ones(3), "b": np.arange(3)}, np.zeros(3, bool)))


def test_the_first_value_that_is_not_finite_is_named():
    x = np.ones((4, 2), "float32")
    x[2, 1] = np.inf
    x[3, 0] = np.nan
    with pytest.raises(DataError, match=r"`x\['a'\]\[0\]` holds 2 values that are NaN or infinite in batch 7; the first is inf at \[2, 1\]"):
        data.check_finite(({"a": [x]}, np.zeros(4)), "batch 7")


@pytest.mark.parametrize("labels", [np.array([0, 1, 2]), np.array([[2], [0]]), np.array([0.5, 9.25]), None, np.array([], int), np.array([0.0, 2.0])])
def test_labels_inside(labels):
    data.check_labels(labels, 3)


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (np.array([0, 3]), r"the label 3 \(at \[1\]\).*3 classes.*0 to 2.*at least 4 units"),
        (np.array([1, 2, 3]), "start at 1"),
        (np.array([[0], [-1]]), r"the label -1 \(at \[1, 0\]\).*negative"),
        (np.array([0.0, 7.0]), "the label 7"),
    ],
)
def test_labels_outside(labels, message):
    with pytest.raises(DataError, match=message):
        data.check_labels(labels, 3)


def test_a_label_that_stands_for_none_is_allowed():
    data.check_labels(np.array([0, -1, 2]), 3, ignore=-1)
    with pytest.raises(DataError, match="the label 5"):
        data.check_labels(np.array([0, -1, 5]), 3, ignore=-1)


def test_batches_stay_when_the_data_set_fills_its_arrays_anew():
    def refilling():
        x, y = np.zeros((2, 3), "float32"), np.zeros(2, "float32")
        for number in range(4):
            x[:], y[:] = number, number
            yield x, y

    assert [(float(x[0, 0]), float(y[0])) for x, y in list(data.make_source(refilling()))] == [(n, n) for n in range(4)]
