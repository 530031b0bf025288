"""The TensorFlow engine: translation in `arrays.py`, `indexing.py` and `algebra.py`, windows over space in `windows.py`, fused operations in
`nn.py`, compilation and gradients in `verbs.py`, what programs written for TensorFlow need of variables in `tapes.py`
and `functions.py`."""

from __future__ import annotations

import os
from typing import ClassVar

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # read when TensorFlow is imported; it speaks of itself on stderr otherwise

from amalthea.engines.tensorflow.algebra import Algebra
from amalthea.engines.tensorflow.indexing import Indexing
from amalthea.engines.tensorflow.nn import NN
from amalthea.engines.tensorflow.tapes import Tapes
from amalthea.engines.tensorflow.verbs import Verbs


class TensorFlowEngine(Verbs, Tapes, NN, Algebra, Indexing):
    """Tensors are `tf.Tensor`; steps are functions traced to graphs."""

    name: ClassVar[str] = "tensorflow"
    mutable: ClassVar[bool] = False


ENGINE = TensorFlowEngine()
