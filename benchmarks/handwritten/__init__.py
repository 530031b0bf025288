"""What the hand-written side of every case is made of, a module for each engine that trains.

Each module is named as its engine and defines `Program`, what a case's `handwritten_<engine>()` returns, and `Trainer(program)` with
`fit(x, y, batch_size)` (one epoch) and `predict(x)`. The yardstick is what somebody who knows the engine well writes for the model,
without a framework on top: the same model, batches, optimizer, running loss and accuracy as the Keras script has.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

ENGINES = tuple(sorted(path.stem for path in Path(__file__).parent.glob("[!_]*.py")))


def batches(rng: np.random.Generator, x: Any, y: Any, batch_size: int) -> Iterator[tuple[tuple[np.ndarray, ...], np.ndarray]]:
    """One epoch in an order drawn from `rng`: the inputs (always a tuple) and the labels of each batch, cut from the NumPy arrays."""
    parts = x if isinstance(x, tuple) else (x,)
    order = rng.permutation(len(y))
    for start in range(0, len(y), batch_size):
        chosen = order[start : start + batch_size]
        yield tuple(part[chosen] for part in parts), y[chosen]
