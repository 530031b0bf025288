"""A process in which files meet what reads them: `python -m corpus.worker FILES RESULTS`, both in JSON.

It imports nothing that makes files, so that what the readers import on their own is seen.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import traceback
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import amalthea
from amalthea.errors import ModelFileError
from corpus import watching
from corpus.entries import ENTRIES, Entry

_ROOM = str(Path(amalthea.__file__).parent)
_PATIENCE = 30  # seconds, after which a load is given up
_MEMORY = 1 << 30
_CHANGES: dict[str, Callable[[Path], object]] = {
    "": lambda path: None,
    "touch": watching.touch,
    "append": watching.append,
    "cut": watching.cut,
    "cut late": watching.cut,
}


class GaveUp(BaseException):
    """It took too long."""


def _give_up(*_: Any) -> None:
    raise GaveUp


def run(path: Path, entry: Entry, change: str = "") -> dict[str, Any]:
    """What comes of one file in one entry, as plain values."""
    into = None if entry.into is None else entry.into()
    before = None if into is None else _values(into)
    when = _reads(path, entry) - 1 if change.endswith("late") else 1
    signal.alarm(_PATIENCE)
    try:
        with watching.watched() as seen, watching.reads(path, lambda count: _CHANGES[change](path) if count == when else None):
            found = _outcome(entry, into, path)
    finally:
        signal.alarm(0)
    if before is not None and found["kind"] != "loaded" and _values(into) != before:
        seen.changed.append("weights")
    return found | vars(seen)


def _reads(path: Path, entry: Entry) -> int:
    """How often the file is read, if nothing happens."""
    counted: list[int] = []
    with watching.reads(path, counted.append):
        _outcome(entry, None if entry.into is None else entry.into(), path)
    return len(counted)


def _values(made: Any) -> list[Any]:
    return [variable.numpy().tolist() for variable in [*made.variables, *made.optimizer.variables]]


def _outcome(entry: Entry, into: Any, path: Path) -> dict[str, Any]:
    try:
        entry.call(path) if into is None else entry.call(into, path)
    except ModelFileError as error:
        frames = [(frame.f_code.co_filename, line) for frame, line in traceback.walk_tb(error.__traceback__)]
        lines = [f"{file.removeprefix(_ROOM)[1:]}:{line}" for file, line in frames if file.startswith(_ROOM)]
        parts = {"code": error.code, "place": error.place, "reason": error.reason, "hint": error.hint}
        return {"kind": "refused", **parts, "text": str(error), "lines": lines}
    except (Exception, GaveUp) as error:
        return {"kind": "failed", "text": "".join(traceback.format_exception(error))[-1500:]}
    return {"kind": "loaded", "text": ""}


def warm_up(pairs: list[Any]) -> None:
    """Load whole files, so that what is imported late, and caches, are there afterwards."""
    for _ in range(2):
        for path, name in pairs:
            entry = ENTRIES[name]
            entry.call(Path(path)) if entry.into is None else entry.call(entry.into(), Path(path))


def main(files: str, results: str) -> None:
    """Run all files through the entries that they are for."""
    todo = json.loads(Path(files).read_text())
    signal.signal(signal.SIGALRM, _give_up)
    warnings.simplefilter("ignore")
    warm_up(todo["warm"])
    watching.install()
    watching.limit_memory(_MEMORY)
    found = []
    for path, name, change in todo["pairs"]:
        print(name, path, file=sys.stderr, flush=True)  # the last line names what a crash is due to
        found.append(run(Path(path), ENTRIES[name], change))
    Path(results).write_text(json.dumps(found))


if __name__ == "__main__":
    main(*sys.argv[1:])
    os._exit(0)
