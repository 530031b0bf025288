"""Training on every engine: the same numbers from the same seed, steps written once, models that move and models side by side."""

import gc
import weakref
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

import amalthea
from amalthea import layers, ops
from amalthea.engines import get
from amalthea.errors import ArgumentTypeError
from amalthea.testing.choice import engines_to_test

ENGINES = [name for name in engines_to_test() if get(name).trains]
OTHERS = [name for name in ENGINES if name != "jax"]
GENERATOR = np.random.default_rng(7)
X = GENERATOR.normal(size=(24, 5)).astype("float32")
Y = (X @ GENERATOR.normal(size=(5, 2))).astype("float32")


def images():
    return GENERATOR.normal(size=(16, 8, 8, 2)).astype("float32"), GENERATOR.integers(3, size=16)


def words():
    return GENERATOR.integers(11, size=(16, 6)).astype("int32"), GENERATOR.integers(2, size=(16, 1)).astype("float32")


IMAGES, WORDS = images(), words()


def dense():
    model = amalthea.Sequential([amalthea.Input((5,)), layers.Dense(8, activation="relu"), layers.Dense(2)])
    model.compile(amalthea.optimizers.Adam(0.01), "mse", metrics=["mae"])
    return model, X, Y


def convolutional():
    model = amalthea.Sequential(
        [
            amalthea.Input((8, 8, 2)),
            layers.Conv2D(4, 3, padding="same", activation="relu"),
            layers.BatchNormalization(),
            layers.MaxPooling2D(),
            layers.DepthwiseConv2D(3),
            layers.GlobalAveragePooling2D(),
            layers.Dense(3, activation="softmax"),
        ]
    )
    model.compile(amalthea.optimizers.SGD(0.05, momentum=0.9, nesterov=True), "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model, *IMAGES


def recurrent():
    model = amalthea.Sequential(
        [
            amalthea.Input((6,), dtype="int32"),
            layers.Embedding(11, 4, mask_zero=True),
            layers.Bidirectional(layers.LSTM(5, return_sequences=True)),
            layers.GRU(4),
            layers.Dense(1, activation="sigmoid"),
        ]
    )
    model.compile(amalthea.optimizers.RMSprop(0.01), "binary_crossentropy", metrics=["accuracy", "AUC"])
    return model, *WORDS


def attentive():
    words = amalthea.Input((6,), dtype="int32")
    x = layers.Embedding(11, 8)(words)
    x = layers.LayerNormalization()(x + layers.MultiHeadAttention(2, 4)(x, x, use_causal_mask=True))
    x = layers.Dense(8, activation="gelu", kernel_regularizer="l2")(x)
    model = amalthea.Model(words, layers.Dense(1)(layers.Flatten()(x)))
    model.compile(amalthea.optimizers.AdamW(0.01, clipnorm=1.0), amalthea.losses.BinaryCrossentropy(from_logits=True))
    return model, *WORDS


def history(engine, build, epochs=3):
    amalthea.utils.set_random_seed(5)
    with amalthea.engine(engine):
        model, x, y = build()
        found = model.fit(x, y, batch_size=8, epochs=epochs, verbose=0, validation_data=(x[:8], y[:8])).history
        return found, model.predict(x[:3], verbose=0)


@pytest.mark.parametrize("build", [dense, convolutional, recurrent, attentive])
@pytest.mark.parametrize("engine", OTHERS)
def test_same_seed_same_training(engine, build):
    found, outputs = history(engine, build)
    expected, expected_outputs = history("jax", build)
    assert list(found) == list(expected)
    for name, values in expected.items():
        np.testing.assert_allclose(found[name], values, rtol=2e-3, atol=2e-4, err_msg=name)
    np.testing.assert_allclose(outputs, expected_outputs, rtol=5e-3, atol=1e-3)


@pytest.mark.parametrize("engine", OTHERS)
def test_first_weights_are_the_same_to_the_bit(engine):
    def weights(name):
        amalthea.utils.set_random_seed(3)
        with amalthea.engine(name):
            return [np.asarray(variable.value) for variable in convolutional()[0].weights]

    for ours, theirs in zip(weights(engine), weights("jax"), strict=True):
        assert ours.tobytes() == theirs.tobytes()


def classifiers():
    """The models of a beginner's two scripts: a perceptron, and a network of convolutions."""
    perceptron = [amalthea.Input((784,)), layers.Dense(128), layers.Activation("relu"), layers.Dense(10), layers.Activation("softmax")]
    convolutions = [amalthea.Input((28, 28, 1)), layers.Conv2D(32, 3, activation="relu"), layers.MaxPooling2D(), layers.Flatten()]
    return [amalthea.Sequential(perceptron), amalthea.Sequential([*convolutions, layers.Dense(128, activation="relu"), layers.Dense(10, "softmax")])]


@pytest.mark.parametrize("engine", OTHERS)
def test_scripts_begin_with_the_same_weights(engine):
    def weights(name):
        with amalthea.engine(name):
            amalthea.utils.set_random_seed(0)
            return [np.asarray(variable.value).tobytes() for model in classifiers() for variable in model.weights]

    assert weights(engine) == weights("jax")


@pytest.mark.skipif("torch" not in ENGINES, reason="needs PyTorch")
@pytest.mark.parametrize("engine", ENGINES)
def test_tensors_of_torch_are_data_for_any_engine(engine):
    import torch

    with amalthea.engine(engine):
        model, x, y = dense()
        for data in (torch.tensor(x, requires_grad=True), torch.tensor(x).bfloat16()):
            expected = model.predict(data.detach().float().numpy(), verbose=0)
            np.testing.assert_allclose(model.predict(data, verbose=0), expected, rtol=0.02, atol=0.02)
            np.testing.assert_allclose(ops.convert_to_numpy(model(data)), expected, rtol=0.02, atol=0.02)
            assert np.isfinite(model.fit(data, torch.tensor(y), verbose=0).history["loss"]).all()
            assert np.isfinite(model.train_on_batch(data, y)).all()


@pytest.mark.parametrize("engine", ENGINES)
def test_dropout_draws_anew_each_step_and_repeats_with_the_seed(engine):
    def run():
        amalthea.utils.set_random_seed(2)
        with amalthea.engine(engine):
            model = amalthea.Sequential([amalthea.Input((64,)), layers.Dropout(0.5)])
            x = np.ones((2, 64), "float32")
            return [np.asarray(model(x, training=True)) for _ in range(2)]

    first, again = run(), run()
    np.testing.assert_array_equal(first, again)
    assert (first[0] != first[1]).any()
    assert set(np.unique(first)) == {0.0, 2.0}


# --- steps written once ---


class TwoPasses(amalthea.Model):
    """Lowers the distance between the outputs for a batch and for the batch with noise, by a step of its own; counts in a metric."""

    def __init__(self):
        super().__init__()
        self.inner = layers.Dense(3)
        self.steps = amalthea.metrics.Sum(name="steps")

    def call(self, x):
        return self.inner(x)

    def train_step(self, data):
        x = data[0]

        def objective():
            near, far = self(x, training=True), self(x + 0.5, training=True)
            return ops.mean(ops.square(near - far))

        loss, gradients = amalthea.value_and_grad(objective, self.trainable_variables)()
        self.optimizer.apply(gradients, self.trainable_variables)
        self.steps.update_state(1.0)
        return {"loss": loss, "steps": self.steps.result()}


class Adversaries(amalthea.Model):
    """A generator and a discriminator, each with its optimizer, trained in turn in one step."""

    def __init__(self):
        super().__init__()
        self.generator = amalthea.Sequential([amalthea.Input((3,)), layers.Dense(5)])
        self.discriminator = amalthea.Sequential([amalthea.Input((5,)), layers.Dense(4, activation="leaky_relu"), layers.Dense(1)])

    def compile(self, first, second):
        super().compile()
        self.first, self.second = first, second

    def train_step(self, data):
        real = data[0]
        noise = ops.sin(ops.reshape(ops.arange(24, dtype="float32"), (8, 3)))

        def judge():
            fake = self.discriminator(self.generator(noise))
            return ops.mean(ops.softplus(-self.discriminator(real)) + ops.softplus(fake))

        def forge():
            return ops.mean(ops.softplus(-self.discriminator(self.generator(noise))))

        judged, gradients = amalthea.value_and_grad(judge, self.discriminator.trainable_variables)()
        gradients = [ops.clip(gradient, -0.1, 0.1) for gradient in gradients]
        self.first.apply(gradients, self.discriminator.trainable_variables)
        forged, gradients = amalthea.value_and_grad(forge, self.generator.trainable_variables)()
        self.second.apply(gradients, self.generator.trainable_variables)
        return {"judge": judged, "forge": forged}


def two_passes():
    model = TwoPasses()
    model.compile("sgd")
    return model


def adversaries():
    model = Adversaries()
    model.compile(amalthea.optimizers.Adam(0.01), amalthea.optimizers.SGD(0.1))
    return model


@pytest.mark.parametrize("make", [two_passes, adversaries])
@pytest.mark.parametrize("engine", OTHERS)
def test_a_step_written_once_does_the_same_everywhere(engine, make):
    def run(name):
        amalthea.utils.set_random_seed(4)
        with amalthea.engine(name):
            return make().fit(X, batch_size=8, epochs=3, verbose=0, shuffle=False).history

    found, expected = run(engine), run("jax")
    assert list(found) == list(expected)
    for name, values in expected.items():
        np.testing.assert_allclose(found[name], values, rtol=1e-3, atol=1e-5)


class WrittenForPyTorch(TwoPasses):
    """As `TwoPasses`, in the form that Keras asks for on PyTorch."""

    def train_step(self, data):
        import torch

        x = data[0]
        self.zero_grad()
        loss = ops.mean(ops.square(self(x, training=True) - self(x + 0.5, training=True)))
        loss.backward()
        gradients = [weight.value.grad for weight in self.trainable_weights]
        with torch.no_grad():
            self.optimizer.apply(gradients, self.trainable_weights)
        self.steps.update_state(1.0)
        return {"loss": loss, "steps": self.steps.result()}


@pytest.mark.skipif("torch" not in ENGINES, reason="needs PyTorch")
def test_a_step_written_for_keras_on_pytorch():
    def run(kind):
        amalthea.utils.set_random_seed(4)
        with amalthea.engine("torch"):
            model = kind()
            model.compile("adam")
            return model.fit(X, batch_size=8, epochs=2, verbose=0, shuffle=False).history, model.get_weights()

    (found, weights), (expected, expected_weights) = run(WrittenForPyTorch), run(TwoPasses)
    assert found == expected
    for one, other in zip(weights, expected_weights, strict=True):
        np.testing.assert_array_equal(one, other)


def test_the_step_of_two_passes_by_hand():
    amalthea.utils.set_random_seed(4)
    model = two_passes()
    history = model.fit(X, batch_size=24, epochs=1, verbose=0).history
    amalthea.utils.set_random_seed(4)
    fresh = two_passes()
    fresh(X)
    kernel = fresh.inner.kernel.numpy()
    moved = 0.5 * kernel.sum(0)
    np.testing.assert_allclose(history["loss"], [np.mean(moved**2)], rtol=1e-5)
    # The gradient of mean((0.5 * column sums)^2) is the same for every row of a column: 2 * 0.5 * moved / 3.
    np.testing.assert_allclose(model.inner.kernel.numpy(), kernel - 0.01 * np.tile(moved / 3, (5, 1)), rtol=1e-5, atol=1e-6)
    assert history["steps"] == [1.0]


class _Held(amalthea.layers.Layer):
    """A layer that keeps a tensor of the engine."""

    def __init__(self, values, **kwargs):
        super().__init__(**kwargs)
        self.values = ops.convert_to_tensor(values)

    def call(self, x):
        return x * self.values


@pytest.mark.parametrize("eager", [False, True])
@pytest.mark.parametrize("engine", ENGINES)
def test_layers_that_keep_tensors_are_trained(engine, eager):
    with amalthea.engine(engine):
        end = amalthea.layers.Dense(1, use_bias=False, kernel_initializer="ones")
        model = amalthea.Sequential([amalthea.Input((2,)), _Held(np.float32([2, 3])), end])
        model.compile(amalthea.optimizers.SGD(0.1), "mse", run_eagerly=eager)
        assert float(model.train_on_batch(np.ones((1, 2)), np.zeros((1, 1)))) == pytest.approx(25)
        np.testing.assert_allclose(end.kernel.numpy(), [[-1], [-2]], rtol=1e-6)


# --- programs of one's own ---


@pytest.mark.parametrize("engine", ENGINES)
def test_gradients_and_compilation_of_ones_own(engine):
    with amalthea.engine(engine):
        w = amalthea.Variable(2.0)
        cube = lambda x: w * x**3  # noqa: E731
        assert float(ops.convert_to_numpy(amalthea.grad(cube)(3.0))) == pytest.approx(54)
        assert float(ops.convert_to_numpy(amalthea.grad(amalthea.grad(cube))(3.0))) == pytest.approx(36)
        stopped = amalthea.grad(lambda x: amalthea.stop_gradient(x) * x)(3.0)
        assert float(ops.convert_to_numpy(stopped)) == pytest.approx(3)

        @amalthea.jit
        def step(x):
            value, (gradient,) = amalthea.value_and_grad(lambda: cube(x), [w])()
            w.assign_sub(0.125 * gradient)
            return value

        assert float(ops.convert_to_numpy(step(ops.convert_to_tensor(2.0)))) == pytest.approx(16)
        assert float(w) == pytest.approx(1)
        assert float(ops.convert_to_numpy(step(ops.convert_to_tensor(2.0)))) == pytest.approx(8)
        assert float(w) == pytest.approx(0)
        rows = amalthea.vmap(lambda row: ops.sum(row) * row)(ops.convert_to_tensor([[1.0, 2.0], [3.0, 4.0]]))
        np.testing.assert_allclose(ops.convert_to_numpy(rows), [[3, 6], [21, 28]])


@pytest.mark.parametrize("engine", ENGINES)
def test_recomputed_functions_have_all_derivatives(engine):
    with amalthea.engine(engine):
        w = amalthea.Variable(2.0)
        cube = amalthea.remat(lambda x: {"cubed": w * x**3, "count": 3, "whole": ops.cast(x, "int32")})
        first = lambda x: amalthea.grad(lambda x: cube(x)["cubed"])(x)  # noqa: E731
        assert float(ops.convert_to_numpy(first(3.0))) == pytest.approx(54)
        assert float(ops.convert_to_numpy(amalthea.grad(first)(3.0))) == pytest.approx(36)
        constant = amalthea.remat(amalthea.stop_gradient)
        assert float(ops.convert_to_numpy(amalthea.grad(lambda x: x + constant(x))(3.0))) == pytest.approx(1)
        (value, aux), (gradient,) = amalthea.value_and_grad(lambda x: (cube(x)["cubed"], cube(x)), [w], has_aux=True)(ops.convert_to_tensor(2.5))
        assert float(ops.convert_to_numpy(gradient)) == pytest.approx(2.5**3)
        assert (aux["count"], int(ops.convert_to_numpy(aux["whole"]))) == (3, 2)
        assert float(ops.convert_to_numpy(value)) == pytest.approx(2 * 2.5**3)


@pytest.mark.parametrize("engine", ENGINES)
def test_recomputed_layers_draw_the_same_twice(engine):
    with amalthea.engine(engine):
        dropout, w = layers.Dropout(0.5, seed=1), amalthea.Variable(np.ones(64))

        def masked():
            return dropout(w, training=True)

        (_, seen), (gradient,) = amalthea.value_and_grad(lambda: (lambda y: (ops.sum(y), y))(amalthea.remat(masked)()), [w], has_aux=True)()
        np.testing.assert_array_equal(ops.convert_to_numpy(gradient), ops.convert_to_numpy(seen))  # 2 where kept, 0 elsewhere
        assert (ops.convert_to_numpy(dropout(w, training=True)) != ops.convert_to_numpy(seen)).any()


@pytest.mark.parametrize("engine", [name for name in ENGINES if name != "jax"])  # JAX's tracers keep nothing by themselves
def test_recomputed_functions_keep_nothing(engine):
    inner = []

    def fn(x):
        between = ops.exp(x)
        inner.append(weakref.ref(between))
        return ops.sum(ops.sin(between))

    def alive(fn):
        seen = []
        amalthea.grad(lambda x: (lambda y: seen.append(gc.collect() * 0 + (inner[-1]() is not None)) or y)(fn(x)))(ops.ones((4,)))
        return seen[0]

    with amalthea.engine(engine):
        assert alive(fn) == 1
        assert alive(amalthea.remat(fn)) == 0


@pytest.mark.parametrize("engine", ENGINES)
def test_a_value_that_was_read_stays(engine):
    with amalthea.engine(engine):
        v = amalthea.Variable([1.0, 2.0])
        before = v.value
        v.assign([5.0, 6.0])
        v.assign_add([1.0, 1.0])
        np.testing.assert_array_equal(ops.convert_to_numpy(before), [1, 2])
        np.testing.assert_array_equal(v.numpy(), [6, 7])


# --- models that move, and models side by side ---


@pytest.mark.parametrize("target", engines_to_test())
@pytest.mark.parametrize("engine", ENGINES)
def test_a_moved_model_goes_on_as_the_unmoved(engine, target):
    def half_trained():
        amalthea.utils.set_random_seed(6)
        with amalthea.engine(engine):
            model, x, y = dense()
            model.fit(x, y, batch_size=8, epochs=2, verbose=0, shuffle=False)
        return model, x, y

    stayed, x, y = half_trained()
    moved, _, _ = half_trained()
    moved.to_engine(target)
    assert (stayed.engine, moved.engine) == (engine, target)
    np.testing.assert_allclose(moved.evaluate(x, y, verbose=0), stayed.evaluate(x, y, verbose=0), rtol=1e-5)
    if get(target).trains:
        expected = stayed.fit(x, y, batch_size=8, epochs=2, verbose=0, shuffle=False).history["loss"]
        found = moved.fit(x, y, batch_size=8, epochs=2, verbose=0, shuffle=False).history["loss"]
        np.testing.assert_allclose(found, expected, rtol=1e-4)
        assert int(moved.optimizer.iterations) == 12


@pytest.mark.skipif(len(ENGINES) < 2, reason="needs two engines that train")
def test_a_callback_moves_a_model_from_epoch_to_epoch():
    class Moving(amalthea.callbacks.Callback):
        def __init__(self):
            super().__init__()
            self.seen = []

        def on_train_batch_end(self, batch, logs=None):
            self.seen.append(amalthea.engines.current().name)
            if batch == 0:
                self.model.to_engine(ENGINES[len(self.seen) % len(ENGINES)])

        def on_test_batch_end(self, batch, logs=None):
            assert amalthea.engines.current().name == self.seen[-1]

    def run(callbacks):
        amalthea.utils.set_random_seed(6)
        with amalthea.engine(ENGINES[0]):
            model, x, y = dense()
            return model, model.fit(x, y, epochs=4, batch_size=24, verbose=0, shuffle=False, validation_data=(x, y), callbacks=callbacks).history

    moving = Moving()
    (model, found), (_, expected) = run([moving]), run([])
    assert moving.seen == [ENGINES[epoch % len(ENGINES)] for epoch in range(4)]
    assert model.engine == ENGINES[4 % len(ENGINES)]
    for name, values in expected.items():
        np.testing.assert_allclose(found[name], values, rtol=1e-4)


def manifold():
    """Statistics, gates, attention, an embedding and random state in one model."""
    words = amalthea.Input((6,), dtype="int32")
    x = layers.BatchNormalization()(layers.Embedding(11, 8)(words))
    x = layers.LSTM(4, return_sequences=True)(x + layers.MultiHeadAttention(2, 3)(x, x))
    # So little that the engines' generators, which differ, play no part: but the seed goes on.
    return amalthea.Model(words, layers.Dense(1)(layers.Flatten()(layers.GaussianNoise(1e-12, seed=1)(x))))


OPTIMIZERS = {
    "momentum": lambda: amalthea.optimizers.SGD(0.01, momentum=0.9, nesterov=True),
    "average": lambda: amalthea.optimizers.AdamW(amalthea.optimizers.schedules.ExponentialDecay(0.01, 2, 0.5), use_ema=True, clipnorm=0.5),
    "centered": lambda: amalthea.optimizers.RMSprop(0.01, centered=True, momentum=0.5),
    "accumulated": lambda: amalthea.optimizers.Adam(0.01, amsgrad=True, gradient_accumulation_steps=2),
    "factored": lambda: amalthea.optimizers.Adafactor(0.01),
    "scaled": lambda: amalthea.optimizers.LossScaleOptimizer(amalthea.optimizers.Nadam(0.01)),
}


PAIRS = [(one, other) for one in ENGINES for other in ENGINES if one != other]


@pytest.mark.parametrize(("engine", "target", "optimizer"), [(*pair, optimizer) for pair, optimizer in zip(PAIRS, OPTIMIZERS, strict=False)])
def test_all_state_moves(engine, target, optimizer):
    def half_trained():
        amalthea.utils.set_random_seed(6)
        with amalthea.engine(engine):
            model = manifold()
            model.compile(OPTIMIZERS[optimizer](), "mse", metrics=["mae"])
            model.fit(*WORDS, batch_size=8, epochs=1, verbose=0, shuffle=False)
        return model

    stayed, moved = half_trained(), half_trained().to_engine(target)
    groups = [(model.variables, model.optimizer.variables, model.metrics_variables) for model in (stayed, moved)]
    for ours, theirs in zip(*groups, strict=True):
        assert len(ours) == len(theirs) > 0
        for one, other in zip(ours, theirs, strict=True):
            np.testing.assert_array_equal(one.numpy(), other.numpy(), err_msg=one.path)
    expected, found = (model.fit(*WORDS, batch_size=8, epochs=2, verbose=0, shuffle=False).history for model in (stayed, moved))
    for name, values in expected.items():
        np.testing.assert_allclose(found[name], values, rtol=1e-4, err_msg=name)
    seeds = [[variable.numpy() for variable in model.non_trainable_variables if "seed" in variable.path] for model in (stayed, moved)]
    assert len(seeds[0]) > 0
    np.testing.assert_array_equal(*seeds)


@pytest.mark.parametrize("engine", ENGINES)
def test_a_model_that_was_called_on_another_engine_comes_back(engine):
    amalthea.utils.set_random_seed(6)
    with amalthea.engine(engine):
        model, x, y = dense()
        model.fit(x, y, batch_size=8, verbose=0)
    expected = model.predict(x, verbose=0)
    with amalthea.engine("numpy"):
        np.testing.assert_allclose(model(x), expected, rtol=1e-5, atol=1e-6)
        model.layers[0].bias.assign(np.full((8,), 3.0))
    assert model.engine == engine
    assert model.fit(x, y, batch_size=24, epochs=3, verbose=0).history["loss"][-1] > 0
    assert model.layers[0].bias.numpy() == pytest.approx(3.0, abs=0.1)
    np.testing.assert_allclose(model.predict(x, verbose=0), ops.convert_to_numpy(model(x)), rtol=1e-5, atol=1e-5)


def test_models_of_all_engines_train_in_threads():
    alone = {name: history(name, dense)[0]["loss"] for name in ENGINES}
    models = {}
    for name in ENGINES:
        amalthea.utils.set_random_seed(5)
        with amalthea.engine(name):
            models[name] = dense()

    def train(name):
        model, x, y = models[name]
        with amalthea.engine(name):
            return model.fit(x, y, batch_size=8, epochs=3, verbose=0, shuffle=False).history["loss"]

    with ThreadPoolExecutor(len(ENGINES)) as pool:
        together = dict(zip(ENGINES, pool.map(train, ENGINES), strict=True))
    for name, losses in together.items():
        assert models[name][0].engine == name
        assert losses[-1] < alone[name][0]
        np.testing.assert_allclose(losses, together["jax"], rtol=1e-4)


@pytest.mark.parametrize("other", engines_to_test())
@pytest.mark.parametrize("engine", engines_to_test())
def test_tensors_of_another_engine_are_converted(engine, other):
    with amalthea.engine(other):
        foreign = ops.convert_to_tensor([1.0, 2.0])
    with amalthea.engine(engine):
        total = ops.add(foreign, ops.ones((2,)))
        assert get(engine).is_tensor(total)
        np.testing.assert_array_equal(ops.convert_to_numpy(total), [2, 3])
        stacked = ops.convert_to_tensor([foreign, foreign])
        np.testing.assert_array_equal(ops.convert_to_numpy(stacked), [[1, 2], [1, 2]])


@pytest.mark.parametrize("engine", [name for name in ENGINES if name != "torch"])  # what PyTorch compiles has values
def test_tensors_without_values_do_not_cross(engine):
    @amalthea.jit
    def crossing(x):
        with amalthea.engine("numpy"):
            return ops.add(x, 1)

    with amalthea.engine(engine), pytest.raises(ArgumentTypeError, match=f"engine '{engine}' met the engine 'numpy'"):
        crossing(ops.ones((2,)))
