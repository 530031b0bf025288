"""`InputSpec`: what a layer demands of its inputs, and the error when they are something else."""

from __future__ import annotations

from typing import Any

from amalthea import dtypes, tree
from amalthea.errors import ArgumentError, ArgumentTypeError, ShapeError
from amalthea.graph.keras_tensor import standardize_shape


class InputSpec:
    """Demands on one input of a layer; None demands nothing.

    Args:
        dtype: the dtype that it must have.
        shape: the shape; None in it fits every size.
        ndim: the number of axes.
        max_ndim: the most axes.
        min_ndim: the fewest axes.
        axes: sizes by axis, which may be negative.
        allow_last_axis_squeeze: whether a last axis of size 1 may be missing, or there besides.
        name: the name of the input, for errors.
        optional: whether None may be given.

    Example:
        >>> InputSpec(min_ndim=2, axes={-1: 3})
        InputSpec(min_ndim=2, axes={-1: 3})
    """

    def __init__(
        self,
        dtype: Any = None,
        shape: Any = None,
        ndim: int | None = None,
        max_ndim: int | None = None,
        min_ndim: int | None = None,
        axes: dict[int, int | None] | None = None,
        allow_last_axis_squeeze: bool = False,
        name: str | None = None,
        optional: bool = False,
    ) -> None:
        self.dtype = dtypes.standardize_dtype(dtype) if dtype is not None else None
        self.shape = standardize_shape(shape) if shape is not None else None
        self.ndim = len(self.shape) if self.shape is not None else ndim
        self.max_ndim = max_ndim
        self.min_ndim = min_ndim
        self.axes = {int(axis): size for axis, size in (axes or {}).items()}
        self.allow_last_axis_squeeze = allow_last_axis_squeeze
        self.name = name
        self.optional = optional
        most = self.ndim if self.ndim is not None else self.max_ndim
        for axis in self.axes:
            if most is not None and axis >= most:
                raise ArgumentError(f"`axes` names axis {axis}, but the input has at most {most} axes.")

    def __repr__(self) -> str:
        given = {
            "dtype": self.dtype,
            "shape": self.shape,
            "ndim": self.ndim if self.shape is None else None,
            "max_ndim": self.max_ndim,
            "min_ndim": self.min_ndim,
            "axes": self.axes or None,
        }
        return f"InputSpec({', '.join(f'{key}={value}' for key, value in given.items() if value is not None)})"

    def get_config(self) -> dict[str, Any]:
        """The arguments that make an equal spec."""
        return {
            "dtype": self.dtype,
            "shape": self.shape,
            "ndim": self.ndim,
            "max_ndim": self.max_ndim,
            "min_ndim": self.min_ndim,
            "axes": self.axes,
        }

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> InputSpec:
        """The spec that `get_config` described."""
        return cls(**config)

    def complaint(self, shape: tuple[int | None, ...], dtype: str) -> str | None:
        """What is wrong with an input of this shape and dtype, or None."""
        if self.shape is not None and self.allow_last_axis_squeeze:
            if len(shape) == len(self.shape) + 1 and shape[-1] == 1:
                shape = shape[:-1]
            elif len(self.shape) == len(shape) + 1 and self.shape[-1] == 1:
                shape = (*shape, 1)
        rank = len(shape)
        if self.ndim is not None and rank != self.ndim:
            return f"expected {self.ndim} axes" + (f" (shape {self.shape})" if self.shape is not None else "") + f", found {rank}"
        if self.max_ndim is not None and rank > self.max_ndim:
            return f"expected at most {self.max_ndim} axes, found {rank}"
        if self.min_ndim is not None and rank < self.min_ndim:
            return f"expected at least {self.min_ndim} axes, found {rank}"
        if self.dtype is not None and dtype != self.dtype:
            return f"expected dtype {self.dtype}, found {dtype}"
        for axis, size in self.axes.items():
            if not -rank <= axis < rank:
                return f"expected an axis {axis}, found {rank} axes"
            if size is not None and shape[axis] not in (size, None):
                return f"expected size {size} in axis {axis}, found {shape[axis]}"
        for axis, (wanted, found) in enumerate(zip(self.shape or (), shape, strict=False)):
            if wanted is not None and found not in (wanted, None):
                return f"expected shape {self.shape}, found size {found} in axis {axis}"
        return None


def check_inputs(input_spec: Any, inputs: Any, layer: Any) -> None:
    """Raise `ShapeError` unless `inputs` are as `input_spec` demands; the error names `layer`."""
    specs = tree.flatten(input_spec)
    if isinstance(input_spec, dict) and isinstance(inputs, dict):
        missing = [name for name in input_spec if name not in inputs and not input_spec[name].optional]
        if missing:
            raise ShapeError(
                f"{layer} lacks the input {missing[0]!r}. Received inputs with the keys {sorted(inputs)}; expected {sorted(input_spec)}."
            )
        leaves: list[Any] = [inputs.get(name) for name in sorted(input_spec)]
        specs = [input_spec[name] for name in sorted(input_spec)]
    else:
        leaves = tree.flatten(inputs)
    if len(leaves) != len(specs):
        raise ShapeError(f"{layer} takes {len(specs)} inputs, but received {len(leaves)}: shapes {[getattr(x, 'shape', x) for x in leaves]}.")
    for position, (x, spec) in enumerate(zip(leaves, specs, strict=True)):
        if spec is None or (x is None and spec.optional):
            continue
        if not hasattr(x, "shape"):
            raise ArgumentTypeError(f"{layer} takes tensors. Received {x!r:.60} of type {type(x).__name__}.")
        complaint = spec.complaint(tuple(x.shape), dtypes.standardize_dtype(x.dtype))
        if complaint is not None:
            which = f" {spec.name!r}" if spec.name else (f" {position}" if len(specs) > 1 else "")
            raise ShapeError(f"Input{which} of {layer} does not fit: {complaint}. Full shape received: {tuple(x.shape)}.")
