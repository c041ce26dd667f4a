/** Rows of the embedding table, read from disk as they are needed: the table is too large to hold in memory. */
import { closeSync, openSync, readSync } from "node:fs";
import path from "node:path";
import { FailureError } from "../../shared/failure";

/** Where converted rows of a table lie: float32, or int8 codes with a scale for each block of columns. */
export interface StoredRows {
  readonly kind: "float32" | "blocks";
  readonly rows: number;
  readonly columns: number;
  /** Columns that share a scale; for "blocks" only. */
  readonly blockSize: number;
  readonly values: RowsLocation;
  readonly scales?: RowsLocation;
}

export interface RowsLocation {
  readonly file: string;
  readonly offset: number;
}

/** int8 codes are stored with this added, as MatMulNBits wants them. */
const zeroCode = 128;

export class EmbeddingTable {
  readonly #stored: StoredRows;
  readonly #values: number;
  readonly #scales: number | undefined;

  /** @throws Error of the file system where a file cannot be opened. */
  constructor(folder: string, stored: StoredRows) {
    this.#stored = stored;
    this.#values = openSync(path.join(folder, stored.values.file), "r");
    this.#scales = stored.scales === undefined ? undefined : openSync(path.join(folder, stored.scales.file), "r");
  }

  /**
   * @param ids rows wanted, 0 … rows − 1.
   * @returns [ids, columns]
   */
  rows(ids: readonly number[]): Float32Array {
    const { columns } = this.#stored;
    const result = new Float32Array(ids.length * columns);
    for (const [index, id] of ids.entries()) this.#row(id, result.subarray(index * columns, (index + 1) * columns));
    return result;
  }

  dispose(): void {
    closeSync(this.#values);
    if (this.#scales !== undefined) closeSync(this.#scales);
  }

  #row(id: number, into: Float32Array): void {
    const { rows, columns, kind, blockSize, values, scales } = this.#stored;
    if (id < 0 || id >= rows) throw new RangeError(`token ${id} is outside a vocabulary of ${rows}`);
    if (kind === "float32" || scales === undefined || this.#scales === undefined) {
      const bytes = new Uint8Array(into.buffer, into.byteOffset, into.byteLength);
      this.#read(this.#values, bytes, values.offset + id * columns * 4, values.file);
      return;
    }
    const blocks = Math.ceil(columns / blockSize);
    const codes = new Uint8Array(blocks * blockSize);
    const factors = new Float32Array(blocks);
    this.#read(this.#values, codes, values.offset + id * codes.length, values.file);
    this.#read(this.#scales, new Uint8Array(factors.buffer), scales.offset + id * factors.byteLength, scales.file);
    for (let column = 0; column < columns; column++) {
      into[column] = ((codes[column] ?? zeroCode) - zeroCode) * (factors[Math.floor(column / blockSize)] ?? 0);
    }
  }

  #read(handle: number, into: Uint8Array, position: number, file: string): void {
    const read = readSync(handle, into, 0, into.length, position);
    if (read !== into.length) {
      throw new FailureError({ code: "file-unreadable", file, reason: `ends ${into.length - read} bytes early` });
    }
  }
}
