/**
 * From a request in the chat to what is drawn. Where it can, the language model writes the prompt from the whole
 * conversation, as the reference does: in its answer (`<h>…</h>`), or by re-captioning a simple instruction.
 */
import { failureOf } from "../../shared/failure";
import { emptyForm, type IllustrationForm } from "../../shared/illustration-protocol";
import { type DrawingRequest, pointsElsewhere } from "./drawing-request";

/** The language model of the chat, as far as prompts need it. */
export interface PromptWriter {
  /** Whether it is the starter model, which writes no prompts worth drawing and only says what it sees. */
  load(): Promise<{ readonly starter: boolean }>;
  /** Answers the conversation and its last question, in sight; gives the prompts that stood in the answer. */
  answer(): Promise<{ readonly imagePrompts: readonly string[] }>;
  /** Answers a further question about the conversation, unseen. */
  aside(question: string): Promise<string>;
}

export interface AskedPicture {
  readonly request: DrawingRequest;
  /** The picture to change. */
  readonly previous: IllustrationForm | undefined;
  /** Whether images came with the question, or are in the conversation before it. */
  readonly seesImages: boolean;
}

const longestPrompt = 400;

/** @throws FailureError of the language model where nothing can be drawn without it. */
export async function writeForm(asked: AskedPicture, writer: PromptWriter): Promise<IllustrationForm> {
  const { request, previous } = asked;
  const base = request.change && previous !== undefined ? previous : emptyForm;
  const onlyAgain = request.subject === "" && request.style === undefined;
  return {
    ...base,
    count: 1,
    // The same picture once more would be the very same: another is wanted.
    seed: onlyAgain ? null : base.seed,
    style: request.style ?? base.style,
    prompt: onlyAgain && base.prompt !== "" ? base.prompt : await writePrompt(asked, base.prompt, writer),
  };
}

async function writePrompt(
  { request, seesImages }: AskedPicture,
  before: string,
  writer: PromptWriter,
): Promise<string> {
  const { subject, change } = request;
  const own = [change ? before : "", subject].filter((part) => part !== "").join(", ");
  const needsModel = !change && pointsElsewhere(subject);
  // A change of style alone changes no word of the prompt.
  if (change && subject === "" && before !== "") return before;
  try {
    const { starter } = await writer.load();
    if (starter) return needsModel && seesImages ? tidy(await writer.aside(describe)) || own : own;
    const { imagePrompts } = await writer.answer();
    return tidy(imagePrompts.at(-1) ?? (await writer.aside(recaption(own)))) || own;
  } catch (thrown) {
    // The person's own words can be drawn without a language model; what they point at cannot.
    if (needsModel || failureOf(thrown).code === "cancelled") throw thrown;
    return own;
  }
}

const describe = "Describe this image in one short sentence.";

const recaption = (own: string): string =>
  `Write one English caption of at most 40 words for a picture that shows: ${own}. ` +
  "Use what was said and seen before where it matters. Answer with the caption only.";

/** One line, without what models put around a caption. */
const tidy = (text: string): string =>
  text
    .replace(/<\/?h>|<GEN>/g, " ")
    .replace(/\s+/g, " ")
    .replace(/^\s*(?:caption|prompt)\s*:\s*/i, "")
    .replace(/^[\s"'“”`*]+|[\s"'“”`*]+$/g, "")
    .slice(0, longestPrompt);
