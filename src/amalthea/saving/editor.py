"""Weights in a file, to be looked at, compared, renamed, added and removed."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from amalthea import dtypes
from amalthea.errors import ArgumentError, ArgumentTypeError, ModelFileError, nearest, printable, shown
from amalthea.saving import formats
from amalthea.saving.fitting import difference
from amalthea.saving.formats.interface import check_built
from amalthea.saving.formats.keras_archive import KerasArchive
from amalthea.saving.formats.weights_hdf5 import Hdf5Sink
from amalthea.saving.formats.whole_hdf5 import WholeHdf5
from amalthea.saving.limits import Limits
from amalthea.saving.replacing import check_target, replacing
from amalthea.saving.variables import describe, walk

if TYPE_CHECKING:
    from rich.tree import Tree

Node = dict[str, Any]
_ENDING = ".weights.h5"
_WIDE = 10**6


class KerasFileEditor:
    """The weights in a file, held in memory: to adapt a file to a model that has changed since.

    Objects (layers, optimizers) are named by their paths in the file, such as "layers/dense_1", or by the last part of these if only one object
    has it. "/dense" is the path of an object at the top, "/" the model itself.

    Args:
        filepath: a file of a whole model, ".keras", or of weights: ".weights.h5", ".weights.npz", ".safetensors" or ".weights.json".
        limits: how much the file may ask for; a `Limits`.

    Attributes:
        filepath: the file.
        metadata: what a ".keras" file says of itself; else None.
        config: the configuration of the model in a ".keras" file; else None.
        weights_dict: the weights as NumPy arrays, in dictionaries as deep as the paths of their objects.
        object_metadata: the names that objects had in the model, by their paths.

    Raises:
        ArgumentError: there is no such file, or it is one of the older layout of HDF5.
        ModelFileError: the file is damaged.

    Example:
        >>> import amalthea, tempfile, os
        >>> model = amalthea.Sequential([amalthea.Input((2,)), amalthea.layers.Dense(1)])
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = os.path.join(folder, "model.weights.h5")
        ...     model.save_weights(path)
        ...     editor = KerasFileEditor(path)
        >>> editor.rename_object("dense", "head")
        >>> editor.add_object("layers/scale", weights={"0": np.ones((1,), "float32")})
        >>> {name: list(weights) for name, weights in editor.weights_dict["layers"].items() if weights}
        {'head': ['0', '1'], 'scale': ['0']}
    """

    def __init__(self, filepath: Any, *, limits: Limits | None = None) -> None:
        self.filepath = os.fspath(filepath)
        self.metadata: dict[str, Any] | None = None
        self.config: dict[str, Any] | None = None
        self.weights_dict: Node = {}
        with formats.opened(self.filepath, limits) as file, file.compared():
            if isinstance(file, WholeHdf5):
                raise ArgumentError(
                    f"{self.filepath!r} is a file of the older layout of HDF5, whose weights have no paths. Load the model, and save it as '.keras'."
                )
            if isinstance(file, KerasArchive):
                self.metadata, self.config = file.metadata(), file.config()
            for path, entries in file.stored().items():
                node = _made(self.weights_dict, path, file.place)
                for name in sorted(entries, key=lambda name: int(name) if name.isdecimal() else _WIDE):
                    if name in node:
                        raise _two_things(name, path, file.place)
                    node[name] = entries[name].read()
            self.object_metadata = {f"/{path}": {"name": name} for path, name in file.names().items()}
            file.check_unchanged()

    def summary(self) -> None:
        """Print the objects with the shapes and dtypes of their weights."""
        from rich.console import Console
        from rich.text import Text
        from rich.tree import Tree

        tree = Tree(Text("Weights structure"))
        _grow(tree, self.weights_dict)
        Console(highlight=False, markup=False, emoji=False).print(tree)

    def compare(self, reference_model: Any) -> dict[str, Any]:
        """Print how the weights differ from those of a model, which would be needed to load them into it.

        Args:
            reference_model: a model that is built. Its optimizer counts too, if it was compiled.

        Returns:
            A dictionary: "status", which is "success" or "error"; "error_count", how many objects and weights differ or are missing on one side;
            "match_count", how many weights agree.

        Raises:
            NotBuiltError: the model has no weights yet.
        """
        check_built(reference_model)
        stored = {path: _weights_of(node) for path, node in _nodes(self.weights_dict)}
        problems, matches = [], 0
        for path, part in walk(reference_model):
            wanted, found = describe(part), stored.pop(path, {})
            if wanted and not found:
                problems.append(f"{_place(path)}: in the model, but not in the file. Its weights are {_listed(wanted)}.")
                continue
            for name in [*wanted, *(name for name in found if name not in wanted)]:
                problem = _difference(found.get(name), wanted.get(name))
                if problem is None:
                    matches += 1
                else:
                    problems.append(f"{_place(path)}, weight {printable(name)}: {problem}.")
        problems += (
            f"{_place(path)}: in the file, but not in the model. Its weights are {_listed(weights)}." for path, weights in stored.items() if weights
        )
        print("\n".join([*problems, f"{matches} weights agree, {len(problems)} objects or weights differ."]))
        return {"status": "error" if problems else "success", "error_count": len(problems), "match_count": matches}

    def rename_object(self, object_name: str, new_name: str) -> None:
        """Give an object another name, in the same place.

        Args:
            object_name: its name or path.
            new_name: the last part of its new path. An object that has this path is replaced.

        Raises:
            ArgumentError: there is no such object, several have the name, or the new one is a path.
        """
        parent, name, path = self._inside(object_name)
        if not isinstance(new_name, str) or not new_name or "/" in new_name:
            raise ArgumentError(f"`new_name` must be a name, not a path. Received: {new_name!r}.")
        if new_name == name:
            return
        node = parent.pop(name)
        parent[new_name] = node
        before, after = f"/{path}", f"/{path}".removesuffix(name) + new_name
        names = {key: value for key, value in self.object_metadata.items() if not _is_below(key, after)}
        self.object_metadata = {after + key.removeprefix(before) if _is_below(key, before) else key: value for key, value in names.items()}

    def delete_object(self, object_name: str) -> None:
        """Remove an object, with all that is inside of it.

        Args:
            object_name: its name or path.

        Raises:
            ArgumentError: there is no such object, or several have the name.
        """
        parent, name, path = self._inside(object_name)
        del parent[name]
        self.object_metadata = {key: value for key, value in self.object_metadata.items() if not _is_below(key, f"/{path}")}

    def add_object(self, object_path: str, weights: Mapping[str, Any]) -> None:
        """Add an object.

        Args:
            object_path: its whole path, such as "layers/dense_2"; the objects that hold it must be there. An object that has it is replaced.
            weights: its weights by their names, as a rule "0", "1", ...

        Raises:
            ArgumentError: there is nothing to put it into, or weights that a file cannot hold.
            ArgumentTypeError: no path, or no weights.
        """
        if not isinstance(object_path, str):
            raise ArgumentTypeError(f"`object_path` must be a path such as 'layers/dense_2'. Received: {object_path!r}.")
        path, _, name = object_path.strip("/").rpartition("/")
        if not name:
            raise ArgumentError(f"`object_path` must end in the name of the object. Received: {object_path!r}.")
        checked, parent = _checked(weights), self._found(f"/{path}")
        if name in parent and not isinstance(parent[name], dict):
            raise ArgumentError(f"{object_path!r} is a weight already. Give the object another name.")
        parent[name] = checked

    def add_weights(self, object_name: str, weights: Mapping[str, Any]) -> None:
        """Add weights to an object, or replace some of its own.

        Args:
            object_name: its name or path.
            weights: the weights by their names.

        Raises:
            ArgumentError: there is no such object, several have the name, or weights that a file cannot hold.
            ArgumentTypeError: no weights.
        """
        checked, node = _checked(weights), self._found(object_name)
        inside = next((name for name in checked if isinstance(node.get(name), dict)), None)
        if inside is not None:
            raise ArgumentError(f"{inside!r} is an object in {object_name!r}. Give the weight another name.")
        node.update(checked)

    def delete_weight(self, object_name: str, weight_name: str) -> None:
        """Remove a weight of an object.

        Args:
            object_name: the name or path of the object.
            weight_name: the name of the weight.

        Raises:
            ArgumentError: there is no such object or weight, or several objects have the name.
        """
        node = self._found(object_name)
        weights = _weights_of(node)
        if weight_name not in weights:
            raise ArgumentError(f"{object_name!r} has no weight {weight_name!r}. Its weights are {_listed(weights)}.")
        del node[weight_name]

    def save(self, filepath: Any) -> None:
        """Write the weights to a file.

        Args:
            filepath: where; ends in ".weights.h5". A file that is there is replaced.

        Raises:
            ArgumentError: a bad path.
        """
        import h5py

        path = Path(os.fspath(filepath))
        if not path.name.endswith(_ENDING):
            raise ArgumentError(f"`filepath` must end in {_ENDING!r}. Received: {str(path)!r}.")
        with replacing(check_target(path, overwrite=True)) as file, h5py.File(file, "w") as store:
            sink = Hdf5Sink(store)
            for place, node in _nodes(self.weights_dict):
                weights, known = _weights_of(node), self.object_metadata.get(f"/{place}")
                if not weights and known is None and node:  # what only holds others, such as "layers"
                    continue
                sink.open(place, known["name"] if known else place.rpartition("/")[2])
                for name, value in weights.items():
                    sink.put(place, name, value)

    def resave_weights(self, filepath: Any) -> None:
        """The same as `save`.

        Args:
            filepath: where; ends in ".weights.h5".
        """
        self.save(filepath)

    def _inside(self, object_name: str) -> tuple[Node, str, str]:
        """What holds an object, and its name and path."""
        path = self._path(object_name)
        if not path:
            raise ArgumentError("The model itself can be neither renamed nor removed; `object_name` must name something in it.")
        above, _, name = path.rpartition("/")
        return self._found(f"/{above}"), name, path

    def _found(self, object_name: str) -> Node:
        return dict(_nodes(self.weights_dict))[self._path(object_name)]

    def _path(self, object_name: str) -> str:
        """The path of the one object that is meant."""
        if not isinstance(object_name, str):
            raise ArgumentTypeError(f"The name of an object must be a string. Received: {object_name!r}.")
        every = [path for path, _ in _nodes(self.weights_dict)]
        if "/" in object_name:
            found = [path for path in every if path == object_name.strip("/")]
        else:
            found = [path for path in every if path and path.rpartition("/")[2] == object_name]
        if len(found) > 1:
            listed = ", ".join(map(_place, found))
            raise ArgumentError(f"{object_name!r} is the name of {len(found)} objects. Give the path of one: {listed}.")
        if not found:
            raise ArgumentError(f"There is no object {object_name!r} in the file; `summary()` lists all.{nearest(object_name.strip('/'), every)}")
        return found[0]


def _nodes(node: Node, path: str = "") -> Iterator[tuple[str, Node]]:
    """All objects, and what holds them, by their paths."""
    yield path, node
    for name, child in node.items():
        if isinstance(child, dict):
            yield from _nodes(child, f"{path}/{name}" if path else name)


def _weights_of(node: Node) -> dict[str, np.ndarray]:
    return {name: value for name, value in node.items() if not isinstance(value, dict)}


def _made(top: Node, path: str, place: str) -> Node:
    """The node of a path, which is made if it is not there."""
    node = top
    for part in path.split("/") if path else ():
        node = node.setdefault(part, {})
        if not isinstance(node, dict):
            raise _two_things(part, path, place)
    return node


def _two_things(name: str, path: str, place: str) -> ModelFileError:
    return ModelFileError("weights.name", place, f"{shown(name)} in {shown(path)} is a weight, and an object too.", "Save the model again.")


def _is_below(path: str, above: str) -> bool:
    return path == above or path.startswith(f"{above}/")


def _checked(weights: Any) -> dict[str, np.ndarray]:
    """Weights as arrays that files can hold."""
    if not isinstance(weights, Mapping):
        raise ArgumentTypeError(f'`weights` must be a dictionary of names ("0", "1", ...) to arrays. Received: {weights!r}.')
    found = {}
    for name, value in weights.items():
        if not isinstance(name, str) or not name or "/" in name:
            raise ArgumentError(f'The name of a weight must be a text without "/", such as "0". Received: {name!r}.')
        array = np.asarray(value)
        if array.dtype.kind in "OSUMm":
            raise ArgumentError(f"The weight {name!r} must be an array of numbers. Received: {shown(value)}, of dtype {array.dtype}.")
        found[name] = array
    return found


def _difference(found: np.ndarray | None, wanted: tuple[tuple[int, ...], str] | None) -> str | None:
    if found is None:
        return "in the model, but not in the file"
    return "in the file, but not in the model" if wanted is None else difference(found, *wanted)  # type: ignore[arg-type]


def _place(path: str) -> str:
    return printable(f"/{path}")


def _listed(names: Mapping[str, Any]) -> str:
    return ", ".join(map(printable, names)) or "none"


def _grow(tree: Tree, node: Node) -> None:
    from rich.text import Text

    for name, value in node.items():
        if isinstance(value, dict):
            _grow(tree.add(Text(printable(name))), value)
        else:
            tree.add(Text(f"{printable(name)}: shape={value.shape}, dtype={dtypes.standardize_dtype(value.dtype)}"))
