"""The fused LSTM, and the same as one operation for graphs: PyTorch's own does not come out of a trace whole."""

from __future__ import annotations

import warnings
from contextlib import nullcontext
from functools import cache
from typing import Any

import torch
from torch.utils._python_dispatch import _disable_current_modes

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
    """As `lstm`."""
    inputs = (x, h, c, kernel, recurrent_kernel, kernel.new_zeros(kernel.shape[1]) if bias is None else bias)
    hs, last, memory, _ = _lstm(*inputs, torch.is_grad_enabled() and any(tensor.requires_grad for tensor in inputs))
    return hs, last, memory


# --- the operation and its gradient ----------------------------------------------------------------------
#
# The kernel for CPUs keeps what its gradient needs in a tensor of bytes. Other devices and dtypes keep nothing there, and their gradient computes what
# lies between the inputs and the outputs once more.

_LSTM = 2  # as PyTorch numbers the kinds of cells
_ARGUMENTS = "Tensor x, Tensor h, Tensor c, Tensor kernel, Tensor recurrent_kernel, Tensor bias"


def _has_kernel(x: Tensor) -> bool:
    usable = torch.backends.mkldnn.is_available() and torch.backends.mkldnn.enabled
    return bool(usable) and x.device.type == "cpu" and x.dtype is torch.float32


def _weights(kernel: Tensor, recurrent_kernel: Tensor, bias: Tensor) -> tuple[Tensor, ...]:
    return kernel.t().contiguous(), recurrent_kernel.t().contiguous(), bias, torch.zeros_like(bias)


def _run(x: Tensor, h: Tensor, c: Tensor, kernel: Tensor, recurrent_kernel: Tensor, bias: Tensor, keep: bool) -> tuple[Tensor, ...]:
    if not (keep and _has_kernel(x)):
        found = lstm(x, h, c, kernel, recurrent_kernel, bias)
        return *(tensor.contiguous() for tensor in found), torch.empty(0, dtype=torch.uint8, device=x.device)
    weights = _weights(kernel, recurrent_kernel, bias)
    how: tuple[Any, ...] = (False, [], _LSTM, h.shape[1], 1, True, False, False, True)
    with torch.enable_grad():  # else the kernel keeps nothing
        hs, last, memory, kept = torch.ops.aten.mkldnn_rnn_layer(x.transpose(0, 1).contiguous(), *weights, h[None], c[None], *how)
    return hs.transpose(0, 1).contiguous(), last[0], memory[0], kept


@cache
def _kept(batch: int, length: int, width: int, units: int) -> int:
    """How many bytes the kernel keeps."""
    with _disable_current_modes():
        shapes = ((batch, length, width), (batch, units), (batch, units), (width, 4 * units), (units, 4 * units), (4 * units,))
        x, h, c, kernel, recurrent_kernel, bias = map(torch.zeros, shapes)
        return _run(x, h, c, kernel, recurrent_kernel, bias, True)[3].numel()


def _like(x: Tensor, h: Tensor, c: Tensor, kernel: Tensor, recurrent_kernel: Tensor, bias: Tensor, keep: bool) -> tuple[Tensor, ...]:
    size = _kept(*x.shape, h.shape[1]) if keep and _has_kernel(x) else 0
    return x.new_empty(*x.shape[:2], h.shape[1]), h.new_empty(h.shape), c.new_empty(c.shape), x.new_empty(size, dtype=torch.uint8)


def _gradient(*tensors: Tensor) -> tuple[Tensor, ...]:
    inputs, outputs, kept, upstream = tensors[:6], tensors[6:9], tensors[9], tensors[10:]
    return _gradient_again(inputs, upstream) if not kept.numel() else _gradient_of_kernel(inputs, outputs, kept, upstream)


def _gradient_of_kernel(
    inputs: tuple[Tensor, ...], outputs: tuple[Tensor, ...], kept: Tensor, upstream: tuple[Tensor | None, ...]
) -> tuple[Tensor, ...]:
    x, h, c, *weights = inputs
    hs, last, memory = outputs
    to_all, to_last, to_memory = upstream
    found = torch.ops.aten.mkldnn_rnn_layer_backward(
        *(x.transpose(0, 1).contiguous(), *_weights(*weights), h[None], c[None], hs.transpose(0, 1).contiguous(), last[None], memory[None]),
        *(None if to_all is None else to_all.transpose(0, 1).contiguous(), None if to_last is None else to_last[None].contiguous()),
        *(None if to_memory is None else to_memory[None].contiguous(), False, _LSTM, h.shape[1], 1, True, True, False, [], False, kept),
    )
    to_x, to_kernel, to_recurrent, to_bias, _, to_h, to_c = found
    return to_x.transpose(0, 1).contiguous(), to_h[0], to_c[0], to_kernel.t().contiguous(), to_recurrent.t().contiguous(), to_bias


def _gradient_again(inputs: tuple[Tensor, ...], upstream: tuple[Tensor | None, ...]) -> tuple[Tensor, ...]:
    # Operations run where PyTorch has stopped recording; here it is to record again.
    recording = torch._C._SetExcludeDispatchKeyGuard(torch._C.DispatchKey.AutogradFunctionality, False)
    with torch.enable_grad(), recording:
        leaves = [tensor.detach().requires_grad_() for tensor in inputs]
        wanted = [(output, gradient) for output, gradient in zip(lstm(*leaves), upstream, strict=True) if gradient is not None]
        outputs, gradients = zip(*wanted, strict=True)
        return tuple(found.contiguous() for found in torch.autograd.grad(outputs, leaves, gradients))


_lstm = operation(f"lstm({_ARGUMENTS}, bool keep) -> (Tensor, Tensor, Tensor, Tensor)", _like, _run)
_lstm_gradient = operation(
    f"lstm_gradient({_ARGUMENTS}, Tensor hs, Tensor last, Tensor memory, Tensor kept, Tensor? to_all, Tensor? to_last, Tensor? to_memory)"
    " -> (Tensor, Tensor, Tensor, Tensor, Tensor, Tensor)",
    lambda *tensors: tuple(tensor.new_empty(tensor.shape) for tensor in tensors[:6]),
    _gradient,
)
differentiable("lstm", lambda inputs, outputs, upstream: (*_lstm_gradient(*inputs, *outputs, *upstream[:3]), None))
