"""The state of optimizers as Keras 2.0 to 2.3 wrote it: without names for what it is, sorted as the version had it."""

import json

import h5py
import numpy as np
import pytest

from amalthea.saving import load_model

IN_ORDER = ["b/kernel:0", "b/bias:0", "a/kernel:0", "a/bias:0"]
SHAPES = [(2, 1), (1,), (1, 1), (1,)]
BY_NAME = sorted(range(4), key=IN_ORDER.__getitem__)
COUNT = ("iterations:0", np.array(7, "int64"))


def numbered(start, places=range(4)):
    """Slots of all weights, each filled with a number of its own, in an order of the weights."""
    return [(f"Variable_{start + place}:0", np.full(SHAPES[weight], start + weight, "float32")) for place, weight in enumerate(places)]


def write(path, optimizer, state, version="2.1.6"):
    """A `Sequential` of two layers, "b" and "a", whose weights are all zero."""
    dense = {"b": {"name": "b", "units": 1, "batch_input_shape": [None, 2]}, "a": {"name": "a", "units": 1}}
    config = {"class_name": "Sequential", "config": [{"class_name": "Dense", "config": layer} for layer in dense.values()]}
    name, settings = optimizer
    training = {"optimizer_config": {"class_name": name, "config": {"lr": 0.5, **settings}}, "loss": "mse", "metrics": [], "loss_weights": None}
    with h5py.File(path, "w") as file:
        file.attrs.update(keras_version=version.encode(), model_config=json.dumps(config).encode(), training_config=json.dumps(training).encode())
        root = file.create_group("model_weights")
        root.attrs["layer_names"] = [b"b", b"a"]
        for layer in dense:
            names = [name for name in IN_ORDER if name[0] == layer]
            root.create_group(layer).attrs["weight_names"] = [name.encode() for name in names]
            for name in names:
                root[layer][name] = np.zeros(SHAPES[IN_ORDER.index(name)], "float32")
        group = file.create_group("optimizer_weights")
        group.attrs["weight_names"] = [name.encode() for name, _ in state]
        for name, value in state:
            group[name] = value
    return path


def slots(model, name):
    """The first number of what the optimizer remembers for each weight."""
    found = {variable.name: variable for variable in model.optimizer.variables}
    return [float(np.ravel(found[f"{weight.path.replace('/', '_')}_{name}"].numpy())[0]) for weight in model.trainable_variables]


CASES = {
    "Adam": (("Adam", {}), [COUNT, *numbered(10), *numbered(20)], {"momentum": 10, "velocity": 20}),
    "Adam, with what it does not use": (
        ("Adam", {"amsgrad": False}),
        [COUNT, *numbered(10), *numbered(20), *((f"Variable_{place}:0", np.zeros(1, "float32")) for place in range(30, 34))],
        {"momentum": 10, "velocity": 20},
    ),
    "Adam with AMSGrad": (("Adam", {"amsgrad": True}), [COUNT, *numbered(10), *numbered(20), *numbered(30)], {"velocity": 20, "velocity_hat": 30}),
    "Adamax": (("Adamax", {}), [COUNT, *numbered(10), *numbered(20)], {"momentum": 10, "norm": 20}),
    "SGD with momentum": (("SGD", {"momentum": 0.5}), [COUNT, *numbered(10)], {"momentum": 10}),
    "SGD, with what it does not use": (("SGD", {}), [COUNT, *numbered(10)], {}),
    "Adadelta": (("Adadelta", {}), [COUNT, *numbered(10), *numbered(20)], {"accumulated_grad": 10, "accumulated_delta_var": 20}),
    "Adadelta without a count": (("Adadelta", {}), [*numbered(10), *numbered(20)], {"accumulated_grad": 10, "accumulated_delta_var": 20}),
    "RMSprop without a count": (("RMSprop", {}), numbered(10), {"velocity": 10}),
}


@pytest.mark.parametrize("case", CASES)
def test_what_is_remembered(case, tmp_path):
    optimizer, state, expected = CASES[case]
    model = load_model(write(tmp_path / "m.h5", optimizer, state))
    assert {name: slots(model, name) for name in expected} == {name: [start, start + 1, start + 2, start + 3] for name, start in expected.items()}
    assert int(model.optimizer.iterations) == (7 if COUNT in state else 0)


@pytest.mark.parametrize(("version", "places"), [("2.0.5", BY_NAME), ("2.0.0", BY_NAME), ("2.0.6", range(4)), ("2.3.1", range(4))])
def test_versions_and_their_order(version, places, tmp_path):
    count = ("iterations:0", np.array(7.0, "float32"))  # a number of floating point until 2.0.5
    path = write(tmp_path / "m.h5", ("SGD", {"momentum": 0.5}), [count, *numbered(10, places)], version)
    model = load_model(path)
    assert slots(model, "momentum") == [10, 11, 12, 13] and int(model.optimizer.iterations) == 7


@pytest.mark.parametrize("count", [0.5, -1.0, np.nan, np.inf, 1e30])
def test_a_count_that_is_none(count, tmp_path):
    path = write(tmp_path / "m.h5", ("SGD", {"momentum": 0.5}), [("iterations:0", np.array(count, "float32")), *numbered(10)])
    with pytest.warns(UserWarning, match="begins anew"):
        model = load_model(path)
    assert slots(model, "momentum") == [0, 0, 0, 0] and int(model.optimizer.iterations) == 0


MISFITS = {
    "too few": [COUNT, *numbered(10)[:3]],
    "one slot less": [COUNT, *numbered(10)],
    "of other shapes": [COUNT, *numbered(10), *reversed(numbered(20))],
}


@pytest.mark.parametrize("state", MISFITS)
def test_the_state_of_another_optimizer(state, tmp_path):
    with pytest.warns(UserWarning, match="begins anew"):
        model = load_model(write(tmp_path / "m.h5", ("Adam", {}), MISFITS[state]))
    assert slots(model, "momentum") == [0, 0, 0, 0]
