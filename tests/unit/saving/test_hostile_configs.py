"""Configurations of strangers: refused as a whole, before any variable has a value, and always with a reason."""

import pytest

import amalthea
from amalthea.errors import ModelFileError
from amalthea.saving import deserialize_keras_object
from amalthea.saving.faults import CODES
from amalthea.saving.limits import Limits
from amalthea.state import Variable
from amalthea.testing.hostile import HOSTILE


@pytest.fixture
def no_values(monkeypatch):
    """No variable may get a value."""

    def refuse(self, *_):
        raise AssertionError(f"{self.path} got a value of shape {self.shape}.")

    monkeypatch.setattr(Variable, "move", refuse)


@pytest.mark.parametrize("safe_mode", [True, False])
@pytest.mark.parametrize("name", HOSTILE)
def test_refused(name, safe_mode, no_values):
    with pytest.raises(ModelFileError) as caught:
        deserialize_keras_object(HOSTILE[name].build(), safe_mode=safe_mode)
    assert caught.value.code == HOSTILE[name].code
    assert len(str(caught.value)) < 3000


@pytest.mark.parametrize("name", HOSTILE)
def test_refused_inside_another(name, no_values):
    """As a layer of a model, as an argument, in a list: the place is named."""
    with pytest.raises(ModelFileError) as caught:
        deserialize_keras_object([{"a": HOSTILE[name].build()}])
    assert caught.value.code == HOSTILE[name].code


def test_every_code_has_a_case():
    assert {case.code for case in HOSTILE.values()} == set(CODES)


def test_errors_say_where():
    inner = {"module": "keras.layers", "class_name": "Dense", "config": {"unist": 3}, "registered_name": None}
    config = {"module": "keras", "class_name": "Sequential", "config": {"layers": [inner]}, "registered_name": None}
    with pytest.raises(ModelFileError, match='Did you mean "units"') as caught:
        deserialize_keras_object(config)
    assert caught.value.place == "config.layers[0].config.unist"


def test_no_switch_allows_code():
    with pytest.raises(ModelFileError, match="safe_mode=False") as caught:
        deserialize_keras_object(HOSTILE["bytecode"].build(), safe_mode=False)
    assert "register" in caught.value.hint


def test_limits_can_be_chosen():
    config = amalthea.saving.serialize_keras_object(amalthea.Sequential([amalthea.Input((4,)), amalthea.layers.Dense(3)]))
    assert deserialize_keras_object(config, limits=Limits(elements=15)).count_params() == 15
    with pytest.raises(ModelFileError, match=r"15 numbers in all\. The limit is 14\."):
        deserialize_keras_object(config, limits=Limits(elements=14))


def test_quoted_names_cannot_disturb_a_terminal():
    with pytest.raises(ModelFileError) as caught:
        deserialize_keras_object({"module": "keras.layers", "class_name": "Dense\x1b[2J", "config": {}, "registered_name": None})
    assert "\x1b" not in str(caught.value)


def test_large_models_are_described_without_values(no_values):
    model = amalthea.Sequential([amalthea.Input((10,)), amalthea.layers.Dense(10**9)])
    model.compile("adam", "mse", metrics=["mae"])
    back = deserialize_keras_object(amalthea.saving.serialize_keras_object(model))
    assert back.count_params() == 11 * 10**9
    assert back.optimizer.built
