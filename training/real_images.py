"""A folder of real images with hand-written truth: `truth.json` beside the files; never used for training.

Each record holds `file`, `source`, `licence`, `kind`, `facts` (strings an explanation should mention), and where
they apply `key` and `fix` of an error. `ocr` is what a recogniser read.
"""
from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path

from PIL import Image


@dataclass
class RealImage:
    image: Image.Image
    file: str
    kind: str
    ocr: str
    facts: list[str] = field(default_factory=list)
    key: str = ""
    fix: str = ""


def load(folder: Path) -> list[RealImage]:
    """All images of the folder's truth file; none when there is no such folder."""
    path = folder / "truth.json"
    if not path.exists():
        return []
    out = []
    for record in json.loads(path.read_text()):
        with Image.open(folder / record["file"]) as image:
            pixels = image.convert("RGB")
        out.append(RealImage(pixels, record["file"], record["kind"], record.get("ocr", ""), record.get("facts", []),
                             record.get("key", ""), record.get("fix", "")))  # fmt: skip
    return out


def read_text(image: Image.Image) -> str:
    """OCR lines of an image in reading order (needs `rapidocr-onnxruntime`, PaddleOCR's models)."""
    import numpy as np
    from rapidocr_onnxruntime import RapidOCR

    found, _ = RapidOCR()(np.asarray(image.convert("RGB"))[..., ::-1])
    return ", ".join(text for _, text, score in found or [] if float(score) > 0.1)
