"""Stage 2: the UNet and the text encoder learn together to take noise off the latents of named icons."""
from __future__ import annotations

import json
import random
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from diffusers import UNet2DConditionModel
from torch import nn
from transformers import CLIPTextModel

from .. import state
from ..precision import autocast
from . import networks
from .captions import caption
from .dataset import Latents
from .optimise import CoreClock, optimizers, schedule, set_rates
from .recipe import IllustratorRecipe, device
from .tokens import PromptTokens

_MOST_SNR = 5.0
"""Hang et al., "Efficient Diffusion Training via Min-SNR Weighting Strategy": steps with little noise count no more."""


@dataclass(frozen=True)
class Drawer:
    """What draws latents from a prompt."""

    unet: UNet2DConditionModel
    text: CLIPTextModel
    tokens: PromptTokens

    def modules(self) -> nn.ModuleDict:
        return nn.ModuleDict({"unet": self.unet, "text": self.text})

    def told(self, prompts: list[str]) -> torch.Tensor:
        """[B, tokens, width]"""
        return self.text(self.tokens.batch(prompts).to(self.text.device)).last_hidden_state


def new_drawer(recipe: IllustratorRecipe, tokens: PromptTokens, meanings: torch.Tensor | None) -> Drawer:
    """Untrained, but for the meanings of words, which stay as they are."""
    text = networks.text_encoder(recipe.text, len(tokens.vocabulary), tokens.begin, tokens.end)
    table = text.get_input_embeddings().weight
    if meanings is not None:
        table.data.copy_(meanings)
    table.requires_grad_(False)
    return Drawer(networks.unet(recipe.unet, recipe.text, recipe.autoencoder_shape), text, tokens)


def noised(latents: torch.Tensor, noise: torch.Tensor, alphas: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Latents at a noise level, and the velocity that leads there (Salimans & Ho, "Progressive Distillation")."""
    signal, strength = alphas.sqrt()[:, None, None, None], (1 - alphas).sqrt()[:, None, None, None]
    return signal * latents + strength * noise, signal * noise - strength * latents


def loss(drawer: Drawer, latents: torch.Tensor, prompts: list[str], steps: torch.Tensor, noise: torch.Tensor) -> torch.Tensor:
    """Squared error of the velocity, weighted by the noise level."""
    alphas = networks.scheduler().alphas_cumprod[steps].to(latents.device)
    sample, velocity = noised(latents, noise, alphas)
    found = drawer.unet(sample, steps.to(latents.device), drawer.told(prompts)).sample
    ratio = alphas / (1 - alphas)
    weight = ratio.clamp(max=_MOST_SNR) / (ratio + 1)
    return (weight * (found.float() - velocity).square().mean((1, 2, 3))).mean() / weight.mean()


@torch.no_grad()
def measured(drawer: Drawer, data: Latents, rows: list[int], seed: int) -> float:
    """Loss on given pictures with their first names, at fixed noise and steps."""
    generator = torch.Generator().manual_seed(seed)
    place = drawer.unet.device
    latents = (data.mean[rows] * data.scaling).to(place)
    steps = torch.linspace(20, 980, len(rows)).long()[torch.randperm(len(rows), generator=generator)]
    noise = torch.randn(latents.shape, generator=generator).to(place)
    return loss(drawer, latents, [data.concepts[row].names[0] for row in rows], steps, noise).item()


def average(kept: nn.Module, live: nn.Module, step: int, most: float) -> None:
    """Running mean of the weights, short at first."""
    share = 1 - min(most, (1 + step) / (10 + step))
    for mean, value in zip(kept.parameters(), live.parameters()):
        mean.data.lerp_(value.data, share)


def train(recipe: IllustratorRecipe, data: Latents, drawer: Drawer, path: Path) -> None:
    """Run or continue the stage; its state, with the averaged weights, lies at `path`."""
    torch.manual_seed(recipe.seed)
    stage = recipe.diffusion
    live = drawer.modules().to(device())
    kept = deepcopy(live)
    both = optimizers(stage, [drawer.unet, drawer.text])
    saved = state.load(path)
    step, elapsed = 0, 0.0
    if saved:
        live.load_state_dict(saved["live"])
        kept.load_state_dict(saved["averaged"])
        for optimizer, value in zip(both, saved["optimizers"]):
            optimizer.load_state_dict(value)
        step, elapsed = saved["step"], saved["elapsed"]
    clock = CoreClock(recipe.checkpoint_minutes, elapsed)
    generator, rng = torch.Generator().manual_seed(recipe.seed + step), random.Random(recipe.seed + step)
    averaged = Drawer(kept["unet"], kept["text"], drawer.tokens)

    def checkpoint(done: bool) -> None:
        value: dict[str, Any] = {"live": live.state_dict(), "averaged": kept.state_dict(), "step": step, "done": done}
        state.save(path, value | {"optimizers": [o.state_dict() for o in both], "elapsed": clock.elapsed})
        unseen = measured(averaged, data, data.held_out, recipe.seed)
        seen = measured(averaged, data, data.learnt[:: max(1, len(data.learnt) // 64)], recipe.seed)
        print(json.dumps({"step": step, "held_out": round(unseen, 4), "learnt": round(seen, 4)}), flush=True)

    running = 0.0
    while step < stage.steps:
        set_rates(both, schedule(step / stage.steps, step))
        latents, rows, colours = data.batch(stage.batch_size, recipe.coloured, rng, generator)
        prompts = [
            "" if rng.random() < recipe.dropped_prompts else caption(rng, data.concepts[row], colour)
            for row, colour in zip(rows, colours)
        ]
        # One step out of each part of the schedule, so that batches are alike.
        parts = (torch.arange(len(rows)) + torch.rand(len(rows), generator=generator)) / len(rows)
        steps = (parts * 1000).long().clamp(max=999)
        noise = torch.randn(latents.shape, generator=generator).to(device())
        with autocast(device().type):
            value = loss(drawer, latents.to(device()), prompts, steps, noise)
        for optimizer in both:
            optimizer.zero_grad()
        value.backward()
        nn.utils.clip_grad_norm_(live.parameters(), 1.0)
        for optimizer in both:
            optimizer.step()
        average(kept, live, step, recipe.averaging)
        step, running = step + 1, running + value.item()
        if step % 20 == 0:
            print(json.dumps({"seconds": round(clock.elapsed), "step": step, "loss": round(running / 20, 4)}), flush=True)
            running = 0.0
        if clock.due():
            checkpoint(done=False)
    checkpoint(done=True)


def load(recipe: IllustratorRecipe, tokens: PromptTokens, path: Path) -> Drawer:
    """The averaged weights of the newest state."""
    saved = state.load(path)
    if saved is None:
        raise FileNotFoundError(f"{path}: train the diffusion first")
    drawer = new_drawer(recipe, tokens, None)
    drawer.modules().load_state_dict(saved["averaged"])
    return Drawer(drawer.unet.eval(), drawer.text.eval(), tokens)
