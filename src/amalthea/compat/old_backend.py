"""Functions that `keras.backend` had before Keras 3, for scripts that still say `K.mean(x)`."""

from __future__ import annotations

from typing import Any

# Those that are in `ops` under the same name, and mean the same.
_IN_OPS = """
    abs all any arange argmax argmin cast clip concatenate cos cumprod cumsum dot elu equal exp expand_dims eye greater greater_equal
    hard_sigmoid less less_equal log max maximum mean min minimum not_equal ones ones_like prod relu repeat reshape round shape sigmoid
    sign sin softmax softplus softsign sqrt square squeeze stack std stop_gradient sum tanh tile transpose var zeros zeros_like
"""


def _get_value(x: Any) -> Any:
    from amalthea import ops

    return ops.convert_to_numpy(x)


def _set_value(x: Any, value: Any) -> None:
    x.assign(value)


def _int_shape(x: Any) -> tuple[int | None, ...]:
    return tuple(x.shape)


def _ndim(x: Any) -> int:
    return len(x.shape)


def _cast_to_floatx(x: Any) -> Any:
    from amalthea import config, ops

    return ops.cast(x, config.floatx())


_OTHERS = {"get_value": _get_value, "set_value": _set_value, "int_shape": _int_shape, "ndim": _ndim, "cast_to_floatx": _cast_to_floatx}


def find(name: str) -> Any:
    """The function that `keras.backend` had under `name`, or None."""
    if name in _IN_OPS.split():
        from amalthea import ops

        return getattr(ops, name)
    return _OTHERS.get(name)
