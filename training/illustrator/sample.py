"""Drawing with the trained networks, as the engine does it: for sample sheets and figures."""
from __future__ import annotations

from pathlib import Path

import torch
from diffusers import AutoencoderKL
from PIL import Image

from . import networks
from .dataset import Latents
from .diffusion import Drawer


@torch.no_grad()
def draw(drawer: Drawer, prompts: list[str], steps: int, guidance: float, seed: int) -> torch.Tensor:
    """[B, C, h, w] scaled latents for each prompt."""
    config = drawer.unet.config
    scheduler = networks.scheduler()
    scheduler.set_timesteps(steps)
    shape = (len(prompts), config.in_channels, config.sample_size, config.sample_size)
    x = torch.randn(shape, generator=torch.Generator().manual_seed(seed))
    told = drawer.told([*prompts, *[""] * len(prompts)])
    for step in scheduler.timesteps:
        wanted, plain = drawer.unet(torch.cat([x, x]), step, told).sample.chunk(2)
        x = scheduler.step(plain + guidance * (wanted - plain), step, x).prev_sample
    return x


@torch.no_grad()
def sheet(model: AutoencoderKL, latents: torch.Tensor, columns: int, path: Path) -> None:
    """Decoded latents (unscaled) as one picture."""
    x = ((model.decode(latents).sample.clamp(-1, 1) + 1) * 127.5).round().byte()
    x = torch.cat([x, x.new_full((-len(x) % columns, *x.shape[1:]), 255)])
    rows = [torch.cat(list(row), dim=-1) for row in x.split(columns)]
    Image.fromarray(torch.cat(rows, dim=-2).permute(1, 2, 0).numpy()).save(path)


def names_found(drawer: Drawer, data: Latents, rows: list[int], steps: int, guidance: float, seed: int) -> tuple[float, float]:
    """Of icons drawn by their names: how many lie nearest to an icon of that name, and to it or one of five nearest."""
    drawn = torch.cat(
        [
            draw(drawer, [data.concepts[row].names[0] for row in part.tolist()], steps, guidance, seed)
            for part in torch.tensor(rows).split(32)
        ]
    )
    known = (data.mean[: len(data.concepts)] * data.scaling).flatten(1)
    nearest = torch.cdist(drawn.flatten(1), known).topk(min(5, len(known)), largest=False).indices.tolist()
    first = five = 0
    for row, found in zip(rows, nearest):
        right = [bool(set(data.concepts[row].names) & set(data.concepts[other].names)) for other in found]
        first += right[0]
        five += any(right)
    return first / len(rows), five / len(rows)
