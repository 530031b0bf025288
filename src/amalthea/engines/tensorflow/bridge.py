"""Between models and TensorFlow's modules: a model as a `tf.Module`. Importing it needs TensorFlow."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from amalthea import tree
from amalthea.engines import registry
from amalthea.engines.tensorflow import ENGINE
from amalthea.engines.tensorflow.arrays import dtype_named
from amalthea.state.scope import StatelessScope
from amalthea.state.variable import Variable


class ModelModule(tf.Module):  # type: ignore[misc]
    """A model whose values are variables of TensorFlow; see `Model.as_tf_function`.

    Args:
        model: a built model. Its own values stay as they are.
    """

    def __init__(self, model: Any) -> None:
        super().__init__()
        trained = {id(variable) for variable in model.trainable_variables}
        ours: list[Variable] = model.variables
        self.weights = [
            tf.Variable(ENGINE.hold(variable.numpy(), variable.dtype), trainable=id(variable) in trained, name=variable.path.replace("/", "."))
            for variable in ours
        ]
        places = {id(variable): place for place, variable in enumerate(ours)}

        def run(*args: Any, training: bool = False, **kwargs: Any) -> Any:
            with registry.use(ENGINE):
                values = [tf.convert_to_tensor(weight) for weight in self.weights]
                with StatelessScope(zip(ours, values, strict=True)) as scope:
                    outputs = model(*args, training=training, **kwargs)
            for variable, value in scope.written():
                if id(variable) in places:
                    self.weights[places[id(variable)]].assign(value)
            return outputs

        self._run = tf.function(run, autograph=False)
        specs = _input_specs(model)
        if specs is not None:
            self._run.get_concrete_function(specs)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self._run(*args, **kwargs)


def _input_specs(model: Any) -> Any:
    """Specs of the inputs of a model, in the structure in which it takes them, or None where it does not know them."""
    struct = getattr(model, "_inputs_struct", None)
    if struct is None:
        return None
    return tree.map_structure(lambda tensor: tf.TensorSpec(tensor.shape, dtype_named(tensor.dtype)), struct)
