"""`python -m training.ablate MODEL PART OUT`: a copy of a prepared checkpoint with a part switched off, to be asked by `bench/answers.ts`.

Its weights become zeros: `vision` gives visual tokens that are all zero, `hr` nothing mined (the LR encoder alone), `mining` the
plain average of each window in place of attention.
"""
from __future__ import annotations

import shutil
import sys
from pathlib import Path

import onnx

NETWORK = "patch-info-mining.onnx"
SWITCHES = {
    "vision": "model.mm_projector.2.",
    "hr": "model.vlm_uni_val_projector.1.",
    "mining": "model.vlm_uni_query_projector.1.",
}


def ablate(model: Path, part: str, out: Path) -> None:
    """Raises KeyError for an unknown part, ValueError where the checkpoint has no such weights of its own."""
    prefix = SWITCHES[part]
    shutil.copytree(model, out)
    found = 0
    for tensor in onnx.load(out / NETWORK, load_external_data=False).graph.initializer:
        if not tensor.name.startswith(prefix):
            continue
        place = {entry.key: entry.value for entry in tensor.external_data}
        with open(out / place["location"], "r+b") as file:
            file.seek(int(place["offset"]))
            file.write(bytes(int(place["length"])))
        found += 1
    if found != 2:
        raise ValueError(f"{model}: {found} weights named {prefix}, 2 expected")


if __name__ == "__main__":
    ablate(Path(sys.argv[1]), sys.argv[2], Path(sys.argv[3]))
