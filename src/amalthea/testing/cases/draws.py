"""Cases of random draws. Engines draw different numbers; what is checked is that they are drawn from the right distribution.

Every case draws twice from one key and once from another, and its bounds leave room for six standard deviations.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from amalthea.engines.derived import Engine
from amalthea.testing.cases.case import HALVES, Case, host

_COUNT = 6000
_KEY, _OTHER = host([12, 34], "uint32"), host([12, 35], "uint32")
_ROOM = 6.0


def _twice(draw: Callable[[Engine, Any], Any]) -> Callable[..., Any]:
    return lambda engine, key, other, *tensors: (draw(engine, key, *tensors), draw(engine, key, *tensors), draw(engine, other, *tensors))


def _moments(mean: float, variance: float, low: float, high: float) -> Callable[..., None]:
    """The draws repeat for one key and differ for another, lie in [low, high), and have these moments."""

    def verify(first: np.ndarray, again: np.ndarray, other: np.ndarray) -> None:
        np.testing.assert_array_equal(first, again, err_msg="One key gave different numbers.")
        assert (first != other).any(), "Two keys gave the same numbers."
        for draws in (first.astype(np.float64), other.astype(np.float64)):
            assert ((draws >= low) & (draws < high)).all(), f"Numbers from {draws.min()} to {draws.max()}, not in [{low}, {high})."
            error = abs(draws.mean() - mean) / np.sqrt(variance / draws.size)
            assert error < _ROOM, f"The mean is {draws.mean()}, not {mean}: {error:.1f} deviations off."
            fourth = ((draws - draws.mean()) ** 4).mean()
            error = abs(draws.var() - variance) / np.sqrt(max(fourth - variance**2, 1e-12) / draws.size)
            assert error < _ROOM, f"The variance is {draws.var()}, not {variance}: {error:.1f} deviations off."

    return verify


def _always(number: int) -> Callable[..., None]:
    return lambda *draws: np.testing.assert_array_equal(np.stack(draws), number)


def _permutations(first: np.ndarray, again: np.ndarray, other: np.ndarray) -> None:
    np.testing.assert_array_equal(first, again)
    np.testing.assert_array_equal(np.sort(first), np.arange(first.size))
    np.testing.assert_array_equal(np.sort(other), np.arange(first.size))
    if first.size > 2:
        assert (first != other).any()
        assert (first != np.arange(first.size)).any()


def _case(primitive: str, name: str, draw: Callable[..., Any], verify: Callable[..., None], *tensors: np.ndarray) -> Case:
    return Case(primitive, name, _twice(draw), (_KEY, _OTHER, *tensors), verify=verify)


def _each(*checks: Callable[..., None]) -> Callable[..., None]:
    """One check for each row of the draws."""

    def verify(*draws: np.ndarray) -> None:
        for row, check in enumerate(checks):
            check(*(draw[row] for draw in draws))

    return verify


def random() -> Iterable[Case]:
    shape = (_COUNT // 6, 6)
    for dtype in ("float32", *HALVES):
        yield _case("random_uniform", dtype, lambda e, key, d=dtype: e.random_uniform(key, shape, d), _moments(0.5, 1 / 12, 0, 1))
    for dtype in ("float32", "bfloat16"):
        yield _case("random_normal", dtype, lambda e, key, d=dtype: e.random_normal(key, shape, d), _moments(0, 1, -9, 9))
    yield Case("random_uniform", "scalar", lambda e, key: e.random_uniform(key, (), "float32"), (_KEY,), verify=lambda draw: None)

    for name, (low, high, dtype) in {
        "small": (-3, 4, "int32"),
        "int8": (-128, 128, "int8"),
        "uint32": (0, 2**32, "uint32"),
        "wide": (-(2**31), 2**31 - 1, "int32"),
    }.items():
        width = float(high - low)
        verify = _moments((low + high - 1) / 2, (width**2 - 1) / 12, low, high)
        yield _case("random_integers", name, lambda e, key, a=low, b=high, d=dtype: e.random_integers(key, (_COUNT,), a, b, d), verify)

    def five(engine: Engine, key: Any) -> Any:
        return engine.random_integers(key, (3,), 5, 6, "int32")

    yield Case("random_integers", "one", five, (_KEY,), expected=lambda key: host([5] * 3, "int32"))

    alphas = np.array([[0.3], [1.0], [4.5]])
    verify = _each(*(_moments(alpha, alpha, 0, np.inf) for (alpha,) in alphas))
    yield _case("random_gamma", "float32", lambda e, key, a: e.random_gamma(key, a), verify, host(np.repeat(alphas, _COUNT, 1)))
    counts, chances = np.array([[5.0], [40.0], [200.0], [3.0], [3.0], [0.0]]), np.array([[0.3], [0.5], [0.9], [0.0], [1.0], [0.5]])
    spread = [_moments(n * p, n * p * (1 - p), 0, n + 1) for (n,), (p,) in zip(counts[:3], chances[:3], strict=True)]
    verify = _each(*spread, _always(0), _always(3), _always(0))
    tensors = host(np.repeat(counts, _COUNT, 1)), host(np.repeat(chances, _COUNT, 1))
    yield _case("random_binomial", "float32", lambda e, key, n, p: e.random_binomial(key, n, p), verify, *tensors)
    for n in (100, 0):
        yield _case("random_permutation", f"of-{n}", lambda e, key, n=n: e.random_permutation(key, n), _permutations)
