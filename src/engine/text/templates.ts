/**
 * Conversations as the models were trained to read them.
 *
 * Source: dvlab-research/MGM, mgm/conversation.py (`Conversation.get_prompt`, the templates) and mgm/serve/cli.py (image
 * markers, OCR and drawing appendices). Strings stand as the reference writes them, its slips included.
 */
import { FailureError } from "../../shared/failure";
import type { TemplateName } from "../../shared/protocol";
import { knownErrorMark } from "../../shared/quotes";
import type { Tokenizer } from "./tokenizer";

export type PromptTurn =
  | {
      readonly role: "user";
      readonly text: string;
      readonly imageCount: number;
      /** Lines read from the images, in reading order. */
      readonly ocr?: readonly string[];
      /** Name of an error of the built-in list that was found in them; told to the starter only. */
      readonly knownError?: string | undefined;
      /** Ask for an image prompt too. */
      readonly drawing?: boolean;
    }
  | { readonly role: "assistant"; readonly text: string };

/** Control text is the template's own; a person's is everything from outside, in which markers mean nothing. */
export type Segment =
  | { readonly kind: "control"; readonly text: string }
  | { readonly kind: "person"; readonly text: string }
  /** Where the visual tokens of an image stand, counted over the whole conversation from 0. */
  | { readonly kind: "image"; readonly index: number };

interface Template {
  readonly system: string;
  /** Before and after what a person asks. */
  readonly user: readonly [before: string, after: string];
  /** Before and after an answer. */
  readonly assistant: readonly [before: string, after: string];
  /** What stands for a turn without text. */
  readonly emptyUser: string;
  readonly emptyAssistant: string;
  /** What asks for an answer. */
  readonly cue: string;
  /** Ends an answer, where a model writes it out. */
  readonly separator: string;
}

const curious =
  "A chat between a curious user and an artificial intelligence assistant. " +
  "The assistant gives helpful, detailed, and polite answers to the user's questions.";
const helpful =
  "You are a helpful language and vision assistant. You are able to understand the visual content that the user " +
  "provides, and assist the user with a variety of tasks using natural language.";

const header = (role: string): string => `<|start_header_id|>${role}<|end_header_id|>\n\n`;

const templates: Readonly<Record<TemplateName, Template>> = {
  vicuna_v1: {
    system: `${curious} `,
    user: ["USER: ", " "],
    assistant: ["ASSISTANT: ", "</s>"],
    emptyUser: "USER:",
    emptyAssistant: "ASSISTANT:",
    cue: "ASSISTANT:",
    separator: "</s>",
  },
  gemma: {
    system: "",
    user: ["<start_of_turn>user\n", "<end_of_turn>\n"],
    assistant: ["<start_of_turn>model\n", "<end_of_turn>\n<eos>"],
    emptyUser: "<start_of_turn>user\n",
    emptyAssistant: "<start_of_turn>model\n",
    cue: "<start_of_turn>model\n",
    separator: "<eos>",
  },
  llama_3: {
    system: `${header("system")}${helpful}<|eot_id|>`,
    user: [header("user"), "<|eot_id|>"],
    // "system" is the reference's name for the answering role, and what the checkpoints were trained with.
    assistant: [header("system"), "<|eot_id|>"],
    emptyUser: header("user"),
    emptyAssistant: header("system"),
    cue: header("system"),
    separator: "<|eot_id|>",
  },
  mistral_instruct: {
    system: "",
    // The first turn's "<s>" is the tokenizer's; later ones are written out.
    user: ["<s>[INST] ", " [/INST]"],
    assistant: [" ", " </s>"],
    emptyUser: "",
    emptyAssistant: "",
    cue: "",
    separator: "</s>",
  },
  chatml_direct: {
    system: "<|im_start|>system\nAnswer the questions.<|im_end|>",
    user: ["<|im_start|>user\n", "<|im_end|>"],
    assistant: ["<|im_start|>assistant\n", "<|im_end|>"],
    emptyUser: "<|im_start|>user\n",
    emptyAssistant: "<|im_start|>assistant\n",
    cue: "<|im_start|>assistant\n",
    separator: "<|im_end|>",
  },
};

/** The text that ends an answer, for models that write it out rather than give a special token. */
export const separatorOf = (name: TemplateName): string => templateOf(name).separator;

/** @throws FailureError `template-unknown`. */
export function renderPrompt(name: TemplateName, turns: readonly PromptTurn[]): readonly Segment[] {
  const template = templateOf(name);
  const images = turns.reduce((count, turn) => count + (turn.role === "user" ? turn.imageCount : 0), 0);
  const segments: Segment[] = [{ kind: "control", text: template.system }];
  let image = 0;
  for (const turn of turns) {
    const [before, after] = template[turn.role];
    const content = turn.role === "user" ? userContent(turn, image, images) : [person(turn.text)];
    if (turn.role === "user") image += turn.imageCount;
    if (content.some((segment) => segment.kind === "image" || segment.text !== "")) {
      segments.push(control(before), ...content, control(after));
    } else {
      segments.push(control(turn.role === "user" ? template.emptyUser : template.emptyAssistant));
    }
  }
  if (turns.at(-1)?.role === "user") segments.push(control(template.cue));
  return withoutOpening(name, joined(segments));
}

/**
 * The template that a checkpoint was trained with. The reference goes by the checkpoint's name; its family and the
 * turn markers that its tokenizer knows say the same.
 */
export function chooseTemplate(
  { family }: { readonly family: "llama" | "gemma" | "mixtral" },
  tokenizer: Pick<Tokenizer, "tokenOf">,
): TemplateName {
  if (family === "gemma") return "gemma";
  if (family === "mixtral") return "mistral_instruct";
  if (tokenizer.tokenOf("<|start_header_id|>") !== undefined) return "llama_3";
  return tokenizer.tokenOf("<|im_start|>") === undefined ? "vicuna_v1" : "chatml_direct";
}

function templateOf(name: TemplateName): Template {
  if (!Object.hasOwn(templates, name)) {
    throw new FailureError({ code: "template-unknown", name, known: Object.keys(templates) });
  }
  return templates[name];
}

function userContent(
  { text, imageCount, ocr = [], knownError, drawing = false }: Extract<PromptTurn, { role: "user" }>,
  firstImage: number,
  images: number,
): Segment[] {
  const segments: Segment[] = [];
  for (let index = firstImage; index < firstImage + imageCount; index++) {
    // Images are numbered only where there are several.
    if (images > 1) segments.push(control(`Image ${index + 1}:`));
    segments.push({ kind: "image", index }, control("\n"));
  }
  segments.push(person(text));
  if (ocr.length > 0) {
    segments.push(control("\nReference OCR Token: "), person(ocr.join(", ")), control("\n"));
    if (knownError !== undefined) segments.push(control(`${knownErrorMark} ${knownError}\n`));
  }
  if (drawing) segments.push(control(" <GEN>"));
  return segments;
}

const control = (text: string): Segment => ({ kind: "control", text });
const person = (text: string): Segment => ({ kind: "person", text });

/** Neighbours of one kind as one, empty ones left out. */
function joined(segments: readonly Segment[]): Segment[] {
  const result: Segment[] = [];
  for (const segment of segments) {
    const last = result.at(-1);
    if (segment.kind === "image") result.push(segment);
    else if (last?.kind === segment.kind)
      result[result.length - 1] = { kind: last.kind, text: last.text + segment.text };
    else if (segment.text !== "") result.push(segment);
  }
  return result;
}

/** The mistral_instruct template's first "<s>" is taken away: the tokenizer gives it. */
function withoutOpening(name: TemplateName, segments: Segment[]): Segment[] {
  const [first, ...rest] = segments;
  if (name !== "mistral_instruct" || first?.kind !== "control" || !first.text.startsWith("<s>")) return segments;
  return [control(first.text.slice(3)), ...rest];
}
