"""What holds for every optimizer: it converges, keeps dtypes, comes back from its configuration, and compiles to the same steps."""

import inspect
import json

import numpy as np
import pytest

import amalthea
from amalthea import ops, optimizers
from amalthea.errors import ArgumentError

FALLING = optimizers.schedules.PolynomialDecay(0.05, 200, 0.0)
ALL = {
    "SGD": {"learning_rate": 0.1},
    "SGD-momentum": {"learning_rate": 0.05, "momentum": 0.8, "nesterov": True},
    "Adam": {"learning_rate": 0.1},
    "Adam-amsgrad": {"learning_rate": 0.1, "amsgrad": True},
    "AdamW": {"learning_rate": 0.1, "weight_decay": 1e-3},
    "RMSprop": {"learning_rate": 0.03},
    "RMSprop-centered": {"learning_rate": 0.02, "centered": True, "momentum": 0.5, "epsilon": 1e-3},
    "Adagrad": {"learning_rate": 0.8},
    "Adadelta": {"learning_rate": 30.0},
    "Adamax": {"learning_rate": 0.1},
    "Nadam": {"learning_rate": 0.1},
    "Ftrl": {"learning_rate": 0.8},
    "Lion": {"learning_rate": FALLING},
    "Lamb": {"learning_rate": FALLING},
    "Adafactor": {"learning_rate": 0.3},
    "Muon": {"learning_rate": optimizers.schedules.PolynomialDecay(0.3, 200, 0.0), "weight_decay": None, "adam_weight_decay": None},
    "ScheduleFreeAdamW": {"learning_rate": 0.1},
    "LossScaleOptimizer": {},
    "MultiOptimizer": {},
}
TARGETS = {"kernel": np.array([[1.0, -1.0, 0.5], [0.25, 2.0, -0.5]]), "bias": np.array([0.5, -1.5])}


def make(case):
    name, kwargs = case.partition("-")[0], ALL[case]
    if name == "LossScaleOptimizer":
        return optimizers.LossScaleOptimizer(optimizers.SGD(0.1), initial_scale=8.0, dynamic_growth_steps=50)
    if name == "MultiOptimizer":
        return optimizers.MultiOptimizer(optimizers.OptimizerMap(optimizers.SGD(0.1), {"bias": optimizers.Adam(0.1)}))
    return getattr(optimizers, name)(**kwargs)


def weights(dtype="float32"):
    return [amalthea.Variable(np.full(target.shape, 0.1), dtype=dtype, name=name) for name, target in TARGETS.items()]


def gradients(variables, optimizer):
    scale = ops.convert_to_tensor(optimizer.scale_loss(ops.ones(())))
    return [ops.subtract(v, ops.cast(target, v.dtype)) * ops.cast(scale, v.dtype) for v, target in zip(variables, TARGETS.values(), strict=True)]


@pytest.mark.parametrize("engine", ["numpy", "jax"])
@pytest.mark.parametrize("case", ALL)
def test_converges_on_a_quadratic(case, engine):
    with amalthea.engine(engine):
        optimizer, variables = make(case), weights()
        optimizer.build(variables)

        def step():
            optimizer.apply(gradients(variables, optimizer))

        compiled = amalthea.engines.current().compile(step)
        for _ in range(200):
            compiled()
        for variable, target in zip(variables, TARGETS.values(), strict=True):
            np.testing.assert_allclose(variable.numpy(), target, atol=0.06)
        assert int(optimizer.iterations) == 200


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32"])
@pytest.mark.parametrize("case", ALL)
def test_keeps_dtypes_and_steps_downhill(case, dtype):
    optimizer, variables = make(case), weights(dtype)
    optimizer.build(variables)
    before = [v.numpy().astype("float32") for v in variables]
    dtypes = [v.dtype for v in optimizer.variables]
    for _ in range(3):
        optimizer.apply(gradients(variables, optimizer))
    assert [v.dtype for v in optimizer.variables] == dtypes
    for variable, old, target in zip(variables, before, TARGETS.values(), strict=True):
        new = variable.numpy().astype("float32")
        assert variable.dtype == dtype
        assert np.isfinite(new).all()
        assert np.abs(new - target).sum() < np.abs(old - target).sum()


@pytest.mark.parametrize("case", ALL)
def test_comes_back_from_its_configuration(case):
    optimizer = make(case)
    config = json.loads(json.dumps(optimizers.serialize(optimizer)))
    copy = optimizers.deserialize(config)
    assert type(copy) is type(optimizer)
    assert copy.get_config() == optimizer.get_config()
    if case not in ("LossScaleOptimizer", "MultiOptimizer"):
        named = set(inspect.signature(type(optimizer).__init__).parameters) - {"self", "kwargs"}
        assert set(optimizer.get_config()) == named


@pytest.mark.parametrize("case", ALL)
def test_compiled_stateless_and_eager_steps_agree(case):
    def run(how):
        with amalthea.engine("numpy" if how == "numpy" else "jax"):
            optimizer, variables = make(case), weights()
            optimizer.build(variables)
            grads = [np.sin(np.arange(t.size, dtype="float32")).reshape(t.shape) * 8.0 for t in TARGETS.values()]
            apply = amalthea.engines.current().compile(lambda a, b: optimizer.apply([a, b]))
            for _ in range(3):
                if how in ("eager", "numpy"):
                    optimizer.apply([ops.convert_to_tensor(g) for g in grads])
                elif how == "compiled":
                    apply(*grads)
                else:
                    own = [v.value for v in optimizer.variables]
                    new, own = optimizer.stateless_apply(own, [ops.convert_to_tensor(g) for g in grads], [v.value for v in variables])
                    for variable, value in zip([*variables, *optimizer.variables], [*new, *own], strict=True):
                        variable.assign(value)
            return [v.numpy() for v in (*variables, *optimizer.variables)]

    expected = run("eager")
    for how in ("compiled", "stateless", "numpy"):
        for a, b in zip(run(how), expected, strict=True):
            np.testing.assert_allclose(a, b, rtol=2e-5, atol=1e-6)


@pytest.mark.parametrize(
    "options", [{}, {"use_ema": True, "ema_overwrite_frequency": 2}, {"gradient_accumulation_steps": 2}, {"global_clipnorm": 0.1}]
)
def test_a_compiled_step_takes_every_branch(options):
    def run(compiled):
        with amalthea.engine("jax"):
            optimizer, variables = optimizers.Adam(0.1, weight_decay=0.1, **options), weights()
            optimizer.build(variables)
            step = optimizer.apply if not compiled else amalthea.engines.current().compile(lambda *grads: optimizer.apply(grads))
            for i in range(5):
                grads = [np.full(t.shape, float(i - 2), "float32") for t in TARGETS.values()]
                step(*grads) if compiled else step(grads)
            return [v.numpy() for v in (*variables, *optimizer.variables)]

    for a, b in zip(run(True), run(False), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-6)


def test_terms_of_a_step_are_computed_once():
    calls = []

    class Counting(optimizers.Adam):
        def step_terms(self, learning_rate):
            calls.append(learning_rate)
            return super().step_terms(learning_rate)

    optimizer, variables = Counting(0.1), weights()
    optimizer.apply(gradients(variables, optimizer), variables)
    assert len(calls) == 1
    # A rate of one's own has terms of its own.
    optimizer.update_step(ops.ones((2,)), variables[1], ops.convert_to_tensor(0.0))
    assert len(calls) == 2


def test_a_weight_may_have_a_rate_of_its_own():
    class Layerwise(optimizers.SGD):
        def update_step(self, gradient, variable, learning_rate):
            super().update_step(gradient, variable, learning_rate * (0.5 if variable.name == "bias" else 1.0))

    variables = weights()
    Layerwise(1.0).apply([ops.ones((2, 3)), ops.ones((2,))], variables)
    np.testing.assert_allclose(variables[0].numpy(), -0.9, rtol=1e-6)
    np.testing.assert_allclose(variables[1].numpy(), -0.4, rtol=1e-6)


def test_adafactor_without_relative_step_uses_the_rate_as_it_is():
    weight = amalthea.Variable([1.0])
    optimizer = optimizers.Adafactor(0.5, relative_step=False)
    for _ in range(2):
        optimizer.apply([ops.ones((1,))], [weight])
    # Each step scales the weight by (1 - rate); a relative one would end at 0.5 * 0.5 for rates up to 1 / sqrt(t) alike, so take t = 9, too.
    np.testing.assert_allclose(weight.numpy(), [0.25], rtol=1e-5)
    for _ in range(7):
        optimizer.apply([ops.ones((1,))], [weight])
    np.testing.assert_allclose(weight.numpy(), [0.5**9], rtol=1e-3)


def test_names():
    assert type(optimizers.get("AdamW")) is type(optimizers.get("adamw")) is optimizers.AdamW
    assert type(optimizers.get(optimizers.SGD)) is optimizers.SGD
    assert optimizers.get(None) is None
    made = optimizers.SGD()
    assert optimizers.get(made) is made
    assert type(optimizers.get({"class_name": "adam", "config": {"learning_rate": 0.5}})) is optimizers.Adam
    with pytest.raises(ArgumentError, match=r"Unknown optimizer 'rmsprp'\. Did you mean \"rmsprop\""):
        optimizers.get("rmsprp")
    with pytest.raises(ArgumentError, match="of type int"):
        optimizers.get(3)
    with pytest.raises(ArgumentError, match="LossScaleOptimizer\\(inner_optimizer\\)"):
        optimizers.get("LossScaleOptimizer")


def test_a_registered_class_is_found_by_name():
    class Mine(optimizers.SGD):
        pass

    with amalthea.saving.custom_object_scope({"Mine": Mine}):
        assert type(optimizers.get("Mine")) is Mine
        assert type(optimizers.deserialize(optimizers.serialize(Mine(0.25)))) is Mine
    assert type(optimizers.deserialize({"class_name": "Mine", "config": {}}, custom_objects={"Mine": Mine})) is Mine
