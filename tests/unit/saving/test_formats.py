"""Files of every format: what is written is read again; the bytes decide, and the ending must agree."""

import json
import warnings
import zipfile

import h5py
import numpy as np
import pytest

import amalthea
from amalthea import layers
from amalthea.errors import ArgumentError, ModelFileError, NotBuiltError, SerializationError

WEIGHTS = [".weights.h5", ".weights.npz", ".safetensors", ".weights.json"]


def net(units=3, dtype=None):
    model = amalthea.Sequential(
        [amalthea.Input((4,)), layers.Dense(units, name="a", dtype=dtype), layers.BatchNormalization(), layers.Dense(2, name="b")]
    )
    model.compile("adam", "mse")
    model.optimizer.build(model.trainable_variables)
    return model


def values(model):
    return [variable.numpy() for variable in (*model.weights, *model.optimizer.variables)]


@pytest.mark.parametrize("dtype", ["float32", "bfloat16", "float16"])
@pytest.mark.parametrize("ending", WEIGHTS)
def test_weights_come_back(ending, dtype, tmp_path):
    model, other = net(dtype=dtype), net(dtype=dtype)
    model.save_weights(tmp_path / f"w{ending}")
    report = other.load_weights(tmp_path / f"w{ending}")
    for found, expected in zip(values(other), values(model), strict=True):
        np.testing.assert_array_equal(found, expected)
    assert not report.left and not report.unused and "layers/dense" in report.loaded


@pytest.mark.parametrize("ending", [".keras", ".h5", ".hdf5"])
def test_weights_come_out_of_files_of_models(ending, tmp_path):
    model, other = net(), net()
    model.save(tmp_path / f"m{ending}")
    other.load_weights(tmp_path / f"m{ending}")
    for found, expected in zip(other.get_weights(), model.get_weights(), strict=True):
        np.testing.assert_array_equal(found, expected)


def test_numpy_reads_our_npz(tmp_path):
    model = net()
    model.save_weights(tmp_path / "w.weights.npz")
    with np.load(tmp_path / "w.weights.npz") as file:
        np.testing.assert_array_equal(file["layers/dense/vars/0"], model.get_layer("a").kernel.numpy())


def test_the_package_reads_our_safetensors(tmp_path):
    reader = pytest.importorskip("safetensors.numpy")
    model = net(dtype="float16")
    model.save_weights(tmp_path / "w.safetensors")
    found = reader.load_file(tmp_path / "w.safetensors")
    np.testing.assert_array_equal(found["layers/dense/vars/0"], model.get_layer("a").kernel.numpy())
    assert found["optimizer/vars/0"].dtype == "int32"


def test_we_read_safetensors_of_the_package(tmp_path):
    writer = pytest.importorskip("safetensors.numpy")
    model = amalthea.Sequential([amalthea.Input((2,)), layers.Dense(1)])
    writer.save_file(
        {"layers/dense/vars/0": np.array([[1.0], [2.0]], "float32"), "layers/dense/vars/1": np.zeros(1, "float32")}, tmp_path / "w.safetensors"
    )
    model.load_weights(tmp_path / "w.safetensors")
    assert model.get_weights()[0].tolist() == [[1.0], [2.0]]
    writer.save_file({"lin.weight": np.zeros(2, "float32")}, tmp_path / "torch.safetensors")
    with pytest.raises(ModelFileError, match="does not say which object"):
        model.load_weights(tmp_path / "torch.safetensors")


@pytest.mark.parametrize(
    ("written", "renamed"), [("m.keras", "m.h5"), ("m.h5", "m.keras"), ("w.weights.h5", "w.h5"), ("w.safetensors", "w.weights.h5")]
)
def test_the_ending_must_agree_with_the_bytes(written, renamed, tmp_path):
    (net().save if written.startswith("m") else net().save_weights)(tmp_path / written)
    (tmp_path / written).rename(tmp_path / renamed)
    with pytest.raises(ModelFileError, match=r"does not end in") as caught:
        net().load_weights(tmp_path / renamed)
    assert caught.value.code == "format.ending"


def test_paths_are_checked(tmp_path):
    model = net()
    for call in (model.save, model.save_weights):
        with pytest.raises(ArgumentError, match="must end in"):
            call(tmp_path / "model.pickle")
        with pytest.raises(ArgumentError, match="does not exist"):
            call(tmp_path / "nowhere" / ("m.keras" if call == model.save else "m.weights.h5"))
    model.save(tmp_path / "m.keras")
    with pytest.raises(ArgumentError, match="exists already"):
        model.save(tmp_path / "m.keras", overwrite=False)
    with pytest.raises(ArgumentError, match="There is no file"):
        amalthea.models.load_model(tmp_path / "other.keras")
    with pytest.raises(NotBuiltError):
        amalthea.Sequential([layers.Dense(1)]).save_weights(tmp_path / "w.weights.h5")
    (tmp_path / "x.keras").write_bytes(b"no model at all")
    with pytest.raises(SerializationError):
        amalthea.models.load_model(tmp_path / "x.keras")
    model.save_weights(tmp_path / "w.weights.h5")
    with pytest.raises(ModelFileError, match="describes no model"):
        amalthea.models.load_model(tmp_path / "w.weights.h5")


def test_weights_by_name(tmp_path):
    model = net()
    model.save(tmp_path / "m.h5")
    other = amalthea.Sequential([amalthea.Input((4,)), layers.Dense(3, name="a"), layers.Dense(5, name="new")])
    before = other.get_layer("new").get_weights()
    report = other.load_weights(tmp_path / "m.h5", by_name=True)
    np.testing.assert_array_equal(other.get_layer("a").kernel.numpy(), model.get_layer("a").kernel.numpy())
    np.testing.assert_array_equal(other.get_layer("new").get_weights()[0], before[0])
    assert report.loaded == ["a"] and list(report.left) == ["new"] and report.unused == ["'batch_normalization'", "'b'"]
    model.save(tmp_path / "m.keras")
    with pytest.raises(ArgumentError, match="by_name"):
        other.load_weights(tmp_path / "m.keras", by_name=True)


def test_names_of_weights_may_fill_several_attributes(tmp_path):
    count, long = 700, "layer_with_a_name_that_is_long_enough_to_fill_the_header_of_an_object_quickly_" + "x" * 40
    model = amalthea.Sequential([amalthea.Input((1,)), *(layers.Dense(1, use_bias=False, name=f"{long}{place}") for place in range(count))])
    model.save(tmp_path / "m.h5")
    with h5py.File(tmp_path / "m.h5") as file:
        names = file["model_weights"].attrs
        assert "layer_names" not in names and len(names["layer_names0"]) + len(names["layer_names1"]) == count
    loaded = amalthea.models.load_model(tmp_path / "m.h5")
    for found, expected in zip(loaded.get_weights(), model.get_weights(), strict=True):
        np.testing.assert_array_equal(found, expected)


def test_shards_are_found_beside_the_index_only(tmp_path):
    model = net()
    model.save_weights(tmp_path / "w.weights.json", max_shard_size=200 / 2**30)
    index = json.loads((tmp_path / "w.weights.json").read_text())
    assert len(list(tmp_path.iterdir())) > 2 and index["metadata"]["total_size"] == sum(value.nbytes for value in values(model))
    for name in ("../w_00000.weights.h5", "/etc/passwd", "a\\w.weights.h5", "w_00000.h5", 3):
        index["weight_map"]["/layers/dense/vars"] = [name]
        (tmp_path / "w.weights.json").write_text(json.dumps(index))
        with pytest.raises(ModelFileError, match="no file of weights beside it"):
            model.load_weights(tmp_path / "w.weights.json")


def test_new_shards_replace_the_old_ones(tmp_path):
    model = net()
    for _ in range(3):
        model.save_weights(tmp_path / "w.weights.json", max_shard_size=400 / 2**30)
    index = json.loads((tmp_path / "w.weights.json").read_text())
    named = {name for names in index["weight_map"].values() for name in names}
    assert {path.name for path in tmp_path.iterdir()} == named | {"w.weights.json"}


def test_archives_keep_hashes_of_their_members(tmp_path):
    import hashlib

    path = tmp_path / "m.keras"
    net().save(path)
    with zipfile.ZipFile(path) as archive:
        metadata = json.loads(archive.read("metadata.json"))
        members = {name: archive.read(name) for name in archive.namelist()}
    assert metadata["sha256"] == {name: hashlib.sha256(members[name]).hexdigest() for name in ("config.json", "model.weights.h5")}
    changed = members["config.json"].replace(b'"sequential"', b'"Sequential"', 1)
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in (members | {"config.json": changed}).items():
            archive.writestr(name, data)
    with pytest.raises(ModelFileError, match="SHA-256 differs"):
        amalthea.models.load_model(path)


def test_older_files_hold_graphs_only(tmp_path):
    class Own(amalthea.Model):
        def call(self, x):
            return x

    model = Own()
    model(np.zeros((1, 2), "float32"))
    with pytest.raises(SerializationError, match=r"Save it as '\.keras'"):
        model.save(tmp_path / "m.h5")
    assert not list(tmp_path.iterdir())


def test_files_of_the_first_versions_of_keras_2(tmp_path):
    """Layers of a `Sequential` without an input, optimizers with `lr`, losses by name: as Keras 2.0 to 2.2 wrote them."""
    config = {
        "class_name": "Sequential",
        "config": [
            {"class_name": "Dense", "config": {"name": "d1", "batch_input_shape": [None, 2], "dtype": "float32", "units": 2, "activation": "relu"}},
            {"class_name": "LeakyReLU", "config": {"name": "leaky", "alpha": 0.5}},
            {"class_name": "BatchNormalization", "config": {"name": "bn", "axis": [1], "epsilon": 0.0}},
        ],
    }
    training = {"optimizer_config": {"class_name": "SGD", "config": {"lr": 0.25, "momentum": 0.0, "decay": 0.0, "nesterov": False}}}
    training |= {"loss": "mse", "metrics": ["mae"], "sample_weight_mode": None, "loss_weights": None}
    weights = {"d1": {"kernel:0": [[1.0, -1.0], [0.0, 2.0]], "bias:0": [0.0, -1.0]}, "leaky": {}}
    weights["bn"] = {"gamma:0": [1.0, 1.0], "beta:0": [0.0, 1.0], "moving_mean:0": [0.0, 0.0], "moving_variance:0": [1.0, 1.0]}
    with h5py.File(tmp_path / "m.h5", "w") as file:
        file.attrs["keras_version"], file.attrs["backend"] = b"2.1.6", b"tensorflow"
        file.attrs["model_config"], file.attrs["training_config"] = json.dumps(config).encode(), json.dumps(training).encode()
        root = file.create_group("model_weights")
        root.attrs["layer_names"] = [name.encode() for name in weights]
        for layer, own in weights.items():
            group = root.create_group(layer)
            group.attrs["weight_names"] = [f"{layer}/{name}".encode() for name in own]
            for name, value in own.items():
                group[f"{layer}/{name}"] = np.array(value, "float32")
    model = amalthea.models.load_model(tmp_path / "m.h5")
    np.testing.assert_allclose(model.predict(np.array([[1.0, 0.0], [1.0, 2.0]]), verbose=0), [[1.0, 1.0], [1.0, 3.0]])
    assert float(model.optimizer.learning_rate.numpy()) == 0.25 and model.loss == "mse"


def test_weights_of_another_optimizer_begin_anew(tmp_path):
    model, other = net(), net()
    other.compile("sgd", "mse")
    model.save_weights(tmp_path / "w.weights.h5")
    with pytest.warns(UserWarning, match="optimizer"):
        report = other.load_weights(tmp_path / "w.weights.h5")
    assert list(report.left) == ["optimizer"]
    np.testing.assert_array_equal(other.get_weights()[0], model.get_weights()[0])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        amalthea.Sequential([amalthea.Input((4,)), *other.layers]).load_weights(
            tmp_path / "w.weights.h5"
        )  # not compiled: the state of the optimizer is of no use
