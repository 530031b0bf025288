"""Files that Keras 2 wrote: models, weights by order and by name, and training that goes on where it stopped."""

from pathlib import Path

import numpy as np
import pytest

import amalthea

FOLDER = Path(__file__).parent / "keras2"
NAMES = ["several_inputs", "convolutions", "recurrent", "attention"]


@pytest.fixture(scope="module")
def expected():
    with np.load(FOLDER / "expected.npz") as file:
        return dict(file)


def inputs(expected, name):
    found = [expected[key] for key in sorted(expected) if key.startswith(f"{name}/x")]
    return found if len(found) > 1 else found[0]


@pytest.mark.parametrize("name", NAMES)
def test_models_compute_the_same(name, expected):
    model = amalthea.models.load_model(FOLDER / f"{name}.h5")
    np.testing.assert_allclose(model.predict(inputs(expected, name), verbose=0), expected[f"{name}/outputs"], rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("name", NAMES)
def test_training_goes_on(name, expected):
    model = amalthea.models.load_model(FOLDER / f"{name}.h5")
    found = model.fit(inputs(expected, name), expected["y"], epochs=2, batch_size=3, shuffle=False, verbose=0).history["loss"]
    np.testing.assert_allclose(found, expected[f"{name}/losses"], rtol=1e-4)


@pytest.mark.parametrize("by_name", [False, True])
@pytest.mark.parametrize("file", ["weights.h5", "several_inputs.h5"])
def test_weights(file, by_name):
    model = amalthea.models.load_model(FOLDER / "several_inputs.h5", compile=False)
    wanted = model.get_weights()
    for variable in model.weights:
        variable.assign(np.zeros(variable.shape))
    report = model.load_weights(FOLDER / file, by_name=by_name)
    assert not report.left and not report.unused
    for found, before in zip(model.get_weights(), wanted, strict=True):
        np.testing.assert_array_equal(found, before)
