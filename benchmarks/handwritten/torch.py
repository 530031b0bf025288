"""The hand-written PyTorch side: a module, the fused Adam, and an eager training loop.

Images come as NHWC arrays: seen as NCHW they already lie in `channels_last` memory, which PyTorch's CPU convolutions want.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from handwritten import batches


class Program(NamedTuple):
    """A model written by hand.

    `model(*inputs)` gives scores; `finish(scores)` makes them what `predict` returns; `loss(scores, y)` gives the mean loss of the
    batch and how many of it are right (None where the script has no such metric).
    """

    model: nn.Module
    finish: Callable[[torch.Tensor], torch.Tensor]
    loss: Callable[[torch.Tensor, torch.Tensor], tuple[torch.Tensor, torch.Tensor | None]]


class Trainer:
    """The loop: shuffle, cut batches from NumPy arrays, one eager step each; what is summed is read at the end of the epoch."""

    def __init__(self, program: Program, seed: int = 0) -> None:
        self.model, self.finish, self.loss = program
        self.model.to(memory_format=torch.channels_last)
        self.adam = torch.optim.Adam(self.model.parameters(), lr=0.001, eps=1e-7, fused=True)
        self.rng = np.random.default_rng(seed)

    def fit(self, x: Any, y: Any, batch_size: int) -> float:
        """One epoch over `x` (an array, or a tuple of them); the sum of the losses."""
        self.model.train()
        total, right = torch.zeros(()), torch.zeros((), dtype=torch.int64)
        for inputs, labels in batches(self.rng, x, y, batch_size):
            scores = self.model(*map(torch.from_numpy, inputs))
            loss, hits = self.loss(scores, torch.from_numpy(labels))
            self.adam.zero_grad()
            loss.backward()
            self.adam.step()
            total += loss.detach()
            if hits is not None:
                right += hits
        self.model.eval()
        return total.item()

    @torch.inference_mode()
    def predict(self, x: Any) -> np.ndarray:
        """The outputs for `x`."""
        parts = x if isinstance(x, tuple) else (x,)
        return self.finish(self.model(*map(torch.from_numpy, parts))).numpy()


# --- losses -----------------------------------------------------------------------------------------------


def cross_entropy(scores: torch.Tensor, labels: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """The mean of -log softmax at integer labels, and how many of a batch are right."""
    labels = labels.long()
    return functional.cross_entropy(scores, labels), (scores.detach().argmax(-1) == labels).sum()


def probabilities(scores: torch.Tensor) -> torch.Tensor:
    """Softmax of the last axis."""
    return scores.softmax(-1)
