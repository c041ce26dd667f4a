"""What ships is what training goes on from: the restored networks give what ONNX Runtime gives."""
from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
import torch

from training import restore
from training.config import VisionConfig
from training.preprocess import low_resolution
from training.towers import VisualTowers, projector

SHIPPED = Path(__file__).parents[2] / "media" / "starter"


def exact(name: str) -> onnxruntime.InferenceSession:
    """A graph whose products take float32 in place of activations in eight bits."""
    graph = onnx.load(SHIPPED / name)
    made_by = {output: node for node in graph.graph.node for output in node.output}
    stored = {tensor.name: onnx.numpy_helper.to_array(tensor) for tensor in graph.graph.initializer}
    nodes = []
    for node in graph.graph.node:
        for attribute in node.attribute:
            if attribute.name == "accuracy_level":
                attribute.i = 1
        if node.op_type == "MatMulIntegerToFloat":
            quantised = made_by[node.input[0]]
            step = made_by[quantised.input[1]].input[0]
            positions, weights = f"{node.name}/positions", f"{node.name}/weights"
            nodes.append(onnx.helper.make_node("Div", [quantised.input[0], step], [positions]))
            values = stored[node.input[1]].astype(np.float32) * stored[node.input[3]]
            graph.graph.initializer.append(onnx.numpy_helper.from_array(values, weights))
            node = onnx.helper.make_node("MatMul", [positions, weights], node.output)
        nodes.append(node)
    del graph.graph.node[:]
    graph.graph.node.extend(nodes)
    return onnxruntime.InferenceSession(graph.SerializeToString())


@pytest.fixture(scope="module")
def towers() -> VisualTowers:
    return restore.towers(SHIPPED, VisionConfig())


def test_codes_are_read_low_half_first() -> None:
    codes = np.array([[[0x9F, 0x08]]], "uint8")
    assert restore.dequantised(codes, np.array([[2.0]], "float32"), 4, 4).tolist() == [[14.0, 2.0, 0.0, -16.0]]
    assert restore.dequantised(np.array([[[130, 128]]], "uint8"), np.array([[0.5]], "float32"), 1, 8).tolist() == [[1.0]]


def test_visual_tokens_are_those_that_ship(towers: VisualTowers) -> None:
    torch.manual_seed(1)
    pixels = torch.randn(1, 3, 512, 512)
    head = projector(towers.config, 576)
    head.load_state_dict(restore.projector(SHIPPED))
    with torch.no_grad():
        low, maps, tokens = towers.streams(pixels)
        expected = head(tokens).numpy()
    small = low_resolution(pixels, towers.config.image_size).numpy()
    (shipped_low,) = exact("clip-vision.onnx").run(None, {"pixels": small})
    shipped_maps = exact("convnext.onnx").run(None, {"pixels": pixels.numpy()})
    assert np.allclose(shipped_low, low.numpy(), atol=5e-3)
    for shipped, own in zip(shipped_maps, maps):
        assert np.allclose(shipped, own.permute(0, 2, 3, 1).numpy(), atol=5e-3)
    feed = {"lr_features": shipped_low, **{f"stage{i}": stage for i, stage in enumerate(shipped_maps)}}
    (visual,) = exact("patch-info-mining.onnx").run(None, feed)
    assert np.allclose(visual.reshape(expected.shape), expected, atol=0.05)


def test_the_language_model_says_what_ships() -> None:
    from training import language_model

    model = language_model.language_model(restore.language_weights(SHIPPED)).eval()
    ids = torch.tensor([language_model.encode("<|im_start|>user\nWhat is this?<|im_end|>\n")])
    count = ids.shape[1]
    with torch.no_grad():
        embeds = model.get_input_embeddings()(ids)
        expected = model(inputs_embeds=embeds).logits[0].numpy()
    session = onnxruntime.InferenceSession(str(SHIPPED / "decoder.onnx"))
    feed = {i.name: np.zeros((1, 3, 0, 64), "float32") for i in session.get_inputs() if "past" in i.name}
    feed |= {"inputs_embeds": embeds.numpy(), "logit_positions": np.arange(count)}
    feed |= {"seqlens_k": np.array([count - 1], "int32"), "total_sequence_length": np.array(count, "int32")}
    names = [output.name for output in session.get_outputs()]
    logits = session.run(None, feed)[names.index("logits")].reshape(expected.shape)
    assert (logits.argmax(-1) == expected.argmax(-1)).all()
    assert np.corrcoef(logits.ravel(), expected.ravel())[0, 1] > 0.99
