"""Editing files of weights: nothing is lost, objects are found by names and paths, and what is written is read."""

import h5py
import numpy as np
import pytest

import amalthea
from amalthea import layers
from amalthea.errors import ArgumentError, ArgumentTypeError, ModelFileError
from amalthea.saving import KerasFileEditor

ENDINGS = [".keras", ".weights.h5", ".weights.npz", ".safetensors", ".weights.json"]


def make(units=3):
    inner = amalthea.Sequential([amalthea.Input((2 * units,)), layers.Dense(4, dtype="bfloat16"), layers.Dense(2)], name="inner")
    model = amalthea.Sequential([amalthea.Input((5, 4)), layers.Bidirectional(layers.LSTM(units)), inner, layers.Dense(1)])
    model.compile(amalthea.optimizers.SGD(0.1, momentum=0.9), "mse")
    model.optimizer.build(model.trainable_variables)
    return model


def save(model, path):
    if path.name.endswith(".keras"):
        model.save(path)
    else:
        model.save_weights(path, **({"max_shard_size": 500 / 2**30} if path.name.endswith(".json") else {}))
    return path


@pytest.fixture
def model():
    return make()


def contents(path):
    """What an HDF5 file holds, as h5py sees it."""
    found = {}

    def visit(name, part):
        values = part[()].tobytes() if isinstance(part, h5py.Dataset) else None
        found[name] = (
            values,
            getattr(part, "shape", None),
            str(getattr(part, "dtype", None)),
            sorted((key, str(part.attrs[key])) for key in part.attrs),
        )

    with h5py.File(path) as file:
        file.visititems(visit)
    return found


def test_a_file_that_is_not_edited_is_written_as_it_was(model, tmp_path):
    save(model, tmp_path / "m.weights.h5")
    KerasFileEditor(tmp_path / "m.weights.h5").save(tmp_path / "again.weights.h5")
    assert contents(tmp_path / "again.weights.h5") == contents(tmp_path / "m.weights.h5")


@pytest.mark.parametrize("ending", ENDINGS)
def test_every_format_is_read_and_nothing_lost(ending, model, tmp_path, capsys):
    editor = KerasFileEditor(save(model, tmp_path / f"m{ending}"))
    weights = len(model.weights) + len(model.optimizer.variables)
    assert editor.compare(model) == {"status": "success", "error_count": 0, "match_count": weights}
    editor.resave_weights(tmp_path / "new.weights.h5")
    other = make()
    other.load_weights(tmp_path / "new.weights.h5")
    for found, expected in zip([*other.weights, *other.optimizer.variables], [*model.weights, *model.optimizer.variables], strict=True):
        np.testing.assert_array_equal(found.numpy(), expected.numpy())


def test_archives_tell_of_themselves(model, tmp_path):
    editor = KerasFileEditor(save(model, tmp_path / "m.keras"))
    assert editor.metadata["amalthea_version"] == amalthea.__version__ and editor.config["class_name"] == "Sequential"
    assert editor.object_metadata["/layers/sequential"] == {"name": "inner"}
    assert KerasFileEditor(save(model, tmp_path / "m.weights.h5")).metadata is None


def test_renamed_objects_with_what_is_inside_of_them(model, tmp_path):
    editor = KerasFileEditor(save(model, tmp_path / "m.weights.h5"))
    editor.rename_object("sequential", "block")
    editor.rename_object("layers/block/layers/dense_1", "last")
    editor.rename_object("/layers/dense", "head")
    editor.rename_object("head", "head")
    editor.save(tmp_path / "new.weights.h5")
    before, after = contents(tmp_path / "m.weights.h5"), contents(tmp_path / "new.weights.h5")
    assert after["layers/block/layers/last/vars/0"] == before["layers/sequential/layers/dense_1/vars/0"]
    assert after["layers/block/vars"] == before["layers/sequential/vars"]  # the name "inner" stands there
    assert after["layers/head/vars/1"] == before["layers/dense/vars/1"]
    assert not any("sequential" in name for name in after)


def test_a_file_that_is_made_to_fit(tmp_path):
    old = amalthea.Sequential([amalthea.Input((4,)), layers.Dense(3), layers.Dense(2)])
    new = amalthea.Sequential([amalthea.Input((4,)), layers.Dense(3), layers.BatchNormalization(), layers.EinsumDense("ab,bc->ac", 2, bias_axes="c")])
    editor = KerasFileEditor(save(old, tmp_path / "old.weights.h5"))
    assert editor.compare(new)["error_count"] == 3  # two objects are missing, one is too many
    editor.rename_object("dense_1", "einsum_dense")
    ones = np.ones((3,), "float32")
    editor.add_object("layers/batch_normalization", {"0": ones, "1": 2 * ones})
    assert editor.compare(new) == {"status": "error", "error_count": 2, "match_count": 6}
    editor.add_weights("batch_normalization", {"2": 3 * ones, "3": 4 * ones, "4": ones})
    editor.delete_weight("batch_normalization", "4")
    assert editor.compare(new)["status"] == "success"
    editor.save(tmp_path / "new.weights.h5")
    new.load_weights(tmp_path / "new.weights.h5")
    np.testing.assert_array_equal([float(value[0]) for value in new.layers[1].get_weights()], [1, 2, 3, 4])
    np.testing.assert_array_equal(new.layers[2].get_weights()[0], old.layers[1].get_weights()[0])


def test_removed_objects(model, tmp_path):
    editor = KerasFileEditor(save(model, tmp_path / "m.weights.h5"))
    editor.delete_object("layers/sequential")
    editor.delete_object("optimizer")
    editor.save(tmp_path / "new.weights.h5")
    assert not any("sequential" in name or "optimizer" in name for name in contents(tmp_path / "new.weights.h5"))
    assert {name for name in editor.object_metadata if "sequential" in name or "optimizer" in name} == set()


def test_the_model_itself_and_objects_at_the_top(model, tmp_path):
    editor = KerasFileEditor(save(model, tmp_path / "m.weights.h5"))
    editor.add_weights("/", {"0": np.ones(2)})
    editor.add_object("dense", {"0": np.zeros(3)})
    editor.add_weights("/dense", {"1": np.zeros(1)})
    editor.save(tmp_path / "new.weights.h5")
    found = contents(tmp_path / "new.weights.h5")
    assert found["vars/0"][1] == (2,) and found["dense/vars/0"][1] == (3,) and found["dense/vars/1"][1] == (1,)
    with pytest.raises(ArgumentError, match="itself"):
        editor.delete_object("/")


def test_names_that_are_not_clear(model, tmp_path):
    editor = KerasFileEditor(save(model, tmp_path / "m.weights.h5"))
    with pytest.raises(ArgumentError, match=r"2 objects.*/layers/dense, /layers/sequential/layers/dense"):
        editor.delete_object("dense")
    with pytest.raises(ArgumentError, match='Did you mean "layers/dense"'):
        editor.delete_object("layers/dens")
    with pytest.raises(ArgumentError, match="no object"):
        editor.add_object("nowhere/dense", {})
    with pytest.raises(ArgumentError, match=r"no weight '7'\. Its weights are 0, 1"):
        editor.delete_weight("layers/dense", "7")
    with pytest.raises(ArgumentError, match="not a path"):
        editor.rename_object("layers/dense", "layers/other")
    with pytest.raises(ArgumentTypeError, match="must be a string"):
        editor.delete_object(3)


@pytest.mark.parametrize(
    ("weights", "error"),
    [
        ([1.0], ArgumentTypeError),
        ({0: np.ones(2)}, ArgumentError),
        ({"a/b": np.ones(2)}, ArgumentError),
        ({"0": "text"}, ArgumentError),
        ({"0": [None]}, ArgumentError),
    ],
)
def test_weights_that_a_file_cannot_hold(weights, error, model, tmp_path):
    editor = KerasFileEditor(save(model, tmp_path / "m.weights.h5"))
    for method, place in ((editor.add_object, "layers/new"), (editor.add_weights, "layers/dense")):
        with pytest.raises(error):
            method(place, weights)
    assert editor.compare(model)["status"] == "success"  # nothing of it was added


def test_an_object_is_no_weight_and_a_weight_no_object(model, tmp_path):
    editor = KerasFileEditor(save(model, tmp_path / "m.weights.h5"))
    with pytest.raises(ArgumentError, match="is an object"):
        editor.add_weights("/layers", {"dense": np.ones(1)})
    with pytest.raises(ArgumentError, match="is a weight already"):
        editor.add_object("layers/dense/0", {})


def test_files_that_cannot_be_edited(model, tmp_path):
    with pytest.raises(ArgumentError, match="There is no file"):
        KerasFileEditor(tmp_path / "nothing.keras")
    model.save(tmp_path / "m.h5")
    with pytest.raises(ArgumentError, match=r"older layout of HDF5.*save it as '\.keras'"):
        KerasFileEditor(tmp_path / "m.h5")
    (tmp_path / "bad.weights.h5").write_bytes(b"\x89HDF\r\n\x1a\n")
    with pytest.raises(ModelFileError):
        KerasFileEditor(tmp_path / "bad.weights.h5")


def test_names_of_the_files_that_are_written(model, tmp_path):
    editor = KerasFileEditor(save(model, tmp_path / "m.keras"))
    for name in ("m.keras", "m.h5"):
        with pytest.raises(ArgumentError, match=r"must end in '\.weights\.h5'"):
            editor.save(tmp_path / name)
    path = save(model, tmp_path / "m.weights.h5")
    editor = KerasFileEditor(path)
    editor.delete_object("optimizer")
    editor.save(path)  # the file that was read is replaced
    assert not any(name.startswith("optimizer") for name in contents(path))


def test_what_is_printed(tmp_path, capsys):
    with h5py.File(tmp_path / "odd.weights.h5", "w") as file:
        file["layers/a\x1b[2J[red]/vars/0"] = np.ones((2, 3), "float32")
    editor = KerasFileEditor(tmp_path / "odd.weights.h5")
    editor.summary()
    editor.compare(amalthea.Sequential([amalthea.Input((1,)), layers.Dense(1)]))
    out = capsys.readouterr().out
    assert "\x1b" not in out and "0: shape=(2, 3), dtype=float32" in out
    assert r"\x1b[2J[red]': in the file, but not in the model. Its weights are 0." in out
    assert "/layers/dense: in the model, but not in the file. Its weights are 0, 1." in out
    assert out.endswith("0 weights agree, 2 objects or weights differ.\n")
