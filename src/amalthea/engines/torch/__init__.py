"""The PyTorch engine: translation in `arrays.py`, `algebra.py` and `draws.py`, fused operations in `nn.py`,
gradients in `verbs.py`, graphs of whole steps in `compiled.py`.

Tensors are values: nothing here writes into a tensor that somebody else may hold, so that memory may be shared freely.
"""

from __future__ import annotations

from typing import ClassVar

from amalthea.engines.torch.algebra import Algebra
from amalthea.engines.torch.arrays import Arrays
from amalthea.engines.torch.draws import Draws
from amalthea.engines.torch.nn import NN
from amalthea.engines.torch.updates import Updates
from amalthea.engines.torch.verbs import Verbs


class TorchEngine(Verbs, Updates, NN, Algebra, Draws, Arrays):
    """Tensors are `torch.Tensor`; steps run eagerly, or compiled as one graph."""

    name: ClassVar[str] = "torch"


ENGINE = TorchEngine()
