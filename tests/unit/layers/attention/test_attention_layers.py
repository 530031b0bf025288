"""Attention layers by themselves: what may be looked at, dropout, masks that go on, errors, other engines."""

import numpy as np
import pytest

import amalthea
from amalthea import layers
from amalthea.errors import ArgumentError, ArgumentTypeError, ShapeError
from amalthea.layers.attention.masks import band
from amalthea.layers.core.einsum_dense import trailing_sums

X = np.random.default_rng(0).normal(size=(2, 5, 8)).astype("float32")


def test_bands():
    assert band(3, 3, True, None)[0].tolist() == [[True, False, False], [True, True, False], [True, True, True]]
    assert band(3, 4, False, 2)[0].tolist() == [[True, True, False, False], [True, True, True, False], [False, True, True, True]]
    assert band(2, 2, False, None) is None


@pytest.mark.parametrize("make", [lambda **k: layers.MultiHeadAttention(2, 4, **k), lambda **k: layers.GroupQueryAttention(4, 4, 2, **k)])
def test_with_and_without_scores_the_outputs_are_the_same(make):
    layer = make(sliding_window=3)
    mask = np.random.default_rng(1).random((2, 5, 5)) > 0.3
    mask |= np.eye(5, dtype=bool)
    for causal in (False, True):
        options = {"attention_mask": mask, "use_causal_mask": causal}
        output, scores = layer(X, X, return_attention_scores=True, **options)
        np.testing.assert_allclose(layer(X, X, **options), output, rtol=1e-5, atol=1e-6)
        seen = mask & (np.abs(np.subtract.outer(range(5), range(5))) < 3) & (np.tri(5, dtype=bool) if causal else True)
        np.testing.assert_array_equal(np.asarray(scores) > 0, np.broadcast_to(seen[:, None], scores.shape))
        np.testing.assert_allclose(np.asarray(scores).sum(-1), 1, rtol=1e-5)


def test_one_head_is_softmax_of_products():
    layer = layers.MultiHeadAttention(1, 8, use_bias=False)
    layer(X, X)
    layer.set_weights([np.eye(8).reshape(8, 1, 8)] * 3 + [np.eye(8).reshape(1, 8, 8)])
    logits = X @ X.transpose(0, 2, 1) / np.sqrt(8)
    shares = np.exp(logits) / np.exp(logits).sum(-1, keepdims=True)
    np.testing.assert_allclose(layer(X, X), shares @ X, rtol=1e-5, atol=1e-6)


def test_as_many_shared_heads_as_heads_is_multi_head_attention():
    grouped, multi = layers.GroupQueryAttention(4, 2, 2), layers.MultiHeadAttention(2, 4)
    grouped(X, X), multi(X, X)
    multi.set_weights(grouped.get_weights())
    np.testing.assert_allclose(grouped(X, X), multi(X, X), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(
    "layer",
    [layers.MultiHeadAttention(2, 4, dropout=0.5, seed=1), layers.GroupQueryAttention(4, 4, 2, dropout=0.5, seed=1)],
    ids=["multi", "grouped"],
)
def test_dropout_of_weights_in_training(layer):
    plain = layer(X, X)
    assert not np.allclose(layer(X, X, training=True), plain)
    np.testing.assert_allclose(layer(X, X), plain)
    assert [v.name for v in layer.variables if v not in layer.weights] == ["seed_generator_state"]


def test_masks_of_tensors_are_taken_and_go_on():
    tokens = np.array([[1, 2, 3, 0, 0], [1, 1, 2, 3, 0]])
    x = layers.Embedding(4, 8, mask_zero=True)(tokens)
    layer = layers.MultiHeadAttention(2, 4)
    output = layer(x, x)
    np.testing.assert_allclose(output[:1, :3], layer(np.asarray(x)[:1, :3], np.asarray(x)[:1, :3]), rtol=1e-5, atol=1e-6)
    np.testing.assert_array_equal(amalthea.state.masks.get_mask(output), tokens != 0)
    single = layers.Attention()([x, x])
    assert not np.asarray(single)[tokens == 0].any()
    np.testing.assert_array_equal(amalthea.state.masks.get_mask(single), tokens != 0)


def test_projections_draw_values_of_their_own():
    layer = layers.MultiHeadAttention(2, 4)
    layer(X, X)
    query, key, value = (layer.get_weights()[place] for place in (0, 2, 4))
    assert not np.allclose(query, key)
    assert not np.allclose(key, value)


def test_names_of_the_projections_in_files():
    layer = layers.MultiHeadAttention(2, 4, use_gate=True)
    layer(X, X)
    assert {"query_dense", "key_dense", "value_dense", "output_dense", "_gate_dense"} <= set(vars(layer))
    grouped = layers.GroupQueryAttention(4, 4, 2)
    grouped(X, X)
    assert {"_query_dense", "_key_dense", "_value_dense", "_output_dense"} <= set(vars(grouped))
    assert grouped.name.startswith("grouped_query_attention")


def test_a_model_with_attention_round_trips():
    inputs = amalthea.Input((None, 8))
    model = amalthea.Model(inputs, layers.GroupQueryAttention(4, 4, 2)(inputs, layers.MultiHeadAttention(2, 4)(inputs, inputs), use_causal_mask=True))
    twin = amalthea.Model.from_config(model.get_config())
    twin.set_weights(model.get_weights())
    np.testing.assert_allclose(twin(X), model(X), rtol=1e-6)
    assert model.output_shape == (None, None, 8)


@pytest.mark.parametrize("policy", ["mixed_bfloat16", "mixed_float16"])
def test_mixed_precision(policy):
    layer = layers.MultiHeadAttention(2, 4, dtype=policy, dropout=0.1)
    for training in (False, True):
        output = layer(X, X, use_causal_mask=True, training=training)
        assert str(output.dtype) == policy.removeprefix("mixed_")
        assert np.isfinite(np.asarray(output, "float32")).all()


@pytest.mark.parametrize("scores", [False, True])
def test_engines_agree(scores):
    layer = layers.MultiHeadAttention(2, 4)
    options = {"use_causal_mask": True, "return_attention_scores": scores}
    expected = layer(X, X, **options)
    twin = layers.MultiHeadAttention(2, 4)
    with amalthea.engine("numpy"):
        twin(X, X)
        twin.set_weights(layer.get_weights())
        found = twin(X, X, **options)
    for a, b in zip(found if scores else [found], expected if scores else [expected], strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(
    ("equation", "count"),
    [
        ("ab,bc->ac", 1),
        ("abc,cde->abde", 1),
        ("abcd,cde->abe", 2),
        ("...x,xy->...y", 1),
        ("abc,bd->adc", 0),
        ("abc,dc->abd", 0),
        ("abc,cb->ab", 0),
        ("ab,bc->ca", 0),
        ("x...,xy->y...", 0),
    ],
)
def test_which_sums_are_one_product_of_matrices(equation, count):
    assert trailing_sums(equation) == count


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: layers.MultiHeadAttention(0, 4), ArgumentError, "num_heads"),
        (lambda: layers.MultiHeadAttention(2, 4, sliding_window=0), ArgumentError, "sliding_window"),
        (lambda: layers.MultiHeadAttention(2, 4, dropout=0.1, flash_attention=True), ArgumentError, "flash_attention"),
        (lambda: layers.MultiHeadAttention(2, 4, output_shape=2.5), ArgumentError, "output_shape"),
        (lambda: layers.MultiHeadAttention(2, 4)(X, X, X[:, :3]), ShapeError, "as many keys"),
        (lambda: layers.MultiHeadAttention(2, 4)(X[:, None], X[:, None], use_causal_mask=True), ArgumentError, "order"),
        (lambda: layers.GroupQueryAttention(4, 3, 2), ArgumentError, "multiple"),
        (lambda: layers.Attention(score_mode="dots"), ArgumentError, '"dot"'),
        (lambda: layers.Attention()(X), ArgumentTypeError, "list"),
        (lambda: layers.Attention()([X]), ArgumentError, "1 inputs"),
        (lambda: layers.Attention()([X, X], mask=np.ones((2, 5), bool)), ArgumentError, "mask"),
    ],
)
def test_errors(call, error, words):
    with pytest.raises(error, match=words):
        call()
