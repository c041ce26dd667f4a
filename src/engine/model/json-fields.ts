/** Fields of a published JSON file, each checked before it is believed. */
import { FailureError } from "../../shared/failure";
import { InputFile } from "../weights/input-file";

/** Published configurations have some kilobytes. */
const fileLimit = 2 ** 20;

export class JsonFields {
  readonly file: string;
  readonly #path: string;
  readonly #value: Readonly<Record<string, unknown>>;

  private constructor(file: string, value: Readonly<Record<string, unknown>>, path = "") {
    this.file = file;
    this.#value = value;
    this.#path = path;
  }

  /**
   * @throws FailureError `file-missing`, `file-unreadable`, `file-too-large`, `config-invalid` where the file is no
   *   JSON object.
   */
  static async read(file: string): Promise<JsonFields> {
    const text = await readText(file);
    const value = parse(text);
    if (!isRecord(value)) {
      const start = text.slice(0, 40);
      throw new FailureError({ code: "config-invalid", file, field: "JSON", expected: "a JSON object", found: start });
    }
    return new JsonFields(file, value);
  }

  has(field: string): boolean {
    return this.#value[field] !== undefined && this.#value[field] !== null;
  }

  /** Whether the field is there and says null, which is not the same everywhere as not being there. */
  isNull(field: string): boolean {
    return this.#value[field] === null;
  }

  /** The fields of an object inside; an empty one where it is absent. */
  inside(field: string): JsonFields {
    const value = this.#value[field];
    return new JsonFields(this.file, isRecord(value) ? value : {}, `${this.#path}${field}.`);
  }

  /** @throws FailureError `config-missing` without a fallback, `config-invalid`. */
  integer(field: string, range: { readonly from: number; readonly to: number; readonly fallback?: number }): number {
    const value = this.number(field, range);
    if (!Number.isInteger(value)) this.#refuse(field, "a whole number");
    return value;
  }

  number(field: string, range: { readonly from: number; readonly to: number; readonly fallback?: number }): number {
    const { from, to, fallback } = range;
    const value = this.#value[field] ?? fallback;
    if (value === undefined) return this.#missing(field);
    if (typeof value !== "number" || !(value >= from && value <= to)) return this.#refuse(field, `${from} to ${to}`);
    return value;
  }

  boolean(field: string, fallback: boolean): boolean {
    const value = this.#value[field] ?? fallback;
    return typeof value === "boolean" ? value : this.#refuse(field, "true or false");
  }

  text(field: string, fallback?: string): string {
    const value = this.#value[field] ?? fallback;
    if (value === undefined) return this.#missing(field);
    return typeof value === "string" ? value : this.#refuse(field, "a text");
  }

  texts(field: string): readonly string[] {
    const value = this.#value[field] ?? [];
    if (Array.isArray(value) && value.every((item): item is string => typeof item === "string")) return value;
    return this.#refuse(field, "a list of texts");
  }

  /** A list of whole numbers; with `count`, one number may stand for that many equal ones. */
  integers(
    field: string,
    range: { readonly from: number; readonly to: number; readonly fallback?: number; readonly count?: number },
  ): readonly number[] {
    const { from, to, fallback, count } = range;
    const value: unknown = this.#value[field] ?? fallback;
    if (value === undefined) return this.#missing(field);
    const list: readonly unknown[] = Array.isArray(value)
      ? (value as unknown[])
      : count === undefined
        ? []
        : new Array<unknown>(count).fill(value);
    const whole = (item: unknown): item is number =>
      Number.isInteger(item) && Number(item) >= from && Number(item) <= to;
    if (list.length > 0 && list.length <= 16 && (count ?? list.length) === list.length && list.every(whole))
      return list;
    return this.#refuse(field, `${count === undefined ? "" : `${count} `}whole numbers from ${from} to ${to}`);
  }

  /** @throws FailureError `config-invalid` unless the field is absent, null or one of these values. */
  only(field: string, ...served: readonly (string | number | boolean)[]): void {
    const value = this.#value[field];
    if (value === undefined || value === null) return;
    if (!served.some((one) => one === value)) this.#refuse(field, served.join(", "));
  }

  /** Three numbers, as image means and deviations are. */
  triple(field: string, fallback: readonly [number, number, number]): readonly [number, number, number] {
    const value: unknown = this.#value[field] ?? fallback;
    const [a, b, c, ...rest] = Array.isArray(value) ? (value as unknown[]) : [];
    if (typeof a === "number" && typeof b === "number" && typeof c === "number" && rest.length === 0) return [a, b, c];
    return this.#refuse(field, "three numbers");
  }

  /** @throws FailureError `config-invalid` for a field whose value cannot be served. */
  refuse(field: string, expected: string): never {
    return this.#refuse(field, expected);
  }

  #refuse(field: string, expected: string): never {
    const value = this.#value[field];
    const found = value === undefined ? "nothing" : JSON.stringify(value).slice(0, 80);
    throw new FailureError({ code: "config-invalid", file: this.file, field: this.#path + field, expected, found });
  }

  #missing(field: string): never {
    throw new FailureError({ code: "config-missing", file: this.file, field: this.#path + field });
  }
}

async function readText(path: string): Promise<string> {
  const file = await InputFile.open(path);
  try {
    const { byteLength: bytes } = file;
    if (bytes > fileLimit) throw new FailureError({ code: "file-too-large", file: path, bytes, limit: fileLimit });
    return (await file.read(0, bytes)).toString("utf8");
  } finally {
    await file.close();
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(withoutInfinities(text));
  } catch (thrown) {
    if (thrown instanceof SyntaxError) return undefined;
    throw thrown;
  }
}

/** Python writes what JSON does not have (schedulers' `lambda_min_clipped` is -Infinity): null in its place. */
function withoutInfinities(text: string): string {
  if (!text.includes("Infinity")) return text;
  return text.replace(/"(?:[^"\\]|\\.)*"|-?Infinity/g, (token) => (token.startsWith('"') ? token : "null"));
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
