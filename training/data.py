"""Endless training batches: rendered images with encoded conversations, grouped by length."""
from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch.utils.data import IterableDataset

from .config import VisionConfig
from .generator import render
from .preprocess import high_resolution
from .prompts import IGNORE, Conversation, Encoded, encode_conversation
from .tasks import conversation

PAD = 2


@dataclass
class Example:
    """One encoded conversation and its HR pixels (None without an image)."""

    encoded: Encoded
    pixels: np.ndarray | None

    @property
    def length(self) -> int:
        return len(self.encoded.after)


@dataclass
class Batch:
    """Ids and labels after the visual tokens, and what comes before them. Images: all or none."""

    before: torch.Tensor
    ids: torch.Tensor
    labels: torch.Tensor
    pixels: torch.Tensor | None


def collate(examples: list[Example]) -> Batch:
    """Pad to the longest; all examples share the ids before the image."""
    longest = max(example.length for example in examples)
    ids = torch.full((len(examples), longest), PAD)
    labels = torch.full((len(examples), longest), IGNORE)
    for row, example in enumerate(examples):
        ids[row, : example.length] = torch.tensor(example.encoded.after)
        labels[row, : example.length] = torch.tensor(example.encoded.labels)
    before = torch.tensor(examples[0].encoded.before, dtype=torch.long)
    pixels = None
    if examples[0].pixels is not None:
        pixels = torch.from_numpy(np.stack([e.pixels for e in examples if e.pixels is not None]))
    return Batch(before, ids, labels, pixels)


class FreshConversations(IterableDataset):
    """Batches of at most `tokens_per_batch` padded tokens from images `start`, `start` + 1, …"""

    POOL = 64

    def __init__(self, seed: int, start: int, vision: VisionConfig, tokens_per_batch: int) -> None:
        self.seed, self.start, self.vision, self.tokens = seed, start, vision, tokens_per_batch

    def example(self, index: int) -> Example:
        """The example of an index."""
        sample = render(self.seed * 100_000_000 + index)
        rng = random.Random(self.seed * 1_000_003 + index)
        talk = conversation(rng, sample)
        encoded = encode_conversation(talk, max_tokens=420, ocr_tokens=ocr_budget(rng))
        pixels = np.array(high_resolution(sample.image, self.vision.image_size_aux)) if talk.has_image else None
        return Example(encoded, pixels)

    def __iter__(self) -> Iterator[tuple[int, Batch]]:
        torch.set_num_threads(1)
        index = self.start
        while True:
            pool = [self.example(index + i) for i in range(self.POOL)]
            index += self.POOL
            for batch in group(pool, self.tokens, self.vision.tokens, random.Random(index)):
                yield index, batch


def ocr_budget(rng: random.Random) -> int:
    """How many tokens of OCR text an example keeps."""
    return rng.choices([120, 200, 360], [6, 3, 1])[0]


def group(examples: list[Example], tokens: int, visual: int, rng: random.Random) -> list[Batch]:
    """Batches of similar length."""
    batches = []
    for with_image in (True, False):
        pool = sorted((e for e in examples if (e.pixels is not None) == with_image), key=lambda e: e.length)
        overhead = visual + 24 if with_image else 0
        current: list[Example] = []
        for example in pool:
            if current and (example.length + overhead) * (len(current) + 1) > tokens:
                batches.append(collate(current))
                current = []
            current.append(example)
        if current:
            batches.append(collate(current))
    rng.shuffle(batches)
    return batches


def from_conversation(talk: Conversation, pixels: np.ndarray | None, max_tokens: int = 1200) -> Example:
    """An example of given data, such as the published LLaVA-style sets."""
    return Example(encode_conversation(talk, max_tokens, ocr_tokens=400, answer_tokens=600), pixels)
