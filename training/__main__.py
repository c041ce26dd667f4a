"""`python -m training [stage]`: everything in order, or one stage; an interrupted run goes on where it stopped."""
from __future__ import annotations

import argparse
import json
import subprocess
from dataclasses import replace
from pathlib import Path

import torch

from . import restore, state
from .config import CONTINUED_ALIGN, CONTINUED_ENCODERS, CONTINUED_FINETUNE, Recipe, state_folder

STAGES = ["assets", "real", "base", "teacher", "encoders", "align", "finetune", "kinds", "evaluate"]
ILLUSTRATOR = Path(__file__).resolve().parents[1] / "media" / "illustrator"


def assets() -> None:
    """Fetch the npm packages whose icons and sources are rendered."""
    from .generator.icon import PACKAGES

    folder = state_folder() / "assets" / "npm"
    folder.mkdir(parents=True, exist_ok=True)
    if not (folder / "package.json").exists():
        (folder / "package.json").write_text('{"private": true}')
    if all((folder / "node_modules" / name).exists() for name in PACKAGES):
        return
    subprocess.run(["npm", "install", "--ignore-scripts", *PACKAGES, "rxjs", "zod"], cwd=folder, check=True)


def finished(name: str) -> bool:
    saved = state.load(state_folder() / f"{name}.pt")
    return bool(saved and saved["done"])


def run(stage: str, recipe: Recipe, report: Path | None) -> None:
    """Run one stage unless its state says that it is done."""
    from . import encoders, evaluate, finetune, kind_stage, language_model, real, teacher

    if stage == "assets":
        assets()
    elif stage == "real":
        real.run()
    elif stage == "base":
        language_model.base_folder()
    elif stage == "teacher":
        teacher.run()
    elif stage == "encoders" and not finished("encoders"):
        encoders.train(recipe)
    elif stage == "align" and not finished("align"):
        finetune.train(recipe, "align", recipe.align)
    elif stage == "kinds":
        model = finetune.newest(recipe)
        print(json.dumps({"kinds": kind_stage.run(recipe.vision, model.towers, model.mm_projector)}))
    elif stage == "finetune" and not finished("finetune"):
        finetune.train(recipe, "finetune", recipe.finetune)
    elif stage == "evaluate":
        results = evaluate.everything(recipe)
        path = report or state_folder() / "evaluation.json"
        path.write_text(json.dumps(results, indent=2))
        print(evaluate.as_markdown(results))


def illustrator(arguments: argparse.Namespace) -> None:
    """The embedded illustrator, a model of its own beside the starter."""
    from .illustrator import run as parts
    from .illustrator.recipe import IllustratorRecipe

    recipe = IllustratorRecipe()
    if arguments.steps:
        recipe = replace(
            recipe,
            autoencoder=replace(recipe.autoencoder, steps=arguments.steps),
            diffusion=replace(recipe.diffusion, steps=arguments.steps),
        )
    chosen = [arguments.part] if arguments.part else parts.PARTS
    parts.run(recipe, chosen, arguments.start, arguments.out)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m training", description=__doc__)
    parser.add_argument("stage", nargs="?", choices=[*STAGES, "all", "illustrator"], default="all")
    parser.add_argument("--threads", type=int, default=Recipe().threads)
    parser.add_argument("--minutes", type=float, help="minutes of the chosen training stage")
    parser.add_argument("--report", type=Path, help="where the evaluation's figures are written")
    parser.add_argument("--part", choices=["data", "autoencoder", "diffusion", "export"], help="one part of `illustrator`")
    parser.add_argument("--steps", type=int, help="illustrator: steps of the chosen part")
    parser.add_argument("--from", dest="start", type=Path, help="go on from what ships: media/starter, or an exported illustrator")
    parser.add_argument("--out", type=Path, default=ILLUSTRATOR, help="illustrator: where it is exported to")
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    if arguments.stage == "illustrator":
        illustrator(arguments)
        return
    recipe = Recipe(threads=arguments.threads)
    if arguments.start:
        recipe = replace(recipe, encoders=CONTINUED_ENCODERS, align=CONTINUED_ALIGN, finetune=CONTINUED_FINETUNE)
        if not (state_folder() / "shipped.pt").exists():
            restore.restore(arguments.start, recipe.vision)
    if arguments.minutes:
        minutes = arguments.minutes
        recipe = replace(
            recipe,
            encoders=replace(recipe.encoders, phases=tuple(replace(p, minutes=minutes / 3) for p in recipe.encoders.phases)),
            align=replace(recipe.align, minutes=minutes),
            finetune=replace(recipe.finetune, minutes=minutes),
        )
    for stage in STAGES if arguments.stage == "all" else [arguments.stage]:
        run(stage, recipe, arguments.report)


if __name__ == "__main__":
    main()
