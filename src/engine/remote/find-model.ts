/** Which model answers: the one named, or the first that the server names. */
import { z } from "zod";
import { failureOf, FailureError } from "../../shared/failure";
import type { ServerAddress } from "../../shared/protocol";
import { askServer } from "./server-request";

const modelList = z.object({ data: z.array(z.object({ id: z.string().min(1) })) });

/**
 * Asks for the list even where a model is named: a wrong address or token shows before a question is sent.
 *
 * @throws FailureError of the request; `server-model-missing` where none is named and the server names none.
 */
export async function findModel(address: ServerAddress, signal: AbortSignal | undefined): Promise<string> {
  const { model } = address;
  try {
    const response = await askServer(address, "models", { signal, model });
    const { data } = await response.json(modelList);
    const found = model === "" ? data[0]?.id : model;
    if (found === undefined) throw new FailureError({ code: "server-model-missing", server: response.server, model });
    return found;
  } catch (thrown) {
    // Not every server has the list, and then the question tells.
    if (model !== "" && failureOf(thrown).code === "server-not-api") return model;
    throw thrown;
  }
}
