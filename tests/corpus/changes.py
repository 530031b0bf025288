"""Whole files that change while they are read."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path

from corpus.case import Case
from corpus.good import OF_WEIGHTS, WHOLE, files

# What happens after the first bytes were read, or before the last are, and the code of the error, by the ending of the file or for all.
CHANGES: dict[str, tuple[str, dict[str, str]]] = {
    "written to": ("touch", dict.fromkeys((*WHOLE, *OF_WEIGHTS), "source.changed")),
    "made longer": ("append", dict.fromkeys((*WHOLE, *OF_WEIGHTS), "source.changed")),
    "cut at the beginning": ("cut", dict.fromkeys((*WHOLE, *OF_WEIGHTS), "source.end")),
    "cut at the end": ("cut late", {".h5": "hdf5.short", ".weights.h5": "hdf5.short", ".weights.npz": "source.end", ".safetensors": "source.end"}),
}


def _write(path: Path, ending: str) -> None:
    for name, content in files(ending).items():
        path.with_name(name).write_bytes(content)


def cases() -> Iterator[Case]:
    """The whole files, changed."""
    for name, (change, codes) in CHANGES.items():
        for ending, code in codes.items():
            beside = tuple(name for name in files(ending) if name != f"latest{ending}")
            part = "container" if change == "cut" else "weights"
            yield Case(f"change: {ending} {name}", ending, partial(_write, ending=ending), code, part, change, beside)
