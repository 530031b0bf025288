"""What a case of the corpus is."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import NamedTuple


class Case(NamedTuple):
    """A file that must be refused.

    Args:
        name: says what is wrong with it; each case has a name of its own.
        ending: how its name ends.
        write: writes it, and what belongs to it, at a path.
        code: the code of the error.
        part: what is wrong: the "container", or in it the "json" of the model, the "model", its "training", the "weights", their "values", or
            how they "fit"; a function that does not read that part loads the file. The "state" of a training stands beside it.
        change: what happens to the file while it is read: see `watching.Change`.
        beside: further files that belong to it and may be opened, by their names.
        loaded_by: entries that load it nevertheless, as they are asked to.
    """

    name: str
    ending: str
    write: Callable[[Path], object]
    code: str
    part: str = "container"
    change: str = ""
    beside: tuple[str, ...] = ()
    loaded_by: tuple[str, ...] = ()


def of_bytes(make: Callable[[], bytes]) -> Callable[[Path], object]:
    """How a file with these bytes is written."""
    return lambda path: path.write_bytes(make())


Damage = tuple[str, Callable[..., bytes]]
"""The code of the error, and what breaks a whole file, or what it is made of."""


def damaged(
    title: str, ending: str, damages: dict[str, Damage], wrap: Callable[[Callable[..., bytes]], bytes], part: str = "container"
) -> Iterable[Case]:
    """A case for each of some damages; `wrap` carries one out, and puts the result into a file."""
    for name, (code, break_) in damages.items():
        yield Case(f"{title}: {name}", ending, of_bytes(lambda break_=break_: wrap(break_)), code, part)
