"""The colours that fill a picture, by name: what can be said truly of any image, without a label."""
from __future__ import annotations

import numpy as np
from PIL import Image

HUES = {"red": 0, "orange": 28, "yellow": 52, "green": 120, "blue": 215, "purple": 275, "pink": 325}
SHARE = 0.12
"""Part of the picture that a colour must fill to be named."""


def _names(picture: Image.Image) -> np.ndarray:
    """The name of every pixel's colour, (64, 64)."""
    hue, saturation, value = np.moveaxis(np.asarray(picture.convert("RGB").resize((64, 64)).convert("HSV")).astype("float32"), -1, 0)
    degrees = hue * 360 / 256
    middles = np.array(list(HUES.values()), "float32")
    nearest = np.abs((degrees[..., None] - middles + 180) % 360 - 180).argmin(-1)
    names = np.array(list(HUES))[nearest]
    names = np.where((names == "orange") & (value < 150), "brown", names)
    grey = np.where(value < 60, "black", np.where(value > 215, "white", "grey"))
    return np.where((saturation < 50) | (value < 45), grey, names)


def main_colours(picture: Image.Image, most: int = 3) -> list[str]:
    """The names of the colours that fill the picture, the largest first; at least one."""
    found, counts = np.unique(_names(picture), return_counts=True)
    order = np.argsort(-counts)
    kept = [str(found[i]) for i in order if counts[i] >= SHARE * counts.sum()][:most]
    return kept or [str(found[order[0]])]
