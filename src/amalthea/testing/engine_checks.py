"""Whether an engine keeps the promises of `amalthea.engines.protocol`: checks that run on any engine.

`run_all(engine)` runs every check on every case and gives what is wrong, one sentence each. What an engine knowingly cannot do stands
in a *ledger*: a text with one exception on a line, `primitive case # reason`, or `primitive case check # reason` if the other checks
of the case hold. An exception that is none (any more) is something wrong too.

Example:
    >>> from amalthea.engines import get
    >>> run_all(get("numpy"), cases_of("add"))
    []
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from amalthea import tree
from amalthea.dtypes import is_complex, is_float, standardize_dtype
from amalthea.engines import registry
from amalthea.engines.derived import Engine
from amalthea.engines.spec import Spec
from amalthea.testing.cases import CASES, Case, sample

Ledger = Mapping[tuple[str, ...], str]
Check = Callable[[Engine, Case], None]

TOLERANCES = {
    "float8_e4m3fn": 0.1, "float8_e5m2": 0.2, "bfloat16": 2e-2, "float16": 2e-3, "float32": 1e-5, "float64": 1e-10,
    "complex64": 1e-5, "complex128": 1e-10,
}  # fmt: skip
"""How far a result may be from the reference: relative to it, and absolutely where it is less than 1."""

_STEP = 1e-6
_GRADIENT_TOLERANCE = 1e-3


def cases_of(primitive: str) -> list[Case]:
    """The cases of one primitive."""
    return [case for case in CASES if case.primitive == primitive]


# --- running a case ----------------------------------------------------------------------------------------


@lru_cache(maxsize=1)  # the checks of one case share its results
def run_case(engine: Engine, case: Case) -> list[Any]:
    """The results of the case on `engine`, flat: its tensors, and what else the case gives."""
    with registry.use(engine):
        return tree.flatten(case.call(engine, *[engine.from_host(x, standardize_dtype(x.dtype)) for x in case.inputs]))


def _expected(engine: Engine, case: Case) -> list[Any]:
    """What should come out: as the case says, or as the NumPy engine computes it from the dtypes that `engine` has."""
    if case.expected is not None:
        return tree.flatten(case.expected(*case.inputs))
    reference = registry.get("numpy")
    with registry.use(reference):
        dtypes = [engine.canonical_dtype(standardize_dtype(x.dtype)) for x in case.inputs]
        return tree.flatten(case.call(reference, *[reference.from_host(x, dtype) for x, dtype in zip(case.inputs, dtypes, strict=True)]))


def _on_host(engine: Engine, leaf: Any) -> Any:
    if isinstance(leaf, Spec):
        return leaf
    return engine.to_host(leaf) if engine.is_tensor(leaf) else np.asarray(leaf)


# --- the checks --------------------------------------------------------------------------------------------


def check_value(engine: Engine, case: Case) -> None:
    """The values are those of the NumPy engine, or have the property that the case asks for.

    Raises:
        AssertionError: they are not.
    """
    results = [_on_host(engine, leaf) for leaf in run_case(engine, case)]
    if case.verify is not None:
        case.verify(*results)
        return
    expected = _expected(engine, case)
    assert len(results) == len(expected), f"{len(results)} results, not {len(expected)}."
    for actual, wanted in zip(results, expected, strict=True):
        assert_close(actual, wanted, case.slack)


def assert_close(actual: Any, wanted: Any, slack: float = 1.0) -> None:
    """Equal, or if floating, equal within `slack` times the tolerance of the less precise of the two dtypes."""
    if isinstance(wanted, Spec) or wanted.dtype.kind in "US":
        assert actual == wanted, f"{actual}, not {wanted}."
        return
    names = [standardize_dtype(actual.dtype), standardize_dtype(wanted.dtype)]
    tolerance = slack * max(TOLERANCES.get(name, 0.0) for name in names)
    if any(is_complex(name) for name in names):
        actual, wanted = actual.astype(np.complex128), wanted.astype(np.complex128)
    elif any(is_float(name) for name in names):
        actual, wanted = actual.astype(np.float64), wanted.astype(np.float64)
    np.testing.assert_allclose(actual, wanted, rtol=tolerance, atol=tolerance, strict=False)


def check_dtype(engine: Engine, case: Case) -> None:
    """The dtypes are those of the NumPy engine, as far as `engine` has them.

    Raises:
        AssertionError: they are not.
    """
    for place, (result, wanted) in enumerate(zip(run_case(engine, case), _expected(engine, case), strict=True)):
        if engine.is_tensor(result):
            found, dtype = engine.dtype_of(result), engine.canonical_dtype(standardize_dtype(wanted.dtype))
            assert found == dtype, f"Result {place} is {found}, not {dtype}."


def check_shape(engine: Engine, case: Case) -> None:
    """The shapes are those of the NumPy engine.

    Raises:
        AssertionError: they are not.
    """
    for place, (result, wanted) in enumerate(zip(run_case(engine, case), _expected(engine, case), strict=True)):
        if engine.is_tensor(result):
            shape, expected = engine.shape_of(result), tuple(wanted.shape)
            assert shape == expected, f"Result {place} has the shape {shape}, not {expected}."


def check_symbolic(engine: Engine, case: Case) -> None:
    """The symbolic engine foretells the shapes and dtypes, and where sizes are unknown to it says nothing wrong.

    Raises:
        AssertionError: it does not.
    """
    symbolic = registry.get("symbolic")
    results = run_case(engine, case)
    for unknown in (False, True):
        specs = [_spec(engine, x, unknown) for x in case.inputs]
        with registry.use(symbolic):
            foretold = tree.flatten(case.call(symbolic, *specs))
        assert len(foretold) == len(results), f"Foretold are {len(foretold)} results, not {len(results)}."
        for spec, result in zip(foretold, results, strict=True):
            if isinstance(spec, Spec):
                shape, dtype = engine.shape_of(result), engine.dtype_of(result)
                fits = len(shape) == len(spec.shape) and all(m == n or (unknown and m is None) for m, n in zip(spec.shape, shape, strict=True))
                fits = fits and engine.canonical_dtype(spec.dtype) == dtype
                assert fits, f"{spec} was foretold from {specs}. Real: {shape}, {dtype!r}."


def _spec(engine: Engine, x: np.ndarray, unknown: bool) -> Spec:
    """The input as a spec; if `unknown`, the size of the first axis of a tensor of several is None."""
    shape: tuple[int | None, ...] = x.shape
    return Spec((None, *shape[1:]) if unknown and len(shape) > 1 else shape, engine.canonical_dtype(standardize_dtype(x.dtype)))


def check_gradient(engine: Engine, case: Case) -> None:
    """The gradients are those that central differences give, computed by the NumPy engine in float64.

    Raises:
        AssertionError: they are not.
    """
    if not (engine.trains and case.gradient):
        return
    tensors = [engine.from_host(x, standardize_dtype(x.dtype)) for x in case.inputs]

    def gradients_of(*given: Any) -> list[Any]:
        def objective(*chosen: Any) -> tuple[Any, None]:
            mixed = list(given)
            for place, tensor in zip(case.gradient, chosen, strict=True):
                mixed[place] = tensor
            return _weighted(engine, case, mixed), None

        return engine.tensor_value_and_grad(objective, [given[place] for place in case.gradient])[1]

    with registry.use(engine):
        gradients = engine.compile(gradients_of)(*tensors)
    for place, gradient in zip(case.gradient, gradients, strict=True):
        wanted = _differences(case, place)
        np.testing.assert_allclose(
            engine.to_host(gradient),
            wanted,
            rtol=case.slack * _GRADIENT_TOLERANCE,
            atol=_GRADIENT_TOLERANCE * max(1.0, float(np.max(np.abs(wanted), initial=0.0))),
            err_msg=f"The gradient of input {place}",
        )


def _weighted(engine: Engine, case: Case, tensors: list[Any]) -> Any:
    """The results of the case as one number: the sum of their elements, each with a weight of its own."""
    total: Any = None
    for place, result in enumerate(tree.flatten(case.call(engine, *tensors))):
        dtype = engine.dtype_of(result)
        if is_float(dtype):
            # Weights of one dtype, so that they are the same numbers in float32 and in float64.
            weights = engine.from_host(sample(engine.shape_of(result), "float32", 0.5, 1.5, seed=place), dtype)
            term = engine.sum(engine.multiply(result, weights), None, False)
            total = term if total is None else engine.add(total, term)
    return total


def _differences(case: Case, place: int) -> np.ndarray:
    reference = registry.get("numpy")
    inputs = [x.astype(np.float64) if is_float(standardize_dtype(x.dtype)) else x for x in case.inputs]
    start = inputs[place]
    gradient = np.zeros(start.shape)
    with registry.use(reference):
        for index in np.ndindex(start.shape):
            ends = []
            for step in (_STEP, -_STEP):
                inputs[place] = start.copy()
                inputs[place][index] += step
                ends.append(float(_weighted(reference, case, inputs)))
            gradient[index] = (ends[0] - ends[1]) / (2 * _STEP)
    return gradient


CHECKS: dict[str, Check] = {
    "value": check_value,
    "dtype": check_dtype,
    "shape": check_shape,
    "symbolic": check_symbolic,
    "gradient": check_gradient,
}
"""The checks by name."""


# --- the ledger --------------------------------------------------------------------------------------------


def read_ledger(path: str | Path) -> dict[tuple[str, ...], str]:
    """The exceptions written in a file: (primitive, case) or (primitive, case, check) -> the reason.

    Raises:
        ValueError: a line without a reason, or of another form.
    """
    ledger: dict[tuple[str, ...], str] = {}
    for number, line in enumerate(Path(path).read_text(encoding="utf-8").splitlines(), 1):
        words, _, reason = (part.strip() for part in line.partition("#"))
        if not words:
            continue
        key = tuple(words.split())
        if len(key) not in (2, 3) or not reason or (len(key) == 3 and key[2] not in CHECKS):
            raise ValueError(f"{path}, line {number}: must be `primitive case # reason` or `primitive case check # reason`. Received: {line!r}.")
        ledger[key] = reason
    return ledger


def problems(engine: Engine, case: Case, ledger: Ledger | None = None) -> list[str]:
    """What is wrong with a case: checks that fail and are not in the ledger, and exceptions in the ledger that hold."""
    ledger = ledger or {}
    found: list[str] = []
    name = (case.primitive, case.name)
    failed: dict[str, Exception] = {}
    for check, run in CHECKS.items():
        if check == "symbolic" and not case.symbolic:
            continue
        try:
            run(engine, case)
        except Exception as raised:  # a check may fail in any way that the engine can
            failed[check] = raised
    for check, error in failed.items():
        if name not in ledger and (*name, check) not in ledger:
            found.append(f"{engine.name}: {case.primitive} ({case.name}), {check}: {type(error).__name__}: {str(error).strip()}")
    if name in ledger and not failed:
        found.append(f"{engine.name}: {case.primitive} ({case.name}) holds now: take it off the ledger.")
    found.extend(
        f"{engine.name}: {case.primitive} ({case.name}), {check} holds now: take it off the ledger."
        for check in CHECKS
        if (*name, check) in ledger and check not in failed
    )
    return found


def run_all(engine: Engine, cases: Iterable[Case] | None = None, ledger: Ledger | str | Path | None = None) -> list[str]:
    """Run the checks on an engine.

    Args:
        engine: the engine.
        cases: the cases; by default all of them.
        ledger: what the engine cannot do, or the path of the file where it is written.

    Returns:
        What is wrong, one sentence each; nothing if the engine keeps its promises.
    """
    known = read_ledger(ledger) if isinstance(ledger, (str, Path)) else ledger or {}
    chosen = list(CASES if cases is None else cases)
    found = [problem for case in chosen for problem in problems(engine, case, known)]
    if cases is None:
        names = {(case.primitive, case.name) for case in chosen}
        found.extend(f"{engine.name}: the ledger speaks of {' '.join(key)}, which is no case." for key in known if key[:2] not in names)
    return found
