/**
 * Prompt templates: a conversation becomes a prompt of control text, text from people, and images.
 *
 * Source: dvlab-research/MGM, mgm/conversation.py (templates, `get_prompt`) and mgm/serve/cli.py (where `<image>`, OCR
 * text and `<GEN>` go). A prompt of k turns is a prefix of the prompt of k + 1 turns as far as the reference's format
 * allows: only a second image changes what stands before the first ("Image 1:").
 */
import type { TemplateName } from "../../shared/protocol";
import type { Tokenizer } from "./tokenizer";

export type PromptTurn =
  | {
      readonly role: "user";
      readonly text: string;
      readonly imageCount: number;
      /** Lines read in the images; none says nothing about text. */
      readonly ocr?: readonly string[] | undefined;
      /** Ask for an image prompt. */
      readonly drawing?: boolean | undefined;
    }
  | { readonly role: "assistant"; readonly text: string };

export type PromptSegment =
  /** Written by the template; markers of special tokens count. */
  | { readonly kind: "control"; readonly text: string }
  /** From people, files, images or an earlier answer; nothing in it counts. */
  | { readonly kind: "text"; readonly text: string }
  /** The nth image of the prompt. */
  | { readonly kind: "image"; readonly index: number };

interface Template {
  readonly system: string;
  /** What stands before and after a turn that says something. */
  readonly user: readonly [before: string, after: string];
  readonly assistant: readonly [before: string, after: string];
  /** An empty turn, of which only the role is left. The prompt ends with the assistant's. */
  readonly emptyUser: string;
  readonly emptyAssistant: string;
  /** Ends an answer. */
  readonly separator: string;
}

const assistantHeader = "<|start_header_id|>system<|end_header_id|>\n\n";

const templates: Readonly<Record<TemplateName, Template>> = {
  vicuna_v1: {
    system:
      "A chat between a curious user and an artificial intelligence assistant. " +
      "The assistant gives helpful, detailed, and polite answers to the user's questions. ",
    user: ["USER: ", " "],
    assistant: ["ASSISTANT: ", "</s>"],
    emptyUser: "USER:",
    emptyAssistant: "ASSISTANT:",
    separator: "</s>",
  },
  gemma: {
    system: "",
    user: ["<start_of_turn>user\n", "<end_of_turn>\n"],
    assistant: ["<start_of_turn>model\n", "<end_of_turn>\n<eos>"],
    emptyUser: "<start_of_turn>user\n",
    emptyAssistant: "<start_of_turn>model\n",
    separator: "<end_of_turn>",
  },
  llama_3: {
    system:
      "<|start_header_id|>system<|end_header_id|>\n\nYou are a helpful language and vision assistant. " +
      "You are able to understand the visual content that the user provides, " +
      "and assist the user with a variety of tasks using natural language.<|eot_id|>",
    user: ["<|start_header_id|>user<|end_header_id|>\n\n", "<|eot_id|>"],
    // Sic: the reference gives the assistant the header of the system.
    assistant: [assistantHeader, "<|eot_id|>"],
    emptyUser: "<|start_header_id|>user<|end_header_id|>\n\n",
    emptyAssistant: assistantHeader,
    separator: "<|eot_id|>",
  },
  mistral_instruct: {
    system: "",
    user: ["<s>[INST] ", " [/INST]"],
    assistant: [" ", " </s>"],
    emptyUser: "",
    emptyAssistant: "",
    separator: "</s>",
  },
  chatml_direct: {
    system: "<|im_start|>system\nAnswer the questions.<|im_end|>",
    user: ["<|im_start|>user\n", "<|im_end|>"],
    assistant: ["<|im_start|>assistant\n", "<|im_end|>"],
    emptyUser: "<|im_start|>user\n",
    emptyAssistant: "<|im_start|>assistant\n",
    separator: "<|im_end|>",
  },
};

/** The templates that can be asked for by name. */
export const templateNames = Object.keys(templates) as readonly TemplateName[];

/** The text that ends an answer in this template. */
export const separatorOf = (name: TemplateName): string => templates[name].separator;

/**
 * The template that a checkpoint was trained with, by its decoder family and its turn markers.
 *
 * The reference goes by the checkpoint's name and is wrong for MGM-8B; its evaluation scripts pass llama_3 there.
 */
export function chooseTemplate(
  config: { readonly family: string },
  tokenizer: Pick<Tokenizer, "specialToken">,
): TemplateName {
  if (config.family === "gemma") return "gemma";
  if (config.family === "mixtral") return "mistral_instruct";
  if (tokenizer.specialToken("<|start_header_id|>") !== undefined) return "llama_3";
  if (tokenizer.specialToken("<|im_start|>") !== undefined) return "chatml_direct";
  return "vicuna_v1";
}

/** The prompt that asks for the next answer. The last turn is the user's. */
export function renderPrompt(name: TemplateName, turns: readonly PromptTurn[]): PromptSegment[] {
  const template = templates[name];
  const images = turns.reduce((count, turn) => count + (turn.role === "user" ? turn.imageCount : 0), 0);
  const segments: PromptSegment[] = [{ kind: "control", text: template.system }];
  let image = 0;
  for (const [index, turn] of turns.entries()) {
    const said = turn.role === "user" ? userMessage(turn, image, images > 1) : answer(turn.text);
    if (turn.role === "user") image += turn.imageCount;
    const empty = turn.role === "user" ? template.emptyUser : template.emptyAssistant;
    if (said.length === 0) segments.push({ kind: "control", text: empty });
    else {
      const [before, after] = template[turn.role];
      // The first begin token is the tokenizer's (the reference strips it from the text).
      const first = index === 0 && template.system === "" ? before.replace(/^<s>/, "") : before;
      segments.push({ kind: "control", text: first }, ...said, { kind: "control", text: after });
    }
  }
  segments.push({ kind: "control", text: template.emptyAssistant });
  return segments.filter((segment) => segment.kind === "image" || segment.text !== "");
}

const answer = (text: string): PromptSegment[] => (text === "" ? [] : [{ kind: "text", text }]);

function userMessage(
  { text, imageCount, ocr = [], drawing }: Extract<PromptTurn, { role: "user" }>,
  firstImage: number,
  numbered: boolean,
): PromptSegment[] {
  const segments: PromptSegment[] = [];
  for (let index = firstImage; index < firstImage + imageCount; index++) {
    if (numbered) segments.push({ kind: "control", text: `Image ${index + 1}:` });
    segments.push({ kind: "image", index }, { kind: "control", text: "\n" });
  }
  if (text !== "") segments.push({ kind: "text", text });
  if (ocr.length > 0) {
    segments.push({ kind: "control", text: "\nReference OCR Token: " });
    segments.push({ kind: "text", text: ocr.join(", ") }, { kind: "control", text: "\n" });
  }
  if (drawing === true) segments.push({ kind: "control", text: " <GEN>" });
  return segments;
}
