/**
 * The engine process: the engine's methods answered over the channel that forked it.
 *
 * It ends when that channel closes, so no engine outlives the window that started it.
 */
import { Peer, type Frame, type Port } from "../shared/peer";
import type { HostToEngine } from "../shared/protocol";
import path from "node:path";
import { Engine } from "./pipeline/engine";
import { packageRoot } from "./platform/package-root";

const send = process.send?.bind(process);
if (send === undefined) {
  process.stderr.write("This is the engine process of an extension; the command line front end is cli.js.\n");
  process.exit(2);
}

const port: Port = {
  post: (frame) => {
    // Where nobody listens any more, the end of the channel follows.
    if (process.connected) send(frame, () => undefined);
  },
  onFrame: (listener) => {
    process.on("message", (frame) => {
      listener(frame as Frame);
    });
  },
};

const engine = new Engine({ ocrFolder: path.join(packageRoot(), "media", "ocr") });
const peer = new Peer<Record<string, never>, HostToEngine>(port, engine.handlers);

process.on("disconnect", () => {
  peer.close({ code: "engine-exited", exitCode: null, signal: null });
  process.exit(0);
});
