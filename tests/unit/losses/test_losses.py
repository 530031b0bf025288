"""Losses: values computed by hand, properties, what they refuse."""

import functools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import amalthea
from amalthea import losses, ops
from amalthea.errors import ArgumentError, SerializationError, ShapeError
from amalthea.state.masks import get_mask, set_mask

BY_HAND = [
    ("mean_squared_error", [[1.0, 2.0]], [[3.0, 2.0]], {}, [2.0]),
    ("mean_absolute_error", [[1.0, 2.0]], [[3.0, 2.0]], {}, [1.0]),
    ("mean_absolute_percentage_error", [[2.0, 4.0]], [[1.0, 5.0]], {}, [37.5]),
    ("mean_squared_logarithmic_error", [[math.e - 1]], [[0.0]], {}, [1.0]),
    ("log_cosh", [[0.0, 0.0]], [[1.0, -1.0]], {}, [math.log(math.cosh(1.0))]),
    ("huber", [[0.0, 0.0]], [[0.5, 3.0]], {}, [(0.125 + 2.5) / 2]),
    ("huber", [[0.0]], [[3.0]], {"delta": 2.0}, [4.0]),
    ("cosine_similarity", [[3.0, 4.0]], [[4.0, 3.0]], {}, [-0.96]),
    ("kl_divergence", [[0.5, 0.5]], [[0.25, 0.75]], {}, [0.5 * math.log(2) + 0.5 * math.log(2 / 3)]),
    ("poisson", [[2.0, 1.0]], [[1.0, math.e]], {}, [(1 + math.e - 1) / 2]),
    ("hinge", [[0.0, 1.0]], [[0.5, 0.5]], {}, [1.0]),
    ("hinge", [[-1.0, 1.0]], [[0.5, 2.0]], {}, [0.75]),
    ("squared_hinge", [[-1.0, 1.0]], [[0.5, 2.0]], {}, [1.125]),
    ("categorical_hinge", [[0.0, 1.0, 0.0]], [[0.5, 0.75, 1.0]], {}, [1.25]),
    ("binary_crossentropy", [[1.0, 0.0]], [[0.25, 0.5]], {}, [1.5 * math.log(2)]),
    ("binary_crossentropy", [[1.0]], [[0.25]], {"label_smoothing": 0.5}, [0.75 * math.log(4) + 0.25 * math.log(4 / 3)]),
    ("binary_crossentropy", [[1.0]], [[0.0]], {"from_logits": True}, [math.log(2)]),
    ("binary_focal_crossentropy", [[1.0, 0.0]], [[0.5, 0.5]], {"gamma": 3.0}, [0.125 * math.log(2)]),
    ("binary_focal_crossentropy", [[1.0]], [[0.5]], {"apply_class_balancing": True, "alpha": 0.2}, [0.05 * math.log(2)]),
    ("categorical_crossentropy", [[0.0, 1.0]], [[3.0, 1.0]], {}, [math.log(4)]),
    ("categorical_crossentropy", [[0.0, 1.0]], [[0.5, 0.5]], {"label_smoothing": 0.3}, [math.log(2)]),
    ("categorical_focal_crossentropy", [[0.0, 1.0]], [[0.5, 0.5]], {"alpha": [0.1, 0.8], "gamma": 1.0}, [0.4 * math.log(2)]),
    ("sparse_categorical_crossentropy", [1, 0], [[0.75, 0.25], [0.5, 0.5]], {}, [math.log(4), math.log(2)]),
    ("sparse_categorical_crossentropy", [[1], [0]], [[0.0, 0.0], [0.0, 0.0]], {"from_logits": True}, [math.log(2)] * 2),
    ("sparse_categorical_crossentropy", [1, -1], [[0.75, 0.25], [0.5, 0.5]], {"ignore_class": -1}, [math.log(4), 0.0]),
    ("sparse_categorical_crossentropy", [[0, 1]], [[[0.25, 0.5], [0.75, 0.5]]], {"axis": 1}, [[math.log(4), math.log(2)]]),
    ("categorical_generalized_cross_entropy", [1, 0], [[0.75, 0.25], [1.0, 0.0]], {"q": 0.5}, [1.0, 0.0]),
    ("dice", [[1.0, 1.0, 0.0]], [[0.5, 1.0, 0.5]], {}, 0.25),
    ("dice", [[1.0, 0.0], [1.0, 1.0]], [[1.0, 0.0], [0.0, 0.0]], {"axis": 1}, [0.0, 1.0]),
    ("tversky", [[1.0, 1.0, 0.0]], [[1.0, 0.0, 1.0]], {"alpha": 0.5, "beta": 0.25}, 1 - 1 / 1.75),
    ("ctc", [[1, 0]], [[[0.0, 0.0], [0.0, 0.0]]], {}, [-math.log(3 / 4)]),
]


@pytest.mark.parametrize("case", BY_HAND, ids=lambda case: f"{case[0]}-{case[3]}")
def test_by_hand(case):
    name, y_true, y_pred, kwargs, expected = case
    np.testing.assert_allclose(getattr(losses, name)(y_true, y_pred, **kwargs), expected, rtol=1e-5, atol=1e-6)


def test_circle_by_hand():
    embeddings = [[1.0, 0.0], [1.0, 0.0], [0.0, 1.0]]
    # Similarities 1 and 0; weights 0.4; log(1 + exp(-0.16) * exp(-0.16)).
    expected = math.log(1 + math.exp(-0.32))
    np.testing.assert_allclose(losses.circle([0, 0, 1], embeddings, gamma=1.0), [expected, expected, 0.0], rtol=1e-5)


numbers = hnp.arrays(np.float32, (3, 4), elements=st.floats(-50, 50, width=32))


@given(numbers)
def test_errors_of_a_perfect_prediction_are_zero(x):
    for name in ("mean_squared_error", "mean_absolute_error", "huber", "log_cosh", "mean_squared_logarithmic_error"):
        np.testing.assert_allclose(getattr(losses, name)(x, x), np.zeros(3), atol=1e-5)


@given(numbers, numbers)
def test_huber_lies_between_its_two_parts(y_true, y_pred):
    error = np.abs(y_true - y_pred)
    huber = np.asarray(losses.huber(y_true, y_pred, delta=1.0))
    assert (huber <= error.mean(-1) + 1e-4).all()
    assert (huber <= 0.5 * np.square(error).mean(-1) + 1e-3).all()


@given(hnp.arrays(np.float32, (3, 4), elements=st.floats(-10, 10, width=32)), hnp.arrays(np.int32, 3, elements=st.integers(0, 3)))
def test_cross_entropies_agree(logits, labels):
    expected = np.log(np.exp(logits.astype("float64")).sum(-1)) - logits[np.arange(3), labels]
    one_hot = np.eye(4, dtype="float32")[labels]
    np.testing.assert_allclose(losses.sparse_categorical_crossentropy(labels, logits, from_logits=True), expected, rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(losses.categorical_crossentropy(one_hot, logits, from_logits=True), expected, rtol=1e-4, atol=1e-4)


@given(hnp.arrays(np.float32, 5, elements=st.floats(0, 4, width=32)))
def test_whole_weights_count_as_repetitions(drawn):
    weights = np.floor(drawn)
    y_true, y_pred = np.zeros((5, 2), "float32"), np.arange(10, dtype="float32").reshape(5, 2)
    repeated = np.repeat(y_pred, weights.astype(int), axis=0)
    ours = losses.MeanSquaredError(reduction="mean_with_sample_weight")(y_true, y_pred, weights)
    np.testing.assert_allclose(ours, np.square(repeated).mean() if len(repeated) else 0.0, rtol=1e-5)


REDUCED = {
    "sum_over_batch_size": (1 * 1 + 4 * 3) / 2,
    "mean": (1 * 1 + 4 * 3) / 2,
    "sum": 1 * 1 + 4 * 3,
    "mean_with_sample_weight": (1 * 1 + 4 * 3) / 4,
    "none": [1.0, 12.0],
    None: [1.0, 12.0],
}


@pytest.mark.parametrize("reduction", REDUCED)
def test_reduction(reduction):
    loss = losses.MeanSquaredError(reduction=reduction)
    np.testing.assert_allclose(loss([[0.0], [0.0]], [[1.0], [2.0]], sample_weight=[1.0, 3.0]), REDUCED[reduction], rtol=1e-6)


def test_mask_leaves_out():
    y_pred = ops.convert_to_tensor(np.array([[1.0], [2.0], [5.0]], "float32"))
    set_mask(y_pred, ops.convert_to_tensor([True, True, False]))
    assert float(losses.MeanAbsoluteError()(np.zeros((3, 1)), y_pred)) == pytest.approx(1.5)
    assert float(losses.MeanAbsoluteError(reduction="sum")(np.zeros((3, 1)), y_pred)) == 3.0


def test_ignored_class_is_masked():
    loss = losses.sparse_categorical_crossentropy([0, 1, 2], np.full((3, 3), 1 / 3), ignore_class=1)
    assert np.asarray(get_mask(loss)).tolist() == [True, False, True]
    mean = losses.SparseCategoricalCrossentropy(ignore_class=1)([0, 1, 2], np.full((3, 3), 1 / 3))
    assert float(mean) == pytest.approx(math.log(3), rel=1e-5)


def test_ignored_class_and_mask_together():
    y_pred = ops.convert_to_tensor(np.array([[0.5, 0.5], [0.25, 0.75], [0.5, 0.5]], "float32"))
    set_mask(y_pred, ops.convert_to_tensor([True, True, False]))
    loss = losses.SparseCategoricalCrossentropy(ignore_class=1)
    assert float(loss([1, 0, 0], y_pred)) == pytest.approx(math.log(4), rel=1e-5)


def test_labels_stay_integers_in_half_precision():
    # 2049 is no float16.
    y_pred = np.full((1, 2050), 1e-3, "float32")
    y_pred[0, 2049] = 1.0
    loss = losses.SparseCategoricalCrossentropy(dtype="float16")([2049], y_pred)
    assert float(loss) == pytest.approx(-math.log(1.0 / (1.0 + 2.049)), rel=1e-2)


def test_hinge_knows_binary_labels_only_if_all_are():
    assert losses.hinge([[0.0, 1.0], [1.0, 0.0]], np.zeros((2, 2))).tolist() == [1.0, 1.0]
    np.testing.assert_allclose(losses.hinge([[0.0, -1.0]], [[5.0, 0.0]]), [1.0])


def test_lists_of_numbers_are_arrays():
    assert float(losses.MeanSquaredError()([1, 2, 3], [[1], [2], [5]])) == pytest.approx(4 / 3)


def test_custom_loss_with_structures():
    class Both(amalthea.Loss):
        def call(self, y_true, y_pred):
            return ops.sum(y_pred["a"] - y_true["a"], axis=-1) + ops.sum(y_pred["b"], axis=-1)

    loss = Both()
    value = loss({"a": np.zeros((2, 2)), "b": np.zeros((2, 1))}, {"a": np.ones((2, 2)), "b": np.ones((2, 1))})
    assert float(value) == 3.0
    assert loss.name == "both"


def test_call_must_be_defined():
    with pytest.raises(NotImplementedError, match="Loss must define `call"):
        losses.Loss()([1.0], [1.0])


def test_gradient_of_saturated_predictions_is_finite():
    y_pred = ops.convert_to_tensor(np.array([[1.0, 0.0]], "float32"))
    for name in ("BinaryCrossentropy", "CategoricalCrossentropy", "CategoricalFocalCrossentropy", "KLDivergence"):
        loss = getattr(losses, name)()
        gradient = amalthea.grad(functools.partial(loss, np.array([[0.0, 1.0]])))(y_pred)
        assert np.isfinite(np.asarray(gradient)).all(), name


def test_extra_arguments_are_attributes_and_written():
    loss = losses.Huber(delta=2.0)
    assert loss.delta == 2.0
    assert losses.deserialize(losses.serialize(loss)).get_config() == {"name": "huber_loss", "reduction": "sum_over_batch_size", "delta": 2.0}


def test_dtype_is_written_where_it_is_not_the_usual_one():
    read = losses.deserialize(losses.serialize(losses.MeanSquaredError(dtype="float16", reduction="sum")))
    assert (read.dtype, read.reduction) == ("float16", "sum")


@amalthea.saving.register_keras_serializable("tests")
def _shifted(y_true, y_pred):
    return ops.mean(y_pred - y_true, axis=-1) + 1.0


def test_wrapper_of_a_registered_function():
    loss = losses.LossFunctionWrapper(_shifted, name="shifted")
    read = losses.LossFunctionWrapper.from_config(loss.get_config())
    assert float(read([[1.0]], [[3.0]])) == 3.0
    assert losses.get(losses.serialize(_shifted)) is _shifted


@pytest.mark.parametrize("identifier", ["MSE", "mean_squared_error", losses.mean_squared_error])
def test_get_function(identifier):
    assert losses.get(identifier) is losses.mean_squared_error


@pytest.mark.parametrize(
    "identifier", ["MeanSquaredError", losses.MeanSquaredError, {"class_name": "MeanSquaredError", "config": {"reduction": "sum"}}]
)
def test_get_object(identifier):
    assert isinstance(losses.get(identifier), losses.MeanSquaredError)


def test_get_none_and_custom():
    assert losses.get(None) is None
    with amalthea.saving.custom_object_scope({"mine": _shifted}):
        assert losses.get("mine") is _shifted
    assert losses.deserialize("mine", custom_objects={"mine": _shifted}) is _shifted


REFUSED = [
    (lambda: losses.get("mean_sqared_error"), ArgumentError, 'Did you mean "mean_squared_error"'),
    (lambda: losses.get(3), ArgumentError, "Cannot make a loss of 3"),
    (lambda: losses.get({"class_name": "Nothing", "config": {}}), SerializationError, "Nothing"),
    (lambda: losses.MeanSquaredError(reduction="avg"), ArgumentError, "`reduction` must be one of"),
    (lambda: losses.MeanSquaredError(reduction="sums"), ArgumentError, 'Did you mean "sum"'),
    (lambda: losses.CategoricalCrossentropy(label_smoothing=1.5), ArgumentError, "`label_smoothing` must be between 0 and 1"),
    (lambda: losses.CategoricalGeneralizedCrossEntropy(q=1.0), ArgumentError, "`q` must be"),
    (lambda: losses.Huber(delta=0.0), ArgumentError, "`delta` must be greater than 0"),
    (lambda: losses.MeanSquaredError()(np.ones((3, 2)), np.ones((3, 4))), ShapeError, r"\(3, 2\) and `y_pred` of shape \(3, 4\)"),
    (lambda: losses.CategoricalCrossentropy()([0, 1, 2], np.ones((3, 5))), ShapeError, "Integer labels go with sparse losses"),
    (lambda: losses.CategoricalCrossentropy()([[0], [1]], np.ones((2, 5))), ShapeError, "Integer labels go with sparse losses"),
    (lambda: losses.SparseCategoricalCrossentropy()(np.eye(3), np.ones((3, 3))), ShapeError, "look like one-hot targets"),
    (lambda: losses.SparseCategoricalCrossentropy()([0, 1], np.ones((3, 4))), ShapeError, r"must have shape \(3,\)"),
    (lambda: losses.MeanSquaredError()(np.ones((2, 3, 4)), np.ones((2, 3, 4)), [1.0, 2.0]), ShapeError, r"sample_weight\[:, None\]"),
    (lambda: losses.MeanSquaredError()(np.ones((2, 3)), np.ones((2, 3)), np.ones((2, 3))), ShapeError, "`sample_weight`"),
    (lambda: losses.categorical_crossentropy(np.eye(2), np.eye(2), axis=0.5), TypeError, "`axis` must be an integer"),
    (lambda: losses.circle([0, 1], np.ones((2, 3)), ref_labels=[0]), ArgumentError, "`ref_embeddings`, which are missing"),
    (lambda: losses.circle([0, 1], np.ones((2, 3)), ref_embeddings=np.ones((3, 3))), ArgumentError, "need `ref_labels`"),
    (lambda: losses.circle([0, 1], np.ones(2)), ShapeError, "embeddings"),
    (lambda: losses.CTC()([1, 2], np.ones((2, 5, 4))), ShapeError, "CTC takes"),
]


@pytest.mark.parametrize("case", REFUSED, ids=lambda case: case[2])
def test_refused(case):
    with pytest.raises(case[1], match=case[2]):
        case[0]()


def test_a_single_class_is_warned_of():
    with pytest.warns(UserWarning, match="binary_crossentropy"):
        losses.categorical_crossentropy([[1.0]], [[0.5]])


def test_circle_counts_only_samples_with_a_pair_of_each_kind():
    labels, embeddings = [0, 0, 1], [[1.0, 0.0], [1.0, 0.0], [0.0, 1.0]]
    values = losses.Circle(gamma=1.0, reduction=None)(labels, embeddings).tolist()
    assert values[2] == 0.0 and values[0] == pytest.approx(values[1])
    # The third has no other of its class: the mean is that of the first two.
    assert float(losses.Circle(gamma=1.0)(labels, embeddings)) == pytest.approx(values[0])
