"""Metrics: values computed by hand, properties, what they refuse."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import amalthea
from amalthea import metrics, ops
from amalthea.errors import ArgumentError, ShapeError
from amalthea.state.masks import set_mask

TRUE, PREDICTED = [0, 0, 1, 1], [0.1, 0.6, 0.4, 0.8]
BY_HAND = [
    ("Accuracy", {}, ([1, 2, 3], [1, 5, 3]), None, 2 / 3),
    ("BinaryAccuracy", {"threshold": 0.7}, (TRUE, PREDICTED), None, 0.75),
    ("CategoricalAccuracy", {}, ([[0, 1], [1, 0]], [[0.1, 0.9], [0.2, 0.8]]), [3.0, 1.0], 0.75),
    ("SparseCategoricalAccuracy", {}, ([[1], [0]], [[0.1, 0.9], [0.2, 0.8]]), None, 0.5),
    ("TopKCategoricalAccuracy", {"k": 2}, ([[0, 0, 1], [1, 0, 0]], [[0.5, 0.1, 0.4], [0.0, 0.5, 0.5]]), None, 0.5),
    ("SparseTopKCategoricalAccuracy", {"k": 2, "from_sorted_ids": True}, ([2, 0], [[0, 2, 1], [1, 2, 0]]), None, 0.5),
    ("Mean", {}, ([1.0, 2.0, 6.0],), None, 3.0),
    ("Mean", {}, ([[1.0, 3.0], [5.0, 7.0]],), [1.0, 0.0], 2.0),
    ("Sum", {}, ([[1.0, 3.0], [5.0, 7.0]],), [1.0, 2.0], 28.0),
    ("RootMeanSquaredError", {}, ([[0.0, 0.0]], [[1.0, 7.0]]), None, 5.0),
    ("CosineSimilarity", {}, ([[3.0, 4.0]], [[4.0, 3.0]]), None, 0.96),
    ("R2Score", {}, ([[1.0], [2.0], [3.0]], [[1.0], [2.0], [4.0]]), None, 0.5),
    ("R2Score", {"class_aggregation": None}, ([[1.0, 1.0], [3.0, 1.0]], [[2.0, 2.0], [2.0, 2.0]]), None, [0.0, 0.0]),
    ("PearsonCorrelation", {}, ([[1.0, 2.0, 3.0]], [[3.0, 2.0, 1.0]]), None, -1.0),
    ("ConcordanceCorrelation", {}, ([[0.0, 2.0]], [[1.0, 3.0]]), None, 2 / 3),
    ("TruePositives", {}, (TRUE, PREDICTED), None, 1.0),
    ("FalsePositives", {}, (TRUE, PREDICTED), None, 1.0),
    ("TrueNegatives", {}, (TRUE, PREDICTED), [2.0, 1.0, 1.0, 1.0], 2.0),
    ("FalseNegatives", {"thresholds": [0.3, 0.5, 0.9]}, (TRUE, PREDICTED), None, [0.0, 1.0, 2.0]),
    ("FalseNegatives", {"thresholds": [0.0, 0.5, 1.0]}, (TRUE, PREDICTED), None, [0.0, 1.0, 2.0]),
    ("Precision", {}, (TRUE, PREDICTED), None, 0.5),
    ("Precision", {"top_k": 1}, ([[0, 1], [0, 1]], [[0.3, 0.2], [0.1, 0.2]]), None, 0.5),
    ("Precision", {"class_id": 1}, ([[0, 1], [1, 0]], [[0.9, 0.6], [0.1, 0.7]]), None, 0.5),
    ("Recall", {"thresholds": 0.3}, (TRUE, PREDICTED), None, 1.0),
    ("SensitivityAtSpecificity", {"specificity": 1.0}, (TRUE, PREDICTED), None, 0.5),
    ("SpecificityAtSensitivity", {"sensitivity": 1.0}, (TRUE, PREDICTED), None, 0.5),
    ("PrecisionAtRecall", {"recall": 1.0}, (TRUE, PREDICTED), None, 2 / 3),
    ("RecallAtPrecision", {"precision": 0.9}, (TRUE, PREDICTED), None, 0.5),
    ("AUC", {}, (TRUE, PREDICTED), None, 0.75),
    ("AUC", {"multi_label": True}, ([[0, 1], [1, 0]], [[0.2, 0.2], [0.8, 0.8]]), None, 0.5),
    ("AUC", {"from_logits": True}, (TRUE, [-2.0, 0.5, -0.5, 2.0]), None, 0.75),
    ("F1Score", {"threshold": 0.5}, ([[1, 0], [1, 1]], [[0.9, 0.9], [0.1, 0.9]]), None, [2 / 3, 2 / 3]),
    ("FBetaScore", {"beta": 2.0, "average": "micro"}, ([[1, 0], [1, 0]], [[0.9, 0.1], [0.1, 0.9]]), None, 0.5),
    ("IoU", {"num_classes": 2, "target_class_ids": [1]}, ([0, 1, 1], [1, 1, 1]), None, 2 / 3),
    ("MeanIoU", {"num_classes": 3}, ([0, 1, 1], [1, 1, 1]), None, 1 / 3),
    ("MeanIoU", {"num_classes": 2, "ignore_class": 255}, ([0, 1, 255], [0, 0, 1]), None, 0.25),
    ("BinaryIoU", {"target_class_ids": [1], "threshold": 0.5}, (TRUE, PREDICTED), None, 1 / 3),
    ("OneHotMeanIoU", {"num_classes": 2}, ([[1, 0], [0, 1]], [[0.9, 0.1], [0.8, 0.2]]), None, 0.25),
]


@pytest.mark.parametrize("case", BY_HAND, ids=lambda case: f"{case[0]}-{case[1]}")
def test_by_hand(case):
    name, kwargs, batch, weights, expected = case
    metric = getattr(metrics, name)(**kwargs)
    metric.update_state(*batch, sample_weight=weights)
    np.testing.assert_allclose(metric.result(), expected, rtol=1e-5, atol=1e-6)


scores = hnp.arrays(np.float32, 12, elements=st.integers(0, 100).map(lambda n: np.float32(n / 100)))
flags = hnp.arrays(np.int32, 12, elements=st.integers(0, 1))


@given(flags, scores)
def test_area_is_the_share_of_pairs_in_the_right_order(y_true, y_pred):
    positive, negative = y_pred[y_true == 1], y_pred[y_true == 0]
    if not len(positive) or not len(negative):
        return
    pairs = positive[:, None] - negative[None, :]
    expected = (pairs > 0).mean() + (pairs == 0).mean() / 2
    with amalthea.engine("numpy"):
        # Thresholds between all the scores, so that nothing is approximated.
        area = metrics.AUC(thresholds=[(n + 0.5) / 100 for n in range(100)])(y_true, y_pred)
    np.testing.assert_allclose(area, expected, atol=1e-5)


@given(flags, scores, st.sampled_from([2, 3, 5, 11, 200]))
def test_counts_at_even_thresholds(y_true, y_pred, count):
    thresholds = np.linspace(0, 1, count)
    # Not on a threshold, where rounding decides.
    y_pred = np.where(np.abs(y_pred[:, None] - thresholds).min(1) < 1e-4, np.float32(0.0033), y_pred)
    above = y_pred[None, :] > thresholds[:, None]
    with amalthea.engine("numpy"):
        true, false = (getattr(metrics, name)(thresholds=list(thresholds)) for name in ("TruePositives", "FalsePositives"))
        np.testing.assert_array_equal(true(y_true, y_pred), (above & (y_true == 1)).sum(1))
        np.testing.assert_array_equal(false(y_true, y_pred), (above & (y_true == 0)).sum(1))


@given(hnp.arrays(np.float32, (7, 2), elements=st.floats(-10, 10, width=32)), st.integers(1, 6))
def test_batches_may_be_cut_anywhere(values, cut):
    with amalthea.engine("numpy"):
        for make in (metrics.Mean, metrics.Sum):
            whole, parts = make(), make()
            whole.update_state(values)
            parts.update_state(values[:cut])
            parts.update_state(values[cut:])
            np.testing.assert_allclose(whole.result(), parts.result(), rtol=1e-4, atol=1e-4)


@given(flags, flags)
def test_f1_is_the_harmonic_mean(y_true, y_pred):
    with amalthea.engine("numpy"):
        precision, recall = (float(getattr(metrics, name)()(y_true, y_pred)) for name in ("Precision", "Recall"))
        score = metrics.F1Score(threshold=0.5)(y_true[:, None], y_pred[:, None].astype("float32"))[0]
    expected = 2 * precision * recall / (precision + recall) if precision + recall else 0.0
    np.testing.assert_allclose(score, expected, atol=1e-5)


def test_mask_of_predictions_counts():
    y_pred = ops.convert_to_tensor(np.array([[[0.9, 0.1], [0.9, 0.1]]], "float32"))
    set_mask(y_pred, ops.convert_to_tensor([[True, False]]))
    assert float(metrics.SparseCategoricalAccuracy()([[0, 1]], y_pred)) == 1.0


def test_weights_of_samples_with_a_mask():
    y_pred = ops.convert_to_tensor(np.array([[[1.0], [2.0]], [[3.0], [4.0]]], "float32"))
    set_mask(y_pred, ops.convert_to_tensor([[True, False], [True, True]]))
    metric = metrics.MeanAbsoluteError()
    # (1 * 1 + 3 * (3 + 4)) / (1 + 3 + 3)
    assert float(metric(np.zeros((2, 2, 1)), y_pred, sample_weight=[1.0, 3.0])) == pytest.approx(22 / 7)


def test_ignored_class_does_not_count():
    metric = metrics.SparseCategoricalCrossentropy(ignore_class=1)
    assert float(metric([0, 1], [[0.5, 0.5], [1e-6, 1.0]])) == pytest.approx(np.log(2), rel=1e-5)


def test_fractions_of_weights_are_warned_of():
    with pytest.warns(UserWarning, match='dtype="float32"'):
        metrics.MeanIoU(2).update_state([0, 1], [0, 1], sample_weight=[0.5, 1.0])


def test_before_the_first_batch():
    for metric in (metrics.Mean(), metrics.AUC(), metrics.AUC(multi_label=True), metrics.F1Score(), metrics.Precision(), metrics.MeanIoU(3)):
        assert float(metric.result()) == 0.0
    assert np.isnan(float(metrics.R2Score().result()))


REFUSED = [
    (lambda: metrics.get("acuracy"), ArgumentError, 'Did you mean "accuracy"'),
    (lambda: metrics.get(3), ArgumentError, "Cannot make a metric of 3"),
    (lambda: metrics.AUC(curve="PRC"), ArgumentError, "`curve` must be one of 'ROC', 'PR', 'PRGAIN'"),
    (lambda: metrics.AUC(summation_method="minor"), ArgumentError, 'Did you mean "minoring"'),
    (lambda: metrics.AUC(num_thresholds=1), ArgumentError, "`num_thresholds` must be at least 2"),
    (lambda: metrics.AUC(num_labels=3), ArgumentError, "`num_labels` has a meaning only"),
    (lambda: metrics.AUC(multi_label=True)([0, 1], [0.5, 0.5]), ShapeError, r"shape \(batch, labels\)"),
    (lambda: metrics.AUC(multi_label=True, num_labels=3)([[0, 1]], [[0.5, 0.5]]), ShapeError, "There are 3 labels"),
    (lambda: metrics.AUC(multi_label=True, num_labels=3, label_weights=[1.0]), ShapeError, "3 labels"),
    (lambda: metrics.AUC(label_weights=[1.0, 2.0])([0, 1], [0.5, 0.5]), ShapeError, "`label_weights`"),
    (lambda: metrics.Precision(thresholds=[0.5, 2.0]), ArgumentError, r"among them: \[2.0\]"),
    (lambda: metrics.Recall(class_id=0)([0, 1], [0.5, 0.5]), ShapeError, r"shape \(batch, classes\)"),
    (lambda: metrics.Recall(class_id=5)([[0, 1]], [[0.5, 0.5]]), ShapeError, "there are 2 classes"),
    (lambda: metrics.Precision(top_k=3)([[0, 1]], [[0.5, 0.5]]), ShapeError, "`top_k` is 3"),
    (lambda: metrics.Precision()([0, 1, 1], [0.5, 0.5]), ShapeError, "do not fit each other"),
    (lambda: metrics.Precision()([0, 1], [0.5, 0.5], sample_weight=[1.0, 2.0, 3.0]), ShapeError, "first axes"),
    (lambda: metrics.SensitivityAtSpecificity(1.5), ArgumentError, "`specificity` must be between 0 and 1"),
    (lambda: metrics.RecallAtPrecision(0.5, num_thresholds=0), ArgumentError, "`num_thresholds` must be at least 1"),
    (lambda: metrics.FBetaScore(average="mean"), ArgumentError, "`average` must be one of"),
    (lambda: metrics.FBetaScore(beta=-1.0), ArgumentError, "`beta` must be"),
    (lambda: metrics.F1Score(threshold=1.5), ArgumentError, "`threshold` must be"),
    (lambda: metrics.F1Score()([0, 1], [0.5, 0.5]), ShapeError, r"shape \(batch, classes\)"),
    (lambda: metrics.R2Score(class_aggregation="mean"), ArgumentError, "`class_aggregation` must be one of"),
    (lambda: metrics.R2Score(num_regressors=-1), ArgumentError, "`num_regressors` must be at least 0"),
    (lambda: metrics.R2Score()([0.0, 1.0], [0.5, 0.5]), ShapeError, r"shape \(batch, outputs\)"),
    (lambda: metrics.IoU(2, [2]), ArgumentError, r"among them: \[2\]"),
    (lambda: metrics.MeanIoU(2)([0, 1, 1], [0, 1]), ShapeError, "as many elements"),
    (lambda: metrics.SparseCategoricalAccuracy()(np.eye(3), np.eye(3)), ShapeError, "look like one-hot targets"),
    (lambda: metrics.CategoricalAccuracy()([0, 1, 2], np.ones((3, 5))), ShapeError, "Integer labels go with sparse"),
    (lambda: metrics.Mean()(np.ones((2, 3)), sample_weight=np.ones(3)), ShapeError, "first axes"),
]


@pytest.mark.parametrize("case", REFUSED, ids=lambda case: case[2])
def test_refused(case):
    with pytest.raises(case[1], match=case[2]):
        case[0]()
