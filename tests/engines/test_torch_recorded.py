"""Steps that are recorded and repeated on PyTorch: the same numbers as run one by one, in memory that nobody else holds."""

import numpy as np
import pytest

import amalthea
import processes
from amalthea import layers, ops, optimizers
from amalthea.testing.choice import engines_to_test

if "torch" not in engines_to_test():
    pytest.skip("needs PyTorch", allow_module_level=True)

import torch
from hypothesis import given
from hypothesis import strategies as st

from amalthea.engines.torch import recorded, recording
from amalthea.engines.torch.emitting import emitted
from amalthea.engines.torch.memory import overwrite, reuse
from amalthea.engines.torch.recording import Record
from amalthea.engines.torch.tidying import tidy
from amalthea.training.repeatable import repeatable
from small_models import OPTIMIZERS, assert_alike, convolutional, dense, normalised, recurrent, train


@pytest.fixture(autouse=True)
def engine():
    with amalthea.engine("torch"):
        yield


@pytest.fixture
def programs(monkeypatch):
    """The programs that were made, each as often as it ran."""
    runs = []
    call = recorded.Program.__call__

    def counted(program, leaves):
        runs.append(program)
        return call(program, leaves)

    monkeypatch.setattr(recorded.Program, "__call__", counted)
    return runs


def compiled(fn, state=None):
    return amalthea.engines.get("torch").compile(fn, state, repeats=lambda: None)


# --- training ---------------------------------------------------------------------------------------------


def residual():
    return [layers.Flatten(), layers.Dense(8), layers.LayerNormalization(), layers.Activation("gelu"), layers.Dropout(0.1), layers.Dense(2)]


def pooled():
    return [
        layers.Conv1D(5, 3, padding="same", activation="relu"),
        layers.MaxPooling1D(2),
        layers.Flatten(),
        layers.Dense(2, kernel_regularizer="l2"),
    ]


@pytest.mark.parametrize("how", [{}, {"steps_per_execution": 2}], ids=["single", "grouped"])
@pytest.mark.parametrize("make", [dense, normalised, convolutional, recurrent, residual, pooled])
def test_a_model_trains_as_step_by_step(make, how, programs):
    found = train(make, "auto", epochs=5, **how)
    # Two forms of batches train, in five epochs; of each form one runs as it is written, and one while it is recorded.
    assert len(set(programs)) == 2
    assert len(programs) == {1: 15, 2: 10}[how.get("steps_per_execution", 1)] - 2 * (recorded.RUNS_BEFORE + 1)
    assert_alike(found, train(make, False, epochs=5, **how))


RULES = {
    name: lambda name=name: getattr(optimizers, name)(0.01)
    for name in ("SGD", "Adadelta", "Adafactor", "Adagrad", "Adamax", "Ftrl", "Lamb", "Lion", "Muon", "Nadam", "RMSprop", "ScheduleFreeAdamW")
}
RULES |= OPTIMIZERS | {"amsgrad": lambda: optimizers.Adam(0.01, amsgrad=True)}


@pytest.mark.parametrize("rule", RULES)
def test_what_the_optimizer_keeps_goes_on(rule, programs):
    found = train(dense, "auto", RULES[rule], epochs=4)
    assert programs
    assert_alike(found, train(dense, False, RULES[rule], epochs=4))


# --- what is recorded -------------------------------------------------------------------------------------


class Counting(layers.Layer):
    """A layer of a user's own, which does something besides."""

    runs = 0

    def call(self, x):
        self.runs += 1
        return x * 2


def test_code_that_does_something_besides_runs_at_every_step():
    counting = Counting()
    model = amalthea.Sequential([amalthea.Input((4,)), counting, layers.Dense(1)])
    model.compile("sgd", "mse")
    before = counting.runs
    model.fit(np.ones((40, 4)), np.ones((40, 1)), batch_size=4, verbose=0)
    assert counting.runs == before + 10 + 1  # once for the shapes of the outputs


HALF = 0.5


class Scaled(layers.Layer):
    """A layer of a user's own, which only computes."""

    share = 2.0

    def __init__(self, scale):
        super().__init__()
        self.scale = scale
        self.inner = layers.Dense(1, kernel_initializer="ones")

    def part(self, x):
        if len(x.shape) != 2:
            raise ValueError(f"{x} has no two axes.")
        return ops.concatenate([self.scale * y for y in ops.split(x, 2, axis=-1)], axis=-1)

    def call(self, x):
        return self.inner(self.part(x)) * HALF * self.share * np.sqrt(4)


class Own(amalthea.Model):
    """A step of one's own."""

    def __init__(self, scale):
        super().__init__()
        self.scaled = Scaled(scale)

    def call(self, x):
        return self.scaled(x)

    def train_step(self, data):
        x, y = data
        loss, gradients = amalthea.value_and_grad(lambda: ops.mean(ops.square(self(x) - y)), self.trainable_variables)()
        self.optimizer.apply(gradients, self.trainable_variables)
        return {"loss": loss}


def trained(jit_compile, between):
    """The losses of a model of a user's own, of which something is changed after some steps."""
    amalthea.utils.set_random_seed(3)
    model = Own(1.5)
    model.compile(optimizers.SGD(0.01), jit_compile=jit_compile)
    x, y = np.float32([[1, 2], [3, -1]]), np.float32([[1], [2]])
    losses = [float(model.train_on_batch(x, y)) for _ in range(4)]
    between(model)
    return losses + [float(model.train_on_batch(x, y)) for _ in range(4)]


def _replace(owner, name, value):
    """Replace an attribute of the class, or a global variable, and say how to put back what it was."""
    names = owner if isinstance(owner, dict) else vars(owner)
    before = names[name]
    put = (lambda value: owner.__setitem__(name, value)) if isinstance(owner, dict) else (lambda value: setattr(owner, name, value))
    put(value)
    return lambda: put(before)


CHANGES = {
    "nothing": lambda model: None,
    "an attribute": lambda model: setattr(model.scaled, "scale", 3.0),
    "of the class": lambda model: _replace(Scaled, "share", 1.0),
    "a global name": lambda model: _replace(globals(), "HALF", 0.25),
    "what is trained": lambda model: setattr(model.scaled.inner, "trainable", False),
}


@pytest.mark.parametrize("change", CHANGES)
def test_code_that_only_computes_is_recorded_until_something_changes(change, programs):
    undo = []
    try:
        found = trained("auto", lambda model: undo.append(CHANGES[change](model)))
        assert len(set(programs)) == (1 if change == "nothing" else 2)
        for back in filter(None, undo):
            back()
        undo.clear()
        expected = trained(False, lambda model: undo.append(CHANGES[change](model)))
    finally:
        for back in filter(None, undo):
            back()
    np.testing.assert_allclose(found, expected, rtol=1e-5)


def custom_loss(y_true, y_pred):
    print("seen")
    return ops.mean(ops.square(y_true - y_pred), axis=-1)


OWN = {
    "loss": {"loss": custom_loss},
    "metric": {"loss": "mse", "metrics": [custom_loss]},
    "rate": {"loss": "mse", "optimizer": lambda: optimizers.SGD(lambda: np.random.rand())},
}


@pytest.mark.parametrize("part", OWN)
def test_what_is_compiled_may_be_a_users_own(part):
    model = amalthea.Sequential([amalthea.Input((2,)), layers.Dense(1)])
    arguments = dict(OWN[part])
    model.compile(arguments.pop("optimizer", lambda: "sgd")(), **arguments)
    assert repeatable(model) is None


PARTS = [
    lambda: layers.Dense(2, activation="relu", kernel_initializer=lambda shape, dtype: np.ones(shape, dtype), kernel_regularizer="l2"),
    lambda: layers.Bidirectional(layers.LSTM(2, dropout=0.1)),
    lambda: layers.RNN([layers.GRUCell(2), layers.SimpleRNNCell(2)]),
    lambda: layers.MultiHeadAttention(2, 2),
    lambda: layers.BatchNormalization(),
    lambda: optimizers.AdamW(optimizers.schedules.CosineDecay(0.1, 10), use_ema=True),
    lambda: amalthea.metrics.AUC(),
    lambda: amalthea.losses.BinaryFocalCrossentropy(),
    lambda: layers.Lambda(lambda x: ops.add(x, HALF) if len(x.shape) > 1 else sum(y for y in ops.unstack(x))),
    lambda: Scaled(2),
]


@pytest.mark.parametrize("make", PARTS)
def test_parts_of_this_library_do_the_same_at_every_call(make):
    assert repeatable(make()) is not None


class Halved(layers.Dense):
    """A kind of a library's layer, which keeps what it saw."""

    def call(self, x):
        self.seen = x
        return super().call(x)


def _appending(x):
    KEPT.append(x)
    return x


KEPT = []
TOTAL = 0


def _adding(x):
    global TOTAL
    TOTAL += 1
    return x


OTHERS = [
    lambda: layers.Dense(2, activation=torch.relu),
    lambda: layers.Lambda(lambda x: x * np.random.rand()),
    lambda: layers.Lambda(_appending),
    lambda: layers.Lambda(_adding),
    lambda: layers.Lambda(lambda x, keep=KEPT: keep.append(x)),
    lambda: layers.Lambda(lambda x: x + next(iter(KEPT))),
    lambda: layers.Lambda(lambda x: eval("x")),
    lambda: layers.Lambda(lambda x: amalthea.config.set_floatx("float64")),
    lambda: layers.TimeDistributed(Halved(2)),
    lambda: layers.Dense(2, kernel_regularizer=lambda w: print(w)),
    lambda: amalthea.metrics.MeanMetricWrapper(custom_loss),
]


@pytest.mark.parametrize("make", OTHERS)
def test_parts_that_hold_somebody_elses_code_may_not(make):
    assert repeatable(make()) is None


def test_what_reads_values_runs_as_it_is_written(programs):
    call = compiled(lambda x: x * 2 if float(ops.sum(x)) > 0 else x)
    found = [call(np.float32([start, 1])).tolist() for start in (1, -5, 2, -6)]
    assert found == [[2, 2], [-5, 1], [4, 2], [-6, 1]]
    assert not programs


def test_to_record_does_not_load_the_compiler_of_torch():
    """It takes a second to load, and with CUDA it brings `triton`, which cannot share a process with every build of TensorFlow."""
    code = """
import sys, numpy as np, amalthea
from amalthea import layers
from amalthea.engines.torch import recorded
model = amalthea.Sequential([amalthea.Input((6,)), layers.Embedding(5, 3), layers.LSTM(4), layers.Dropout(0.1), layers.Dense(1)])
model.compile("adam", "mse")
model.fit(np.ones((16, 6)), np.ones((16, 1)), batch_size=4, verbose=0)
programs = model.make_train_function()._programs
print([type(program).__name__ for program in programs.values()], "torch._dynamo" in sys.modules, "sympy" in sys.modules)
"""
    assert processes.run(code, AMALTHEA_ENGINE="torch").stdout.split() == ["['Program']", "False", "False"]


def test_a_loop_that_is_too_long_runs_as_it_is_written(monkeypatch, programs):
    monkeypatch.setattr(recording, "LONGEST", 50)
    call = compiled(lambda x: ops.scan(lambda carry, y: (carry + y, carry), ops.sum(x) * 0, x)[0])
    assert [float(call(np.ones(size, "float32"))) for size in (5, 5, 5, 100, 100, 100)] == [5, 5, 5, 100, 100, 100]
    assert len(programs) == 1


def test_each_kind_of_step_is_recorded(programs):
    model = amalthea.Sequential([amalthea.Input((2,)), layers.Dense(1)])
    model.compile("sgd", "mse")
    x, y = np.ones((8, 2)), np.ones((8, 1))
    for number, run in enumerate((lambda: model.fit(x, y, 2, verbose=0), lambda: model.evaluate(x, y, 2, verbose=0), lambda: model.predict(x, 2, 0))):
        run()
        assert len(set(programs)) == number + 1


def test_forms_that_come_once_are_not_recorded_and_not_kept(programs):
    call = compiled(lambda x: ops.sum(x))
    for size in range(1, 2 * recorded.FORMS):
        assert float(call(np.ones(size, "float32"))) == size
    assert not programs
    assert len(call._runs) == recorded.FORMS


# --- memory -----------------------------------------------------------------------------------------------


def counter(start):
    """A variable, and a function that adds to it."""
    total = amalthea.Variable(start)

    def add(x):
        total.assign_add(x)
        return total * 1

    return total, compiled(add, lambda: [total])


ONE = np.ones(3, "float32")


def test_a_recorded_step_writes_where_the_variable_is(programs):
    total, add = counter(np.zeros(3, "float32"))
    for _ in range(recorded.RUNS_BEFORE + 2):
        add(ONE)
    place = total.held().data_ptr()
    results = [add(ONE).tolist() for _ in range(3)]
    assert programs and total.held().data_ptr() == place
    assert results == [[4.0] * 3, [5.0] * 3, [6.0] * 3]
    assert total.numpy().tolist() == [6.0] * 3


def test_what_was_handed_out_keeps_its_values(programs):
    total, add = counter(np.zeros(3, "float32"))
    seen = []
    for _ in range(6):
        add(ONE)
        seen.append(total.value)
    assert programs
    assert [value[0].item() for value in seen] == [1, 2, 3, 4, 5, 6]


def test_tensors_that_were_assigned_are_not_written_into(programs):
    total, add = counter(np.zeros(3, "float32"))
    other = amalthea.Variable(np.zeros(3, "float32"))
    for _ in range(recorded.RUNS_BEFORE + 2):
        add(ONE)
    mine = torch.full((3,), 10.0)
    total.assign(mine)
    other.assign(mine)
    add(ONE)
    assert programs
    assert (mine[0].item(), other.numpy()[0], total.numpy()[0]) == (10, 10, 11)


def test_values_in_other_orders_and_from_other_engines_are_taken(programs):
    matrix = amalthea.Variable(np.zeros((2, 3), "float32"))
    call = compiled(lambda x: ops.reshape(matrix, (6,)) + x, lambda: [matrix])
    for _ in range(recorded.RUNS_BEFORE + 2):
        call(np.zeros(6, "float32"))
    matrix.assign(torch.arange(6.0).reshape(3, 2).t())
    assert call(np.zeros(6, "float32")).tolist() == [0, 2, 4, 1, 3, 5]
    with amalthea.engine("numpy"):
        matrix.assign(np.ones((2, 3), "float32"))
    assert call(np.zeros(6, "float32")).tolist() == [1] * 6
    assert programs


def test_a_gradient_of_ones_own_sees_the_values_before_a_recorded_step(programs):
    model = amalthea.Sequential([amalthea.Input((4,)), layers.Dense(1)])
    model.compile(optimizers.SGD(0.1), "mse")
    x, y = np.ones((40, 4), "float32"), np.ones((40, 1), "float32")
    model.fit(x, y, batch_size=4, verbose=0)
    kernel = model.layers[0].kernel
    (_, held), _ = amalthea.value_and_grad(lambda: (ops.sum(kernel), kernel.value), [kernel], has_aux=True)()
    before = held.tolist()
    model.fit(x, -y, batch_size=4, verbose=0)
    assert programs
    assert held.tolist() == before


# --- graphs -----------------------------------------------------------------------------------------------


def graph_of(fn, *tensors):
    """The operations of a function of tensors."""
    return Record(lambda given: fn(*given), [tensor.clone() for tensor in tensors], lambda given: [given]).module


@st.composite
def programs_of_tensors(draw):
    """A function of three matrices: some operations on what there is so far, and which results are given."""
    steps = draw(st.lists(st.tuples(st.sampled_from(sorted(STEPS)), st.integers(0, 99), st.integers(0, 99)), min_size=1, max_size=12))
    given = draw(st.lists(st.integers(0, 99), min_size=1, max_size=3))

    def fn(*tensors):
        values = list(tensors)
        for name, first, second in steps:
            values.append(STEPS[name](values[first % len(values)], values[second % len(values)]))
        return [values[number % len(values)].clone() for number in given] + [values[-1].detach()]

    return fn


STEPS = {
    "sum": lambda x, y: x + y,
    "row": lambda x, y: x + y[0],
    "product": lambda x, y: x @ y,
    "affine": lambda x, y: x @ y + x[1],
    "turned": lambda x, y: x.t(),
    "twice turned": lambda x, y: x.permute(1, 0).permute(1, 0),
    "unmoved": lambda x, y: x.permute(0, 1).detach(),
    "in rows": lambda x, y: x.reshape(9).view(3, 3) * y,
    "positive": lambda x, y: torch.relu(x),
    "bent": lambda x, y: torch.tanh(x) * y,
    "one part": lambda x, y: x[1].expand(3, 3),
    "constant": lambda x, y: x - torch.ones_like(x).cumsum(0) / 1,
    "written": lambda x, y: x.clone().mul_(2).add_(y),
    "a part written": lambda x, y: torch.cat([x.clone()[:1].mul_(3), y[1:]]),
    "chosen": lambda x, y: torch.where(x > 0, y, x),
}


@given(programs_of_tensors(), st.integers(0, 2**32 - 1))
def test_a_tidied_graph_gives_what_the_function_does(fn, seed):
    tensors = torch.randint(-3, 4, (3, 3, 3), generator=torch.Generator().manual_seed(seed)).float().unbind(0)
    expected = [tensor.clone() for tensor in fn(*(tensor.clone() for tensor in tensors))]
    module = graph_of(fn, *tensors)
    tidy(module)
    overwrite(module)
    run = emitted(module)
    given = [tensor.clone() for tensor in tensors]
    for _ in range(2):  # nothing that is given, and no constant, may have been written into
        for found, wanted in zip(run(*given), expected, strict=True):
            torch.testing.assert_close(found, wanted, rtol=1e-5, atol=1e-4, equal_nan=True)
    for tensor, before in zip(given, tensors, strict=True):
        assert torch.equal(tensor, before)


@given(programs_of_tensors(), st.integers(0, 2**32 - 1))
def test_new_values_may_be_written_over_the_old_ones(fn, seed):
    tensors = torch.randint(-3, 4, (3, 3, 3), generator=torch.Generator().manual_seed(seed)).float().unbind(0)

    def step(first, second, third):
        *results, last = fn(first, second, third)
        return [first + last, second * 0.5, *results]

    expected = step(*(tensor.clone() for tensor in tensors))
    module = graph_of(step, *tensors)
    tidy(module)
    written = reuse(module, [0, 1])
    overwrite(module)
    given = [tensor.clone() for tensor in tensors]
    for found, wanted in zip(emitted(module)(*given), expected, strict=True):
        torch.testing.assert_close(found, wanted, rtol=1e-5, atol=1e-4, equal_nan=True)
    assert written <= {0, 1}
    assert torch.equal(given[2], tensors[2])


def test_the_memory_of_what_nobody_reads_is_used_again():
    module = graph_of(lambda x, w: torch.relu(x @ w + 1.0) * 2.0, torch.ones(2, 2), torch.ones(2, 2))
    tidy(module)
    overwrite(module)
    names = [node.target._schema.name for node in module.graph.nodes if node.op == "call_function"]
    assert names == ["aten::mm", "aten::add_", "aten::relu_", "aten::mul_"]


def test_a_graph_is_tidied():
    def fn(x, w, b):
        y = (x.view(4, 3).permute(0, 1) @ w.detach() + b).view(2, 2, 5).view(4, 5)
        return y * (torch.ones_like(y) / 2)

    module = graph_of(fn, torch.ones(2, 2, 3), torch.ones(3, 5), torch.ones(5))
    tidy(module)
    names = [node.target._schema.name for node in module.graph.nodes if node.op == "call_function"]
    assert names == ["aten::view", "aten::addmm", "aten::mul"]
