"""From rendered samples to conversations: which questions, with which OCR text, plus drawing and chat."""
from __future__ import annotations

import json
import random
from functools import lru_cache
from pathlib import Path

from .generator import Sample
from .generator.words import Words
from .known_errors import find
from .prompts import VISIBLE, Conversation, Turn

WEIGHTS = {
    "explain": 3.0, "error": 2.4, "mermaid": 1.6, "alt": 1.0, "kind": 0.6, "theme": 0.3, "transcribe": 0.5, "html": 0.5,
    "table_markdown": 0.8, "chart_table": 1.2, "text": 0.7, "language": 1.0, "code": 1.0, "no_error": 0.5,
}  # fmt: skip
KNOWN = "known "
"""Begins the task of a turn that replaces its namesake where the built-in list knows the error."""
STYLES = ["flat illustration", "watercolour painting", "line drawing", "pixel art", "isometric illustration", "photo", "pencil sketch", "minimal vector icon", "3D render"]
SUBJECTS = ["a rocket over a mountain", "a cat at a keyboard", "a friendly robot", "a lighthouse at night", "a cloud with a lock", "a city skyline", "a cup of coffee",
            "a paper plane", "an owl reading a book", "a tree with database cylinders", "a bridge between two islands", "a gear and a leaf", "a compass on a map",
            "a whale carrying containers", "a bug under a magnifying glass", "a snowy forest", "a sunflower", "a desk with a laptop", "two hands shaking", "a dragon",
            "a bicycle by the sea", "a puzzle with one missing piece", "a shield with a check mark", "an astronaut"]  # fmt: skip
REQUESTS = ["Draw {s}.", "Generate an image of {s}.", "Create an illustration of {s}.", "Make a picture of {s}.", "Please draw {s}.", "I need a logo with {s}.",
            "Illustrate {s} for the README.", "Paint {s}.", "Can you draw {s}?", "Generate {s}", "Create a banner with {s}."]  # fmt: skip


@lru_cache(maxsize=1)
def chat_pairs() -> tuple[tuple[str, str], ...]:
    """Own question-answer pairs without an image."""
    return tuple((q, a) for q, a in json.loads((Path(__file__).parent / "data" / "chat.json").read_text()))


def chat(rng: random.Random) -> Conversation:
    """A plain conversation, so that the model can still talk without an image."""
    return Conversation([Turn(q, a, "chat") for q, a in rng.sample(chat_pairs(), 2)], has_image=False)


def draw(rng: random.Random, split: str) -> Conversation:
    """A request for an illustration: the answer is the prompt between `<h>` and `</h>`."""
    words = Words(rng, split)
    subject = rng.choice([*SUBJECTS, f"a {words.noun()} and a {words.noun()}", f"a {words.noun()} with wings"])
    style = rng.choice(STYLES)
    mentioned = rng.random() < 0.4
    colours = rng.choice(["soft colours", "bright colours", "warm light", "high contrast", "muted tones", "a plain background"])
    text = rng.choice(REQUESTS).format(s=subject)
    if mentioned:
        text = text.rstrip(".?") + f" as a {style}."
    prompt = f"<h>A {style} of {subject}, {colours}, clean composition, highly detailed</h>"
    return Conversation([Turn(text, prompt, "draw")], has_image=False, generate=rng.random() < 0.5)


def draw_from_image(rng: random.Random, sample: Sample) -> Conversation:
    """Drawing asked for beside an image."""
    about = {"code": "a developer writing code", "terminal": "a computer terminal", "chart": "a rising chart", "diagram": "connected boxes", "ui": "a clean app screen",
             "icon": "a simple icon", "document": "a sheet of paper", "photo": "a landscape", "table": "a neat grid of data"}[sample.kind]  # fmt: skip
    style = rng.choice(STYLES)
    text = rng.choice(["Draw an illustration for this.", "Generate a picture like this.", "Make an illustration that fits this image.", "Create a banner for this."])
    answer = f"<h>A {style} of {about}, clean composition, highly detailed</h>"
    return Conversation([Turn(text, answer, "draw")], ocr=sample.ocr, generate=rng.random() < 0.6)


def _pick(rng: random.Random, turns: list[Turn], count: int) -> list[Turn]:
    """Weighted choice without replacement; the first is most often the explanation."""
    pool, chosen = list(turns), []
    if rng.random() < 0.4:
        first = next(turn for turn in pool if turn.task == "explain")
        pool.remove(first)
        chosen.append(first)
    while pool and len(chosen) < count:
        turn = rng.choices(pool, [WEIGHTS.get(t.task, 0.8) for t in pool])[0]
        pool.remove(turn)
        chosen.append(turn)
    return chosen


def _quoting(turn: Turn) -> Turn:
    """The model never copies a page of text: it writes the mark, and the engine quotes what was read."""
    if turn.task in ("text", "transcribe"):
        return Turn(turn.question, VISIBLE, turn.task)
    if turn.task == "explain":
        return Turn(turn.question, f"{turn.answer}\n{VISIBLE}", turn.task)
    return turn


def known_turns(turns: list[Turn], known: bool) -> list[Turn]:
    """What the built-in list explains is only named; what it does not know is explained by the model (`KNOWN`)."""
    listed = {turn.task.removeprefix(KNOWN): turn for turn in turns if turn.task.startswith(KNOWN)}
    own = [turn for turn in turns if not turn.task.startswith(KNOWN)]
    return [Turn(t.question, listed[t.task].answer, t.task) if known and t.task in listed else t for t in own]


def about_image(rng: random.Random, sample: Sample, count: int = 3) -> Conversation:
    """Questions about one image; one in seven without OCR text."""
    ocr = sample.ocr if rng.random() < 0.86 else ""
    found = find(ocr.split(", ")) if ocr else []
    turns = [t for t in known_turns(sample.turns, bool(found)) if ocr or t.task not in ("text", "transcribe")]
    picked = [_quoting(t) if ocr else t for t in _pick(rng, turns, count)]
    return Conversation(picked, ocr=ocr, known_error=found[0].name if found else "", facts={"kind": sample.kind})


def conversation(rng: random.Random, sample: Sample, split: str = "train") -> Conversation:
    """The training conversation of a sample: mostly about it, now and then drawing or plain chat."""
    share = rng.random()
    if share < 0.03:
        return chat(rng)
    if share < 0.055:
        return draw(rng, split)
    if share < 0.07:
        return draw_from_image(rng, sample)
    return about_image(rng, sample, rng.choice([2, 3, 3, 4, 5]))
