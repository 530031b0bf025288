"""`Logs`: values stay where they are until one is looked at."""

from __future__ import annotations

import copy
import json
import pickle

import numpy as np
import pytest

from amalthea.training.logs import Logs


class OnDevice:
    """A scalar that counts how often it is read."""

    def __init__(self, value):
        self.value, self.reads = value, 0

    def __array__(self, dtype=None, copy=None):
        self.reads += 1
        return np.array(self.value, "float32")


@pytest.fixture
def scalars():
    return {"loss": OnDevice(0.5), "accuracy": OnDevice(0.25)}


def reads(scalars):
    return sum(scalar.reads for scalar in scalars.values())


def test_names_are_not_values(scalars):
    logs = Logs(scalars)
    assert list(logs) == list(logs.keys()) == ["loss", "accuracy"]
    assert len(logs) == 2
    assert "loss" in logs
    assert logs
    other = Logs()
    other.update(logs)
    other["more"] = OnDevice(1.0)
    logs.copy()
    _ = logs | other
    assert logs.raw()["loss"] is scalars["loss"]
    assert reads(scalars) == 0


@pytest.mark.parametrize(
    "look",
    [
        lambda logs: logs["loss"],
        lambda logs: logs.get("loss"),
        lambda logs: dict(logs)["loss"],
        lambda logs: {**logs}["loss"],
        lambda logs: dict(logs.items())["loss"],
        lambda logs: next(iter(logs.values())),
        lambda logs: json.loads(json.dumps(logs))["loss"],
        lambda logs: float(f"{logs['loss']:.3f}"),
        lambda logs: float("{loss:.3f}".format(**logs)),
        lambda logs: float("%(loss).3f" % logs),  # noqa: UP031 (one of the ways)
        lambda logs: pickle.loads(pickle.dumps(logs))["loss"],
        lambda logs: copy.deepcopy(logs)["loss"],
        lambda logs: (logs | {"x": 1})["loss"],
        lambda logs: ({"x": 1} | logs)["loss"],
        lambda logs: logs.pop("loss"),
        lambda logs: logs.setdefault("loss", 9.0),
        lambda logs: eval(repr(logs))["loss"],
    ],
)
def test_every_way_to_a_value_gives_a_float(scalars, look):
    value = look(Logs(scalars))
    assert type(value) is float
    assert value == 0.5


def test_all_are_read_in_one_go_and_once(scalars):
    calls = []

    def read(values):
        calls.append(len(values))
        return [np.asarray(value) for value in values]

    logs = Logs({**scalars, "here": 1.5, "host": np.float32(2)}, read)
    assert [logs["here"], logs["loss"], logs["accuracy"], logs["host"]] == [1.5, 0.5, 0.25, 2.0]
    assert dict(logs) == {"loss": 0.5, "accuracy": 0.25, "here": 1.5, "host": 2.0}
    assert calls == [2]
    logs["late"] = OnDevice(3.0)
    assert logs["late"] == 3.0
    assert calls == [2, 1]


def test_values_of_other_kinds_stay():
    logs = Logs({"name": "x", "none": None, "vector": np.arange(3), "one": np.ones((1, 1)), "yes": True, "count": 3})
    assert logs["name"] == "x"
    assert logs["none"] is None
    assert logs["vector"].tolist() == [0, 1, 2]
    assert type(logs["one"]) is type(logs["yes"]) is type(logs["count"]) is float


def test_inner_dictionaries_are_flattened():
    assert dict(Logs({"loss": 1.0, "more": {"f1": 0.5, "deep": {"x": 2.0}}})) == {"loss": 1.0, "f1": 0.5, "x": 2.0}


def test_equality():
    assert Logs({"a": np.float32(1)}) == {"a": 1.0}
    assert Logs({"a": np.float32(1)}) == {"a": 1.0}
    assert Logs({"a": 1.0}) != Logs({"a": 2.0})
    logs = Logs({"a": 1.0})
    logs |= {"b": np.float64(2)}
    assert logs == {"a": 1.0, "b": 2.0}
    assert logs.popitem() == ("b", 2.0)
    assert logs.pop("missing", None) is None
    with pytest.raises(KeyError):
        logs.pop("missing")
    with pytest.raises(KeyError):
        logs["missing"]
