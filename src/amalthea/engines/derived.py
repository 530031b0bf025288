"""What every engine has besides its primitives: `Engine`, the base of all engines.

The default compositions stand in `compositions/`, one family a file:

- `basics`: reading shapes and dtypes, creation
- `elementwise`: elementwise functions and activations
- `shaping`: shaping and indexing
- `reductions`: statistics, softmax, quantiles
- `contractions`: products, convolutions, pooling, linear algebra, Fourier
- `networks`: normalisation, attention, losses on logits
- `recurrences`: loops over time; the usual three walk `through_time` and back, cell by cell (`cells`)
- `random`: draws from a key
- `updates`: rules of optimizers over all weights

They use nothing but primitives, so an engine that has those has all of them. An engine overrides one
by defining the same name. They rely on what the protocol promises (non-negative axes, one dtype for
two tensors). A size is read only where the result depends on it; where one may be unknown, the symbolic
engine has a rule of its own.
"""

from __future__ import annotations

from amalthea.engines.compositions.random import Random
from amalthea.engines.compositions.recurrences import Recurrences
from amalthea.engines.compositions.updates import Updates


class Engine(Recurrences, Updates, Random):
    """The primitives and their compositions. An engine is a subclass with a name and its own primitives."""
