"""One seed for all random generators."""

from __future__ import annotations

import random

import numpy as np

from amalthea.random.seed import set_seed


def set_random_seed(seed: int) -> None:
    """Seed Python's, NumPy's and Amalthea's random generators: initial weights, shuffles, splits and dropout follow from it.

    They are the same on every engine, as they are drawn on the host or by a generator that counts.

    Args:
        seed: an integer from 0 to 2**32 - 1.

    Raises:
        ArgumentError: `seed` is not such an integer.

    Example:
        >>> import amalthea
        >>> amalthea.utils.set_random_seed(1)
        >>> first = np.random.rand()
        >>> amalthea.utils.set_random_seed(1)
        >>> first == np.random.rand()
        True
    """
    set_seed(seed)
    random.seed(seed)
    np.random.seed(seed)
