"""The model card beside the weights: what it is, what it learnt from, how well it draws."""
from __future__ import annotations

from pathlib import Path

from .concepts import Concept
from .recipe import IllustratorRecipe

_LICENCES = {
    "fluent-emoji-flat": ("Fluent Emoji (flat), Microsoft Corporation, MIT", "https://github.com/microsoft/fluentui-emoji"),
    "flat-color-icons": ("Flat Color Icons, Icons8, MIT", "https://github.com/icons8/flat-Color-icons"),
    "lucide": ("Lucide, Lucide Contributors, ISC", "https://github.com/lucide-icons/lucide"),
}

_TEXT = """# Mini-Gemini's small illustrator: icons and simple pictures, {side} px

A latent diffusion of this project's own, small enough to ship with the extension, so that drawing works before anything
is downloaded. It is a folder in diffusers' layout and takes the same way through the engine as any published one:
CLIP text encoder ({text:.1f} M weights), UNet ({unet:.1f} M), AutoencoderKL ({autoencoder:.1f} M), half precision.

![Drawn with one seed, none picked out](samples.png)

## What it cannot do
It draws single things on white, {side} × {side} pixels, in the two styles it has seen: flat coloured icons and black or
coloured line icons. It knows about {concepts} things by name; a word it has not met gives what a near word gives. No
scenes, no people in particular, no text, no counting, no photographs. English only.

## What it learnt from
{sets}

Names: `unicode-emoji-json` and `emojilib` (MIT), `lucide-static` (ISC). Meanings of words: the embeddings of
SmolLM2-135M-Instruct (Apache-2.0), reduced to {width} numbers a token. Brand marks, flags of countries and variants of
skin tone are left out.

## How
`python -m training illustrator` (training/illustrator). Seed {seed}; autoencoder {autoencoder_steps} steps of
{autoencoder_batch}, diffusion {diffusion_steps} steps of {diffusion_batch}; {minutes:.0f} minutes of one core in all.
Velocity prediction on a cosine schedule, min-SNR weights, {dropped:.0%} of the prompts dropped, averaged weights.
Drawn with DPM-Solver++ 2M, {drawing_steps} steps, guidance {guidance}.

## Figures
| | |
|---|---|
| weighted squared error of the velocity, icons it learnt | {loss_learnt} |
| the same, {held_out} icons it never saw | {loss_held_out} |
| drawn by its name, the nearest icon in the autoencoder's space has that name | {right_name_nearest:.0%} of {asked} |
| one of the five nearest has it | {right_name_of_five:.0%} |
"""


def write_card(
    recipe: IllustratorRecipe, concepts: list[Concept], weights: dict[str, int], figures: dict[str, float], seconds: float, out: Path
) -> None:
    """Write README.md. `weights`: of each network; `figures`: those of `run.figures`; `seconds` of one core."""
    sets = [
        f"- {sum(c.icon_set == name for c in concepts)} icons of {title} ({address})" for name, (title, address) in _LICENCES.items()
    ]
    text = _TEXT.format(
        side=recipe.autoencoder_shape.size,
        concepts=len(concepts) - recipe.held_out,
        sets="\n".join(sets),
        width=recipe.text.width,
        seed=recipe.seed,
        autoencoder_steps=recipe.autoencoder.steps,
        autoencoder_batch=recipe.autoencoder.batch_size,
        diffusion_steps=recipe.diffusion.steps,
        diffusion_batch=recipe.diffusion.batch_size,
        minutes=seconds / 60,
        dropped=recipe.dropped_prompts,
        drawing_steps=recipe.drawing_steps,
        guidance=recipe.guidance,
        held_out=recipe.held_out,
        **{name: count / 1e6 for name, count in weights.items()},
        **figures,
    )
    (out / "README.md").write_text(text)
