"""`jit_compile=True` on PyTorch: the same numbers as without, random draws and state that go on, and errors that say what to do."""

import numpy as np
import pytest

import amalthea
from amalthea import layers, ops, optimizers
from amalthea.errors import UnsupportedByEngine
from amalthea.testing.choice import engines_to_test

if "torch" not in engines_to_test():
    pytest.skip("needs PyTorch", allow_module_level=True)

import torch
from torch._dynamo.utils import counters

from amalthea.engines.torch import compiled
from small_models import OPTIMIZERS, X, assert_alike, convolutional, dense, normalised, recurrent, train


@pytest.fixture(autouse=True)
def engine():
    with amalthea.engine("torch"):
        yield


@pytest.fixture
def without_compiler(monkeypatch):
    """The graph as `torch.compile` takes it up and makes it functional, but run by PyTorch: its compiler takes seconds for each."""
    monkeypatch.setattr(compiled, "BACKEND", "aot_eager")


# --- training ---------------------------------------------------------------------------------------------


@pytest.mark.filterwarnings("ignore:.torch.jit.script_method:DeprecationWarning")  # said while PyTorch's compiler is imported
def test_a_model_trains_alike_when_compiled_to_machine_code():
    counters.clear()
    assert_alike(train(normalised, True), train(normalised, False))
    # A program each for training on whole batches and on the rest, for evaluation, and for prediction.
    assert counters["stats"]["unique_graphs"] == 4
    assert not counters["graph_break"]


@pytest.mark.usefixtures("without_compiler")
@pytest.mark.parametrize("how", [{}, {"steps_per_execution": 2}], ids=["single", "grouped"])
@pytest.mark.parametrize("make", [dense, normalised, convolutional, recurrent])
def test_the_graph_computes_what_the_step_does(make, how):
    assert_alike(train(make, True, **how), train(make, False, **how))


@pytest.mark.usefixtures("without_compiler")
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_what_the_optimizer_keeps_goes_on(optimizer):
    assert_alike(train(dense, True, OPTIMIZERS[optimizer]), train(dense, False, OPTIMIZERS[optimizer]))


class Counting(amalthea.Model):
    """A step of one's own, written for PyTorch, which counts how often Python runs it."""

    def __init__(self):
        super().__init__()
        self.inner, self.runs = layers.Dense(2), 0

    def call(self, x):
        return self.inner(x)

    def train_step(self, data):
        self.runs += 1
        self.zero_grad()
        loss = torch.mean(torch.square(self(data[0])))
        loss.backward()
        variables = self.trainable_weights
        self.optimizer.apply([variable.value.grad for variable in variables], variables)
        return {"loss": loss}


@pytest.mark.usefixtures("without_compiler")
def test_a_step_runs_once_as_python_for_each_shape_of_batches():
    losses = {}
    for jit_compile, runs in ((True, 2), (False, 6)):
        amalthea.utils.set_random_seed(2)
        model = Counting()
        model.compile(optimizers.SGD(0.1), jit_compile=jit_compile)
        model(X[:8, 0])
        losses[jit_compile] = model.fit(X[:, 0], batch_size=8, epochs=2, verbose=0, shuffle=False).history["loss"]
        assert model.runs == runs
    np.testing.assert_allclose(losses[True], losses[False], rtol=1e-5)
    assert losses[True][1] < losses[True][0]


# --- state ------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("without_compiler")
def test_each_call_draws_other_numbers_and_the_same_ones_as_without():
    def draws(jit_compile):
        generator = amalthea.random.SeedGenerator(5)

        def draw():
            return [
                amalthea.random.normal((3,), seed=generator),
                amalthea.random.gamma((3,), 2.0, seed=generator),
                amalthea.random.shuffle(ops.arange(9), seed=generator),
                amalthea.random.dropout(ops.ones((9,)), 0.5, seed=generator),
            ]

        call = amalthea.jit(draw, jit_compile=jit_compile)
        return [[ops.convert_to_numpy(x) for x in call()] for _ in range(2)]

    found, expected = draws(True), draws(False)
    for one, other in zip(*found, strict=True):
        assert (one != other).any()
    for once, expected_once in zip(found, expected, strict=True):
        for one, other in zip(once, expected_once, strict=True):
            np.testing.assert_array_equal(one, other)


@pytest.mark.usefixtures("without_compiler")
def test_variables_are_found_made_and_kept_apart_from_what_was_given():
    kept, part, other = (amalthea.Variable(np.zeros(size, "float32")) for size in (3, 2, 3))

    @lambda fn: amalthea.jit(fn, jit_compile=True)
    def keep(x):
        kept.assign(x)
        part.assign(x[1:])
        other.assign(kept)
        return {"sum": kept[1:] + part, "constant": "c", "none": None}

    given = np.array([1, 2, 3], "float32")
    for scale in (1, 10):
        given[:] = np.array([1, 2, 3]) * scale
        result = keep(given)
    given[:] = 0
    assert result["constant"] == "c" and result["none"] is None
    np.testing.assert_array_equal(ops.convert_to_numpy(result["sum"]), [40, 60])
    np.testing.assert_array_equal(kept.numpy(), [10, 20, 30])
    np.testing.assert_array_equal(part.numpy(), [20, 30])
    kept.assign([0, 0, 0])
    np.testing.assert_array_equal(other.numpy(), [10, 20, 30])


@pytest.mark.usefixtures("without_compiler")
def test_arguments_stay_as_they_are_whatever_a_function_does():
    def add(x):
        x += 1.0
        return x * 2.0

    call, array, tensor = amalthea.jit(add, jit_compile=True), np.zeros(2, "float32"), torch.zeros(2)
    assert [call(array).tolist(), call(array).tolist(), call(tensor).tolist()] == [[2, 2]] * 3
    assert not array.any() and not tensor.any()


def test_a_gradient_that_somebody_asks_pytorch_for_flows():
    x = torch.ones(2, requires_grad=True)
    amalthea.jit(lambda x: ops.sum(x * x), jit_compile=True)(x).backward()
    assert x.grad.tolist() == [2, 2]


# --- what depends on values -------------------------------------------------------------------------------


@pytest.mark.usefixtures("without_compiler")
def test_one_of_two_branches_is_taken_with_what_it_assigns():
    count = amalthea.Variable(0)

    def step(x):
        def more():
            count.assign_add(1)
            return x * 2

        return ops.cond(ops.sum(x) > 0, more, lambda: x)

    call = amalthea.jit(step, jit_compile=True)
    assert [call(np.float32([start, 1])).tolist() for start in (1, -5, 2)] == [[2, 2], [-5, 1], [4, 2]]
    assert count.numpy() == 2


@pytest.mark.usefixtures("without_compiler")
def test_blocks_start_where_tensors_say():
    rows = np.arange(12, dtype="float32").reshape(4, 3)

    def blocks(x, start):
        block = ops.slice(x, [start, 1], [2, 2])
        return block, ops.slice_update(x, [start, 1], -block)

    call = amalthea.jit(blocks, jit_compile=True)
    for start in (0, 1, 2):
        expected = rows.copy()
        expected[start : start + 2, 1:] *= -1
        block, updated = call(rows, np.int32(start))
        np.testing.assert_array_equal(ops.convert_to_numpy(block), rows[start : start + 2, 1:])
        np.testing.assert_array_equal(ops.convert_to_numpy(updated), expected)


VALUES = {
    "truth": lambda x: x if ops.sum(x) > 0 else -x,
    "number": lambda x: x * float(ops.sum(x)),
    "array": lambda x: x * ops.convert_to_numpy(x).sum(),
    "as NumPy": lambda x: x * x.numpy().sum(),
    "shape": lambda x: ops.nonzero(x)[0],
    "mask": lambda x: x[x > 0],
    "loop": lambda x: ops.while_loop(lambda i: ops.sum(i) < 10, lambda i: (i + 1,), (x,))[0],
    "gradient": lambda x: amalthea.grad(lambda y: ops.cond(ops.sum(y) > 0, lambda: ops.sum(ops.log(y)), lambda: ops.sum(y)))(x),
}


@pytest.mark.usefixtures("without_compiler")
@pytest.mark.parametrize("name", VALUES)
def test_what_depends_on_values_is_refused_and_runs_without(name):
    x = np.array([1, 2, 3], "float32")
    with pytest.raises(UnsupportedByEngine, match=r"reads a value \(.*jit_compile=False"):
        amalthea.jit(VALUES[name], jit_compile=True)(x)
    assert tuple(amalthea.jit(VALUES[name])(x).shape) == (3,)


@pytest.mark.filterwarnings("ignore:.torch.jit.script_method:DeprecationWarning")
def test_without_a_compiler_of_cpp_it_is_said_what_to_install(monkeypatch):
    monkeypatch.setattr("torch._inductor.config.cpp.cxx", (None, "no-such-compiler"))
    with pytest.raises(UnsupportedByEngine, match=r"C\+\+ compiler.*apt install g\+\+.*jit_compile=False"):
        amalthea.jit(lambda x: ops.sin(x) * 0.25 + ops.cos(x), jit_compile=True)(np.ones(3, "float32"))
