"""`TFSMLayer`: a SavedModel of TensorFlow as a layer."""

from __future__ import annotations

from typing import Any, NoReturn

from amalthea.engines import registry
from amalthea.errors import SerializationError, UnsupportedByEngine
from amalthea.layers.layer import Layer


class TFSMLayer(Layer):
    """A SavedModel of TensorFlow as a layer. It computes on TensorFlow only.

    The variables that its endpoints use become variables of the layer, which optimizers train and files of weights keep.

    Args:
        filepath: the folder of the SavedModel. Loading one runs what its author put into it: load only what you trust.
        call_endpoint: what is called: an attribute of the SavedModel, or one of its signatures.
        call_training_endpoint: what is called in training; by default `call_endpoint`.
        trainable: whether training changes the variables that are trainable in the SavedModel.
        name: the layer's name.
        dtype: the dtype or policy of the layer, to which inputs are cast.

    Raises:
        EngineNotInstalled: TensorFlow is missing.
        ArgumentError: there is no SavedModel, or it has no such endpoint.
        UnsupportedByEngine: called on another engine.

    Example:
        >>> import amalthea, numpy as np, tempfile
        >>> model = amalthea.Sequential([amalthea.Input((2,)), amalthea.layers.Dense(1, kernel_initializer="ones")])
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     tf = __import__("tensorflow")
        ...     tf.saved_model.save(model.as_tf_function(), folder)
        ...     layer = amalthea.layers.TFSMLayer(folder, call_endpoint="__call__")
        >>> with amalthea.engine("tensorflow"):
        ...     layer(np.ones((1, 2))).numpy().tolist()
        [[2.0]]
    """

    def __init__(
        self,
        filepath: Any,
        call_endpoint: str = "serve",
        call_training_endpoint: str | None = None,
        trainable: bool = True,
        name: str | None = None,
        dtype: Any = None,
    ) -> None:
        saved = registry.bridge("tensorflow").Saved(str(filepath), [call_endpoint, call_training_endpoint or call_endpoint])
        super().__init__(trainable=trainable, name=name, dtype=dtype)
        self.filepath = str(filepath)
        self.call_endpoint = call_endpoint
        self.call_training_endpoint = call_training_endpoint
        self._saved = saved
        self._values = [
            self.add_weight(
                held.value.shape,
                initializer=lambda shape, dtype, value=held.value: value,
                dtype=held.value.dtype.name,
                trainable=held.trainable,
                autocast=False,
                name=held.name,
            )
            for held in saved.state()
        ]

    def call(self, inputs: Any, training: bool | None = False, **kwargs: Any) -> Any:
        engine = registry.current()
        if engine.name == "symbolic":
            with registry.use("tensorflow") as tf_engine:
                return tf_engine.abstract_eval(lambda inputs: self.call(inputs, training, **kwargs), inputs)
        if engine.name != "tensorflow":
            hint = 'A SavedModel computes on the engine "tensorflow" alone: choose it with `amalthea.config.set_engine("tensorflow")`.'
            raise UnsupportedByEngine(engine.name, "TFSMLayer", hint)
        endpoint = self.call_training_endpoint if training and self.call_training_endpoint else self.call_endpoint
        outputs, values = self._saved.call(endpoint, [variable.value for variable in self._values], inputs, kwargs)
        for variable, value in zip(self._values, values, strict=True):
            if not variable.trainable:
                variable.assign(value)
        return outputs

    def get_config(self) -> dict[str, Any]:
        """The arguments of the layer. They tell what it is; no layer is made from them."""
        arguments = {name: getattr(self, name) for name in ("filepath", "call_endpoint", "call_training_endpoint")}
        return {**super().get_config(), **arguments}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> NoReturn:
        """Refused.

        Raises:
            SerializationError: always.
        """
        arguments = f"{config.get('filepath')!r}, call_endpoint={config.get('call_endpoint')!r}"
        raise SerializationError(
            "A configuration asks for a SavedModel of TensorFlow, and loading one can run any code, so no configuration does. If you trust it, "
            f"make the layer in code, `TFSMLayer({arguments})`, build the model around it, and load the weights (`model.load_weights`)."
        )
