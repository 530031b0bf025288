"""One batch: the forms `x`, `(x,)`, `(x, y)` and `(x, y, sample_weight)`, and how host arrays are made of what they hold."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from numbers import Number
from typing import Any

import numpy as np

from amalthea import config, tree
from amalthea.engines import registry
from amalthea.errors import DataError

Batch = tuple[Any, ...]
NAMES = ("x", "y", "sample_weight")


def unpack_x_y_sample_weight(data: Any) -> tuple[Any, Any, Any]:
    """Take a batch apart into inputs, targets and sample weights; what it does not hold is None.

    Args:
        data: `x`, or a tuple or list `(x,)`, `(x, y)` or `(x, y, sample_weight)`. `x` alone must not be a tuple or a list.

    Returns:
        The tuple `(x, y, sample_weight)`.

    Raises:
        DataError: a tuple of no or of more than three elements.

    Example:
        >>> unpack_x_y_sample_weight(([1, 2], [0, 1]))
        ([1, 2], [0, 1], None)
    """
    if not isinstance(data, (tuple, list)):
        return data, None, None
    if not 1 <= len(data) <= 3:
        kinds = ", ".join(type(part).__name__ for part in data)
        raise DataError(f"A batch must be `x`, `(x,)`, `(x, y)` or `(x, y, sample_weight)`. Received {len(data)} elements: ({kinds}).")
    x, y, sample_weight = (*data, None, None)[:3]
    return x, y, sample_weight


def pack_x_y_sample_weight(x: Any, y: Any = None, sample_weight: Any = None) -> Any:
    """Put inputs, targets and sample weights together into one batch; the inverse of `unpack_x_y_sample_weight`.

    Args:
        x: the inputs: an array, or a nested structure of arrays.
        y: the targets, or None.
        sample_weight: the weight of each sample, or None.

    Returns:
        `x` itself if it stands alone and is neither a tuple nor a list, else a tuple of one, two or three elements.

    Example:
        >>> pack_x_y_sample_weight("x"), pack_x_y_sample_weight(["a", "b"]), pack_x_y_sample_weight("x", "y")
        ('x', (['a', 'b'],), ('x', 'y'))
    """
    if sample_weight is not None:
        return x, y, sample_weight
    if y is not None:
        return x, y
    return (x,) if isinstance(x, (tuple, list)) else x


def is_dataset(x: Any) -> bool:
    """Whether `x` brings its own batches (a data set, a generator) rather than being arrays.

    Example:
        >>> is_dataset([1, 2, 3]), is_dataset(batch for batch in ())
        (False, True)
    """
    if hasattr(x, "__array__") or hasattr(x, "shape") or isinstance(x, (str, bytes, list, tuple, Mapping, range, set, frozenset)) or x is None:
        return False
    return isinstance(x, Iterable)


def in_words(path: tree.Path, name: str) -> str:
    """The leaf of `name` at `path` as one would write it in Python.

    Example:
        >>> in_words(("image", 0), "x")
        "x['image'][0]"
    """
    return name + "".join(f"[{key!r}]" for key in path)


def host_float() -> np.dtype[Any]:
    """The NumPy dtype that stands for `config.floatx()` in host memory."""
    name = config.floatx()
    return np.dtype("float32" if name == "bfloat16" else name)


def _is_numbers(value: list[Any] | tuple[Any, ...]) -> bool:
    """Whether a list holds plain numbers (or lists of them): then it is one array, and no structure of arrays."""
    first: Any = value
    while isinstance(first, (list, tuple)) and first:
        first = first[0]
    return isinstance(first, (Number, np.generic, str, list, tuple))


def host_arrays(value: Any, where: str) -> Any:
    """`value` with every leaf as a NumPy array, its structure kept. Lists of numbers become arrays; None stays.

    Args:
        value: an array (NumPy's, an engine's, a data frame), a list of numbers, a number, or lists, tuples and dictionaries of these.
        where: the words for it in errors.

    Raises:
        DataError: it holds something no array of numbers can be made of.
    """
    if value is None:
        return None
    if isinstance(value, np.ndarray):
        return _checked(np.asarray(value), where)
    if isinstance(value, Mapping):
        return {key: host_arrays(part, f"{where}[{key!r}]") for key, part in value.items()}
    if isinstance(value, (list, tuple)) and not _is_numbers(value):
        parts = [host_arrays(part, f"{where}[{index}]") for index, part in enumerate(value)]
        if isinstance(value, tuple):
            return type(value)(*parts) if hasattr(value, "_fields") else tuple(parts)
        return parts
    return _checked(_array_of(value, where), where)


def _array_of(value: Any, where: str) -> np.ndarray[Any, Any]:
    if hasattr(value, "tocsr") and hasattr(value, "toarray"):
        raise DataError(f"`{where}` is a sparse matrix ({type(value).__name__}). Make it dense first: `{where}.toarray()`.")
    if hasattr(value, "detach") and hasattr(value, "cpu"):
        value = value.detach().cpu()  # a tensor that tracks gradients, or lies on a device, has no NumPy view of its own
    if not isinstance(value, (Number, np.generic, list, tuple, range)) and not hasattr(value, "__array__"):
        raise DataError(
            f"`{where}` is a {type(value).__name__}, which is no array. Give NumPy arrays or tensors, lists, tuples or dictionaries of them, "
            "or a data set: a `PyDataset`, a generator that yields `(x, y)`, a `tf.data.Dataset` or a PyTorch `DataLoader`."
        )
    try:
        return np.asarray(value)
    except TypeError:  # a tensor of a dtype that its library does not hand to NumPy, such as bfloat16
        owner = registry.owner(value)
        if owner is None:
            raise
        return owner.to_host(value)
    except ValueError as error:
        raise DataError(
            f"`{where}` is a list whose rows differ in length, so no array can be made of it ({error}). "
            "Pad the rows to one length first, for example with `utils.pad_sequences`."
        ) from None


def _checked(array: np.ndarray[Any, Any], where: str) -> np.ndarray[Any, Any]:
    # Kind "V" is what NumPy says of floats that it does not know itself (bfloat16, float8): they are numbers.
    if array.dtype.kind in "fiubcV" and array.dtype.names is None:
        return array
    if array.dtype.kind == "O":
        odd = next((item for item in array.flat if not isinstance(item, Number)), 0)
        if isinstance(odd, Number):
            advice = f'Give it a dtype of numbers: `{where}.astype("float32")`.'
        elif isinstance(odd, (list, tuple, np.ndarray)):
            advice = f"It holds arrays ({type(odd).__name__}): make one array of them with `np.stack`, or pad them to one length first."
        else:
            advice = f"It holds {odd!r} of type {type(odd).__name__}: encode or drop such values first."
        raise DataError(f"`{where}` is an array of Python objects (dtype object), not of numbers. {advice}")
    if array.dtype.kind in "US":
        raise DataError(
            f"`{where}` is an array of text (dtype {array.dtype}). Turn text into numbers first, for example with `layers.TextVectorization`."
        )
    raise DataError(f"`{where}` has the dtype {array.dtype}, which holds no numbers that a model can use.")


def _kept(array: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """`array` as one that stays: a data set may fill it anew for its next batch, while an engine still computes with this one."""
    if array.dtype == np.float64:
        return array.astype(host_float())
    return array.copy() if array.flags.writeable else array


def ready_batch(data: Any, name: str = "The data set") -> Batch:
    """What a data set gave for one batch, as a tuple of `(x,)`, `(x, y)` or `(x, y, sample_weight)` of host arrays.

    float64 becomes `config.floatx()`; all other dtypes stay. Arrays that somebody could write into are copied.
    """
    x, y, sample_weight = unpack_x_y_sample_weight(data)
    if x is None:
        raise DataError(f"{name} gave a batch without inputs (`x` is None).")
    parts = [x] if y is None and sample_weight is None else [x, y] if sample_weight is None else [x, y, sample_weight]
    if len(parts) == 3 and y is None:
        raise DataError(f"{name} gave a batch `(x, None, sample_weight)`: sample weights need targets `y`.")
    ready = []
    for part, what in zip(parts, NAMES, strict=False):
        if type(part) is np.ndarray and part.dtype.kind in "fiub":
            ready.append(_kept(part))
        else:
            ready.append(tree.map_structure(_kept, host_arrays(part, what), none_is_leaf=False))
    return tuple(ready)
