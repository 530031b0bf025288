"""Variables: first values, reading and assigning, scopes, names, threads."""

import threading

import numpy as np
import pytest

import amalthea
from amalthea import layers, ops
from amalthea.errors import ArgumentError, ShapeError
from amalthea.state.scope import StatelessScope


def test_the_first_value_is_made_when_it_is_read_and_once():
    made = []

    def ones(shape, dtype=None):
        made.append((tuple(shape), dtype))
        return ops.ones(shape, dtype)

    v = amalthea.Variable(ones, shape=(2,), dtype="float32")
    assert made == []
    np.testing.assert_array_equal(v.numpy(), [1, 1])
    np.testing.assert_array_equal(ops.convert_to_numpy(v.value), [1, 1])
    assert made == [((2,), "float32")]


def test_many_threads_see_one_first_value():
    v = amalthea.Variable("random_normal", shape=(50,))
    barrier, seen = threading.Barrier(8), []

    def read():
        barrier.wait()
        seen.append(np.asarray(ops.convert_to_numpy(v.value)))

    threads = [threading.Thread(target=read) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(seen) == 8
    assert all((value == seen[0]).all() for value in seen)


def test_assigning_casts_and_checks_the_shape():
    v = amalthea.Variable([1.0, 2.0], name="v")
    v.assign(np.array([3, 4], "int64"))
    assert (v.dtype, v.numpy().tolist()) == ("float32", [3.0, 4.0])
    v.assign_add([1, 1])
    v.assign_sub(v * 0.5)
    assert v.numpy().tolist() == [2.0, 2.5]
    with pytest.raises(ShapeError, match=r"'v' has shape \(2,\).*\(3,\)"):
        v.assign([1.0, 2.0, 3.0])
    assert v.numpy().tolist() == [2.0, 2.5]


@pytest.mark.parametrize(
    ("arguments", "error", "words"),
    [
        ({"initializer": "zeros"}, ArgumentError, "needs `shape`"),
        ({"initializer": "zeros", "shape": (None, 2)}, ShapeError, "must be known"),
        ({"initializer": [1.0], "shape": (2,)}, ShapeError, r"\(1,\), but `shape` is \(2,\)"),
        ({"initializer": 1.0, "name": "a/b"}, ArgumentError, "without '/'"),
        ({"initializer": 1.0, "aggregation": "median"}, ArgumentError, "'median'"),
        ({"initializer": ["text"]}, ArgumentError, "holds numbers.*text"),
    ],
)
def test_what_makes_no_variable(arguments, error, words):
    with pytest.raises(error, match=words):
        amalthea.Variable(**arguments).numpy()


def test_operators_and_numbers():
    v = amalthea.Variable(4.0)
    assert [float(x) for x in (v + 1, 1 - v, v**2, -v, v / 8, 8 / v)] == [5.0, -3.0, 16.0, -4.0, 0.5, 2.0]
    assert (float(v), int(v)) == (4.0, 4)
    with pytest.raises(TypeError, match="no truth value"):
        bool(v)
    with pytest.raises(TypeError, match="Only a scalar"):
        float(amalthea.Variable([1.0, 2.0]))


def test_a_copy_that_was_given_out_is_the_callers():
    v = amalthea.Variable(np.zeros(3, "float32"))
    host = v.numpy()
    host[:] = 7
    assert v.numpy().tolist() == [0, 0, 0]
    source = np.ones(3, "float32")
    v.assign(source)
    source[:] = 9
    assert v.numpy().tolist() == [1, 1, 1]


def test_scopes_hold_assignments_and_look_outwards():
    a, b = amalthea.Variable(1.0), amalthea.Variable(2.0)
    with StatelessScope([(a, ops.convert_to_tensor(10.0))]) as outer:
        b.assign(20.0)
        with StatelessScope() as inner:
            assert (float(a.value), float(b.value)) == (10.0, 20.0)
            a.assign(100.0)
            assert float(a.value) == 100.0
        assert float(a.value) == 10.0
        assert [variable is a for variable, _ in inner.written()] == [True]
    assert [variable is b for variable, _ in outer.written()] == [True]
    assert (float(a.value), float(b.value)) == (1.0, 2.0)


def test_mixed_precision_reads_as_the_compute_dtype():
    seen = []

    class Inspecting(layers.Dense):
        def call(self, x):
            seen.append((self.kernel.dtype, str(self.kernel.value.dtype), str(self.frozen.value.dtype)))
            return super().call(x)

        def build(self, shape):
            super().build(shape)
            self.frozen = self.add_weight(shape=(), autocast=False, name="frozen")

    layer = Inspecting(2, dtype="mixed_bfloat16")
    layer(np.ones((1, 3), "float32"))
    assert seen[-1] == ("bfloat16", "bfloat16", "float32")
    assert layer.kernel.dtype == "float32"


def test_paths_are_those_of_the_layers_around():
    class Block(layers.Layer):
        def __init__(self, **kwargs):
            super().__init__(**kwargs)
            self.first = layers.Dense(2, name="first")
            self.rest = {"a": [layers.Dense(2)], "b": (layers.Dense(2, name="last"),)}

        def call(self, x):
            return self.rest["b"][0](self.rest["a"][0](self.first(x)))

    block = Block(name="block")
    block(np.ones((1, 2), "float32"))
    expected = [f"block/{layer}/{weight}" for layer in ("first", "dense", "last") for weight in ("kernel", "bias")]
    assert [variable.path for variable in block.weights] == expected


def test_attributes_are_tracked_replaced_and_forgotten():
    layer = layers.Layer()
    layer.weight = amalthea.Variable(1.0)
    layer.parts = [layers.Dense(1)]
    layer.parts.append(layers.Dense(2))
    layer.counts = {"frozen": amalthea.Variable(0, trainable=False)}
    assert len(list(layer._flatten_layers(include_self=False))) == 2
    assert (len(layer.trainable_variables), len(layer.non_trainable_variables)) == (1, 1)
    layer.weight = amalthea.Variable(2.0)
    assert [float(variable) for variable in layer.trainable_variables] == [2.0]
    del layer.weight
    assert layer.trainable_variables == []


def test_seeds_of_a_generator_advance_and_repeat():
    one, other = amalthea.random.SeedGenerator(5), amalthea.random.SeedGenerator(5)
    first, second = (np.asarray(ops.convert_to_numpy(one.next())) for _ in range(2))
    assert (first != second).any()
    np.testing.assert_array_equal(first, ops.convert_to_numpy(other.next()))
