"""Stages 2 (projector alone, LLM frozen) and 3 (projector and LLM, vision optional) on conversations."""
from __future__ import annotations

import json
import math
from pathlib import Path

import torch
from torch import nn
from torch.utils.data import DataLoader

from . import language_model, state
from .config import LanguageStage, Recipe, state_folder
from .data import Batch, FreshConversations
from .encoders import load_towers
from .export import export
from .model import MiniGemini
from .precision import autocast
from .preprocess import normalise
from .quantise import FourBits


def _to(batch: Batch, device: torch.device) -> Batch:
    pixels = None if batch.pixels is None else batch.pixels.to(device)
    return Batch(batch.before.to(device), batch.ids.to(device), batch.labels.to(device), pixels)


def build(recipe: Recipe, saved: dict | None = None, shipped: dict | None = None) -> MiniGemini:
    """The model with the newest towers and a saved state's weights; what neither holds is what ships, or SmolLM2."""
    weights = (saved or {}).get("llm") or (shipped or {}).get("llm")
    model = MiniGemini(recipe.vision, language_model.language_model(weights), load_towers(recipe.vision))
    known = saved or shipped
    if known:
        model.mm_projector.load_state_dict(known["projector"])
    if saved:
        model.towers.load_state_dict(saved["towers"])
    return model


def newest(recipe: Recipe, folder: Path | None = None) -> MiniGemini:
    """The model of the newest finished or unfinished stage."""
    folder = folder or state_folder()
    saved = state.load(folder / "finetune.pt") or state.load(folder / "align.pt")
    return build(recipe, saved, state.load(folder / "shipped.pt")).eval()


def write_export(model: MiniGemini) -> Path:
    return export(model.towers, model.llm.state_dict(), model.mm_projector.state_dict())


def train(recipe: Recipe, name: str, stage: LanguageStage, folder: Path | None = None) -> Path:
    """Run or continue a stage; `name` is "align" or "finetune", which starts from "align"'s state."""
    torch.manual_seed(recipe.seed)
    folder = folder or state_folder()
    path = folder / f"{name}.pt"
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    saved = state.load(path)
    start = saved or (state.load(folder / "align.pt") if name == "finetune" else None)
    shipped = state.load(folder / "shipped.pt")
    model = build(recipe, start, shipped).to(device)
    model.llm.requires_grad_(stage.train_language_model)
    model.towers.requires_grad_(stage.train_towers)
    groups = [{"params": list(model.mm_projector.parameters()), "rate": stage.connector_learning_rate, "weight_decay": 0.0}]
    if stage.train_language_model:
        groups.append({"params": list(model.llm.parameters()), "rate": stage.learning_rate, "weight_decay": stage.weight_decay})
    if stage.train_towers:
        groups.append({"params": list(model.towers.parameters()), "rate": stage.learning_rate, "weight_decay": stage.weight_decay})
    parameters = [p for group in groups for p in group["params"]]
    optimizer = torch.optim.AdamW(groups, lr=1e-4, betas=(0.9, 0.95), fused=True)
    index, step, seen, elapsed = 0, 0, 0, 0.0
    if saved:
        optimizer.load_state_dict(saved["optimizer"])
        index, step, seen, elapsed = saved["index"], saved["step"], saved["seen"], saved["elapsed"]
    ticker = state.Ticker(recipe.checkpoint_minutes, elapsed)
    total = stage.minutes * 60

    def checkpoint(done: bool = False) -> None:
        value = {"projector": model.mm_projector.state_dict(), "towers": model.towers.state_dict(), "optimizer": optimizer.state_dict(),
                 "index": index, "step": step, "seen": seen, "elapsed": ticker.elapsed, "done": done}  # fmt: skip
        if stage.train_language_model:
            value["llm"] = {n: v for n, v in model.llm.state_dict().items() if n != "lm_head.weight"}
        state.save(path, value)
        write_export(model)

    seed = recipe.seed + (2 if name == "align" else 3)
    data = FreshConversations(seed, index, recipe.vision, stage.tokens_per_batch, stage.real_share)
    running: list[float] = []
    four_bits: FourBits | None = None
    for position, batch in DataLoader(data, batch_size=None, num_workers=1, prefetch_factor=4):
        if ticker.elapsed >= total:
            break
        batch = _to(batch, device)
        if start is None and shipped is None and step == 0 and batch.pixels is not None:
            with torch.no_grad():
                model.scale_projector(model.towers(normalise(batch.pixels)))
        progress = min(1.0, ticker.elapsed / total)
        scale = min(1, (step + 1) / stage.warmup_steps) * (0.03 + 0.97 * 0.5 * (1 + math.cos(math.pi * progress)))
        for group in optimizer.param_groups:
            group["lr"] = group["rate"] * scale
        if four_bits is None and progress >= stage.four_bits_from:
            four_bits = FourBits(model.llm)
        if four_bits:
            four_bits.step()
        with autocast(device.type):
            value = model.loss(batch, stage.train_towers)
        optimizer.zero_grad()
        if value.requires_grad:
            value.backward()
            nn.utils.clip_grad_norm_(parameters, 1.0)
            optimizer.step()
        step, seen, index = step + 1, seen + len(batch.ids), position
        running.append(value.item())
        if step % 10 == 0:
            report = {"stage": name, "seconds": round(ticker.elapsed), "step": step, "seen": seen}
            print(json.dumps(report | {"loss": round(sum(running) / len(running), 3)}), flush=True)
            running = []
        if ticker.due():
            checkpoint()
    checkpoint(done=True)
    return path
