"""Files of every layer, loss, metric, optimizer and dtype policy go both ways, with the real Keras on each of its backends.

Each backend runs in a process of its own (`making`), which writes files and reads ours.
"""

import inspect
import sys
import warnings
from pathlib import Path

import h5py
import keras
import numpy as np
import pytest

import amalthea
from amalthea.testing.choice import engines_to_test
from parity.saving import complete
from parity.saving.arguments import LAYERS, WITHOUT
from processes import command

pytestmark = pytest.mark.filterwarnings("ignore:.*mask")  # masks end at the layers behind those that make them

TESTS = Path(__file__).parents[2]
BACKENDS = ["torch", "tensorflow", "jax"]
# What no model can be made with: bases; what is no layer; what a model is trained with only as a part of another; and means of numbers.
NOWHERE = {
    "layers": WITHOUT | {"InputLayer"},
    "losses": {"Loss"},
    "metrics": {"Mean", "Metric", "Sum"},
    "optimizers": {"MultiOptimizer", "Optimizer", "OptimizerMap"},  # Keras reads no files with several optimizers
}
# Predictions and the next step of training; half precision is rounded by each backend in its own order.
EXACT = {"rtol": 2e-6, "atol": 1e-6}
ROUNDED = {"bfloat16": 2e-2, "float16": 2e-3}


def loaded(path):
    with np.load(path) as file:
        return dict(file)


def agree(found, expected, what):
    assert {key.partition("/")[2] for key in found if key.startswith(".keras/")} == set(expected)
    for key, value in found.items():
        other = expected[key.partition("/")[2]]
        loose = next((tolerance for dtype, tolerance in ROUNDED.items() if f"policy_{dtype}/" in key or f"policy_mixed_{dtype}/" in key), None)
        np.testing.assert_allclose(value, other, **({"rtol": loose, "atol": loose} if loose else EXACT), err_msg=f"{what}: {key}")


# One test for each backend, so that it runs once however the tests are shared out.
@pytest.mark.parametrize("backend", BACKENDS)
def test_files_go_both_ways(backend, tmp_path):
    """What both libraries computed when they wrote their files is what each computes with the files of the other.

    All is trained one step on PyTorch and TensorFlow; on JAX, where that takes minutes more, some models are, and all predict.
    """
    if backend not in engines_to_test():
        pytest.skip(f"{backend} is not tested here")
    ours, theirs = tmp_path / "ours", tmp_path / "theirs"
    ours.mkdir(), theirs.mkdir()
    with amalthea.engine(backend), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        complete.write(amalthea, ours, backend)
        command(
            [sys.executable, "-m", "parity.saving.making", str(ours), str(theirs)],
            seconds=600,  # on a machine with much else to do
            PYTHONPATH=str(TESTS),
            KERAS_BACKEND=backend,
            JAX_PLATFORMS="cpu",
        )
        found = complete.read(amalthea.models.load_model, theirs, backend, {".keras": True, ".h5": True})
    agree(found, loaded(theirs / "expected.npz"), "files of Keras")
    agree(loaded(theirs / "found.npz"), loaded(ours / "expected.npz"), "files of ours")
    if backend == "tensorflow":
        agree(loaded(theirs / "found_by_tf.npz"), loaded(ours / "expected.npz"), "files of ours through tf.keras")


@pytest.mark.parametrize("family", ["layers", "losses", "metrics", "optimizers"])
def test_nothing_is_left_out(family):
    module = getattr(amalthea, family)
    public = {name for name in module.__all__ if inspect.isclass(cls := getattr(module, name)) and cls.__name__ == name}
    covered = {
        "layers": {name for name, _, shapes in LAYERS if shapes is not None} | set(complete.CELLS),
        "losses": set(complete.LOSSES),
        "metrics": {name for some in complete.METRICS.values() for name in some},
        "optimizers": set(complete.OPTIMIZERS),
    }[family]
    assert public - covered == NOWHERE[family] & public
    assert covered <= set(module.__all__)


def test_every_layer_of_the_table_is_in_a_model():
    placed = [name for kind in complete.SHAPES for name, _, _ in complete._layers(kind)]
    assert sorted(placed) == sorted(name for name, _, shapes in LAYERS if shapes is not None)


@pytest.mark.parametrize("name", [*complete.SHAPES, "losses", "metrics", "optimizer_Muon", "optimizer_LossScaleOptimizer"])
def test_weights_have_the_same_names_and_places(name, tmp_path):
    described = {}
    for who, library in (("ours", amalthea), ("keras", keras)):
        make, _, _, compiled = complete.MODELS[name]
        model = make(library)
        model.compile(**{"optimizer": "sgd", **compiled(library)})
        model.optimizer.build(model.trainable_variables)
        model.save_weights(tmp_path / f"{who}.weights.h5")
        with h5py.File(tmp_path / f"{who}.weights.h5") as file:
            found = described[who] = {}
            file.visititems(lambda path, part, found=found: found.setdefault(path, (getattr(part, "shape", None), str(getattr(part, "dtype", None)))))
    assert described["ours"] == described["keras"]
