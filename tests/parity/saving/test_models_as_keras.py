"""Models as configurations: nested, shared, with classes of the user, in structures; Keras reads ours, and the other way round."""

import json

import keras
import numpy as np
import pytest

import amalthea


def plain(value):
    return json.loads(json.dumps(value))


def user_classes(library):
    """A layer that holds another, and a model that holds that, registered with the library under the same names."""

    @library.saving.register_keras_serializable("parity")
    class Block(library.layers.Layer):
        def __init__(self, units, inner=None, **kwargs):
            super().__init__(**kwargs)
            self.units = units
            self.inner = inner or library.layers.Dense(units, name="inner")

        def call(self, x):
            return self.inner(x)

        def get_config(self):
            return {**super().get_config(), "units": self.units, "inner": library.saving.serialize_keras_object(self.inner)}

        @classmethod
        def from_config(cls, config):
            return cls(**{**config, "inner": library.saving.deserialize_keras_object(config["inner"])})

    @library.saving.register_keras_serializable("parity")
    class Net(library.Model):
        def __init__(self, units=3, **kwargs):
            super().__init__(**kwargs)
            self.units = units
            self.block, self.head = Block(units), library.layers.Dense(2)

        def call(self, x):
            return self.head(self.block(x))

        def get_config(self):
            return {**super().get_config(), "units": self.units}

    return Block, Net


def nested(library, block, net):
    inside = library.Input((3,), name="inside")
    inner = library.Model(inside, library.layers.Dense(3, name="deep")(inside), name="inner")
    chain = library.Sequential([library.Input((3,)), library.layers.Dense(3, name="link")], name="chain")
    shared = library.layers.Dense(3, name="shared")
    a, b = library.Input((3,), name="a"), library.Input((3,), name="b")
    parts = [inner(a), inner(b), inner(inner(a)), chain(a), chain(chain(b)), shared(a), shared(shared(b))]
    return library.Model([a, b], library.layers.Concatenate(name="joined")(parts), name="outer")


def structured(library, block, net):
    a, b = library.Input((3,), name="a"), library.Input((3,), name="b")
    return library.Model({"a": a, "b": b}, {"first": block(4, name="block")(a), "second": net(name="net")(b)}, name="structured")


def with_states(library, block, net):
    a, b = library.Input((5, 3), name="a"), library.Input((5, 3), name="b")
    encoded, *states = library.layers.LSTM(4, return_state=True, name="encoder")(a)
    decoded = library.layers.LSTM(4, return_sequences=True, name="decoder")(b, initial_state=states)
    attended = library.layers.MultiHeadAttention(2, 3, name="attention")(decoded, decoded, use_causal_mask=True)
    return library.Model([a, b], [encoded, library.layers.Dropout(0.5, name="drop")(attended, training=False)], name="states")


def data_for(model, library):
    leaves = [np.random.default_rng(place).uniform(size=(2, *t.shape[1:])).astype("float32") for place, t in enumerate(model.inputs)]
    return library.tree.pack_sequence_as(model.input, leaves)


@pytest.mark.parametrize(("writer", "reader"), [(keras, amalthea), (amalthea, keras)], ids=["theirs", "ours"])
@pytest.mark.parametrize("make", [nested, structured, with_states])
def test_functional_models(make, writer, reader):
    model = make(writer, *user_classes(writer))
    user_classes(reader)
    read = reader.saving.deserialize_keras_object(plain(writer.saving.serialize_keras_object(model)))
    data = data_for(model, writer)
    read(data)
    read.set_weights(model.get_weights())
    for found, expected in zip(reader.tree.flatten(read(data)), writer.tree.flatten(model(data)), strict=True):
        np.testing.assert_allclose(np.asarray(found), np.asarray(expected), rtol=2e-5, atol=1e-6)


@pytest.mark.parametrize(("writer", "reader"), [(keras, amalthea), (amalthea, keras)], ids=["theirs", "ours"])
def test_subclassed_models_with_how_they_were_compiled(writer, reader):
    model = user_classes(writer)[1](5)
    user_classes(reader)
    model(np.ones((1, 4), "float32"))
    model.compile(writer.optimizers.SGD(0.25, momentum=0.5), writer.losses.Huber(), metrics=["mae"])
    read = reader.saving.deserialize_keras_object(plain(writer.saving.serialize_keras_object(model)))
    assert read.units == 5
    assert float(read.optimizer.get_config()["learning_rate"]) == 0.25
    assert read.optimizer.get_config()["momentum"] == 0.5
    assert type(read.loss).__name__ == "Huber"
