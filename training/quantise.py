"""Training with weights as they will be shipped: four bits in blocks of 32, rounded in the forward pass only.

Rounding after training costs a model this narrow every third token (docs/performance.md); rounded weights in the last
part of training teach the others to make up for it. The block format is the engine's (src/engine/weights/quantise-block.ts):
codes −8 … 7, the value of largest magnitude takes −8, the scale of least squared error is known in closed form.
"""
from __future__ import annotations

from functools import partial
from typing import Any

import torch
import torch.nn.functional as F
from torch import nn

BLOCK = 32
PARTS = (1.0, 0.95, 0.9, 0.85, 0.8)


def scales(weight: torch.Tensor) -> torch.Tensor:
    """The scale of every block, (rows, columns / 32, 1)."""
    blocks = weight.view(len(weight), -1, BLOCK)
    index = blocks.abs().argmax(-1, keepdim=True)
    extreme = blocks.gather(-1, index)
    best = torch.zeros_like(extreme)
    most = torch.full_like(extreme, -1.0)
    for part in PARTS:
        step = extreme * part / -8
        step = torch.where(step == 0, torch.ones_like(step), step)
        codes = (blocks / step).round_().clamp_(-8, 7)
        products, squares = (blocks * codes).sum(-1, keepdim=True), codes.square().sum(-1, keepdim=True).clamp(min=1e-12)
        gain = products.square() / squares
        best = torch.where(gain > most, products / squares, best)
        most = torch.maximum(gain, most)
    return torch.where(best == 0, torch.ones_like(best), best)


def rounded(weight: torch.Tensor, scale: torch.Tensor) -> torch.Tensor:
    """The weight with its codes' values."""
    blocks = weight.view(len(weight), -1, BLOCK)
    return ((blocks / scale).round_().clamp_(-8, 7) * scale).view_as(weight)


class _StraightThrough(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, weight: torch.Tensor, scale: torch.Tensor) -> torch.Tensor:
        return rounded(weight, scale)

    @staticmethod
    def backward(ctx: Any, gradient: torch.Tensor) -> tuple[torch.Tensor, None]:
        return gradient, None


class FourBits:
    """Makes the linear layers of a language model see their weights in four bits."""

    REFRESH = 40
    """Steps after which the scales are found anew."""

    def __init__(self, llm: nn.Module) -> None:
        self.linears = [m for m in llm.model.layers.modules() if isinstance(m, nn.Linear)]
        self.scales: dict[nn.Module, torch.Tensor] = {}
        self.steps = 0
        for linear in self.linears:
            linear.forward = partial(self._forward, linear)

    def step(self) -> None:
        """Call before each step."""
        if self.steps % self.REFRESH == 0:
            with torch.no_grad():
                self.scales = {linear: scales(linear.weight) for linear in self.linears}
        self.steps += 1

    def _forward(self, linear: nn.Linear, x: torch.Tensor) -> torch.Tensor:
        return F.linear(x, _StraightThrough.apply(linear.weight, self.scales[linear]), linear.bias)
