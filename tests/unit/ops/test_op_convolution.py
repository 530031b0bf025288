"""Convolutions, pooling, windows."""

import numpy as np
import pytest

from amalthea import KerasTensor, ops
from amalthea.errors import ArgumentError, ArgumentTypeError, ShapeError

_draw = np.random.default_rng(0)


def _naive_conv(x, kernel, stride, padding, dilation):
    """One axis of space, one group, by the definition."""
    reach = dilation * (len(kernel) - 1) + 1
    x = np.pad(x, ((0, 0), padding, (0, 0)))
    count = (x.shape[1] - reach) // stride + 1
    return np.stack([np.einsum("bkc,kcf->bf", x[:, i * stride : i * stride + reach : dilation], kernel) for i in range(count)], 1)


@pytest.mark.parametrize(
    ("window", "stride", "padding", "dilation", "pairs"),
    [
        (3, 1, "same", 1, (1, 1)),
        (3, 2, "same", 1, (1, 1)),  # 7 inputs
        (4, 2, "same", 1, (1, 2)),
        (2, 1, "causal", 3, (3, 0)),
        (3, 2, "valid", 2, (0, 0)),
    ],
)
def test_padding_of_a_convolution(window, stride, padding, dilation, pairs):
    x, kernel = _draw.standard_normal((2, 7, 3)), _draw.standard_normal((window, 3, 4))
    found = ops.conv(x, kernel, stride, padding.upper(), "channels_last", dilation)
    np.testing.assert_allclose(found, _naive_conv(x, kernel, stride, pairs, dilation), atol=1e-9)


def test_a_causal_convolution_does_not_see_ahead():
    x, kernel = np.zeros((1, 5, 1), "float32"), np.ones((3, 1, 1), "float32")
    x[0, 2] = 1.0
    np.testing.assert_array_equal(ops.conv(x, kernel, padding="causal")[0, :, 0], [0, 0, 1, 1, 1])
    with pytest.raises(ArgumentError, match="one axis of space"):
        ops.conv(np.ones((1, 4, 4, 1)), np.ones((2, 2, 1, 1)), padding="causal")


def test_groups_follow_from_the_channels():
    x, kernel = _draw.standard_normal((1, 4, 6)), _draw.standard_normal((2, 3, 4))
    halves = [ops.conv(x[..., i : i + 3], kernel[..., j : j + 2]) for i, j in ((0, 0), (3, 2))]
    np.testing.assert_allclose(ops.conv(x, kernel), np.concatenate(halves, -1), atol=1e-9)
    assert ops.conv(KerasTensor((None, 4, 6)), KerasTensor((2, 3, 4))).shape == (None, 3, 4)


@pytest.mark.parametrize(
    ("padding", "size", "window", "stride"),
    [
        ("valid", 8, 3, 1),
        ("valid", 9, 3, 2),
        ("valid", 8, 2, 2),
        ("valid", 8, 4, 2),
        ("same", 8, 3, 1),
        ("same", 8, 2, 2),
        ("same", 8, 4, 2),
        ("same", 9, 4, 3),
    ],
)
def test_conv_transpose_is_the_adjoint_of_conv(padding, size, window, stride):
    x, kernel = _draw.standard_normal((1, size, 2)), _draw.standard_normal((window, 2, 3))
    y = ops.conv(x, kernel, stride, padding)
    z = _draw.standard_normal(y.shape)
    back = ops.conv_transpose(z, kernel, stride, padding)
    assert back.shape == x.shape
    np.testing.assert_allclose((y * z).sum(), (x * back).sum(), rtol=1e-6)


@pytest.mark.parametrize(
    ("shape", "kwargs", "expected"),
    [
        ((None, None, 6, 3), {"strides": 2, "padding": "same"}, (None, None, 3, 5)),
        ((None, None, 6, 3), {"strides": 2}, (None, None, 2, 5)),
        ((None, 6, 6, None), {}, (None, 4, 4, 5)),
        ((None, 3, 6, 6), {"data_format": "channels_first"}, (None, 5, 4, 4)),
    ],
)
def test_shapes_with_sizes_not_known(shape, kwargs, expected):
    assert ops.conv(KerasTensor(shape), np.ones((3, 3, 3, 5), "float32"), **kwargs).shape == expected


def test_conv_promotes():
    x, kernel = np.ones((1, 4, 1), "float16"), np.ones((2, 1, 1), "float32")
    assert ops.conv(x, kernel).dtype == "float32"
    assert ops.conv(x.astype("int32"), kernel.astype("float16")).dtype == "float16"


IMAGE = np.ones((1, 4, 4, 3), "float32")


@pytest.mark.parametrize(
    ("kernel", "kwargs", "error", "message"),
    [
        ((3, 3, 3), {}, ShapeError, "as many axes"),
        ((3, 3, 2, 4), {}, ShapeError, "3 channels"),
        ((3, 3, 1, 4), {}, ShapeError, "shared out to 3 groups"),
        ((5, 5, 3, 4), {}, ShapeError, "too small"),
        ((3, 3, 3, 4), {"strides": 0}, ArgumentError, "at least 1"),
        ((3, 3, 3, 4), {"strides": (1, 1, 1)}, ArgumentError, "tuple of 2"),
        ((3, 3, 3, 4), {"strides": "two"}, ArgumentTypeError, "strides"),
        ((3, 3, 3, 4), {"padding": "sane"}, ArgumentError, 'Did you mean "same"'),
        ((3, 3, 3, 4), {"data_format": "channels_middle"}, ArgumentError, "data_format"),
    ],
)
def test_conv_refuses_what_does_not_fit(kernel, kwargs, error, message):
    with pytest.raises(error, match=message):
        ops.conv(IMAGE, np.ones(kernel, "float32"), **kwargs)


def test_other_convolutions_refuse_what_does_not_fit():
    with pytest.raises(ShapeError, match="3 channels"):
        ops.depthwise_conv(IMAGE, np.ones((2, 2, 2, 1)))
    with pytest.raises(ShapeError, match="pointwise_kernel"):
        ops.separable_conv(IMAGE, np.ones((2, 2, 3, 1)), np.ones((1, 1, 4, 5)))
    with pytest.raises(ShapeError, match="takes 2"):
        ops.conv_transpose(IMAGE, np.ones((2, 2, 4, 2)))
    with pytest.raises(ShapeError, match="3 to 5 axes"):
        ops.conv(np.ones((4, 4)), np.ones((2, 2)))


def test_average_pooling_does_not_count_what_was_padded():
    x = np.array([1.0, 2.0, 6.0]).reshape(1, 3, 1)
    np.testing.assert_allclose(ops.average_pool(x, 2, 2, "same")[0, :, 0], [1.5, 6.0])
    np.testing.assert_allclose(ops.max_pool(-x, 2, 2, "same")[0, :, 0], [-1.0, -6.0])


def test_pooling_refuses_a_window_that_does_not_fit():
    with pytest.raises(ShapeError, match="not one window fits"):
        ops.max_pool(IMAGE, 5)


def test_adaptive_windows_cover_everything():
    x = np.array([0.0, 1.0, 2.0, 3.0, 4.0, 9.0, 6.0]).reshape(1, 7, 1)
    # windows 0..2, 2..4, 4..6
    np.testing.assert_allclose(ops.adaptive_average_pool(x, 3)[0, :, 0], [1.0, 3.0, 19.0 / 3.0])
    np.testing.assert_allclose(ops.adaptive_max_pool(x, 3)[0, :, 0], [2.0, 4.0, 9.0])
    # more windows than elements
    np.testing.assert_allclose(ops.adaptive_average_pool(x[:, :2], 3)[0, :, 0], [0.0, 0.5, 1.0])
    assert ops.adaptive_max_pool(KerasTensor((None, None, 4, 2)), (2, 3)).shape == (None, 2, 3, 2)


def test_fold_adds_up_what_unfold_saw():
    x, ones = _draw.standard_normal((2, 3, 6, 5)), np.ones((2, 3, 6, 5))
    for kwargs in ({"kernel_size": 2}, {"kernel_size": (3, 2), "stride": (2, 1), "padding": 1}, {"kernel_size": 2, "dilation": 2}):
        often = ops.fold(ops.unfold(ones, **kwargs), (6, 5), **kwargs)
        np.testing.assert_allclose(ops.fold(ops.unfold(x, **kwargs), (6, 5), **kwargs), x * often, atol=1e-9)


def test_fold_and_unfold_refuse_what_does_not_fit():
    with pytest.raises(ShapeError, match="four axes"):
        ops.unfold(np.ones((3, 4, 4)), 2)
    with pytest.raises(ShapeError, match="Not one window"):
        ops.unfold(np.ones((1, 3, 4, 4)), 5)
    with pytest.raises(ShapeError, match="must have shape"):
        ops.fold(np.ones((1, 12, 8)), 4, 2)
    assert ops.unfold(KerasTensor((None, 3, None, 4)), 2).shape == (None, 12, None)
    assert ops.fold(KerasTensor((None, 12, 9)), 4, 2).shape == (None, 3, 4, 4)


@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
def test_space_to_depth_is_undone_by_depth_to_space(data_format):
    x = _draw.standard_normal((2, 4, 6, 8))
    np.testing.assert_array_equal(ops.depth_to_space(ops.space_to_depth(x, 2, data_format), 2, data_format), x)


def test_space_and_depth_refuse_what_does_not_fit():
    with pytest.raises(ShapeError, match="blocks of 2 by 2"):
        ops.space_to_depth(np.ones((1, 3, 4, 1)), 2)
    with pytest.raises(ShapeError, match="6 channels"):
        ops.depth_to_space(np.ones((1, 3, 4, 6)), 2)
    with pytest.raises(ArgumentError, match="at least 2"):
        ops.depth_to_space(np.ones((1, 3, 4, 6)), 1)
    assert ops.space_to_depth(KerasTensor((None, None, 4, 3)), 2).shape == (None, None, 2, 12)
