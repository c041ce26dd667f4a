"""Synthetic developer images with ground truth."""
from __future__ import annotations

from .sample import Sample

__all__ = ["Sample", "render"]


def render(seed: int, split: str = "train", kind: str | None = None) -> Sample:
    """The image of a seed; `split` "heldout" draws from words and templates never used for training."""
    from .render import render as draw

    return draw(seed, split, kind)
