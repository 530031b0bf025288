"""`.keras` files go both ways: Keras reads what Amalthea wrote, and the other way round."""

import keras
import numpy as np

import amalthea

RNG = np.random.default_rng(0)
X = [RNG.normal(size=(6, 4)).astype("float32") for _ in range(2)]
Y = RNG.normal(size=(6, 1)).astype("float32")


def two_inputs(library):
    layers = library.layers
    first, second = library.Input((4,), name="first"), library.Input((4,), name="second")
    shared = layers.Dense(3, activation="tanh", name="shared")
    merged = layers.Add()([shared(first), shared(second)])
    inner_input = library.Input((3,))
    inner = library.Model(inner_input, layers.Dense(2, kernel_regularizer="l2")(inner_input), name="inner")
    model = library.Model([first, second], layers.Dense(1)(layers.LayerNormalization()(inner(merged))))
    model.compile("adam", "mse", metrics=["mae"])
    return model


def goes_over(make, writer, reader, path):
    """A model of `writer`, half trained, saved, and loaded by `reader`: the outputs, and the loss of what follows, are the same."""
    model = make(writer)
    model.fit(X, Y, epochs=2, shuffle=False, verbose=0)
    model.save(path)
    loaded = reader.models.load_model(path)
    np.testing.assert_allclose(loaded.predict(X, verbose=0), model.predict(X, verbose=0), rtol=1e-6, atol=1e-6)
    found, expected = (each.fit(X, Y, epochs=2, shuffle=False, verbose=0).history["loss"] for each in (loaded, model))
    np.testing.assert_allclose(found, expected, rtol=1e-5)


def test_keras_reads_functional_models_of_ours(tmp_path):
    goes_over(two_inputs, amalthea, keras, tmp_path / "ours.keras")


def test_we_read_functional_models_of_keras(tmp_path):
    goes_over(two_inputs, keras, amalthea, tmp_path / "theirs.keras")
