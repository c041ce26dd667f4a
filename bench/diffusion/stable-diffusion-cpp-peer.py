"""stable-diffusion.cpp, out of PyPI's cyllama, on the same folder: answers "picture" as diffusers-peer.py does."""

import json
import os
import resource
import sys
import time

from cyllama.sd import SampleMethod, SDContext, SDContextParams
from cyllama.utils import validation

# The library loads diffusers' folders; the binding alone asks for a file.
validation.validate_model_file = lambda *_, **__: None

# The library shows its progress on standard output.
answers = os.fdopen(os.dup(1), "w")
os.dup2(2, 1)
folder, threads, side = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
started = time.perf_counter()
parameters = SDContextParams()
parameters.model_path = folder
parameters.n_threads = threads
parameters.diffusion_flash_attn = True
context = SDContext(parameters)
print(json.dumps({"load": time.perf_counter() - started}), file=answers, flush=True)
for line in sys.stdin:
    if line.strip() != "picture":
        raise ValueError(f"no such work: {line}")
    wall, cpu = time.perf_counter(), time.process_time()
    context.generate(
        prompt="a lighthouse",
        width=8 * side,
        height=8 * side,
        seed=1,
        sample_steps=1,
        cfg_scale=1.0,
        sample_method=SampleMethod.EULER,
    )
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    seconds = {"wall": time.perf_counter() - wall, "cpu": time.process_time() - cpu, "peakMiB": peak}
    print(json.dumps(seconds), file=answers, flush=True)
