"""`model.verify`: agreement where there is some, the first layer that differs where there is none."""

import numpy as np
import pytest

import amalthea
from amalthea import layers, ops
from amalthea.engines import get
from amalthea.errors import ArgumentError, NotBuiltError, StateError
from amalthea.testing.choice import engines_to_test

ENGINES = engines_to_test()
X = np.random.default_rng(3).normal(size=(2, 6, 6, 3)).astype("float32")


class DependsOnTheEngine(layers.Layer):
    """Twice its input on NumPy, once elsewhere."""

    def call(self, x):
        return ops.multiply(x, 2.0 if amalthea.backend.backend() == "numpy" else 1.0)


class WrongGradient(layers.Layer):
    """Its input, with a gradient that is wrong on one engine."""

    def __init__(self, engine):
        super().__init__(name="wrong")
        self.engine = engine

    def call(self, x):
        return x if amalthea.backend.backend() != self.engine else 2 * x - ops.stop_gradient(x)


def test_engines_agree_on_a_model_with_branches():
    inputs = amalthea.Input((6, 6, 3))
    x = layers.Conv2D(4, 3, padding="same", activation="relu", name="conv")(inputs)
    x = layers.BatchNormalization(name="norm")(x)
    merged = layers.Concatenate(name="both")([layers.MaxPooling2D()(x), layers.AveragePooling2D()(x)])
    model = amalthea.Model(inputs, {"a": layers.GlobalAveragePooling2D(name="a")(merged), "b": layers.Flatten(name="b")(merged)})
    model.compile("adam", "mse")
    before = model.get_weights()
    found = model.verify(ENGINES, X, verbose=False)
    assert found.agrees
    assert found.first_divergence is None
    assert {row.engine for row in found.comparisons} == set(ENGINES[1:])
    outputs = [row.name for row in found.comparisons if row.engine == ENGINES[1] and row.kind == "output"]
    assert [name for name in outputs if name in ("conv", "norm", "both")] == ["conv", "norm", "both"]
    assert model.engine is None
    for one, other in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


def test_the_first_layer_that_differs_is_named(capsys):
    model = amalthea.Sequential([amalthea.Input((3,)), layers.Dense(2, name="good"), DependsOnTheEngine(name="bad"), layers.Dense(1, name="after")])
    found = model.verify(["jax", "numpy"], X[0, 0])
    assert not found.agrees
    assert (found.first_divergence.engine, found.first_divergence.kind) == ("numpy", "output")
    assert found.first_divergence.name.endswith("bad")
    assert found.first_divergence.error > 100
    printed = " ".join(capsys.readouterr().out.split())
    assert "The first to diverge is the output of 'sequential/bad' on 'numpy'." in printed


@pytest.mark.parametrize("engine", [name for name in ENGINES if name != "jax" and get(name).trains])
def test_a_gradient_that_differs_is_found(engine):
    model = amalthea.Sequential([amalthea.Input((3,)), layers.Dense(2, name="first"), WrongGradient(engine), layers.Dense(1, name="last")])
    found = model.verify(["jax", engine], X[0, 0], verbose=False)
    assert found.first_divergence.kind == "gradient"
    wrong = {row.name.split("/")[1] for row in found.comparisons if not row.agrees}
    assert wrong == {"first"}


def test_layers_in_loops_are_compared_outside_of_them():
    model = amalthea.Sequential([amalthea.Input((4, 3)), layers.RNN([layers.SimpleRNNCell(3, name="inner"), layers.GRUCell(2)], name="loop")])
    found = model.verify(ENGINES, X[0, :1, :4, :], verbose=False)
    assert found.agrees
    for engine in ENGINES[1:]:
        names = [row.name.rpartition("/")[2] for row in found.comparisons if (row.engine, row.kind) == (engine, "output")]
        assert "inner" in names and "loop" in names


def test_calls_in_loops_are_not_counted():
    """A layer that is called in two loops: its second call outside of loops is the same one on every engine."""
    loop = layers.RNN(layers.SimpleRNNCell(3, name="cell"), return_sequences=True, name="loop")
    inputs = amalthea.Input((4, 3))
    found = amalthea.Model(inputs, loop(loop(inputs))).verify(ENGINES, X[0, :1, :4, :], verbose=False)
    assert found.agrees
    for engine in ENGINES[1:]:
        names = [row.name.rpartition("/")[2] for row in found.comparisons if (row.engine, row.kind) == (engine, "output")]
        assert [name for name in names if name in ("cell", "loop")] == ["cell", "cell", "loop", "cell", "cell", "loop"]


@pytest.mark.parametrize("engine", ENGINES)
def test_loops_keep_only_what_is_in_their_carry(engine):
    variable = amalthea.Variable(1.0)
    loops = {
        "while_loop": lambda body: ops.while_loop(lambda i: i < 2, body, 0),
        "scan": lambda body: ops.scan(lambda carry, x: (body(carry), x), 0, np.arange(2)),
    }

    def body(x):
        variable.assign(2.0)
        return x + 1

    with amalthea.engine(engine):
        for name, loop in loops.items():
            with pytest.raises(StateError, match=f"`{name}` assigned"):
                loop(body)


def test_what_is_asked_of_verify():
    model = amalthea.Sequential([layers.Dense(2)])
    with pytest.raises(NotBuiltError, match="not built"):
        model.verify(["jax", "numpy"], X[0, 0])
    model.build((None, 3))
    with pytest.raises(ArgumentError, match="at least two"):
        model.verify(["jax"], X[0, 0])
    with pytest.raises(ArgumentError, match=r"at least two engines.*Received: 'jax'"):
        model.verify("jax", X[0, 0])
    with pytest.raises(ArgumentError, match="Unknown engine"):
        model.verify(["jax", "jacks"], X[0, 0])
    with pytest.raises(ArgumentError, match="`data`"):
        model.verify(["jax", "numpy"])
