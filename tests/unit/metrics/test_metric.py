"""`Metric`: its state, its pure forms, its compiled form, its configuration."""

import inspect

import numpy as np
import pytest

import amalthea
from amalthea import losses, metrics, ops
from amalthea.engines import registry
from amalthea.errors import ArgumentError, StateError

NEEDED = {
    "IoU": {"num_classes": 4, "target_class_ids": [0, 1], "sparse_y_true": False, "sparse_y_pred": False},
    "MeanIoU": {"num_classes": 4, "sparse_y_true": False, "sparse_y_pred": False},
    "OneHotIoU": {"num_classes": 4, "target_class_ids": [0]},
    "OneHotMeanIoU": {"num_classes": 4},
    "MeanMetricWrapper": {"fn": losses.mean_squared_error},
    "PrecisionAtRecall": {"recall": 0.5},
    "RecallAtPrecision": {"precision": 0.5},
    "SensitivityAtSpecificity": {"specificity": 0.5},
    "SpecificityAtSensitivity": {"sensitivity": 0.5},
}
NAMES = [name for name in metrics.__all__ if inspect.isclass(getattr(metrics, name)) and name != "Metric"]


def _make(name):
    return getattr(metrics, name)(name="metric", **NEEDED.get(name, {}))


def _batch(name, seed=0):
    """Arguments of `update_state`."""
    random = np.random.default_rng(seed)
    y_true = np.eye(4, dtype="float32")[random.integers(0, 4, 6)]
    y_pred = random.random((6, 4)).astype("float32")
    if name in ("Mean", "Sum"):
        return (y_pred,)
    return (y_true.argmax(-1) if name.startswith("Sparse") else y_true, y_pred)


class Spread(metrics.Metric):
    """The greatest value less the least, and the mean."""

    def __init__(self, name="spread", **kwargs):
        super().__init__(name=name, **kwargs)
        self.greatest = self.add_weight(name="greatest", initializer="zeros")
        self.inner = [metrics.Mean(name="inner")]
        self.least = self.add_variable((), "zeros", name="least")

    def update_state(self, values):
        self.greatest.assign(ops.maximum(self.greatest, ops.max(values)))
        self.least.assign(ops.minimum(self.least, ops.min(values)))
        self.inner[0].update_state(values)

    def result(self):
        return {"spread": self.greatest - self.least, "mean": self.inner[0].result()}


def test_state_of_attributes_and_of_metrics_inside():
    metric = Spread()
    assert [variable.path for variable in metric.variables] == ["spread/greatest", "spread/least", "inner/total", "inner/count"]
    assert not any(variable.trainable for variable in metric.variables)
    metric.late = amalthea.Variable(1.0, name="late")
    assert metric.variables[2] is metric.late


def test_update_reset_and_result():
    metric = Spread()
    assert {key: float(value) for key, value in metric(np.array([3.0, -1.0])).items()} == {"spread": 4.0, "mean": 1.0}
    metric.update_state(np.array([1.0, 9.0]))
    assert float(metric.result()["mean"]) == 3.0
    metric.reset_state()
    assert {key: float(value) for key, value in metric.result().items()} == {"spread": 0.0, "mean": 0.0}


def test_stateless_forms_change_nothing():
    metric = Spread()
    values = metric.stateless_update_state([1.0, -1.0, 4.0, 2.0], np.array([5.0, 1.0]))
    assert [float(value) for value in values] == [5.0, -1.0, 10.0, 4.0]
    assert float(metric.stateless_result(values)["mean"]) == 2.5
    assert [float(value) for value in metric.stateless_reset_state()] == [0.0] * 4
    assert [float(variable.value) for variable in metric.variables] == [0.0] * 4


def test_stateless_update_needs_all_values():
    with pytest.raises(ArgumentError, match="4 variables of 'spread'"):
        Spread().stateless_update_state([1.0], np.array([5.0]))


def test_forgotten_super():
    class Forgetful(metrics.Metric):
        def __init__(self):
            pass

    with pytest.raises(StateError, match=r"super\(\).__init__\(\)"):
        Forgetful()(1.0)


def test_what_subclasses_must_define():
    class Nothing(metrics.Metric):
        pass

    metric = Nothing()
    assert metric.name == "nothing"
    with pytest.raises(NotImplementedError, match="Nothing must define `update_state"):
        metric.update_state(1.0)
    with pytest.raises(NotImplementedError, match="Nothing must define `result"):
        metric.result()


def test_a_name_with_a_slash_stays_one_part_of_the_path():
    assert metrics.Mean(name="outer/mean").variables[0].path == "outer>mean/total"


@pytest.mark.parametrize("name", NAMES)
def test_compiled_state_is_that_of_plain_updates(name):
    plain, compiled = _make(name), _make(name)
    step = registry.current().compile(lambda *batch: compiled(*batch))
    batches = [_batch(name, seed) for seed in range(2)]
    for batch in batches:
        result = step(*batch)
    with amalthea.engine("numpy"):
        for batch in batches:
            expected = plain(*batch)
    np.testing.assert_allclose(result, expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", NAMES)
def test_stateless_update_agrees(name):
    with amalthea.engine("numpy"):
        metric = _make(name)
        metric.update_state(*_batch(name))
        before = [np.array(variable.value) for variable in metric.variables]
        values = metric.stateless_update_state(before, *_batch(name, 1))
        for variable, value in zip(metric.variables, before, strict=True):
            np.testing.assert_array_equal(variable.value, value)
        metric.update_state(*_batch(name, 1))
        np.testing.assert_allclose(metric.stateless_result(values), metric.result(), rtol=1e-6)


@pytest.mark.parametrize("name", NAMES)
def test_config_round_trip(name):
    metric = _make(name)
    read = metrics.deserialize(metrics.serialize(metric))
    assert type(read) is type(metric)
    assert read.get_config() == metric.get_config()


@pytest.mark.parametrize("identifier", ["mse", "MSE", "mean_squared_error", "MeanSquaredError", metrics.MeanSquaredError])
def test_get(identifier):
    assert isinstance(metrics.get(identifier), metrics.MeanSquaredError)


def test_get_what_is_one_already():
    metric = metrics.Mean()
    assert metrics.get(metric) is metric
    assert metrics.get(None) is None
    assert metrics.get(losses.huber) is losses.huber
    assert metrics.deserialize("Spread", custom_objects={"Spread": Spread}).name == "spread"


def test_dtype():
    assert metrics.Mean(dtype="float16").variables[0].dtype == "float16"
    assert metrics.Mean(dtype=amalthea.DTypePolicy("mixed_float16")).dtype == "float16"
    # Counts do not fit into half precision.
    assert metrics.AUC(dtype="float16").variables[0].dtype == "float32"


def test_direction():
    assert metrics.AUC()._direction == "up"
    assert metrics.MeanMetricWrapper(losses.huber)._direction == "down"
    assert metrics.MeanMetricWrapper(lambda y_true, y_pred: y_pred)._direction is None
