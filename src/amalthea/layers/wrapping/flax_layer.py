"""`FlaxLayer`: a module of Flax as a layer."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from amalthea.errors import ArgumentError, ArgumentTypeError
from amalthea.layers.layer import Layer
from amalthea.layers.wrapping.jax_layer import JaxLayer

_PARAMS = "params"


class FlaxLayer(JaxLayer):
    """A `flax.linen.Module` as a layer. It computes on JAX only.

    The collection "params" of the module is trained; all others, such as "batch_stats", are its state, which a call may change. Every stream of
    random numbers that the module asks for is fed from the layer's keys.

    Args:
        module: the module.
        method: what is called: a method of the module's class or its name, or a function `(module, inputs)`, or `(module, inputs, training)` for
            a module that knows training by another name; by default `__call__`. The training flag is given to what takes `training`.
        variables: the first variables of the module, as `module.init` gives them; by default the layer makes them when it is built, for inputs
            of floating ones.
        **kwargs: arguments of `Layer`, and `seed` of `JaxLayer`.

    Raises:
        EngineNotInstalled: JAX is missing.
        ArgumentTypeError: `module` is no module of `flax.linen`.
        ArgumentError: the module has no such method, or `variables` holds no collections.
        UnsupportedByEngine: called on another engine.

    Example:
        >>> import amalthea, flax.linen, numpy as np
        >>> layer = amalthea.layers.FlaxLayer(flax.linen.Dense(3))
        >>> with amalthea.engine("jax"):
        ...     layer(np.ones((2, 4))).shape
        (2, 3)
        >>> sorted(layer.params["params"])
        ['bias', 'kernel']
    """

    def __init__(self, module: Any, method: str | Callable[..., Any] | None = None, variables: Any = None, **kwargs: Any) -> None:
        # By what is needed of it, so that Flax need not be imported for a check.
        if isinstance(module, type) or not all(callable(getattr(module, name, None)) for name in ("init", "apply")):
            raise ArgumentTypeError(f"`module` must be a `flax.linen.Module`, which has `init` and `apply`. Received: {module!r:.200}.")
        if isinstance(method, str) and not callable(getattr(type(module), method, None)):
            raise ArgumentError(f"{type(module).__name__} has no method {method!r}.")
        if variables is not None and _PARAMS not in variables:
            raise ArgumentError(f"`variables` must be what `module.init` gives, with the collection {_PARAMS!r}. Received: {list(variables)}.")
        called = getattr(type(module), method or "__call__") if not callable(method) else method
        call, init = _functions(module, called, "training" in inspect.signature(called).parameters)
        params, state = (None, None) if variables is None else _parted(variables)
        super().__init__(call, init, params, state, **kwargs)
        self.module = module
        self.method = method

    def get_config(self) -> dict[str, Any]:
        """The arguments that make an equal layer; variables are not among them. The class of the module has to be registered, and to have
        `get_config` and `from_config`.

        Raises:
            SerializationError: the module or the method cannot be written.
        """
        from amalthea.saving import serialize_keras_object

        parts = {"module": serialize_keras_object(self.module), "method": serialize_keras_object(self.method)}
        return {**Layer.get_config(self), **parts, "seed": self.seed}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> FlaxLayer:
        """The layer that `get_config` described."""
        from amalthea.saving import deserialize_keras_object

        made = {name: deserialize_keras_object(config[name]) for name in ("module", "method") if isinstance(config.get(name), dict)}
        return Layer.from_config.__func__(cls, {**config, **made})  # type: ignore[attr-defined, no-any-return]


def _parted(variables: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """The collection that is trained, and the others."""
    return {_PARAMS: variables[_PARAMS]}, {name: part for name, part in variables.items() if name != _PARAMS}


def _functions(module: Any, method: Callable[..., Any], takes_training: bool) -> tuple[Callable[..., Any], Callable[..., Any]]:
    """What `JaxLayer` needs of the module: the functions that call it and that make its variables."""

    def apply(params: Any, state: Any, rng: Any, inputs: Any, **flags: Any) -> tuple[Any, Any]:
        if not state:
            return module.apply(params, inputs, rngs=rng, method=method, **flags), state
        outputs, changed = module.apply({**params, **state}, inputs, rngs=rng, method=method, mutable=list(state), **flags)
        return outputs, {**state, **changed}

    def make(rng: Any, inputs: Any, **flags: Any) -> tuple[Any, Any]:
        params, state = _parted({_PARAMS: {}, **module.init(rng, inputs, method=method, **flags)})
        return params, state

    if not takes_training:
        return lambda params, state, rng, inputs: apply(params, state, rng, inputs), lambda rng, inputs: make(rng, inputs)
    return (
        lambda params, state, rng, inputs, training: apply(params, state, rng, inputs, training=training),
        lambda rng, inputs, training: make(rng, inputs, training=training),
    )
