"""Muon for every matrix and convolution inside the networks, AdamW for the rest."""
from __future__ import annotations

import math
import time
from typing import Any

import torch
from torch import nn

from ..precision import supports_bfloat16
from .recipe import Stage


class ConvolutionMuon(torch.optim.Optimizer):
    """Jordan et al., "Muon", 2024: momentum made orthogonal; a convolution's kernel counts as one matrix [out, in·k·k].

    torch.optim.Muon takes matrices only. The step has AdamW's usual size (Liu et al., "Muon is Scalable", 2025).
    """

    def __init__(self, parameters: list[nn.Parameter], lr: float, momentum: float = 0.95, weight_decay: float = 0.01) -> None:
        super().__init__(parameters, {"lr": lr, "momentum": momentum, "weight_decay": weight_decay})

    @torch.no_grad()
    def step(self, closure: Any = None) -> None:
        for group in self.param_groups:
            for parameter in group["params"]:
                if parameter.grad is None:
                    continue
                gradient = parameter.grad.flatten(1)
                held = self.state[parameter]
                if "momentum" not in held:
                    held["momentum"] = torch.zeros_like(gradient)
                average = held["momentum"].lerp_(gradient, 1 - group["momentum"])
                update = orthogonal(gradient.lerp(average, group["momentum"]))
                size = 0.2 * math.sqrt(max(update.shape))
                parameter.mul_(1 - group["lr"] * group["weight_decay"])
                parameter.add_(update.view_as(parameter), alpha=-group["lr"] * size)


def orthogonal(matrix: torch.Tensor, rounds: int = 5) -> torch.Tensor:
    """The nearest orthogonal matrix, roughly (Newton–Schulz); in bfloat16 where that pays, as its authors do."""
    tall = matrix.shape[0] > matrix.shape[1]
    x = matrix.T if tall else matrix
    if supports_bfloat16(x.device.type):
        x = x.bfloat16()
    x = x / (x.norm() + 1e-7)
    for _ in range(rounds):
        square = x @ x.T
        x = 3.4445 * x + (-4.7750 * square + 2.0315 * square @ square) @ x
    return (x.T if tall else x).to(matrix.dtype)


def optimizers(stage: Stage, modules: list[nn.Module]) -> list[torch.optim.Optimizer]:
    """AdamW's and Muon's part; first and last layers, embeddings, norms and biases are AdamW's."""
    matrices, others = [], []
    for module in modules:
        for name, parameter in module.named_parameters():
            outer = "embedding" in name or name.startswith(("conv_in", "conv_out", "encoder.conv_", "decoder.conv_out"))
            (matrices if parameter.ndim >= 2 and not outer else others).append(parameter)
    return [
        torch.optim.AdamW(others, lr=stage.learning_rate, weight_decay=0.01, betas=(0.9, 0.98), fused=True),
        ConvolutionMuon(matrices, lr=stage.matrix_learning_rate),
    ]


def set_rates(optimizers: list[torch.optim.Optimizer], scale: float) -> None:
    """Every group's speed as a part of its first one."""
    for optimizer in optimizers:
        for group in optimizer.param_groups:
            group.setdefault("first_rate", group["lr"])
            group["lr"] = group["first_rate"] * scale


def schedule(progress: float, step: int) -> float:
    """A short warm-up, then half a cosine down to 2 %."""
    return min(1.0, (step + 1) / 30) * (0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * min(1.0, progress))))


class CoreClock:
    """Seconds of processor time, across restarts: they mean the same on a busy machine."""

    def __init__(self, checkpoint_minutes: float, elapsed: float = 0.0) -> None:
        self._now, self._wall = time.process_time, time.monotonic
        self._start = self._now() - elapsed
        self._period, self._last = checkpoint_minutes * 60, self._wall()

    @property
    def elapsed(self) -> float:
        return self._now() - self._start

    def due(self) -> bool:
        """True once per period of the wall clock."""
        if self._wall() - self._last < self._period:
            return False
        self._last = self._wall()
        return True
