"""Copies of models: the same architecture with new weights."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from amalthea import tree
from amalthea.errors import ArgumentError, ArgumentTypeError
from amalthea.graph.keras_tensor import KerasTensor
from amalthea.layers.core.input_layer import Input, InputLayer
from amalthea.layers.layer import Layer
from amalthea.models.functional import Functional
from amalthea.models.model import Model
from amalthea.models.sequential import Sequential


def clone_model(
    model: Model,
    input_tensors: Any = None,
    clone_function: Callable[[Layer], Any] | None = None,
    call_function: Callable[..., Any] | None = None,
    recursive: bool = False,
    **kwargs: Any,
) -> Model:
    """A model of the same architecture with layers, and weights, of its own.

    Args:
        model: the model; a subclassed one needs a `get_config` of its own.
        input_tensors: symbolic tensors to build the copy on, in the structure of the model's inputs.
        clone_function: makes the copy of a layer; by default from its configuration. It may return another layer, or the same.
        call_function: calls a copied layer, given `(layer, *args, **kwargs)`; for graphs only.
        recursive: whether models inside are copied layer by layer too, with `clone_function`.

    Returns:
        The copy, not compiled.

    Raises:
        ArgumentError: `call_function` for a model that is not a graph.

    Example:
        >>> import amalthea
        >>> model = amalthea.Sequential([amalthea.Input((2,)), amalthea.layers.Dense(3)])
        >>> clone_model(model).count_params()
        9
    """
    if kwargs:
        raise ArgumentTypeError(f"`clone_model` got unknown arguments: {', '.join(kwargs)}.")
    copy_layer = clone_function or _copy
    if recursive:
        inner = copy_layer

        def copy_layer(layer: Layer) -> Any:
            if isinstance(layer, (Functional, Sequential)):
                return clone_model(layer, clone_function=clone_function, recursive=True)
            return inner(layer)

    if isinstance(model, Sequential):
        if call_function is not None:
            raise ArgumentError("`call_function` is for models made of symbolic tensors; this one is a `Sequential`.")
        return _clone_sequential(model, input_tensors, copy_layer)
    if isinstance(model, Functional):
        return _clone_graph(model, input_tensors, copy_layer, call_function)
    if clone_function is not None or input_tensors is not None:
        raise ArgumentError("A subclassed model is copied from its configuration: `clone_function` and `input_tensors` do not apply to it.")
    return type(model).from_config(model.get_config())


def _copy(layer: Layer) -> Layer:
    return type(layer).from_config(layer.get_config())


def _clone_sequential(model: Sequential, input_tensors: Any, copy_layer: Callable[[Layer], Any]) -> Sequential:
    layers = [copy_layer(layer) for layer in model.layers]
    if input_tensors is not None:
        layers.insert(0, tree.flatten(input_tensors)[0])
    elif model._layers and isinstance(model._layers[0], InputLayer):
        layers.insert(0, _copy(model._layers[0]))
    copy = Sequential(layers, name=model.name, trainable=model.trainable)
    if not copy.built and model.built and model._functional is not None:
        copy.build(model.input_shape)
    return copy


def _clone_graph(model: Functional, input_tensors: Any, copy_layer: Callable[[Layer], Any], call_function: Callable[..., Any] | None) -> Model:
    new_inputs = input_tensors
    if new_inputs is None:
        new_inputs = tree.map_structure(lambda t: Input(batch_shape=t.shape, dtype=t.dtype, name=t._keras_history.operation.name), model.input)
    tensors = {id(old): new for old, new in zip(model.inputs, tree.flatten(new_inputs), strict=True)}
    copies: dict[int, Any] = {}
    for node in model._function.nodes:
        if node.is_input:
            continue
        operation = node.operation
        if id(operation) not in copies:
            copies[id(operation)] = copy_layer(operation) if isinstance(operation, Layer) else operation.function  # type: ignore[attr-defined]
        args, kwargs = tree.map_structure(
            lambda leaf: tensors[id(leaf)] if isinstance(leaf, KerasTensor) else leaf,
            (node.args, node.kwargs),
        )
        new = copies[id(operation)]
        outputs = call_function(new, *args, **kwargs) if call_function is not None and isinstance(operation, Layer) else new(*args, **kwargs)
        made = [leaf for leaf in tree.flatten(outputs) if isinstance(leaf, KerasTensor)]
        tensors.update((id(old), tensor) for old, tensor in zip(node.output_tensors, made, strict=True))
    outputs = tree.map_structure(lambda tensor: tensors[id(tensor)], model.output)
    return Model(new_inputs, outputs, name=model.name)


def model_from_json(json_string: str, custom_objects: dict[str, Any] | None = None) -> Model:
    """The model whose architecture `Model.to_json` wrote.

    Args:
        json_string: the text.
        custom_objects: classes and functions of yours that it names.

    Returns:
        The model, with new weights.

    Raises:
        ArgumentTypeError: no text.
        ModelFileError: it is not JSON, describes no model, or is refused.

    Example:
        >>> import amalthea
        >>> model = amalthea.Sequential([amalthea.Input((2,)), amalthea.layers.Dense(3)])
        >>> model_from_json(model.to_json()).output_shape
        (None, 3)
    """
    from amalthea.saving.limits import LIMITS
    from amalthea.saving.reading.json import parse
    from amalthea.saving.serialization import deserialize_model

    if not isinstance(json_string, str):
        raise ArgumentTypeError(f"`json_string` must be a text, as `model.to_json()` gives it. Received: {json_string!r}.")
    # A half of a surrogate pair alone is no text: `parse` says so, of its bytes.
    config = parse(json_string.encode(errors="surrogatepass"), LIMITS, "json_string")
    return deserialize_model(config, custom_objects)  # type: ignore[no-any-return]
