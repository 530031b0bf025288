"""What engines share that trace, or differentiate, functions that read and assign variables."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeVar

from amalthea import tree
from amalthea.dtypes import standardize_dtype
from amalthea.engines.protocol import Tensor
from amalthea.engines.spec import Spec
from amalthea.errors import StateError
from amalthea.state.scope import StatelessScope, current_scope
from amalthea.state.variable import Variable

T = TypeVar("T")

UNKNOWN = (83, 89)
"""Two sizes to put in the place of an unknown one: sizes that follow it differ between the two."""


class TraceScope(StatelessScope):
    """The scope of a trace: holds what stands for the values of some variables, and notes which others were read."""

    def __init__(self, known: Iterable[tuple[Variable, Any]]) -> None:
        super().__init__()
        self.unforeseen: dict[int, Variable] = {}
        for variable, value in known:
            self.hold(variable, value)

    def missing(self, variable: Variable) -> Any:
        self.unforeseen[id(variable)] = variable
        return variable.held()


def traced(trace: Callable[[list[Variable]], tuple[TraceScope, T]], foreseen: Sequence[Variable]) -> tuple[list[Variable], TraceScope, T]:
    """`trace(variables)` of all variables that are read in it: done once more for those that it read without their being foreseen.

    Returns:
        The variables, the scope of the last trace, and its result.
    """
    variables = list({id(variable): variable for variable in foreseen}.values())
    scope, result = trace(variables)
    while scope.unforeseen:
        variables += scope.unforeseen.values()
        scope, result = trace(variables)
    return variables, scope, result


def stored(variable: Variable) -> Tensor:
    """The value of `variable` here, in its own dtype."""
    scope = current_scope()
    return scope.read(variable) if scope is not None else variable.held()


def without_assignments(body: Callable[..., Any], where: str) -> Callable[..., Any]:
    """`body`, with a clear error if it assigns a variable: what happens in a loop has to be in its carry."""

    def checked(*args: Any) -> Any:
        with StatelessScope() as scope:
            result = body(*args)
            written = scope.written()
        if written:
            raise StateError(
                f"The body of `{where}` assigned the variable {written[0][0].path!r}. A loop keeps only what is in its carry: "
                "return the new value from the body and assign it after the loop (draw random numbers before it)."
            )
        return result

    return checked


def specs_of(first: Any, second: Any) -> Any:
    """What two runs with different sizes in the place of unknown ones (`UNKNOWN`) tell about shapes: sizes that differ are unknown."""

    def common(one: Any, other: Any) -> Spec:
        return Spec([m if m == n else None for m, n in zip(one.shape, other.shape, strict=True)], standardize_dtype(one.dtype))

    return tree.map_structure(common, first, second, none_is_leaf=False)
