"""Stage 1: pictures to few numbers and back."""
from __future__ import annotations

import json
from pathlib import Path

import torch
import torch.nn.functional as F
from diffusers import AutoencoderKL
from torch import nn

from .. import state
from . import networks
from .optimise import CoreClock, optimizers, schedule, set_rates
from .pictures import scaled
from .recipe import IllustratorRecipe, device


def loss(model: AutoencoderKL, x: torch.Tensor, divergence_weight: float) -> tuple[torch.Tensor, torch.Tensor]:
    """L1 and squares of pixels, L1 of their differences (edges), squares of areas' mean colours, KL; and the L1 alone.

    Without the colours' term outlines are learnt and hues are not: latents then tell 98 % of the brightness of an area
    and 5 % of its colour.
    """
    posterior = model.encode(x).latent_dist
    error = model.decode(posterior.sample()).sample - x
    plain = error.abs().mean()
    edges = error.diff(dim=-1).abs().mean() + error.diff(dim=-2).abs().mean()
    colours = F.avg_pool2d(error, 8).square().mean()
    divergence = 0.5 * (posterior.mean.square() + posterior.var - 1 - posterior.logvar).mean()
    return plain + error.square().mean() + 0.5 * edges + 4 * colours + divergence_weight * divergence, plain


def augmented(x: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    """Mirrored half of the time."""
    return x.flip(-1) if torch.rand((), generator=generator) < 0.5 else x


def train(recipe: IllustratorRecipe, pixels: torch.Tensor, path: Path) -> None:
    """Run or continue the stage; its state lies at `path`."""
    torch.manual_seed(recipe.seed)
    stage = recipe.autoencoder
    model = networks.autoencoder(recipe.autoencoder_shape).to(device())
    both = optimizers(stage, [model])
    saved = state.load(path)
    step, elapsed = 0, 0.0
    if saved:
        model.load_state_dict(saved["model"])
        for optimizer, value in zip(both, saved["optimizers"]):
            optimizer.load_state_dict(value)
        step, elapsed = saved["step"], saved["elapsed"]
    pixels = pixels.to(device())
    clock = CoreClock(recipe.checkpoint_minutes, elapsed)
    generator = torch.Generator().manual_seed(recipe.seed + step)

    def checkpoint(done: bool) -> None:
        value = {"model": model.state_dict(), "optimizers": [o.state_dict() for o in both], "step": step}
        state.save(path, value | {"elapsed": clock.elapsed, "done": done})

    order = torch.empty(0, dtype=torch.long)
    running = 0.0
    while step < stage.steps:
        if len(order) < stage.batch_size:
            order = torch.randperm(len(pixels), generator=generator)
        rows, order = order[: stage.batch_size], order[stage.batch_size :]
        set_rates(both, schedule(step / stage.steps, step))
        x = augmented(scaled(pixels[rows], recipe.autoencoder_shape.size), generator)
        value, plain = loss(model, x, recipe.divergence_weight)
        for optimizer in both:
            optimizer.zero_grad()
        value.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        for optimizer in both:
            optimizer.step()
        step += 1
        running += plain.item()
        if step % 50 == 0:
            print(json.dumps({"seconds": round(clock.elapsed), "step": step, "l1": round(running / 50, 4)}), flush=True)
            running = 0.0
        if clock.due():
            checkpoint(done=False)
    checkpoint(done=True)


def load(recipe: IllustratorRecipe, path: Path) -> AutoencoderKL:
    """The trained autoencoder."""
    saved = state.load(path)
    if saved is None:
        raise FileNotFoundError(f"{path}: train the autoencoder first")
    model = networks.autoencoder(recipe.autoencoder_shape)
    model.load_state_dict(saved["model"])
    return model.eval()


@torch.no_grad()
def encode(model: AutoencoderKL, pixels: torch.Tensor, size: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Middle and standard deviation of each picture's latents, [N, C, h, w] each."""
    parts = [model.encode(scaled(part, size)).latent_dist for part in pixels.split(64)]
    return torch.cat([p.mean for p in parts]), torch.cat([p.std for p in parts])
