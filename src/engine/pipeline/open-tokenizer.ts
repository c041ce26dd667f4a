/** The tokenizer of a checkpoint, found to fit its embeddings. */
import { FailureError } from "../../shared/failure";
import { loadTokenizer, type Tokenizer } from "../text/tokenizer";

/** @throws FailureError of the tokenizer's files; `tokenizer-mismatch`. */
export async function openTokenizer(folder: string, embeddings: number): Promise<Tokenizer> {
  const tokenizer = await loadTokenizer(folder);
  const vocabulary = tokenizer.vocabularySize;
  if (vocabulary > embeddings) {
    throw new FailureError({ code: "tokenizer-mismatch", file: folder, vocabulary, embeddings });
  }
  return tokenizer;
}
