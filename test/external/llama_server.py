"""Starts llama.cpp's own HTTP server (from the package xllamacpp) with a GGUF file, and stops by itself.

    python llama_server.py MODEL.gguf PORT KEY SECONDS
"""

import sys
import time

import xllamacpp

model, port, key, seconds = sys.argv[1:5]
parameters = xllamacpp.CommonParams()
parameters.model.path = model
parameters.hostnames = ["127.0.0.1"]
parameters.port = int(port)
parameters.api_keys = [key]
parameters.n_ctx = 2048
parameters.n_parallel = 1
parameters.cpuparams.n_threads = 1
parameters.cpuparams_batch.n_threads = 1
server = xllamacpp.Server(parameters)
print(f"listening at {server.listening_address}", flush=True)
time.sleep(float(seconds))
