"""Dtypes: their canonical names, and the promotion table. Pure: knows no engine and no setting but `floatx`.

A dtype is a string such as "float32". Python's `bool`, `int`, `float` and `complex` take part in promotion as
*weak* types: they give way to a tensor's dtype of the same kind or a higher one.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from amalthea import config
from amalthea.errors import ArgumentError, ArgumentTypeError, nearest

if TYPE_CHECKING:
    import numpy as np

UNSIGNED = ("uint8", "uint16", "uint32", "uint64")
SIGNED = ("int8", "int16", "int32", "int64")
FLOATS = ("bfloat16", "float16", "float32", "float64")
FLOATS8 = ("float8_e4m3fn", "float8_e5m2")
COMPLEX = ("complex64", "complex128")
ALL = ("bool", *UNSIGNED, *SIGNED, *FLOATS, *FLOATS8, *COMPLEX, "string")

# The lattice of promotion: each dtype, and those directly above it. "int*", "float*" and "complex*" are the weak
# types of Python's numbers. Two dtypes promote to the least one above both.
_ABOVE: dict[str, tuple[str, ...]] = {
    "bool": ("int*",),
    "int*": ("uint8", "int8"),
    "uint8": ("int16", "uint16"),
    "uint16": ("int32", "uint32"),
    "uint32": ("int64", "uint64"),
    "uint64": ("float*",),
    "int8": ("int16",),
    "int16": ("int32",),
    "int32": ("int64",),
    "int64": ("float*",),
    "float*": ("bfloat16", "float16", "complex*"),
    "bfloat16": ("float32",),
    "float16": ("float32",),
    "float32": ("float64", "complex64"),
    "float64": ("complex128",),
    "complex*": ("complex64",),
    "complex64": ("complex128",),
    "complex128": (),
}
_WEAK = {bool: "bool", int: "int*", float: "float*", complex: "complex*"}
_PYTHON = {bool: "bool", int: "int32", float: "", complex: "complex64", str: "string"}
_ALIASES = {"half": "float16", "float": "float32", "double": "float64", "int": "int32", "bool_": "bool", "str": "string"}

_names: dict[Any, str] = {name: name for name in ALL}


def standardize_dtype(dtype: Any) -> str:
    """The canonical name of `dtype`.

    Args:
        dtype: a name, a Python type, a NumPy or engine dtype, or None, which means `config.floatx()`.

    Returns:
        A name such as "float32".

    Raises:
        ArgumentError: it is not a dtype, or not one that Amalthea knows.

    Example:
        >>> import numpy as np
        >>> standardize_dtype(np.dtype("int8")), standardize_dtype(float), standardize_dtype(None)
        ('int8', 'float32', 'float32')
    """
    if dtype is None:
        return config.floatx()
    try:
        return _names[dtype]
    except (KeyError, TypeError):
        return _standardize_slowly(dtype)


def _standardize_slowly(dtype: Any) -> str:
    if isinstance(dtype, type) and dtype in _PYTHON:
        return _PYTHON[dtype] or config.floatx()
    name = getattr(dtype, "name", None)  # NumPy, TensorFlow, policies
    if not isinstance(name, str):
        name = getattr(dtype, "__name__", None) or str(dtype)  # NumPy's scalar types, torch.float32
    name = name.rpartition(".")[2]
    name = _ALIASES.get(name, name)
    if name.startswith(("str", "bytes", "object")) and name not in ALL:
        name = "string"
    if name not in ALL:
        raise ArgumentError(f"Unknown dtype {dtype!r}. The dtypes are: {', '.join(ALL)}.{nearest(name, ALL)}")
    if not isinstance(dtype, str):
        _names[dtype] = name
    return name


def is_float(dtype: str) -> bool:
    """Whether `dtype` is floating, of any width (8 bits too)."""
    return dtype in FLOATS or dtype in FLOATS8


def is_int(dtype: str) -> bool:
    """Whether `dtype` is a signed or unsigned integer (bool is not)."""
    return dtype in SIGNED or dtype in UNSIGNED


def is_complex(dtype: str) -> bool:
    """Whether `dtype` is complex."""
    return dtype in COMPLEX


def result_type(*dtypes: Any) -> str:
    """The dtype to which operands of these dtypes are promoted.

    Args:
        *dtypes: dtypes, as names or anything that `standardize_dtype` takes, or Python's `bool`, `int`, `float`,
            `complex`, which are weak.

    Returns:
        The canonical name of the least dtype that holds them all. Weak types alone give int32, `floatx` or complex64.

    Raises:
        ArgumentError: no dtypes; or an 8-bit float, which takes part in no promotion.

    Reference:
        The lattice is that of JAX's type promotion semantics, which Keras follows.

    Example:
        >>> result_type("int32", "float16"), result_type("int8", float), result_type("uint8", "int8")
        ('float16', 'float32', 'int16')
    """
    nodes = frozenset(_WEAK[d] if isinstance(d, type) and d in _WEAK else standardize_dtype(d) for d in dtypes)
    return _join(nodes) or config.floatx()


@cache
def _join(nodes: frozenset[str]) -> str:
    """The least upper bound of the nodes; "" stands for floatx, which a setting can change."""
    if not nodes:
        raise ArgumentError("`result_type` needs at least one dtype.")
    for node in nodes:
        if node in FLOATS8:
            raise ArgumentError(f"The 8-bit float {node} promotes to no other dtype. Cast it first, for example with `ops.cast(x, 'float32')`.")
        if node not in _ABOVE:
            raise ArgumentTypeError(f"{node} tensors take part in no arithmetic.")
    common = frozenset.intersection(*(_upward(node) for node in nodes))
    least = next(node for node in common if common <= _upward(node))
    if "*" not in least:
        return least
    if least == "float*":
        # Weak floats alone, or with integers: 64-bit integers do not widen the result.
        return ""
    return {"int*": "int32", "complex*": "complex64"}[least]


@cache
def _upward(node: str) -> frozenset[str]:
    return frozenset({node}.union(*(_upward(above) for above in _ABOVE[node])))


def float_result_type(*dtypes: Any) -> str:
    """As `result_type`, but integers and bool become `floatx`.

    Example:
        >>> float_result_type("int32"), float_result_type("bfloat16", "int64")
        ('float32', 'bfloat16')
    """
    return result_type(*dtypes, float)


@cache
def numpy_dtype(dtype: str) -> np.dtype[Any]:
    """NumPy's dtype of this name; bfloat16 and the 8-bit floats come from `ml_dtypes`.

    Example:
        >>> numpy_dtype("bfloat16").itemsize
        2
    """
    import numpy as np

    if dtype == "bfloat16" or dtype in FLOATS8:
        import ml_dtypes

        return np.dtype(getattr(ml_dtypes, dtype))
    return np.dtype(dtype)
