/**
 * Four-bit matrices as bytes, for products of integers: each row gets one step, and a weight is a multiple of it.
 *
 * Bytes reach from 0 to 128 around 64. With more, processors without VNNI would saturate the sum of two products in
 * sixteen bits: 2 · 128 · 127 is the most that fits (bytes times activations of −127 to 127).
 *
 * This is done anew for every prompt, so it is WebAssembly, which has vectors: sixteen codes at once are looked up in
 * a table of the sixteen bytes that the codes of their block stand for.
 */
import { assemble, f32, f32x4, get, i16x8, i32, i32x4, i8x16, repeat, set, v128 } from "./wasm";

/** What stands for zero. */
export const middleByte = 64;
/** Largest distance of a code from the middle one, whose byte is as far from the middle at most. */
const codeReach = 8;

export interface FourBitShape {
  readonly rows: number;
  readonly columns: number;
  /** A multiple of 32 that divides the columns. */
  readonly blockSize: number;
}

/** Where things lie in the memory, in bytes from its beginning. */
export interface UnpackPlaces {
  /** As `quantiseRows` packs symmetric blocks: [rows, columns / 2] bytes. */
  readonly codes: number;
  /** float32 [rows, columns / blockSize] */
  readonly scales: number;
  /** Written: uint8 [rows, columns]. */
  readonly bytes: number;
  /** Written: float32 [rows]; a weight is its byte's distance from the middle times its row's step. */
  readonly steps: number;
}

type Run = (...parameters: number[]) => void;

const pageBytes = 1 << 16;

export class RowUnpacker {
  readonly memory: ArrayBuffer;
  readonly #run: Run;

  /** Whether the processor has the vectors that this needs. */
  static get works(): boolean {
    return WebAssembly.validate(program);
  }

  /** @param byteLength of the memory. */
  constructor(byteLength: number) {
    const memory = new WebAssembly.Memory({ initial: Math.ceil(byteLength / pageBytes) });
    const { exports } = new WebAssembly.Instance(new WebAssembly.Module(program), { host: { memory } });
    this.memory = memory.buffer;
    this.#run = exports["run"] as Run;
  }

  unpack({ rows, columns, blockSize }: FourBitShape, { codes, scales, bytes, steps }: UnpackPlaces): void {
    this.#run(codes, scales, bytes, steps, rows, columns / blockSize, blockSize / 32);
  }
}

const program = unpackProgram();

function unpackProgram(): Uint8Array {
  const [codes, scales, bytes, steps, rows, blocks, vectors] = [0, 1, 2, 3, 4, 5, 6] as const;
  const [row, block, part, scale, extreme, unit, factor, table, packed] = [7, 8, 9, 10, 11, 12, 13, 14, 15] as const;
  const locals = ["i32", "i32", "i32", "i32", "f32", "f32", "v128", "v128", "v128"] as const;

  const forward = (pointer: number, size: number) => set(pointer, i32.add(get(pointer), i32.const(size)));
  const same = (value: number): ReturnType<typeof v128.const> => v128.const(new Uint8Array(16).fill(value));
  /** round(code · factor) for four codes from `first` on, as i32x4. */
  const four = (first: number) => {
    const values = v128.const(new Uint8Array(Float32Array.of(first, first + 1, first + 2, first + 3).buffer));
    return i32x4.fromFloats(f32x4.nearest(f32x4.mul(values, get(factor))));
  };
  const middle = v128.const(new Uint8Array(Int16Array.from({ length: 8 }, () => middleByte).buffer));
  const eight = (first: number) => i16x8.add(i16x8.narrow(four(first), four(first + 4)), middle);
  const looked = (indices: ReturnType<typeof v128.and>) => v128.swizzle(get(table), indices);
  const low = looked(v128.and(get(packed), same(0x0f)));
  const high = looked(i8x16.shiftRight(get(packed), i32.const(4)));
  /** Codes of a pair side by side again: the first one lies in the low half of a byte. */
  const pairs = (from: number): number[] => Array.from({ length: 16 }, (_, i) => from + (i >> 1) + (i & 1) * 16);

  return assemble(7, locals, [
    repeat(row, get(rows), [
      set(extreme, f32.const(0)),
      set(scale, get(scales)),
      repeat(block, get(blocks), [
        set(extreme, f32.max(get(extreme), f32.abs(f32.load(get(scale))))),
        forward(scale, 4),
      ]),
      f32.store(get(steps), f32.mul(get(extreme), f32.const(codeReach / middleByte))),
      forward(steps, 4),
      // A row of zeros divides by a number that cannot be a scale, and stays zero.
      set(unit, f32.div(f32.const(middleByte / codeReach), f32.max(get(extreme), f32.const(1e-30)))),
      repeat(block, get(blocks), [
        set(factor, f32x4.splat(f32.mul(f32.load(get(scales)), get(unit)))),
        forward(scales, 4),
        set(table, i8x16.narrowUnsigned(eight(-codeReach), eight(0))),
        repeat(part, get(vectors), [
          set(packed, v128.load(get(codes))),
          forward(codes, 16),
          v128.store(get(bytes), v128.shuffle(pairs(0), low, high)),
          v128.store(i32.add(get(bytes), i32.const(16)), v128.shuffle(pairs(8), low, high)),
          forward(bytes, 32),
        ]),
      ]),
    ]),
  ]);
}
