"""What was found in a model file, for people and for machines. All text of the file is a stranger's, and cannot disturb a terminal."""

from __future__ import annotations

import dataclasses
import itertools
import json
import math
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from amalthea import dtypes
from amalthea.errors import ArgumentError, ModelFileError, printable
from amalthea.saving import faults
from amalthea.saving.inspection import OPTIMIZER, Inspection, Tensor

if TYPE_CHECKING:
    from rich.console import RenderableType

_ROWS = 60
_HASH = "SHA-256"
_USUAL = "float32"
_UNITS = ("bytes", "kB", "MB", "GB", "TB")


def as_json(found: Inspection) -> str:
    """It as a JSON text; all characters are ASCII.

    Example:
        >>> as_json(Inspection("m.keras", kind="a model"))[:40]
        '{\\n  "file": "m.keras",\\n  "size": null,\\n '
    """
    values = {name: value for name, value in vars(found).items() if name not in ("needs", "refused")}
    values = {name: [dataclasses.asdict(part) for part in value] if isinstance(value, list) else value for name, value in values.items()}
    return json.dumps(values | {"needs": _plain(found.needs), "refused": _plain(found.refused)}, indent=2)


def _plain(faults: list[ModelFileError]) -> list[dict[str, str]]:
    return [{"code": fault.code, "place": fault.place, "reason": fault.reason, "hint": fault.hint} for fault in faults]


def show(found: Inspection, every: bool = False) -> None:
    """Print it in tables.

    Args:
        found: what was found.
        every: whether long tables are printed to their ends.
    """
    from rich.console import Console

    console = Console(highlight=False, markup=False, emoji=False)
    for block in _blocks(found, None if every else _ROWS):
        console.print(block)


def _blocks(found: Inspection, rows: int | None) -> Iterator[RenderableType]:
    from rich.text import Text

    size = "" if found.size is None else f", {_bytes(found.size)}"
    yield Text.assemble((found.file, "bold"), f": {found.kind}{size}" if found.kind else "")
    if found.about:
        yield _table("", [], [(printable(key.replace("_", " ")), printable(value)) for key, value in found.about.items()])
    yield from _members(found)
    yield from _parts(found, rows)
    if found.compiled:
        rows_ = [(printable(key).replace("_", " "), printable(value)) for key, value in found.compiled.items()]
        yield _table("", [("Compiled with", "left"), ("", "left")], rows_)
    yield from _weights(found.tensors, rows)
    yield from _faults(found)


def _members(found: Inspection) -> Iterator[RenderableType]:
    if not found.members:
        return
    agreement = {None: "", True: "as written", False: "not as written"}
    columns = [("Member", "left"), ("Size", "right"), (_HASH, "left"), ("", "left")]
    rows = [(printable(member.name), _bytes(member.size), member.sha256, agreement[member.agrees]) for member in found.members]
    if all(member.agrees is None for member in found.members):
        columns, rows = columns[:3], [row[:3] for row in rows]  # type: ignore[misc]
    yield _table("", columns, rows)


def _parts(found: Inspection, most: int | None) -> Iterator[RenderableType]:
    if not found.parts:
        return
    needed = {fault.place for fault in found.needs}
    rows: list[tuple[str, ...]] = []
    for part in found.parts:
        mark = " (needs custom_objects)" if part.place in needed else ""
        dtype = "" if part.dtype in (None, _USUAL) else printable(part.dtype)
        parameters = "" if part.parameters is None else f"{part.parameters:,}"
        rows.append(("  " * part.depth + printable(part.name), printable(part.class_name) + mark, printable(part.shape or ""), dtype, parameters))
    columns = [("Layer", "left"), ("Class", "left"), ("Input", "left"), (f"Type, if not {_USUAL}", "left"), ("Parameters", "right")]
    if not any(row[3] for row in rows):
        columns.pop(3)
        rows = [(*row[:3], row[4]) for row in rows]
    yield _table("", columns, _cut(rows, most))


def _weights(tensors: list[Tensor], most: int | None) -> Iterator[RenderableType]:
    if not tensors:
        return
    columns = [("Variables of", "left"), ("Name", "left"), ("Shape", "left"), ("Type", "left")]
    rows: list[tuple[str, ...]] = []
    for path, group in itertools.groupby(tensors, lambda tensor: tensor.path):
        parts = list(group)
        if path.startswith(OPTIMIZER) and most is not None:
            rows.append((printable(path), _in_all(parts)))
        else:
            named = [printable(path or "/")] + [""] * (len(parts) - 1)
            rows += (
                (name, printable(tensor.name), printable(tensor.shape), printable(tensor.dtype)) for name, tensor in zip(named, parts, strict=True)
            )
    yield _table("", columns, [*_cut(rows, most), ("in all", _in_all(tensors))])


def _in_all(tensors: list[Tensor]) -> str:
    return f"{len(tensors):,} tensors, {_bytes(sum(map(_size, tensors)))}"


def _faults(found: Inspection) -> Iterator[RenderableType]:
    from rich.text import Text

    if found.needs:
        yield Text("Needs custom_objects", style="bold yellow")
        yield from _reasons(found.needs)
        yield Text(faults.REGISTER)
    if found.refused:
        yield Text("Would be refused", style="bold red")
        yield from _reasons(found.refused)
        if found.cut:
            yield Text("There may be more.")
    elif found.kind:
        yield Text("Nothing was found that would be refused.", style="bold green")
        if found.parts:
            yield Text("Nothing was made: whether layers and weights fit each other is seen when it is loaded.", style="dim")


def _reasons(listed: Iterable[ModelFileError]) -> Iterator[RenderableType]:
    """Each reason once, with all its places."""
    from rich.padding import Padding
    from rich.text import Text

    places: dict[tuple[str, str, str], list[str]] = {}
    for fault in listed:
        places.setdefault((fault.code, fault.reason, fault.hint), []).append(fault.place)
    for (code, reason, hint), where in places.items():
        text = Text.assemble((", ".join(where), "bold"), f": {reason}", f" [{code}]")
        if hint and hint != faults.REGISTER:
            text.append(f"\n{hint}", style="dim")
        yield Padding(text, (0, 0, 0, 2))


def _table(title: str, columns: list[tuple[str, Any]], rows: Iterable[tuple[str, ...]]) -> RenderableType:
    from rich import box
    from rich.padding import Padding
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD if columns else None, show_header=bool(columns), show_edge=False, pad_edge=False)
    for name, side in columns or [(title, "left"), ("", "left")]:
        hash_ = name == _HASH
        table.add_column(name, justify=side, overflow="ellipsis" if hash_ else "fold", no_wrap=hash_)
    for row in rows:
        table.add_row(*(Text(cell) for cell in row))
    return Padding(table, (0, 0, 1, 0), expand=False)


def _cut(rows: list[tuple[str, ...]], most: int | None) -> list[tuple[str, ...]]:
    if most is None or len(rows) <= most:
        return rows
    return [*rows[:most], (f"... and {len(rows) - most:,} more (--all shows them)",)]


def _bytes(count: int) -> str:
    """A size in the largest unit of which there is at least one.

    Example:
        >>> _bytes(999), _bytes(1_234_567)
        ('999 bytes', '1.2 MB')
    """
    power = min((len(str(count)) - 1) // 3, len(_UNITS) - 1)
    return f"{count / 1000**power:.1f} {_UNITS[power]}" if power else f"{count} bytes"


def _size(tensor: Tensor) -> int:
    try:
        return math.prod(tensor.shape) * dtypes.numpy_dtype(tensor.dtype).itemsize
    except ArgumentError:  # the name of a dtype that nobody knows
        return 0
