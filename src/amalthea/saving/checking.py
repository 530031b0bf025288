"""A configuration is looked at as a whole before anything of it is made."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from amalthea.errors import shown
from amalthea.saving import graphs, names, operations, registry
from amalthea.saving.faults import NO_SWITCH, at, refused, separately
from amalthea.saving.limits import LIMITS, Limits, beyond
from amalthea.saving.schema import PATHS, check_compiled, check_config, listed

_inside: ContextVar[Limits | None] = ContextVar("amalthea_checked", default=None)


def limits_here() -> Limits | None:
    """The limits under which a configuration was checked as a whole, of which a part is read here; None outside of any."""
    return _inside.get()


@contextmanager
def inside_checked(limits: Limits) -> Iterator[None]:
    """Parts of a configuration that was checked are not checked again inside."""
    token = _inside.set(limits)
    try:
        yield
    finally:
        _inside.reset(token)


def check(config: Any, custom_objects: Mapping[str, Any] | None = None, limits: Limits = LIMITS, place: str = "") -> None:
    """Refuse a configuration that names what is not known, holds code, or is not of the form that its classes take.

    Args:
        config: plain values.
        custom_objects: classes and functions of the user by name.
        limits: how much it may describe.
        place: where it stands, for errors.

    Raises:
        ModelFileError: the first thing that is wrong; inside of `faults.listed`, all such things are listed.

    Example:
        >>> check({"module": "keras.layers", "class_name": "Dense", "config": {"unist": 3}})
        Traceback (most recent call last):
        amalthea.errors.ModelFileError: config.unist: Dense knows no 'unist'. Did you mean "units"? ...
    """
    _Check(custom_objects, limits).part(config, place)


def is_special(name: str) -> bool:
    """Whether a `class_name` stands for no object of a class: for a function, a class itself, or a value."""
    return name in _SPECIAL


class _Check:
    def __init__(self, custom_objects: Mapping[str, Any] | None, limits: Limits) -> None:
        self.custom_objects, self.limits = custom_objects, limits
        self.listed = 0

    def part(self, value: Any, place: str) -> None:
        if isinstance(value, Mapping):
            if "class_name" in value and "config" in value:
                with separately:
                    self.described(value, place)
            else:
                self.entries(value, place)
        elif isinstance(value, (list, tuple)):
            for index, entry in enumerate(value):
                self.part(entry, at(place, index))
        elif isinstance(value, int) and abs(value) > self.limits.integer:
            with separately:
                raise refused("size", place, "The number is too large.", beyond("integer", self.limits))

    def entries(self, entries: Mapping[str, Any], place: str) -> None:
        for key, value in entries.items():
            here = at(place, key)
            if key in PATHS and isinstance(value, str):
                with separately:
                    raise refused("path", here, f"{shown(key)} is text ({shown(value)}), which would name a file or an address; none is opened.")
            self.part(value, here)

    def described(self, value: Mapping[str, Any], place: str) -> None:
        """Something with a `class_name`."""
        name, config = value["class_name"], value["config"]
        here = at(place, "config")
        if not isinstance(name, str):
            raise refused("form", place, f"`class_name` must be a string. Received: {shown(name)}.")
        for key in ("module", "registered_name"):
            if not isinstance(value.get(key), (str, type(None))):
                raise refused("form", place, f"`{key}` must be a string or None. Received: {shown(value[key])}.")
        special = _SPECIAL.get(name)
        if special is not None:
            special(self, value, here)
            return
        with separately:
            if operations.is_operation(value):
                operations.check(value, place)
            elif not isinstance(config, Mapping):
                raise refused("form", here, f"The configuration of {shown(name)} must be a dictionary. Received: {shown(config)}.")
            else:
                self.object(value, name, config, place)
        self.entries(config if isinstance(config, Mapping) else {}, here)
        for key in ("build_config", "compile_config", "inbound_nodes"):
            self.part(value.get(key), at(place, key))

    def object(self, value: Mapping[str, Any], name: str, config: Mapping[str, Any], place: str) -> None:
        """An object of a class, without the parts in its configuration."""
        here = at(place, "config")
        cls = registry.find_class(value.get("module"), name, value.get("registered_name"), self.custom_objects, place)
        if not hasattr(cls, "from_config"):
            raise refused("mismatch", place, f"{shown(name)} stands for {cls!r}, which cannot be made from a configuration.")
        if names.home_of(cls) is not None and (value.get("module") is not None or len(names.classes_named(None, name)) == 1):
            check_config(cls, config, here)
            self.listed += listed(config)
            if self.listed > self.limits.listed:
                raise refused("size", here, f"Lists of {self.listed:,} parts in all would be made.", beyond("listed", self.limits))
            if graphs.is_graph(config):
                with separately:
                    graphs.ordered_calls(config, here)
        if isinstance(value.get("compile_config"), Mapping):
            check_compiled(cls, value["compile_config"], at(place, "compile_config"))

    def function(self, value: Mapping[str, Any], place: str) -> None:
        if not isinstance(value["config"], str):
            raise refused("form", place, f"The name of a function must be a string. Received: {shown(value['config'])}.")
        found = registry.find_function(value["config"], self.custom_objects, value.get("module"), value.get("registered_name"), place)
        if any(found is function for function in operations.unbounded()):
            reason = f"The sizes that {shown(value['config'])} works along are checked only where it is an operation of a graph."
            raise refused("size", place, reason, "Call it in a function of your own, and register that.")

    def type_(self, value: Mapping[str, Any], place: str) -> None:
        name, module = value["config"], value.get("module")
        if not isinstance(name, str):
            raise refused("form", place, f"The name of a class must be a string. Received: {shown(name)}.")
        registry.find_class(None if module == "builtins" else module, name, None, self.custom_objects, place)

    def code(self, value: Mapping[str, Any], place: str) -> None:
        raise refused(
            "code",
            place,
            "It holds the bytecode of a lambda.",
            f"{NO_SWITCH} Rebuild the layer in code, with a function of your own that has a name and is registered with "
            "`@amalthea.saving.register_keras_serializable()`; then load the weights into that model.",
        )

    def values(self, value: Mapping[str, Any], place: str) -> None:
        config = value["config"]
        if not isinstance(config, Mapping) or not set(config) <= _VALUE_KEYS:
            raise refused("form", place, f"{shown(value['class_name'])} holds only {', '.join(sorted(_VALUE_KEYS))}.")
        self.entries(config, place)


_VALUE_KEYS = frozenset({"dtype", "keras_history", "name", "shape", "start", "step", "stop", "value"})
_SPECIAL: dict[str, Callable[[_Check, Mapping[str, Any], str], None]] = {
    "__lambda__": _Check.code,
    "function": _Check.function,
    "type": _Check.type_,
    **dict.fromkeys(
        ("__bytes__", "__ellipsis__", "__keras_tensor__", "__numpy__", "__slice__", "__tensor__", "__tuple__", "__typespec__"), _Check.values
    ),
}
