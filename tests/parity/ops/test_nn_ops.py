"""Operations of neural networks: Keras's values, dtypes and shapes, on every engine, and symbolically.

Left out on purpose, because there Keras's own answer on this backend is wrong: `sparsemax` along another axis than the last,
adaptive pooling to more windows than elements, sums of norms over two axes in `normalize`, sizes of `fold` that strides do not divide.
"""

import functools

import numpy as np
import pytest

_draw = np.random.default_rng(0)


@pytest.fixture
def compare(compare):
    """As the shared fixture, with our calls compiled."""
    return functools.partial(compare, compiled=True)


def normal(*shape):
    return _draw.standard_normal(shape).astype("float32")


def uniform(*shape):
    return _draw.random(shape).astype("float32")


REAL = normal(3, 4) * 3
REAL[0, 0] = 0.0
INTEGERS = np.arange(-3, 5, dtype="int32").reshape(2, 4)

ACTIVATIONS = [
    "celu",
    "elu",
    "gelu",
    "glu",
    "hard_shrink",
    "hard_sigmoid",
    "hard_silu",
    "hard_swish",
    "hard_tanh",
    "leaky_relu",
    "log_sigmoid",
    "log_softmax",
    "relu",
    "relu6",
    "selu",
    "sigmoid",
    "silu",
    "soft_shrink",
    "softmax",
    "softplus",
    "softsign",
    "sparse_plus",
    "sparse_sigmoid",
    "sparsemax",
    "squareplus",
    "swish",
    "tanh_shrink",
]
FLOATING_ONLY = {"sigmoid", "silu", "swish", "glu", "log_softmax"}  # Keras refuses integers there, or warns


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_activation(compare, name):
    compare(name, REAL)
    if name not in FLOATING_ONLY:
        compare(name, INTEGERS)


@pytest.mark.parametrize(
    ("name", "args"),
    [
        ("threshold", (0.5, 0.1)),
        ("gelu", (False,)),
        ("softmax", (0,)),
        ("softmax", ((0, 1),)),
        ("softmax", (None,)),
        ("log_softmax", (0,)),
        ("log_softmax", ((0, 1),)),
        ("glu", (1,)),
        ("leaky_relu", (0.3,)),
        ("elu", (2.0,)),
        ("celu", (2.0,)),
        ("squareplus", (1.0,)),
        ("hard_shrink", (1.0,)),
        ("soft_shrink", (1.0,)),
    ],
)
def test_activation_with_arguments(compare, name, args):
    compare(name, REAL, *args)


CONVOLUTIONS = [
    # axes of space, window, strides, padding, dilation, data format
    (1, 3, 1, "valid", 1, "channels_last"),
    (1, 2, 2, "same", 1, "channels_first"),
    (1, 3, 1, "same", 2, "channels_last"),
    (2, 3, 2, "same", 1, "channels_last"),
    (2, 2, 1, "valid", 2, "channels_first"),
    (2, 1, 2, "valid", 1, "channels_last"),
    (3, 2, 2, "same", 1, "channels_last"),
]


def _image(space, channels, data_format, size=6):
    x = normal(2, *[size] * space, channels)
    return np.moveaxis(x, -1, 1).copy() if data_format == "channels_first" else x


@pytest.mark.parametrize(("space", "window", "strides", "padding", "dilation", "data_format"), CONVOLUTIONS)
def test_conv(compare, space, window, strides, padding, dilation, data_format):
    x = _image(space, 4, data_format)
    for depth in (4, 2):  # one group, two groups (which Keras takes with values only)
        kernel = normal(*[window] * space, depth, 6)
        compare("conv", x, kernel, strides, padding, data_format, dilation, unknown_batch="first", symbolic=depth == 4, tolerance=1e-4)


@pytest.mark.parametrize(("space", "window", "strides", "padding", "dilation", "data_format"), CONVOLUTIONS[:6])
def test_depthwise_and_separable_conv(compare, space, window, strides, padding, dilation, data_format):
    x, depthwise, pointwise = _image(space, 4, data_format), normal(*[window] * space, 4, 2), normal(*[1] * space, 8, 3)
    rest = (strides, padding, data_format, dilation)
    compare("depthwise_conv", x, depthwise, *rest, unknown_batch="first", tolerance=1e-4)
    compare("separable_conv", x, depthwise, pointwise, *rest, unknown_batch="first", tolerance=1e-4)


@pytest.mark.parametrize(
    ("space", "window", "strides", "padding", "output_padding", "dilation"),
    [
        (1, 3, 1, "valid", None, 1),
        (1, 3, 2, "same", None, 1),
        (1, 2, 3, "same", 1, 1),
        (1, 4, 3, "same", 2, 1),
        (1, 2, 3, "valid", None, 1),
        (1, 3, 2, "valid", 1, 1),
        (1, 3, 1, "same", None, 2),
        (1, 2, 1, "valid", 0, 2),
        (2, 3, 2, "same", None, 1),
        (2, 2, 2, "valid", 1, 1),
        (3, 2, 2, "same", None, 1),
    ],
)
def test_conv_transpose(compare, space, window, strides, padding, output_padding, dilation):
    x, kernel = _image(space, 3, "channels_last", 4), normal(*[window] * space, 2, 3)
    compare("conv_transpose", x, kernel, strides, padding, output_padding, "channels_last", dilation, unknown_batch="first", tolerance=1e-4)


@pytest.mark.parametrize("space", [1, 2, 3])
@pytest.mark.parametrize(("window", "strides", "padding"), [(2, 2, "valid"), (3, 2, "same"), (2, 1, "same"), (3, 1, "valid")])
def test_pooling(compare, space, window, strides, padding):
    for name in ("max_pool", "average_pool"):
        for data_format in ("channels_last", "channels_first"):
            compare(name, _image(space, 2, data_format), window, strides, padding, data_format)
    compare("max_pool", np.arange(48, dtype="int32").reshape(2, 6, 4), window, strides, padding)


@pytest.mark.parametrize("space", [1, 2, 3])
@pytest.mark.parametrize("count", [1, 4])
def test_adaptive_pooling(compare, space, count):
    for data_format in ("channels_last", "channels_first"):
        x = _image(space, 2, data_format)
        compare("adaptive_average_pool", x, (count,) * space, data_format=data_format, symbolic=False)
        compare("adaptive_max_pool", x, count, data_format=data_format, symbolic=False)


@pytest.mark.parametrize("axis", [0, 1, -1])
def test_normalization(compare, axis):
    x = normal(2, 5, 3)
    n = x.shape[axis]
    compare("batch_normalization", x, normal(n), uniform(n), axis, normal(n), normal(n), unknown_batch=False, tolerance=1e-4)
    compare("batch_normalization", x, normal(n), uniform(n), axis, unknown_batch=False, tolerance=1e-4)
    compare("layer_normalization", x, normal(n), normal(n), axis, unknown_batch=False, tolerance=1e-4)
    compare("layer_normalization", x, axis=axis)
    compare("rms_normalization", x, axis=axis)


@pytest.mark.parametrize(
    ("name", "args", "kwargs"),
    [
        ("layer_normalization", ((5, 3), (5, 3)), {"axis": (1, 2)}),
        ("layer_normalization", ((5, 3),), {"axis": (-1, -2)}),
        ("layer_normalization", ((2, 3),), {"axis": (0, 2)}),
        ("rms_normalization", ((3,),), {}),
        ("rms_normalization", ((5, 1),), {"axis": 1}),
        ("rms_normalization", ((5, 3),), {"axis": (1, 2)}),
        ("rms_normalization", ((3,),), {"axis": (1, 2), "epsilon": 0.1}),
    ],
)
def test_normalization_over_several_axes(compare, name, args, kwargs):
    compare(name, normal(2, 5, 3), *(normal(*shape) for shape in args), unknown_batch=False, tolerance=1e-4, **kwargs)


@pytest.mark.filterwarnings("ignore")
def test_layer_normalization_with_rms_scaling(compare):
    compare("layer_normalization", normal(2, 5, 3), normal(3), rms_scaling=True, symbolic=False, tolerance=1e-4)


@pytest.mark.parametrize("axes", [0, -1, (0, 1), [0, 2], None])
@pytest.mark.parametrize("keepdims", [False, True])
def test_moments(compare, axes, keepdims):
    compare("moments", normal(2, 5, 3), axes, keepdims)
    compare("moments", np.arange(30, dtype="int32").reshape(2, 5, 3), axes, keepdims)


@pytest.mark.parametrize(("axis", "order"), [(0, 1), (0, 2), (-1, 3), ((0, 1), 2), (None, 2)])
def test_normalize(compare, axis, order):
    x = normal(2, 5, 3)
    x[:, 0] = 0.0
    compare("normalize", x, axis, order)


@pytest.mark.parametrize("axis", [-1, 0, 1])
def test_one_hot_and_multi_hot(compare, axis):
    compare("one_hot", np.array([[0, 3, 1], [-1, 7, 2]]), 4, axis)
    compare("one_hot", np.array([[0, 3, 1], [-1, 7, 2]]), 4, axis, "int32")
    for shape in ((3,), (2, 3), (2, 3, 4)):
        if axis < len(shape):
            compare("multi_hot", _draw.integers(0, 5, shape), 5, axis, symbolic=False)


PROBABILITIES = uniform(4, 5)
PROBABILITIES[0] = np.eye(5)[1]
LOGITS = normal(4, 5) * 20
TARGET = np.eye(5, dtype="float32")[[1, 2, 3, 0]]


@pytest.mark.parametrize(("output", "from_logits"), [(PROBABILITIES, False), (LOGITS, True)], ids=["probabilities", "logits"])
def test_crossentropies(compare, output, from_logits):
    for target in (TARGET, TARGET.astype("int32")):
        compare("binary_crossentropy", target, output, from_logits)
        compare("categorical_crossentropy", target, output, from_logits)
    compare("categorical_crossentropy", TARGET, output, from_logits, 0, symbolic=False)
    for labels in (np.array([1, 2, -1, 9]), np.array([[1], [2], [-1], [9]]), np.array([1.0, 2.0, 3.0, 0.0])):
        compare("sparse_categorical_crossentropy", labels, output, from_logits)
    compare("sparse_categorical_crossentropy", np.array([1, 2, 3, 0]), output[:, :4].T.copy(), from_logits, 0, symbolic=False)


def test_sparse_crossentropy_of_sequences(compare):
    compare("sparse_categorical_crossentropy", _draw.integers(0, 5, (4, 2)), normal(4, 2, 5), True)


BATCH, TARGETS, SOURCES, HEADS = 3, 4, 5, 2


@pytest.mark.parametrize("mask", [None, (4, 5), (3, 4, 5), (3, 1, 4, 5), (1, 1, 1, 5)])
@pytest.mark.parametrize("is_causal", [False, True])
@pytest.mark.filterwarnings("ignore")
def test_dot_product_attention(compare, mask, is_causal):
    query, key, value = normal(BATCH, TARGETS, HEADS, 3), normal(BATCH, SOURCES, HEADS, 3), normal(BATCH, SOURCES, HEADS, 3)
    kept = None if mask is None else _draw.random(mask) > 0.4
    for scale in (None, 0.3):
        compare("dot_product_attention", query, key, value, None, kept, scale, is_causal, unknown_batch=False)
    if mask is not None:
        compare("dot_product_attention", query, key, value, normal(*mask), unknown_batch=False)


def test_attention_with_shared_heads(compare):
    compare("dot_product_attention", normal(2, 4, 4, 3), normal(2, 5, 2, 3), normal(2, 5, 2, 3))


@pytest.mark.parametrize(("kernel", "dilation", "padding", "stride"), [((1, 2), 1, 0, 1), (2, 2, 1, 1), (3, 1, 0, 2), (2, 1, 0, 2), (3, 2, 1, 1)])
def test_unfold_and_fold(compare, kernel, dilation, padding, stride):
    x = normal(2, 3, 7, 7)
    compare("unfold", x, kernel, dilation, padding, stride)
    if stride == 1:
        import keras

        columns = np.asarray(keras.ops.unfold(x, kernel, dilation, padding, stride))
        compare("fold", columns, 7, kernel, dilation, padding, stride, tolerance=1e-4)


@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
def test_space_and_depth(compare, data_format):
    x = normal(2, 4, 8, 4)
    compare("depth_to_space", x, 2, data_format)
    compare("space_to_depth", x, 2, data_format)


def test_polar_and_psnr(compare):
    compare("polar", uniform(3), normal(3), symbolic=False)
    compare("psnr", normal(3, 4), normal(3, 4), 2.0)


LENGTHS = np.array([9, 5, 1])


@pytest.mark.parametrize("mask_index", [0, 3])
def test_ctc_decode(compare, mask_index):
    x = normal(3, 9, 5) * 2
    for merge_repeated in (True, False):
        compare("ctc_decode", x, LENGTHS, merge_repeated=merge_repeated, mask_index=mask_index)


def test_ctc_beam_search(compare):
    compare("ctc_decode", normal(3, 6, 4) * 2, np.array([6, 4, 1]), "beam_search", 20, 3, True, 1, tolerance=1e-4)


@pytest.mark.parametrize(
    ("lengths", "frames", "mask_index"), [((3, 2, 1), (9, 5, 1), 0), ((3, 2, 0), (9, 5, 1), 0), ((3, 3, 1), (4, 4, 1), 4), ((3, 3, 2), (2, 4, 9), 0)]
)
def test_ctc_loss(compare, lengths, frames, mask_index):
    labels = np.array([[1, 2, 1], [1, 2, 2], [3, 1, 0]])
    compare("ctc_loss", labels, normal(3, 9, 5), np.array(lengths), np.array(frames), mask_index, tolerance=1e-4)
