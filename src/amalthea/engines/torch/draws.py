"""The PyTorch engine's random draws, each from a generator that is seeded with the key."""

from __future__ import annotations

import math

import numpy as np
import torch

from amalthea.engines.derived import Engine
from amalthea.engines.protocol import Shape, Tensor
from amalthea.engines.torch.border import HALVES, dtype_of


def _generator(key: Tensor) -> torch.Generator | None:
    """A generator for the device of `key`; None where nothing is computed.

    PyTorch's generator for CPUs takes 32 bits of its seed: the two words are mixed, so that all of theirs count.
    """
    if key.is_meta:
        return None
    first, second = key.tolist()
    seed = ((first << 32 | second) * 0x9E3779B97F4A7C15 + 0xD1B54A32D192ED03) % 2**64
    seed = ((seed ^ seed >> 32) * 0xD6E8FEB86659FD93) % 2**64
    return torch.Generator(key.device).manual_seed(seed ^ seed >> 32)


def _shifted(drawn: Tensor, low: int, dtype: torch.dtype) -> Tensor:
    """int64 `drawn` plus `low` as `dtype`, modulo its range."""
    moved = drawn + ((low + 2**63) % 2**64 - 2**63)
    return moved.view(dtype) if dtype is torch.uint64 else moved.to(dtype)


class Draws(Engine):
    """Mixed into the engine."""

    def random_uniform(self, key: Tensor, shape: Shape, dtype: str) -> Tensor:
        return torch.rand(shape, generator=_generator(key), dtype=dtype_of(dtype), device=key.device)

    def random_normal(self, key: Tensor, shape: Shape, dtype: str) -> Tensor:
        return torch.randn(shape, generator=_generator(key), dtype=dtype_of(dtype), device=key.device)

    def random_integers(self, key: Tensor, shape: Shape, low: int, high: int, dtype: str) -> Tensor:
        generator, span = _generator(key), high - low
        if span < 2**63:
            drawn = torch.randint(span, shape, generator=generator, device=key.device)
        else:
            drawn = torch.empty(shape, dtype=torch.int64, device=key.device).random_(-(2**63), None, generator=generator)
            if span < 2**64 and not key.is_meta:
                # No generator of PyTorch's draws so wide a range that is not all of it.
                host = np.random.Generator(np.random.Philox(generator.initial_seed() if generator else 0))
                drawn = torch.from_numpy(host.integers(0, span, shape, np.uint64).view(np.int64)).to(key.device)
        return _shifted(drawn, low, dtype_of(dtype))

    def random_gamma(self, key: Tensor, alpha: Tensor) -> Tensor:
        if alpha.dtype in HALVES:
            return self.random_gamma(key, alpha.float()).to(alpha.dtype)
        return torch._standard_gamma(alpha, generator=_generator(key))

    def random_binomial(self, key: Tensor, counts: Tensor, probabilities: Tensor) -> Tensor:
        wide = torch.float64 if counts.dtype is torch.float64 or not counts.dtype.is_floating_point else torch.float32
        return torch.binomial(counts.to(wide), probabilities.to(wide), generator=_generator(key)).to(counts.dtype)

    def random_permutation(self, key: Tensor, n: int) -> Tensor:
        return torch.randperm(n, generator=_generator(key), dtype=torch.int32, device=key.device)

    def dropout(self, key: Tensor, x: Tensor, rate: float, noise_shape: Shape) -> Tensor:
        # 16 random bits decide on an element: four times as fast as drawing numbers. The scale is that of the share that is kept in fact.
        kept = round((1.0 - rate) * 2**16)
        if kept <= 0:
            return torch.zeros_like(x)
        if kept == 2**16:
            return x
        count = math.prod(noise_shape)
        words = torch.empty((count + 3) // 4, dtype=torch.int64, device=key.device)
        bits = words.random_(-(2**63), None, generator=_generator(key)).view(torch.int16)[:count].view(noise_shape)
        return x * torch.lt(bits, kept - 2**15).to(x.dtype).mul_(2**16 / kept)
