"""`LossScaleOptimizer`: a scale of the loss that adapts itself."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Self

from amalthea import ops
from amalthea.errors import ArgumentError, ArgumentTypeError
from amalthea.initializers import Constant
from amalthea.ops.arguments import Tensor
from amalthea.optimizers.optimizer import Optimizer
from amalthea.state.variable import Variable


class LossScaleOptimizer(Optimizer):
    """Scales the loss so that small gradients survive half precision, and gives the inner optimizer the gradients scaled back.

    Where a gradient is infinite or NaN, the step is left out and the scale is halved; after `dynamic_growth_steps` steps without such, it
    is doubled.

    Args:
        inner_optimizer: the optimizer that changes the weights.
        initial_scale: the scale to start with.
        dynamic_growth_steps: after how many good steps the scale grows.
        name: its name.

    Raises:
        ArgumentTypeError: `inner_optimizer` is none.
        ArgumentError: other arguments are given: those of `Optimizer` belong to the inner one.

    Reference:
        Micikevicius et al., "Mixed precision training", 2018.

    Example:
        >>> import amalthea
        >>> w = amalthea.Variable([1.0])
        >>> optimizer = LossScaleOptimizer(amalthea.optimizers.SGD(0.5), initial_scale=8.0)
        >>> float(optimizer.scale_loss(amalthea.ops.array(2.0)))
        16.0
        >>> optimizer.apply([amalthea.ops.array([8.0])], [w])
        >>> w.numpy().tolist()
        [0.5]
    """

    inner_optimizer: Optimizer

    def __init__(
        self, inner_optimizer: Optimizer, initial_scale: float = 2.0**15, dynamic_growth_steps: int = 2000, name: str | None = None, **kwargs: Any
    ) -> None:
        if not isinstance(inner_optimizer, Optimizer):
            raise ArgumentTypeError(
                f"`inner_optimizer` must be an optimizer. Received: {inner_optimizer!r} (of type {type(inner_optimizer).__name__})."
            )
        if kwargs:
            raise ArgumentError(f"`LossScaleOptimizer` does not take {', '.join(map(repr, kwargs))}. Give it to the inner optimizer.")
        self._keep("inner_optimizer", inner_optimizer)
        super().__init__(learning_rate=0.0, name=name)
        self.initial_scale, self.dynamic_growth_steps = initial_scale, dynamic_growth_steps

    def build(self, variables: Sequence[Variable]) -> None:
        if self.built:
            return
        self.step_counter = self.add_variable((), dtype="int32", name="step_counter")
        self.dynamic_scale = self.add_variable((), Constant(self.initial_scale), "float32", name="dynamic_scale")
        self.inner_optimizer.build(variables)
        super().build(variables)

    @property
    def variables(self) -> list[Variable]:
        """Its own variables, and those of the inner optimizer."""
        return [*self._variables, *self.inner_optimizer.variables]

    def apply(self, grads: Sequence[Tensor | None], trainable_variables: Sequence[Variable] | None = None) -> None:
        """Take one step, or leave it out where a gradient is not finite.

        Args:
            grads: the gradients of the scaled loss.
            trainable_variables: the weights; by default those that the optimizer was built with.
        """
        grads = list(grads)
        if not grads:
            return
        variables = self._checked_variables(grads, trainable_variables)
        present = [ops.all(ops.isfinite(g)) for g in grads if g is not None]
        finite = ops.all(ops.stack(present)) if present else True
        ops.cond(finite, lambda: self._step_and_grow(grads, variables), self._shrink)

    def _step_and_grow(self, grads: list[Any], variables: list[Variable]) -> None:
        scale = self.dynamic_scale.value
        self.inner_optimizer.apply([None if g is None else g / ops.cast(scale, ops.dtype(g)) for g in grads], variables)
        steps = self.step_counter.value + 1
        grows = ops.equal(steps, self.dynamic_growth_steps)
        self.step_counter.assign(ops.where(grows, 0, steps))
        self.dynamic_scale.assign(ops.where(grows, scale * 2.0, scale))

    def _shrink(self) -> None:
        self.step_counter.assign(0)
        self.dynamic_scale.assign(self.dynamic_scale.value / 2.0)

    def scale_loss(self, loss: Tensor) -> Tensor:
        """The loss to take gradients of: times the scale, and times that of the inner optimizer."""
        scale = self.dynamic_scale.value if self.built else self.initial_scale
        return ops.multiply(self.inner_optimizer.scale_loss(loss), scale)

    def finalize_variable_values(self, var_list: Sequence[Variable]) -> None:
        """Training ends: the inner optimizer may replace the weights by their averages."""
        self.inner_optimizer.finalize_variable_values(var_list)

    @property
    def learning_rate(self) -> Any:
        """The learning rate of the inner optimizer."""
        return self.inner_optimizer.learning_rate

    @learning_rate.setter
    def learning_rate(self, learning_rate: Any) -> None:
        self.inner_optimizer.learning_rate = learning_rate

    @property
    def iterations(self) -> Any:
        """How many updates the inner optimizer made."""
        return self.inner_optimizer.iterations

    @iterations.setter
    def iterations(self, variable: Variable) -> None:
        self.inner_optimizer.iterations = variable

    def set_weights(self, weights: Sequence[Any]) -> None:
        """Assign all variables, in the order of `variables`."""
        own = len(self._variables)
        super().set_weights(weights[:own])
        self.inner_optimizer.set_weights(weights[own:])

    def get_config(self) -> dict[str, Any]:
        from amalthea.saving import serialize_keras_object

        inner = serialize_keras_object(self.inner_optimizer)
        return {"name": self.name, "inner_optimizer": inner, "initial_scale": self.initial_scale, "dynamic_growth_steps": self.dynamic_growth_steps}

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: dict[str, Any] | None = None) -> Self:
        """An optimizer with the arguments in `config`."""
        from amalthea import optimizers

        inner = config.get("inner_optimizer")
        if isinstance(inner, dict):
            inner = optimizers.deserialize(inner, custom_objects)
        return cls(**{**config, "inner_optimizer": inner})
