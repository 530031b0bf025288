"""The command `amalthea`: runs scripts written for Keras, looks into model files, and tells what is installed."""

from __future__ import annotations

import argparse
import builtins
import io
import os
import platform
import sys
from collections.abc import Sequence
from importlib import metadata
from types import ModuleType, TracebackType

from amalthea.version import KERAS_API, VERSION


def main(argv: Sequence[str] | None = None) -> int:
    """The entry of the command; returns its exit status.

    Args:
        argv: the arguments; by default, those of the process.

    Example:
        >>> main(["--version"])
        Traceback (most recent call last):
            ...
        SystemExit: 0
    """
    arguments = _parser().parse_args(argv)
    if arguments.command == "run":
        return run(arguments.script, arguments.args, arguments.engine)
    if arguments.command == "inspect":
        return inspect_file(arguments.file, arguments.json, arguments.all)
    info()
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="amalthea", description="Amalthea: deep learning with the Keras API.")
    parser.add_argument("--version", action="version", version=f"amalthea {VERSION} (Keras API {KERAS_API})")
    commands = parser.add_subparsers(dest="command", required=True, metavar="command")
    runs = commands.add_parser("run", help="run a script; its `import keras` and `tf.keras` give Amalthea")
    runs.add_argument("--engine", help='the engine, such as "jax" (otherwise: AMALTHEA_ENGINE, KERAS_BACKEND, or "jax")')
    runs.add_argument("script", help="the script")
    runs.add_argument("args", nargs=argparse.REMAINDER, help="arguments of the script")
    inspects = commands.add_parser(
        "inspect",
        help="show what a model file holds, and what would be refused, without loading it",
        description="Shows what a model file holds, and all that would be refused when it is loaded. Nothing of it is loaded or run, and no engine is.",
        epilog="The exit status is 0 if nothing was found that would be refused, 1 otherwise, and 2 if the file cannot be read. "
        "That custom classes are needed is shown, but is no fault.",
    )
    inspects.add_argument("--json", action="store_true", help="print JSON")
    inspects.add_argument("--all", action="store_true", help="do not cut long tables")
    inspects.add_argument("file", metavar="FILE", help=".keras, .h5, .hdf5, .weights.h5, .weights.npz, .safetensors or .weights.json")
    commands.add_parser("info", help="show versions, engines and devices")
    return parser


def run(script: str, args: Sequence[str] = (), engine: str | None = None) -> int:
    """Run a script as Python does, with `keras` served by Amalthea.

    Args:
        script: the file.
        args: what the script finds in `sys.argv` after its name.
        engine: the name of the engine; None leaves the choice to the environment.

    Returns:
        The exit status: 0; 1 after an error, whose traceback is shown; 2 if there is no such file.
    """
    from amalthea.compat.hook import install

    try:
        with io.open_code(os.path.abspath(script)) as file:
            source = file.read()
    except OSError as error:
        print(f"amalthea: cannot open {script!r}: {error.strerror}", file=sys.stderr)
        return 2
    if engine is not None:
        os.environ["AMALTHEA_ENGINE"] = engine
    install()
    sys.argv[:] = [script, *args]
    sys.path[0] = os.path.dirname(os.path.abspath(script))
    module = ModuleType("__main__")
    vars(module).update(__file__=script, __builtins__=builtins, __cached__=None)
    sys.modules["__main__"] = module
    try:
        exec(compile(source, script, "exec", dont_inherit=True), vars(module))
    except SystemExit:
        raise
    except BaseException as error:
        # As if Python had been started with the script: its traceback begins there.
        error = error.with_traceback(_from_script(error.__traceback__))
        sys.excepthook(type(error), error, error.__traceback__)
        return 130 if isinstance(error, KeyboardInterrupt) else 1
    return 0


def _from_script(traceback: TracebackType | None) -> TracebackType | None:
    while traceback is not None and traceback.tb_frame.f_code.co_filename == __file__:
        traceback = traceback.tb_next
    return traceback


def inspect_file(file: str, as_json: bool = False, every: bool = False) -> int:
    """Print what a model file holds, and what would be refused.

    Args:
        file: its path.
        as_json: whether JSON is printed, for machines.
        every: whether long tables are printed to their ends.

    Returns:
        The exit status: 0; 1 if the file would be refused; 2 if there is no such file.
    """
    from amalthea.errors import ArgumentError
    from amalthea.saving.inspection import inspect, view

    try:
        found = inspect(file)
    except ArgumentError as error:
        print(f"amalthea: {error}", file=sys.stderr)
        return 2
    if as_json:
        print(view.as_json(found))
    else:
        view.show(found, every)
    return 1 if found.refused else 0


def info() -> None:
    """Print versions, engines and devices."""
    from rich.console import Console
    from rich.table import Table

    from amalthea.engines import registry

    table = Table(show_header=False, box=None, pad_edge=False)
    table.add_column(style="bold")
    table.add_column()
    table.add_row("amalthea", f"{VERSION}, in {os.path.dirname(os.path.abspath(__file__))}")
    table.add_row("Keras API", KERAS_API)
    table.add_row("Python", f"{platform.python_version()}, {platform.system()} {platform.machine()}")
    table.add_row("NumPy", _version("numpy"))
    for name, found in registry.available().items():
        table.add_row(f"engine {name}", _engine(name) if found else "not installed")
    console = Console(highlight=False)
    console.print(table)


def _engine(name: str) -> str:
    from amalthea.engines import registry

    chosen = " (used by default)" if name == registry.default_name() else ""
    try:
        devices = ", ".join(registry.get(name).devices())
    except Exception as error:  # a broken installation of one engine must not hide the rest
        return f"{_version(name)}{chosen}: cannot be loaded: {type(error).__name__}: {error}"
    return f"{_version(name)}{chosen}: {devices}"


def _version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return "unknown version"
