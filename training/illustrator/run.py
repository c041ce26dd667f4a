"""The parts of the embedded illustrator's training in order: data, autoencoder, diffusion, export."""
from __future__ import annotations

import json
import shutil
from pathlib import Path

import torch
from diffusers import AutoencoderKL

from .. import state
from . import autoencoder, captions, card, dataset, diffusion, export, sample, tokens
from .concepts import Concept, concepts, fetch
from .pictures import pictures
from .recipe import IllustratorRecipe, illustrator_folder

PARTS = ["data", "autoencoder", "diffusion", "export"]
SHEET = [
    "a red heart", "a rocket", "a red apple", "a star", "a sun", "a house", "a cat", "a robot",
    "a key", "a gear", "a light bulb", "a folder", "a camera", "a tree", "a fish", "a balloon",
    "a blue star", "a green circle", "a purple balloon", "a car", "an envelope", "a trophy", "a bug", "a database",
    "line icon of a house", "line icon of a heart", "line icon of a sun", "line icon of a cloud",
    "line icon of a star", "line icon of a folder", "blue line icon of a heart", "line icon of a moon",
]  # fmt: skip


def finished(path: Path) -> bool:
    saved = state.load(path)
    return bool(saved and saved["done"])


def spent(path: Path) -> float:
    """Seconds of one core that a part has had; none where its state is not there."""
    saved = state.load(path)
    return saved["elapsed"] if saved else 0.0


def run(recipe: IllustratorRecipe, parts: list[str], start: Path | None, out: Path) -> None:
    """Run the parts that their states do not call done.

    `start`: an exported folder; its autoencoder and vocabulary are kept, its UNet and text encoder go on learning.
    """
    folder = illustrator_folder()
    learnt = concepts(fetch())
    pixels = pictures(learnt, folder / "pictures.npz")
    if "autoencoder" in parts and start is None and not finished(folder / "autoencoder.pt"):
        autoencoder.train(recipe, pixels, folder / "autoencoder.pt")
    if "diffusion" not in parts and "export" not in parts:
        return
    prompt_tokens = vocabulary(recipe, learnt, start, folder / "tokenizer")
    if start is None:
        model = autoencoder.load(recipe, folder / "autoencoder.pt")
    else:
        model = AutoencoderKL.from_pretrained(start / "vae", torch_dtype=torch.float32).eval()
    data = dataset.latents(model, learnt, pixels, recipe.autoencoder_shape.size, recipe.held_out, recipe.seed)
    if "diffusion" in parts and not finished(folder / "diffusion.pt"):
        meanings = None if start else tokens.meanings(prompt_tokens, recipe.text.width)
        drawer = diffusion.new_drawer(recipe, prompt_tokens, meanings)
        if start is not None:
            export.load_exported(drawer, start)
        diffusion.train(recipe, data, drawer, folder / "diffusion.pt")
    if "export" in parts:
        drawer = diffusion.load(recipe, prompt_tokens, folder / "diffusion.pt")
        export.export(recipe, model, drawer, data.scaling, prompt_tokens.folder, out)
        drawn = sample.draw(drawer, SHEET, recipe.drawing_steps, recipe.guidance, recipe.seed)
        sample.sheet(model, drawn / data.scaling, 8, out / "samples.png")
        found = figures(recipe, drawer, data)
        print(json.dumps(found), flush=True)
        networks = {"text": drawer.text, "unet": drawer.unet, "autoencoder": model}
        weights = {name: sum(p.numel() for p in network.parameters()) for name, network in networks.items()}
        seconds = sum(spent(folder / name) for name in ("autoencoder.pt", "diffusion.pt"))
        card.write_card(recipe, learnt, weights, found, seconds, out)


def vocabulary(recipe: IllustratorRecipe, learnt: list[Concept], start: Path | None, folder: Path) -> tokens.PromptTokens:
    """The tokenizer, learnt once or taken from an exported folder."""
    if start is not None:
        folder.mkdir(parents=True, exist_ok=True)
        for name in ("vocab.json", "merges.txt"):
            shutil.copyfile(start / "tokenizer" / name, folder / name)
    elif not (folder / "merges.txt").exists():
        names = [*(name for concept in learnt for name in concept.names), *captions.PHRASES]
        tokens.learn(names, tokens.common_words(), recipe.text.vocabulary, folder)
    return tokens.PromptTokens(folder, recipe.text.tokens)


def figures(recipe: IllustratorRecipe, drawer: diffusion.Drawer, data: dataset.Latents) -> dict[str, float]:
    """The model card's figures."""
    rows = data.learnt[:: max(1, len(data.learnt) // 128)]
    first, five = sample.names_found(drawer, data, rows, recipe.drawing_steps, recipe.guidance, recipe.seed)
    return {
        "loss_learnt": round(diffusion.measured(drawer, data, rows, recipe.seed), 4),
        "loss_held_out": round(diffusion.measured(drawer, data, data.held_out, recipe.seed), 4),
        "right_name_nearest": round(first, 3),
        "right_name_of_five": round(five, 3),
        "asked": len(rows),
    }
