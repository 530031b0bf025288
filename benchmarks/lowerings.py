"""The JAX engine's own lowerings beside XLA's (or JAX's) usual ones: the table of docs/design/0002-jax-lowerings.md.

    PYTHONPATH=src python benchmarks/lowerings.py

Both sides of a row are compiled in one process and take turns; the least time of each counts. "gradient" is the gradient with
respect to all arguments, the value with it.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from rich.console import Console
from rich.table import Table

from amalthea import engines
from amalthea.engines.compositions.through_time import ThroughTime
from amalthea.engines.jax import convolution, windows

ENGINE = engines.get("jax")
RNG = np.random.default_rng(0)


class _Derived(type(ENGINE)):  # type: ignore[misc]
    """The engine, with the gradients of recurrences that JAX derives from their loops."""

    _through_time = ThroughTime._through_time

    def custom_vjp(self, plain: Callable[..., Any], forward: Any, backward: Any) -> Callable[..., Any]:
        return plain


class Row(NamedTuple):
    """Two ways to compute one thing."""

    name: str
    usual: Callable[..., Any]
    ours: Callable[..., Any]
    arguments: tuple[Any, ...]
    differentiable: bool = True


def draw(*shape: int) -> np.ndarray:
    """Normal numbers."""
    return RNG.standard_normal(shape, dtype="float32")


def conv(name: str, x: tuple[int, ...], kernel: tuple[int, ...], stride: int = 1, groups: int = 1, spread: int = 1) -> Row:
    """A convolution that keeps the size."""
    space = len(kernel) - 2
    padding = tuple(((k - 1) // 2 + (spread - 1), k // 2) for k in kernel[:-2])
    how = convolution.Geometry((stride,) * space, padding, (1,) * space, groups, (spread,) * space)
    return Row(name, lambda x, k: convolution.general(x, k, how), lambda x, k: convolution.fastest(x, k, how), (draw(*x), draw(*kernel)))


def pool(how: str, size: int, channels: int, window: int, stride: int) -> Row:
    """A window reduction without padding, 32 images."""

    def reduce(by_views: bool) -> Callable[..., Any]:
        return lambda x: windows.reduce_window(x, how, (window,) * 2, (stride,) * 2, ((0, 0),) * 2, by_views)

    return Row(
        f"{how} pooling {window}x{window}, stride {stride}: {size}x{size}x{channels}", reduce(False), reduce(True), (draw(32, size, size, channels),)
    )


def last_output(engine: Any, name: str, **options: bool) -> Callable[..., Any]:
    """A recurrence of which only the last output is wanted."""
    return lambda *arguments: getattr(engine, name)(*arguments, return_sequences=False, **options)[0]


def one_hot_cross_entropy(labels: Any) -> Callable[..., Any]:
    """What a loss on one-hot labels computes."""
    return lambda logits: -(jax.nn.one_hot(labels, logits.shape[-1]) * jax.nn.log_softmax(logits)).sum(-1)


def rows() -> Iterator[Row]:
    """All comparisons."""
    yield conv("convolution 3x3, 1 to 32 channels: 32x28x28", (32, 28, 28, 1), (3, 3, 1, 32))
    yield conv("convolution 3x3, 3 to 32 channels: 64x32x32", (64, 32, 32, 3), (3, 3, 3, 32))
    yield conv("convolution 1x1, 128 to 128 channels: 32x28x28", (32, 28, 28, 128), (1, 1, 128, 128))
    yield conv("depthwise 3x3, 64 channels: 32x16x16", (32, 16, 16, 64), (3, 3, 1, 64), groups=64)
    yield conv("depthwise 7x7, 64 channels: 32x16x16", (32, 16, 16, 64), (7, 7, 1, 64), groups=64)
    yield conv("4 groups 3x3, 64 channels: 32x16x16", (32, 16, 16, 64), (3, 3, 16, 64), groups=4)
    yield conv("transposed 3x3, stride 2, 64 to 32 channels: 32x16x16", (32, 16, 16, 64), (3, 3, 64, 32), spread=2)
    yield conv("convolution 3x3, 64 to 64 channels (the same): 32x16x16", (32, 16, 16, 64), (3, 3, 64, 64))
    yield pool("max", 32, 32, 2, 2)
    yield pool("max", 33, 64, 3, 2)
    yield pool("sum", 32, 32, 2, 2)
    yield pool("sum", 33, 64, 3, 2)
    yield Row("dense of rank 3: 16x64x128 to 4096", jnp.matmul, ENGINE.matmul, (draw(16, 64, 128), draw(128, 4096)))
    yield Row("dense of rank 3: 16x64x128 to 512", jnp.matmul, ENGINE.matmul, (draw(16, 64, 128), draw(128, 512)))
    shapes = ((32, 100, 128), (32, 128), (32, 128), (128, 512), (128, 512), (512,))
    yield Row(
        "LSTM of 128 units: 32x100x128",
        last_output(_Derived(), "lstm"),
        last_output(ENGINE, "lstm"),
        tuple(0.1 * draw(*shape) for shape in shapes),
    )
    shapes = ((32, 100, 128), (32, 128), (128, 384), (128, 384), (384,), (384,))
    for reset_after in (True, False):
        yield Row(
            f"GRU of 128 units, reset {'after' if reset_after else 'before'} the product: 32x100x128",
            last_output(_Derived(), "gru", reset_after=reset_after),
            last_output(ENGINE, "gru", reset_after=reset_after),
            tuple(0.1 * draw(*shape) for shape in shapes),
        )
    labels = RNG.integers(4096, size=1024).astype("int32")
    gather = Row(
        "cross-entropy by gather: 1024x4096", one_hot_cross_entropy(labels), lambda x: ENGINE.sparse_cross_entropy(labels, x, 1), (draw(1024, 4096),)
    )
    yield gather
    key = np.array([3, 4], "uint32")
    yield Row(
        "random bool: 1024x512",
        lambda key: jax.random.bernoulli(jax.random.wrap_key_data(key, impl="threefry2x32"), 0.8, (1024, 512)),
        lambda key: ENGINE.random_bernoulli(key, 0.8, (1024, 512)),
        (key,),
        False,
    )


def least_times(calls: list[Callable[[], Any]], rounds: int) -> list[float]:
    """ms of each call; they take turns."""
    found = [float("inf")] * len(calls)
    for call in calls:
        jax.block_until_ready(call())
    for _ in range(rounds):
        for i, call in enumerate(calls):
            began = time.perf_counter()
            jax.block_until_ready(call())
            found[i] = min(found[i], 1000 * (time.perf_counter() - began))
    return found


def gradient_of(fn: Callable[..., Any]) -> Callable[..., Any]:
    """The value, and the gradient for a cotangent that comes last."""

    def both(*arguments: Any) -> Any:
        value, back = jax.vjp(fn, *arguments[:-1])
        return value, back(arguments[-1])

    return both


def compare(row: Row, rounds: int) -> list[str]:
    """The cells of a row: ms of both ways and the ratio, of the value and of the gradient."""
    sides = [row.usual, row.ours]
    calls = [partial(jax.jit(fn), *row.arguments) for fn in sides]
    if row.differentiable:
        cotangent = draw(*jax.eval_shape(row.usual, *row.arguments).shape)
        calls += [partial(jax.jit(gradient_of(fn)), *row.arguments, cotangent) for fn in sides]
    times = least_times(calls, rounds)
    return [cell for a, b in zip(times[::2], times[1::2], strict=True) for cell in (f"{a:.2f}", f"{b:.2f}", f"{b / a:.2f}")]


def main() -> None:
    """Measure and show."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=15)
    rounds = parser.parse_args().rounds
    table = Table("ms", "usual", "ours", "ratio", "usual gradient", "ours", "ratio")
    for row in rows():
        table.add_row(row.name, *compare(row, rounds))
    Console(width=120).print(table)


if __name__ == "__main__":
    main()
