"""diffusers on the same folder: answers each line on standard input ("step" or "decode") with its seconds, as JSON."""

import json
import os
import resource
import sys
import time

import torch
from diffusers import AutoencoderKL, UNet2DConditionModel

folder, threads, side = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
torch.set_num_threads(threads)
torch.manual_seed(0)
started = time.perf_counter()
unet = UNet2DConditionModel.from_pretrained(os.path.join(folder, "unet"), torch_dtype=torch.float32)
load = time.perf_counter() - started
vae = AutoencoderKL.from_pretrained(os.path.join(folder, "vae"), torch_dtype=torch.float32)
sample = torch.randn(1, 4, side, side)
prompt = torch.randn(1, 77, unet.config.cross_attention_dim)


def answer(work, **more):
    wall, cpu = time.perf_counter(), time.process_time()
    with torch.inference_mode():
        work()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    seconds = {"wall": time.perf_counter() - wall, "cpu": time.process_time() - cpu, "peakMiB": peak, **more}
    print(json.dumps(seconds), flush=True)


print(json.dumps({"load": load}), flush=True)
for line in sys.stdin:
    if line.strip() == "step":
        answer(lambda: unet(sample, 999, encoder_hidden_states=prompt))
    elif line.strip() == "decode":
        answer(lambda: vae.decode(sample))
