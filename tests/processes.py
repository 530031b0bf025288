"""Fresh processes, in which what is loaded can be seen."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ENGINES = ("jax", "jaxlib", "torch", "tensorflow", "keras")


def run(code: str, *, arguments: tuple[str, ...] = (), blocked: tuple[str, ...] = (), check: bool = True, **environment: str):
    """Run Python code in a process of its own.

    Args:
        code: the program.
        arguments: what stands in `sys.argv` after its name.
        blocked: packages that cannot be imported there, as if they were not installed.
        check: whether an exit status other than 0 is an error.
        **environment: variables added to the environment.
    """
    block = "".join(f"import sys; sys.modules[{name!r}] = None\n" for name in blocked)
    return command([sys.executable, "-c", block + code, *arguments], check=check, **environment)


def command(words: list[str], *, check: bool = True, folder: Path | None = None, seconds: int = 240, **environment: str):
    """Run a command with the package on the path."""
    import amalthea

    source = str(Path(amalthea.__file__).parents[1])
    settings = {**os.environ, "PYTHONPATH": source, "PYTHONDONTWRITEBYTECODE": "1", "COLUMNS": "200", **environment}
    done = subprocess.run(words, capture_output=True, text=True, env=settings, cwd=folder, timeout=seconds)
    if check and done.returncode:
        raise AssertionError(f"exit status {done.returncode}\n{done.stdout}\n{done.stderr}")
    return done
