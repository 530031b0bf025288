"""Members that Keras does not know leave its loading as it is; assets go both ways."""

import zipfile
from pathlib import Path

import keras
import numpy as np
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

import amalthea
import archives
from amalthea.saving.limits import LIMITS
from amalthea.saving.reading import safetensors
from amalthea.saving.reading.source import Source
from parity.saving import zoo

KEY = Ed25519PrivateKey.from_private_bytes(bytes(32))


@pytest.mark.parametrize("name", ["several_inputs", "lists"])
def test_keras_reads_archives_with_golden_values_and_a_signature(name, tmp_path):
    """And it computes what is kept, for the inputs that are kept."""
    path = tmp_path / "m.keras"
    zoo.stirred(amalthea, name).save(path, golden=True, sign=KEY)
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None
        own = {"config.json", "metadata.json", "model.weights.h5"}
        assert set(archive.namelist()) == own | {"golden.json", "golden.safetensors", "signature.json"}
        entries = safetensors.read(Source.of_bytes(archive.read("golden.safetensors"), "golden"), LIMITS)
    inputs = [entries[name].read() for name in sorted(entries) if name.startswith("inputs/")]
    outputs = np.asarray(keras.models.load_model(path)(inputs if len(inputs) > 1 else inputs[0]))
    last = entries[f"outputs/{len(entries) - len(inputs) - 1}"].read()
    assert len(inputs[0]) == 2
    np.testing.assert_allclose(outputs.reshape(-1), last, rtol=1e-5, atol=1e-6)


def words_in_layers(k):
    """A model with assets in layers, in a layer of one, and in a list of layers; its classes are written as each library asks."""

    class Common(k.layers.Layer):
        words = ("",)

        def call(self, x):
            return x

        def texts(self):
            return {"vocabulary.txt": "\n".join(self.words), "more/count.txt": str(len(self.words))}

        def take(self, texts):
            self.words = texts["vocabulary.txt"].split("\n")
            assert texts["more/count.txt"] == str(len(self.words))

        if k is keras:

            def save_assets(self, folder):
                for name, text in self.texts().items():
                    Path(folder, name).parent.mkdir(exist_ok=True)
                    Path(folder, name).write_text(text)

            def load_assets(self, folder):
                self.take({name: Path(folder, name).read_text() for name in self.texts()})

        else:

            def save_own_assets(self, store):
                for name, text in self.texts().items():
                    store[name] = text.encode()

            def load_own_assets(self, store):
                self.take({name: data.decode() for name, data in store.items()})

    @k.saving.register_keras_serializable("members")
    class Words(Common):
        pass

    @k.saving.register_keras_serializable("members")
    class Outer(Common):
        def __init__(self, **kwargs):
            super().__init__(**kwargs)
            self.first, self.several = Words(), [Words(), Words()]

        def build(self, input_shape):
            for part in (self.first, *self.several):
                part.build(input_shape)

    x = k.Input((2,))
    return k.Model(x, k.layers.Dense(1)(Outer(name="outer")(Words(name="words")(x))))


def holders(model):
    outer = model.get_layer("outer")
    return [model.get_layer("words"), outer, outer.first, *outer.several]


@pytest.mark.parametrize(("writer", "reader"), [("ours", "keras"), ("keras", "ours"), ("ours", "ours")])
def test_assets(writer, reader, tmp_path):
    libraries = {"ours": amalthea, "keras": keras}
    words_in_layers(libraries[reader])  # registers the classes
    model = words_in_layers(libraries[writer])
    wanted = [["alpha"], ["beta", "öl"], ["gamma"], ["delta", "", "e"], ["f"]]
    for layer, words in zip(holders(model), wanted, strict=True):
        layer.words = words
    model.save(tmp_path / "m.keras")
    loaded = libraries[reader].models.load_model(tmp_path / "m.keras")
    assert [list(layer.words) for layer in holders(loaded)] == wanted


@pytest.mark.filterwarnings("ignore:The file holds the weights alone")
@pytest.mark.parametrize(("writer", "reader"), [("ours", "keras"), ("keras", "ours")])
def test_weights_go_without_assets(writer, reader, tmp_path):
    libraries = {"ours": amalthea, "keras": keras}
    model, other = (words_in_layers(libraries[name]) for name in (writer, reader))
    holders(model)[0].words, holders(other)[0].words = ["not", "saved"], ["its", "own"]
    model.save_weights(tmp_path / "m.weights.h5")
    other.load_weights(tmp_path / "m.weights.h5")
    assert list(holders(other)[0].words) == ["its", "own"]
    for found, expected in zip(other.get_weights(), model.get_weights(), strict=True):
        np.testing.assert_array_equal(found, expected)


def test_assets_have_the_same_names(tmp_path):
    found = {}
    for who, library in (("ours", amalthea), ("keras", keras)):
        words_in_layers(library).save(tmp_path / f"{who}.keras")
        found[who] = {name: data for name, data in archives.members(tmp_path / f"{who}.keras").items() if name.startswith("assets/")}
    assert found["ours"] == found["keras"] and len(found["ours"]) == 10
