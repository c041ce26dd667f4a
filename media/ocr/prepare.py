"""Writes the files of this folder from the PaddleOCR networks in ONNX form (see README.md for where they come from).

    python prepare.py DETECTION.onnx RECOGNITION.onnx [CHARACTERS.txt]

Needs the Python packages onnx and numpy. What changes, and only this:
- Weights of 1,024 values or more are stored as float16 behind a Cast, which the runtime folds away when it loads
  them: half the size, and all arithmetic stays in float32.
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


def end_in_best_class(graph):
    softmax = graph.node[-1]
    assert softmax.op_type == "Softmax", softmax.op_type
    logits = softmax.input[0]
    del graph.node[-1]
    # The greatest of softmax(x) is 1 / sum(exp(x - max(x))) = exp(max(x) - logsumexp(x)).
    graph.node.extend(
        [
            helper.make_node("ArgMax", [logits], ["classes"], axis=2, keepdims=0),
            helper.make_node("ReduceMax", [logits], ["best"], axes=[2], keepdims=0),
            helper.make_node("ReduceLogSumExp", [logits], ["all"], axes=[2], keepdims=0),
            helper.make_node("Sub", ["best", "all"], ["difference"]),
            helper.make_node("Exp", ["difference"], ["probabilities"]),
        ]
    )
    del graph.output[:]
    shape = ["batch", "steps"]
    graph.output.append(helper.make_tensor_value_info("classes", TensorProto.INT64, shape))
    graph.output.append(helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, shape))


def prepare(source, target, recognition):
    model = onnx.load(source)
    constants_to_initializers(model.graph)
    drop_identities(model.graph)
    if recognition:
        end_in_best_class(model.graph)
    store_as_float16(model.graph)
    del model.graph.value_info[:]
    metadata = {property.key: property.value for property in model.metadata_props}
    del model.metadata_props[:]
    model.doc_string = "Changed from PaddleOCR's network as README.md says."
    onnx.checker.check_model(model)
    onnx.save(model, target)
    print(target, target.stat().st_size)
    return metadata


def main():
    prepare(sys.argv[1], FOLDER / "detection.onnx", recognition=False)
    metadata = prepare(sys.argv[2], FOLDER / "recognition.onnx", recognition=True)
    characters = Path(sys.argv[3]).read_text("utf-8") if len(sys.argv) > 3 else metadata["character"]
    (FOLDER / "characters.txt").write_text(characters.rstrip("\n") + "\n", "utf-8")


if __name__ == "__main__":
    main()
