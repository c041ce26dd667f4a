"""Writes the files of this folder from the PaddleOCR networks in ONNX form (see README.md for where they come from).

    python prepare.py DETECTION.onnx RECOGNITION.onnx FONT.ttf...

Needs the Python packages onnx 1.23, onnxruntime 1.32, numpy, pillow and sympy. The fonts (a few monospaced and
proportional ones) draw the lines that the 8-bit ranges are measured on. What changes, and only this:
- Weights of 1,024 values or more are stored as float16 behind a Cast, which the runtime folds away when it loads
  them: half the size, and all arithmetic stays in float32.
- Recognition knows fewer characters (`kept_characters` says which).
- Recognition ends in the most probable class of each step and its probability, in place of the probabilities of all
  classes: [batch, steps] int64 and float32 rather than [batch, steps, classes].
- Recognition's pointwise convolutions between 192 channels or more have 8-bit weights (one scale a channel) and 8-bit
  inputs (one scale a tensor).
- The characters, one a line, move from the network's metadata to characters.txt.
"""

import sys
import tempfile
from pathlib import Path

import numpy as np
import onnx
import onnx.version_converter
from onnx import TensorProto, helper, numpy_helper
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static
from onnxruntime.quantization.shape_inference import quant_pre_process
from PIL import Image, ImageDraw, ImageFont

FOLDER = Path(__file__).parent


# Latin, Greek, punctuation to letter-like symbols and Roman numerals, the common arrows, operators, circled numbers,
# boxes and shapes, kana and ideographic punctuation, full-width forms.
RANGES = [
    (0x0021, 0x017F),
    (0x0370, 0x03FF),
    (0x2010, 0x218F),
    (0x2190, 0x2199),
    (0x21D0, 0x21D9),
    (0x2200, 0x226F),
    (0x2460, 0x2473),
    (0x2500, 0x25FF),
    (0x3001, 0x30FF),
    (0xFF01, 0xFFEF),
]


def drop_identities(graph):
    names = {}
    outputs = {output.name for output in graph.output}
    kept = []
    for node in graph.node:
        for index, name in enumerate(node.input):
            node.input[index] = names.get(name, name)
        if node.op_type == "Identity" and node.output[0] not in outputs:
            names[node.output[0]] = node.input[0]
        else:
            kept.append(node)
    del graph.node[:]
    graph.node.extend(kept)


def constants_to_initializers(graph):
    kept = []
    for node in graph.node:
        if node.op_type == "Constant" and node.attribute[0].name == "value":
            tensor = node.attribute[0].t
            tensor.name = node.output[0]
            graph.initializer.append(tensor)
        else:
            kept.append(node)
    del graph.node[:]
    graph.node.extend(kept)


def store_as_float16(graph):
    casts = []
    for tensor in graph.initializer:
        values = numpy_helper.to_array(tensor)
        if values.dtype != np.float32 or values.size < 1024:
            continue
        name = tensor.name
        tensor.CopyFrom(numpy_helper.from_array(values.astype(np.float16), name + ".f16"))
        casts.append(helper.make_node("Cast", [name + ".f16"], [name], to=TensorProto.FLOAT))
    nodes = list(graph.node)
    del graph.node[:]
    graph.node.extend(casts + nodes)


def kept_characters(characters):
    """English, Chinese (GB 2312, the common half of Big5) and Japanese (JIS level 1); no emoji, no dingbats.

    Icons of a screenshot are not text: without emoji to choose from, the network stays unsure about them and they are
    dropped. Rare ideographs cost time in every step of every line."""

    def keep(character):
        if len(character) != 1:
            return False
        code = ord(character)
        if any(first <= code <= last for first, last in RANGES) or character in "✓✔✕✖✗✘☐☑☒⚠⌃⌘⌥⏎":
            return True
        if not 0x4E00 <= code <= 0x9FFF:
            return False
        if character.encode("gb2312", "ignore"):
            return True
        big5 = character.encode("big5", "ignore")
        if big5 and 0xA4 <= big5[0] <= 0xC6:
            return True
        japanese = character.encode("euc_jp", "ignore")
        return len(japanese) == 2 and 0xB0 <= japanese[0] <= 0xCF

    return [index for index, character in enumerate(characters) if keep(character)]


def drop_classes(graph, kept):
    """Keeps the blank, the kept characters and the space, which follows the last character."""
    classes = [0, *(index + 1 for index in kept)]
    for tensor in graph.initializer:
        if tensor.name in graph.node[-2].input or tensor.name in graph.node[-3].input:
            values = numpy_helper.to_array(tensor)
            assert values.ndim <= 2 and values.shape[-1] > max(classes) + 1, tensor.name
            tensor.CopyFrom(
                numpy_helper.from_array(np.ascontiguousarray(values[..., [*classes, values.shape[-1] - 1]]), tensor.name)
            )


def end_in_best_class(graph):
    matmul, add, softmax = graph.node[-3:]
    assert (matmul.op_type, add.op_type, softmax.op_type) == ("MatMul", "Add", "Softmax")
    tensors = {tensor.name: tensor for tensor in graph.initializer}
    weight = tensors[matmul.input[1]]
    bias = tensors[add.input[1]]
    # The bias as one more row of the weight, met by a feature that is always 1: one pass less over all classes.
    rows = np.vstack([numpy_helper.to_array(weight), numpy_helper.to_array(bias)[None]])
    weight.CopyFrom(numpy_helper.from_array(rows, weight.name))
    graph.initializer.remove(bias)
    graph.initializer.append(numpy_helper.from_array(np.array([0, 0, 0, 0, 0, 1], np.int64), "one_more"))
    graph.initializer.append(numpy_helper.from_array(np.array(1, np.float32), "one"))
    del graph.node[-3:]
    graph.node.extend(
        [
            helper.make_node("Pad", [matmul.input[0], "one_more", "one"], ["features"], mode="constant"),
            helper.make_node("MatMul", ["features", weight.name], ["logits"]),
            helper.make_node("ArgMax", ["logits"], ["classes"], axis=2, keepdims=0),
            helper.make_node("Softmax", ["logits"], ["distribution"], axis=2),
            helper.make_node("ReduceMax", ["distribution"], ["probabilities"], axes=[2], keepdims=0),
        ]
    )
    del graph.output[:]
    shape = ["batch", "steps"]
    graph.output.append(helper.make_tensor_value_info("classes", TensorProto.INT64, shape))
    graph.output.append(helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, shape))


def fuse_gelu(graph):
    """x / √2 → Erf → + 1 → · x → · 0.5 as the runtime's one operator: quantising would part the pieces."""
    made = {output: node for node in graph.node for output in node.output}
    users = {}
    for node in graph.node:
        for name in node.input:
            users.setdefault(name, []).append(node)
    for erf in [node for node in graph.node if node.op_type == "Erf"]:
        divide = made[erf.input[0]]
        (add,) = users[erf.output[0]]
        (times_x,) = users[add.output[0]]
        (halve,) = users[times_x.output[0]]
        kinds = [node.op_type for node in (divide, add, times_x, halve)]
        assert kinds == ["Div", "Add", "Mul", "Mul"] and divide.input[0] in times_x.input, kinds
        gelu = helper.make_node("Gelu", [divide.input[0]], [halve.output[0]], domain="com.microsoft")
        graph.node.insert(list(graph.node).index(halve), gelu)
        for node in (divide, erf, add, times_x, halve):
            graph.node.remove(node)


class Lines(CalibrationDataReader):
    """Lines of code and prose as recognition sees them: small text, enlarged to 48 pixels, many colours."""

    def __init__(self, fonts):
        random = np.random.default_rng(1)
        lines = (FOLDER / "calibration.txt").read_text("utf-8").splitlines()
        self.batches = iter([self.batch(random, lines, fonts) for _ in range(40)])

    def batch(self, random, lines, fonts):
        font = ImageFont.truetype(str(random.choice(fonts)), int(random.integers(11, 22)))
        dark, light = random.integers(0, 90, 3), random.integers(150, 256, 3)
        ink, paper = (dark, light) if random.random() < 0.5 else (light, dark)
        width = 1600
        images = []
        for line in random.choice(lines, 4):
            left, top, right, bottom = font.getbbox(line)
            image = Image.new("RGB", (right + 8, bottom + 6), tuple(int(value) for value in paper))
            ImageDraw.Draw(image).text((4, 2), line, font=font, fill=tuple(int(value) for value in ink))
            scaled = image.resize((round(image.width * 48 / image.height), 48), Image.Resampling.BILINEAR)
            scaled = scaled.crop((0, 0, min(width, scaled.width), 48))
            pixels = np.zeros((3, 48, width), np.float32)
            values = np.asarray(scaled, np.float32)[:, :, ::-1].transpose(2, 0, 1)
            pixels[:, :, : scaled.width] = values / 127.5 - 1
            images.append(pixels)
        return {"x": np.stack(images)}

    def get_next(self):
        return next(self.batches, None)


def quantise(model, fonts):
    """The wide pointwise convolutions in 8 bits: as fast as with all of them, and nearer to the original."""
    model = onnx.version_converter.convert_version(model, 13)
    fuse_gelu(model.graph)
    model.opset_import.append(helper.make_opsetid("com.microsoft", 1))
    with tempfile.TemporaryDirectory() as folder:
        original, folded, quantised = (str(Path(folder, name)) for name in ("original.onnx", "folded.onnx", "int8.onnx"))
        onnx.save(model, original)
        quant_pre_process(original, folded, skip_symbolic_shape=True)
        folded_model = onnx.load(folded)
        shapes = {tensor.name: tensor.dims for tensor in folded_model.graph.initializer}
        others = [
            node.name
            for node in folded_model.graph.node
            if node.op_type == "Conv"
            and not (min(shapes[node.input[1]][:2]) >= 192 and max(shapes[node.input[1]][2:]) == 1)
        ]
        quantize_static(
            folded,
            quantised,
            Lines(fonts),
            quant_format=QuantFormat.QDQ,
            op_types_to_quantize=["Conv"],
            nodes_to_exclude=others,
            per_channel=True,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
        )
        return onnx.load(quantised)


def saturation_probe():
    """One convolution of the greatest values: 200 in every output where processors multiply 8-bit values exactly."""
    channels = 64
    exact = 255 * 127 * channels
    initializers = {
        "one": np.array(1, np.float32),
        "x_zero": np.array(0, np.uint8),
        "weight": np.full((channels, channels, 1, 1), 127, np.int8),
        "weight_scale": np.ones(channels, np.float32),
        "weight_zero": np.zeros(channels, np.int8),
        "y_scale": np.array(exact / 200, np.float32),
    }
    inputs = ["x", "one", "x_zero", "weight", "weight_scale", "weight_zero", "y_scale", "x_zero"]
    graph = helper.make_graph(
        [helper.make_node("QLinearConv", inputs, ["y"])],
        "saturation",
        [helper.make_tensor_value_info("x", TensorProto.UINT8, [1, channels, 4, 4])],
        [helper.make_tensor_value_info("y", TensorProto.UINT8, [1, channels, 4, 4])],
        [numpy_helper.from_array(values, name) for name, values in initializers.items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)


def load(source):
    model = onnx.load(source)
    constants_to_initializers(model.graph)
    drop_identities(model.graph)
    return model


def save(model, target):
    store_as_float16(model.graph)
    del model.graph.value_info[:]
    del model.metadata_props[:]
    model.doc_string = "Changed from PaddleOCR's network as README.md says."
    onnx.checker.check_model(model)
    onnx.save(model, target)
    print(target, target.stat().st_size)


def main():
    detection = load(sys.argv[1])
    save(detection, FOLDER / "detection.onnx")

    recognition = load(sys.argv[2])
    metadata = {entry.key: entry.value for entry in recognition.metadata_props}
    characters = metadata["character"].rstrip("\n").split("\n")
    kept = kept_characters(characters)
    drop_classes(recognition.graph, kept)
    end_in_best_class(recognition.graph)
    save(quantise(recognition, sys.argv[3:]), FOLDER / "recognition.onnx")
    save(saturation_probe(), FOLDER / "saturation.onnx")
    (FOLDER / "characters.txt").write_text("".join(characters[index] + "\n" for index in kept), "utf-8")
    print(len(kept), "of", len(characters), "characters")


if __name__ == "__main__":
    main()
