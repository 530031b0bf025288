"""`tf.keras` from Amalthea, beside the real TensorFlow."""

import sys

import pytest

from amalthea.testing.choice import engines_to_test
from processes import command, run

pytestmark = pytest.mark.skipif("tensorflow" not in engines_to_test(), reason="needs TensorFlow")

WAYS = """
import tensorflow as tf
from tensorflow import keras
from tensorflow.keras import layers
from tensorflow.keras.layers import Dense
import tensorflow.keras.backend as K
import keras as plain
import sys
import amalthea

assert Dense is amalthea.layers.Dense is tf.keras.layers.Dense is keras.layers.Dense is plain.layers.Dense
assert layers is amalthea.layers and K.epsilon() == 1e-7
assert tf.keras.Model is amalthea.Model and tf.keras.optimizers.schedules is amalthea.optimizers.schedules
assert tf.keras.callbacks.EarlyStopping is amalthea.callbacks.EarlyStopping
assert tf.keras.__version__ == plain.__version__
assert not any("site-packages/keras/" in (getattr(m, "__file__", "") or "") for m in list(sys.modules.values()))
"""

TRAINS = """
import numpy as np
import tensorflow as tf
from tensorflow import keras

keras.utils.set_random_seed(0)
x = np.linspace(-1, 1, 64, dtype="float32").reshape(32, 2)
y = (x @ [[2.0], [-1.0]] + 0.5).astype("float32")
model = tf.keras.Sequential([keras.Input((2,)), tf.keras.layers.Dense(1)])
model.compile(tf.keras.optimizers.SGD(0.5), loss=tf.keras.losses.MeanSquaredError())
losses = model.fit(tf.data.Dataset.from_tensor_slices((x, y)).batch(8), epochs=60, verbose=0).history["loss"]
assert losses[-1] < 1e-3 < losses[0], losses
print(model.engine)
"""


def test_every_way_to_import_gives_amalthea():
    run("import amalthea.as_keras\n" + WAYS)


def test_tensorflow_is_not_imported_by_the_hook():
    assert run("import amalthea.as_keras, keras, sys; print('tensorflow' in sys.modules)").stdout == "False\n"


@pytest.mark.parametrize("engine", [name for name in engines_to_test() if name != "numpy"])
def test_a_script_for_tf_keras_trains_on_any_engine(engine, tmp_path):
    (tmp_path / "script.py").write_text(TRAINS)
    done = command([sys.executable, "-m", "amalthea", "run", "--engine", engine, "script.py"], folder=tmp_path)
    assert done.stdout == f"{engine}\n"


def test_tensorflow_first():
    done = run("import tensorflow, amalthea.as_keras", check=False)
    assert done.returncode == 1
    assert "Keras was imported before `amalthea.as_keras` (`import tensorflow` does it too)" in done.stderr


def test_keras_2_stays_where_it_was_asked_for():
    program = "import amalthea.as_keras\ntry:\n    import tensorflow.keras.layers as layers\n    print(layers.__name__)\nexcept ImportError as error:\n    print(error.name)"
    assert run(program, TF_USE_LEGACY_KERAS="1").stdout.startswith(("tensorflow.keras", "tf_keras"))


def test_without_tensorflow():
    done = run(
        "import amalthea.as_keras\ntry:\n    from tensorflow import keras\nexcept ImportError as error:\n    print(error.name)",
        blocked=("tensorflow",),
    )
    assert done.stdout == "tensorflow\n"
