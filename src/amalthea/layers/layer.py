"""`Layer`: state and a computation, the part of which models are made."""

from __future__ import annotations

import functools
import inspect
import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import partial
from typing import Any

import numpy as np

from amalthea import constraints, dtype_policies, dtypes, initializers, ops, regularizers, tracebacks, tree
from amalthea.engines import registry
from amalthea.engines.sizes import SupposedSize
from amalthea.engines.spec import Spec
from amalthea.engines.tracing import specs_of
from amalthea.errors import AmaltheaError, ArgumentError, ArgumentTypeError, NotBuiltError, SerializationError, ShapeError, StateError
from amalthea.graph.keras_tensor import KerasTensor, any_symbolic_tensors, from_specs, standardize_shape, to_specs
from amalthea.graph.node import Node
from amalthea.graph.operation import Operation
from amalthea.layers import call as calls
from amalthea.layers.input_spec import check_inputs
from amalthea.state import naming
from amalthea.state.masks import set_mask
from amalthea.state.scope import StatelessScope, current_scope
from amalthea.state.tracking import Tracker
from amalthea.state.variable import Variable, autocast_scope, is_variable

_BASE_ARGUMENTS = ("activity_regularizer", "trainable", "dtype", "autocast", "name")
_LOCKED = (
    "No variable or layer can be added to {owner}, which is built already. Make them in `__init__` or in `build`, "
    "so that they are there before its first call."
)


def _is_loaded(module: str, name: str, x: Any) -> bool:
    """Whether an object is of a class, without importing its module: if nobody has, there can be no such object."""
    found = sys.modules.get(module)
    return found is not None and isinstance(x, getattr(found, name, ()))


_is_metric = partial(_is_loaded, "amalthea.metrics.metric", "Metric")
_is_seed_generator = partial(_is_loaded, "amalthea.random.seed", "SeedGenerator")


def _building(build: Callable[..., None]) -> Callable[..., None]:
    """`build`, in the layer's name scope; when the outermost one returns, the layer is built and takes no more state."""

    @functools.wraps(build)
    def wrapped(self: Layer, *args: Any, **kwargs: Any) -> None:
        if self._build_depth:
            build(self, *args, **kwargs)
            return
        self._build_depth += 1
        try:
            with naming.name_scope(self.name), autocast_scope(None):
                self._path = naming.current_path()
                build(self, *args, **kwargs)
        finally:
            self._build_depth -= 1
        names = calls.build_parameters(build)
        self._build_shapes = {**dict(zip(names, args, strict=False)), **kwargs}
        self.built = True
        self._tracker.lock(_LOCKED.format(owner=self))

    return wrapped


def default_build(build: Callable[..., None]) -> Callable[..., None]:
    """Mark a `build` that makes nothing by itself: state comes from `__init__`, or from layers inside when they are called."""
    build._is_default = True  # type: ignore[attr-defined]
    return build


def _is_trained(x: Any) -> bool:
    return isinstance(x, Variable) and x.trainable


def _is_layer(x: Any) -> bool:
    return isinstance(x, Layer)


def _builds_by_itself(cls: type) -> bool:
    return not getattr(cls.build, "_is_default", False)  # type: ignore[attr-defined]


class Layer(Operation):
    """The base of all layers: variables, made in `build`, and a computation, `call`.

    Args:
        activity_regularizer: a regularizer of the layer's output; its value, divided by the number of samples, is added to the losses.
        trainable: whether the layer's variables are trained.
        dtype: a dtype or a dtype policy.
        autocast: whether floating inputs are cast to the layer's compute dtype.
        name: its name; by default one made of the class's name.
        **kwargs: `input_shape` (without the batch) or `input_dim`, which `Sequential` uses for its first layer.

    Raises:
        ArgumentTypeError: an unknown argument.

    Example:
        >>> import amalthea
        >>> class Scale(amalthea.layers.Layer):
        ...     def build(self, input_shape):
        ...         self.factor = self.add_weight(shape=(input_shape[-1],), initializer="ones")
        ...     def call(self, inputs):
        ...         return inputs * self.factor
        >>> Scale()(amalthea.ops.ones((2, 3))).shape
        (2, 3)
    """

    _init_arguments: tuple[tuple[Any, ...], dict[str, Any]]
    _trainable_variables: list[Variable]
    _non_trainable_variables: list[Variable]
    _layers: list[Layer]
    _metrics: list[Any]
    _seed_generators: list[Any]
    _tracker: Tracker
    _build_depth: int

    def __new__(cls, *args: Any, **kwargs: Any) -> Layer:
        layer = super().__new__(cls)
        state = layer.__dict__
        state["_init_arguments"] = (args, kwargs)
        trainable: list[Variable] = []
        non_trainable: list[Variable] = []
        state["_trainable_variables"] = trainable
        state["_non_trainable_variables"] = non_trainable
        state["_layers"] = []
        state["_metrics"] = []
        state["_seed_generators"] = []
        state["_tracker"] = Tracker(
            {
                "trainable_variables": (_is_trained, trainable),
                "non_trainable_variables": (is_variable, non_trainable),
                "metrics": (_is_metric, state["_metrics"]),
                "layers": (_is_layer, state["_layers"]),
                "seed_generators": (_is_seed_generator, state["_seed_generators"]),
            }
        )
        state["_build_depth"] = 0
        state["_initialized"] = False
        return layer

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "build" in cls.__dict__ and _builds_by_itself(cls):
            cls.build = _building(cls.build)  # type: ignore[method-assign]

    def __init__(
        self,
        *,
        activity_regularizer: Any = None,
        trainable: bool = True,
        dtype: Any = None,
        autocast: bool = True,
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(name=name)
        self.activity_regularizer = regularizers.get(activity_regularizer)
        self._input_shape_argument = _legacy_input_shape(kwargs)
        if kwargs:
            raise ArgumentTypeError(f"{type(self).__name__} got unknown arguments: {', '.join(kwargs)}.")
        self._dtype_policy = dtype_policies.get(dtype)
        self.autocast = autocast
        self.input_spec: Any = None
        self.built = False
        self.supports_masking = type(self).compute_mask is not Layer.compute_mask
        self._trainable = bool(trainable)
        self._path: str | None = None
        self._build_shapes: dict[str, Any] | None = None
        self._own_losses: list[Any] = []
        self._initialized = True

    # --- attributes ---

    def __setattr__(self, name: str, value: Any) -> None:
        tracker = self.__dict__.get("_tracker")
        if tracker is not None and type(value) not in _PLAIN_TYPES and name not in _UNTRACKED:
            previous = self.__dict__.get(name)
            if previous is not None and previous is not value and _is_state(previous):
                tracker.untrack(previous)
            value = tracker.track(value)
        changed = self.__dict__.get(name) is not value
        object.__setattr__(self, name, value)
        if changed:
            Tracker.last_change = object()

    def __delattr__(self, name: str) -> None:
        value = self.__dict__.get(name)
        if value is not None:
            self._tracker.untrack(value)
        object.__delattr__(self, name)
        Tracker.last_change = object()

    @property
    def path(self) -> str:
        """Where it stands in the model, such as "block/dense"; its name, before it is built."""
        return self._path or self.name

    @property
    def dtype_policy(self) -> dtype_policies.DTypePolicy:
        """In which dtypes it keeps its variables and computes."""
        policy = self._dtype_policy
        return policy[self.path] if isinstance(policy, dtype_policies.DTypePolicyMap) else policy

    @dtype_policy.setter
    def dtype_policy(self, policy: Any) -> None:
        self._dtype_policy = dtype_policies.get(policy)

    @property
    def dtype(self) -> str:
        """The dtype of its variables."""
        return self.variable_dtype

    @property
    def compute_dtype(self) -> str:
        """The dtype in which it computes."""
        return self.dtype_policy.compute_dtype

    @property
    def variable_dtype(self) -> str:
        """The dtype of its variables."""
        return self.dtype_policy.variable_dtype

    @property
    def input_dtype(self) -> str:
        """The dtype to which its floating inputs are cast."""
        return self.compute_dtype

    @property
    def trainable(self) -> bool:
        """Whether its variables are trained."""
        return self._trainable

    @trainable.setter
    def trainable(self, value: bool) -> None:
        self._trainable = bool(value)
        for variable in self._trainable_variables:
            variable.trainable = bool(value)
        for layer in self._layers:
            layer.trainable = bool(value)

    @property
    def variables(self) -> list[Variable]:
        """All its variables, of layers inside too: weights, and the state of random generators."""
        found: dict[int, Variable] = {id(v): v for v in (*self._trainable_variables, *self._non_trainable_variables)}
        for generator in self._seed_generators:
            found.setdefault(id(generator.state), generator.state)
        for layer in self._layers:
            for variable in layer.variables:
                found.setdefault(id(variable), variable)
        return list(found.values())

    @property
    def trainable_variables(self) -> list[Variable]:
        """The variables that training changes."""
        return [v for v in self.variables if v.trainable] if self.trainable else []

    @property
    def non_trainable_variables(self) -> list[Variable]:
        """The variables that training does not change by gradients."""
        return [v for v in self.variables if not v.trainable] if self.trainable else self.variables

    @property
    def weights(self) -> list[Variable]:
        """Its variables without the state of random generators: what a file keeps."""
        found: dict[int, Variable] = {id(v): v for v in (*self._trainable_variables, *self._non_trainable_variables)}
        for layer in self._layers:
            for variable in layer.weights:
                found.setdefault(id(variable), variable)
        return list(found.values())

    @property
    def trainable_weights(self) -> list[Variable]:
        """The weights that training changes."""
        return [v for v in self.weights if v.trainable] if self.trainable else []

    @property
    def non_trainable_weights(self) -> list[Variable]:
        """The weights that training does not change by gradients."""
        return [v for v in self.weights if not v.trainable] if self.trainable else self.weights

    @property
    def metrics_variables(self) -> list[Variable]:
        """The variables of the metrics in it, and in layers inside."""
        found = {id(v): v for metric in self._metrics for v in metric.variables}
        for layer in self._layers:
            found.update((id(v), v) for v in layer.metrics_variables)
        return list(found.values())

    def _flatten_layers(self, include_self: bool = True, recursive: bool = True) -> Iterator[Layer]:
        """The layer and those inside it, each once, outer ones first."""
        seen: set[int] = set()
        pending = [self] if include_self else list(self._layers)
        while pending:
            layer = pending.pop(0)
            if id(layer) in seen:
                continue
            seen.add(id(layer))
            yield layer
            if recursive or layer is self:
                pending[:0] = layer._layers

    def get_weights(self) -> list[np.ndarray]:
        """Copies of the weights, as arrays."""
        return [variable.numpy() for variable in self.weights]

    def set_weights(self, weights: list[Any]) -> None:
        """Assign the weights, given in the order of `weights`.

        Raises:
            ArgumentError: there are too many or too few.
            ShapeError: one has another shape.
        """
        variables = self.weights
        if len(weights) != len(variables):
            raise ArgumentError(f"{self} has {len(variables)} weights, but {len(weights)} were given.")
        for variable, value in zip(variables, weights, strict=True):
            if tuple(np.shape(value)) != variable.shape:
                raise ShapeError(f"The weight {variable.path!r} has shape {variable.shape}; the value given has {tuple(np.shape(value))}.")
        for variable, value in zip(variables, weights, strict=True):
            variable.assign(value)

    def count_params(self) -> int:
        """The number of numbers in its weights.

        Raises:
            NotBuiltError: it has no weights yet.
        """
        if not self.built:
            raise NotBuiltError(f"{self} is not built, so its weights cannot be counted. Call it on data, or `build` it with an input shape.")
        return sum(int(np.prod(variable.shape)) for variable in self.weights)

    # --- making state ---

    def add_weight(
        self,
        shape: Any = None,
        initializer: Any = None,
        dtype: Any = None,
        trainable: bool = True,
        autocast: bool = True,
        regularizer: Any = None,
        constraint: Any = None,
        aggregation: str = "none",
        overwrite_with_gradient: bool = False,
        name: str | None = None,
    ) -> Variable:
        """Make a variable of this layer.

        Args:
            shape: its shape; () by default.
            initializer: what makes its first value; by default "glorot_uniform" for floating dtypes, else "zeros".
            dtype: its dtype; the layer's variable dtype by default.
            trainable: whether training changes it.
            autocast: whether it reads as the compute dtype inside `call`.
            regularizer: a function of it whose value is added to the losses.
            constraint: a function that projects it after each update.
            aggregation: how copies on several devices are combined.
            overwrite_with_gradient: whether an optimizer assigns the gradient in place of an update.
            name: its name.

        Returns:
            The variable.
        """
        dtype = dtypes.standardize_dtype(dtype) if dtype is not None else self.variable_dtype
        if initializer is None:
            initializer = "glorot_uniform" if dtypes.is_float(dtype) else "zeros"
        with naming.absolute_scope(self._path) if self._path is not None else naming.name_scope(self.name):
            variable = Variable(
                initializers.get(initializer),
                shape=() if shape is None else shape,
                dtype=dtype,
                trainable=trainable,
                autocast=autocast,
                aggregation=aggregation,
                name=name,
            )
        variable.regularizer = regularizers.get(regularizer)
        variable.constraint = constraints.get(constraint)
        variable.overwrite_with_gradient = overwrite_with_gradient
        self._tracker.track(variable)
        if not self._trainable:
            variable.trainable = False  # only now: it stays among those that `trainable = True` gives back
        return variable

    @default_build
    def build(self, input_shape: Any) -> None:
        """Make the variables, given the shape of the inputs (the batch included, as None).

        Subclasses define it; where `call` takes several tensors, with one argument for each: `x_shape` for `x`.
        """
        if not self._build_depth:
            self._note_build({"input_shape": input_shape})

    def _note_build(self, shapes: dict[str, Any]) -> None:
        with naming.name_scope(self.name):
            self._path = naming.current_path()
        self._build_shapes = shapes
        self.built = True

    def get_build_config(self) -> dict[str, Any] | None:
        """The shapes that it was built with, for `build_from_config`."""
        if not self._build_shapes:
            return None
        if len(self._build_shapes) == 1:
            return {"input_shape": next(iter(self._build_shapes.values()))}
        return {"shapes_dict": dict(self._build_shapes)}

    def build_from_config(self, config: dict[str, Any]) -> None:
        """Build it as `get_build_config` described."""
        if "input_shape" in config:
            self.build(_as_shapes(config["input_shape"]))
        elif "shapes_dict" in config:
            self.build(**{name: _as_shapes(shape) for name, shape in config["shapes_dict"].items()})

    # --- calling ---

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if not self._initialized:
            raise StateError(f"{type(self).__name__} is not initialized: call `super().__init__()` first in its `__init__`.")
        plan = calls.plan_of(type(self).call)
        plan.fill_masks(args, kwargs)
        try:
            if any_symbolic_tensors(args, kwargs):
                return self._call_symbolically(plan, args, kwargs)
            args, kwargs = self._convert(args, kwargs)
            return self._call_on_tensors(plan, args, kwargs)
        except Exception as error:
            if not hasattr(error, "_amalthea_noted"):
                error.add_note(f"While calling {self!r} with {_describe(plan.bind(args, kwargs))}.")
                error._amalthea_noted = True  # type: ignore[attr-defined]
            raise tracebacks.shortened(error)  # noqa: B904 (it is the same error)

    def _call_on_tensors(self, plan: calls.CallPlan, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        if self.input_spec is not None and args:
            check_inputs(self.input_spec, args[0], self)
        fresh = not self.built
        if fresh:
            self._build_for(plan, args, kwargs)

        outermost = not calls.inside_call()
        around = calls.context_training()
        given = kwargs.get("training")
        training = given if given is not None else (around if around is not None else plan.training)
        if plan.takes_training:
            if "training" not in plan.names or plan.names.index("training") >= len(args):
                kwargs["training"] = training
        else:
            kwargs.pop("training", None)
        if outermost:
            self._clear_losses()

        cast = self.compute_dtype if self.autocast and self.compute_dtype != self.variable_dtype else None
        with ExitStack() as stack:
            if outermost or training != around:
                stack.enter_context(calls.call_context(training))
            stack.enter_context(naming.name_scope(self.name))
            stack.enter_context(autocast_scope(cast))
            outputs = self.call(*args, **kwargs)
            if self.activity_regularizer is not None:
                for output in tree.flatten(outputs):
                    if calls.is_tensor_like(output):
                        self.add_loss(_by_samples(self.activity_regularizer(output), output))
        if fresh and not self._tracker.locked:
            self._tracker.lock(_LOCKED.format(owner=self))
        if args:
            self._pass_masks(args[0], outputs, kwargs)
        return outputs

    def _call_symbolically(self, plan: calls.CallPlan, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Record a call on symbolic tensors."""
        if self.input_spec is not None and args:
            check_inputs(self.input_spec, args[0], self)
        outputs = self.compute_output_spec(*args, **kwargs)
        Node(self, args, kwargs, outputs)
        if args:
            with registry.use("symbolic"):
                self._pass_masks(args[0], outputs, kwargs)
        return outputs

    def compute_output_spec(self, *args: Any, **kwargs: Any) -> Any:
        """The symbolic tensors that a call on symbolic tensors gives; builds the layer if it is not built."""
        plan = calls.plan_of(type(self).call)

        def run(*args: Any, **kwargs: Any) -> Any:
            args, kwargs = self._convert(args, kwargs)
            return self._call_on_tensors(plan, args, kwargs)

        spec_args, spec_kwargs = to_specs((args, kwargs))
        try:
            with registry.use("symbolic"):
                return from_specs(run(*spec_args, **spec_kwargs))
        except Exception as error:
            found = _by_supposing(run, spec_args, spec_kwargs)
            if found is None:
                if isinstance(error, AmaltheaError):
                    raise
                found = self._infer_otherwise(run, spec_args, spec_kwargs, error)
            return from_specs(found)

    def _infer_otherwise(self, run: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any], error: Exception) -> Any:
        """Shapes of a `call` that the symbolic engine cannot run, because it calls an engine's own functions."""
        if type(self).compute_output_shape is not Layer.compute_output_shape:
            shapes = calls.shapes_of(calls.plan_of(type(self).call).bind(args, kwargs))
            shape = self.compute_output_shape(next(iter(shapes.values())))
            return tree.map_shape_structure(lambda s: Spec(s, self.compute_dtype), shape)
        try:
            return registry.current().abstract_eval(lambda a, k: run(*a, **k), args, kwargs)
        except Exception:
            error.add_note(
                f"The output shape of {self!r} could not be found: its `call` failed on symbolic tensors. "
                "Use functions of `amalthea.ops`, or define `compute_output_shape(input_shape)`."
            )
            raise error from None

    def call(self, *args: Any, **kwargs: Any) -> Any:
        """What it computes; subclasses define it."""
        raise ArgumentTypeError(f"{type(self).__name__} defines no `call` method.")

    def _convert(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """The arguments with arrays as tensors, and floating tensors in the compute dtype."""
        engine = registry.current()
        dtype = self.compute_dtype
        wanted = dtype if self.autocast and dtypes.is_float(dtype) else None

        def convert(x: Any) -> Any:
            if type(x) in _PLAIN_TYPES:
                return x
            if not engine.is_tensor(x):
                if isinstance(x, Variable):
                    x = x.value
                elif hasattr(x, "__array__") or isinstance(x, Spec):
                    x = ops.convert_to_tensor(x)
                else:
                    return x
            if wanted is not None:
                found = dtypes.standardize_dtype(x.dtype)
                if found != wanted and dtypes.is_float(found):
                    return engine.cast(x, wanted)
            return x

        if len(args) == 1 and not kwargs and not tree.is_nested(args[0]):
            return (convert(args[0]),), kwargs
        masks = calls.plan_of(type(self).call).masks.values()
        return (
            tree.map_structure(convert, args),
            {name: value if name in masks and value is None else tree.map_structure(convert, value) for name, value in kwargs.items()},
        )

    def _build_for(self, plan: calls.CallPlan, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        """Build the layer for these arguments."""
        shapes = calls.shapes_of(plan.bind(args, kwargs))
        if not _builds_by_itself(type(self)):
            self._note_build({"input_shape": next(iter(shapes.values()), None)})
            return
        if not shapes:
            raise ArgumentTypeError(f"{self} takes tensors; a list of numbers has to be made one first, with `ops.convert_to_tensor`.")
        positional, named = calls.build_arguments(type(self).build, shapes, str(self))
        self.build(*positional, **named)

    def compute_output_shape(self, *args: Any, **kwargs: Any) -> Any:
        """The shape of the output for a shape of the input.

        Args:
            *args: the shape of each input (None for unknown sizes), in the structure that `call` takes.
            **kwargs: such shapes by name, as `build` takes them.
        """

        def symbols(shape: Any) -> Any:
            return tree.map_shape_structure(lambda s: KerasTensor(s, self.input_dtype), shape)

        shapes = [symbols(shape) for shape in args]
        named = {name.removesuffix("_shape"): symbols(shape) for name, shape in kwargs.items()}
        return tree.map_structure(lambda t: t.shape, self.compute_output_spec(*shapes, **named))

    # --- masks ---

    def compute_mask(self, inputs: Any, previous_mask: Any) -> Any:
        """The mask of the output, given the inputs and theirs; by default that of the inputs."""
        return previous_mask

    def _pass_masks(self, inputs: Any, outputs: Any, kwargs: dict[str, Any]) -> None:
        """Give the outputs the mask that follows from that of the inputs."""
        previous = calls.masks_of(inputs)
        if not self.supports_masking:
            if previous is not None:
                warnings.warn(f"{self} does not support masks, so the mask of its input ends here.", stacklevel=4)
            return
        if previous is None and type(self).compute_mask is Layer.compute_mask:
            return
        masks = self.compute_mask(inputs, previous)
        if masks is None:
            return
        # Masks go to the first outputs; more outputs, such as attention scores, have none.
        for output, mask in zip(tree.flatten(outputs), tree.flatten(masks), strict=False):
            if mask is not None and calls.is_tensor_like(output):
                set_mask(output, mask)

    # --- losses ---

    def add_loss(self, loss: Any) -> None:
        """Add a loss (a scalar tensor, or several) to those of the model; called inside `call`.

        Raises:
            ArgumentTypeError: it is not a tensor.
        """
        for value in tree.flatten(loss):
            if not (calls.is_tensor_like(value) or isinstance(value, (int, float))):
                raise ArgumentTypeError(f"`loss` must be a tensor. Received: {value!r} of type {type(value).__name__}.")
            self._losses_here().append(value)

    def _losses_here(self) -> list[Any]:
        scope = current_scope()
        if scope is not None:
            return scope.losses_of(self)
        return self._own_losses if registry.current_name() != "symbolic" else []

    @property
    def losses(self) -> list[Any]:
        """The losses that this layer and those inside added in their last call, and those of regularizers of weights."""
        added = [loss for layer in self._flatten_layers() for loss in layer._losses_here()]
        return added + self._regularization()

    def _regularization(self) -> list[Any]:
        return [variable.regularizer(variable) for variable in self.trainable_weights if variable.regularizer is not None]

    def _clear_losses(self) -> None:
        for layer in self._flatten_layers():
            losses = layer._losses_here()
            if losses:
                losses.clear()

    # --- pure calls ---

    def stateless_call(
        self,
        trainable_variables: list[Any],
        non_trainable_variables: list[Any],
        *args: Any,
        return_losses: bool = False,
        **kwargs: Any,
    ) -> tuple[Any, ...]:
        """Call the layer with given values of its variables, and without changing them.

        Args:
            trainable_variables: values in the order of `trainable_variables`.
            non_trainable_variables: values in the order of `non_trainable_variables`.
            *args: the arguments of the call.
            return_losses: whether the losses are returned too.
            **kwargs: more arguments of the call.

        Returns:
            The outputs, the new values of the non-trainable variables, and, if asked for, the losses.

        Raises:
            NotBuiltError: the layer is not built.
            ArgumentError: too many or too few values.
        """
        if not self.built:
            raise NotBuiltError(f"{self} is not built: `stateless_call` needs its variables. Call it on data, or `build` it with an input shape.")
        pairs: list[tuple[Variable, Any]] = []
        for name, given, own in (
            ("trainable_variables", trainable_variables, self.trainable_variables),
            ("non_trainable_variables", non_trainable_variables, self.non_trainable_variables),
        ):
            if len(given) != len(own):
                raise ArgumentError(f"`{name}` has {len(given)} values, but {self} has {len(own)} such variables.")
            pairs += zip(own, given, strict=True)
        with StatelessScope(pairs) as scope:
            outputs = self(*args, **kwargs)
            losses = self.losses if return_losses else []
            state = [scope.read(variable) for variable in self.non_trainable_variables]
        return (outputs, state, losses) if return_losses else (outputs, state)

    # --- files and configurations ---

    def save_own_variables(self, store: Any) -> None:
        """Put the layer's own variables into a mapping, by number."""
        for position, variable in enumerate((*self._trainable_variables, *self._non_trainable_variables)):
            store[str(position)] = variable

    def load_own_variables(self, store: Any) -> None:
        """Assign the layer's own variables from a mapping that `save_own_variables` filled.

        Raises:
            ArgumentError: the mapping holds more or fewer.
        """
        variables = (*self._trainable_variables, *self._non_trainable_variables)
        if len(store) != len(variables):
            hint = " The layer is not built: call it on data first." if not variables and not self.built else ""
            raise ArgumentError(f"{self} has {len(variables)} variables, but the file holds {len(store)} for it.{hint}")
        for position, variable in enumerate(variables):
            variable.assign(store[str(position)])

    def save_own_assets(self, store: Any) -> None:
        """Put what the layer keeps in files of their own, such as a vocabulary, into a mapping from names to bytes.

        `.keras` files hold it below "assets/", as those of Keras do. By default it is what a method `save_assets(folder)`, which layers written
        for Keras have, writes into a folder.

        Args:
            store: takes `store[name] = data`, with names such as "vocabulary.txt" or "merges/1.txt"; each goes to the file at once.

        Example:
            >>> import amalthea, tempfile, os
            >>> @amalthea.saving.register_keras_serializable("examples")
            ... class Words(amalthea.layers.Layer):
            ...     words = ("a", "b")
            ...     def call(self, x):
            ...         return x
            ...     def save_own_assets(self, store):
            ...         store["words.txt"] = "\\n".join(self.words).encode()
            ...     def load_own_assets(self, store):
            ...         self.words = tuple(store["words.txt"].decode().split("\\n"))
            >>> layer = Words()
            >>> layer.words = ("c", "d", "e")
            >>> model = amalthea.Sequential([amalthea.Input((2,)), layer])
            >>> with tempfile.TemporaryDirectory() as folder:
            ...     model.save(os.path.join(folder, "model.keras"))
            ...     amalthea.saving.load_model(os.path.join(folder, "model.keras")).layers[0].words
            ('c', 'd', 'e')
        """
        if hasattr(self, "save_assets"):
            from amalthea.saving.members.assets import from_folder

            for name, data in from_folder(self.save_assets):
                store[name] = data

    def load_own_assets(self, store: Any) -> None:
        """Take what `save_own_assets` put; layers with assets define it. It is called when the layer has its weights, even if `store` is empty.

        Nothing of a file is unpacked to the disk, so a method `load_assets(folder)`, as Keras calls it, is never called.

        Args:
            store: a mapping from names to bytes; each is read from the file when it is looked up. What is not looked up is an error of the file.
        """

    def get_config(self) -> dict[str, Any]:
        """The arguments that make an equal layer.

        A subclass that takes arguments of its own extends this; where these are plain values, it is done for it.

        Raises:
            SerializationError: the arguments are not plain values, and the class does not say how to write them.
        """
        base = {"name": self.name, "trainable": self.trainable, "dtype": dtype_policies.serialize(self._dtype_policy)}
        if self.activity_regularizer is not None:
            base["activity_regularizer"] = regularizers.serialize(self.activity_regularizer)
        if type(self).get_config is not Layer.get_config or type(self).__init__ is Layer.__init__:
            return base
        return {**base, **self._plain_arguments()}

    def _plain_arguments(self) -> dict[str, Any]:
        """The arguments that `__init__` got, if they are plain values."""
        from amalthea.saving import serialize_keras_object

        args, kwargs = self.__dict__["_init_arguments"]
        signature = inspect.signature(type(self).__init__)
        names = [p.name for p in list(signature.parameters.values())[1:] if p.kind in calls._POSITIONAL]
        given = {**dict(zip(names, args, strict=False)), **kwargs}
        for name in _BASE_ARGUMENTS:
            given.pop(name, None)
        try:
            return {name: serialize_keras_object(value) for name, value in given.items()}
        except (AmaltheaError, TypeError, ValueError) as error:
            raise SerializationError(
                f"{type(self).__name__} takes arguments that cannot be written on their own ({', '.join(given)}). "
                "Define `get_config` in it, which returns all arguments of `__init__` as plain values."
            ) from error

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Layer:
        """The layer that `get_config` described.

        Raises:
            ArgumentTypeError: the configuration does not fit the class.
        """
        config = dict(config)
        for name in _UNUSED_OF_KERAS:
            if config.get(name, 0) is None:
                del config[name]
        if "dtype" in config and isinstance(config["dtype"], dict):
            config["dtype"] = dtype_policies.deserialize(config["dtype"])
        try:
            return cls(**config)
        except TypeError as error:
            raise ArgumentTypeError(f"{cls.__name__} cannot be made from its configuration {config}: {error}") from error

    def __repr__(self) -> str:
        return f"<{type(self).__name__} name={self.name}, built={self.built}>"

    def __str__(self) -> str:
        return self.__repr__()


# What Keras writes for features that layers here do not have themselves; where it says "not used", it is passed over.
_UNUSED_OF_KERAS = ("quantization_config", "lora_rank", "lora_alpha", "gptq_unpacked_column_size")
_SUPPOSITIONS = ((83, 89), (97, 101))
_PLAIN_TYPES = frozenset({type(None), bool, int, float, complex, str, bytes})


def _by_samples(value: Any, output: Any) -> Any:
    """`value` divided by the number of samples in `output`."""
    samples = ops.shape(output)[0] if len(output.shape) else 1
    return value if samples is None else ops.divide(value, samples)


_UNTRACKED = frozenset({"_init_arguments", "_own_losses", "inbound_nodes", "_build_shapes", "_dtype_policy", "input_spec", "_functional"})


def _by_supposing(run: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """What `run` gives where it computes with sizes that are not known: they are supposed to be numbers. None if it fails all the same."""
    if not any(isinstance(leaf, Spec) and None in leaf.shape for leaf in tree.flatten((args, kwargs))):
        return None

    def supposing(numbers: tuple[int, int]) -> Any:
        size = SupposedSize(*numbers)

        def fill(leaf: Any) -> Any:
            return Spec([size if known is None else known for known in leaf.shape], leaf.dtype) if isinstance(leaf, Spec) else leaf

        with registry.use("symbolic"):
            return run(*tree.map_structure(fill, args), **tree.map_structure(fill, kwargs))

    try:
        return specs_of(*map(supposing, _SUPPOSITIONS))
    except Exception:
        return None


def _is_state(value: Any) -> bool:
    return isinstance(value, (Variable, Layer, list, dict, set, tuple)) or _is_metric(value) or _is_seed_generator(value)


def _legacy_input_shape(kwargs: dict[str, Any]) -> tuple[int | None, ...] | None:
    """The input shape, without the batch, that old code gives to the first layer of a model."""
    size, shape = kwargs.pop("input_dim", None), kwargs.pop("input_shape", None)
    if size is not None and shape is None:
        return standardize_shape((size,))
    return standardize_shape(shape) if shape is not None else None


def _as_shapes(shape: Any) -> Any:
    """Shapes read from a file: lists become tuples."""
    return tree.map_shape_structure(lambda s: s if s is None else tuple(s), shape)


def _describe(bound: dict[str, Any]) -> str:
    """The arguments of a call in a few words: shapes and dtypes for tensors."""

    def one(x: Any) -> str:
        return f"{dtypes.standardize_dtype(x.dtype)}{tuple(x.shape)}" if calls.is_tensor_like(x) else f"{x!r:.40}"

    return ", ".join(f"{name}={tree.map_structure(one, value)}".replace("'", "") for name, value in bound.items()) or "no arguments"
