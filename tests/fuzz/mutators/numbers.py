"""Numbers at which programs fail."""

from __future__ import annotations

from random import Random

_EDGES = sorted(
    {0, 1, 3, 10, 100, 1000, *((1 << bits) + step for bits in (1, 2, 3, 4, 7, 8, 12, 15, 16, 24, 31, 32, 53, 62, 63, 64) for step in (-1, 0))}
)


def number(random: Random, old: int, width: int) -> int:
    """Another number for a field of `width` bytes."""
    most = (1 << 8 * width) - 1
    found = random.choice(
        (
            lambda: random.choice(_EDGES),
            lambda: most - random.choice((0, 0, 0, 1, 7)),
            lambda: old + random.choice((-8, -1, 1, 2, 8)),
            lambda: old ^ (1 << random.randrange(8 * width)),
            lambda: old << random.choice((1, 8)),
            lambda: random.randrange(most + 1),
        )
    )()
    return found & most


def integer(random: Random, old: int) -> int:
    """Another integer where no width bounds it."""
    return random.choice((lambda: random.choice(_EDGES), lambda: -random.choice(_EDGES), lambda: old + random.choice((-1, 1)), lambda: 10**30))()
