"""Cross-entropies, attention, normalisation, sequences of labels."""

import itertools

import numpy as np
import pytest

from amalthea import KerasTensor, ops
from amalthea.errors import ArgumentError, ShapeError

_draw = np.random.default_rng(0)


def test_crossentropies_of_extreme_logits_are_finite(gradient):
    logits = np.array([[1e4, -1e4, 0.0]], "float32")
    np.testing.assert_allclose(ops.sparse_categorical_crossentropy([1], logits, from_logits=True), [2e4])
    np.testing.assert_allclose(ops.categorical_crossentropy([[0.0, 1.0, 0.0]], logits, from_logits=True), [2e4])
    np.testing.assert_allclose(ops.binary_crossentropy([[0.0, 1.0, 1.0]], logits, from_logits=True), [[1e4, 1e4, np.log(2)]], rtol=1e-6)
    for loss in (
        lambda x: ops.sparse_categorical_crossentropy([1], x, from_logits=True),
        lambda x: ops.binary_crossentropy([[0.0, 1.0, 1.0]], x, from_logits=True),
    ):
        assert np.isfinite(gradient(loss, logits)[0]).all()


def test_probabilities_of_zero_and_one_have_a_finite_loss():
    worst = -np.log(1e-7)
    np.testing.assert_allclose(ops.binary_crossentropy([1.0], [0.0]), [worst], rtol=1e-5)
    np.testing.assert_allclose(ops.categorical_crossentropy([1.0, 0.0], [0.0, 1.0]), worst, rtol=1e-5)
    np.testing.assert_allclose(ops.sparse_categorical_crossentropy([0], [[0.0, 1.0]]), [worst], rtol=1e-5)
    half = ops.binary_crossentropy(np.array([0.0], "float16"), np.array([1.0], "float16"))
    assert np.isfinite(half).all()


def test_the_sparse_loss_is_that_of_one_hot_labels(gradient):
    labels, logits = _draw.integers(0, 5, (4, 3)), _draw.standard_normal((4, 3, 5)).astype("float32")
    probabilities = np.exp(logits)
    for output, from_logits in ((logits, True), (probabilities, False)):
        sparse = lambda x, f=from_logits: ops.sparse_categorical_crossentropy(labels, x, f)  # noqa: E731
        dense = lambda x, f=from_logits: ops.categorical_crossentropy(np.eye(5, dtype="float32")[labels], x, f)  # noqa: E731
        np.testing.assert_allclose(sparse(output), dense(output), rtol=1e-5)
        np.testing.assert_allclose(gradient(sparse, output)[0], gradient(dense, output)[0], atol=1e-5)


def test_labels_out_of_range_count_nothing(gradient):
    logits = _draw.standard_normal((3, 4)).astype("float32")
    loss = lambda x: ops.sparse_categorical_crossentropy([-1, 4, 0], x, from_logits=True)  # noqa: E731
    np.testing.assert_array_equal(np.asarray(loss(logits))[:2], [0, 0])
    found = gradient(loss, logits)[0]
    np.testing.assert_array_equal(found[:2], np.zeros((2, 4)))
    assert np.abs(found[2]).max() > 0.1


def test_losses_refuse_shapes_that_differ():
    with pytest.raises(ShapeError, match="same shape"):
        ops.binary_crossentropy([0.0, 1.0], [[0.1, 0.2]])
    with pytest.raises(ShapeError, match="same shape"):
        ops.categorical_crossentropy(np.ones((2, 3)), np.ones((2, 2)))
    with pytest.raises(ShapeError, match="without the axis 1"):
        ops.sparse_categorical_crossentropy([1, 0, 1], np.ones((2, 3)))
    with pytest.raises(ArgumentError, match="at least one axis"):
        ops.categorical_crossentropy(1.0, 1.0)
    assert ops.binary_crossentropy(KerasTensor((None, 3)), KerasTensor((2, 3))).shape == (2, 3)


def test_psnr_by_hand():
    np.testing.assert_allclose(ops.psnr([0.0, 0.0], [1.0, 1.0], 10.0), 20.0, rtol=1e-6)
    assert np.isposinf(ops.psnr([1.0], [1.0], 1.0))
    with pytest.raises(ShapeError):
        ops.psnr([1.0], [1.0, 2.0], 1.0)


def _attention(query, key, value, mask=None):
    logits = np.einsum("btnh,bsnh->bnts", query, key) / np.sqrt(query.shape[-1])
    if mask is not None:
        logits = np.where(mask, logits, -1e9)
    weights = np.exp(logits - logits.max(-1, keepdims=True))
    return np.einsum("bnts,bsnh->btnh", weights / weights.sum(-1, keepdims=True), value)


def test_attention_by_the_definition():
    query, key, value = _draw.standard_normal((2, 4, 3, 5)), _draw.standard_normal((2, 6, 3, 5)), _draw.standard_normal((2, 6, 3, 7))
    np.testing.assert_allclose(ops.dot_product_attention(query, key, value), _attention(query, key, value), atol=1e-9)
    mask = _draw.random((2, 1, 4, 6)) > 0.3
    np.testing.assert_allclose(ops.dot_product_attention(query, key, value, mask=mask), _attention(query, key, value, mask), atol=1e-9)
    square = _draw.standard_normal((2, 4, 3, 5))
    causal = ops.dot_product_attention(query, square, square, is_causal=True)
    np.testing.assert_allclose(causal, _attention(query, square, square, np.tri(4, dtype=bool)), atol=1e-9)


def test_shared_heads_are_repeated_heads():
    query, key, value = _draw.standard_normal((2, 4, 6, 5)), _draw.standard_normal((2, 3, 2, 5)), _draw.standard_normal((2, 3, 2, 5))
    repeated = ops.dot_product_attention(query, np.repeat(key, 3, 2), np.repeat(value, 3, 2))
    np.testing.assert_allclose(ops.dot_product_attention(query, key, value), repeated, atol=1e-9)


def test_a_mask_of_the_batch_needs_no_axis_of_heads():
    x, mask = _draw.standard_normal((3, 4, 2, 5)), _draw.random((3, 4, 4)) > 0.3
    np.testing.assert_allclose(ops.dot_product_attention(x, x, x, mask=mask), ops.dot_product_attention(x, x, x, mask=mask[:, None]))


def test_attention_refuses_what_does_not_fit():
    x = np.ones((2, 4, 3, 5))
    with pytest.raises(ShapeError, match="four axes"):
        ops.dot_product_attention(x[0], x[0], x[0])
    with pytest.raises(ShapeError, match="same last axis"):
        ops.dot_product_attention(x, x[..., :2], x)
    with pytest.raises(ShapeError, match="same length"):
        ops.dot_product_attention(x, x[:, :2], x)
    with pytest.raises(ShapeError, match="multiple"):
        ops.dot_product_attention(x, x[:, :, :2], x[:, :, :2])
    with pytest.raises(ArgumentError, match="soft_cap"):
        ops.dot_product_attention(x, x, x, attn_logits_soft_cap=2.0)
    assert ops.dot_product_attention(KerasTensor((None, 4, 2, 3)), KerasTensor((None, None, 2, 3)), KerasTensor((None, None, 2, 3))).shape == (
        None,
        4,
        2,
        3,
    )


def test_normalised_tensors_have_mean_0_and_variance_1():
    x = _draw.standard_normal((3, 4, 5)) * 7 + 100
    y = ops.layer_normalization(x, axis=(1, 2), epsilon=0.0)
    np.testing.assert_allclose(np.mean(y, (1, 2)), 0, atol=1e-6)
    np.testing.assert_allclose(np.var(y, (1, 2)), 1, rtol=1e-6)
    np.testing.assert_allclose(np.mean(np.square(ops.rms_normalization(x, epsilon=0.0)), -1), 1, rtol=1e-6)
    np.testing.assert_allclose(np.linalg.norm(ops.normalize(x), axis=-1), 1, rtol=1e-6)
    np.testing.assert_allclose(np.abs(ops.normalize(x, (0, 1), 1)).sum((0, 1)), 1, rtol=1e-6)


def test_normalize_of_zeros_has_a_finite_gradient(gradient):
    assert np.isfinite(gradient(ops.normalize, np.zeros((2, 3), "float32"))[0]).all()


def test_moments_of_half_precision_do_not_overflow():
    mean, variance = ops.moments(np.full((1000,), 300.0, "float16"), 0)
    assert (float(mean), float(variance)) == (300.0, 0.0)
    assert mean.dtype == "float16"


def test_normalisation_refuses_what_does_not_fit():
    x = np.ones((2, 3, 4), "float32")
    with pytest.raises(ShapeError, match="`mean`"):
        ops.batch_normalization(x, np.zeros(3), np.ones(4), -1)
    with pytest.raises(ShapeError, match="`gamma`"):
        ops.layer_normalization(x, np.ones(3))
    with pytest.raises(ArgumentError, match="order"):
        ops.normalize(x, order=0)
    with pytest.raises(ArgumentError, match="unknown arguments: foo"):
        ops.layer_normalization(x, foo=1)
    with pytest.raises(ArgumentError, match="axes"):
        ops.moments(x, 3)


def test_one_hot_and_multi_hot():
    np.testing.assert_array_equal(ops.one_hot([[0, 2], [-1, 3]], 3, axis=1), np.stack([[[1, 0], [0, 0], [0, 1]], np.zeros((3, 2))]))
    np.testing.assert_array_equal(ops.multi_hot([[0, 2], [1, 1]], 3), [[1, 0, 1], [0, 1, 0]])
    assert ops.multi_hot([1], num_tokens=3).shape == (3,)
    assert ops.one_hot([1.0, 0.0], 2, dtype="bool").dtype == "bool"
    for bad in (
        lambda: ops.one_hot([1], 2, sparse=True),
        lambda: ops.multi_hot([1]),
        lambda: ops.one_hot([1], 2, axis=2),
        lambda: ops.multi_hot([1], 2, foo=1),
    ):
        with pytest.raises(ArgumentError):
            bad()


def _all_labelings(log_p, blank):
    """Labels -> log probability, by going through every path."""
    found = {}
    for path in itertools.product(range(log_p.shape[1]), repeat=len(log_p)):
        labels = tuple(c for c, before in zip(path, (None, *path), strict=False) if c not in (before, blank))
        probability = sum(log_p[t, c] for t, c in enumerate(path))
        found[labels] = np.logaddexp(found.get(labels, -np.inf), probability)
    return found


@pytest.mark.parametrize("blank", [0, 2])
def test_ctc_agrees_with_going_through_every_path(blank):
    logits = _draw.standard_normal((2, 5, 3)) * 2
    lengths = [5, 3]
    log_p = logits - np.log(np.exp(logits).sum(-1, keepdims=True))
    a, b = sorted({0, 1, 2} - {blank})
    targets, counts = [[a, b, a], [b, b, a]], [3, 1]
    for sample in range(2):
        everything = _all_labelings(log_p[sample, : lengths[sample]], blank)
        wanted = tuple(targets[sample][: counts[sample]])
        loss = ops.ctc_loss(targets, logits, counts, lengths, blank)[sample]
        np.testing.assert_allclose(loss, -everything[wanted], rtol=1e-6)
        labels, scores = ops.ctc_decode(logits, lengths, "beam_search", 50, 3, mask_index=blank)
        best = sorted(everything.items(), key=lambda item: -item[1])[:3]
        np.testing.assert_allclose(scores[sample], [score for _, score in best], rtol=1e-6)
        assert [tuple(int(c) for c in path[sample] if c >= 0) for path in labels] == [found for found, _ in best]


def test_ctc_loss_of_what_cannot_be_said_is_great_and_has_a_finite_gradient(gradient):
    logits = _draw.standard_normal((1, 2, 3)).astype("float32")
    loss = lambda x: ops.ctc_loss([[1, 1]], x, [2], [2])  # noqa: E731 (1, 1 needs a pause between)
    assert float(loss(logits)[0]) > 1e4
    assert np.isfinite(gradient(loss, logits)[0]).all()


def test_ctc_refuses_what_does_not_fit():
    with pytest.raises(ShapeError, match="axes"):
        ops.ctc_loss([1], np.ones((1, 2, 3)), [1], [2])
    with pytest.raises(ArgumentError, match='Did you mean "greedy"'):
        ops.ctc_decode(np.ones((1, 2, 3)), [2], "greed")
    with pytest.raises(ArgumentError, match="beam_width"):
        ops.ctc_decode(np.ones((1, 2, 3)), [2], "beam_search", 2, 3)
    assert ops.ctc_loss(
        KerasTensor((None, 3), "int32"), KerasTensor((None, 6, 4)), KerasTensor((None,), "int32"), KerasTensor((None,), "int32")
    ).shape == (None,)
