/**
 * `POST /v1/images/generations`: pictures as base64 PNG.
 *
 * Source: OpenAI API reference, "Create image". Seed, steps, guidance and the negative prompt are extensions.
 */
import { randomInt } from "node:crypto";
import { z } from "zod";
import { largestSeed, type GeneratedPicture } from "../../shared/generate-protocol";
import { type Exchange, sendJson } from "./exchange";
import { checkModel, illustratorName } from "./models";
import { readBody } from "./read-body";
import type { Service } from "./service";

const imageRequest = z.object({
  model: z.string().nullish(),
  prompt: z.string().min(1).max(32_000),
  n: z.int().min(1).max(10).nullish(),
  size: z
    .union([z.literal("auto"), z.string().regex(/^\d{2,4}x\d{2,4}$/)], { error: "must be auto, or like 512x512" })
    .nullish(),
  response_format: z.literal("b64_json", { error: "must be b64_json" }).nullish(),
  output_format: z.literal("png", { error: "must be png" }).nullish(),
  stream: z.literal(false, { error: "is not supported" }).nullish(),
  negative_prompt: z.string().max(32_000).nullish(),
  seed: z.int().min(0).max(largestSeed).nullish(),
  steps: z.int().min(1).max(150).nullish(),
  guidance: z.number().min(0).max(30).nullish(),
});

export async function generateImages(exchange: Exchange, service: Service): Promise<void> {
  const request = await readBody(exchange.request, imageRequest, service.bodyLimit);
  const illustrator = await illustratorName(service);
  if (illustrator !== undefined) checkModel(request.model, [illustrator]);
  const { preparedRoot, device, threads, idleUnloadSeconds } = service.load;
  const pictures: GeneratedPicture[] = [];
  const [width = 0, height = 0] = (request.size ?? "auto").split("x").map(Number);
  await service.engine.generate(
    {
      model: service.illustrator,
      preparedRoot,
      device,
      threads,
      idleUnloadSeconds,
      prompt: request.prompt,
      negative: request.negative_prompt ?? undefined,
      steps: request.steps ?? undefined,
      guidance: request.guidance ?? undefined,
      seed: request.seed ?? randomInt(largestSeed + 1),
      size: height > 0 ? { width, height } : undefined,
      count: request.n ?? 1,
    },
    {
      signal: exchange.signal,
      part: (part) => {
        if (part.kind === "picture") pictures.push(part.picture);
      },
    },
  );
  const data = pictures.map(({ png, seed }) => ({ b64_json: Buffer.from(png).toString("base64"), seed }));
  sendJson(exchange, 200, { created: Math.floor(Date.now() / 1000), output_format: "png", data });
}
