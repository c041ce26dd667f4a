"""Real images with hand-written truth, never used for training: `test.json`, and the images in `test` beside it.

Each record holds `file`, `kind`, `facts` (strings an explanation should mention), and where they apply `key` and
`fix` of an error. `ocr.json` holds what the product's recogniser read in them (`bench/read-text.ts`).
"""
from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path

from PIL import Image

from .kind_reader import readings


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
    path, read = folder / "test.json", readings(folder / "ocr.json")
    if not path.exists():
        return []
    out = []
    for record in json.loads(path.read_text(encoding="utf-8")):
        with Image.open(folder / "test" / record["file"]) as image:
            pixels = image.convert("RGBA")
        white = Image.new("RGBA", pixels.size, "white")
        out.append(RealImage(Image.alpha_composite(white, pixels).convert("RGB"), record["file"], record["kind"],
                             ", ".join(read[record["file"]].texts if record["file"] in read else []), record.get("facts", []), record.get("key", ""),
                             record.get("fix", "")))  # fmt: skip
    return out
