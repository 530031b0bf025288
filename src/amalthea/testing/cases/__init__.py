"""The cases with which an engine is checked, as data: `CASES`. Every primitive of the protocol has some."""

from __future__ import annotations

from itertools import chain

from amalthea.testing.cases import algebra, arrays, behaviour, draws, elementwise
from amalthea.testing.cases.case import Case, host, method, sample

CASES: tuple[Case, ...] = tuple(
    chain(
        behaviour.border(),
        behaviour.verbs(),
        behaviour.creation(),
        elementwise.unary(),
        elementwise.floating(),
        elementwise.binary(),
        arrays.reductions(),
        arrays.shaping(),
        arrays.indexing(),
        arrays.sorting(),
        algebra.contraction(),
        algebra.linalg(),
        algebra.fourier(),
        behaviour.control(),
        draws.random(),
    )
)

__all__ = ["CASES", "Case", "host", "method", "sample"]
