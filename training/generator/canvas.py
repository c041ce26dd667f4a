"""A drawing surface that remembers where every text line and shape went."""
from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass

from PIL import Image, ImageDraw, ImageFont

from .labels import REGIONS

Colour = tuple[int, int, int]
PALETTE: dict[str, Colour] = {
    "red": (220, 50, 47), "green": (46, 160, 67), "blue": (38, 110, 220), "orange": (240, 140, 30),
    "purple": (136, 80, 200), "yellow": (235, 195, 30), "teal": (20, 160, 160), "pink": (230, 90, 150),
    "gray": (128, 132, 140), "brown": (140, 90, 50),
}  # fmt: skip
WHITE: Colour = (255, 255, 255)
BLACK: Colour = (20, 20, 20)


def mix(a: Sequence[int], b: Sequence[int], share: float) -> Colour:
    """`share` of b in a."""
    red, green, blue = (int(x * (1 - share) + y * share) for x, y in zip(a, b, strict=True))
    return red, green, blue


def luminance(colour: Sequence[int]) -> float:
    return 0.3 * colour[0] + 0.6 * colour[1] + 0.1 * colour[2]


def contrast(colour: Sequence[int]) -> Colour:
    """Black or white, whichever reads better on `colour`."""
    return BLACK if luminance(colour) > 145 else WHITE


@dataclass
class TextLine:
    """A text as drawn: its left edge, vertical centre and height."""

    text: str
    x: float
    y: float
    height: float


class Canvas:
    """PIL drawing with a record of text lines and region boxes in pixels."""

    def __init__(self, rng: random.Random, width: float, height: float, background: Colour) -> None:
        self.rng = rng
        self.width, self.height = int(width), int(height)
        self.background = background
        self.image = Image.new("RGB", (self.width, self.height), background)
        self.draw = ImageDraw.Draw(self.image)
        self.lines: list[TextLine] = []
        self.boxes: list[tuple[int, float, float, float, float]] = []

    @property
    def dark(self) -> bool:
        return luminance(self.background) < 128

    def box(self, region: str, x0: float, y0: float, x1: float, y1: float) -> None:
        self.boxes.append((REGIONS.index(region), x0, y0, x1, y1))

    def text(
        self,
        x: float,
        y: float,
        text: str,
        face: ImageFont.FreeTypeFont,
        colour: Colour,
        region: str = "text",
        anchor: str = "la",
        record: bool = True,
    ) -> tuple[float, float, float, float]:
        """Draw one line; gives its box."""
        left, top, right, bottom = face.getbbox(text, anchor=anchor)
        self.draw.text((x, y), text, font=face, fill=colour, anchor=anchor)
        box = (x + left, y + top, x + right, y + bottom)
        if text.strip() and box[0] < self.width and box[1] < self.height:
            self.box(region, *box)
            if record:
                height = max(4.0, box[3] - box[1])
                self.lines.append(TextLine(text.strip(), box[0], (box[1] + box[3]) / 2, height))
        return box

    def rectangle(
        self,
        x0: float,
        y0: float,
        x1: float,
        y1: float,
        fill: Colour | None = None,
        outline: Colour | None = None,
        radius: float = 4,
        width: int = 1,
    ) -> None:
        x1, y1 = max(x0 + 1, x1), max(y0 + 1, y1)
        radius = min(radius, (x1 - x0) / 2, (y1 - y0) / 2)
        self.draw.rounded_rectangle((x0, y0, x1, y1), radius, fill, outline, width)

    def title_bar(self, title: str, face: ImageFont.FreeTypeFont, height: int = 30) -> int:
        """A window's title bar with its buttons; gives its height."""
        bar = mix(self.background, WHITE if self.dark else (0, 0, 0), 0.08)
        self.draw.rectangle((0, 0, self.width, height), fill=bar)
        side = self.rng.choice(["left", "right", "none"])
        for index, colour in enumerate(((255, 95, 86), (255, 189, 46), (39, 201, 63))):
            if side == "none":
                break
            x = 14 + index * 20 if side == "left" else self.width - 66 + index * 20
            self.draw.ellipse((x, height / 2 - 6, x + 12, height / 2 + 6), fill=colour)
        if title:
            ink = mix(self.background, (128, 128, 128), 0.8)
            if side == "left":
                self.text(self.width // 2, height // 2, title, face, ink, anchor="mm")
            else:
                self.text(14, height // 2, title, face, ink, anchor="lm")
        return height


def wrap(text: str, face: ImageFont.FreeTypeFont, width: float) -> list[str]:
    """Break a text into lines of at most `width` pixels."""
    lines, current = [], ""
    for word in text.split():
        longer = f"{current} {word}".strip()
        if current and face.getlength(longer) > width:
            lines.append(current)
            current = word
        else:
            current = longer
    return [*lines, current] if current else lines
