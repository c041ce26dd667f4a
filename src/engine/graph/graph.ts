/**
 * A graph under construction. Values carry their shape, so a wrong shape fails here and not inside the runtime.
 *
 * Published tensors are not read while a graph is built: each use becomes a weight job (what to read and how to
 * convert it), carried out later when the network is written to disk. A graph that keeps its weights in place has no
 * jobs: its initializers are the published files' own bytes, and what is not float32 there is cast when the graph runs.
 */
import path from "node:path";
import { FailureError } from "../../shared/failure";
import { isWeightType } from "../weights/convert";
import type { StoredTensor } from "../weights/tensor";
import type { WeightTransform } from "../weights/transform";
import {
  type Attribute,
  type Dim,
  elementCode,
  type ElementType,
  type GraphDescription,
  type Initializer,
  type Node,
  type ValueInfo,
} from "./onnx";

/** A value of the graph: an edge with a name, a type and a shape. */
export type Value = ValueInfo;

/** An initializer whose bytes a weight job will produce. */
export interface PendingInitializer {
  readonly name: string;
  readonly type: ElementType;
  readonly dims: readonly number[];
}

/** Tensors of equal row length, joined by rows, converted into one or more initializers. */
export interface WeightJob {
  readonly tensors: readonly StoredTensor[];
  readonly transform: WeightTransform;
  readonly outputs: readonly PendingInitializer[];
}

export interface NodeOptions {
  readonly attributes?: Readonly<Record<string, Attribute>>;
  readonly domain?: "" | "com.microsoft";
  /** Element type of the outputs; the first input's unless given. */
  readonly type?: ElementType;
}

export interface GraphOptions {
  /** Use published tensors where they lie; all of them must lie in one folder then. */
  readonly weightsInPlace?: boolean;
}

export class Graph {
  readonly name: string;
  readonly #inPlace: boolean;
  readonly #stored = new Map<string, StoredTensor>();
  readonly #inputs: ValueInfo[] = [];
  readonly #outputs: ValueInfo[] = [];
  readonly #nodes: Node[] = [];
  readonly #inline = new Map<string, Initializer>();
  readonly #jobs = new Map<string, WeightJob>();

  constructor(name: string, { weightsInPlace = false }: GraphOptions = {}) {
    this.name = name;
    this.#inPlace = weightsInPlace;
  }

  input(name: string, type: ElementType, dims: readonly Dim[]): Value {
    const value = { name, type, dims };
    this.#inputs.push(value);
    return value;
  }

  output(name: string, value: Value): void {
    this.#nodes.push({ op: "Identity", domain: "", name, inputs: [value.name], outputs: [name], attributes: {} });
    this.#outputs.push({ ...value, name });
  }

  /** Makes a value that an operator has already named a graph output of another name. */
  nameOutput(name: string, value: Value): void {
    const node = this.#nodes.findIndex(({ outputs }) => outputs.includes(value.name));
    const found = this.#nodes[node];
    if (found === undefined) throw new TypeError(`${value.name} is not in this graph`);
    const outputs = found.outputs.map((output) => (output === value.name ? name : output));
    this.#nodes[node] = { ...found, outputs };
    this.#outputs.push({ ...value, name });
  }

  /** An operator with one output. */
  node(op: string, inputs: readonly (Value | undefined)[], dims: readonly Dim[], options: NodeOptions = {}): Value {
    const [value] = this.nodeWithOutputs(op, inputs, [dims], options);
    if (value === undefined) throw new TypeError(`${op} has no output`);
    return value;
  }

  /** An operator with several outputs; `undefined` leaves an optional input or output out. */
  nodeWithOutputs(
    op: string,
    inputs: readonly (Value | undefined)[],
    outputDims: readonly (readonly Dim[] | undefined)[],
    { attributes = {}, domain = "", type = inputs[0]?.type ?? "float32" }: NodeOptions = {},
  ): (Value | undefined)[] {
    const name = `${this.name}/${op}.${this.#nodes.length}`;
    const outputs = outputDims.map((dims, index) =>
      dims === undefined ? undefined : { name: index === 0 ? name : `${name}:${index}`, type, dims },
    );
    this.#nodes.push({
      op,
      domain,
      name,
      inputs: inputs.map((input) => input?.name ?? ""),
      outputs: outputs.map((output) => output?.name ?? ""),
      attributes,
    });
    return outputs;
  }

  /** A small constant, stored in the ONNX file itself. Asking twice for one name stores it once. */
  constant(name: string, type: ElementType, dims: readonly number[], bytes: Uint8Array): Value {
    if (!this.#inline.has(name)) this.#inline.set(name, { name, type, dims, data: bytes });
    return { name, type, dims };
  }

  ints(values: readonly number[], dims: readonly number[] = [values.length]): Value {
    const bytes = new Uint8Array(BigInt64Array.from(values, BigInt).buffer);
    return this.constant(
      `ints${dims.length === 0 ? "" : `[${dims.join("x")}]`}(${values.join(",")})`,
      "int64",
      dims,
      bytes,
    );
  }

  scalar(value: number): Value {
    return this.constant(`float(${value})`, "float32", [], new Uint8Array(Float32Array.of(value).buffer));
  }

  /** A constant table computed by the builder, such as interpolation weights. */
  table(name: string, dims: readonly number[], values: Float32Array): Value {
    return this.constant(name, "float32", dims, new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
  }

  /** A published tensor in float32, converted from whatever it is stored as. */
  weight(tensor: StoredTensor, dims: readonly number[] = tensor.dims): Value {
    if (this.#inPlace) return this.cast(this.stored(tensor, dims), "float32");
    const [value] = this.converted([tensor], { kind: "float32" }, [{ name: tensor.name, type: "float32", dims }]);
    if (value === undefined) throw new TypeError(`no output for ${tensor.name}`);
    return value;
  }

  /** A published tensor as it is stored. @throws FailureError `weight-dtype` for a type that weights do not have. */
  stored(tensor: StoredTensor, dims: readonly number[] = tensor.dims): Value {
    const { name, file, type } = tensor;
    if (!isWeightType(type)) throw new FailureError({ code: "weight-dtype", tensor: name, file, found: type });
    const shaped = `${name}[${dims.join("x")}]`;
    this.#stored.set(shaped, { ...tensor, dims });
    return { name: shaped, type, dims };
  }

  /** The same value in another element type. */
  cast(x: Value, type: ElementType): Value {
    if (x.type === type) return x;
    return this.node("Cast", [x], x.dims, { attributes: { to: elementCode[type] }, type });
  }

  /** Files that hold the tensors which are used in place. */
  get files(): readonly string[] {
    return [...new Set([...this.#stored.values()].map(({ file }) => file))];
  }

  /** Bytes of the tensors that are used in place. */
  get storedBytes(): number {
    return [...this.#stored.values()].reduce((sum, { byteLength }) => sum + byteLength, 0);
  }

  /** Published tensors through a weight job. Asking twice for one name stores it once. */
  converted(
    tensors: readonly StoredTensor[],
    transform: WeightTransform,
    outputs: readonly PendingInitializer[],
  ): readonly Value[] {
    const key = outputs.map(({ name }) => name).join();
    if (!this.#jobs.has(key)) this.#jobs.set(key, { tensors, transform, outputs });
    return outputs;
  }

  /** What must be read and converted for this graph, in the order of first use. */
  get jobs(): readonly WeightJob[] {
    return [...this.#jobs.values()];
  }

  /** This graph as a plain description, given where the converted weights have been written. */
  describe(written: readonly Initializer[] = []): GraphDescription {
    // The runtime orders nodes by their places in the file where data leaves a choice, and goes back from the end: what
    // is made of weights alone and stands first is done just before its use. Standing elsewhere, all weights are cast at
    // the start and lie in memory together (measured on a UNet of SD-Turbo's size in float16: 5.6 GB, not 2.5 GB).
    const known = new Set(["", ...this.#inline.keys(), ...this.#stored.keys()]);
    const ofWeights = new Set<Node>();
    for (const node of this.#inPlace ? this.#nodes : []) {
      if (!node.inputs.every((input) => known.has(input))) continue;
      ofWeights.add(node);
      for (const output of node.outputs) known.add(output);
    }
    return {
      name: this.name,
      nodes: [...ofWeights, ...this.#nodes.filter((node) => !ofWeights.has(node))],
      inputs: this.#inputs,
      outputs: this.#outputs,
      initializers: [...this.#inline.values(), ...[...this.#stored].map(inPlace), ...written],
    };
  }
}

function inPlace([name, { file, offset, byteLength, type, dims }]: [string, StoredTensor]): Initializer {
  if (!isWeightType(type)) throw new TypeError(`${name} is of the type ${type}`);
  return { name, type, dims, data: { location: path.basename(file), offset, length: byteLength } };
}
