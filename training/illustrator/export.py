"""The folder in diffusers' layout, in half precision, and what the model card says of it."""
from __future__ import annotations

import json
import shutil
from pathlib import Path

from diffusers import AutoencoderKL
from transformers import CLIPTextModel

from . import networks
from .diffusion import Drawer
from .recipe import IllustratorRecipe
from .tokens import BEGIN, END


def export(recipe: IllustratorRecipe, model: AutoencoderKL, drawer: Drawer, scaling: float, tokenizer: Path, out: Path) -> None:
    """Write model_index.json, scheduler, tokenizer and the three networks into `out`; other files there stay."""
    model.register_to_config(scaling_factor=scaling)
    for network, name in ((model, "vae"), (drawer.unet, "unet")):
        network.half().save_pretrained(out / name)
        network.float()
    drawer.text.half().save_pretrained(out / "text_encoder")
    drawer.text.float()
    networks.scheduler().save_pretrained(out / "scheduler")
    schedule = out / "scheduler" / "scheduler_config.json"
    # Minus infinity, its own default, is not JSON.
    fields = {k: v for k, v in json.loads(schedule.read_text()).items() if k != "lambda_min_clipped"}
    schedule.write_text(json.dumps(fields, indent=2))
    (out / "tokenizer").mkdir(parents=True, exist_ok=True)
    for name in ("vocab.json", "merges.txt"):
        shutil.copyfile(tokenizer / name, out / "tokenizer" / name)
    settings = {
        "tokenizer_class": "CLIPTokenizer",
        "bos_token": BEGIN,
        "eos_token": END,
        "pad_token": END,
        "unk_token": END,
        "model_max_length": recipe.text.tokens,
    }
    (out / "tokenizer" / "tokenizer_config.json").write_text(json.dumps(settings, indent=2))
    index = {
        "_class_name": "StableDiffusionPipeline",
        "feature_extractor": [None, None],
        "safety_checker": [None, None],
        "scheduler": ["diffusers", "DPMSolverMultistepScheduler"],
        "text_encoder": ["transformers", "CLIPTextModel"],
        "tokenizer": ["transformers", "CLIPTokenizer"],
        "unet": ["diffusers", "UNet2DConditionModel"],
        "vae": ["diffusers", "AutoencoderKL"],
        "requires_safety_checker": False,
        "mini_gemini_illustrator": True,
        "mini_gemini_steps": recipe.drawing_steps,
        "mini_gemini_guidance": recipe.guidance,
    }
    (out / "model_index.json").write_text(json.dumps(index, indent=2))


def load_exported(drawer: Drawer, folder: Path) -> None:
    """Put an exported folder's weights in place, to go on from; its tokenizer has to be this one."""
    from diffusers import UNet2DConditionModel

    if json.loads((folder / "tokenizer" / "vocab.json").read_text()) != drawer.tokens.vocabulary:
        raise ValueError(f"{folder}: another vocabulary")
    drawer.unet.load_state_dict(UNet2DConditionModel.from_pretrained(folder / "unet").state_dict())
    drawer.text.load_state_dict(CLIPTextModel.from_pretrained(folder / "text_encoder").state_dict())
