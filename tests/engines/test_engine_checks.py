"""The checks find faults: each is shown an engine with one."""

import numpy as np
import pytest

from amalthea.engines.numpy import NumpyEngine
from amalthea.testing.engine_checks import cases_of, problems, read_ledger, run_all
from amalthea.testing.engine_checks import check_gradient as gradient_check


def engine_with(**faults):
    return type("Faulty", (NumpyEngine,), {"name": "faulty", **faults})()


@pytest.mark.parametrize(
    ("check", "sine"),
    [
        ("value", lambda self, x: np.sin(x) + x.dtype.type(1e-3)),
        ("dtype", lambda self, x: np.sin(x).astype("float64")),
        ("shape", lambda self, x: np.sin(x).reshape(1, -1)),
        ("symbolic", lambda self, x: np.sin(x)[None]),
    ],
)
def test_a_fault_is_found(check, sine):
    case = next(case for case in cases_of("sin") if case.name == "float32")
    found = problems(engine_with(sin=sine), case)
    assert any(f"sin (float32), {check}:" in problem for problem in found)


def test_a_wrong_gradient_is_found():
    def tensor_value_and_grad(self, fn, tensors):
        return fn(*tensors), [np.cos(x) * 1.01 for x in tensors]

    case = next(case for case in cases_of("sin") if case.name == "float32")
    with pytest.raises(AssertionError, match="gradient"):
        gradient_check(engine_with(trains=True, tensor_value_and_grad=tensor_value_and_grad), case)


def test_random_numbers_with_a_wrong_mean_are_found():
    def shifted(self, key, shape, dtype):
        return NumpyEngine.random_uniform(self, key, shape, dtype) * np.float32(0.9)

    found = run_all(engine_with(random_uniform=shifted), cases_of("random_uniform"))
    assert any("The mean is" in problem for problem in found)


def test_a_key_that_is_not_used_is_found():
    def constant(self, key, shape, dtype):
        return NumpyEngine.random_normal(self, np.array([0, 0], "uint32"), shape, dtype)

    found = run_all(engine_with(random_normal=constant), cases_of("random_normal"))
    assert any("Two keys gave the same numbers" in problem for problem in found)


def test_the_ledger_excuses_what_fails_and_nothing_else(tmp_path):
    path = tmp_path / "ledger.txt"
    path.write_text("# a comment\n\nsin float32 value # its sine is bad\nsin special # so is this\n")
    ledger = read_ledger(path)
    assert ledger == {("sin", "float32", "value"): "its sine is bad", ("sin", "special"): "so is this"}
    bad = engine_with(sin=lambda self, x: np.tanh(x))
    cases = [case for case in cases_of("sin") if case.name in ("float32", "special")]
    assert not run_all(bad, cases, path)
    assert len(run_all(bad, cases)) == 2


def test_an_exception_that_holds_is_wrong():
    case = next(case for case in cases_of("sin") if case.name == "float32")
    assert "take it off" in problems(engine_with(), case, {("sin", "float32"): "once"})[0]
    assert "take it off" in problems(engine_with(), case, {("sin", "float32", "dtype"): "once"})[0]


@pytest.mark.parametrize("line", ["sin float32", "sin # why", "sin float32 color # why", "sin float32 value more # why"])
def test_a_ledger_without_reasons_is_refused(tmp_path, line):
    path = tmp_path / "ledger.txt"
    path.write_text(line)
    with pytest.raises(ValueError, match="line 1"):
        read_ledger(path)
