"""Figures on held-out synthetic images and on real ones, against baselines and with parts switched off."""
from __future__ import annotations

import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch

from . import metrics, real_images, state
from .config import Recipe, state_folder
from .finetune import build
from .generator import render
from .model import MiniGemini
from .precision import autocast
from .preprocess import high_resolution
from .prompts import OCR_TOKENS, clip_ocr, quoting

KINDS = ["code", "terminal", "chart", "diagram", "ui", "icon", "document", "photo", "table"]
CONDITIONS = ["starter", "zeroed vision", "no HR", "no mining", "no OCR", "untuned SmolLM2", "OCR text"]


@dataclass
class Item:
    """One question about one image with what its answer is scored against."""

    image: int
    task: str
    question: str
    truth: Any
    limit: int = 160


@dataclass
class TestSet:
    """Images with OCR text, and questions about them."""

    pixels: list[np.ndarray]
    ocr: list[str]
    items: list[Item] = field(default_factory=list)


def synthetic(recipe: Recipe, per_kind: int) -> TestSet:
    """Held-out images: other seeds, words, error kinds and wordings."""
    test = TestSet([], [])
    for kind_index, kind in enumerate(KINDS):
        for number in range(per_kind):
            sample = render((recipe.seed + 9) * 100_000_000 + kind_index * 1000 + number, "heldout", kind)
            index = len(test.pixels)
            test.pixels.append(np.array(high_resolution(sample.image, recipe.vision.image_size_aux)))
            test.ocr.append(sample.ocr)
            turns = {turn.task: turn for turn in sample.turns}
            test.items.append(Item(index, "explain", turns["explain"].question, (kind, sample.facts["visible"])))
            if "key" in sample.facts:
                test.items.append(Item(index, "error", turns["error"].question, (sample.facts["key"], sample.facts["fix"]), 100))
            if kind == "diagram":
                test.items.append(Item(index, "mermaid", turns["mermaid"].question, sample.facts["edges"], 220))
            if sample.facts.get("values") and "chart_table" in turns:
                test.items.append(Item(index, "chart_table", turns["chart_table"].question, sample.facts["values"], 120))
    return test


def real(recipe: Recipe, folder: Path) -> TestSet:
    """Real images of a folder with a truth file."""
    test = TestSet([], [])
    for index, item in enumerate(real_images.load(folder)):
        test.pixels.append(np.array(high_resolution(item.image, recipe.vision.image_size_aux)))
        test.ocr.append(item.ocr)
        test.items.append(Item(index, "explain", "Explain this image.", (item.kind, item.facts)))
        if item.key:
            test.items.append(Item(index, "error", "What is the error and how do I fix it?", (item.key, item.fix), 100))
    return test


def score(item: Item, answer: str, scores: dict[str, list[float]]) -> None:
    """Add an answer's scores by metric."""
    add = lambda name, value: scores.setdefault(name, []).append(value)  # noqa: E731
    if item.task == "explain":
        kind, lines = item.truth
        add("kind", metrics.kind_accuracy(answer, kind))
        if lines:
            add("visible text", metrics.text_recall(answer, lines))
    elif item.task == "error":
        key, fix = item.truth
        add("error named", metrics.mentions(answer, key, 0.5) if any(len(t) > 3 for t in metrics.tokens(key)) else float(key.lower() in answer.lower()))
        add("fix named", metrics.mentions(answer, fix))
    elif item.task == "mermaid":
        add("Mermaid edges F1", metrics.edge_f1(answer, item.truth))
    elif item.task == "chart_table":
        add("chart values", metrics.value_recall(answer, item.truth))


@torch.no_grad()
def visual_tokens(model: MiniGemini, test: TestSet, mode: str) -> list[torch.Tensor]:
    device = next(model.parameters()).device
    out: list[torch.Tensor] = []
    for start in range(0, len(test.pixels), 8):
        pixels = torch.from_numpy(np.stack(test.pixels[start : start + 8])).to(device)
        out += list(model.visual_tokens(pixels, mode))
    return out


def answers(model: MiniGemini, test: TestSet, condition: str, batch: int = 8) -> list[str]:
    """Answers of every item under a condition."""
    if condition == "OCR text":
        return [test.ocr[item.image] for item in test.items]
    mode = {"no HR": "no_hr", "no mining": "no_mining"}.get(condition, "full")
    visual: list[torch.Tensor | None] = [None] * len(test.pixels)
    if condition != "untuned SmolLM2":
        visual = list(visual_tokens(model, test, mode))
    if condition == "zeroed vision":
        visual = [torch.zeros_like(v) for v in visual if v is not None]
    order = sorted(range(len(test.items)), key=lambda i: (test.items[i].limit, len(test.ocr[test.items[i].image])))
    out = [""] * len(test.items)
    for start in range(0, len(order), batch):
        chosen = order[start : start + batch]
        items = [test.items[i] for i in chosen]
        asked = [(visual[i.image], i.question, "" if condition == "no OCR" else clip_ocr(test.ocr[i.image], OCR_TOKENS)) for i in items]
        with autocast(next(model.parameters()).device.type):
            found = model.answer(asked, max(i.limit for i in items))
        for index, text in zip(chosen, found):
            out[index] = text
    return [quoting(text, test.ocr[item.image]) for text, item in zip(out, test.items)]


def measure(model: MiniGemini, test: TestSet, condition: str) -> tuple[dict[str, Any], list[dict[str, str]]]:
    """Averages by metric with their counts, and the answers."""
    begin = time.monotonic()
    texts = answers(model, test, condition)
    scores: dict[str, list[float]] = {}
    for item, text in zip(test.items, texts):
        score(item, text, scores)
    figures: dict[str, Any] = {name: {"mean": round(sum(v) / len(v), 3), "count": len(v)} for name, v in scores.items()}
    figures["seconds"] = round(time.monotonic() - begin)
    log = [{"task": i.task, "image": str(i.image), "truth": str(i.truth)[:200], "answer": t} for i, t in zip(test.items, texts)]
    return figures, log


def everything(recipe: Recipe, per_kind: int = 6, conditions: list[str] | None = None, real_folder: Path | None = None) -> dict[str, Any]:
    """All conditions on both test sets."""
    saved = state.load(state_folder() / "finetune.pt") or state.load(state_folder() / "align.pt")
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    tuned = build(recipe, saved).to(device).eval()
    base = build(recipe).to(device).eval()
    sets = {"synthetic": synthetic(recipe, per_kind)}
    real_set = real(recipe, real_folder or state_folder() / "real")
    if real_set.items:
        sets["real"] = real_set
    results: dict[str, Any] = {}
    for name, test in sets.items():
        for condition in conditions or CONDITIONS:
            model = base if condition == "untuned SmolLM2" else tuned
            figures, log = measure(model, test, condition)
            results.setdefault(name, {})[condition] = figures
            state.save(state_folder() / f"answers-{name}-{condition.replace(' ', '-')}.pt", {"answers": log})
            print(name, condition, figures, flush=True)
    return results


def as_markdown(results: dict[str, Any]) -> str:
    """One table per test set."""
    out = []
    for name, conditions in results.items():
        columns = list(dict.fromkeys(m for figures in conditions.values() for m in figures if m != "seconds"))
        counts = {m: next(f[m]["count"] for f in conditions.values() if m in f) for m in columns}
        out.append(f"### {name}\n")
        out.append("| | " + " | ".join(f"{m} (n={counts[m]})" for m in columns) + " |")
        out.append("|---" * (len(columns) + 1) + "|")
        for condition, figures in conditions.items():
            cells = [f"{100 * figures[m]['mean']:.0f} %" if m in figures else "" for m in columns]
            out.append(f"| {condition} | " + " | ".join(cells) + " |")
        out.append("")
    return "\n".join(out)
