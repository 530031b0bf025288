"""What an optimizer remembers: its variables, and how they are made, assigned, saved and loaded."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, MutableMapping, Sequence
from functools import cached_property
from typing import Any, overload

import numpy as np

from amalthea.errors import ArgumentError, NotBuiltError
from amalthea.ops.arguments import Tensor
from amalthea.state.naming import name_scope
from amalthea.state.tracking import Tracker
from amalthea.state.variable import Variable, is_variable


class OptimizerState:
    """The variables of an optimizer. Those put into its attributes are its own, too.

    Args:
        name: with which their paths start.
    """

    built: bool
    _trainable_variables: list[Variable]

    def __init__(self, name: str) -> None:
        self._variables: list[Variable] = []
        self._tracker = Tracker({"variables": (is_variable, self._variables)})
        self._keep("_trainable_variables", [])
        self.name = name
        self.built = False

    @cached_property
    def _places(self) -> dict[int, int]:
        """The places of the weights, by their identity, which is another in a copy."""
        return {id(variable): place for place, variable in enumerate(self._trainable_variables)}

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in self.__dict__.items() if name != "_places"}

    def __setattr__(self, name: str, value: Any) -> None:
        tracker = self.__dict__.get("_tracker")
        object.__setattr__(self, name, tracker.track(value) if tracker is not None else value)

    def _keep(self, name: str, value: Any) -> None:
        """Set an attribute whose variables are not the optimizer's own."""
        object.__setattr__(self, name, value)

    @property
    def variables(self) -> list[Variable]:
        """All of its variables: the count of steps, the learning rate, and one or more for each weight."""
        return list(self._variables)

    def add_variable(
        self,
        shape: Sequence[int],
        initializer: Any = "zeros",
        dtype: Any = None,
        aggregation: str = "none",
        layout: Any = None,
        name: str | None = None,
    ) -> Variable:
        """A new variable of the optimizer's own.

        Args:
            shape: its shape.
            initializer: what makes its first value: a name, an initializer, or the value.
            dtype: its dtype; by default `config.floatx()`.
            aggregation: how copies on several devices are combined.
            layout: how it is laid out over devices.
            name: its name.
        """
        with name_scope(self.name):
            variable = Variable(initializer, shape=shape, dtype=dtype, trainable=False, aggregation=aggregation, layout=layout, name=name)
        self._tracker.track(variable)
        return variable

    def add_variable_from_reference(self, reference_variable: Variable, name: str | None = None, initializer: Any = "zeros") -> Variable:
        """A new variable with the shape and dtype of a weight, named after both.

        Example:
            >>> import amalthea
            >>> w = amalthea.Variable([1.0, 2.0], name="w")
            >>> amalthea.optimizers.SGD(name="mine").add_variable_from_reference(w, "speed").path
            'mine/w_speed'
        """
        # Weights of layers have paths; two weights of one name stay apart.
        path = f"{reference_variable.path.replace('/', '_')}_{name or 'var'}"
        return self.add_variable(reference_variable.shape, initializer, reference_variable.dtype, name=path)

    @overload
    def add_optimizer_variables(self, trainable_variables: Sequence[Variable], name: str, initializer: Any = "zeros") -> list[Variable]: ...

    @overload
    def add_optimizer_variables(
        self, trainable_variables: Sequence[Variable], name: list[str] | tuple[str, ...], initializer: Any = "zeros"
    ) -> tuple[list[Variable], ...]: ...

    def add_optimizer_variables(
        self, trainable_variables: Sequence[Variable], name: str | list[str] | tuple[str, ...], initializer: Any = "zeros"
    ) -> list[Variable] | tuple[list[Variable], ...]:
        """A new variable for each weight; or, for several names, as many for each.

        Args:
            trainable_variables: the weights.
            name: what the new variables are, as "momentum"; or a list of such names.
            initializer: what makes the first values; for several names it may be a list.

        Returns:
            A list in the order of the weights, with None for weights whose gradient is assigned to them; for several names a tuple of lists.
        """
        names = [name] if isinstance(name, str) else list(name)
        initializers = list(initializer) if isinstance(initializer, (list, tuple)) else [initializer] * len(names)
        lists: tuple[list[Any], ...] = tuple([] for _ in names)
        for variable in trainable_variables:
            for one_name, one_initializer, made in zip(names, initializers, lists, strict=True):
                skipped = getattr(variable, "overwrite_with_gradient", False)
                made.append(None if skipped else self.add_variable_from_reference(variable, one_name, one_initializer))
        return lists[0] if isinstance(name, str) else lists

    def _get_variable_index(self, variable: Variable) -> int:
        """The place of a weight among those that the optimizer was built with."""
        return self._places[id(variable)]

    def assign(self, variable: Variable, value: Tensor) -> None:
        """Assign a variable."""
        variable.assign(value)

    def assign_add(self, variable: Variable, value: Tensor) -> None:
        """Add to a variable."""
        variable.assign_add(value)

    def assign_sub(self, variable: Variable, value: Tensor) -> None:
        """Take from a variable."""
        variable.assign_sub(value)

    def set_weights(self, weights: Sequence[Any]) -> None:
        """Assign all variables, in the order of `variables`.

        Raises:
            NotBuiltError: the optimizer is not built.
            ArgumentError: there are not as many values as variables.
            ShapeError: a value has another shape than its variable.
        """
        if not self.built:
            raise NotBuiltError("`set_weights` needs an optimizer that was built. Call `optimizer.build(trainable_variables)` first.")
        if len(weights) != len(self._variables):
            raise ArgumentError(f"`weights` must have {len(self._variables)} values. Received {len(weights)}.")
        for variable, value in zip(self._variables, weights, strict=True):
            variable.assign(value)

    def save_own_variables(self, store: MutableMapping[str, Any]) -> None:
        """Put the variables into `store`, under "0", "1" and so on."""
        for index, variable in enumerate(self.variables):
            store[str(index)] = variable

    def load_own_variables(self, store: Mapping[str, Any]) -> None:
        """Take the values of the variables from `store`. Where it holds another number of them, they stay as they are, with a warning."""
        if len(store) != len(self.variables):
            warnings.warn(
                f"The optimizer {self.name!r} has {len(self.variables)} variables, but {len(store)} were saved. They stay as they are.", stacklevel=2
            )
            return
        for index, variable in enumerate(self.variables):
            variable.assign(np.asarray(store[str(index)]))
