"""Layers around modules and functions of other frameworks, against Keras: outputs, what is trained, and the weights after a step."""

import sys
from pathlib import Path

import keras
import numpy as np
import pytest

import amalthea
from amalthea.testing.choice import engines_to_test
from processes import command

TESTS = Path(__file__).parents[2]
X = np.random.default_rng(5).normal(size=(8, 4)).astype("float32")
Y = np.random.default_rng(6).normal(size=(8, 2)).astype("float32")

jax_only = pytest.mark.skipif("jax" not in engines_to_test(), reason="needs JAX")
torch_only = pytest.mark.skipif("torch" not in engines_to_test(), reason="needs PyTorch")


def trained(library, layer):
    """What a model of `layer` gives and its trained weights, both before and after a step of training, and the loss between."""
    model = library.Sequential([library.Input((4,)), layer])
    model.compile(library.optimizers.SGD(0.1), "mse")

    def now():
        return [model.predict(X, verbose=0), *(library.ops.convert_to_numpy(variable) for variable in model.trainable_variables)]

    before = [np.array(array) for array in now()]
    return [*before, np.asarray(model.train_on_batch(X, Y)), *now()]


def compare(ours, theirs):
    assert [array.shape for array in ours] == [array.shape for array in theirs]
    for found, wanted in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(found, wanted, rtol=1e-4, atol=1e-5)
    middle = len(ours) // 2
    for before, after in zip(ours[:middle], ours[middle + 1 :], strict=True):
        assert np.abs(before - after).max() > 1e-6


# --- JAX -------------------------------------------------------------------------------------------------


def affine(params, inputs):
    return inputs @ params["w"] + params["b"][0]


def counting(params, state, inputs, training):
    scale = 1.0 + state["calls"]
    return scale * (inputs @ params), {"calls": state["calls"] + (1.0 if training else 0.0)}


def values():
    w = np.random.default_rng(7).normal(size=(4, 2)).astype("float32")
    return {"w": w, "b": [np.ones(2, "float32")]}


@jax_only
@pytest.mark.parametrize(
    ("function", "first"),
    [
        (affine, lambda: {"params": values()}),
        (counting, lambda: {"params": values()["w"], "state": {"calls": np.zeros((), "float32")}}),
    ],
    ids=["parameters", "state"],
)
def test_jax_layer(function, first):
    with amalthea.engine("jax"):
        ours = trained(amalthea, amalthea.layers.JaxLayer(function, **first()))
    compare(ours, trained(keras, keras.layers.JaxLayer(function, **first())))


@jax_only
@pytest.mark.parametrize("named", [False, True], ids=["call", "method"])
def test_flax_layer(named):
    import jax

    nn = pytest.importorskip("flax.linen")

    class Net(nn.Module):
        @nn.compact
        def __call__(self, x, training=False):
            return nn.Dense(2)(nn.BatchNorm(use_running_average=not training, momentum=0.9)(nn.Dense(3, use_bias=False)(x)))

        @nn.compact
        def linear(self, x):
            return nn.Dense(2)(x)

    method = Net.linear if named else None
    variables = Net().init(jax.random.PRNGKey(0), X, method=method)
    with amalthea.engine("jax"):
        ours = trained(amalthea, amalthea.layers.FlaxLayer(Net(), method=method, variables=variables))
    compare(ours, trained(keras, keras.layers.FlaxLayer(Net(), method=method, variables=variables)))


# --- PyTorch ---------------------------------------------------------------------------------------------

IN_A_PROCESS = """
import sys
sys.path.insert(0, sys.argv[1])
import keras, numpy as np
from parity.layers.test_wrapping_as_keras import module, trained
assert keras.backend.backend() == "torch"
np.savez(sys.argv[2], *trained(keras, keras.layers.TorchModuleWrapper(module())))
"""


def module():
    import torch

    torch.manual_seed(0)
    return torch.nn.Sequential(torch.nn.Linear(4, 6, bias=False), torch.nn.BatchNorm1d(6), torch.nn.Tanh(), torch.nn.Linear(6, 2))


@torch_only
def test_torch_module_wrapper(tmp_path):
    command([sys.executable, "-c", IN_A_PROCESS, str(TESTS), str(tmp_path / "theirs.npz")], KERAS_BACKEND="torch")
    with np.load(tmp_path / "theirs.npz") as file:
        theirs = [file[f"arr_{place}"] for place in range(len(file.files))]
    with amalthea.engine("torch"):
        compare(trained(amalthea, amalthea.layers.TorchModuleWrapper(module())), theirs)
