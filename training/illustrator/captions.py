"""What a picture is called in a prompt: its names in the phrases that people and the extension's presets use."""
from __future__ import annotations

import random

from .colours import HUES, LINES
from .concepts import Concept

# The words of the extension's style presets (src/extension/illustrate/styles.ts), which it adds after a comma.
FLAT_PRESETS = ["flat illustration, simple shapes, solid colors", "icon, centered, simple, plain background"]
LINE_PRESET = "line art, thin black outlines on white"
_FLAT = ["{a}", "{}", "{}", "{a}", "flat icon of {a}", "icon of {a}", "{} icon", "{} emoji", "a picture of {a}", "an illustration of {a}"]
_LINE = ["line icon of {a}", "line icon of {a}", "outline icon of {a}", "{} line icon", "line drawing of {a}", "line art of {a}"]
PHRASES = [*FLAT_PRESETS, LINE_PRESET, *(phrase.replace("{a}", "a").replace("{}", "") for phrase in (*_FLAT, *_LINE)), *HUES, *LINES]
"""Words that prompts have beside the names."""
_OTHER_NAME = 0.25
_PRESET = 0.25


def article(name: str) -> str:
    """`an apple`, `a heart`; plurals and names with an article stay as they are."""
    if name.endswith("s") and not name.endswith(("ss", "us")):
        return name
    return f"{'an' if name[0] in 'aeiou' else 'a'} {name}"


def caption(rng: random.Random, concept: Concept, colour: str | None = None) -> str:
    """A prompt for the concept; `colour` names the colour it was painted in."""
    name = rng.choice(concept.names) if rng.random() < _OTHER_NAME else concept.names[0]
    if colour is not None:
        name = f"{colour} {name}"
    if rng.random() < _PRESET:
        preset = LINE_PRESET if concept.style == "line" else rng.choice(FLAT_PRESETS)
        subject = article(name) if rng.random() < 0.5 else name
        return f"{subject}, {preset}"
    return rng.choice(_LINE if concept.style == "line" else _FLAT).format(name, a=article(name))
