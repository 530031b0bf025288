"""Schedules: values worked out by hand, errors, and their use in an optimizer."""

import numpy as np
import pytest

import amalthea
from amalthea import ops, optimizers
from amalthea.errors import ArgumentError
from amalthea.optimizers import schedules


@pytest.mark.parametrize(
    ("schedule", "rates"),
    [
        (schedules.ExponentialDecay(2.0, 2, 0.25), {0: 2.0, 1: 1.0, 2: 0.5, 4: 0.125}),
        (schedules.ExponentialDecay(2.0, 2, 0.25, staircase=True), {0: 2.0, 1: 2.0, 2: 0.5, 3: 0.5}),
        (schedules.InverseTimeDecay(3.0, 2, 1.0), {0: 3.0, 1: 2.0, 4: 1.0}),
        (schedules.PolynomialDecay(5.0, 4, 1.0), {0: 5.0, 1: 4.0, 4: 1.0, 9: 1.0}),
        (schedules.PolynomialDecay(5.0, 4, 1.0, power=2.0), {2: 2.0}),
        (schedules.PolynomialDecay(5.0, 4, 1.0, cycle=True), {4: 1.0, 6: 2.0, 8: 1.0}),
        (schedules.PiecewiseConstantDecay([1, 3], [1.0, 0.5, 0.25]), {0: 1.0, 1: 1.0, 2: 0.5, 3: 0.5, 4: 0.25}),
        (schedules.CosineDecay(2.0, 4), {0: 2.0, 2: 1.0, 4: 0.0, 5: 0.0}),
        (schedules.CosineDecay(0.0, 4, 0.5, warmup_target=2.0, warmup_steps=2), {0: 0.0, 1: 1.0, 2: 2.0, 4: 1.5, 6: 1.0}),
        (schedules.CosineDecay(2.0, 4, warmup_target=1.0), {0: 1.0, 2: 0.5}),
        (schedules.CosineDecayRestarts(2.0, 4, m_mul=0.5), {0: 2.0, 2: 1.0, 4: 1.0, 8: 0.5, 12: 0.5}),
        (schedules.CosineDecayRestarts(2.0, 4, t_mul=1.0), {0: 2.0, 2: 1.0, 4: 2.0, 6: 1.0}),
    ],
)
def test_rates(schedule, rates):
    for step, rate in rates.items():
        np.testing.assert_allclose(float(schedule(step)), rate, atol=1e-6)
        assert ops.dtype(schedule(ops.array(step))) == "float32"
    assert type(schedule).from_config(schedule.get_config()).get_config() == schedule.get_config()


def test_mistakes():
    with pytest.raises(ArgumentError, match="decay_steps"):
        schedules.CosineDecay(0.1, 0)
    with pytest.raises(ArgumentError, match="2 boundaries and 2 values"):
        schedules.PiecewiseConstantDecay([1, 2], [0.1, 0.2])
    with pytest.raises(NotImplementedError, match="__call__"):
        schedules.LearningRateSchedule()(1)
    with pytest.raises(NotImplementedError, match="get_config"):
        schedules.LearningRateSchedule().get_config()


def test_a_schedule_moves_in_compiled_steps():
    with amalthea.engine("jax"):
        weight = amalthea.Variable([0.0])
        optimizer = optimizers.SGD(schedules.ExponentialDecay(1.0, 1, 0.5))
        optimizer.build([weight])
        step = amalthea.engines.current().compile(lambda g: optimizer.apply([g]))
        for _ in range(3):
            step(np.ones(1, "float32"))
        np.testing.assert_allclose(weight.numpy(), [-1.75])
