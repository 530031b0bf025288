"""Models of many kinds, made with either library, with data for them."""

from __future__ import annotations

import numpy as np

RNG = np.random.default_rng(0)


def _floats(*shape):
    return RNG.normal(size=shape).astype("float32")


def several_inputs(k):
    """A functional model with a shared layer, a nested model and a merge."""
    first, second = k.Input((4,), name="first"), k.Input((4,), name="second")
    shared = k.layers.Dense(3, activation="tanh", name="shared")
    merged = k.layers.Add()([shared(first), shared(second)])
    inner_input = k.Input((3,), name="inner_input")
    inner = k.Model(inner_input, k.layers.Dense(2, kernel_regularizer="l2", name="inside")(inner_input), name="inner")
    features = k.layers.LayerNormalization()(inner(merged))
    return k.Model([first, second], k.layers.Dense(1)(k.layers.Concatenate()([features, merged])))


def convolutions(k):
    """Kinds of convolutions, normalizations and pooling, in a list."""
    return k.Sequential(
        [
            k.Input((8, 8, 2)),
            k.layers.Conv2D(3, 3, padding="same", activation="relu", name="one"),
            k.layers.BatchNormalization(),
            k.layers.DepthwiseConv2D(3, depth_multiplier=2),
            k.layers.SeparableConv2D(4, 3, padding="same"),
            k.layers.GroupNormalization(2),
            k.layers.PReLU(),
            k.layers.MaxPooling2D(),
            k.layers.Conv2DTranspose(2, 2),
            k.layers.GlobalAveragePooling2D(),
            k.layers.Dense(1, use_bias=False),
        ]
    )


def recurrent(k):
    """Recurrent layers, cells, and wrappers around layers."""
    return k.Sequential(
        [
            k.Input((5,), dtype="int32"),
            k.layers.Embedding(7, 4),
            k.layers.Bidirectional(k.layers.LSTM(3, return_sequences=True)),
            k.layers.GRU(4, return_sequences=True),
            k.layers.TimeDistributed(k.layers.Dense(3)),
            k.layers.RNN([k.layers.SimpleRNNCell(3), k.layers.LSTMCell(2)]),
            k.layers.Dense(1),
        ]
    )


def attention(k):
    """Attention, with a layer that is called with keywords, and an output that is a structure."""
    x = k.Input((5, 6), name="tokens")
    attended = k.layers.MultiHeadAttention(2, 3, name="heads")(x, x)
    pooled = k.layers.GlobalAveragePooling1D()(k.layers.UnitNormalization()(k.layers.Add()([x, attended])))
    return k.Model(x, k.layers.Dense(1, kernel_constraint="non_neg")(pooled))


def lists(k):
    """A `Sequential` in a `Sequential`; frozen and half-trained parts."""
    inner = k.Sequential([k.Input((4,)), k.layers.Dense(3), k.layers.BatchNormalization()], name="inner")
    frozen = k.layers.Dense(3, name="frozen", trainable=False)
    return k.Sequential([k.Input((4,)), inner, frozen, k.layers.Activation("relu"), k.layers.Dense(1)])


def subclassed(k):
    """A model of one's own class, with layers in a list and in a dictionary, and a weight of its own."""

    @k.saving.register_keras_serializable("zoo")
    class Block(k.layers.Layer):
        def __init__(self, units, **kwargs):
            super().__init__(**kwargs)
            self.units = units
            self.dense = k.layers.Dense(units, activation="tanh")

        def build(self, input_shape):
            self.dense.build(input_shape)
            self.scale = self.add_weight(shape=(self.units,), initializer="ones", name="scale")

        def call(self, x):
            return self.dense(x) * self.scale

        def get_config(self):
            return {**super().get_config(), "units": self.units}

    @k.saving.register_keras_serializable("zoo")
    class Net(k.Model):
        def __init__(self, width, **kwargs):
            super().__init__(**kwargs)
            self.width = width
            self.blocks = [Block(width), Block(width)]
            self.heads = {"only": k.layers.Dense(1)}
            self.offset = self.add_weight(shape=(1,), initializer="ones", name="offset")

        def call(self, x):
            for block in self.blocks:
                x = block(x)
            return self.heads["only"](x) + self.offset

        def get_config(self):
            return {**super().get_config(), "width": self.width}

    model = Net(3, name="net")
    model(np.zeros((1, 4), "float32"))
    return model


Y = _floats(6, 1)
PLAIN = _floats(6, 4)
MODELS = {
    "several_inputs": (several_inputs, [_floats(6, 4), _floats(6, 4)]),
    "convolutions": (convolutions, _floats(6, 8, 8, 2)),
    "recurrent": (recurrent, RNG.integers(0, 7, size=(6, 5)).astype("int32")),
    "attention": (attention, _floats(6, 5, 6)),
    "lists": (lists, PLAIN),
    "subclassed": (subclassed, PLAIN),
}
GRAPHS = [name for name in MODELS if name != "subclassed"]
OPTIMIZERS = {
    "momentum": lambda k: k.optimizers.SGD(0.05, momentum=0.9, nesterov=True),
    "adam": lambda k: k.optimizers.Adam(0.01, amsgrad=True),
    "adamw, scheduled": lambda k: k.optimizers.AdamW(k.optimizers.schedules.ExponentialDecay(0.1, 2, 0.5), weight_decay=0.01),
    "rmsprop": lambda k: k.optimizers.RMSprop(0.01, momentum=0.5, centered=True),
    "adagrad": lambda k: k.optimizers.Adagrad(0.1),
    "adadelta": lambda k: k.optimizers.Adadelta(1.0),
    "adamax": lambda k: k.optimizers.Adamax(0.01),
    "nadam": lambda k: k.optimizers.Nadam(0.01),
    "ftrl": lambda k: k.optimizers.Ftrl(0.1),
    "lion": lambda k: k.optimizers.Lion(0.01),
    "averaged": lambda k: k.optimizers.Adam(0.01, use_ema=True),
}


def stirred(k, name, optimizer="adam"):
    """A model of the zoo, compiled; its weights and the state of its optimizer have values that no initializer gives."""
    model = MODELS[name][0](k)
    model.compile(OPTIMIZERS[optimizer](k), "mse", metrics=["mae"])
    model.optimizer.build(model.trainable_variables)
    draw = np.random.default_rng(1)
    for variable in variables(model):
        if "float" in str(variable.dtype):
            variable.assign(draw.uniform(0.1, 0.5, size=variable.shape).astype("float32"))
    model.optimizer.iterations.assign(4)
    return model


def variables(model):
    """The weights of a model and the variables of its optimizer."""
    return [*model.weights, *model.optimizer.variables]


def trained(k, name, optimizer="adam"):
    """A model of the zoo, compiled and half trained."""
    make, x = MODELS[name]
    model = make(k)
    model.compile(OPTIMIZERS[optimizer](k), "mse", metrics=["mae"])
    model.fit(x, Y, epochs=2, batch_size=3, shuffle=False, verbose=0)
    return model
