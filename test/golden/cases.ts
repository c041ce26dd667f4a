/** The reference's cases (fixtures/mgm): run one of them through the very files that are prepared for use, compare. */
import assert from "node:assert/strict";
import { copyFileSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { after } from "node:test";
import { dumpIntermediates } from "../../src/engine/pipeline/dump";
import type { PromptTurn } from "../../src/engine/text/templates";
import { loadTokenizer } from "../../src/engine/text/tokenizer";
import type { ChosenDevice } from "../../src/engine/runtime/network";
import type { LoadedModel, TemplateName } from "../../src/shared/protocol";
import { floatsOf, type GoldenTensor, integersOf, readTensors } from "./tensors";

const root = path.join(import.meta.dirname, "fixtures/mgm");
const scratch = mkdtempSync(path.join(os.tmpdir(), "mini-gemini-golden-"));
after(() => {
  rmSync(scratch, { recursive: true, force: true });
});

/** Absolute, on logits: the bound this project sets itself. */
const logitTolerance = 2e-3;
/** A token whose lead over the next is smaller may differ. What is found on logits is near 1e-5. */
const leastLead = 1e-4;
/** Of the largest value of a tensor, for everything before the logits. */
const relativeTolerance = 1e-4;

export interface GoldenCase {
  readonly case: {
    readonly name: string;
    readonly ckpt: string;
    readonly image?: string;
    readonly inputs: readonly string[];
    readonly conv_mode?: TemplateName;
    readonly gelu_tanh?: boolean;
    readonly ocr_items?: readonly (readonly [text: string, confidence: number])[];
    readonly gen?: boolean;
  };
  readonly conv_mode_used: TemplateName;
  readonly greedy_margins: readonly number[];
  readonly generated_ids: readonly (readonly number[])[];
  readonly tensors: Readonly<Record<string, { readonly shape: readonly number[]; readonly stride: number }>>;
}

export const caseNames = readdirSync(path.join(root, "cases"))
  .filter((name) => name.endsWith(".json"))
  .map((name) => name.slice(0, -5));
export const readCase = (name: string): GoldenCase =>
  JSON.parse(readFileSync(path.join(root, "cases", `${name}.json`), "utf8")) as GoldenCase;

/** The conversation of a case up to its question `turn`. */
async function turnsOf(golden: GoldenCase, turn: number): Promise<PromptTurn[]> {
  const { ckpt, inputs, image, ocr_items: ocr, gen } = golden.case;
  const tokenizer = await loadTokenizer(path.join(root, "checkpoints", ckpt));
  return inputs.slice(0, turn + 1).flatMap((text, index): PromptTurn[] => {
    const imageCount = index === 0 && image !== undefined ? image.split(",").length : 0;
    const lines = ocr?.filter(([, confidence]) => confidence > 0.1).map(([line]) => line) ?? [];
    const question: PromptTurn = { role: "user", text, imageCount, ocr: lines, drawing: gen === true };
    if (index === turn) return [question];
    return [question, { role: "assistant", text: tokenizer.decode(golden.generated_ids[index] ?? []).trim() }];
  });
}

export interface Dumped {
  readonly tensors: ReadonlyMap<string, GoldenTensor>;
  readonly loaded: LoadedModel;
}

export interface DumpOptions {
  /** Taken instead of the case's own. */
  readonly checkpoint?: string | undefined;
  /** The CPU unless given. */
  readonly device?: ChosenDevice;
}

export async function dump(
  golden: GoldenCase,
  turn: number,
  { checkpoint, device = "cpu" }: DumpOptions = {},
): Promise<Dumped> {
  const { name, ckpt, image, conv_mode: template } = golden.case;
  const pixels = (image?.split(",") ?? []).map((_, index) => path.join(root, "cases", `${name}.hr_u8.${index}.png`));
  const fromPixels = pixels.every((file) => existsSync(file));
  const out = path.join(scratch, `${name}.safetensors`);
  const loaded = await dumpIntermediates(
    {
      model: checkpoint ?? path.join(root, "checkpoints", ckpt),
      encoders: path.join(root, "encoders"),
      precision: "f32",
      preparedRoot: path.join(scratch, "prepared"),
      device,
      threads: 0,
    },
    {
      images: image?.split(",").map((file) => path.join(root, file)) ?? [],
      pixels: fromPixels ? pixels : [],
      turns: await turnsOf(golden, turn),
      // Without a name the template is chosen; the reference's own default for the 8B is wrong, so it is named there.
      template: template ?? (name.startsWith("8b-") ? golden.conv_mode_used : undefined),
      maxTokens: 24,
      out,
      signal: new AbortController().signal,
    },
  );
  return { tensors: readTensors(out), loaded };
}

/** A copy of a checkpoint with other fields in its configuration, or without some files. */
export function variant(ckpt: string, fields: Readonly<Record<string, unknown>>, leaveOut?: RegExp): string {
  const from = path.join(root, "checkpoints", ckpt);
  const to = mkdtempSync(path.join(scratch, `${ckpt}-`));
  for (const file of readdirSync(from)) {
    if (file !== "config.json" && leaveOut?.test(file) !== true)
      copyFileSync(path.join(from, file), path.join(to, file));
  }
  const config = JSON.parse(readFileSync(path.join(from, "config.json"), "utf8")) as object;
  writeFileSync(path.join(to, "config.json"), JSON.stringify({ ...config, ...fields }));
  return to;
}

/**
 * What a golden tensor is called in the dump of a turn; `undefined` where it belongs to another turn. With several
 * turns names have the turn's number behind them, those of mining count on, and logits were kept once.
 */
function nameInDump(name: string, turn: number, turns: number): string | undefined {
  const [, base = "", number] = /^(.*?)(?:\.(\d+))?(?:\.sample)?$/.exec(name) ?? [];
  if (turns === 1) return number === undefined ? base : `${base}.${number}`;
  if (base === "logits_last_prompt") return turn === 0 ? base : undefined;
  if (base === "logits_last_generated_step") return turn === turns - 1 ? base : undefined;
  const index = Number(number);
  if (!/^(?:q|k|v|tv)$/.test(base)) return index === turn ? base : undefined;
  return Math.floor(index / 2) === turn ? `${base}.${index % 2}` : undefined;
}

/** @returns the largest difference of logits. */
export function compare(golden: GoldenCase, turn: number, found: ReadonlyMap<string, GoldenTensor>): number {
  const { name, inputs } = golden.case;
  const expected = readTensors(path.join(root, "cases", `${name}.safetensors`));
  let compared = 0;
  let logits = 0;
  for (const [tensor, { data }] of expected) {
    const own = nameInDump(tensor, turn, inputs.length);
    if (own === undefined || data instanceof BigInt64Array) continue;
    const actual = floatsOf(found, own);
    const described = golden.tensors[tensor.replace(/\.sample$/, "")];
    assert.ok(described !== undefined, tensor);
    assert.deepEqual(found.get(own)?.dims, described.shape, `${name}: shape of ${tensor}`);
    let largest = 0;
    let difference = 0;
    for (const [index, value] of data.entries()) {
      largest = Math.max(largest, Math.abs(value));
      const other = actual[index * described.stride];
      assert.ok(other !== undefined && Number.isFinite(other), `${name}: ${tensor}[${index}]`);
      difference = Math.max(difference, Math.abs(value - other));
    }
    if (own.startsWith("logits")) logits = Math.max(logits, difference);
    const tolerance = own.startsWith("logits") ? logitTolerance : relativeTolerance * largest;
    assert.ok(difference <= tolerance, `${name}: ${tensor} differs by ${difference}, allowed is ${tolerance}`);
    compared++;
  }
  assert.ok(compared >= 3, `${name}: only ${compared} tensors compared`);

  const number = inputs.length === 1 ? "" : `.${turn}`;
  assert.deepEqual(integersOf(found, "input_ids"), integersOf(expected, `input_ids${number}`), `${name}: prompt ids`);
  const tokens = integersOf(expected, `generated_ids${number}`);
  // Where one token differs all after it may. Leads are known for one turn.
  const close = inputs.length === 1 ? golden.greedy_margins.findIndex((margin) => margin <= leastLead) : -1;
  const begins = tokens.length - golden.greedy_margins.length;
  const certain = close < 0 ? tokens.length : begins + close;
  assert.deepEqual(integersOf(found, "generated_ids").slice(0, certain), tokens.slice(0, certain), `${name}: tokens`);
  return logits;
}
