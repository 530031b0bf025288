"""Texts that are no JSON of ours: hostile to parsers, or with two meanings."""

from __future__ import annotations

import json
from collections.abc import Callable

from corpus.case import Damage


def _text(make: Callable[[], str | bytes]) -> Callable[[], bytes]:
    def build() -> bytes:
        made = make()
        return made if isinstance(made, bytes) else made.encode()

    return build


# All begin as a table does, so that a file of nothing else is taken for JSON.
TEXTS: dict[str, Damage] = {
    "cut": ("json.damaged", _text(lambda: '{"class_name": "Sequ')),
    "text behind": ("json.damaged", _text(lambda: '{"a": 1} {"a": 2}')),
    "a literal of Python": ("json.damaged", _text(lambda: "{'class_name': None}")),
    "code": ("json.damaged", _text(lambda: '{"a": __import__("os").system("true")}')),
    "YAML": ("json.damaged", _text(lambda: '{"a": !!python/object/apply:os.system ["true"]}')),
    "a comma at the end": ("json.damaged", _text(lambda: '{"a": [1,]}')),
    "closing brackets": ("json.damaged", _text(lambda: '{"a": ' + "]" * 100_000)),
    "a string that does not end": ("json.damaged", _text(lambda: '{"a": "' + '\\"' * 100_000)),
    "a string that ends in a backslash": ("json.damaged", _text(lambda: '{"a": "' + '\\"' * 100_000 + "\\")),
    "not Unicode": ("json.text", _text(lambda: b'{"a": "\xff"}')),
    "overlong characters": ("json.text", _text(lambda: b'{"a": "\xc0\x80"}')),
    "half of a pair": ("json.text", _text(lambda: '{"a": "\\ud800"}')),
    "a key twice": ("json.twice", _text(lambda: '{"class_name": "Dense", "class_name": "Lambda"}')),
    "a key twice, once escaped": ("json.twice", _text(lambda: '{"a": {"b": 1, "\\u0062": 2}}')),
    "NaN": ("json.number", _text(lambda: '{"a": NaN}')),
    "infinity": ("json.number", _text(lambda: '{"a": -Infinity}')),
    "a number beyond all floats": ("json.number", _text(lambda: '{"a": 1e999}')),
    "an integer of 100000 digits": ("json.number", _text(lambda: '{"a": ' + "1" * 100_000 + "}")),
    "lists in lists": ("json.deep", _text(lambda: '{"a": ' + "[" * 100_000)),
    "deep tables": ("json.deep", _text(lambda: '{"a":' * 100_000 + "1" + "}" * 100_000)),
    "deep, behind a string that looks closed": ("json.deep", _text(lambda: '{"a": ["\\"", ' + "[" * 300 + "]" * 300 + "]}")),
    "long": ("json.long", _text(lambda: '{"a": "' + "a" * (1 << 23) + '"}')),
}
# Nearly as much work as a text may make.
HEAVY: dict[str, Damage] = {
    "many values": ("json.many", _text(lambda: '{"a": [' + "0," * 2_000_000 + "0]}")),
    "a key twice among many": ("json.twice", _text(lambda: "{" + "".join(f'"{index}": 0,' for index in range(90_000)) + '"89999": 1}')),
    "a string of signs that take four bytes each": ("json.damaged", _text(lambda: '{"a": "' + "a" * ((1 << 22) - 50) + "\U0001f600" + '"')),
}
# Whole JSON, but neither a configuration nor an index.
FOREIGN: dict[str, Callable[[], bytes]] = {
    "no keys": _text(lambda: "{}"),
    "other keys": _text(lambda: json.dumps({"a": 1})),
}
