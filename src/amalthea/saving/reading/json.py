"""JSON texts (RFC 8259), bounded, and with one meaning only: no key twice, no NaN, nothing that is not Unicode."""

from __future__ import annotations

import json
import re
from collections import Counter
from typing import Any, NoReturn, Protocol

from amalthea.errors import ModelFileError, shown
from amalthea.saving.limits import Limits, beyond

# What decides how deep and how large a text is. Strings come first, so that what looks like structure inside of them is passed over. Nothing is
# tried twice, and a string that does not end is taken whole: each byte is looked at once, and nothing is remembered of it.
_TOKENS = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+(?:"|\\?\Z)|([\[{])|([\]}])|,|-?[0-9][0-9.eE+-]*+', re.DOTALL)
_ESCAPED_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")


class Part(Protocol):
    """A file, or a part of it, whose length is known before it is read."""

    @property
    def size(self) -> int: ...

    @property
    def place(self) -> str: ...

    def read(self) -> bytes | bytearray: ...


def read(part: Part, limits: Limits) -> Any:
    """The plain values of a text in a file, which is not read if it is too long.

    Raises:
        ModelFileError: see `parse`.
    """
    _check_length(part.size, limits, part.place)
    return parse(part.read(), limits, part.place)


def parse(data: bytes | bytearray, limits: Limits, place: str) -> Any:
    """The plain values of a text.

    Args:
        data: the text, in UTF-8.
        limits: how long, deep and rich it may be; checked before anything is made of it.
        place: what messages call it.

    Raises:
        ModelFileError: it is not JSON, could be read in two ways, or asks for too much.

    Example:
        >>> parse(b'{"units": [1, 2]}', Limits(), "config.json")
        {'units': [1, 2]}
    """
    _check_length(len(data), limits, place)
    _measure(data, limits, place)

    def table(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) != len(pairs):
            twice = next(key for key, count in Counter(key for key, _ in pairs).items() if count > 1)
            raise ModelFileError("json.twice", place, f"A table has the key {shown(twice)} twice.", "Write the file again.")
        return found

    def constant(name: str) -> NoReturn:
        raise ModelFileError("json.number", place, f"{name} is not a number of JSON.", "Write the file again, without it.")

    def number(text: str) -> float:
        value = float(text)
        if value in (float("inf"), float("-inf")):
            raise ModelFileError("json.number", place, f"The number {shown(text)} is too large.")
        return value

    try:
        found = json.loads(data.decode("utf-8"), object_pairs_hook=table, parse_constant=constant, parse_float=number)
        if _ESCAPED_SURROGATE.search(data):
            json.dumps(found, ensure_ascii=False).encode()
    except UnicodeError as error:
        raise ModelFileError("json.text", place, "The text is not Unicode (UTF-8).", "Copy or write the file again.") from error
    except (ValueError, RecursionError) as error:
        if isinstance(error, ModelFileError):
            raise
        raise ModelFileError("json.damaged", place, f"The text is not JSON: {error}.", "Copy or write the file again.") from error
    return found


def _check_length(size: int, limits: Limits, place: str) -> None:
    if size > limits.json_bytes:
        raise ModelFileError("json.long", place, f"The text has {size} bytes.", beyond("json_bytes", limits))


def _measure(data: bytes | bytearray, limits: Limits, place: str) -> None:
    depth = 0
    for count, token in enumerate(_TOKENS.finditer(data)):
        if token[1]:
            depth += 1
            if depth > limits.depth:
                raise ModelFileError("json.deep", place, "The values of the text are nested too deeply.", beyond("depth", limits))
        elif token[2]:
            depth -= 1
        if count > 2 * limits.json_values:  # a value, and the comma after it
            raise ModelFileError("json.many", place, "The text holds too many values.", beyond("json_values", limits))
        if not token[1] and token.end() - token.start() > limits.json_digits and data[token.start()] != 0x22:
            raise ModelFileError("json.number", place, "The text holds a number that is too long.", beyond("json_digits", limits))
