"""Names and what they stand for: public classes, registered ones, custom ones."""

import numpy as np
import pytest

import amalthea
from amalthea import layers, saving
from amalthea.errors import ArgumentError, ArgumentTypeError, ModelFileError, SerializationError
from amalthea.saving import deserialize_keras_object, names, registry, serialize_keras_object


class Scale(layers.Layer):
    def __init__(self, factor=2.0, **kwargs):
        super().__init__(**kwargs)
        self.factor = factor

    def call(self, x):
        return x * self.factor

    def get_config(self):
        return {**super().get_config(), "factor": self.factor}


def twice(x):
    return 2 * x


@pytest.fixture
def registered():
    """`Scale` and `twice`, registered for one test."""
    before = dict(saving.get_custom_objects())
    saving.register_keras_serializable("tests")(Scale)
    saving.register_keras_serializable("tests", name="doubled")(twice)
    yield
    saving.get_custom_objects().clear()
    saving.get_custom_objects().update(before)
    for thing in (Scale, twice):
        registry._registered_names.pop(thing, None)


def test_names_of_the_registered(registered):
    assert saving.get_registered_name(Scale) == "tests>Scale"
    assert saving.get_registered_name(twice) == "tests>doubled"
    assert saving.get_registered_object("tests>doubled") is twice
    assert saving.get_registered_object("doubled") is None
    assert saving.get_registered_name(layers.Dense) == "Dense"
    assert saving.get_custom_objects()["tests>Scale"] is Scale


def test_registered_classes_and_functions_come_back(registered):
    config = serialize_keras_object(Scale(3.0, name="s"))
    assert config["registered_name"] == "tests>Scale"
    assert deserialize_keras_object(config).factor == 3.0
    dense = deserialize_keras_object(serialize_keras_object(layers.Dense(1, activation=twice)))
    assert dense.activation is twice


def test_unregistered_classes_need_custom_objects():
    config = serialize_keras_object(Scale(3.0))
    with pytest.raises(ModelFileError, match="custom_objects") as caught:
        deserialize_keras_object(config)
    assert caught.value.code == "config.unknown"
    assert deserialize_keras_object(config, custom_objects={"Scale": Scale}).factor == 3.0
    with saving.custom_object_scope({"Scale": Scale}):
        assert deserialize_keras_object(config).factor == 3.0


def test_a_custom_class_replaces_a_public_one_only_where_no_module_is_named():
    class Dense(layers.Dense):
        pass

    named = {"module": "keras.layers", "class_name": "Dense", "config": {"units": 1}, "registered_name": None}
    assert type(deserialize_keras_object(named, custom_objects={"Dense": Dense})) is layers.Dense
    assert type(deserialize_keras_object({"class_name": "Tall", "config": {"units": 1}}, custom_objects={"Tall": Dense})) is Dense


def test_registered_names_that_lie(registered):
    config = {"module": "somewhere", "class_name": "Other", "config": {}, "registered_name": "tests>Scale"}
    with pytest.raises(ModelFileError) as caught:
        deserialize_keras_object(config)
    assert caught.value.code == "config.mismatch"


def test_what_cannot_be_registered():
    with pytest.raises(ArgumentError, match="get_config"):
        saving.register_keras_serializable()(type("Bare", (), {}))
    with pytest.raises(ArgumentTypeError, match="dictionary"), saving.custom_object_scope([Scale]):
        pass


PRIVATE = [
    ("keras.src.layers.core.dense", "Dense", layers.Dense),
    ("keras.layers.core", "Dense", layers.Dense),
    ("keras.layers.convolutional", "Conv2D", layers.Conv2D),
    ("keras.src.engine.sequential", "Sequential", amalthea.Sequential),
    ("tf_keras.src.engine.functional", "Functional", amalthea.models.Functional),
    ("keras.src.optimizers.adam", "Adam", amalthea.optimizers.Adam),
    ("keras.src.optimizers.schedules.learning_rate_schedule", "CosineDecay", amalthea.optimizers.schedules.CosineDecay),
    ("keras.src.initializers.random_initializers", "HeNormal", amalthea.initializers.HeNormal),
    ("keras.mixed_precision", "DTypePolicy", amalthea.DTypePolicy),
    ("keras", "Sequential", amalthea.Sequential),
    ("keras.layers", "Convolution2D", layers.Conv2D),
]


@pytest.mark.parametrize(("module", "name", "cls"), PRIVATE)
def test_private_modules_of_keras(module, name, cls):
    assert names.classes_named(module, name) == [cls]


@pytest.mark.parametrize("module", ["os", "keraslayers", "keras.utils", "amalthea.layers", "keras.src", "kerasx.layers", "", "builtins"])
def test_other_modules_have_no_classes(module):
    assert names.classes_named(module, "Dense") == []


def test_every_public_class_has_one_home():
    for family in (
        layers,
        amalthea.losses,
        amalthea.metrics,
        amalthea.optimizers,
        amalthea.initializers,
        amalthea.regularizers,
        amalthea.constraints,
    ):
        for name in family.__all__:
            cls = getattr(family, name)
            if isinstance(cls, type):
                module, public = names.home_of(cls)
                assert names.classes_named(module, public) == [cls]


VALUES = [
    3,
    "text",
    None,
    [1, 2.5],
    (1, "a"),
    {"a": [1]},
    slice(1, None, 2),
    Ellipsis,
    b"\xc3\xa4",
]


@pytest.mark.parametrize("value", VALUES)
def test_plain_values_come_back(value):
    assert deserialize_keras_object(serialize_keras_object(value)) == value


def test_arrays_come_back():
    value = np.array([[1.5, 2.0]], "float32")
    back = deserialize_keras_object(serialize_keras_object(value))
    assert back.dtype == value.dtype
    np.testing.assert_array_equal(back, value)
    assert serialize_keras_object(np.float32(0.5)) == 0.5


def test_classes_come_back():
    assert deserialize_keras_object(serialize_keras_object(layers.Dense)) is layers.Dense


def test_lambdas_are_not_written():
    with pytest.raises(SerializationError, match="name"):
        serialize_keras_object(lambda x: x)


FAMILIES = [
    (amalthea.losses, "mean_squared_error", amalthea.losses.Huber(delta=2.0, name="h")),
    (amalthea.metrics, "mean_squared_error", amalthea.metrics.AUC(num_thresholds=5, name="a")),
    (amalthea.initializers, "he_normal", amalthea.initializers.HeNormal(seed=3)),
    (amalthea.regularizers, "l2", amalthea.regularizers.L1L2(0.1, 0.2)),
    (amalthea.constraints, "max_norm", amalthea.constraints.MaxNorm(3, axis=1)),
    (amalthea.optimizers, "adam", amalthea.optimizers.Adam(0.5, name="o")),
    (layers, None, layers.Conv2D(3, 2, name="c")),
]


@pytest.mark.parametrize(("family", "name", "thing"), FAMILIES)
def test_each_family_writes_and_reads(family, name, thing):
    config = family.serialize(thing)
    back = family.deserialize(config)
    assert type(back) is type(thing)
    assert back.get_config() == thing.get_config()
    if name is not None:
        assert family.get(name) is not None
        assert family.get(thing) is thing
        assert type(family.get(config)) is type(thing)
