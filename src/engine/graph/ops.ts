/** The operators the networks are written in: free functions over values, one line of mathematics each. */
import type { Graph, Value } from "./graph";
import type { Dim } from "./onnx";

/** Shape of an element-wise result, after numpy's broadcasting. Two different names are taken to be equal sizes. */
export function broadcast(a: readonly Dim[], b: readonly Dim[]): readonly Dim[] {
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, axis) => {
    const left = a[axis - rank + a.length] ?? 1;
    const right = b[axis - rank + b.length] ?? 1;
    if (left === 1) return right;
    if (right === 1 || left === right || typeof right === "string") return left;
    if (typeof left === "string") return right;
    throw new RangeError(`shapes [${a.join()}] and [${b.join()}] do not broadcast`);
  });
}

const elementwise =
  (op: string) =>
  (g: Graph, a: Value, b: Value): Value =>
    g.node(op, [a, b], broadcast(a.dims, b.dims));

export const add = elementwise("Add");
export const sub = elementwise("Sub");
export const mul = elementwise("Mul");
export const div = elementwise("Div");

const unary =
  (op: string) =>
  (g: Graph, x: Value): Value =>
    g.node(op, [x], x.dims);

export const sqrt = unary("Sqrt");
export const reciprocal = unary("Reciprocal");
export const sigmoid = unary("Sigmoid");

/** Matrix product over the last two axes, the others broadcast. */
export function matmul(g: Graph, a: Value, b: Value): Value {
  const inner = a.dims.at(-1);
  const rows = b.dims.at(-2);
  const columns = b.dims.at(-1);
  if (inner !== rows || columns === undefined) {
    throw new RangeError(`[${a.dims.join()}] times [${b.dims.join()}] is no matrix product`);
  }
  return g.node(
    "MatMul",
    [a, b],
    [...broadcast(a.dims.slice(0, -2), b.dims.slice(0, -2)), ...a.dims.slice(-2, -1), columns],
  );
}

export const softmax = (g: Graph, x: Value): Value => g.node("Softmax", [x], x.dims, { attributes: { axis: -1 } });

export function transpose(g: Graph, x: Value, perm: readonly number[]): Value {
  return g.node(
    "Transpose",
    [x],
    perm.map((axis) => at(x.dims, axis)),
    { attributes: { perm } },
  );
}

/** A new shape of the same elements. A named size may stand for the one axis that is inferred. */
export function reshape(g: Graph, x: Value, dims: readonly Dim[]): Value {
  const known = (sizes: readonly Dim[]): number =>
    sizes.reduce<number>((n, d) => (typeof d === "number" ? n * d : n), 1);
  if (!x.dims.some((d) => typeof d === "string") && known(x.dims) !== known(dims)) {
    throw new RangeError(`[${x.dims.join()}] cannot become [${dims.join()}]`);
  }
  return g.node("Reshape", [x, g.ints(dims.map((d) => (typeof d === "number" ? d : -1)))], dims);
}

export function unsqueeze(g: Graph, x: Value, axis: number): Value {
  return g.node("Unsqueeze", [x, g.ints([axis])], x.dims.toSpliced(axis, 0, 1));
}

export function concat(g: Graph, parts: readonly Value[], axis: number): Value {
  const [first] = parts;
  if (first === undefined) throw new RangeError("nothing to join");
  const total = parts.reduce((n, part) => n + size(at(part.dims, axis)), 0);
  return g.node("Concat", parts, first.dims.toSpliced(axis, 1, total), { attributes: { axis } });
}

/** Elements `begin` up to `end` of one axis. */
export function slice(g: Graph, x: Value, axis: number, begin: number, end: number): Value {
  const inputs = [x, g.ints([begin]), g.ints([end]), g.ints([axis])];
  return g.node("Slice", inputs, x.dims.toSpliced(axis, 1, end - begin));
}

/** Elements of one axis picked by a list of indices. */
export function gather(g: Graph, x: Value, indices: Value, axis: number): Value {
  return g.node("Gather", [x, indices], x.dims.toSpliced(axis, 1, ...indices.dims), { attributes: { axis } });
}

/** Sum over the last axis, which goes. */
export function sumLast(g: Graph, x: Value, op: "ReduceSum" | "ReduceSumSquare" = "ReduceSum"): Value {
  return g.node(op, [x, g.ints([x.dims.length - 1])], x.dims.slice(0, -1), { attributes: { keepdims: 0 } });
}

export function at(dims: readonly Dim[], axis: number): Dim {
  const dim = dims.at(axis);
  if (dim === undefined) throw new RangeError(`no axis ${axis} in [${dims.join()}]`);
  return dim;
}

/** A size that must be known when the graph is built. */
export function size(dim: Dim): number {
  if (typeof dim === "string") throw new RangeError(`size ${dim} is not known yet`);
  return dim;
}
