"""What one kind of generator hands over, before the capture (crop, JPEG, padding) is simulated."""
from __future__ import annotations

from dataclasses import dataclass, field

from ..prompts import Turn
from .canvas import Canvas


@dataclass
class Drawing:
    canvas: Canvas
    kind: str
    labels: dict[str, int]
    turns: list[Turn]
    facts: dict[str, object] = field(default_factory=dict)
    kind_phrase: str = ""
    adjacency: list[tuple[int, int]] | None = None
