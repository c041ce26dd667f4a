"""Write the published layout: an MGM checkpoint folder and the two encoder folders it names."""
from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file

from . import language_model
from .config import CHECKPOINT_NAME, CLIP_NAME, CONVNEXT_NAME, VisionConfig, state_folder
from .preprocess import MEAN, STD
from .prompts import OCR_TOKENS
from .towers import VisualTowers

SHARD_BYTES = 120 * 2**20
MAX_LENGTH = 4096


def checkpoint_config(vision: VisionConfig) -> dict[str, Any]:
    """config.json of the checkpoint."""
    return {
        "_name_or_path": "model_zoo/LLM/SmolLM2-135M-Instruct",
        "architectures": ["MGMLlamaForCausalLM"],
        "attention_dropout": 0.0,
        "freeze_mm_mlp_adapter": False,
        "image_aspect_ratio": "pad",
        "image_global": False,
        "image_grid": 1,
        "image_grid_pinpoints": None,
        "image_size_aux": vision.image_size_aux,
        "initializer_range": 0.041666666666666664,
        "mini_gemini_ocr_tokens": OCR_TOKENS,
        "mini_gemini_starter": True,
        "mm_hidden_size": vision.hidden_size,
        "mm_hidden_size_aux": vision.hidden_size_aux,
        "mm_projector_lr": None,
        "mm_projector_type": "mlp2x_gelu",
        "mm_use_im_patch_token": False,
        "mm_use_im_start_end": False,
        "mm_vision_select_feature": "patch",
        "mm_vision_select_layer": -2,
        "mm_vision_tower": f"model_zoo/OpenAI/{CLIP_NAME}",
        "mm_vision_tower_aux": f"model_zoo/OpenAI/{CONVNEXT_NAME}",
        "model_type": "mgm",
        "optimize_vision_tower": False,
        "optimize_vision_tower_aux": False,
        "pretraining_tp": 1,
        "rope_scaling": None,
        "tokenizer_model_max_length": MAX_LENGTH,
        "tokenizer_padding_side": "right",
        "torch_dtype": "bfloat16",
        "tune_mm_mlp_adapter": False,
        "use_cache": True,
        "use_mm_proj": True,
    } | language_model.fields()


def checkpoint_tensors(
    llm: dict[str, torch.Tensor], towers: VisualTowers, projector: dict[str, torch.Tensor]
) -> dict[str, torch.Tensor]:
    """LLM, projector and mining under their published names."""
    tensors = {name: value for name, value in llm.items() if name != "lm_head.weight"}
    tensors |= {f"model.mm_projector.{name}": value for name, value in projector.items()}
    tensors |= {f"model.{name}": value for name, value in towers.mining.state_dict().items()}
    return tensors


def write_sharded(folder: Path, tensors: dict[str, torch.Tensor]) -> None:
    """bf16 safetensors in shards, with the index."""
    shards: list[dict[str, torch.Tensor]] = [{}]
    size = total = 0
    for name, value in tensors.items():
        half = value.detach().to(torch.bfloat16).contiguous().cpu()
        if size and size + half.nbytes > SHARD_BYTES:
            shards.append({})
            size = 0
        shards[-1][name] = half
        size += half.nbytes
        total += half.nbytes
    weight_map = {}
    for number, shard in enumerate(shards, 1):
        file = f"model-{number:05d}-of-{len(shards):05d}.safetensors"
        save_file(shard, folder / file, metadata={"format": "pt"})
        weight_map |= dict.fromkeys(shard, file)
    write_json(
        folder / "model.safetensors.index.json",
        {"metadata": {"total_size": total}, "weight_map": weight_map},
    )


def write_json(path: Path, value: object) -> None:
    path.write_text(json.dumps(value, indent=2) + "\n")


def write_tokenizer(folder: Path) -> None:
    """tokenizer.json with its two companions."""
    shutil.copyfile(language_model.base_folder() / "tokenizer.json", folder / "tokenizer.json")
    tokenizer = language_model.tokenizer()
    added = tokenizer.get_added_tokens_decoder()
    tokens = {
        str(index): {
            "content": token.content,
            "lstrip": False,
            "normalized": False,
            "rstrip": False,
            "single_word": False,
            "special": True,
        }
        for index, token in sorted(added.items())
    }
    names = {
        "bos_token": "<|im_start|>",
        "eos_token": "<|im_end|>",
        "pad_token": "<|im_end|>",
        "unk_token": "<|endoftext|>",
    }
    write_json(
        folder / "tokenizer_config.json",
        {
            "add_bos_token": False,
            "add_prefix_space": False,
            "added_tokens_decoder": tokens,
            "additional_special_tokens": ["<|im_start|>", "<|im_end|>"],
            "clean_up_tokenization_spaces": False,
            "model_max_length": MAX_LENGTH,
            "padding_side": "right",
            "tokenizer_class": "GPT2Tokenizer",
        }
        | names,
    )
    write_json(
        folder / "special_tokens_map.json",
        {"additional_special_tokens": ["<|im_start|>", "<|im_end|>"]} | names,
    )
    ids = language_model.fields()
    write_json(
        folder / "generation_config.json",
        {
            "_from_model_config": True,
            "bos_token_id": ids["bos_token_id"],
            "eos_token_id": ids["eos_token_id"],
            "pad_token_id": ids["pad_token_id"],
        },
    )


def clip_tensors(towers: VisualTowers) -> dict[str, torch.Tensor]:
    """HF CLIPVisionModel names. The last layer, which select layer -2 never runs, adds nothing."""
    prefix = "vision_model."
    config = towers.config
    tensors = {prefix + name: value for name, value in towers.vision_tower.state_dict().items()}
    last = f"{prefix}encoder.layers.{config.layers_used - 1}."
    for name in [n for n in tensors if n.startswith(last)]:
        value = torch.zeros_like(tensors[name])
        if "layer_norm" in name and name.endswith("weight"):
            value = torch.ones_like(value)
        tensors[f"{prefix}encoder.layers.{config.layers_used}." + name[len(last) :]] = value
    tensors[prefix + "post_layernorm.weight"] = torch.ones(config.hidden_size)
    tensors[prefix + "post_layernorm.bias"] = torch.zeros(config.hidden_size)
    return tensors


def write_clip(folder: Path, towers: VisualTowers) -> None:
    config = towers.config
    folder.mkdir(parents=True)
    write_json(
        folder / "config.json",
        {
            "architectures": ["CLIPVisionModel"],
            "attention_dropout": 0.0,
            "dropout": 0.0,
            "hidden_act": "quick_gelu",
            "hidden_size": config.hidden_size,
            "image_size": config.image_size,
            "initializer_factor": 1.0,
            "initializer_range": 0.02,
            "intermediate_size": config.hidden_size * 4,
            "layer_norm_eps": 1e-05,
            "model_type": "clip_vision_model",
            "num_attention_heads": config.heads,
            "num_channels": 3,
            "num_hidden_layers": config.layers_used + 1,
            "patch_size": config.patch_size,
            "projection_dim": config.hidden_size,
            "torch_dtype": "bfloat16",
        },
    )
    write_json(
        folder / "preprocessor_config.json",
        {
            "crop_size": config.image_size,
            "do_center_crop": True,
            "do_normalize": True,
            "do_resize": True,
            "feature_extractor_type": "CLIPFeatureExtractor",
            "image_mean": list(MEAN),
            "image_std": list(STD),
            "resample": 3,
            "size": config.image_size,
        },
    )
    half = {n: v.detach().to(torch.bfloat16).contiguous() for n, v in clip_tensors(towers).items()}
    save_file(half, folder / "model.safetensors", metadata={"format": "pt"})


def write_convnext(folder: Path, towers: VisualTowers) -> None:
    config = towers.config
    folder.mkdir(parents=True)
    write_json(
        folder / "open_clip_config.json",
        {
            "model_cfg": {
                "embed_dim": config.hidden_size,
                "vision_cfg": {
                    "timm_model_name": "convnext",
                    "timm_model_pretrained": False,
                    "timm_pool": "",
                    "timm_proj": "mlp",
                    "timm_drop": 0.0,
                    "timm_drop_path": 0.0,
                    "image_size": config.image_size_aux,
                    "depths": list(config.convnext_depths),
                    "dims": list(config.convnext_dims),
                },
            },
            "preprocess_cfg": {"mean": list(MEAN), "std": list(STD)},
        },
    )
    trunk = towers.vision_tower_aux.state_dict()
    half = {
        f"visual.trunk.{name}": value.detach().to(torch.bfloat16).contiguous()
        for name, value in trunk.items()
    }
    torch.save(half, folder / "open_clip_pytorch_model.bin")


def export(
    towers: VisualTowers,
    llm: dict[str, torch.Tensor],
    projector: dict[str, torch.Tensor],
    folder: Path | None = None,
) -> Path:
    """Write everything beside the old export and swap the folders."""
    target = folder or state_folder() / "export"
    fresh = target.with_name(target.name + ".new")
    old = target.with_name(target.name + ".old")
    for leftover in (fresh, old):
        shutil.rmtree(leftover, ignore_errors=True)
    checkpoint = fresh / CHECKPOINT_NAME
    checkpoint.mkdir(parents=True)
    write_json(checkpoint / "config.json", checkpoint_config(towers.config))
    write_sharded(checkpoint, checkpoint_tensors(llm, towers, projector))
    write_tokenizer(checkpoint)
    write_clip(fresh / "encoders" / CLIP_NAME, towers)
    write_convnext(fresh / "encoders" / CONVNEXT_NAME, towers)
    if target.exists():
        target.rename(old)
    fresh.rename(target)
    shutil.rmtree(old, ignore_errors=True)
    return target
