/**
 * The library's process: its methods answered over the channel that forked it. It loads no native code.
 *
 * It ends when that channel closes; what has arrived by then is gone on with the next time.
 */
import { type Frame, Peer, type Port } from "../shared/peer";
import type { HostToLibrary } from "../shared/library-protocol";
import { libraryHandlers } from "./library/library";

const send = process.send?.bind(process);
if (send === undefined) {
  process.stderr.write("This is the library process of an extension; the command line front end is cli.js.\n");
  process.exit(2);
}

const port: Port = {
  post: (frame) => {
    if (process.connected) send(frame);
  },
  onFrame: (listener) => {
    process.on("message", (frame) => {
      listener(frame as Frame);
    });
  },
};

const peer = new Peer<Record<string, never>, HostToLibrary>(port, libraryHandlers);

process.on("disconnect", () => {
  peer.close({ code: "engine-exited", exitCode: null, signal: null });
  process.exit(0);
});
