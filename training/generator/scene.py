"""Photo-like pictures, of which there is little to say: landscapes, blurs, textures. Drawn, never photographs."""
from __future__ import annotations

import math
import random

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from ..prompts import Turn
from .canvas import Canvas, mix
from .drawing import Drawing
from .labels import KINDS, SUBKINDS
from .phrasing import listing, question
from .words import Words

SKIES = {
    "day": ((90, 160, 235), (200, 225, 250)), "sunset": ((90, 60, 120), (250, 150, 80)), "night": ((5, 8, 25), (30, 40, 80)),
    "sea": ((120, 180, 235), (220, 235, 250)), "forest": ((150, 190, 220), (220, 235, 235)), "desert": ((120, 180, 240), (250, 225, 180)),
    "snow": ((150, 185, 220), (235, 240, 248)),
}  # fmt: skip
GROUNDS = {"day": (70, 140, 60), "sunset": (50, 35, 50), "night": (12, 16, 24), "sea": (30, 90, 140), "forest": (30, 80, 40), "desert": (215, 175, 110), "snow": (235, 240, 248)}
SAID = {"day": "a green landscape under a blue sky", "sunset": "a landscape at sunset", "night": "a night scene", "sea": "the sea under a bright sky",
        "forest": "a forest", "desert": "a desert", "snow": "a snowy landscape"}  # fmt: skip


def _landscape(rng: random.Random, noise: np.random.RandomState, sort: str, width: int, height: int) -> tuple[Image.Image, list[str]]:
    share = np.linspace(0, 1, height)[:, None, None]
    top, bottom = (np.array(c) for c in SKIES[sort])
    image = Image.fromarray(np.repeat(top * (1 - share) + bottom * share, width, 1).astype("uint8"))
    draw, seen = ImageDraw.Draw(image), []
    if sort in ("day", "sunset", "sea", "desert") and rng.random() < 0.7:
        x, y, radius = rng.randint(0, width), rng.randint(0, int(height * 0.45)), rng.randint(20, 60)
        draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=(255, 240, 180))
        seen.append("the sun")
    if sort == "night":
        for _ in range(150):
            draw.point((rng.randint(0, width), rng.randint(0, height // 2)), fill=(240, 240, 255))
        seen.append("stars")
    for layer in range(rng.randint(1, 3)):
        phase, length, lift = rng.random() * 6, rng.choice([90, 140, 200]), 2 if sort == "sea" else 30
        points = [(0.0, float(height))]
        for x in range(0, width + 20, 20):
            points.append((x, height * (0.5 + 0.15 * layer) + lift * math.sin(x / length + phase) + noise.randn() * lift / 5))
        draw.polygon([*points, (width, height)], fill=mix(GROUNDS[sort], (0, 0, 0), 0.12 * layer))
    if sort in ("day", "forest", "snow") and rng.random() < 0.7:
        for _ in range(rng.randint(3, 14)):
            x, y, size = rng.randint(0, width), rng.randint(int(height * 0.55), int(height * 0.9)), rng.randint(20, 70)
            draw.rectangle((x - size * 0.08, y, x + size * 0.08, y + size * 0.5), fill=(80, 55, 35))
            green = mix((30, 90, 45), (240, 240, 250), 0.5 if sort == "snow" else 0)
            draw.polygon([(x, y - size), (x - size * 0.4, y + size * 0.1), (x + size * 0.4, y + size * 0.1)], fill=green)
        seen.append("trees")
    if sort in ("night", "day", "sunset") and rng.random() < 0.35:
        x = 0
        while x < width:
            w, h = rng.randint(30, 80), rng.randint(int(height * 0.2), int(height * 0.55))
            colour = (25, 28, 38) if sort != "day" else tuple(int(c) for c in noise.randint(90, 190, 3))
            draw.rectangle((x, height - h, x + w, height), fill=colour)
            for wy in range(height - h + 8, height - 8, 16):
                for wx in range(x + 6, x + w - 8, 14):
                    if rng.random() < 0.5:
                        draw.rectangle((wx, wy, wx + 6, wy + 8), fill=(250, 220, 130))
            x += w + rng.randint(0, 20)
        seen.append("buildings")
    return image.filter(ImageFilter.GaussianBlur(rng.uniform(0.6, 2.5))), seen


def _shapes(rng: random.Random, noise: np.random.RandomState, width: int, height: int) -> Image.Image:
    """Soft blobs on a cloudy background, like an unsharp close-up."""
    small = noise.randint(20, 235, (rng.randint(2, 6), rng.randint(2, 6), 3)).astype("uint8")
    image = Image.fromarray(small).resize((width, height), Image.Resampling.BICUBIC)
    draw = ImageDraw.Draw(image)
    for _ in range(rng.randint(2, 30)):
        x, y, a, b = rng.randint(0, width), rng.randint(0, height), rng.randint(10, 160), rng.randint(10, 160)
        draw.ellipse((x - a, y - b, x + a, y + b), fill=tuple(int(v) for v in noise.randint(0, 255, 3)))
    return image.filter(ImageFilter.GaussianBlur(rng.uniform(2, 18)))


def scene(rng: random.Random, words: Words, split: str) -> Drawing:
    width = rng.randint(400, 900)
    height = int(width * rng.uniform(0.6, 1.1))
    noise = np.random.RandomState(rng.randint(0, 1 << 30))
    abstract = rng.random() < 0.4
    sort = rng.choice(list(SKIES))
    image, seen = (_shapes(rng, noise, width, height), []) if abstract else _landscape(rng, noise, sort, width, height)
    grain = noise.randn(height, width, 1) * rng.uniform(2, 10) + noise.randn(height, width, 3) * 3
    canvas = Canvas(rng, width, height, (0, 0, 0))
    canvas.image = Image.fromarray(np.clip(np.asarray(image) + grain, 0, 255).astype("uint8"))
    canvas.box("picture", 0, 0, width, height)
    of = "" if abstract else f" of {SAID[sort]}"
    extra = f" It shows {listing(seen)}." if seen else " I can't tell more from it." if not abstract else " I can't tell what it shows."
    turns = [
        Turn(question(rng, "explain", split), f"This image looks like a photo{of}.{extra} There is no readable text.", "explain"),
        Turn(question(rng, "alt", split), f"Photo{of}" if of else "Photo without readable text", "alt"),
        Turn(rng.choice(["Is there any text in the image?", "What does it say?", "What text is in this image?"]), "No, there is no readable text.", "no_text"),
        Turn(rng.choice(["What is the error?", "Which value is the highest?", "Convert this diagram to Mermaid.", "Who is in the picture?", "What language is the code written in?"]),
             "I can't tell: this looks like a photo without readable text.", "no_text"),
    ]  # fmt: skip
    labels = {"kind": KINDS.index("photo"), "subkind": SUBKINDS.index("abstract" if abstract else "landscape"), "theme": int(sort == "night" and not abstract)}
    return Drawing(canvas, "photo", labels, turns, {}, "a photo")
