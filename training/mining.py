"""Patch info mining: each LR token queries the HR cells of its own window.

`mine_plain` is the published form. `mine` gives the same numbers without building the upsampled,
concatenated map: the key and value projections move onto the query and the result, and because bilinear
upsampling is linear, dot products, means and weighted sums are taken on each stage's own grid.
"""
from __future__ import annotations

from functools import lru_cache

import torch
import torch.nn.functional as F
from torch import nn

from .config import VisionConfig


class PatchInfoMining(nn.Module):
    """The three `vlm_uni_*_projector` modules (LayerNorm, Linear)."""

    def __init__(self, config: VisionConfig) -> None:
        super().__init__()
        width, aux = config.hidden_size, config.hidden_size_aux
        self.grid = config.grid
        self.vlm_uni_query_projector = nn.Sequential(nn.LayerNorm(width), nn.Linear(width, width))
        self.vlm_uni_aux_projector = nn.Sequential(nn.LayerNorm(aux), nn.Linear(aux, width))
        self.vlm_uni_val_projector = nn.Sequential(nn.LayerNorm(aux), nn.Linear(aux, width))

    def forward(
        self, tokens: torch.Tensor, maps: list[torch.Tensor], uniform: bool = False
    ) -> torch.Tensor:
        return mine(self, tokens, maps, uniform)


def mine_plain(module: PatchInfoMining, tokens: torch.Tensor, maps: list[torch.Tensor]) -> torch.Tensor:
    """Upsample, concatenate, window, attend, as the reference does."""
    size = maps[0].shape[-2:]
    up = [maps[0]] + [
        F.interpolate(m, size=size, mode="bilinear", align_corners=False) for m in maps[1:]
    ]
    windows = _windows(torch.cat(up, 1), module.grid, halo=False)
    query = module.vlm_uni_query_projector(tokens).unsqueeze(2)
    keys, values = module.vlm_uni_aux_projector(windows), module.vlm_uni_val_projector(windows)
    scores = (query @ keys.transpose(-1, -2)) * query.shape[-1] ** -0.5
    return (scores.softmax(-1) @ values).squeeze(2)


def mine(
    module: PatchInfoMining, tokens: torch.Tensor, maps: list[torch.Tensor], uniform: bool = False
) -> torch.Tensor:
    """The same result on each stage's own grid. `uniform` averages the window instead of attending."""
    key_norm, key_linear = module.vlm_uni_aux_projector
    value_norm, value_linear = module.vlm_uni_val_projector
    query = module.vlm_uni_query_projector(tokens)
    direction = (query @ key_linear.weight.to(query.dtype)) * key_norm.weight
    cells = maps[0].shape[-1] // module.grid
    channels = direction.shape[-1]
    dot = total = squared = torch.zeros((), device=tokens.device)
    pieces: list[tuple[torch.Tensor, torch.Tensor | None]] = []
    start = 0
    for index, stage in enumerate(maps):
        width = stage.shape[1]
        window = _windows(stage, module.grid, halo=index > 0)
        part = direction[..., start : start + width]
        start += width
        stage_dot = (window @ part.unsqueeze(-1).to(window.dtype)).squeeze(-1).float()
        stage_sum = window.float().sum(-1)
        upsample: torch.Tensor | None = None
        if index == 0:
            stage_squared = window.float().square().sum(-1)
        else:
            with torch.autocast(tokens.device.type, enabled=False):
                upsample = _bilinear_matrix(cells, stage.shape[-1] // module.grid).to(tokens.device)
                exact = window.float()
                gram = exact @ exact.transpose(-1, -2)
                stage_squared = ((upsample @ gram) * upsample).sum(-1)
                stage_dot, stage_sum = stage_dot @ upsample.T, stage_sum @ upsample.T
        dot, total, squared = dot + stage_dot, total + stage_sum, squared + stage_squared
        pieces.append((window, upsample))
    mean = total / channels
    inverse = (squared / channels - mean * mean).clamp(min=0).add(key_norm.eps).rsqrt()
    scores = (dot - mean * direction.float().sum(-1, keepdim=True)) * inverse
    if uniform:
        scores = torch.zeros_like(scores)
    weight = (scores * query.shape[-1] ** -0.5).softmax(-1) * inverse
    gathered = []
    for window, upsample in pieces:
        local = weight if upsample is None else weight @ upsample
        gathered.append((local.unsqueeze(2).to(window.dtype) @ window).squeeze(2).float())
    average = torch.cat(gathered, -1) - (weight * mean).sum(-1, keepdim=True)
    return value_linear(average * value_norm.weight + value_norm.bias)


@lru_cache(maxsize=16)
def _bilinear_matrix(cells: int, source: int) -> torch.Tensor:
    """Weights from a (source + 2)² window with a halo of one to cells² positions (align_corners=False)."""
    one = torch.zeros(cells, source + 2)
    for position in range(cells):
        centre = (position + 0.5) * source / cells + 0.5
        left = int(centre)
        one[position, left] += 1 - (centre - left)
        one[position, left + 1] += centre - left
    return torch.einsum("ai,bj->abij", one, one).reshape(cells * cells, (source + 2) ** 2)


def _windows(stage: torch.Tensor, grid: int, halo: bool) -> torch.Tensor:
    """(B, C, H, W) to (B, grid², cells, C); with a halo, each window also has its neighbours' edge cells."""
    batch, channels, height, _ = stage.shape
    side = height // grid
    x = stage.permute(0, 2, 3, 1)
    if not halo:
        x = x.reshape(batch, grid, side, grid, side, channels).permute(0, 1, 3, 2, 4, 5)
        return x.reshape(batch, grid * grid, side * side, channels)
    x = torch.cat([x[:, :1], x, x[:, -1:]], 1)
    x = torch.cat([x[:, :, :1], x, x[:, :, -1:]], 2)
    x = x.unfold(1, side + 2, side).unfold(2, side + 2, side).permute(0, 1, 2, 4, 5, 3)
    return x.reshape(batch, grid * grid, (side + 2) ** 2, channels)
