"""`Optimizer`: what changes weights by their gradients. The base of all optimizers."""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, ClassVar, Self

from amalthea import ops
from amalthea.errors import ArgumentError, ArgumentTypeError, NotBuiltError, StateError, nearest
from amalthea.ops.arguments import Tensor
from amalthea.optimizers import clipping
from amalthea.optimizers.schedules.schedule import LearningRateSchedule
from amalthea.optimizers.state import OptimizerState
from amalthea.state.naming import name_scope, snake_case, unique_name
from amalthea.state.scope import StatelessScope
from amalthea.state.variable import Variable

if TYPE_CHECKING:
    from collections.abc import Iterator

LearningRate = float | LearningRateSchedule | Callable[[], Any]


class Optimizer(OptimizerState):
    """The base of the optimizers.

    A subclass defines `build(variables)`, which makes its own variables after calling this one's, and
    `update_step(gradient, variable, learning_rate)`, which assigns `variable`. It names its own arguments in `hyperparameters`.

    Args:
        learning_rate: a number, a schedule of `amalthea.optimizers.schedules`, or a function without arguments that gives a number.
        weight_decay: if given, each step first takes `weight_decay * learning_rate` times itself from each weight (decoupled decay).
        clipnorm: the greatest norm of each gradient. Of the three clips at most one can be given.
        clipvalue: the greatest magnitude of each element of the gradients.
        global_clipnorm: the greatest norm of all gradients together.
        use_ema: whether to keep an exponential moving average of the weights, which replaces them when training ends.
        ema_momentum: the share of the average that stays at each step.
        ema_overwrite_frequency: replace the weights by their average every so many steps, too.
        loss_scale_factor: multiply the loss by this, and divide the gradients by it, so that small ones survive half precision.
        gradient_accumulation_steps: update every so many steps only, with the mean gradient since the last update.
        name: its name, with which the paths of its variables start.

    Raises:
        ArgumentError: an argument has a value that is not allowed.

    Example:
        >>> import amalthea
        >>> class Signs(amalthea.Optimizer):
        ...     def update_step(self, gradient, variable, learning_rate):
        ...         self.assign_sub(variable, learning_rate * amalthea.ops.sign(gradient))
        >>> w = amalthea.Variable([1.0, 2.0])
        >>> Signs(0.5).apply([amalthea.ops.array([3.0, -0.1])], [w])
        >>> w.numpy().tolist()
        [0.5, 2.5]
    """

    _undecayed: list[Variable]
    _terms: tuple[Any, Any] | None

    hyperparameters: ClassVar[tuple[str, ...]] = ()
    """The names of the arguments of the class that are no arguments of this base: attributes that `get_config` writes."""

    def __init__(
        self,
        learning_rate: LearningRate,
        weight_decay: float | None = None,
        clipnorm: float | None = None,
        clipvalue: float | None = None,
        global_clipnorm: float | None = None,
        use_ema: bool = False,
        ema_momentum: float = 0.99,
        ema_overwrite_frequency: int | None = None,
        loss_scale_factor: float | None = None,
        gradient_accumulation_steps: int | None = None,
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        if kwargs.pop("decay", None) is not None:
            warnings.warn("The argument `decay` of optimizers no longer exists, and is ignored. Use a schedule as `learning_rate`.", stacklevel=3)
        if kwargs:
            raise ArgumentError(f"{type(self).__name__} got unknown arguments: {', '.join(kwargs)}.{_advice(type(self), kwargs)}")
        if sum(bound is not None for bound in (clipnorm, clipvalue, global_clipnorm)) > 1:
            raise ArgumentError(
                f"At most one of `clipnorm`, `clipvalue`, `global_clipnorm` can be given. Received: {clipnorm=}, {clipvalue=}, {global_clipnorm=}."
            )
        if use_ema and not 0 <= ema_momentum <= 1:
            raise ArgumentError(f"`ema_momentum` must be in [0, 1]. Received: ema_momentum={ema_momentum}.")
        if ema_overwrite_frequency is not None and not (isinstance(ema_overwrite_frequency, int) and ema_overwrite_frequency >= 1):
            raise ArgumentError(f"`ema_overwrite_frequency` must be None or an integer of at least 1. Received: {ema_overwrite_frequency!r}.")
        if gradient_accumulation_steps is not None and not (isinstance(gradient_accumulation_steps, int) and gradient_accumulation_steps >= 2):
            raise ArgumentError(f"`gradient_accumulation_steps` must be None or an integer of at least 2. Received: {gradient_accumulation_steps!r}.")
        name = name or unique_name(snake_case(type(self).__name__))
        if not isinstance(name, str) or "/" in name:
            raise ArgumentError(f"`name` must be a string without '/'. Received: name={name!r}.")

        super().__init__(name)
        self._terms = None
        self.weight_decay = weight_decay
        self.clipnorm, self.clipvalue, self.global_clipnorm = clipnorm, clipvalue, global_clipnorm
        self.use_ema, self.ema_momentum, self.ema_overwrite_frequency = use_ema, ema_momentum, ema_overwrite_frequency
        self.loss_scale_factor = loss_scale_factor
        self.gradient_accumulation_steps = gradient_accumulation_steps
        self._keep("_undecayed", [])
        self._undecayed_names: list[str] = []
        with name_scope(name):
            self._iterations = Variable(0, shape=(), dtype="int32", trainable=False, aggregation="only_first_replica", name="iteration")
            self._learning_rate: Any = self._checked_learning_rate(learning_rate)

    def build(self, variables: Sequence[Variable]) -> None:
        """Make the variables that belong to `variables`, the weights to train. Subclasses call it before they make theirs."""
        if self.built:
            return
        self._keep("_trainable_variables", list(variables))
        self.__dict__.pop("_places", None)
        if self.use_ema:
            self._averages = self.add_optimizer_variables(variables, "average")
        if self.gradient_accumulation_steps:
            self._accumulated = self.add_optimizer_variables(variables, "gradient_accumulator")
        self.built = True

    # --- a step ---

    def apply_gradients(self, grads_and_vars: Iterable[tuple[Tensor | None, Variable]]) -> Variable:
        """Take one step.

        Args:
            grads_and_vars: pairs of a gradient and a weight.

        Returns:
            The count of steps.
        """
        pairs = list(grads_and_vars)
        self.apply([gradient for gradient, _ in pairs], [variable for _, variable in pairs])
        return self._iterations

    def apply(self, grads: Sequence[Tensor | None], trainable_variables: Sequence[Variable] | None = None) -> None:
        """Take one step.

        Args:
            grads: the gradients; None for a weight that the loss does not depend on, which stays as it is.
            trainable_variables: the weights, in the order of the gradients; by default those that the optimizer was built with.

        Raises:
            NotBuiltError: no weights are given, and the optimizer was not built with any.
            ArgumentError: there is not one gradient for each weight, or no gradient at all, or an unknown weight.
        """
        grads = list(grads)
        if not grads:
            return
        variables = self._checked_variables(grads, trainable_variables)
        grads, variables = self._present(grads, variables)
        if self.loss_scale_factor is not None:
            grads = [g / self.loss_scale_factor for g in grads]
        if grads:
            self._take_step(grads, variables)
        for variable in variables:
            if variable.constraint is not None:
                variable.assign(variable.constraint(variable.value))
        self._iterations.assign_add(1)

    def _checked_variables(self, grads: list[Any], trainable_variables: Sequence[Variable] | None) -> list[Variable]:
        if trainable_variables is None:
            if not self.built:
                raise NotBuiltError(
                    "`apply(grads)` without weights needs an optimizer that was built. Call `optimizer.build(trainable_variables)` first."
                )
            variables = self._trainable_variables
        else:
            variables = list(trainable_variables)
            if not self.built:
                self.build(variables)
        if len(grads) != len(variables):
            raise ArgumentError(f"There must be one gradient for each weight. Received {len(grads)} gradients for {len(variables)} weights.")
        for variable in variables:
            if id(variable) not in self._places:
                raise ArgumentError(
                    f"Unknown variable {variable.path!r}: an optimizer takes the weights only that it was built with. "
                    "Make a new optimizer for other weights, or build this one with all of them."
                )
        return variables

    def _present(self, grads: list[Any], variables: list[Variable]) -> tuple[list[Tensor], list[Variable]]:
        """The gradients that there are, in the dtypes of their weights, and these weights; others are assigned what they are to become."""
        pairs = [pair for pair in zip(grads, variables, strict=True) if pair[0] is not None]
        if not pairs:
            raise ArgumentError("There is no gradient for any weight: the loss does not depend on them.")
        if len(pairs) < len(grads):
            missing = [variable.path for gradient, variable in zip(grads, variables, strict=True) if gradient is None]
            warnings.warn(f"There is no gradient for {missing}: the loss does not depend on them. They stay as they are.", stacklevel=4)
        for gradient, variable in pairs:
            if variable.overwrite_with_gradient:
                variable.assign(gradient)
        pairs = [(ops.cast(gradient, variable.dtype), variable) for gradient, variable in pairs if not variable.overwrite_with_gradient]
        return [gradient for gradient, _ in pairs], [variable for _, variable in pairs]

    def _take_step(self, grads: list[Tensor], variables: list[Variable]) -> None:
        if self.gradient_accumulation_steps:
            self._accumulate(grads, variables)
        else:
            self._update(grads, variables)
        if self.use_ema:
            self._update_averages()

    def _update(self, grads: list[Tensor], variables: list[Variable]) -> None:
        grads = self._clip_gradients(grads)
        learning_rate = ops.cast(self._get_current_learning_rate(), "float32")
        self._apply_weight_decay(variables, learning_rate)
        with self._terms_of_step(learning_rate):
            self.update_steps(grads, variables, learning_rate)

    def update_steps(self, grads: Sequence[Tensor], variables: Sequence[Variable], learning_rate: Tensor) -> None:
        """Assign all weights their next values: `update_step` for each, or something quicker that does the same."""
        for gradient, variable in zip(grads, variables, strict=True):
            self.update_step(gradient, variable, learning_rate)

    def _accumulate(self, grads: list[Tensor], variables: list[Variable]) -> None:
        steps = self.gradient_accumulation_steps
        assert steps is not None
        sums = [self._accumulated[self._get_variable_index(variable)] for variable in variables]

        def update() -> None:
            self._update([(total.value + gradient) / steps for total, gradient in zip(sums, grads, strict=True)], variables)
            for total in sums:
                total.assign(ops.zeros_like(total.value))

        def add() -> None:
            for total, gradient in zip(sums, grads, strict=True):
                total.assign(total.value + gradient)

        ops.cond(ops.equal((self._iterations.value + 1) % steps, 0), update, add)

    def update_step(self, gradient: Tensor, variable: Variable, learning_rate: Tensor) -> None:
        """Assign a weight its next value. Subclasses define it.

        Args:
            gradient: the gradient, in the shape and dtype of the weight.
            variable: the weight.
            learning_rate: the rate of this step, a scalar.
        """
        raise NotImplementedError(f"{type(self).__name__} must define `update_step(gradient, variable, learning_rate)`.")

    def step_terms(self, learning_rate: Tensor) -> Any:
        """What `update_step` needs that is the same for all weights, such as corrections of bias. Subclasses define it, where there is such."""
        return None

    @contextmanager
    def _terms_of_step(self, learning_rate: Tensor) -> Iterator[None]:
        self._keep("_terms", (learning_rate, self.step_terms(learning_rate)))
        try:
            yield
        finally:
            self._keep("_terms", None)

    def _terms_for(self, learning_rate: Tensor) -> Any:
        """`step_terms`, computed once a step (and anew for another rate than the step's)."""
        if self._terms is not None and self._terms[0] is learning_rate:
            return self._terms[1]
        return self.step_terms(learning_rate)

    def _step(self) -> Tensor:
        """The number of this step, from 1, as float32."""
        return ops.cast(self.iterations, "float32") + 1.0

    def _clip_gradients(self, grads: list[Tensor]) -> list[Tensor]:
        if self.clipnorm and self.clipnorm > 0:
            return clipping.by_norm(grads, self.clipnorm)
        if self.global_clipnorm and self.global_clipnorm > 0:
            return clipping.by_global_norm(grads, self.global_clipnorm)
        if self.clipvalue and self.clipvalue > 0:
            return clipping.by_value(grads, self.clipvalue)
        return grads

    # --- weight decay ---

    def exclude_from_weight_decay(self, var_list: Iterable[Variable] | None = None, var_names: Iterable[str] | None = None) -> None:
        """Let some weights not decay. Called before the optimizer is built.

        Args:
            var_list: the weights.
            var_names: words; weights whose names hold one of them.

        Raises:
            StateError: the optimizer is built.
        """
        if self.built:
            raise StateError("`exclude_from_weight_decay` must be called before the optimizer is built (by `build`, or its first step).")
        self._undecayed.extend(var_list or ())
        self._undecayed_names += list(var_names or ())

    def _use_weight_decay(self, variable: Variable) -> bool:
        return all(variable is not undecayed for undecayed in self._undecayed) and not any(word in variable.name for word in self._undecayed_names)

    def _weight_decay_of(self, variable: Variable) -> float | None:
        return self.weight_decay

    def _apply_weight_decay(self, variables: Sequence[Variable], learning_rate: Tensor) -> None:
        for variable in variables:
            decay = self._weight_decay_of(variable)
            if decay is not None and self._use_weight_decay(variable):
                variable.assign(variable.value - variable.value * ops.cast(learning_rate * decay, variable.dtype))

    # --- moving averages ---

    def _update_averages(self) -> None:
        # Before the first step there is no average: the first is the weights themselves.
        stays = ops.cast(ops.not_equal(self.iterations, 0), "float32") * self.ema_momentum
        pairs = [pair for pair in zip(self._trainable_variables, self._averages, strict=True) if pair[1] is not None]
        for variable, average in pairs:
            share = ops.cast(stays, average.dtype)
            average.assign(average.value * share + variable.value * (1.0 - share))
        if self.ema_overwrite_frequency:
            due = ops.equal((ops.convert_to_tensor(self.iterations) + 1) % self.ema_overwrite_frequency, 0)
            for variable, average in pairs:
                variable.assign(ops.where(due, average.value, variable.value))

    def finalize_variable_values(self, var_list: Sequence[Variable]) -> None:
        """Training ends: with `use_ema`, replace the weights by their moving averages.

        Args:
            var_list: the weights that the optimizer was built with.
        """
        if self.use_ema and self.built:
            for variable in var_list:
                average = self._averages[self._get_variable_index(variable)]
                if average is not None:
                    variable.assign(average.value)

    # --- the learning rate ---

    def _checked_learning_rate(self, learning_rate: Any) -> Any:
        if isinstance(learning_rate, Mapping):
            from amalthea.optimizers import schedules

            learning_rate = schedules.deserialize(learning_rate)
        if isinstance(learning_rate, LearningRateSchedule) or (callable(learning_rate) and not isinstance(learning_rate, Variable)):
            return learning_rate
        if isinstance(learning_rate, (bool, str, Variable)) or not hasattr(learning_rate, "__float__"):
            raise ArgumentError(
                "`learning_rate` must be a number, a schedule of `amalthea.optimizers.schedules`, or a function without arguments. "
                f"Received: learning_rate={learning_rate!r} (of type {type(learning_rate).__name__})."
            )
        return Variable(float(learning_rate), shape=(), dtype="float32", trainable=False, aggregation="only_first_replica", name="learning_rate")

    def _get_current_learning_rate(self) -> Any:
        rate = self._learning_rate
        if isinstance(rate, LearningRateSchedule):
            return rate(self._iterations)
        return rate() if callable(rate) and not isinstance(rate, Variable) else rate

    @property
    def learning_rate(self) -> Any:
        """The learning rate of the next step: a variable, or what the schedule or function gives now.

        Set to a number it changes, also in the middle of training; set to a schedule or a function that takes over.
        """
        return self._get_current_learning_rate()

    @learning_rate.setter
    def learning_rate(self, learning_rate: Any) -> None:
        previous = self._learning_rate
        if callable(learning_rate) and not isinstance(learning_rate, Variable):
            self._learning_rate = learning_rate
            if isinstance(previous, Variable):
                self._tracker.untrack(previous)
        elif isinstance(previous, Variable):
            previous.assign(learning_rate)
        else:
            raise ArgumentTypeError(
                f"The learning rate of this optimizer comes from {previous!r}, so it cannot be set to a number. "
                "Make the optimizer with a number, or set another schedule."
            )

    @property
    def iterations(self) -> Any:
        """How many updates were made: a variable; a tensor where gradients are accumulated over several steps."""
        if self.gradient_accumulation_steps:
            return ops.floor_divide(self._iterations.value, self.gradient_accumulation_steps)
        return self._iterations

    @iterations.setter
    def iterations(self, variable: Variable) -> None:
        if self.built:
            raise StateError("`iterations` can be set only before the optimizer is built.")
        self._tracker.untrack(self._iterations)
        self._iterations = variable

    # --- for the trainer, and for pure functions ---

    def scale_loss(self, loss: Tensor) -> Tensor:
        """The loss to take gradients of."""
        return loss if self.loss_scale_factor is None else loss * self.loss_scale_factor

    def stateless_apply(
        self, optimizer_variables: Sequence[Tensor], grads: Sequence[Tensor | None], trainable_variables: Sequence[Tensor]
    ) -> tuple[list[Tensor], list[Tensor]]:
        """Take one step as a pure function: nothing is assigned.

        Args:
            optimizer_variables: the values of `variables`.
            grads: the gradients.
            trainable_variables: the values of the weights that the optimizer was built with.

        Returns:
            The new values of the weights, and those of `variables`.

        Raises:
            NotBuiltError: the optimizer is not built.
            ArgumentError: there are not as many values as variables.
        """
        if not self.built:
            raise NotBuiltError("`stateless_apply` needs an optimizer that was built. Call `optimizer.build(trainable_variables)` first.")
        if len(optimizer_variables) != len(self.variables):
            raise ArgumentError(f"`optimizer_variables` must have {len(self.variables)} values. Received {len(optimizer_variables)}.")
        if len(trainable_variables) != len(self._trainable_variables):
            raise ArgumentError(f"`trainable_variables` must have {len(self._trainable_variables)} values. Received {len(trainable_variables)}.")
        weights, own = self._trainable_variables, self.variables
        with StatelessScope([*zip(weights, trainable_variables, strict=True), *zip(own, optimizer_variables, strict=True)]):
            self.apply(grads)
            return [variable.value for variable in weights], [variable.value for variable in own]

    # --- configuration ---

    def get_config(self) -> dict[str, Any]:
        """The arguments that `from_config` makes an equal optimizer of. The variables' values are not among them."""
        from amalthea.saving import serialize_keras_object

        rate = self._learning_rate
        own = ("weight_decay", "clipnorm", "global_clipnorm", "clipvalue", "use_ema", "ema_momentum", "ema_overwrite_frequency")
        config = {"name": self.name, "learning_rate": float(rate.numpy()) if isinstance(rate, Variable) else serialize_keras_object(rate)}
        for name in (*own, "loss_scale_factor", "gradient_accumulation_steps", *self.hyperparameters):
            config[name] = getattr(self, name)
        return config

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: dict[str, Any] | None = None) -> Self:
        """An optimizer with the arguments in `config`.

        Args:
            config: what `get_config` gave.
            custom_objects: classes and functions of yours by name, for a learning rate that is one of them.
        """
        from amalthea.optimizers import schedules

        rate = config.get("learning_rate")
        if isinstance(rate, dict):
            config = {**config, "learning_rate": schedules.deserialize(rate, custom_objects)}
        return cls(**config)


def _advice(optimizer: type, unknown: Mapping[str, Any]) -> str:
    names = [name for name in inspect.signature(optimizer).parameters if name != "kwargs"]
    if "lr" in unknown:
        return ' Did you mean "learning_rate"?'
    return nearest(next(iter(unknown)), names)
