"""Nothing is loaded where something does not fit, or fails; and what was loaded is told."""

import h5py
import numpy as np
import pytest

import amalthea
from amalthea import layers
from amalthea.errors import ModelFileError
from amalthea.saving.fitting import difference
from amalthea.state import naming


class Failing(layers.Layer):
    """A layer whose weights cannot be loaded."""

    def build(self, input_shape):
        self.w = self.add_weight(shape=(2,), name="w")

    def call(self, x):
        return x * self.w

    def load_own_variables(self, store):
        raise KeyError("by intention")


def net(*more, units=3):
    return amalthea.Sequential([amalthea.Input((4,)), layers.Dense(units), layers.Dense(2), *more])


def edit(path, change):
    with h5py.File(path, "r+") as file:
        change(file["layers"])


def replace(group, name, value):
    del group[name]
    group[name] = value


CHANGES = {
    "a shape": (lambda file: replace(file, "dense/vars/0", np.zeros((4, 2), "float32")), r"shape \(4, 2\) in the file, \(4, 3\)"),
    "a dtype": (lambda file: replace(file, "dense/vars/0", np.zeros((4, 3), "int32")), "dtype int32 in the file, float32"),
    "one missing": (lambda file: file["dense/vars"].pop("1"), "1 variables in the file, 2 in the model"),
    "a layer missing": (lambda file: file.pop("dense_1"), "are not in the file"),
    "a layer more": (lambda file: file.create_dataset("dense_7/vars/0", data=1.0), "in the file, but not in the model"),
    "another name": (lambda file: file.move("dense/vars/1", "dense/vars/2"), "'1' is not in the file"),
}


@pytest.mark.parametrize("change", CHANGES)
def test_what_does_not_fit_is_told_and_nothing_is_loaded(change, tmp_path):
    net().save_weights(tmp_path / "w.weights.h5")
    edit(tmp_path / "w.weights.h5", CHANGES[change][0])
    model = net()
    before = model.get_weights()
    with pytest.raises(ModelFileError, match=CHANGES[change][1]) as caught:
        model.load_weights(tmp_path / "w.weights.h5")
    assert caught.value.code == "model.mismatch"
    for found, expected in zip(model.get_weights(), before, strict=True):
        np.testing.assert_array_equal(found, expected)


def test_parts_that_fit_are_loaded_if_that_is_asked_for(tmp_path):
    saved, model = net(), net(units=5)
    saved.save_weights(tmp_path / "w.weights.h5")
    other = net()
    edit(tmp_path / "w.weights.h5", CHANGES["a shape"][0])
    with pytest.warns(UserWarning, match="not everything fits"):
        report = other.load_weights(tmp_path / "w.weights.h5", skip_mismatch=True)
    assert "layers/dense_1" in report.loaded and list(report.left) == ["layers/dense"]
    np.testing.assert_array_equal(other.layers[1].kernel.numpy(), saved.layers[1].kernel.numpy())
    with pytest.warns(UserWarning, match="not everything fits"):
        assert set(model.load_weights(tmp_path / "w.weights.h5", skip_mismatch=True).left) == {"layers/dense", "layers/dense_1"}


def test_floats_of_another_width_fit_and_integers_do_not():
    entry = np.zeros((2,), "float64")
    assert difference(entry, (2,), "float32") is None
    assert difference(entry, (2,), "int32") is not None
    assert difference(entry.astype(bool), (2,), "float32") is not None
    assert difference(entry.astype("int64"), (2,), "int32") is None


def test_a_failure_half_way_leaves_the_model_as_it_was(tmp_path):
    net(Failing(name="last")).save_weights(tmp_path / "w.weights.h5")
    model = net(Failing(name="last"))
    before = model.get_weights()
    outputs = model.predict(np.ones((2, 4)), verbose=0)
    with pytest.raises(ModelFileError, match="by intention") as caught:
        model.load_weights(tmp_path / "w.weights.h5")
    assert caught.value.code == "model.assign"
    for found, expected in zip(model.get_weights(), before, strict=True):
        np.testing.assert_array_equal(found, expected)
    np.testing.assert_array_equal(model.predict(np.ones((2, 4)), verbose=0), outputs)


def test_a_failed_load_leaves_names_and_seeds_as_they_were(tmp_path):
    model = net()
    model.save(tmp_path / "m.keras")
    data = bytearray((tmp_path / "m.keras").read_bytes())
    place = data.index(model.get_weights()[0].tobytes())
    data[place] ^= 1
    (tmp_path / "m.keras").write_bytes(data)
    amalthea.utils.set_random_seed(3)
    naming.reset_names()
    expected = layers.Dense(1).name, amalthea.random.seed.make_default_seed()
    amalthea.utils.set_random_seed(3)
    naming.reset_names()
    with pytest.raises(ModelFileError):
        amalthea.models.load_model(tmp_path / "m.keras")
    assert (layers.Dense(1).name, amalthea.random.seed.make_default_seed()) == expected


def test_a_file_that_changes_meanwhile_is_not_loaded(tmp_path):
    path = tmp_path / "w.weights.h5"

    class Meddling(layers.Dense):
        def load_own_variables(self, store):
            super().load_own_variables(store)
            with path.open("ab") as file:
                file.write(b"more")

    net().save_weights(path)
    model = amalthea.Sequential([amalthea.Input((4,)), layers.Dense(3), Meddling(2)])
    model.save_weights(path)
    before = model.get_weights()
    model.layers[0].kernel.assign(np.zeros((4, 3)))
    with pytest.raises(ModelFileError, match="changed"):
        model.load_weights(path)
    assert not model.layers[0].kernel.numpy().any()
    np.testing.assert_array_equal(model.layers[1].kernel.numpy(), before[2])


def test_values_are_not_drawn_to_be_compared(tmp_path):
    drawn = []

    class Counting(amalthea.initializers.Initializer):
        def __call__(self, shape, dtype=None):
            drawn.append(shape)
            return np.ones(shape, dtype)

    saved, model = (amalthea.Sequential([amalthea.Input((2,)), layers.Dense(2, kernel_initializer=start)]) for start in ("ones", Counting()))
    saved.save_weights(tmp_path / "w.weights.h5")
    model.load_weights(tmp_path / "w.weights.h5")
    assert not drawn and model.get_weights()[0].tolist() == [[1.0, 1.0], [1.0, 1.0]]
