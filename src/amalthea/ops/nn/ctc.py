"""Connectionist temporal classification (Graves et al., 2006): labels without times for sequences of frames."""

from __future__ import annotations

import math
from typing import Any

from amalthea.engines.derived import Engine
from amalthea.engines.registry import current
from amalthea.errors import ArgumentError, ShapeError, nearest
from amalthea.ops.arguments import Tensor, TensorLike, as_tensor, floating
from amalthea.ops.operation import operation

_STRATEGIES = ("greedy", "beam_search")
_IMPOSSIBLE = -1e5
"""Stands for the logarithm of 0 in the loss: finite, so that gradients are."""


def _shifted(engine: Engine, x: Tensor, by: int, fill: float) -> Tensor:
    """(batch, states): `x` moved on by `by` states, `fill` coming in."""
    size = engine.shape_of(x)[1]
    return engine.slice_axis(engine.pad(x, [(0, 0), (by, 0)], fill), 1, 0, size)


@operation
def ctc_loss(target: TensorLike, output: TensorLike, target_length: TensorLike, output_length: TensorLike, mask_index: int = 0) -> Tensor:
    """-log of the probability that the frames say the labels, whenever they say them.

    Args:
        target: integer tensor (batch, labels).
        output: floating tensor (batch, frames, classes): logits.
        target_length: integer tensor (batch,): how many labels count.
        output_length: integer tensor (batch,): how many frames count.
        mask_index: the class that stands for "no label".

    Returns:
        A floating tensor (batch,). Where there are too few frames for the labels, a great number.

    Raises:
        ShapeError: the ranks do not fit.

    Reference:
        Graves et al., 2006, Connectionist temporal classification.

    Example:
        >>> from amalthea import ops
        >>> round(float(ops.ctc_loss([[1]], ops.zeros((1, 1, 2)), [1], [1])[0]), 4)
        0.6931
    """
    engine = current()
    labels, logits = as_tensor(engine, target, "int32"), floating(engine, output)
    label_count, frame_count = as_tensor(engine, target_length, "int32"), as_tensor(engine, output_length, "int32")
    ranks = [len(engine.shape_of(x)) for x in (labels, logits, label_count, frame_count)]
    if ranks != [2, 3, 1, 1]:
        raise ShapeError(f"`target`, `output`, `target_length` and `output_length` must have 2, 3, 1 and 1 axes. Received: {ranks}.")
    (batch, count), (_, frames, classes) = engine.shape_of(labels), engine.shape_of(logits)
    if None in (batch, count, frames, classes):  # shapes only
        return engine.zeros((batch,), engine.dtype_of(logits))
    log_p = engine.log_softmax(engine.widened(logits), 2)

    # The states of a sample: nothing, label 1, nothing, label 2, ..., nothing.
    blank = engine.full((batch, count), mask_index, "int32")
    states = engine.reshape(engine.stack([blank, labels], 2), (batch, 2 * count))
    states = engine.pad(states, [(0, 0), (0, 1)], mask_index)
    # A label may follow the one before without a pause, unless the two are the same.
    skips = engine.logical_and(engine.not_equal(states, mask_index), engine.not_equal(states, _shifted(engine, states, 2, mask_index)))
    places = engine.expand_dims(engine.clip(states, 0, classes - 1), 1)
    emitted = engine.swapaxes(engine.take_along_axis(log_p, engine.broadcast_to(places, (batch, frames, 2 * count + 1)), 2), 0, 1)

    def turn(alpha: Tensor, frame: tuple[Tensor, Tensor]) -> tuple[Tensor, Any]:
        here, time = frame
        reached = engine.logaddexp(alpha, _shifted(engine, alpha, 1, _IMPOSSIBLE))
        skipped = engine.where(skips, _shifted(engine, alpha, 2, _IMPOSSIBLE), _IMPOSSIBLE)
        new = engine.add(engine.logaddexp(reached, skipped), here)
        return engine.where(engine.expand_dims(engine.less(time, frame_count), 1), new, alpha), ()

    # Before the first frame everything is in a state in front of the first one, from which the first two can be reached.
    start = engine.where(engine.less(engine.arange(0, 2 * count + 1, 1, "int32"), 2), 0.0, engine.full((), _IMPOSSIBLE, engine.dtype_of(log_p)))
    first = engine.add(start, engine.index_axis(emitted, 0, 0))
    alpha = first
    if frames > 1:
        rest = engine.slice_axis(emitted, 0, 1, None)
        alpha, _ = engine.scan(turn, first, (rest, engine.arange(1, frames, 1, "int32")), frames - 1, False, 1)
    last = engine.expand_dims(engine.multiply(label_count, 2), 1)
    silent = engine.take_along_axis(alpha, last, 1)
    spoken = engine.take_along_axis(alpha, engine.maximum(engine.subtract(last, 1), 0), 1)
    spoken = engine.where(engine.greater(last, 0), spoken, _IMPOSSIBLE)
    return engine.like(engine.negative(engine.squeeze(engine.logaddexp(silent, spoken), (1,))), logits)


@operation
def ctc_decode(
    inputs: TensorLike,
    sequence_lengths: TensorLike,
    strategy: str = "greedy",
    beam_width: int = 100,
    top_paths: int = 1,
    merge_repeated: bool = True,
    mask_index: int = 0,
) -> tuple[Tensor, Tensor]:
    """The most probable labels of sequences of frames.

    Args:
        inputs: floating tensor (batch, frames, classes): logits.
        sequence_lengths: integer tensor (batch,): how many frames count.
        strategy: "greedy" (the best class of each frame), or "beam_search" (labels by the probability of all the ways to
            say them, of which `beam_width` beginnings are followed).
        beam_width: how many beginnings are followed.
        top_paths: how many results a beam search gives.
        merge_repeated: whether equal classes of neighbouring frames are one label; for "greedy" only.
        mask_index: the class that stands for "no label".

    Returns:
        The labels, int32 (paths, batch, frames), -1 behind the last one; and scores (batch, paths): log probabilities for
        "beam_search"; for "greedy" minus the sum of the logits of the chosen classes.

    Raises:
        ArgumentError: an unknown strategy, or more paths than beams.
        ShapeError: the ranks do not fit.

    Reference:
        Graves, 2012, Sequence transduction with recurrent neural networks (the beam search).

    Example:
        >>> from amalthea import ops
        >>> labels, scores = ops.ctc_decode([[[0.0, 9.0], [0.0, 9.0], [9.0, 0.0]]], [3])
        >>> labels.tolist()
        [[[1, -1, -1]]]
    """
    if strategy not in _STRATEGIES:
        raise ArgumentError(f"`strategy` must be one of {_STRATEGIES}. Received: strategy={strategy!r}.{nearest(str(strategy), _STRATEGIES)}")
    if strategy == "beam_search" and not 1 <= top_paths <= beam_width:
        raise ArgumentError(f"`top_paths` must be between 1 and `beam_width`. Received: top_paths={top_paths}, beam_width={beam_width}.")
    engine = current()
    logits, lengths = floating(engine, inputs), as_tensor(engine, sequence_lengths, "int32")
    if (len(engine.shape_of(logits)), len(engine.shape_of(lengths))) != (3, 1):
        raise ShapeError(
            "`inputs` must have three axes (batch, frames, classes), `sequence_lengths` one. "
            f"Received shapes {engine.shape_of(logits)} and {engine.shape_of(lengths)}."
        )
    batch, frames, classes = engine.shape_of(logits)
    paths = top_paths if strategy == "beam_search" else 1
    if None in (batch, frames, classes):  # shapes only
        return engine.zeros((paths, batch, frames), "int32"), engine.zeros((batch, paths), engine.dtype_of(logits))
    if strategy == "greedy":
        return _greedy(engine, logits, lengths, merge_repeated, mask_index)
    return _beam_search(engine, logits, lengths, int(beam_width), int(top_paths), mask_index)


def _greedy(engine: Engine, logits: Tensor, lengths: Tensor, merge_repeated: bool, mask_index: int) -> tuple[Tensor, Tensor]:
    frames = engine.shape_of(logits)[1]
    times = engine.arange(0, frames, 1, "int32")
    counts = engine.less(times, engine.expand_dims(lengths, 1))
    best = engine.argmax(logits, 2, False)
    spoken = engine.logical_and(counts, engine.not_equal(best, mask_index))
    if merge_repeated:
        spoken = engine.logical_and(spoken, engine.not_equal(best, _shifted(engine, best, 1, -1)))
    # Labels move up: sorted by whether they are kept, in the order of time.
    order = engine.argsort(engine.cast(engine.logical_not(spoken), "int32"), 1)
    labels = engine.take_along_axis(engine.where(spoken, best, -1), order, 1)
    chosen = engine.where(counts, engine.max(logits, (2,), False), 0.0)
    return engine.expand_dims(labels, 0), engine.negative(engine.sum(chosen, (1,), True))


def _beam_search(engine: Engine, logits: Tensor, lengths: Tensor, width: int, paths: int, mask_index: int) -> tuple[Tensor, Tensor]:
    batch, frames, classes = engine.shape_of(logits)
    log_p = engine.log_softmax(engine.widened(logits), 2)
    dtype = engine.dtype_of(log_p)
    never = -math.inf
    places = engine.arange(0, frames, 1, "int32")
    is_blank = engine.equal(engine.arange(0, classes, 1, "int32"), mask_index)

    def turn(beams: tuple[Tensor, ...], frame: tuple[Tensor, Tensor]) -> tuple[tuple[Tensor, ...], Any]:
        # Beginnings (batch, width, frames) and their sizes; their last labels; log probabilities of ending silent, or with that label.
        labels, sizes, last, silent, spoken = beams
        now, time = frame
        total = engine.logaddexp(silent, spoken)
        alive = engine.greater(total, never)

        # A beginning stays: with silence, or with its last label held on.
        blank_now = engine.reshape(engine.slice_axis(now, 1, mask_index, mask_index + 1), (batch, 1))
        stay_silent = engine.add(total, blank_now)
        stay_spoken = engine.add(spoken, engine.take_along_axis(now, last, 1))
        # Or it gets one label more; the same label as its last only after silence.
        held = engine.one_hot(last, classes, 2, "bool")
        held = engine.logical_and(held, engine.expand_dims(engine.greater(sizes, 0), 2))
        grown = engine.where(held, engine.expand_dims(silent, 2), engine.expand_dims(total, 2))
        grown = engine.where(is_blank, never, engine.add(grown, engine.expand_dims(now, 1)))

        # Where beginning i with one label more is beginning j, that one gets the probability.
        one, other = engine.expand_dims(labels, 2), engine.expand_dims(labels, 1)
        beyond = engine.greater_equal(places, engine.reshape(sizes, (batch, width, 1, 1)))
        same = engine.all(engine.logical_or(engine.equal(one, other), beyond), (3,), False)
        longer = engine.equal(engine.expand_dims(engine.add(sizes, 1), 2), engine.expand_dims(sizes, 1))
        meets = engine.logical_and(engine.logical_and(same, longer), engine.expand_dims(alive, 1))
        last_of_j = engine.broadcast_to(engine.expand_dims(last, 1), (batch, width, width))
        gained = engine.where(meets, engine.take_along_axis(grown, last_of_j, 2), never)
        stay_spoken = engine.logaddexp(stay_spoken, engine.logsumexp(gained, (1,), False))
        moved = engine.matmul(engine.cast(meets, dtype), engine.one_hot(last, classes, 2, dtype))
        grown = engine.where(engine.greater(moved, 0.0), never, grown)

        stays = engine.logaddexp(stay_silent, stay_spoken)
        candidates = engine.concatenate([stays, engine.reshape(grown, (batch, width * classes))], 1)
        scores, index = engine.top_k(candidates, width)
        stayed = engine.less(index, width)
        extension = engine.maximum(engine.subtract(index, width), 0)
        parent = engine.where(stayed, index, engine.floor_divide(extension, classes))
        label = engine.remainder(extension, classes)

        def of_parent(x: Tensor) -> Tensor:
            return engine.take_along_axis(x, parent, 1)

        parent_labels = engine.take_along_axis(labels, engine.broadcast_to(engine.expand_dims(parent, 2), (batch, width, frames)), 1)
        size = of_parent(sizes)
        added = engine.logical_and(engine.equal(places, engine.expand_dims(size, 2)), engine.expand_dims(engine.logical_not(stayed), 2))
        new = (
            engine.where(added, engine.expand_dims(label, 2), parent_labels),
            engine.where(stayed, size, engine.add(size, 1)),
            engine.where(stayed, of_parent(last), label),
            engine.where(stayed, of_parent(stay_silent), never),
            engine.where(stayed, of_parent(stay_spoken), scores),
        )
        goes_on = engine.less(time, lengths)
        kept = (engine.where(engine.expand_dims(goes_on, range(1, len(engine.shape_of(n)))), n, o) for n, o in zip(new, beams, strict=True))
        return tuple(kept), ()

    first = engine.equal(engine.arange(0, width, 1, "int32"), 0)
    start = (
        engine.full((batch, width, frames), -1, "int32"),
        engine.zeros((batch, width), "int32"),
        engine.zeros((batch, width), "int32"),
        engine.broadcast_to(engine.where(first, engine.zeros((), dtype), never), (batch, width)),
        engine.full((batch, width), never, dtype),
    )
    (labels, _, _, silent, spoken), _ = engine.scan(turn, start, (engine.swapaxes(log_p, 0, 1), places), frames, False, 1)
    scores, order = engine.top_k(engine.logaddexp(silent, spoken), paths)
    best = engine.take_along_axis(labels, engine.broadcast_to(engine.expand_dims(order, 2), (batch, paths, frames)), 1)
    return engine.swapaxes(best, 0, 1), engine.like(scores, logits)
