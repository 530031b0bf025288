"""What a configuration says of a model: its layers, and how it was compiled."""

from __future__ import annotations

import inspect as signatures
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from amalthea.saving import names, operations
from amalthea.saving.checking import is_special
from amalthea.saving.faults import at
from amalthea.saving.graphs import name_of
from amalthea.saving.variables import names_of_members


@dataclass(frozen=True)
class Part:
    """A layer, or a model, inside of `depth` others. What the file does not say is None."""

    depth: int
    name: str
    class_name: str
    shape: str | None
    dtype: str | None
    parameters: int | None
    place: str


class _Child(NamedTuple):
    """A layer, a model or a call of a function in the configuration of something: the key that it stands under, and its place."""

    described: Mapping[str, Any]
    key: str
    place: str
    in_list: bool


Paths = Callable[[str | None, list[_Child]], Sequence[str | None]]


def in_folders(path: str | None, children: list[_Child]) -> Sequence[str | None]:
    """Where the variables of the objects inside the one at `path` are, in files that keep them as folders in folders."""
    folders: list[str | None] = []
    for key in dict.fromkeys(child.key for child in children):
        members = [child.described for child in children if child.key == key and child.in_list and not operations.is_operation(child.described)]
        numbered = names_of_members(described["class_name"] for described in members)
        for child in (child for child in children if child.key == key):
            if path is None or operations.is_operation(child.described):
                folders.append(None)
            else:
                folders.append("/".join(filter(None, (path, key, next(numbered) if child.in_list else ""))))
    return folders


def by_name(path: str | None, children: list[_Child]) -> Sequence[str | None]:
    """The same in files that keep the layers of a model by their names, with all that is inside of them."""
    return [name_of(child.described) if path == "" else None for child in children]


def describes_model(config: Mapping[str, Any]) -> bool:
    """Whether a configuration that was checked can be that of a model: a class of the user's own may be one."""
    from amalthea.models.model import Model

    name, module = config.get("class_name"), config.get("module")
    if not isinstance(name, str) or not isinstance(config.get("config"), Mapping) or is_special(name):
        return False
    classes = names.classes_named(module, name) if isinstance(module, (str, type(None))) else []
    return not classes or any(issubclass(cls, Model) for cls in classes)


def parts(config: Mapping[str, Any], totals: Counter[str], paths: Paths) -> list[Part]:
    """The model of a configuration that was checked, and the layers in it, each after what holds it.

    Args:
        config: the configuration.
        totals: how many numbers are stored for each path.
        paths: gives the paths of layers: `in_folders` or `by_name`.
    """
    return list(_parts(config, "", "", 0, totals, paths))


def _parts(described: Mapping[str, Any], place: str, path: str | None, depth: int, totals: Counter[str], paths: Paths) -> Iterator[Part]:
    """Something described, and the layers and models in its configuration."""
    config = described["config"] if isinstance(described["config"], Mapping) else {}
    name = name_of(described)
    parameters = totals[path] if path is not None and (path in totals or depth == 0) else None
    yield Part(
        *(
            depth,
            str(name),
            str(described["class_name"]),
            _shape(described, config),
            _policy(config.get("dtype")),
            parameters,
            place or "configuration",
        )
    )
    children = list(_children(config, at(place, "config")))
    for child, below in zip(children, paths(path, children), strict=True):
        yield from _parts(child.described, child.place, below, depth + 1, totals, paths)


def _children(config: Mapping[str, Any], place: str) -> Iterator[_Child]:
    for key, value in config.items():
        in_list = isinstance(value, (list, tuple))
        for index, part in enumerate(value if in_list else [value]):
            if isinstance(part, Mapping) and isinstance(part.get("class_name"), str) and "config" in part and _is_layer(key, part):
                yield _Child(part, str(key), at(at(place, key), index) if in_list else at(place, key), in_list)


def _is_layer(key: Any, described: Mapping[str, Any]) -> bool:
    module = described.get("module")
    home = names.public_module(module) if isinstance(module, str) else None
    return key in ("layers", "layer") or home in ("keras.layers", "keras.models") or (home == "keras" and "layers" in (described["config"] or ()))


def _shape(described: Mapping[str, Any], config: Mapping[str, Any]) -> str | None:
    """The shape of what comes in, as far as the file says."""
    built = described.get("build_config")
    built = built if isinstance(built, Mapping) else {}
    several = built.get("shapes_dict")
    for shape in (config.get("batch_shape"), built.get("input_shape"), next(iter(several.values()), None) if isinstance(several, Mapping) else None):
        if shape is not None:
            return _tuples(shape)
    return None


def _tuples(shape: Any) -> str:
    """Shapes as Python writes them, whatever the structure that they are in."""
    if isinstance(shape, Mapping):
        return ", ".join(map(_tuples, shape.values()))
    if not isinstance(shape, (list, tuple)):
        return str(shape)
    if any(isinstance(size, (list, tuple)) for size in shape):
        return ", ".join(map(_tuples, shape))
    return f"({', '.join(map(str, shape))}{',' * (len(shape) == 1)})"


def _policy(dtype: Any) -> str | None:
    if isinstance(dtype, Mapping) and isinstance(dtype.get("config"), Mapping):
        dtype = dtype["config"].get("name")
    return dtype if isinstance(dtype, str) else None


# --- how it was compiled ---


def compiled(config: Any) -> dict[str, str]:
    """The arguments of `compile`, in short."""
    given = config.items() if isinstance(config, Mapping) else ()
    return {str(key): _in_short(value) for key, value in given if value not in (None, False)}


def _in_short(value: Any) -> str:
    """Plain values, and what they describe, in a few words: objects by their classes and the arguments that are not as usual."""
    if isinstance(value, (list, tuple)):
        return ", ".join(map(_in_short, value))
    if not isinstance(value, Mapping):
        return str(value)
    name, config = value.get("class_name"), value.get("config")
    if not isinstance(name, str):
        return ", ".join(f"{key}: {_in_short(part)}" for key, part in value.items())
    if isinstance(config, str):  # a function
        return config
    return f"{name}({', '.join(_unusual(value, name, config))})" if isinstance(config, Mapping) else name


def _unusual(described: Mapping[str, Any], name: str, config: Mapping[str, Any]) -> Iterator[str]:
    module = described.get("module")
    classes = names.classes_named(module if isinstance(module, str) else None, name)
    usual = {p.name: p.default for p in signatures.signature(classes[0]).parameters.values()} if classes else {}
    for key, value in config.items():
        if key == "learning_rate" or (key not in ("name", "dtype") and value is not None and usual.get(key) != value):
            yield f"{key}={_in_short(value)}"
