/** `POST /v1/images/generations` over the real engine with a small diffusion folder in diffusers' layout. */
import assert from "node:assert/strict";
import path from "node:path";
import { after, before, test } from "node:test";
import sharp from "sharp";
import { Engine } from "../../../src/engine/pipeline/engine";
import type { GeneratedPicture } from "../../../src/shared/generate-protocol";
import { removePipeline, unpackPipeline } from "../../golden/diffusion/pipelines";
import { errorOf, load, rawRequest, serve, token } from "./serving";

const root = path.join(import.meta.dirname, "../../..");
const engine = new Engine({ ocrFolder: path.join(root, "media/ocr") });
const never = { signal: new AbortController().signal, part: (): void => undefined };
let illustrator = "";

before(async () => {
  illustrator = await unpackPipeline("sd-turbo-tiny");
});
after(async () => {
  await engine.handlers.unload({}, never);
  await removePipeline(illustrator);
});

interface Drawn {
  readonly created: number;
  readonly output_format: string;
  readonly data: readonly { readonly b64_json: string; readonly seed: number }[];
}

const pixelsOf = (picture: Uint8Array): Promise<Buffer> => sharp(picture).raw().toBuffer();

test("pictures over HTTP are the engine's own, each with its seed", async (t) => {
  const { post } = await serve(t, engine.handlers, { service: { illustrator } });
  const settings = { prompt: "a lighthouse", negative_prompt: "fog", steps: 2, guidance: 2, seed: 7 };
  const response = await post("/v1/images/generations", { ...settings, n: 2, size: "128x64" });
  assert.equal(response.status, 200);
  const { data, output_format: format, created } = (await response.json()) as Drawn;
  assert.deepEqual([format, data.map(({ seed }) => seed)], ["png", [7, 8]]);
  assert.ok(Math.abs(created - Date.now() / 1000) < 60);

  const expected: GeneratedPicture[] = [];
  const { prompt, negative_prompt: negative, steps, guidance, seed } = settings;
  await engine.handlers.generate(
    {
      ...{ model: illustrator, preparedRoot: load.preparedRoot, device: "cpu", threads: 1 },
      ...{ prompt, negative, steps, guidance, seed, count: 2, size: { width: 128, height: 64 } },
    },
    {
      ...never,
      part: (part) => {
        if (part.kind === "picture") expected.push(part.picture);
      },
    },
  );
  const [first, second] = await Promise.all(
    data.map(({ b64_json: base64 }) => pixelsOf(Buffer.from(base64, "base64"))),
  );
  assert.ok(first && second && !first.equals(second), "another seed draws another picture");
  assert.ok(new Set(first).size > 30, "a picture of one colour shows nothing");
  for (const [index, { png }] of expected.entries()) assert.ok([first, second][index]?.equals(await pixelsOf(png)));
  const [picture] = data;
  const metadata = await sharp(Buffer.from(picture?.b64_json ?? "", "base64")).metadata();
  assert.deepEqual([metadata.format, metadata.width, metadata.height], ["png", 128, 64]);
});

test("the folder is listed as a model beside the one that answers", async (t) => {
  const { port, post } = await serve(t, engine.handlers, { service: { illustrator } });
  const { body } = await rawRequest(port, { headers: { authorization: `Bearer ${token}` } });
  const { data } = JSON.parse(body) as { data: readonly { id: string }[] };
  assert.deepEqual(
    data.map(({ id }) => id),
    ["scripted", "sd-turbo-tiny"],
  );
  const asked = { model: "sd-turbo-tiny", prompt: "x", steps: 1, size: "64x64" };
  assert.equal((await post("/v1/images/generations", asked)).status, 200);
});

test("what the model cannot draw is the request's fault", async (t) => {
  const { post } = await serve(t, engine.handlers, { service: { illustrator } });
  const error = await errorOf(await post("/v1/images/generations", { prompt: "x", size: "100x60" }));
  assert.deepEqual([error.status, error.code], [400, "option-invalid"]);
  assert.match(error.message, /size|width|height/);
});

test("a client that leaves stops the drawing", async (t) => {
  const { post } = await serve(t, engine.handlers, { service: { illustrator } });
  const leave = new AbortController();
  const body = { prompt: "x", steps: 150, n: 10, size: "256x256", seed: 1 };
  const left = post("/v1/images/generations", body, {
    ...{ method: "POST", headers: { authorization: `Bearer ${token}`, "content-type": "application/json" } },
    ...{ body: JSON.stringify(body), signal: leave.signal },
  });
  setTimeout(() => {
    leave.abort();
  }, 300);
  await assert.rejects(left, { name: "AbortError" });
  // The engine has one turn: it is free again long before ten pictures of 150 steps.
  const started = performance.now();
  assert.equal((await post("/v1/images/generations", { prompt: "x", steps: 1, size: "64x64" })).status, 200);
  assert.ok(performance.now() - started < 30_000);
});
