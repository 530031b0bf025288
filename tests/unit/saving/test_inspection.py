"""What `amalthea inspect` shows of files of every kind; of hostile ones too, and nothing of them is made."""

import hashlib
import json
import tracemalloc
import zipfile

import h5py
import numpy as np
import pytest

import amalthea
from amalthea import layers
from amalthea.cli import main
from amalthea.saving.inspection import inspect
from processes import ENGINES, run


def make(custom=None):
    cells = [layers.LSTMCell(3), layers.GRUCell(2), layers.LSTMCell(2)]
    inner = amalthea.Sequential(
        [amalthea.Input((2,), name="in"), layers.Dense(3, name="a"), layers.ReLU(name="b"), layers.Dense(2, name="c")], name="inner"
    )
    inputs = amalthea.Input((5, 4), name="sequence")
    x = layers.Bidirectional(layers.LSTM(3, return_sequences=True), name="both")(inputs)
    x = layers.TimeDistributed(layers.Dense(4), name="each")(x)
    x = layers.Dropout(0.5, seed=3, name="drop")(layers.RNN(cells, name="cells")(x))
    if custom is not None:
        x = custom(x)
    x = inner(x) + x
    model = amalthea.Model(inputs, layers.Dense(1, dtype="mixed_bfloat16", name="last")(x), name="outer")
    model.compile(amalthea.optimizers.Adam(0.25, amsgrad=True), "mse", metrics=["mae"])
    model.optimizer.build(model.trainable_variables)
    return model


@pytest.fixture(autouse=True)
def _wide(monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("inspected")
    model = make()
    model.save(path / "m.keras")
    model.save(path / "m.h5")
    for ending in (".weights.h5", ".weights.npz", ".safetensors"):
        model.save_weights(path / f"m{ending}")
    model.save_weights(path / "m.weights.json", max_shard_size=1000 / 2**30)
    return path


def every_layer(model):
    for layer in model.layers:
        yield layer
        if isinstance(layer, amalthea.Model):
            yield from every_layer(layer)


@pytest.mark.parametrize("ending", [".keras", ".h5"])
def test_layers_with_their_parameters(folder, ending):
    found = inspect(folder / f"m{ending}")
    parts = {part.name: part for part in found.parts}
    model = make()
    assert found.parts[0].name == "outer" and found.parts[0].parameters == model.count_params()
    for layer in every_layer(model):
        part = parts[layer.name]
        assert part.class_name == type(layer).__name__
        if layer.weights and (ending == ".keras" or layer in model.layers):
            assert part.parameters == layer.count_params()
        else:
            assert part.parameters in (None, 0)
    assert [parts[name].depth for name in ("outer", "both", "inner")] == [0, 1, 1]
    assert parts["last"].dtype == "mixed_bfloat16"
    assert parts["sequence"].shape == "(None, 5, 4)"
    assert found.compiled["optimizer"] == "Adam(learning_rate=0.25, amsgrad=True)" and found.compiled["metrics"] == "mae"


def test_cells_in_a_list_have_parameters_of_their_own(folder):
    counts = [part.parameters for part in inspect(folder / "m.keras").parts if part.class_name.endswith("Cell")]
    # 4 gates of (4 + 3 + 1) for each of 3 units; 3 gates of (3 + 2 + 2) for 2; 4 gates of (2 + 2 + 1) for 2
    assert counts == [96, 42, 40]


def test_members_have_the_hashes_that_other_programs_compute(folder):
    found = inspect(folder / "m.keras")
    with zipfile.ZipFile(folder / "m.keras") as archive:
        expected = [(info.filename, info.file_size, hashlib.sha256(archive.read(info)).hexdigest()) for info in archive.infolist()]
    assert [(member.name, member.size, member.sha256) for member in found.members] == expected
    assert {member.name: member.agrees for member in found.members} == {"config.json": True, "metadata.json": None, "model.weights.h5": True}
    assert found.about["amalthea_version"] == amalthea.__version__ and found.about["engine"] == amalthea.engines.current().name


@pytest.mark.parametrize("ending", [".weights.h5", ".weights.npz", ".safetensors", ".weights.json"])
def test_weights_of_every_format(folder, ending):
    tensors = {(tensor.path, tensor.name): tensor.shape for tensor in inspect(folder / f"m{ending}").tensors}
    expected = {}
    with h5py.File(folder / "m.weights.h5") as file:
        file.visititems(lambda path, part: expected.update({path: part.shape}) if isinstance(part, h5py.Dataset) else None)
    assert {f"{path}/vars/{name}".lstrip("/"): shape for (path, name), shape in tensors.items()} == expected


def test_shards_are_members(folder):
    found = inspect(folder / "m.weights.json")
    assert len(found.members) > 2
    for member in found.members:
        assert member.sha256 == hashlib.sha256((folder / member.name).read_bytes()).hexdigest()


@pytest.mark.parametrize("ending", [".keras", ".h5", ".weights.h5", ".weights.npz", ".safetensors", ".weights.json"])
def test_good_files(folder, ending, capsys):
    assert main(["inspect", str(folder / f"m{ending}")]) == 0
    assert "Nothing was found that would be refused." in capsys.readouterr().out
    assert main(["inspect", "--json", str(folder / f"m{ending}")]) == 0
    described = json.loads(capsys.readouterr().out)
    assert described["refused"] == described["needs"] == [] and described["cut"] is False
    assert described["tensors"][0].keys() == {"path", "name", "shape", "dtype"}


def rewritten(folder, tmp_path, change):
    """The archive with another configuration, whose hash is not the one among its metadata."""
    with zipfile.ZipFile(folder / "m.keras") as archive, zipfile.ZipFile(tmp_path / "bad.keras", "w") as other:
        for name in archive.namelist():
            data = archive.read(name)
            if name == "config.json":
                config = json.loads(data)
                change(config["config"]["layers"])
                data = json.dumps(config).encode()
            other.writestr(name, data)
    return tmp_path / "bad.keras"


def break_much(parts):
    parts[-1]["config"] |= {"unist": 3, "name": "last\x1b[2J[red]"}
    parts[1]["config"]["layer"]["config"]["units"] = "three"
    parts[2]["class_name"], parts[2]["module"] = "Each", "somewhere\x1b[31m"
    parts[4]["config"]["seed"] = 2**70
    parts[-1]["inbound_nodes"][0]["args"][0]["config"]["keras_history"] = ["nobody", 0, 0]


def test_everything_that_would_be_refused(folder, tmp_path, capsys):
    path = rewritten(folder, tmp_path, break_much)
    assert main(["inspect", "--json", str(path)]) == 1
    described = json.loads(capsys.readouterr().out)
    assert [(fault["code"], fault["place"]) for fault in described["needs"]] == [("config.unknown", "config.layers[2]")]
    assert {(fault["code"], fault["place"]) for fault in described["refused"]} == {
        ("keras.hash", f"{path}, 'config.json'"),
        ("config.graph", f"config.layers[{len(make().layers)}].inbound_nodes[0].args[0].config.keras_history"),
        ("config.kind", "config.layers[1].config.layer.config.units"),
        ("config.size", "config.layers[4].config.seed"),
        ("config.key", f"config.layers[{len(make().layers)}].config.unist"),
    }
    assert main(["inspect", str(path)]) == 1
    shown = capsys.readouterr().out
    assert "\x1b" not in shown and "not as written" in shown and "Each (needs" in shown and "[config.key]" in shown
    with pytest.raises(amalthea.errors.ModelFileError):
        amalthea.models.load_model(path)


def test_custom_classes_are_needed_but_no_fault(tmp_path, capsys):
    class Twice(layers.Layer):
        def call(self, x):
            return 2 * x

    make(Twice(name="twice")).save(tmp_path / "own.keras")
    assert main(["inspect", str(tmp_path / "own.keras")]) == 0
    out = capsys.readouterr().out
    assert "Twice (needs custom_objects)" in out and "register_keras_serializable" in out
    with amalthea.saving.custom_object_scope({"Twice": Twice}):
        assert inspect(tmp_path / "own.keras").needs == []


@pytest.mark.parametrize(
    ("name", "data", "code"),
    [
        ("m.keras", b"", "format.foreign"),
        ("m.keras", b"\x80\x04.", "format.foreign"),
        ("m.keras", b"PK\x03\x04", "zip.end"),
        ("m.h5", b"\x89HDF\r\n\x1a\n", "hdf5."),
        ("m.safetensors", b"\2\0\0\0\0\0\0\0{}1", "safetensors.cover"),
        ("m.weights.json", b'{"weight_map": {"/vars": "../m.weights.h5"}}', "shards.name"),
    ],
)
def test_files_that_are_no_models(name, data, code, tmp_path, capsys):
    (tmp_path / name).write_bytes(data)
    assert main(["inspect", "--json", str(tmp_path / name)]) == 1
    (fault,) = json.loads(capsys.readouterr().out)["refused"]
    assert fault["code"].startswith(code)


def test_wrong_endings_are_refused_and_shown_all_the_same(folder, tmp_path):
    (tmp_path / "m.h5").write_bytes((folder / "m.keras").read_bytes())
    found = inspect(tmp_path / "m.h5")
    assert [fault.code for fault in found.refused] == ["format.ending"]
    assert found.parts[0].name == "outer"


def test_no_such_file(tmp_path, capsys):
    assert main(["inspect", str(tmp_path / "nothing.keras")]) == 2
    assert "There is no file" in capsys.readouterr().err


def test_nothing_is_made(folder, monkeypatch):
    def refuse(self, *_, **__):
        raise AssertionError(f"A {type(self).__name__} was made.")

    for cls in (layers.Layer, amalthea.optimizers.Optimizer, amalthea.state.Variable):
        monkeypatch.setattr(cls, "__init__", refuse)
    assert inspect(folder / "m.keras").refused == []


def test_no_engine_is_needed(folder):
    program = (
        "import sys\nfrom amalthea.cli import main\nstatus = main(['inspect', sys.argv[1]])\n"
        f"print(status, [name for name in {(*ENGINES, 'h5py')!r} if sys.modules.get(name)])"
    )
    for ending in (".keras", ".h5", ".safetensors"):
        done = run(program, arguments=(str(folder / f"m{ending}"),), blocked=ENGINES)
        assert done.stdout.splitlines()[-1] == "0 []"


def test_large_files_take_little_memory(tmp_path):
    model = amalthea.Sequential([amalthea.Input((4096,)), layers.Dense(4096, use_bias=False)])
    model.layers[0].kernel.assign(np.zeros((4096, 4096), "float32"))
    model.save(tmp_path / "large.keras")  # 64 MiB
    tracemalloc.start()
    try:
        found = inspect(tmp_path / "large.keras")
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert found.parts[0].parameters == 4096**2
    assert peak < 8 << 20


def test_long_tables_are_cut(folder, tmp_path, capsys):
    many = amalthea.Sequential([amalthea.Input((2,)), *(layers.Dense(2) for _ in range(70))])
    many.save(tmp_path / "many.keras")
    main(["inspect", str(tmp_path / "many.keras")])
    assert "more (--all shows them)" in capsys.readouterr().out
    main(["inspect", "--all", str(tmp_path / "many.keras")])
    out = capsys.readouterr().out
    assert "more (" not in out and "layers/dense_69" in out
