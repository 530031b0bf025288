"""Between models and JAX's functions: a model as a pure function, and what a layer around such a function needs.

Importing it needs JAX.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from amalthea import config, dtypes
from amalthea.engines import registry
from amalthea.engines.bridging import named_variables
from amalthea.engines.jax import ENGINE
from amalthea.errors import ArgumentError, ArgumentTypeError, StateError
from amalthea.state.scope import StatelessScope
from amalthea.state.variable import Variable

Params = dict[str, dict[str, Any]]
"""Arrays by the paths of their variables, in two groups: "trainable" and "state"."""

# --- a model as a function -------------------------------------------------------------------------------


def as_function(model: Any) -> tuple[Callable[..., Any], Params]:
    """The computation of a built model as a pure function, and its values; see `Model.as_jax_function`."""
    groups: dict[str, dict[str, Variable]] = {"trainable": {}, "state": {}}
    for path, variable, trained in named_variables(model):
        groups["trainable" if trained else "state"][path] = variable

    def fn(params: Params, *args: Any, training: bool = False, **kwargs: Any) -> Any:
        if isinstance(training, jax.core.Tracer):
            raise ArgumentTypeError(
                "`training` chooses what is computed, so it cannot be traced. Under `jax.jit`, name it: `jax.jit(fn, static_argnames='training')`."
            )
        with registry.use(ENGINE):
            with StatelessScope(_pairs(groups, params)) as scope:
                outputs = model(*args, training=training, **kwargs)
            if not training:
                return outputs
            return outputs, {path: scope.read(variable) for path, variable in groups["state"].items()}

    params = {group: {path: ENGINE.hold(variable.numpy(), variable.dtype) for path, variable in members.items()} for group, members in groups.items()}
    return fn, params


def _pairs(groups: dict[str, dict[str, Variable]], params: Params) -> list[tuple[Variable, Any]]:
    """The variables and what `params` has for them."""
    for group, members in groups.items():
        given = params.get(group, {})
        if given.keys() != members.keys():
            wrong = ", ".join(sorted(given.keys() ^ members.keys()))
            raise ArgumentError(f"`params[{group!r}]` must have one array for each variable. Missing, or not of the model: {wrong}.")
    return [(variable, params[group][path]) for group, members in groups.items() for path, variable in members.items()]


# --- a function as a layer -------------------------------------------------------------------------------


def flatten(structure: Any) -> tuple[list[np.ndarray], Any]:
    """The arrays in a pytree, on the host, and its form."""
    leaves, form = jax.tree.flatten(structure)
    # Python's numbers have the dtypes that JAX gives them.
    return [np.array(leaf if hasattr(leaf, "dtype") else jnp.asarray(leaf)) for leaf in leaves], form


def unflatten(form: Any, leaves: Sequence[Any]) -> Any:
    """A pytree of this form."""
    return jax.tree.unflatten(form, leaves)


def leaves_like(form: Any, structure: Any, what: str) -> list[Any]:
    """The leaves of a pytree that must have this form.

    Raises:
        StateError: it has another.
    """
    leaves, found = jax.tree.flatten(structure)
    if found != form:
        raise StateError(f"{what} must keep its structure, {form}. Received: {found}.")
    return leaves


def initial(fn: Callable[..., Any], shape: Any, seed: int, arguments: Sequence[str]) -> Any:
    """What a function that makes parameters gives for inputs of these shapes."""

    def ones(sizes: Any) -> Any:
        if isinstance(sizes, dict):
            return {key: ones(part) for key, part in sizes.items()}
        if all(size is None or isinstance(size, int) for size in sizes):
            return jnp.ones([1 if size is None else size for size in sizes], dtypes.numpy_dtype(config.floatx()))
        return type(sizes)(ones(part) for part in sizes)

    # Also where another function is being traced, values are wanted.
    with jax.ensure_compile_time_eval():
        given = {"rng": jax.random.PRNGKey(seed), "inputs": ones(shape), "training": True}
        return fn(**{name: given[name] for name in arguments})
