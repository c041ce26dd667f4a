"""Icons in other colours, so that a colour's name means that colour and not only the things that have it."""
from __future__ import annotations

import numpy as np
from PIL import Image

# Hue in degrees, and a middle tone for lines.
HUES = {"red": 2, "orange": 28, "yellow": 48, "green": 125, "blue": 212, "purple": 272, "pink": 330}
LINES = {"red": (220, 38, 38), "orange": (234, 88, 12), "yellow": (234, 179, 8), "green": (22, 163, 74), "blue": (37, 99, 235), "purple": (126, 34, 206), "pink": (219, 39, 119), "gray": (120, 120, 120)}  # fmt: skip
_WITHIN = 25
"""Degrees around the main hue that count as the same colour."""
_ONE_COLOUR = 0.85
"""Part of all colour that has to lie there."""
_ENOUGH = 0.12
"""Part of the picture that has to be coloured."""


def _hsv(pixels: np.ndarray) -> np.ndarray:
    return np.asarray(Image.fromarray(pixels).convert("HSV")).astype(np.float32)


def main_hue(pixels: np.ndarray) -> float | None:
    """Degrees of the hue of a picture [H, W, 3] that is of one colour, else None."""
    hue, saturation, _ = np.moveaxis(_hsv(pixels), -1, 0)
    degrees = hue * 360 / 256
    weight = np.where(saturation > 60, saturation, 0) / 255
    if (weight > 0).mean() < _ENOUGH:
        return None
    counts, edges = np.histogram(degrees, bins=72, range=(0, 360), weights=weight)
    main = float(edges[int(counts.argmax())] + 2.5)
    near = np.abs((degrees - main + 180) % 360 - 180) <= _WITHIN
    return main if weight[near].sum() >= _ONE_COLOUR * weight.sum() else None


def colour_name(hue: float) -> str | None:
    """The name of a hue that is clearly of that colour."""
    name, distance = min(((n, abs((hue - h + 180) % 360 - 180)) for n, h in HUES.items()), key=lambda pair: pair[1])
    return name if distance < 14 else None


def turned(pixels: np.ndarray, hue: float, colour: str) -> np.ndarray:
    """The picture with its main hue turned to the named colour."""
    hsv = _hsv(pixels)
    hsv[..., 0] = (hsv[..., 0] + (HUES[colour] - hue) * 256 / 360) % 256
    return np.asarray(Image.fromarray(hsv.astype(np.uint8), "HSV").convert("RGB"))


def drawn_in(pixels: np.ndarray, colour: str) -> np.ndarray:
    """A dark line drawing on white with its lines in the named colour."""
    ink = 1 - pixels.astype(np.float32) / 255
    ink /= max(float(ink.max()), 1e-6)
    return np.clip(255 - ink * (255 - np.array(LINES[colour], np.float32)), 0, 255).astype(np.uint8)
