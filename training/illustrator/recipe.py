"""Sizes and schedules of the embedded illustrator, in one place."""
from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import torch

from ..config import state_folder


def illustrator_folder() -> Path:
    """Caches, checkpoints and sample sheets of the illustrator."""
    folder = state_folder() / "illustrator"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def device() -> torch.device:
    """A GPU where there is one."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


@dataclass(frozen=True)
class AutoencoderShape:
    """Pictures of `size` pixels a side to `latent_channels` numbers for each square of 2^(levels − 1) pixels."""

    size: int = 64
    channels: tuple[int, ...] = (8, 16, 32, 64)
    latent_channels: int = 8
    norm_groups: int = 2
    """Few: a group of one channel at the full size would take a flat picture's colour away."""


@dataclass(frozen=True)
class TextShape:
    """CLIP's text transformer, small: an icon's name is a few words."""

    vocabulary: int = 6000
    tokens: int = 24
    width: int = 160
    layers: int = 2
    heads: int = 5


@dataclass(frozen=True)
class UnetShape:
    """Most of the weights lie where the map is smallest: they cost little there, and the names are told there."""

    channels: tuple[int, ...] = (96, 192, 192)
    attends: tuple[bool, ...] = (False, True, False)
    layers: int = 1
    norm_groups: int = 16
    heads: int = 4


@dataclass(frozen=True)
class Stage:
    """Length and speeds of a training stage."""

    steps: int
    batch_size: int
    learning_rate: float
    matrix_learning_rate: float


@dataclass(frozen=True)
class IllustratorRecipe:
    """The whole run."""

    seed: int = 6
    autoencoder_shape: AutoencoderShape = field(default_factory=AutoencoderShape)
    text: TextShape = field(default_factory=TextShape)
    unet: UnetShape = field(default_factory=UnetShape)
    autoencoder: Stage = field(default_factory=lambda: Stage(6000, 8, 3e-3, 1e-2))
    diffusion: Stage = field(default_factory=lambda: Stage(3400, 64, 2e-3, 1e-2))
    divergence_weight: float = 1e-3
    """Of the KL term, per latent number, beside an L1 of pixels in −1…1."""
    dropped_prompts: float = 0.1
    coloured: float = 0.2
    """Part of the diffusion's pictures that is in a colour that the prompt names."""
    held_out: int = 8
    """Pictures that the diffusion never sees."""
    averaging: float = 0.995
    drawing_steps: int = 20
    guidance: float = 3.0
    checkpoint_minutes: float = 10.0
