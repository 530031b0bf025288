"""Faults of a configuration: the first is raised, or all are listed."""

import pytest

from amalthea.errors import ModelFileError
from amalthea.saving import faults
from amalthea.saving.checking import check
from amalthea.testing.hostile import HOSTILE


def layer(name, **config):
    return {"module": "keras.layers", "class_name": name, "config": config, "registered_name": None}


WRONG = {
    "module": "keras",
    "class_name": "Sequential",
    "registered_name": None,
    "config": {
        "layers": [
            layer("Dense", unist=3, activation=2**70),
            layer("Foo", units=3, kernel=layer("Bar")),
            layer("Dense", units="3", use_bias="yes"),
            layer("StringLookup", vocabulary="/etc/passwd"),
            layer("Lambda", function={"class_name": "__lambda__", "config": {}}),
        ]
    },
}
PLACES = [
    ("config.key", "config.layers[0].config.unist"),
    ("config.key", "config.layers[0].config.units"),
    ("config.size", "config.layers[0].config.activation"),
    ("config.unknown", "config.layers[1]"),
    ("config.unknown", "config.layers[1].config.kernel"),
    ("config.kind", "config.layers[2].config.units"),
    ("config.kind", "config.layers[2].config.use_bias"),
    ("config.unknown", "config.layers[3]"),
    ("config.path", "config.layers[3].config.vocabulary"),
    ("config.code", "config.layers[4].config.function.config"),
]


def test_all_of_them_are_listed_with_their_places():
    with faults.listed() as found:
        check(WRONG)
    assert [(fault.code, fault.place) for fault in found] == PLACES


def test_otherwise_the_first_is_raised():
    with pytest.raises(ModelFileError) as caught:
        check(WRONG)
    assert (caught.value.code, caught.value.place) == PLACES[0]


@pytest.mark.parametrize("name", HOSTILE)
def test_listing_hides_nothing_that_the_check_refuses(name):
    config = HOSTILE[name].build()
    with faults.listed() as found:
        check(config)
    if found:
        with pytest.raises(ModelFileError) as caught:
            check(config)
        assert (found[0].code, found[0].place) == (caught.value.code, caught.value.place)
    else:
        check(config)  # what is refused when it is made, such as shapes, is no business of the check


def test_a_bound_on_their_number():
    with faults.listed() as found:
        check([2**70] * 1000)
    assert len(found) == faults.MOST_LISTED


def test_other_errors_are_not_listed():
    with pytest.raises(ZeroDivisionError), faults.listed(), faults.separately:
        _ = 1 / 0


def test_afterwards_faults_are_raised_again():
    with faults.listed():
        check(WRONG)
    with pytest.raises(ModelFileError):
        check(WRONG)
