"""Changes of JSON texts: of the values in them, and of how they are written."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from random import Random
from typing import Any

from fuzz.mutators import raw
from fuzz.mutators.numbers import integer

_STRINGS = (
    "",
    "a",
    "__class__",
    "../../etc/passwd",
    "/etc/passwd",
    "file:///etc/passwd",
    "http://localhost/x",
    "\0",
    "\ud800",
    "a/b",
    "größe",
    "x" * 3000,
    "1e999",
)
_PLAIN = (None, True, False, 0.0, -0.0, 0.5, 1e308, -1e-320, float("nan"), float("inf"))
_EMPTY: tuple[Callable[[], Any], ...] = (list, dict, lambda: [[]], lambda: [{}], lambda: {"": None}, lambda: [None] * 40)

Place = tuple[Any, Any]
"""A value: the list or table that it stands in, and its key there."""


def mutate(data: bytes, random: Random, words: Sequence[str] = ()) -> bytes:
    """A text with one change; `words` are strings that mean something to whoever reads it."""
    try:
        value = json.loads(data)
    except (ValueError, RecursionError):
        return raw.mutate(data, random)
    kind = random.random()
    if kind < 0.05:
        return raw.mutate(data, random)
    if kind < 0.12:
        return _rewritten(data, random)
    return dump(mutate_value(value, random, words))


def dump(value: Any) -> bytes:
    """A text, also of what JSON has no words for."""
    return json.dumps(value).encode()


def mutate_value(value: Any, random: Random, words: Sequence[str] = ()) -> Any:
    """Plain values with one change; they are changed in place."""
    top = [value]
    places = _places(top)
    holder, key = random.choice(places)
    random.choice(_CHANGES)(holder, key, places, random, words)
    return top[0] if top else None


def _places(top: list[Any]) -> list[Place]:
    found: list[Place] = []
    waiting: list[Any] = [top]
    while waiting:
        holder = waiting.pop()
        for key in holder if isinstance(holder, dict) else range(len(holder)):
            found.append((holder, key))
            if isinstance(holder[key], (dict, list)):
                waiting.append(holder[key])
    return found


def _replace(holder: Any, key: Any, places: list[Place], random: Random, words: Sequence[str]) -> None:
    old = holder[key]
    if isinstance(old, int) and not isinstance(old, bool) and random.random() < 0.5:
        holder[key] = integer(random, old)
        return
    pools = [_PLAIN, _STRINGS, *([words] * 2 if words else [])]
    pool = random.choice(pools)
    holder[key] = random.choice(_EMPTY)() if random.random() < 0.15 else random.choice(pool)


def _remove(holder: Any, key: Any, places: list[Place], random: Random, words: Sequence[str]) -> None:
    del holder[key]


def _rename(holder: Any, key: Any, places: list[Place], random: Random, words: Sequence[str]) -> None:
    keys = [other for table, other in places if isinstance(table, dict)]
    if isinstance(holder, dict):
        holder[random.choice([*_STRINGS, *words, *keys])] = holder.pop(key)


def _exchange(holder: Any, key: Any, places: list[Place], random: Random, words: Sequence[str]) -> None:
    """A value takes the place of another one. A copy, for values must not hold themselves."""
    other, there = random.choice(places)
    holder[key] = json.loads(json.dumps(other[there]))


def _repeat(holder: Any, key: Any, places: list[Place], random: Random, words: Sequence[str]) -> None:
    if isinstance(holder, list):
        count = random.choice((1, 1, 1, 2, 30))
        holder[key:key] = [json.loads(json.dumps(holder[key])) for _ in range(count)]
    else:
        _replace(holder, key, places, random, words)


def _wrap(holder: Any, key: Any, places: list[Place], random: Random, words: Sequence[str]) -> None:
    for _ in range(random.choice((1, 1, 2, 60, 150))):
        holder[key] = [holder[key]] if random.random() < 0.5 else {random.choice(["config", *words]): holder[key]}


def _add(holder: Any, key: Any, places: list[Place], random: Random, words: Sequence[str]) -> None:
    if isinstance(holder, dict):
        holder[random.choice([*_STRINGS, *words])] = random.choice([*_PLAIN, *_STRINGS, *words])
    else:
        holder.append(random.choice(_PLAIN))


_CHANGES = (_replace, _replace, _replace, _remove, _rename, _exchange, _exchange, _repeat, _wrap, _add)


def _rewritten(data: bytes, random: Random) -> bytes:
    """The same values, or nearly, in a text that is odd."""
    place = data.find(b"{", random.randrange(len(data)))
    odd = random.choice(
        (b'"name": 1, "name": 2, ', b'"\\ud800": 1, ', b'"a": NaN, ', b'"a": -Infinity, ', b'"a": 1e999, ', b'"a": ' + b"9" * 500 + b", ")
    )
    return random.choice(
        (
            lambda: data[: place + 1] + odd + data[place + 1 :] if place >= 0 else odd,
            lambda: b"\xef\xbb\xbf" + data,
            lambda: data.decode(errors="replace").encode("utf-16"),
            lambda: data + random.choice((b" ", b"\0", b"{}", b"]")),
            lambda: b"[" * (depth := random.choice((50, 99, 100, 101, 5000))) + data + b"]" * depth,
            lambda: data.replace(b'"', b"'"),
        )
    )()


def part(value: Any, random: Random) -> Any:
    """A part of plain values, or all."""
    holder, key = random.choice(_places([value]))
    return holder[key]
