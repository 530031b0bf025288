"""Every engine keeps the promises of the protocol, but for what its ledger says."""

from pathlib import Path

import pytest

from amalthea.engines import get
from amalthea.engines.protocol import PRIMITIVES
from amalthea.testing.choice import engines_to_test
from amalthea.testing.engine_checks import CASES, problems, read_ledger

ENGINES = engines_to_test()
LEDGERS = {name: Path(__file__).parents[1] / "ledger" / f"{name}.txt" for name in ENGINES}
EXCEPTIONS = {name: read_ledger(path) if path.exists() else {} for name, path in LEDGERS.items()}


@pytest.mark.parametrize("case", CASES, ids=repr)
@pytest.mark.parametrize("engine", ENGINES)
def test_engine_keeps_its_promises(engine, case):
    found = problems(get(engine), case, EXCEPTIONS[engine])
    assert not found, "\n".join(found)


def test_every_primitive_has_a_case():
    assert {case.primitive for case in CASES} == set(PRIMITIVES)


def test_names_of_cases_are_unique():
    names = [(case.primitive, case.name) for case in CASES]
    assert len(names) == len(set(names))
    assert all(len(name.split()) == 1 for _, name in names)


@pytest.mark.parametrize("engine", ENGINES)
def test_ledger_speaks_of_cases_that_exist(engine):
    names = {(case.primitive, case.name) for case in CASES}
    assert {key[:2] for key in EXCEPTIONS[engine]} <= names


@pytest.mark.parametrize("engine", ENGINES)
def test_engine_has_every_primitive(engine):
    from amalthea.engines.protocol import Protocol

    missing = {name for name in PRIMITIVES if getattr(type(get(engine)), name) is getattr(Protocol, name)}
    assert not missing
