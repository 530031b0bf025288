"""Dtype policies: in which dtype a layer keeps its variables, and in which it computes."""

from __future__ import annotations

from collections.abc import Iterator, MutableMapping
from typing import Any

from amalthea import config, dtypes
from amalthea.errors import ArgumentError, nearest

__all__ = ["DTypePolicy", "DTypePolicyMap", "FloatDTypePolicy", "deserialize", "get", "serialize"]

_MIXED = {"mixed_float16": "float16", "mixed_bfloat16": "bfloat16"}


class DTypePolicy:
    """The dtypes of a layer.

    Args:
        name: a dtype, for variables and computation alike; or "mixed_float16" or "mixed_bfloat16", which keep variables in float32 and
            compute in the narrow dtype. None means the default policy.

    Raises:
        ArgumentError: there is no such policy.

    Reference:
        Micikevicius et al., "Mixed Precision Training", ICLR 2018.

    Example:
        >>> policy = DTypePolicy("mixed_bfloat16")
        >>> policy.compute_dtype, policy.variable_dtype
        ('bfloat16', 'float32')
    """

    def __init__(self, name: str | None = None) -> None:
        if name is None:
            name = config.dtype_policy().name
        if not isinstance(name, str):
            raise ArgumentError(f"`name` must be a string such as 'float32' or 'mixed_bfloat16'. Received: {name!r}.")
        self._name: str = name
        if name in _MIXED:
            self._compute_dtype, self._variable_dtype = _MIXED[name], "float32"
        else:
            try:
                self._compute_dtype = self._variable_dtype = dtypes.standardize_dtype(name)
            except ArgumentError:
                allowed = (*_MIXED, *dtypes.ALL)
                raise ArgumentError(
                    f"Unknown dtype policy {name!r}. A policy is a dtype such as 'float32', or one of {', '.join(_MIXED)}.{nearest(name, allowed)}"
                ) from None

    @property
    def name(self) -> str:
        """Its name."""
        return self._name

    @property
    def compute_dtype(self) -> str:
        """The dtype in which a layer computes."""
        return self._compute_dtype

    @property
    def variable_dtype(self) -> str:
        """The dtype of a layer's variables."""
        return self._variable_dtype

    @property
    def quantization_mode(self) -> str | None:
        """None: this policy quantizes nothing."""
        return None

    def convert_input(self, x: Any, autocast: bool, dtype: str) -> Any:
        """`x`, as `dtype` if it is a floating tensor and `autocast` holds."""
        from amalthea import ops

        if hasattr(x, "dtype") and autocast and dtypes.is_float(dtypes.standardize_dtype(x.dtype)) and dtypes.standardize_dtype(x.dtype) != dtype:
            return ops.cast(x, dtype)
        return x

    def get_config(self) -> dict[str, Any]:
        """The arguments that make an equal policy."""
        return {"name": self.name}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> DTypePolicy:
        """The policy that `get_config` described."""
        return cls(**config)

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and self.name == other.name  # type: ignore[attr-defined]

    def __hash__(self) -> int:
        return hash(self._name)

    def __repr__(self) -> str:
        return f'<DTypePolicy "{self._name}">'


FloatDTypePolicy = DTypePolicy


class DTypePolicyMap(DTypePolicy, MutableMapping[str, DTypePolicy]):
    """Policies by the paths of layers, with a default for the others.

    Args:
        default_policy: the policy of layers that have no entry.
        policy_map: policies by path.
    """

    def __init__(self, default_policy: Any = None, policy_map: dict[str, Any] | None = None) -> None:
        self._default = get(default_policy)
        super().__init__(self._default.name)
        self._policies = {path: get(policy) for path, policy in (policy_map or {}).items()}

    @property
    def name(self) -> str:
        return f"map_{self._default.name}"

    @property
    def default_policy(self) -> DTypePolicy:
        """The policy of layers that have no entry."""
        return self._default

    def __getitem__(self, path: str) -> DTypePolicy:
        return self._policies.get(path, self._default)

    def __setitem__(self, path: str, policy: Any) -> None:
        self._policies[path] = get(policy)

    def __delitem__(self, path: str) -> None:
        del self._policies[path]

    def __iter__(self) -> Iterator[str]:
        return iter(self._policies)

    def __len__(self) -> int:
        return len(self._policies)

    def __repr__(self) -> str:
        return f"<DTypePolicyMap default={self._default.name}, {len(self)} entries>"

    __hash__ = DTypePolicy.__hash__

    def get_config(self) -> dict[str, Any]:
        return {"default_policy": self._default.name, "policy_map": {path: policy.name for path, policy in self._policies.items()}}


def get(identifier: Any) -> DTypePolicy:
    """A policy from a name, a dtype, a configuration or a policy; None means the default one."""
    if identifier is None:
        return config.dtype_policy()
    if isinstance(identifier, DTypePolicy):
        return identifier
    if isinstance(identifier, dict):
        kind = DTypePolicyMap if identifier.get("class_name") == "DTypePolicyMap" else DTypePolicy
        return kind.from_config(identifier.get("config", identifier))
    if isinstance(identifier, str):
        return DTypePolicy(identifier)
    return DTypePolicy(dtypes.standardize_dtype(identifier))


def serialize(policy: DTypePolicy) -> dict[str, Any]:
    """The configuration of `policy`, with its class."""
    return {"module": "keras", "class_name": type(policy).__name__, "config": policy.get_config(), "registered_name": None}


def deserialize(config: dict[str, Any], custom_objects: dict[str, Any] | None = None) -> DTypePolicy:
    """The policy that `serialize` described."""
    return get(config)
