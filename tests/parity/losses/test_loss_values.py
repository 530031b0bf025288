"""Losses against Keras: values, gradients, reductions, weights, masks, dtypes, configurations."""

import jax
import jax.numpy as jnp
import keras
import numpy as np
import pytest

import amalthea
from amalthea import losses, ops
from amalthea.state.masks import set_mask

REDUCTIONS = ["sum_over_batch_size", "mean", "sum", "none", None, "mean_with_sample_weight"]


def _draw(seed=0):
    return np.random.default_rng(seed)


def _distributions(shape, seed=0):
    x = _draw(seed).random(shape).astype("float32") + 0.05
    return x / x.sum(-1, keepdims=True)


def _one_hot(shape, seed=1):
    return np.eye(shape[-1], dtype="float32")[_draw(seed).integers(0, shape[-1], shape[:-1])]


def _numbers(shape, seed):
    return _draw(seed).normal(size=shape).astype("float32")


def _data(kind, shape):
    """Targets and predictions as losses of this kind take them."""
    return {
        "numbers": lambda: (_numbers(shape, 0), _numbers(shape, 1)),
        "positive": lambda: (np.exp(_numbers(shape, 0)), np.exp(_numbers(shape, 1))),
        "binary": lambda: ((_draw(0).random(shape) > 0.5).astype("float32"), _draw(1).random(shape).astype("float32")),
        "binary logits": lambda: ((_draw(0).random(shape) > 0.5).astype("float32"), 3 * _numbers(shape, 1)),
        "signs": lambda: (np.sign(_numbers(shape, 0)), _numbers(shape, 1)),
        "classes": lambda: (_one_hot(shape), _distributions(shape)),
        "class logits": lambda: (_one_hot(shape), 3 * _numbers(shape, 1)),
        "labels": lambda: (_one_hot(shape).argmax(-1).astype("int32"), _distributions(shape)),
        "label logits": lambda: (_one_hot(shape).argmax(-1).astype("int32"), 3 * _numbers(shape, 1)),
        "distributions": lambda: (_distributions(shape, 1), _distributions(shape, 2)),
    }[kind]()


FUNCTIONS = [
    ("mean_squared_error", {}, "numbers"),
    ("mean_absolute_error", {}, "numbers"),
    ("mean_absolute_percentage_error", {}, "numbers"),
    ("mean_squared_logarithmic_error", {}, "positive"),
    ("mean_squared_logarithmic_error", {}, "numbers"),
    ("log_cosh", {}, "numbers"),
    ("huber", {}, "numbers"),
    ("huber", {"delta": 0.3}, "numbers"),
    ("cosine_similarity", {}, "numbers"),
    ("cosine_similarity", {"axis": 0}, "numbers"),
    ("kl_divergence", {}, "distributions"),
    ("poisson", {}, "positive"),
    ("hinge", {}, "binary"),
    ("hinge", {}, "signs"),
    ("squared_hinge", {}, "signs"),
    ("squared_hinge", {}, "binary"),
    ("categorical_hinge", {}, "classes"),
    ("binary_crossentropy", {}, "binary"),
    ("binary_crossentropy", {"label_smoothing": 0.2}, "binary"),
    ("binary_crossentropy", {"from_logits": True, "axis": 0}, "binary logits"),
    ("binary_focal_crossentropy", {}, "binary"),
    ("binary_focal_crossentropy", {"apply_class_balancing": True, "alpha": 0.3, "gamma": 1.5, "label_smoothing": 0.1}, "binary"),
    ("binary_focal_crossentropy", {"from_logits": True}, "binary logits"),
    ("categorical_crossentropy", {}, "classes"),
    ("categorical_crossentropy", {"label_smoothing": 0.1}, "distributions"),
    ("categorical_crossentropy", {"from_logits": True}, "class logits"),
    ("categorical_focal_crossentropy", {}, "classes"),
    ("categorical_focal_crossentropy", {"alpha": 0.4, "gamma": 1.5, "label_smoothing": 0.1}, "classes"),
    ("categorical_focal_crossentropy", {"from_logits": True, "alpha": [0.1, 0.2, 0.3, 0.4]}, "class logits"),
    ("sparse_categorical_crossentropy", {}, "labels"),
    ("sparse_categorical_crossentropy", {"from_logits": True}, "label logits"),
    ("sparse_categorical_crossentropy", {"ignore_class": 2}, "labels"),
    ("sparse_categorical_crossentropy", {"ignore_class": 0, "from_logits": True}, "label logits"),
    ("categorical_generalized_cross_entropy", {"q": 0.7}, "labels"),
    ("dice", {}, "binary"),
    ("dice", {"axis": -1}, "binary"),
    ("tversky", {"alpha": 0.3, "beta": 0.8, "axis": (0,)}, "binary"),
    ("tversky", {}, "binary"),
]


def _named(case):
    name, kwargs, kind = case
    return f"{name}-{kind}-{'-'.join(map(str, kwargs))}"


@pytest.mark.parametrize("case", FUNCTIONS, ids=_named)
def test_function(case):
    name, kwargs, kind = case
    y_true, y_pred = _data(kind, (2, 3, 4))
    ours = getattr(losses, name)(y_true, y_pred, **kwargs)
    theirs = getattr(keras.losses, name)(y_true, jnp.asarray(y_pred), **kwargs)
    assert ours.dtype == theirs.dtype
    np.testing.assert_allclose(ours, theirs, rtol=2e-5, atol=1e-6)


@pytest.mark.parametrize("case", FUNCTIONS, ids=_named)
def test_gradient(case):
    name, kwargs, kind = case
    y_true, y_pred = _data(kind, (5, 4))

    def gradient(module):
        return jax.grad(lambda p: getattr(module, name)(y_true, p, **kwargs).sum())(jnp.asarray(y_pred))

    np.testing.assert_allclose(gradient(losses), gradient(keras.losses), rtol=1e-4, atol=2e-5)


CIRCLE = [
    ({}, [0, 1, 0, 1]),
    ({"gamma": 2.0, "margin": 0.1}, [[0], [1], [0], [2]]),
    ({"remove_diagonal": False}, [0, 0, 0, 0]),
    ({"gamma": 10.0, "references": 3, "remove_diagonal": False}, [0, 1, 2, 3]),
    ({"gamma": 10.0, "references": 3}, [0, 1, 0, 1]),
]


@pytest.mark.parametrize(("kwargs", "labels"), CIRCLE, ids=str)
def test_circle(kwargs, labels):
    kwargs, labels = dict(kwargs), np.array(labels)
    embeddings = _numbers((4, 5), 3)
    embeddings /= np.linalg.norm(embeddings, axis=1, keepdims=True)
    if "references" in kwargs:
        count = kwargs.pop("references")
        kwargs |= {"ref_labels": labels[:count], "ref_embeddings": embeddings[:count]}

    def value_and_gradient(module):
        value = module.circle(labels, jnp.asarray(embeddings), **kwargs)
        return value, jax.grad(lambda p: module.circle(labels, p, **kwargs).sum())(jnp.asarray(embeddings))

    for ours, theirs in zip(value_and_gradient(losses), value_and_gradient(keras.losses), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=2e-4, atol=2e-4)


def test_ctc():
    labels = np.array([[1, 2, 1], [1, 2, 0], [2, 2, 0], [3, 0, 0]])
    logits = _numbers((4, 6, 4), 1)

    def value_and_gradient(module):
        return module.ctc(labels, jnp.asarray(logits)), jax.grad(lambda p: module.CTC()(labels, p))(jnp.asarray(logits))

    for ours, theirs in zip(value_and_gradient(losses), value_and_gradient(keras.losses), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-5)


CLASSES = [
    ("MeanSquaredError", {}, "numbers"),
    ("MeanAbsoluteError", {}, "numbers"),
    ("MeanAbsolutePercentageError", {}, "numbers"),
    ("MeanSquaredLogarithmicError", {}, "positive"),
    ("LogCosh", {}, "numbers"),
    ("Huber", {"delta": 0.5}, "numbers"),
    ("CosineSimilarity", {}, "numbers"),
    ("KLDivergence", {}, "distributions"),
    ("Poisson", {}, "positive"),
    ("Hinge", {}, "signs"),
    ("SquaredHinge", {}, "signs"),
    ("CategoricalHinge", {}, "classes"),
    ("BinaryCrossentropy", {"label_smoothing": 0.1}, "binary"),
    ("BinaryFocalCrossentropy", {"apply_class_balancing": True}, "binary"),
    ("CategoricalCrossentropy", {"from_logits": True}, "class logits"),
    ("CategoricalFocalCrossentropy", {"gamma": 3.0}, "classes"),
    ("SparseCategoricalCrossentropy", {}, "labels"),
    ("SparseCategoricalCrossentropy", {"ignore_class": 1}, "labels"),
    ("CategoricalGeneralizedCrossEntropy", {"q": 0.3}, "labels"),
    ("Dice", {"axis": -1}, "binary"),
    ("Tversky", {"axis": -1, "alpha": 0.2}, "binary"),
]


def _class_name(case):
    return f"{case[0]}-{'-'.join(map(str, case[1]))}"


def _pair_of_losses(case, **kwargs):
    return tuple(getattr(module, case[0])(**case[1], **kwargs) for module in (losses, keras.losses))


@pytest.mark.parametrize("case", CLASSES, ids=_class_name)
def test_class(case):
    y_true, y_pred = _data(case[2], (6, 4))
    weights = _draw(5).random(6).astype("float32")
    ours, theirs = _pair_of_losses(case)
    for sample_weight in (None, weights):
        np.testing.assert_allclose(ours(y_true, y_pred, sample_weight), theirs(y_true, y_pred, sample_weight), rtol=2e-5, atol=1e-6)


WEIGHTS = [((6, 4), (6,)), ((6, 4), (6, 1)), ((2, 3, 4), (2, 3)), ((2, 3, 4), (2, 1)), ((2, 3, 4), (2, 3, 1)), ((2, 3, 4), ())]


@pytest.mark.parametrize(
    "case", [("MeanAbsoluteError", {}, "numbers"), ("SparseCategoricalCrossentropy", {"ignore_class": 1}, "labels")], ids=_class_name
)
@pytest.mark.parametrize("reduction", REDUCTIONS, ids=str)
def test_reduction(case, reduction):
    ours, theirs = _pair_of_losses(case, reduction=reduction)
    for shape, weight_shape in WEIGHTS:
        y_true, y_pred = _data(case[2], shape)
        for weights in (None, _draw(5).random(weight_shape).astype("float32")):
            a, b = ours(y_true, y_pred, weights), theirs(y_true, y_pred, weights)
            assert a.shape == b.shape
            np.testing.assert_allclose(a, b, rtol=2e-5, atol=1e-6, err_msg=f"{shape} {weight_shape}")


@pytest.mark.parametrize(
    "case", [("MeanAbsoluteError", {}, "numbers"), ("SparseCategoricalCrossentropy", {"ignore_class": 1}, "labels")], ids=_class_name
)
@pytest.mark.parametrize("reduction", REDUCTIONS, ids=str)
def test_mask(case, reduction):
    y_true, y_pred = _data(case[2], (2, 3, 4))
    ours, theirs = _pair_of_losses(case, reduction=reduction)
    for mask in ([[True, False, True], [True, False, False]], [[False] * 3] * 2):
        mine, other = ops.convert_to_tensor(y_pred.copy()), jnp.array(y_pred)
        set_mask(mine, ops.convert_to_tensor(mask))
        other._keras_mask = jnp.array(mask)
        for weights in (None, np.array([[2.0], [3.0]]), np.array([[2.0, 1.0, 0.0], [3.0, 1.0, 2.0]])):
            np.testing.assert_allclose(ours(y_true, mine, weights), theirs(y_true, other, weights), rtol=2e-5, atol=1e-6, err_msg=str(mask))


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
@pytest.mark.parametrize("case", CLASSES[::3], ids=_class_name)
def test_dtype(case, dtype):
    y_true, y_pred = _data(case[2], (6, 4))
    ours, theirs = _pair_of_losses(case, dtype=dtype)
    assert ours.dtype == theirs.dtype == dtype
    a, b = ours(y_true, y_pred), theirs(y_true, y_pred)
    assert str(a.dtype) == dtype
    np.testing.assert_allclose(np.float32(a), np.float32(b), rtol={"float16": 2e-2, "bfloat16": 8e-2}[dtype])


@pytest.mark.parametrize("shapes", [((5,), (5,)), ((5,), (5, 1)), ((5, 1), (5,)), ((3, 1), (3, 4)), ((2, 3), (2, 3, 1))], ids=str)
def test_ranks(shapes):
    y_true, y_pred = (_numbers(shape, seed) for seed, shape in enumerate(shapes))
    for reduction in ("sum_over_batch_size", "none"):
        ours, theirs = _pair_of_losses(("MeanAbsoluteError", {}), reduction=reduction)
        a, b = ours(y_true, y_pred), theirs(y_true, y_pred)
        assert a.shape == b.shape
        np.testing.assert_allclose(a, b, rtol=1e-6)


@pytest.mark.parametrize("case", CLASSES, ids=_class_name)
def test_config(case):
    defaults = {"Huber": {"delta": 1.0}}.get(case[0], case[1])
    ours, theirs = (getattr(module, case[0])(**defaults) for module in (losses, keras.losses))
    assert ours.get_config() == theirs.get_config()
    assert losses.serialize(ours) == keras.losses.serialize(theirs)
    # Each reads what the other writes.
    mine = losses.deserialize(keras.losses.serialize(theirs))
    y_true, y_pred = _data(case[2], (6, 4))
    np.testing.assert_allclose(mine(y_true, y_pred), theirs(y_true, y_pred), rtol=2e-5, atol=1e-6)
    if case[0] == "CategoricalGeneralizedCrossEntropy":
        return  # Keras does not read its own.
    other = keras.losses.deserialize(losses.serialize(getattr(losses, case[0])(**case[1])))
    np.testing.assert_allclose(other(y_true, y_pred), getattr(keras.losses, case[0])(**case[1])(y_true, y_pred), rtol=2e-5, atol=1e-6)


NAMES = [name for name in dir(keras.losses) if not name.startswith("_")]


def test_public_names_are_those_of_keras():
    assert sorted(losses.__all__) == sorted(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_signature(name):
    from inspect import signature

    def plain(function):
        return [(p.name, p.default) for p in signature(function).parameters.values()]

    assert plain(getattr(losses, name)) == plain(getattr(keras.losses, name))


@pytest.mark.parametrize(
    "name", ["mse", "MSE", "mae", "MAE", "mape", "MAPE", "msle", "MSLE", "bce", "BCE", "kld", "KLD", "huber", "Huber", "poisson"]
)
def test_get(name):
    ours, theirs = losses.get(name), keras.losses.get(name)
    named = [getattr(loss, "__name__", None) or loss.name for loss in (ours, theirs)]
    assert named[0] == named[1]


def test_serialized_function():
    config = keras.losses.serialize(keras.losses.categorical_hinge)
    assert losses.serialize(losses.categorical_hinge) == config
    assert losses.deserialize(config) is losses.categorical_hinge


def test_default_name_of_a_subclass():
    class SquareRoot(amalthea.Loss):
        def call(self, y_true, y_pred):
            return y_true

    class Square_Root(keras.Loss):
        pass

    Square_Root.__name__ = "SquareRoot"
    assert SquareRoot().name == Square_Root().name
