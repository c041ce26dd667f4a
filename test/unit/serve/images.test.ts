/** `POST /v1/images/generations`. */
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { test } from "node:test";
import type { GenerateParams, GenerateResult } from "../../../src/shared/generate-protocol";
import { errorOf, rawRequest, result, scripted, serve, token } from "./serving";

const notAsked = (): Promise<never> => Promise.reject(new Error("not asked"));

test("without a diffusion model the answer is 501 with the reason", async (t) => {
  const { post } = await serve(
    t,
    scripted(() => Promise.resolve(result(""))),
  );
  const error = await errorOf(await post("/v1/images/generations", { prompt: "a lamp", model: "dall-e-3" }));
  assert.deepEqual([error.status, error.type, error.code], [501, "server_error", "illustrator-missing"]);
});

test("pictures come as base64, with what was asked for", async (t) => {
  const illustrator = await mkdtemp(path.join(os.tmpdir(), "illustrator-"));
  t.after(() => rm(illustrator, { recursive: true }));
  const asked: GenerateParams[] = [];
  const engine = scripted(notAsked, (params, { part }) => {
    asked.push(params);
    for (let index = 0; index < params.count; index++) {
      const picture = { seed: params.seed + index, width: 8, height: 8, png: Buffer.from(`picture ${index}`) };
      part({ kind: "picture", index, picture });
    }
    return Promise.resolve({} as GenerateResult);
  });
  const { post, port } = await serve(t, engine, { service: { illustrator } });
  const name = path.basename(illustrator);
  const body = {
    model: name,
    prompt: "a lamp",
    n: 2,
    size: "512x256",
    seed: 5,
    steps: 4,
    guidance: 0,
    negative_prompt: "text",
  };
  const response = await post("/v1/images/generations", body);
  const { data } = (await response.json()) as { data: { b64_json: string; seed: number }[] };
  assert.deepEqual(
    data.map(({ b64_json: base64, seed }) => [Buffer.from(base64, "base64").toString(), seed]),
    [
      ["picture 0", 5],
      ["picture 1", 6],
    ],
  );
  const { model, prompt, negative, steps, guidance, seed, size, count } = asked[0] ?? assert.fail();
  assert.deepEqual(
    { model, prompt, negative, steps, guidance, seed, size, count },
    {
      model: illustrator,
      prompt: "a lamp",
      negative: "text",
      steps: 4,
      guidance: 0,
      seed: 5,
      size: { width: 512, height: 256 },
      count: 2,
    },
  );
  await (await post("/v1/images/generations", { prompt: "a lamp" })).text();
  assert.deepEqual([asked[1]?.size, asked[1]?.count, asked[1]?.steps], [undefined, 1, undefined]);
  const list = await rawRequest(port, { headers: { authorization: `Bearer ${token}` } });
  assert.deepEqual(
    (JSON.parse(list.body) as { data: { id: string }[] }).data.map(({ id }) => id),
    ["scripted", name],
  );
  assert.equal((await errorOf(await post("/v1/images/generations", { prompt: "x", model: "dall-e-3" }))).status, 404);
});

test("requests that are not valid name the field at fault", async (t) => {
  const { post } = await serve(t, scripted(notAsked));
  for (const [body, param] of [
    [{}, "prompt"],
    [{ prompt: "" }, "prompt"],
    [{ prompt: "x", n: 11 }, "n"],
    [{ prompt: "x", size: "big" }, "size"],
    [{ prompt: "x", response_format: "url" }, "response_format"],
    [{ prompt: "x", output_format: "webp" }, "output_format"],
    [{ prompt: "x", seed: -1 }, "seed"],
  ] as const) {
    const error = await errorOf(await post("/v1/images/generations", body));
    assert.deepEqual([error.status, error.param], [400, param]);
  }
});
