"""Broken files, many of them, are refused by one error or read; what once was not stands here by itself."""

import io
import json
import zipfile

import h5py
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import amalthea
from amalthea.errors import ModelFileError
from amalthea.saving import deserialize_keras_object, serialize_keras_object
from amalthea.saving.reading import hdf5
from amalthea.saving.reading.source import Source
from fuzz import seeds
from fuzz.mutators import hdf5_files, zip_archives
from fuzz.parsers import LIMITS, PARSERS, mutated
from fuzz.run import fuzz

# How many broken inputs each parser gets here; `make fuzz` gives it many more.
INPUTS = {
    "zip": 1500,
    "hdf5": 900,
    "safetensors": 2500,
    "npz": 1200,
    "json": 2500,
    "index": 500,
    "configuration": 700,
    "archive": 300,
    "weights": 500,
    "whole": 250,
}


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", PARSERS)
def test_broken_inputs_are_refused_or_read(name):
    figures = fuzz(name, PARSERS[name], INPUTS[name], seed="test", seconds=10.0)
    assert not figures.bugs
    assert figures.inputs == figures.accepted + figures.refused.total() == INPUTS[name]
    # They come past the first checks, and are not all alike.
    assert figures.accepted > 0 and len(figures.refused) >= 4 and figures.refused.most_common(1)[0][1] < 0.8 * figures.inputs


# --- what was found ---


def graph(**changes):
    layer = {"class_name": "Dense", "module": "keras.layers", "config": {"name": "d", "units": 1}, "name": "d", "inbound_nodes": [[["x", 0, 0, {}]]]}
    entry = {"class_name": "InputLayer", "config": {"name": "x", "batch_shape": [None, 3]}, "name": "x", "inbound_nodes": []}
    config = {"name": "m", "layers": [entry, {**layer, **changes}], "input_layers": [["x", 0, 0]], "output_layers": [["d", 0, 0]]}
    return {"class_name": "Functional", "config": config}


def without(config, key):
    del config["config"]["layers"][1][key]
    return config


def dense(**changes):
    return {"module": "keras.layers", "class_name": "Dense", "config": {"units": 2}, "registered_name": None, **changes}


def model(**changes):
    return {**serialize_keras_object(amalthea.Sequential([amalthea.Input((3,)), amalthea.layers.Dense(2)])), **changes}


def activated(activation):
    found = model()
    found["config"]["layers"][1]["config"]["activation"] = {"module": "keras.initializers", "class_name": activation, "config": {}}
    return found


FOUND = {
    "a list for a class, in a graph of Keras 2": graph(class_name=["Dense"]),
    "no class, in a graph of Keras 2": without(graph(), "class_name"),
    "a table for a name, in a graph of Keras 2": graph(name={"a": 1}),
    "a ragged tensor": {"class_name": "__tensor__", "config": {"value": [[1], 2], "dtype": "float32"}},
    "a tensor of text": {"class_name": "__tensor__", "config": {"value": "a", "dtype": "float32"}},
    "a tensor without a dtype": {"class_name": "__tensor__", "config": {"value": 1}},
    "a tensor without values": {"class_name": "__numpy__", "config": {"dtype": "float32"}},
    "bytes that are a number": {"class_name": "__bytes__", "config": {"value": 1}},
    "a shape of text": dense(build_config={"input_shape": ["a", "b"]}),
    "a shape with no list in it": dense(build_config={"shapes_dict": {"a": 3}}),
    "no arguments of compile": model(compile_config=["adam"]),
    "unknown arguments of compile": model(compile_config={"units": 3}),
    "first values as an activation": activated("Ones"),  # which took the activation's input for a shape, of numbers without end
}


@pytest.mark.parametrize("name", FOUND)
def test_found_configurations(name):
    with pytest.raises(ModelFileError):
        deserialize_keras_object(FOUND[name])


def written(fill):
    file = io.BytesIO()
    with h5py.File(file, "w") as store:
        fill(store)
    return file.getvalue()


def whole(**attributes):
    data = io.BytesIO(seeds.wholes()[0])
    with h5py.File(data, "r+") as store:
        store["model_weights"].attrs.update({name: value for name, value in attributes.items() if name.endswith("names")})
        store.attrs.update({name: json.dumps(value) for name, value in attributes.items() if name.endswith("config")})
    return data.getvalue()


def archive(config):
    file = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(seeds.archives()[0])) as old, zipfile.ZipFile(file, "w") as new:
        for name in ("config.json", "model.weights.h5"):
            new.writestr(name, json.dumps(config) if name == "config.json" else old.read(name))
    return file.getvalue()


FOUND_FILES = {
    "names that are not text": ("m.h5", whole(layer_names=np.array([b"\xd0\xd0"])), "hdf5.text"),
    "no optimizer": ("m.h5", whole(training_config={"loss": "mse"}), "hdf5.config"),
    "no model in HDF5": ("m.h5", whole(model_config=dense()), "config.form"),
    "no model in an archive": ("m.keras", archive(dense()), "config.form"),
    "weights alone": ("m.weights.h5", seeds.hdf5()[0], "format.no_model"),
}


@pytest.mark.parametrize("name", FOUND_FILES)
def test_found_files(name, tmp_path):
    file, data, code = FOUND_FILES[name]
    (tmp_path / file).write_bytes(data)
    with pytest.raises(ModelFileError) as raised:
        amalthea.models.load_model(tmp_path / file)
    assert raised.value.code == code


def test_found_pieces_without_a_size():
    data = written(lambda store: store.create_dataset("x", data=np.zeros((4, 4)), chunks=(2, 2)))
    place = data.index(bytes([3, 2, 3]))  # the version of the layout, pieces, one axis more than the tensor
    with pytest.raises(ModelFileError) as raised:
        hdf5.read(Source.of_bytes(data[: place + 2] + b"\0" + data[place + 3 :], "file"), LIMITS)
    assert raised.value.code == "hdf5.layout"


# --- the mutators ---


@given(st.sampled_from(sorted(PARSERS)), st.integers(0, 10**6))
@settings(max_examples=50)
def test_a_number_stands_for_one_input(name, number):
    assert mutated(PARSERS[name], str(number)) == mutated(PARSERS[name], str(number))


@pytest.mark.parametrize("number", range(4))
def test_archives_are_put_together_as_they_were(number):
    data = seeds.zips()[number]
    again = zip_archives._written(zip_archives._parsed(data))
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(io.BytesIO(again)) as new:
        assert {name: old.read(name) for name in old.namelist()} == {name: new.read(name) for name in new.namelist()}
    PARSERS["zip"].run(again)


def test_changed_structures_have_their_checksums():
    newer = next(data for data in seeds.hdf5() if data[8] > 1)
    found = hdf5_files._mapped(newer)
    assert len(found.checked) > 5
    for start, size in found.checked:
        changed = bytearray(newer)
        changed[start + size - 5] ^= 0x10  # the last byte before the checksum
        assert "hdf5.checksum" in codes(changed)
        hdf5_files._restored(changed, found)
        assert "hdf5.checksum" not in codes(changed)


def codes(data):
    try:
        hdf5.read(Source.of_bytes(bytes(data), "file"), LIMITS)
    except ModelFileError as error:
        return [error.code]
    return []
