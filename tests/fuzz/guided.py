"""Reads broken inputs of one parser, and goes on from those that reach new code (Atheris, which is libFuzzer for Python).

    cd tests && python -m fuzz.guided --parser hdf5 --inputs 100000

Inputs are broken by the same mutators as in `run`. Another error than `ModelFileError`, 5 s for one input, or 2 GiB of memory end the run; the input is then
kept in a file. What follows `--` goes to libFuzzer.
"""

from __future__ import annotations

import argparse
import contextlib
import sys
import tempfile
import warnings
from collections.abc import Callable
from pathlib import Path
from random import Random
from types import FunctionType

import atheris

from amalthea.errors import ModelFileError
from fuzz.parsers import PARSERS, Parser

_LOOKED_AT = "amalthea.saving"


def instrument() -> None:
    """Let Atheris see what is reached in the code that reads files. Importing it under Atheris would take in all of the layers, and be slow."""
    for name, module in list(sys.modules.items()):
        if name.startswith(_LOOKED_AT):
            for thing in list(vars(module).values()):
                if getattr(thing, "__module__", None) == name:
                    for function in [thing, *vars(thing).values()] if isinstance(thing, type) else [thing]:
                        if isinstance(function, FunctionType):
                            atheris.instrument_func(function)


def one_input(parser: Parser) -> Callable[[bytes], None]:
    """What is run on every input."""

    def run(data: bytes) -> None:
        with contextlib.suppress(ModelFileError):
            parser.run(data)

    return run


def mutator(parser: Parser) -> Callable[[bytes, int, int], bytes]:
    """The mutator, as libFuzzer asks for it."""

    def mutate(data: bytes, most: int, seed: int) -> bytes:
        random = Random(seed)
        for _ in range(random.choice((1, 1, 2, 4))):
            data = parser.mutate(data, random)
        return data[:most]

    return mutate


def main() -> None:
    """Run one parser."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])  # type: ignore[union-attr]
    options.add_argument("--parser", choices=list(PARSERS), required=True)
    options.add_argument("--inputs", type=int, default=10_000)
    options.add_argument("more", nargs="*", help="for libFuzzer, after --")
    chosen = options.parse_args()
    warnings.simplefilter("ignore")
    parser = PARSERS[chosen.parser]
    instrument()
    with tempfile.TemporaryDirectory() as folder:
        for number, data in enumerate(parser.seeds()):
            Path(folder, str(number)).write_bytes(data)
        settings = [f"-runs={chosen.inputs}", "-timeout=5", "-rss_limit_mb=2048", "-max_len=65536", "-verbosity=1"]
        atheris.Setup([sys.argv[0], *settings, *chosen.more, folder], one_input(parser), custom_mutator=mutator(parser))
        atheris.Fuzz()


if __name__ == "__main__":
    main()
