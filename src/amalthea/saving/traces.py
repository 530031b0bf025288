"""What making objects changes for those that come after them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from amalthea.random import seed
from amalthea.state import naming


@contextmanager
def without_traces() -> Iterator[None]:
    """If what is inside fails, names and seeds are counted on as if it had never begun."""
    restore = naming.memento(), seed.memento()
    try:
        yield
    except BaseException:
        for undo in restore:
            undo()
        raise
