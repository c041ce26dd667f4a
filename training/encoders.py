"""Stage 1: both encoders and the mining learn from dense labels of fresh synthetic images, and the kinds of real ones.

Each stream has heads of its own beside those on the mined tokens: gradients that reach the encoders only through the
mining leave them weak (a linear reading of such tokens told 26 % of the kinds of real images).
"""
from __future__ import annotations

import json
import math
import random
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.data import DataLoader

from . import state
from .config import EncoderStage, Recipe, VisionConfig, state_folder
from .encoder_data import UNKNOWN, FreshImages, RealKinds
from .generator.labels import HEADS
from .precision import autocast
from .preprocess import low_resolution, normalise
from .reader import Reader
from .towers import VisualTowers


def loss(out: dict[str, torch.Tensor], labels: torch.Tensor, adjacency: torch.Tensor, regions: torch.Tensor) -> torch.Tensor:
    """Sum of the label, adjacency and region losses; what a row does not know does not count."""
    known_regions = (regions != UNKNOWN).float()
    target_regions = regions.clamp(max=1).float()
    total = torch.zeros(())
    for key in (name for name in out if name.endswith("regions")):
        bits = F.binary_cross_entropy_with_logits(out[key].float(), target_regions, reduction="none")
        total = total + (bits * known_regions).sum() / known_regions.sum().clamp(min=1)
    for index, name in enumerate(HEADS):
        target = labels[:, index]
        if not (target >= 0).any():
            continue
        for key in (name, f"mean_{name}", f"low_{name}", f"high_{name}"):
            if key in out:
                total = total + F.cross_entropy(
                    out[key].float(), target, ignore_index=-1, reduction="sum", label_smoothing=0.05
                ) / len(target)
    known = adjacency >= 0
    if "adjacency" in out and known.any():
        bits = F.binary_cross_entropy_with_logits(
            out["adjacency"].float(), adjacency.clamp(min=0).float(), reduction="none"
        )
        total = total + (bits * known).sum() / known.sum()
    return total


def distillation(out: dict[str, torch.Tensor], teacher: torch.Tensor) -> torch.Tensor:
    """How far each stream is from what the teacher sees, as 1 − cosine; images it was not asked about do not count."""
    known = teacher.abs().sum(-1) > 0
    keys = [key for key in out if key.endswith("teacher")]
    if not known.any():
        return torch.zeros(())
    distances = [((1 - F.cosine_similarity(out[key].float(), teacher)) * known).sum() for key in keys]
    return torch.stack(distances).sum() / len(known)


def augment(pixels: torch.Tensor) -> torch.Tensor:
    """Random contrast, colour, inversion-free tint, noise and grey of normalised pixels."""
    batch = len(pixels)
    contrast = 1 + 0.2 * torch.randn(batch, 1, 1, 1)
    x = pixels * contrast + 0.2 * torch.randn(batch, 3, 1, 1)
    grey = (torch.rand(batch, 1, 1, 1) < 0.12).float()
    x = x * (1 - grey) + x.mean(1, keepdim=True) * grey
    return x + 0.05 * torch.rand(batch, 1, 1, 1) * torch.randn_like(x)


def optimizers(stage: EncoderStage, modules: list[nn.Module]) -> list[torch.optim.Optimizer]:
    """Muon for the matrices inside the networks, AdamW for embeddings, convolutions, norms and biases."""
    matrices, others = [], []
    for module in modules:
        for name, parameter in module.named_parameters():
            inside = parameter.ndim == 2 and "embedding" not in name and "head" not in name
            (matrices if inside else others).append(parameter)
    muon = torch.optim.Muon(
        matrices, lr=stage.matrix_learning_rate, weight_decay=stage.weight_decay, adjust_lr_fn="match_rms_adamw"
    )
    adamw = torch.optim.AdamW(others, lr=stage.learning_rate, weight_decay=0.01, betas=(0.9, 0.98), fused=True)
    return [muon, adamw]


def read(towers: VisualTowers, reader: Reader, x: torch.Tensor) -> dict[str, torch.Tensor]:
    """Everything the reader tells of normalised HR pixels; too small for mining, each encoder is read alone."""
    if x.shape[-1] < towers.config.image_size:
        low = towers.vision_tower(low_resolution(x, towers.config.image_size))
        return reader.streams(low, towers.vision_tower_aux(x))
    low, high, tokens = towers.streams(x)
    return reader(tokens) | reader.streams(low, high)


@torch.no_grad()
def accuracy(towers: VisualTowers, reader: Reader, size: int, count: int, seed: int, real: bool = False) -> dict[str, float]:
    """Accuracy of every head on held-out renderings, or of the kind heads on real images kept out of stage 1."""
    grid = towers.config.grid
    data = RealKinds(size, grid, held_out=True) if real else FreshImages(seed + 1, 0, size, grid, split="heldout")
    hits: dict[str, list[int]] = {}
    towers.eval()
    for number, (pixels, labels, *_) in enumerate(DataLoader(data, batch_size=16)):
        if number * 16 >= count:
            break
        with autocast("cpu"):
            out = read(towers, reader, normalise(pixels))
        for key, logits in out.items():
            name = key.split("_")[-1]
            if name not in HEADS or (real and name != "kind"):
                continue
            target = labels[:, list(HEADS).index(name)]
            known = target >= 0
            hits.setdefault(key, []).extend((logits.argmax(-1)[known] == target[known]).int().tolist())
    towers.train()
    return {key: round(sum(v) / len(v), 3) for key, v in hits.items() if v}


def train(recipe: Recipe, folder: Path | None = None) -> Path:
    """Run or continue stage 1; gives the path of its state."""
    torch.manual_seed(recipe.seed)
    random.seed(recipe.seed)
    stage, vision = recipe.encoders, recipe.vision
    path = (folder or state_folder()) / "encoders.pt"
    towers, reader = VisualTowers(vision).to(memory_format=torch.channels_last), Reader(vision)
    both = optimizers(stage, [towers, reader])
    rates = [[group["lr"] for group in optimizer.param_groups] for optimizer in both]
    saved = state.load(path)
    shipped = None if saved else state.load((folder or state_folder()) / "shipped.pt")
    if shipped:
        towers.load_state_dict(shipped["towers"])
    seen, step, elapsed = 0, 0, 0.0
    if saved:
        towers.load_state_dict(saved["towers"])
        reader.load_state_dict(saved["reader"])
        for optimizer, value in zip(both, saved["optimizers"]):
            optimizer.load_state_dict(value)
        seen, step, elapsed = saved["seen"], saved["step"], saved["elapsed"]
    total = sum(phase.minutes for phase in stage.phases) * 60
    ticker = state.Ticker(recipe.checkpoint_minutes, elapsed)

    def checkpoint(done: bool = False) -> None:
        value: dict[str, Any] = {
            "towers": towers.state_dict(), "reader": reader.state_dict(), "seen": seen, "step": step,
            "optimizers": [optimizer.state_dict() for optimizer in both], "elapsed": ticker.elapsed, "done": done,
        }  # fmt: skip
        state.save(path, value)

    until, running = 0.0, 0.0
    for phase in stage.phases:
        until += phase.minutes * 60
        if ticker.elapsed >= until:
            continue
        data = FreshImages(
            recipe.seed, seen, phase.size, vision.grid, repeats=stage.repeats, real_share=phase.real_share
        )
        for pixels, labels, adjacency, regions, teacher in DataLoader(
            data, batch_size=phase.batch_size, num_workers=1, prefetch_factor=8
        ):
            progress = min(1.0, ticker.elapsed / total)
            scale = min(1, (step + 1) / 60) * (0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * progress)))
            for optimizer, initial in zip(both, rates):
                for group, rate in zip(optimizer.param_groups, initial):
                    group["lr"] = rate * scale
            towers.requires_grad_(step >= stage.heads_first_steps)
            x = augment(normalise(pixels)).to(memory_format=torch.channels_last)
            with autocast("cpu"):
                out = read(towers, reader, x)
            value = loss(out, labels, adjacency, regions) + distillation(out, teacher)
            for optimizer in both:
                optimizer.zero_grad()
            value.backward()
            nn.utils.clip_grad_norm_([p for m in (towers, reader) for p in m.parameters() if p.grad is not None], 1.0)
            for optimizer in both:
                optimizer.step()
            step, seen = step + 1, seen + len(pixels)
            running += value.item()
            if step % 50 == 0:
                report = {"seconds": round(ticker.elapsed), "step": step, "seen": seen, "size": phase.size}
                print(json.dumps(report | {"loss": round(running / 50, 3)}), flush=True)
                running = 0.0
            if ticker.due():
                checkpoint()
            if ticker.elapsed >= until:
                break
        checkpoint()
        for real in (False, True):
            found = accuracy(towers, reader, phase.size, 200, recipe.seed, real)
            print(json.dumps({"size": phase.size, "real" if real else "heldout": found}), flush=True)
    checkpoint(done=True)
    return path


def load_towers(vision: VisionConfig, folder: Path | None = None) -> VisualTowers:
    """The towers of the newest stage-1 state, else those that ship where they were restored, else untrained ones."""
    towers = VisualTowers(vision)
    base = folder or state_folder()
    saved = state.load(base / "encoders.pt") or state.load(base / "shipped.pt")
    if saved:
        towers.load_state_dict(saved["towers"])
    return towers.eval()
