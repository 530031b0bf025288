"""Models as modules and functions of the frameworks below, and these as layers."""

import copy
import io

import numpy as np
import pytest

import amalthea
from amalthea import layers
from amalthea.errors import ArgumentError, ArgumentTypeError, NotBuiltError, SerializationError, StateError, UnsupportedByEngine
from amalthea.testing.choice import engines_to_test

GENERATOR = np.random.default_rng(3)
X = GENERATOR.normal(size=(8, 4)).astype("float32")
Y = GENERATOR.normal(size=(8, 2)).astype("float32")

torch_only = pytest.mark.skipif("torch" not in engines_to_test(), reason="needs PyTorch")
jax_only = pytest.mark.skipif("jax" not in engines_to_test(), reason="needs JAX")
tensorflow_only = pytest.mark.skipif("tensorflow" not in engines_to_test(), reason="needs TensorFlow")


def small(*between):
    return amalthea.Sequential(
        [amalthea.Input((4,)), layers.Dense(5, activation="tanh", name="hidden"), *between, layers.Dense(2, name="head")], name="net"
    )


def normalized():
    return small(layers.BatchNormalization(name="norm"), layers.Dropout(0.5, seed=1, name="drop"))


def perceptron(weights, x):
    """What `small()` computes, by NumPy."""
    return np.tanh(x @ weights[0] + weights[1]) @ weights[2] + weights[3]


# --- a model as a module of PyTorch ----------------------------------------------------------------------


@torch_only
def test_torch_module_has_the_values_under_their_paths():
    model = normalized()
    module = model.as_torch_module()
    assert {name for name, _ in module.named_parameters()} == {
        "net.hidden.kernel",
        "net.hidden.bias",
        "net.norm.gamma",
        "net.norm.beta",
        "net.head.kernel",
        "net.head.bias",
    }
    assert {"net.norm.moving_mean", "net.norm.moving_variance"} <= {name for name, _ in module.named_buffers()}
    assert "drop.seed" in dict(module.named_buffers())
    np.testing.assert_array_equal(module.get_parameter("net.hidden.kernel").detach().numpy(), model.get_weights()[0])


@torch_only
def test_torch_module_computes_and_differentiates():
    import torch

    model = small()
    module = model.as_torch_module()
    x = torch.tensor(X, requires_grad=True)
    outputs = module(x)
    np.testing.assert_allclose(outputs.detach().numpy(), perceptron(model.get_weights(), X), rtol=1e-5, atol=1e-6)
    outputs.sum().backward()
    np.testing.assert_allclose(module.get_parameter("net.head.bias").grad.numpy(), [8.0, 8.0], rtol=1e-6)
    hidden = np.tanh(X @ model.get_weights()[0] + model.get_weights()[1])
    np.testing.assert_allclose(module.get_parameter("net.head.kernel").grad.numpy(), np.repeat(hidden.sum(0)[:, None], 2, 1), rtol=1e-5, atol=1e-5)
    assert x.grad is not None


@torch_only
def test_loop_of_torch_is_fit():
    import torch

    model = small()
    other = amalthea.models.clone_model(model)
    other.set_weights(model.get_weights())
    module = model.as_torch_module()
    optimizer = torch.optim.SGD(module.parameters(), lr=0.1)
    for _ in range(3):
        optimizer.zero_grad()
        torch.nn.functional.mse_loss(module(torch.tensor(X)), torch.tensor(Y)).backward()
        optimizer.step()
    before = model.get_weights()
    with amalthea.engine("torch"):
        other.compile(amalthea.optimizers.SGD(0.1), "mse")
        other.fit(X, Y, batch_size=8, epochs=3, shuffle=False, verbose=0)
    assert np.abs(before[0] - other.get_weights()[0]).max() > 1e-3
    assert module.sync() is model
    for ours, theirs in zip(model.get_weights(), other.get_weights(), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-5, atol=1e-6)


@torch_only
def test_torch_module_keeps_statistics_and_seeds():
    import torch

    model = small(layers.BatchNormalization(momentum=0.9, name="norm"), layers.Dropout(0.5, seed=1, name="drop"))
    weights = model.get_weights()
    module = model.as_torch_module()
    first, second = module(torch.tensor(X)), module(torch.tensor(X))
    assert not torch.equal(first, second)  # dropout drew twice
    hidden = np.tanh(X @ weights[0] + weights[1])
    np.testing.assert_allclose(module.get_buffer("net.norm.moving_mean").numpy(), (0.1 + 0.09) * hidden.mean(0), rtol=1e-4, atol=1e-6)
    (first + second).sum().backward()  # the buffers that the first call read still have their numbers
    module.eval()
    assert torch.equal(module(torch.tensor(X)), module(torch.tensor(X)))
    np.testing.assert_array_equal(model.get_weights()[4], np.zeros(5))
    module.sync()
    np.testing.assert_allclose(model.layers[1].moving_mean.numpy(), 0.19 * hidden.mean(0), rtol=1e-4, atol=1e-6)


@torch_only
def test_torch_module_keeps_the_dtype_that_it_was_given():
    import torch

    module = normalized().as_torch_module().to(torch.float64)
    before = {name: value.dtype for name, value in module.state_dict().items()}
    module(torch.tensor(X)).sum().backward()
    assert {name: value.dtype for name, value in module.state_dict().items()} == before
    assert {parameter.grad.dtype for parameter in module.parameters()} == {torch.float64}


@torch_only
def test_torch_module_state_dict_and_copies():
    import torch

    model = normalized()
    module, other = model.as_torch_module(), normalized().as_torch_module()
    module(torch.tensor(X))
    file = io.BytesIO()
    torch.save(module.state_dict(), file)
    file.seek(0)
    other.load_state_dict(torch.load(file, weights_only=True))
    module.eval(), other.eval()
    twin = copy.deepcopy(module)
    assert torch.equal(module(torch.tensor(X)), other(torch.tensor(X)))
    assert torch.equal(module(torch.tensor(X)), twin(torch.tensor(X)))
    with torch.no_grad():
        twin.get_parameter("net.head.bias").add_(1.0)
    assert not torch.equal(module(torch.tensor(X)), twin(torch.tensor(X)))


@torch_only
def test_torch_module_has_the_losses_and_frozen_weights():
    import torch

    model = amalthea.Sequential(
        [amalthea.Input((4,)), layers.Dense(3, name="train"), layers.Dense(2, kernel_regularizer=amalthea.regularizers.L2(0.5))],
        name="forward",
    )
    model.layers[0].trainable = False
    module = model.as_torch_module()  # a name that the class of modules has itself
    assert len(list(module.parameters())) == 2
    module(torch.tensor(X))
    (loss,) = module.losses
    kernel = model.get_weights()[2]
    np.testing.assert_allclose(float(loss.detach()), 0.5 * (kernel**2).sum(), rtol=1e-5)
    loss.backward()
    found = [parameter.grad.numpy() for parameter in module.parameters() if parameter.grad is not None]
    np.testing.assert_allclose(found[0], kernel, rtol=1e-5)


@pytest.mark.parametrize("method", ["as_torch_module", "as_jax_function", "as_tf_function"])
def test_models_without_values(method):
    if method.split("_")[1].replace("tf", "tensorflow") not in engines_to_test():
        pytest.skip("not installed")
    with pytest.raises(NotBuiltError, match="not built"):
        getattr(amalthea.Sequential([layers.Dense(2)]), method)()


# --- a model as a function of JAX ------------------------------------------------------------------------


@jax_only
def test_jax_function_is_pure_and_differentiable():
    import jax

    model = small()
    fn, params = model.as_jax_function()
    assert sorted(params["trainable"]) == ["net/head/bias", "net/head/kernel", "net/hidden/bias", "net/hidden/kernel"]
    np.testing.assert_allclose(jax.jit(fn)(params, X), perceptron(model.get_weights(), X), rtol=1e-5, atol=1e-6)

    def loss(trainable):
        return ((fn({**params, "trainable": trainable}, X) - Y) ** 2).mean()

    value, gradients = jax.jit(jax.value_and_grad(loss))(params["trainable"])
    with amalthea.engine("jax"):
        expected, expected_gradients = amalthea.value_and_grad(lambda: amalthea.ops.mean((model(X) - Y) ** 2), model.trainable_variables)()
    np.testing.assert_allclose(value, expected, rtol=1e-6)
    for variable, gradient in zip(model.trainable_variables, expected_gradients, strict=True):
        np.testing.assert_allclose(gradients[variable.path], gradient, rtol=1e-5, atol=1e-7)
    stepped = jax.tree.map(lambda p, g: p - 0.1 * g, params["trainable"], gradients)
    assert loss(stepped) < value
    np.testing.assert_allclose(fn(params, X), perceptron(model.get_weights(), X), rtol=1e-5, atol=1e-6)


@jax_only
def test_jax_function_gives_the_new_state():
    import jax

    model = small(layers.BatchNormalization(momentum=0.9, name="norm"), layers.Dropout(0.5, seed=1, name="drop"))
    weights = model.get_weights()
    fn, params = model.as_jax_function()
    outputs, state = jax.jit(fn, static_argnames="training")(params, X, training=True)
    assert outputs.shape == (8, 2)
    assert state.keys() == params["state"].keys()
    hidden = np.tanh(X @ weights[0] + weights[1])
    np.testing.assert_allclose(state["net/norm/moving_mean"], 0.1 * hidden.mean(0), rtol=1e-4, atol=1e-6)
    again, _ = fn({**params, "state": state}, X, training=True)
    assert not np.allclose(outputs, again)  # the seed went on
    np.testing.assert_array_equal(model.layers[1].moving_mean.numpy(), np.zeros(5))
    with pytest.raises(ArgumentTypeError, match="static_argnames='training'"):
        jax.jit(fn)(params, X, training=True)
    with pytest.raises(ArgumentError, match="net/head/bias"):
        fn({"trainable": {k: v for k, v in params["trainable"].items() if k != "net/head/bias"}, "state": state}, X)


@jax_only
def test_jax_function_is_trained_by_optax():
    import jax

    optax = pytest.importorskip("optax")
    model = small(layers.BatchNormalization(momentum=0.9, name="norm"))
    other = amalthea.models.clone_model(model)
    other.set_weights(model.get_weights())
    fn, params = model.as_jax_function()
    optimizer = optax.sgd(0.1, momentum=0.9)

    @jax.jit
    def step(params, moments):
        def loss(trainable):
            outputs, state = fn({**params, "trainable": trainable}, X, training=True)
            return ((outputs - Y) ** 2).mean(), state

        (value, state), gradients = jax.value_and_grad(loss, has_aux=True)(params["trainable"])
        updates, moments = optimizer.update(gradients, moments)
        return {"trainable": optax.apply_updates(params["trainable"], updates), "state": state}, moments, value

    moments, losses = optimizer.init(params["trainable"]), []
    for _ in range(3):
        params, moments, value = step(params, moments)
        losses.append(float(value))
    with amalthea.engine("jax"):
        other.compile(amalthea.optimizers.SGD(0.1, momentum=0.9), "mse")
        history = other.fit(X, Y, batch_size=8, epochs=3, shuffle=False, verbose=0).history["loss"]
    np.testing.assert_allclose(losses, history, rtol=1e-5)
    for variable, theirs in zip(model.variables, other.get_weights(), strict=True):
        found = {**params["trainable"], **params["state"]}[variable.path]
        np.testing.assert_allclose(found, theirs, rtol=1e-4, atol=1e-6)


# --- a model as a module of TensorFlow -------------------------------------------------------------------


@tensorflow_only
def test_saved_model_gives_equal_outputs(tmp_path):
    import tensorflow as tf

    model = normalized()
    expected = model(X)
    module = model.as_tf_function()
    tf.saved_model.save(module, str(tmp_path))
    restored = tf.saved_model.load(str(tmp_path))
    np.testing.assert_allclose(restored(tf.constant(X)).numpy(), np.asarray(expected), rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(restored(tf.constant(X[:3])).numpy(), np.asarray(expected)[:3], rtol=1e-5, atol=1e-6)


@tensorflow_only
def test_tf_module_trains_and_keeps_state():
    import tensorflow as tf

    model = small(layers.BatchNormalization(momentum=0.9, name="norm"))
    weights = model.get_weights()
    module = model.as_tf_function()
    assert len(module.trainable_variables) == 6 and len(module.variables) == 8
    with tf.GradientTape() as tape:
        value = tf.reduce_sum(module(tf.constant(X), training=True))
    gradients = dict(zip((v.name for v in module.trainable_variables), tape.gradient(value, module.trainable_variables), strict=True))
    np.testing.assert_allclose(gradients["net.head.bias:0"].numpy(), [8.0, 8.0], rtol=1e-6)
    mean = next(v for v in module.variables if v.name == "net.norm.moving_mean:0")
    np.testing.assert_allclose(mean.numpy(), 0.1 * np.tanh(X @ weights[0] + weights[1]).mean(0), rtol=1e-4, atol=1e-6)


@tensorflow_only
def test_tf_module_of_several_inputs_and_of_a_subclass():
    import tensorflow as tf

    a, b = amalthea.Input((2,), name="a"), amalthea.Input((2,), name="b")
    model = amalthea.Model({"a": a, "b": b}, layers.add([a, b]))
    module = model.as_tf_function()
    np.testing.assert_array_equal(module({"a": tf.ones((1, 2)), "b": tf.ones((1, 2))}).numpy(), [[2.0, 2.0]])

    class Doubled(amalthea.Model):
        def call(self, x):
            return 2 * x

    doubled = Doubled()
    doubled(np.ones((1, 2), "float32"))
    np.testing.assert_array_equal(doubled.as_tf_function()(tf.ones((1, 2))).numpy(), [[2.0, 2.0]])


# --- modules of PyTorch as layers ------------------------------------------------------------------------


@torch_only
def test_torch_layer_is_trained_as_by_torch():
    import torch

    linear = torch.nn.Linear(4, 2)
    plain = copy.deepcopy(linear)
    with amalthea.engine("torch"):
        layer = layers.TorchModuleWrapper(linear)
        model = amalthea.Sequential([amalthea.Input((4,)), layer])
        assert model.output_shape == (None, 2)
        model.compile(amalthea.optimizers.SGD(0.1), "mse")
        model.fit(X, Y, batch_size=8, epochs=2, shuffle=False, verbose=0)
    optimizer = torch.optim.SGD(plain.parameters(), lr=0.1)
    for _ in range(2):
        optimizer.zero_grad()
        torch.nn.functional.mse_loss(plain(torch.tensor(X)), torch.tensor(Y)).backward()
        optimizer.step()
    np.testing.assert_allclose(layer.module.weight.detach().numpy(), plain.weight.detach().numpy(), rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(layer.trainable_variables[1].numpy(), plain.bias.detach().numpy(), rtol=1e-5, atol=1e-6)


@torch_only
def test_torch_layer_keeps_buffers():
    import torch

    norm = torch.nn.BatchNorm1d(4, momentum=0.1)
    with amalthea.engine("torch"):
        layer = layers.TorchModuleWrapper(norm)
        assert [v.name for v in layer.non_trainable_variables] == ["running_mean", "running_var", "num_batches_tracked"]
        layer(X, training=False)
        assert int(layer.non_trainable_variables[2]) == 0
        layer(X, training=True)
    assert int(layer.non_trainable_variables[2]) == 1
    np.testing.assert_allclose(layer.non_trainable_variables[0].numpy(), 0.1 * X.mean(0), rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(layer.module.running_mean.numpy(), 0.1 * X.mean(0), rtol=1e-4, atol=1e-6)


@torch_only
def test_torch_layer_elsewhere_and_other_errors():
    import torch

    layer = layers.TorchModuleWrapper(torch.nn.Linear(4, 2), output_shape=(None, 2))
    assert layer(amalthea.Input((4,))).shape == (None, 2)
    with amalthea.engine("numpy"), pytest.raises(UnsupportedByEngine, match="set_engine"):
        layer(X)
    with pytest.raises(ArgumentTypeError, match="must be a"):
        layers.TorchModuleWrapper(lambda x: x)
    with pytest.raises(ArgumentError, match="lazy"):
        layers.TorchModuleWrapper(torch.nn.LazyLinear(2))


@torch_only
def test_torch_layer_is_written_but_no_pickle_is_read(tmp_path):
    import base64

    import torch

    linear = torch.nn.Linear(4, 2)
    with amalthea.engine("torch"):
        layer = layers.TorchModuleWrapper(linear, name="wrapped")
        layer.trainable_variables[1].assign([3.0, 4.0])
        config = layer.get_config()
        read = torch.load(io.BytesIO(base64.b64decode(config["module"])), weights_only=False)  # as Keras does when it is told to
        np.testing.assert_array_equal(read.bias.detach().numpy(), [3, 4])
        again = layers.TorchModuleWrapper.from_config({**config, "module": linear})
        assert again.name == "wrapped"
        np.testing.assert_array_equal(again(X), layer(X))
        amalthea.Sequential([amalthea.Input((4,)), layer]).save(tmp_path / "m.keras")
        with pytest.raises(SerializationError, match="load_weights"):
            amalthea.saving.load_model(tmp_path / "m.keras")


@torch_only
def test_torch_layer_that_writes_into_its_inputs_leaves_the_data_alone():
    import torch

    x = X.copy()
    with amalthea.engine("torch"):
        layer = layers.TorchModuleWrapper(torch.nn.Sequential(torch.nn.ReLU(inplace=True), torch.nn.Linear(4, 2)))
        model = amalthea.Sequential([amalthea.Input((4,)), layer])
        model.compile(amalthea.optimizers.SGD(0.1), "mse")
        model.fit(x, Y, batch_size=4, epochs=3, shuffle=False, verbose=0)
        model.predict(x, verbose=0)
        given = torch.tensor(X)
        layer(given)
    np.testing.assert_array_equal(x, X)
    np.testing.assert_array_equal(given.numpy(), X)


@torch_only
def test_frozen_torch_layer_is_not_trained():
    import torch

    model = amalthea.Sequential([amalthea.Input((4,)), layers.TorchModuleWrapper(torch.nn.Linear(4, 3), trainable=False), layers.Dense(2)])
    assert [variable.shape for variable in model.trainable_variables] == [(3, 2), (2,)]
    model.trainable = True
    assert len(model.trainable_variables) == 4


# --- functions of JAX as layers --------------------------------------------------------------------------


def affine(params, inputs):
    return inputs @ params["w"] + params["b"][0]


def counting(params, state, rng, inputs, training):
    import jax

    noise = jax.random.normal(rng, inputs.shape) if training else 0.0
    return (inputs + noise) @ params, {"calls": state["calls"] + 1}


def counting_init(rng, inputs):
    import jax.numpy as jnp

    return jnp.ones((inputs.shape[-1], 3)), {"calls": jnp.zeros((), "int32")}


@jax_only
def test_jax_layer_is_trained_as_by_jax():
    import jax

    params = {"w": GENERATOR.normal(size=(4, 2)).astype("float32"), "b": [np.zeros(2, "float32")]}
    with amalthea.engine("jax"):
        layer = layers.JaxLayer(affine, params=params)
        model = amalthea.Sequential([amalthea.Input((4,)), layer])
        assert model.output_shape == (None, 2)
        model.compile(amalthea.optimizers.SGD(0.1), "mse")
        model.fit(X, Y, batch_size=8, epochs=2, shuffle=False, verbose=0)
    for _ in range(2):
        gradients = jax.grad(lambda p: ((affine(p, X) - Y) ** 2).mean())(params)
        params = jax.tree.map(lambda p, g: p - 0.1 * g, params, gradients)
    np.testing.assert_allclose(layer.params["w"].numpy(), params["w"], rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(layer.params["b"][0].numpy(), params["b"][0], rtol=1e-5, atol=1e-6)


@jax_only
def test_jax_layer_with_state_and_keys():
    with amalthea.engine("jax"):
        layer = layers.JaxLayer(counting, init_fn=counting_init, seed=1)
        assert layer(amalthea.Input((2,))).shape == (None, 3)
        assert int(layer.state["calls"]) == 0
        np.testing.assert_array_equal(layer(np.ones((1, 2), "float32")), [[2.0, 2.0, 2.0]])
        first, second = (np.asarray(layer(np.ones((1, 2), "float32"), training=True)) for _ in range(2))
    assert not np.allclose(first, second)
    assert int(layer.state["calls"]) == 3
    assert [v.trainable for v in layer.variables] == [True, False, False]


@jax_only
def test_jax_layer_is_built_where_something_is_traced():
    class Outer(amalthea.Model):
        def __init__(self):
            super().__init__()
            self.inner = layers.JaxLayer(counting, init_fn=counting_init, seed=1)

        def call(self, x, training=False):
            return self.inner(x, training=training)

    with amalthea.engine("jax"):
        model = Outer()
        model.compile("sgd", "mse")
        model.fit(np.ones((4, 2), "float32"), np.ones((4, 3), "float32"), verbose=0)
    assert int(model.inner.state["calls"]) == 1


@jax_only
def test_jax_layer_errors():
    with pytest.raises(ArgumentError, match="'inputs' is missing"):
        layers.JaxLayer(lambda params, x: x, params=1.0)
    with pytest.raises(ArgumentError, match="`params`"):
        layers.JaxLayer(affine)
    with amalthea.engine("numpy"), pytest.raises(UnsupportedByEngine, match="set_engine"):
        layers.JaxLayer(lambda inputs: inputs)(X)
    with amalthea.engine("jax"):
        with pytest.raises(StateError, match="tuple"):
            layers.JaxLayer(lambda state, inputs: inputs, state={"n": 0})(X)
        with pytest.raises(StateError, match="structure"):
            layers.JaxLayer(lambda state, inputs: (inputs, {"m": 0}), state={"n": 0})(X)


@jax_only
def test_jax_layer_configuration():
    amalthea.saving.register_keras_serializable("bridges")(counting)
    amalthea.saving.register_keras_serializable("bridges")(counting_init)
    layer = layers.JaxLayer(counting, init_fn=counting_init, seed=5, name="counted")
    other = layers.JaxLayer.from_config(layer.get_config())
    assert (other.call_fn, other.init_fn, other.seed, other.name) == (counting, counting_init, 5, "counted")


# --- modules of Flax as layers ---------------------------------------------------------------------------


def flax_net():
    """A module with statistics and random numbers, and one that knows training by another name."""
    nn = pytest.importorskip("flax.linen")

    class Net(nn.Module):
        width: int = 3

        @nn.compact
        def __call__(self, x, training=False):
            x = nn.BatchNorm(use_running_average=not training, momentum=0.9)(nn.Dense(self.width)(x))
            return nn.Dense(2)(nn.Dropout(0.5, deterministic=not training)(x))

        @nn.compact
        def linear(self, x):
            return nn.Dense(2)(x)

        def get_config(self):
            return {"width": self.width}

        @classmethod
        def from_config(cls, config):
            return cls(**config)

    return Net


@jax_only
def test_flax_layer_is_trained_as_by_jax():
    import jax

    net = flax_net()()
    variables = net.init(jax.random.PRNGKey(0), X, method="linear")
    with amalthea.engine("jax"):
        layer = layers.FlaxLayer(net, method="linear", variables=variables)
        model = amalthea.Sequential([amalthea.Input((4,)), layer])
        assert model.output_shape == (None, 2)
        model.compile(amalthea.optimizers.SGD(0.1), "mse")
        model.fit(X, Y, batch_size=8, epochs=2, shuffle=False, verbose=0)
    for _ in range(2):
        gradients = jax.grad(lambda v: ((net.apply(v, X, method="linear") - Y) ** 2).mean())(variables)
        variables = jax.tree.map(lambda p, g: p - 0.1 * g, variables, gradients)
    np.testing.assert_allclose(layer.params["params"]["Dense_0"]["kernel"].numpy(), variables["params"]["Dense_0"]["kernel"], rtol=1e-5, atol=1e-6)


@jax_only
def test_flax_layer_keeps_statistics_and_feeds_randomness():
    import jax

    net = flax_net()(width=5)
    with amalthea.engine("jax"):
        layer = layers.FlaxLayer(net, seed=3)
        first, second = (np.asarray(layer(X, training=True)) for _ in range(2))
        assert not np.allclose(first, second)
        dense = layer.params["params"]["Dense_0"]
        hidden = X @ dense["kernel"].numpy() + dense["bias"].numpy()
        mean = layer.state["batch_stats"]["BatchNorm_0"]["mean"]
        np.testing.assert_allclose(mean.numpy(), 0.19 * hidden.mean(0), rtol=1e-4, atol=1e-6)
        plain = net.apply(jax.tree.map(lambda variable: variable.value, {**layer.params, **layer.state}), X)
        np.testing.assert_allclose(layer(X), plain, rtol=1e-5, atol=1e-6)
        np.testing.assert_array_equal(layer(X), layer(X))
    assert [variable.shape for variable in layer.non_trainable_variables if variable.shape == (5,)] == [(5,), (5,)]
    assert len(layer.trainable_variables) == 6


@jax_only
def test_flax_layer_trains_in_a_model():
    with amalthea.engine("jax"):
        inputs = amalthea.Input((4,))
        model = amalthea.Model(inputs, layers.FlaxLayer(flax_net()())(inputs))
        model.compile("adam", "mse")
        losses = model.fit(X, Y, epochs=8, verbose=0).history["loss"]
        assert losses[-1] < losses[0]
        np.testing.assert_array_equal(model.predict(X, verbose=0), model.predict(X, verbose=0))


@jax_only
def test_flax_layer_called_by_a_function_of_ones_own():
    nn = pytest.importorskip("flax.linen")

    def called(module, x, training):
        return module(x, deterministic=not training)

    with amalthea.engine("jax"):
        layer = layers.FlaxLayer(nn.Dropout(0.5), method=called)
        np.testing.assert_array_equal(layer(X), X)
        dropped = np.asarray(layer(X, training=True))
        assert (dropped == 0).any() and np.allclose(dropped[dropped != 0], 2 * X[dropped != 0])


@jax_only
def test_flax_layer_configuration_and_errors():
    net = flax_net()
    with pytest.raises(ArgumentTypeError, match="Module"):
        layers.FlaxLayer(lambda x: x)
    with pytest.raises(ArgumentError, match="no method 'lineal'"):
        layers.FlaxLayer(net(), method="lineal")
    with pytest.raises(ArgumentError, match="params"):
        layers.FlaxLayer(net(), variables={"Dense_0": {}})
    with amalthea.engine("numpy"), pytest.raises(UnsupportedByEngine, match="FlaxLayer"):
        layers.FlaxLayer(net(), variables={"params": {}})(X)
    amalthea.saving.register_keras_serializable("bridges")(net)
    layer = layers.FlaxLayer(net(width=7), method="linear", name="flax", seed=2)
    again = amalthea.saving.deserialize_keras_object(amalthea.saving.serialize_keras_object(layer))
    assert (type(again.module), again.module.width, again.method, again.name, again.seed) == (net, 7, "linear", "flax", 2)


# --- SavedModels of TensorFlow as layers -----------------------------------------------------------------


@pytest.fixture
def saved(tmp_path):
    """A SavedModel with statistics, and its model."""
    import tensorflow as tf

    model = small(layers.BatchNormalization(momentum=0.9, name="norm"))
    module = model.as_tf_function()
    specs = [tf.TensorSpec((None, 4), tf.float32)]
    module.serve = tf.function(lambda x: module(x), input_signature=specs)
    module.learn = tf.function(lambda x: module(x, training=True), input_signature=specs)
    tf.saved_model.save(module, str(tmp_path / "saved"), signatures={"serving_default": module.serve.get_concrete_function()})
    return model, tmp_path / "saved"


@tensorflow_only
def test_saved_model_is_a_layer(saved):
    model, folder = saved
    layer = layers.TFSMLayer(folder)
    assert sorted(variable.shape for variable in layer.trainable_variables) == [(2,), (4, 5), (5,), (5,), (5,), (5, 2)]
    assert len(layer.non_trainable_variables) == 2
    signed = layers.TFSMLayer(folder, call_endpoint="serving_default")
    with amalthea.engine("tensorflow"):
        np.testing.assert_allclose(layer(X), model(X), rtol=1e-5, atol=1e-6)
        np.testing.assert_allclose(signed(X)["output_0"], model(X), rtol=1e-5, atol=1e-6)
        assert layer(amalthea.Input((4,))).shape == (None, 2)
        for variable in layer.variables:
            variable.assign(np.zeros(variable.shape))
        np.testing.assert_array_equal(layer(X), np.zeros((8, 2)))  # the variables of the layer are the state


@tensorflow_only
@pytest.mark.parametrize("eager", [False, True])
def test_saved_model_is_trained_as_its_model(saved, eager):
    model, folder = saved

    def train(model):
        model.compile(amalthea.optimizers.Adam(0.01), "mse", run_eagerly=eager)
        return model.fit(X, Y, batch_size=4, epochs=2, shuffle=False, verbose=0).history["loss"]

    with amalthea.engine("tensorflow"):
        again = amalthea.Sequential([amalthea.Input((4,)), layers.TFSMLayer(folder, call_training_endpoint="learn")])
        np.testing.assert_allclose(train(again), train(model), rtol=1e-4)
        np.testing.assert_allclose(again.predict(X, verbose=0), model.predict(X, verbose=0), rtol=1e-4, atol=1e-5)
    frozen = layers.TFSMLayer(folder, trainable=False)
    assert not frozen.trainable_variables and len(frozen.variables) == 8


@tensorflow_only
def test_saved_model_errors(saved, tmp_path):
    _, folder = saved
    with pytest.raises(ArgumentError, match=r"no endpoint 'sevre'.*'serve'.*'serving_default'"):
        layers.TFSMLayer(folder, call_endpoint="sevre")
    with pytest.raises(ArgumentError, match="folder of a SavedModel"):
        layers.TFSMLayer(tmp_path / "nothing")
    layer = layers.TFSMLayer(folder)
    with amalthea.engine("numpy"), pytest.raises(UnsupportedByEngine, match="TFSMLayer"):
        layer(X)
    assert layer.get_config()["call_endpoint"] == "serve"
    with amalthea.engine("tensorflow"):
        amalthea.Sequential([amalthea.Input((4,)), layer]).save(tmp_path / "m.keras")
    with pytest.raises(SerializationError, match=r"make the layer in code, `TFSMLayer\("):
        amalthea.saving.load_model(tmp_path / "m.keras")
