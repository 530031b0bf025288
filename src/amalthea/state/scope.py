"""Where the values of variables are, when they are not in the variables: the scopes of pure functions.

Inside a `StatelessScope` reading a variable gives the value that the scope holds for it, and assigning one changes
the scope alone. Compiled functions, gradients and the `stateless_*` methods are built on this.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextvars import ContextVar, Token
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from amalthea.state.variable import Variable

_current: ContextVar[StatelessScope | None] = ContextVar("amalthea_stateless_scope", default=None)

surroundings: list[Callable[[], StatelessScope | None]] = []
"""Functions that give the scope in force where none was opened, or None: for engines whose users trace functions with the framework's own tools."""


class StatelessScope:
    """A context in which variables are read from, and assigned in, a mapping.

    Args:
        state_mapping: pairs of a variable and the value that it has inside.
        collect_losses: kept for Keras's sake: losses added inside always stay inside.
        initialize_variables: kept for Keras's sake: variables get their first value when it is first read.

    Example:
        >>> import amalthea
        >>> v = amalthea.Variable(1.0)
        >>> with StatelessScope([(v, amalthea.ops.convert_to_tensor(5.0))]) as scope:
        ...     _ = v.assign(v * 2)
        >>> float(scope.get_current_value(v)), float(v.value)
        (10.0, 1.0)
    """

    def __init__(
        self,
        state_mapping: Iterable[tuple[Variable, Any]] | None = None,
        collect_losses: bool = False,
        initialize_variables: bool = True,
    ) -> None:
        self.collect_losses = collect_losses
        self.initialize_variables = initialize_variables
        self.losses: list[Any] = []
        self._values: dict[int, Any] = {}
        self._written: dict[int, Variable] = {}
        self._layer_losses: dict[int, list[Any]] = {}
        self._tokens: list[Token[StatelessScope | None]] = []
        self._parent: StatelessScope | None = None
        for variable, value in state_mapping or ():
            self._values[id(variable)] = variable.checked(value)

    def __enter__(self) -> StatelessScope:
        self._parent = current_scope()
        self._tokens.append(_current.set(self))
        return self

    def __exit__(self, *exception: object) -> None:
        _current.reset(self._tokens.pop())

    def read(self, variable: Variable) -> Any:
        """The value of `variable` here."""
        value = self._values.get(id(variable))
        if value is not None:
            return value
        return self.missing(variable)

    def missing(self, variable: Variable) -> Any:
        """The value of a variable that this scope does not hold: the surrounding scope's, or the variable's own."""
        if self._parent is not None:
            return self._parent.read(variable)
        return variable.held()

    def hold(self, variable: Variable, value: Any) -> None:
        """Let `variable` read as `value` here, without its counting as assigned."""
        self._values[id(variable)] = value

    def write(self, variable: Variable, value: Any) -> None:
        """Let `variable` have `value` here."""
        self._values[id(variable)] = value
        self._written[id(variable)] = variable

    def written(self) -> list[tuple[Variable, Any]]:
        """The variables that were assigned here, in order of their first assignment, with their last values."""
        return [(variable, self._values[key]) for key, variable in self._written.items()]

    def get_current_value(self, variable: Variable) -> Any:
        """The value that the scope holds for `variable`, or None."""
        return self._values.get(id(variable))

    def add_update(self, update: tuple[Variable, Any]) -> None:
        """Assign a value, given as a pair of the variable and the value."""
        variable, value = update
        self.write(variable, variable.checked(value))

    def add_loss(self, loss: Any) -> None:
        """Keep a loss that a layer added."""
        self.losses.append(loss)

    def losses_of(self, owner: object) -> list[Any]:
        """The list of the losses that the layer `owner` added here."""
        return self._layer_losses.setdefault(id(owner), [])


def current_scope() -> StatelessScope | None:
    """The innermost scope in force here, or None."""
    scope = _current.get()
    if scope is None:
        for surrounding in surroundings:
            scope = scope or surrounding()
    return scope


def in_stateless_scope() -> bool:
    """Whether variables are read and assigned in a scope here."""
    return _current.get() is not None


def apply_writes(writes: Iterable[tuple[Variable, Any]]) -> None:
    """Assign what an inner scope had assigned to the variables, here."""
    for variable, value in writes:
        variable.store(value)
