"""Initializers: what makes the first values of variables. Drawn on the host, they are the same on every engine."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from amalthea.initializers.constant import Constant, Identity, Ones, Zeros
from amalthea.initializers.initializer import Initializer
from amalthea.initializers.orthogonal import Orthogonal
from amalthea.initializers.random import RandomInitializer, RandomNormal, RandomUniform, TruncatedNormal
from amalthea.initializers.scaling import (
    GlorotNormal,
    GlorotUniform,
    HeNormal,
    HeUniform,
    LecunNormal,
    LecunUniform,
    VarianceScaling,
    compute_fans,
)
from amalthea.initializers.stft import STFT
from amalthea.lookup import Family

constant = Constant
glorot_normal, glorot_uniform = GlorotNormal, GlorotUniform
he_normal, he_uniform = HeNormal, HeUniform
identity = IdentityInitializer = Identity
lecun_normal, lecun_uniform = LecunNormal, LecunUniform
ones = Ones
orthogonal = OrthogonalInitializer = Orthogonal
random_normal, random_uniform = RandomNormal, RandomUniform
stft = STFTInitializer = STFT
truncated_normal = TruncatedNormal
variance_scaling = VarianceScaling
zeros = Zeros

__all__ = [
    "STFT",
    "Constant",
    "GlorotNormal",
    "GlorotUniform",
    "HeNormal",
    "HeUniform",
    "Identity",
    "IdentityInitializer",
    "Initializer",
    "LecunNormal",
    "LecunUniform",
    "Ones",
    "Orthogonal",
    "OrthogonalInitializer",
    "RandomInitializer",
    "RandomNormal",
    "RandomUniform",
    "STFTInitializer",
    "TruncatedNormal",
    "VarianceScaling",
    "Zeros",
    "compute_fans",
    "constant",
    "deserialize",
    "get",
    "glorot_normal",
    "glorot_uniform",
    "he_normal",
    "he_uniform",
    "identity",
    "lecun_normal",
    "lecun_uniform",
    "ones",
    "orthogonal",
    "random_normal",
    "random_uniform",
    "serialize",
    "stft",
    "truncated_normal",
    "variance_scaling",
    "zeros",
]

_FAMILY = Family(
    "initializer",
    {
        "constant": Constant,
        "glorot_normal": GlorotNormal,
        "glorot_uniform": GlorotUniform,
        "he_normal": HeNormal,
        "he_uniform": HeUniform,
        "identity": Identity,
        "lecun_normal": LecunNormal,
        "lecun_uniform": LecunUniform,
        "normal": RandomNormal,
        "one": Ones,
        "ones": Ones,
        "orthogonal": Orthogonal,
        "random_normal": RandomNormal,
        "random_uniform": RandomUniform,
        "stft": STFT,
        "truncated_normal": TruncatedNormal,
        "uniform": RandomUniform,
        "variance_scaling": VarianceScaling,
        "zero": Zeros,
        "zeros": Zeros,
        "Constant": Constant,
        "GlorotNormal": GlorotNormal,
        "GlorotUniform": GlorotUniform,
        "HeNormal": HeNormal,
        "HeUniform": HeUniform,
        "Identity": Identity,
        "IdentityInitializer": Identity,
        "LecunNormal": LecunNormal,
        "LecunUniform": LecunUniform,
        "Ones": Ones,
        "Orthogonal": Orthogonal,
        "OrthogonalInitializer": Orthogonal,
        "RandomNormal": RandomNormal,
        "RandomUniform": RandomUniform,
        "STFT": STFT,
        "STFTInitializer": STFT,
        "TruncatedNormal": TruncatedNormal,
        "VarianceScaling": VarianceScaling,
        "Zeros": Zeros,
    },
)


def get(identifier: Any) -> Any:
    """The initializer that `identifier` means.

    Args:
        identifier: a name such as "glorot_uniform" or "GlorotUniform"; a configuration; a class; an initializer or any function of
            `(shape, dtype)`; an array, which becomes the value; or None, which stays None.

    Raises:
        ArgumentError: it means none.

    Example:
        >>> type(get("he_normal")).__name__
        'HeNormal'
    """
    if isinstance(identifier, np.ndarray) or (hasattr(identifier, "shape") and hasattr(identifier, "dtype") and not callable(identifier)):
        return Constant(identifier)
    return _FAMILY.get(identifier)


def serialize(initializer: Any) -> Any:
    """The configuration of an initializer: a dictionary, from which `deserialize` makes an equal one.

    Example:
        >>> serialize(Constant(2.0))["config"]
        {'value': 2.0}
    """
    return _FAMILY.serialize(initializer)


def deserialize(config: Any, custom_objects: Mapping[str, Any] | None = None) -> Any:
    """The initializer of a configuration.

    Args:
        config: what `serialize` gave, or a name.
        custom_objects: classes and functions of yours by name.

    Example:
        >>> deserialize({"class_name": "Constant", "config": {"value": 2.0}}).value
        2.0
    """
    return _FAMILY.deserialize(config, custom_objects)
