"""Layers against Keras: configuration, weights, shapes, outputs in inference and training, gradients."""

import jax
import keras
import numpy as np
import pytest

import amalthea
from amalthea import layers

IMAGE = (2, 7, 6, 4)
VOLUME = (2, 5, 6, 4, 2)
SEQUENCE = (2, 9, 4)

# name, arguments, shapes of the inputs (a list makes several)
CASES = [
    ("Dense", {"units": 3, "activation": "relu"}, (4, 5)),
    ("Dense", {"units": 3, "use_bias": False}, (2, 3, 5)),
    ("EinsumDense", {"equation": "abc,cd->abd", "output_shape": (None, 6), "bias_axes": "d"}, (2, 3, 5)),
    ("EinsumDense", {"equation": "ab,bcd->acd", "output_shape": (3, 6), "bias_axes": "cd", "activation": "tanh"}, (2, 5)),
    ("EinsumDense", {"equation": "...x,xy->...y", "output_shape": (4,), "bias_axes": "y"}, (2, 3, 5)),
    ("EinsumDense", {"equation": "abcd,cde->abe", "output_shape": (None, 7)}, (2, 3, 4, 5)),
    ("Activation", {"activation": "gelu"}, (2, 5)),
    ("Conv1D", {"filters": 3, "kernel_size": 3}, SEQUENCE),
    ("Conv1D", {"filters": 3, "kernel_size": 2, "padding": "causal", "dilation_rate": 2}, SEQUENCE),
    ("Conv1D", {"filters": 4, "kernel_size": 3, "strides": 2, "padding": "same", "groups": 2}, SEQUENCE),
    ("Conv2D", {"filters": 3, "kernel_size": 3, "activation": "relu"}, IMAGE),
    ("Conv2D", {"filters": 3, "kernel_size": (2, 3), "strides": 2, "padding": "same"}, IMAGE),
    ("Conv2D", {"filters": 4, "kernel_size": 3, "dilation_rate": 2, "groups": 2, "use_bias": False}, IMAGE),
    ("Conv2D", {"filters": 3, "kernel_size": 1}, IMAGE),
    ("Conv2D", {"filters": 3, "kernel_size": 3}, (2, 6, 6, 1)),
    ("Conv3D", {"filters": 3, "kernel_size": 2, "strides": (1, 2, 1), "padding": "same"}, VOLUME),
    ("Conv1DTranspose", {"filters": 3, "kernel_size": 3, "strides": 2}, SEQUENCE),
    ("Conv2DTranspose", {"filters": 3, "kernel_size": 3, "strides": 2, "padding": "same"}, IMAGE),
    ("Conv2DTranspose", {"filters": 3, "kernel_size": 4, "strides": 3, "output_padding": 1}, IMAGE),
    ("Conv3DTranspose", {"filters": 2, "kernel_size": 2, "strides": 2}, VOLUME),
    ("DepthwiseConv1D", {"kernel_size": 3, "depth_multiplier": 2}, SEQUENCE),
    ("DepthwiseConv2D", {"kernel_size": 3, "strides": 2, "padding": "same"}, IMAGE),
    ("SeparableConv1D", {"filters": 5, "kernel_size": 3, "padding": "same"}, SEQUENCE),
    ("SeparableConv2D", {"filters": 5, "kernel_size": 3, "depth_multiplier": 2}, IMAGE),
    ("MaxPooling1D", {}, SEQUENCE),
    ("MaxPooling2D", {"pool_size": 3, "strides": 2, "padding": "same"}, IMAGE),
    ("MaxPooling2D", {}, (2, 6, 6, 3)),
    ("MaxPooling3D", {}, VOLUME),
    ("AveragePooling1D", {"pool_size": 3, "padding": "same"}, SEQUENCE),
    ("AveragePooling2D", {"pool_size": 2}, IMAGE),
    ("AveragePooling2D", {"pool_size": 3, "strides": 1, "padding": "same"}, IMAGE),
    ("AveragePooling3D", {"pool_size": 2}, VOLUME),
    ("GlobalAveragePooling1D", {}, SEQUENCE),
    ("GlobalAveragePooling2D", {"keepdims": True}, IMAGE),
    ("GlobalMaxPooling1D", {}, SEQUENCE),
    ("GlobalMaxPooling3D", {}, VOLUME),
    ("BatchNormalization", {}, IMAGE),
    ("BatchNormalization", {"axis": 1, "scale": False, "momentum": 0.8}, (4, 3, 5)),
    ("LayerNormalization", {}, SEQUENCE),
    ("LayerNormalization", {"axis": (1, 2), "center": False}, SEQUENCE),
    ("GroupNormalization", {"groups": 2}, IMAGE),
    ("RMSNormalization", {}, SEQUENCE),
    ("UnitNormalization", {}, SEQUENCE),
    ("Flatten", {}, IMAGE),
    ("Flatten", {"data_format": "channels_first"}, IMAGE),
    ("Reshape", {"target_shape": (-1, 2)}, IMAGE),
    ("Permute", {"dims": (2, 1)}, SEQUENCE),
    ("RepeatVector", {"n": 3}, (2, 5)),
    ("ZeroPadding1D", {"padding": (1, 2)}, SEQUENCE),
    ("ZeroPadding2D", {"padding": ((1, 0), (2, 3))}, IMAGE),
    ("ZeroPadding3D", {"padding": 1}, VOLUME),
    ("Cropping1D", {"cropping": (2, 1)}, SEQUENCE),
    ("Cropping2D", {"cropping": ((1, 0), (2, 3))}, IMAGE),
    ("Cropping3D", {}, VOLUME),
    ("UpSampling1D", {"size": 3}, SEQUENCE),
    ("UpSampling2D", {"size": (2, 3)}, IMAGE),
    ("UpSampling2D", {"size": 2, "interpolation": "bilinear"}, IMAGE),
    ("UpSampling3D", {}, VOLUME),
    ("ReLU", {"max_value": 0.6, "negative_slope": 0.1, "threshold": 0.2}, (3, 4)),
    ("LeakyReLU", {}, (3, 4)),
    ("ELU", {"alpha": 0.7}, (3, 4)),
    ("PReLU", {"alpha_initializer": "ones", "shared_axes": [1]}, SEQUENCE),
    ("Softmax", {"axis": 1}, SEQUENCE),
    ("Rescaling", {"scale": 0.5, "offset": [1.0, 2.0, 3.0, 4.0]}, SEQUENCE),
    ("Identity", {}, (2, 3)),
    ("Dropout", {"rate": 0.3}, (2, 3)),
    ("SpatialDropout2D", {"rate": 0.3}, IMAGE),
    ("GaussianNoise", {"stddev": 0.3}, (2, 3)),
    ("GaussianDropout", {"rate": 0.3}, (2, 3)),
    ("AlphaDropout", {"rate": 0.3}, (2, 3)),
    ("Masking", {}, SEQUENCE),
    ("Add", {}, [(2, 3), (2, 3), (2, 1)]),
    ("Subtract", {}, [(2, 3), (2, 3)]),
    ("Multiply", {}, [(2, 4, 3), (2, 3)]),
    ("Average", {}, [(2, 3), (2, 3)]),
    ("Maximum", {}, [(2, 3), (2, 3)]),
    ("Minimum", {}, [(2, 3), (2, 3)]),
    ("Concatenate", {"axis": 1}, [(2, 3, 4), (2, 2, 4)]),
    ("Dot", {"axes": 1}, [(2, 3), (2, 3)]),
    ("Dot", {"axes": (2, 1), "normalize": True}, [(2, 4, 3), (2, 3, 5)]),
]
IDS = [f"{name}-{index}" for index, (name, _, _) in enumerate(CASES)]
RANDOM_IN_TRAINING = {"Dropout", "SpatialDropout2D", "GaussianNoise", "GaussianDropout", "AlphaDropout"}


def draw(shape):
    generator = np.random.default_rng(3)
    if isinstance(shape, list):
        return [generator.normal(size=part).astype("float32") for part in shape]
    return generator.normal(size=shape).astype("float32")


def pair(name, arguments, x):
    """The layer of Amalthea and that of Keras, built, with the same weights."""
    ours, theirs = getattr(layers, name)(**arguments), getattr(keras.layers, name)(**arguments)
    ours(x), theirs(x)
    assert [v.shape for v in ours.weights] == [tuple(v.shape) for v in theirs.weights]
    assert [v.path.split("/")[1:] for v in ours.weights] == [v.path.split("/")[1:] for v in theirs.weights]
    generator = np.random.default_rng(5)
    values = [generator.uniform(0.1, 0.5, size=v.shape).astype("float32") for v in ours.weights]
    ours.set_weights(values)
    theirs.set_weights(values)
    return ours, theirs


@pytest.mark.parametrize(("name", "arguments", "shape"), CASES, ids=IDS)
def test_outputs_and_configuration_are_those_of_keras(name, arguments, shape):
    x = draw(shape)
    ours, theirs = pair(name, arguments, x)
    np.testing.assert_allclose(np.asarray(ours(x)), np.asarray(theirs(x)), rtol=2e-5, atol=2e-6)
    expected = theirs.get_config()
    found = ours.get_config()
    for key in ("name", "quantization_config"):
        expected.pop(key, None)
        found.pop(key, None)
    if name != "SpatialDropout2D":  # Keras leaves out `trainable` there
        assert set(found) == set(expected)
    plain = {key: value for key, value in expected.items() if not isinstance(value, dict)}
    assert {key: found[key] for key in plain if key != "dtype"} == {key: value for key, value in plain.items() if key != "dtype"}


@pytest.mark.parametrize(("name", "arguments", "shape"), CASES, ids=IDS)
def test_configuration_and_symbolic_shape_round_trip(name, arguments, shape):
    x = draw(shape)
    layer = getattr(layers, name)(**arguments)
    twin = type(layer).from_config(layer.get_config())
    result = layer(x)
    inputs = [amalthea.Input(part[1:]) for part in shape] if isinstance(shape, list) else amalthea.Input(shape[1:])
    symbolic = twin(inputs)
    assert symbolic.shape[1:] == result.shape[1:]
    assert symbolic.dtype == str(result.dtype)
    shapes = [(None, *part[1:]) for part in shape] if isinstance(shape, list) else (None, *shape[1:])
    assert tuple(layer.compute_output_shape(shapes))[1:] == result.shape[1:]


@pytest.mark.parametrize(("name", "arguments", "shape"), [case for case in CASES if case[0] not in RANDOM_IN_TRAINING], ids=lambda v: str(v)[:30])
def test_gradients_are_those_of_keras(name, arguments, shape):
    x = draw(shape)
    ours, theirs = pair(name, arguments, x)
    variables = ours.trainable_variables
    if not variables:
        single = not isinstance(x, list)
        _, ours_gradients = amalthea.value_and_grad(
            lambda *parts: amalthea.ops.sum(amalthea.ops.sin(ours(parts[0] if single else list(parts)))),
            argnums=tuple(range(1 if single else len(x))),
        )(*([x] if single else x))
        expected = jax.grad(lambda parts: jax.numpy.sum(jax.numpy.sin(theirs(parts[0] if single else parts))))([x] if single else x)
    else:
        _, ours_gradients = amalthea.value_and_grad(lambda: amalthea.ops.sum(amalthea.ops.sin(ours(x, **training(ours)))), variables)()

        def loss(values):
            outputs, _ = theirs.stateless_call(values, [v.value for v in theirs.non_trainable_variables], x, **training(theirs))
            return jax.numpy.sum(jax.numpy.sin(outputs))

        expected = jax.grad(loss)([v.value for v in theirs.trainable_variables])
    for found, wanted in zip(ours_gradients, expected, strict=True):
        np.testing.assert_allclose(np.asarray(found), np.asarray(wanted), rtol=2e-4, atol=2e-5)


def training(layer):
    return {"training": True} if type(layer).__name__ == "BatchNormalization" else {}


def test_batch_normalization_moves_its_averages_as_keras_does():
    x = draw(IMAGE)
    ours, theirs = pair("BatchNormalization", {"momentum": 0.7}, x)
    np.testing.assert_allclose(ours(x, training=True), theirs(x, training=True), rtol=1e-4, atol=1e-5)
    for found, wanted in zip(ours.get_weights(), theirs.get_weights(), strict=True):
        np.testing.assert_allclose(found, wanted, rtol=1e-5, atol=1e-6)


def test_masked_batch_normalization_leaves_out_masked_steps():
    x = draw(SEQUENCE)
    mask = np.arange(9)[None, :] < np.array([[5], [9]])
    ours, theirs = pair("BatchNormalization", {}, x)
    np.testing.assert_allclose(ours(x, training=True, mask=mask), theirs(x, training=True, mask=mask), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("policy", ["mixed_bfloat16", "float16", "bfloat16"])
@pytest.mark.parametrize("name", ["Dense", "Conv2D", "BatchNormalization", "LayerNormalization"])
def test_dtypes_under_policies_are_those_of_keras(name, policy):
    arguments = {"Dense": {"units": 3}, "Conv2D": {"filters": 2, "kernel_size": 3}}.get(name, {})
    x = draw(IMAGE)
    ours, theirs = getattr(layers, name)(**arguments, dtype=policy), getattr(keras.layers, name)(**arguments, dtype=policy)
    assert str(ours(x).dtype) == str(theirs(x).dtype)
    assert [v.dtype for v in ours.weights] == [v.dtype for v in theirs.weights]


def test_embedding_and_its_mask():
    x = np.array([[1, 2, 0], [3, 0, 0]])
    ours, theirs = pair("Embedding", {"input_dim": 5, "output_dim": 3, "mask_zero": True}, x)
    np.testing.assert_array_equal(np.asarray(ours(x)), np.asarray(theirs(x)))
    np.testing.assert_array_equal(np.asarray(ours.compute_mask(x)), x != 0)


def test_global_average_pooling_counts_what_the_mask_leaves():
    x = draw(SEQUENCE)
    mask = np.arange(9)[None, :] < np.array([[5], [2]])
    found = layers.GlobalAveragePooling1D()(x, mask=mask)
    np.testing.assert_allclose(found, [x[0, :5].mean(0), x[1, :2].mean(0)], rtol=1e-5)
