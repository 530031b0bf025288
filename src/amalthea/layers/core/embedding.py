"""`Embedding`: a vector for each number."""

from __future__ import annotations

from typing import Any

from amalthea import ops, regularizers
from amalthea.layers.layer import Layer
from amalthea.layers.weighted import described, new_weight, positive, resolve

_SETTINGS = ("embeddings_initializer", "embeddings_regularizer", "embeddings_constraint")


class Embedding(Layer):
    """Turn integers (the numbers of words, users, ...) into vectors that are learned.

    Args:
        input_dim: how many integers there are; they go from 0 to `input_dim - 1`.
        output_dim: the size of a vector.
        embeddings_initializer: the first value of the vectors.
        embeddings_regularizer: a regularizer of the vectors.
        embeddings_constraint: a constraint on the vectors.
        mask_zero: whether 0 stands for "nothing here": layers after this one then pass over such steps.
        weights: vectors to start from, of shape `(input_dim, output_dim)`.
        **kwargs: arguments of `Layer`.

    Input shape:
        `(batch, ...)`, integers.

    Output shape:
        `(batch, ..., output_dim)`.

    Reference:
        Bengio et al., "A Neural Probabilistic Language Model", JMLR 2003.

    Example:
        >>> import amalthea
        >>> amalthea.layers.Embedding(10, 4)(amalthea.ops.convert_to_tensor([[1, 2, 3]])).shape
        (1, 3, 4)
    """

    def __init__(
        self,
        input_dim: int,
        output_dim: int,
        embeddings_initializer: Any = "uniform",
        embeddings_regularizer: Any = None,
        embeddings_constraint: Any = None,
        mask_zero: bool = False,
        weights: Any = None,
        **kwargs: Any,
    ) -> None:
        length = kwargs.pop("input_length", None)
        if length is not None:
            kwargs["input_shape"] = (length,)
        super().__init__(**kwargs)
        self.input_dim = positive("Embedding", "input_dim", input_dim)
        self.output_dim = positive("Embedding", "output_dim", output_dim)
        resolve(self, dict(zip(_SETTINGS, (embeddings_initializer, embeddings_regularizer, embeddings_constraint), strict=True)))
        self.mask_zero = mask_zero
        self.supports_masking = mask_zero
        self.autocast = False  # integers stay as they are
        if weights is not None:
            self.build()
            self.set_weights(weights if isinstance(weights, list) and len(weights) == 1 else [weights])

    def build(self, input_shape: Any = None) -> None:
        self._embeddings = new_weight(self, "embeddings", (self.input_dim, self.output_dim))

    @property
    def embeddings(self) -> Any:
        """The vectors."""
        return self._embeddings

    def call(self, inputs: Any) -> Any:
        indices = inputs if "int" in str(inputs.dtype) else ops.cast(inputs, "int32")
        return ops.cast(ops.take(self.embeddings, indices, axis=0), self.compute_dtype)

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        return ops.not_equal(inputs, 0) if self.mask_zero else None

    def compute_output_shape(self, input_shape: Any) -> Any:
        return (*input_shape, self.output_dim)

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "input_dim": self.input_dim,
            "output_dim": self.output_dim,
            "activity_regularizer": regularizers.serialize(self.activity_regularizer),
            **described(self, *_SETTINGS),
            "mask_zero": self.mask_zero,
            "quantization_config": None,
        }
