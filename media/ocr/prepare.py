"""Writes the files of this folder from the PaddleOCR networks in ONNX form (see README.md for where they come from).

    python prepare.py DETECTION.onnx RECOGNITION.onnx

Needs the Python packages onnx and numpy. What changes, and only this:
- Weights of 1,024 values or more are stored as float16 behind a Cast, which the runtime folds away when it loads
  them: half the size, and all arithmetic stays in float32.
- Recognition knows fewer characters (`kept_characters` says which).
- Recognition ends in the most probable class of each step and its probability, in place of the probabilities of all
  classes: [batch, steps] int64 and float32 rather than [batch, steps, classes].
- The characters, one a line, move from the network's metadata to characters.txt.
"""

import sys
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

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
    save(recognition, FOLDER / "recognition.onnx")
    (FOLDER / "characters.txt").write_text("".join(characters[index] + "\n" for index in kept), "utf-8")
    print(len(kept), "of", len(characters), "characters")


if __name__ == "__main__":
    main()
