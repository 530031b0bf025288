"""Whether a function of a user's own only computes: judged by its byte code, which it has also where its source is not to be found.

What is not known to be harmless is taken for an effect: to store an attribute or a global name, to import, to call what is not known. Containers may be
changed: those that were made in the call are nobody else's, and a change of the others is noticed (`repeatable.py`).
"""

from __future__ import annotations

import builtins
import dis
import types
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

_HARMLESS = frozenset(
    [
        "BINARY_OP",
        "BINARY_SLICE",
        "BINARY_SUBSCR",
        "BUILD_CONST_KEY_MAP",
        "BUILD_LIST",
        "BUILD_MAP",
        "BUILD_SET",
        "BUILD_SLICE",
        "BUILD_STRING",
        "BUILD_TUPLE",
        "CACHE",
        "CALL",
        "CALL_FUNCTION_EX",
        "CALL_INTRINSIC_1",
        "CALL_KW",
        "COMPARE_OP",
        "CONTAINS_OP",
        "CONVERT_VALUE",
        "COPY",
        "COPY_FREE_VARS",
        "DELETE_FAST",
        "DELETE_SUBSCR",
        "DICT_MERGE",
        "DICT_UPDATE",
        "END_FOR",
        "EXTENDED_ARG",
        "FORMAT_SIMPLE",
        "FORMAT_VALUE",
        "FOR_ITER",
        "GET_ITER",
        "IS_OP",
        "JUMP_BACKWARD",
        "JUMP_FORWARD",
        "JUMP_IF_FALSE_OR_POP",
        "JUMP_IF_TRUE_OR_POP",
        "KW_NAMES",
        "LIST_APPEND",
        "LIST_EXTEND",
        "LIST_TO_TUPLE",
        "LOAD_ASSERTION_ERROR",
        "LOAD_ATTR",
        "LOAD_CLOSURE",
        "LOAD_CONST",
        "LOAD_DEREF",
        "LOAD_FAST",
        "LOAD_FAST_AND_CLEAR",
        "LOAD_FAST_CHECK",
        "LOAD_FAST_LOAD_FAST",
        "LOAD_GLOBAL",
        "LOAD_METHOD",
        "LOAD_SUPER_ATTR",
        "MAKE_CELL",
        "MAKE_FUNCTION",
        "MAP_ADD",
        "NOP",
        "POP_JUMP_BACKWARD_IF_FALSE",
        "POP_JUMP_BACKWARD_IF_NONE",
        "POP_JUMP_BACKWARD_IF_NOT_NONE",
        "POP_JUMP_BACKWARD_IF_TRUE",
        "POP_JUMP_FORWARD_IF_FALSE",
        "POP_JUMP_FORWARD_IF_NONE",
        "POP_JUMP_FORWARD_IF_NOT_NONE",
        "POP_JUMP_FORWARD_IF_TRUE",
        "POP_JUMP_IF_FALSE",
        "POP_JUMP_IF_NONE",
        "POP_JUMP_IF_NOT_NONE",
        "POP_JUMP_IF_TRUE",
        "POP_TOP",
        "PRECALL",
        "PUSH_NULL",
        "RAISE_VARARGS",
        "RERAISE",
        "RESUME",
        "RETURN_CONST",
        "RETURN_GENERATOR",
        "RETURN_VALUE",
        "SET_ADD",
        "SET_FUNCTION_ATTRIBUTE",
        "STORE_FAST",
        "STORE_FAST_LOAD_FAST",
        "STORE_FAST_STORE_FAST",
        "STORE_SLICE",
        "STORE_SUBSCR",
        "SWAP",
        "TO_BOOL",
        "UNARY_INVERT",
        "UNARY_NEGATIVE",
        "UNARY_NOT",
        "UNARY_POSITIVE",
        "UNPACK_EX",
        "UNPACK_SEQUENCE",
        "YIELD_VALUE",
    ]
)
"""Operations that compute, call and jump. What a call does is a matter of what is called."""

_HARMLESS_BUILTINS = {
    name: value
    for name, value in vars(builtins).items()
    if name
    in [
        "abs",
        "all",
        "any",
        "bool",
        "dict",
        "enumerate",
        "float",
        "frozenset",
        "int",
        "isinstance",
        "len",
        "list",
        "max",
        "min",
        "range",
        "reversed",
        "round",
        "set",
        "slice",
        "sorted",
        "str",
        "sum",
        "super",
        "tuple",
        "zip",
    ]
    or (isinstance(value, type) and issubclass(value, Exception))
}
"""What of Python's own only computes."""

_EFFECTS = frozenset(["backward", "dump", "tofile"])
"""The methods by which gradients are kept and files are written."""

_OF_PYTHON = frozenset(["__call__", "__class__", "__name__"])
"""Which of the names with two underscores may be read: by others, attributes can be set."""

_OF_NUMPY = frozenset(["ceil", "exp", "float32", "floor", "inf", "int32", "int64", "log", "log2", "newaxis", "pi", "prod", "sqrt"])
"""What may be read of NumPy: its random numbers are others at every call."""


def names_read(function: types.FunctionType) -> Mapping[str, Any] | None:
    """What a function reads from outside, by name; None if it may do more than compute.

    Example:
        >>> HALF = 0.5
        >>> names_read(eval("lambda x: HALF * x", {"HALF": HALF})), names_read(lambda x: print(x))
        ({'HALF': 0.5}, None)
    """
    found: dict[str, Any] = {}
    cells = zip(function.__code__.co_freevars, function.__closure__ or (), strict=True)
    for name, cell in cells:
        if name != "__class__":  # for `super()`
            try:
                found[name] = cell.cell_contents
            except ValueError:  # not assigned yet
                return None
    last: Any = None  # what was loaded by the instruction before, if that is known
    for instruction in _instructions(function.__code__):
        name = instruction.argval
        if instruction.opname == "STORE_DEREF" and name not in function.__code__.co_freevars:
            last = None  # a variable of its own, which functions inside it read
            continue
        if instruction.opname not in _HARMLESS:
            return None
        if instruction.opname in ("LOAD_ATTR", "LOAD_METHOD", "LOAD_SUPER_ATTR"):
            if not _may_be_read(last, name):
                return None
            last = getattr(last, name, None) if isinstance(last, types.ModuleType) else None
        elif instruction.opname == "LOAD_GLOBAL":
            last = found[name] = function.__globals__.get(name, _HARMLESS_BUILTINS.get(name, _UNKNOWN))
            if last is _UNKNOWN:
                return None
        else:
            last = found.get(name) if instruction.opname == "LOAD_DEREF" else None
    return {name: value for name, value in found.items() if _HARMLESS_BUILTINS.get(name, _UNKNOWN) is not value}


_UNKNOWN = object()


def _may_be_read(of: Any, name: str) -> bool:
    if of is np:
        return name in _OF_NUMPY
    if isinstance(of, types.ModuleType):
        return not name.startswith(("set_", "enable_", "disable_", "print_"))
    return name not in _EFFECTS and (name in _OF_PYTHON or not name.startswith("__"))


def _instructions(code: types.CodeType) -> Iterator[dis.Instruction]:
    """The instructions of a function, and of those inside it."""
    yield from dis.get_instructions(code)
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield from _instructions(constant)
