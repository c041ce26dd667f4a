"""Sizes, schedules and folders of the recipe, in one place."""
from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path

CLIP_NAME = "mini-gemini-starter-clip-vit-patch32-256"
CONVNEXT_NAME = "mini-gemini-starter-openclip-convnext-512"
CHECKPOINT_NAME = "MGM-Starter"


def state_folder() -> Path:
    """Folder of checkpoints, caches and exports, outside the repository."""
    base = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    folder = Path(os.environ.get("MINI_GEMINI_TRAINING", "") or Path(base) / "mini-gemini-training")
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@dataclass(frozen=True)
class VisionConfig:
    """Two encoders and the grid on which patch info mining meets them."""

    image_size: int = 256
    patch_size: int = 32
    hidden_size: int = 256
    layers_used: int = 6
    heads: int = 4
    image_size_aux: int = 512
    convnext_dims: tuple[int, ...] = (32, 64, 128, 256)
    convnext_depths: tuple[int, ...] = (1, 2, 4, 2)

    @property
    def grid(self) -> int:
        """Visual tokens per side."""
        return self.image_size // self.patch_size

    @property
    def tokens(self) -> int:
        return self.grid**2

    @property
    def hidden_size_aux(self) -> int:
        return sum(self.convnext_dims)


@dataclass(frozen=True)
class EncoderPhase:
    """A part of stage 1: HR pixels per side and minutes. Below twice the ViT's size nothing is mined yet."""

    size: int
    minutes: float
    batch_size: int
    real_share: float = 0.3


@dataclass(frozen=True)
class EncoderStage:
    """Stage 1: encoders with dense supervision, no language model; small images first."""

    phases: tuple[EncoderPhase, ...] = (
        EncoderPhase(128, 7, 32),
        EncoderPhase(256, 18, 32),
        EncoderPhase(512, 16, 16),
        EncoderPhase(256, 9, 32, 0.5),
        EncoderPhase(512, 7, 16, 0.5),
    )
    matrix_learning_rate: float = 2e-3
    learning_rate: float = 1e-3
    weight_decay: float = 0.05
    repeats: int = 3
    heads_first_steps: int = 0
    """Steps in which only the reader learns: it is new where the towers are not."""


@dataclass(frozen=True)
class LanguageStage:
    """Stage 2 (language model frozen) or 3 (everything) on rendered conversations."""

    minutes: float
    learning_rate: float
    connector_learning_rate: float
    train_language_model: bool
    train_towers: bool = False
    tokens_per_batch: int = 1536
    weight_decay: float = 0.01
    warmup_steps: int = 25
    real_share: float = 0.35
    """Part of the examples that are real images."""
    four_bits_from: float = 1.0
    """Part of the stage after which the language model sees its weights in four bits."""


CONTINUED_ENCODERS = EncoderStage(
    phases=(EncoderPhase(256, 10, 32, 0.65), EncoderPhase(512, 7, 16, 0.65)),
    matrix_learning_rate=8e-4,
    learning_rate=4e-4,
    heads_first_steps=60,
)
"""Stage 1 from towers that ship."""


CONTINUED_ALIGN = LanguageStage(1.5, 0.0, 5e-4, train_language_model=False, real_share=0.6)
CONTINUED_FINETUNE = LanguageStage(
    30, 1.5e-4, 5e-4, train_language_model=True, warmup_steps=10, real_share=0.6, four_bits_from=0.0
)
"""Stages 2 and 3 from weights that ship; these are in four bits already."""


@dataclass(frozen=True)
class Recipe:
    """The whole run."""

    seed: int = 20
    vision: VisionConfig = field(default_factory=VisionConfig)
    encoders: EncoderStage = field(default_factory=EncoderStage)
    align: LanguageStage = field(
        default_factory=lambda: LanguageStage(3.5, 0.0, 2e-3, train_language_model=False)
    )
    finetune: LanguageStage = field(
        default_factory=lambda: LanguageStage(50, 3e-4, 1e-3, train_language_model=True, four_bits_from=0.6)
    )
    checkpoint_minutes: float = 10.0
    threads: int = 2
