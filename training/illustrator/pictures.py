"""The icons as pixels on white, rendered once and kept as one array."""
from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image

from .concepts import Concept

SIDE = 128
_MARGIN = 6
"""Pixels a side of SIDE that stay white around an icon, so that nothing touches the edge."""


def render(svg: str) -> np.ndarray:
    """[SIDE, SIDE, 3] uint8."""
    import resvg_py

    inner = SIDE - 2 * _MARGIN
    text = svg.replace("currentColor", "#1f1f1f")
    data = bytes(resvg_py.svg_to_bytes(svg_string=text, width=inner, height=inner))
    drawn = Image.open(io.BytesIO(data)).convert("RGBA")
    page = Image.new("RGBA", (SIDE, SIDE), (255, 255, 255, 255))
    page.alpha_composite(drawn, ((SIDE - drawn.width) // 2, (SIDE - drawn.height) // 2))
    return np.asarray(page.convert("RGB"))


def pictures(concepts: list[Concept], cache: Path) -> torch.Tensor:
    """[N, 3, SIDE, SIDE] uint8 in the order of `concepts`."""
    names = [f"{c.icon_set}/{c.icon}" for c in concepts]
    if cache.exists():
        stored = np.load(cache)
        if stored["names"].tolist() == names:
            return torch.from_numpy(stored["pixels"]).permute(0, 3, 1, 2)
    pixels = np.stack([render(c.svg) for c in concepts])
    np.savez(cache, names=np.array(names), pixels=pixels)
    return torch.from_numpy(pixels).permute(0, 3, 1, 2)


def scaled(pixels: torch.Tensor, size: int) -> torch.Tensor:
    """uint8 to floats in −1…1, averaged down to `size`."""
    x = pixels.float() / 127.5 - 1
    return x if x.shape[-1] == size else F.interpolate(x, size=(size, size), mode="area")
