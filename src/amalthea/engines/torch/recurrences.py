"""The fused LSTM, and the same as one operation for graphs: PyTorch's own does not come out of a trace whole."""

from __future__ import annotations

import warnings
from contextlib import nullcontext

import torch

from amalthea.engines.protocol import Tensor
from amalthea.engines.torch.operations import differentiable, operation

_Three = tuple[Tensor, Tensor, Tensor]


def lstm(x: Tensor, h: Tensor, c: Tensor, kernel: Tensor, recurrent_kernel: Tensor, bias: Tensor | None) -> _Three:
    """All outputs, the last one, and the last memory."""
    weights = [kernel.t(), recurrent_kernel.t()]
    if bias is not None:
        weights += [bias, torch.zeros_like(bias)]
    with warnings.catch_warnings() if x.is_cuda else nullcontext():
        if x.is_cuda:  # cuDNN remarks that the weights are not one block of memory, which variables never are
            warnings.simplefilter("ignore")
        hs, last, memory = torch.lstm(x, (h[None], c[None]), weights, bias is not None, 1, 0.0, True, False, True)
    return hs, last[0], memory[0]


def lstm_in_graph(x: Tensor, h: Tensor, c: Tensor, kernel: Tensor, recurrent_kernel: Tensor, bias: Tensor | None) -> _Three:
    """As `lstm`. The gradient computes what lies between the inputs and the outputs once more."""
    found: _Three = _lstm(x, h, c, kernel, recurrent_kernel, kernel.new_zeros(kernel.shape[1]) if bias is None else bias)
    return found


def _gradient(*tensors: Tensor) -> tuple[Tensor, ...]:
    # Operations run where PyTorch has stopped recording; here it is to record again.
    recording = torch._C._SetExcludeDispatchKeyGuard(torch._C.DispatchKey.AutogradFunctionality, False)
    with torch.enable_grad(), recording:
        leaves = [tensor.detach().requires_grad_() for tensor in tensors[:6]]
        return tuple(found.contiguous() for found in torch.autograd.grad(lstm(*leaves), leaves, tensors[6:]))


_ARGUMENTS = "Tensor x, Tensor h, Tensor c, Tensor kernel, Tensor recurrent_kernel, Tensor bias"

_lstm = operation(
    f"lstm({_ARGUMENTS}) -> (Tensor, Tensor, Tensor)",
    lambda x, h, c, *weights: (x.new_empty(*x.shape[:2], h.shape[1]), h.new_empty(h.shape), c.new_empty(c.shape)),
    lambda *tensors: tuple(found.contiguous() for found in lstm(*tensors)),
)
_lstm_gradient = operation(
    f"lstm_gradient({_ARGUMENTS}, Tensor to_all, Tensor to_last, Tensor to_memory) -> (Tensor, Tensor, Tensor, Tensor, Tensor, Tensor)",
    lambda *tensors: tuple(tensor.new_empty(tensor.shape) for tensor in tensors[:6]),
    _gradient,
)
differentiable("lstm", lambda inputs, outputs, upstream: _lstm_gradient(*inputs, *upstream))
