"""All cases, written to a folder, and what must come of each in every entry."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import amalthea
from corpus import changes, configs, hdf5, npz, paths, safetensors, shards, states, weights, zips
from corpus.case import Case
from corpus.checks import Check
from corpus.entries import CONTAINER, ENTRIES, MODEL, OF_WEIGHTS, STATE, TRAINING
from corpus.good import ENDINGS, files, graphs
from processes import command


class Pair(NamedTuple):
    """A case in an entry.

    Args:
        case: the case.
        path: its file.
        entry: the name of the entry.
        code: the code of the error, or None if the file is loaded.
        result: what came of it in the worker.
    """

    case: Case
    path: Path
    entry: str
    code: str | None
    result: dict[str, Any]


def cases() -> list[Case]:
    """All cases."""
    families = (zips, hdf5, npz, safetensors, configs, weights, shards, states, paths, changes)
    return [case for family in families for case in family.cases()]


def expected(case: Case, name: str) -> str | None:
    """The code of the error of a case in an entry, or None if it is loaded there."""
    if ENTRIES[name].models and case.ending in OF_WEIGHTS and case.part != CONTAINER:
        return "format.no_model"  # before the weights are looked at
    return None if case.part not in ENTRIES[name].reads or name in case.loaded_by else case.code


PARTS = {"load_model, not in safe mode": (MODEL, TRAINING)}  # what the case must be about, for entries that differ in that alone


def meets(case: Case, name: str) -> bool:
    """Whether a case goes through an entry."""
    # Models are not read to the end of files of weights; what computes hashes reads the end twice.
    late = case.change.endswith("late") and ((case.ending in OF_WEIGHTS and ENTRIES[name].models) or name == "inspect")
    return accepts(name, case.ending) and case.part in PARTS.get(name, (case.part,)) and not late


def accepts(name: str, ending: str) -> bool:
    """Whether an entry is for files of this ending."""
    return ending in ENTRIES[name].endings


class Corpus:
    """All cases in a folder.

    Args:
        folder: where the files are written.

    Attributes:
        pairs: the cases in the entries, with what came of them.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._warm = [(str(path), name) for path, name in _whole_files(folder)]
        todo = [(case, path, name) for number, case in enumerate(cases()) for path, name in _written(case, folder / str(number))]
        plan = {"warm": self._warm, "pairs": [(str(path), name, case.change) for case, path, name in todo]}
        results = _work("corpus.worker", plan, folder)
        self.pairs = [Pair(case, path, name, expected(case, name), result) for (case, path, name), result in zip(todo, results, strict=True)]

    def missed(self, found: dict[Check, list[Pair]]) -> dict[Check, bool]:
        """Whether something else comes of one of these when a check is taken out, by the check."""
        listed = [(check, [(str(p.path), p.entry, p.case.change, p.code) for p in pairs]) for check, pairs in found.items()]
        return dict(zip(found, _work("corpus.mutants", {"warm": self._warm, "checks": listed}, self._folder), strict=True))


def _whole_files(folder: Path) -> Iterator[tuple[Path, str]]:
    """Whole files, written, each with an entry that loads it."""
    for kind, written in (("whole", files), ("graph", graphs)):
        for ending in ENDINGS:
            place = folder / f"{kind}{ending}"
            place.mkdir()
            for name, content in written(ending).items():
                (place / name).write_bytes(content)
            for name, entry in ENTRIES.items():
                fits = not entry.models if ending in OF_WEIGHTS else entry.into is None or kind == "whole"
                if written(ending) and accepts(name, ending) and fits:
                    yield place / f"latest{ending}", name


def _written(case: Case, folder: Path) -> Iterator[tuple[Path, str]]:
    """The file of a case, written, with the entries that it goes through; what changes while it is read is there for one of them only."""
    for name in ENTRIES:
        if meets(case, name):
            path = (folder / name if case.change else folder) / f"latest{case.ending}"
            if not path.parent.exists():
                path.parent.mkdir(parents=True)
                case.write(path)
                if not path.with_name(STATE).exists():
                    path.with_name(STATE).write_text('{"epoch": 0, "batch": 0}')
            yield path, name


def _work(module: str, plan: Any, folder: Path) -> Any:
    """Let a process carry out a plan."""
    (folder / "todo").write_text(json.dumps(plan))
    here = os.pathsep.join(str(Path(file).parents[1]) for file in (__file__, amalthea.__file__))
    words = [sys.executable, "-m", module, str(folder / "todo"), str(folder / "results")]
    command(words, PYTHONPATH=here, AMALTHEA_ENGINE="numpy")
    return json.loads((folder / "results").read_text())
