"""Changes of safetensors files: of the header's values, with its length as it then is, and of the bytes behind it."""

from __future__ import annotations

import json
from random import Random

from fuzz.mutators import json_texts, raw
from fuzz.mutators.numbers import number

_WORDS = ("dtype", "shape", "data_offsets", "__metadata__", "F32", "F64", "BF16", "I8", "U64", "BOOL", "F8_E4M3", "C64")


def mutate(data: bytes, random: Random) -> bytes:
    """A file with one change."""
    length = int.from_bytes(data[:8], "little")
    if length > len(data) - 8 or random.random() < 0.1:
        return raw.mutate(data, random)
    header, values = data[8 : 8 + length], data[8 + length :]
    kind = random.random()
    if kind < 0.7:
        header = json_texts.mutate(header, random, _WORDS)
    elif kind < 0.85:
        header = _moved(header, random)
    elif kind < 0.95:
        values = raw.mutate(values, random)
    else:
        return number(random, length, 8).to_bytes(8, "little") + header + values
    return len(header).to_bytes(8, "little") + header + values


def _moved(header: bytes, random: Random) -> bytes:
    """A tensor lies elsewhere: it overlaps with another one, leaves a hole, or has another shape of the same size."""
    try:
        table = json.loads(header)
        tensor = table[random.choice([name for name in table if name != "__metadata__"])]
        shift = random.choice((-4, 4, 8, 1 << 40))
        if random.random() < 0.5:
            tensor["data_offsets"] = [place + shift * (random.random() < 0.7) for place in tensor["data_offsets"]]
        else:
            tensor["shape"] = random.choice((tensor["shape"][::-1], [*tensor["shape"], 1], [1] * 40, [0, *tensor["shape"]], [1 << 31, 1 << 33]))
    except (ValueError, TypeError, KeyError, IndexError, RecursionError, AttributeError):
        return raw.mutate(header, random)
    return json_texts.dump(table)
