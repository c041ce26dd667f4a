"""`python -m training.tests.illustrator_fixture FOLDER`: a tiny exported illustrator, and a picture that diffusers draws with it.

The engine's tests load the folder and compare (test/golden/diffusion/illustrator.test.ts).
"""
from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path

import torch
from diffusers import StableDiffusionPipeline

from ..illustrator import autoencoder, captions, dataset, diffusion, export, pictures, tokens
from .test_illustrator import ICONS, RECIPE

PROMPT, SEED = "a red apple, icon", 7


def main(out: Path) -> None:
    with tempfile.TemporaryDirectory() as name:
        work = Path(name)
        pixels = pictures.pictures(ICONS, work / "pictures.npz")
        names = [name for icon in ICONS for name in icon.names]
        tokens.learn([*names, *captions.PHRASES], ["the", "tree"], RECIPE.text.vocabulary, work / "tokenizer")
        known = tokens.PromptTokens(work / "tokenizer", RECIPE.text.tokens)
        autoencoder.train(RECIPE, pixels, work / "autoencoder.pt")
        model = autoencoder.load(RECIPE, work / "autoencoder.pt")
        data = dataset.latents(model, ICONS, pixels, RECIPE.autoencoder_shape.size, 1, RECIPE.seed)
        drawer = diffusion.new_drawer(RECIPE, known, None)
        diffusion.train(RECIPE, data, drawer, work / "diffusion.pt")
        trained = diffusion.load(RECIPE, known, work / "diffusion.pt")
        export.export(RECIPE, model, trained, data.scaling, known.folder, out)
    pipeline = StableDiffusionPipeline.from_pretrained(out, torch_dtype=torch.float32)
    drawn = pipeline(
        PROMPT,
        num_inference_steps=RECIPE.drawing_steps,
        guidance_scale=RECIPE.guidance,
        generator=torch.Generator().manual_seed(SEED),
    )
    drawn.images[0].save(out / "expected.png")
    (out / "expected.json").write_text(json.dumps({"prompt": PROMPT, "seed": SEED}) + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
