"""`TimeDistributed`: a layer at every step of a sequence."""

from __future__ import annotations

from typing import Any

from amalthea import ops, tree
from amalthea.errors import ShapeError
from amalthea.layers import call as calls
from amalthea.layers.core.wrapper import Wrapper


class TimeDistributed(Wrapper):
    """A layer at every step of a sequence. The steps of all samples are given to it as one batch.

    Args:
        layer: the layer.
        **kwargs: arguments of `Layer`.

    Call arguments:
        inputs: a tensor `(batch, time, ...)`, or a structure of such.
        training: handed to the layer.
        mask: bool `(batch, time, ...)`; where it has more than two axes and the layer takes masks, it gets that of each step.

    Output shape:
        `(batch, time, ...)`: what the layer gives, with the axis of time behind the batch.

    Raises:
        ShapeError: an input has fewer than three axes.

    Example:
        >>> import amalthea
        >>> layer = amalthea.layers.TimeDistributed(amalthea.layers.Conv2D(4, 3))
        >>> layer(amalthea.ops.ones((2, 5, 8, 8, 3))).shape
        (2, 5, 6, 6, 4)
    """

    def __init__(self, layer: Any, **kwargs: Any) -> None:
        super().__init__(layer, **kwargs)
        self.supports_masking = True

    def build(self, input_shape: Any = None) -> None:
        super().build(_each_shape(lambda shape: (shape[0], *shape[2:]), input_shape))

    def call(self, inputs: Any, training: bool | None = None, mask: Any = None) -> Any:
        for x in tree.flatten(inputs):
            if len(x.shape) < 3:
                raise ShapeError(f"{self} takes inputs with at least three axes, (batch, time, ...). Received: shape {tuple(x.shape)}.")
        batch, time = ops.shape(tree.flatten(inputs)[0])[:2]
        rows = None if batch is None or time is None else batch * time

        def fold(x: Any) -> Any:
            return ops.reshape(x, (rows, *ops.shape(x)[2:]))

        options: dict[str, Any] = {"training": training}
        plan = calls.plan_of(type(self.layer).call)
        if mask is not None and "mask" in plan.names:
            masks = tree.flatten(mask)
            if all(part is not None and len(part.shape) > 2 for part in masks):
                options["mask"] = tree.map_structure(fold, mask)
        outputs = self.layer(tree.map_structure(fold, inputs), **options)
        return tree.map_structure(lambda y: ops.reshape(y, (batch, time, *ops.shape(y)[1:])), outputs)


def _each_shape(fn: Any, shape: Any) -> Any:
    if isinstance(shape, dict):
        return {name: _each_shape(fn, part) for name, part in shape.items()}
    if isinstance(shape, (tuple, list)) and shape and isinstance(shape[0], (tuple, list)):
        return type(shape)(_each_shape(fn, part) for part in shape)
    return fn(shape)
