"""Whether memory stays flat: many predictions of one sample, many fits of one step, on each engine in a process of its own.

    python benchmarks/soak.py                        # 100,000 predictions and 10,000 fits on every engine that is installed
    python benchmarks/soak.py --share 0.01 --engines jax torch

Prints the slope of the resident memory over the calls, by least squares over the second half of the samples: what is built and cached at
first does not count.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

PREDICTIONS, FITS = 100_000, 10_000
SAMPLES = 200
PAGE = os.sysconf("SC_PAGESIZE")


def resident() -> int:
    """Bytes of this process in memory."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * PAGE


def slope(call: Any, count: int) -> float:
    """Bytes by which a call lets the process grow."""
    import numpy as np

    every = max(1, count // SAMPLES)
    sizes = []
    for number in range(count):
        call()
        if number % every == 0:
            sizes.append(resident())
    half = sizes[len(sizes) // 2 :]
    return float(np.polyfit(np.arange(len(half)) * every, half, 1)[0])


def soak(engine: str, share: float) -> dict[str, float]:
    """The two slopes on one engine, in this process."""
    import numpy as np

    import amalthea

    x, y = np.ones((8, 4), "float32"), np.ones((8, 1), "float32")
    with amalthea.engine(engine):
        model = amalthea.Sequential([amalthea.Input((4,)), amalthea.layers.Dense(8, activation="relu"), amalthea.layers.Dense(1)])
        model.compile("adam", "mse", metrics=["mae"])
        found = {"predict": slope(lambda: model.predict(x[:1], verbose=0), max(2 * SAMPLES, int(PREDICTIONS * share)))}
        if amalthea.engines.get(engine).trains:
            found["fit"] = slope(lambda: model.fit(x, y, verbose=0), max(2 * SAMPLES, int(FITS * share)))
    return found


def main() -> None:
    """Soak each engine, and show the slopes."""
    import amalthea

    installed = [name for name, found in amalthea.engines.available().items() if found]
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--engines", nargs="+", choices=installed, default=installed)
    parser.add_argument("--share", type=float, default=1.0, help="of the number of calls")
    parser.add_argument("--here", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.here:
        print(json.dumps(soak(options.engines[0], options.share)))
        return

    from rich.console import Console
    from rich.table import Table

    table = Table(title="growth of memory (bytes a call)", title_justify="left")
    for head in ("engine", "predict", "fit"):
        table.add_column(head, justify="left" if head == "engine" else "right")
    for engine in options.engines:
        command = [sys.executable, __file__, "--here", "--engines", engine, "--share", str(options.share)]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        found = json.loads(done.stdout.splitlines()[-1])
        table.add_row(engine, *(f"{found[name]:.1f}" if name in found else "-" for name in ("predict", "fit")))
    Console().print(table)


if __name__ == "__main__":
    main()
