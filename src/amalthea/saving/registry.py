"""The closed registry: which names in a configuration stand for which classes and functions.

A name resolves to something public of Amalthea (see `names`), or to something that the user's own code registered or passed as
`custom_objects`. Nothing is imported because a file says so.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextvars import ContextVar, Token
from typing import Any, TypeVar

from amalthea.errors import ArgumentError, ArgumentTypeError, nearest, shown
from amalthea.saving import names
from amalthea.saving.faults import NO_SWITCH, REGISTER, refused

T = TypeVar("T")

_registered: dict[str, Any] = {}
_registered_names: dict[Any, str] = {}
_scoped: ContextVar[dict[str, Any]] = ContextVar("amalthea_custom_objects", default={})  # noqa: B039 (never changed in place)


def register_keras_serializable(package: str = "Custom", name: str | None = None) -> Callable[[T], T]:
    """A decorator that lets files name a class or function of yours.

    Args:
        package: the first part of its name in files.
        name: the second part; its own name by default.

    Raises:
        ArgumentError: a class without `get_config`.
        ArgumentTypeError: what is neither a class nor a function.

    Example:
        >>> import amalthea
        >>> @register_keras_serializable("docs")
        ... class Twice(amalthea.layers.Layer):
        ...     def call(self, x):
        ...         return 2 * x
        >>> get_registered_name(Twice)
        'docs>Twice'
    """

    def register(thing: T) -> T:
        if not hasattr(thing, "__name__"):
            raise ArgumentTypeError(f"Only classes and functions can be registered. Received: {thing!r}.")
        chosen = f"{package}>{name or thing.__name__}"
        if isinstance(thing, type) and not hasattr(thing, "get_config"):
            raise ArgumentError(f"{thing.__name__} cannot be registered: it has no `get_config` method, so it cannot be written to a file.")
        previous = _registered.get(chosen)
        if previous is not None:
            _registered_names.pop(previous, None)
        _registered[chosen] = thing
        _registered_names[thing] = chosen
        return thing

    return register


def get_registered_name(obj: Any) -> str:
    """The name under which a class or function was registered, or its own."""
    return _registered_names.get(obj) or obj.__name__


def get_registered_object(name: str, custom_objects: Mapping[str, Any] | None = None, module_objects: Mapping[str, Any] | None = None) -> Any:
    """What stands for `name` among the custom and registered objects, or None."""
    for table in (_scoped.get(), custom_objects or {}, _registered, module_objects or {}):
        if name in table:
            return table[name]
    return None


def get_custom_objects() -> dict[str, Any]:
    """The objects that were registered, by name. Changes to this dictionary last."""
    return _registered


class CustomObjectScope:
    """For `with`: names of `custom_objects` can be used in configurations inside.

    Args:
        custom_objects: classes and functions by names; None is none.

    Raises:
        ArgumentTypeError: no dictionary.

    Example:
        >>> with CustomObjectScope({"double": lambda x: 2 * x}):
        ...     get_registered_object("double") is not None
        True
    """

    def __init__(self, custom_objects: dict[str, Any] | None) -> None:
        if not isinstance(custom_objects, (dict, type(None))):
            raise ArgumentTypeError(f"`custom_objects` must be a dictionary of names to classes or functions. Received: {custom_objects!r}.")
        self.custom_objects = custom_objects or {}
        self._tokens: list[Token[dict[str, Any]]] = []

    def __enter__(self) -> CustomObjectScope:
        self._tokens.append(_scoped.set({**_scoped.get(), **self.custom_objects}))
        return self

    def __exit__(self, *error: Any) -> None:
        _scoped.reset(self._tokens.pop())


custom_object_scope = CustomObjectScope


def find_class(
    module: str | None, class_name: str, registered_name: str | None, custom_objects: Mapping[str, Any] | None = None, place: str = ""
) -> type:
    """The class of a configuration; where it has no module and several families have a class of its name, the first.

    Raises:
        ModelFileError: no class of this name is public, registered or custom, or the names contradict each other.
    """
    public = names.classes_named(module, class_name)
    named_as_public = bool(public) and module is not None and registered_name in (None, class_name)
    # A public class is what its full name says; what the user gave replaces it where the configuration has no module.
    own = None if named_as_public else _custom(class_name, registered_name, custom_objects)
    if own is not None:
        return _checked_class(own, class_name, registered_name, custom_objects, place)
    if class_name in _CODE:
        raise refused("code", place, f"{shown(class_name)}: {_CODE[class_name]}", NO_SWITCH)
    if public and registered_name in (None, class_name):
        return public[0]
    if public:
        raise refused(
            "mismatch",
            place,
            f"The class {shown(class_name)} of {shown(module)} is public, but {shown(registered_name)} is named as what is registered.",
        )
    if class_name in names.functions():
        raise refused("mismatch", place, f"{shown(class_name)} is a function, but is named as a class.")
    raise refused(
        "unknown",
        place,
        f"The class {shown(class_name)} (module {shown(module)}) is neither part of Amalthea nor registered.{nearest(class_name, names.known_classes())}",
        REGISTER,
    )


def _custom(name: str, registered_name: str | None, custom_objects: Mapping[str, Any] | None) -> Any:
    """What the user's code gave under the registered name, or else the plain one."""
    found = get_registered_object(registered_name, custom_objects) if registered_name else None
    return get_registered_object(name, custom_objects) if found is None else found


def _checked_class(found: Any, class_name: str, registered_name: str | None, custom_objects: Mapping[str, Any] | None, place: str) -> type:
    """`found`, if it is a class that may be written under these names."""
    if not isinstance(found, type):
        raise refused("mismatch", place, f"{shown(class_name)} stands for the function {found!r}, but is named as a class.")
    plain = (registered_name or class_name).rpartition(">")[2]
    if class_name not in (found.__name__, plain) and get_registered_object(class_name, custom_objects) is not found:
        raise refused(
            "mismatch", place, f"The class {shown(class_name)} is named, but {shown(registered_name)} is registered for {found.__name__!r}."
        )
    return found


# Classes of Keras that could not be restored without running what is in a file: why, and what to do instead.
_CODE = {
    "TFSMLayer": "it would run a TensorFlow SavedModel, a program, from a path in the file. If you trust that, make the layer in code, "
    "`TFSMLayer(filepath)`, and the model around it.",
    "TorchModuleWrapper": "it would unpickle a module of PyTorch, which runs code. Make the module in code, wrap it in `TorchModuleWrapper`, and "
    "load the weights into the model with `load_weights`.",
}


def find_function(
    name: str, custom_objects: Mapping[str, Any] | None = None, module: str | None = None, registered_name: str | None = None, place: str = ""
) -> Callable[..., Any]:
    """The function of a configuration.

    Raises:
        ModelFileError: no function of this name is public, registered or custom.
    """
    found = _custom(name, registered_name if registered_name != "function" else None, custom_objects)
    if found is None and (module in (None, "builtins", "keras") or str(module).startswith("keras.")):
        found = names.functions().get(name)
    if isinstance(found, type) or (found is None and names.classes_named(None, name)):
        raise refused("mismatch", place, f"{shown(name)} is a class, but is named as a function.")
    if not callable(found):
        where = "" if module in (None, "builtins") else f" (module {shown(module)})"
        raise refused(
            "unknown",
            place,
            f"The function {shown(name)}{where} is neither part of Amalthea nor registered.{nearest(name, names.functions())}",
            REGISTER,
        )
    return found  # type: ignore[no-any-return]
