/**
 * An assembler for one WebAssembly function over a memory that it is given: instructions as nested calls.
 *
 * Source: WebAssembly Core Specification 2.0, chapter 5, "Binary Format" (numbers of instructions, sections, LEB128).
 */

/** Instructions in their binary form; those of an operand leave its value on the stack. */
export type Code = readonly number[];

export type LocalType = "i32" | "f32" | "v128";

const typeCodes = { i32: 0x7f, f32: 0x7d, v128: 0x7b } as const;
const functionType = 0x60;
const noResult = 0x40;
const vectorPrefix = 0xfd;

/** Unsigned LEB128. */
function unsigned(value: number): number[] {
  const bytes: number[] = [];
  for (let rest = value; ; rest >>>= 7) {
    if (rest < 0x80) return [...bytes, rest];
    bytes.push((rest & 0x7f) | 0x80);
  }
}

/** Signed LEB128. */
function signed(value: number): number[] {
  const bytes: number[] = [];
  for (let rest = value; ; rest >>= 7) {
    const low = rest & 0x7f;
    if ((rest >> 6 === 0 && (low & 0x40) === 0) || (rest >> 6 === -1 && (low & 0x40) !== 0)) return [...bytes, low];
    bytes.push(low | 0x80);
  }
}

const instruction =
  (...code: number[]) =>
  (...operands: Code[]): Code => [...operands.flat(), ...code];
const vector =
  (number: number, ...immediates: number[]) =>
  (...operands: Code[]): Code => [...operands.flat(), vectorPrefix, ...unsigned(number), ...immediates];

/** No alignment is promised, no offset added. */
const anywhere = [0, 0];

export const get = (local: number): Code => [0x20, ...unsigned(local)];
export const set = (local: number, value: Code): Code => [...value, 0x21, ...unsigned(local)];

export const i32 = {
  const: (value: number): Code => [0x41, ...signed(value)],
  add: instruction(0x6a),
  sub: instruction(0x6b),
};

export const f32 = {
  const: (value: number): Code => [0x43, ...new Uint8Array(Float32Array.of(value).buffer)],
  load: instruction(0x2a, ...anywhere),
  store: instruction(0x38, ...anywhere),
  abs: instruction(0x8b),
  mul: instruction(0x94),
  div: instruction(0x95),
  max: instruction(0x97),
};

export const v128 = {
  const: (bytes: Uint8Array): Code => [vectorPrefix, 0x0c, ...bytes],
  load: vector(0x00, ...anywhere),
  store: vector(0x0b, ...anywhere),
  and: vector(0x4e),
  /** Bytes of two vectors, picked by number: 0 to 15 of the first, 16 to 31 of the second. */
  shuffle: (lanes: readonly number[], a: Code, b: Code): Code => [...a, ...b, vectorPrefix, 0x0d, ...lanes],
  /** Bytes of a table, picked by the bytes of a vector. */
  swizzle: vector(0x0e),
};

export const i8x16 = { shiftRight: vector(0x6d), narrowUnsigned: vector(0x66) };
export const i16x8 = { narrow: vector(0x85), add: vector(0x8e) };
export const i32x4 = { fromFloats: vector(0xf8) };
export const f32x4 = { splat: vector(0x13), nearest: vector(0x6a), mul: vector(0xe6) };

/** Runs the body `times` times, counting a local down; not at all for 0. */
export function repeat(local: number, times: Code, body: readonly Code[]): Code {
  const again = [...set(local, i32.sub(get(local), i32.const(1))), 0x0c, 0];
  const leave = [...get(local), 0x45, 0x0d, 1];
  return [
    ...set(local, times),
    ...[0x02, noResult, 0x03, noResult],
    ...leave,
    ...body.flat(),
    ...again,
    ...[0x0b, 0x0b],
  ];
}

/** A module whose function `run` takes i32 parameters, gives nothing and works on the imported memory `host.memory`. */
export function assemble(parameters: number, locals: readonly LocalType[], body: readonly Code[]): Uint8Array {
  const text = (value: string): number[] => [value.length, ...Buffer.from(value, "ascii")];
  const section = (id: number, content: readonly number[]): number[] => [id, ...unsigned(content.length), ...content];
  const declared = [...unsigned(locals.length), ...locals.flatMap((type) => [1, typeCodes[type]])];
  const code = [...declared, ...body.flat(), 0x0b];
  return Uint8Array.from([
    ...[0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(1, [1, functionType, parameters, ...Array<number>(parameters).fill(typeCodes.i32), 0]),
    ...section(2, [1, ...text("host"), ...text("memory"), 2, 0, 0]),
    ...section(3, [1, 0]),
    ...section(7, [1, ...text("run"), 0, 0]),
    ...section(10, [1, ...unsigned(code.length), ...code]),
  ]);
}
