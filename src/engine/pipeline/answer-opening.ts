/**
 * How an answer of the starter begins that says what an image is: the kind is told by the kind reader, which is right more
 * often than the language model. Where the model would name another kind, its answer is begun for it.
 */
import { setImmediate } from "node:timers/promises";
import { throwIfCancelled } from "../../shared/failure";
import { largest } from "../text/sampling";
import type { ImageKind } from "./kind-reader";
import type { Model } from "./load-model";

/** How a kind is named, and which words name it. */
const names: Readonly<Record<ImageKind, { readonly phrase: string; readonly words: RegExp }>> = {
  code: { phrase: "a screenshot of code", words: /\bcode\b|\bdiff\b/i },
  terminal: { phrase: "a screenshot of a terminal", words: /\bterminal\b|\bshell\b|command line|\bconsole\b/i },
  chart: { phrase: "a chart", words: /\bchart\b|\bplot\b|histogram|\bgraph\b/i },
  diagram: { phrase: "a diagram", words: /diagram|flowchart/i },
  ui: {
    phrase: "a user interface (UI)",
    words: /user interface|\bUI\b|\bform\b|dialog|dashboard|\b(?:web page|screen)\b/i,
  },
  icon: { phrase: "an icon", words: /\bicons?\b|\blogo\b/i },
  document: { phrase: "a document", words: /\bdocument\b|\bslide\b|\binvoice\b|\bpage\b/i },
  photo: { phrase: "a photo", words: /\bphoto/i },
  table: { phrase: "a table", words: /\btable\b/i },
};
/** In this time an answer has named a kind, in tokens. */
const longestOpening = 20;

const picture = "(?:image|picture|screenshot|screen|photo|diagram|chart|design|drawing)";
const shown = `(?:this|the|my|that) ${picture}`;
const asksWhatItShows = new RegExp(
  "^(?:please |can you |could you )?(?:" +
    `(?:explain|describe|summari[sz]e)(?: ${shown}| what (?:you see|is shown here))?(?: in detail| in a few sentences)?` +
    `|what(?:'s| is) (?:this|in ${shown}|going on in ${shown}|${shown})|what (?:am i looking at|(?:do|can) you see)(?: here)?` +
    `|what does (?:this|it|${shown}) show|tell me about ${shown}|give me a (?:short )?description of ${shown}` +
    ")\\s*(?:[.?!]*$|:)",
  "i",
);
const asksKind = new RegExp(`^what (?:kind|type|sort|category) of ${picture}\\b`, "i");

/** How an answer begins that names the kind; `undefined` where the question does not ask for it. */
export function openingOf(question: string, kind: ImageKind): string | undefined {
  const asked = question.trim();
  if (asksWhatItShows.test(asked)) return `This image is ${names[kind].phrase}`;
  return asksKind.test(asked) ? `It is ${names[kind].phrase}` : undefined;
}

/** The kind that a text names first. */
export function namedKind(text: string): ImageKind | undefined {
  const found = (Object.keys(names) as ImageKind[]).map((kind) => ({ kind, at: text.search(names[kind].words) }));
  return found.filter(({ at }) => at >= 0).sort((a, b) => a.at - b.at)[0]?.kind;
}

/**
 * The model's own beginning where it names the kind, else the one given; the key-value cache then holds it. It is the most
 * probable one whatever the temperature.
 *
 * @param logits of the prompt's last position [V].
 * @returns the tokens of the beginning, and the logits behind it.
 * @throws FailureError `cancelled`
 */
export async function openAnswer(
  { language, embeddings, tokenizer }: Pick<Model, "language" | "embeddings" | "tokenizer">,
  logits: Float32Array,
  kind: ImageKind,
  opening: string,
  maxTokens: number,
  signal: AbortSignal | undefined,
): Promise<{ readonly tokens: readonly number[]; readonly logits: Float32Array }> {
  const before = language.cache.length;
  const own: number[] = [];
  let behind = logits;
  while (own.length < Math.min(longestOpening, maxTokens)) {
    await setImmediate();
    throwIfCancelled(signal);
    const token = largest(behind);
    if (tokenizer.endTokens.includes(token)) break;
    own.push(token);
    behind = await run([token]);
    const named = namedKind(tokenizer.decode(own));
    if (named === kind) return { tokens: own, logits: behind };
    if (named !== undefined) break;
  }
  language.cache.truncate(before);
  const tokens = tokenizer.encode(opening, { plain: true }).slice(0, maxTokens);
  return { tokens, logits: await run(tokens) };

  async function run(ids: readonly number[]): Promise<Float32Array> {
    const rows = await language.run({ identities: ids, embeddings: embeddings.rows(ids) }, 1);
    return rows.at(-1) ?? behind;
  }
}
