"""Graphs with operations in them: Keras reads what we write, we read what Keras writes, and both describe the same graph."""

import json

import keras
import numpy as np
import pytest

import amalthea

FEATURES, SQUARE, IMAGE = (4,), (4, 4), (6, 6, 3)

# names of functions, shapes of the inputs, more arguments
PLAIN = [
    (
        "abs absolute angle arccos arccosh arcsin arcsinh arctan arctanh cbrt ceil celu conj conjugate convert_to_tensor copy cos cosh deg2rad elu "
        "empty_like erf erfc erfinv exp exp2 expm1 fabs floor gelu glu hard_shrink hard_sigmoid hard_silu hard_swish hard_tanh i0 imag isfinite "
        "isinf isnan isneginf isposinf isreal leaky_relu log log10 log1p log2 log_sigmoid log_softmax logical_not nan_to_num negative normalize "
        "ones_like rad2deg ravel real reciprocal relu relu6 round rsqrt selu sigmoid sign signbit silu sin sinc sinh soft_shrink softmax softplus "
        "softsign sparse_plus sparse_sigmoid sparsemax sqrt square squareplus stop_gradient swish tan tanh tanh_shrink trunc zeros_like",
        [FEATURES],
        {},
    ),
    (
        "all amax amin any argmax argmin argsort count_nonzero cumprod cumsum diagonal diff flip fliplr flipud logsumexp max mean median min nanargmax "
        "nanargmin nancumprod nancumsum nanmax nanmean nanmedian nanmin nanprod nanstd nansum nanvar prod ptp sort std sum trace transpose tril triu var",
        [FEATURES],
        {},
    ),
    ("all any logsumexp max mean median min nanmean prod std sum var", [FEATURES], {"axis": -1, "keepdims": True}),
    (
        "add allclose append arctan2 divide divide_no_nan equal floor_divide fmax fmin fmod greater greater_equal heaviside hypot inner isclose "
        "kron less less_equal logaddexp logaddexp2 logical_and logical_or logical_xor maximum minimum mod multiply nextafter not_equal outer "
        "power subtract true_divide vdot",
        [FEATURES, FEATURES],
        {},
    ),
    ("cdist dot matmul solve", [SQUARE, SQUARE], {}),
    ("cholesky det eig eigh inv logdet lu_factor matrix_rank norm pinv qr slogdet svd", [SQUARE], {}),
]
INTEGERS = {0: "int32", 1: "int32"}

# what is done (the library's `ops` first, then the inputs), shapes of the inputs, their dtypes where not float32
CASES = {
    f"{name}{'-keepdims' if more else ''}": (lambda ops, *x, name=name, more=more: getattr(ops, name)(*x, **more), shapes, {})
    for names, shapes, more in PLAIN
    for name in names.split()
} | {
    "affine_transform": (lambda ops, x: ops.image.affine_transform(x, np.ones((2, 8), "float32")), [IMAGE], {}),
    "array_split": (lambda ops, x: ops.array_split(x, 3, axis=-1)[1], [FEATURES], {}),
    "average": (lambda ops, x: ops.average(x, axis=1, weights=np.ones(4, "float32")), [FEATURES], {}),
    "average_pool": (lambda ops, x: ops.average_pool(x, 2, strides=1, padding="same", data_format="channels_last"), [IMAGE], {}),
    "batch_normalization": (lambda ops, x: ops.batch_normalization(x, np.zeros(4), np.ones(4), axis=-1), [FEATURES], {}),
    "binary_crossentropy": (lambda ops, x, y: ops.binary_crossentropy(x, y), [FEATURES, FEATURES], {}),
    "bincount": (lambda ops, x: ops.bincount(x, minlength=4), [FEATURES], {0: "int32"}),
    "bitwise_and": (lambda ops, x, y: ops.bitwise_and(x, y), [FEATURES, FEATURES], INTEGERS),
    "broadcast_to": (lambda ops, x: ops.broadcast_to(x, (3, 2, 4)), [FEATURES], {}),
    "cast": (lambda ops, x: ops.cast(x, "int32"), [FEATURES], {}),
    "categorical_crossentropy": (lambda ops, x, y: ops.categorical_crossentropy(x, y, from_logits=True), [FEATURES, FEATURES], {}),
    "clip": (lambda ops, x: ops.clip(x, -0.5, 0.5), [FEATURES], {}),
    "concatenate": (lambda ops, x, y: ops.concatenate([x, y], axis=-1), [FEATURES, FEATURES], {}),
    "conv": (lambda ops, x: ops.conv(x, np.ones((3, 3, 3, 2), "float32"), padding="same", data_format="channels_last"), [IMAGE], {}),
    "conv_transpose": (lambda ops, x: ops.conv_transpose(x, np.ones((3, 3, 2, 3), "float32"), 2, data_format="channels_last"), [IMAGE], {}),
    "crop_images": (lambda ops, x: ops.image.crop_images(x, 1, 1, 1, 1), [IMAGE], {}),
    "depth_to_space": (lambda ops, x: ops.depth_to_space(x, 2), [(2, 2, 4)], {}),
    "depthwise_conv": (lambda ops, x: ops.depthwise_conv(x, np.ones((3, 3, 3, 2), "float32"), data_format="channels_last"), [IMAGE], {}),
    "diag": (lambda ops, x: ops.diag(ops.ravel(x)), [FEATURES], {}),
    "digitize": (lambda ops, x: ops.digitize(x, np.array([0.0, 1.0])), [FEATURES], {}),
    "dot_product_attention": (lambda ops, x: ops.dot_product_attention(x, x, x), [(4, 2, 4)], {}),
    "einsum": (lambda ops, x, y: ops.einsum("bij,bjk->bik", x, y), [SQUARE, SQUARE], {}),
    "expand_dims": (lambda ops, x: ops.expand_dims(x, -1), [FEATURES], {}),
    "extract_patches": (lambda ops, x: ops.image.extract_patches(x, 2), [IMAGE], {}),
    "extract_patches_3d": (lambda ops, x: ops.image.extract_patches_3d(x, (2, 2, 2)), [(4, 4, 4, 2)], {}),
    "extract_sequences": (lambda ops, x: ops.extract_sequences(x, 4, 2), [(16,)], {}),
    "fft": (lambda ops, x, y: ops.fft((x, y)), [FEATURES, FEATURES], {}),
    "full_like": (lambda ops, x: ops.full_like(x, 2.0), [FEATURES], {}),
    "gaussian_blur": (lambda ops, x: ops.image.gaussian_blur(x), [IMAGE], {}),
    "in_top_k": (lambda ops, x, y: ops.in_top_k(x, y, 2), [(), FEATURES], {0: "int32"}),
    "index": (lambda ops, x: x[:, 1:3], [FEATURES], {}),
    "index-ellipsis": (lambda ops, x: x[..., None], [FEATURES], {}),
    "index-step": (lambda ops, x: x[:, ::2, 1], [SQUARE], {}),
    "isin": (lambda ops, x: ops.isin(x, [1.0, 2.0]), [FEATURES], {}),
    "layer_normalization": (lambda ops, x: ops.layer_normalization(x), [FEATURES], {}),
    "linspace": (lambda ops, x, y: ops.linspace(x, y, 5), [FEATURES, FEATURES], {}),
    "left_shift": (lambda ops, x, y: ops.left_shift(x, y), [FEATURES, FEATURES], INTEGERS),
    "max_pool": (lambda ops, x: ops.max_pool(x, 2), [(6, 6, 2)], {}),
    "meshgrid": (lambda ops, x, y: ops.meshgrid(x, y), [FEATURES, FEATURES], {}),
    "moments": (lambda ops, x: ops.moments(x, axes=[1]), [SQUARE], {}),
    "moveaxis": (lambda ops, x: ops.moveaxis(x, 1, 2), [SQUARE], {}),
    "multi_hot": (lambda ops, x: ops.multi_hot(x, 5, dtype="float32"), [FEATURES], {0: "int32"}),
    "one_hot": (lambda ops, x: ops.one_hot(x, 5, dtype="float32"), [FEATURES], {0: "int32"}),
    "operators": (lambda ops, x, y: -((2 * x + 1 - y / 3) ** 2) % 3 // 2, [FEATURES, FEATURES], {}),
    "operators-comparison": (lambda ops, x, y: (x > y) & (x < 1) | ~(y >= 0) ^ (x <= y), [FEATURES, FEATURES], {}),
    "operators-matrix": (lambda ops, x, y: x @ ops.transpose(y), [FEATURES, FEATURES], {}),
    "pad": (lambda ops, x: ops.pad(x, ((0, 0), (1, 2)), constant_values=2), [FEATURES], {}),
    "pad-reflect": (lambda ops, x: ops.pad(x, ((0, 0), (1, 2)), mode="reflect"), [FEATURES], {}),
    "pad_images": (lambda ops, x: ops.image.pad_images(x, 1, 1, 1, 1), [IMAGE], {}),
    "percentile": (lambda ops, x: ops.percentile(x, 30, axis=1), [FEATURES], {}),
    "psnr": (lambda ops, x, y: ops.psnr(x, y, 1.0), [FEATURES, FEATURES], {}),
    "quantile": (lambda ops, x: ops.quantile(x, 0.3, axis=1, keepdims=True), [FEATURES], {}),
    "repeat": (lambda ops, x: ops.repeat(x, 2, axis=-1), [FEATURES], {}),
    "reshape": (lambda ops, x: ops.reshape(x, (-1, 2, 2)), [FEATURES], {}),
    "resize": (lambda ops, x: ops.image.resize(x, (3, 3)), [IMAGE], {}),
    "rfft": (lambda ops, x: ops.rfft(x), [FEATURES], {}),
    "rgb_to_grayscale": (lambda ops, x: ops.image.rgb_to_grayscale(x), [IMAGE], {}),
    "rgb_to_hsv": (lambda ops, x: ops.image.rgb_to_hsv(x), [IMAGE], {}),
    "rms_normalization": (lambda ops, x: ops.rms_normalization(x), [FEATURES], {}),
    "roll": (lambda ops, x: ops.roll(x, 1, axis=-1), [FEATURES], {}),
    "rot90": (lambda ops, x: ops.rot90(x, axes=(1, 2)), [SQUARE], {}),
    "saturate_cast": (lambda ops, x: ops.saturate_cast(x, "uint8"), [FEATURES], {}),
    "scatter_update": (lambda ops, x: ops.scatter_update(x, [[0, 1]], [1.0]), [FEATURES], {}),
    "segment_sum": (lambda ops, x, y: ops.segment_sum(ops.ravel(x), ops.ravel(y), num_segments=3), [FEATURES, FEATURES], {1: "int32"}),
    "select": (lambda ops, x: ops.select([x > 0.5, x < 0], [x, -x], 0.0), [FEATURES], {}),
    "slice": (lambda ops, x: ops.slice(x, [0, 1], (2, 2)), [FEATURES], {}),
    "slice_update": (lambda ops, x: ops.slice_update(x, [0, 1], np.ones((2, 2), "float32")), [FEATURES], {}),
    "sobel_edges": (lambda ops, x: ops.image.sobel_edges(x), [IMAGE], {}),
    "solve_triangular": (lambda ops, x, y: ops.solve_triangular(x, y, lower=True), [SQUARE, SQUARE], {}),
    "space_to_depth": (lambda ops, x: ops.space_to_depth(x, 2), [(4, 4, 1)], {}),
    "split": (lambda ops, x: ops.split(x, [1, 3], axis=-1)[1], [FEATURES], {}),
    "squeeze": (lambda ops, x: ops.squeeze(x, 1), [(1, 4)], {}),
    "stack": (lambda ops, x, y: ops.stack([x, y], axis=1), [FEATURES, FEATURES], {}),
    "stft": (lambda ops, x: ops.stft(x, 4, 2, 4), [(16,)], {}),
    "swapaxes": (lambda ops, x: ops.swapaxes(x, 1, 2), [SQUARE], {}),
    "take": (lambda ops, x: ops.take(x, [0, 2], axis=-1), [FEATURES], {}),
    "take_along_axis": (lambda ops, x, y: ops.take_along_axis(x, y, axis=-1), [FEATURES, (2,)], {1: "int32"}),
    "tensordot": (lambda ops, x, y: ops.tensordot(x, y, axes=[[0], [0]]), [FEATURES, FEATURES], {}),
    "threshold": (lambda ops, x: ops.threshold(x, 0.1, 2.0), [FEATURES], {}),
    "tile": (lambda ops, x: ops.tile(x, (1, 2)), [FEATURES], {}),
    "top_k": (lambda ops, x: ops.top_k(x, 2), [FEATURES], {}),
    "transpose": (lambda ops, x: ops.transpose(x, (0, 2, 1)), [SQUARE], {}),
    "unfold": (lambda ops, x: ops.unfold(x, 2), [(3, 4, 4)], {}),
    "unstack": (lambda ops, x: ops.unstack(x, axis=1), [FEATURES], {}),
    "view": (lambda ops, x: ops.view(x, "int32"), [FEATURES], {}),
    "vstack": (lambda ops, x, y: ops.vstack([x, y]), [FEATURES, FEATURES], {}),
    "where": (lambda ops, x, y: ops.where(x > 0, y, 0.0), [FEATURES, FEATURES], {}),
}
# One name of Keras for two of its functions.
SAME = {"Abs": "Absolute", "Conj": "Conjugate"}
# Operations for which Keras writes other arguments than were given: defaults filled in, or arguments of its classes alone.
FILLED_IN = {"dot_product_attention", "extract_patches", "extract_patches_3d", "layer_normalization"}


def model_of(library, case):
    function, shapes, dtypes = CASES[case]
    inputs = [library.Input(shape, name=f"input{place}", dtype=dtypes.get(place, "float32")) for place, shape in enumerate(shapes)]
    return library.Model(inputs, function(library.ops, *inputs), name="model")


def plain(config):
    return json.loads(json.dumps(config))


def canonical(config):
    """A configuration with operations numbered in the place of their names, and arguments of calls in a row without those that are None."""
    numbers = {layer["name"]: f"number {index}" for index, layer in enumerate(config["layers"])}

    def walk(part):
        if isinstance(part, dict) and part.keys() == {"args", "kwargs"}:
            return [walk(value) for value in [*part["args"], *part["kwargs"].values()] if value is not None]
        if isinstance(part, dict):
            return {key: walk("channels_last" if key == "data_format" and value is None else value) for key, value in part.items()}
        if isinstance(part, list):
            return [walk(value) for value in part]
        return SAME.get(numbers.get(part, part), numbers.get(part, part)) if isinstance(part, str) else part

    return walk(plain(config))


@pytest.mark.parametrize("case", CASES)
def test_both_ways(case):
    ours, theirs = model_of(amalthea, case), model_of(keras, case)
    assert [layer["class_name"] for layer in canonical(ours.get_config())["layers"]] == [
        layer["class_name"] for layer in canonical(theirs.get_config())["layers"]
    ]
    read_by_keras = keras.Model.from_config(plain(ours.get_config()))
    read_by_us = amalthea.Model.from_config(plain(theirs.get_config()))
    if case not in FILLED_IN:
        assert canonical(read_by_keras.get_config()) == canonical(ours.get_config())
        assert canonical(read_by_us.get_config()) == canonical(theirs.get_config())
    assert [tuple(t.shape) for t in read_by_keras.outputs] == [tuple(t.shape) for t in theirs.outputs]
    assert [tuple(t.shape) for t in read_by_us.outputs] == [tuple(t.shape) for t in ours.outputs]


def everything(library):
    """A chain in which the arguments of operations matter."""
    ops = library.ops
    first, second = library.Input((4,), name="first"), library.Input((4,), name="second")
    x = ops.concatenate([first + 1, 2.0 - second], axis=-1)[:, 1:7]
    x = ops.where(x > 0.5, x, ops.mean(x, axis=-1, keepdims=True))
    x = ops.reshape(x, (-1, 2, 3))
    x = ops.einsum("bij,bkj->bik", x, ops.flip(x, axis=1))
    x = ops.pad(x, ((0, 0), (1, 0), (0, 2)), constant_values=3)
    x = library.activations.relu(ops.clip(x, 0.1, 4.0), negative_slope=0.1)
    left, right = ops.split(x, 2, axis=-1)
    x = ops.matmul(left, ops.transpose(right, (0, 2, 1))) / ops.logsumexp(left, axis=(1, 2), keepdims=True)
    x = ops.take(x, [2, 0], axis=1) ** 2
    return library.Model([first, second], library.layers.Dense(2, name="dense")(ops.cumsum(x, axis=1)), name="model")


@pytest.mark.parametrize(("writer", "reader"), [(keras, amalthea), (amalthea, keras)])
def test_values(writer, reader):
    model = everything(writer)
    read = reader.Model.from_config(plain(model.get_config()))
    read.set_weights(model.get_weights())
    data = [np.random.default_rng(seed).uniform(size=(3, 4)).astype("float32") for seed in range(2)]
    np.testing.assert_allclose(np.asarray(read(data)), np.asarray(model(data)), rtol=2e-5)
