"""Random shapes, dtypes and axes: every engine against the NumPy engine, and against what the symbolic engine foretells."""

import hypothesis
import pytest
from hypothesis import strategies as st

from amalthea.engines import available, get
from amalthea.testing.engine_checks import problems
from amalthea.testing.strategies import DRAWN, cases

ENGINES = [name for name, installed in available().items() if installed]

# An engine that compiles does so for every new shape: few examples there, unless somebody asks for more.
EXAMPLES = {"numpy": 25}
quick = hypothesis.settings().max_examples <= 25


@pytest.mark.parametrize("primitive", DRAWN)
@pytest.mark.parametrize("engine", ENGINES)
def test_engine_keeps_its_promises_on(engine, primitive):
    @hypothesis.settings(max_examples=EXAMPLES.get(engine, 2) if quick else hypothesis.settings().max_examples)
    @hypothesis.given(st.data())
    def check(data):
        found = problems(get(engine), data.draw(cases(primitive)))
        assert not found, "\n".join(found)

    check()
