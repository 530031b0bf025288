"""`TorchModuleWrapper`: a module of PyTorch as a layer."""

from __future__ import annotations

from typing import Any

from amalthea.engines import registry
from amalthea.engines.spec import Spec
from amalthea.errors import SerializationError, UnsupportedByEngine
from amalthea.layers.layer import Layer
from amalthea.state.scope import in_stateless_scope


class TorchModuleWrapper(Layer):
    """A `torch.nn.Module` as a layer. It computes on PyTorch only.

    The parameters of the module become trainable variables (those that do not require gradients, and the buffers, non-trainable ones), which
    optimizers train and files keep. They are the state; `layer.module` gives the module with their present values.

    Args:
        module: the module. A lazy one must have been called before.
        name: the layer's name.
        output_shape: the shape of the output, the batch included; by default it is found by running the module without data.
        **kwargs: arguments of `Layer`.

    Raises:
        EngineNotInstalled: PyTorch is missing.
        ArgumentTypeError: `module` is no module.
        ArgumentError: `module` is lazy, and its parameters have no shapes yet.
        UnsupportedByEngine: called on another engine.

    Example:
        >>> import amalthea, torch
        >>> layer = amalthea.layers.TorchModuleWrapper(torch.nn.Linear(2, 3))
        >>> [(variable.name, variable.shape) for variable in layer.trainable_variables]
        [('weight', (3, 2)), ('bias', (3,))]
        >>> with amalthea.engine("torch"):
        ...     layer(torch.ones(4, 2)).shape
        torch.Size([4, 3])
    """

    def __init__(self, module: Any, name: str | None = None, output_shape: Any = None, **kwargs: Any) -> None:
        held = registry.bridge("torch").state_of(module)
        super().__init__(name=name, **kwargs)
        self._module = module
        self._declared_shape = output_shape
        self._names = tuple(part.name for part in held)
        self._values = [
            self.add_weight(
                part.value.shape,
                initializer=lambda shape, dtype, value=part.value: value,
                dtype=part.value.dtype.name,
                trainable=part.trainable,
                name=part.name,
            )
            for part in held
        ]

    @property
    def module(self) -> Any:
        """The module, with the present values of the variables in it."""
        if not in_stateless_scope():
            registry.bridge("torch").load(self._module, {name: variable.numpy() for name, variable in zip(self._names, self._values, strict=True)})
        return self._module

    def call(self, *args: Any, training: bool | None = None, **kwargs: Any) -> Any:
        engine = registry.current()
        if engine.name == "symbolic":
            if self._declared_shape is not None:
                return Spec(self._declared_shape, self.compute_dtype)
            with registry.use("torch") as torch_engine:
                return torch_engine.abstract_eval(lambda args, kwargs: self.call(*args, training=training, **kwargs), args, kwargs)
        if engine.name != "torch":
            hint = 'A module of PyTorch computes on the engine "torch" alone: choose it with `amalthea.config.set_engine("torch")`.'
            raise UnsupportedByEngine(engine.name, "TorchModuleWrapper", hint)
        values = {name: variable.value for name, variable in zip(self._names, self._values, strict=True)}
        outputs, changed = registry.bridge("torch").call(self._module, values, bool(training), args, kwargs)
        for name, variable in zip(self._names, self._values, strict=True):
            if name in changed:
                variable.assign(changed[name])
        return outputs

    def get_config(self) -> dict[str, Any]:
        """The arguments that make an equal layer. The module is written as Keras writes it: with Python's pickle. Amalthea never reads that."""
        module = registry.bridge("torch").pickled(self.module)
        return {**super().get_config(), "module": module, "output_shape": self._declared_shape}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> TorchModuleWrapper:
        """The layer that `get_config` described, around the module that stands in place of the pickled one.

        Raises:
            SerializationError: the module is a pickled one.
        """
        if isinstance(config.get("module"), (str, bytes, dict)):
            raise SerializationError(
                "A configuration holds a module of PyTorch that Python's pickle wrote. Reading it can run any code, so it is not read. Make the module "
                "in code, build the model around it, and load the weights (`model.load_weights`); or put the module into the configuration: "
                '`TorchModuleWrapper.from_config({**config, "module": module})`.'
            )
        return super().from_config(config)  # type: ignore[return-value]
