"""Amalthea in the place of Keras."""

from __future__ import annotations

import re
import sys

import pytest

from processes import command, run


def test_keras_is_amalthea():
    program = """
import amalthea.as_keras
import sys
import keras
import keras.layers
import keras.utils as utils
from keras import backend as K, layers, ops
from keras.callbacks import EarlyStopping
from keras.optimizers import schedules
import amalthea

assert layers is keras.layers is amalthea.layers is sys.modules["keras.layers"]
assert utils is amalthea.utils and ops is amalthea.ops and schedules is amalthea.optimizers.schedules
assert keras.Sequential is amalthea.Sequential and EarlyStopping is amalthea.callbacks.EarlyStopping
assert amalthea.layers.__name__ == amalthea.layers.__spec__.name == "amalthea.layers"
assert not any("site-packages/keras/" in (getattr(m, "__file__", "") or "") for m in list(sys.modules.values()))
print(keras.__version__, keras.version(), K.floatx(), K.backend())
"""
    assert run(program, KERAS_BACKEND="numpy").stdout == "3.15.0 3.15.0 float32 numpy\n"


def test_the_hook_loads_nothing_itself():
    program = (
        "import amalthea.as_keras, sys\nimport keras\nprint([n for n in ('numpy', 'jax', 'amalthea.layers', 'amalthea.ops') if n in sys.modules])"
    )
    assert run(program).stdout == "[]\n"


@pytest.mark.parametrize(
    "statement",
    [
        "from keras.utils.np_utils import to_categorical",
        "from keras.utils import np_utils; np_utils.to_categorical([0])",
        "from keras.layers.convolutional import Conv2D",
        "from keras.preprocessing.sequence import pad_sequences",
        "from keras.preprocessing import sequence; sequence.pad_sequences([[1]])",
        "import keras; keras.preprocessing.sequence.pad_sequences([[1]])",
        "import keras; keras.mixed_precision.set_global_policy('float32')",
        "from keras.mixed_precision import Policy",
        "from keras.legacy.saving import serialize_keras_object",
        "from keras.api.layers import Dense; from keras.layers import Dense as D; assert D is Dense",
        "from keras.datasets.mnist import load_data",
        "from keras.datasets import mnist",
        "from keras import *",
        "import importlib.util; assert importlib.util.find_spec('keras.layers') and 'keras.layers' not in __import__('sys').modules",
        "from keras import backend as K; assert K.get_value(K.mean(K.ones((2, 2)), axis=0)).tolist() == [1, 1]",
    ],
)
def test_ways_to_import(statement):
    run(f"import amalthea.as_keras\n{statement}", AMALTHEA_ENGINE="numpy")


@pytest.mark.parametrize(
    ("statement", "message"),
    [
        ("import keras.nothing", "No module named 'keras.nothing'"),
        ("from keras.layers import Nothing", "Nothing"),
        ("import keras.src.layers", "private code of Keras"),
        ("import keras; keras.nothing", "module 'keras' .* has no attribute 'nothing'"),
        ("import keras; keras.backend.placeholder", "amalthea.ops"),
        ("import keras; keras.preprocessing.nothing", "has no attribute 'nothing'"),
    ],
)
def test_what_is_not_there(statement, message):
    done = run(f"import amalthea.as_keras\ntry:\n    {statement}\nexcept (ImportError, AttributeError) as error:\n    print(error)")
    assert re.search(message, done.stdout)


def test_other_modules_are_left_alone():
    program = """
import amalthea.as_keras
import keras
import wave
try:
    import kerasx
except ModuleNotFoundError as error:
    assert error.name == "kerasx"
"""
    run(program)


def test_keras_first_is_an_error():
    done = run("import sys, types\nsys.modules['keras'] = types.ModuleType('keras')\nimport amalthea.as_keras", check=False)
    assert done.returncode == 1
    assert "Keras was imported before `amalthea.as_keras`" in done.stderr


def test_the_hook_can_be_taken_out():
    program = """
import sys
from amalthea.compat import hook
hook.install(); hook.install()
import keras.layers
assert hook.is_installed() and sum(isinstance(f, hook.KerasFinder) for f in sys.meta_path) == 1
hook.uninstall()
assert not hook.is_installed() and not any(name.startswith("keras") for name in sys.modules)
"""
    run(program)


# --- the command ---

SCRIPT = """\
import sys
import helper
import keras
print(__name__, sys.argv, keras.__version__, helper.NAME, sys.path[0])
if "fail" in sys.argv:
    helper.fail()
if "exit" in sys.argv:
    sys.exit(7)
"""


@pytest.fixture
def script(tmp_path):
    (tmp_path / "script.py").write_text(SCRIPT)
    (tmp_path / "helper.py").write_text("NAME = 'beside'\ndef fail():\n    raise KeyError('reason')\n")
    return tmp_path / "script.py"


def amalthea(*words, **options):
    return command([sys.executable, "-m", "amalthea", *words], check=False, **options)


def test_run(script, tmp_path):
    done = amalthea("run", "script.py", "one", "--two", folder=tmp_path)
    assert done.stdout == f"__main__ ['script.py', 'one', '--two'] 3.15.0 beside {tmp_path}\n"
    assert (done.returncode, done.stderr) == (0, "")


def test_errors_of_scripts_look_as_usual(script, tmp_path):
    done = amalthea("run", "script.py", "fail", folder=tmp_path)
    assert done.returncode == 1
    places = [line for line in done.stderr.splitlines() if line.lstrip().startswith("File ")]
    assert "script.py" in places[0]
    assert "helper.py" in places[1]
    assert len(places) == 2
    assert done.stderr.splitlines()[-1] == "KeyError: 'reason'"


def test_exit_status_of_scripts(script, tmp_path):
    assert amalthea("run", str(script), "exit").returncode == 7
    (tmp_path / "bad.py").write_text("x = = 1\n")
    done = amalthea("run", "bad.py", folder=tmp_path)
    assert done.returncode == 1
    assert "SyntaxError" in done.stderr
    done = amalthea("run", "missing.py", folder=tmp_path)
    assert done.returncode == 2
    assert "cannot open 'missing.py'" in done.stderr


def test_run_chooses_the_engine(tmp_path):
    (tmp_path / "s.py").write_text("import keras; print(keras.backend.backend())")
    assert amalthea("run", "--engine", "numpy", "s.py", folder=tmp_path).stdout == "numpy\n"


def test_version_and_info():
    from amalthea.version import VERSION

    assert amalthea("--version").stdout == f"amalthea {VERSION} (Keras API 3.15.0)\n"
    lines = amalthea("info", KERAS_BACKEND="numpy").stdout.splitlines()
    assert lines[0].split()[:2] == ["amalthea", f"{VERSION},"]
    assert any(line.startswith("engine numpy") and "used by default" in line and "cpu:0" in line for line in lines)
    assert any(line.startswith("engine jax") for line in lines)


def test_a_command_is_needed():
    done = amalthea()
    assert done.returncode == 2
    assert "usage: amalthea" in done.stderr
