"""`Functional`: a model made of the graph between symbolic inputs and outputs."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any

from amalthea import dtypes, ops, tree
from amalthea.errors import ArgumentError, ArgumentTypeError, ShapeError
from amalthea.graph.function import Function
from amalthea.graph.keras_tensor import KerasTensor
from amalthea.graph.node import Node
from amalthea.graph.operation import Operation
from amalthea.layers.core.input_layer import Input, InputLayer
from amalthea.layers.input_spec import InputSpec
from amalthea.layers.layer import Layer
from amalthea.models.model import Model
from amalthea.state.masks import set_mask


class Functional(Model):
    """A model made of the graph between symbolic inputs and outputs; see `Model`.

    Args:
        inputs: a structure of symbolic tensors. Those in the middle of a graph are allowed: the model then begins there.
        outputs: a structure of symbolic tensors.
        name: its name.
        trainable: whether its variables are trained.
    """

    _function: Function
    _inputs_struct: Any
    _outputs_struct: Any
    _input_keys: list[str]

    def __new__(cls, *args: Any, **kwargs: Any) -> Functional:
        return Layer.__new__(cls)  # type: ignore[return-value]

    def __init__(self, inputs: Any, outputs: Any, name: str | None = None, **kwargs: Any) -> None:
        trainable = kwargs.pop("trainable", None)
        Layer.__init__(self, name=name, **kwargs)
        self._init_trainer()
        self._set_graph(inputs, outputs)
        if trainable is not None:
            self.trainable = trainable

    def _set_graph(self, inputs: Any, outputs: Any) -> None:
        flat = tree.only(inputs, KerasTensor, "inputs")
        tree.only(outputs, KerasTensor, "outputs")
        if len({id(tensor) for tensor in flat}) != len(flat):
            raise ArgumentError("`inputs` names a tensor twice.")
        if not all(_is_input(tensor) for tensor in flat):
            inputs, outputs = _begin_at(inputs, outputs)
        function = Function(inputs, outputs, name=f"{self.name}_graph")
        state = self.__dict__
        state["_function"] = function
        state["_inputs_struct"], state["_outputs_struct"] = inputs, outputs
        # The keys of a dictionary of inputs, in the order of its leaves.
        state["_input_keys"] = list(dict.fromkeys(path[0] for path, _ in tree.flatten_with_path(inputs))) if isinstance(inputs, Mapping) else []
        for layer in [operation for operation in function.operations if isinstance(operation, Layer)]:
            self._tracker.add("layers", layer)
        self.built = True
        self._path = self.name
        self.supports_masking = True
        self.input_names = [_maker(tensor).name for tensor in function.inputs]
        self.output_names = _output_names(function.outputs)
        names = [layer.name for layer in self.layers]
        for name in names:
            if names.count(name) > 1:
                raise ArgumentError(f"The name {name!r} is used {names.count(name)} times in the model. Every layer needs a name of its own.")

    # --- its graph ---

    @property
    def layers(self) -> list[Layer]:
        """The layers in it, in the order in which they run."""
        return [operation for operation in self._function.operations if isinstance(operation, Layer)]

    @property
    def operations(self) -> list[Any]:
        """The layers and the calls of operations in it, in the order in which they run."""
        return list(self._function.operations)

    @property
    def inputs(self) -> list[KerasTensor]:
        """Its symbolic inputs."""
        return self._function.inputs

    @property
    def outputs(self) -> list[KerasTensor]:
        """Its symbolic outputs."""
        return self._function.outputs

    @property
    def input(self) -> Any:
        """Its symbolic inputs, in their structure."""
        return self._inputs_struct

    @property
    def output(self) -> Any:
        """Its symbolic outputs, in their structure."""
        return self._outputs_struct

    @property
    def input_shape(self) -> Any:
        """The shapes of its inputs, in their structure."""
        return tree.map_structure(lambda tensor: tensor.shape, self._inputs_struct)

    @property
    def output_shape(self) -> Any:
        """The shapes of its outputs, in their structure."""
        return tree.map_structure(lambda tensor: tensor.shape, self._outputs_struct)

    @property
    def input_spec(self) -> Any:
        """What it demands of its inputs. Inputs are adjusted to it in `call`, so nothing is demanded before."""
        return self.__dict__.get("_input_spec")

    @input_spec.setter
    def input_spec(self, value: Any) -> None:
        self.__dict__["_input_spec"] = value

    # --- running ---

    def call(self, inputs: Any, training: bool | None = None, mask: Any = None) -> Any:
        """The outputs for the inputs, which may be a structure like the model's, or a list in the order of the inputs."""
        flat = self._standardize(inputs)
        if mask is not None:
            for tensor, part in zip(flat, tree.flatten(mask), strict=False):
                if part is not None:
                    set_mask(tensor, part)
        return self._function.run(flat)

    def compute_mask(self, inputs: Any, previous_mask: Any) -> Any:
        """Masks are those that the layers inside gave to the outputs."""
        return None

    def build(self, input_shape: Any) -> None:
        """Nothing: a graph is built when it is made."""

    def compute_output_shape(self, input_shape: Any) -> Any:
        """The shapes of the outputs for given shapes of the inputs."""
        return Layer.compute_output_shape(self, input_shape)

    def _standardize(self, inputs: Any) -> list[Any]:
        """The leaves of the inputs in the order of the model's, with ranks and dtypes as it expects them."""
        wanted = self._function.inputs
        if isinstance(inputs, Mapping) and not isinstance(self._inputs_struct, Mapping):
            flat = [self._named(inputs, name) for name in self.input_names]
        elif isinstance(inputs, Mapping):
            flat = [leaf for name in self._input_keys for leaf in tree.flatten(self._named(inputs, name))]
        else:
            flat = tree.flatten(inputs)
        if len(flat) != len(wanted):
            raise ShapeError(
                f"{self} has {len(wanted)} inputs ({', '.join(self.input_names)}), but received {len(flat)}, of shapes "
                f"{[tuple(getattr(x, 'shape', ())) for x in flat]}."
            )
        return [self._adjusted(x, tensor, name) for x, tensor, name in zip(flat, wanted, self.input_names, strict=True)]

    def _named(self, inputs: Mapping[str, Any], name: str) -> Any:
        if name not in inputs:
            raise ShapeError(f"{self} needs the input {name!r}. Received inputs with the keys {sorted(map(str, inputs))}.")
        return inputs[name]

    def _adjusted(self, x: Any, wanted: KerasTensor, name: str) -> Any:
        """`x` with the rank and the dtype of the model's input: an axis of size 1 at the end may be missing, or there besides."""
        if x is None:
            return None
        shape, target = tuple(x.shape), wanted.shape
        if len(shape) != len(target) and shape:
            if len(shape) == len(target) + 1 and shape[-1] == 1:
                x, shape = ops.squeeze(x, axis=-1), shape[:-1]
            elif len(shape) == len(target) - 1 and target[-1] == 1:
                x, shape = ops.expand_dims(x, axis=-1), (*shape, 1)
        complaint = InputSpec(shape=(None, *target[1:])).complaint(shape, wanted.dtype) if target else None
        if complaint is not None:
            raise ShapeError(f"Input {name!r} of {self} does not fit: {complaint}. Full shape received: {tuple(x.shape)}.")
        dtype = dtypes.standardize_dtype(x.dtype)
        if dtype != wanted.dtype and not dtypes.is_float(dtype) and dtypes.is_float(wanted.dtype):
            x = ops.cast(x, wanted.dtype)
        return x

    def add_loss(self, loss: Any) -> None:
        """Add a loss; called inside the `call` of a layer.

        Raises:
            ArgumentTypeError: a symbolic tensor, of which a graph keeps no losses.
        """
        if isinstance(loss, KerasTensor):
            raise ArgumentTypeError("A symbolic tensor cannot be a loss of a model. Make a layer that calls `self.add_loss` in its `call`.")
        super().add_loss(loss)

    def get_config(self) -> dict[str, Any]:
        """The layers, their connections, and which tensors are inputs and outputs."""
        from amalthea.models.graph_config import graph_config

        if not is_functional_class(type(self)):
            return super().get_config()
        return graph_config(self)


def is_functional_class(cls: type) -> bool:
    """Whether objects of the class are described by their graph: their `__init__` takes inputs and outputs."""
    init = cls.__init__  # type: ignore[misc]
    parameters = inspect.signature(init).parameters
    return cls is Functional or ("inputs" in parameters and "outputs" in parameters) or init is Functional.__init__


def is_functional_config(config: Mapping[str, Any]) -> bool:
    """Whether `config` describes a graph."""
    return all(key in config for key in ("name", "layers", "input_layers", "output_layers"))


def functional_from_config(cls: type, config: dict[str, Any], custom_objects: dict[str, Any] | None = None) -> Functional:
    """The model that `config` describes."""
    from amalthea.models.graph_config import graph_from_config

    return graph_from_config(cls, config, custom_objects)


def _is_input(tensor: KerasTensor) -> bool:
    history = tensor._keras_history
    return history is not None and isinstance(history.operation, InputLayer)


def _output_names(outputs: list[KerasTensor]) -> list[str]:
    """The name of the operation of each output, numbered where one gives several."""
    names: list[str] = []
    counts: dict[str, int] = {}
    for tensor in outputs:
        base = tensor._keras_history.operation.name if tensor._keras_history is not None else tensor.name
        count = counts.get(base, 0)
        counts[base] = count + 1
        names.append(f"{base}_{count}" if count else base)
    return names


def _maker(tensor: KerasTensor) -> Operation:
    """The layer or operation from which a tensor came."""
    assert tensor._keras_history is not None, "tensors of a graph have a history"
    return tensor._keras_history.operation


def _begin_at(inputs: Any, outputs: Any) -> tuple[Any, Any]:
    """A copy of the graph between `inputs`, some of which lie in the middle of a graph, and `outputs`; layers are shared."""
    function = Function(inputs, outputs)
    new_inputs = tree.map_structure(lambda t: t if _is_input(t) else Input(batch_shape=t.shape, dtype=t.dtype, name=f"{t.name}_input"), inputs)
    known = {id(old): new for old, new in zip(function.inputs, tree.flatten(new_inputs), strict=True)}
    for node in function.nodes:
        if node.is_input or all(id(t) in known for t in node.output_tensors):
            continue
        args, kwargs = tree.map_structure(lambda leaf: known.get(id(leaf), leaf) if isinstance(leaf, KerasTensor) else leaf, (node.args, node.kwargs))
        results = tree.map_structure(lambda t: KerasTensor(t.shape, t.dtype) if isinstance(t, KerasTensor) else t, node.outputs)
        Node(node.operation, args, kwargs, results)
        for old, new in zip(node.output_tensors, (t for t in tree.flatten(results) if isinstance(t, KerasTensor)), strict=True):
            new._keras_mask = old._keras_mask
            known[id(old)] = new
    return new_inputs, tree.map_structure(lambda t: known[id(t)], outputs)
