"""Precision and devices, on every engine: dtypes of weights and outputs, training in half precision, where tensors live."""

import os
import subprocess
import sys

import numpy as np
import pytest

import amalthea
from amalthea import config, dtypes, layers, ops
from amalthea.engines import get
from amalthea.errors import ArgumentError
from amalthea.testing.choice import engines_to_test

ENGINES = [name for name in engines_to_test() if get(name).trains]
POLICIES = {
    "float16": ("float16", "float16"),
    "mixed_float16": ("float16", "float32"),
    "bfloat16": ("bfloat16", "bfloat16"),
    "mixed_bfloat16": ("bfloat16", "float32"),
}
GENERATOR = np.random.default_rng(7)
X = GENERATOR.normal(size=(32, 5)).astype("float32")
IMAGES = GENERATOR.normal(size=(32, 6, 6, 2)).astype("float32")
WORDS = GENERATOR.integers(11, size=(32, 6)).astype("int32")


def dense():
    model = [amalthea.Input((5,)), layers.Dense(16, activation="relu"), layers.Dense(2)]
    return model, X, (X @ GENERATOR.normal(size=(5, 2))).astype("float32"), "mse"


def convolutional():
    model = [
        amalthea.Input((6, 6, 2)),
        layers.Conv2D(4, 3, activation="relu"),
        layers.BatchNormalization(),
        layers.Flatten(),
        layers.Dense(3, "softmax"),
    ]
    return model, IMAGES, IMAGES.sum((1, 2)).argmax(-1), "sparse_categorical_crossentropy"


def recurrent():
    model = [amalthea.Input((6,), dtype="int32"), layers.Embedding(11, 4, mask_zero=True), layers.LSTM(8), layers.Dense(1, "sigmoid")]
    return model, WORDS, (WORDS.sum(1, keepdims=True) > 30).astype("float32"), "binary_crossentropy"


@pytest.fixture(params=POLICIES)
def policy(request):
    config.set_dtype_policy(request.param)
    yield request.param
    config.set_dtype_policy(None)


@pytest.mark.parametrize("build", [dense, convolutional, recurrent])
@pytest.mark.parametrize("engine", ENGINES)
def test_training_in_half_precision(engine, build, policy):
    compute, stored = POLICIES[policy]
    with amalthea.engine(engine):
        parts, x, y, loss = build()
        model = amalthea.Sequential(parts)
        model.compile(amalthea.optimizers.SGD(0.05, momentum=0.9), loss)
        assert isinstance(model.optimizer, amalthea.optimizers.LossScaleOptimizer) == (policy == "mixed_float16")
        losses = model.fit(x, y, batch_size=32, epochs=12, verbose=0).history["loss"]
        assert {dtypes.standardize_dtype(variable.numpy().dtype) for variable in model.trainable_variables} == {stored}
        outputs = x
        for layer in model.layers:
            outputs = layer(outputs)
            assert ops.dtype(outputs) == compute, layer.name
    assert np.isfinite(losses).all()
    assert losses[-1] < losses[0]
    assert all(np.isfinite(variable.numpy().astype("float32")).all() for variable in model.variables)


@pytest.mark.parametrize("engine", ENGINES)
def test_the_scale_of_the_loss_saves_small_gradients(engine):
    with amalthea.engine(engine):
        layer = layers.Dense(1, use_bias=False, kernel_initializer="zeros", dtype="mixed_float16")
        model = amalthea.Sequential([amalthea.Input((1,)), layer])
        tiny = lambda y, y_pred: ops.cast(y_pred, "float32") * 2.0**-26  # noqa: E731 (float16 has nothing below 2**-24)
        steps = {}
        for name, scaled in (("plain", False), ("scaled", True)):
            layer.kernel.assign([[0.0]])
            model.compile(amalthea.optimizers.SGD(2.0**20), tiny, auto_scale_loss=scaled)
            if scaled:
                model.compile(amalthea.optimizers.LossScaleOptimizer(amalthea.optimizers.SGD(2.0**20), initial_scale=2.0**12), tiny)
            model.fit(np.ones((1, 1), "float32"), np.ones((1, 1), "float32"), verbose=0)
            steps[name] = float(layer.kernel.numpy()[0, 0])
    assert steps == {"plain": 0.0, "scaled": -(2.0**-6)}


@pytest.mark.parametrize("engine", ENGINES)
def test_a_step_that_overflows_is_left_out(engine):
    with amalthea.engine(engine):
        layer = layers.Dense(1, use_bias=False, kernel_initializer="ones", dtype="mixed_float16")
        model = amalthea.Sequential([amalthea.Input((1,)), layer])
        optimizer = amalthea.optimizers.LossScaleOptimizer(amalthea.optimizers.SGD(1.0), initial_scale=2.0**17)
        model.compile(optimizer, lambda y, y_pred: y_pred)
        x = np.ones((1, 1), "float32")
        model.fit(x, x, epochs=1, verbose=0)
        assert (float(layer.kernel.numpy()[0, 0]), float(optimizer.dynamic_scale), int(optimizer.iterations)) == (1.0, 2.0**16, 0)
        model.fit(x, x, epochs=2, verbose=0)
        assert (float(layer.kernel.numpy()[0, 0]), float(optimizer.dynamic_scale), int(optimizer.iterations)) == (0.0, 2.0**15, 1)


# --- devices ---


@pytest.mark.parametrize("name", ["cpu:0", "cpu", "CPU:0"])
@pytest.mark.parametrize("engine", engines_to_test())
def test_tensors_live_on_the_device_that_was_asked_for(engine, name):
    with amalthea.engine(engine), amalthea.device(name):
        model = amalthea.Sequential([amalthea.Input((2,)), layers.Dense(1, kernel_initializer="ones")])
        x = ops.ones((3, 2))
        np.testing.assert_array_equal(ops.convert_to_numpy(model(x)), np.full((3, 1), 2.0))
        if engine != "numpy":
            assert "cpu" in str(x.device).lower()
            assert "cpu" in str(model.layers[0].kernel.value.device).lower()


@pytest.mark.parametrize("name", ["gpu:99", "cuda:99", "tpu:99", "cpu:x", "banana", ""])
@pytest.mark.parametrize("engine", engines_to_test())
def test_a_device_that_is_not_there(engine, name):
    with amalthea.engine(engine), pytest.raises(ArgumentError, match=r"There is no device .*cpu:0"), amalthea.device(name):
        pass


TWO_CPUS = {
    "jax": "import os; os.environ['XLA_FLAGS'] = '--xla_force_host_platform_device_count=2'",
    "tensorflow": "import tensorflow as tf; one = tf.config.LogicalDeviceConfiguration(); "
    "tf.config.set_logical_device_configuration(tf.config.list_physical_devices('CPU')[0], [one, one])",
}
ON_THE_SECOND = """
import amalthea, numpy as np
from amalthea import layers, ops
with amalthea.device("cpu:1"):
    x = ops.ones((2, 2))
    model = amalthea.Sequential([amalthea.Input((2,)), layers.Dense(1)])
    model.compile("adam", "mse")
    model.fit(np.ones((4, 2)), np.ones((4, 1)), verbose=0)
    print(*(str(tensor.device)[-5:].lower() for tensor in (x, model(x), model.layers[0].kernel.value)))
"""


@pytest.mark.parametrize("engine", [name for name in ENGINES if name in TWO_CPUS])
def test_one_of_two_devices(engine):
    code = TWO_CPUS[engine] + ON_THE_SECOND
    run = subprocess.run([sys.executable, "-c", code], env=os.environ | {"AMALTHEA_ENGINE": engine}, capture_output=True, text=True, check=True)
    assert run.stdout.split() == ["cpu:1"] * 3
