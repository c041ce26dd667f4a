/** The shapes of MGM-2B's encoders. Sources: openai/clip-vit-large-patch14-336, config.json; timm's convnext_large. */
import type { ClipVisionConfig, ConvNextConfig } from "../src/engine/model/encoders";

export const clip: ClipVisionConfig = {
  imageSize: 336,
  patchSize: 14,
  hiddenSize: 1024,
  intermediateSize: 4096,
  layers: 24,
  heads: 16,
  activation: "quick_gelu",
  layerNormEps: 1e-5,
  mean: [0.48145466, 0.4578275, 0.40821073],
  deviation: [0.26862954, 0.26130258, 0.27577711],
};

export const convNext: ConvNextConfig = { dims: [192, 384, 768, 1536], depths: [3, 3, 27, 3] };

/** Pixels a side that the HR encoder sees. */
export const highResolution = 768;
