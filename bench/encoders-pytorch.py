"""CLIP ViT-L/14 at 336 (23 layers, as MGM reads it) and ConvNeXt-L at 768 in PyTorch, random weights, in the type named first
(float32 or bfloat16).

Answers each line on standard input ("clip-vision" or "convnext") with the seconds of one run.
"""

import os
import sys
import time

import torch
from transformers import CLIPVisionConfig, CLIPVisionModel, ConvNextConfig, ConvNextModel

dtype = getattr(torch, sys.argv[1])
torch.set_num_threads(len(os.sched_getaffinity(0)))
clip = CLIPVisionModel(
    CLIPVisionConfig(
        hidden_size=1024,
        intermediate_size=4096,
        num_hidden_layers=23,
        num_attention_heads=16,
        image_size=336,
        patch_size=14,
    )
).eval()
convnext = ConvNextModel(ConvNextConfig(hidden_sizes=[192, 384, 768, 1536], depths=[3, 3, 27, 3])).eval()
runs = {
    "clip-vision": (clip.to(dtype), torch.randn(1, 3, 336, 336, dtype=dtype)),
    "convnext": (convnext.to(dtype), torch.randn(1, 3, 768, 768, dtype=dtype)),
}
print("ready", flush=True)
for line in sys.stdin:
    network, pixels = runs[line.strip()]
    started = time.perf_counter()
    with torch.inference_mode():
        network(pixel_values=pixels)
    print(time.perf_counter() - started, flush=True)
