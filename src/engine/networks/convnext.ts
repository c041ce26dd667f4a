/**
 * The high-resolution encoder: the trunk of an open_clip ConvNeXt, all four stages of it.
 *
 * Paper: "Mini-Gemini", section 3.1; Liu et al., "A ConvNet for the 2020s". Reference: dvlab-research/MGM,
 * mgm/model/multimodal_encoder/openclip_encoder.py; names after timm's ConvNeXt. Evaluation mode: no drop path.
 *
 *   pixels [1, 3, S, S] → stem → stages, maps [1, S/4, S/4, C₀], [1, S/8, S/8, C₁], [1, S/16, …], [1, S/32, …]
 *
 * Maps are kept channels-last between the depthwise convolutions: norms, MLPs and mining all want it so. The map that
 * the paper calls X_H (stages upsampled to the first and joined) is `joinStages`; mining does without it.
 */
import type { Graph, Value } from "../graph/graph";
import { convolution, gelu, layerNorm, linear, type LinearFormat } from "../graph/layers";
import { add, at, concat, mul, transpose } from "../graph/ops";
import type { ConvNextConfig } from "../model/encoders";
import type { Weights } from "../weights/weights";

const epsilon = 1e-6;

export interface ConvNextMaps {
  /** [1, S/4, S/4, C₀], after the stem's norm. */
  readonly stem: Value;
  /** Channels-last outputs of the four stages. */
  readonly stages: readonly Value[];
}

/** @param w at the module that holds `stem` and `stages` (the names of both layouts differ in their prefix only). */
export function convNext(
  g: Graph,
  w: Weights,
  names: { readonly stem: string; readonly stages: string },
  config: ConvNextConfig,
  options: { readonly imageSize: number; readonly format: LinearFormat },
): ConvNextMaps {
  const { dims, depths } = config;
  const [width = 0] = dims;
  const pixels = g.input("pixels", "float32", [1, 3, options.imageSize, options.imageSize]);
  const stemModule = w.at(names.stem);
  const patches = convolution(g, stemModule.at(0), pixels, { from: 3, to: width, kernel: 4 }, { stride: 4 });
  const stem = layerNorm(g, stemModule.at(1), channelsLast(g, patches), width, epsilon);

  const stages: Value[] = [];
  let x = stem;
  for (const [stage, depth] of depths.entries()) {
    const module = w.at(names.stages).at(stage);
    const channels = dims[stage] ?? 0;
    if (stage > 0) x = downsample(g, module.at("downsample"), x, dims[stage - 1] ?? 0, channels);
    for (let block = 0; block < depth; block++) {
      x = convNextBlock(g, module.at("blocks").at(block), options.format, x, channels);
    }
    stages.push(x);
  }
  return { stem, stages };
}

function downsample(g: Graph, w: Weights, x: Value, from: number, to: number): Value {
  const normed = channelsFirst(g, layerNorm(g, w.at(0), x, from, epsilon));
  return channelsLast(g, convolution(g, w.at(1), normed, { from, to, kernel: 2 }, { stride: 2 }));
}

function convNextBlock(g: Graph, w: Weights, format: LinearFormat, x: Value, channels: number): Value {
  const shape = { from: channels, to: channels, kernel: 7 };
  const local = convolution(g, w.at("conv_dw"), channelsFirst(g, x), shape, { padding: 3, groups: channels });
  const normed = layerNorm(g, w.at("norm"), channelsLast(g, local), channels, epsilon);
  const wide = gelu(g, linear(g, format, w.at("mlp").at("fc1"), normed, channels, 4 * channels));
  const narrow = linear(g, format, w.at("mlp").at("fc2"), wide, 4 * channels, channels);
  return add(g, x, mul(g, narrow, g.weight(w.tensor("gamma", [channels]))));
}

/** X_H [1, ΣC, S/4, S/4]: every stage brought to the first one's size by bilinear interpolation, and joined. */
export function joinStages(g: Graph, stages: readonly Value[]): Value {
  const [first] = stages;
  if (first === undefined) throw new RangeError("no stages");
  const [, height, width] = first.dims;
  const maps = stages.map((stage) => {
    const map = channelsFirst(g, stage);
    if (stage === first) return map;
    const dims = [1, at(map.dims, 1), height ?? 0, width ?? 0];
    return g.node("Resize", [map, undefined, undefined, g.ints(dims.map(Number))], dims, {
      attributes: { mode: "linear", coordinate_transformation_mode: "half_pixel" },
    });
  });
  return concat(g, maps, 1);
}

export const channelsLast = (g: Graph, x: Value): Value => transpose(g, x, [0, 2, 3, 1]);
export const channelsFirst = (g: Graph, x: Value): Value => transpose(g, x, [0, 3, 1, 2]);
