"""diffusers on the same folder: answers each line on standard input ("step", "decode", "picture") with its seconds, as JSON."""

import json
import resource
import sys
import time

import torch
from diffusers import AutoencoderKL, StableDiffusionPipeline, UNet2DConditionModel

folder, threads, side, works = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[5:]
dtype = getattr(torch, sys.argv[4])
torch.set_num_threads(threads)
torch.manual_seed(0)
started = time.perf_counter()
if "picture" in works:
    pipeline = StableDiffusionPipeline.from_pretrained(folder, torch_dtype=dtype)
    pipeline.set_progress_bar_config(disable=True)
    unet, vae = pipeline.unet, pipeline.vae
else:
    # Only what is asked for: all of it takes 5 GB in float32.
    unet = UNet2DConditionModel.from_pretrained(f"{folder}/unet", torch_dtype=dtype) if "step" in works else None
    vae = AutoencoderKL.from_pretrained(f"{folder}/vae", torch_dtype=dtype) if "decode" in works else None
load = time.perf_counter() - started
sample = torch.randn(1, 4, side, side, dtype=dtype)


def answer(work):
    wall, cpu = time.perf_counter(), time.process_time()
    with torch.inference_mode():
        work()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    seconds = {"wall": time.perf_counter() - wall, "cpu": time.process_time() - cpu, "peakMiB": peak}
    print(json.dumps(seconds), flush=True)


print(json.dumps({"load": load}), flush=True)
for line in sys.stdin:
    if line.strip() == "step":
        prompt = torch.zeros(1, 77, unet.config.cross_attention_dim, dtype=dtype)
        answer(lambda: unet(sample, 999, encoder_hidden_states=prompt))
    elif line.strip() == "decode":
        answer(lambda: vae.decode(sample))
    elif line.strip() == "picture":
        pixels = side * pipeline.vae_scale_factor
        answer(lambda: pipeline("a lighthouse", num_inference_steps=1, guidance_scale=0, height=pixels, width=pixels))
