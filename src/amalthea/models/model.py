"""`Model`: a layer that can be trained, summarized, saved and taken apart."""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from amalthea.engines import registry
from amalthea.errors import ArgumentError, ArgumentTypeError, NotBuiltError, UnsupportedByEngine, nearest, shown
from amalthea.graph.keras_tensor import KerasTensor
from amalthea.layers.layer import Layer, default_build
from amalthea.state import trees
from amalthea.training.trainer import Trainer

if TYPE_CHECKING:
    from amalthea.models.verification import Verification
    from amalthea.saving.fitting import LoadReport


class Model(Trainer, Layer):
    """A network: layers between inputs and outputs, with training, evaluation and prediction.

    There are three ways to make one:

    * of symbolic tensors, `Model(inputs, outputs)`: the graph between them;
    * of a list of layers, `Sequential([...])`;
    * as a subclass that makes layers in `__init__` and calls them in `call`.

    Args:
        inputs: a symbolic tensor from `Input`, or a list, tuple or dictionary of them.
        outputs: symbolic tensors computed from `inputs`, in any structure.
        name: its name.
        trainable: whether its variables are trained.

    Reference:
        The interface is that of `keras.Model`.

    Example:
        >>> import amalthea
        >>> x = amalthea.Input((4,))
        >>> model = amalthea.Model(x, amalthea.layers.Dense(2)(x))
        >>> model.count_params()
        10
    """

    def __new__(cls, *args: Any, **kwargs: Any) -> Model:
        if cls is Model and _is_graph(args, kwargs):
            from amalthea.models.functional import Functional

            return Functional.__new__(Functional, *args, **kwargs)
        return super().__new__(cls, *args, **kwargs)  # type: ignore[return-value]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        from amalthea.models.functional import Functional

        if _is_graph(args, kwargs) and not isinstance(self, Functional):
            # A subclass that describes itself by symbolic tensors: `super().__init__(inputs, outputs)`.
            _insert_base(type(self), Functional)
            Functional.__init__(self, *args, **kwargs)  # type: ignore[arg-type]
            return
        Layer.__init__(self, *args, **kwargs)
        self._init_trainer()

    def call(self, *args: Any, **kwargs: Any) -> Any:
        """What it computes; subclasses define it."""
        raise ArgumentTypeError(
            f"{type(self).__name__} defines no `call` method: a subclass of `Model` makes layers in `__init__` and calls them in `call`."
        )

    @property
    def layers(self) -> list[Layer]:
        """The layers in it, outermost ones only."""
        return list(self._flatten_layers(include_self=False, recursive=False))

    def get_layer(self, name: str | None = None, index: int | None = None) -> Layer:
        """A layer, by name or by number.

        Args:
            name: its name.
            index: its place in `layers`.

        Raises:
            ArgumentError: there is no such layer, or not exactly one of the two was given.

        Example:
            >>> import amalthea
            >>> model = amalthea.Sequential([amalthea.layers.Dense(2, name="head")])
            >>> model.get_layer("head") is model.get_layer(index=0)
            True
        """
        if (name is None) == (index is None):
            raise ArgumentError(f"Give either `name` or `index`. Received: name={name!r}, index={index!r}.")
        layers = self.layers
        if index is not None:
            if not -len(layers) <= index < len(layers):
                raise ArgumentError(f"The model has {len(layers)} layers; there is none with index {index}.")
            return layers[index]
        for layer in layers:
            if layer.name == name:
                return layer
        names = [layer.name for layer in layers]
        raise ArgumentError(f"The model has no layer {name!r}. Its layers are: {', '.join(names)}.{nearest(str(name), names)}")

    def summary(
        self,
        line_length: int | None = None,
        positions: list[float] | None = None,
        print_fn: Callable[[str], Any] | None = None,
        expand_nested: bool = False,
        show_trainable: bool = False,
        layer_range: list[str] | None = None,
    ) -> None:
        """Print a table of the layers, with shapes and numbers of parameters.

        Args:
            line_length: the width in characters.
            positions: where the columns end, as shares of the width.
            print_fn: what takes the text; by default it is printed.
            expand_nested: whether layers of models inside are listed too.
            show_trainable: whether a column says which layers are trained.
            layer_range: names (or patterns) of the first and the last layer to list.
        """
        from amalthea.models.summary import print_summary

        print_summary(
            self,
            line_length=line_length,
            positions=positions,
            print_fn=print_fn,
            expand_nested=expand_nested,
            show_trainable=show_trainable,
            layer_range=layer_range,
        )

    def verify(
        self, engines: Sequence[str] | None = None, data: Any = None, rtol: float = 1e-3, atol: float = 1e-4, verbose: bool = True
    ) -> Verification:
        """Run the model on several engines and compare, layer by layer: outputs, and gradients of the weights.

        Weights, metrics and the engine that the model lives on stay as they are.

        Args:
            engines: names of engines; the first is what the others are compared with. All that are installed by default.
            data: inputs for the model, an array or a structure of arrays; a few samples do.
            rtol: the relative difference that is tolerated.
            atol: the absolute difference that is tolerated besides.
            verbose: whether a table is printed, and the first layer that diverges is named.

        Returns:
            A `Verification`: `agrees`, `first_divergence`, and all `comparisons`.

        Raises:
            ArgumentError: fewer than two engines, an unknown one, or no data.
            NotBuiltError: the model is not built.

        Example:
            >>> import amalthea, numpy as np
            >>> model = amalthea.Sequential([amalthea.Input((2,)), amalthea.layers.Dense(3, activation="tanh")])
            >>> model.verify(["jax", "numpy"], np.ones((1, 2), "float32"), verbose=False).agrees
            True
        """
        from amalthea.models.verification import verify

        if data is None:
            raise ArgumentError("`verify` needs `data`: inputs for the model, a few samples of what it is made for.")
        found = verify(self, engines, data, rtol, atol)
        if verbose:
            found.print()
        return found

    def as_torch_module(self) -> Any:
        """The model as a `torch.nn.Module`, for training loops and tools of PyTorch.

        Its parameters are copies of the trainable variables, its buffers copies of the others (statistics, random state), named by their paths
        with dots. A call computes on PyTorch, from tensors to tensors; `train()` and `eval()` choose the mode; what layers assign goes into the
        buffers. `module.losses` has the losses that layers and regularizers added in the last call.

        Returns:
            The module. Its method `sync()` writes the values back into the model, which does not change before.

        Raises:
            NotBuiltError: the model is not built.
            EngineNotInstalled: PyTorch is missing.

        Example:
            >>> import amalthea, torch
            >>> model = amalthea.Sequential([amalthea.Input((2,)), amalthea.layers.Dense(1, kernel_initializer="ones", name="head")], name="net")
            >>> module = model.as_torch_module()
            >>> [name for name, _ in module.named_parameters()]
            ['net.head.kernel', 'net.head.bias']
            >>> optimizer = torch.optim.SGD(module.parameters(), lr=0.5)
            >>> module(torch.ones(1, 2)).sum().backward()
            >>> optimizer.step()
            >>> module.sync().get_weights()[1]
            array([-0.5], dtype=float32)
        """
        return self._bridge("torch").ModelModule(self)

    def as_jax_function(self) -> tuple[Callable[..., Any], dict[str, dict[str, Any]]]:
        """The model as a pure function of JAX, and its values.

        `fn(params, *inputs, training=False)` gives the outputs; with `training=True` the outputs and the new state, a dictionary for
        `params["state"]`. `training` is static: under `jax.jit` name it in `static_argnames`. Losses that layers add are not in the outputs.

        Returns:
            The function and `params`: {"trainable": {path: array}, "state": {path: array}}. State may be of integers, so take gradients with
            respect to `params["trainable"]`. The model keeps its own values.

        Raises:
            NotBuiltError: the model is not built.
            EngineNotInstalled: JAX is missing.

        Example:
            >>> import amalthea, jax, jax.numpy as jnp
            >>> model = amalthea.Sequential([amalthea.Input((2,)), amalthea.layers.Dense(1, kernel_initializer="ones", name="head")], name="net")
            >>> fn, params = model.as_jax_function()
            >>> def loss(trainable, x):
            ...     return jax.numpy.sum(fn({**params, "trainable": trainable}, x))
            >>> gradients = jax.jit(jax.grad(loss))(params["trainable"], jnp.array([[3.0, 4.0]]))
            >>> gradients["net/head/kernel"].tolist()
            [[3.0], [4.0]]
        """
        return self._bridge("jax").as_function(self)

    def as_tf_function(self) -> Any:
        """The model as a `tf.Module` whose `__call__` is a `tf.function`, for TensorFlow's programs and for `tf.saved_model.save`.

        Its variables are copies of the model's. `module(x)` computes as in inference, `module(x, training=True)` as in training. Where the model
        knows the shapes of its inputs (a functional one, or a `Sequential` with an `Input`), the function is traced at once, for any batch;
        else call the module once on data before saving it.

        Returns:
            The module.

        Raises:
            NotBuiltError: the model is not built.
            EngineNotInstalled: TensorFlow is missing.

        Example:
            >>> import amalthea, tempfile, tensorflow as tf
            >>> model = amalthea.Sequential([amalthea.Input((2,)), amalthea.layers.Dense(1, kernel_initializer="ones")])
            >>> with tempfile.TemporaryDirectory() as folder:
            ...     tf.saved_model.save(model.as_tf_function(), folder)
            ...     restored = tf.saved_model.load(folder)
            >>> restored(tf.ones((1, 2))).numpy()
            array([[2.]], dtype=float32)
        """
        return self._bridge("tensorflow").ModelModule(self)

    def _bridge(self, engine: str) -> Any:
        """What gives the model in the terms of an engine's framework."""
        module = registry.bridge(engine)
        if not self.built:
            raise NotBuiltError(f"{self} is not built, so it has no values to give away. Call it on data, or `build` it with an input shape.")
        return module

    def to_json(self, **kwargs: Any) -> str:
        """The architecture as JSON text, for `models.model_from_json`.

        Args:
            **kwargs: arguments of `json.dumps`, such as `indent=2`.

        Raises:
            ArgumentTypeError: arguments that `json.dumps` does not have.
        """
        from amalthea.saving import serialize_keras_object

        unknown = kwargs.keys() - inspect.signature(json.dumps).parameters.keys()
        if unknown:
            raise ArgumentTypeError(f"`to_json` takes the arguments of `json.dumps`. Received: {', '.join(sorted(unknown))}.")
        return json.dumps(serialize_keras_object(self), **kwargs)

    def save(self, filepath: Any, overwrite: bool = True, zipped: bool | None = None, **kwargs: Any) -> None:
        """Write the model to a file; see `saving.save_model`.

        Args:
            filepath: where; ends in ".keras", or in ".h5" or ".hdf5".
            overwrite: whether a file that is there already is replaced.
            zipped: kept for Keras's sake: a ".keras" file is an archive.
            **kwargs: `golden`, for values that any engine can be compared with, and `sign`, for a signature.
        """
        from amalthea import saving

        saving.save_model(self, filepath, overwrite=overwrite, zipped=zipped, **kwargs)

    def save_weights(self, filepath: Any, overwrite: bool = True, max_shard_size: float | None = None) -> None:
        """Write the weights to a file; see `saving.save_weights`."""
        from amalthea import saving

        saving.save_weights(self, filepath, overwrite=overwrite, max_shard_size=max_shard_size)

    def load_weights(self, filepath: Any, skip_mismatch: bool = False, **kwargs: Any) -> LoadReport:
        """Read weights from a file; see `saving.load_weights`."""
        from amalthea import saving

        return saving.load_weights(self, filepath, skip_mismatch=skip_mismatch, **kwargs)

    def export(self, filepath: Any, format: str = "tf_saved_model", verbose: bool | None = None, input_signature: Any = None, **kwargs: Any) -> None:
        """Not there: no program is written for other runtimes.

        Raises:
            UnsupportedByEngine: always; it says what to do instead.
        """
        raise UnsupportedByEngine(
            registry.current().name,
            "export",
            f"No engine writes {shown(format)}. Save the model as '.keras', and export it with Keras: `keras.models.load_model(path).export(...)`. "
            "For TensorFlow, `tf.saved_model.save(model.as_tf_function(), folder)` writes a SavedModel.",
        )

    def get_state_tree(self, value_format: str = "backend_tensor") -> dict[str, dict[str, Any]]:
        """All values of the model, by the parts of the paths of its variables; see `state.trees.values_of`.

        Args:
            value_format: "backend_tensor" or "numpy_array".
        """
        return trees.values_of(self._state_groups(), value_format)

    def set_state_tree(self, state_tree: Mapping[str, Any]) -> None:
        """Assign values as `get_state_tree` gave them, of all variables or of some; see `state.trees.assign`.

        Args:
            state_tree: the values.
        """
        trees.assign(self._state_groups(), state_tree)

    def _state_groups(self) -> dict[str, list[Any]]:
        optimizer = getattr(self, "optimizer", None)
        return {
            "trainable_variables": self.trainable_variables,
            "non_trainable_variables": self.non_trainable_variables,
            "optimizer_variables": optimizer.variables if optimizer is not None else [],
            "metrics_variables": self.metrics_variables,
        }

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: dict[str, Any] | None = None) -> Model:
        """The model that `get_config` described."""
        from amalthea.models.functional import Functional, functional_from_config, is_functional_config

        if is_functional_config(config) and (cls is Model or issubclass(cls, Functional) or not _has_own_init(cls)):
            return functional_from_config(cls if cls is not Model else Functional, config, custom_objects)
        return super().from_config(config)  # type: ignore[return-value]

    def get_config(self) -> dict[str, Any]:
        """The arguments that make an equal model."""
        config = super().get_config()
        config.pop("activity_regularizer", None)
        return config

    @default_build
    def build(self, input_shape: Any) -> None:
        """Make the variables of a subclassed model, by running `call` on symbolic tensors of this shape.

        Args:
            input_shape: the shape of the inputs, the batch included; a structure of shapes for several inputs.

        Raises:
            NotBuiltError: `call` cannot run on symbolic tensors.
        """
        try:
            Layer.compute_output_shape(self, input_shape)
        except Exception as error:
            raise NotBuiltError(
                f"{self} cannot be built from the input shape {input_shape}: its `call` failed on symbolic tensors ({error}). Call it on real data."
            ) from error


def _is_graph(args: tuple[Any, ...], kwargs: dict[str, Any]) -> bool:
    """Whether these are the arguments of a model made of symbolic tensors."""
    from amalthea import tree

    given = list(args[:2]) + [kwargs[name] for name in ("inputs", "outputs") if name in kwargs]
    return len(given) == 2 and any(isinstance(leaf, KerasTensor) for part in given for leaf in tree.flatten(part))


def _insert_base(cls: type, base: type) -> None:
    """Let `cls`, a subclass of `Model`, derive from `base` where it derives from `Model`."""
    for ancestor in cls.__mro__:
        if Model in ancestor.__bases__ and ancestor is not base:
            ancestor.__bases__ = tuple(base if parent is Model else parent for parent in ancestor.__bases__)
            return


def _has_own_init(cls: type) -> bool:
    signature = inspect.signature(cls.__init__)  # type: ignore[misc]
    parameters = [p for p in signature.parameters.values() if p.name != "self"]
    return all(p.kind not in (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD) for p in parameters)
