"""`KerasTensor`: a symbolic tensor, of which models are made."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

from amalthea import dtypes, tree
from amalthea.engines.spec import Size, Spec
from amalthea.errors import ArgumentTypeError
from amalthea.graph.operators import TensorOperators
from amalthea.state import naming

if TYPE_CHECKING:
    from amalthea.graph.operation import Operation


class KerasHistory(NamedTuple):
    """Where a symbolic tensor comes from: the operation, which of its calls, and which output of that call."""

    operation: Operation
    node_index: int
    tensor_index: int


class KerasTensor(TensorOperators):
    """A tensor with a shape and a dtype but no values, that knows the operation it comes from.

    Args:
        shape: the sizes; None where one is not known.
        dtype: the dtype.
        sparse: kept for Keras's sake; must be False.
        ragged: kept for Keras's sake; must be False.
        record_history: kept for Keras's sake.
        name: a name.

    Example:
        >>> KerasTensor((None, 3), name="x")
        <KerasTensor shape=(None, 3), dtype=float32, sparse=False, ragged=False, name=x>
    """

    __array_priority__ = 1000

    def __init__(
        self,
        shape: Any,
        dtype: Any = "float32",
        sparse: bool = False,
        ragged: bool = False,
        record_history: bool = True,
        name: str | None = None,
    ) -> None:
        if sparse or ragged:
            raise ArgumentTypeError("Sparse and ragged symbolic tensors are not supported. Use dense tensors, and masks for uneven lengths.")
        self.shape: tuple[Size, ...] = standardize_shape(shape)
        self.dtype: str = dtypes.standardize_dtype(dtype)
        self.sparse = False
        self.ragged = False
        self.name: str = name or naming.unique_name("keras_tensor")
        self._keras_mask: Any = None
        self._keras_history: KerasHistory | None = None

    @property
    def ndim(self) -> int:
        """The number of axes."""
        return len(self.shape)

    @property
    def spec(self) -> Spec:
        """Its shape and dtype, as a tensor of the symbolic engine."""
        return Spec(self.shape, self.dtype)

    def reshape(self, newshape: Any) -> Any:
        """`ops.reshape` of it."""
        from amalthea import ops

        return ops.reshape(self, newshape)

    def squeeze(self, axis: Any = None) -> Any:
        """`ops.squeeze` of it."""
        from amalthea import ops

        return ops.squeeze(self, axis)

    @property
    def T(self) -> Any:  # noqa: N802 (NumPy's name)
        """`ops.transpose` of it."""
        from amalthea import ops

        return ops.transpose(self)

    def _refuse(self, what: str) -> ArgumentTypeError:
        return ArgumentTypeError(
            f"{self!r} is a symbolic tensor: it stands for values that come when the model runs, so it cannot be {what}. "
            "Use functions of `amalthea.ops` or layers on it; put other code into the `call` method of a layer of your own."
        )

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Any:
        raise self._refuse("turned into a NumPy array")

    def __jax_array__(self) -> Any:
        raise self._refuse("given to a function of JAX")

    def __bool__(self) -> bool:
        raise self._refuse("used as a truth value (in `if`, `while`, `and`)")

    def __iter__(self) -> Iterator[Any]:
        raise self._refuse("iterated over")

    def __float__(self) -> float:
        raise self._refuse("turned into a number")

    __int__ = __index__ = __float__  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"<KerasTensor shape={self.shape}, dtype={self.dtype}, sparse=False, ragged=False, name={self.name}>"


def standardize_shape(shape: Any) -> tuple[Size, ...]:
    """`shape` as a tuple of integers and None."""
    if shape is None or isinstance(shape, (str, dict)):
        raise ArgumentTypeError(f"`shape` must be a tuple of integers and None. Received: {shape!r}.")
    sizes = (shape,) if isinstance(shape, int) else tuple(shape)
    for size in sizes:
        if size is not None and (not hasattr(size, "__index__") or int(size) < 0):
            raise ArgumentTypeError(f"`shape` must hold integers of at least 0, and None for sizes not known. Received: shape={shape!r}.")
    return tuple(None if size is None else int(size) for size in sizes)


def is_symbolic(part: Any) -> bool:
    """Whether `part` is a symbolic tensor, or holds one."""
    kind = type(part)
    if kind is KerasTensor:
        return True
    if kind is list or kind is tuple:
        return any(is_symbolic(element) for element in part)
    if kind is dict:
        return any(is_symbolic(element) for element in part.values())
    return isinstance(part, KerasTensor)


def any_symbolic_tensors(args: Any = None, kwargs: Any = None) -> bool:
    """Whether there is a symbolic tensor anywhere in the arguments of a call."""
    return is_symbolic(args or ()) or is_symbolic(kwargs or {})


def is_keras_tensor(x: Any) -> bool:
    """Whether `x` is a symbolic tensor."""
    return isinstance(x, KerasTensor)


def to_specs(structure: Any) -> Any:
    """`structure` with its symbolic tensors as tensors of the symbolic engine."""
    return tree.map_structure(lambda leaf: leaf.spec if isinstance(leaf, KerasTensor) else leaf, structure)


def from_specs(structure: Any) -> Any:
    """`structure` with the symbolic engine's tensors as new symbolic tensors."""
    return tree.map_structure(lambda leaf: KerasTensor(leaf.shape, leaf.dtype) if isinstance(leaf, Spec) else leaf, structure)
