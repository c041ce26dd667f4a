/** The decoding loop: a token at a time, or several where the prompt could be quoted, until the answer ends. */
import { setImmediate } from "node:timers/promises";
import { throwIfCancelled } from "../../shared/failure";
import type { ExplainResult, Sampling } from "../../shared/protocol";
import { endsInLoop } from "../text/loops";
import { GuessLength, lookUp } from "../runtime/prompt-lookup";
import { Sampler } from "../text/sampling";
import type { AnswerStream } from "./answer-stream";
import type { Model } from "./load-model";

export interface DecodeOptions {
  readonly sampling: Sampling;
  /** Token ids of the prompt, negative where an image stands. */
  readonly history: readonly number[];
  readonly answer: AnswerStream;
  /** Tokens that the answer begins with, run already. */
  readonly opening?: readonly number[];
  readonly signal: AbortSignal | undefined;
  /** Ends an answer that repeats itself. */
  readonly stopsInLoop?: boolean | undefined;
}

/** Guesses checked at once at most: beyond that a check costs more than it can save. */
const longestGuess = 7;

/** @param logits of the last position that was run. */
export async function decodeAnswer(
  { language, embeddings, tokenizer }: Pick<Model, "language" | "embeddings" | "tokenizer">,
  logits: Float32Array,
  { sampling, history, answer, opening = [], signal, stopsInLoop }: DecodeOptions,
): Promise<{ tokens: number; stopped: ExplainResult["stopped"] }> {
  const sampler = new Sampler(sampling);
  const guessLength = new GuessLength(longestGuess);
  const ends = new Set(tokenizer.endTokens);
  const all = [...history];
  let rows: readonly Float32Array[] = [logits];
  let guesses: readonly number[] = [];
  let tokens = 0;
  for (const token of opening) {
    all.push(token);
    tokens++;
    if (answer.push(token)) return { tokens, stopped: "stop-text" };
  }
  while (tokens < sampling.maxTokens) {
    // Row i holds what follows guess i − 1: take tokens while they are the guessed ones.
    let accepted = 0;
    let token = -1;
    for (const [row, rowLogits] of rows.entries()) {
      token = sampler.next(rowLogits, all);
      if (ends.has(token)) return { tokens, stopped: "end" };
      all.push(token);
      tokens++;
      if (answer.push(token)) return { tokens, stopped: "stop-text" };
      if (stopsInLoop === true && endsInLoop(all, history.length)) return { tokens, stopped: "loop" };
      if (token !== guesses[row] || tokens >= sampling.maxTokens) break;
      accepted++;
    }
    if (guesses.length > 0) {
      guessLength.note(guesses.length, accepted);
      // Wrong guesses were run too: forget their positions.
      language.cache.truncate(language.cache.length - (guesses.length - accepted));
    }
    if (tokens >= sampling.maxTokens) break;
    await setImmediate();
    throwIfCancelled(signal);
    guesses = lookUp(all, Math.min(guessLength.length, sampling.maxTokens - tokens));
    const ids = [token, ...guesses];
    rows = await language.run({ identities: ids, embeddings: embeddings.rows(ids) }, ids.length);
  }
  return { tokens, stopped: "length" };
}
