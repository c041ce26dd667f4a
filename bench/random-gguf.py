"""Writes a GGUF file of Gemma-2B's shape with random Q4_0 weights: `python bench/random-gguf.py FILE` (needs gguf, numpy)."""
import sys

import gguf
import numpy as np

LAYERS = int(sys.argv[2]) if len(sys.argv) > 2 else 18
WIDTH, HEADS, KEY_VALUE_HEADS, HEAD, INNER, VOCABULARY = 2048, 8, 1, 256, 16384, 256000
BLOCK, BLOCK_BYTES = 32, 18

writer = gguf.GGUFWriter(sys.argv[1], "gemma")
writer.add_context_length(8192)
writer.add_embedding_length(WIDTH)
writer.add_block_count(LAYERS)
writer.add_feed_forward_length(INNER)
writer.add_head_count(HEADS)
writer.add_head_count_kv(KEY_VALUE_HEADS)
writer.add_key_length(HEAD)
writer.add_value_length(HEAD)
writer.add_layer_norm_rms_eps(1e-6)
writer.add_file_type(2)
special = ["<pad>", "<eos>", "<bos>", "<unk>"]
tokens = special + [f"<0x{byte:02X}>" for byte in range(256)] + [f"t{i}" for i in range(VOCABULARY - 260)]
writer.add_tokenizer_model("llama")
writer.add_tokenizer_pre("default")
writer.add_token_list(tokens)
writer.add_token_scores([0.0] * VOCABULARY)
writer.add_token_types([3, 3, 3, 2] + [6] * 256 + [1] * (VOCABULARY - 260))
writer.add_bos_token_id(2)
writer.add_eos_token_id(1)
writer.add_unk_token_id(3)
writer.add_pad_token_id(0)

generator = np.random.default_rng(0)


def matrix(name: str, rows: int, columns: int) -> None:
    blocks = np.empty((rows * columns // BLOCK, BLOCK_BYTES), np.uint8)
    blocks[:, :2] = np.frombuffer(np.float16(0.0005).tobytes(), np.uint8)
    blocks[:, 2:] = generator.integers(0, 256, (len(blocks), BLOCK_BYTES - 2), dtype=np.uint8)
    data = blocks.reshape(rows, columns // BLOCK * BLOCK_BYTES)
    writer.add_tensor(name, data, raw_dtype=gguf.GGMLQuantizationType.Q4_0)


matrix("token_embd.weight", VOCABULARY, WIDTH)
writer.add_tensor("output_norm.weight", np.ones(WIDTH, np.float32))
for layer in range(LAYERS):
    prefix = f"blk.{layer}."
    writer.add_tensor(prefix + "attn_norm.weight", np.ones(WIDTH, np.float32))
    writer.add_tensor(prefix + "ffn_norm.weight", np.ones(WIDTH, np.float32))
    matrix(prefix + "attn_q.weight", HEADS * HEAD, WIDTH)
    matrix(prefix + "attn_k.weight", KEY_VALUE_HEADS * HEAD, WIDTH)
    matrix(prefix + "attn_v.weight", KEY_VALUE_HEADS * HEAD, WIDTH)
    matrix(prefix + "attn_output.weight", WIDTH, HEADS * HEAD)
    matrix(prefix + "ffn_gate.weight", INNER, WIDTH)
    matrix(prefix + "ffn_up.weight", INNER, WIDTH)
    matrix(prefix + "ffn_down.weight", WIDTH, INNER)
writer.write_header_to_file()
writer.write_kv_data_to_file()
writer.write_tensors_to_file()
writer.close()
