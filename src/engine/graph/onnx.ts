/**
 * The part of the ONNX file format that this project writes, as a protobuf schema.
 *
 * Source: the format's own description, onnx/onnx.proto (field numbers), IR version 10.
 */
import protobuf from "protobufjs/light";

/** Element types of graph values. */
export type ElementType =
  "float32" | "uint8" | "int8" | "int32" | "int64" | "bool" | "float16" | "float64" | "bfloat16";

/** TensorProto.DataType. */
export const elementCode = {
  float32: 1,
  uint8: 2,
  int8: 3,
  int32: 6,
  int64: 7,
  bool: 9,
  float16: 10,
  float64: 11,
  bfloat16: 16,
} as const satisfies Record<ElementType, number>;

/** Bytes of one element. */
export const elementBytes = {
  float32: 4,
  uint8: 1,
  int8: 1,
  int32: 4,
  int64: 8,
  bool: 1,
  float16: 2,
  float64: 8,
  bfloat16: 2,
} as const satisfies Record<ElementType, number>;

/** A number of elements, or the name of a size that is only known at run time. */
export type Dim = number | string;

export interface ValueInfo {
  readonly name: string;
  readonly type: ElementType;
  readonly dims: readonly Dim[];
}

/** Bytes that lie in a data file beside the ONNX file. */
export interface ExternalData {
  readonly location: string;
  readonly offset: number;
  readonly length: number;
}

export interface Initializer {
  readonly name: string;
  readonly type: ElementType;
  readonly dims: readonly number[];
  readonly data: Uint8Array | ExternalData;
}

export interface PlacedInitializer extends Initializer {
  readonly data: ExternalData;
}

/** A plain number is an integer attribute; floats say so. */
export type Attribute = number | readonly number[] | string | { readonly float: number };

export interface Node {
  readonly op: string;
  /** "" for the standard operators, "com.microsoft" for onnxruntime's own. */
  readonly domain: string;
  readonly name: string;
  /** "" stands for an optional input that is left out. */
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: Readonly<Record<string, Attribute>>;
}

/** A whole graph as plain data. */
export interface GraphDescription {
  readonly name: string;
  readonly nodes: readonly Node[];
  readonly inputs: readonly ValueInfo[];
  readonly outputs: readonly ValueInfo[];
  readonly initializers: readonly Initializer[];
}

type FieldSpec = readonly [id: number, type: string, repeated?: "repeated"];

function message(fields: Readonly<Record<string, FieldSpec>>): protobuf.IType {
  const described = Object.entries(fields).map(([name, [id, type, rule]]) => [
    name,
    rule === undefined ? { id, type } : { id, type, rule },
  ]);
  return { fields: Object.fromEntries(described) as Record<string, protobuf.IField> };
}

const schema = protobuf.Root.fromJSON({
  nested: {
    Model: message({
      irVersion: [1, "int64"],
      producerName: [2, "string"],
      graph: [7, "Graph"],
      opsetImport: [8, "OperatorSet", "repeated"],
    }),
    OperatorSet: message({ domain: [1, "string"], version: [2, "int64"] }),
    Graph: message({
      node: [1, "Node", "repeated"],
      name: [2, "string"],
      initializer: [5, "Tensor", "repeated"],
      input: [11, "ValueInfo", "repeated"],
      output: [12, "ValueInfo", "repeated"],
    }),
    Node: message({
      input: [1, "string", "repeated"],
      output: [2, "string", "repeated"],
      name: [3, "string"],
      opType: [4, "string"],
      attribute: [5, "Attribute", "repeated"],
      domain: [7, "string"],
    }),
    Attribute: message({
      name: [1, "string"],
      f: [2, "float"],
      i: [3, "int64"],
      s: [4, "bytes"],
      floats: [7, "float", "repeated"],
      ints: [8, "int64", "repeated"],
      type: [20, "int32"],
    }),
    Tensor: message({
      dims: [1, "int64", "repeated"],
      dataType: [2, "int32"],
      name: [8, "string"],
      rawData: [9, "bytes"],
      externalData: [13, "StringEntry", "repeated"],
      dataLocation: [14, "int32"],
    }),
    StringEntry: message({ key: [1, "string"], value: [2, "string"] }),
    ValueInfo: message({ name: [1, "string"], type: [2, "Type"] }),
    Type: message({ tensorType: [1, "TensorType"] }),
    TensorType: message({ elemType: [1, "int32"], shape: [2, "Shape"] }),
    Shape: message({ dim: [1, "Dimension", "repeated"] }),
    Dimension: message({ dimValue: [1, "int64"], dimParam: [2, "string"] }),
  },
});

const attributeType = { float: 1, int: 2, string: 3, ints: 7 } as const;
const externalLocation = 1;
const irVersion = 10;
const operatorSets = [
  { domain: "", version: 20 },
  { domain: "com.microsoft", version: 1 },
];

/** The bytes of an ONNX file. */
export function encodeModel(graph: GraphDescription): Uint8Array {
  const model = { irVersion, producerName: "mini-gemini", graph: describeGraph(graph), opsetImport: operatorSets };
  return schema.lookupType("Model").encode(model).finish();
}

/** Where the initializers of an ONNX file lie that have their bytes in data files, by name. */
export function externalInitializers(file: Uint8Array): ReadonlyMap<string, PlacedInitializer> {
  const model = schema.lookupType("Model");
  const read = model.toObject(model.decode(file), { longs: Number, arrays: true }) as DecodedModel;
  const placed = read.graph.initializer.flatMap(({ name, dims, dataType, externalData }) => {
    const type = elementTypes.find((known) => elementCode[known] === dataType);
    const entries = Object.fromEntries(externalData.map(({ key, value }) => [key, value]));
    const { location, offset, length } = entries;
    if (type === undefined || location === undefined) return [];
    return [[name, { name, type, dims, data: { location, offset: Number(offset), length: Number(length) } }] as const];
  });
  return new Map(placed);
}

interface DecodedModel {
  readonly graph: {
    readonly initializer: readonly {
      readonly name: string;
      readonly dims: readonly number[];
      readonly dataType: number;
      readonly externalData: readonly { readonly key: string; readonly value: string }[];
    }[];
  };
}

const elementTypes = Object.keys(elementCode) as ElementType[];

function describeGraph({ name, nodes, inputs, outputs, initializers }: GraphDescription): object {
  return {
    name,
    node: nodes.map(describeNode),
    initializer: initializers.map(describeInitializer),
    input: inputs.map(describeValue),
    output: outputs.map(describeValue),
  };
}

function describeNode({ op, domain, name, inputs, outputs, attributes }: Node): object {
  const attribute = Object.entries(attributes).map(([key, value]) => describeAttribute(key, value));
  return { input: inputs, output: outputs, name, opType: op, domain, attribute };
}

function describeAttribute(name: string, value: Attribute): object {
  if (typeof value === "number") return { name, i: value, type: attributeType.int };
  if (typeof value === "string") return { name, s: Buffer.from(value, "utf8"), type: attributeType.string };
  if ("float" in value) return { name, f: value.float, type: attributeType.float };
  return { name, ints: value, type: attributeType.ints };
}

function describeInitializer({ name, type, dims, data }: Initializer): object {
  const described = { name, dims, dataType: elementCode[type] };
  if (data instanceof Uint8Array) return { ...described, rawData: data };
  const externalData = Object.entries(data).map(([key, value]) => ({ key, value: String(value) }));
  return { ...described, dataLocation: externalLocation, externalData };
}

function describeValue({ name, type, dims }: ValueInfo): object {
  const dim = dims.map((size) => (typeof size === "number" ? { dimValue: size } : { dimParam: size }));
  return { name, type: { tensorType: { elemType: elementCode[type], shape: { dim } } } };
}
