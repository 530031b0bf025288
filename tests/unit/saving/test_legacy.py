"""Configurations of Keras 2. The models in `keras2_models.json` were described, filled and run by `tf_keras` 2.21."""

import json
from pathlib import Path

import numpy as np
import pytest

import amalthea
from amalthea import layers, losses, optimizers
from amalthea.errors import ModelFileError
from amalthea.saving import deserialize_keras_object
from amalthea.saving.legacy import modern

MODELS = json.loads(Path(__file__).with_name("keras2_models.json").read_text())


def filled(variable, index):
    value = (np.sin(np.arange(np.prod(variable.shape)) + index).reshape(variable.shape) * 0.3).astype("float32")
    return np.abs(value) + 0.5 if "variance" in variable.name else value


def inputs_of(model, whole_numbers):
    shapes = [(2, *tensor.shape[1:]) for tensor in model.inputs]
    if whole_numbers:
        return [np.arange(np.prod(shape)).reshape(shape).astype("float32") % 10 for shape in shapes]
    return [np.cos(np.arange(np.prod(shape)) + place).reshape(shape).astype("float32") for place, shape in enumerate(shapes)]


@pytest.mark.parametrize("name", MODELS)
def test_models_of_keras_2_compute_what_they_did(name):
    stored = MODELS[name]
    model = amalthea.models.model_from_json(json.dumps(stored["model"]))
    assert [list(v.shape) for v in model.weights] == stored["weights"]
    model.set_weights([filled(variable, index) for index, variable in enumerate(model.weights)])
    x = inputs_of(model, name == "text")
    found = np.asarray(model(x if len(x) > 1 else x[0]), "float32")
    tolerance = 2e-3 if name == "mixed" else 2e-5
    np.testing.assert_allclose(found, stored["outputs"], rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("name", MODELS)
def test_what_is_modern_already_stays(name):
    once = modern(MODELS[name]["model"])
    assert modern(once) == once


OPTIMIZERS = [
    ({"class_name": "Adam", "config": {"name": "Adam", "lr": 0.01, "beta_1": 0.8, "decay": 0.0}}, optimizers.Adam, {"beta_1": 0.8}),
    (
        {"class_name": "Custom>RMSprop", "config": {"jit_compile": False, "is_legacy_optimizer": False, "learning_rate": 0.01, "rho": 0.7}},
        optimizers.RMSprop,
        {"rho": 0.7},
    ),
    ({"class_name": "Nadam", "config": {"learning_rate": 0.01, "decay": 0.004}}, optimizers.Nadam, {}),
]


@pytest.mark.parametrize(("config", "cls", "settings"), OPTIMIZERS)
def test_optimizers(config, cls, settings):
    optimizer = optimizers.deserialize(config)
    assert type(optimizer) is cls
    np.testing.assert_allclose(optimizer.get_config()["learning_rate"], 0.01, rtol=1e-6)
    assert {key: optimizer.get_config()[key] for key in settings} == settings


def test_decay_becomes_a_schedule():
    optimizer = optimizers.deserialize({"class_name": "SGD", "config": {"lr": 0.5, "decay": 0.1}})
    schedule = deserialize_keras_object(optimizer.get_config()["learning_rate"])
    np.testing.assert_allclose([float(schedule(step)) for step in (0, 1, 10)], [0.5, 0.5 / 1.1, 0.5 / 2.0], rtol=1e-6)


def test_reduction():
    config = {"class_name": "Huber", "config": {"reduction": "auto", "name": "huber_loss", "delta": 2.0, "fn": "huber"}}
    loss = losses.deserialize(config)
    assert loss.reduction == "sum_over_batch_size"
    assert loss.get_config()["delta"] == 2.0


def test_time_major_sequences_are_not_read_as_others():
    config = {"class_name": "LSTM", "config": {"units": 2, "time_major": True, "implementation": 1}}
    assert "implementation" not in modern(config)["config"]
    with pytest.raises(ModelFileError, match="time_major") as caught:
        deserialize_keras_object(config)
    assert caught.value.code == "config.key"


def test_a_first_layer_that_knows_its_input():
    config = {"class_name": "Sequential", "config": [{"class_name": "Dense", "config": {"units": 3, "name": "d", "batch_input_shape": [None, 2]}}]}
    model = deserialize_keras_object(config)
    assert model.input_shape == (None, 2)
    assert model.count_params() == 9


def test_layers_from_old_arguments():
    layer = deserialize_keras_object({"class_name": "BatchNormalization", "config": {"axis": [3], "renorm": False, "fused": True}})
    assert isinstance(layer, layers.BatchNormalization)
    assert layer.axis == 3
    mixed = {"class_name": "Policy", "config": {"name": "mixed_bfloat16"}}
    assert deserialize_keras_object({"class_name": "Dense", "config": {"units": 1, "dtype": mixed}}).compute_dtype == "bfloat16"


@pytest.mark.parametrize("kind", ["lambda", "function"])
def test_lambda_layers(kind):
    config = {"class_name": "Lambda", "config": {"name": "l", "function": "relu", "function_type": kind, "module": "m", "arguments": {}}}
    if kind == "function":
        assert deserialize_keras_object(config).function is amalthea.activations.relu
        return
    with pytest.raises(ModelFileError, match="bytecode") as caught:
        deserialize_keras_object(config)
    assert caught.value.code == "config.code"
