"""The throw-away decoder of stage 1: it asks of visual tokens, and of each encoder alone, what is known of an image."""
from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import nn

from .config import VisionConfig
from .generator.labels import HEADS, MAX_NODES, REGIONS

TEACHER_WIDTH = 128
"""What is asked of the teacher's features: their first principal components (`teacher.py`)."""
HEADS_ON_MEAN = ("kind", "subkind", "theme", "icon", "count", "language", "colour")


def _mean_heads(width: int) -> nn.ModuleDict:
    return nn.ModuleDict({name: nn.Linear(width, HEADS[name]) for name in HEADS_ON_MEAN})


class Reader(nn.Module):
    """Learned queries read the mined tokens and answer one label each; linear heads read averages and cells."""

    def __init__(self, vision: VisionConfig) -> None:
        super().__init__()
        width = vision.hidden_size
        self.grid = vision.grid
        self.queries = nn.Parameter(torch.randn(1, len(HEADS) + MAX_NODES, width) * 0.02)
        self.position = nn.Parameter(torch.randn(1, vision.tokens, width) * 0.02)
        layer = nn.TransformerEncoderLayer(
            width, 4, 2 * width, 0.0, "gelu", batch_first=True, norm_first=True
        )
        self.transformer = nn.TransformerEncoder(layer, 2, enable_nested_tensor=False)
        self.norm = nn.LayerNorm(width)
        self.heads = nn.ModuleDict({name: nn.Linear(width, size) for name, size in HEADS.items()})
        self.mean_heads = _mean_heads(width)
        self.teacher_head = nn.Linear(width, TEACHER_WIDTH)
        self.low_teacher_head = nn.Linear(width, TEACHER_WIDTH)
        self.high_teacher_head = nn.Linear(vision.convnext_dims[-1], TEACHER_WIDTH)
        self.adjacency_head = nn.Sequential(nn.Linear(2 * width, width), nn.GELU(), nn.Linear(width, 1))
        self.regions_head = nn.Linear(width, len(REGIONS))
        self.low_norm = nn.LayerNorm(vision.hidden_size)
        self.low_heads = _mean_heads(vision.hidden_size)
        self.low_regions_head = nn.Linear(vision.hidden_size, len(REGIONS))
        self.high_norm = nn.LayerNorm(vision.convnext_dims[-1])
        self.high_heads = _mean_heads(vision.convnext_dims[-1])
        self.high_regions_norm = nn.LayerNorm(vision.convnext_dims[-2])
        self.high_regions_head = nn.Linear(vision.convnext_dims[-2], len(REGIONS))

    def forward(self, tokens: torch.Tensor) -> dict[str, torch.Tensor]:
        """Answers from the tokens after mining, (B, tokens, width)."""
        x = self.norm(tokens)
        queries = self.queries.expand(len(x), -1, -1)
        z = self.transformer(torch.cat([queries, x + self.position], 1))
        out = {name: head(z[:, index]) for index, (name, head) in enumerate(self.heads.items())}
        out |= {f"mean_{name}": head(x.mean(1)) for name, head in self.mean_heads.items()}
        nodes = z[:, len(HEADS) : len(HEADS) + MAX_NODES]
        pairs = torch.cat(
            [
                nodes[:, :, None].expand(-1, -1, MAX_NODES, -1),
                nodes[:, None].expand(-1, MAX_NODES, -1, -1),
            ],
            -1,
        )
        out["adjacency"] = self.adjacency_head(pairs).squeeze(-1)
        out["regions"] = self.regions_head(x)
        out["teacher"] = self.teacher_head(x.mean(1))
        return out

    def streams(self, low: torch.Tensor, high: list[torch.Tensor]) -> dict[str, torch.Tensor]:
        """Answers from each encoder alone: LR tokens and the maps of the HR encoder."""
        last = self.high_norm(high[-1].mean((2, 3)))
        out = {f"high_{name}": head(last) for name, head in self.high_heads.items()}
        cells = F.adaptive_avg_pool2d(high[-2], self.grid).flatten(2).transpose(1, 2)
        out["high_regions"] = self.high_regions_head(self.high_regions_norm(cells))
        out["high_teacher"] = self.high_teacher_head(last)
        x = self.low_norm(low)
        out["low_teacher"] = self.low_teacher_head(x.mean(1))
        out |= {f"low_{name}": head(x.mean(1)) for name, head in self.low_heads.items()}
        out["low_regions"] = self.low_regions_head(x)
        return out
