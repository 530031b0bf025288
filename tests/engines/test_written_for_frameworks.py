"""Programs written for Keras on one framework: steps in the form of JAX, PyTorch and TensorFlow, and loops around `tf.GradientTape`."""

import numpy as np
import pytest

import amalthea
from amalthea import layers, ops
from amalthea.errors import StateError
from amalthea.testing.choice import engines_to_test

tensorflow_only = pytest.mark.skipif("tensorflow" not in engines_to_test(), reason="needs TensorFlow")

GENERATOR = np.random.default_rng(11)
X = GENERATOR.normal(size=(24, 5)).astype("float32")
Y = (X @ GENERATOR.normal(size=(5, 2)) + 0.5).astype("float32")
KERNEL = GENERATOR.normal(size=(5, 2)).astype("float32")


def by_hand(steps=3, rate=0.1, size=8):
    """The losses, kernel and bias of a linear model under descent along the squared error, by NumPy."""
    kernel, bias, losses = KERNEL.astype("float64"), np.zeros(2), []
    for step in range(steps):
        x, y = X[step * size % 24 :][:size], Y[step * size % 24 :][:size]
        error = x @ kernel + bias - y
        losses.append(np.mean(error**2))
        kernel = kernel - rate * x.T @ error * 2 / error.size
        bias = bias - rate * error.sum(0) * 2 / error.size
    return losses, kernel, bias


# --- a step in three forms ---


class ForJax(amalthea.Model):
    def compute_loss_and_updates(self, trainable, non_trainable, x, y, training=False):
        y_pred, non_trainable = self.stateless_call(trainable, non_trainable, x, training=training)
        return self.compute_loss(x, y, y_pred), (y_pred, non_trainable)

    def train_step(self, state, data):
        import jax

        trainable, non_trainable, of_optimizer, of_metrics = state
        x, y = data
        differentiated = jax.value_and_grad(self.compute_loss_and_updates, has_aux=True)
        (loss, (y_pred, non_trainable)), gradients = differentiated(trainable, non_trainable, x, y, training=True)
        trainable, of_optimizer = self.optimizer.stateless_apply(of_optimizer, gradients, trainable)
        logs, updated = {}, []
        for metric in self.metrics:
            own = of_metrics[len(updated) : len(updated) + len(metric.variables)]
            own = metric.stateless_update_state(own, loss) if metric.name == "loss" else metric.stateless_update_state(own, y, y_pred)
            logs[metric.name] = metric.stateless_result(own)
            updated += own
        return logs, (trainable, non_trainable, of_optimizer, updated)


class ForPyTorch(amalthea.Model):
    def train_step(self, data):
        import torch

        x, y = data
        self.zero_grad()
        y_pred = self(x, training=True)
        loss = self.compute_loss(y=y, y_pred=y_pred)
        loss.backward()
        gradients = [weight.value.grad for weight in self.trainable_weights]
        with torch.no_grad():
            self.optimizer.apply(gradients, self.trainable_weights)
        return updated_metrics(self, loss, y, y_pred)


class ForTensorFlow(amalthea.Model):
    def train_step(self, data):
        import tensorflow as tf

        x, y = data
        with tf.GradientTape() as tape:
            y_pred = self(x, training=True)
            loss = self.compute_loss(y=y, y_pred=y_pred)
        gradients = tape.gradient(loss, self.trainable_variables)
        self.optimizer.apply_gradients(zip(gradients, self.trainable_variables, strict=True))
        return updated_metrics(self, loss, y, y_pred)


def updated_metrics(model, loss, y, y_pred):
    for metric in model.metrics:
        if metric.name == "loss":
            metric.update_state(loss)
        else:
            metric.update_state(y, y_pred)
    return {metric.name: metric.result() for metric in model.metrics}


FORMS = [(name, form) for name, form in (("jax", ForJax), ("torch", ForPyTorch), ("tensorflow", ForTensorFlow)) if name in engines_to_test()]


@pytest.mark.parametrize("eager", [False, True])
@pytest.mark.parametrize(("engine", "form"), FORMS)
def test_one_step_in_the_form_of_each_framework(engine, form, eager):
    inputs = amalthea.Input((5,))
    model = form(inputs, layers.Dense(2, name="linear")(inputs))
    linear = model.get_layer("linear")
    linear.kernel.assign(KERNEL)
    losses, kernel, bias = by_hand()
    with amalthea.engine(engine):
        model.compile(amalthea.optimizers.SGD(0.1), "mse", metrics=["mae"], run_eagerly=eager)
        found = []
        seen = amalthea.callbacks.LambdaCallback(on_train_batch_end=lambda batch, logs: found.append(dict(logs)))
        history = model.fit(X, Y, batch_size=8, verbose=0, shuffle=False, callbacks=[seen]).history
    assert found[0]["loss"] == pytest.approx(losses[0], rel=1e-5)
    assert history["loss"] == pytest.approx([np.mean(losses)], rel=1e-5)
    assert found[0]["mae"] == pytest.approx(np.abs(X[:8] @ KERNEL - Y[:8]).mean(), rel=1e-5)
    np.testing.assert_allclose(linear.kernel.numpy(), kernel, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(linear.bias.numpy(), bias, rtol=1e-5, atol=1e-6)


def deep():
    """Sparse gradients, statistics, loops and regularizers."""
    words = amalthea.Input((6,), dtype="int32")
    x = layers.Embedding(11, 4, mask_zero=True)(words)
    x = layers.BatchNormalization()(layers.LSTM(3)(x))
    return words, layers.Dense(1, kernel_regularizer="l2")(layers.Dropout(0.3)(x))


@pytest.mark.parametrize(("engine", "form"), FORMS)
def test_a_step_in_the_form_of_a_framework_is_the_ordinary_one(engine, form):
    words, targets = GENERATOR.integers(11, size=(16, 6)).astype("int32"), GENERATOR.normal(size=(16, 1)).astype("float32")

    def run(kind):
        amalthea.utils.set_random_seed(8)
        with amalthea.engine(engine):
            model = kind(*deep())
            model.compile("adam", "mse")
            return model.fit(words, targets, batch_size=8, epochs=2, verbose=0, shuffle=False).history["loss"], model.get_weights()

    (found, weights), (expected, expected_weights) = run(form), run(amalthea.Model)
    np.testing.assert_allclose(found, expected, rtol=1e-4)
    for one, other in zip(weights, expected_weights, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-6)


# --- adversaries, in the form of TensorFlow ---


class Adversaries(amalthea.Model):
    def __init__(self):
        super().__init__()
        self.seed = amalthea.random.SeedGenerator(5)
        self.generator = amalthea.Sequential([amalthea.Input((3,)), layers.Dense(6), layers.LeakyReLU(), layers.Dense(5)])
        self.discriminator = amalthea.Sequential([amalthea.Input((5,)), layers.Dense(6), layers.LeakyReLU(), layers.Dense(1)])
        self.judged, self.forged = amalthea.metrics.Mean(name="judged"), amalthea.metrics.Mean(name="forged")

    def compile(self, first, second, loss, **kwargs):
        super().compile(**kwargs)
        self.first, self.second, self.loss_fn = first, second, loss

    @property
    def metrics(self):
        return [self.judged, self.forged]

    def noise(self, count):
        return amalthea.random.normal((count, 3), seed=self.seed)

    def objective_of_judge(self, real):
        count = ops.shape(real)[0]
        both = ops.concatenate([self.generator(self.noise(count)), real], axis=0)
        labels = ops.concatenate([ops.ones((count, 1)), ops.zeros((count, 1))], axis=0)
        return self.loss_fn(labels, self.discriminator(both))

    def objective_of_forger(self, real):
        count = ops.shape(real)[0]
        return self.loss_fn(ops.zeros((count, 1)), self.discriminator(self.generator(self.noise(count))))

    def differentiated(self, objective, real, weights):
        return amalthea.value_and_grad(objective, weights)(real)

    def train_step(self, real):
        real = real[0] if isinstance(real, tuple) else real
        weights = self.discriminator.trainable_weights
        judged, gradients = self.differentiated(self.objective_of_judge, real, weights)
        self.first.apply(gradients, weights)
        weights = self.generator.trainable_weights
        forged, gradients = self.differentiated(self.objective_of_forger, real, weights)
        self.second.apply(gradients, weights)
        self.judged.update_state(judged)
        self.forged.update_state(forged)
        return {metric.name: metric.result() for metric in self.metrics}


class AdversariesByTape(Adversaries):
    def differentiated(self, objective, real, weights):
        import tensorflow as tf

        with tf.GradientTape() as tape:
            value = objective(real)
        return value, tape.gradient(value, weights)


@tensorflow_only
@pytest.mark.parametrize("eager", [False, True])
def test_adversaries_by_tape(eager):
    def run(kind, eager):
        amalthea.utils.set_random_seed(4)
        with amalthea.engine("tensorflow"):
            model = kind()
            adam = amalthea.optimizers.Adam
            model.compile(adam(0.01), adam(0.01), amalthea.losses.BinaryCrossentropy(from_logits=True), run_eagerly=eager)
            return model.fit(X, batch_size=8, epochs=2, verbose=0, shuffle=False).history

    found, expected = run(AdversariesByTape, eager), run(Adversaries, False)
    assert set(found) == {"judged", "forged"}
    for name, values in expected.items():
        np.testing.assert_allclose(found[name], values, rtol=1e-4)


# --- loops of one's own ---


def plain(step):
    return step


def traced(step):
    import tensorflow as tf

    return tf.function(step)


@tensorflow_only
@pytest.mark.parametrize("how", [plain, traced, amalthea.jit])
def test_a_loop_by_hand(how):
    import tensorflow as tf

    with amalthea.engine("tensorflow"):
        model = amalthea.Sequential([amalthea.Input((5,)), layers.Dense(2)])
        model.layers[0].kernel.assign(KERNEL)
        optimizer, seen = amalthea.optimizers.SGD(0.1), amalthea.metrics.Sum()

        @how
        def step(x, y):
            with tf.GradientTape() as tape:
                loss = tf.reduce_mean(tf.square(model(x, training=True) - y))
            optimizer.apply(tape.gradient(loss, model.trainable_weights), model.trainable_weights)
            seen.update_state(loss)
            return loss

        found = [float(step(x, y)) for x, y in tf.data.Dataset.from_tensor_slices((X, Y)).batch(8)]
        losses, kernel, bias = by_hand()
        np.testing.assert_allclose(found, losses, rtol=1e-5)
        assert float(seen.result()) == pytest.approx(sum(losses), rel=1e-5)
        assert int(optimizer.iterations) == 3
        np.testing.assert_allclose(model.layers[0].kernel.numpy(), kernel, rtol=1e-5, atol=1e-6)
        np.testing.assert_allclose(model.layers[0].bias.numpy(), bias, rtol=1e-5, atol=1e-6)


@tensorflow_only
def test_what_a_tape_knows_of_variables():
    import tensorflow as tf

    with amalthea.engine("tensorflow"):
        v, still, twin = amalthea.Variable([1.0, 2.0]), amalthea.Variable([3.0, 4.0], trainable=False), amalthea.Variable([0.0, 0.0])
        twin.assign(v.value)  # one tensor, two variables
        with tf.GradientTape(persistent=True) as tape:
            total = tf.reduce_sum(v * v * still + 5.0 * twin)
        assert {id(variable) for variable in tape.watched_variables()} == {id(v), id(twin)}
        gradients = tape.gradient(total, {"v": v, "still": still, "twin": twin})
        np.testing.assert_allclose(gradients["v"], [6, 16])
        np.testing.assert_allclose(gradients["twin"], [5, 5])
        assert gradients["still"] is None
        v.assign([9.0, 9.0])
        np.testing.assert_allclose(tape.gradient(total, v), [6, 16])  # of what was read, whatever it is now
        with tf.GradientTape() as tape:
            tape.watch(still.value)
            total = tf.reduce_sum(still * still)
        np.testing.assert_allclose(tape.gradient(total, still), [6, 8])
        with tf.GradientTape() as outer:
            with tf.GradientTape() as inner:
                cubes = tf.reduce_sum(twin**3)
            gradient = inner.gradient(cubes, twin)
        np.testing.assert_allclose(outer.gradient(gradient, twin), [6, 12])
        with tf.GradientTape() as tape:
            squares = twin * twin
        np.testing.assert_allclose(tape.jacobian(squares, twin), [[2, 0], [0, 4]])


def ones_own_traced(fn):
    import tensorflow as tf

    return tf.function(fn, autograph=False)


@tensorflow_only
@pytest.mark.parametrize("how", [lambda fn: fn, ones_own_traced, amalthea.jit])
def test_a_tape_that_is_told_what_to_watch(how):
    import tensorflow as tf

    with amalthea.engine("tensorflow"):
        v, still, other = amalthea.Variable([1.0, 2.0]), amalthea.Variable([3.0, 4.0], trainable=False), amalthea.Variable([5.0, 6.0])
        x = tf.constant([1.0, -1.0])
        for start in (1.0, 2.0):
            v.assign([start, 2.0])

            def gradients():
                with tf.GradientTape(watch_accessed_variables=False) as tape:
                    tape.watch([v, {"still": still}, x])
                    total = tf.reduce_sum(v * v * still * x + other)
                return tape.gradient(total, [v, still, other, x])

            of_v, of_still, of_other, of_x = how(gradients)()
            np.testing.assert_allclose(of_v, [6 * start, -16])
            np.testing.assert_allclose(of_still, [start**2, -4])
            np.testing.assert_allclose(of_x, [3 * start**2, 16])
            assert of_other is None
        with tf.GradientTape() as tape, pytest.raises(ValueError, match=r"not tf\.Tensor"):
            tape.watch("v")


@tensorflow_only
def test_a_tape_sees_through_mixed_precision():
    import tensorflow as tf

    with amalthea.engine("tensorflow"):
        layer = layers.Dense(1, dtype="mixed_bfloat16", kernel_initializer="ones")
        with tf.GradientTape() as tape:
            outputs = layer(np.full((2, 3), 2.0, "float32"))
        gradients = tape.gradient(outputs, layer.trainable_variables)
        assert (outputs.dtype, gradients[0].dtype) == (tf.bfloat16, tf.float32)
        np.testing.assert_allclose(gradients[0], np.full((3, 1), 4.0))


@tensorflow_only
def test_functions_that_users_trace_follow_variables():
    import tensorflow as tf

    with amalthea.engine("tensorflow"):
        v = amalthea.Variable(2.0)

        @tf.function
        def repeated(count):
            total = tf.zeros(())
            for _ in tf.range(count):
                total += v * v
            v.assign_add(1.0)
            return total + v

        assert float(repeated(tf.constant(3))) == 12 + 3
        v.assign(10.0)
        assert float(repeated(tf.constant(2))) == 200 + 11
        assert float(v) == 11

        @tf.function(autograph=False)
        def in_a_branch(flag):
            return tf.cond(flag, lambda: v.assign(0.0).value, lambda: v.value)

        with pytest.raises(StateError, match="inside control flow of TensorFlow"):
            in_a_branch(tf.constant(True))

        @tf.function
        def in_a_loop(rows):
            for row in rows:
                v.assign_add(row)

        with pytest.raises(StateError, match="Let the loop be Python's"):  # also through AutoGraph
            in_a_loop(tf.data.Dataset.from_tensor_slices([1.0, 2.0]))

        @tf.function
        def in_our_branch(flag):
            return ops.cond(flag, lambda: v.assign(0.5).value, lambda: v.value)

        assert float(in_our_branch(tf.constant(False))) == 11
        assert float(in_our_branch(tf.constant(True))) == 0.5
        assert float(v) == 0.5


# What a tape says of variables that are assigned while it follows them, or between its questions: TensorFlow's own variables are the oracle.


def assigned_after(tf, v, still):
    with tf.GradientTape() as tape:
        y = tf.reduce_sum(v * v)
    v.assign([5.0, 5.0])
    now = v * 1.0  # read once more, by no tape
    return now, tape.gradient(y, v)


def assigned_between(tf, v, still):
    with tf.GradientTape() as tape:
        y = tf.reduce_sum(v * v)
        v.assign([5.0, 5.0])
        y += tf.reduce_sum(v * v)
    return tape.gradient(y, v)


def assigned_what_depends_on_it(tf, v, still):
    with tf.GradientTape() as tape:
        y = tf.reduce_sum(v * v)
        v.assign(v * 2.0)
        y += tf.reduce_sum(v * v)
    return tape.gradient(y, v)


def watched_and_then_assigned(tf, v, still):
    with tf.GradientTape() as tape:
        tape.watch([v, still])
        still.assign([5.0, 5.0])
        v.assign([7.0, 5.0])
        y = tf.reduce_sum(v * still * still)
    return tape.gradient(y, [v, still])


def assigned_between_two_orders(tf, v, still):
    with tf.GradientTape() as outer:
        with tf.GradientTape() as inner:
            y = tf.reduce_sum(v**3)
        first = inner.gradient(y, v)
        v.assign([5.0, 5.0])
        z = tf.reduce_sum(first * v)
    return outer.gradient(z, v)


def assigned_in_a_pause(tf, v, still):
    with tf.GradientTape() as tape:
        y = tf.reduce_sum(v * v)
        with tape.stop_recording():
            v.assign(v * 9.0)
        y += tf.reduce_sum(v)
    return tape.gradient(y, v)


def read_in_loops_and_branches(tf, v, still):
    with tf.GradientTape() as tape:
        y = tf.reduce_sum(tf.map_fn(lambda row: row * v, tf.ones((3, 2))))
        for step in tf.range(tf.cast(v[0], "int32") + 2):
            y += tf.reduce_sum(v * v) * tf.cast(step, "float32")
        y += tf.cond(v[1] > 0.0, lambda: tf.reduce_sum(v**3), lambda: tf.reduce_sum(v))
    return tape.gradient(y, v)


def recomputed(tf, v, still):
    with tf.GradientTape() as tape:
        y = tf.reduce_sum(tf.recompute_grad(lambda x: tf.sin(x) * v)(tf.constant([1.0, 2.0])))
    return tape.gradient(y, v)


def in_a_gradient_of_ones_own(tf, v, still):
    @tf.custom_gradient
    def fn(x):
        return x * v, lambda upstream, variables: (upstream * 10.0, [upstream * x * 3.0])

    with tf.GradientTape() as tape:
        y = tf.reduce_sum(fn(v * 1.0))
    return tape.gradient(y, v)


def not_connected(tf, v, still):
    with tf.GradientTape() as tape:
        y = tf.reduce_sum(v * v)
    return tape.gradient(y, {"v": v, "still": still}, unconnected_gradients="zero")


TAPES = [
    assigned_after,
    assigned_between,
    assigned_what_depends_on_it,
    watched_and_then_assigned,
    assigned_between_two_orders,
    assigned_in_a_pause,
    read_in_loops_and_branches,
    recomputed,
    in_a_gradient_of_ones_own,
    not_connected,
]


@tensorflow_only
@pytest.mark.parametrize("how", [plain, traced], ids=["eager", "traced"])
@pytest.mark.parametrize("program", TAPES)
def test_gradients_by_tape_are_those_of_variables_of_tensorflow(program, how):
    import tensorflow as tf

    def run(kind):
        v, still = kind([1.0, 2.0]), kind([3.0, 4.0], trainable=False)
        return tf.nest.flatten(how(lambda: program(tf, v, still))())

    with amalthea.engine("tensorflow"):
        for one, other in zip(run(amalthea.Variable), run(tf.Variable), strict=True):
            np.testing.assert_allclose(one, other, rtol=1e-6)


@tensorflow_only
def test_functions_traced_within_traced_functions():
    import tensorflow as tf

    with amalthea.engine("tensorflow"):
        v = amalthea.Variable([1.0, 2.0])

        @tf.function
        def scaled(x):
            if tf.reduce_sum(x) > 0:  # AutoGraph's
                y = v * x
            else:
                y = -v * x
            v.assign_add([1.0, 1.0])
            return y

        first, second = tf.function(lambda x: scaled(x) + v), tf.function(lambda x: scaled(x) + scaled(x))
        np.testing.assert_allclose(first(tf.constant(3.0)), [3 + 2, 6 + 3])
        np.testing.assert_allclose(second(tf.constant(-1.0)), [2 + 3, 3 + 4])
        np.testing.assert_allclose(scaled(tf.constant(1.0)), [4, 5])
        np.testing.assert_allclose(amalthea.jit(scaled)(tf.constant(1.0)), [5, 6])
        np.testing.assert_allclose(first(tf.constant(0.0)), [7, 8])
        np.testing.assert_allclose(v.numpy(), [7, 8])


@tensorflow_only
@pytest.mark.parametrize("eager", [False, True])
def test_models_whose_methods_are_traced_by_tensorflow(eager):
    import tensorflow as tf

    class Traced(ForTensorFlow):
        train_step = tf.function(ForTensorFlow.train_step)

    class Inner(layers.Layer):
        def build(self, shape):
            self.linear = layers.Dense(2, name="linear")
            self.calls = self.add_weight((), "zeros", trainable=False)

        @tf.function
        def call(self, x):
            self.calls.assign_add(1.0)
            return self.linear(x) if tf.reduce_sum(tf.abs(x)) > 0 else tf.zeros((tf.shape(x)[0], 2))

    with amalthea.engine("tensorflow"):
        inputs, inner = amalthea.Input((5,)), Inner()
        model = Traced(inputs, inner(inputs))
        inner.linear.kernel.assign(KERNEL)
        model.compile(amalthea.optimizers.SGD(0.1), "mse", run_eagerly=eager)
        losses, kernel, _ = by_hand()
        assert model.fit(X, Y, batch_size=8, verbose=0, shuffle=False).history["loss"] == pytest.approx([np.mean(losses)], rel=1e-5)
        np.testing.assert_allclose(inner.linear.kernel.numpy(), kernel, rtol=1e-5, atol=1e-6)
        expected = X @ kernel + inner.linear.bias.numpy()
        for size in (24, 10):
            np.testing.assert_allclose(model.predict(X[:size], batch_size=8, verbose=0), expected[:size], rtol=1e-4, atol=1e-5)
        np.testing.assert_allclose(model(X), expected, rtol=1e-4, atol=1e-5)
        assert int(inner.calls) == 3 + 3 + 2 + 1


@tensorflow_only
def test_variables_of_tensorflow_are_operands():
    import tensorflow as tf

    with amalthea.engine("tensorflow"):
        theirs = tf.Variable([1.0, 2.0])
        with tf.GradientTape() as tape:
            total = ops.sum(ops.square(theirs))
        np.testing.assert_allclose(tape.gradient(total, theirs), [2, 4])


def test_other_engines_have_no_handles():
    with amalthea.engine("numpy"):
        v = amalthea.Variable(1.0)
        assert not hasattr(v, "handle")
