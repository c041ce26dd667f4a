/** `GET /v1/models` and `GET /v1/models/{model}`. */
import { stat } from "node:fs/promises";
import path from "node:path";
import { type Exchange, sendJson } from "./exchange";
import { HttpError } from "./http-error";
import type { Service } from "./service";

export async function listModels(exchange: Exchange, service: Service): Promise<void> {
  sendJson(exchange, 200, { object: "list", data: (await modelNames(service)).map((id) => model(id, service)) });
}

export async function showModel(exchange: Exchange, service: Service, name: string): Promise<void> {
  checkModel(name, await modelNames(service));
  sendJson(exchange, 200, model(name, service));
}

/** @throws HttpError 404 when a request names a model that is not one of these; it may name none. */
export function checkModel(asked: string | null | undefined, names: readonly string[]): void {
  if (asked === undefined || asked === null || names.includes(asked)) return;
  const known = names.map((name) => JSON.stringify(name)).join(", ");
  const message = `There is no model ${JSON.stringify(asked.slice(0, 200))} here (known: ${known}).`;
  throw new HttpError(message, { status: 404, code: "model_not_found", param: "model" });
}

/** Name of the diffusion model, or undefined when there is none. */
export async function illustratorName({ illustrator }: Service): Promise<string | undefined> {
  const found = await stat(illustrator).catch(() => undefined);
  return found?.isDirectory() === true ? path.basename(illustrator) : undefined;
}

async function modelNames(service: Service): Promise<readonly string[]> {
  const illustrator = await illustratorName(service);
  return illustrator === undefined ? [service.model] : [service.model, illustrator];
}

const model = (id: string, { started }: Service): object => ({
  id,
  object: "model",
  created: Math.floor(started / 1000),
  owned_by: "mini-gemini",
});
