"""The JAX engine's own lowerings: values from the NumPy engine, gradients from the linearity of what is computed."""

import numpy as np
import pytest

from amalthea.engines import get

jax = pytest.importorskip("jax")

from amalthea.engines.jax import convolution, windows  # noqa: E402
from amalthea.engines.jax.convolution import Geometry  # noqa: E402

engine, reference = get("jax"), get("numpy")
rng = np.random.default_rng(0)


def normal(*shape):
    return rng.standard_normal(shape).astype("float32")


def plain(space, **changes):
    """A window that moves by one, without padding, changed as said."""
    ones = (1,) * space
    return Geometry(ones, ((0, 0),) * space, ones, 1, ones)._replace(**changes)


# name: shape of x, shape of kernel, geometry
CONVOLUTIONS = {
    "few channels": ((2, 7, 6, 3), (3, 2, 3, 5), plain(2, padding=((1, 1), (0, 1)))),
    "few channels, strides": ((2, 9, 8, 1), (3, 3, 1, 4), plain(2, strides=(2, 3), padding=((2, 1), (1, 0)))),
    "few channels, dilation": ((2, 9, 8, 2), (2, 3, 2, 4), plain(2, dilation=(3, 2))),
    "few channels, one axis": ((2, 9, 2), (4, 2, 3), plain(1, padding=((1, 2),))),
    "few channels, three axes": ((1, 4, 5, 4, 1), (2, 3, 2, 1, 2), plain(3, strides=(1, 2, 1))),
    "one element": ((2, 5, 4, 6), (1, 1, 6, 3), plain(2)),
    "one element, strides and padding": ((2, 5, 4, 6), (1, 1, 6, 3), plain(2, strides=(2, 3), padding=((1, 0), (-1, 2)))),
    "depthwise": ((2, 6, 5, 4), (3, 2, 1, 4), plain(2, groups=4, padding=((1, 1), (0, 1)))),
    "depthwise, multiplied": ((2, 6, 5, 3), (2, 2, 1, 6), plain(2, groups=3, strides=(2, 1))),
    "groups": ((2, 6, 5, 16), (3, 3, 8, 6), plain(2, groups=2, strides=(1, 2))),
    "transposed": ((2, 4, 3, 12), (3, 3, 12, 5), plain(2, input_dilation=(2, 2), padding=((2, 1), (1, 1)))),
    "transposed, steps beyond the window": ((2, 4, 12), (2, 12, 5), plain(1, input_dilation=(3,), padding=((1, 1),))),
    "padding beyond the window": ((2, 6, 12), (2, 12, 5), plain(1, input_dilation=(3,), padding=((3, 0),))),
    "negative padding": ((2, 7, 12, 20), (3, 3, 20, 5), plain(2, padding=((-2, 1), (-1, 2)))),
    "general": ((2, 5, 5, 16), (3, 3, 16, 4), plain(2, padding=((1, 1), (1, 1)))),
}


@pytest.mark.parametrize("lowering", [convolution.fastest, convolution.general])
@pytest.mark.parametrize("name", CONVOLUTIONS)
def test_convolutions(name, lowering):
    x_shape, kernel_shape, how = CONVOLUTIONS[name]
    x, kernel = normal(*x_shape), normal(*kernel_shape)
    value, back = jax.vjp(lambda x, kernel: lowering(x, kernel, how), x, kernel)
    np.testing.assert_allclose(value, reference.conv(x, kernel, *how), rtol=1e-4, atol=1e-4)

    # The gradient at any x is what the linear map weighs x with.
    weights = normal(*value.shape)
    dx, dkernel = back(weights)
    other_x, other_kernel = normal(*x_shape), normal(*kernel_shape)
    assert np.sum(dx * other_x) == pytest.approx(np.sum(weights * reference.conv(other_x, kernel, *how)), rel=1e-3, abs=1e-2)
    assert np.sum(dkernel * other_kernel) == pytest.approx(np.sum(weights * reference.conv(x, other_kernel, *how)), rel=1e-3, abs=1e-2)


@pytest.mark.parametrize("name", ["few channels, strides", "depthwise", "transposed"])
def test_convolutions_have_tangents(name):
    x_shape, kernel_shape, how = CONVOLUTIONS[name]
    x, kernel, dx, dkernel = normal(*x_shape), normal(*kernel_shape), normal(*x_shape), normal(*kernel_shape)
    _, tangent = jax.jvp(lambda x, kernel: convolution.fastest(x, kernel, how), (x, kernel), (dx, dkernel))
    expected = reference.conv(dx, kernel, *how) + reference.conv(x, dkernel, *how)
    np.testing.assert_allclose(tangent, expected, rtol=1e-4, atol=1e-4)


def rules_that_apply(x_shape, kernel_shape, how):
    """The names of the lowerings that `fastest` uses."""
    used = set()
    with pytest.MonkeyPatch.context() as patch:
        for name in ("general", "pointwise", "depthwise", "few_channels", "grouped", "transposed"):
            rule = getattr(convolution, name)
            patch.setattr(convolution, name, lambda *args, rule=rule, name=name: (used.add(name), rule(*args))[1])
        convolution.fastest(normal(*x_shape), normal(*kernel_shape), how)
    return used


@pytest.mark.parametrize(
    ("name", "rule"),
    [
        ("few channels", "few_channels"),
        ("one element", "pointwise"),
        ("depthwise", "depthwise"),
        ("groups", "grouped"),
        ("transposed", "transposed"),
        ("general", "general"),
    ],
)
def test_each_rule_is_used(name, rule):
    assert rule in rules_that_apply(*CONVOLUTIONS[name])


def test_large_windows_are_left_to_the_compiler():
    assert rules_that_apply((1, 12, 12, 3), (7, 7, 3, 2), plain(2)) == {"general"}


# --- windows ---------------------------------------------------------------------------------------------

# shape of x, window, strides, padding
WINDOWS = {
    "tiles": ((2, 6, 4, 3), (2, 2), (2, 2), ((0, 0), (0, 0))),
    "tiles with a remainder": ((2, 7, 5, 3), (2, 3), (2, 3), ((0, 0), (0, 0))),
    "overlapping, padded": ((2, 6, 5, 2), (3, 2), (2, 1), ((1, 1), (0, 1))),
    "gaps": ((2, 9, 2), (2,), (4,), ((0, 0),)),
    "large": ((1, 9, 9, 1), (7, 6), (1, 2), ((0, 0), (1, 1))),
}


@pytest.mark.parametrize("how", ["max", "sum"])
@pytest.mark.parametrize("name", WINDOWS)
@pytest.mark.parametrize("dtype", ["float32", "int32"])
def test_windows(name, how, dtype):
    shape, *geometry = WINDOWS[name]
    x = (3 * normal(*shape)).astype(dtype)
    np.testing.assert_allclose(windows.reduce_window(x, how, *geometry, True), reference.reduce_window(x, how, *geometry), rtol=1e-5, atol=1e-5)


def test_the_gradient_of_a_maximum_goes_to_the_first_of_equals():
    x = np.array([[1, 5, 0, 0], [5, 5, 0, 0]], "float32").reshape(1, 2, 4, 1)
    gradient = jax.grad(lambda x: (windows.reduce_window(x, "max", (2, 2), (2, 2), ((0, 0), (0, 0)), True) * np.array([[[[2.0], [3.0]]]])).sum())(x)
    assert gradient.reshape(2, 4).tolist() == [[0, 2, 3, 0], [0, 0, 0, 0]]


def test_the_gradient_of_overlapping_maxima_adds_up():
    x = np.array([1, 4, 2, 3], "float32").reshape(1, 4, 1)
    gradient = jax.grad(lambda x: windows.reduce_window(x, "max", (2,), (1,), ((0, 0),), True).sum())(x)
    assert gradient.ravel().tolist() == [0, 2, 0, 1]


def test_a_maximum_passes_nan_on():
    x = np.array([1, np.nan, 2, 3], "float32").reshape(1, 4, 1)
    assert np.isnan(windows.reduce_window(x, "max", (2,), (2,), ((0, 0),), True)).ravel().tolist() == [True, False]


# --- draws -----------------------------------------------------------------------------------------------


def drawn(a, b, probability=0.3, shape=(400, 500)):
    return np.asarray(engine.random_bernoulli(engine.from_host([a, b], "uint32"), probability, shape))


def test_bernoulli_has_its_probability():
    deviation = np.sqrt(0.3 * 0.7 / 200_000)
    assert all(abs(drawn(a, b).mean() - 0.3) < 5 * deviation for a in (0, 1, 2**32 - 1) for b in (0, 7))
    assert drawn(1, 2, 1.0).all()
    assert not drawn(1, 2, 0.0).any()


def test_bernoulli_draws_are_unrelated():
    """Neighbours in a draw, draws from neighbouring keys, and draws from keys with their words exchanged."""
    one = drawn(5, 6)
    pairs = [(one[1:], one[:-1]), (one[:, 1:], one[:, :-1]), (one, drawn(5, 7)), (one, drawn(6, 6)), (one, drawn(6, 5))]
    assert all(abs(np.corrcoef(a.ravel(), b.ravel())[0, 1]) < 5 / np.sqrt(a.size) for a, b in pairs)


def test_bernoulli_takes_a_tensor_of_probabilities():
    shares = drawn(1, 2, np.array([0.0, 0.5, 1.0], "float32"), (20_000, 3)).mean(0)
    assert shares[0] == 0
    assert shares[1] == pytest.approx(0.5, abs=0.02)
    assert shares[2] == 1
