"""Arithmetic of shapes: what comes out of what goes in, None being a size that is not known. Pure.

Every function names the operation (`what`) in its errors, the shapes, and the axis that does not fit.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np

from amalthea.engines.sizes import at_least
from amalthea.engines.spec import Size, Spec
from amalthea.errors import ArgumentError, ArgumentTypeError, ShapeError

Sizes = tuple[Size, ...]


def broadcast(what: str, *shapes: Sizes) -> Sizes:
    """The shape to which all of `shapes` broadcast. An unknown size is taken to fit.

    Example:
        >>> broadcast("add", (None, 1, 3), (5, 3))
        (None, 5, 3)
    """
    result = shapes[0]
    for shape in shapes[1:]:
        if shape != result:
            result = _broadcast(what, result, shape)
    return result


@lru_cache(maxsize=4096)
def _broadcast(what: str, a: Sizes, b: Sizes) -> Sizes:
    rank = max(len(a), len(b))
    wide_a, wide_b = (1,) * (rank - len(a)) + a, (1,) * (rank - len(b)) + b
    sizes: list[Size] = []
    for axis, (m, n) in enumerate(zip(wide_a, wide_b, strict=True)):
        if m == n or n == 1:
            sizes.append(m)
        elif m == 1 or m is None:
            sizes.append(n)
        elif n is None:
            sizes.append(m)
        else:
            raise ShapeError(
                f"{what}: the shapes {a} and {b} do not broadcast: {m} and {n} meet on axis {axis - rank}. "
                "Sizes on an axis must be equal, or one of them 1."
            )
    return tuple(sizes)


def agree(what: str, shapes: Sequence[Sizes], axis: int, m: Size, n: Size) -> Size:
    """The size that is `m` in one shape and `n` in another and has to be one; the known of the two."""
    if m is None or m == n:
        return n
    if n is None:
        return m
    raise ShapeError(f"{what}: the shapes {' and '.join(map(str, shapes))} do not fit: on axis {axis} they have the sizes {m} and {n}.")


def same(what: str, *shapes: Sizes) -> Sizes:
    """The one shape that all of `shapes` are, with the sizes known to any of them."""
    result = shapes[0]
    for shape in shapes[1:]:
        if shape == result:
            continue
        if len(shape) != len(result):
            raise ShapeError(f"{what}: the shapes {result} and {shape} differ: one has {len(result)} axes, the other {len(shape)}.")
        result = tuple(agree(what, (result, shape), axis, m, n) for axis, (m, n) in enumerate(zip(result, shape, strict=True)))
    return result


def product(sizes: Sequence[Size]) -> Size:
    """The product of sizes, None if one is not known."""
    return None if None in sizes else math.prod(sizes)  # type: ignore[arg-type]


def reduced(shape: Sizes, axis: tuple[int, ...] | None, keepdims: bool) -> Sizes:
    """The shape without the axes `axis` (None: all), or with size 1 there."""
    if axis is None:
        return (1,) * len(shape) if keepdims else ()
    if keepdims:
        return tuple(1 if i in axis else size for i, size in enumerate(shape))
    return tuple(size for i, size in enumerate(shape) if i not in axis)


def reshaped(shape: Sizes, target: Sequence[Size]) -> Sizes:
    """`target` with -1 and None worked out from `shape` where that is possible.

    Raises:
        ShapeError: the number of elements differs.

    Example:
        >>> reshaped((None, 3, 4), (-1, 12)), reshaped((2, 6), (None, 4))
        ((None, 12), (3, 4))
    """
    wanted = tuple(target)
    unknown = [i for i, size in enumerate(wanted) if size is None or size == -1]
    if sum(size == -1 for size in wanted) > 1:
        raise ShapeError(f"reshape: at most one size may be -1. Received: {wanted}.")
    total = product(shape)
    known = math.prod(size for size in wanted if size is not None and size != -1)
    if not unknown:
        least = math.prod(size for size in shape if size is not None)
        fits = known == total if total is not None else known == 0 or (least > 0 and known % least == 0)
        if not fits:
            raise ShapeError(f"reshape: a tensor of shape {shape} ({_elements(shape)}) does not fit the shape {wanted} ({_elements(wanted)}).")
        return wanted
    if total is None or known == 0:
        return tuple(None if i in unknown else size for i, size in enumerate(wanted))
    if total % known:
        raise ShapeError(
            f"reshape: a tensor of shape {shape} ({_elements(shape)}) does not fit the shape {wanted}: {total} is no multiple of {known}."
        )
    if len(unknown) == 1:
        return tuple(total // known if i in unknown else size for i, size in enumerate(wanted))
    return tuple(None if i in unknown else size for i, size in enumerate(wanted))


def _elements(shape: Sizes) -> str:
    known = math.prod(size for size in shape if size is not None)
    return f"{known} elements" if None not in shape else f"a multiple of {known} elements"


def broadcast_to(shape: Sizes, target: Sequence[Size]) -> Sizes:
    """`target`, to which `shape` must broadcast."""
    wanted = tuple(target)
    lead = len(wanted) - len(shape)
    if lead < 0:
        raise ShapeError(f"broadcast_to: the shape {shape} has more axes than {wanted}.")
    sizes: list[Size] = list(wanted[:lead])
    for axis, (own, size) in enumerate(zip(shape, wanted[lead:], strict=True)):
        if own is None or own == 1 or own == size:
            sizes.append(size)
        elif size is None:
            sizes.append(own)
        else:
            raise ShapeError(f"broadcast_to: the shape {shape} does not broadcast to {wanted}: its axis {axis} has size {own}, not 1 or {size}.")
    return tuple(sizes)


def concatenated(shapes: Sequence[Sizes], axis: int) -> Sizes:
    """The shape of tensors of `shapes` one after another along `axis`."""
    first = shapes[0]
    total: Size = 0
    sizes = list(first)
    for shape in shapes:
        if len(shape) != len(first):
            raise ShapeError(f"concatenate: the shapes {first} and {shape} differ: one has {len(first)} axes, the other {len(shape)}.")
        for i, size in enumerate(shape):
            if i != axis and size != sizes[i]:
                sizes[i] = agree("concatenate", shapes, i, sizes[i], size)
        total = None if total is None or shape[axis] is None else total + shape[axis]  # type: ignore[operator]
    sizes[axis] = total
    return tuple(sizes)


def matmul(a: Sizes, b: Sizes) -> Sizes:
    """The shape of NumPy's `matmul`."""
    if not a or not b:
        raise ShapeError(f"matmul: the shapes {a} and {b} do not fit: scalars cannot be multiplied as matrices. Use `multiply`.")
    inner_a, inner_b = a[-1], b[-2] if len(b) > 1 else b[0]
    if inner_a is not None and inner_b is not None and inner_a != inner_b:
        raise ShapeError(
            f"matmul: the shapes {a} and {b} do not fit: the last axis of the first has size {inner_a}, "
            f"the {'last but one' if len(b) > 1 else 'only'} axis of the second {inner_b}."
        )
    rows = a[-2:-1] if len(a) > 1 else ()
    columns = b[-1:] if len(b) > 1 else ()
    batch = a[:-2] if len(b) <= 2 else b[:-2] if len(a) <= 2 else broadcast("matmul", a[:-2], b[:-2])
    return batch + rows + columns


@lru_cache(maxsize=1024)
def _terms(subscripts: str) -> tuple[tuple[str, ...], str]:
    inputs, _, output = subscripts.replace(" ", "").replace("...", ".").partition("->")
    return tuple(inputs.split(",")), output


def einsum(subscripts: str, shapes: Sequence[Sizes]) -> Sizes:
    """The shape of NumPy's `einsum` with an explicit output.

    Example:
        >>> einsum("...ij,jk->...ik", [(None, 7, 2, 3), (3, 4)])
        (None, 7, 2, 4)
    """
    terms, output = _terms(subscripts)
    if len(terms) != len(shapes):
        raise ArgumentError(f"einsum: {subscripts!r} speaks of {len(terms)} tensors. Received: {len(shapes)}.")
    sizes: dict[str, Size] = {}
    spread: Sizes = ()
    for term, shape in zip(terms, shapes, strict=True):
        head, dots, tail = term.partition(".")
        free = len(shape) - len(head) - len(tail)
        if free < 0 or (free and not dots):
            raise ShapeError(f"einsum: {subscripts!r} gives {term.replace('.', '...')!r} to a tensor of shape {shape}, which has {len(shape)} axes.")
        if dots:
            spread = broadcast("einsum", spread, shape[len(head) : len(head) + free])
        for letter, size in [*zip(head, shape, strict=False), *zip(tail, shape[len(shape) - len(tail) :], strict=True)]:
            known = sizes.get(letter)
            if known is None or known == 1:
                sizes[letter] = size if letter not in sizes or known == 1 or size != 1 else known
            elif size is not None and size != known and size != 1:
                raise ShapeError(
                    f"einsum: in {subscripts!r} the axis {letter!r} has the sizes {known} and {size} (shapes {', '.join(map(str, shapes))})."
                )
    result: list[Size] = []
    for letter in output:
        if letter == ".":
            result.extend(spread)
        elif letter in sizes:
            result.append(sizes[letter])
        else:
            raise ArgumentError(f"einsum: the output of {subscripts!r} has an axis {letter!r} that no input has.")
    return tuple(result)


def slid(
    what: str,
    x: Sizes,
    window: Sequence[Size],
    strides: Sequence[int],
    padding: Sequence[tuple[int, int]],
    dilation: Sequence[int] | None = None,
    input_dilation: Sequence[int] | None = None,
) -> Sizes:
    """The space that a window sliding over `x` (batch, *space, channels) visits.

    Raises:
        ShapeError: the window is larger than what it slides over.
    """
    rank = len(window)
    if len(x) != rank + 2:
        raise ShapeError(f"{what}: a window of {rank} axes needs a tensor of {rank + 2} axes (batch, space, channels). Received: shape {x}.")
    sizes: list[Size] = []
    for i in range(rank):
        size, span = x[i + 1], window[i]
        if size is None or span is None:
            sizes.append(None)
            continue
        if dilation is not None:
            span = dilation[i] * (span - 1) + 1
        if input_dilation is not None and size:
            size = (size - 1) * input_dilation[i] + 1
        covered = size + padding[i][0] + padding[i][1]
        if covered < span:
            raise ShapeError(
                f"{what}: the window covers {span} elements of axis {i + 1}, but with its padding {tuple(padding[i])} that axis has {covered} "
                f"(shape {x}). Use a smaller window, more padding, or larger inputs."
            )
        sizes.append((covered - span) // strides[i] + 1)
    return tuple(sizes)


def same_padding(size: Size, window: int, stride: int) -> tuple[int, int]:
    """What to add before and after so that windows of `window` elements (dilation included) start at every `stride`-th element.

    Where the size is not known and matters, nothing is added: only shapes are asked for then, and an unknown size stays unknown.

    Example:
        >>> same_padding(7, 3, 2), same_padding(7, 4, 1), same_padding(6, 1, 2)
        ((1, 1), (1, 2), (0, 0))
    """
    if stride == 1:
        total = window - 1
    elif size is None:
        return 0, 0
    else:
        total = at_least(0, (-(-size // stride) - 1) * stride + window - size)
    return total // 2, total - total // 2


def convolved(
    x: Sizes,
    kernel: Sizes,
    strides: Sequence[int],
    padding: Sequence[tuple[int, int]],
    dilation: Sequence[int],
    groups: int,
    input_dilation: Sequence[int],
) -> Sizes:
    """The shape of the convolution of `x` (batch, *space, channels) with `kernel` (*window, channels // groups, filters)."""
    if len(kernel) != len(x):
        raise ShapeError(
            f"conv: a tensor of shape {x} needs a kernel of {len(x)} axes (window, channels, filters). Received: kernel of shape {kernel}."
        )
    channels, per_group, filters = x[-1], kernel[-2], kernel[-1]
    if channels is not None and per_group is not None and channels != per_group * groups:
        raise ShapeError(
            f"conv: the shapes {x} and {kernel} do not fit: the tensor has {channels} channels (its last axis), "
            f"the kernel takes {per_group}" + (f" in each of {groups} groups." if groups > 1 else ".")
        )
    if filters is not None and filters % groups:
        raise ShapeError(f"conv: {filters} filters (the last axis of the kernel's shape {kernel}) cannot be shared among {groups} groups.")
    return (x[0], *slid("conv", x, kernel[:-2], strides, padding, dilation, input_dilation), filters)


# --- indexing --------------------------------------------------------------------------------------------


def _sliced(size: Size, key: slice) -> Size:
    if size is None or any(isinstance(part, Spec) for part in (key.start, key.stop, key.step)):
        return None
    return len(range(*key.indices(size)))


def _is_integer(part: Any) -> bool:
    return isinstance(part, (int, np.integer)) and not isinstance(part, bool)


def _is_array(part: Any) -> bool:
    """Whether one part of a key is an index array (a tensor, array, list, or a bool)."""
    return not (part is None or part is Ellipsis or isinstance(part, slice) or _is_integer(part))


def _index_array(key: Any) -> tuple[Sizes, int]:
    """The shape that an index array gives to the result, and how many axes it stands for."""
    if isinstance(key, Spec):
        return ((None,), len(key.shape)) if key.dtype == "bool" else (key.shape, 1)
    array = np.asarray(key)
    if array.dtype == bool:
        return (int(array.sum()),), array.ndim
    if array.dtype.kind not in "iu" and array.size:
        raise ArgumentTypeError(f"getitem: an index must be an integer, a slice, None, Ellipsis, or an array of integers or bool. Received: {key!r}.")
    return array.shape, 1


def _axes_taken(part: Any) -> int:
    """How many axes of the tensor one part of a key stands for."""
    if part is None or part is Ellipsis:
        return 0
    return _index_array(part)[1] if _is_array(part) else 1


def _check_index(shape: Sizes, axis: int, part: Any) -> None:
    """Raise unless the integer or bool index `part` fits the sizes from `axis` on, as far as they are known."""
    size = shape[axis] if axis < len(shape) else None
    if _is_integer(part):
        if size is not None and not -size <= part < size:
            raise ShapeError(f"getitem: the index {part} is out of range for axis {axis}, which has size {size} (shape {shape}).")
        return
    own = part.shape if isinstance(part, Spec) else np.shape(part)
    if (part.dtype if isinstance(part, Spec) else np.asarray(part).dtype) == "bool":
        same("getitem (a bool index, and the sizes that it stands for)", own, shape[axis : axis + len(own)])


def indexed(shape: Sizes, key: Any) -> Sizes:
    """The shape of `x[key]` for `x` of `shape`, by NumPy's rules.

    Example:
        >>> indexed((None, 5, 7), (slice(None), 0, slice(1, None, 2)))
        (None, 3)
    """
    parts = list(key) if isinstance(key, tuple) else [key]
    taken = [_axes_taken(part) for part in parts]
    if sum(taken) > len(shape):
        raise ShapeError(f"getitem: {sum(taken)} indices for a tensor of {len(shape)} axes (shape {shape}).")
    dots = [i for i, part in enumerate(parts) if part is Ellipsis]
    if len(dots) > 1:
        raise ArgumentError("getitem: an index may hold one Ellipsis only.")
    covered = len(shape) - sum(taken)
    if not dots:
        parts.append(Ellipsis)
        taken.append(0)
    advanced = any(_is_array(part) for part in parts)

    sizes: list[Size] = []
    arrays: list[Sizes] = []  # the shapes of the index arrays; beside one, an integer is an array too
    places: list[int] = []  # where in the key they stand
    first = axis = 0
    for place, (part, count) in enumerate(zip(parts, taken, strict=True)):
        if part is None:
            sizes.append(1)
        elif part is Ellipsis:
            sizes.extend(shape[axis : axis + covered])
            axis += covered
        elif isinstance(part, slice):
            sizes.append(_sliced(shape[axis], part))
        else:
            _check_index(shape, axis, part)
            first = first if places else len(sizes)
            places.append(place)
            arrays.append(_index_array(part)[0] if _is_array(part) else ())
        axis += count
    if not advanced:
        return tuple(sizes)
    # Arrays side by side give their axes in their place; arrays apart, at the front.
    at = first if places[-1] - places[0] == len(places) - 1 else 0
    return (*sizes[:at], *broadcast("getitem", *arrays), *sizes[at:])
