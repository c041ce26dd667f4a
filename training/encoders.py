"""Stage 1: both encoders and the mining learn from dense labels of fresh synthetic images, without an LLM."""
from __future__ import annotations

import json
import math
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.data import DataLoader, IterableDataset

from . import state
from .config import Recipe, VisionConfig, state_folder
from .generator import render
from .generator.labels import HEADS, MAX_NODES, REGIONS
from .preprocess import high_resolution, normalise
from .towers import VisualTowers

HEADS_ON_MEAN = ("kind", "subkind", "theme", "icon", "count")


class Reader(nn.Module):
    """Throw-away decoder: learned queries read the visual tokens and answer one label each."""

    def __init__(self, vision: VisionConfig, width: int = 256) -> None:
        super().__init__()
        self.queries = nn.Parameter(torch.randn(1, len(HEADS) + MAX_NODES, width) * 0.02)
        self.position = nn.Parameter(torch.randn(1, vision.tokens, width) * 0.02)
        layer = nn.TransformerEncoderLayer(
            width, 4, 2 * width, 0.0, "gelu", batch_first=True, norm_first=True
        )
        self.transformer = nn.TransformerEncoder(layer, 2, enable_nested_tensor=False)
        self.norm = nn.LayerNorm(width)
        self.heads = nn.ModuleDict({name: nn.Linear(width, size) for name, size in HEADS.items()})
        self.mean_heads = nn.ModuleDict(
            {name: nn.Linear(width, HEADS[name]) for name in HEADS_ON_MEAN}
        )
        self.adjacency = nn.Sequential(nn.Linear(2 * width, width), nn.GELU(), nn.Linear(width, 1))
        self.regions = nn.Linear(width, len(REGIONS))

    def forward(self, tokens: torch.Tensor) -> dict[str, torch.Tensor]:
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
        out["adjacency"] = self.adjacency(pairs).squeeze(-1)
        out["regions"] = self.regions(x)
        return out


def region_map(boxes: list[tuple[int, float, float, float, float]], grid: int) -> np.ndarray:
    """(grid², regions): which kinds of region touch each cell; boxes are relative to the padded square."""
    cells = np.zeros((len(REGIONS), grid, grid), "uint8")
    for region, x0, y0, x1, y1 in boxes:
        top, left = int(max(0, y0) * grid), int(max(0, x0) * grid)
        bottom, right = math.ceil(min(1, y1) * grid), math.ceil(min(1, x1) * grid)
        cells[region, top : max(bottom, top + 1), left : max(right, left + 1)] = 1
    return cells.reshape(len(REGIONS), -1).T


def targets(sample: Any, grid: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Label ids (-1 where a label does not apply), adjacency (-1 likewise) and the region map."""
    labels = np.array([sample.labels.get(name, -1) for name in HEADS], "int64")
    adjacency = np.full((MAX_NODES, MAX_NODES), -1, "int8")
    count = sample.labels.get("nodes", 0)
    if sample.adjacency is not None and count <= MAX_NODES:
        adjacency[:count, :count] = 0
        for source, target in sample.adjacency:
            adjacency[source, target] = 1
    return labels, adjacency, region_map(sample.boxes, grid)


class FreshImages(IterableDataset):
    """Endless rendered images from a given index on; the seed of an image is its index.

    Where rendering competes with training for the cores, each image is shown `repeats` times, the
    repeats at random later moments.
    """

    BUFFER = 512

    def __init__(self, seed: int, start: int, size: int, grid: int, split: str = "train", repeats: int = 1) -> None:
        self.seed, self.start, self.size, self.grid, self.split = seed, start, size, grid, split
        self.repeats = repeats

    def __iter__(self) -> Iterator[tuple[np.ndarray, ...]]:
        torch.set_num_threads(1)
        rng = random.Random(self.start)
        index = self.start
        recent: list[tuple[np.ndarray, ...]] = []
        while True:
            sample = render(self.seed * 100_000_000 + index, self.split)
            pixels = np.array(high_resolution(sample.image, self.size))
            item = (pixels, *targets(sample, self.grid))
            yield item
            index += 1
            if self.repeats > 1:
                if len(recent) < self.BUFFER:
                    recent.append(item)
                else:
                    recent[rng.randrange(self.BUFFER)] = item
                for _ in range(self.repeats - 1):
                    yield rng.choice(recent)


def loss(out: dict[str, torch.Tensor], labels: torch.Tensor, adjacency: torch.Tensor, regions: torch.Tensor) -> torch.Tensor:
    """Sum of the label, adjacency and region losses."""
    total = 3 * F.binary_cross_entropy_with_logits(out["regions"].float(), regions.float())
    for index, name in enumerate(HEADS):
        target = labels[:, index]
        if not (target >= 0).any():
            continue
        for key in (name, f"mean_{name}"):
            if key in out:
                total = total + F.cross_entropy(
                    out[key].float(), target, ignore_index=-1, reduction="sum"
                ) / len(target)
    known = adjacency >= 0
    if known.any():
        bits = F.binary_cross_entropy_with_logits(
            out["adjacency"].float(), adjacency.clamp(min=0).float(), reduction="none"
        )
        total = total + (bits * known).sum() / known.sum()
    return total


def augment(pixels: torch.Tensor) -> torch.Tensor:
    """Small random contrast and colour shifts of normalised pixels."""
    batch = len(pixels)
    contrast = 1 + 0.1 * torch.randn(batch, 1, 1, 1, device=pixels.device)
    return pixels * contrast + 0.08 * torch.randn(batch, 3, 1, 1, device=pixels.device)


@torch.no_grad()
def accuracy(towers: VisualTowers, reader: Reader, size: int, count: int, seed: int, mode: str = "full") -> dict[str, float]:
    """Accuracy of every head on held-out images."""
    device = next(towers.parameters()).device
    data = FreshImages(seed + 1, 0, size, towers.config.grid, split="heldout")
    hits, seen = dict.fromkeys(HEADS, 0), dict.fromkeys(HEADS, 0)
    towers.eval()
    for number, batch in enumerate(DataLoader(data, batch_size=16)):
        if number * 16 >= count:
            break
        pixels, labels = batch[0].to(device), batch[1].to(device)
        with torch.autocast(device.type, torch.bfloat16):
            out = reader(towers(normalise(pixels), mode))
        for index, name in enumerate(HEADS):
            known = labels[:, index] >= 0
            hits[name] += int((out[name].argmax(-1)[known] == labels[known, index]).sum())
            seen[name] += int(known.sum())
    towers.train()
    return {name: round(hits[name] / max(1, seen[name]), 3) for name in HEADS}


def train(recipe: Recipe, folder: Path | None = None) -> Path:
    """Run or continue stage 1; gives the path of its state."""
    torch.manual_seed(recipe.seed)
    random.seed(recipe.seed)
    stage, vision = recipe.encoders, recipe.vision
    path = (folder or state_folder()) / "encoders.pt"
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    towers, reader = VisualTowers(vision).to(device), Reader(vision).to(device)
    towers = towers.to(memory_format=torch.channels_last)
    parameters = [*towers.parameters(), *reader.parameters()]
    optimizer = torch.optim.AdamW(
        [
            {"params": [p for p in parameters if p.ndim > 1], "weight_decay": stage.weight_decay},
            {"params": [p for p in parameters if p.ndim <= 1], "weight_decay": 0.0},
        ],
        lr=stage.learning_rate,
        betas=(0.9, 0.98),
        fused=True,
    )
    saved = state.load(path)
    seen, step, elapsed = 0, 0, 0.0
    if saved:
        towers.load_state_dict(saved["towers"])
        reader.load_state_dict(saved["reader"])
        optimizer.load_state_dict(saved["optimizer"])
        seen, step, elapsed = saved["seen"], saved["step"], saved["elapsed"]
    total = (stage.minutes_low + stage.minutes_high) * 60
    ticker = state.Ticker(recipe.checkpoint_minutes, elapsed)

    def checkpoint(done: bool = False) -> None:
        state.save(
            path,
            {
                "towers": towers.state_dict(),
                "reader": reader.state_dict(),
                "optimizer": optimizer.state_dict(),
                "seen": seen,
                "step": step,
                "elapsed": ticker.elapsed,
                "done": done,
            },
        )

    running = 0.0
    for size, until in ((stage.low_size, stage.minutes_low * 60), (vision.image_size_aux, total)):
        if ticker.elapsed >= until:
            continue
        data = FreshImages(recipe.seed, seen, size, vision.grid, repeats=stage.repeats)
        loader = DataLoader(data, batch_size=stage.batch_size, num_workers=1, prefetch_factor=8)
        for pixels, labels, adjacency, regions in loader:
            progress = min(1.0, ticker.elapsed / total)
            scale = min(1, (step + 1) / 40) * (0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * progress)))
            for group in optimizer.param_groups:
                group["lr"] = stage.learning_rate * scale
            x = augment(normalise(pixels.to(device))).to(memory_format=torch.channels_last)
            with torch.autocast(device.type, torch.bfloat16):
                out = reader(towers(x))
            value = loss(out, labels.to(device), adjacency.to(device), regions.to(device))
            optimizer.zero_grad()
            value.backward()
            nn.utils.clip_grad_norm_(parameters, 1.0)
            optimizer.step()
            step, seen = step + 1, seen + len(pixels)
            running += value.item()
            if step % 50 == 0:
                report = {"seconds": round(ticker.elapsed), "step": step, "seen": seen, "size": size}
                print(json.dumps(report | {"loss": round(running / 50, 3)}), flush=True)
                running = 0.0
            if ticker.due():
                checkpoint()
            if ticker.elapsed >= until:
                break
        checkpoint()
        print(json.dumps({"size": size, "heldout": accuracy(towers, reader, size, 320, recipe.seed)}), flush=True)
    checkpoint(done=True)
    return path


def load_towers(vision: VisionConfig, folder: Path | None = None) -> VisualTowers:
    """The towers of the newest stage-1 state, or untrained ones."""
    towers = VisualTowers(vision)
    saved = state.load((folder or state_folder()) / "encoders.pt")
    if saved:
        towers.load_state_dict(saved["towers"])
    return towers.eval()
