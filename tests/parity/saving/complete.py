"""Models with every layer, loss, metric, optimizer and dtype policy, made with either library; and what they compute, to be compared.

Nothing random happens in them: both libraries draw numbers of their own. Layers that draw have rates of 0 here.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from parity.saving.arguments import IMAGE, LAYERS, SEQUENCE, VECTOR, VOLUME, arguments_for

ROWS = 4
SHAPES = {"image": IMAGE, "sequence": SEQUENCE, "vector": VECTOR, "volume": VOLUME}
# Instead of, or besides, the arguments in the table.
STILL = {
    **{name: {"rate": 0.0} for name in ("AlphaDropout", "Dropout", "GaussianDropout", *(f"SpatialDropout{rank}D" for rank in (1, 2, 3)))},
    "AdditiveAttention": {"dropout": 0.0},
    "Dense": {"dtype": "float32"},
    "EinsumDense": {"output_shape": (7, 6)},
    "GRU": {"dropout": 0.0},
    "GaussianNoise": {"stddev": 0.0},
}
# Cells are parts of recurrent layers.
CELLS = {"GRUCell": {}, "LSTMCell": {"recurrent_dropout": 0.0}, "SimpleRNNCell": {}, "StackedRNNCells": {}}
CALLED_WITH_SEVERAL = ("GroupQueryAttention", "MultiHeadAttention")


def _rng():
    return np.random.default_rng(0)


def _drawn(*shape):
    return _rng().uniform(0.1, 1.0, size=(ROWS, *shape)).astype("float32")


def _name(class_name):
    return f"the_{class_name.lower()}"


def _layers(kind):
    return [row for row in LAYERS if row[2] in (SHAPES[kind], [SHAPES[kind]] * 2)]


def every_layer(kind):
    """A model with every layer that takes inputs of a kind, side by side."""

    def make(k):
        inputs = [k.Input(SHAPES[kind][1:], name=name) for name in ("a", "b")]
        ends = []
        for name, arguments, shape in _layers(kind):
            layer = getattr(k.layers, name)(**{**arguments_for(k, arguments), **STILL.get(name, {})}, name=_name(name))
            if name in CALLED_WITH_SEVERAL:
                ends.append(layer(*inputs))
            else:
                ends.append(layer(inputs if isinstance(shape, list) else inputs[0]))
        if kind == "sequence":
            for name, changes in CELLS.items():
                arguments = next(arguments for found, arguments, _ in LAYERS if found == name)
                cell = getattr(k.layers, name)(**{**arguments_for(k, arguments), **changes}, name=_name(name))
                ends.append(k.layers.RNN(cell, name=f"with_{name.lower()}")(inputs[0]))
        flat = [k.layers.Flatten(name=f"flat_{place}")(end) for place, end in enumerate(ends)]
        joined = k.layers.Concatenate(name="joined")(flat)
        return k.Model(inputs, k.layers.Dense(1, name="end")(joined), name=kind)

    return make, [_drawn(*SHAPES[kind][1:])] * 2, _drawn(1), lambda k: {"loss": "mean_squared_error"}


# --- losses and metrics ---

CLASSES = 3
ONE_HOT = 0.85 * np.eye(CLASSES, dtype="float32")[[0, 1, 2, 1]] + np.float32(0.05)  # some losses divide by targets
NUMBERS = np.array([0, 1, 2, 1], "int32")
TRUTH = np.array([[0.0], [1.0], [1.0], [0.0]], "float32")
TEXTS = np.array([[1, 2], [2, 1], [1, 1], [2, 2]], "int32")

# Arguments of losses; not those that Keras itself leaves out of its files, such as "delta" of Huber.
_LOSSES = {
    "BinaryFocalCrossentropy": {"gamma": 1.5, "label_smoothing": 0.1},
    "CategoricalCrossentropy": {"label_smoothing": 0.1},
    "CategoricalFocalCrossentropy": {"alpha": 0.5},
    "Circle": {"gamma": 8.0, "margin": 0.3},
    "Tversky": {"alpha": 0.3, "beta": 0.6},
}
_SPARSE = ("CategoricalGeneralizedCrossEntropy", "Circle", "SparseCategoricalCrossentropy")
_TEXT = "CTC"
LOSSES = [
    *("BinaryCrossentropy", "BinaryFocalCrossentropy", "CTC", "CategoricalCrossentropy", "CategoricalFocalCrossentropy"),
    *("CategoricalGeneralizedCrossEntropy", "CategoricalHinge", "Circle", "CosineSimilarity", "Dice", "Hinge", "Huber", "KLDivergence", "LogCosh"),
    *("MeanAbsoluteError", "MeanAbsolutePercentageError", "MeanSquaredError", "MeanSquaredLogarithmicError", "Poisson"),
    *("SparseCategoricalCrossentropy", "SquaredHinge", "Tversky"),
]


def every_loss():
    """A model with an output for every loss."""

    def make(k):
        x = k.Input((5,), name="x")
        outputs = {}
        for name in LOSSES:
            end = k.layers.Dense(CLASSES * (5 if name == _TEXT else 1), name=f"before_{name.lower()}")(x)
            if name == _TEXT:
                outputs[name] = k.layers.Reshape((5, CLASSES), name=name)(end)
            elif name == "Circle":
                outputs[name] = k.layers.UnitNormalization(name=name)(end)
            elif name.startswith("Binary"):
                outputs[name] = k.layers.Activation("sigmoid", name=name)(end)
            else:
                outputs[name] = k.layers.Softmax(name=name)(end)
        return k.Model(x, outputs, name="losses")

    y = {name: TEXTS if name == _TEXT else NUMBERS if name in _SPARSE else ONE_HOT for name in LOSSES}
    return make, _drawn(5), y, lambda k: {"loss": {name: getattr(k.losses, name)(**_LOSSES.get(name, {})) for name in LOSSES}}


# Metrics by the outputs that they measure, with arguments.
METRICS = {
    "binary": {
        "AUC": {"num_thresholds": 20, "curve": "PR"},
        "Accuracy": {},
        "BinaryAccuracy": {"threshold": 0.6},
        "BinaryCrossentropy": {"label_smoothing": 0.1},
        "BinaryIoU": {"threshold": 0.3},
        "ConcordanceCorrelation": {},
        "CosineSimilarity": {},
        "F1Score": {"threshold": 0.5},
        "FBetaScore": {"beta": 2.0, "threshold": 0.5},
        "FalseNegatives": {"thresholds": [0.3, 0.6]},
        "FalsePositives": {},
        "Hinge": {},
        "IoU": {"num_classes": 2, "target_class_ids": [0]},
        "KLDivergence": {},
        "LogCoshError": {},
        "MeanAbsoluteError": {},
        "MeanAbsolutePercentageError": {},
        "MeanIoU": {"num_classes": 2},
        "MeanMetricWrapper": lambda k: {"fn": k.losses.mean_squared_error, "name": "wrapped"},
        "MeanSquaredError": {},
        "MeanSquaredLogarithmicError": {},
        "PearsonCorrelation": {},
        "Poisson": {},
        "Precision": {"thresholds": 0.4},
        "PrecisionAtRecall": {"recall": 0.5},
        "R2Score": {},
        "Recall": {"thresholds": [0.2, 0.7]},
        "RecallAtPrecision": {"precision": 0.5},
        "RootMeanSquaredError": {},
        "SensitivityAtSpecificity": {"specificity": 0.5},
        "SpecificityAtSensitivity": {"sensitivity": 0.5},
        "SquaredHinge": {},
        "TrueNegatives": {},
        "TruePositives": {},
    },
    "one_hot": {
        "CategoricalAccuracy": {},
        "CategoricalCrossentropy": {"label_smoothing": 0.1},
        "CategoricalHinge": {},
        "OneHotIoU": {"num_classes": CLASSES, "target_class_ids": [0, 2]},
        "OneHotMeanIoU": {"num_classes": CLASSES},
        "TopKCategoricalAccuracy": {"k": 2},
    },
    "sparse": {
        "SparseCategoricalAccuracy": {},
        "SparseCategoricalCrossentropy": {},
        "SparseTopKCategoricalAccuracy": {"k": 2},
    },
}


def every_metric():
    """A model with outputs for every metric."""

    def make(k):
        x = k.Input((5,), name="x")
        ends = {
            "binary": k.layers.Dense(1, activation="sigmoid", name="binary")(x),
            "one_hot": k.layers.Dense(CLASSES, activation="softmax", name="one_hot")(x),
            "sparse": k.layers.Dense(CLASSES, activation="softmax", name="sparse")(x),
        }
        return k.Model(x, ends, name="metrics")

    def compiled(k):
        made = {
            end: [getattr(k.metrics, name)(**{"name": name.lower(), **arguments_for(k, arguments)}) for name, arguments in some.items()]
            for end, some in METRICS.items()
        }
        losses = {"binary": "binary_crossentropy", "one_hot": "categorical_crossentropy", "sparse": "sparse_categorical_crossentropy"}
        return {"loss": losses, "metrics": made, "weighted_metrics": {"binary": [k.metrics.MeanSquaredError(name="weighted")]}}

    return make, _drawn(5), {"binary": TRUTH, "one_hot": ONE_HOT, "sparse": NUMBERS}, compiled


# --- optimizers and dtypes ---

OPTIMIZERS = {
    "Adadelta": {"learning_rate": 1.0},
    "Adafactor": {"learning_rate": 0.1, "clip_threshold": 2.0},
    "Adagrad": {"learning_rate": 0.1},
    "Adam": lambda k: {"learning_rate": k.optimizers.schedules.ExponentialDecay(0.1, 2, 0.5), "amsgrad": True, "clipnorm": 0.5, "use_ema": True},
    "AdamW": {"weight_decay": 0.01, "gradient_accumulation_steps": 2},
    "Adamax": {},
    "Ftrl": {"l1_regularization_strength": 0.01},
    "Lamb": {},
    "Lion": {},
    "LossScaleOptimizer": lambda k: {"inner_optimizer": k.optimizers.SGD(0.1, momentum=0.5, name="inner"), "initial_scale": 4.0},
    "Muon": {"learning_rate": 0.01},
    "Nadam": {},
    "RMSprop": {"momentum": 0.5, "centered": True},
    "SGD": {"momentum": 0.9, "nesterov": True},
    "ScheduleFreeAdamW": {"warmup_steps": 3},
}
POLICIES = ["bfloat16", "float16", "float64", "mixed_bfloat16", "mixed_float16"]


def _small(k, dtype=None):
    layers = [k.Input((5,)), k.layers.Dense(4, "tanh", dtype=dtype, name="one"), k.layers.BatchNormalization(dtype=dtype, name="two")]
    return k.Sequential([*layers, k.layers.Dense(1, dtype=dtype, name="three")], name="small")


def with_optimizer(name):
    """A small model that is trained by an optimizer."""
    return _small, _drawn(5), _drawn(1), lambda k: {"optimizer": getattr(k.optimizers, name)(**arguments_for(k, OPTIMIZERS[name])), "loss": "mse"}


def with_policy(policy):
    """A small model of a dtype policy."""
    return lambda k: _small(k, policy), _drawn(5), _drawn(1), lambda k: {"loss": "mean_squared_error"}


MODELS = {
    **{kind: every_layer(kind) for kind in SHAPES},
    "losses": every_loss(),
    "metrics": every_metric(),
    **{f"optimizer_{name}": with_optimizer(name) for name in OPTIMIZERS},
    **{f"policy_{name}": with_policy(name) for name in POLICIES},
}
# Those that are written in the older layout, too.
OLDER = [*SHAPES]
# Those that are trained on a backend where not all are: without compilation, JAX still compiles each operation for each shape, in about 20 ms.
TRAINED = {"jax": ["vector", "optimizer_Adam", "optimizer_LossScaleOptimizer"]}


# --- what is done with them ---


# Numbers of optimizers that must stay as they are: rates, and scales of losses.
_KEPT = ("learning_rate", "dynamic_scale", "momentum_cache")


def _settle(k, name):
    """A model of the table, compiled; its weights and the state of its optimizer have values that no initializer gives."""
    make, _, _, compiled = MODELS[name]
    model = make(k)
    model.compile(**{"optimizer": k.optimizers.SGD(1e-5, momentum=0.5), "run_eagerly": True, "jit_compile": False, **compiled(k)})
    draw = np.random.default_rng(2)
    model.optimizer.build(model.trainable_variables)
    for variable in [*model.weights, *model.optimizer.variables]:
        if "float" in str(variable.dtype) and variable.path.rpartition("/")[2] not in _KEPT:
            most = 1e-3 if "end" in variable.path else 0.3  # very many numbers come together there
            variable.assign(draw.uniform(most / 6, most, size=variable.shape).astype("float32"))
    return model


def _results(model, name, trained):
    """What it predicts; and if it is to be trained, the next step, and what it predicts then."""
    _, x, y, _ = MODELS[name]
    found = {}
    for moment in ("before", "after") if trained else ("before",):
        outputs = model.predict_on_batch(x)
        for key, value in outputs.items() if isinstance(outputs, dict) else [("", outputs)]:
            found[f"{moment}/{key}"] = np.asarray(value, "float64")
        if trained and moment == "before":
            logs = model.train_on_batch(x, y, return_dict=True)
            found |= {f"logs/{key}": np.asarray(value, "float64") for key, value in logs.items()}
    return {f"{name}/{key}": value for key, value in found.items()}


def write(k, folder, backend):
    """Save every model, with what it computes on a backend."""
    found = {}
    for name in MODELS:
        model = _settle(k, name)
        model.save(Path(folder, f"{name}.keras"))
        if name in OLDER:
            model.save(Path(folder, f"{name}.h5"))
        found |= _results(model, name, name in TRAINED.get(backend, MODELS))
    np.savez(Path(folder, "expected.npz"), **found)


def read(load_model, folder, backend, endings, without=()):
    """What the models compute that are in files, by the endings of the files; `endings` says for each whether they are trained too."""
    found = {}
    for path in sorted(Path(folder).iterdir()):
        if path.suffix in endings and path.name not in without:
            trained = endings[path.suffix] and path.stem in TRAINED.get(backend, MODELS)
            found |= {f"{path.suffix}/{key}": value for key, value in _results(load_model(path), path.stem, trained).items()}
    return found
