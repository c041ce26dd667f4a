"""The published data format: a JSON list of conversations with `<image>`, beside an image folder.

MGM-Pretrain and MGM-Instruction are read as they are, generation conversations with `<GEN>` and `<h>` included.
"""
from __future__ import annotations

import json
import random
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image
from torch.utils.data import IterableDataset

from .config import VisionConfig
from .data import Batch, Example, from_conversation, group
from .preprocess import high_resolution
from .prompts import IMAGE, Conversation, Turn

GENERATE = "<GEN>"
OCR = "Reference OCR Token:"


def parse(record: dict) -> tuple[Conversation, str | None]:
    """A record's conversation and the name of its image, if it has one."""
    messages = record["conversations"]
    if len(messages) % 2 or any(m["from"] not in ("human", "gpt") for m in messages):
        raise ValueError(f"record {record.get('id')}: turns must alternate between human and gpt")
    image = record.get("image")
    turns, generate, ocr = [], False, ""
    for index in range(0, len(messages), 2):
        question, answer = messages[index]["value"], messages[index + 1]["value"]
        if image:
            question = question.replace(IMAGE, "")
        question = question.strip()
        if question.endswith(GENERATE):
            question = question[: -len(GENERATE)].rstrip()
            if index == 0:
                generate = True
            else:
                question += f" {GENERATE}"
        if index == 0 and OCR in question:
            question, ocr = (part.strip() for part in question.split(OCR, 1))
        turns.append(Turn(question, answer.strip(), "llava"))
    name = image if isinstance(image, str) else image[0] if image else None
    return Conversation(turns, ocr=ocr, has_image=name is not None, generate=generate), name


class LlavaConversations(IterableDataset):
    """Shuffled batches of a JSON file; a record whose image is missing is skipped and counted."""

    def __init__(self, json_path: Path, image_folder: Path, vision: VisionConfig, tokens_per_batch: int, seed: int, start: int = 0) -> None:
        self.records = json.loads(Path(json_path).read_text())
        self.folder, self.vision, self.tokens = Path(image_folder), vision, tokens_per_batch
        self.seed, self.start = seed, start
        self.missing = 0
        self._epoch, self._shuffled = -1, list[int]()

    def example(self, record: dict) -> Example | None:
        talk, name = parse(record)
        if name is None:
            return from_conversation(talk, None)
        path = self.folder / name
        if not path.exists():
            self.missing += 1
            return None
        with Image.open(path) as image:
            pixels = np.array(high_resolution(image, self.vision.image_size_aux))
        return from_conversation(talk, pixels)

    def _order(self, epoch: int) -> list[int]:
        """The shuffled order of an epoch, kept until the next."""
        if self._epoch != epoch:
            size = len(self.records)
            self._epoch, self._shuffled = epoch, random.Random(self.seed + epoch).sample(range(size), size)
        return self._shuffled

    def __iter__(self) -> Iterator[tuple[int, Batch]]:
        index, size = self.start, len(self.records)
        while True:
            pool: list[Example] = []
            for _ in range(64):
                example = self.example(self.records[self._order(index // size)[index % size]])
                index += 1
                if example is not None:
                    pool.append(example)
            batches = group([e for e in pool if e.pixels is not None], self.tokens, self.vision.tokens + 24)
            batches += group([e for e in pool if e.pixels is None], self.tokens, 0)
            for batch in batches:
                yield index, batch
