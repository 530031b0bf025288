"""Amalthea beside Keras and beside code written by hand: steps, single predictions, start-up, memory.

    python benchmarks/run.py                          # every case, about ten minutes
    python benchmarks/run.py --quick --cases mlp gpt  # a first impression
    python benchmarks/run.py --json results.json

Each library works on a case in a process of its own. The processes take turns, so that what else the machine does falls on all of
them; the order turns around from round to round. `README.md` beside this file says what each measure contains.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import tomllib
from importlib import metadata
from pathlib import Path
from typing import Any

from cases import NAMES
from handwritten import ENGINES
from rich.console import Console
from rich.table import Table

HERE = Path(__file__).parent
LIBRARIES = ("keras", "amalthea", "handwritten")
MEASURES = {
    "step": "training step (ms)",
    "predict_one": "predict of one sample (ms)",
    "first_step": "import to end of first step (s)",
    "memory": "peak memory of training (MiB)",
}
Results = dict[str, dict[str, dict[str, list[float]]]]
"""Measure -> case -> library -> what each round gave."""


class Failed(Exception):
    """A worker ended; the message is the end of its output."""


class Worker:
    """A process that has one case ready in one library."""

    def __init__(self, library: str, case: str, steps: int, engine: str) -> None:
        self._errors = tempfile.TemporaryFile("w+")  # noqa: SIM115 (open as long as the process)
        command = [sys.executable, str(HERE / "worker.py"), library, case, str(steps)]
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._errors, text=True, env=environment(engine), cwd=HERE
        )
        self.first_step = self._answer()

    def ask(self, measure: str) -> float:
        """One measurement."""
        assert self._process.stdin is not None
        self._process.stdin.write(measure + "\n")
        self._process.stdin.flush()
        return self._answer()

    def _answer(self) -> float:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            self._process.wait()
            self._errors.seek(0)
            raise Failed(self._errors.read().strip()[-400:])
        return float(json.loads(line))

    def close(self) -> None:
        """Let the process end."""
        self._process.communicate()
        self._errors.close()


def environment(engine: str) -> dict[str, str]:
    """The environment of every process: this checkout's Amalthea, one engine for both libraries."""
    path = os.pathsep.join(filter(None, [str(HERE.parent / "src"), os.environ.get("PYTHONPATH")]))
    return {**os.environ, "PYTHONPATH": path, "KERAS_BACKEND": engine, "AMALTHEA_ENGINE": engine, "TF_CPP_MIN_LOG_LEVEL": "2"}


def in_turns(libraries: list[str], rounds: int) -> list[str]:
    """Every library once a round; each second round backwards."""
    return [library for i in range(rounds) for library in (libraries if i % 2 == 0 else libraries[::-1])]


def measure_case(case: str, libraries: list[str], options: argparse.Namespace, console: Console) -> dict[str, dict[str, list[float]]]:
    """Measure -> library -> numbers. A library that fails is reported and left out."""
    from importlib import import_module

    steps = max(4, import_module(f"cases.{case}").STEPS // (4 if options.quick else 1))
    found: dict[str, dict[str, list[float]]] = {name: {} for name in MEASURES}
    workers: dict[str, Worker] = {}
    working = list(libraries)

    def note(measure: str, library: str, value: float) -> None:
        found[measure].setdefault(library, []).append(value)

    for library in in_turns(libraries, options.starts):
        if library not in working:
            continue
        try:
            if library in workers:
                workers.pop(library).close()
            workers[library] = Worker(library, case, steps, options.engine)
        except Failed as failure:
            console.print(f"[red]{library} cannot run {case}:[/]", str(failure), markup=True, highlight=False)
            working.remove(library)
        else:
            note("first_step", library, workers[library].first_step)
    for library in working:
        workers[library].ask("step")  # warm-up
    for library in in_turns(working, options.rounds):
        note("step", library, workers[library].ask("step"))
    for library in working:
        note("memory", library, workers[library].ask("memory"))
        workers[library].ask("predict_one")  # warm-up
    for library in in_turns(working, options.rounds):
        note("predict_one", library, workers[library].ask("predict_one"))
    for worker in workers.values():
        worker.close()
    return found


def import_times(libraries: list[str], rounds: int, engine: str) -> dict[str, list[float]]:
    """Seconds of `import library` in fresh processes, by library."""
    code = "import time; t = time.perf_counter(); import {}; print(time.perf_counter() - t)"
    times: dict[str, list[float]] = {}
    for library in in_turns([library for library in libraries if library != "handwritten"], rounds):
        done = subprocess.run([sys.executable, "-c", code.format(library)], capture_output=True, text=True, env=environment(engine), cwd=HERE)
        if done.returncode == 0:
            times.setdefault(library, []).append(float(done.stdout))
    return times


# --- judging ----------------------------------------------------------------------------------------------


def best(measure: str, values: list[float]) -> float:
    """What stands for the rounds: the least time (a busy machine only adds), the median of memory."""
    return statistics.median(values) if measure == "memory" else min(values)


def verdict(value: float, target: float | None) -> str:
    """The value, and whether it meets its target."""
    if target is None:
        return f"{value:.2f}"
    return f"{value:.2f} [green]met[/] (≤ {target:g})" if value <= target else f"{value:.2f} [red]missed[/] (≤ {target:g})"


def table_of(measure: str, title: str, by_case: dict[str, dict[str, list[float]]], targets: dict[str, Any], libraries: list[str]) -> Table:
    """One measure of every case: the numbers, and Amalthea's ratio to each of the others."""
    others = [library for library in libraries if library != "amalthea"] if "amalthea" in libraries else []
    table = Table(title=title, title_justify="left")
    table.add_column("case")
    for library in libraries:
        table.add_column(library, justify="right")
    for other in others:
        table.add_column(f"amalthea / {other}", justify="right")
    for case, by_library in by_case.items():
        values = {library: best(measure, numbers) for library, numbers in by_library.items()}
        cells = [f"{values[library]:.2f}" if library in values else "-" for library in libraries]
        for other in others:
            limits = targets.get(measure, {}).get(other, {})
            known = "amalthea" in values and other in values
            cells.append(verdict(values["amalthea"] / values[other], limits.get(case, limits.get("default"))) if known else "-")
        table.add_row(case, *cells)
    return table


def machine() -> dict[str, Any]:
    """What the numbers depend on besides the code."""
    packages = ("keras", "jax", "jaxlib", "numpy", "torch", "tensorflow")
    versions = {}
    for package in packages:
        try:
            versions[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            continue
    return {"python": platform.python_version(), "machine": platform.machine(), "cpus": os.cpu_count(), "versions": versions}


def main() -> None:
    """Measure, show, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", nargs="+", choices=NAMES, default=list(NAMES), help="which workloads")
    parser.add_argument("--libraries", nargs="+", choices=LIBRARIES, default=list(LIBRARIES), help="which sides")
    parser.add_argument("--engine", default="jax", help="Amalthea's engine and Keras's backend")
    parser.add_argument("--rounds", type=int, default=7, help="how often steps and predictions are timed in each library")
    parser.add_argument("--starts", type=int, default=3, help="how often each library is started afresh")
    parser.add_argument("--quick", action="store_true", help="3 rounds of a quarter of the steps, 1 start")
    parser.add_argument("--json", type=Path, help="write every number here")
    options = parser.parse_args()
    if options.quick:
        options.rounds, options.starts = 3, 1
    libraries = [library for library in options.libraries if library != "handwritten" or options.engine in ENGINES]

    console = Console() if sys.stdout.isatty() else Console(width=120)
    targets = tomllib.loads((HERE / "targets.toml").read_text())
    results: Results = {name: {} for name in MEASURES}
    for case in options.cases:
        with console.status(f"{case}: {', '.join(libraries)}"):
            for name, by_library in measure_case(case, libraries, options, console).items():
                results[name][case] = by_library
    imports = import_times(libraries, 2 * options.starts + 1, options.engine)

    for name, title in MEASURES.items():
        console.print(table_of(name, title, results[name], targets.get(options.engine, {}), libraries))
    for library, times in imports.items():
        limit = targets["import_seconds"] if library == "amalthea" else None
        console.print(f"import {library} (s):", verdict(statistics.median(times), limit))
    if options.json:
        report = {"machine": machine(), "engine": options.engine, "quick": options.quick, "results": results, "import": imports}
        options.json.write_text(json.dumps(report, indent=1) + "\n")


if __name__ == "__main__":
    main()
