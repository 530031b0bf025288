"""Reads broken inputs, a great many of them, and tells what became of them.

    cd tests && python -m fuzz.run --inputs 1000000 --parser hdf5 zip

An input is accepted, or refused by `ModelFileError`. Another error, more than `--seconds` of the processor's time (or `_WAITING` times that in all), or more
memory than `--mebibytes` for one input is a bug:
the input is kept in a file, and the run fails at its end. So does growth of memory over the run, beyond its first tenth.
"""

from __future__ import annotations

import argparse
import gc
import resource
import signal
import sys
import time
import traceback
import warnings
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from amalthea.errors import ModelFileError
from fuzz.parsers import PARSERS, Parser, mutated

_MOST_BUGS = 50  # of different kinds
_WAITING = 30


class Hang(BaseException):
    """An input takes too long."""


@dataclass
class Figures:
    """What became of the inputs."""

    inputs: int = 0
    accepted: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    bugs: dict[str, list[str]] = field(default_factory=dict)  # by what was seen, the inputs that showed it
    slowest: tuple[float, str] = (0.0, "")
    peak: float = 0.0
    growth: float = 0.0
    seconds: float = 0.0

    def __str__(self) -> str:
        lines = [
            f"{self.inputs:,} inputs in {self.seconds:,.0f} s ({self.inputs / max(self.seconds, 1e-9):,.0f} a second): {self.accepted:,} accepted, "
            f"{self.refused.total():,} refused by {len(self.refused)} rules, {len(self.bugs)} bugs",
            f"slowest input {self.slowest[0] * 1000:,.0f} ms ({self.slowest[1]}), most memory for one {self.peak:.0f} MiB, growth {self.growth:.1f} MiB",
            *(f"    {count:>9,}  {code}" for code, count in self.refused.most_common()),
            *(f"BUG, {len(labels)} times, first {labels[0]}: {seen}" for seen, labels in self.bugs.items()),
        ]
        return "\n".join(lines)


def fuzz(name: str, parser: Parser, inputs: int, seed: str = "0", start: int = 0, seconds: float = 1.0, mebibytes: float = 64.0) -> Figures:
    """Read `inputs` broken inputs, of which each has a number; the same ones for the same `seed`.

    Args:
        name: of the parser.
        parser: it.
        inputs: how many.
        seed: from which they are made, together with their numbers.
        start: the first number.
        seconds: the time of the processor that one input may take.
        mebibytes: the memory that one input may take.
    """
    figures = Figures()
    begun, steady = time.perf_counter(), 0.0
    parser.seeds()
    for number in range(start, start + inputs):
        label = f"{name}/{seed}/{number}"
        data = mutated(parser, label)
        before, clock = _peak(), time.process_time()
        try:
            with _alarm(_WAITING * seconds):
                parser.run(data)
            figures.accepted += 1
        except ModelFileError as error:
            figures.refused[error.code] += 1
        except (Exception, Hang) as error:
            figures.bugs.setdefault(_seen(error), []).append(label)
        took, grown = time.process_time() - clock, _peak() - before
        figures.inputs += 1
        figures.slowest = max(figures.slowest, (took, label))
        if number > start:  # the first one brings in what is loaded late
            figures.peak = max(figures.peak, grown)
            if took > seconds or grown > mebibytes:
                figures.bugs.setdefault("too much time" if took > seconds else "too much memory", []).append(label)
        if number - start == inputs // 10:
            steady = _resident()
        if len(figures.bugs) >= _MOST_BUGS:
            break
    gc.collect()
    figures.growth = max(0.0, _resident() - steady)
    figures.seconds = time.perf_counter() - begun
    return figures


def _seen(error: BaseException) -> str:
    """What is alike in errors that have one cause."""
    *_, last = traceback.extract_tb(error.__traceback__)
    ours = [frame for frame in traceback.extract_tb(error.__traceback__) if "/amalthea/" in frame.filename]
    place = ours[-1] if ours else last
    return f"{type(error).__name__} in {place.filename.partition('/src/')[2]}:{place.lineno}, {place.name}: {place.line}"


@contextmanager
def _alarm(seconds: float) -> Iterator[None]:
    def ring(*_: Any) -> None:
        raise Hang(f"more than {seconds} s")

    before = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def _peak() -> float:
    """The most memory that this process ever held, in MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _resident() -> float:
    """What it holds now."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize() / 2**20


def main() -> int:
    """Run the parsers that are named one after another; 1 if one has a bug, or grows."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])  # type: ignore[union-attr]
    options.add_argument("--parser", nargs="+", choices=list(PARSERS), default=list(PARSERS), metavar="NAME", help=", ".join(PARSERS))
    options.add_argument("--inputs", type=int, default=10_000, help="for each parser")
    options.add_argument("--seed", default="0")
    options.add_argument("--start", type=int, default=0, help="the number of the first input: a bug's number, to see it again")
    options.add_argument("--seconds", type=float, default=1.0, help="the time that one input may take")
    options.add_argument("--mebibytes", type=float, default=64.0, help="the memory that one input may take")
    options.add_argument("--growth", type=float, default=32.0, help="how much memory may grow over a run, in MiB")
    options.add_argument("--folder", type=Path, default=Path(__file__).parents[2] / "build" / "fuzz", help="where the inputs of bugs are kept")
    options.add_argument("--list", action="store_true", help="print the names of the parsers, and do nothing else")
    chosen = options.parse_args()
    if chosen.list:
        print("\n".join(PARSERS))
        return 0
    warnings.simplefilter("ignore")
    resource.setrlimit(resource.RLIMIT_AS, (1 << 34, 1 << 34))
    failed = False
    for name in chosen.parser:
        parser = PARSERS[name]
        figures = fuzz(name, parser, chosen.inputs, chosen.seed, chosen.start, chosen.seconds, chosen.mebibytes)
        print(f"{name}: {figures}", flush=True)
        for label, *_ in figures.bugs.values():
            chosen.folder.mkdir(parents=True, exist_ok=True)
            (chosen.folder / label.replace("/", "-")).write_bytes(mutated(parser, label))
        failed |= bool(figures.bugs) or figures.growth > chosen.growth
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
