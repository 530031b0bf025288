"""Every public class with a configuration: Keras reads ours, we read Keras's, and both give the same configuration back."""

import inspect
import json

import keras
import numpy as np
import pytest

import amalthea
from parity.saving.arguments import ARGUMENTS, LAYERS, WITHOUT, arguments_for

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


@pytest.fixture(autouse=True)
def _fresh_names():
    """Keras counts names over all tests; ours are reset for each."""
    keras.utils.clear_session(free_memory=False)


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


@pytest.mark.parametrize(
    ("name", "arguments"), [row[:2] for row in LAYERS if row[0] != "InputLayer"], ids=lambda value: value if isinstance(value, str) else ""
)
def test_masks_end_at_the_same_layers(name, arguments):
    ours, theirs = (getattr(library.layers, name)(**arguments_for(library, arguments)) for library in (amalthea, keras))
    assert ours.supports_masking == theirs.supports_masking
