/**
 * Published tensors by their published names.
 *
 * `at` walks into a module as its authors named it; `tensor` takes a tensor and states its shape. A missing name or
 * another shape fails at once, and `untaken` proves that nothing published was forgotten.
 */
import { FailureError } from "../../shared/failure";
import type { Checkpoint, StoredTensor } from "./tensor";

export class Weights {
  readonly #checkpoint: Checkpoint;
  readonly #prefix: string;
  readonly #taken: Set<string>;

  constructor(checkpoint: Checkpoint, prefix = "", taken = new Set<string>()) {
    this.#checkpoint = checkpoint;
    this.#prefix = prefix;
    this.#taken = taken;
  }

  at(path: string | number): Weights {
    return new Weights(this.#checkpoint, this.#name(String(path)), this.#taken);
  }

  has(name: string): boolean {
    return this.#checkpoint.get(this.#name(name)) !== undefined;
  }

  /** The published shape; undefined where there is no such tensor. */
  shape(name: string): readonly number[] | undefined {
    return this.#checkpoint.get(this.#name(name))?.dims;
  }

  /** @throws FailureError `weight-missing`, `weight-shape`. */
  tensor(name: string, dims: readonly number[]): StoredTensor {
    const tensor = this.#name(name);
    const found = this.#checkpoint.get(tensor);
    if (found === undefined) {
      throw new FailureError({ code: "weight-missing", tensor, file: this.#checkpoint.location });
    }
    if (found.dims.join() !== dims.join()) {
      throw new FailureError({ code: "weight-shape", tensor, file: found.file, expected: dims, found: found.dims });
    }
    this.#taken.add(tensor);
    return found;
  }

  /** Published names under this module that no graph has taken. */
  untaken(): readonly string[] {
    const inside = this.#prefix === "" ? "" : `${this.#prefix}.`;
    return this.#checkpoint.names.filter((name) => name.startsWith(inside) && !this.#taken.has(name));
  }

  #name(path: string): string {
    return this.#prefix === "" ? path : `${this.#prefix}.${path}`;
  }
}
