"""What making objects changes for those that come after them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from amalthea.random import seed
from amalthea.state import naming


@contextmanager
def without_traces() -> Iterator[None]:
    """If what is inside fails, names and seeds are counted on as if it had never begun."""
    with undone_on_failure([naming.memento(), seed.memento()]):
        yield


@contextmanager
def undone_on_failure(undos: Sequence[Callable[[], None]]) -> Iterator[None]:
    """If what is inside fails, these are called."""
    try:
        yield
    except BaseException:
        for undo in undos:
            undo()
        raise
