"""Pixels as the published checkpoints see them: padded square, PIL bicubic for HR, plain bilinear for LR."""
from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image

MEAN = (0.48145466, 0.4578275, 0.40821073)
STD = (0.26862954, 0.26130258, 0.27577711)
PADDING = (122, 116, 104)


def pad_to_square(image: Image.Image) -> Image.Image:
    """Centre the RGB image on a square of CLIP's mean colour."""
    image = image.convert("RGB")
    width, height = image.size
    side = max(width, height)
    square = Image.new("RGB", (side, side), PADDING)
    square.paste(image, ((side - width) // 2, (side - height) // 2))
    return square


def high_resolution(image: Image.Image, size: int) -> np.ndarray:
    """8-bit HR pixels, (size, size, 3)."""
    return np.asarray(pad_to_square(image).resize((size, size), Image.Resampling.BICUBIC))


def normalise(pixels: torch.Tensor) -> torch.Tensor:
    """8-bit (B, H, W, 3) to normalised (B, 3, H, W)."""
    mean = torch.tensor(MEAN, device=pixels.device).view(1, 3, 1, 1)
    std = torch.tensor(STD, device=pixels.device).view(1, 3, 1, 1)
    return (pixels.permute(0, 3, 1, 2).float() / 255 - mean) / std


def low_resolution(high: torch.Tensor, size: int) -> torch.Tensor:
    """LR pixels from the normalised HR tensor: bilinear without antialias."""
    return F.interpolate(high, size=(size, size), mode="bilinear", align_corners=False)
