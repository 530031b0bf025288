"""`Sequential`: a model that is a list of layers, each fed by the one before it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from amalthea import tree
from amalthea.errors import ArgumentError, ArgumentTypeError, NotBuiltError
from amalthea.graph.keras_tensor import KerasTensor, is_keras_tensor
from amalthea.layers.call import CallPlan, plan_of
from amalthea.layers.core.input_layer import Input, InputLayer
from amalthea.layers.layer import Layer
from amalthea.models.functional import Functional
from amalthea.models.model import Model


class Sequential(Model):
    """Layers one after the other.

    Without an `Input` (or an `input_shape` in the first layer) the layers get their weights when the model first sees data.

    Args:
        layers: the layers, in order; more can be added with `add`.
        trainable: whether its variables are trained.
        name: its name.

    Example:
        >>> import amalthea
        >>> model = amalthea.Sequential([amalthea.Input((8,)), amalthea.layers.Dense(4), amalthea.layers.Dense(1)])
        >>> model.output_shape, model.count_params()
        ((None, 1), 41)
    """

    def __init__(self, layers: Sequence[Any] | None = None, trainable: bool = True, name: str | None = None, **kwargs: Any) -> None:
        Layer.__init__(self, trainable=trainable, name=name, **kwargs)
        self._init_trainer()
        self.supports_masking = True
        self._functional: Functional | None = None
        self._seen_shape: tuple[Any, ...] | None = None  # of the data that built a model without an `Input`
        for layer in layers or ():
            self._append(layer)
        self._rebuild()

    def __new__(cls, *args: Any, **kwargs: Any) -> Sequential:
        return Layer.__new__(cls)  # type: ignore[return-value]

    # --- its layers ---

    @property
    def layers(self) -> list[Layer]:
        """The layers, without the input."""
        return [layer for layer in self._layers if not isinstance(layer, InputLayer)]

    def add(self, layer: Any, rebuild: bool = True) -> None:
        """Add a layer at the end.

        Args:
            layer: a layer, or the symbolic tensor of an `Input`.
            rebuild: whether weights are made now, if the input shape is known.

        Raises:
            ArgumentTypeError: it is not a layer.
            ArgumentError: a layer of this name is there already, or an input comes after the first layer.
        """
        self._append(layer)
        if rebuild:
            self._rebuild()

    def pop(self, rebuild: bool = True) -> Layer:
        """Take the last layer away, and return it.

        Raises:
            ArgumentError: there is none.
        """
        if not self.layers:
            raise ArgumentError(f"{self} has no layer to take away.")
        layer = self._layers[-1]
        self._tracker.unlock()
        self._tracker.untrack(layer)
        self._reset()
        if rebuild:
            self._rebuild()
        return layer

    def _append(self, layer: Any) -> None:
        if is_keras_tensor(layer):
            layer = layer._keras_history.operation if layer._keras_history is not None else layer
        if not isinstance(layer, Layer):
            raise ArgumentTypeError(f"Only layers can be added to a `Sequential`. Received: {layer!r} of type {type(layer).__name__}.")
        if not self._layers and layer._input_shape_argument is not None:
            self._append(Input(layer._input_shape_argument, name=f"{layer.name}_input"))
        if any(other.name == layer.name for other in self._layers):
            raise ArgumentError(
                f"{self} has a layer named {layer.name!r} already ({', '.join(other.name for other in self._layers)}). Give every layer a name of its own."
            )
        if isinstance(layer, InputLayer) and self._layers:
            raise ArgumentError(f"An input comes first; {self} begins with {self._layers[0].name!r} already.")
        self._tracker.unlock()
        self._tracker.add("layers", layer)
        self._reset()

    def _reset(self) -> None:
        self.built = False
        self._functional = None
        self._functions = {}
        self._output_specs = None

    def _rebuild(self) -> None:
        if self._layers and isinstance(self._layers[0], InputLayer) and len(self._layers) > 1:
            self.build(self._layers[0].batch_shape)
        elif self._layers and not isinstance(self._layers[0], InputLayer):
            first = self._layers[0]
            if self._seen_shape is not None:
                self.build(self._seen_shape)
            elif isinstance(first, Model) and first.built and isinstance(getattr(first, "inputs", None), list):
                self.build(first.input_shape)  # type: ignore[attr-defined]
        else:
            self._seen_shape = None

    def build(self, input_shape: Any = None) -> None:
        """Make the variables of all layers.

        Args:
            input_shape: the shape of the input, the batch included; not needed after an `Input`.

        Raises:
            ArgumentError: there are no layers.
        """
        if not self._layers:
            raise ArgumentError(f"{self} has no layers, so it cannot be built. Add some with `add`.")
        if isinstance(self._layers[0], InputLayer):
            entry = self._layers[0].output
        elif input_shape is None:
            raise NotBuiltError(f"{self} does not know the shape of its input. Give `input_shape`, or begin with `Input(shape)`.")
        else:
            self._seen_shape = None  # a shape that does not fit is not to be tried again
            entry = Input(batch_shape=tuple(input_shape), dtype=self._layers[0].compute_dtype)
        x = entry
        for layer in self.layers:
            x = layer(x)
            if not isinstance(x, KerasTensor):
                self._not_a_chain(layer, x)
        self._functional = Functional(inputs=entry, outputs=x, name=self.name)
        if not isinstance(self._layers[0], InputLayer):
            self._seen_shape = tuple(entry.shape)

    def _not_a_chain(self, layer: Layer, outputs: Any) -> None:
        raise ArgumentError(
            f"Each layer of a `Sequential` has one output. {layer.name!r} gave {len(tree.flatten(outputs))}. Use `Model(inputs, outputs)` instead."
        )

    # --- running ---

    def call(self, inputs: Any, training: bool | None = None, mask: Any = None) -> Any:
        """The output of the last layer."""
        if self._functional is not None:
            return self._functional.call(inputs, training=training, mask=mask)
        x = inputs
        for layer in self.layers:
            kwargs: dict[str, Any] = {}
            if mask is not None and plan_of(type(layer).call).masks:
                kwargs["mask"] = mask
            x = layer(x, **kwargs)
            mask = None
        return x

    def _build_for(self, plan: CallPlan, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        # Data has a batch size; the model is to take any.
        shape = args[0].shape if args and hasattr(args[0], "shape") else None
        self.build((None, *shape[1:]) if shape else None)

    def compute_mask(self, inputs: Any, previous_mask: Any) -> Any:
        """Masks are those that the layers inside gave to the output."""
        return None

    # --- what it is ---

    def _graph(self, what: str) -> Functional:
        if self._functional is None:
            raise NotBuiltError(f"{self} is not built, so it has no `{what}` yet. Begin with `Input(shape)`, or call it on data.")
        return self._functional

    @property
    def inputs(self) -> list[KerasTensor]:
        """Its symbolic input, in a list."""
        return self._graph("inputs").inputs

    @property
    def outputs(self) -> list[KerasTensor]:
        """Its symbolic output, in a list."""
        return self._graph("outputs").outputs

    @property
    def input(self) -> Any:
        """Its symbolic input."""
        return self._graph("input").input

    @property
    def output(self) -> Any:
        """Its symbolic output."""
        return self._graph("output").output

    @property
    def input_shape(self) -> Any:
        """The shape of its input."""
        return self._graph("input_shape").input_shape

    @property
    def output_shape(self) -> Any:
        """The shape of its output."""
        return self._graph("output_shape").output_shape

    @property
    def output_names(self) -> list[str] | None:
        """The name of its output."""
        return self._functional.output_names if self._functional is not None else None

    def get_config(self) -> dict[str, Any]:
        """The layers with their configurations."""
        from amalthea import dtype_policies
        from amalthea.saving import serialize_keras_object

        config: dict[str, Any] = {"name": self.name, "trainable": self.trainable, "dtype": dtype_policies.serialize(self._dtype_policy)}
        config["layers"] = [serialize_keras_object(layer) for layer in self._layers]
        if self._functional is not None and not isinstance(self._layers[0], InputLayer):
            config["build_input_shape"] = self.input_shape
        return config

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: dict[str, Any] | None = None) -> Sequential:
        """The model that `get_config` described."""
        from amalthea.saving import deserialize_keras_object

        model = cls(name=config.get("name"), trainable=config.get("trainable", True), dtype=config.get("dtype"))
        for layer in config["layers"]:
            model.add(deserialize_keras_object(layer, custom_objects=custom_objects), rebuild=False)
        model._rebuild()
        if not model.built and config.get("build_input_shape"):
            shape = config["build_input_shape"]
            if isinstance(shape, (list, tuple)):
                model.build(tuple(shape))
        return model
