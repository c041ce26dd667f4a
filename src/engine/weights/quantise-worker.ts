/** A worker thread that reads published tensors and converts them, a range of rows at a time. */
import { parentPort } from "node:worker_threads";
import { failureOf } from "../../shared/failure";
import { convertRange, type ConvertRange, type ConvertReply } from "./convert-range";

const port = parentPort;
port?.on("message", (range: ConvertRange) => {
  let reply: ConvertReply;
  try {
    reply = { outputs: convertRange(range) };
  } catch (thrown) {
    reply = { failure: failureOf(thrown) };
  }
  port.postMessage(reply, "outputs" in reply ? [...reply.outputs] : []);
});
