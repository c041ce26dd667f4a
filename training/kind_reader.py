"""Tells the kind of an image from its visual tokens, the words read in it and where they stand.

The starter's language model weighs these poorly against each other, and it knows its training images too well to learn it:
told the kind in the prompt, it went on as before. `src/engine/pipeline/kind-reader.ts` computes the same, and the engine begins
an explanation with this kind where the model names another.
"""
from __future__ import annotations

import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from .config import state_folder
from .generator.labels import KINDS

BUCKETS, WIDTH = 4096, 24
LINES = 80
"""Lines that count, the first ones."""
GRID = 4
SYMBOLS = "{}()[];=<>/\\|_$#%*+:\"'.,-@&!?~"


@dataclass
class Reading:
    """What was read in an image of `size` (width, height); boxes are (left, top, right, bottom) in its pixels. `errors` of the
    built-in list were found in it."""

    size: tuple[int, int]
    texts: list[str]
    boxes: list[tuple[float, float, float, float]]
    errors: int = 0


def reading(record: dict[str, Any]) -> Reading:
    """An entry of `real/ocr.json` (`bench/read-text.ts`)."""
    lines = record["lines"]
    return Reading(tuple(record["size"]), [line["text"] for line in lines], [tuple(line["box"]) for line in lines])


def readings(path: Path) -> dict[str, Reading]:
    """All of the file; none where there is none."""
    return {name: reading(r) for name, r in json.loads(path.read_text(encoding="utf-8")).items()} if path.exists() else {}


def _plain(text: str) -> str:
    """Small letters, every digit 0, everything beyond ASCII ~."""
    return "".join("0" if "0" <= c <= "9" else chr(ord(c) + 32) if "A" <= c <= "Z" else c if ord(c) < 128 else "~" for c in text)


def _bucket(text: str) -> int:
    """FNV-1a of ASCII text."""
    value = 2166136261
    for char in text:
        value = ((value ^ ord(char)) * 16777619) & 0xFFFFFFFF
    return value % BUCKETS


def _shape(text: str) -> str:
    """How a line begins and ends, and its length in doublings."""
    kind = lambda c: "a" if "a" <= c <= "z" else c  # noqa: E731
    return f"{kind(text[0])}{kind(text[-1])}{len(text).bit_length()}"


def word_buckets(texts: list[str]) -> list[int]:
    """Buckets of words, their parts of three characters and the shapes of lines."""
    found: list[int] = []
    for text in filter(None, texts[:LINES]):
        plain = _plain(text)
        found.append(_bucket(f"\n{_shape(plain)}"))
        for word in plain.split(" "):
            if not word:
                continue
            framed = f" {word[:40]} "
            found.append(_bucket(framed))
            found += [_bucket(framed[i : i + 3]) for i in range(len(framed) - 2)]
    return found


def _share(texts: str, characters: str) -> float:
    return sum(c in characters for c in texts) / max(1, len(texts))


def layout(read: Reading) -> list[float]:
    """Size and shape of the image, where the text stands, what it is made of, and whether it holds a known error."""
    width, height = read.size
    n = len(read.texts)
    heights = sorted((b[3] - b[1]) / height for b in read.boxes)
    lefts = [b[0] / width for b in read.boxes]
    middle = heights[n // 2] if n else 0.0
    joined = "".join(read.texts)
    aligned = max((sum(abs(left - other) < 0.012 for other in lefts) for left in lefts[:200]), default=0)
    area = sum((b[2] - b[0]) * (b[3] - b[1]) for b in read.boxes) / (width * height)
    numbers = sum(_share(t, "0123456789.,%-+$ ") > 0.8 for t in read.texts)
    cells = [0.0] * (GRID * GRID)
    for left, top, right, bottom in read.boxes:
        column = min(GRID - 1, int((left + right) / 2 / width * GRID))
        row = min(GRID - 1, int((top + bottom) / 2 / height * GRID))
        cells[max(0, row) * GRID + max(0, column)] += (right - left) * (bottom - top) / (width * height)
    return [
        math.log(width / height), math.log(width) - 6, math.log(height) - 6, math.log1p(n), float(n == 0), area, math.log1p(100 * middle),
        math.log1p(100 * (heights[-1] if n else 0.0)), (heights[-1] / (middle + 1e-3) if n else 0.0) ** 0.5, aligned / max(1, n),
        math.log1p(len(joined) / max(1, n)), numbers / max(1, n), _share(joined, "0123456789"), _share(joined, "ABCDEFGHIJKLMNOPQRSTUVWXYZ"),
        _share(joined, "abcdefghijklmnopqrstuvwxyz"), _share(joined, " "), _share(joined, SYMBOLS), sum(ord(c) > 127 for c in joined) / max(1, len(joined)),
        *(_share(joined, c) ** 0.5 for c in ("{}", "()", ";", "=", "/\\", "$#", "|_", "%", ":", "\"'", "<>", ".,")),
        *(cell**0.5 for cell in cells), float(read.errors > 0),
    ]  # fmt: skip


def pooled(tokens: torch.Tensor) -> torch.Tensor:
    """Mean and maximum over the visual tokens: (…, tokens, D) to (…, 2 D)."""
    return torch.cat([tokens.mean(-2), tokens.amax(-2)], -1)


@dataclass
class Inputs:
    """A batch: words (B, BUCKETS), each bucket's share; layout (B, L), visual (B, 2 D)."""

    words: torch.Tensor
    layout: torch.Tensor
    visual: torch.Tensor

    def at(self, rows: torch.Tensor) -> Inputs:
        return Inputs(self.words[rows], self.layout[rows], self.visual[rows])


def inputs(reads: list[Reading], visual: torch.Tensor) -> Inputs:
    words = torch.zeros(len(reads), BUCKETS)
    for row, read in enumerate(reads):
        found = torch.tensor(word_buckets(read.texts), dtype=torch.long)
        words[row] = torch.bincount(found, minlength=BUCKETS) / max(1, len(found))
    return Inputs(words, torch.tensor([layout(r) for r in reads]), visual)


class KindReader(nn.Module):
    """Words, layout and visual tokens, each narrowed to `WIDTH` numbers; what is said from all three."""

    def __init__(self, layout_size: int, visual_size: int) -> None:
        super().__init__()
        self.words = nn.Embedding(BUCKETS, WIDTH)
        self.layout = nn.Linear(layout_size, WIDTH)
        self.visual = nn.Linear(visual_size, WIDTH)
        self.hidden = nn.Linear(3 * WIDTH, 2 * WIDTH)
        self.kinds = nn.Linear(2 * WIDTH, len(KINDS))
        for name, size in (("layout", layout_size), ("visual", visual_size)):
            self.register_buffer(f"{name}_mean", torch.zeros(size))
            self.register_buffer(f"{name}_deviation", torch.ones(size))
        nn.init.normal_(self.words.weight, std=0.3)

    def measure(self, x: Inputs) -> None:
        """Takes means and deviations of the inputs."""
        for name, value in (("layout", x.layout), ("visual", x.visual)):
            getattr(self, f"{name}_mean").copy_(value.mean(0))
            getattr(self, f"{name}_deviation").copy_(value.std(0) + 0.05 * value.std())

    def forward(self, x: Inputs, dropout: float = 0.0) -> torch.Tensor:
        """(B, kinds) logits."""
        words = F.dropout(x.words, 2 * dropout / 3, self.training) @ self.words.weight
        layout = self.layout(((x.layout - self.layout_mean) / self.layout_deviation).clamp(-4, 4))
        visual = self.visual(((x.visual - self.visual_mean) / self.visual_deviation).clamp(-4, 4))
        parts = torch.tanh(torch.cat([words, layout, visual], -1))
        hidden = F.relu(self.hidden(F.dropout(parts, dropout, self.training)))
        return self.kinds(F.dropout(hidden, dropout, self.training))
