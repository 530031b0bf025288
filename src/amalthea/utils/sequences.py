"""Sequences of different lengths."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from amalthea.errors import ArgumentError, ArgumentTypeError


def pad_sequences(
    sequences: Iterable[Sequence[Any]],
    maxlen: int | None = None,
    dtype: Any = "int32",
    padding: str = "pre",
    truncating: str = "pre",
    value: Any = 0.0,
) -> np.ndarray[Any, Any]:
    """Bring sequences to one length: shorter ones are filled up, longer ones cut.

    Args:
        sequences: lists or arrays; elements may be arrays themselves, all of one shape.
        maxlen: the length; by default, that of the longest.
        dtype: the dtype of the result.
        padding: "pre" or "post": where values are filled in.
        truncating: "pre" or "post": where longer sequences are cut.
        value: what is filled in.

    Returns:
        An array of shape `(number of sequences, maxlen, ...)`.

    Raises:
        ArgumentError: `padding` or `truncating` is neither of the two, an element has another shape, or `sequences` are no sequences.
        ArgumentTypeError: `value` is text and `dtype` is not.

    Example:
        >>> pad_sequences([[1], [2, 3], [4, 5, 6]], maxlen=2)
        array([[0, 1],
               [2, 3],
               [5, 6]], dtype=int32)
    """
    for name, place in (("padding", padding), ("truncating", truncating)):
        if place not in ("pre", "post"):
            raise ArgumentError(f'`{name}` must be "pre" or "post". Received: {place!r}.')
    rows = list(sequences)
    for row in rows:
        if not hasattr(row, "__len__"):
            raise ArgumentError(f"`sequences` must be a list of sequences. It holds {row!r}.")
    if maxlen is None:
        maxlen = max(map(len, rows), default=0)
    is_text = np.issubdtype(np.dtype(dtype), np.str_) or np.dtype(dtype) == object
    if isinstance(value, str) and not is_text:
        raise ArgumentTypeError(f"`value={value!r}` is text, which dtype {dtype} cannot hold. Use `dtype=object`.")
    inner = next((np.asarray(row).shape[1:] for row in rows if len(row)), ())
    padded = np.full((len(rows), maxlen, *inner), value, dtype)
    for index, row in enumerate(rows):
        if maxlen == 0 or not len(row):
            continue
        part = np.asarray(row[-maxlen:] if truncating == "pre" else row[:maxlen], dtype)
        if part.shape[1:] != inner:
            raise ArgumentError(
                f"The elements of all sequences must have one shape. Those of the first have {inner}, those at {index} {part.shape[1:]}."
            )
        if padding == "pre":
            padded[index, maxlen - len(part) :] = part
        else:
            padded[index, : len(part)] = part
    return padded
