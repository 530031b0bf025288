"""`Bidirectional`: a recurrent layer over a sequence, and another one from its end."""

from __future__ import annotations

from typing import Any

from amalthea import ops, tree
from amalthea.errors import ArgumentError, nearest
from amalthea.layers.layer import Layer

_MERGES = {
    "sum": ops.add,
    "mul": ops.multiply,
    "ave": lambda ahead, back: ops.multiply(ops.add(ahead, back), 0.5),
    "concat": lambda ahead, back: ops.concatenate([ahead, back], axis=-1),
}


class Bidirectional(Layer):
    """A recurrent layer over a sequence, and another one from its end; their outputs are merged.

    Args:
        layer: a recurrent layer: one with `go_backwards`, `return_sequences` and `return_state`. A copy of it goes forward.
        merge_mode: "concat" (along the last axis), "sum", "mul", "ave" (the mean), or None for both outputs.
        weights: the first weights, those of the forward layer first.
        backward_layer: the layer that goes backward, with `go_backwards` other than that of `layer`; by default a copy of `layer`.
        **kwargs: arguments of `Layer`.

    Call arguments:
        sequences: a tensor `(batch, time, ...)`.
        initial_state: the first states, those of the forward layer first; zeros by default.
        mask: bool `(batch, time)`: where it is False, a step is left out.
        training: whether dropout is done.

    Output shape:
        The merged output; without `merge_mode` both outputs. With `return_state`, a tuple of that and of the states of both layers.
        Outputs of all steps stand in the order of the sequence.

    Raises:
        ArgumentError: `layer` is no recurrent layer, `merge_mode` is unknown, or the two layers do not fit each other.

    Reference:
        Schuster and Paliwal, "Bidirectional recurrent neural networks", 1997.

    Example:
        >>> import amalthea
        >>> layer = amalthea.layers.Bidirectional(amalthea.layers.LSTM(4, return_sequences=True))
        >>> layer(amalthea.ops.ones((2, 5, 3))).shape
        (2, 5, 8)
    """

    def __init__(self, layer: Any, merge_mode: str | None = "concat", weights: Any = None, backward_layer: Any = None, **kwargs: Any) -> None:
        _check_recurrent("layer", layer)
        if merge_mode is not None and merge_mode not in _MERGES:
            raise ArgumentError(
                f"`merge_mode` of Bidirectional must be None or one of {', '.join(map(repr, _MERGES))}. "
                f"Received: {merge_mode!r}.{nearest(str(merge_mode), _MERGES)}"
            )
        super().__init__(**kwargs)
        # Copies, so that the layer given can serve elsewhere.
        name = layer.name.removeprefix("forward_")
        self.forward_layer = _copy(layer, name=f"forward_{name}")
        if backward_layer is None:
            backward_layer = _copy(layer, name=f"backward_{name}", go_backwards=not layer.go_backwards)
        else:
            _check_recurrent("backward_layer", backward_layer)
        self.backward_layer = backward_layer
        self._check_pair()
        if layer.return_sequences:  # what goes forward and what comes back stop at different places
            self.forward_layer.zero_output_for_mask = self.backward_layer.zero_output_for_mask = True
        self.merge_mode = merge_mode
        self._first_weights = weights
        self.stateful = layer.stateful
        self.return_sequences = layer.return_sequences
        self.return_state = layer.return_state
        self.supports_masking = True
        self.input_spec = layer.input_spec

    def _check_pair(self) -> None:
        ahead, back = self.forward_layer, self.backward_layer
        if ahead.go_backwards == back.go_backwards:
            raise ArgumentError(f"One layer of Bidirectional must go backwards. Both have go_backwards={ahead.go_backwards}.")
        for name in ("stateful", "return_sequences", "return_state"):
            if getattr(ahead, name) != getattr(back, name):
                raise ArgumentError(
                    f"The layers of Bidirectional must have the same `{name}`. Forward: {getattr(ahead, name)}, backward: {getattr(back, name)}."
                )

    def build(self, sequences_shape: Any, initial_state_shape: Any = None) -> None:
        for layer in (self.forward_layer, self.backward_layer):
            if not layer.built:
                layer.build(sequences_shape)
        if self._first_weights is not None:
            self.set_weights(self._first_weights)
            self._first_weights = None

    def call(self, sequences: Any, initial_state: Any = None, mask: Any = None, training: bool | None = None) -> Any:
        first = tree.flatten(initial_state) if initial_state is not None else []
        if len(first) % 2:
            raise ArgumentError(f"`initial_state` of Bidirectional holds the states of both layers, an even number. Received: {len(first)}.")
        half = len(first) // 2
        ahead, ahead_states = self._run(self.forward_layer, sequences, first[:half], mask, training)
        back, back_states = self._run(self.backward_layer, sequences, first[half:], mask, training)
        if self.return_sequences:
            back = ops.flip(back, axis=1)
        outputs = (ahead, back) if self.merge_mode is None else (_MERGES[self.merge_mode](ahead, back),)
        if self.return_state:
            return (*outputs, *ahead_states, *back_states)
        return outputs if self.merge_mode is None else outputs[0]

    def _run(self, layer: Any, sequences: Any, states: list[Any], mask: Any, training: bool | None) -> tuple[Any, list[Any]]:
        options: dict[str, Any] = {"training": training}
        if states:
            options["initial_state"] = states
        if mask is not None:
            options["mask"] = mask
        output = layer(sequences, **options)
        return (output[0], list(output[1:])) if self.return_state else (output, [])

    @property
    def states(self) -> tuple[Any, ...] | None:
        """The states that stateful layers keep, those of the forward layer first; None before they are built."""
        ahead, back = self.forward_layer.states, self.backward_layer.states
        return None if ahead is None else (*ahead, *back)

    def reset_state(self) -> None:
        """Let the states of stateful layers be zeros again."""
        self.forward_layer.reset_state()
        self.backward_layer.reset_state()

    def reset_states(self) -> None:
        """`reset_state`, by its older name."""
        self.reset_state()

    def compute_mask(self, _: Any, mask: Any) -> Any:
        mask = tree.flatten(mask)[0] if mask is not None else None
        output_mask = mask if self.return_sequences else None
        masks = [output_mask] if self.merge_mode is not None else [output_mask, output_mask]
        if self.return_state:
            return [*masks, *(None for layer in (self.forward_layer, self.backward_layer) for _ in tree.flatten(layer.state_size))]
        return masks[0] if self.merge_mode is not None else tuple(masks)

    def get_config(self) -> dict[str, Any]:
        from amalthea.saving import serialize_keras_object

        return {
            **super().get_config(),
            "merge_mode": self.merge_mode,
            "layer": serialize_keras_object(self.forward_layer),
            "backward_layer": serialize_keras_object(self.backward_layer),
        }

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: dict[str, Any] | None = None) -> Bidirectional:
        """The layer that `get_config` described."""
        from amalthea.saving import deserialize_keras_object

        config = dict(config)
        for name in ("layer", "backward_layer"):
            if config.get(name) is not None:
                config[name] = deserialize_keras_object(config[name], custom_objects=custom_objects)
        return cls(**config)


def _check_recurrent(argument: str, layer: Any) -> None:
    missing = [name for name in ("go_backwards", "return_sequences", "return_state", "stateful") if not hasattr(layer, name)]
    if not isinstance(layer, Layer) or missing:
        lacks = f" It has no {', '.join(f'`{name}`' for name in missing)}." if isinstance(layer, Layer) else ""
        raise ArgumentError(f"`{argument}` of Bidirectional must be a recurrent layer, such as LSTM. Received: {layer!r}.{lacks}")


def _copy(layer: Layer, **changes: Any) -> Any:
    return type(layer).from_config({**layer.get_config(), **changes})
