"""The checks of the loader: every statement of its code that refuses something, found in its syntax trees."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import amalthea

ROOT = Path(amalthea.__file__).parent
_PLACES = ("saving/reading", "saving/formats", "saving", "training/callbacks/backup_and_restore.py")
_ERRORS = frozenset({"ModelFileError", "refused", "_damaged"})
_FAILING = frozenset({"fail", "_fail", "_refuse", "differs"})


class Check(NamedTuple):
    """A statement that refuses something.

    Args:
        file: its file, below the package.
        first: its first line.
        last: its last line.
    """

    file: str
    first: int
    last: int


def refuses(node: ast.AST) -> bool:
    """Whether a statement raises the error about model files, or calls what does."""
    if isinstance(node, ast.Raise):
        return isinstance(node.exc, ast.Call) and _name(node.exc.func) in _ERRORS
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Call) and _name(node.value.func) in _FAILING


def _name(function: ast.expr) -> str:
    return function.attr if isinstance(function, ast.Attribute) else function.id if isinstance(function, ast.Name) else ""


def checks() -> Iterator[Check]:
    """All of them."""
    for place in _PLACES:
        path = ROOT / place
        files = [path] if path.is_file() else sorted(path.rglob("*.py") if "/" in place else path.glob("*.py"))
        for file in files:
            for node in ast.walk(ast.parse(file.read_text())):
                if refuses(node):
                    yield Check(str(file.relative_to(ROOT)), node.lineno, node.end_lineno)  # type: ignore[attr-defined]


def codes() -> set[str]:
    """The codes of all errors that are raised under their full names."""
    found = set()
    for file in {check.file for check in checks()}:
        for node in ast.walk(ast.parse((ROOT / file).read_text())):
            if isinstance(node, ast.Call) and _name(node.func) == "ModelFileError" and isinstance(node.args[0], ast.Constant):
                found.add(node.args[0].value)
    return found
