"""`jit_compile` on the engines where it changes something: the same numbers either way, and how often a step runs as Python."""

import numpy as np
import pytest

import amalthea
from amalthea import layers, ops
from amalthea.engines import get
from amalthea.errors import UnsupportedByEngine
from amalthea.testing.choice import engines_to_test

ENGINES = [name for name in engines_to_test() if name in ("jax", "tensorflow")]
GENERATOR = np.random.default_rng(3)
X = GENERATOR.normal(size=(20, 6, 4)).astype("float32")
Y = GENERATOR.normal(size=(20, 2)).astype("float32")


def dense():
    return [layers.Flatten(), layers.Dense(8, activation="relu"), layers.Dense(2)]


def convolutional():
    # Without a bias: normalisation cancels it, so that its gradient is rounding, of which Adam makes whole steps.
    return [layers.Conv1D(5, 3, use_bias=False), layers.BatchNormalization(), layers.ReLU(), layers.GlobalAveragePooling1D(), layers.Dense(2)]


def recurrent():
    return [layers.LSTM(5), layers.Dense(2)]


def train(engine, make, **how):
    """The history, an evaluation, outputs and weights of a model with batches of 8, 8 and 4."""
    amalthea.utils.set_random_seed(8)
    with amalthea.engine(engine):
        model = amalthea.Sequential([amalthea.Input((6, 4)), *make()])
        model.compile(amalthea.optimizers.Adam(0.01), "mse", metrics=["mae"], **how)
        history = model.fit(X, Y, batch_size=8, epochs=2, verbose=0, shuffle=False).history
        return [*history.values(), model.evaluate(X, Y, verbose=0), model.predict(X, verbose=0), *model.get_weights()]


@pytest.mark.parametrize("how", [{}, {"steps_per_execution": 2}], ids=["single", "grouped"])
@pytest.mark.parametrize("make", [dense, convolutional, recurrent])
@pytest.mark.parametrize("engine", ENGINES)
def test_the_numbers_are_those_of_steps_that_run_eagerly(engine, make, how):
    expected = train(engine, make, run_eagerly=True)
    for jit_compile in (True, False):
        for one, other in zip(train(engine, make, jit_compile=jit_compile, **how), expected, strict=True):
            np.testing.assert_allclose(one, other, rtol=2e-3, atol=2e-4)


class Counting(amalthea.Model):
    """A step of one's own, which counts how often Python runs it."""

    def __init__(self):
        super().__init__()
        self.inner, self.runs = layers.Dense(2), []

    def call(self, x):
        return self.inner(x)

    def train_step(self, data):
        self.runs.append(1)
        (loss, _), gradients = amalthea.value_and_grad(lambda: (ops.mean(ops.square(self(data[0]))), None), self.trainable_variables, has_aux=True)()
        self.optimizer.apply(gradients, self.trainable_variables)
        return {"loss": loss}


@pytest.mark.parametrize(("engine", "jit_compile", "runs"), [("jax", False, 5), ("jax", True, 1), ("tensorflow", False, 1), ("tensorflow", True, 1)])
def test_how_often_a_step_runs_as_python(engine, jit_compile, runs):
    if engine not in ENGINES:
        pytest.skip(f"needs {engine}")
    with amalthea.engine(engine):
        model = Counting()
        model.compile("sgd", jit_compile=jit_compile)
        model(X[:4, 0])
        model.fit(X[:, 0], batch_size=4, verbose=0)
        del model.runs[:]
        model.make_train_function(force=True)
        model.fit(X[:, 0], batch_size=4, verbose=0)
        assert len(model.runs) == runs


@pytest.mark.skipif("tensorflow" not in ENGINES, reason="needs TensorFlow")
def test_what_xla_cannot_do_is_said_and_runs_without():
    engine = get("tensorflow")
    with amalthea.engine("tensorflow"):
        generator = amalthea.random.SeedGenerator(1)
        draw = lambda: amalthea.random.gamma((3,), 2.0, seed=generator)  # noqa: E731
        with pytest.raises(UnsupportedByEngine, match="jit_compile=False"):
            amalthea.jit(draw, jit_compile=True)()
        assert engine.to_host(amalthea.jit(draw, jit_compile=False)()).min() > 0
