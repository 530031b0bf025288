"""Golden values: what layers computed when a model was saved is compared with what they compute now."""

import json
import zipfile

import numpy as np
import pytest

import amalthea
import archives
from amalthea import layers, ops
from amalthea.errors import ArgumentError, ArgumentTypeError, ModelFileError, NotBuiltError
from amalthea.saving import load_model, verify_golden
from amalthea.saving.formats import safetensors
from amalthea.saving.members import golden
from amalthea.saving.reading import safetensors as reader
from amalthea.saving.reading.source import Source


def net(first=2.0, second=3.0):
    """Computes `second * first * sum(x)`."""
    constant = amalthea.initializers.Constant
    return amalthea.Sequential(
        [
            amalthea.Input((2,)),
            layers.Dense(1, kernel_initializer=constant(first), name="first"),
            layers.Dropout(0.5, name="drop"),
            layers.Dense(1, kernel_initializer=constant(second), name="second"),
        ],
        name="net",
    )


def tensors(path):
    entries = reader.read(Source.of_bytes(archives.members(path)["golden.safetensors"], "golden"), amalthea.saving.Limits())
    return {name: entry.read() for name, entry in entries.items()}


def description(path):
    return json.loads(archives.members(path)["golden.json"])


@pytest.fixture
def path(tmp_path):
    return tmp_path / "m.keras"


def test_what_is_kept(path):
    x = np.array([[1.0, 2.0], [0.5, 0.0]], "float32")
    net().save(path, golden=x)
    found, described = tensors(path), description(path)
    assert [row["name"] for row in described["outputs"]] == ["net/first", "drop", "net/second", "net"]
    assert [row["object"] for row in described["outputs"]] == ["layers/dense", "layers/dropout", "layers/dense_1", ""]
    assert described["outputs"][0] == {"object": "layers/dense", "name": "net/first", "shape": [2, 1], "dtype": "float32"}
    np.testing.assert_array_equal(found["inputs/0"], x)
    assert [found[f"outputs/{place}"].tolist() for place in range(4)] == [[6.0, 1.0], [6.0, 1.0], [18.0, 3.0], [18.0, 3.0]]


def test_the_first_layer_that_differs_is_named(path):
    net().save(path, golden=np.array([[1.0, 2.0]], "float32"))
    assert load_model(path, golden=True).count_params() == 5
    with pytest.raises(ModelFileError, match=r"'net/second' is not what it was.*a number is 24, not 18\. Tolerated are 0\.0001 and 0\.001") as caught:
        verify_golden(net(second=4.0), path)
    assert caught.value.code == "golden.differs" and str(path) in str(caught.value)
    with pytest.raises(ModelFileError, match=r"'net/first' is not what it was.*a number is 6\.06, not 6\."):
        verify_golden(net(first=2.02, second=3.0), path)
    found = verify_golden(net(first=2.02), path, rtol=0.02)
    assert found.agrees and [row.name for row in found.comparisons] == ["net/first", "drop", "net/second", "net"]
    assert found.comparisons[0].error == pytest.approx(0.06 / (1e-4 + 0.02 * 6), rel=1e-5)


def test_another_shape_is_named(path):
    net().save(path, golden=True)
    other = amalthea.Sequential([amalthea.Input((2,)), layers.Dense(2, name="first"), layers.Dropout(0.5), layers.Dense(1)])
    with pytest.raises(ModelFileError, match=r"first' is not what it was.*its shape is \(2, 2\), not \(2, 1\)"):
        verify_golden(other, path)


def test_a_layer_that_computes_otherwise_than_it_did(path):
    @amalthea.saving.register_keras_serializable("golden")
    class Scaled(layers.Layer):
        factor = 1.0

        def call(self, x):
            return x * self.factor

    amalthea.Sequential([amalthea.Input((3,)), layers.Dense(4), Scaled(name="scaled"), layers.Dense(1)]).save(path, golden=True)
    load_model(path, golden=True)
    Scaled.factor = 1.01
    with pytest.raises(ModelFileError, match="scaled' is not what it was"):
        load_model(path, golden=True)
    assert load_model(path).built


def test_inputs_are_drawn_alike_on_every_engine(tmp_path):
    inputs = {"a": amalthea.Input((None, 3), name="a"), "b": amalthea.Input((4,), dtype="int32", name="b"), "c": amalthea.Input(batch_shape=(5, 2))}
    merged = layers.Concatenate()([layers.GlobalAveragePooling1D()(inputs["a"]), layers.Flatten()(layers.Embedding(2, 3)(inputs["b"]))])
    model = amalthea.Model(inputs, [layers.Dense(1)(merged), layers.Dense(1)(inputs["c"])])
    found = []
    for engine in ("jax", "numpy"):
        with amalthea.engine(engine):
            model.save(tmp_path / f"{engine}.keras", golden=True)
            assert load_model(tmp_path / f"{engine}.keras", golden=True).count_params() == model.count_params()
        found.append({name: value for name, value in tensors(tmp_path / f"{engine}.keras").items() if name.startswith("inputs")})
    assert {name: (value.shape, value.dtype.name) for name, value in found[0].items()} == {
        "inputs/0": ((2, 32, 3), "float32"),
        "inputs/1": ((2, 4), "int32"),
        "inputs/2": ((5, 2), "float32"),
    }
    for name, value in found[0].items():
        np.testing.assert_array_equal(value, found[1][name])
        assert value.min() >= 0 and value.max() <= 1 and value.std() > 0.1
    assert description(tmp_path / "numpy.keras")["inputs"] == {"a": 0, "b": 1, "c": 2}


def test_large_outputs_are_kept_as_a_sample(path):
    model = amalthea.Sequential([amalthea.Input((64, 64, 3)), layers.Conv2D(32, 3, name="large"), layers.Conv2D(16, 3), layers.Flatten()])
    model.save(path, golden=True)
    kept = tensors(path)
    outputs = [value for name, value in kept.items() if name.startswith("outputs")]
    assert [value.shape for value in outputs] == [(132,)] * 4
    x = kept["inputs/0"]
    whole = np.asarray(model.get_layer("large")(x), "float64")
    np.testing.assert_allclose(outputs[0][-4:], [whole.mean(), np.sqrt((whole**2).mean()), whole.min(), whole.max()], rtol=1e-5)
    assert np.isin(outputs[0][:-4].astype("float32"), whole.astype("float32")).all()
    # The sample is of all channels, not of one that happens to recur.
    channels = {int(place) % 32 for place in np.arange(128, dtype="uint64") * 2654435761 % whole.size}
    assert len(channels) > 16
    load_model(path, golden=True)
    bias = model.get_layer("large").bias
    bias.assign(np.asarray(bias.numpy()) + np.eye(32, dtype="float32")[7] * 0.1)  # one channel of 32
    with pytest.raises(ModelFileError, match="large' is not what it was"):
        verify_golden(model, path)


def test_a_number_in_the_middle_shows_in_the_figures():
    value = np.zeros(10_000)
    places = set((np.arange(128, dtype="uint64") * 2654435761 % 10_000).tolist())
    outside = next(place for place in range(10_000) if place not in places)
    value[outside] = 5.0
    kept = golden.kept(value)
    assert not kept[:128].any()
    np.testing.assert_allclose(kept[128:], [5e-4, np.sqrt(25e-4), 0.0, 5.0])


def test_complex_numbers_and_empty_tensors():
    assert golden.kept(np.array([1 + 2j, 3j], "complex64")).tolist() == [1.0, 2.0, 0.0, 3.0]
    assert golden.kept(np.zeros((0, 4), "float32")).shape == (0,)
    assert golden.kept(np.array([True, False])).tolist() == [1.0, 0.0]
    assert golden.Row("", "x", (100,), "complex64").numbers == 132 and golden.Row("", "x", (64,), "complex64").numbers == 128


def test_saving_changes_nothing_of_the_model(path):
    model = amalthea.Sequential([amalthea.Input((3,)), layers.Dense(2), layers.BatchNormalization(), layers.Dropout(0.5, seed=1)])
    before = [variable.numpy() for variable in model.variables]
    model.save(path, golden=True)
    verify_golden(model, path)
    for variable, value in zip(model.variables, before, strict=True):
        np.testing.assert_array_equal(variable.numpy(), value)
    assert model.engine is None and not model.losses


def test_models_that_do_not_know_their_inputs(path):
    @amalthea.saving.register_keras_serializable("golden")
    class Net(amalthea.Model):
        def __init__(self, **kwargs):
            super().__init__(**kwargs)
            self.inner = layers.Dense(2)

        def call(self, inputs):
            return self.inner(inputs["a"]) + inputs["b"][0]

    x = {"a": np.ones((3, 4), "float32"), "b": [np.zeros((3, 2), "float32"), np.ones(1)]}
    with pytest.raises(NotBuiltError, match="computes nothing yet"):
        Net().save(path, golden=x)
    model = Net()
    expected = model(x)
    with pytest.raises(ArgumentError, match=r"none can be drawn\. Give a few samples: `golden=inputs`"):
        model.save(path, golden=True)
    assert not path.exists()
    model.save(path, golden=x)
    loaded = load_model(path, golden=True)
    assert loaded.inner.name != model.inner.name
    np.testing.assert_allclose(loaded(x), expected, rtol=1e-6)
    loaded.inner.bias.assign([0.0, 1.0])
    with pytest.raises(ModelFileError, match=r"_\d+' is not what it was"):
        verify_golden(loaded, path)


def test_inputs_that_may_be_missing(path):
    first, second = amalthea.Input((2,)), amalthea.Input((2,), optional=True)

    @amalthea.saving.register_keras_serializable("golden")
    class Either(layers.Layer):
        def call(self, x, y=None):
            return x if y is None else y

        def compute_output_shape(self, x_shape, y_shape=None):
            return x_shape

    model = amalthea.Model([first, second], Either()(first, second))
    model.save(path, golden=[np.ones((1, 2), "float32"), None])
    assert description(path)["inputs"] == [0, None]
    assert [value.tolist() for name, value in tensors(path).items() if name != "inputs/0"] == [[1.0, 1.0]] * 2
    load_model(path, golden=True)


def test_lower_precision_is_given_more(path):
    for dtype, factor in (("bfloat16", 64), ("float16", 8), ("float32", 1), ("mixed_bfloat16", 64)):
        model = amalthea.Sequential([amalthea.Input((2,)), layers.Dense(1, dtype=dtype, kernel_initializer="ones"), layers.Dense(1, dtype="float32")])
        model.save(path, golden=np.array([[1.0, 1.0]], "float32"))
        final = model.layers[1]
        final.bias.assign([0.9 * factor * (1e-4 + 1e-3 * abs(float(model(np.ones((1, 2), "float32"))[0, 0])))])
        assert verify_golden(model, path).agrees
        final.bias.assign(final.bias.numpy() * 1.4)
        with pytest.raises(ModelFileError, match="is not what it was"):
            verify_golden(model, path)


def test_inputs_that_will_not_do(path):
    model = net()
    for given, message in (
        (np.ones((1, 3), "float32"), "fails on the inputs"),
        (np.array([["a", "b"]]), "must be numbers"),
        (np.array([[None, None]]), "must be numbers"),
        ({1: np.ones((1, 2))}, "keys of inputs for golden values must be strings"),
        (np.zeros((1 << 23, 2), "float32")[: 1 << 23], "larger than"),
    ):
        if message == "larger than":
            given = np.broadcast_to(np.zeros((1, 1), "float32"), (1 << 24, 2))
        with pytest.raises(ArgumentError, match=message):
            model.save(path, golden=given)
        assert not path.exists()
    square = amalthea.Input((3,))
    logarithm = amalthea.Model(square, ops.log(-square))
    with pytest.raises(ArgumentError, match=r"NaN, which proves nothing\. Give samples"):
        logarithm.save(path, golden=True)
    logarithm.save(path, golden=-np.ones((1, 3), "float32"))
    assert load_model(path, golden=True).output_shape == (None, 3)
    with pytest.raises(ArgumentError, match="They were drawn; give samples of your own"):
        amalthea.Sequential([amalthea.Input((None, None, 1)), layers.Reshape((7,))]).save(path, golden=True)


def test_infinite_values_agree_with_themselves(path):
    x = amalthea.Input((200,))
    model = amalthea.Model(x, ops.log(x * 0.0))
    model.save(path, golden=True)
    assert verify_golden(model, path).agrees


def test_files_without(path, tmp_path):
    model = net()
    model.save(path)
    for check in (lambda: load_model(path, golden=True), lambda: verify_golden(model, path)):
        with pytest.raises(ModelFileError) as caught:
            check()
        assert caught.value.code == "golden.missing"
    with pytest.raises(ArgumentError, match=r"`golden` is for '\.keras' files"):
        model.save(tmp_path / "m.h5", golden=True)
    model.save(path, golden=True)
    with pytest.raises(ArgumentTypeError, match="the inputs are in the file"):
        load_model(path, golden=np.ones((1, 2)))
    model.save(tmp_path / "m.h5")
    with pytest.raises(ArgumentError, match=r"`golden` is for '\.keras' files"):
        load_model(tmp_path / "m.h5", golden=True)


def changed(**entries):
    return lambda found: found | {"golden.json": json.dumps(json.loads(found["golden.json"]) | entries).encode()}


def row(**entries):
    def function(found):
        described = json.loads(found["golden.json"])
        described["outputs"][0] |= entries
        return found | {"golden.json": json.dumps(described).encode()}

    return function


def stored(**values):
    def function(found):
        entries = reader.read(Source.of_bytes(found["golden.safetensors"], "golden"), amalthea.saving.Limits())
        kept = {name: entry.read() for name, entry in entries.items()} | {name.replace("_", "/"): value for name, value in values.items()}
        return found | {"golden.safetensors": safetensors.encode({name: value for name, value in kept.items() if value is not None})}

    return function


HOSTILE = {
    "no description": ("golden.missing", lambda found: {name: data for name, data in found.items() if name != "golden.json"}),
    "no tensors": ("keras.incomplete", lambda found: {name: data for name, data in found.items() if name != "golden.safetensors"}),
    "no table": ("golden.form", lambda found: found | {"golden.json": b"[]"}),
    "a later version": ("golden.form", changed(version=2)),
    "an unknown entry": ("golden.form", changed(more=1)),
    "an engine that is no name": ("golden.form", changed(engine=3)),
    "outputs that are no list": ("golden.form", changed(outputs={})),
    "no outputs, but tensors": ("golden.form", changed(outputs=[])),
    "inputs that are text": ("golden.form", changed(inputs="/etc/passwd")),
    "inputs that are text beside tensors": ("golden.form", changed(inputs=[0, "x"])),
    "inputs that are truth": ("golden.form", changed(inputs=False)),
    "an input twice": ("golden.form", changed(inputs=[0, 0])),
    "an input that is not there": ("golden.form", changed(inputs=[0, 1])),
    "no inputs, but tensors": ("golden.form", changed(inputs=None)),
    "an input below the first": ("golden.form", changed(inputs=-1)),
    "inputs of another structure": ("golden.run", changed(inputs={"x": 0})),
    "deep inputs": ("json.deep", lambda found: found | {"golden.json": b'{"version": 1, "inputs": ' + b"[" * 200 + b"]" * 200 + b"}"}),
    "a shape that is no list": ("golden.form", row(shape=3)),
    "a shape below 0": ("golden.form", row(shape=[-1])),
    "a shape of another size": ("golden.form", row(shape=[3, 1])),
    "a shape that nothing could have": ("golden.form", row(shape=[10**18] * 4)),
    "a shape that is a number of truth": ("golden.form", row(shape=[True, 2])),
    "many axes": ("golden.form", row(shape=[1] * 33)),
    "a name that is no text": ("golden.form", row(name=[])),
    "values of another dtype": ("golden.form", stored(outputs_0=np.zeros(2, "float32"))),
    "values of another shape": ("golden.form", stored(outputs_0=np.zeros(3))),
    "values missing": ("golden.form", stored(outputs_0=None)),
    "tensors besides": ("golden.form", stored(more=np.zeros(2))),
    "an input that does not fit": ("golden.run", stored(inputs_0=np.zeros((1, 7), "float32"))),
    "inputs that are too large": ("golden.large", stored(inputs_0=np.zeros((1 << 23, 2), "float64"))),
    "nothing of the model": ("golden.form", changed(outputs=[{"object": "elsewhere", "name": "x", "shape": [2, 1], "dtype": "float32"}] * 4)),
    "other numbers": ("golden.differs", stored(outputs_0=np.zeros(2))),
}


@pytest.mark.parametrize("case", HOSTILE)
def test_what_is_refused(case, path):
    code, function = HOSTILE[case]
    net().save(path, golden=True)
    archives.change(path, function)
    with pytest.raises(ModelFileError) as caught:
        load_model(path, golden=True)
    assert caught.value.code == code
    if code.startswith("golden"):
        assert load_model(path).built  # without `golden` they are not looked at


def test_outputs_that_would_be_too_large(path):
    def growing():
        return amalthea.Sequential([amalthea.Input((None, None, 1)), layers.UpSampling2D(1000), layers.GlobalAveragePooling2D()])

    large = np.ones((1, 600, 600, 1), "float32")
    with pytest.raises(ArgumentError, match="more than 268,435,456 numbers"):
        growing().save(path, golden=large)
    model = growing()
    model.save(path, golden=large[:, :1, :1])
    archives.change(path, stored(inputs_0=large))
    with pytest.raises(ModelFileError) as caught:
        load_model(path, golden=True)
    assert caught.value.code == "golden.large"


def test_they_are_among_the_hashes(path):
    net().save(path, golden=True)
    with zipfile.ZipFile(path) as archive:
        assert {"golden.json", "golden.safetensors"} <= set(json.loads(archive.read("metadata.json"))["sha256"])
    archives.change(path, changed(engine="other"), hashes=True)
    with pytest.raises(ModelFileError) as caught:
        load_model(path)
    assert caught.value.code == "keras.hash"
