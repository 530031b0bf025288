"""The PyTorch engine's random draws, each from a generator that is seeded with the key."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch

from amalthea.engines.derived import Engine
from amalthea.engines.protocol import Shape, Tensor
from amalthea.engines.torch.border import HALVES, dtype_of
from amalthea.engines.torch.operations import differentiable, operation

_EXTENT = 2**64


def _generator(key: Tensor) -> torch.Generator:
    """A generator for the device of `key`.

    PyTorch's generator for CPUs takes 32 bits of its seed: the two words are mixed, so that all of theirs count.
    """
    first, second = key.tolist()
    seed = ((first << 32 | second) * 0x9E3779B97F4A7C15 + 0xD1B54A32D192ED03) % _EXTENT
    seed = ((seed ^ seed >> 32) * 0xD6E8FEB86659FD93) % _EXTENT
    return torch.Generator(key.device).manual_seed(seed ^ seed >> 32)


def _word(number: int) -> int:
    """`number` modulo 2**64, as an integer with a sign."""
    return (number + 2**63) % _EXTENT - 2**63


def _drawing(schema: str, like: Callable[..., Tensor], draw: Callable[..., Tensor]) -> Any:
    """An operation that reads nothing but the key and its other arguments: `draw(generator, ...)`."""
    return operation(schema, like, lambda key, *args: draw(_generator(key), *args))


def _integers_below(generator: torch.Generator, shape: Sequence[int], span: int) -> Tensor:
    span = span % _EXTENT or _EXTENT  # it came as a `_word`
    if span < 2**63:
        return torch.randint(span, shape, generator=generator, device=generator.device)
    if span == _EXTENT:
        return torch.empty(shape, dtype=torch.int64, device=generator.device).random_(-(2**63), None, generator=generator)
    # No generator of PyTorch's draws so wide a range that is not all of it.
    host = np.random.Generator(np.random.Philox(generator.initial_seed()))
    return torch.from_numpy(host.integers(0, span, tuple(shape), np.uint64).view(np.int64)).to(generator.device)


def _like_numbers(key: Tensor, shape: Sequence[int], dtype: torch.dtype) -> Tensor:
    return torch.empty(shape, dtype=dtype, device=key.device)


_uniform = _drawing(
    "uniform(Tensor key, SymInt[] shape, ScalarType dtype) -> Tensor",
    _like_numbers,
    lambda generator, shape, dtype: torch.rand(shape, generator=generator, dtype=dtype, device=generator.device),
)
_normal = _drawing(
    "normal(Tensor key, SymInt[] shape, ScalarType dtype) -> Tensor",
    _like_numbers,
    lambda generator, shape, dtype: torch.randn(shape, generator=generator, dtype=dtype, device=generator.device),
)
_integers = _drawing(
    "integers(Tensor key, SymInt[] shape, int span) -> Tensor",
    lambda key, shape, span: _like_numbers(key, shape, torch.int64),
    _integers_below,
)
_permutation = _drawing(
    "permutation(Tensor key, int n) -> Tensor",
    lambda key, n: _like_numbers(key, (n,), torch.int32),
    lambda generator, n: torch.randperm(n, generator=generator, dtype=torch.int32, device=generator.device),
)
_gamma = _drawing(
    "gamma(Tensor key, Tensor alpha) -> Tensor",
    lambda key, alpha: alpha.new_empty(alpha.shape),
    lambda generator, alpha: torch._standard_gamma(alpha, generator=generator),
)
_binomial = _drawing(
    "binomial(Tensor key, Tensor counts, Tensor probabilities) -> Tensor",
    lambda key, counts, probabilities: counts.new_empty(counts.shape),
    lambda generator, counts, probabilities: torch.binomial(counts, probabilities, generator=generator),
)
differentiable("gamma", lambda inputs, outputs, upstream: (None, upstream[0] * torch._standard_gamma_grad(inputs[1], outputs[0])))


class Draws(Engine):
    """Mixed into the engine."""

    def random_uniform(self, key: Tensor, shape: Shape, dtype: str) -> Tensor:
        return _uniform(key, shape, dtype_of(dtype))

    def random_normal(self, key: Tensor, shape: Shape, dtype: str) -> Tensor:
        return _normal(key, shape, dtype_of(dtype))

    def random_integers(self, key: Tensor, shape: Shape, low: int, high: int, dtype: str) -> Tensor:
        moved, wanted = _integers(key, shape, _word(high - low)) + _word(low), dtype_of(dtype)
        return moved.view(wanted) if wanted is torch.uint64 else moved.to(wanted)

    def random_gamma(self, key: Tensor, alpha: Tensor) -> Tensor:
        if alpha.dtype in HALVES:
            return self.random_gamma(key, alpha.float()).to(alpha.dtype)
        return _gamma(key, alpha)

    def random_binomial(self, key: Tensor, counts: Tensor, probabilities: Tensor) -> Tensor:
        wide = torch.float64 if counts.dtype is torch.float64 or not counts.dtype.is_floating_point else torch.float32
        return _binomial(key, counts.to(wide), probabilities.to(wide)).to(counts.dtype)

    def random_permutation(self, key: Tensor, n: int) -> Tensor:
        return _permutation(key, n)

    def dropout(self, key: Tensor, x: Tensor, rate: float, noise_shape: Shape) -> Tensor:
        # 16 random bits decide on an element: four times as fast as drawing numbers. The scale is that of the share that is kept in fact.
        kept = round((1.0 - rate) * 2**16)
        if kept <= 0:
            return torch.zeros_like(x)
        if kept == 2**16:
            return x
        count = math.prod(noise_shape)
        words = _integers(key, ((count + 3) // 4,), _word(_EXTENT))
        bits = words.view(torch.int16)[:count].view(noise_shape)
        return x * torch.lt(bits, kept - 2**15).to(x.dtype).mul_(2**16 / kept)
