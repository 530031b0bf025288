"""Variables in stateless scopes and under autocast, and on several engines."""

import threading

import numpy as np
import pytest

import amalthea
from amalthea import ops
from amalthea.errors import ArgumentError, ShapeError
from amalthea.state.scope import StatelessScope, in_stateless_scope
from amalthea.state.variable import autocast_scope


@pytest.mark.parametrize("initializer", ["glorot_uniform", "random_normal", "orthogonal"])
def test_every_engine_starts_from_the_same_value(initializer):
    values = []
    for engine in ("numpy", "jax"):
        with amalthea.engine(engine):
            v = amalthea.Variable(amalthea.initializers.get({"class_name": initializer, "config": {"seed": 3}}), shape=(4, 4))
            values.append(np.array(ops.convert_to_numpy(v.value)))
    np.testing.assert_array_equal(*values)
    assert np.unique(values[0]).size > 8


def test_a_variable_moves_to_the_engine_that_reads_it():
    v = amalthea.Variable(np.arange(3.0, dtype="float32"))
    with amalthea.engine("numpy"):
        assert isinstance(v.value, np.ndarray)
        v.assign_add([10.0, 10.0, 10.0])
    with amalthea.engine("jax"):
        assert not isinstance(v.value, np.ndarray)
        assert ops.convert_to_numpy(v.value).tolist() == [10, 11, 12]


def test_the_engine_of_one_thread_is_not_that_of_another():
    v, seen = amalthea.Variable(2.0), {}

    def read(name):
        with amalthea.engine(name):
            barrier.wait()
            seen[name] = float(ops.convert_to_numpy(v.value * 3))

    barrier = threading.Barrier(2)
    threads = [threading.Thread(target=read, args=(name,)) for name in ("numpy", "jax")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert seen == {"numpy": 6.0, "jax": 6.0}


@pytest.mark.parametrize(
    ("dtype", "value", "expected"),
    [("int32", 2.9, 2), ("bool", 3.0, True), ("float16", 1, 1.0), ("uint8", np.int64(7), 7), ("float32", True, 1.0)],
)
def test_assigned_values_are_cast(dtype, value, expected):
    v = amalthea.Variable(0, dtype=dtype)
    v.assign(value)
    assert (v.dtype, v.numpy().item()) == (dtype, expected)


@pytest.mark.parametrize(
    ("value", "dtype"),
    [(1, "int32"), (1.0, "float32"), (True, "bool"), ([1.0], "float32"), ([1], "int32"), (np.ones(2), "float64"), (np.ones(2, "int8"), "int8")],
)
def test_the_dtype_is_that_of_the_first_value(value, dtype):
    assert amalthea.Variable(value).dtype == dtype
    assert amalthea.Variable(value, dtype="float16").dtype == "float16"


def test_a_variable_of_a_variable_is_a_copy():
    a = amalthea.Variable([1.0, 2.0])
    b = amalthea.Variable(a)
    a.assign([5.0, 6.0])
    assert b.numpy().tolist() == [1, 2]


def test_scopes_nest():
    v = amalthea.Variable(1.0)
    assert not in_stateless_scope()
    with StatelessScope([(v, 2.0)]) as outer:
        with StatelessScope([(v, 3.0)]) as inner:
            v.assign_add(1.0)
            assert float(v.value) == 4.0
        assert float(v.value) == 2.0
        inner_value = inner.get_current_value(v)
        outer.add_update((v, 7.0))
        assert (float(v.value), float(inner_value)) == (7.0, 4.0)
        assert in_stateless_scope()
    assert float(v.value) == 1.0
    assert outer.get_current_value(amalthea.Variable(0.0)) is None


def test_a_scope_does_not_outlive_an_error():
    v = amalthea.Variable(1.0)
    scope = StatelessScope([(v, 5.0)])
    with pytest.raises(ShapeError), scope:
        v.assign([1.0, 2.0])
    assert not in_stateless_scope()
    assert (float(v.value), float(scope.get_current_value(v))) == (1.0, 5.0)


def test_a_scope_takes_only_what_fits():
    v = amalthea.Variable([1.0, 2.0], name="v")
    with pytest.raises(ShapeError, match=r"'v' has shape \(2,\).*\(3,\)"):
        StatelessScope([(v, [1.0, 2.0, 3.0])])
    with StatelessScope([(v, np.array([1, 2]))]):
        assert str(v.value.dtype) == "float32"


def test_casts_apply_to_floats_that_allow_them():
    wide, count, frozen = amalthea.Variable([1.5]), amalthea.Variable([1]), amalthea.Variable([1.5], autocast=False)
    with autocast_scope("bfloat16"):
        assert [v.dtype for v in (wide, count, frozen)] == ["bfloat16", "int32", "float32"]
        assert [str(v.value.dtype) for v in (wide, count, frozen)] == ["bfloat16", "int32", "float32"]
        with autocast_scope(None):
            assert wide.dtype == "float32"
        wide.assign([1.0 + 2**-12])
    assert wide.numpy().tolist() == [1.0 + 2**-12]  # bfloat16 could not hold it
    with autocast_scope("int32"):
        assert wide.dtype == "float32"


def test_updates_under_a_cast_keep_the_precision_of_the_variable():
    v = amalthea.Variable(1.0)
    with autocast_scope("bfloat16"):
        v.assign_add(2**-12)
        v.assign_sub(2**-13)
    assert v.numpy() == 1.0 + 2**-13


@pytest.mark.parametrize(
    ("arguments", "words"), [({"synchronization": "never"}, "'never'"), ({"name": 3}, "string"), ({"colour": "red"}, "unknown arguments: colour")]
)
def test_refusals(arguments, words):
    with pytest.raises(ArgumentError, match=words):
        amalthea.Variable(1.0, **arguments)


def test_an_initializer_that_gives_another_shape_is_named():
    v = amalthea.Variable(lambda shape, dtype=None: np.zeros((3,), dtype), shape=(2,), name="kernel")
    with pytest.raises(ShapeError, match=r"shape \(3,\).*'kernel'.*\(2,\)"):
        v.numpy()


def test_reading_on_the_host_first_draws_once():
    draws = iter([[1.0, 2.0], [3.0, 4.0]])
    v = amalthea.Variable(lambda shape, dtype=None: np.array(next(draws), dtype), shape=(2,))
    assert v.numpy().tolist() == [1, 2]
    assert ops.convert_to_numpy(v.value).tolist() == [1, 2]
