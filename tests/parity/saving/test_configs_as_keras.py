"""Every public class with a configuration: Keras reads ours, we read Keras's, and both give the same configuration back."""

import inspect
import json

import keras
import numpy as np
import pytest

import amalthea

IMAGE, SEQUENCE, VECTOR, VOLUME = (2, 6, 6, 4), (2, 7, 4), (2, 5), (2, 5, 6, 4, 2)

# name, arguments (a function of the library where they hold objects), shapes of the inputs
LAYERS = [
    ("Activation", {"activation": "gelu"}, VECTOR),
    ("ActivityRegularization", {"l1": 0.1, "l2": 0.2}, VECTOR),
    ("Add", {}, [VECTOR, VECTOR]),
    ("AdditiveAttention", {"dropout": 0.1, "use_scale": False}, [SEQUENCE, SEQUENCE]),
    ("AlphaDropout", {"rate": 0.2, "seed": 1}, VECTOR),
    ("Attention", {"score_mode": "concat", "use_scale": True}, [SEQUENCE, SEQUENCE]),
    ("Average", {}, [VECTOR, VECTOR]),
    ("AveragePooling1D", {"pool_size": 3, "padding": "same"}, SEQUENCE),
    ("AveragePooling2D", {"pool_size": 2, "strides": 1}, IMAGE),
    ("AveragePooling3D", {"pool_size": 2}, VOLUME),
    ("BatchNormalization", {"momentum": 0.8, "gamma_initializer": "zeros", "beta_regularizer": "l2"}, IMAGE),
    ("Bidirectional", lambda m: {"layer": m.layers.GRU(3, name="inner"), "merge_mode": "sum"}, SEQUENCE),
    ("Concatenate", {"axis": 1}, [SEQUENCE, SEQUENCE]),
    ("Conv1D", {"filters": 4, "kernel_size": 3, "padding": "causal", "dilation_rate": 2}, SEQUENCE),
    ("Conv1DTranspose", {"filters": 3, "kernel_size": 2}, SEQUENCE),
    ("Conv2D", {"filters": 4, "kernel_size": (2, 3), "groups": 2, "activation": "relu", "kernel_constraint": "max_norm"}, IMAGE),
    ("Conv2DTranspose", {"filters": 3, "kernel_size": 3, "strides": 2, "padding": "same"}, IMAGE),
    ("Conv3D", {"filters": 2, "kernel_size": 2, "use_bias": False}, VOLUME),
    ("Conv3DTranspose", {"filters": 2, "kernel_size": 2}, VOLUME),
    ("Cropping1D", {"cropping": (2, 1)}, SEQUENCE),
    ("Cropping2D", {"cropping": ((1, 0), (2, 3))}, IMAGE),
    ("Cropping3D", {}, VOLUME),
    ("Dense", {"units": 3, "kernel_regularizer": "l2", "bias_initializer": "ones", "dtype": "mixed_bfloat16"}, VECTOR),
    ("DepthwiseConv1D", {"kernel_size": 3, "depth_multiplier": 2}, SEQUENCE),
    ("DepthwiseConv2D", {"kernel_size": 3, "strides": 2}, IMAGE),
    ("Dot", {"axes": 1, "normalize": True}, [VECTOR, VECTOR]),
    ("Dropout", {"rate": 0.3, "noise_shape": (None, 1), "seed": 4}, VECTOR),
    ("ELU", {"alpha": 0.7}, VECTOR),
    ("EinsumDense", {"equation": "abc,cd->abd", "output_shape": (None, 6), "bias_axes": "d"}, SEQUENCE),
    ("Embedding", {"input_dim": 9, "output_dim": 3, "mask_zero": True, "embeddings_initializer": "normal"}, VECTOR),
    ("Flatten", {"data_format": "channels_first"}, IMAGE),
    ("GRU", {"units": 3, "reset_after": False, "dropout": 0.1}, SEQUENCE),
    ("GRUCell", {"units": 3, "recurrent_activation": "tanh"}, None),
    ("GaussianDropout", {"rate": 0.3}, VECTOR),
    ("GaussianNoise", {"stddev": 0.3, "seed": 2}, VECTOR),
    ("GlobalAveragePooling1D", {}, SEQUENCE),
    ("GlobalAveragePooling2D", {"keepdims": True}, IMAGE),
    ("GlobalAveragePooling3D", {}, VOLUME),
    ("GlobalMaxPooling1D", {}, SEQUENCE),
    ("GlobalMaxPooling2D", {"data_format": "channels_first"}, IMAGE),
    ("GlobalMaxPooling3D", {}, VOLUME),
    ("GroupNormalization", {"groups": 2}, IMAGE),
    ("GroupQueryAttention", {"head_dim": 3, "num_query_heads": 4, "num_key_value_heads": 2}, [SEQUENCE, SEQUENCE]),
    ("Identity", {}, VECTOR),
    ("InputLayer", {"shape": (3,), "dtype": "int32"}, None),
    ("LSTM", {"units": 3, "return_sequences": True, "unit_forget_bias": False, "recurrent_regularizer": "l2"}, SEQUENCE),
    ("LSTMCell", {"units": 3, "recurrent_dropout": 0.1, "seed": 3}, None),
    ("Lambda", lambda m: {"function": m.activations.relu}, VECTOR),
    ("LayerNormalization", {"axis": (1, 2), "center": False}, SEQUENCE),
    ("LeakyReLU", {"negative_slope": 0.1}, VECTOR),
    ("Masking", {"mask_value": 1.0}, SEQUENCE),
    ("MaxPooling1D", {}, SEQUENCE),
    ("MaxPooling2D", {"pool_size": 3, "strides": 2, "padding": "same"}, IMAGE),
    ("MaxPooling3D", {}, VOLUME),
    ("Maximum", {}, [VECTOR, VECTOR]),
    ("Minimum", {}, [VECTOR, VECTOR]),
    ("MultiHeadAttention", {"num_heads": 2, "key_dim": 3, "use_bias": False}, [SEQUENCE, SEQUENCE]),
    ("Multiply", {}, [VECTOR, VECTOR]),
    ("PReLU", {"shared_axes": [1], "alpha_initializer": "ones"}, SEQUENCE),
    ("Permute", {"dims": (2, 1)}, SEQUENCE),
    ("RMSNormalization", {"epsilon": 1e-4}, SEQUENCE),
    ("RNN", lambda m: {"cell": [m.layers.LSTMCell(3, name="one"), m.layers.GRUCell(2, name="two")], "return_state": False}, SEQUENCE),
    ("ReLU", {"max_value": 0.6, "negative_slope": 0.1, "threshold": 0.2}, VECTOR),
    ("RepeatVector", {"n": 3}, VECTOR),
    ("Rescaling", {"scale": 0.5, "offset": [1.0, 2.0, 3.0, 4.0, 5.0]}, VECTOR),
    ("Reshape", {"target_shape": (-1, 2)}, SEQUENCE),
    ("SeparableConv1D", {"filters": 5, "kernel_size": 3}, SEQUENCE),
    ("SeparableConv2D", {"filters": 5, "kernel_size": 3, "depth_multiplier": 2}, IMAGE),
    ("SimpleRNN", {"units": 3, "go_backwards": True, "activation": "relu"}, SEQUENCE),
    ("SimpleRNNCell", {"units": 3}, None),
    ("Softmax", {"axis": 1}, SEQUENCE),
    ("SpatialDropout1D", {"rate": 0.3}, SEQUENCE),
    ("SpatialDropout2D", {"rate": 0.3, "seed": 3}, IMAGE),
    ("SpatialDropout3D", {"rate": 0.3, "data_format": "channels_first"}, VOLUME),
    ("StackedRNNCells", lambda m: {"cells": [m.layers.LSTMCell(3, name="one"), m.layers.SimpleRNNCell(2, name="two")]}, None),
    ("Subtract", {}, [VECTOR, VECTOR]),
    ("TimeDistributed", lambda m: {"layer": m.layers.Dense(3, name="inner")}, SEQUENCE),
    ("UnitNormalization", {"axis": 1}, SEQUENCE),
    ("UpSampling1D", {"size": 3}, SEQUENCE),
    ("UpSampling2D", {"size": (2, 3), "interpolation": "bilinear"}, IMAGE),
    ("UpSampling3D", {}, VOLUME),
    ("ZeroPadding1D", {"padding": (1, 2)}, SEQUENCE),
    ("ZeroPadding2D", {"padding": ((1, 0), (2, 3))}, IMAGE),
    ("ZeroPadding3D", {"padding": 1}, VOLUME),
]
# Bases, and what holds code: nothing of them is written alone.
WITHOUT = {"FlaxLayer", "InputSpec", "JaxLayer", "Layer", "TFSMLayer", "TorchModuleWrapper", "Wrapper"}

# Arguments of what cannot be made without any, or of what is better tried with some.
ARGUMENTS = {
    "Adafactor": {"learning_rate": 0.1, "clip_threshold": 2.0},
    "BinaryIoU": {"threshold": 0.3},
    "Constant": {"value": 0.5},
    "CosineDecay": {"initial_learning_rate": 0.1, "decay_steps": 10, "warmup_steps": 3, "warmup_target": 0.2},
    "CosineDecayRestarts": {"initial_learning_rate": 0.1, "first_decay_steps": 10},
    "ExponentialDecay": {"initial_learning_rate": 0.1, "decay_steps": 10, "decay_rate": 0.5, "staircase": True},
    "InverseTimeDecay": {"initial_learning_rate": 0.1, "decay_steps": 10, "decay_rate": 0.5},
    "IoU": {"num_classes": 3, "target_class_ids": [0]},
    "LossScaleOptimizer": lambda m: {"inner_optimizer": m.optimizers.SGD(0.5, name="inner"), "dynamic_growth_steps": 5},
    "MeanIoU": {"num_classes": 3},
    "MeanMetricWrapper": lambda m: {"fn": m.losses.mean_squared_error, "name": "wrapped"},
    "MinMaxNorm": {"min_value": 0.1, "axis": [0, 1]},
    "MultiOptimizer": None,
    "OneHotIoU": {"num_classes": 3, "target_class_ids": [0]},
    "OneHotMeanIoU": {"num_classes": 3},
    "OptimizerMap": None,
    "PiecewiseConstantDecay": {"boundaries": [1, 2], "values": [1.0, 0.5, 0.1]},
    "PolynomialDecay": {"initial_learning_rate": 0.1, "decay_steps": 10, "cycle": True},
    "PrecisionAtRecall": {"recall": 0.5},
    "RandomInitializer": None,
    "RecallAtPrecision": {"precision": 0.5},
    "SensitivityAtSpecificity": {"specificity": 0.5},
    "SpecificityAtSensitivity": {"sensitivity": 0.5},
    "VarianceScaling": {"scale": 2.0, "mode": "fan_out", "distribution": "uniform", "seed": 3},
    "Adam": lambda m: {"learning_rate": m.optimizers.schedules.ExponentialDecay(0.1, 10, 0.5), "clipnorm": 1.0, "name": "adam"},
    "SGD": {"momentum": 0.9, "nesterov": True, "weight_decay": 0.01, "use_ema": True},
}
BASES = {"Constraint", "Initializer", "LearningRateSchedule", "Loss", "Metric", "Optimizer", "Regularizer"}
FAMILIES = {
    "losses": (amalthea.losses, keras.losses),
    "metrics": (amalthea.metrics, keras.metrics),
    "optimizers": (amalthea.optimizers, keras.optimizers),
    "schedules": (amalthea.optimizers.schedules, keras.optimizers.schedules),
    "initializers": (amalthea.initializers, keras.initializers),
    "regularizers": (amalthea.regularizers, keras.regularizers),
    "constraints": (amalthea.constraints, keras.constraints),
}


def classes():
    for family, (ours, _) in FAMILIES.items():
        for name in ours.__all__:
            cls = getattr(ours, name)
            arguments = ARGUMENTS.get(name, {})
            if inspect.isclass(cls) and name == cls.__name__ and name not in BASES and arguments is not None:
                yield pytest.param(family, name, arguments, id=f"{family}.{name}")


def plain(value):
    return json.loads(json.dumps(value))


def written(library, thing):
    """The configuration of an object. The shapes that it was built for stand beside: layers that have nothing to build note none here."""

    def without_shapes(part):
        if isinstance(part, dict):
            return {key: without_shapes(value) for key, value in part.items() if key != "build_config"}
        return [without_shapes(value) for value in part] if isinstance(part, list) else part

    return without_shapes(plain(library.saving.serialize_keras_object(thing)))


def arguments_for(library, arguments):
    return arguments(library) if callable(arguments) else arguments


def same(found, expected, place=""):
    """Equal, but for the last digit of numbers that went through float32."""
    if isinstance(expected, dict):
        assert found.keys() == expected.keys(), place
        for key in expected:
            same(found[key], expected[key], f"{place}.{key}")
    elif isinstance(expected, list):
        assert len(found) == len(expected), place
        for index, part in enumerate(expected):
            same(found[index], part, f"{place}[{index}]")
    elif isinstance(expected, float):
        assert found == pytest.approx(expected, rel=1e-6), place
    else:
        assert found == expected, place


def goes_both_ways(ours, theirs):
    mine, other = written(amalthea, ours), written(keras, theirs)
    same(mine, other)
    read_by_us = amalthea.saving.deserialize_keras_object(plain(other))
    read_by_keras = keras.saving.deserialize_keras_object(plain(mine))
    same(written(amalthea, read_by_us), other)
    same(written(keras, read_by_keras), mine)
    return read_by_us, read_by_keras


@pytest.mark.parametrize(("family", "name", "arguments"), list(classes()))
def test_objects(family, name, arguments):
    ours, theirs = FAMILIES[family]
    made = getattr(ours, name)(**arguments_for(amalthea, arguments)), getattr(theirs, name)(**arguments_for(keras, arguments))
    back, _ = goes_both_ways(*made)
    assert type(back) is getattr(ours, name)


def draw(shape, seed):
    return np.random.default_rng(seed).uniform(0.1, 4.0, size=shape).astype("float32")


@pytest.mark.parametrize(("name", "arguments", "shape"), LAYERS, ids=[name for name, _, _ in LAYERS])
def test_layers(name, arguments, shape):
    ours, theirs = (getattr(library.layers, name)(**arguments_for(library, arguments), name="layer") for library in (amalthea, keras))
    if shape is None:
        goes_both_ways(ours, theirs)
        return
    x = [draw(part, place) for place, part in enumerate(shape)] if isinstance(shape, list) else draw(shape, 0)
    call = (lambda layer: layer(*x)) if "MultiHead" in name or "GroupQuery" in name else (lambda layer: layer(x))
    call(ours), call(theirs)
    read_by_us, read_by_keras = goes_both_ways(ours, theirs)
    weights = [draw(value.shape, 9) * 0.2 for value in theirs.get_weights()]
    outputs = []
    for layer in (theirs, ours, read_by_us, read_by_keras):
        call(layer)
        layer.set_weights(weights)
        outputs.append(np.asarray(call(layer), "float32"))
    tolerance = 2e-2 if "mixed_bfloat16" in str(arguments) else 2e-5
    for found in outputs[1:]:
        np.testing.assert_allclose(found, outputs[0], rtol=tolerance, atol=tolerance / 10)


def test_no_layer_is_left_out():
    public = {name for name in amalthea.layers.__all__ if inspect.isclass(cls := getattr(amalthea.layers, name)) and cls.__name__ == name}
    assert public - {name for name, _, _ in LAYERS} == WITHOUT & public
