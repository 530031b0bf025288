"""Weights in HDF5 files of Keras 3's layout: `.weights.h5`.

Every object that has variables gets a group; below "vars" are its own, by number, and below the names of its attributes the objects inside.
"""

from __future__ import annotations

import os
import tempfile
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from amalthea import dtypes
from amalthea.errors import AmaltheaError, ArgumentError, NotBuiltError, SerializationError
from amalthea.state.naming import snake_case

Walk = Iterator[tuple[str, Any]]


def children(obj: Any) -> Walk:
    """The objects with variables inside `obj`, by the names under which files keep them."""
    layers = getattr(obj, "layers", None)
    inside = {"layers": obj._layers if _is_sequential(obj) else layers} if layers is not None and (_is_sequential(obj) or _is_graph(obj)) else {}
    hidden = _hidden()
    attributes = {name: value for name, value in vars(obj).items() if name not in hidden} | inside
    for name in sorted(attributes):
        value = attributes[name]
        if _has_variables(value):
            yield name, value
        elif isinstance(value, (list, tuple, set)):
            yield from ((f"{name}/{part}", member) for part, member in _members(value))
        elif isinstance(value, Mapping):
            yield from ((f"{name}/{part}", member) for part, member in _members(value.values()))


def _members(values: Any) -> Walk:
    """The members of a container by the names of their classes, numbered where there are several."""
    counts: dict[str, int] = {}
    for value in values:
        if _has_variables(value):
            base = snake_case(type(value).__name__)
            count = counts.get(base, 0)
            counts[base] = count + 1
            yield (f"{base}_{count}" if count else base), value


def _has_variables(value: Any) -> bool:
    return hasattr(value, "save_own_variables") and not isinstance(value, type)


def _is_graph(obj: Any) -> bool:
    return "_function" in vars(obj)


def _is_sequential(obj: Any) -> bool:
    return "_functional" in vars(obj)


_hidden_names: set[str] = set()


def _hidden() -> set[str]:
    """The attributes that every layer or model has for itself."""
    if not _hidden_names:
        from amalthea.layers.layer import Layer
        from amalthea.models.model import Model

        _hidden_names.update(vars(Layer()), vars(Model()), ("_functional", "_function"))
        _hidden_names.discard("optimizer")
    return _hidden_names


def walk(obj: Any, path: str = "", seen: set[int] | None = None) -> Walk:
    """`obj` and everything with variables inside it, each once, with its path."""
    seen = set() if seen is None else seen
    if id(obj) in seen:
        return
    seen.add(id(obj))
    yield path, obj
    for name, child in children(obj):
        yield from walk(child, f"{path}/{name}" if path else name, seen)


@contextmanager
def replacing(filepath: str | os.PathLike[str]) -> Iterator[str]:
    """A path to write to; the file takes the place of `filepath` when it is whole, and only then."""
    target = Path(filepath)
    handle, temporary = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent or ".")
    os.close(handle)
    try:
        yield temporary
        os.replace(temporary, target)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def check_target(filepath: Any, suffix: str, overwrite: bool) -> str:
    """`filepath` as text, if a file of this kind may be written there.

    Raises:
        ArgumentError: another ending, no such folder, or a file that must not be overwritten.
    """
    path = os.fspath(filepath)
    if not path.endswith(suffix):
        raise ArgumentError(f"`filepath` must end in '{suffix}'. Received: {path!r}.")
    if not Path(path).parent.is_dir():
        raise ArgumentError(f"The folder of `filepath` does not exist: {str(Path(path).parent)!r}.")
    if Path(path).exists() and not overwrite:
        raise ArgumentError(f"The file {path!r} exists already. Pass `overwrite=True` to replace it.")
    return path


def write(obj: Any, file: Any) -> None:
    """Write the variables of `obj`, and of what is inside it, into an HDF5 file (a path or a file object)."""
    import h5py

    with h5py.File(file, "w") as store:
        for path, part in walk(obj):
            group = store.create_group(f"{path}/vars" if path else "vars")
            group.attrs["name"] = getattr(part, "name", type(part).__name__)
            values: dict[str, Any] = {}
            part.save_own_variables(values)
            for name, value in values.items():
                _write_one(group, name, np.asarray(value))


def _write_one(group: Any, name: str, value: np.ndarray) -> None:
    if value.dtype.kind == "V":  # bfloat16 and the 8-bit floats, which HDF5 does not know: their bytes, with the name beside
        data = group.create_dataset(name, data=np.frombuffer(value.tobytes(), "uint8").reshape(*value.shape, value.dtype.itemsize))
        data.attrs["dtype"] = dtypes.standardize_dtype(value.dtype)
        return
    group.create_dataset(name, data=value)


def _read_one(data: Any) -> np.ndarray:
    value = np.asarray(data)
    name = data.attrs.get("dtype")
    if name is None:
        return value
    dtype = dtypes.numpy_dtype(dtypes.standardize_dtype(str(name)))
    return np.frombuffer(value.tobytes(), dtype).reshape(value.shape[:-1])


def read(obj: Any, file: Any, skip_mismatch: bool = False, skip: Callable[[str], bool] = lambda path: False) -> None:
    """Assign the variables of `obj` from an HDF5 file that `write` (or Keras) made.

    Everything is read and compared before anything is assigned.

    Raises:
        SerializationError: the file is not of this kind, or does not fit; nothing was assigned.
    """
    import h5py

    try:
        with h5py.File(file, "r") as store:
            found = [(path, part, _own(store, path)) for path, part in walk(obj) if not skip(path)]
    except OSError as error:
        raise SerializationError(f"{file!r} cannot be read as an HDF5 file of weights: {error}") from error
    problems = []
    for path, part, values in found:
        complaint = _complaint(part, values)
        if complaint is not None:
            problems.append(f"{path or part.name}: {complaint}")
    if problems and not skip_mismatch:
        shown = "\n  ".join(problems[:10])
        more = f"\n  ... and {len(problems) - 10} more" if len(problems) > 10 else ""
        raise SerializationError(
            f"The file does not fit the model; nothing was loaded.\n  {shown}{more}\nPass `skip_mismatch=True` to load what fits."
        )
    for _, part, values in found:
        if values and _complaint(part, values) is None:
            part.load_own_variables(values)
    if problems:
        warnings.warn("Not loaded, because it does not fit: " + "; ".join(problems), stacklevel=3)


def _own(store: Any, path: str) -> dict[str, np.ndarray] | None:
    group = store.get(f"{path}/vars" if path else "vars")
    return None if group is None else {name: _read_one(group[name]) for name in group}


def _complaint(part: Any, values: Mapping[str, np.ndarray] | None) -> str | None:
    """Why `values` cannot be the variables of `part`, or None."""
    wanted: dict[str, Any] = {}
    try:
        part.save_own_variables(_Shapes(wanted))
    except AmaltheaError as error:
        return str(error)
    if values is None:
        return f"not in the file ({len(wanted)} variables expected)" if wanted else None
    if len(values) != len(wanted):
        return f"{len(values)} variables in the file, {len(wanted)} in the model"
    for name, shape in wanted.items():
        if name not in values:
            return f"variable {name!r} is not in the file"
        if tuple(values[name].shape) != shape:
            return f"variable {name!r} has shape {tuple(values[name].shape)} in the file, {shape} in the model"
    return None


class _Shapes(dict[str, Any]):
    """A mapping that keeps the shapes of what is put into it."""

    def __init__(self, shapes: dict[str, Any]) -> None:
        super().__init__()
        self._shapes = shapes

    def __setitem__(self, name: str, value: Any) -> None:
        self._shapes[name] = tuple(np.shape(value))


def save_weights(model: Any, filepath: Any, overwrite: bool = True, **kwargs: Any) -> None:
    """Write the weights of a model to a `.weights.h5` file.

    Args:
        model: the model, built.
        filepath: where; ends in ".weights.h5".
        overwrite: whether a file that is there already is replaced.

    Raises:
        ArgumentError: a bad path.
        NotBuiltError: the model has no weights yet.
    """
    if kwargs:
        raise ArgumentError(f"`save_weights` got unknown arguments: {', '.join(kwargs)}.")
    path = check_target(filepath, ".weights.h5", overwrite)
    if not model.built:
        raise NotBuiltError(f"{model} is not built, so it has no weights to save. Call it on data, or `build` it with an input shape.")
    with replacing(path) as temporary:
        write(model, temporary)


def load_weights(model: Any, filepath: Any, skip_mismatch: bool = False, **kwargs: Any) -> None:
    """Read the weights of a model from a `.weights.h5` file, of Amalthea or of Keras 3.

    Args:
        model: the model, built.
        filepath: the file.
        skip_mismatch: whether parts that do not fit are left as they are, with a warning.

    Raises:
        ArgumentError: a bad path, or no such file.
        NotBuiltError: the model has no weights yet.
        SerializationError: the file does not fit; nothing was loaded.
    """
    if kwargs:
        raise ArgumentError(f"`load_weights` got unknown arguments: {', '.join(kwargs)}.")
    path = os.fspath(filepath)
    if not path.endswith(".weights.h5"):
        raise ArgumentError(f"`filepath` must end in '.weights.h5'. Received: {path!r}.")
    if not Path(path).is_file():
        raise ArgumentError(f"There is no file {path!r}.")
    if not model.built:
        raise NotBuiltError(f"{model} is not built, so it has no weights to load into. Call it on data, or `build` it with an input shape.")
    optimizer = getattr(model, "optimizer", None)
    if optimizer is not None and not optimizer.built:
        optimizer.build(model.trainable_variables)
    read(model, path, skip_mismatch, skip=lambda part: part.startswith("optimizer") and not _has_group(path, "optimizer"))


def _has_group(path: str, name: str) -> bool:
    import h5py

    try:
        with h5py.File(path, "r") as store:
            return name in store
    except OSError:
        return False
