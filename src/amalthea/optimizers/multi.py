"""`MultiOptimizer`: several optimizers, each for some of the weights, which `OptimizerMap` chooses by their paths."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, MutableMapping, Sequence
from typing import Any, Self

import numpy as np

from amalthea.errors import ArgumentError, ArgumentTypeError, NotBuiltError
from amalthea.ops.arguments import Tensor
from amalthea.optimizers.optimizer import Optimizer
from amalthea.state.variable import Variable


class OptimizerMap(MutableMapping[str, Optimizer]):
    """Optimizers by the paths of weights: keys are regular expressions that match whole paths.

    Args:
        default_optimizer: the optimizer of weights that no key matches.
        optimizer_map: optimizers by key.

    Raises:
        ArgumentTypeError: a value is no optimizer.
        ArgumentError: a key is set twice, or several keys match one path.

    Example:
        >>> from amalthea.optimizers import SGD, Adam
        >>> chosen = OptimizerMap(SGD(), {"encoder/.*": Adam()})
        >>> type(chosen["encoder/dense/kernel"]).__name__, type(chosen["head/kernel"]).__name__
        ('Adam', 'SGD')
    """

    def __init__(self, default_optimizer: Optimizer, optimizer_map: Mapping[str, Optimizer] | None = None) -> None:
        self._default_optimizer = _checked(default_optimizer, "default_optimizer")
        self._optimizer_map: dict[str, Optimizer] = {}
        for key, optimizer in (optimizer_map or {}).items():
            self[key] = optimizer

    @property
    def default_optimizer(self) -> Optimizer:
        """The optimizer of weights that no key matches."""
        return self._default_optimizer

    def __getitem__(self, key: str) -> Optimizer:
        """The optimizer of the weight with the path `key` (or that was set under this key)."""
        if key in self._optimizer_map:
            return self._optimizer_map[key]
        matching = [pattern for pattern in self._optimizer_map if re.fullmatch(pattern, key)]
        if len(matching) > 1:
            raise ArgumentError(f"The path {key!r} matches several keys of the `OptimizerMap`: {matching}. Make them more special.")
        return self._optimizer_map[matching[0]] if matching else self._default_optimizer

    def __setitem__(self, key: str, optimizer: Optimizer) -> None:
        if key in self._optimizer_map:
            raise ArgumentError(f"The `OptimizerMap` has the key {key!r} already. Delete it first to set another optimizer.")
        self._optimizer_map[key] = _checked(optimizer, f"optimizer_map[{key!r}]")

    def __delitem__(self, key: str) -> None:
        del self._optimizer_map[key]

    def __len__(self) -> int:
        return len(self._optimizer_map)

    def __iter__(self) -> Iterator[str]:
        return iter(self._optimizer_map)

    def get_config(self) -> dict[str, Any]:
        """The arguments that `from_config` makes an equal map of."""
        from amalthea.saving import serialize_keras_object

        others = {key: serialize_keras_object(optimizer) for key, optimizer in self._optimizer_map.items()}
        return {"default_optimizer": serialize_keras_object(self._default_optimizer), "optimizer_map": others}

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: dict[str, Any] | None = None) -> Self:
        """A map with the arguments in `config`."""
        from amalthea import optimizers

        others = {key: optimizers.deserialize(value, custom_objects) for key, value in (config.get("optimizer_map") or {}).items()}
        return cls(optimizers.deserialize(config["default_optimizer"], custom_objects), others)


def _checked(optimizer: Any, name: str) -> Optimizer:
    if not isinstance(optimizer, Optimizer):
        raise ArgumentTypeError(f"`{name}` must be an optimizer. Received: {optimizer!r} (of type {type(optimizer).__name__}).")
    return optimizer


class MultiOptimizer(Optimizer):
    """Trains each weight with the optimizer chosen for it.

    Args:
        optimizer_map: an `OptimizerMap`, or a function that gives an optimizer for a weight.
        loss_scale_factor: multiply the loss by this, and let the optimizers divide the gradients by it.
        name: its name.

    Raises:
        ArgumentTypeError: `optimizer_map` is neither.

    Example:
        >>> import amalthea
        >>> from amalthea.optimizers import SGD
        >>> a, b = amalthea.Variable([1.0], name="a"), amalthea.Variable([1.0], name="b")
        >>> optimizer = MultiOptimizer(OptimizerMap(SGD(0.5), {"b": SGD(0.25)}))
        >>> optimizer.apply([amalthea.ops.ones(1), amalthea.ops.ones(1)], [a, b])
        >>> a.numpy().tolist(), b.numpy().tolist()
        ([0.5], [0.75])
    """

    _optimizers: list[Optimizer]
    _optimizer_map: OptimizerMap | Callable[[Variable], Optimizer]
    _owners: list[Optimizer]

    def __init__(
        self, optimizer_map: OptimizerMap | Callable[[Variable], Optimizer], loss_scale_factor: float | None = None, name: str | None = None
    ) -> None:
        if not isinstance(optimizer_map, OptimizerMap) and not callable(optimizer_map):
            raise ArgumentTypeError(
                "`optimizer_map` must be an `OptimizerMap`, or a function that gives an optimizer for a weight. "
                f"Received: {optimizer_map!r} (of type {type(optimizer_map).__name__})."
            )
        self._keep("_optimizers", [])
        self._keep("_optimizer_map", optimizer_map)
        self._keep("_owners", [])
        super().__init__(learning_rate=0.0, loss_scale_factor=loss_scale_factor, name=name)
        if isinstance(optimizer_map, OptimizerMap):
            for optimizer in (*(optimizer_map[key] for key in optimizer_map), optimizer_map.default_optimizer):
                self._add(optimizer)

    def _add(self, optimizer: Optimizer) -> Optimizer:
        if not any(known is optimizer for known in self._optimizers):
            self._optimizers.append(optimizer)
            if self.loss_scale_factor is not None:
                optimizer.loss_scale_factor = self.loss_scale_factor
        return optimizer

    def _choose(self, variable: Variable) -> Optimizer:
        chosen = self._optimizer_map
        return chosen[variable.path] if isinstance(chosen, OptimizerMap) else chosen(variable)

    @property
    def optimizers(self) -> list[Optimizer]:
        """The optimizers, each once."""
        return list(self._optimizers)

    @property
    def variables(self) -> list[Variable]:
        """Its own variables, and those of all the optimizers."""
        return [*self._variables, *(variable for optimizer in self._optimizers for variable in optimizer.variables)]

    def build(self, variables: Sequence[Variable]) -> None:
        if self.built:
            return
        owners = [self._add(_checked(self._choose(variable), "optimizer_map(variable)")) for variable in variables]
        for optimizer in self._optimizers:
            optimizer.build([variable for variable, owner in zip(variables, owners, strict=True) if owner is optimizer])
        self._keep("_owners", owners)
        super().build(variables)

    def apply(self, grads: Sequence[Tensor | None], trainable_variables: Sequence[Variable] | None = None) -> None:
        """Take one step with each optimizer.

        Args:
            grads: the gradients.
            trainable_variables: the weights; by default those that the optimizer was built with.
        """
        grads = list(grads)
        if not grads:
            return
        variables = self._checked_variables(grads, trainable_variables)
        if all(gradient is None for gradient in grads):
            raise ArgumentError("There is no gradient for any weight: the loss does not depend on them.")
        for optimizer in self._optimizers:
            own = [(g, v) for g, v in zip(grads, variables, strict=True) if self._owners[self._get_variable_index(v)] is optimizer]
            if any(gradient is not None for gradient, _ in own):
                optimizer.apply([gradient for gradient, _ in own], [variable for _, variable in own])
        self._iterations.assign_add(1)

    def finalize_variable_values(self, var_list: Sequence[Variable]) -> None:
        """Training ends: optimizers that keep averages replace their weights by them."""
        for optimizer in self._optimizers:
            optimizer.finalize_variable_values([v for v in var_list if self._owners[self._get_variable_index(v)] is optimizer])

    @property
    def learning_rate(self) -> Any:
        """There is none: each optimizer has its own."""
        raise AttributeError("A `MultiOptimizer` has no learning rate of its own. Read those of its `optimizers`.")

    @learning_rate.setter
    def learning_rate(self, learning_rate: Any) -> None:
        raise AttributeError("A `MultiOptimizer` has no learning rate of its own. Set those of its `optimizers`.")

    def set_weights(self, weights: Sequence[Any]) -> None:
        """Assign all variables, in the order of `variables`."""
        if not self.built:
            raise NotBuiltError("`set_weights` needs an optimizer that was built. Call `optimizer.build(trainable_variables)` first.")
        if len(weights) != len(self.variables):
            raise ArgumentError(f"`weights` must have {len(self.variables)} values. Received {len(weights)}.")
        for variable, value in zip(self.variables, weights, strict=True):
            variable.assign(np.asarray(value))

    def get_config(self) -> dict[str, Any]:
        from amalthea.saving import serialize_keras_object

        return {"optimizer_map": serialize_keras_object(self._optimizer_map), "loss_scale_factor": self.loss_scale_factor, "name": self.name}

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: dict[str, Any] | None = None) -> Self:
        """An optimizer with the arguments in `config`."""
        from amalthea.saving import deserialize_keras_object

        return cls(**{**config, "optimizer_map": deserialize_keras_object(config["optimizer_map"], custom_objects)})
