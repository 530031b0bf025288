"""Operations on images, against SciPy, colorsys and by hand."""

import colorsys

import numpy as np
import pytest
import scipy.ndimage

import amalthea
from amalthea import KerasTensor, ops
from amalthea.errors import ArgumentError, ArgumentTypeError, ShapeError

_draw = np.random.default_rng(0)
IMAGES = _draw.random((2, 6, 7, 3)).astype("float32")

SCIPY_MODES = {"constant": "grid-constant", "nearest": "nearest", "wrap": "grid-wrap", "mirror": "mirror", "reflect": "reflect"}


@pytest.mark.parametrize("fill_mode", SCIPY_MODES)
@pytest.mark.parametrize("order", [0, 1])
def test_map_coordinates_agrees_with_scipy(order, fill_mode):
    x, places = _draw.standard_normal((5, 6)), _draw.random((2, 40)) * 16 - 6
    expected = scipy.ndimage.map_coordinates(x, places, order=order, mode=SCIPY_MODES[fill_mode], cval=3.0)
    np.testing.assert_allclose(ops.image.map_coordinates(x, places, order, fill_mode, 3.0), expected, atol=1e-6)


def test_gaussian_blur_agrees_with_scipy():
    expected = scipy.ndimage.gaussian_filter(IMAGES, (0, 1.0, 2.0, 0), mode="constant", truncate=2.0, radius=(0, 2, 4, 0))
    np.testing.assert_allclose(ops.image.gaussian_blur(IMAGES, (5, 9), (1.0, 2.0)), expected, atol=1e-5)


def test_sobel_edges_agree_with_scipy():
    edges = np.asarray(ops.image.sobel_edges(IMAGES))
    for i, axis in enumerate((1, 2)):
        channel = [scipy.ndimage.correlate(image, _sobel(axis), mode="constant") for image in np.moveaxis(IMAGES, -1, 1).reshape(-1, 6, 7)]
        np.testing.assert_allclose(np.moveaxis(edges[..., i], -1, 1).reshape(-1, 6, 7), channel, atol=1e-5)


def _sobel(axis):
    down = np.outer([-1, 0, 1], [1, 2, 1])
    return down if axis == 1 else down.T


def test_colors_agree_with_colorsys():
    hsv, rgb = np.asarray(ops.image.rgb_to_hsv(IMAGES)).reshape(-1, 3), IMAGES.reshape(-1, 3)
    np.testing.assert_allclose(hsv, [colorsys.rgb_to_hsv(*map(float, pixel)) for pixel in rgb], atol=1e-5)
    np.testing.assert_allclose(ops.image.hsv_to_rgb(hsv[None]), rgb[None], atol=1e-5)


def test_colors_refuse_integers_and_other_channels():
    with pytest.raises(ArgumentTypeError, match="floating"):
        ops.image.rgb_to_hsv(np.zeros((2, 2, 3), "uint8"))
    with pytest.raises(ShapeError, match="three channels"):
        ops.image.hsv_to_rgb(np.zeros((2, 2, 4), "float32"))
    with pytest.raises(ShapeError, match="three channels"):
        ops.image.rgb_to_grayscale(np.zeros((2, 2, 4)))


def test_enlarging_by_nearest_repeats_pixels():
    expected = np.repeat(np.repeat(IMAGES, 2, 1), 3, 2)
    np.testing.assert_array_equal(ops.image.resize(IMAGES, (12, 21), "nearest"), expected)


@pytest.mark.parametrize("interpolation", ["bilinear", "bicubic", "lanczos3", "lanczos5"])
def test_resizing_keeps_constant_images(interpolation):
    constant = np.full((1, 5, 6, 1), 7, "float32")
    for size in ((3, 4), (11, 9)):
        np.testing.assert_allclose(ops.image.resize(constant, size, interpolation, antialias=True), np.full((1, *size, 1), 7), rtol=1e-5)


def test_bilinear_by_hand():
    line = np.array([0.0, 10.0]).reshape(1, 1, 2, 1)
    np.testing.assert_allclose(ops.image.resize(line, (1, 4))[0, 0, :, 0], [0.0, 2.5, 7.5, 10.0])


def test_resize_does_not_leave_the_range_of_integers():
    steps = np.repeat(np.array([0, 255], "uint8"), 4).reshape(1, 1, 8, 1)
    found = ops.image.resize(steps, (1, 24), "lanczos3")[0, 0, :, 0]
    assert found.dtype == "uint8"
    assert (found[0], found[-1]) == (0, 255)
    assert set(found[:9]) <= set(range(40)), "no value below 0 came back from the other end"


def test_shapes_with_sizes_not_known():
    x = KerasTensor((None, None, None, 3))
    assert ops.image.resize(x, (4, 5)).shape == (None, 4, 5, 3)
    assert ops.image.pad_images(x, 1, 2, 3, 4).shape == (None, None, None, 3)
    assert ops.image.pad_images(x, 1, 2, target_height=8, target_width=9).shape == (None, 8, 9, 3)
    assert ops.image.crop_images(x, 1, 2, target_height=4, target_width=3).shape == (None, 4, 3, 3)
    assert ops.image.extract_patches(x, 2).shape == (None, None, None, 12)
    assert ops.image.affine_transform(x, KerasTensor((None, 8))).shape == (None, None, None, 3)
    assert ops.image.gaussian_blur(x).shape == (None, None, None, 3)
    assert ops.image.sobel_edges(x).shape == (None, None, None, 3, 2)
    assert ops.image.elastic_transform(x).shape == (None, None, None, 3)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: ops.image.resize(IMAGES, (3, 3), "bilinaer"), 'Did you mean "bilinear"'),
        (lambda: ops.image.resize(IMAGES, 3), "two integers"),
        (lambda: ops.image.resize(IMAGES, (3, 0)), "positive"),
        (lambda: ops.image.resize(IMAGES, (3, 3), fill_mode="edge"), "constant"),
        (lambda: ops.image.resize(IMAGES, (3, 3), crop_to_aspect_ratio=True, pad_to_aspect_ratio=True), "Only one"),
        (lambda: ops.image.resize(IMAGES[0, 0], (3, 3)), "three axes"),
        (lambda: ops.image.pad_images(IMAGES, 1, 2), "Exactly two"),
        (lambda: ops.image.pad_images(IMAGES, 1, 2, target_height=3, target_width=20), "`bottom_padding` would be -4"),
        (lambda: ops.image.crop_images(IMAGES, 1, 2, 3, 9), "`target_width` would be -4"),
        (lambda: ops.image.crop_images(IMAGES, 1, 2, target_height=9, target_width=2), "`bottom_cropping` would be -4"),
        (lambda: ops.image.extract_patches(IMAGES, 8), "not one window"),
        (lambda: ops.image.affine_transform(IMAGES, np.zeros(7)), "transform"),
        (lambda: ops.image.affine_transform(IMAGES, np.zeros((3, 8))), "transform"),
        (lambda: ops.image.affine_transform(IMAGES, np.zeros(8), fill_mode="mirrored"), 'Did you mean "mirror"'),
        (lambda: ops.image.map_coordinates(IMAGES[0, :, :, 0], np.zeros((3, 2)), 1), "each axis"),
        (lambda: ops.image.map_coordinates(IMAGES[0, :, :, 0], np.zeros((2, 2)), 3), "order"),
        (lambda: ops.image.perspective_transform(IMAGES, np.zeros((3, 2)), np.zeros((3, 2))), "Points"),
        (lambda: ops.image.ssim(IMAGES, IMAGES), "at least 11"),
        (lambda: ops.image.gaussian_blur(IMAGES, sigma=(0.0, 1.0)), "positive"),
        (lambda: ops.image.scale_and_translate(IMAGES, (2, 3, 3, 3), [1.0], [0.0, 0.0], (1, 2), "linear"), "scale"),
        (lambda: ops.image.scale_and_translate(IMAGES, (2, 3, 3, 3), [1.0], [0.0], (1,), "linear"), "output_shape"),
    ],
)
def test_images_that_do_not_fit_are_refused(call, message):
    with pytest.raises((ArgumentError, ShapeError), match=message):
        call()


def test_patches_lie_side_by_side():
    patches = np.asarray(ops.image.extract_patches(IMAGES, (3, 7)))
    np.testing.assert_array_equal(patches.reshape(2, 2, 3, 7, 3), IMAGES.reshape(2, 2, 3, 7, 3))


def test_a_quarter_turn():
    square = _draw.random((1, 5, 5, 2)).astype("float32")
    turn = [0.0, 1.0, 0.0, -1.0, 0.0, 4.0, 0.0, 0.0]  # (x, y) looks at (y, 4 - x)
    np.testing.assert_allclose(ops.image.affine_transform(square, turn)[0], np.rot90(square[0], -1), atol=1e-5)


def test_perspective_moves_the_given_points():
    image = np.zeros((1, 8, 8, 1), "float32")
    start = np.array([[[1, 1], [1, 6], [6, 2], [5, 6]]], "float32")
    end = np.array([[[2, 1], [0, 7], [7, 1], [6, 5]]], "float32")
    for x, y in start[0].astype(int):
        image[0, y, x] = 1.0
    moved = np.asarray(ops.image.perspective_transform(image, start, end))
    np.testing.assert_allclose([moved[0, y, x, 0] for x, y in end[0].astype(int)], 1.0, atol=1e-3)


def test_a_projection_divides():
    row = np.arange(8.0).reshape(1, 1, 8, 1)
    found = ops.image.affine_transform(row, [2.0, 0, 0, 0, 1.0, 0, 0.5, 0], fill_mode="nearest")[0, 0, :, 0]
    np.testing.assert_allclose(found, [2 * x / (0.5 * x + 1) for x in range(8)], rtol=1e-5)


def test_elastic_transform_depends_on_the_seed_and_on_alpha():
    ramp = np.broadcast_to(np.arange(64.0, dtype="float32")[:, None], (4, 64, 64, 1))
    first, again, other = (ops.image.elastic_transform(ramp, 10.0, 2.0, fill_mode="nearest", seed=seed) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert np.abs(first - other).max() > 0.1
    shifts = np.asarray(first - ramp)[:, 16:48, 16:48]
    # white noise through a Gaussian of deviation s has deviation 1 / (2 sqrt(pi) s)
    np.testing.assert_allclose(shifts.std(), 10.0 / (2 * np.sqrt(np.pi) * 2.0), rtol=0.2)
    np.testing.assert_allclose(ops.image.elastic_transform(ramp, 0.0, seed=3), ramp, atol=1e-5)


def test_ssim_of_equal_and_of_opposite_images():
    x = _draw.random((2, 16, 16, 1))
    np.testing.assert_allclose(ops.image.ssim(x, x), [1.0, 1.0], rtol=1e-5)
    assert np.all(np.asarray(ops.image.ssim(x, 1.0 - x)) < 0)


def test_resize_has_a_gradient(gradient):
    (found,) = gradient(lambda x: ops.image.resize(x, (4, 4)), np.ones((1, 2, 2, 1), "float32"))
    np.testing.assert_allclose(found.ravel(), [4.0] * 4, rtol=1e-5)


def test_resize_runs_compiled():
    with amalthea.config.engine("jax") as engine:
        compiled = engine.compile(lambda x: ops.image.resize(x, (3, 3), "bicubic"))
        assert compiled(ops.ones((2, 5, 5, 1))).shape == (2, 3, 3, 1)
