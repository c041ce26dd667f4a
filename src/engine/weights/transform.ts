/** How published tensors become what a graph uses: plain data, so that a worker thread can carry it out. */
export type WeightTransform =
  /** One output: every element in float32, `add` added (Gemma's RMSNorm stores w − 1). */
  | { readonly kind: "float32"; readonly add?: number }
  /**
   * Block-wise quantisation along rows [N, K], in the layout of com.microsoft.MatMulNBits.
   * Outputs: codes uint8 [N, ceil(K / blockSize), blockSize·bits/8], scales float32 [N, ceil(K / blockSize)] and,
   * when not symmetric, zero points uint8 [N, ceil(ceil(K / blockSize)·bits/8)].
   */
  | { readonly kind: "blocks"; readonly bits: 4 | 8; readonly blockSize: 32 | 64 | 128; readonly symmetric: boolean }
  /**
   * Each row of [N, K] with one scale, transposed for com.microsoft.MatMulIntegerToFloat (`quantise-transposed.ts`).
   * Outputs: codes int8 [K, N], scales float32 [N].
   */
  | { readonly kind: "int8" };
