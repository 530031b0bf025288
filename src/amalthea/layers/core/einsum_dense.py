"""`EinsumDense`: a dense layer whose product is written as an Einstein sum."""

from __future__ import annotations

import math
import re
from functools import lru_cache
from typing import Any

from amalthea import activations, ops, regularizers
from amalthea.errors import ArgumentError, ShapeError
from amalthea.layers.layer import Layer
from amalthea.layers.weighted import described, new_weight, resolve

_SETTINGS = ("kernel_initializer", "bias_initializer", "kernel_regularizer", "bias_regularizer", "kernel_constraint", "bias_constraint")
_EQUATION = re.compile(r"(\.\.\.)?([A-Za-z]+)(\.\.\.)?,([A-Za-z]+)->(\.\.\.)?([A-Za-z]+)(\.\.\.)?")


class EinsumDense(Layer):
    """`activation(einsum(equation, inputs, kernel) + bias)`.

    Args:
        equation: the sum, such as "abc,cd->abd": the letters of the inputs, of the kernel, of the output. "..." stands for further axes.
        output_shape: the sizes of the output without the batch (or without what "..." stands for); None for sizes that follow from the input.
        activation: a function, or the name of one.
        bias_axes: the letters of the output along which the bias varies; no bias by default.
        kernel_initializer: the first value of the kernel.
        bias_initializer: the first value of the bias.
        kernel_regularizer: a regularizer of the kernel.
        bias_regularizer: a regularizer of the bias.
        activity_regularizer: a regularizer of the output.
        kernel_constraint: a constraint on the kernel.
        bias_constraint: a constraint on the bias.
        **kwargs: arguments of `Layer`.

    Raises:
        ArgumentError: an equation that is none, or letters that are not explained.
        ShapeError: an input that the equation does not fit.

    Example:
        >>> import amalthea
        >>> layer = amalthea.layers.EinsumDense("abc,cd->abd", output_shape=(None, 64), bias_axes="d")
        >>> layer(amalthea.ops.ones((2, 32, 128))).shape
        (2, 32, 64)
    """

    def __init__(
        self,
        equation: str,
        output_shape: Any,
        activation: Any = None,
        bias_axes: str | None = None,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        kernel_constraint: Any = None,
        bias_constraint: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(activity_regularizer=activity_regularizer, **kwargs)
        self.equation = equation
        if _EQUATION.fullmatch(equation.replace(" ", "")) is None:
            raise ArgumentError(
                f"`equation` of EinsumDense must have the form 'inputs,kernel->output', such as 'abc,cd->abd'. Received: {equation!r}."
            )
        self.partial_output_shape = (output_shape,) if output_shape is None or isinstance(output_shape, int) else tuple(output_shape)
        self.bias_axes = bias_axes
        self.activation = activations.get(activation)
        values = (kernel_initializer, bias_initializer, kernel_regularizer, bias_regularizer, kernel_constraint, bias_constraint)
        resolve(self, dict(zip(_SETTINGS, values, strict=True)))

    def build(self, input_shape: Any) -> None:
        kernel_shape, bias_shape, self.full_output_shape = weight_shapes(self.equation, self.bias_axes, tuple(input_shape), self.partial_output_shape)
        self._kernel = new_weight(self, "kernel", kernel_shape)
        self.bias = None
        if bias_shape is not None:
            self.bias = new_weight(self, "bias", bias_shape)

    @property
    def kernel(self) -> Any:
        """The kernel."""
        return self._kernel

    def call(self, inputs: Any, training: bool | None = None) -> Any:
        count = trailing_sums(self.equation)
        x = _product(inputs, self.kernel, count) if count else ops.einsum(self.equation, inputs, self.kernel)
        if self.bias is not None:
            x = ops.add(x, self.bias)
        return self.activation(x) if self.activation is not None else x

    def compute_output_shape(self, input_shape: Any) -> Any:
        return weight_shapes(self.equation, self.bias_axes, tuple(input_shape), self.partial_output_shape)[2]

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "output_shape": self.partial_output_shape,
            "equation": self.equation,
            "activation": activations.serialize(self.activation),
            "bias_axes": self.bias_axes,
            "activity_regularizer": regularizers.serialize(self.activity_regularizer),
            **described(self, *_SETTINGS),
            "quantization_config": None,
        }


@lru_cache(maxsize=1024)
def trailing_sums(equation: str) -> int:
    """How many last axes of the input are summed with the first ones of the kernel, where the sum is no more than that; else 0.

    Example:
        >>> trailing_sums("abc,cde->abde"), trailing_sums("abcd,cde->abe"), trailing_sums("abc,bd->adc")
        (1, 2, 0)
    """
    sides = _EQUATION.fullmatch(equation.replace(" ", ""))
    assert sides is not None
    before, letters, after, kernel, out_before, out, out_after = sides.groups()
    if after or out_after or before != out_before or len(set(letters)) < len(letters) or len(set(kernel)) < len(kernel):
        return 0
    for count in range(1, min(len(letters), len(kernel)) + 1):
        kept = letters[: len(letters) - count]
        if letters[len(kept) :] == kernel[:count] and out == kept + kernel[count:] and not set(kept) & set(kernel):
            return count if kept or before else 0
    return 0


def _product(inputs: Any, kernel: Any, count: int) -> Any:
    """The sum over the last `count` axes of the inputs and the first of the kernel, as one product of matrices."""
    lead, size = ops.shape(inputs)[: len(inputs.shape) - count], math.prod(kernel.shape[:count])
    if count > 1:
        inputs = ops.reshape(inputs, (*lead, size))
    columns = kernel.shape[count:]
    if len(columns) == 1 == count:
        return ops.matmul(inputs, kernel)
    x = ops.matmul(inputs, ops.reshape(kernel, (size, math.prod(columns))))
    return x if len(columns) == 1 else ops.reshape(x, (*lead, *columns))


def weight_shapes(
    equation: str, bias_axes: str | None, input_shape: tuple[int | None, ...], output_shape: tuple[int | None, ...]
) -> tuple[tuple[int, ...], tuple[int, ...] | None, tuple[int | None, ...]]:
    """The shapes of the kernel, of the bias (or None) and of the output.

    Args:
        equation: the sum.
        bias_axes: letters of the output, or None.
        input_shape: the shape of the input.
        output_shape: the sizes of the output that are given.

    Example:
        >>> weight_shapes("abc,cd->abd", "d", (None, 32, 128), (None, 64))
        ((128, 64), (64,), (None, 32, 64))
    """
    sides = _EQUATION.fullmatch(equation.replace(" ", ""))
    assert sides is not None
    in_before, in_letters, in_after, kernel_letters, _, out_letters, _ = sides.groups()
    extra = len(input_shape) - len(in_letters)
    if extra < 0 or (extra and not (in_before or in_after)):
        raise ShapeError(f"The equation {equation!r} takes inputs of {len(in_letters)} axes. Received an input of shape {input_shape}.")
    shared = input_shape[:extra] if in_before else input_shape[len(input_shape) - extra :]
    own = input_shape[extra:] if in_before else input_shape[: len(in_letters)]
    sizes: dict[str, int | None] = dict(zip(in_letters, own, strict=True))

    # What is given leaves out the batch: the first letter, or all that "..." before stands for.
    given = list(output_shape)
    letters = out_letters if in_before else out_letters[1:]
    if len(given) == len(out_letters) and not in_before:
        letters = out_letters
    if len(given) != len(letters):
        raise ShapeError(f"`output_shape` must have {len(letters)} sizes for the equation {equation!r}. Received: output_shape={output_shape}.")
    for letter, size in zip(letters, given, strict=True):
        known = sizes.get(letter)
        if size is not None and known is not None and size != known:
            raise ShapeError(f"The equation {equation!r} gives {letter!r} the size {known} in the input and {size} in `output_shape`.")
        if size is not None or letter not in sizes:
            sizes[letter] = size
    kernel = []
    for letter in kernel_letters:
        if sizes.get(letter) is None:
            raise ShapeError(
                f"The size of {letter!r} in the equation {equation!r} must be known: input shape {input_shape}, output_shape={output_shape}."
            )
        kernel.append(sizes[letter])
    for letter in out_letters:
        if letter not in in_letters + kernel_letters:
            raise ArgumentError(f"The letter {letter!r} of the output in {equation!r} is in neither the inputs nor the kernel.")
    own_output = tuple(sizes[letter] for letter in out_letters)
    full = (*shared, *own_output) if in_before else (*own_output, *shared)
    bias: tuple[int, ...] | None = None
    if bias_axes:
        if any(letter not in out_letters for letter in bias_axes):
            raise ArgumentError(f"`bias_axes` must hold letters of the output of {equation!r}. Received: bias_axes={bias_axes!r}.")
        first = min(out_letters.index(letter) for letter in bias_axes)
        tail = [sizes[letter] if letter in bias_axes else 1 for letter in out_letters[first:]]
        bias = (*tail, *([1] * extra if in_after else []))  # type: ignore[arg-type]
    return tuple(kernel), bias, full  # type: ignore[arg-type]
