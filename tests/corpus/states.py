"""Whole weights in the folder of `BackupAndRestore`, beside which the state of the training is broken."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path

from corpus.case import Case
from corpus.entries import STATE
from corpus.good import data
from corpus.texts import FOREIGN, TEXTS

ENDING = ".weights.h5"


def _beside(write: Callable[[Path], object]) -> Callable[[Path], object]:
    def build(path: Path) -> None:
        path.write_bytes(data(ENDING))
        write(path.with_name(STATE))

    return build


def cases() -> Iterator[Case]:
    """Texts that are no JSON of ours, or no state, or what is no text."""
    for name, (code, text) in TEXTS.items():
        yield Case(f"state: {name}", ENDING, _beside(lambda path, text=text: path.write_bytes(text())), code, "state")
    for name, foreign in FOREIGN.items():
        yield Case(f"state: a table with {name}", ENDING, _beside(lambda path, foreign=foreign: path.write_bytes(foreign())), "backup.state", "state")
    for epoch in (-1, True, "1", None, 0.5, [1]):
        text = json.dumps({"epoch": epoch, "batch": 0})
        yield Case(f"state: an epoch {epoch!r}", ENDING, _beside(lambda path, text=text: path.write_text(text)), "backup.state", "state")
    yield Case("state: a pipe", ENDING, _beside(os.mkfifo), "source.kind", "state")
