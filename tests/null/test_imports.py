"""What is loaded when: no engine by importing, none by describing a model."""

from __future__ import annotations

import importlib

import pytest

from processes import ENGINES, run

LOADED = f"print(sorted(name for name in {ENGINES!r} if sys.modules.get(name)))\n"


def test_importing_loads_no_engine_and_little_else():
    done = run("import sys, amalthea\n" + LOADED + "print('numpy' in sys.modules, 'rich' in sys.modules)")
    assert done.stdout.splitlines() == ["[]", "False False"]


@pytest.mark.parametrize(
    "name", ["layers", "losses", "metrics", "optimizers", "callbacks", "datasets", "utils", "ops", "models", "random", "saving", "backend"]
)
def test_public_modules_load_no_engine(name):
    done = run(f"import sys, amalthea\namalthea.{name}\n" + LOADED)
    assert done.stdout == "[]\n"


def test_describing_a_model_needs_no_engine():
    program = """
import sys
import amalthea
from amalthea import layers

model = amalthea.Sequential([amalthea.Input((28, 28, 1)), layers.Conv2D(8, 3), layers.Flatten(), layers.Dense(10)])
lines = []
model.summary(print_fn=lambda line, **kwargs: lines.append(line))
print("54,170" in "".join(lines), model.output_shape)
"""
    done = run(program + LOADED, blocked=ENGINES)
    # 3 * 3 * 8 + 8 weights in the convolution, 26 * 26 * 8 * 10 + 10 after it: 80 + 54,090.
    assert done.stdout.splitlines() == ["True (None, 10)", "[]"]


def test_arrays_of_64_bits_in_a_model_need_no_engine():
    program = """
import sys
import numpy as np
import amalthea

inputs = amalthea.Input((3,))
print((inputs * np.sqrt(2.0)).dtype, (inputs + np.ones(3)).dtype)
"""
    done = run(program + LOADED, blocked=ENGINES)
    # Who will compute is not known, nor whether it narrows them.
    assert done.stdout.splitlines() == ["float32 float64", "[]"]


def test_callbacks_load_nothing_slow():
    slow = ("http.client", "urllib.request", "multiprocessing", "tensorboard", "rich")
    done = run(f"import sys, amalthea.callbacks\nprint([name for name in {slow!r} if name in sys.modules])")
    assert done.stdout == "[]\n"


@pytest.mark.parametrize(
    "module", ["amalthea", "amalthea.callbacks", "amalthea.utils", "amalthea.datasets", "amalthea.backend", "amalthea.training.data"]
)
def test_listed_names_are_there(module):
    found = importlib.import_module(module)
    missing = [name for name in found.__all__ if getattr(found, name, None) is None]
    assert not missing
    assert len(set(found.__all__)) == len(found.__all__)


def test_names_that_do_not_exist():
    import amalthea

    with pytest.raises(AttributeError, match="nothing_of_the_kind"):
        _ = amalthea.nothing_of_the_kind
