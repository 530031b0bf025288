"""The engines: what a tensor is, and the operations that cannot be composed of others.

`protocol.py` states the contract, `derived.py` composes the rest, `registry.py` loads and chooses.
`numpy.py` defines what every primitive means; `symbolic.py` knows shapes and dtypes only.
"""

from amalthea.engines.registry import available, current, get, use

__all__ = ["available", "current", "get", "use"]
