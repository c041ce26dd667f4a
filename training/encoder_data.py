"""What stage 1 is shown: rendered images with dense labels, and real images of which only the kind is known."""
from __future__ import annotations

import itertools
import json
import math
import random
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch.utils.data import IterableDataset

from .config import state_folder
from .generator import render
from .generator.labels import HEADS, KINDS, MAX_NODES, REGIONS
from .preprocess import high_resolution
from .teacher_file import NOT_SEEN, pseudo_labelled, seen_by_teacher

UNKNOWN = 255
"""In a region map: nobody knows."""

Item = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray]
"""HR pixels, labels, adjacency, regions and what the teacher sees (zeros: nobody asked it)."""


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


def real_records(held_out: bool) -> list[dict[str, Any]]:
    """Labelled real images of the state folder; about every twelfth, told by its name, is kept out of stage 1."""
    path = state_folder() / "real" / "train.json"
    records = json.loads(path.read_text()) if path.exists() else []
    return [record for record in records if (zlib.crc32(record["file"].encode()) % 12 == 5) == held_out]


def real_image(record: dict[str, Any], most: int = 1000) -> Image.Image:
    """A real image on white, at most `most` pixels wide and high."""
    with Image.open(state_folder() / "real" / record.get("folder", "train") / Path(record["file"]).name) as image:
        image.draft("RGB", (most, most))
        rgba = image.convert("RGBA")
    background = Image.new("RGBA", rgba.size, (255, 255, 255, 255))
    picture = Image.alpha_composite(background, rgba).convert("RGB")
    picture.thumbnail((most, most), Image.Resampling.BICUBIC)
    return picture


def real_item(record: dict[str, Any], picture: Image.Image, size: int, grid: int, seen: np.ndarray | None = None) -> Item:
    labels = np.full(len(HEADS), -1, "int64")
    labels[list(HEADS).index("kind")] = KINDS.index(record["kind"])
    adjacency = np.full((MAX_NODES, MAX_NODES), -1, "int8")
    regions = np.full((grid * grid, len(REGIONS)), UNKNOWN, "uint8")
    return np.array(high_resolution(picture, size)), labels, adjacency, regions, NOT_SEEN if seen is None else seen


def random_part(rng: random.Random, picture: Image.Image) -> Image.Image:
    """Most of a picture, stretched a little: what still is of the same kind."""
    width, height = picture.size
    if rng.random() < 0.7:
        w, h = int(width * rng.uniform(0.6, 1)), int(height * rng.uniform(0.6, 1))
        left, top = rng.randint(0, width - w), rng.randint(0, height - h)
        picture = picture.crop((left, top, left + max(8, w), top + max(8, h)))
    return picture.resize((max(8, int(picture.width * rng.uniform(0.8, 1.25))), picture.height))


class RealKinds(IterableDataset):
    """The real images that stage 1 never sees, once each."""

    def __init__(self, size: int, grid: int, held_out: bool) -> None:
        self.size, self.grid, self.held_out = size, grid, held_out

    def __iter__(self) -> Iterator[Item]:
        for record in real_records(self.held_out):
            yield real_item(record, real_image(record), self.size, self.grid)


class FreshImages(IterableDataset):
    """Endless rendered images from a given index on (the seed of an image is its index), real ones among them.

    Where rendering competes with training for the cores, each image is shown `repeats` times, the
    repeats at random later moments. `real_share` of what is shown are real images, drawn evenly over the kinds.
    """

    BUFFER = 768
    OPENED = 2000
    """Most real images kept decoded."""

    def __init__(
        self, seed: int, start: int, size: int, grid: int, split: str = "train", repeats: int = 1, real_share: float = 0.0
    ) -> None:
        self.seed, self.start, self.size, self.grid, self.split = seed, start, size, grid, split
        self.repeats, self.real_share = repeats, real_share

    def _real(self, rng: random.Random) -> Iterator[Item | None]:
        """Real images without end; None where there are none. The list is read again now and then: it may grow."""
        by_kind: dict[str, list[dict[str, Any]]] = {}
        opened: dict[str, Image.Image] = {}
        seen: dict[str, np.ndarray] = {}
        for count in itertools.count():
            if count % 3000 == 0 or not by_kind:
                by_kind, seen = {}, seen_by_teacher()
                for record in [*real_records(False), *pseudo_labelled()]:
                    by_kind.setdefault(record["kind"], []).append(record)
            if not by_kind:
                yield None
                continue
            kinds = sorted(by_kind)
            kind = rng.choices(kinds, [len(by_kind[k]) ** 0.5 for k in kinds])[0]
            record = rng.choice(by_kind[kind])
            if record["file"] not in opened:
                if len(opened) >= self.OPENED:
                    del opened[rng.choice(list(opened))]
                opened[record["file"]] = real_image(record, 720)
            yield real_item(record, random_part(rng, opened[record["file"]]), self.size, self.grid, seen.get(record["file"]))

    def __iter__(self) -> Iterator[Item]:
        torch.set_num_threads(1)
        rng = random.Random(self.start)
        index = self.start
        recent: list[Item] = []
        real = self._real(rng)
        while True:
            sample = render(self.seed * 100_000_000 + index, self.split)
            item = (np.array(high_resolution(sample.image, self.size)), *targets(sample, self.grid), NOT_SEEN)
            yield item
            index += 1
            if self.repeats > 1:
                if len(recent) < self.BUFFER:
                    recent.append(item)
                else:
                    recent[rng.randrange(self.BUFFER)] = item
                for _ in range(self.repeats - 1):
                    yield rng.choice(recent)
            for _ in range(self.repeats):
                if rng.random() < self.real_share / (1 - self.real_share):
                    shown = next(real)
                    if shown is not None:
                        yield shown
