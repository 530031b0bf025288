"""The dtypes that operations give, for every dtype that comes in: those that Keras gives when it computes.

(Called symbolically, Keras often says the dtype that came in, whatever it computes later; ours say the same both times.)
"""

import jax
import keras
import numpy as np
import pytest

import amalthea
from amalthea import KerasTensor, ops

DTYPES = ["bool", "uint8", "int8", "int32", "float16", "bfloat16", "float32"]
FLOATS = ["float16", "bfloat16", "float32"]

UNARY = [
    "celu", "elu", "gelu", "hard_shrink", "hard_sigmoid", "hard_silu", "hard_tanh", "leaky_relu", "log_sigmoid", "log_softmax", "relu", "relu6",
    "selu", "sigmoid", "silu", "soft_shrink", "softmax", "softplus", "softsign", "sparse_plus", "sparse_sigmoid", "sparsemax", "squareplus",
    "tanh_shrink", "erf", "erfc", "erfinv", "rsqrt", "logsumexp", "stop_gradient", "normalize",
]  # fmt: skip
# Here Keras refuses what is not floating, or (a normal distribution of integers) gives back the integers.
FLOATING_ONLY = {"sigmoid", "silu", "erf", "rsqrt", "normalize"}
REFUSED = {("log_sigmoid", "bool"), ("softmax", "bool"), ("log_softmax", "bool")}


def kerass(function, *dtypes, **kwargs):
    """The dtype of Keras's result, without computing it."""
    arguments = [jax.ShapeDtypeStruct((4, 4), amalthea.dtypes.numpy_dtype(dtype)) for dtype in dtypes]
    return keras.backend.standardize_dtype(jax.eval_shape(lambda *xs: function(*xs, **kwargs), *arguments).dtype)


def ours(function, *dtypes, **kwargs):
    return function(*(KerasTensor((4, 4), dtype) for dtype in dtypes), **kwargs).dtype


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", UNARY)
def test_one_tensor(name):
    for dtype in DTYPES:
        found = ours(getattr(ops, name), dtype)
        if (name, dtype) in REFUSED or (name in FLOATING_ONLY and dtype not in FLOATS):
            assert found == "float32"
        else:
            assert found == kerass(getattr(keras.ops, name), dtype), dtype


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", ["binary_crossentropy", "categorical_crossentropy"])
@pytest.mark.parametrize("from_logits", [False, True])
def test_crossentropies(name, from_logits):
    for target in DTYPES[1:]:
        for output in FLOATS:
            expected = kerass(getattr(keras.ops, name), target, output, from_logits=from_logits)
            assert ours(getattr(ops, name), target, output, from_logits=from_logits) == expected, (target, output)


@pytest.mark.parametrize("output", FLOATS)
def test_sparse_crossentropy(output):
    def of(namespace):
        return lambda x: namespace.sparse_categorical_crossentropy(np.zeros(4, "int32"), x)

    assert ours(of(ops), output) == kerass(of(keras.ops), output)


@pytest.mark.parametrize("x", FLOATS)
def test_normalisation(x):
    for statistics in FLOATS:

        def of(namespace, statistics=statistics):
            vector = namespace.ones((4,), statistics)
            return lambda x: namespace.batch_normalization(x, vector, vector, -1)

        assert ours(of(ops), x) == kerass(of(keras.ops), x), statistics
    assert ours(ops.layer_normalization, x) == kerass(keras.ops.layer_normalization, x)
    assert ours(ops.rms_normalization, x) == kerass(keras.ops.rms_normalization, x)


@pytest.mark.parametrize("x", FLOATS)
def test_attention_promotes(x):
    for other in FLOATS:

        def of(namespace, other=other):
            rest = namespace.ones((1, 4, 2, 2), other)
            return lambda x: namespace.dot_product_attention(namespace.reshape(x, (1, 4, 2, 2)), rest, rest)

        assert ours(of(ops), x) == kerass(of(keras.ops), x), other
