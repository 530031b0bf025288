"""The trainer by itself: reproducibility, steps of one's own, what is asked of data, what stays on the device."""

import numpy as np
import pytest

import amalthea
from amalthea import callbacks, layers, ops
from amalthea.errors import ArgumentError, DataError, NotCompiledError, ShapeError

GENERATOR = np.random.default_rng(0)
X = GENERATOR.normal(size=(40, 5)).astype("float32")
Y = (X @ GENERATOR.normal(size=(5, 2))).astype("float32")
LABELS = GENERATOR.integers(0, 3, size=(40,))


def network(**arguments):
    model = amalthea.Sequential([amalthea.Input((5,)), layers.Dense(8, activation="relu"), layers.Dropout(0.2), layers.Dense(2)])
    model.compile(**{"optimizer": "adam", "loss": "mse", **arguments})
    return model


def test_same_seed_same_history():
    def run():
        amalthea.utils.set_random_seed(3)
        return network().fit(X, Y, epochs=3, batch_size=8, verbose=0).history

    assert run() == run()


def test_first_weights_do_not_depend_on_the_engine():
    def weights(engine):
        amalthea.utils.set_random_seed(3)
        with amalthea.engine(engine):
            return [np.asarray(v.value) for v in network().weights]

    for ours, theirs in zip(weights("jax"), weights("numpy"), strict=True):
        assert ours.tobytes() == theirs.tobytes()


def test_fit_learns():
    history = network(optimizer=amalthea.optimizers.Adam(0.02)).fit(X, Y, epochs=60, batch_size=8, verbose=0).history
    assert history["loss"][-1] < 0.3 * history["loss"][0]


def test_numpy_engine_evaluates_and_predicts_but_does_not_train():
    trained = network()
    with amalthea.engine("numpy"):
        model = network()
        model.set_weights(trained.get_weights())
        np.testing.assert_allclose(model.predict(X, verbose=0), trained.predict(X, verbose=0), rtol=1e-5, atol=1e-5)
        np.testing.assert_allclose(model.evaluate(X, Y, verbose=0), trained.evaluate(X, Y, verbose=0), rtol=1e-4)
        with pytest.raises(amalthea.errors.UnsupportedByEngine, match="numpy"):
            model.fit(X, Y, verbose=0)


def test_eager_and_compiled_steps_agree():
    amalthea.utils.set_random_seed(1)
    compiled = network().fit(X, Y, epochs=1, batch_size=20, verbose=0).history["loss"]
    amalthea.utils.set_random_seed(1)
    eager = network(run_eagerly=True).fit(X, Y, epochs=1, batch_size=20, verbose=0).history["loss"]
    np.testing.assert_allclose(eager, compiled, rtol=1e-5)


def test_a_step_is_traced_once_for_a_shape():
    traces = []

    class Counting(layers.Layer):
        def call(self, x):
            traces.append(tuple(x.shape))
            return x

    model = amalthea.Sequential([amalthea.Input((5,)), Counting(), layers.Dense(2)])
    model.compile("sgd", "mse")
    model.fit(X, Y, batch_size=8, epochs=1, verbose=0)
    before = len(traces)
    model.fit(X, Y, batch_size=8, epochs=2, verbose=0)
    assert len(traces) == before


class Contrastive(amalthea.Model):
    """Two forward passes, a loss of its own, a metric of its own, clipping: the neutral form of a step."""

    def __init__(self):
        super().__init__()
        self.encoder = layers.Dense(3)
        self.distance = amalthea.metrics.Mean(name="distance")

    def call(self, x):
        return self.encoder(x)

    def train_step(self, data):
        (x,) = data

        def loss_fn():
            a, b = self(x, training=True), self(x + 0.1, training=True)
            return ops.mean(ops.square(a - b))

        loss, gradients = amalthea.value_and_grad(loss_fn, self.trainable_variables)()
        self.optimizer.apply([ops.clip(g, -0.1, 0.1) for g in gradients], self.trainable_variables)
        self.distance.update_state(loss)
        return {"loss": loss, "distance": self.distance.result()}


def test_a_step_of_ones_own_in_the_neutral_form():
    model = Contrastive()
    model.compile("sgd")
    history = model.fit(X, epochs=4, batch_size=10, verbose=0).history
    assert history["distance"][-1] < history["distance"][0]
    assert set(history) == {"loss", "distance"}


class Adversarial(amalthea.Model):
    """Two optimizers, two gradients in one step."""

    def __init__(self):
        super().__init__()
        self.generator, self.critic = layers.Dense(5), layers.Dense(1)

    def call(self, x):
        return self.critic(self.generator(x))

    def compile(self, generator_optimizer, critic_optimizer):
        super().compile()
        self.generator_optimizer, self.critic_optimizer = generator_optimizer, critic_optimizer

    def train_step(self, data):
        (real,) = data
        noise = amalthea.random.normal(ops.shape(real))

        def critic_loss():
            return ops.mean(self.critic(self.generator(noise))) - ops.mean(self.critic(real)) + ops.mean(ops.square(self.critic.kernel))

        critic, gradients = amalthea.value_and_grad(critic_loss, self.critic.trainable_variables)()
        self.critic_optimizer.apply(gradients, self.critic.trainable_variables)
        generator, gradients = amalthea.value_and_grad(lambda: -ops.mean(self.critic(self.generator(noise))), self.generator.trainable_variables)()
        self.generator_optimizer.apply(gradients, self.generator.trainable_variables)
        return {"critic": critic, "generator": generator}


def test_two_optimizers_in_one_step():
    model = Adversarial()
    model(X[:2])
    before = [v.numpy() for v in model.trainable_variables]
    model.compile(amalthea.optimizers.Adam(0.01), amalthea.optimizers.SGD(0.01))
    history = model.fit(X, epochs=2, batch_size=10, verbose=0).history
    assert np.isfinite(history["critic"]).all()
    assert all((v.numpy() != old).any() for v, old in zip(model.trainable_variables, before, strict=True) if v.ndim == 2)
    assert int(model.generator_optimizer.iterations.numpy()) == 8


def test_losses_added_by_layers_and_regularizers():
    class Penalty(layers.Layer):
        def call(self, x):
            self.add_loss(ops.cast(3.0, "float32"))
            return x

    model = amalthea.Sequential(
        [amalthea.Input((5,)), Penalty(), layers.Dense(2, kernel_initializer="ones", kernel_regularizer="l1", trainable=True)]
    )
    model.compile("sgd", "mse")
    plain = np.mean((X @ np.ones((5, 2)) - Y) ** 2)
    # 3 from the layer, 0.01 times the ten ones of the kernel
    np.testing.assert_allclose(model.evaluate(X, Y, batch_size=40, verbose=0), plain + 3.0 + 0.1, rtol=1e-5)


def test_frozen_layers_stay():
    model = network()
    model.layers[0].trainable = False
    model.compile("sgd", "mse")
    frozen, free = model.layers[0].kernel.numpy(), model.layers[-1].kernel.numpy()
    model.fit(X, Y, verbose=0)
    np.testing.assert_array_equal(model.layers[0].kernel.numpy(), frozen)
    assert (model.layers[-1].kernel.numpy() != free).any()


def test_a_value_that_is_held_survives_training():
    model = network()
    kernel = model.layers[0].kernel
    held = kernel.value
    copy = np.array(held)
    model.fit(X, Y, verbose=0)
    np.testing.assert_array_equal(np.asarray(held), copy)
    assert (kernel.numpy() != copy).any()


def test_logs_are_read_only_when_looked_at():
    seen = []

    class Watch(callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            seen.append(type(next(iter(logs.raw().values()))).__name__)
            assert isinstance(logs["loss"], float)

    network().fit(X, Y, batch_size=20, verbose=0, callbacks=[Watch()])
    assert seen
    assert "float" not in seen


def test_early_stopping_and_checkpoint(tmp_path):
    model = network()
    path = tmp_path / "best.weights.h5"
    stop = callbacks.EarlyStopping(monitor="val_loss", patience=0, min_delta=100.0, restore_best_weights=True)
    save = callbacks.ModelCheckpoint(path, save_weights_only=True, save_best_only=True, monitor="val_loss")
    history = model.fit(X, Y, epochs=10, validation_split=0.25, callbacks=[stop, save], verbose=0)
    assert len(history.epoch) < 10
    assert path.exists()
    twin = network()
    twin.load_weights(path)
    assert np.isfinite(twin.evaluate(X, Y, verbose=0))


def test_last_smaller_batch_counts_by_its_size():
    model = amalthea.Sequential([amalthea.Input((5,)), layers.Dense(2, kernel_initializer="zeros")])
    model.compile("sgd", "mse", metrics=["mae"])
    loss, mae = model.evaluate(X, Y, batch_size=32, verbose=0)
    np.testing.assert_allclose([loss, mae], [np.mean(Y**2), np.mean(np.abs(Y))], rtol=1e-5)


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda m: m.fit(np.ones((8, 4)), Y[:8]), ShapeError, ["axis 1", "(8, 4)", "sequential"]),
        (lambda m: m.fit(np.ones((8, 5, 5)), Y[:8]), ShapeError, ["2 axes", "(8, 5, 5)"]),
        (lambda m: m.fit(X, Y[:3]), DataError, ["x: 40", "y: 3"]),
        (lambda m: m.fit(X[:0], Y[:0]), DataError, ["(0, 5)"]),
        (lambda m: m.fit(X.astype(object).astype("U5"), Y), DataError, ["text"]),
        (lambda m: m.fit(X), DataError, ["targets", "`y`"]),
        (lambda m: m.fit(X, np.ones((40, 7))), ShapeError, ["(32, 7)", "(32, 2)"]),
        (lambda m: m.fit(X, Y, epochs=-1), ArgumentError, ["epochs", "-1"]),
        (lambda m: m.compile("adm", "mse"), ArgumentError, ["adm", '"adam"']),
        (lambda m: m.compile("adam", "mes"), ArgumentError, ["mes"]),
        (lambda m: m.compile("adam", "mse", metrics=["acuracy"]), ArgumentError, ["acuracy", "accuracy"]),
        (lambda m: m.compile("adam", "mse", steps_per_execution=0), ArgumentError, ["steps_per_execution"]),
        (lambda m: amalthea.Sequential([amalthea.Input((5,)), layers.Dense(2)]).fit(X, Y), NotCompiledError, ["compile", "fit"]),
    ],
)
def test_errors_teach(call, error, words):
    with pytest.raises(error) as caught:
        call(network())
    for word in words:
        assert word in str(caught.value)


def test_labels_outside_of_the_classes():
    model = amalthea.Sequential([amalthea.Input((5,)), layers.Dense(3, activation="softmax")])
    for loss in ("sparse_categorical_crossentropy", amalthea.losses.SparseCategoricalCrossentropy()):
        model.compile("adam", loss)
        with pytest.raises(DataError, match=r"label \d .* 3 classes"):
            model.fit(X, LABELS + 3, verbose=0)


def test_nan_in_the_data_where_asked():
    bad = X.copy()
    bad[7, 2] = np.nan
    amalthea.config.enable_finite_check()
    try:
        with pytest.raises(DataError, match=r"\[7, 2\]"):
            network().fit(bad, Y, verbose=0)
    finally:
        amalthea.config.disable_finite_check()


def test_limits_of_every_training():
    model = amalthea.Sequential([amalthea.Input((2,)), layers.Dense(1)])
    model.compile("sgd", "mse")
    x, y, ran = np.ones((24, 2), "float32"), np.ones((24, 1), "float32"), {"train": 0, "test": 0, "predict": 0}

    def counting(kind):
        return lambda batch, logs: ran.update({kind: ran[kind] + 1})

    counter = amalthea.callbacks.LambdaCallback(on_train_batch_end=counting("train"))
    counter.on_test_batch_end, counter.on_predict_batch_end = counting("test"), counting("predict")
    amalthea.config.set_max_epochs(2)
    amalthea.config.set_max_steps_per_epoch(3)
    try:
        model.fit(x, y, batch_size=4, epochs=5, validation_data=(x, y), verbose=0, callbacks=[counter])
        assert ran == {"train": 6, "test": 6, "predict": 0}
        model.evaluate(x, y, batch_size=4, verbose=0, callbacks=[counter])
        assert model.predict(x, batch_size=4, verbose=0, callbacks=[counter]).shape == (12, 1)
        assert ran == {"train": 6, "test": 9, "predict": 3}
    finally:
        amalthea.config.set_max_epochs(None)
        amalthea.config.set_max_steps_per_epoch(None)


def test_a_part_of_the_validation_data_is_the_first_each_time():
    model = amalthea.Sequential([amalthea.Input((1,)), layers.Dense(1, kernel_initializer="ones")])
    model.compile(amalthea.optimizers.SGD(0.0), lambda y, y_pred: y_pred)
    x = np.arange(10.0, dtype="float32")[:, None]
    history = model.fit(x, x, epochs=3, verbose=0, validation_data=(x, x), validation_batch_size=2, validation_steps=2).history
    assert history["val_loss"] == [1.5] * 3
