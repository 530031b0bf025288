"""The editor of files does what Keras's does, on the same files; models of both libraries load what it writes."""

import inspect
import warnings

import h5py
import keras
import numpy as np
import pytest

import amalthea

LIBRARIES = {"ours": amalthea, "keras": keras}
METHODS = [name for name in vars(keras.saving.KerasFileEditor) if not name.startswith("_")]


def make(k, units=3):
    model = k.Sequential([k.Input((4,)), k.layers.Dense(units), k.layers.BatchNormalization(), k.layers.Dense(2)])
    model.compile("adam", "mse")
    model.optimizer.build(model.trainable_variables)
    return model


def other(k):
    model = k.Sequential([k.Input((4,)), k.layers.Dense(3), k.layers.EinsumDense("ab,bc->ac", 2)])
    model.compile("sgd", "mse")
    model.optimizer.build(model.trainable_variables)
    return model


@pytest.fixture(params=[".keras", ".weights.h5"])
def path(request, tmp_path):
    path = tmp_path / f"m{request.param}"
    model = make(keras)
    (model.save if request.param == ".keras" else model.save_weights)(path)
    return path


def editor(who, path):
    return LIBRARIES[who].saving.KerasFileEditor(str(path))


def tensors(path):
    found = {}
    with h5py.File(path) as file:
        file.visititems(lambda name, part: found.update({name: part[()]}) if isinstance(part, h5py.Dataset) else None)
    return found


@pytest.mark.parametrize("name", ["__init__", *METHODS])
def test_arguments(name):
    ours, theirs = (getattr(library.saving.KerasFileEditor, name) for library in LIBRARIES.values())
    assert [p for p in inspect.signature(ours).parameters.values() if p.kind is p.POSITIONAL_OR_KEYWORD and p.name != "self"] or name in (
        "summary",
        "compare",
    )
    wanted = list(inspect.signature(theirs).parameters)
    assert list(inspect.signature(ours).parameters)[: len(wanted)] == wanted


# By paths: Keras counts a name that is there once as several.
EDITS = {
    "rename": lambda e: e.rename_object("layers/dense_1", "last"),
    "rename the first": lambda e: e.rename_object("layers/dense", "first"),
    "rename onto another": lambda e: e.rename_object("layers/dense", "dense_1"),
    "add": lambda e: e.add_object("layers/new", {"0": np.ones((2, 3), "float32"), "own": np.zeros(2, "int32")}),
    "add at the top": lambda e: e.add_object("top", {"0": np.ones((2,), "float32")}),
    "add in place of another": lambda e: e.add_object("layers/dense", {"0": np.ones((2,), "float32")}),
    "add weights": lambda e: e.add_weights("layers/dense", {"1": np.ones((7,), "float32"), "2": np.ones((1,), "float32")}),
    "delete": lambda e: e.delete_object("layers/batch_normalization"),
    "delete what holds others": lambda e: e.delete_object("layers"),
    "delete a weight": lambda e: e.delete_weight("layers/dense", "1"),
}


@pytest.mark.parametrize("name", EDITS)
def test_edits(name, path, tmp_path):
    for who in LIBRARIES:
        edited = editor(who, path)
        EDITS[name](edited)
        edited.save(str(tmp_path / f"{who}.weights.h5"))
    found, expected = tensors(tmp_path / "ours.weights.h5"), tensors(tmp_path / "keras.weights.h5")
    assert found.keys() == expected.keys()
    for key in expected:
        np.testing.assert_array_equal(found[key], expected[key])
        assert found[key].dtype == expected[key].dtype


REFUSED = {
    "no such object": lambda e: e.delete_object("nothing"),
    "no such path": lambda e: e.delete_object("layers/nothing"),
    "no such weight": lambda e: e.delete_weight("dense", "9"),
    "a path for a name": lambda e: e.rename_object("dense", "layers/x"),
    "nothing to add": lambda e: e.add_object("layers/x", None),
    "nothing to add it to": lambda e: e.add_object("no/where/x", {"0": np.ones(1)}),
    "another ending": lambda e: e.save("/tmp/never.h5"),
}


@pytest.mark.parametrize("name", REFUSED)
@pytest.mark.parametrize("who", LIBRARIES)
def test_refused(name, who, path):
    with pytest.raises((ValueError, TypeError)):
        REFUSED[name](editor(who, path))


@pytest.mark.parametrize("ending", [".h5", ".txt"])
@pytest.mark.parametrize("who", LIBRARIES)
def test_files_of_other_kinds(who, ending, tmp_path):
    make(keras).save(tmp_path / "m.h5")
    (tmp_path / "m.h5").rename(tmp_path / f"m{ending}")
    with pytest.raises(ValueError, match="m"):
        editor(who, tmp_path / f"m{ending}")


@pytest.mark.parametrize("reference", [make, other, lambda k: make(k, units=5)])
def test_comparisons(reference, path, capsys):
    found, expected = (editor(who, path).compare(reference(library)) for who, library in LIBRARIES.items())
    assert found["status"] == expected["status"]
    assert found.keys() == expected.keys()
    assert (found["error_count"] == 0) == (expected["error_count"] == 0)


@pytest.mark.parametrize("reader", LIBRARIES)
def test_edited_files_are_loaded(reader, path, tmp_path):
    edited = editor("ours", path)
    edited.rename_object("dense_1", "einsum_dense")
    edited.delete_weight("einsum_dense", "1")
    edited.delete_object("batch_normalization")
    edited.delete_object("optimizer")
    edited.save(tmp_path / "new.weights.h5")
    model = other(LIBRARIES[reader])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore" if reader == "keras" else "error")
        model.load_weights(tmp_path / "new.weights.h5")
    old = tensors(tmp_path / "new.weights.h5")
    np.testing.assert_array_equal(np.asarray(model.layers[0].get_weights()[1]), old["layers/dense/vars/1"])
    np.testing.assert_array_equal(np.asarray(model.layers[1].get_weights()[0]), old["layers/einsum_dense/vars/0"])
