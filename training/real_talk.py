"""Conversations about real training images: their hand-written explanation where there is one, else their kind and text."""
from __future__ import annotations

import json
import random
from typing import Any

from PIL import Image

from .config import state_folder
from .encoder_data import random_part, real_image, real_records
from .generator.phrasing import question, quoted
from .prompts import VISIBLE, Conversation, Turn

PHRASES = {
    "code": ["a screenshot of code", "a screenshot of source code in an editor"], "terminal": ["a screenshot of a terminal", "a terminal"],
    "chart": ["a chart", "a plot, a chart"], "diagram": ["a diagram"], "ui": ["a screenshot of a user interface (UI)", "a user interface (UI)"],
    "icon": ["an icon", "a logo or icon"], "document": ["a document", "a page of a document"], "photo": ["a photo", "a photo or a drawn picture"],
    "table": ["a table"],
}  # fmt: skip


class RealTalk:
    """The labelled images with the text that the product's recogniser read in them (`real/ocr.json`)."""

    RELOAD = 200
    """Examples after which the files are read again: they may have grown."""

    def __init__(self) -> None:
        self.given = 0
        self.load()

    def load(self) -> None:
        path = state_folder() / "real" / "ocr.json"
        self.ocr: dict[str, list[str]] = json.loads(path.read_text()) if path.exists() else {}
        self.records = [record for record in real_records(False) if record["file"] in self.ocr]
        self.explained = [record for record in self.records if record.get("explanation")]

    def example(self, rng: random.Random) -> tuple[Image.Image, Conversation]:
        """A random image, explained ones more often, with questions about it."""
        self.given += 1
        if self.given % self.RELOAD == 0:
            self.load()
        record = rng.choice(self.explained if self.explained and rng.random() < 0.6 else self.records)
        picture = real_image(record)
        lines = self.ocr[record["file"]]
        return (random_part(rng, picture) if not lines and rng.random() < 0.5 else picture), self.conversation(rng, record, lines)

    def conversation(self, rng: random.Random, record: dict[str, Any], lines: list[str]) -> Conversation:
        phrase = rng.choice(PHRASES[record["kind"]])
        told = record.get("explanation") or f"This is {phrase}.{_salient(rng, lines)}"
        turns = [Turn(question(rng, "explain", "train"), f"{told}\n{VISIBLE}" if lines else told, "explain")]
        turns.append(Turn(question(rng, "kind", "train"), f"It is {phrase}.", "kind"))
        if record.get("alt"):
            turns.append(Turn(question(rng, "alt", "train"), record["alt"], "alt"))
        if lines and rng.random() < 0.3:
            turns.append(Turn(question(rng, "text", "train"), VISIBLE, "text"))
        if rng.random() < 0.3:
            rng.shuffle(turns)
        return Conversation(turns, ocr=", ".join(lines))


def _salient(rng: random.Random, lines: list[str]) -> str:
    """A sentence that quotes what stands out of the text, or says that there is none."""
    words = [line for line in lines[:14] if 4 <= len(line) <= 60 and sum(c.isalpha() for c in line) > len(line) / 2]
    if not words:
        return "" if lines else " There is no readable text."
    chosen = words[: rng.randint(2, 4)]
    return f" It shows the text {quoted(chosen)}."
