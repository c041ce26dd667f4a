"""Stage `kinds`: fits the reader of kinds to the real images, after the language stages, whose projector it depends on.

Writes `media/kind-reader.safetensors`, and reports how many kinds it tells of images whose repositories it has not seen.
"""
from __future__ import annotations

import json
import zlib
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from safetensors.torch import save_file

from .config import VisionConfig, state_folder
from .encoder_data import real_image, real_records
from .generator.labels import KINDS
from .kind_reader import Inputs, KindReader, inputs, pooled, reading, readings
from .known_errors import find
from .preprocess import high_resolution, normalise
from .towers import VisualTowers

FOLDS = 6
STEPS = 700
BATCH = 128
REPOSITORY = Path(__file__).resolve().parents[1]
FILE = REPOSITORY / "media" / "kind-reader.safetensors"
LAYOUTS = REPOSITORY / "test" / "unit" / "text" / "text-layout.examples.json"
EXAMPLES = REPOSITORY / "test" / "unit" / "pipeline" / "kind-reader.examples.json"
"""What the reader that ships says of the examples, with visual tokens of `example_tokens`: the product says the same."""


@torch.no_grad()
def visual_features(records: list[dict[str, Any]], vision: VisionConfig, towers: VisualTowers, projector: torch.nn.Module) -> torch.Tensor:
    """(images, 2 D): pooled visual tokens."""
    rows = []
    for record in records:
        pixels = torch.from_numpy(np.array(high_resolution(real_image(record), vision.image_size_aux)))[None]
        rows.append(pooled(projector(towers(normalise(pixels))))[0].float())
    return torch.stack(rows)


def fit(x: Inputs, kinds: torch.Tensor, steps: int = STEPS, seed: int = 1) -> KindReader:
    torch.manual_seed(seed)
    model = KindReader(x.layout.shape[1], x.visual.shape[1])
    model.measure(x)
    optimizer = torch.optim.AdamW(model.parameters(), lr=4e-3, weight_decay=0.3)
    counts = torch.bincount(kinds, minlength=len(KINDS)).float().clamp(min=1)
    weights = (counts.mean() / counts).sqrt()
    model.train()
    for step in range(steps):
        for group in optimizer.param_groups:
            group["lr"] = 4e-3 * (1 - step / steps)
        rows = torch.randint(len(kinds), (BATCH,))
        loss = F.cross_entropy(model(x.at(rows), 0.3), kinds[rows], weights, label_smoothing=0.05)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return model.eval()


def load_records() -> tuple[list[dict[str, Any]], list[Any]]:
    """Labelled real images whose text was read, and the readings."""
    read = readings(state_folder() / "real" / "ocr.json")
    for one in read.values():
        one.errors = len(find(one.texts))
    records = [r for r in [*real_records(False), *real_records(True)] if r["file"] in read]
    return records, [read[r["file"]] for r in records]


def unseen_kinds(x: Inputs, kinds: torch.Tensor, groups: torch.Tensor, steps: int = STEPS) -> torch.Tensor:
    """The kind that each image has for a reader fitted to the other groups' images."""
    told = torch.zeros_like(kinds)
    for group in groups.unique():
        mine = groups == group
        model = fit(x.at((~mine).nonzero()[:, 0]), kinds[~mine], steps)
        with torch.no_grad():
            told[mine] = model(x.at(mine.nonzero()[:, 0])).argmax(-1)
    return told


def example_tokens(number: int, width: int) -> torch.Tensor:
    """(2, width): sines, to be had in any language."""
    return torch.sin(torch.arange(2 * width) * (number + 1.0)).reshape(2, width)


def write(model: KindReader) -> None:
    """The weights that ship, and what they say of the examples."""
    save_file({name: value.contiguous() for name, value in model.state_dict().items()}, FILE)
    examples = json.loads(LAYOUTS.read_text(encoding="utf-8"))
    reads = [replace(reading(example), errors=example["errors"]) for example in examples]
    width = model.visual.in_features // 2
    visual = torch.stack([pooled(example_tokens(number, width)) for number in range(len(reads))])
    with torch.no_grad():
        scores = model(inputs(reads, visual))
    rows = [json.dumps([round(v, 4) for v in row]) for row in scores.tolist()]
    EXAMPLES.write_text("[\n  " + ",\n  ".join(rows) + "\n]\n")


def run(vision: VisionConfig, towers: VisualTowers, projector: torch.nn.Module) -> dict[str, float]:
    """Gives how many kinds are told rightly of images of unseen repositories: all and by kind."""
    records, reads = load_records()
    x = inputs(reads, visual_features(records, vision, towers, projector))
    kinds = torch.tensor([KINDS.index(r["kind"]) for r in records])
    groups = torch.tensor([zlib.crc32(r["repo"].encode()) % FOLDS for r in records])
    told = unseen_kinds(x, kinds, groups)
    right = (told == kinds).float()
    model = fit(x, kinds)
    write(model)
    by_kind = {KINDS[k]: round(right[kinds == k].mean().item(), 3) for k in kinds.unique().tolist()}
    return {"images": len(records), "right": round(right.mean().item(), 3), **by_kind}
