"""`Variable`: everything that changes (weights, optimizer slots, metric totals, random state)."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, NamedTuple

import numpy as np

from amalthea import config, dtypes
from amalthea.engines import registry
from amalthea.engines.derived import Engine
from amalthea.engines.sizes import whole
from amalthea.engines.spec import Spec
from amalthea.errors import ArgumentError, ShapeError, StateError
from amalthea.graph.operators import TensorOperators
from amalthea.state import naming
from amalthea.state.scope import current_scope

_autocast: ContextVar[str | None] = ContextVar("amalthea_autocast", default=None)
_materializing = threading.RLock()

_AGGREGATIONS = ("none", "mean", "sum", "only_first_replica")
_SYNCHRONIZATIONS = ("none", "on_read", "on_write", "auto")


@contextmanager
def autocast_scope(dtype: str | None) -> Iterator[None]:
    """Floating variables that allow it read as `dtype` inside; None: as they are."""
    token = _autocast.set(dtype if dtype is not None and dtypes.is_float(dtype) else None)
    try:
        yield
    finally:
        _autocast.reset(token)


class Reference(NamedTuple):
    """A variable as a key: equal to the references to the same variable."""

    variable: Variable

    def deref(self) -> Variable:
        """The variable."""
        return self.variable


class Variable(TensorOperators):
    """A tensor that can be assigned.

    The first value is made when it is first read, on the engine that is current then; drawn on the host, it is the
    same on every engine.

    Args:
        initializer: the first value (array, number, tensor), or what makes it: a function of `(shape, dtype=...)`, an
            initializer of `amalthea.initializers`, or the name of one. Functions need `shape`.
        shape: the shape; may be left out where `initializer` is a value.
        dtype: the dtype; by default that of the value, or `config.floatx()`.
        trainable: whether training changes it.
        autocast: whether it reads as the compute dtype inside layers of mixed precision.
        aggregation: how copies on several devices are combined: "none", "mean", "sum", "only_first_replica".
        layout: how it is laid out over devices; kept for `amalthea.distribution`.
        synchronization: when copies are combined: "none", "on_read", "on_write", "auto".
        name: its name, without "/".

    Raises:
        ArgumentError: a bad name, aggregation or synchronization, or a function without a shape.
        ShapeError: the value does not have the shape.

    Example:
        >>> import amalthea
        >>> v = amalthea.Variable([1.0, 2.0], name="v")
        >>> v.assign_add([1.0, 1.0]).numpy()
        array([2., 3.], dtype=float32)
    """

    # Let `array * variable` come to our operators.
    __array_priority__ = 100

    lendings = 0
    """How often a stored tensor was handed out or moved to another engine, over all variables. Compiled functions compare this with the
    count that they saw last: only if it changed need they look for variables that are `lent`, whose memory they must not recycle, or that
    live on another engine."""

    sole: Any = None
    """The stored tensor, if a compiled function gave it and nobody else has it, so that such functions may write into it."""

    reading: Any = None
    """What an engine remembers of the last reading, for tapes."""

    def __init__(
        self,
        initializer: Any,
        shape: Any = None,
        dtype: Any = None,
        trainable: bool = True,
        autocast: bool = True,
        aggregation: str = "none",
        layout: Any = None,
        synchronization: str = "auto",
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        if kwargs:
            raise ArgumentError(f"`Variable` got unknown arguments: {', '.join(kwargs)}.")
        name = name or naming.unique_name(naming.snake_case(type(self).__name__))
        if not isinstance(name, str) or "/" in name:
            raise ArgumentError(f"`name` must be a string without '/'. Received: {name!r}.")
        if aggregation not in _AGGREGATIONS:
            raise ArgumentError(f"`aggregation` must be one of {_AGGREGATIONS}. Received: {aggregation!r}.")
        if synchronization not in _SYNCHRONIZATIONS:
            raise ArgumentError(f"`synchronization` must be one of {_SYNCHRONIZATIONS}. Received: {synchronization!r}.")
        self._name = name
        self._path = naming.current_path(name)
        self._trainable = bool(trainable)
        self._autocast = bool(autocast)
        self._aggregation = aggregation
        self._synchronization = synchronization
        self._layout = layout
        self.regularizer: Callable[[Any], Any] | None = None
        self.constraint: Callable[[Any], Any] | None = None
        self.overwrite_with_gradient = False
        self.lent = False
        self._value: Any = None
        self._engine: str | None = None
        self._initializer: Any
        if isinstance(initializer, str):
            from amalthea import initializers

            initializer = initializers.get(initializer)
        if callable(initializer) and not isinstance(initializer, Variable):
            if shape is None:
                raise ArgumentError(
                    f"A variable whose first value is made by a function needs `shape`. Received: initializer={initializer!r}, shape=None."
                )
            self._initializer = initializer
            self._dtype = dtypes.standardize_dtype(dtype)
            self._shape = self._checked_shape(shape)
        else:
            self._start_from_value(initializer, shape, dtype)

    def _start_from_value(self, value: Any, shape: Any, dtype: Any) -> None:
        if isinstance(value, Variable):
            host, found = value.numpy(), value.dtype
        else:
            if type(value) is Spec:
                raise StateError("A variable cannot start from a symbolic tensor, which has no value.")
            host, found = _host_copy(value)
        self._dtype = found if dtype is None else dtypes.standardize_dtype(dtype)
        self._shape = tuple(int(size) for size in host.shape)
        if shape is not None and tuple(shape) != self._shape:
            raise ShapeError(f"The first value has shape {self._shape}, but `shape` is {tuple(shape)} (variable {self.path!r}).")
        self._initializer = host

    def _checked_shape(self, shape: Any) -> tuple[int, ...]:
        given = tuple(shape) if isinstance(shape, Iterable) else (shape,)
        sizes = tuple(whole(size, "shape") for size in given if size is not None)
        if None in given or any(size < 0 for size in sizes):
            raise ShapeError(
                f"The shape of a variable must be known and not negative. Received: shape={given} for variable {self.path!r}. "
                "Give the layer an input whose sizes are known in every axis but the batch."
            )
        return sizes

    # --- what it is ---

    @property
    def name(self) -> str:
        """Its name, the last part of its path."""
        return self._name

    @property
    def path(self) -> str:
        """Where it stands in the model, such as "dense/kernel"."""
        return self._path

    @property
    def shape(self) -> tuple[int, ...]:
        """Its shape."""
        return self._shape

    @property
    def ndim(self) -> int:
        """The number of its axes."""
        return len(self._shape)

    @property
    def dtype(self) -> str:
        """The dtype that it reads as here: the compute dtype inside layers of mixed precision."""
        cast = _autocast.get()
        if cast is not None and self._autocast and dtypes.is_float(self._dtype):
            return cast
        return self._dtype

    @property
    def trainable(self) -> bool:
        """Whether training changes it."""
        return self._trainable

    @trainable.setter
    def trainable(self, value: bool) -> None:
        self._trainable = bool(value)

    @property
    def autocast(self) -> bool:
        """Whether it reads as the compute dtype inside layers of mixed precision."""
        return self._autocast

    @property
    def aggregation(self) -> str:
        """How copies on several devices are combined."""
        return self._aggregation

    @property
    def synchronization(self) -> str:
        """When copies on several devices are combined."""
        return self._synchronization

    # --- reading ---

    @property
    def value(self) -> Any:
        """Its value, a tensor of the engine in use. Tensors are not to be written into, where the engine's can be: `assign` instead."""
        engine = registry.current()
        if engine.name == "symbolic":
            return Spec(self._shape, self.dtype)
        scope = current_scope()
        value = engine.noted(self, scope.read(self) if scope is not None else self.held())
        cast = _autocast.get()
        if cast is not None and cast != self._dtype and self._autocast and dtypes.is_float(self._dtype):
            return engine.cast(value, cast)
        if scope is None:
            self.lend()
        return value

    def lend(self) -> None:
        """Note that somebody may hold the stored tensor, whose memory must not be recycled."""
        if not self.lent:
            self.lent = True
            Variable.lendings += 1

    def held(self) -> Any:
        """The stored tensor itself, on the engine in use: made or moved there now if it was not yet. For engines; others read `value`."""
        engine = registry.current()
        if self._engine != engine.name:
            self.move(engine)
        return self._value

    _should_act_as_resource_variable = True  # by this `tf.GradientTape` knows what has a `handle`

    @property
    def handle(self) -> Any:
        """The tensor by which a tape of the engine in use knows it; only engines with tapes have it."""
        return registry.current().handle_of(self)

    def ref(self) -> Reference:
        """What stands for it in sets and in the keys of dictionaries."""
        return Reference(self)

    def move(self, engine: Engine) -> None:
        """Live on `engine` from here on, with the same value."""
        with _materializing:
            if self._engine == engine.name:
                return
            host = self._first_value() if self._engine is None else registry.get(self._engine).to_host(self._value)
            self._value = engine.hold(host, self._dtype)
            self._engine = engine.name
            self._initializer = None  # it may be an array as large as the value
            self.lent = False
            Variable.lendings += 1

    def _first_value(self) -> np.ndarray:
        initializer = self._initializer
        if isinstance(initializer, np.ndarray):
            return initializer
        draw = getattr(initializer, "draw", None)
        if draw is not None:
            host = np.asarray(draw(self._shape, self._dtype))
        else:
            with registry.use("numpy"):
                host = _host_copy(initializer(self._shape, dtype=self._dtype))[0]
        if host.shape != self._shape:
            raise ShapeError(f"The initializer {initializer!r} gave shape {host.shape} for the variable {self.path!r} of shape {self._shape}.")
        return host

    def numpy(self) -> np.ndarray:
        """A copy of its value as an array."""
        if self._value is None and current_scope() is None:
            from amalthea.engines import numpy as host_engine

            with _materializing:
                if self._value is None:
                    self._initializer = self._first_value()  # drawn once: another draw may differ
                    return host_engine.ENGINE.from_host(self._initializer, self._dtype)
        scope = current_scope()
        value = scope.read(self) if scope is not None else self._value
        return registry.get(self._engine or registry.current_name()).to_host(value)

    def wait(self) -> None:
        """Return when its value is computed, or copied to where it lives; engines do that beside the program."""
        if self._value is not None and self._engine is not None:
            registry.get(self._engine).synchronize(self._value)

    def memento(self) -> Callable[[], None]:
        """A function that gives it back the value that it has now. Nothing is drawn, read or copied for it."""
        # The stored tensor must not be recycled meanwhile, as if it had been handed out.
        self.lent = True
        Variable.lendings += 1
        held, engine, initializer = self._value, self._engine, self._initializer

        def restore() -> None:
            self._value, self._engine, self._initializer = held, engine, initializer
            self.lent = True
            Variable.lendings += 1

        return restore

    def __getstate__(self) -> dict[str, Any]:
        """Copies have the value that this one has, wherever they are used."""
        kept = {name: part for name, part in self.__dict__.items() if name not in ("reading", "sole")}
        return {**kept, "_initializer": self.numpy(), "_value": None, "_engine": None, "lent": False}

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        value = self.numpy()
        return value if dtype is None else value.astype(dtype)

    def __float__(self) -> float:
        return float(self._number())

    def __int__(self) -> int:
        return int(self._number())

    def __bool__(self) -> bool:
        raise TypeError(f"The variable {self.path!r} has no truth value. Compare its value, or use `variable is None`.")

    def _number(self) -> Any:
        if self._shape:
            raise TypeError(f"Only a scalar is a number. The variable {self.path!r} has shape {self._shape}.")
        return self.numpy()

    # --- assigning ---

    def checked(self, value: Any) -> Any:
        """`value` as a tensor that this variable can hold."""
        engine = registry.current()
        if not engine.is_tensor(value):
            if isinstance(value, Variable):
                value = value.value
            elif not isinstance(value, Spec):
                value = engine.from_host(_host_copy(value)[0], self._dtype)
        if tuple(value.shape) != self._shape:
            raise ShapeError(f"The variable {self.path!r} has shape {self._shape}; it cannot be assigned a value of shape {tuple(value.shape)}.")
        return value if dtypes.standardize_dtype(value.dtype) == self._dtype else engine.cast(value, self._dtype)

    def assign(self, value: Any) -> Any:
        """Let it have `value` (same shape; the dtype is cast).

        Returns:
            The variable.

        Raises:
            ShapeError: `value` has another shape.
        """
        if registry.current().name == "symbolic":
            if tuple(getattr(value, "shape", self._shape)) != self._shape:
                raise ShapeError(f"The variable {self.path!r} has shape {self._shape}; it cannot be assigned a value of shape {tuple(value.shape)}.")
            return self
        if type(value) is np.ndarray and value.shape == self._shape and value.dtype.name == self._dtype and current_scope() is None:
            self._keep(registry.current(), value)
        else:
            self.store(self.checked(value))
        return self

    def _keep(self, engine: Engine, host: np.ndarray) -> None:
        """Hold the values of an array that fits: fewer copies than through a tensor."""
        self._value = engine.hold(host, self._dtype)
        if self._engine != engine.name:
            self._engine = engine.name
            self._initializer = None
            Variable.lendings += 1
        self.lent = False

    def store(self, tensor: Any) -> None:
        """Keep `tensor`, which fits, as the value. For engines; others `assign`."""
        scope = current_scope()
        if scope is not None:
            scope.write(self, tensor)
            return
        engine = registry.current()
        held = self._value if self._engine == engine.name else None
        self._value = engine.assign(held, tensor)
        if held is None:
            self._engine = engine.name
            Variable.lendings += 1
        self.lent = False

    def assign_add(self, value: Any) -> Any:
        """Add `value` to it."""
        from amalthea import ops

        return self.assign(ops.add(self._stored(), value))

    def assign_sub(self, value: Any) -> Any:
        """Take `value` from it."""
        from amalthea import ops

        return self.assign(ops.subtract(self._stored(), value))

    def _stored(self) -> Any:
        with autocast_scope(None):
            return self.value

    def __len__(self) -> int:
        if not self._shape:
            raise TypeError(f"The variable {self.path!r} is a scalar, which has no length.")
        return self._shape[0]

    def __repr__(self) -> str:
        return f"<Variable path={self.path}, shape={self.shape}, dtype={self._dtype}>"


def _host_copy(value: Any) -> tuple[np.ndarray, str]:
    """`value` as an array of its own, and the dtype that a variable made of it has."""
    if isinstance(value, (bool, int, float, complex)) and not isinstance(value, np.generic):
        return np.array(value), dtypes.result_type(type(value))
    weak = not hasattr(value, "dtype")
    host = np.array(value)
    if host.dtype.kind in "OSUMm":
        raise ArgumentError(f"A variable holds numbers. Received a value of type {type(value).__name__}, which has none: {value!r:.60}.")
    if weak and host.dtype.kind == "f":
        return host, config.floatx()
    if weak and host.dtype.kind == "i":
        return host, "int32"
    return host, dtypes.standardize_dtype(host.dtype)


def is_variable(x: Any) -> bool:
    """Whether `x` is a variable. (Not a lambda: what trackers sort by is pickled with them.)"""
    return isinstance(x, Variable)
