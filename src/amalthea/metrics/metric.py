"""`Metric`, the base of all metrics."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from amalthea import config, dtype_policies, ops
from amalthea.errors import ArgumentError, StateError
from amalthea.ops.arguments import Tensor
from amalthea.state import naming
from amalthea.state.scope import StatelessScope
from amalthea.state.tracking import Tracker
from amalthea.state.variable import Variable, is_variable


class Metric:
    """A number that describes many batches: state that every batch changes, and a result computed from the state.

    A metric of one's own is a subclass that makes its state in `__init__` by `add_weight`, and has `update_state` and `result`. Metrics held in
    attributes are part of its state.

    Args:
        dtype: a dtype or dtype policy in which to compute; by default `config.floatx()`.
        name: its name; by default one made of the class's name.

    Example:
        >>> from amalthea import ops
        >>> class Longest(Metric):
        ...     def __init__(self, name="longest", **kwargs):
        ...         super().__init__(name=name, **kwargs)
        ...         self.length = self.add_weight(name="length")
        ...     def update_state(self, y_true, y_pred, sample_weight=None):
        ...         self.length.assign(ops.maximum(self.length, ops.max(ops.abs(y_pred))))
        ...     def result(self):
        ...         return self.length.value
        >>> metric = Longest()
        >>> metric.update_state(None, [1.0, -5.0])
        >>> float(metric(None, [3.0]))
        5.0
    """

    _direction: ClassVar[str | None] = None
    """Whether more is better, "up", or less, "down"; None if that is not known."""

    def __init__(self, dtype: Any = None, name: str | None = None) -> None:
        self.name = name or naming.unique_name(naming.snake_case(type(self).__name__))
        self._dtype_policy = dtype_policies.get(dtype or config.floatx())
        self._variables: list[Variable] = []
        self._metrics: list[Metric] = []
        self._tracker = Tracker(
            {
                "variables": (is_variable, self._variables),
                "metrics": (_is_metric, self._metrics),
            }
        )

    def __setattr__(self, name: str, value: Any) -> None:
        tracker = self.__dict__.get("_tracker")
        object.__setattr__(self, name, value if tracker is None else tracker.track(value))

    @property
    def dtype(self) -> str:
        """The dtype in which it computes."""
        return self._dtype_policy.compute_dtype

    # --- state ---

    def add_variable(self, shape: Any, initializer: Any, dtype: Any = None, aggregation: str = "sum", name: str | None = None) -> Variable:
        """Make a variable that is part of the state.

        Args:
            shape: its shape.
            initializer: its first value: an initializer, or the name of one. `reset_state` sets it to zero.
            dtype: its dtype; by default `config.floatx()`.
            aggregation: how copies on several devices are combined; see `Variable`.
            name: its name.

        Returns:
            The variable.
        """
        self._check_initialized()
        with naming.name_scope(self.name.replace("/", ">")):
            variable = Variable(initializer, shape=shape, dtype=dtype, trainable=False, autocast=False, aggregation=aggregation, name=name)
        self._tracker.add("variables", variable)
        return variable

    def add_weight(self, shape: Any = (), initializer: Any = None, dtype: Any = None, name: str | None = None) -> Variable:
        """As `add_variable`, with other defaults: a scalar that starts at zero."""
        return self.add_variable(shape=shape, initializer=initializer or "zeros", dtype=dtype, name=name)

    @property
    def variables(self) -> list[Variable]:
        """The variables of the state, then those of the metrics inside."""
        self._check_initialized()
        return [*self._variables, *(variable for metric in self._metrics for variable in metric.variables)]

    def reset_state(self) -> None:
        """Forget all batches: set every variable to zero."""
        for variable in self.variables:
            variable.assign(ops.zeros(variable.shape, dtype=variable.dtype))

    # --- what subclasses define ---

    def update_state(self, *args: Any, **kwargs: Any) -> None:
        """Let a batch count. Subclasses define it, usually as `update_state(y_true, y_pred, sample_weight=None)`."""
        raise NotImplementedError(f"{type(self).__name__} must define `update_state(self, y_true, y_pred, sample_weight=None)`.")

    def result(self) -> Any:
        """The value of the metric over the batches since the last `reset_state`: a tensor, or a dictionary of tensors. Subclasses define it."""
        raise NotImplementedError(f"{type(self).__name__} must define `result(self)`.")

    # --- use ---

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Let a batch count, and give the value over all batches."""
        self._check_initialized()
        self.update_state(*args, **kwargs)
        return self.result()

    def stateless_update_state(self, metric_variables: Sequence[Tensor], *args: Any, **kwargs: Any) -> list[Tensor]:
        """What the variables would hold after `update_state(*args, **kwargs)`, from the values `metric_variables`; changes nothing.

        Args:
            metric_variables: a value for each of `variables`, in order.
            *args: arguments of `update_state`; so are `**kwargs`.

        Returns:
            The new values, in order.

        Raises:
            ArgumentError: more or fewer values than variables.

        Example:
            >>> import amalthea
            >>> mean = amalthea.metrics.Mean()
            >>> [float(value) for value in mean.stateless_update_state([1.0, 1.0], [2.0, 3.0])]
            [6.0, 3.0]
        """
        with self._holding(metric_variables) as scope:
            self.update_state(*args, **kwargs)
            return [scope.read(variable) for variable in self.variables]

    def stateless_result(self, metric_variables: Sequence[Tensor]) -> Any:
        """What `result` would give if the variables held the values `metric_variables`."""
        with self._holding(metric_variables):
            return self.result()

    def stateless_reset_state(self) -> list[Tensor]:
        """What the variables would hold after `reset_state`; changes nothing."""
        with StatelessScope() as scope:
            self.reset_state()
            return [scope.read(variable) for variable in self.variables]

    def _holding(self, values: Sequence[Tensor]) -> StatelessScope:
        variables = self.variables
        if len(values) != len(variables):
            raise ArgumentError(
                f"`metric_variables` must hold a value for each of the {len(variables)} variables of {self.name!r}, in order. Received {len(values)}."
            )
        return StatelessScope(zip(variables, values, strict=True))

    def _check_initialized(self) -> None:
        if "_tracker" not in self.__dict__:
            raise StateError(f"`{type(self).__name__}.__init__` must call `super().__init__()` before anything else.")

    # --- configuration ---

    def get_config(self) -> dict[str, Any]:
        """The arguments that make an equal metric (without its state)."""
        return {"name": self.name, "dtype": self.dtype}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Metric:
        """The metric that `get_config` described."""
        return cls(**config)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} name={self.name}>"


def _is_metric(x: Any) -> bool:
    return isinstance(x, Metric)
