"""A process in which one check of the loader after another is taken out, and what then comes of files: `python -m corpus.mutants TODO RESULTS`."""

from __future__ import annotations

import ast
import json
import os
import resource
import signal
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path
from types import CodeType, FunctionType, ModuleType
from typing import Any

from corpus.checks import ROOT, Check, refuses
from corpus.entries import ENTRIES
from corpus.watching import limit_memory
from corpus.worker import run, warm_up

_SECONDS, _MEMORY = 2, 1 << 26  # for a file that nothing refuses any more: of the processor, and bytes


def without(check: Check) -> None:
    """Take a check out of the functions of its module."""
    path = ROOT / check.file
    tree = ast.parse(path.read_text())
    changed = ast.fix_missing_locations(_Without(check).visit(tree))
    codes = dict(_codes(compile(changed, str(path), "exec", dont_inherit=True)))
    module = sys.modules["amalthea." + check.file.removesuffix(".py").removesuffix("/__init__").replace("/", ".")]
    for function in _functions(module):
        if function.__qualname__ in codes and function.__module__ == module.__name__:
            function.__code__ = codes[function.__qualname__]


class _Without(ast.NodeTransformer):
    def __init__(self, check: Check) -> None:
        self._check = check

    def visit(self, node: ast.AST) -> Any:
        if refuses(node) and node.lineno == self._check.first:  # type: ignore[attr-defined]
            return ast.copy_location(ast.Pass(), node)
        return self.generic_visit(node)


def _codes(code: CodeType, inside: bool = False) -> Iterator[tuple[str, CodeType]]:
    """The codes of functions, with those of methods, by their qualified names."""
    for part in code.co_consts:
        if isinstance(part, CodeType):
            is_class = not part.co_flags & 0x2  # no CO_NEWLOCALS: the body of a class
            if is_class:
                yield from _codes(part)
            else:
                yield part.co_qualname, part


def _functions(module: ModuleType) -> Iterator[FunctionType]:
    """The functions of a module, and the methods of its classes."""
    pending = list(vars(module).values())
    while pending:
        thing = pending.pop()
        if isinstance(thing, type) and thing.__module__ == module.__name__:
            pending += vars(thing).values()
        elif isinstance(thing, (staticmethod, classmethod)):
            pending.append(thing.__func__)
        elif isinstance(thing, property):
            pending.append(thing.fget)
        elif isinstance(thing, FunctionType):
            yield thing
            if hasattr(thing, "__wrapped__"):
                pending.append(thing.__wrapped__)


def is_missed(check: Check, pairs: list[list[str]]) -> bool:
    """Whether something else comes of one of these files in an entry without a check: each with the code that it has now."""
    return any(outcome(check, Path(path), name, change) != code for path, name, change, code in pairs)


def outcome(check: Check, path: Path, name: str, change: str) -> str:
    """What comes of a file without a check: a code, "loaded", "failed", or how the process ended."""
    reader, writer = os.pipe()
    child = os.fork()
    if not child:
        resource.setrlimit(resource.RLIMIT_CPU, (_SECONDS, _SECONDS))
        signal.signal(signal.SIGXCPU, signal.SIG_DFL)
        try:
            without(check)
            limit_memory(_MEMORY)
            found = run(path, ENTRIES[name], change)
            os.write(writer, found.get("code", found["kind"]).encode())
        finally:
            os._exit(0)
    os.close(writer)
    with os.fdopen(reader, "rb") as result:
        said = result.read().decode()
    _, status = os.waitpid(child, 0)
    return said or f"ended with status {status}"


def main(todo: str, results: str) -> None:
    """Take each check out, and run its files; the results say of each check whether it is missed."""
    plan = json.loads(Path(todo).read_text())
    warnings.simplefilter("ignore")
    warm_up(plan["warm"])
    found = []
    for check, pairs in plan["checks"]:
        print(check, file=sys.stderr, flush=True)
        found.append(is_missed(Check(*check), pairs))
    Path(results).write_text(json.dumps(found))


if __name__ == "__main__":
    main(*sys.argv[1:])
