"""What the generator gives for one image."""
from __future__ import annotations

from dataclasses import dataclass, field

from PIL import Image

from ..prompts import Turn

Box = tuple[int, float, float, float, float]


@dataclass
class Sample:
    """A rendered image with its ground truth.

    `boxes` are (region, x0, y0, x1, y1) relative to the padded square; `labels` are ids of the heads in
    `labels.py`; `adjacency` lists arrows between a diagram's nodes in reading order; `ocr` is what the
    recogniser would read; `turns` are questions with answers; `facts` feed the metrics.
    """

    image: Image.Image
    kind: str
    boxes: list[Box]
    labels: dict[str, int]
    adjacency: list[tuple[int, int]] | None
    ocr: str
    turns: list[Turn]
    facts: dict[str, object] = field(default_factory=dict)
