"""Seeds: where randomness begins.

Everything random follows from a seed through a counter: `SeedGenerator` holds (seed, counter) as a variable, so that compiled
functions draw something new at every call, and `host_generator` draws initial values, shuffles and splits on the host.
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable
from typing import Any

import numpy as np

from amalthea.engines import registry
from amalthea.engines.protocol import Tensor
from amalthea.errors import ArgumentError
from amalthea.state.naming import name_scope, snake_case, unique_name
from amalthea.state.variable import Variable

_WORD = 1 << 32

# From the operating system until `set_seed` is called.
_seeds = random.Random()
_global_seed = _seeds.getrandbits(32)
_global_generators: dict[str, SeedGenerator] = {}


def make_default_seed() -> int:
    """A seed for something that was given none: unpredictable, or determined by the last `set_seed`.

    Example:
        >>> set_seed(1)
        >>> first = make_default_seed()
        >>> set_seed(1)
        >>> first == make_default_seed()
        True
    """
    return _seeds.randrange(1, 10**9)


def set_seed(seed: int) -> None:
    """Let all that is drawn without a seed of its own follow from `seed`, from here on.

    `amalthea.utils.set_random_seed` calls this, and seeds Python's and NumPy's own generators too.

    Args:
        seed: an integer of at least 0.

    Raises:
        ArgumentError: `seed` is not such an integer.
    """
    global _global_seed
    _seeds.seed(_checked_seed(seed))
    _global_seed = _seeds.getrandbits(32)
    # The generators stay, since compiled functions know their variables.
    for engine, generator in _global_generators.items():
        with registry.use(engine):
            generator.reset(_global_seed)


def memento() -> Callable[[], None]:
    """A function after which `make_default_seed` gives the seeds that it would give now."""
    state = _seeds.getstate()
    return lambda: _seeds.setstate(state)


def _checked_seed(seed: Any) -> int:
    if isinstance(seed, (bool, np.bool_)) or not isinstance(seed, (int, np.integer)) or seed < 0:
        raise ArgumentError(f"`seed` must be an integer of at least 0. Received: seed={seed!r} (of type {type(seed).__name__}).")
    return int(seed)


def host_generator(seed: int, *stream: int) -> np.random.Generator:
    """A generator of random numbers on the host, which follow from the seed and the stream alone.

    Args:
        seed: an integer; negative ones count too.
        *stream: integers of at least 0 that tell several streams of one seed apart.

    Returns:
        A NumPy generator over the counter-based Philox.

    Reference:
        Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", 2011.

    Example:
        >>> bool(host_generator(1, 2).random() == host_generator(1, 2).random())
        True
    """
    return np.random.Generator(np.random.Philox(np.random.SeedSequence([int(seed) % (1 << 64), *stream])))


class SeedGenerator:
    """A source of random draws: gives a new key each time, and remembers how far it is in a variable.

    Where it is an attribute of a layer, compiled functions carry its state along, and copies of the layer have it; files do not keep it, as those of Keras.

    Args:
        seed: an integer in [0, 2**32), or None: one is made.
        name: its name; the state's path starts with it.

    Attributes:
        state: the variable, uint32 of shape (2,): the seed, and how many keys were given.

    Raises:
        ArgumentError: `seed` is not an integer, or out of range.

    Example:
        >>> import amalthea
        >>> generator = amalthea.random.SeedGenerator(seed=42)
        >>> generator.next().tolist()
        [42, 1]
        >>> a = amalthea.random.normal((2,), seed=generator)
        >>> b = amalthea.random.normal((2,), seed=generator)
        >>> bool((a == b).all())
        False
    """

    def __init__(self, seed: int | None = None, name: str | None = None, **kwargs: Any) -> None:
        if kwargs:
            raise ArgumentError(f"`SeedGenerator` got unknown arguments: {', '.join(kwargs)}. It takes `seed` and `name`.")
        self._initial_seed = seed if seed is None else _checked_seed(seed)
        start = make_default_seed() if seed is None else int(seed)
        if start >= _WORD:
            raise ArgumentError(f"`seed` must be below 2**32. Received: seed={seed}.")
        self.name = name or unique_name(snake_case(type(self).__name__))
        self._host_seed, self._host_streams = start, itertools.count()
        with name_scope(self.name):
            self.state = Variable(np.array([start, 0], "uint32"), trainable=False, name="seed_generator_state")

    def next(self, ordered: bool = True) -> Tensor:
        """The next key: a tensor, uint32 of shape (2,).

        Args:
            ordered: kept for Keras's sake; keys always come in the order of the calls.
        """
        engine = registry.current()
        # What is given is what is assigned: engines that write in place copy it, so that it stays as it is.
        key = engine.add(self.state.value, engine.from_host(np.array([0, 1], "uint32"), "uint32"))
        self.state.assign(key)
        return key

    def reset(self, seed: int) -> None:
        """Start again, from `seed`."""
        self._host_seed, self._host_streams = seed, itertools.count()
        self.state.assign(np.array([seed, 0], "uint32"))

    def host_generator(self) -> np.random.Generator:
        """The next generator on the host, for initial values: counted apart from the keys, so that tracing does not matter."""
        return host_generator(self._host_seed, next(self._host_streams))

    def get_config(self) -> dict[str, Any]:
        """What `from_config` makes an equal generator of. Keys that were given are not remembered."""
        return {"seed": self._initial_seed, "name": self.name}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> SeedGenerator:
        """A generator that starts as the one of `get_config` did."""
        return cls(**config)


def global_generator() -> SeedGenerator:
    """The generator behind draws without a seed, on the engine in use."""
    engine = registry.current()
    generator = _global_generators.get(engine.name)
    if generator is None:
        generator = SeedGenerator(_global_seed, name="global_seed_generator")
        generator = _global_generators.setdefault(engine.name, generator)
    return generator


def draw_seed(seed: int | SeedGenerator | None) -> Tensor:
    """A key for one draw.

    Args:
        seed: None for the process's own generator, an integer (the same key each time), or a `SeedGenerator`.

    Returns:
        A tensor, uint32 of shape (2,).

    Raises:
        ArgumentError: `seed` is none of these.
    """
    if seed is None:
        return global_generator().next()
    if isinstance(seed, SeedGenerator):
        return seed.next()
    if isinstance(seed, (int, np.integer)) and not isinstance(seed, bool):
        words = int(seed) % (_WORD * _WORD)
        return registry.current().from_host(np.array([words % _WORD, words // _WORD], "uint32"), "uint32")
    raise ArgumentError(
        f"`seed` must be None, an integer, or a `SeedGenerator`. Received: seed={seed!r} (of type {type(seed).__name__}). "
        "Example: `seed=amalthea.random.SeedGenerator(42)`."
    )
