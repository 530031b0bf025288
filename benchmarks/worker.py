"""One case in one library, in a process of its own: obeys commands on stdin (one word a line), answers in JSON on stdout.

    python worker.py LIBRARY CASE STEPS

`LIBRARY` is "amalthea", "keras" or "handwritten", on the engine that the environment names (see `run.environment`). The first line out
is the seconds from the start of the import to the end of the first training step. Commands: `step` trains one epoch of STEPS (ms a
step), `predict_one` predicts one sample repeatedly (median ms), `memory` tells the greatest resident memory so far (MiB).
"""

from __future__ import annotations

import importlib
import json
import os
import resource
import statistics
import sys
import time
from collections.abc import Callable
from typing import Any

PREDICTIONS = 60


class Model:
    """A model of the Keras API, driven as a user drives it; a hand-written `Trainer` has the same two methods."""

    def __init__(self, model: Any) -> None:
        self.model = model

    def fit(self, x: Any, y: Any, batch_size: int) -> None:
        self.model.fit(x, y, batch_size=batch_size, epochs=1, verbose=0)

    def predict(self, x: Any) -> Any:
        return self.model.predict(x, verbose=0)


def start(library: str, case: Any) -> Any:
    """What trains and predicts."""
    if library != "handwritten":
        return Model(case.build(importlib.import_module(library)))
    engine = os.environ["AMALTHEA_ENGINE"]
    return importlib.import_module(f"handwritten.{engine}").Trainer(getattr(case, f"handwritten_{engine}")())


def head(x: Any, count: int) -> Any:
    """The first samples of an array, or of each of several."""
    return type(x)(leaf[:count] for leaf in x) if isinstance(x, list | tuple) else x[:count]


def timed(call: Callable[[], Any]) -> float:
    """How many seconds it takes."""
    began = time.perf_counter()
    call()
    return time.perf_counter() - began


def main(library: str, name: str, steps: int) -> None:
    """Start, tell how long it took, obey."""
    # Nothing that the libraries print may get between the answers.
    out = os.fdopen(os.dup(sys.stdout.fileno()), "w", buffering=1)
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())

    case = importlib.import_module(f"cases.{name}")  # brings NumPy, which each library needs and none is charged for
    x, y = case.data(steps * case.BATCH)
    if isinstance(x, tuple) and library != "handwritten":
        x = list(x)

    began = time.perf_counter()
    model = start(library, case)
    model.fit(head(x, case.BATCH), y[: case.BATCH], case.BATCH)
    print(json.dumps(time.perf_counter() - began), file=out)

    one = head(x, 1)
    measures: dict[str, Callable[[], float]] = {
        "step": lambda: 1000 * timed(lambda: model.fit(x, y, case.BATCH)) / steps,
        "predict_one": lambda: 1000 * statistics.median(timed(lambda: model.predict(one)) for _ in range(PREDICTIONS)),
        "memory": lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }
    for command in sys.stdin:
        print(json.dumps(measures[command.strip()]()), file=out)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
