"""Files go both ways: Keras reads what Amalthea wrote, and the other way round; the models predict alike, and go on training alike."""

import json
import os
import warnings
import zipfile
from pathlib import Path

import h5py
import keras
import numpy as np
import pytest

import amalthea
from parity.saving import zoo

TESTS = Path(__file__).parents[2]
LIBRARIES = {"ours": amalthea, "keras": keras}
ENDINGS = pytest.mark.parametrize(
    ("writer", "reader", "ending"),
    [("ours", "keras", ".keras"), ("keras", "ours", ".keras"), ("ours", "ours", ".keras"), ("keras", "ours", ".h5"), ("ours", "ours", ".h5")],
)
WAYS = pytest.mark.parametrize(("writer", "reader"), [("ours", "keras"), ("keras", "ours"), ("ours", "ours")])


def same(found, expected, name, state=True):
    """Every variable is equal, so that training goes on alike; and the models compute alike."""
    equal_values(*((zoo.variables(found), zoo.variables(expected)) if state else (found.weights, expected.weights)))
    x = zoo.MODELS[name][1]
    np.testing.assert_allclose(found.predict(x, verbose=0), expected.predict(x, verbose=0), rtol=1e-6, atol=1e-6)


def equal_values(found, expected):
    for ours, theirs in zip(found, expected, strict=True):
        np.testing.assert_array_equal(np.asarray(ours), np.asarray(theirs), err_msg=ours.path)


def goes_over(name, writer, reader, path):
    model = zoo.stirred(LIBRARIES[writer], name)
    if name == "subclassed" and writer != reader:
        zoo.subclassed(LIBRARIES[reader])  # registers the classes
    model.save(path)
    # Keras takes no state of optimizers from older HDF5 files, not from its own ones either.
    same(LIBRARIES[reader].models.load_model(path), model, name, state=reader == "ours" or path.suffix == ".keras")


@WAYS
@pytest.mark.parametrize("name", zoo.MODELS)
def test_archives(name, writer, reader, tmp_path):
    goes_over(name, writer, reader, tmp_path / "model.keras")


@WAYS
@pytest.mark.parametrize("name", zoo.GRAPHS)
def test_older_hdf5(name, writer, reader, tmp_path):
    goes_over(name, writer, reader, tmp_path / "model.h5")


@ENDINGS
def test_training_goes_on(ending, writer, reader, tmp_path):
    model = zoo.trained(LIBRARIES[writer], "several_inputs")
    model.save(tmp_path / f"model{ending}")
    loaded = LIBRARIES[reader].models.load_model(tmp_path / f"model{ending}")
    x = zoo.MODELS["several_inputs"][1]
    found, expected = (each.fit(x, zoo.Y, epochs=2, batch_size=3, shuffle=False, verbose=0).history["loss"] for each in (loaded, model))
    np.testing.assert_allclose(found, expected, rtol=1e-5)


@ENDINGS
@pytest.mark.parametrize("optimizer", zoo.OPTIMIZERS)
def test_optimizers(optimizer, ending, writer, reader, tmp_path):
    model = zoo.stirred(LIBRARIES[writer], "lists", optimizer)
    model.save(tmp_path / f"model{ending}")
    loaded = LIBRARIES[reader].models.load_model(tmp_path / f"model{ending}")
    equal_values(zoo.variables(loaded), zoo.variables(model))


@WAYS
@pytest.mark.parametrize("shards", [False, True])
@pytest.mark.parametrize("name", zoo.MODELS)
def test_weights(name, writer, reader, shards, tmp_path):
    model = zoo.stirred(LIBRARIES[writer], name)
    path = tmp_path / ("w.weights.json" if shards else "w.weights.h5")
    model.save_weights(path, **({"max_shard_size": 1000 / 2**30} if shards else {}))
    assert len(os.listdir(tmp_path)) >= 2 if shards else os.listdir(tmp_path) == ["w.weights.h5"]
    other = zoo.MODELS[name][0](LIBRARIES[reader])
    other.compile(zoo.OPTIMIZERS["adam"](LIBRARIES[reader]), "mse")
    other.optimizer.build(other.trainable_variables)
    other.load_weights(path)
    equal_values(zoo.variables(other), zoo.variables(model))


@pytest.mark.parametrize("name", zoo.MODELS)
def test_weights_have_the_same_names_and_places(name, tmp_path):
    described = {}
    for who, library in LIBRARIES.items():
        zoo.stirred(library, name).save_weights(tmp_path / f"{who}.weights.h5")
        with h5py.File(tmp_path / f"{who}.weights.h5") as file:
            found = described[who] = {}
            file.visititems(lambda path, part, found=found: found.setdefault(path, (getattr(part, "shape", None), str(getattr(part, "dtype", None)))))
    assert described["ours"] == described["keras"]


def texts(names):
    return [name.decode() if isinstance(name, bytes) else name for name in names.tolist()]


@pytest.mark.parametrize("name", zoo.GRAPHS)
def test_older_hdf5_has_the_same_groups(name, tmp_path):
    found = {}
    for who, library in LIBRARIES.items():
        library.utils.clear_session() if library is keras else amalthea.state.naming.reset_names()
        zoo.stirred(library, name).save(tmp_path / f"{who}.h5")
        with h5py.File(tmp_path / f"{who}.h5") as file:
            weights = file["model_weights"]
            found[who] = [(name, texts(weights[name].attrs["weight_names"])) for name in texts(weights.attrs["layer_names"])], sorted(file.attrs)
    assert found["ours"] == found["keras"]


@pytest.mark.parametrize("dtype", ["bfloat16", "float16"])
@WAYS
def test_other_dtypes(dtype, writer, reader, tmp_path):
    def make(k):
        return k.Sequential([k.Input((3,)), k.layers.Dense(2, dtype=dtype, name="dense")])

    model = make(LIBRARIES[writer])
    model.save_weights(tmp_path / "w.weights.h5")
    other = make(LIBRARIES[reader])
    other.load_weights(tmp_path / "w.weights.h5")
    for found, expected in zip(other.get_weights(), model.get_weights(), strict=True):
        assert np.asarray(found).dtype == np.asarray(expected).dtype
        np.testing.assert_array_equal(np.asarray(found, "float64"), np.asarray(expected, "float64"))


@WAYS
def test_a_model_that_never_trained(writer, reader, tmp_path):
    k = LIBRARIES[writer]
    model = k.Sequential([k.Input((4,)), k.layers.Dense(1)])
    model.compile(k.optimizers.Adam(0.03125), "mse")
    model.save(tmp_path / "m.keras")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore" if reader == "keras" else "error")
        loaded = LIBRARIES[reader].models.load_model(tmp_path / "m.keras")
    assert float(np.asarray(loaded.optimizer.learning_rate)) == 0.03125
    np.testing.assert_allclose(loaded.predict(zoo.PLAIN, verbose=0), model.predict(zoo.PLAIN, verbose=0), rtol=1e-6)


def test_keras_finds_its_members(tmp_path):
    zoo.stirred(amalthea, "lists").save(tmp_path / "m.keras")
    with zipfile.ZipFile(tmp_path / "m.keras") as archive:
        assert archive.testzip() is None
        assert set(archive.namelist()) == {"config.json", "metadata.json", "model.weights.h5"}
        metadata = json.loads(archive.read("metadata.json"))
    assert metadata["keras_version"].startswith("3.") and metadata["engine"] == amalthea.engines.current().name
