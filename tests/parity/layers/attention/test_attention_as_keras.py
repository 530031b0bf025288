"""Attention layers against Keras: weights, configurations, outputs, weights of attention, masks, gradients."""

import jax
import keras
import numpy as np
import pytest

import amalthea
from amalthea import layers, ops
from amalthea.state.masks import get_mask

RNG = np.random.default_rng(3)
Q, V, K = (RNG.normal(size=shape).astype("float32") for shape in ((2, 5, 4), (2, 3, 6), (2, 3, 6)))
QUERY_MASK = np.array([[True, True, False, True, True], [True, True, True, False, False]])
VALUE_MASK = np.array([[True, True, False], [False, True, True]])
PAIRS = np.random.default_rng(1).random((2, 5, 3)) > 0.3

HEADS = [
    ("MultiHeadAttention", {"num_heads": 2, "key_dim": 3}),
    ("MultiHeadAttention", {"num_heads": 2, "key_dim": 3, "use_bias": False, "output_shape": 7}),
    ("MultiHeadAttention", {"num_heads": 2, "key_dim": 3, "output_shape": (2, 3)}),
    ("MultiHeadAttention", {"num_heads": 2, "key_dim": 3, "use_gate": True, "sliding_window": 2}),
    ("GroupQueryAttention", {"head_dim": 3, "num_query_heads": 4, "num_key_value_heads": 2}),
    ("GroupQueryAttention", {"head_dim": 3, "num_query_heads": 2, "num_key_value_heads": 1, "use_gate": True, "use_bias": False}),
]
IDS = [f"{name}-{index}" for index, (name, _) in enumerate(HEADS)]
CALLS = [
    {},
    {"use_causal_mask": True},
    {"query_mask": QUERY_MASK, "value_mask": VALUE_MASK},
    {"key_mask": VALUE_MASK, "attention_mask": PAIRS, "use_causal_mask": True},
]


def same_weights(ours, theirs, *args):
    ours(*args), theirs(*args)
    assert [v.path for v in ours.weights] == [v.path for v in theirs.weights]
    assert [v.shape for v in ours.weights] == [tuple(v.shape) for v in theirs.weights]
    generator = np.random.default_rng(5)
    values = [generator.normal(size=v.shape, scale=0.4).astype("float32") for v in ours.weights]
    ours.set_weights(values)
    theirs.set_weights(values)
    return ours, theirs


def both(name, arguments):
    return [getattr(module, name)(**arguments, name="it") for module in (layers, keras.layers)]


def assert_alike(found, expected, rtol=5e-5, atol=5e-6):
    for a, b in zip(jax.tree.leaves(found), jax.tree.leaves(expected), strict=True):
        np.testing.assert_allclose(np.asarray(a), np.asarray(b), rtol=rtol, atol=atol)


@pytest.mark.parametrize(("name", "arguments"), HEADS, ids=IDS)
def test_outputs_and_scores(name, arguments):
    ours, theirs = same_weights(*both(name, arguments), Q, V, K)
    for call in CALLS:
        assert_alike(ours(Q, V, K, **call), theirs(Q, V, K, **call))
        assert_alike(ours(Q, V, K, **call, return_attention_scores=True), theirs(Q, V, K, **call, return_attention_scores=True))


@pytest.mark.parametrize(("name", "arguments"), HEADS, ids=IDS)
def test_gradients(name, arguments):
    ours, theirs = same_weights(*both(name, arguments), Q, V, K)
    _, found = amalthea.value_and_grad(lambda: ops.sum(ops.sin(ours(Q, V, K, value_mask=VALUE_MASK))), ours.trainable_variables)()

    def loss(values):
        outputs, _ = theirs.stateless_call(values, [v.value for v in theirs.non_trainable_variables], Q, V, K, value_mask=VALUE_MASK)
        return jax.numpy.sum(jax.numpy.sin(outputs))

    assert_alike(found, jax.grad(loss)([v.value for v in theirs.trainable_variables]), rtol=5e-4, atol=2e-5)


@pytest.mark.parametrize(
    ("name", "arguments"), [*HEADS, ("Attention", {"use_scale": True, "score_mode": "concat", "seed": 1}), ("AdditiveAttention", {})]
)
def test_configurations(name, arguments):
    ours, theirs = both(name, {**arguments, "dropout": 0.1})
    assert ours.get_config() == theirs.get_config()
    assert type(ours).from_config(theirs.get_config()).get_config() == ours.get_config()


@pytest.mark.parametrize(("name", "arguments"), HEADS, ids=IDS)
def test_projections(name, arguments):
    ours, theirs = both(name, arguments)
    ours(Q, V), theirs(Q, V)
    assert [layer.name for layer in ours._flatten_layers(include_self=False)] == [
        layer.name.split("_")[0] if layer.name.startswith(("softmax", "dropout")) else layer.name
        for layer in theirs._flatten_layers(include_self=False)
    ]
    for mine in ours._flatten_layers(include_self=False):
        if hasattr(mine, "equation"):
            twin = next(layer for layer in theirs._flatten_layers(include_self=False) if layer.name == mine.name)
            config = twin.get_config()
            assert {key: config[key] for key in ("equation", "output_shape", "bias_axes")} == {
                key: mine.get_config()[key] for key in ("equation", "output_shape", "bias_axes")
            }


@pytest.mark.parametrize("axes", [(1,), (2,), (1, 2)])
def test_attention_over_axes_of_an_image(axes):
    x = RNG.normal(size=(2, 3, 4, 5)).astype("float32")
    ours, theirs = same_weights(*both("MultiHeadAttention", {"num_heads": 2, "key_dim": 3, "attention_axes": axes}), x, x)
    assert_alike(ours(x, x, return_attention_scores=True), theirs(x, x, return_attention_scores=True))


def test_masks_of_images_are_widened_as_in_keras():
    x = RNG.normal(size=(2, 3, 4, 5)).astype("float32")
    mask = RNG.random((2, 3, 4, 3, 4)) > 0.4
    ours, theirs = same_weights(*both("MultiHeadAttention", {"num_heads": 2, "key_dim": 3}), x, x)
    assert_alike(ours(x, x, attention_mask=mask), theirs(x, x, attention_mask=mask))


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("Attention", {}),
        ("Attention", {"use_scale": True}),
        ("Attention", {"use_scale": True, "score_mode": "concat"}),
        ("Attention", {"score_mode": "concat"}),
        ("AdditiveAttention", {}),
        ("AdditiveAttention", {"use_scale": False}),
    ],
)
def test_attention_without_projections(name, arguments):
    query, value, key = (RNG.normal(size=(2, length, 4)).astype("float32") for length in (5, 3, 3))
    ours, theirs = same_weights(*both(name, arguments), [query, value, key])
    assert_alike(ours([query, value]), theirs([query, value]))
    options = {"mask": [QUERY_MASK, VALUE_MASK], "use_causal_mask": True, "return_attention_scores": True}
    assert_alike(ours([query, value, key], **options), theirs([query, value, key], **options))
    assert_alike(ours([query, value], mask=[None, VALUE_MASK]), theirs([query, value], mask=[None, VALUE_MASK]))


def test_symbolic_shapes():
    def shapes(module):
        query, value = module.Input((None, 4)), module.Input((7, 4))
        heads = module.MultiHeadAttention(2, 3, output_shape=5)(query, value, use_causal_mask=True)
        return [tuple(x.shape) for x in (heads, module.GroupQueryAttention(3, 4, 2)(query, value), module.Attention()([query, value]))]

    assert shapes(layers) == shapes(keras.layers)


@pytest.mark.parametrize("name", ["MultiHeadAttention", "GroupQueryAttention"])
def test_shapes_from_shapes(name):
    arguments = next(arguments for which, arguments in HEADS if which == name)
    ours, theirs = both(name, arguments)
    args = ((None, 5, 4), (None, 3, 4), (None, 3, 4))
    assert ours.compute_output_shape(*args) == theirs.compute_output_shape(*args)


def test_the_two_names_of_grouped_queries():
    keras.utils.clear_session()
    ours, theirs = (module.GroupQueryAttention(3, 4, 2) for module in (layers, keras.layers))
    assert ours.name == theirs.name == "grouped_query_attention"
    found, expected = (saving.serialize_keras_object(layer) for saving, layer in ((amalthea.saving, ours), (keras.saving, theirs)))
    for key in ("module", "class_name", "registered_name"):
        assert found[key] == expected[key]
    assert type(amalthea.saving.deserialize_keras_object(found)) is type(ours)


def test_a_private_name_of_keras_is_understood():
    config = keras.saving.serialize_keras_object(keras.layers.GroupQueryAttention(3, 4, 2))
    private = {**config, "module": keras.layers.GroupQueryAttention.__module__, "class_name": "GroupedQueryAttention"}
    assert type(amalthea.saving.deserialize_keras_object(private)) is layers.GroupQueryAttention
    with pytest.raises(amalthea.errors.SerializationError, match="GroupedQueryAttention"):
        amalthea.saving.deserialize_keras_object({**private, "module": "keras.layers"})


def test_weights_of_grouped_queries_go_both_ways(tmp_path):
    x = RNG.normal(size=(2, 3, 8)).astype("float32")

    def made(module):
        inputs = module.Input((3, 8))
        return module.Model(inputs, module.layers.GroupQueryAttention(3, 4, 2)(inputs, inputs))

    ours, theirs = made(amalthea), made(keras)
    ours.save_weights(tmp_path / "ours.weights.h5")
    theirs.load_weights(tmp_path / "ours.weights.h5")
    assert_alike(ours(x), theirs(x))


@pytest.mark.parametrize("name", ["MultiHeadAttention", "GroupQueryAttention", "Attention", "AdditiveAttention"])
@pytest.mark.parametrize("scores", [False, True])
def test_scores_carry_no_mask(name, scores):
    """The mask of the query is that of the first output alone."""

    def masks(module, mask_of):
        x = module.layers.Embedding(5, 4, mask_zero=True)(module.Input((3,), dtype="int32"))
        arguments = next((arguments for which, arguments in HEADS if which == name), {})
        layer = getattr(module.layers, name)(**arguments)
        inputs = (x, x) if arguments else ([x, x],)
        outputs = module.tree.flatten(layer(*inputs, return_attention_scores=scores))
        return [None if mask_of(y) is None else tuple(mask_of(y).shape) for y in outputs]

    found = masks(amalthea, get_mask)
    assert found == masks(keras, lambda y: getattr(y, "_keras_mask", None))
    assert found == [(None, 3), None][: 1 + scores]


def test_scores_of_values_carry_no_mask():
    x = layers.Embedding(5, 4, mask_zero=True)(np.array([[1, 2, 0], [3, 0, 0]]))
    output, scores = layers.MultiHeadAttention(2, 4)(x, x, return_attention_scores=True)
    assert np.asarray(get_mask(output)).tolist() == [[True, True, False], [True, False, False]]
    assert get_mask(scores) is None
