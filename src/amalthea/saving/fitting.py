"""Stored variables and the variables of a model: everything is compared before anything is assigned."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np

from amalthea import dtypes
from amalthea.engines import host
from amalthea.errors import AmaltheaError, ArgumentError, ModelFileError, shown, told
from amalthea.saving.traces import undone_on_failure
from amalthea.saving.variables import describe, walk

_LISTED = 10


class Entry(Protocol):
    """A stored tensor, described by the file's headers, whose values are read when they are asked for."""

    @property
    def shape(self) -> tuple[int, ...]: ...

    @property
    def dtype(self) -> Any: ...

    def read(self) -> np.ndarray: ...


Entries = Mapping[str, Entry]
Stored = Mapping[str, Entries]
"""What a file holds: for each object, by its path in the model, its variables by their names."""


@dataclass
class LoadReport:
    """What was loaded into a model, and what was not.

    Attributes:
        loaded: the objects whose variables were assigned, by their paths.
        left: those that kept the values that they had, with the reasons.
        unused: what the file holds, but the model does not have.
    """

    loaded: list[str] = field(default_factory=list)
    left: dict[str, str] = field(default_factory=dict)
    unused: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        lines = [f"{name}: {reason}" for name, reason in self.left.items()]
        return "\n  ".join([*lines, *(f"{name}: in the file, but not in the model" for name in self.unused)])


@dataclass
class _Step:
    """One assignment that is planned."""

    name: str
    assign: Callable[[], Any]
    variables: Sequence[Any]


@dataclass
class Plan:
    """Assignments that wait until all of them were compared.

    Args:
        place: the file, for messages.
        partial: whether what does not fit is left out, with a warning; else it is an error.
    """

    place: str
    partial: bool = False
    report: LoadReport = field(default_factory=LoadReport)
    _steps: list[_Step] = field(default_factory=list)
    _skipped: dict[str, str] = field(default_factory=dict)
    _noted: dict[str, str] = field(default_factory=dict)
    _ignored: list[str] = field(default_factory=list)

    def add(self, name: str, assign: Callable[[], Any], variables: Sequence[Any], complaint: str | None = None) -> None:
        """Plan an assignment, which changes `variables`, or note why it cannot be."""
        if complaint is None:
            self._steps.append(_Step(name, assign, variables))
        else:
            self.report.left[name] = complaint

    def add_list(self, name: str, variables: Sequence[Any], entries: Sequence[tuple[str, Entry]]) -> None:
        """Plan the assignment of tensors to variables one by one, or note why it cannot be."""
        if len(variables) != len(entries):
            self.add(name, lambda: None, (), f"{len(entries)} variables in the file, {len(variables)} in the model")
            return
        pairs = [(variable, entry) for variable, (_, entry) in zip(variables, entries, strict=True)]
        problems = (difference(entry, variable.shape, variable.dtype) for variable, entry in pairs)
        problem = next((f"variable {place} {text}" for place, text in enumerate(problems) if text), None)
        self.add(name, lambda: [variable.assign(fresh(entry)) for variable, entry in pairs], variables, problem)

    def note(self, name: str, reason: str) -> None:
        """Leave something as it is, as it was asked for: the report says so."""
        self._noted[name] = reason

    def ignore(self, names: Iterable[str]) -> None:
        """Leave something of the file, as it was asked for: the report says so."""
        self._ignored += names

    def skip(self, name: str, reason: str) -> None:
        """Leave something as it is, whatever `partial` says, with a warning."""
        self._skipped[name] = reason

    def carry_out(self, variables: Iterable[Any], check: Callable[[], None]) -> LoadReport:
        """Assign all that was planned. If that fails, the variables have the values again that they had before.

        Args:
            variables: those that the assignments may change.
            check: looks at the end whether the file is still what it was, and raises an error if not.

        Raises:
            ModelFileError: something does not fit, and `partial` is not set; nothing was assigned.
        """
        report = self.report
        if (report.left or report.unused) and not self.partial:
            raise ModelFileError(
                "model.mismatch",
                self.place,
                f"The file does not fit the model; nothing was loaded.\n  {_shortened(str(report))}\n",
                "Pass `skip_mismatch=True` to load what fits.",
            )
        report.left |= self._skipped
        with undone_on_failure([variable.memento() for variable in variables]):
            for step in self._steps:
                try:
                    step.assign()
                except (ArgumentError, KeyError, TypeError) as error:
                    raise ModelFileError("model.assign", self.place, f"{shown(step.name)} cannot take its variables: {told(error)}") from error
                for variable in step.variables:
                    variable.wait()  # so that the array that it is copied from does not wait in memory
                report.loaded.append(step.name)
            check()
        if report.left or report.unused:
            warnings.warn(f"{self.place}: not everything fits the model, and this was not loaded:\n  {_shortened(str(report))}", stacklevel=2)
        report.left |= self._noted
        report.unused += self._ignored
        return report


def _shortened(text: str) -> str:
    lines = text.split("\n")
    return "\n".join(lines[:_LISTED] + ([f"  ... and {len(lines) - _LISTED} more"] if len(lines) > _LISTED else []))


def plan_objects(obj: Any, stored: Stored, place: str, partial: bool = False, whole: bool = False, left: Iterable[Any] = ()) -> Plan:
    """The assignments of the variables of `obj`, and of what is inside it, from a file that keeps them by objects.

    Args:
        obj: a model, or anything else with variables.
        stored: what the file holds.
        place: the file, for messages.
        partial: whether what does not fit is left out.
        whole: whether the file describes the model too, so that the state of the optimizer must fit as well. Weights are also read into models
            that train otherwise, or not at all: then an optimizer whose state is not there begins anew.
        left: objects that keep the values that they have, with all that is only inside of them.
    """
    plan = Plan(place, partial)
    seen = set()
    for path, part in walk(obj, seen={id(part) for part in left}):
        seen.add(path)
        found = stored.get(path, {})
        if not _of_optimizer(path):
            plan.add(path or part.name, _assignment(part, found), _variables(part), complaint(part, found))
        elif found:
            _plan_optimizer(plan, path, part, found, whole)
    if left:
        skipped = [path for path, _ in walk(obj) if path not in seen]
        seen.update(skipped)
        for path in skipped:
            plan.note(path, "left out, as it was asked for")
    plan.report.unused += [shown(path) for path, entries in stored.items() if path not in seen and entries and not _of_optimizer(path)]
    return plan


def _assignment(part: Any, found: Entries) -> Callable[[], None]:
    return lambda: part.load_own_variables(Values(found)) if found else None


def _variables(part: Any) -> Sequence[Any]:
    return getattr(part, "variables", ())


def _of_optimizer(path: str) -> bool:
    return path.partition("/")[0] == "optimizer"


def _plan_optimizer(plan: Plan, path: str, part: Any, found: Entries, whole: bool) -> None:
    problem = complaint(part, found)
    if problem is None:
        plan.add(path, _assignment(part, found), _variables(part))
    elif not whole:
        plan.skip(path, problem)
    elif _not_begun(part, found):
        plan.add(path, lambda: [variable.assign(fresh(found[str(place)])) for place, variable in enumerate(part.variables[: len(found)])], ())
    else:
        plan.add(path, lambda: None, (), problem)


def _not_begun(part: Any, found: Entries) -> bool:
    """Whether these are the variables of an optimizer before it knew the weights: its counter and its learning rate."""
    wanted = list(describe(part).items())[: len(found)]
    return len(found) <= 2 and all(name in found and difference(found[name], *described) is None for name, described in wanted)


def complaint(part: Any, found: Entries) -> str | None:
    """Why `found` cannot be the variables of `part`, or None."""
    try:
        wanted = describe(part)
    except AmaltheaError as error:
        return str(error)
    if not found and wanted:
        return f"its {len(wanted)} variables are not in the file"
    if len(found) != len(wanted):
        return f"{len(found)} variables in the file, {len(wanted)} in the model"
    for name, (shape, dtype) in wanted.items():
        if name not in found:
            return f"variable {name!r} is not in the file"
        problem = difference(found[name], shape, dtype)
        if problem is not None:
            return f"variable {name!r} {problem}"
    return None


def difference(entry: Entry, shape: tuple[int, ...], dtype: str) -> str | None:
    """How a stored tensor differs from a variable, or None.

    Shapes are equal, and dtypes of one kind: values of floating point come in any width, as a model in lower precision may start from weights
    in a higher one, but never integers for numbers of floating point.
    """
    if tuple(entry.shape) != shape:
        return f"has shape {tuple(entry.shape)} in the file, {shape} in the model"
    if _kind(str(dtypes.standardize_dtype(entry.dtype))) != _kind(dtype):
        return f"has dtype {entry.dtype} in the file, {dtype} in the model"
    return None


def _kind(dtype: str) -> str:
    for kind, test in (("float", dtypes.is_float), ("int", dtypes.is_int), ("complex", dtypes.is_complex)):
        if test(dtype):
            return kind
    return dtype


def fresh(entry: Entry) -> np.ndarray:
    """The values of a stored tensor, which stay as they are, so that whoever takes them needs no copy."""
    return host.seal(entry.read())


class Values(Mapping[str, np.ndarray]):
    """Stored tensors whose values are read one at a time, each when it is looked up."""

    def __init__(self, entries: Entries) -> None:
        self._entries = entries

    def __getitem__(self, name: str) -> np.ndarray:
        return fresh(self._entries[name])

    def __iter__(self) -> Iterator[str]:
        return iter(self._entries)

    def __len__(self) -> int:
        return len(self._entries)
