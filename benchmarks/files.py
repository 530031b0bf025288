"""Saving and loading a large model, beside Keras: time, and memory beyond the model itself.

    python benchmarks/files.py --gib 1
    python benchmarks/files.py --gib 1 --engine torch --fsync

Each measurement is a process of its own, which makes (or loads) a model of dense layers, and ends when the weights are where a step would find
them. Its memory is the peak from then on when it began to save or load, less what it held before, and less the model that it loaded. Libraries take turns, and the least time of the
rounds counts. What Amalthea writes has reached the disk (`fsync`); Keras leaves that to the system, unless `--fsync` adds it to what is measured.
"""

from __future__ import annotations

import argparse
import json
import mmap
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

LAYERS = 16


def main() -> None:
    arguments = _parsed()
    if arguments.measure:
        print(json.dumps(_measured(*arguments.measure, arguments)))
        return
    with tempfile.TemporaryDirectory(dir=arguments.folder) as folder:
        print(f"{'file':<14} {'verb':<5} {'Amalthea':>10} {'Keras':>10} {'ratio':>6}   memory beyond, in sizes of the model: Amalthea, Keras")
        for ending in arguments.endings:
            rows: dict[tuple[str, str], list[dict[str, float]]] = {}
            for _ in range(arguments.repeats):
                for library in ("amalthea", "keras"):
                    for verb in ("save", "load"):
                        rows.setdefault((library, verb), []).append(_run(library, verb, str(Path(folder, library + ending)), arguments))
            for verb in ("save", "load"):
                _print(ending, verb, rows["amalthea", verb], rows["keras", verb], arguments.gib)
            for path in Path(folder).iterdir():
                path.unlink()


def _parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])  # type: ignore[union-attr]
    parser.add_argument("--gib", type=float, default=1.0, help="the size of the model")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--endings", nargs="*", default=[".keras", ".h5", ".weights.h5"])
    parser.add_argument("--engine", default="jax", help="the engine, and Keras's backend")
    parser.add_argument("--fsync", action="store_true", help="what Keras writes is brought to the disk as well")
    parser.add_argument("--folder", help="where the files are written")
    parser.add_argument("--measure", nargs=3, metavar=("LIBRARY", "VERB", "PATH"), help=argparse.SUPPRESS)
    return parser.parse_args()


def _run(library: str, verb: str, path: str, arguments: argparse.Namespace) -> dict[str, float]:
    words = [sys.executable, __file__, "--gib", str(arguments.gib), "--engine", arguments.engine, *(["--fsync"] if arguments.fsync else [])]
    words += ["--measure", library, verb, path]
    engine = {"KERAS_BACKEND": arguments.engine, "AMALTHEA_ENGINE": arguments.engine}
    settings = {**os.environ, **engine, "JAX_PLATFORMS": "cpu", "CUDA_VISIBLE_DEVICES": "", "TF_CPP_MIN_LOG_LEVEL": "3"}
    return json.loads(subprocess.run(words, check=True, capture_output=True, text=True, env=settings).stdout.splitlines()[-1])


def _print(ending: str, verb: str, ours: list[dict[str, float]], theirs: list[dict[str, float]], gib: float) -> None:
    times = [min(row["seconds"] for row in rows) for rows in (ours, theirs)]
    memory = [max(row["memory"] for row in rows) / (gib * 2**30) for rows in (ours, theirs)]
    print(f"{ending:<14} {verb:<5} {times[0]:>8.2f} s {times[1]:>8.2f} s {times[0] / times[1]:>6.2f}   {memory[0]:.2f}, {memory[1]:.2f}")


def _measured(library: str, verb: str, path: str, arguments: argparse.Namespace) -> dict[str, float]:
    """The time and the memory of one save or load, by this process."""
    gib = arguments.gib
    k: Any = __import__(library)
    weights_only = path.endswith(".weights.h5")
    model = _model(k, gib) if verb == "save" or weights_only else None
    k.ops.convert_to_numpy(k.ops.zeros(1))  # the engine is up
    _touch(int(3 * gib * 2**30))
    before, start = _resident(), time.perf_counter()
    if verb == "save":
        (model.save_weights if weights_only else model.save)(path)
        if library == "keras" and arguments.fsync:
            with open(path, "rb") as file:
                os.fsync(file.fileno())
    elif weights_only:
        model.load_weights(path)
    else:
        model = k.models.load_model(path)
    _awaited(model)
    seconds = time.perf_counter() - start
    return {"seconds": seconds, "memory": _peak() - before - (0 if verb == "save" or weights_only else gib * 2**30)}


def _model(k: Any, gib: float) -> Any:
    width = int((gib * 2**30 / LAYERS / 4) ** 0.5)
    model = k.Sequential([k.Input((width,)), *(k.layers.Dense(width, use_bias=False, kernel_initializer="ones") for _ in range(LAYERS))])
    _awaited(model)
    return model


def _awaited(model: Any) -> None:
    """The weights are on the device, where a first step would find them."""
    for weight in model.weights:
        getattr(weight.value, "block_until_ready", lambda: None)()


def _touch(size: int) -> None:
    """Let the system have `size` bytes at hand. The host of a virtual machine may have taken free memory back, and giving it again takes longer than to read a file into it."""
    memory = np.empty(size, np.uint8)
    memory[:: mmap.PAGESIZE] = 1


def _resident() -> int:
    """What this process holds now, in bytes; from here on its peak is counted anew."""
    Path("/proc/self/clear_refs").write_text("5")
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()


def _peak() -> int:
    return next(int(line.split()[1]) * 1024 for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))


if __name__ == "__main__":
    main()
