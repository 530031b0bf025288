"""`JaxLayer`: a function of JAX as a layer."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from typing import Any

from amalthea.engines import registry
from amalthea.errors import ArgumentError, StateError, UnsupportedByEngine
from amalthea.layers.layer import Layer
from amalthea.random.seed import SeedGenerator, make_default_seed
from amalthea.state.variable import Variable

_OF_CALL = ("params", "state", "rng", "inputs", "training")
_OF_INIT = ("rng", "inputs", "training")


class JaxLayer(Layer):
    """A pure function of JAX as a layer. It computes on JAX only.

    `call_fn` takes arguments by these names, of which only `inputs` is required: `params` (a pytree of arrays, trained), `state` (a pytree of
    arrays that calls change), `rng` (a key, another one in each call), `inputs` (a tensor or a structure of them), `training` (a bool). It
    returns the outputs, or, where it takes `state`, the outputs and the new state.

    Args:
        call_fn: the function.
        init_fn: what makes the parameters when the layer is built: a function of `rng`, `inputs` (ones of the shape of the inputs) and
            perhaps `training` (True); it returns the parameters, or, where `call_fn` takes `state`, the parameters and the state.
        params: the first parameters, in place of `init_fn`.
        state: the first state, in place of `init_fn`.
        seed: the seed of the keys; drawn if None.
        native_serialization_platforms: kept for Keras's sake, whose layer converts the function for TensorFlow.
        **kwargs: arguments of `Layer`.

    Raises:
        EngineNotInstalled: JAX is missing.
        ArgumentError: a function takes other arguments, or there is nothing to make the parameters of.
        StateError: `call_fn` returned no state, or one of another structure.
        UnsupportedByEngine: called on another engine.

    Example:
        >>> import amalthea, jax, numpy as np
        >>> def scale(params, inputs):
        ...     return params["factor"] * inputs
        >>> layer = amalthea.layers.JaxLayer(scale, params={"factor": np.float32(3.0)})
        >>> with amalthea.engine("jax"):
        ...     layer(np.ones((1, 2))).tolist()
        [[3.0, 3.0]]
    """

    def __init__(
        self,
        call_fn: Callable[..., Any],
        init_fn: Callable[..., Any] | None = None,
        params: Any = None,
        state: Any = None,
        seed: int | None = None,
        native_serialization_platforms: Sequence[str] | None = None,
        **kwargs: Any,
    ) -> None:
        registry.get("jax")  # says at once if it is missing
        self._call_names = _names_of(call_fn, "call_fn", _OF_CALL, ("inputs",))
        self._init_names = () if init_fn is None else _names_of(init_fn, "init_fn", _OF_INIT, ("rng", "inputs"))
        takes = [name for name in ("params", "state") if name in self._call_names]
        if init_fn is None and params is None and state is None and takes:
            raise ArgumentError(f"`call_fn` takes {' and '.join(f'`{name}`' for name in takes)}: give `init_fn`, or first values.")
        super().__init__(**kwargs)
        self.call_fn = call_fn
        self.init_fn = init_fn
        self.native_serialization_platforms = native_serialization_platforms
        self.seed = make_default_seed() if seed is None else seed
        self._forms: dict[str, Any] = {}
        self._params_variables: list[Variable] = []
        self._state_variables: list[Variable] = []
        if "rng" in self._call_names:
            self.seed_generator = SeedGenerator(self.seed)
        if params is not None or state is not None or init_fn is None:
            self._make(params, state)

    def _make(self, params: Any, state: Any) -> None:
        """Make the variables that hold these pytrees."""
        for name, values, variables in (("params", params, self._params_variables), ("state", state, self._state_variables)):
            leaves, self._forms[name] = registry.bridge("jax").flatten(values)
            for value in leaves:
                variables.append(
                    self.add_weight(
                        value.shape, initializer=lambda shape, dtype, value=value: value, dtype=value.dtype.name, trainable=name == "params"
                    )
                )

    def build(self, input_shape: Any) -> None:
        if self._forms:
            return
        with registry.use("jax"):
            made = registry.bridge("jax").initial(self.init_fn, input_shape, self.seed, self._init_names)
        params, state = made if "state" in self._call_names else (made, None)
        self._make(params, state)

    @property
    def params(self) -> Any:
        """The variables that hold the parameters, in their structure; None before the layer is built."""
        return registry.bridge("jax").unflatten(self._forms["params"], self._params_variables) if self._forms else None

    @property
    def state(self) -> Any:
        """The variables that hold the state, in its structure; None before the layer is built."""
        return registry.bridge("jax").unflatten(self._forms["state"], self._state_variables) if self._forms else None

    def call(self, inputs: Any, training: bool | None = False) -> Any:
        engine = registry.current()
        if engine.name == "symbolic":
            with registry.use("jax") as jax_engine:
                return jax_engine.abstract_eval(lambda inputs: self.call(inputs, training), inputs)
        if engine.name != "jax":
            hint = 'A function of JAX computes on the engine "jax" alone: choose it with `amalthea.config.set_engine("jax")`.'
            raise UnsupportedByEngine(engine.name, type(self).__name__, hint)
        result = self.call_fn(**{name: self._argument(name, inputs, training) for name in self._call_names})
        if "state" not in self._call_names:
            return result
        if not isinstance(result, tuple) or len(result) != 2:
            raise StateError("`call_fn` takes `state`, so it must return a tuple: the outputs and the new state.")
        outputs, state = result
        for variable, value in zip(
            self._state_variables, registry.bridge("jax").leaves_like(self._forms["state"], state, "The state that `call_fn` returns"), strict=True
        ):
            variable.assign(value)
        return outputs

    def _argument(self, name: str, inputs: Any, training: bool | None) -> Any:
        """What `call_fn` gets under this name."""
        if name == "inputs":
            return inputs
        if name == "training":
            return bool(training)
        if name == "rng":
            return self.seed_generator.next()
        variables = self._params_variables if name == "params" else self._state_variables
        return registry.bridge("jax").unflatten(self._forms[name], [variable.value for variable in variables])

    def get_config(self) -> dict[str, Any]:
        """The arguments that make an equal layer; weights are not among them. Functions are written by name, so they must be registered.

        Raises:
            SerializationError: a function cannot be written.
        """
        from amalthea.saving import serialize_keras_object

        return {
            **super().get_config(),
            "call_fn": serialize_keras_object(self.call_fn),
            "init_fn": serialize_keras_object(self.init_fn),
            "seed": self.seed,
            "native_serialization_platforms": self.native_serialization_platforms,
        }

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> JaxLayer:
        """The layer that `get_config` described."""
        from amalthea.saving import deserialize_keras_object

        functions = {name: deserialize_keras_object(config[name]) for name in ("call_fn", "init_fn")}
        return super().from_config({**config, **functions})  # type: ignore[return-value]


def _names_of(fn: Callable[..., Any], what: str, known: Sequence[str], required: Sequence[str]) -> tuple[str, ...]:
    """The names of the arguments that `fn` takes, of those that a layer can give."""
    parameters = inspect.signature(fn).parameters.values()
    names = tuple(p.name for p in parameters if p.name in known)
    missing = [name for name in required if name not in names]
    unknown = [p.name for p in parameters if p.name not in known and p.default is p.empty and p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)]
    if missing or unknown:
        wrong = [*(f"{name!r} is missing" for name in missing), *(f"{name!r} is unknown" for name in unknown)]
        raise ArgumentError(f"`{what}` must take arguments by these names: {', '.join(known)}. Here {' and '.join(wrong)}.")
    return names
