"""Between models and TensorFlow's own: a model as a `tf.Module`, and what a layer around a SavedModel needs.

Importing it needs TensorFlow.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import tensorflow as tf

from amalthea import tree
from amalthea.engines import registry
from amalthea.engines.bridging import Held, named_variables
from amalthea.engines.tensorflow import ENGINE
from amalthea.engines.tensorflow.arrays import dtype_named
from amalthea.engines.tensorflow.compiled import as_tensors, structured
from amalthea.errors import ArgumentError, NotBuiltError
from amalthea.state.scope import StatelessScope

# --- a model as a module ---------------------------------------------------------------------------------


class ModelModule(tf.Module):  # type: ignore[misc]
    """A model whose values are variables of TensorFlow; see `Model.as_tf_function`.

    Args:
        model: a built model. Its own values stay as they are.
    """

    def __init__(self, model: Any) -> None:
        super().__init__()
        named = named_variables(model)
        ours = [variable for _, variable, _ in named]
        self.weights = [
            tf.Variable(ENGINE.hold(variable.numpy(), variable.dtype), trainable=trained, name=path.replace("/", "."))
            for path, variable, trained in named
        ]
        places = {id(variable): place for place, variable in enumerate(ours)}

        def run(*args: Any, training: bool, **kwargs: Any) -> Any:
            with registry.use(ENGINE):
                values = [tf.convert_to_tensor(weight) for weight in self.weights]
                with StatelessScope(zip(ours, values, strict=True)) as scope:
                    outputs = model(*args, training=training, **kwargs)
            for variable, value in scope.written():
                if id(variable) in places:
                    self.weights[places[id(variable)]].assign(value)
            return outputs

        self._compute = run
        specs = _input_specs(model)
        if specs is not None:
            self.__call__.get_concrete_function(specs)

    @tf.function(autograph=False)  # type: ignore[untyped-decorator]
    def __call__(self, *args: Any, training: bool = False, **kwargs: Any) -> Any:
        """What the model computes."""
        return self._compute(*args, training=training, **kwargs)


def _input_specs(model: Any) -> Any:
    """Specs of the inputs of a model, in the structure in which it takes them, or None where it does not know them."""
    try:
        struct = model.input
    except (AttributeError, NotBuiltError):
        return None
    return tree.map_structure(lambda tensor: tf.TensorSpec(tensor.shape, dtype_named(tensor.dtype)), struct)


# --- a SavedModel as a layer -----------------------------------------------------------------------------


class Saved:
    """A SavedModel, whose functions are called with values for their variables.

    Args:
        filepath: its folder.
        endpoints: the names of the functions to be called: attributes, or signatures.

    Raises:
        ArgumentError: there is no SavedModel, or it has no such function.
    """

    def __init__(self, filepath: str, endpoints: Sequence[str]) -> None:
        try:
            self._loaded = tf.saved_model.load(filepath)
        except OSError as error:
            raise ArgumentError(f"`filepath` must be the folder of a SavedModel. Received: {filepath!r}. {error}") from error
        self._endpoints = {name: self._endpoint(name) for name in endpoints}
        graphs = [concrete.graph for endpoint in self._endpoints.values() for concrete in _concrete(endpoint)]
        found = {id(variable): variable for graph in graphs for variable in graph.variables if variable.dtype != tf.string}
        self._variables = list(found.values())

    def _endpoint(self, name: str) -> Any:
        found = getattr(self._loaded, name, None) or self._loaded.signatures.get(name)
        if found is None or not _concrete(found):
            attributes = [one for one in dir(self._loaded) if _concrete(getattr(self._loaded, one))]
            known = ", ".join(map(repr, dict.fromkeys((*attributes, *self._loaded.signatures))))
            raise ArgumentError(f"The SavedModel has no endpoint {name!r}. It has: {known}.")
        return found

    def state(self) -> list[Held]:
        """The variables that the endpoints use."""
        return [Held(variable.name.partition(":")[0].replace("/", "_"), variable.numpy(), variable.trainable) for variable in self._variables]

    def call(self, endpoint: str, values: Sequence[tf.Tensor], inputs: Any, kwargs: dict[str, Any]) -> tuple[Any, list[tf.Tensor]]:
        """Call an endpoint, with `values` for the variables.

        Returns:
            Its outputs, and the values of the variables afterwards.
        """
        given, form = as_tensors((inputs, kwargs))
        structure: Any = None

        def run(*tensors: tf.Tensor) -> tuple[list[tf.Tensor], Any]:
            nonlocal structure
            inputs, kwargs = structured(form, tensors[: len(given)])
            for variable, value in zip(self._variables, tensors[len(given) :], strict=True):
                variable.assign(value)
            with tf.GradientTape(persistent=True, watch_accessed_variables=False) as tape:
                sources = [*tensors[: len(given)], *self._variables]
                for source in sources:
                    if source.dtype.is_floating or source.dtype.is_complex:
                        tape.watch(source)
                outputs, structure = as_tensors(self._endpoints[endpoint](inputs, **kwargs))

            def backward(*upstream: tf.Tensor, variables: Any = ()) -> tuple[list[Any], list[None]]:
                gradients = tape.gradient(outputs, sources, upstream[: len(outputs)])
                return gradients, [None] * len(variables)  # the variables of the SavedModel only carry what they were given

            return [*outputs, *(tf.identity(variable) for variable in self._variables)], backward

        results = tf.custom_gradient(run)(*given, *values)
        count = len(results) - len(self._variables)
        return structured(structure, results[:count]), list(results[count:])


def _concrete(endpoint: Any) -> list[Any]:
    """The graphs that may be run when `endpoint` is called; none if it is no function."""
    return getattr(endpoint, "concrete_functions", None) or ([endpoint] if hasattr(endpoint, "structured_input_signature") else [])
