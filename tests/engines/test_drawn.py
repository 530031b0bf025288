"""Random shapes, dtypes and axes: every engine against the NumPy engine, and against what the symbolic engine foretells."""

import hypothesis
import pytest
from hypothesis import strategies as st

from amalthea.engines import get
from amalthea.engines.protocol import PRIMITIVES
from amalthea.testing.choice import engines_to_test
from amalthea.testing.engine_checks import problems
from amalthea.testing.strategies import DRAWN, cases

ENGINES = engines_to_test()
THOROUGH = hypothesis.settings().max_examples > 25

# An engine that compiles does so for every new shape, which takes its time: unless somebody asks for more, few examples there,
# and only of what depends on shapes.
ELEMENTWISE = ("unary", "floating", "binary", "comparison")
EXAMPLES = {"numpy": 10}
CHOSEN = [(engine, name) for engine in ENGINES for name in DRAWN if THOROUGH or engine in EXAMPLES or PRIMITIVES[name] not in ELEMENTWISE]


@pytest.mark.parametrize(("engine", "primitive"), CHOSEN)
def test_engine_keeps_its_promises_on(engine, primitive):
    @hypothesis.settings(max_examples=hypothesis.settings().max_examples if THOROUGH else EXAMPLES.get(engine, 2))
    @hypothesis.given(st.data())
    def check(data):
        found = problems(get(engine), data.draw(cases(primitive)))
        assert not found, "\n".join(found)

    check()
