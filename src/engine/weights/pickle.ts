/**
 * The pickle inside a PyTorch file, read by an interpreter that executes nothing.
 *
 * It knows the few opcodes and names that a dictionary of tensors needs; anything else is refused by name. The result
 * is plain data: dictionaries, tuples, numbers, strings and described tensors.
 * Source: CPython, Lib/pickletools.py; torch, torch/_utils.py (`_rebuild_tensor_v2`, `_rebuild_parameter`),
 * torch/_weights_only_unpickler.py (which opcodes and names a file of tensors has).
 */
import { describeOpcode, opcode } from "./pickle-opcodes";
import type { StoredType } from "./tensor";

/** A tensor as the pickle describes it; its data lies in another entry of the archive. */
export interface PickledTensor {
  readonly kind: "tensor";
  /** Name of the storage: the archive's entry `data/<storage>`. */
  readonly storage: string;
  readonly type: StoredType;
  /** Elements of the whole storage. */
  readonly storageElements: number;
  /** First element. */
  readonly offset: number;
  readonly dims: readonly number[];
  readonly strides: readonly number[];
}

export type PickledValue =
  | PickledTensor
  | { readonly kind: "storage"; readonly storage: string; readonly type: StoredType; readonly elements: number }
  | { readonly kind: "name"; readonly name: string }
  | { readonly kind: "tuple"; readonly items: readonly PickledValue[] }
  | { readonly kind: "dictionary"; readonly entries: Map<string, PickledValue> }
  | { readonly kind: "list"; readonly items: PickledValue[] }
  | string
  | number
  | boolean
  | null;

/** Thrown for whatever a file of tensors does not need; `found` names it. */
export class PickleRefusedError extends Error {
  readonly found: string;

  constructor(found: string) {
    super(found);
    this.name = "PickleRefusedError";
    this.found = found;
  }
}

const storageTypes: ReadonlyMap<string, StoredType> = new Map([
  ["torch.FloatStorage", "float32"],
  ["torch.HalfStorage", "float16"],
  ["torch.BFloat16Storage", "bfloat16"],
  ["torch.DoubleStorage", "float64"],
  ["torch.LongStorage", "int64"],
  ["torch.IntStorage", "int32"],
  ["torch.ShortStorage", "int16"],
  ["torch.CharStorage", "int8"],
  ["torch.ByteStorage", "uint8"],
  ["torch.BoolStorage", "bool"],
]);

const rebuildTensor = "torch._utils._rebuild_tensor_v2";
const rebuildParameter = "torch._utils._rebuild_parameter";
const orderedDictionary = "collections.OrderedDict";
const knownNames = new Set([...storageTypes.keys(), rebuildTensor, rebuildParameter, orderedDictionary]);

/** What a file of a hundred thousand tensors needs, several times over; more is an attack. */
const stepLimit = 20_000_000;
const memoLimit = 4_000_000;
const objectLimit = 2_000_000;
/** More axes than any published tensor has. */
const rankLimit = 32;
/** Longer than any module or class that a published file names. */
const lineLimit = 256;
/** Bytes of an integer: what fits 53 bits, with a sign. */
const integerBytesLimit = 8;

const mark = Symbol("mark");

class Interpreter {
  readonly #bytes: Buffer;
  #position = 0;
  readonly #stack: (PickledValue | typeof mark)[] = [];
  readonly #memo = new Map<number, PickledValue>();
  #objects = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  run(): PickledValue {
    for (let step = 0; step < stepLimit; step++) {
      const code = this.#byte();
      if (code === opcode.STOP) return this.#pop();
      this.#step(code);
    }
    throw new PickleRefusedError(`more than ${stepLimit} steps`);
  }

  #step(code: number): void {
    switch (code) {
      case opcode.PROTO:
        this.#byte();
        return;
      case opcode.MARK:
        this.#stack.push(mark);
        return;
      case opcode.NONE:
        this.#stack.push(null);
        return;
      case opcode.NEWTRUE:
      case opcode.NEWFALSE:
        this.#stack.push(code === opcode.NEWTRUE);
        return;
      case opcode.BININT:
        this.#stack.push(this.#take(4).readInt32LE());
        return;
      case opcode.BININT1:
        this.#stack.push(this.#byte());
        return;
      case opcode.BININT2:
        this.#stack.push(this.#take(2).readUInt16LE());
        return;
      case opcode.LONG1:
        this.#stack.push(this.#longInteger());
        return;
      case opcode.BINFLOAT:
        this.#stack.push(this.#take(8).readDoubleBE());
        return;
      case opcode.BINUNICODE:
        this.#stack.push(this.#take(this.#take(4).readUInt32LE()).toString("utf8"));
        return;
      case opcode.BINPUT:
        this.#remember(this.#byte());
        return;
      case opcode.LONG_BINPUT:
        this.#remember(this.#take(4).readUInt32LE());
        return;
      case opcode.BINGET:
        this.#recall(this.#byte());
        return;
      case opcode.LONG_BINGET:
        this.#recall(this.#take(4).readUInt32LE());
        return;
      default:
        this.#compound(code);
    }
  }

  #compound(code: number): void {
    if (this.#objects++ === objectLimit) throw new PickleRefusedError(`more than ${objectLimit} objects`);
    switch (code) {
      case opcode.EMPTY_DICT:
        this.#stack.push({ kind: "dictionary", entries: new Map() });
        return;
      case opcode.EMPTY_LIST:
        this.#stack.push({ kind: "list", items: [] });
        return;
      case opcode.EMPTY_TUPLE:
        this.#stack.push({ kind: "tuple", items: [] });
        return;
      case opcode.TUPLE:
        this.#stack.push({ kind: "tuple", items: this.#popToMark() });
        return;
      case opcode.TUPLE1:
      case opcode.TUPLE2:
      case opcode.TUPLE3:
        this.#stack.push({ kind: "tuple", items: this.#popMany(code - opcode.TUPLE1 + 1) });
        return;
      case opcode.SETITEM:
        this.#setItems(this.#popMany(2));
        return;
      case opcode.SETITEMS:
        this.#setItems(this.#popToMark());
        return;
      case opcode.APPEND:
        this.#append(this.#popMany(1));
        return;
      case opcode.APPENDS:
        this.#append(this.#popToMark());
        return;
      case opcode.GLOBAL:
        this.#stack.push(this.#name());
        return;
      case opcode.BINPERSID:
        this.#stack.push(storageOf(this.#pop()));
        return;
      case opcode.REDUCE: {
        const [callee = null, argument = null] = this.#popMany(2);
        this.#stack.push(rebuild(callee, argument));
        return;
      }
      case opcode.BUILD:
        // A dictionary of tensors may carry `_metadata`, which nothing here needs.
        this.#pop();
        if (!isKind(this.#top(), "dictionary")) throw new PickleRefusedError("BUILD of an object");
        return;
      default:
        throw new PickleRefusedError(describeOpcode(code));
    }
  }

  #name(): PickledValue {
    const name = `${this.#line()}.${this.#line()}`;
    if (!knownNames.has(name)) throw new PickleRefusedError(name);
    return { kind: "name", name };
  }

  #setItems(pairs: readonly PickledValue[]): void {
    const target = this.#top();
    if (!isKind(target, "dictionary")) throw new PickleRefusedError("items of something that is no dictionary");
    for (let index = 0; index + 1 < pairs.length; index += 2) {
      const key = pairs[index];
      if (typeof key !== "string") throw new PickleRefusedError("a key that is no text");
      if (target.entries.has(key)) throw new PickleRefusedError(`the key ${key.slice(0, lineLimit)} twice`);
      target.entries.set(key, pairs[index + 1] ?? null);
    }
  }

  #append(items: readonly PickledValue[]): void {
    const target = this.#top();
    if (!isKind(target, "list")) throw new PickleRefusedError("items of something that is no list");
    for (const item of items) target.items.push(item);
  }

  #longInteger(): number {
    const bytes = this.#take(this.#byte());
    if (bytes.length > integerBytesLimit) throw new PickleRefusedError(`an integer of ${bytes.length} bytes`);
    const negative = ((bytes.at(-1) ?? 0) & 0x80) !== 0;
    let value = 0n;
    for (const byte of Buffer.from(bytes).reverse()) value = (value << 8n) | BigInt(byte);
    const signed = negative ? value - (1n << BigInt(8 * bytes.length)) : value;
    if (signed > BigInt(Number.MAX_SAFE_INTEGER) || signed < -BigInt(Number.MAX_SAFE_INTEGER)) {
      throw new PickleRefusedError("an integer beyond 53 bits");
    }
    return Number(signed);
  }

  #remember(key: number): void {
    if (this.#memo.size === memoLimit) throw new PickleRefusedError(`more than ${memoLimit} remembered objects`);
    this.#memo.set(key, this.#top());
  }

  #recall(key: number): void {
    const value = this.#memo.get(key);
    if (value === undefined) throw new PickleRefusedError(`memo ${key}, which was never set`);
    this.#stack.push(value);
  }

  #top(): PickledValue {
    const value = this.#stack.at(-1);
    if (value === undefined || value === mark) throw new PickleRefusedError("an empty stack");
    return value;
  }

  #pop(): PickledValue {
    const value = this.#top();
    this.#stack.pop();
    return value;
  }

  #popMany(count: number): PickledValue[] {
    return Array.from({ length: count }, () => this.#pop()).reverse();
  }

  #popToMark(): PickledValue[] {
    const begin = this.#stack.lastIndexOf(mark);
    if (begin < 0) throw new PickleRefusedError("a missing mark");
    // The last mark lies at `begin`: what follows it is values.
    return this.#stack.splice(begin).filter((item) => item !== mark);
  }

  #byte(): number {
    const byte = this.#bytes[this.#position++];
    if (byte === undefined) throw new PickleRefusedError("an early end");
    return byte;
  }

  #take(length: number): Buffer {
    const end = this.#position + length;
    if (end > this.#bytes.length) throw new PickleRefusedError("an early end");
    const taken = this.#bytes.subarray(this.#position, end);
    this.#position = end;
    return taken;
  }

  #line(): string {
    const end = this.#bytes.indexOf(0x0a, this.#position);
    if (end < 0) throw new PickleRefusedError("an early end");
    if (end - this.#position > lineLimit) throw new PickleRefusedError(`a name of ${end - this.#position} bytes`);
    const line = this.#bytes.toString("utf8", this.#position, end);
    this.#position = end + 1;
    return line;
  }
}

/** ("storage", type, key, location, elements) */
function storageOf(id: PickledValue): PickledValue {
  const [tag, type, key, , elements] = isKind(id, "tuple") ? id.items : [];
  const stored = type !== undefined && isKind(type, "name") ? storageTypes.get(type.name) : undefined;
  if (tag !== "storage" || stored === undefined || typeof key !== "string" || !isCount(elements)) {
    throw new PickleRefusedError("a persistent id that is no storage");
  }
  return { kind: "storage", storage: key, type: stored, elements };
}

function rebuild(callee: PickledValue, argument: PickledValue): PickledValue {
  const name = isKind(callee, "name") ? callee.name : "a call of something that is no name";
  const items = isKind(argument, "tuple") ? argument.items : [];
  if (name === orderedDictionary && items.length === 0) return { kind: "dictionary", entries: new Map() };
  if (name === rebuildParameter && isKind(items[0], "tensor")) return items[0];
  if (name !== rebuildTensor) throw new PickleRefusedError(name);
  const [storage, offset, dims, strides] = items;
  const sizes = counts(dims);
  const steps = counts(strides);
  if (!isKind(storage, "storage") || !isCount(offset) || sizes === undefined || steps?.length !== sizes.length) {
    throw new PickleRefusedError("a tensor of malformed parts");
  }
  const { storage: key, type, elements } = storage;
  return { kind: "tensor", storage: key, type, storageElements: elements, offset, dims: sizes, strides: steps };
}

function counts(value: PickledValue | undefined): readonly number[] | undefined {
  if (!isKind(value, "tuple") || value.items.length > rankLimit) return undefined;
  return value.items.every(isCount) ? value.items : undefined;
}

const isCount = (value: PickledValue | undefined): value is number => Number.isSafeInteger(value) && Number(value) >= 0;

type Kinds = Exclude<PickledValue, string | number | boolean | null>;

export function isKind<K extends Kinds["kind"]>(
  value: PickledValue | undefined,
  kind: K,
): value is Extract<Kinds, { kind: K }> {
  return typeof value === "object" && value !== null && value.kind === kind;
}

/** @throws PickleRefusedError naming the first thing that a dictionary of tensors does not need. */
export function readPickle(bytes: Buffer): PickledValue {
  return new Interpreter(bytes).run();
}
