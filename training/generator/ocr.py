"""What a PaddleOCR-like recogniser would read: line order, missed lines, glued words, confused characters."""
from __future__ import annotations

import random
import re

from .canvas import TextLine

_CONFUSED = {
    "l": "1", "1": "l", "I": "l", "0": "O", "O": "0", "o": "0", "5": "S", "S": "5", "8": "B", "_": " ",
    "'": "", "`": "'", '"': "", ";": ":", "{": "(", "}": ")", ".": ",", ",": ".", "(": "（", ":": "：",
}  # fmt: skip


def reading_order(lines: list[TextLine]) -> list[list[TextLine]]:
    """Rows from top to bottom, each from left to right."""
    rows: list[list[TextLine]] = []
    for line in sorted(lines, key=lambda item: (item.y, item.x)):
        if rows and abs(rows[-1][0].y - line.y) < max(4.0, 0.5 * min(rows[-1][0].height, line.height)):
            rows[-1].append(line)
        else:
            rows.append([line])
    return [sorted(row, key=lambda item: item.x) for row in rows]


def _noisy(text: str, rng: random.Random, rate: float) -> str:
    out = []
    for char in text:
        if rng.random() >= rate:
            out.append(char)
        elif char in _CONFUSED and rng.random() < 0.6:
            out.append(_CONFUSED[char])
        elif rng.random() < 0.5:
            out.append(char)
    return "".join(out)


def simulate(lines: list[TextLine], rng: random.Random, noise: float | None = None) -> str:
    """The lines joined with ", ". `noise` 0 is a clean reading; by default it varies per image."""
    level = rng.choices([0.3, 1.0, 4.0], [5, 3, 2])[0] if noise is None else noise
    found: list[str] = []
    for row in reading_order(lines):
        for line in row:
            text = re.sub(r"\s{4,}", ", ", line.text)
            text = re.sub(r"\s{2,3}", " ", text)
            if rng.random() < 0.012 * level:
                continue
            if rng.random() < 0.03 * level:
                text = text.replace(" ", "", rng.randint(1, 2))
            text = _noisy(text, rng, 0.0025 * level).strip()
            if found and rng.random() < 0.012 * level:
                found[-1] += f" {text}"
            elif text:
                found.append(text)
    return ", ".join(found)
