"""Conversations about real training images: their hand-written explanation where there is one, else their kind and text."""
from __future__ import annotations

import random
from typing import Any

from PIL import Image

from .config import state_folder
from .encoder_data import random_part, real_image, real_records
from .generator.phrasing import listing, question, quoted
from .kind_reader import readings
from .known_errors import KnownError, find
from .main_colours import main_colours
from .prompts import KNOWN_ERROR, VISIBLE, Conversation, Turn
from .teacher_file import pseudo_labelled

PHRASES = {
    "code": ["a screenshot of code", "a screenshot of source code in an editor"], "terminal": ["a screenshot of a terminal", "a terminal"],
    "chart": ["a chart", "a plot, a chart"], "diagram": ["a diagram"], "ui": ["a screenshot of a user interface (UI)", "a user interface (UI)"],
    "icon": ["an icon", "a logo or icon"], "document": ["a document", "a page of a document"], "photo": ["a photo", "a photo or a drawn picture"],
    "table": ["a table"],
}  # fmt: skip


SHARES = {"terminal": 2.0, "ui": 1.5, "photo": 1.5, "chart": 1.5}
"""How often kinds are drawn that are mistaken most, beside 1 for the others."""


class RealTalk:
    """The labelled images with the text that the product's recogniser read in them (`real/ocr.json`)."""

    RELOAD = 200
    """Examples after which the files are read again: they may have grown."""

    UNREAD = 0.25
    """Part of the examples whose text was not read, or whose label is the teacher's: only their kind is told."""

    def __init__(self) -> None:
        self.given = 0
        self.found: dict[str, list[KnownError]] = {}
        self.load()

    def load(self) -> None:
        path = state_folder() / "real" / "ocr.json"
        self.ocr = {name: read.texts for name, read in readings(path).items()}
        everything = [record for record in real_records(False) if there(record)]
        self.records = [record for record in everything if record["file"] in self.ocr]
        self.unread = _by_kind([*(r for r in everything if r["file"] not in self.ocr), *filter(there, pseudo_labelled())])
        self.by_kind = _by_kind(self.records)

    def example(self, rng: random.Random) -> tuple[Image.Image, Conversation]:
        """A random image with questions about it: kinds alike often, explained images more often."""
        self.given += 1
        if self.given % self.RELOAD == 0:
            self.load()
        if self.unread and rng.random() < self.UNREAD:
            record = rng.choice(self.unread[_kind(rng, self.unread)])
            picture = random_part(rng, real_image(record))
            return picture, self.of_kind(rng, record["kind"], picture)
        pool = self.by_kind[_kind(rng, self.by_kind)]
        explained = [record for record in pool if record.get("explanation")]
        record = rng.choice(explained if explained and rng.random() < 0.5 else pool)
        picture = real_image(record)
        lines = self.ocr[record["file"]]
        if not lines and rng.random() < 0.5:
            picture = random_part(rng, picture)
        return picture, self.conversation(rng, record, lines, picture)

    def of_kind(self, rng: random.Random, kind: str, picture: Image.Image) -> Conversation:
        """What the picture alone tells."""
        turns = [
            Turn(question(rng, "explain", "train"), f"This image is {rng.choice(PHRASES[kind])}.{_coloured(kind, picture)}", "explain"),
            Turn(question(rng, "kind", "train"), f"It is {rng.choice(PHRASES[kind])}.", "kind"),
        ]
        return Conversation([rng.choice(turns)])

    def conversation(self, rng: random.Random, record: dict[str, Any], lines: list[str], picture: Image.Image) -> Conversation:
        phrase = rng.choice(PHRASES[record["kind"]])
        told = record.get("explanation") or f"This image is {phrase}.{_coloured(record['kind'], picture)}{_salient(rng, lines)}"
        turns = [Turn(question(rng, "explain", "train"), f"{told}\n{VISIBLE}" if lines else told, "explain")]
        turns.append(Turn(question(rng, "kind", "train"), f"It is {phrase}.", "kind"))
        if record.get("alt"):
            turns.append(Turn(question(rng, "alt", "train"), record["alt"], "alt"))
        if record["file"] not in self.found:
            self.found[record["file"]] = find(lines)
        found = self.found[record["file"]]
        if found and record["kind"] in ("terminal", "code"):
            turns.append(Turn(question(rng, "error", "train"), _named(rng, found[0], lines), "error"))
        if lines and rng.random() < 0.3:
            turns.append(Turn(question(rng, "text", "train"), VISIBLE, "text"))
        if rng.random() < 0.3:
            rng.shuffle(turns)
        return Conversation(turns, ocr=", ".join(lines), known_error=found[0].name if found else "")


def there(record: dict[str, Any]) -> bool:
    return (state_folder() / "real" / record.get("folder", "train") / record["file"]).exists()


def _kind(rng: random.Random, kinds: dict[str, list[dict[str, Any]]]) -> str:
    names = sorted(kinds)
    return rng.choices(names, [SHARES.get(name, 1.0) for name in names])[0]


def _by_kind(records: list[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    kinds: dict[str, list[dict[str, Any]]] = {}
    for record in records:
        kinds.setdefault(record["kind"], []).append(record)
    return kinds


def _named(rng: random.Random, error: KnownError, lines: list[str]) -> str:
    """A sentence with the line that tells a known error, which the engine then explains."""
    line = lines[min(error.line, len(lines) - 1)][:100]
    return rng.choice([f"The error is {error.name}: `{line}`.", f"It shows an error: `{line}`."]) + f"\n{KNOWN_ERROR}"


def _coloured(kind: str, picture: Image.Image) -> str:
    """The main colours of what is told by its look."""
    return f" Its main colours are {listing(main_colours(picture))}." if kind in ("icon", "photo") else ""


def _salient(rng: random.Random, lines: list[str]) -> str:
    """A sentence that quotes what stands out of the text, or says that there is none."""
    words = [line for line in lines[:14] if 4 <= len(line) <= 60 and sum(c.isalpha() for c in line) > len(line) / 2]
    if not words:
        return "" if lines else " There is no readable text."
    chosen = words[: rng.randint(2, 4)]
    return f" It shows the text {quoted(chosen)}."
