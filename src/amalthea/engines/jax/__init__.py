"""The JAX engine: translation in `arrays.py`, fused operations in `nn.py`, compilation and gradients in `verbs.py`."""

from __future__ import annotations

from typing import ClassVar

from amalthea.engines.jax.arrays import Arrays
from amalthea.engines.jax.nn import NN
from amalthea.engines.jax.verbs import Verbs


class JaxEngine(Verbs, NN, Arrays):
    """Tensors are `jax.Array`; steps are compiled by XLA for CPU, GPU and TPU."""

    name: ClassVar[str] = "jax"
    mutable: ClassVar[bool] = False


ENGINE = JaxEngine()
