"""What happens while a file is read: what Python tells its audit hooks, how much time and memory it takes, and what is changed afterwards."""

from __future__ import annotations

import itertools
import os
import random
import re
import resource
import sys
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

import amalthea
from amalthea.random import seed
from amalthea.saving import registry
from amalthea.saving.reading import source
from amalthea.state import naming

# What reading a file is: a thread for hashes, and looks at the frames of warnings, are allowed besides.
_ALLOWED = frozenset({"_thread.start_new_thread", "_thread.start_joinable_thread", "sys._getframe", "object.__getattr__", "builtins.id"})


@dataclass
class Seen:
    """What was seen.

    Attributes:
        events: what happened that must not: events of the audit hook.
        opened: the files that were opened, in order.
        seconds: of the processor.
        waited: in all.
        kilobytes: the most memory in addition.
        changed: what is not as it was before.
    """

    events: list[str] = field(default_factory=list)
    opened: list[str] = field(default_factory=list)
    seconds: float = 0.0
    waited: float = 0.0
    kilobytes: int = 0
    changed: list[str] = field(default_factory=list)


_watched: list[Seen] = []


def _hook(event: str, arguments: tuple[Any, ...]) -> None:
    if not _watched or event in _ALLOWED:
        return
    if event == "open":
        path, _, flags = arguments
        if isinstance(path, int):  # a descriptor that was opened before
            return
        writes = isinstance(flags, int) and flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC)
        _watched[0].opened.append(f"{os.fsdecode(path)}{' for writing' if writes else ''}")
    else:
        _watched[0].events.append(f"{event}: {str(arguments)[:200]}")


def install() -> None:
    """Watch from now on; what was installed cannot be removed, so this is for processes of their own."""
    sys.addaudithook(_hook)


def _memory(name: str) -> int:
    return int(re.search(rf"{name}:\s+(\d+)", Path("/proc/self/status").read_text())[1])  # type: ignore[index]


def limit_memory(more: int) -> None:
    """Let the process have so many more bytes of address space than it has now, so that what is allocated, but never touched, fails."""
    limit = 1024 * _memory("VmSize") + more
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))


@contextmanager
def watched() -> Iterator[Seen]:
    """Watch what is inside."""
    seen, before = Seen(), _globals()
    Path("/proc/self/clear_refs").write_text("5")  # the highest use of memory counts from here
    memory, started, work = _memory("VmRSS"), time.perf_counter(), time.process_time()
    _watched.append(seen)
    try:
        yield seen
    finally:
        _watched.clear()
        seen.seconds, seen.waited = time.process_time() - work, time.perf_counter() - started
        seen.kilobytes = _memory("VmHWM") - memory
        after = _globals()
        seen.changed = [name for name, value in before.items() if after[name] != value]


def _globals() -> dict[str, Any]:
    """All that a failed load must leave as it is."""
    return {
        "registered classes": (dict(registry._registered), dict(registry._registered_names), dict(registry._scoped.get())),
        "names": (dict(naming._counts), naming._scope.get()),
        "seeds": (seed._seeds.getstate(), random.getstate(), np.random.get_state()[1].tobytes()),
        "settings": repr(amalthea.config._settings),
        "engine": amalthea.config.backend(),
        "policy": repr(amalthea.config.dtype_policy()),
        "warnings": (list(warnings.filters), warnings.showwarning),
        "folder": os.getcwd(),
        "environment": dict(os.environ),
        "modules": set(sys.modules),
        "path": (list(sys.path), list(sys.meta_path), list(sys.path_hooks)),
        "recursion": sys.getrecursionlimit(),
        "threads": threading.active_count(),
        "files": len(os.listdir("/proc/self/fd")),
    }


@contextmanager
def reads(path: Path, then: Callable[[int], object]) -> Iterator[None]:
    """Inside, `then` is called after each time that the file was read, with the number of times."""
    original, counter = source.Source._fill, itertools.count(1)

    def fill(self: Any, position: int, buffer: memoryview) -> int:
        count = original(self, position, buffer)
        if self.place.startswith(str(path)):
            seen, _watched[:] = _watched[:], []  # what somebody else does
            then(next(counter))
            _watched[:] = seen
        return count

    source.Source._fill = fill  # type: ignore[method-assign]
    try:
        yield
    finally:
        source.Source._fill = original  # type: ignore[method-assign]


def touch(path: Path) -> None:
    """Give a file a later time, as if the same bytes were written again."""
    found = path.stat()
    os.utime(path, ns=(found.st_atime_ns, found.st_mtime_ns + 10**9))


def cut(path: Path) -> None:
    """Leave only a beginning of a file."""
    os.truncate(path, 200)


def append(path: Path) -> None:
    """Make a file longer."""
    with path.open("ab") as file:
        file.write(b"more")
