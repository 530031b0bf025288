"""Between models and TensorFlow's modules: a model as a `tf.Module`. Importing it needs TensorFlow."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from amalthea import tree
from amalthea.engines import registry
from amalthea.engines.bridging import named_variables
from amalthea.engines.tensorflow import ENGINE
from amalthea.engines.tensorflow.arrays import dtype_named
from amalthea.errors import NotBuiltError
from amalthea.state.scope import StatelessScope


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
