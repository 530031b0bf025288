"""Tracebacks without the frames of the library between those of the user."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import wraps
from types import TracebackType
from typing import ParamSpec, TypeVar

from amalthea import config

P = ParamSpec("P")
R = TypeVar("R")
_OWN = os.path.dirname(os.path.abspath(__file__)) + os.sep


def shortened(error: BaseException) -> BaseException:
    """`error`, whose traceback has of the library no more than the frame that raised it; as it is, where filtering is disabled.

    Example:
        >>> try:
        ...     {}["missing"]
        ... except KeyError as error:
        ...     shortened(error) is error
        True
    """
    if not config.is_traceback_filtering_enabled():
        return error
    parts: list[TracebackType] = []
    part = error.__traceback__
    while part is not None:
        if part.tb_next is None or not part.tb_frame.f_code.co_filename.startswith(_OWN):
            parts.append(part)
        part = part.tb_next
    chain: TracebackType | None = None
    for part in reversed(parts):
        chain = TracebackType(chain, part.tb_frame, part.tb_lasti, part.tb_lineno)
    return error.with_traceback(chain)


def filtered(fn: Callable[P, R]) -> Callable[P, R]:
    """`fn`, an entry to the library, with errors whose tracebacks are `shortened`."""

    @wraps(fn)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return fn(*args, **kwargs)
        except Exception as error:
            raise shortened(error)  # noqa: B904 (it is the same error)

    return run
