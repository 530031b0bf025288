"""Layers of one's own that compute with the sizes of their inputs, in models whose batch (or more) is not known."""

import numpy as np
import pytest

import amalthea
from amalthea import layers, ops, random
from amalthea.engines.sizes import SupposedSize, known
from amalthea.errors import ArgumentError, ShapeError


class Computing(layers.Layer):
    """A function of its input, and of a dense layer that is built when it is first called."""

    def __init__(self, fn):
        super().__init__()
        self.fn, self.dense = fn, layers.Dense(3)

    def call(self, x):
        return self.fn(x, self.dense)


CASES = [
    (lambda x, dense: ops.reshape(x, (ops.shape(x)[0], -1)), (5, 4), (None, 20)),
    (lambda x, dense: ops.reshape(x, (ops.shape(x)[0], -1, 2, 2)), (5, 4), (None, 5, 2, 2)),
    (lambda x, dense: dense(ops.reshape(x, (ops.shape(x)[0], -1))), (5, 4), (None, 3)),
    (lambda x, dense: dense(ops.reshape(x, (ops.shape(x)[0] * ops.shape(x)[1], 4))), (5, 4), (None, 3)),
    (lambda x, dense: x + ops.cast(ops.arange(ops.shape(x)[1]), "float32")[None, :, None], (None, 4), (None, None, 4)),
    (lambda x, dense: x + ops.cast(ops.arange(0, ops.shape(x)[1], 1), "float32")[None, :, None], (None, 4), (None, None, 4)),
    (lambda x, dense: ops.sum(x, 1) / ops.cast(ops.shape(x)[1], "float32"), (None, 4), (None, 4)),
    (lambda x, dense: x[:, : ops.shape(x)[1] // 2], (None, 4), (None, None, 4)),
    (lambda x, dense: x + random.normal((ops.shape(x)[0], 5, 4), seed=1), (5, 4), (None, 5, 4)),
    (lambda x, dense: ops.tile(x[:1], (ops.shape(x)[0], 1, 2)), (5, 4), (None, 5, 8)),
]


@pytest.mark.parametrize(("fn", "shape", "expected"), CASES)
def test_shapes_of_layers_that_compute_with_sizes(fn, shape, expected):
    inputs = amalthea.Input(shape)
    layer = Computing(fn)
    outputs = layer(inputs)
    assert outputs.shape == expected
    assert layer.dense.built is (expected == (None, 3))
    if layer.dense.built:
        assert layer.dense.get_build_config()["input_shape"][0] is None
    model = amalthea.Model(inputs, outputs)
    for batch, length in ((2, 6), (3, 8)):
        x = np.random.default_rng(0).normal(size=(batch, *(length if size is None else size for size in shape))).astype("float32")
        np.testing.assert_allclose(model(x), layer(x), rtol=1e-6)
        assert len(model(x).shape) == len(expected)


def test_what_fails_for_any_size_fails():
    with pytest.raises(ShapeError, match=r"Received shapes: \(None, 5, 4\), \(3, 2\)"):
        Computing(lambda x, dense: ops.matmul(x, ops.ones((3, 2))))(amalthea.Input((5, 4)))
    with pytest.raises(ArgumentError, match="The size of axis 1 is not known"):  # one output for each place, of which there might be any number
        Computing(lambda x, dense: ops.unstack(x, axis=1))(amalthea.Input((None, 4)))
    with pytest.raises(ShapeError, match="At most one size"):
        Computing(lambda x, dense: dense(ops.reshape(x, (-1, ops.shape(x)[1]))))(amalthea.Input((None, 4)))


def test_supposed_sizes():
    size = SupposedSize(83, 89)
    assert known([size + 1, 2 * size, size // 2, size % 7, -size, 4]) == [None, None, None, None, None, 4]
    assert (size * 12 // size, size - size, (size * 6) % size) == (12, 0, 0)
    assert type(size * 12 // size) is int
    assert size != 83 and size == SupposedSize(83, 89) and size != SupposedSize(83, 97)
    assert {size: 1}.get(83) is None
