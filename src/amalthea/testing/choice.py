"""Which engines tests run on."""

from __future__ import annotations

import os

from amalthea.engines import registry

VARIABLE = "AMALTHEA_TEST_ENGINES"
"""The environment variable that narrows the choice: names with spaces between them."""


def engines_to_test() -> list[str]:
    """The engines that are installed and, if AMALTHEA_TEST_ENGINES is set, named there.

    Raises:
        ArgumentError: the variable names an engine that there is not.

    Example:
        >>> "numpy" in engines_to_test() or VARIABLE in os.environ
        True
    """
    wanted = os.environ.get(VARIABLE, "").split() or list(registry.names())
    for name in wanted:
        registry.check_name(name)
    return [name for name, installed in registry.available().items() if installed and name in wanted]
