/** What the decoder needs to know of a language model. */
export interface DecoderConfig {
  readonly family: "llama" | "gemma" | "mixtral";
  readonly hiddenSize: number;
  readonly intermediateSize: number;
  readonly layers: number;
  readonly heads: number;
  readonly keyValueHeads: number;
  readonly headSize: number;
  readonly vocabularySize: number;
  readonly rmsNormEpsilon: number;
  readonly ropeTheta: number;
  readonly activation: "silu" | "gelu" | "gelu-tanh";
  /** True where the output layer is the embedding table. */
  readonly tiedEmbeddings: boolean;
  readonly experts?: { readonly count: number; readonly perToken: number } | undefined;
}
