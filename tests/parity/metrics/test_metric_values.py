"""Metrics against Keras: values over batches, weights, masks, states, configurations."""

from inspect import isclass, signature

import jax.numpy as jnp
import keras
import numpy as np
import pytest

import amalthea
from amalthea import metrics, ops
from amalthea.state.masks import set_mask

# Keras turns its variables into arrays in a way that NumPy 2 warns of, asks for 64 bits, and warns of many regressors.
pytestmark = [
    pytest.mark.filterwarnings("ignore:__array__:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:Explicitly requested dtype int64"),
    pytest.mark.filterwarnings("ignore:More independent predictors"),
    pytest.mark.filterwarnings("ignore:You are passing weight as `float`"),
    pytest.mark.filterwarnings("ignore:`sample_weight` of dtype float32 is cut"),
]


def _draw(seed):
    return np.random.default_rng(seed)


def _one_hot(shape, seed):
    return np.eye(shape[-1], dtype="float32")[_draw(seed).integers(0, shape[-1], shape[:-1])]


def _distributions(shape, seed):
    x = _draw(seed).random(shape).astype("float32") + 0.05
    return x / x.sum(-1, keepdims=True)


def _data(kind, shape, seed):
    """Targets and predictions as metrics of this kind take them."""
    numbers = [_draw(seed + i).normal(size=shape).astype("float32") for i in range(2)]
    classes = _one_hot(shape, seed)
    return {
        "numbers": lambda: numbers,
        "positive": lambda: [np.exp(x) for x in numbers],
        "binary": lambda: [(numbers[0] > 0).astype("float32"), np.round(_draw(seed).random(shape), 2).astype("float32")],
        "binary logits": lambda: [(numbers[0] > 0).astype("float32"), 3 * numbers[1]],
        "classes": lambda: [classes, _distributions(shape, seed)],
        "class logits": lambda: [classes, 3 * numbers[0]],
        "labels": lambda: [classes.argmax(-1), _distributions(shape, seed)],
        "ids": lambda: [classes.argmax(-1), np.argsort(-numbers[0], axis=-1)],
        "two ids": lambda: [classes.argmax(-1), _one_hot(shape, seed + 1).argmax(-1)],
        "distributions": lambda: [_distributions(shape, seed), _distributions(shape, seed + 1)],
    }[kind]()


CASES = [
    ("Accuracy", {}, "two ids"),
    ("BinaryAccuracy", {}, "binary"),
    ("BinaryAccuracy", {"threshold": 0.3}, "binary"),
    ("CategoricalAccuracy", {}, "classes"),
    ("SparseCategoricalAccuracy", {}, "labels"),
    ("TopKCategoricalAccuracy", {"k": 2}, "classes"),
    ("SparseTopKCategoricalAccuracy", {"k": 2}, "labels"),
    ("SparseTopKCategoricalAccuracy", {"k": 2, "from_sorted_ids": True}, "ids"),
    ("MeanSquaredError", {}, "numbers"),
    ("RootMeanSquaredError", {}, "numbers"),
    ("MeanAbsoluteError", {}, "numbers"),
    ("MeanAbsolutePercentageError", {}, "numbers"),
    ("MeanSquaredLogarithmicError", {}, "positive"),
    ("LogCoshError", {}, "numbers"),
    ("CosineSimilarity", {}, "numbers"),
    ("PearsonCorrelation", {}, "numbers"),
    ("ConcordanceCorrelation", {}, "numbers"),
    ("KLDivergence", {}, "distributions"),
    ("Poisson", {}, "positive"),
    ("BinaryCrossentropy", {"label_smoothing": 0.1}, "binary"),
    ("BinaryCrossentropy", {"from_logits": True}, "binary logits"),
    ("CategoricalCrossentropy", {}, "classes"),
    ("CategoricalCrossentropy", {"from_logits": True, "label_smoothing": 0.1}, "class logits"),
    ("SparseCategoricalCrossentropy", {}, "labels"),
    ("Hinge", {}, "binary"),
    ("SquaredHinge", {}, "numbers"),
    ("CategoricalHinge", {}, "classes"),
]
COUNTS = [
    *((name, kwargs, "binary") for name in ("TruePositives", "FalsePositives", "TrueNegatives", "FalseNegatives") for kwargs in (
        {},
        {"thresholds": 0.3},
        {"thresholds": [0.2, 0.5, 0.7]},
        {"thresholds": [0.0, 0.25, 0.5, 0.75, 1.0]},
    )),
    *((name, kwargs, "binary") for name in ("Precision", "Recall") for kwargs in (
        {},
        {"thresholds": [0.2, 0.7]},
        {"thresholds": [0.0, 0.5, 1.0]},
        {"top_k": 2},
        {"top_k": 2, "thresholds": [0.3, 0.6]},
        {"class_id": 1},
        {"top_k": 1, "class_id": 2},
    )),
    *((name, {argument: value, **kwargs}, "binary")
      for name, argument in (
          ("SensitivityAtSpecificity", "specificity"),
          ("SpecificityAtSensitivity", "sensitivity"),
          ("PrecisionAtRecall", "recall"),
          ("RecallAtPrecision", "precision"),
      )
      for value, kwargs in (
          (0.0, {}),
          (0.4, {}),
          (0.8, {"num_thresholds": 2}),
          (1.0, {"num_thresholds": 11, "class_id": 1}),
          (0.5, {"num_thresholds": 1}),
      )),
]  # fmt: skip
VARIANTS = [
    ({"num_thresholds": 3}, "binary"),
    ({"num_thresholds": 2}, "binary"),
    ({"thresholds": [0.8, 0.1, 0.55]}, "binary"),
    ({"multi_label": True}, "binary"),
    ({"multi_label": True, "num_labels": 4, "label_weights": [0.1, 0.2, 0.3, 0.4]}, "binary"),
    ({"label_weights": [0.1, 0.2, 0.3, 0.4]}, "binary"),
    ({"from_logits": True}, "binary logits"),
]
AREAS = [
    *(("AUC", {"curve": curve, "summation_method": method, **kwargs}, "binary")
      for curve in ("ROC", "PR", "PRGAIN")
      for method in ("interpolation", "minoring", "majoring")
      for kwargs in ({}, {"multi_label": True, "thresholds": [0.1, 0.55, 0.8]})),
    *(("AUC", kwargs, kind) for kwargs, kind in VARIANTS),
    *(("AUC", {"curve": "PR", **kwargs}, kind) for kwargs, kind in VARIANTS[:3]),
]  # fmt: skip
SCORES = [
    *(("FBetaScore", {"average": average, "threshold": threshold, "beta": beta}, "binary")
      for average in (None, "micro", "macro", "weighted") for threshold in (None, 0.4) for beta in (0.5, 2.0)),
    ("F1Score", {}, "classes"),
    ("F1Score", {"average": "weighted", "threshold": 0.25}, "classes"),
    *(("R2Score", {"class_aggregation": how, "num_regressors": count}, "numbers")
      for how in (None, "uniform_average", "variance_weighted_average") for count in (0, 1, 5, 100)),
]  # fmt: skip
OVERLAPS = [
    ("IoU", {"num_classes": 4, "target_class_ids": [0, 2]}, "two ids"),
    ("IoU", {"num_classes": 4, "target_class_ids": (1,), "ignore_class": 2}, "two ids"),
    ("IoU", {"num_classes": 3, "target_class_ids": [0, 1], "dtype": "float32"}, "two ids"),
    ("MeanIoU", {"num_classes": 4}, "two ids"),
    ("MeanIoU", {"num_classes": 6, "ignore_class": 0}, "two ids"),
    ("MeanIoU", {"num_classes": 4, "sparse_y_pred": False}, "labels"),
    ("MeanIoU", {"num_classes": 4, "sparse_y_true": False, "sparse_y_pred": False}, "classes"),
    ("BinaryIoU", {}, "binary"),
    ("BinaryIoU", {"target_class_ids": [1], "threshold": 0.3, "dtype": "float32"}, "binary"),
    ("OneHotIoU", {"num_classes": 4, "target_class_ids": [1, 3]}, "classes"),
    ("OneHotMeanIoU", {"num_classes": 4}, "classes"),
    ("OneHotMeanIoU", {"num_classes": 4, "ignore_class": 1}, "classes"),
]
ALL = [*CASES, *COUNTS, *AREAS, *SCORES, *OVERLAPS]
ONE_OF_EACH = list({(name, *kwargs): (name, kwargs, kind) for name, kwargs, kind in ALL}.values())


def _named(case):
    return f"{case[0]}-{case[2]}-{case[1]}"


def _pair(case, **kwargs):
    """The metric of Amalthea and that of Keras."""
    return getattr(metrics, case[0])(**case[1], **kwargs), getattr(keras.metrics, case[0])(**case[1], **kwargs)


def _same(ours, theirs, **kwargs):
    """The two have the same result, of the same dtype and shape."""
    a, b = ours.result(), theirs.result()
    assert a.shape == b.shape
    assert a.dtype == b.dtype
    np.testing.assert_allclose(a, b, rtol=3e-5, atol=2e-6, **kwargs)


@pytest.fixture
def on_host():
    """Amalthea's side on its fastest engine for small things; what engines do is compared elsewhere."""
    with amalthea.engine("numpy"):
        yield


@pytest.mark.usefixtures("on_host")
@pytest.mark.parametrize("case", ALL, ids=_named)
def test_over_batches(case):
    ours, theirs = _pair(case)
    for seed, weighted in ((0, False), (3, True)):
        y_true, y_pred = _data(case[2], (8, 4), seed)
        weights = _draw(9).random(8).astype("float32")
        if case[2] == "two ids" or case[0] in ("BinaryIoU", "OneHotIoU", "OneHotMeanIoU", "MeanIoU"):
            # Keras's do not spread weights over further axes, and cut them to integers.
            shape = np.shape(y_pred) if case[0] == "BinaryIoU" else (8,)
            weights = np.round(3 * _draw(9).random(shape)).astype("float32")
        for metric in (ours, theirs):
            metric.update_state(y_true, y_pred, sample_weight=weights if weighted else None)
        _same(ours, theirs)


@pytest.mark.usefixtures("on_host")
@pytest.mark.parametrize("case", CASES[1::3], ids=_named)
def test_sequences_and_masks(case):
    y_true, y_pred = _data(case[2], (2, 3, 4), 0)
    elementwise = case[0] in ("RootMeanSquaredError", "Accuracy")
    for weights in (None, np.array([2.0, 3.0], "float32"), np.array([[2.0], [3.0]], "float32"), _draw(3).random((2, 3)).astype("float32")):
        ours, theirs = _pair(case)
        for metric in (ours, theirs):
            metric.update_state(y_true, y_pred, sample_weight=weights)
        _same(ours, theirs)
        if elementwise or (weights is not None and weights.ndim == 1):
            continue
        mine, other = ops.convert_to_tensor(y_pred.copy()), jnp.array(y_pred)
        set_mask(mine, ops.convert_to_tensor([[True, False, True], [True, False, False]]))
        other._keras_mask = jnp.array([[True, False, True], [True, False, False]])
        ours.update_state(y_true, mine, sample_weight=weights)
        theirs.update_state(y_true, other, sample_weight=weights)
        _same(ours, theirs)


@pytest.mark.parametrize("case", {case[0]: case for case in ALL}.values(), ids=_named)
def test_state_is_that_of_keras(case):
    ours, theirs = _pair(case, name="metric")
    y_true, y_pred = _data(case[2], (8, 4), 0)
    for metric in (ours, theirs):
        metric.update_state(y_true, y_pred)
    described = [[(v.name, v.path, tuple(v.shape), v.dtype, v.trainable, v.aggregation) for v in metric.variables] for metric in (ours, theirs)]
    assert described[0] == described[1]
    for a, b in zip(ours.variables, theirs.variables, strict=True):
        np.testing.assert_allclose(a.numpy(), b.numpy(), rtol=3e-5, atol=2e-5, err_msg=a.name)


@pytest.mark.parametrize("case", ONE_OF_EACH, ids=_named)
def test_config(case):
    ours, theirs = _pair(case)
    mine, other = (metric.get_config() for metric in (ours, theirs))
    assert mine.pop("name") == other.pop("name").rstrip("_0123456789")
    for config in (mine, other):
        if config.get("label_weights") is not None:
            config["label_weights"] = [round(float(weight), 4) for weight in config["label_weights"]]
    assert mine == other
    assert metrics.serialize(ours)["module"] == "keras.metrics"
    written = keras.metrics.deserialize(metrics.serialize(ours))
    read = metrics.deserialize(keras.metrics.serialize(written))
    assert type(read) is type(ours)
    assert type(written) is type(theirs)
    assert read.get_config().keys() == {"name", *mine}


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "int32"])
@pytest.mark.parametrize("name", ["Mean", "Sum", "MeanSquaredError", "Accuracy", "TruePositives", "Precision", "AUC"])
def test_dtype(name, dtype):
    ours, theirs = _pair((name, {"dtype": dtype}))
    assert ours.dtype == theirs.dtype == dtype
    y_true, y_pred = _data("binary", (8,), 0)
    arguments = (2 * y_pred,) if name in ("Mean", "Sum") else (y_true, y_pred)
    a, b = ours(*arguments), theirs(*arguments)
    assert a.dtype == b.dtype
    np.testing.assert_allclose(np.float32(a), np.float32(b), rtol=2e-2)


EXTREMES = [([1, 1, 1, 1], [0.2, 0.4, 0.3, 1.0]), ([0, 0, 0, 0], [0.2, 0.4, 0.0, 1.0]), ([1, 0, 1, 0], [0.5, 0.5, 0.0, 1.0])]


@pytest.mark.usefixtures("on_host")
@pytest.mark.parametrize(
    "case", [case for case in [*COUNTS[::2], *AREAS] if not {"multi_label", "class_id", "top_k", "label_weights"} & set(case[1])], ids=_named
)
def test_extremes(case):
    for y_true, y_pred in EXTREMES:
        ours, theirs = _pair(case)
        _same(ours, theirs)
        for metric in (ours, theirs):
            metric.update_state(np.array(y_true, "float32"), np.array(y_pred, "float32"))
        _same(ours, theirs, err_msg=f"{y_true} {y_pred}")


@pytest.mark.parametrize("name", ["Mean", "Sum"])
@pytest.mark.parametrize("shape", [(), (3,), (2, 3), (2, 3, 4)], ids=str)
def test_reductions(name, shape):
    values = _draw(0).normal(size=shape).astype("float32")
    for weight_shape in ((), shape[:1], shape, (*shape[:1], 1), (*shape, 1)):
        if len(weight_shape) > max(len(shape), 1):
            continue
        ours, theirs = _pair((name, {}))
        weights = _draw(1).random(weight_shape).astype("float32")
        for metric in (ours, theirs):
            metric.update_state(values)
            metric.update_state(values, sample_weight=weights)
        _same(ours, theirs, err_msg=str(weight_shape))


FUNCTIONS = [
    ("binary_accuracy", {}, "binary"),
    ("categorical_accuracy", {}, "classes"),
    ("sparse_categorical_accuracy", {}, "labels"),
    ("top_k_categorical_accuracy", {"k": 2}, "classes"),
    ("sparse_top_k_categorical_accuracy", {"k": 3}, "labels"),
    ("pearson_correlation", {"axis": 0}, "numbers"),
    ("pearson_correlation", {"axis": None}, "numbers"),
    ("concordance_correlation", {"axis": 0}, "numbers"),
    ("concordance_correlation", {}, "numbers"),
]


@pytest.mark.parametrize("shape", [(6, 4), (2, 3, 4)], ids=str)
@pytest.mark.parametrize("case", FUNCTIONS, ids=_named)
def test_function(case, shape):
    name, kwargs, kind = case
    y_true, y_pred = _data(kind, shape, 0)
    ours, theirs = (getattr(module, name)(y_true, y_pred, **kwargs) for module in (metrics, keras.metrics))
    assert ours.shape == theirs.shape
    np.testing.assert_allclose(ours, theirs, rtol=2e-5, atol=1e-6)


def test_wrapper():
    ours, theirs = (module.metrics.MeanMetricWrapper(module.losses.huber, name="far", delta=2.0) for module in (amalthea, keras))
    assert ours.get_config() == theirs.get_config()
    read = metrics.deserialize(keras.metrics.serialize(theirs))
    y_true, y_pred = _data("numbers", (8, 4), 0)
    np.testing.assert_allclose(read(y_true, y_pred), theirs(y_true, y_pred), rtol=1e-6)


NAMES = [name for name in dir(keras.metrics) if not name.startswith("_")]


def test_public_names_are_those_of_keras():
    assert sorted(metrics.__all__) == sorted(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_signature(name):
    def plain(function):
        return [(p.name, p.default) for p in signature(function).parameters.values()]

    ours, theirs = getattr(metrics, name), getattr(keras.metrics, name)
    assert plain(ours) == plain(theirs)
    if isclass(theirs):
        assert [plain(getattr(ours, method)) for method in ("reset_state", "stateless_update_state")] == [
            plain(getattr(theirs, method)) for method in ("reset_state", "stateless_update_state")
        ]


@pytest.mark.parametrize("name", ["mse", "MAE", "mape", "MSLE", "bce", "accuracy", "auc", "AUC", "f1_score", "r2_score", "cosine_similarity", "mean"])
def test_get(name):
    ours, theirs = metrics.get(name), keras.metrics.get(name)
    assert (type(ours).__name__, ours.name.rstrip("_0123456789")) == (type(theirs).__name__, theirs.name.rstrip("_0123456789"))


def test_direction():
    for name in dir(keras.metrics):
        theirs = getattr(keras.metrics, name)
        if isclass(theirs) and name not in ("MeanMetricWrapper", "Metric"):
            case = next((case for case in ALL if case[0] == name), (name, {}))
            ours, other = _pair(case)
            assert ours._direction == getattr(other, "_direction", None), name
