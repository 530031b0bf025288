"""Training against Keras: the same model, weights and data give the same history, step by step."""

import keras
import numpy as np
import pytest

import amalthea

GENERATOR = np.random.default_rng(0)
X = GENERATOR.normal(size=(50, 6)).astype("float32")
Y = GENERATOR.normal(size=(50, 2)).astype("float32")
LABELS = GENERATOR.integers(0, 3, size=(50,))
WEIGHTS = GENERATOR.uniform(0.2, 2.0, size=(50,)).astype("float32")


def network(api, units=2, activation=None, regularizer=None, of_outputs=0.0):
    hidden = api.layers.Dense(5, activation="tanh", kernel_regularizer=regularizer)
    return api.Sequential(
        [api.Input((6,)), hidden, api.layers.ActivityRegularization(of_outputs, of_outputs), api.layers.Dense(units, activation=activation)]
    )


def twins(build=network, **arguments):
    """The same model in both libraries, with the same weights."""
    ours, theirs = build(amalthea, **arguments), build(keras, **arguments)
    generator = np.random.default_rng(1)
    values = [generator.normal(size=v.shape).astype("float32") * 0.4 for v in ours.weights]
    ours.set_weights(values)
    theirs.set_weights(values)
    return ours, theirs


def compare(ours, theirs, compile_arguments, fit_arguments, tolerance=2e-4):
    for model in (ours, theirs):
        model.compile(**compile_arguments(keras if model is theirs else amalthea))
    history = ours.fit(**fit_arguments, shuffle=False, verbose=0).history
    expected = theirs.fit(**fit_arguments, shuffle=False, verbose=0).history
    assert set(history) == set(expected)
    for name, values in expected.items():
        np.testing.assert_allclose(history[name], values, rtol=tolerance, atol=1e-5, err_msg=name)
    for found, wanted in zip(ours.get_weights(), theirs.get_weights(), strict=True):
        np.testing.assert_allclose(found, wanted, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize(
    ("arguments", "loss", "target", "metrics"),
    [
        ({}, "mse", Y, ["mae"]),
        ({"regularizer": "l2"}, "mae", Y, ["mse"]),
        ({"of_outputs": 0.1}, "mse", Y, []),
        ({"units": 3, "activation": "softmax"}, "sparse_categorical_crossentropy", LABELS, ["accuracy"]),
        (
            {"units": 3, "activation": "softmax"},
            "categorical_crossentropy",
            np.eye(3, dtype="float32")[LABELS],
            ["accuracy", "categorical_crossentropy", "AUC"],
        ),
        ({"units": 1, "activation": "sigmoid"}, "binary_crossentropy", (LABELS > 0).astype("float32")[:, None], ["acc"]),
    ],
    ids=["mse", "regularized", "regularized outputs", "sparse", "categorical", "binary"],
)
def test_history_and_weights(arguments, loss, target, metrics):
    ours, theirs = twins(**arguments)
    compare(
        ours,
        theirs,
        lambda api: {"optimizer": "adam", "loss": loss, "metrics": metrics},
        {"x": X, "y": target, "epochs": 3, "batch_size": 16, "validation_data": (X[:20], target[:20])},
    )


def test_sample_and_class_weights_and_weighted_metrics():
    for extra in ({"sample_weight": WEIGHTS}, {"class_weight": {0: 0.5, 1: 2.0, 2: 1.0}}):
        ours, theirs = twins(units=3, activation="softmax")
        compare(
            ours,
            theirs,
            lambda api: {
                "optimizer": api.optimizers.SGD(0.1, momentum=0.9, nesterov=True),
                "loss": "sparse_categorical_crossentropy",
                "metrics": ["accuracy"],
                "weighted_metrics": [api.metrics.SparseCategoricalAccuracy(name="weighted")],
            },
            {"x": X, "y": LABELS, "epochs": 2, "batch_size": 20, "validation_split": 0.2, **extra},
        )


def two_outputs(api):
    a, b = api.Input((6,), name="a"), api.Input((6,), name="b")
    shared = api.layers.Dense(4, name="shared")
    merged = api.layers.Concatenate()([shared(a), shared(b)])
    return api.Model([a, b], {"left": api.layers.Dense(2, name="left")(merged), "right": api.layers.Dense(1, name="right")(merged)})


def test_several_inputs_and_outputs():
    ours, theirs = twins(two_outputs)
    compare(
        ours,
        theirs,
        lambda api: {
            "optimizer": "rmsprop",
            "loss": {"left": "mse", "right": "mae"},
            "loss_weights": {"left": 0.3, "right": 2.0},
            "metrics": {"left": ["mae"], "right": ["mse"]},
        },
        {"x": {"a": X, "b": X[::-1].copy()}, "y": {"left": Y, "right": Y[:, :1]}, "epochs": 2, "batch_size": 25},
    )


def normalized(api):
    return api.Sequential([api.Input((6,)), api.layers.Dense(4), api.layers.BatchNormalization(), api.layers.ReLU(), api.layers.Dense(2)])


def test_batch_normalization_in_training_and_evaluation():
    ours, theirs = twins(normalized)
    compare(
        ours,
        theirs,
        lambda api: {"optimizer": api.optimizers.Adam(api.optimizers.schedules.ExponentialDecay(0.01, 5, 0.9)), "loss": "mse"},
        {"x": X, "y": Y, "epochs": 3, "batch_size": 16, "validation_data": (X, Y)},
        tolerance=2e-3,
    )


def test_evaluate_predict_and_single_batches():
    ours, theirs = twins()
    for model in (ours, theirs):
        model.compile("sgd", "mse", metrics=["mae"])
    np.testing.assert_allclose(ours.evaluate(X, Y, verbose=0), theirs.evaluate(X, Y, verbose=0), rtol=1e-5)
    np.testing.assert_allclose(ours.predict(X, batch_size=7, verbose=0), theirs.predict(X, batch_size=7, verbose=0), rtol=1e-5, atol=1e-6)
    ours.reset_metrics(), theirs.reset_metrics()
    for _ in range(3):
        found, wanted = ours.train_on_batch(X[:8], Y[:8], return_dict=True), theirs.train_on_batch(X[:8], Y[:8], return_dict=True)
        assert found.keys() == wanted.keys()
        np.testing.assert_allclose([found[name] for name in wanted], list(wanted.values()), rtol=1e-5)
    np.testing.assert_allclose(ours.test_on_batch(X, Y), theirs.test_on_batch(X, Y), rtol=1e-5)
    np.testing.assert_allclose(ours.predict_on_batch(X[:3]), theirs.predict_on_batch(X[:3]), rtol=1e-5, atol=1e-6)


def test_steps_per_execution_changes_nothing():
    ours, theirs = twins()
    compare(
        ours,
        theirs,
        lambda api: {"optimizer": "sgd", "loss": "mse", "steps_per_execution": 3 if api is amalthea else 1},
        {"x": X, "y": Y, "epochs": 2, "batch_size": 8},
    )


def custom(api):
    """A model whose training step has Keras's form for JAX."""
    import jax

    class Custom(api.Model):
        def __init__(self):
            super().__init__()
            self.dense = api.layers.Dense(2)
            self.tracker = api.metrics.Mean(name="loss")

        def call(self, x, training=False):
            return self.dense(x)

        @property
        def metrics(self):
            return [self.tracker]

        def _loss(self, trainable, non_trainable, x, y, training=False):
            y_pred, non_trainable = self.stateless_call(trainable, non_trainable, x, training=training)
            return jax.numpy.mean((y_pred - y) ** 2), non_trainable

        def train_step(self, state, data):
            trainable, non_trainable, optimizer, metrics = state
            x, y = data
            (loss, non_trainable), gradients = jax.value_and_grad(self._loss, has_aux=True)(trainable, non_trainable, x, y, training=True)
            trainable, optimizer = self.optimizer.stateless_apply(optimizer, gradients, trainable)
            tracked = self.tracker.stateless_update_state(metrics, loss)
            return {"loss": self.tracker.stateless_result(tracked)}, (trainable, non_trainable, optimizer, tracked)

    model = Custom()
    model(X[:2])
    return model


def test_a_training_step_in_keras_form_for_jax():
    ours, theirs = twins(custom)
    for model in (ours, theirs):
        model.compile(optimizer="adam")
    found = ours.fit(X, Y, epochs=2, batch_size=25, shuffle=False, verbose=0).history
    wanted = theirs.fit(X, Y, epochs=2, batch_size=25, shuffle=False, verbose=0).history
    np.testing.assert_allclose(found["loss"], wanted["loss"], rtol=1e-4)
