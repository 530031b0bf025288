"""What is peculiar to the TensorFlow engine."""

import numpy as np
import pytest

from amalthea.engines import get, use
from amalthea.errors import ArgumentError, StateError
from amalthea.state.variable import Variable

tf = pytest.importorskip("tensorflow")
engine = get("tensorflow")


@pytest.fixture(autouse=True)
def _engine():
    with use("tensorflow"):
        yield


def number(x, dtype="float32"):
    return engine.from_host(x, dtype)


def total(x):
    return engine.sum(x, None, False)


# --- compilation ---


def test_same_shapes_are_traced_once():
    runs = []
    scale = Variable([1.0, 2.0], name="scale")

    def fn(x, flag):
        runs.append(1)
        return engine.multiply(x["a"], scale.value) if flag else x["a"]

    step = engine.compile(fn, lambda: [scale])
    for value in (1.0, 2.0, 3.0):
        step({"a": number([value, value])}, True)
    assert len(runs) == 1
    step({"a": np.ones(2, "float32")}, True)  # an array is as good as a tensor
    assert len(runs) == 1
    step({"a": number([[1.0, 1.0]])}, True)  # another shape
    step({"a": number([1.0, 1.0])}, False)  # another constant
    assert len(runs) == 3
    step({"a": number([[1.0, 1.0]])}, True)
    assert len(runs) == 3


def test_arguments_of_other_structure_are_told_apart():
    step = engine.compile(lambda x: len(x))
    one = number([1.0])
    assert [int(step((one, one))), int(step([one, one])), int(step({"a": one, "b": one})), int(step((one, one, one)))] == [2, 2, 2, 3]


def test_a_variable_that_nobody_announced_is_found_and_stays_a_variable():
    hidden = Variable([1.0, 1.0], name="hidden")
    step = engine.compile(lambda x: engine.add(x, hidden.value))
    assert engine.to_host(step(number([1.0, 2.0]))).tolist() == [2, 3]
    hidden.assign([10.0, 10.0])
    assert engine.to_host(step(number([1.0, 2.0]))).tolist() == [11, 12]


def test_a_captured_tensor_comes_along():
    captured = number(np.arange(1000.0))
    step = engine.compile(lambda x: engine.add(x, captured))
    assert engine.to_host(step(number(np.ones(1000)))).tolist() == list(range(1, 1001))


def test_a_compiled_function_inside_a_function_of_tensorflow():
    inner = engine.compile(lambda x: engine.multiply(x, 2.0))
    assert engine.to_host(tf.function(lambda x: inner(x) + 1.0, autograph=False)(number([3.0]))).tolist() == [7]


# --- variables ---


def test_a_value_that_was_read_keeps_its_numbers():
    v = Variable([1.0, 2.0], name="v")
    before = v.value
    v.assign([5.0, 6.0])
    step = engine.compile(lambda: v.assign(engine.multiply(v.value, 2.0)).value)
    middle = v.value
    step()
    assert engine.to_host(before).tolist() == [1, 2]
    assert engine.to_host(middle).tolist() == [5, 6]
    assert engine.to_host(v.value).tolist() == [10, 12]


def test_a_variable_does_not_start_as_a_placeholder():
    v = Variable([1.0], name="v")  # first read inside
    tf.function(lambda: engine.add(v.value, 1.0), autograph=False)()
    assert v.numpy().tolist() == [1]


def test_a_tensor_that_left_its_function_is_not_assigned():
    v, left = Variable([1.0], name="v"), []
    tf.function(lambda x: left.append(x * 2), autograph=False)(number([2.0]))
    with pytest.raises(StateError, match="has a value only there"):
        v.assign(left[0])
    assert v.numpy().tolist() == [1]


# --- gradients ---


def test_two_variables_with_one_tensor_have_gradients_of_their_own():
    a = Variable([1.0, 2.0], name="a")
    b = Variable([0.0, 0.0], name="b")
    b.assign(a.value)
    _, (da, db) = engine.value_and_grad(lambda: (total(engine.add(engine.multiply(a.value, 3.0), b.value)), None), [a, b])
    assert engine.to_host(da).tolist() == [3, 3]
    assert engine.to_host(db).tolist() == [1, 1]


def test_gradients_of_gradients():
    v = Variable([1.0, 2.0], name="v")

    def outer():
        (_, _), (first,) = engine.value_and_grad(lambda: (total(engine.power(v.value, 3.0)), None), [v])
        return total(engine.multiply(first, first)), None

    # d/dv of (3 v**2)**2 is 36 v**3.
    _, (second,) = engine.value_and_grad(outer, [v])
    np.testing.assert_allclose(engine.to_host(second), [36, 288], rtol=1e-6)
    compiled = engine.compile(lambda: engine.value_and_grad(outer, [v])[1][0])
    np.testing.assert_allclose(engine.to_host(compiled()), [36, 288], rtol=1e-6)


def test_gradients_of_looked_up_rows_are_tensors():
    table = Variable(np.ones((4, 2), "float32"), name="table")
    rows = number([1, 1, 3], "int32")
    for run in (lambda fn: fn(), lambda fn: engine.compile(fn)()):
        gradient = run(lambda: engine.value_and_grad(lambda: (total(engine.take(table.value, rows, 0)), None), [table])[1][0])
        assert isinstance(gradient, tf.Tensor)
        assert engine.to_host(gradient).tolist() == [[0, 0], [2, 2], [0, 0], [1, 1]]


@pytest.mark.parametrize("compiled", [False, True])
def test_recomputed_values_have_gradients_for_variables_too(compiled):
    w, calls = Variable([2.0, 3.0], name="w"), Variable(0.0, name="calls")

    def inner(x):
        calls.assign(engine.add(calls.value, 1.0))
        return engine.sin(engine.multiply(x, w.value))

    def fn(x):
        def loss(x):
            (value, _), (dw,) = engine.value_and_grad(lambda: (total(engine.remat(inner)(x)), None), [w])
            return value, dw

        (value, dw), (dx,) = engine.tensor_value_and_grad(loss, [x])
        return value, dw, dx

    value, dw, dx = (engine.compile(fn) if compiled else fn)(number([0.5, 1.0]))
    x, w_host = np.array([0.5, 1.0]), np.array([2.0, 3.0])
    np.testing.assert_allclose(engine.to_host(value), np.sin(x * w_host).sum(), rtol=1e-6)
    np.testing.assert_allclose(engine.to_host(dw), x * np.cos(x * w_host), rtol=1e-5)
    np.testing.assert_allclose(engine.to_host(dx), w_host * np.cos(x * w_host), rtol=1e-5)
    assert float(calls.numpy()) == 1


def test_scan_is_a_loop_in_a_graph_with_gradients():
    def fn(xs):
        def objective(xs):
            last, ys = engine.scan(lambda c, x: (engine.multiply(engine.add(c, x), 0.5), engine.multiply(c, c)), number(0.0), xs, 50, True, 1)
            return engine.add(last, total(ys)), None

        return engine.tensor_value_and_grad(objective, [xs])

    xs = np.linspace(-1, 1, 50).astype("float32")
    (value, _), (gradient,) = engine.compile(fn)(number(xs))
    (eager, _), (eager_gradient,) = fn(number(xs))
    carry, expected = 0.0, 0.0
    for x in xs[::-1]:
        expected += carry * carry
        carry = (carry + x) * 0.5
    np.testing.assert_allclose([float(value), float(eager)], expected + carry, rtol=1e-5)
    np.testing.assert_allclose(engine.to_host(gradient), engine.to_host(eager_gradient), rtol=1e-5)


# --- dtypes for which TensorFlow has no kernels ---


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "uint32", "uint64", "int8", "int16"])
def test_small_and_unsigned_integers(dtype):
    x, y = np.array([7, 1, 3, 2], dtype), np.array([2, 3, 0, 2], dtype)
    a, b = number(x, dtype), number(y, dtype)
    assert engine.to_host(engine.power(a, b)).tolist() == [49, 1, 1, 4]
    assert engine.to_host(engine.matmul(a, b)).tolist() == 21
    assert engine.to_host(engine.floor_divide(a, b)).tolist() == [3, 0, 0, 1]  # as NumPy: nothing raises
    assert engine.to_host(engine.remainder(a, b)).tolist() == [1, 1, 0, 0]
    assert engine.to_host(engine.sort(a, 0)).tolist() == [1, 2, 3, 7]
    assert engine.to_host(engine.absolute(a)).tolist() == x.tolist()
    assert engine.to_host(engine.negative(a)).tolist() == (-x).tolist()
    assert engine.to_host(engine.isfinite(a)).all()
    assert engine.dtype_of(engine.matmul(a, b)) == dtype


def test_numbers_of_64_bits_are_kept():
    assert engine.dtype_of(number([2**40], "int64")) == "int64"
    assert engine.to_host(number([2**64 - 1], "uint64")).tolist() == [2**64 - 1]
    largest = engine.sort(number(np.array([2**64 - 1, 0, 2**63], "uint64"), "uint64"), 0)
    assert engine.to_host(largest).tolist() == [0, 2**63, 2**64 - 1]


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32", "float64"])
def test_order_of_special_numbers(dtype):
    x = number([np.nan, 1.0, -np.inf, -0.0, 0.0, -2.0, np.inf], dtype)
    assert engine.to_host(engine.argsort(x, 0)).tolist() == [2, 5, 3, 4, 1, 6, 0]


# --- indexing ---


@pytest.mark.parametrize(
    "key",
    [
        (0, [1, 2]),
        ([0, 1], slice(None), [1, 2]),
        (slice(None), [0, 1], [1, 2]),
        (None, [1, 0], ..., 1),
        (..., np.array([True, False, True, False])),
        (np.array([[True, False, True], [False, True, False]]),),
        (slice(None), np.array([[0], [2]]), None, np.array([1, 3])),
    ],
    ids=repr,
)
def test_indexing_with_arrays_is_that_of_numpy(key):
    x = np.arange(24.0).reshape(2, 3, 4).astype("float32")
    np.testing.assert_array_equal(engine.to_host(engine.getitem(number(x), key)), x[key])


def test_a_mask_of_unknown_values_is_explained():
    step = engine.compile(lambda x: engine.getitem(x, engine.greater(x, 0.0)))
    with pytest.raises(ArgumentError, match="not known"):
        step(number([1.0, -1.0]))


# --- convolutions that TensorFlow's kernels lack ---


@pytest.mark.parametrize("space", [1, 2, 3])
@pytest.mark.parametrize(("strides", "dilation", "groups"), [(2, 2, 1), (1, 2, 2), (2, 1, 4), (1, 2, 4)])
def test_strides_dilation_and_groups_together(space, strides, dilation, groups):
    rng = np.random.default_rng(0)
    x = rng.normal(size=(2, *(7,) * space, 4)).astype("float32")
    kernel = rng.normal(size=(*(2,) * space, 4 // groups, 8)).astype("float32")
    geometry = (strides,) * space, ((1, 0),) * space, (dilation,) * space, groups, (1,) * space

    def step(x, kernel):
        return engine.tensor_value_and_grad(
            lambda x, kernel: (total(engine.conv(x, kernel, *geometry)), engine.conv(x, kernel, *geometry)), [x, kernel]
        )

    (_, y), (dx, dkernel) = engine.compile(step)(number(x), number(kernel))
    np.testing.assert_allclose(engine.to_host(y), get("numpy").conv(x, kernel, *geometry), atol=1e-4)
    # The sum is linear in both, so that each of them times its gradient is the sum.
    for value, gradient in ((x, dx), (kernel, dkernel)):
        np.testing.assert_allclose((value * engine.to_host(gradient)).sum(), engine.to_host(y).sum(), rtol=1e-3)


def test_sealed_arrays_are_kept_as_they_are():
    from amalthea.engines import host

    value = host.empty((1000,), np.dtype("float32"))
    value[...] = 2.0
    copied = engine.hold(value, "float32")
    assert not np.shares_memory(np.asarray(memoryview(copied)), value)
    host.seal(value)
    held = engine.hold(value, "float32")
    assert np.shares_memory(np.asarray(memoryview(held)), value)
    assert float(tf.reduce_sum(held + 1.0)) == 3000.0 and np.all(value == 2.0)


@pytest.mark.parametrize("length", [4, None])
@pytest.mark.parametrize("jit_compile", [False, True])
def test_a_recurrence_in_a_function_whose_gradient_is_taken_outside(length, jit_compile):
    rng = np.random.default_rng(0)
    values = [rng.normal(size=shape).astype("float32") for shape in ((2, 4, 3), (2, 5), (2, 5), (3, 20), (5, 20))]
    x, *others = map(tf.constant, values)

    def gradient(fn):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = tf.reduce_sum(fn(x))
        return tape.gradient(y, x)

    def last(x):
        return engine.lstm(x, *others, None, return_sequences=False)[0]

    signature = [tf.TensorSpec((2, length, 3), "float32")]
    found = gradient(tf.function(last, input_signature=signature, jit_compile=jit_compile))
    np.testing.assert_allclose(found, gradient(last), atol=1e-5)


@pytest.mark.skipif(bool(tf.config.list_logical_devices("GPU")), reason="on GPUs only what is asked for is compiled")
@pytest.mark.parametrize(("jit", "parts"), [("auto", 2), (False, 0)])
def test_recurrences_that_are_trained_are_machine_code(jit, parts):
    """There and back; not with `jit_compile=False`, and not where no gradient is wanted."""
    shapes = ((2, 4, 3), (2, 5), (2, 5), (3, 20), (5, 20))
    tensors = [number(np.zeros(shape)) for shape in shapes]

    def last(*tensors):
        return engine.sum(engine.lstm(*tensors, None, return_sequences=False)[0], None, False)

    def compiled_parts(fn):
        compiled = engine.compile(fn, jit=jit)
        compiled(*tensors)
        (program,) = compiled._programs.values()
        return sum(function.attr["_XlaMustCompile"].b for function in program._graph.graph.as_graph_def().library.function)

    assert compiled_parts(lambda *tensors: engine.tensor_value_and_grad(lambda *inner: (last(*inner), None), tensors)[1]) == parts
    assert compiled_parts(last) == 0
