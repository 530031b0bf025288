"""Families of objects that are called by name: initializers, losses, optimizers...

Each family has `get`, `serialize` and `deserialize`, which differ in their tables alone.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from amalthea.errors import ArgumentError, nearest


class Family:
    """The objects of one kind, by name.

    Args:
        kind: the word for one of them, as in "initializer".
        objects: classes (or functions) by each name that they have.
        fold: what makes names alike; `str.lower` where case does not count.
        accepts: whether an object that is neither a name nor a configuration is one of the family. By default what can be called is.

    Example:
        >>> family = Family("function", {"abs": abs, "round": round})
        >>> family.get("abs")(-1)
        1
        >>> family.get("ruond")
        Traceback (most recent call last):
        amalthea.errors.ArgumentError: Unknown function 'ruond'. Did you mean "round"?
    """

    def __init__(self, kind: str, objects: Mapping[str, Any], fold: Callable[[str], str] = str, accepts: Callable[[Any], bool] = callable) -> None:
        self.kind = kind
        self.objects = {fold(name): value for name, value in objects.items()}
        self._names = tuple(objects)
        self._fold, self._accepts = fold, accepts

    def get(self, identifier: Any) -> Any:
        """The object that `identifier` means: a name, a configuration, a class, an object, or None (which stays None).

        Raises:
            ArgumentError: it means nothing in this family.
        """
        if identifier is None:
            return None
        if isinstance(identifier, str):
            found = self.named(identifier)
        elif isinstance(identifier, dict):
            found = self.deserialize(identifier)
        else:
            found = identifier
        if isinstance(found, type):
            found = found()
        if not self._accepts(found):
            raise ArgumentError(f"Cannot make a {self.kind} of {identifier!r} (of type {type(identifier).__name__}). {self._advice()}")
        return found

    def named(self, name: str) -> Any:
        """The class or function of this name: of the table, or registered by the user.

        Raises:
            ArgumentError: there is none.
        """
        found = self.objects.get(self._fold(name))
        if found is None:
            from amalthea.saving import get_registered_object

            found = get_registered_object(name)
        if found is None:
            raise ArgumentError(f"Unknown {self.kind} {name!r}.{nearest(name, self._names) or ' ' + self._advice()}")
        return found

    def serialize(self, value: Any) -> Any:
        """The configuration of `value`, from which `deserialize` makes an equal one."""
        from amalthea.saving import serialize_keras_object

        return serialize_keras_object(value)

    def deserialize(self, config: Any, custom_objects: Mapping[str, Any] | None = None) -> Any:
        """The object of a configuration.

        Args:
            config: what `serialize` gave, or a name.
            custom_objects: classes and functions of the user by name, which are looked at first.

        Raises:
            ArgumentError: the name is not known.
            SerializationError: `config` is not a configuration.
        """
        from amalthea.saving import deserialize_keras_object

        if isinstance(config, str):
            config = {"class_name": config, "config": {}}
        if isinstance(config, dict):
            config = self._with_full_name(config, custom_objects or {})
        return deserialize_keras_object(config, custom_objects=dict(custom_objects or {}))

    def _with_full_name(self, config: dict[str, Any], custom_objects: Mapping[str, Any]) -> dict[str, Any]:
        """`config`, in which a name of the table (and not one of the user's) is replaced by the class's full name."""
        from amalthea.saving.names import home_of

        name, module = config.get("class_name"), config.get("module")
        of_user = name in custom_objects or ">" in (config.get("registered_name") or "")
        if not isinstance(name, str) or of_user or (module is not None and module.partition(".")[0] != "keras"):
            return config
        found = self.objects.get(self._fold(name))
        home = home_of(found) if isinstance(found, type) else None
        return config if home is None else {**config, "module": home[0], "class_name": home[1]}

    def _advice(self) -> str:
        return f"Give a name ({', '.join(map(repr, self._names[:6]))}...), a configuration, or an object."
