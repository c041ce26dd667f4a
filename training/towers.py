"""The visual half of the model: both encoders and the mining between them."""
from __future__ import annotations

import torch
from torch import nn

from .config import VisionConfig
from .mining import PatchInfoMining
from .preprocess import low_resolution
from .vision import ClipVisionTower, ConvNextTower


class VisualTowers(nn.Module):
    """HR pixels in, one feature per visual token out (before the projector)."""

    def __init__(self, config: VisionConfig) -> None:
        super().__init__()
        self.config = config
        self.vision_tower = ClipVisionTower(config)
        self.vision_tower_aux = ConvNextTower(config)
        self.mining = PatchInfoMining(config)

    def streams(self, high: torch.Tensor) -> tuple[torch.Tensor, list[torch.Tensor], torch.Tensor]:
        """LR tokens, the HR maps of all stages, and the tokens after mining."""
        tokens = self.vision_tower(low_resolution(high, self.config.image_size))
        maps = self.vision_tower_aux(high)
        return tokens, maps, tokens + self.mining(tokens, maps)

    def forward(self, high: torch.Tensor, mode: str = "full") -> torch.Tensor:
        """`mode`: "full", or an ablation: "no_hr" (LR alone), "no_lr" (mined alone),
        "no_mining" (the window's plain average in place of attention)."""
        tokens = self.vision_tower(low_resolution(high, self.config.image_size))
        if mode == "no_hr":
            return tokens
        mined = self.mining(tokens, self.vision_tower_aux(high), uniform=mode == "no_mining")
        return mined if mode == "no_lr" else tokens + mined


def projector(config: VisionConfig, hidden_size: int) -> nn.Sequential:
    """`mlp2x_gelu`."""
    return nn.Sequential(
        nn.Linear(config.hidden_size, hidden_size), nn.GELU(), nn.Linear(hidden_size, hidden_size)
    )
