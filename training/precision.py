"""Where bfloat16 pays: on GPUs and on CPUs with instructions for it; elsewhere its products are emulated, 80 times slower."""
from __future__ import annotations

import torch


def supports_bfloat16(device: str) -> bool:
    """Whether products in bfloat16 are faster than in float32 there."""
    if device == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    return bool(torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported())


def autocast(device: str) -> torch.autocast:
    """bfloat16 where it pays, else float32."""
    return torch.autocast(device, torch.bfloat16, enabled=supports_bfloat16(device))
