"""A process that saves again and again, in children that are killed at one write after another: `python -m killing FOLDER ENDING`.

It prints what reaches the disk when nothing happens (the names of the calls, in order), and for each of these the weights that the file holds after
a child was killed there: 1 for those that it had before, 2 for the new ones.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import amalthea
from amalthea.saving import replacing

_WHOLE = (".keras", ".h5")


def model(value: float) -> Any:
    """A model whose kernels have this value."""
    constant = amalthea.initializers.Constant(value)
    return amalthea.Sequential([amalthea.Input((3,)), *(amalthea.layers.Dense(2, kernel_initializer=constant) for _ in range(2))])


def save(made: Any, path: Path) -> None:
    """Save over what is there; weights in several files have a file for each tensor."""
    if path.name.endswith(_WHOLE) and not path.name.endswith(".weights.h5"):
        made.save(path)
    else:
        made.save_weights(path, max_shard_size=1e-9 if path.name.endswith(".weights.json") else None)


def value_in(path: Path) -> float:
    """The value of the kernels in a file, which must be whole."""
    found = model(0.0)
    found.load_weights(path)
    first, last = found.get_weights()[0], found.get_weights()[2]
    assert first.min() == first.max() == last.min() == last.max()
    return float(first[0, 0])


class Calls:
    """Counts what reaches the disk, and kills the process at one of the calls.

    Args:
        last: at which.
    """

    def __init__(self, last: int = 0) -> None:
        self.names: list[str] = []
        self._last = last

    def counted(self, function: Callable[..., Any], name: str) -> Callable[..., Any]:
        """`function`, counted."""

        def call(*args: Any, **kwargs: Any) -> Any:
            self.names.append(name)
            if len(self.names) == self._last:
                if name == "write":
                    data = memoryview(args[0]).cast("B")
                    function(data[: len(data) // 2])
                os.kill(os.getpid(), signal.SIGKILL)
            return function(*args, **kwargs)

        return call

    def install(self) -> None:
        """Count from now on."""
        for name in ("fsync", "replace", "unlink"):
            setattr(os, name, self.counted(getattr(os, name), name))
        opened = replacing._opened
        replacing._opened = lambda handle: _File(opened(handle), self)  # type: ignore[assignment, return-value]


class _File:
    def __init__(self, file: Any, calls: Calls) -> None:
        self._file, self._calls = file, calls

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._file, name)
        return self._calls.counted(found, name) if name in ("write", "truncate", "flush") else found

    def __enter__(self) -> _File:
        self._file.__enter__()
        return self

    def __exit__(self, *error: Any) -> Any:
        return self._file.__exit__(*error)


def in_child(made: Any, path: Path, last: int = 0) -> list[str]:
    """Save in a child that is killed at a call; the names of the calls, if it is not killed."""
    reader, writer = os.pipe()
    child = os.fork()
    if not child:
        calls = Calls(last)
        calls.install()
        save(made, path)
        os.write(writer, json.dumps(calls.names).encode())
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader, "rb") as result:
        said = result.read()
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status) == bool(last) and os.waitstatus_to_exitcode(status) == (-signal.SIGKILL if last else 0)
    return json.loads(said) if said else []


def main(folder: str, ending: str) -> None:
    """Kill a child at each of the calls."""
    path = Path(folder, f"m{ending}")
    os.fsync = lambda descriptor: None  # what a killed process has written is there without it
    old, new = model(1.0), model(2.0)
    save(old, path)
    before = {file.name: file.read_bytes() for file in path.parent.iterdir()}

    def restore() -> None:
        for file in path.parent.iterdir():
            file.unlink()
        for name, content in before.items():
            path.with_name(name).write_bytes(content)

    calls = in_child(new, path)
    assert value_in(path) == 2.0
    values = []
    for last in range(1, len(calls) + 1):
        restore()
        in_child(new, path, last)
        values.append(value_in(path))
        # What is left over disturbs no save after that.
        save(new, path)
        assert value_in(path) == 2.0
    print(json.dumps([calls, values]))


if __name__ == "__main__":
    main(*sys.argv[1:])
