/**
 * The safetensors format: a length, a JSON header, the data.
 *
 * Source: huggingface/safetensors, README "Format". Everything in the header is checked against the file before any of
 * it is believed.
 */
import { open, stat } from "node:fs/promises";
import { FailureError } from "../../shared/failure";
import { type Checkpoint, storedBytes, type StoredTensor, type StoredType } from "./tensor";

/** Largest header, as the format's own readers have it. */
const headerLimit = 100_000_000;

const types: Readonly<Record<string, StoredType>> = {
  F32: "float32",
  F16: "float16",
  BF16: "bfloat16",
  F64: "float64",
  I64: "int64",
  I32: "int32",
  I16: "int16",
  I8: "int8",
  U8: "uint8",
  BOOL: "bool",
};

/** @throws FailureError `file-missing`, `weights-header`, `weight-dtype`, `weight-range`, `weight-overlap`. */
export async function openSafetensors(file: string): Promise<Checkpoint> {
  const { header, dataStart, fileBytes } = await readHeader(file);
  const tensors = new Map<string, StoredTensor>();
  for (const [name, entry] of Object.entries(header)) {
    if (name === "__metadata__") continue;
    tensors.set(name, describe(file, name, entry, dataStart, fileBytes));
  }
  refuseOverlaps(file, [...tensors.values()]);
  return { location: file, names: [...tensors.keys()], get: (name) => tensors.get(name) };
}

async function readHeader(file: string): Promise<{ header: object; dataStart: number; fileBytes: number }> {
  const refuse = (reason: string): never => {
    throw new FailureError({ code: "weights-header", file, reason });
  };
  const size = await stat(file).then(
    (found) => found.size,
    () => undefined,
  );
  if (size === undefined) throw new FailureError({ code: "file-missing", file });
  if (size < 8) refuse(`the file has only ${size} bytes`);
  const handle = await open(file, "r");
  try {
    const lengthBytes = Buffer.alloc(8);
    await handle.read(lengthBytes, 0, 8, 0);
    const length = Number(lengthBytes.readBigUInt64LE());
    if (length > Math.min(headerLimit, size - 8)) refuse(`a header of ${length} bytes in a file of ${size}`);
    const text = Buffer.alloc(length);
    await handle.read(text, 0, length, 8);
    const header = parseHeader(text.toString("utf8"));
    if (header === undefined) return refuse("it is not a JSON object");
    return { header, dataStart: 8 + length, fileBytes: size };
  } finally {
    await handle.close();
  }
}

function parseHeader(text: string): object | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function describe(file: string, name: string, entry: unknown, dataStart: number, fileBytes: number): StoredTensor {
  const { dtype, shape, data_offsets: offsets } = (entry ?? {}) as Record<string, unknown>;
  const type = typeof dtype === "string" ? types[dtype] : undefined;
  if (type === undefined) throw new FailureError({ code: "weight-dtype", tensor: name, file, found: String(dtype) });
  const isSize = (value: unknown): value is number => Number.isSafeInteger(value) && Number(value) >= 0;
  if (!Array.isArray(shape) || !shape.every(isSize) || !Array.isArray(offsets) || !offsets.every(isSize)) {
    throw new FailureError({ code: "weights-header", file, reason: `the entry of ${name} is malformed` });
  }
  const [begin = 0, end = 0] = offsets;
  const byteLength = shape.reduce((n, size) => n * size, 1) * storedBytes[type];
  if (offsets.length !== 2 || end - begin !== byteLength || dataStart + end > fileBytes) {
    throw new FailureError({ code: "weight-range", tensor: name, file, begin, end, fileBytes });
  }
  return { name, file, offset: dataStart + begin, byteLength, type, dims: shape };
}

function refuseOverlaps(file: string, tensors: readonly StoredTensor[]): void {
  const byOffset = tensors.filter(({ byteLength }) => byteLength > 0).sort((a, b) => a.offset - b.offset);
  for (const [index, tensor] of byOffset.entries()) {
    const next = byOffset[index + 1];
    if (next !== undefined && tensor.offset + tensor.byteLength > next.offset) {
      throw new FailureError({ code: "weight-overlap", tensor: tensor.name, other: next.name, file });
    }
  }
}
