"""What the configuration of a public class may hold: the keys, and the kinds of their values, read off the class's `__init__`."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from functools import cache
from typing import Any

from amalthea.errors import nearest, shown
from amalthea.saving.faults import at, refused, separately

# Kinds of plain values by the words of annotations. What is annotated otherwise may be anything: the class itself checks it.
_KINDS: dict[str, tuple[type, ...]] = {
    "None": (type(None),),
    "bool": (bool,),
    "dict[str, Any]": (dict,),
    "float": (int, float),
    "int": (int,),
    "Sequence[float]": (list, tuple),
    "Sequence[int]": (list, tuple),
    "Sequence[str]": (list, tuple),
    "str": (str,),
}
# Arguments that take more than their annotation says, from files: a generator of seeds, a dtype policy.
_OPEN = frozenset({"dtype", "seed"})
# Arguments that may be missing, whatever their annotation says.
_NAME = {"name": "str | None"}
# Arguments by which an object makes lists or arrays at once, in its `__init__`, or when it is called on symbolic tensors.
_LISTS = frozenset({"fft_length", "height", "num_bins", "num_mel_bins", "num_thresholds", "sequence_length", "width"})
# Keys that name something outside of a file where their value is text.
PATHS = frozenset({"cache_dir", "cache_subdir", "filepath", "idf_weights", "origin", "url", "vocabulary"})
# Keys besides the arguments of `__init__`, by class: what `from_config` takes, or passes over.
_MORE: dict[str, frozenset[str]] = {
    "Embedding": frozenset({"input_length"}),
    "Functional": frozenset({"input_layers", "layers", "output_layers"}),
    "InputLayer": frozenset({"batch_input_shape", "input_shape"}),
    "Layer": frozenset({"gptq_unpacked_column_size", "input_dim", "input_shape", "lora_alpha", "lora_rank", "quantization_config"}),
    "LayerNormalization": frozenset({"rms_scaling"}),
    "LeakyReLU": frozenset({"alpha"}),
    "Model": frozenset({"input_layers", "layers", "output_layers"}),
    "Sequential": frozenset({"build_input_shape", "layers"}),
}


@cache
def arguments_of(cls: type) -> Mapping[str, str] | None:
    """The keys that the configuration of a class may have, with the annotations of their values; None where any key may be."""
    found: dict[str, str] = {}
    for base in cls.__mro__:
        found |= dict.fromkeys(_MORE.get(base.__name__, ()), "Any")
        init = vars(base).get("__init__")
        if init is None or base is object:
            continue
        parameters = list(inspect.signature(init).parameters.values())[1:]
        found = {p.name: str(p.annotation) for p in parameters if p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)} | found
        if not any(p.kind is p.VAR_KEYWORD for p in parameters):
            return found
        if base.__name__ in _FREE:
            return None
    return found


# Classes that are made of the layers and connections in their configuration, not of their arguments.
_GRAPHS = frozenset({"Functional", "Model", "Sequential"})
# Classes whose further arguments go to a function of the user's.
_FREE = frozenset({"LossFunctionWrapper", "MeanMetricWrapper"})


def check_config(cls: type, config: Mapping[str, Any], place: str) -> None:
    """Refuse a configuration with keys that the class does not know, or with values of other kinds than it takes.

    Raises:
        ModelFileError: which, and where.
    """
    allowed = arguments_of(cls)
    if allowed is None:
        return
    for key, value in config.items():
        with separately:
            _check_argument(cls, allowed, key, value, at(place, key))
    for key in sorted(_required(cls) - config.keys()):
        with separately:
            raise refused("key", at(place, key), f"{cls.__name__} needs {key!r}, which is not there.")


def _check_argument(cls: type, allowed: Mapping[str, str], key: str, value: Any, place: str) -> None:
    if key not in allowed:
        raise refused("key", place, f"{cls.__name__} knows no {shown(key)}.{nearest(str(key), allowed)}", _known(allowed))
    complaint = None if key in _OPEN or _describes_object(value) else _complaint(value, _NAME.get(key, allowed[key]))
    if complaint is not None:
        raise refused("kind", place, f"{complaint} Received: {shown(value)}.")


def listed(config: Mapping[str, Any]) -> int:
    """How many parts the lists have that an object of this configuration makes at once.

    Example:
        >>> listed({"num_thresholds": 200, "name": "auc"})
        200
    """
    return sum(value for key, value in config.items() if key in _LISTS and isinstance(value, int))


@cache
def _required(cls: type) -> frozenset[str]:
    """The keys that the configuration of a class must have."""
    if any(base.__name__ in _GRAPHS for base in cls.__mro__):
        return frozenset()
    parameters = list(inspect.signature(cls).parameters.values())
    return frozenset(p.name for p in parameters if p.default is p.empty and p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD))


def check_compiled(cls: type, config: Mapping[str, Any], place: str) -> None:
    """Refuse keys that the `compile` of a model does not know.

    Raises:
        ModelFileError: which, and where.
    """
    compile_ = inspect.signature(cls.compile).parameters if hasattr(cls, "compile") else {}
    if any(p.kind is p.VAR_KEYWORD for p in compile_.values()):
        return
    for key in config:
        if key not in compile_:
            with separately:
                raise refused("key", at(place, key), f"`compile` of {cls.__name__} knows no {shown(key)}.{nearest(str(key), compile_)}")


def _known(allowed: Mapping[str, str]) -> str:
    return f"It knows: {', '.join(sorted(allowed))}."


def _describes_object(value: Any) -> bool:
    return isinstance(value, Mapping) and "class_name" in value


def _complaint(value: Any, annotation: str) -> str | None:
    """What is wrong with a plain value for an argument that is annotated so, or None."""
    words = annotation.split(" | ")
    if not all(word in _KINDS for word in words):
        return None
    kinds = tuple(kind for word in words for kind in _KINDS[word])
    fits = isinstance(value, kinds) and (not isinstance(value, bool) or bool in kinds or float in kinds)
    # JSON writers of other languages, and code, use 0 and 1 for truth and 3.0 for 3.
    alike = (bool in kinds and value in (0, 1)) or (int in kinds and isinstance(value, float) and value.is_integer())
    return None if fits or alike else f"A value of the kind `{annotation}` is needed."
