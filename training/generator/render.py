"""One seed, one image: choose a kind, draw, simulate the capture, read the text."""
from __future__ import annotations

import io
import random
from collections.abc import Callable

from PIL import Image

from ..prompts import Turn
from .canvas import PALETTE, Canvas
from .chart import chart
from .code import code_screenshot
from .diagram import graph_diagram
from .diagram_uml import classes, sequence
from .document import document, table
from .drawing import Drawing
from .icon import icon
from .ocr import reading_order, simulate
from .phrasing import question
from .sample import Sample
from .scene import scene
from .terminal import terminal
from .ui import interface
from .words import Words

Generator = Callable[[random.Random, Words, str], Drawing]
GENERATORS: list[tuple[str, Generator, float]] = [
    ("code", code_screenshot, 15), ("terminal", terminal, 18), ("chart", chart, 16), ("diagram", graph_diagram, 12),
    ("diagram", sequence, 3), ("diagram", classes, 3), ("ui", interface, 15), ("icon", icon, 6), ("document", document, 6),
    ("photo", scene, 4), ("table", table, 4),
]  # fmt: skip


def _capture(rng: random.Random, canvas: Canvas) -> Image.Image:
    """Sometimes a margin, JPEG artefacts or another scale, as real captures have; moves boxes with it."""
    image = canvas.image
    choice = rng.random()
    if choice < 0.18:
        pad = rng.randint(4, int(0.18 * max(image.size)) + 5)
        colour = rng.choice([(255, 255, 255), (0, 0, 0), (200, 200, 205), PALETTE[rng.choice(list(PALETTE))], (60, 60, 70)])
        framed = Image.new("RGB", (image.width + 2 * pad, image.height + 2 * pad), colour)
        framed.paste(image, (pad, pad))
        canvas.boxes = [(c, a + pad, b + pad, x + pad, y + pad) for c, a, b, x, y in canvas.boxes]
        return framed
    if choice < 0.38:
        data = io.BytesIO()
        image.save(data, "JPEG", quality=rng.randint(30, 85))
        return Image.open(data).convert("RGB")
    return image


def render(seed: int, split: str = "train", kind: str | None = None) -> Sample:
    """The sample of a seed; the same seed gives the same sample."""
    rng = random.Random(seed * 2 + (split == "heldout"))
    pool = [(g, w) for name, g, w in GENERATORS if kind in (None, name)]
    generator = rng.choices([g for g, _ in pool], [w for _, w in pool])[0]
    drawing = generator(rng, Words(rng, split), split)
    canvas = drawing.canvas
    image = _capture(rng, canvas)
    side = max(image.size)
    dx, dy = (side - image.width) // 2, (side - image.height) // 2
    boxes = [(c, (a + dx) / side, (b + dy) / side, (x + dx) / side, (y + dy) / side) for c, a, b, x, y in canvas.boxes]
    turns = [*drawing.turns, Turn(question(rng, "kind", split), f"It is {drawing.kind_phrase}.", "kind")]
    visible = [line.text for row in reading_order(canvas.lines) for line in row]
    if visible:
        turns.append(Turn(question(rng, "text", split), "\n".join(visible), "text"))
    if rng.random() < 0.2:
        tone = "dark" if drawing.labels["theme"] else "light"
        turns.append(Turn(question(rng, "theme", split), f"It uses a {tone} theme.", "theme"))
    facts = {"visible": visible} | drawing.facts
    return Sample(image, drawing.kind, boxes, drawing.labels, drawing.adjacency, simulate(canvas.lines, rng), turns, facts)
