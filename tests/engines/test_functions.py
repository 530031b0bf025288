"""`grad`, `value_and_grad`, `jit`, `vmap` and `custom_gradient` for programs of one's own, on every engine: forms of arguments, and what is refused."""

import numpy as np
import pytest

import amalthea
from amalthea import ops
from amalthea.engines import get
from amalthea.errors import ArgumentError, ArgumentTypeError, ShapeError, StateError
from amalthea.testing.choice import engines_to_test

ENGINES = engines_to_test()
TRAINING = [name for name in ENGINES if get(name).trains]


def host(x):
    return ops.convert_to_numpy(x)


# --- gradients ---


@pytest.mark.parametrize("engine", TRAINING)
def test_gradients_of_structures(engine):
    params = {"w": np.array([1.0, 2.0], "float32"), "layers": [np.array(3.0, "float32"), (np.array(4.0, "float32"),)]}

    def loss(params, x):
        first, (second,) = params["layers"]
        return ops.sum(params["w"] * x) * first * second

    with amalthea.engine(engine):
        x = ops.convert_to_tensor([5.0, 6.0])
        value, (of_params, of_x) = amalthea.value_and_grad(loss, argnums=(0, -1))(params, x)
        assert host(value) == 17 * 12
        np.testing.assert_allclose(host(of_params["w"]), [60, 72])
        assert [float(host(of_params["layers"][0])), float(host(of_params["layers"][1][0]))] == [17 * 4, 17 * 3]
        np.testing.assert_allclose(host(of_x), [12, 24])
        np.testing.assert_allclose(host(amalthea.grad(lambda x: ops.sum(x * x))([1.0, 2.0])), [2, 4])  # a list of numbers is a tensor


@pytest.mark.parametrize("engine", TRAINING)
def test_a_gradient_within_a_gradient_of_variables(engine):
    """The penalty of WGAN-GP: the loss of the weights holds the norm of a gradient with respect to the inputs."""
    with amalthea.engine(engine):
        w, x = amalthea.Variable([3.0, 4.0]), ops.convert_to_tensor([[1.0, 2.0], [0.5, -1.0]])

        @amalthea.jit
        def step():
            def penalty():
                gradient = amalthea.grad(lambda x: ops.sum(ops.square(x) * w))(x)  # 2 x w
                return ops.sum(ops.square(gradient))

            value, (gradient,) = amalthea.value_and_grad(penalty, [w])()
            w.assign_sub(0.125 * gradient)
            return value

        squares = np.array([1.25, 5.0])
        assert float(host(step())) == pytest.approx(4 * (squares * [9, 16]).sum())
        np.testing.assert_allclose(w.numpy(), [3.0, 4.0] - squares * [3, 4], rtol=1e-6)


@pytest.mark.parametrize("engine", TRAINING)
def test_what_has_no_gradient(engine):
    with amalthea.engine(engine):
        count, w = amalthea.Variable(3, dtype="int32"), amalthea.Variable([1.0, 2.0])
        with pytest.raises(ArgumentTypeError, match=r"the variable 'variable\w*' has the dtype int32. Cast it"):
            amalthea.grad(lambda: ops.sum(w) * 2, [w, count])()
        with pytest.raises(ArgumentTypeError, match="has the dtype int32"):
            amalthea.grad(lambda x: x * x)(3)
        with pytest.raises(ShapeError, match=r"must return a scalar. Received a value of shape \(2,\)"):
            amalthea.grad(lambda: w * 2, [w])()
        with pytest.raises(ArgumentError, match="`argnums` must number positional arguments, of which there are 1"):
            amalthea.grad(lambda x: x, argnums=1)(2.0)
        with pytest.raises(ArgumentTypeError, match="must be a list of variables"):
            amalthea.grad(lambda: ops.sum(w), w)


@pytest.mark.parametrize("engine", TRAINING)
def test_gradients_of_ones_own_and_stopped_ones(engine):
    @amalthea.custom_gradient
    def bounded(x):
        return x * 2.0, lambda upstream: ops.clip(upstream, -0.5, 0.5)

    with amalthea.engine(engine):
        w = amalthea.Variable([1.0, -2.0])
        for how in (lambda fn: fn, amalthea.jit):
            value, (gradient,) = how(amalthea.value_and_grad(lambda: ops.sum(ops.multiply(bounded(w), [0.25, 9.0])), [w]))()
            assert float(host(value)) == 0.5 - 36
            np.testing.assert_allclose(host(gradient), [0.25, 0.5])
            (gradient,) = how(amalthea.grad(lambda: ops.sum(amalthea.stop_gradient(w * w) * w), [w]))()
            np.testing.assert_allclose(host(gradient), [1, 4])


# --- compilation ---


@pytest.mark.parametrize("engine", ENGINES)
def test_ways_to_call_what_is_compiled(engine):
    @amalthea.jit(jit_compile=False)
    def scaled(x, scale=1.0, *, negative=False):
        return ops.negative(x) * scale if negative else x * scale

    with amalthea.engine(engine):
        x = np.array([1.0, 2.0], "float32")
        assert host(scaled(x)).tolist() == [1, 2]
        assert host(scaled(x, scale=np.float32(3.0))).tolist() == [3, 6]
        assert host(scaled(x, 2.0, negative=True)).tolist() == [-2, -4]
        assert host(scaled(x, negative=False)).tolist() == [1, 2]


@pytest.mark.parametrize("engine", ENGINES)
def test_a_variable_that_is_only_assigned_takes_a_copy(engine):
    with amalthea.engine(engine):
        v = amalthea.Variable(np.zeros(3))
        keep = amalthea.jit(lambda x: [v.assign(x), None][1])
        array = np.ones(3, "float32")
        keep(array)
        array[:] = 7
        assert v.numpy().tolist() == [1, 1, 1]
        keep(array)
        array[:] = 9
        assert v.numpy().tolist() == [7, 7, 7]


@pytest.mark.parametrize("engine", [name for name in TRAINING if name != "torch"])  # what runs eagerly may make variables
def test_functions_that_make_variables_whenever_they_run(engine):
    with amalthea.engine(engine), pytest.raises(StateError, match="makes new variables whenever it runs, such as 'fresh'"):
        amalthea.jit(lambda x: x + amalthea.Variable(1.0, name="fresh"))(np.ones(2, "float32"))


@pytest.mark.parametrize("engine", ENGINES)
def test_functions_are_mapped_over_arrays_and_structures(engine):
    with amalthea.engine(engine):
        x, y = np.arange(6, dtype="float32").reshape(3, 2), np.ones((3, 2), "float32")
        mapped = amalthea.vmap(lambda pair: {"dot": ops.sum(pair["x"] * pair["y"]), "sum": pair["x"] + pair["y"]})({"x": x, "y": y})
        assert host(mapped["dot"]).tolist() == [1, 5, 9]
        assert host(mapped["sum"]).tolist() == (x + 1).tolist()


@pytest.mark.parametrize("engine", TRAINING)
def test_gradients_for_each_sample(engine):
    with amalthea.engine(engine):
        x = np.array([[1.0, 2.0], [3.0, 4.0]], "float32")
        each = amalthea.vmap(amalthea.grad(lambda row: ops.sum(row**3)))(x)
        np.testing.assert_allclose(host(each), 3 * x**2, rtol=1e-6)


# --- variables as sequences ---


@pytest.mark.parametrize("engine", ENGINES)
def test_variables_have_an_end(engine):
    with amalthea.engine(engine):
        v = amalthea.Variable([[1.0, 2.0], [3.0, 4.0]])
        first, second = v
        assert (host(first).tolist(), host(second).tolist(), len(v)) == ([1, 2], [3, 4], 2)
        with pytest.raises(TypeError, match="no axes"):
            iter(amalthea.Variable(1.0))
        with pytest.raises(TypeError, match="no length"):
            len(amalthea.Variable(1.0))


def test_devices_are_named_by_strings():
    with pytest.raises(ArgumentTypeError, match=r"such as \"cpu:0\""):
        amalthea.device(0)
