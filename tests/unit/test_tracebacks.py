"""Which frames are left in the tracebacks of errors that come out of the library."""

import itertools
import traceback
from pathlib import Path

import numpy as np
import pytest

import amalthea
from amalthea import config, layers, ops
from amalthea.errors import ShapeError

HOME = str(Path(amalthea.__file__).parent)


class Faulty(layers.Layer):
    def call(self, x):
        return ops.reshape(x, (7, 7))


def frames(action):
    """Whether each frame of the error's traceback is one of the library, from the outermost to the innermost."""
    with pytest.raises(ShapeError) as caught:
        action()
    return [frame.filename.startswith(HOME) for frame in traceback.extract_tb(caught.value.__traceback__)]


def called():
    amalthea.Sequential([Faulty()])(np.ones((2, 3)))


def trained():
    model = amalthea.Sequential([Faulty()])
    model.compile("sgd", "mse")
    model.fit(np.ones((2, 3)), np.ones((2, 3)), verbose=0)


@pytest.mark.parametrize("action", [called, trained])
def test_of_the_library_only_the_entries_and_the_end_are_shown(action):
    found = frames(action)
    user = [place for place, own in enumerate(found) if not own]
    assert len(user) >= 3  # the action, its caller, and `call`
    assert found[-1]
    assert max(sum(found[a + 1 : b]) for a, b in itertools.pairwise(user)) <= 2
    assert len(found) - 1 - user[-1] <= 1
    config.disable_traceback_filtering()
    try:
        assert sum(frames(action)) > 2 * sum(found)
    finally:
        config.enable_traceback_filtering()
