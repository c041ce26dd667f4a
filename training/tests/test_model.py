"""The networks: mining in its cheap form equals the published one, in values and gradients."""
from __future__ import annotations

import torch

from training.config import VisionConfig
from training.mining import PatchInfoMining, mine, mine_plain
from training.preprocess import high_resolution, low_resolution, normalise
from training.towers import VisualTowers

SMALL = VisionConfig(image_size=64, patch_size=16, hidden_size=32, layers_used=2, heads=2, image_size_aux=128,
                     convnext_dims=(8, 12, 16, 24), convnext_depths=(1, 1, 1, 1))  # fmt: skip


def maps_and_tokens() -> tuple[torch.Tensor, list[torch.Tensor]]:
    torch.manual_seed(1)
    maps = [torch.randn(2, d, 32 // 2**i, 32 // 2**i, requires_grad=True) for i, d in enumerate(SMALL.convnext_dims)]
    return torch.randn(2, SMALL.tokens, SMALL.hidden_size, requires_grad=True), maps


def test_mining_equals_the_published_form() -> None:
    torch.manual_seed(2)
    module = PatchInfoMining(SMALL)
    for parameter in module.parameters():
        torch.nn.init.normal_(parameter, std=0.3)
    tokens, maps = maps_and_tokens()
    cheap, plain = mine(module, tokens, maps), mine_plain(module, tokens, maps)
    assert torch.allclose(cheap, plain, atol=2e-5)
    of = [tokens, *maps]
    for a, b in zip(torch.autograd.grad(cheap.square().sum(), of), torch.autograd.grad(plain.square().sum(), of)):
        assert torch.allclose(a, b, atol=2e-3, rtol=1e-3)


def test_ablations_change_the_tokens() -> None:
    torch.manual_seed(3)
    towers = VisualTowers(SMALL).eval()
    pixels = torch.randn(1, 3, 128, 128)
    full = towers(pixels)
    for mode in ("no_hr", "no_lr", "no_mining"):
        assert towers(pixels, mode).shape == full.shape == (1, SMALL.tokens, SMALL.hidden_size)
        assert not torch.allclose(towers(pixels, mode), full, atol=1e-4)
    assert torch.allclose(towers.streams(pixels)[2], full)


def test_pixels_are_padded_with_the_mean_colour() -> None:
    from PIL import Image

    pixels = high_resolution(Image.new("RGB", (40, 20), (255, 0, 0)), 40)
    assert tuple(pixels[0, 0]) == (122, 116, 104) and tuple(pixels[20, 20]) == (255, 0, 0)
    high = normalise(torch.from_numpy(pixels.copy())[None])
    assert high.shape == (1, 3, 40, 40) and low_resolution(high, 16).shape == (1, 3, 16, 16)
