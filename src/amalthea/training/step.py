"""The steps: what happens to one batch in training, in evaluation and in prediction, and how a step becomes a fast function.

A step is a method of the model that is written statefully and for no engine in particular. Steps written for Keras are run as well, each on
its engine: on JAX one that takes and returns the state, on PyTorch one that calls `loss.backward()`.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from amalthea import ops, tree
from amalthea.engines.derived import Engine
from amalthea.engines.protocol import Repeats
from amalthea.state.variable import Variable

Step = Callable[[Any], Any]


def takes_state(step: Callable[..., Any]) -> bool:
    """Whether the bound method `step` is of the form `(state, data)`."""
    positional = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    return len([p for p in inspect.signature(step).parameters.values() if p.kind in positional and p.default is p.empty]) == 2


def stateful(step: Callable[..., Any], groups: Callable[[], Sequence[Sequence[Variable]]]) -> Step:
    """A step of the form `(state, data) -> (result, state)` as one that reads and assigns variables.

    Args:
        step: the step.
        groups: gives the variables that `state` stands for: a tuple of lists. A step may return fewer groups than it got, the last ones.
    """

    def run(data: Any) -> Any:
        variables = groups()
        state = tuple([variable.value for variable in group] for group in variables)
        result, new_state = step(state, data)
        changed = variables[-len(new_state) :] if isinstance(new_state, tuple) and new_state else ()
        for group, values in zip(changed, new_state, strict=True):
            for variable, value in zip(group, values, strict=True):
                variable.assign(value)
        return result

    return run


def watched(engine: Engine, step: Step, variables: Callable[[], Sequence[Variable]]) -> Step:
    """`step` as one in which the engine's own differentiation works on the values of `variables`, such as `loss.backward()` on PyTorch."""

    def run(data: Any) -> Any:
        with engine.watching(variables()):
            return step(data)

    return run


class Way(NamedTuple):
    """How steps are run.

    Args:
        eager: as they are written, without compiling them.
        jit: whether the engine's compiler makes machine code of them; see `Model.compile`.
        repeats: whether they do the same at every call, asked only by engines that make use of it; see `Protocol.compile`.
    """

    eager: bool
    jit: bool | str
    repeats: Repeats


def fast(engine: Engine, step: Step, state: Callable[[], Sequence[Variable]], way: Way) -> Step:
    """`step` as a function of one batch, compiled by `engine`."""
    return _of_tensors(step) if way.eager else engine.compile(step, state, way.jit, way.repeats)


def _of_tensors(step: Step) -> Step:
    """`step`, its arrays as tensors."""
    return lambda data: step(tree.map_structure(lambda leaf: ops.convert_to_tensor(leaf) if isinstance(leaf, np.ndarray) else leaf, data))


def fast_group(engine: Engine, step: Step, state: Callable[[], Sequence[Variable]], way: Way) -> Callable[[Sequence[Any]], Any]:
    """As `fast`, for several batches in one execution; gives the result of the last."""

    def run(batches: Sequence[Any]) -> Any:
        result = None
        for data in batches:
            result = step(data)
        return result

    return fast(engine, run, state, way)
