"""Between models and PyTorch's modules: a model as a `torch.nn.Module`, and what a layer around such a module needs.

Importing it needs PyTorch.
"""

from __future__ import annotations

import base64
import copy
import io
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import nn

from amalthea import tree
from amalthea.engines import registry
from amalthea.engines.bridging import Held, named_variables
from amalthea.engines.torch import ENGINE, border
from amalthea.errors import ArgumentError, ArgumentTypeError
from amalthea.state.scope import StatelessScope
from amalthea.state.variable import Variable

# --- a model as a module ---------------------------------------------------------------------------------


class _Place(NamedTuple):
    """Where the value of a variable is: in the module `holder`, under `name`."""

    variable: Variable
    holder: nn.Module
    name: str

    def tensor(self) -> torch.Tensor:
        return getattr(self.holder, self.name)  # type: ignore[no-any-return]


class ModelModule(nn.Module):
    """A model whose values are the parameters and buffers of a module; see `Model.as_torch_module`.

    Args:
        model: a built model. Its own values stay as they are until `sync`.

    Attributes:
        losses: what the layers and the regularizers of the weights added in the last call, for the loss of a loop of one's own.
    """

    losses: list[Any]

    def __init__(self, model: Any) -> None:
        super().__init__()
        self._model = model
        self.losses = []
        self._places = [self._place(*named) for named in named_variables(model)]

    def _place(self, path: str, variable: Variable, trained: bool) -> _Place:
        """Put the value of `variable` under its path, a module for each part of it."""
        *scopes, name = (part.replace(".", "_") for part in path.split("/"))
        holder: nn.Module = self
        for part in scopes:
            while part not in holder._modules and hasattr(holder, part):
                part += "_"
            if part not in holder._modules:
                holder.add_module(part, nn.Module())
            holder = holder._modules[part]  # type: ignore[assignment]
        while hasattr(holder, name):
            name += "_"
        value = ENGINE.hold(variable.numpy(), variable.dtype)
        if trained and (value.is_floating_point() or value.is_complex()):
            holder.register_parameter(name, nn.Parameter(value))
        else:
            holder.register_buffer(name, value)
        return _Place(variable, holder, name)

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """What the model computes, in training mode if the module is in it."""
        device = self._places[0].tensor().device if self._places else border.device()
        with border.on(device), registry.use(ENGINE):
            with StatelessScope((place.variable, place.tensor()) for place in self._places) as scope:
                outputs = self._model(*args, training=self.training, **kwargs)
                self.losses = self._model.losses
            written = {id(variable): value for variable, value in scope.written()}
        for place in self._places:
            value = written.get(id(place.variable))
            # A new tensor, not new numbers in the old one, which a gradient that is still to be taken may need.
            if value is not None and place.name in place.holder._buffers:
                place.holder._buffers[place.name] = value.detach().to(place.tensor().dtype)
        return outputs

    def sync(self) -> Any:
        """Write the values back into the model.

        Returns:
            The model.
        """
        with registry.use(self._model.engine or registry.current_name()):
            for place in self._places:
                place.variable.assign(border.to_host(place.tensor().detach()))
        return self._model

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "losses": []}  # results of computations, which cannot be copied

    def __deepcopy__(self, memo: dict[int, Any]) -> ModelModule:
        # The values are here; the model, which says what is computed, serves all copies.
        memo.update((id(shared), shared) for shared in (self._model, *(place.variable for place in self._places)))
        copied = memo[id(self)] = type(self).__new__(type(self))
        copied.__setstate__(copy.deepcopy(self.__getstate__(), memo))
        return copied  # type: ignore[no-any-return]


# --- a module as a layer ---------------------------------------------------------------------------------


def state_of(module: Any) -> list[Held]:
    """The parameters of a module, and then its buffers.

    Raises:
        ArgumentTypeError: it is no module.
        ArgumentError: it is a lazy one, whose parameters have no shapes yet.
    """
    if not isinstance(module, nn.Module):
        raise ArgumentTypeError(f"`module` must be a `torch.nn.Module`. Received: {module!r} of type {type(module).__name__}.")
    found: list[tuple[str, torch.Tensor, bool]] = [(name, tensor, tensor.requires_grad) for name, tensor in module.named_parameters()]
    found += [(name, tensor, False) for name, tensor in module.named_buffers()]
    lazy = [name for name, tensor, _ in found if nn.parameter.is_lazy(tensor)]
    if lazy:
        raise ArgumentError(f"`module` is lazy: {', '.join(lazy)} have no shape yet. Call it once on data before it is made a layer.")
    return [Held(name, border.to_host(tensor.detach()), trainable) for name, tensor, trainable in found]


def call(
    module: nn.Module, values: Mapping[str, torch.Tensor], training: bool, args: Sequence[Any], kwargs: Mapping[str, Any]
) -> tuple[Any, dict[str, torch.Tensor]]:
    """Call `module` with `values` for its parameters and buffers.

    Returns:
        Its outputs, and the buffers that it may have changed.
    """
    # Modules write into their buffers, and some into their inputs; tensors of variables and of callers are values, which stay as they are.
    positional, named = tree.map_structure(lambda leaf: leaf.clone() if isinstance(leaf, torch.Tensor) else leaf, (tuple(args), dict(kwargs)))
    buffers = {name: values[name].clone() for name, _ in module.named_buffers()}
    before = {name: buffer._version for name, buffer in buffers.items()}
    module.train(training)
    outputs = torch.func.functional_call(module, {**values, **buffers}, positional, named)
    # Not all kernels that write statistics count it.
    return outputs, {name: buffer for name, buffer in buffers.items() if training or buffer._version != before[name]}


def load(module: nn.Module, values: Mapping[str, np.ndarray]) -> None:
    """Give the parameters and buffers of a module these values."""
    with torch.no_grad():
        for name, tensor in (*module.named_parameters(), *module.named_buffers()):
            tensor.copy_(ENGINE.from_host(values[name], str(tensor.dtype).rpartition(".")[2]))


def pickled(module: nn.Module) -> str:
    """A module as Keras writes it: what `torch.save` gives, in letters."""
    buffer = io.BytesIO()
    torch.save(module, buffer)
    return base64.b64encode(buffer.getvalue()).decode("ascii")
