"""Torch weights out of a prepared checkpoint (`media/starter`), so that training goes on from what ships.

A prepared folder holds ONNX graphs whose weights lie beside them under their published names, the matrices as codes in
blocks with a scale each (`MatMulNBits`), those of encoders transposed with a scale for each row (`MatMulIntegerToFloat`).
Rounding can't be undone: what is restored are the values that ship. Two biases of the mining's keys add the same to every
score of a window, so that preparing drops them; they come back as zeros.
"""
from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
from onnx import numpy_helper

from . import state
from .config import VisionConfig, state_folder
from .towers import VisualTowers

ZERO_POINT = {4: 8, 8: 128}


def dequantised(codes: np.ndarray, scales: np.ndarray, columns: int, bits: int) -> np.ndarray:
    """(rows, columns) from uint8 codes (rows, blocks, block · bits / 8), low half first, and scales (rows, blocks)."""
    if bits == 4:
        codes = np.stack([codes & 15, codes >> 4], -1).reshape(*codes.shape[:2], -1)
    values = (codes.astype(np.float32) - ZERO_POINT[bits]) * scales.reshape(*codes.shape[:2], 1)
    return values.reshape(len(codes), -1)[:, :columns]


def tensors(path: Path) -> dict[str, np.ndarray]:
    """Every weight of a graph by its published name, in float32."""
    graph = onnx.load(path, load_external_data=True).graph
    raw = {t.name: numpy_helper.to_array(t) for t in graph.initializer}
    found = {name: value.astype(np.float32) for name, value in raw.items() if not name.endswith((".codes", ".scales"))}
    for node in graph.node:
        if node.op_type == "MatMulIntegerToFloat":
            codes, scales = raw[node.input[1]], raw[node.input[3]]
            found[node.input[1].removesuffix(".codes")] = (codes.astype(np.float32) * scales).T
        if node.op_type != "MatMulNBits":
            continue
        options: dict[str, int] = {a.name: a.i for a in node.attribute}
        name = node.input[1].removesuffix(".codes")
        scales = raw[node.input[2]].astype(np.float32)
        found[name] = dequantised(raw[node.input[1]], scales, options["K"], options["bits"])
    return found


def _filled(module: torch.nn.Module, found: dict[str, np.ndarray], prefix: str, dropped: tuple[str, ...] = ()) -> None:
    """Loads a module from tensors named after a prefix; `dropped` ones become zeros. Raises KeyError where one lacks."""
    values = {}
    for name, old in module.state_dict().items():
        value = np.zeros(old.shape, np.float32) if name in dropped else found[prefix + name]
        values[name] = torch.from_numpy(value.copy()).reshape(old.shape)
    module.load_state_dict(values)


def towers(folder: Path, vision: VisionConfig) -> VisualTowers:
    """Both encoders and the mining."""
    restored = VisualTowers(vision)
    _filled(restored.vision_tower, tensors(folder / "clip-vision.onnx"), "vision_model.")
    _filled(restored.vision_tower_aux, tensors(folder / "convnext.onnx"), "visual.trunk.")
    keys = ("vlm_uni_aux_projector.0.bias", "vlm_uni_aux_projector.1.bias")
    _filled(restored.mining, tensors(folder / "patch-info-mining.onnx"), "model.", keys)
    return restored.eval()


def projector(folder: Path) -> dict[str, torch.Tensor]:
    """State of `mm_projector`."""
    prefix = "model.mm_projector."
    found = tensors(folder / "patch-info-mining.onnx").items()
    return {name.removeprefix(prefix): torch.from_numpy(value.copy()) for name, value in found if name.startswith(prefix)}


def language_weights(folder: Path) -> dict[str, torch.Tensor]:
    """The language model under its Hugging Face names; matrices that run as one are taken apart."""
    found = tensors(folder / "decoder.onnx")
    weights: dict[str, torch.Tensor] = {}
    for joined, value in found.items():
        names = joined.split("+")
        if not names[0].startswith("model."):
            continue
        rows = _rows(names, len(value), value.shape[-1])
        for name, part in zip(names, torch.from_numpy(value.copy()).split(rows)):
            weights[name] = part.contiguous()
    return weights


def _rows(names: list[str], rows: int, width: int) -> list[int]:
    """How the rows of joined matrices divide: queries are as wide as the model, keys and values share the rest."""
    if len(names) == 1:
        return [rows]
    if len(names) == 3:
        return [width, (rows - width) // 2, (rows - width) // 2]
    return [rows // len(names)] * len(names)


def restore(folder: Path, vision: VisionConfig, target: Path | None = None) -> dict[str, Any]:
    """Writes `shipped.pt` into the state folder: towers, projector and language model of a prepared checkpoint."""
    value = {
        "towers": towers(folder, vision).state_dict(),
        "projector": projector(folder),
        "llm": language_weights(folder),
    }
    state.save((target or state_folder()) / "shipped.pt", value)
    return value
