"""The latents that the diffusion learns: every icon, and those of one colour in other colours too."""
from __future__ import annotations

import random
from dataclasses import dataclass

import numpy as np
import torch
from diffusers import AutoencoderKL

from .autoencoder import encode
from .colours import HUES, LINES, colour_name, drawn_in, main_hue, turned
from .concepts import Concept


@dataclass(frozen=True)
class Latents:
    """`mean` and `spread` [N + recoloured, C, h, w]: the icons in order, then those in other colours."""

    concepts: list[Concept]
    mean: torch.Tensor
    spread: torch.Tensor
    colours: list[tuple[int, str]]
    """Of each recoloured picture: its concept and the colour's name."""
    own_colours: dict[int, str]
    """Colours that icons have anyway."""
    held_out: list[int]

    @property
    def learnt(self) -> list[int]:
        kept_out = set(self.held_out)
        return [row for row in range(len(self.concepts)) if row not in kept_out]

    @property
    def scaling(self) -> float:
        """The UNet's latents have a variance of one."""
        return 1 / float(self.mean.std())

    def batch(
        self, size: int, coloured: float, rng: random.Random, generator: torch.Generator
    ) -> tuple[torch.Tensor, list[int], list[str | None]]:
        """Scaled latents drawn from their distributions, their concepts, and the colours that prompts name."""
        learnt, kept_out = self.learnt, set(self.held_out)
        rows: list[int] = []
        concepts: list[int] = []
        colours: list[str | None] = []
        for concept in rng.choices(learnt, k=size):
            row, colour = concept, self.own_colours.get(concept) if rng.random() < coloured else None
            if self.colours and rng.random() < coloured:
                index = rng.randrange(len(self.colours))
                if self.colours[index][0] not in kept_out:
                    concept, colour = self.colours[index]
                    row = len(self.concepts) + index
            rows.append(row)
            concepts.append(concept)
            colours.append(colour)
        noise = torch.randn(self.mean[rows].shape, generator=generator)
        return (self.mean[rows] + self.spread[rows] * noise) * self.scaling, concepts, colours


def latents(
    model: AutoencoderKL, concepts: list[Concept], pixels: torch.Tensor, size: int, held_out: int, seed: int
) -> Latents:
    """Encode every icon, and two other colours of each one that has a single colour."""
    rng = random.Random(seed)
    recoloured: list[np.ndarray] = []
    colours: list[tuple[int, str]] = []
    own: dict[int, str] = {}
    for row, concept in enumerate(concepts):
        picture = pixels[row].permute(1, 2, 0).numpy()
        line = concept.style == "line"
        hue = None if line else main_hue(picture)
        if hue is None and not line:
            continue
        name = None if hue is None else colour_name(hue)
        if name is not None:
            own[row] = name
        for colour in rng.sample([c for c in (LINES if line else HUES) if c != name], 2):
            recoloured.append(drawn_in(picture, colour) if hue is None else turned(picture, hue, colour))
            colours.append((row, colour))
    everything = pixels
    if recoloured:
        everything = torch.cat([pixels, torch.from_numpy(np.stack(recoloured)).permute(0, 3, 1, 2)])
    mean, spread = encode(model, everything, size)
    return Latents(concepts, mean, spread, colours, own, sorted(rng.sample(range(len(concepts)), held_out)))
