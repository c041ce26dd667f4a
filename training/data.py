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
from .prompts import IGNORE, OCR_TOKENS, Conversation, Encoded, encode_conversation
from .real_talk import RealTalk
from .tasks import conversation

PAD = 2
MULTIPLE = 32  # few distinct lengths: matrix kernels are prepared once per shape


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
    longest = -(-max(example.length for example in examples) // MULTIPLE) * MULTIPLE
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
    PLAIN = 8

    def __init__(
        self, seed: int, start: int, vision: VisionConfig, tokens_per_batch: int, real_share: float = 0.35
    ) -> None:
        self.seed, self.start, self.vision, self.tokens = seed, start, vision, tokens_per_batch
        self.real_share = real_share
        self.real = RealTalk()

    def example(self, index: int) -> Example:
        """The example of an index: rendered, or one of the real images."""
        rng = random.Random(self.seed * 1_000_003 + index)
        if self.real.records and rng.random() < self.real_share:
            picture, talk = self.real.example(rng)
            pixels = np.array(high_resolution(picture, self.vision.image_size_aux))
            return Example(encode_conversation(talk, max_tokens=420, ocr_tokens=ocr_budget(rng)), pixels)
        sample = render(self.seed * 100_000_000 + index)
        talk = conversation(rng, sample)
        encoded = encode_conversation(talk, max_tokens=420, ocr_tokens=ocr_budget(rng))
        pixels = np.array(high_resolution(sample.image, self.vision.image_size_aux)) if talk.has_image else None
        return Example(encoded, pixels)

    def __iter__(self) -> Iterator[tuple[int, Batch]]:
        torch.set_num_threads(1)
        index = self.start
        plain: list[Example] = []
        while True:
            pool = [self.example(index + i) for i in range(self.POOL)]
            index += self.POOL
            plain += [e for e in pool if e.pixels is None]
            batches = group([e for e in pool if e.pixels is not None], self.tokens, self.vision.tokens + 24)
            if len(plain) >= self.PLAIN:
                batches += group(plain, self.tokens, 0)
                plain = []
            random.Random(index).shuffle(batches)
            for batch in batches:
                yield index, batch


def ocr_budget(rng: random.Random) -> int:
    """How many tokens of OCR text an example keeps."""
    return rng.choices([110, 180, OCR_TOKENS], [6, 3, 1])[0]


def group(examples: list[Example], tokens: int, overhead: int) -> list[Batch]:
    """Batches of similar length and at most `tokens` padded ids, each `overhead` longer than its text."""
    groups: list[list[Example]] = [[]]
    for example in sorted(examples, key=lambda e: e.length):
        padded = -(-example.length // MULTIPLE) * MULTIPLE
        if groups[-1] and (padded + overhead) * (len(groups[-1]) + 1) > tokens:
            groups.append([])
        groups[-1].append(example)
    if len(groups) > 1 and len(groups[-1]) < 4:
        last = groups.pop()
        groups[-1] += last
    return [collate(chosen) for chosen in groups if chosen]


def from_conversation(talk: Conversation, pixels: np.ndarray | None, max_tokens: int = 1200) -> Example:
    """An example of given data, such as the published LLaVA-style sets."""
    return Example(encode_conversation(talk, max_tokens, ocr_tokens=400, answer_tokens=600), pixels)
