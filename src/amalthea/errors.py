"""The errors that Amalthea raises.

    AmaltheaError
    ├── ArgumentError (ValueError)            an argument has a value that is not allowed
    ├── ArgumentTypeError (TypeError)         an argument is of a kind that is not allowed
    ├── ShapeError (ValueError)               shapes that do not fit each other, or a layer
    ├── DataError (ValueError)                training data that cannot be used
    ├── NotBuiltError (ValueError)            a layer or model is used before it has weights
    ├── NotCompiledError (ValueError)         a model is trained before `compile`
    ├── StateError (RuntimeError)             state is read or assigned where it cannot be
    ├── SerializationError (ValueError)       a configuration that cannot be read or written
    │   └── ModelFileError                    a file that is damaged, hostile, or not of a kind that is read
    ├── UnsupportedByEngine (NotImplementedError)   this engine cannot do it; another may
    ├── EngineNotInstalled (ImportError)      an engine's package is missing
    └── MissingDependency (ImportError)       an optional package is missing

Each one also is the built-in error that Keras raises in its place, so that code which catches that keeps working.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class AmaltheaError(Exception):
    """The root of all errors that Amalthea raises on its own."""

    __init__ = Exception.__init__  # by this the AutoGraph of TensorFlow knows the classes of which it may make an error with more words


class ArgumentError(AmaltheaError, ValueError):
    """An argument has a value that is not allowed."""


class ArgumentTypeError(AmaltheaError, TypeError):
    """An argument is of a kind that is not allowed."""


class ShapeError(AmaltheaError, ValueError):
    """Shapes do not fit each other, or do not fit a layer."""


class DataError(AmaltheaError, ValueError):
    """Data given to `fit`, `evaluate` or `predict` cannot be used."""


class NotBuiltError(AmaltheaError, ValueError):
    """A layer or model is used before its weights exist."""


class NotCompiledError(AmaltheaError, ValueError):
    """A model is trained or evaluated before `compile`."""


class StateError(AmaltheaError, RuntimeError):
    """State is read or assigned where that is not possible."""


class SerializationError(AmaltheaError, ValueError):
    """A configuration cannot be written, or what was read is not one."""


class ModelFileError(SerializationError):
    """A file is damaged, hostile, or of a kind that is not read.

    Args:
        code: what went wrong, as a short name that stays the same: "zip.overlap". Those of configurations are in `amalthea.saving.faults.CODES`.
        place: where: the file, and the member, byte or path inside.
        reason: what was found there, as a sentence.
        hint: what to do, as a sentence.

    Example:
        >>> error = ModelFileError("zip.crc", "model.keras", "The checksum is wrong.", "Copy the file again.")
        >>> error.code
        'zip.crc'
        >>> print(error)
        model.keras: The checksum is wrong. Copy the file again. [zip.crc]
    """

    def __init__(self, code: str, place: str, reason: str, hint: str = "") -> None:
        self.code, self.place, self.reason, self.hint = code, place, reason, hint
        super().__init__(code, place, reason, hint)  # what a copy in another process is made from

    def __str__(self) -> str:
        return f"{self.place}: {self.reason}{' ' * bool(self.hint)}{self.hint} [{self.code}]"


class UnsupportedByEngine(AmaltheaError, NotImplementedError):
    """The engine in use has no such operation.

    Args:
        engine: the name of the engine.
        what: the name of the operation, or a few words.
        hint: what to do instead.
    """

    def __init__(self, engine: str, what: str, hint: str = "") -> None:
        self.engine, self.what = engine, what
        advice = hint or 'Another engine may have it: `with amalthea.engine("jax"): ...`.'
        super().__init__(f"The engine {engine!r} cannot do `{what}`. {advice}")


class EngineNotInstalled(AmaltheaError, ImportError):
    """The package that an engine stands on is not installed."""


class MissingDependency(AmaltheaError, ImportError):
    """An optional package is not installed.

    Args:
        package: the name to install.
        purpose: what needs it, as the start of the sentence "... needs the package ...".
        extra: the extra of Amalthea that brings it, if there is one.
    """

    def __init__(self, package: str, purpose: str, extra: str | None = None) -> None:
        install = f'pip install "amalthea[{extra}]"' if extra else f"pip install {package}"
        super().__init__(f"{purpose} needs the package `{package}`, which is not installed. Install it with: {install}")


_SHOWN = 80


def shown(text: object) -> str:
    """Text that a stranger chose, so that it can stand in a message: in quotes, on one line, printable, and not long.

    Example:
        >>> shown("dense\\x1b[31m")
        "'dense\\\\x1b[31m'"
        >>> len(shown("a" * 1000)) < 100
        True
    """
    if not isinstance(text, (str, bytes)):
        text = str(text)
    cut = text[:_SHOWN]
    return ascii(cut) + ("..." if len(cut) < len(text) else "")


def printable(text: object) -> str:
    """Text that a stranger chose, for tables: as it is if it is plain and short, else as `shown`.

    Example:
        >>> printable("dense_1"), printable("dense\\x1b[31m")
        ('dense_1', "'dense\\\\x1b[31m'")
    """
    whole = str(text)
    return whole if len(whole) <= _SHOWN and whole.isascii() and whole.isprintable() else shown(whole)


_TOLD = 600


def told(error: object) -> str:
    """What another error says, in which strangers' text may stand, as a sentence: printable, and not long.

    Example:
        >>> told(ValueError("no layer \\x1b[31m"))
        'no layer \\\\x1b[31m.'
    """
    text = str(error)
    cut = "".join(letter if letter.isprintable() else ascii(letter)[1:-1] for letter in text[:_TOLD])
    return cut + ("..." if len(text) > _TOLD else "" if cut.endswith((".", "?")) else ".")


def nearest(name: str, allowed: Iterable[str]) -> str:
    """The end of a sentence that proposes the allowed name nearest to `name`, or "".

    Example:
        >>> nearest("adm", ["sgd", "adam"])
        ' Did you mean "adam"?'
        >>> nearest("completely different", ["sgd", "adam"])
        ''
    """
    options = list(allowed)
    by_lower = {option.lower(): option for option in reversed(options)}
    found = difflib.get_close_matches(name.lower(), by_lower, n=1, cutoff=0.6)
    return f' Did you mean "{by_lower[found[0]]}"?' if found else ""
