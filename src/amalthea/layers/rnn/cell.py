"""`BaseCell`: what the cells of recurrent layers have in common, and their dropout.

A cell is a layer that does one step: `output, states = cell(inputs, states)`. Its dropout masks are the same at every step of a
sequence. `one_draw` is the context of such a sequence: inside it each mask is drawn when it is first asked for, and kept.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, ClassVar

from amalthea import activations, ops, random
from amalthea.layers.layer import Layer
from amalthea.layers.weighted import described, new_weight, positive, rate_of, resolve

WEIGHTS = (
    "kernel_initializer",
    "recurrent_initializer",
    "bias_initializer",
    "kernel_regularizer",
    "recurrent_regularizer",
    "bias_regularizer",
    "kernel_constraint",
    "recurrent_constraint",
    "bias_constraint",
)

_drawn: ContextVar[dict[tuple[int, str], Any] | None] = ContextVar("amalthea_dropout_masks", default=None)


@contextmanager
def one_draw() -> Iterator[None]:
    """Cells called inside draw each of their dropout masks once (those of a loop around this one count too)."""
    if _drawn.get() is not None:
        yield
        return
    token = _drawn.set({})
    try:
        yield
    finally:
        _drawn.reset(token)


class BaseCell(Layer):
    """A step of a recurrence whose gates stand side by side in its kernels. Not for use by itself.

    Args:
        units: the size of the output and of each state.
        activation: a function, or the name of one.
        use_bias: whether a bias is added.
        weights: initializers, regularizers and constraints, by argument.
        dropout: the share of the inputs that is dropped in training.
        recurrent_dropout: the share of the state that is dropped in training.
        seed: a seed for the draws.
        **kwargs: arguments of `Layer`.
    """

    kernel_initializer: Any
    recurrent_initializer: Any
    bias_initializer: Any
    kernel_regularizer: Any
    recurrent_regularizer: Any
    bias_regularizer: Any
    kernel_constraint: Any
    recurrent_constraint: Any
    bias_constraint: Any

    gates: ClassVar[int] = 1
    arguments: ClassVar[tuple[str, ...]] = ("units", "activation", "use_bias", "dropout", "recurrent_dropout", "seed")

    def __init__(
        self,
        units: int,
        activation: Any,
        use_bias: bool,
        weights: dict[str, Any],
        dropout: float,
        recurrent_dropout: float,
        seed: int | None,
        **kwargs: Any,
    ) -> None:
        self.implementation = kwargs.pop("implementation", 2)  # kept for Keras's sake
        super().__init__(**kwargs)
        kind = type(self).__name__
        self.units = positive(kind, "units", units)
        self.activation = activations.get(activation)
        self.use_bias = use_bias
        resolve(self, weights)
        self.dropout = rate_of(kind, "dropout", dropout)
        self.recurrent_dropout = rate_of(kind, "recurrent_dropout", recurrent_dropout)
        self.seed = seed
        self.seed_generator = random.SeedGenerator(seed)
        self.state_size: Any = self.units
        self.output_size = self.units

    def _add_weights(self, features: int, bias_shape: tuple[int, ...], bias_initializer: Any) -> None:
        wide = self.gates * self.units
        self.kernel = new_weight(self, "kernel", (features, wide))
        self.recurrent_kernel = new_weight(self, "recurrent_kernel", (self.units, wide), prefix="recurrent")
        self.bias = None
        if self.use_bias:
            self.bias = new_weight(self, "bias", bias_shape, initializer=bias_initializer)

    def build(self, input_shape: Any) -> None:
        self._add_weights(input_shape[-1], (self.gates * self.units,), self.bias_initializer)

    def get_dropout_mask(self, step_input: Any) -> list[Any]:
        """The masks with which the inputs are multiplied in training: one a gate, or one for all without recurrent dropout."""
        return self._masks("dropout", step_input, self.gates if self.recurrent_dropout else 1)

    def get_recurrent_dropout_mask(self, step_input: Any) -> list[Any]:
        """The masks with which the state is multiplied in training, one a gate."""
        return self._masks("recurrent_dropout", step_input, self.gates)

    def _masks(self, which: str, like: Any, count: int) -> list[Any]:
        kept, key = _drawn.get(), (id(self), which)
        if kept is not None and key in kept:
            return kept[key]  # type: ignore[no-any-return]
        rate = getattr(self, which)
        masks = [random.dropout(ops.ones_like(like), rate, seed=self.seed_generator) for _ in range(count)]
        if kept is not None:
            kept[key] = masks
        return masks

    def _from_inputs(self, inputs: Any, training: bool | None) -> Any:
        """What the inputs add to all gates."""
        masks = self.get_dropout_mask(inputs) if training and self.dropout else None
        return product(inputs, self.kernel, masks)

    def _from_state(self, state: Any, training: bool | None) -> Any:
        """What the state adds to all gates."""
        masks = self.get_recurrent_dropout_mask(state) if training and self.recurrent_dropout else None
        return product(state, self.recurrent_kernel, masks)

    def get_initial_state(self, batch_size: int | None = None) -> list[Any]:
        """States of zeros, for so many samples."""
        sizes = self.state_size if isinstance(self.state_size, (list, tuple)) else [self.state_size]
        batch: Any = batch_size  # None where it is not known yet
        return [ops.zeros((batch, size), dtype=self.compute_dtype) for size in sizes]

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), **cell_config(self, self.arguments)}


def cell_config(cell: Any, arguments: tuple[str, ...]) -> dict[str, Any]:
    """The arguments of a cell as plain values, those of `WEIGHTS` included."""
    plain = {name: getattr(cell, name) for name in arguments}
    functions = {name: activations.serialize(plain[name]) for name in plain if name.endswith("activation")}
    return {**plain, **functions, **described(cell, *WEIGHTS)}


def product(x: Any, kernel: Any, masks: list[Any] | None) -> Any:
    """`x @ kernel`; with masks, each block of columns of the kernel sees `x` times its own."""
    if masks is None:
        return ops.matmul(x, kernel)
    if len(masks) == 1:
        return ops.matmul(ops.multiply(x, masks[0]), kernel)
    blocks = ops.split(kernel, len(masks), axis=1)
    return ops.concatenate([ops.matmul(ops.multiply(x, mask), block) for mask, block in zip(masks, blocks, strict=True)], axis=-1)
