"""Each optimizer takes the steps that Keras's takes, with the same variables, configuration and files."""

import keras
import numpy as np
import pytest

import amalthea
from amalthea import ops, optimizers

# Keras turns its variables into arrays in a way that NumPy 2 warns of.
pytestmark = pytest.mark.filterwarnings("ignore:__array__:DeprecationWarning")

SHAPES = {"kernel": (3, 4), "bias": (4,)}

CASES = [
    ("SGD", {}),
    ("SGD", {"momentum": 0.9}),
    ("SGD", {"momentum": 0.9, "nesterov": True, "learning_rate": 0.1}),
    ("Adam", {}),
    ("Adam", {"learning_rate": 0.1, "amsgrad": True, "epsilon": 1e-3, "beta_1": 0.5, "beta_2": 0.8}),
    ("AdamW", {"learning_rate": 0.1, "weight_decay": 0.2}),
    ("RMSprop", {"learning_rate": 0.1}),
    ("RMSprop", {"learning_rate": 0.1, "rho": 0.5, "momentum": 0.5, "centered": True, "epsilon": 1e-2}),
    ("Adagrad", {"learning_rate": 0.1, "initial_accumulator_value": 0.5}),
    ("Adadelta", {"learning_rate": 0.5, "rho": 0.6}),
    ("Adamax", {"learning_rate": 0.1}),
    ("Nadam", {"learning_rate": 0.1}),
    ("Ftrl", {"learning_rate": 0.1}),
    (
        "Ftrl",
        {
            "learning_rate": 0.2,
            "learning_rate_power": -0.7,
            "l1_regularization_strength": 0.1,
            "l2_regularization_strength": 0.2,
            "l2_shrinkage_regularization_strength": 0.3,
            "beta": 0.4,
        },
    ),
    ("Lion", {"learning_rate": 0.1}),
    ("Lamb", {"learning_rate": 0.1}),
    ("Adafactor", {"learning_rate": 0.1}),
    ("Adafactor", {"learning_rate": 0.9, "clip_threshold": 0.5, "beta_2_decay": -0.5}),
    ("ScheduleFreeAdamW", {"learning_rate": 0.1}),
    ("ScheduleFreeAdamW", {"learning_rate": 0.1, "warmup_steps": 3, "weight_decay": 0.1}),
    ("Muon", {"learning_rate": 0.1}),
    ("Muon", {"learning_rate": 0.1, "rms_rate": None, "nesterov": False, "adam_lr_ratio": 2, "weight_decay": 0.5, "adam_weight_decay": None}),
    ("Muon", {"learning_rate": 0.1, "exclude_layers": ["ker"]}),
    ("SGD", {"learning_rate": 0.1, "weight_decay": 0.5}),
    ("SGD", {"learning_rate": 0.1, "clipnorm": 0.5}),
    ("SGD", {"learning_rate": 0.1, "clipvalue": 0.3}),
    ("SGD", {"learning_rate": 0.1, "global_clipnorm": 0.5}),
    ("SGD", {"learning_rate": 0.1, "loss_scale_factor": 8.0}),
    ("Adam", {"learning_rate": 0.1, "use_ema": True, "ema_momentum": 0.7}),
    ("SGD", {"learning_rate": 0.1, "use_ema": True, "ema_momentum": 0.7, "ema_overwrite_frequency": 2}),
    ("Adam", {"learning_rate": 0.1, "gradient_accumulation_steps": 2, "clipnorm": 1.0}),
    ("SGD", {"learning_rate": 0.1, "gradient_accumulation_steps": 2, "use_ema": True, "ema_overwrite_frequency": 2, "weight_decay": 0.1}),
]
IDS = [f"{name}-{'-'.join(kwargs)}" for name, kwargs in CASES]


@pytest.fixture(autouse=True)
def _engine():
    """The quickest engine for steps that are not compiled; tests/unit compares it with the others."""
    with amalthea.engine("numpy"):
        yield


def gradients(steps, shapes=SHAPES, seed=0):
    rng = np.random.default_rng(seed)
    return [[rng.normal(size=shape).astype("float32") for shape in shapes.values()] for _ in range(steps)]


def weights(make, shapes=SHAPES):
    rng = np.random.default_rng(7)
    return [make(rng.normal(size=shape).astype("float32"), name=name) for name, shape in shapes.items()]


def pair(name, kwargs):
    ours, theirs = weights(amalthea.Variable), weights(keras.Variable)
    optimizer, oracle = getattr(optimizers, name)(**kwargs, name="it"), getattr(keras.optimizers, name)(**kwargs, name="it")
    optimizer.build(ours)
    oracle.build(theirs)
    return optimizer, oracle, ours, theirs


def assert_same(ours, theirs, err=""):
    for mine, their in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(np.asarray(mine.numpy()), np.asarray(their), rtol=3e-5, atol=3e-6, err_msg=f"{mine.path} {err}")


@pytest.mark.parametrize(("name", "kwargs"), CASES, ids=IDS)
def test_steps(name, kwargs):
    optimizer, oracle, ours, theirs = pair(name, kwargs)
    for step, grads in enumerate(gradients(5)):
        optimizer.apply([ops.convert_to_tensor(g) for g in grads])
        oracle.apply([keras.ops.convert_to_tensor(g) for g in grads])
        assert_same(ours, theirs, f"after step {step}")
    own, other = optimizer.variables, oracle.variables
    if name == "Adafactor":  # the mean squares of matrices are kept as rows and columns, and nowhere else
        own, other = ([v for v in variables if not v.path.endswith("kernel_velocity")] for variables in (own, other))
    assert_same(own, other)
    optimizer.finalize_variable_values(ours)
    oracle.finalize_variable_values(theirs)
    assert_same(ours, theirs, "in the end")


@pytest.mark.parametrize(("name", "kwargs"), CASES, ids=IDS)
def test_variables_and_configuration(name, kwargs):
    optimizer, oracle, _, _ = pair(name, kwargs)
    # Keras leaves the paths of these without the optimizer's name.
    unnamed = {"Adafactor": ("bias",), "Nadam": ("u_product", "variable")}.get(name, ())
    for mine, their in zip(optimizer.variables, oracle.variables, strict=True):
        assert tuple(mine.shape) == tuple(their.shape)
        assert mine.dtype == their.dtype
        assert mine.aggregation == their.aggregation
        if mine.name not in unnamed:
            assert mine.path == their.path
    mine, their = optimizer.get_config(), oracle.get_config()
    assert mine.pop("learning_rate") == pytest.approx(their.pop("learning_rate"))
    assert mine == their


@pytest.mark.parametrize("name", sorted({name for name, _ in CASES}))
def test_files_go_both_ways(name):
    optimizer, oracle, ours, theirs = pair(name, {})
    for grads in gradients(2):
        oracle.apply([keras.ops.convert_to_tensor(g) for g in grads])
    store = {}
    oracle.save_own_variables(store)
    optimizer.load_own_variables({key: np.asarray(value) for key, value in store.items()})
    for mine, their in zip(ours, theirs, strict=True):
        mine.assign(np.asarray(their))
    third = gradients(3)[2]
    optimizer.apply([ops.convert_to_tensor(g) for g in third])
    store = {}
    optimizer.save_own_variables(store)
    oracle.apply([keras.ops.convert_to_tensor(g) for g in third])
    assert_same(ours, theirs)
    fresh, before = getattr(keras.optimizers, name)(name="it"), weights(keras.Variable)
    fresh.build(before)
    fresh.load_own_variables(store)
    fourth = gradients(4)[3]
    for their, mine in zip(before, ours, strict=True):
        their.assign(mine.numpy())
    fresh.apply([keras.ops.convert_to_tensor(g) for g in fourth])
    optimizer.apply([ops.convert_to_tensor(g) for g in fourth])
    assert_same(ours, before)


def test_constraints_and_missing_gradients():
    ours, theirs = weights(amalthea.Variable), weights(keras.Variable)
    ours[0].constraint, theirs[0].constraint = amalthea.constraints.NonNeg(), keras.constraints.NonNeg()
    optimizer, oracle = optimizers.SGD(0.5), keras.optimizers.SGD(0.5)
    optimizer.build(ours)
    oracle.build(theirs)
    (first, _), *_ = gradients(1)
    with pytest.warns(UserWarning, match="bias"):
        optimizer.apply([ops.convert_to_tensor(first), None])
    with pytest.warns(UserWarning, match="bias"):
        oracle.apply([keras.ops.convert_to_tensor(first), None])
    assert_same(ours, theirs)


def test_a_schedule_with_accumulation_counts_every_step():
    ours, theirs = weights(amalthea.Variable), weights(keras.Variable)
    optimizer = optimizers.SGD(optimizers.schedules.ExponentialDecay(1.0, 1, 0.5), gradient_accumulation_steps=2, name="it")
    oracle = keras.optimizers.SGD(keras.optimizers.schedules.ExponentialDecay(1.0, 1, 0.5), gradient_accumulation_steps=2, name="it")
    optimizer.build(ours)
    oracle.build(theirs)
    for grads in gradients(4):
        optimizer.apply([ops.convert_to_tensor(g) for g in grads])
        oracle.apply([keras.ops.convert_to_tensor(g) for g in grads])
    assert_same(ours, theirs)
    assert int(optimizer.iterations) == int(oracle.iterations) == 2
    assert [v.path for v in optimizer.variables] == [v.path for v in oracle.variables]


def test_weights_of_layers_have_long_names():
    with amalthea.name_scope("dense"):
        weight = amalthea.Variable(np.ones((2, 2), "float32"), name="kernel")
    optimizer = optimizers.Adam(name="adam")
    optimizer.build([weight])
    layer = keras.layers.Dense(2, name="dense", use_bias=False)
    layer.build((None, 2))
    oracle = keras.optimizers.Adam(name="adam")
    oracle.build(layer.trainable_variables)
    assert [v.path for v in optimizer.variables] == [v.path for v in oracle.variables]


def test_loss_scale():
    ours, theirs = weights(amalthea.Variable), weights(keras.Variable)
    optimizer = optimizers.LossScaleOptimizer(optimizers.Adam(0.1, name="inner"), initial_scale=4.0, dynamic_growth_steps=2, name="it")
    oracle = keras.optimizers.LossScaleOptimizer(keras.optimizers.Adam(0.1, name="inner"), initial_scale=4.0, dynamic_growth_steps=2, name="it")
    optimizer.build(ours)
    oracle.build(theirs)
    assert [v.path for v in optimizer.variables] == [v.path for v in oracle.variables]
    steps = gradients(6)
    steps[2][0][0, 0] = np.inf
    steps[4][1][1] = np.nan
    for grads in steps:
        optimizer.apply([ops.convert_to_tensor(g) for g in grads])
        # Keras's own `apply` cannot run outside a compiled function on this engine.
        values = oracle.stateless_apply(
            [v.value for v in oracle.variables], [keras.ops.convert_to_tensor(g) for g in grads], [v.value for v in theirs]
        )
        for variable, value in zip([*theirs, *oracle.variables], [*values[0], *values[1]], strict=True):
            variable.assign(value)
        assert_same(ours, theirs)
        assert_same(optimizer.variables, oracle.variables)
        assert float(optimizer.scale_loss(ops.convert_to_tensor(3.0))) == float(oracle.scale_loss(keras.ops.convert_to_tensor(3.0)))
    mine, their = optimizer.get_config(), oracle.get_config()
    for config in (mine, their):
        assert config["inner_optimizer"]["config"].pop("learning_rate") == pytest.approx(0.1)
    assert mine == their


def test_several_optimizers():
    ours, theirs = weights(amalthea.Variable), weights(keras.Variable)
    map_ours = optimizers.OptimizerMap(optimizers.SGD(0.5, name="a"), {"kern.*": optimizers.Adam(0.1, name="b")})
    map_theirs = keras.optimizers.OptimizerMap(keras.optimizers.SGD(0.5, name="a"), {"kern.*": keras.optimizers.Adam(0.1, name="b")})
    optimizer = optimizers.MultiOptimizer(map_ours, loss_scale_factor=2.0, name="it")
    oracle = keras.optimizers.MultiOptimizer(map_theirs, loss_scale_factor=2.0, name="it")
    optimizer.build(ours)
    oracle.build(theirs)
    for grads in gradients(3):
        optimizer.apply([ops.convert_to_tensor(g) for g in grads])
        oracle.apply([keras.ops.convert_to_tensor(g) for g in grads])
    assert_same(ours, theirs)
    assert [v.path for v in optimizer.variables] == [v.path for v in oracle.variables]
    assert_same(optimizer.variables, oracle.variables)


def test_serialized_forms_are_read_by_both():
    schedule = {"initial_learning_rate": 0.1, "decay_steps": 10, "decay_rate": 0.5}
    mine = optimizers.serialize(optimizers.SGD(optimizers.schedules.ExponentialDecay(**schedule), name="it"))
    their = keras.optimizers.serialize(keras.optimizers.SGD(keras.optimizers.schedules.ExponentialDecay(**schedule), name="it"))
    assert mine == their
    assert optimizers.deserialize(their).get_config() == keras.optimizers.deserialize(mine).get_config()
