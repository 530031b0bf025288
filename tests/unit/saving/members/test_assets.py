"""Assets: what layers keep in files of their own goes into archives, and comes out of them without touching the disk."""

import tempfile
import zipfile
from pathlib import Path

import numpy as np
import pytest

import amalthea
import archives
from amalthea import layers
from amalthea.errors import ArgumentError, ArgumentTypeError, ModelFileError, SerializationError
from amalthea.saving import Limits, load_model

register = amalthea.saving.register_keras_serializable("assets")


@register
class Files(layers.Layer):
    """Keeps any files; those that it read are in `read`."""

    def __init__(self, files=None, **kwargs):
        super().__init__(**kwargs)
        self.files = files

    def build(self, shape):
        self.scale = self.add_weight(shape=(1,), initializer="ones")

    def call(self, x):
        return x * self.scale

    def get_config(self):
        return {**super().get_config(), "files": None}

    def save_own_assets(self, store):
        for name, data in (self.files or {}).items():
            store[name] = data

    def load_own_assets(self, store):
        self.loaded_with = self.scale.numpy().tolist() if self.built else None
        self.read = dict(store.items())


@register
class Block(layers.Layer):
    """Layers in a layer, with a file of its own."""

    def __init__(self, files=None, **kwargs):
        super().__init__(**kwargs)
        self.inner = Files(files or {"inner.txt": b"inner"})
        self.several = [Files({"x": b"0"}), Files({"x": b"1"})]

    def call(self, x):
        return self.inner(x)

    def get_config(self):
        return {**super().get_config(), "files": None}

    def save_own_assets(self, store):
        store["outer.txt"] = b"outer"

    def load_own_assets(self, store):
        self.read = dict(store)


@register
class FromKeras(layers.Layer):
    """A layer as it is written for Keras."""

    def call(self, x):
        return x

    def save_assets(self, folder):
        Path(folder, "sub").mkdir()
        Path(folder, "a.txt").write_text("first")
        Path(folder, "sub", "b.txt").write_text("second")

    def load_assets(self, folder):
        raise AssertionError("nothing is unpacked")


def around(*several):
    return amalthea.Sequential([amalthea.Input((1,)), *several])


@pytest.fixture
def path(tmp_path):
    return tmp_path / "m.keras"


def names(path):
    return [name for name in archives.members(path) if name.startswith("assets/")]


def test_they_come_back(path):
    files = {"words.txt": "Öl\nb".encode(), "deep/er/x.bin": bytes(range(256)), "empty": b"", "view": memoryview(b"v"), "array": bytearray(b"a")}
    model = around(Files(files), Files(), Files({"words.txt": b"other"}))
    model.layers[0].scale.assign([3.0])
    model.save(path)
    assert names(path) == [f"assets/layers/files/{name}" for name in files] + ["assets/layers/files_2/words.txt"]
    loaded = load_model(path)
    assert [layer.read for layer in loaded.layers] == [{name: bytes(data) for name, data in files.items()}, {}, {"words.txt": b"other"}]
    assert loaded.layers[0].loaded_with == [3.0]  # weights come first


def test_layers_in_layers(path):
    model = around(Block())
    model.save(path)
    below = "assets/layers/block"
    assert names(path) == [f"{below}/outer.txt", f"{below}/inner/inner.txt", f"{below}/several/files/x", f"{below}/several/files_1/x"]


def test_layers_in_layers_get_theirs(path):
    @register
    class Outer(layers.Layer):
        def __init__(self, **kwargs):
            super().__init__(**kwargs)
            self.inner = Files({"inner.txt": b"inner"})

        def call(self, x):
            return self.inner(x)

        def save_own_assets(self, store):
            store["outer.txt"], store["inner.txt"] = b"outer", b"not the same"

        def load_own_assets(self, store):
            self.read = dict(store)

    around(Outer()).save(path)
    outer = load_model(path).layers[0]
    assert outer.read == {"outer.txt": b"outer", "inner.txt": b"not the same"} and outer.inner.read == {"inner.txt": b"inner"}


def test_assets_of_the_model_itself(path):
    @register
    class Net(amalthea.Model):
        def __init__(self, **kwargs):
            super().__init__(**kwargs)
            self.inner = layers.Dense(1)

        def call(self, x):
            return self.inner(x)

        def save_own_assets(self, store):
            store["notes/readme.txt"] = b"of the model"

        def load_own_assets(self, store):
            self.notes = store["notes/readme.txt"]

    model = Net()
    model(np.ones((1, 2)))
    model.save(path)
    assert names(path) == ["assets/notes/readme.txt"] and load_model(path).notes == b"of the model"


def test_layers_written_for_keras_are_saved(path):
    around(FromKeras()).save(path)
    found = archives.members(path)
    assert found["assets/layers/from_keras/a.txt"] == b"first" and found["assets/layers/from_keras/sub/b.txt"] == b"second"
    with pytest.raises(ModelFileError, match=r"from a folder.*nothing of a file is ever unpacked.*Define `load_own_assets\(store\)`") as caught:
        load_model(path)
    assert caught.value.code == "keras.assets"
    FromKeras.load_own_assets = lambda self, store: setattr(self, "read", {name: store[name].decode() for name in store})
    try:
        assert load_model(path).layers[0].read == {"a.txt": "first", "sub/b.txt": "second"}
    finally:
        del FromKeras.load_own_assets


def test_links_are_no_assets(path, tmp_path):
    (tmp_path / "secret").write_text("secret")

    class Linking(FromKeras):
        def save_assets(self, folder):
            Path(folder, "link").symlink_to(tmp_path / "secret")

    with pytest.raises(SerializationError, match="link"):
        around(Linking()).save(path)
    assert not path.exists()


BAD_NAMES = ["", ".", "..", "../x", "a/../b", "/etc/passwd", "a//b", "a/", "C:x", "a\\b", "a\nb", "\x1b[31m", 3, None, b"x"]


@pytest.mark.parametrize("name", BAD_NAMES)
def test_names_that_are_none(name, path):
    with pytest.raises(ArgumentError, match="The name of an asset must be printable"):
        around(Files({name: b"x"})).save(path)
    assert not path.exists()


@pytest.mark.parametrize("files", [{"a": b"", "A": b""}, {"ﬁle": b"", "file": b""}, {"a": b"", "a/b": b""}, {"a/b": b"", "A": b""}])
def test_names_that_some_systems_take_for_one(files, path):
    with pytest.raises(ArgumentError, match="cannot stand in one archive"):
        around(Files(files)).save(path)


def test_similar_names_are_no_trouble(path):
    files = {"a": b"1", "ab": b"2", "b/c": b"3", "b/cd": b"4", "bc": b"5"}
    around(Files(files)).save(path)
    assert load_model(path).layers[0].read == files


def test_only_bytes_are_assets(path):
    with pytest.raises(ArgumentTypeError, match=r"consists of bytes.*'x': str"):
        around(Files({"x": "text"})).save(path)


def test_a_file_among_those_of_another_layer(path):
    class Meddling(Block):
        def save_own_assets(self, store):
            store["inner/words.txt"] = b"x"

    with pytest.raises(ArgumentError, match="would lie among those of <Files"):
        around(Meddling()).save(path)


class Careless(Files):
    def load_own_assets(self, store):
        self.read = "a" in store, len(store), store.get("c")


class Strict(Files):
    def load_own_assets(self, store):
        self.words = store["words.txt"].decode()


MISFITS = {
    "none takes it": (layers.Dense, {"words.txt": b"x"}, "nothing in the model takes assets there"),
    "left": (Careless, {"a": b"", "b": b""}, "leaves the asset 'a'"),
    "missing": (Strict, {}, "does not hold the asset 'words.txt' of <Strict"),
    "not text": (Strict, {"words.txt": b"\xff"}, "refuses its assets: .*can't decode"),
}


@pytest.mark.parametrize("case", MISFITS)
def test_assets_that_do_not_fit(case, path):
    cls, files, message = MISFITS[case]
    around(cls(1) if cls is layers.Dense else cls(name="dense")).save(path)
    layer = "dense" if cls is layers.Dense else amalthea.state.naming.snake_case(cls.__name__)
    archives.change(path, lambda found: found | {f"assets/layers/{layer}/{name}": data for name, data in files.items()})
    with pytest.raises(ModelFileError, match=message) as caught:
        load_model(path, custom_objects={cls.__name__: cls})
    assert caught.value.code == "keras.assets"


@pytest.mark.parametrize("name", ["assets/stray.txt", "assets/layers/elsewhere/x", "assets/optimizer/x"])
def test_assets_of_nobody(name, path):
    around(Files()).save(path)
    archives.change(path, lambda found: found | {name: b"x"})
    with pytest.raises(ModelFileError, match="nothing in the model takes assets there"):
        load_model(path)


@pytest.mark.parametrize("name", ["README.md", "model.pkl", "golden.npz", "assets", "Assets/x", "model.weights.npz"])
def test_members_that_are_no_part_of_a_model(name, path):
    around(Files()).save(path)
    archives.change(path, lambda found: found | {name: b"x"})
    with pytest.raises(ModelFileError, match="which is no part of a model") as caught:
        load_model(path)
    assert caught.value.code == "keras.member"
    assert around(Files()).load_weights(path).unused == [repr(name)]


def test_limits_hold_for_assets(path, monkeypatch):
    around(Files({"big": bytes(3 << 20)})).save(path)
    found = archives.members(path)
    archives.write(path, found, zipfile.ZIP_DEFLATED)
    seen = []
    monkeypatch.setattr(Files, "load_own_assets", lambda self, store: seen.append(len(store["big"])))
    for limits in (Limits(), Limits(inflation=10**6, inflated_bytes=1 << 20)):
        with pytest.raises(ModelFileError) as caught:
            load_model(path, limits=limits)
        assert caught.value.code == "zip.bomb" and not seen
    load_model(path, limits=Limits(inflation=10**6))
    assert seen == [3 << 20]


def test_changed_assets_are_found_before_a_layer_sees_them(path, monkeypatch):
    around(Files({"x": b"right"})).save(path)
    archives.change(path, lambda found: found | {"assets/layers/files/x": b"wrong"}, hashes=True)
    monkeypatch.setattr(Files, "load_own_assets", lambda self, store: pytest.fail("it saw them"))
    with pytest.raises(ModelFileError) as caught:
        load_model(path)
    assert caught.value.code == "keras.hash"


def test_a_file_that_changes_while_assets_are_read(path, monkeypatch):
    around(Files({"x": b"x"})).save(path)
    monkeypatch.setattr(Files, "load_own_assets", lambda self, store: path.write_bytes(store["x"]))
    with pytest.raises(ModelFileError) as caught:
        load_model(path)
    assert caught.value.code == "source.changed"


def test_nothing_is_unpacked(path, monkeypatch):
    around(Files({"x": b"x"}), Block()).save(path)
    for name in ("mkdtemp", "mkstemp", "NamedTemporaryFile", "TemporaryFile", "TemporaryDirectory"):
        monkeypatch.setattr(tempfile, name, lambda *args, **kwargs: pytest.fail("a file is made"))
    assert load_model(path).layers[0].read == {"x": b"x"}


@pytest.mark.parametrize("ending", [".h5", ".hdf5"])
def test_older_files_cannot_keep_them(ending, tmp_path):
    for layer in (Files({"x": b"x"}), FromKeras()):
        with pytest.raises(SerializationError, match=r"cannot hold assets.*Save the whole model as '\.keras'"):
            around(layer, layers.Dense(1)).save(tmp_path / f"m{ending}")
        assert not list(tmp_path.iterdir())
    around(Files(), layers.Dense(1)).save(tmp_path / f"m{ending}")  # one that could have some, but has none
    assert list(tmp_path.iterdir())


@pytest.mark.parametrize("ending", [".weights.h5", ".weights.npz", ".safetensors", ".weights.json"])
def test_weights_are_saved_without_them(ending, tmp_path):
    path = tmp_path / f"m{ending}"
    model, other = (around(Files({"x": words}, name="words"), FromKeras(name="more"), layers.Dense(1)) for words in (b"mine", b"its own"))
    with pytest.warns(UserWarning, match="holds the weights alone. What 'words', 'more' keep besides") as caught:
        model.save_weights(path)
    assert len(caught) == 1
    report = other.load_weights(path)
    assert not report.left and not report.unused and other.layers[0].files == {"x": b"its own"} and not hasattr(other.layers[0], "read")
    for found, expected in zip(other.get_weights(), model.get_weights(), strict=True):
        np.testing.assert_array_equal(found, expected)
    around(Files(), layers.Dense(1)).save_weights(path)  # without a warning: it could have some, but has none


@pytest.mark.filterwarnings("ignore:The file holds the weights alone")
def test_training_goes_on_where_it_stopped(tmp_path):
    """`BackupAndRestore` keeps weights; the program that goes on makes the layers with their assets again."""
    x, y = np.ones((4, 1), "float32"), np.zeros((4, 1), "float32")

    def trained(epochs, *callbacks):
        amalthea.utils.set_random_seed(0)
        model = around(Files({"x": b"x"}), layers.Dense(1))
        model.compile(amalthea.optimizers.SGD(0.1, momentum=0.5), "mse")
        model.fit(x, y, epochs=epochs, verbose=0, callbacks=callbacks)
        return model

    backup = amalthea.callbacks.BackupAndRestore(tmp_path, delete_checkpoint=False)
    trained(2, backup)
    resumed, whole = trained(5, backup), trained(5)
    assert int(resumed.optimizer.iterations) == int(whole.optimizer.iterations) == 5
    assert resumed.layers[0].files == {"x": b"x"}
    for found, expected in zip(resumed.get_weights(), whole.get_weights(), strict=True):
        np.testing.assert_array_equal(found, expected)


def test_weights_come_without_assets(path):
    around(Files({"x": b"x"})).save(path)
    model = around(Files())
    assert model.load_weights(path).unused == ["'assets/layers/files/x'"]
    assert not hasattr(model.layers[0], "read")


def test_a_failed_save_leaves_the_old_file(path):
    class Failing(Files):
        def save_own_assets(self, store):
            store["first"] = b"x"
            raise RuntimeError("by intention")

    around(Files({"x": b"old"})).save(path)
    before = path.read_bytes()
    with pytest.raises(RuntimeError, match="by intention"):
        around(Failing()).save(path)
    assert path.read_bytes() == before and [file.name for file in path.parent.iterdir()] == ["m.keras"]


def test_folders_are_not_written_or_read(path):
    with pytest.raises(ArgumentError, match="a model is written as one file, so that it appears whole or not at all"):
        around(Files()).save(path.with_suffix(""), zipped=False)
    path.mkdir()
    with pytest.raises(ModelFileError, match=r"no regular file.*zipped=False.*save it as '\.keras'"):
        load_model(path)
