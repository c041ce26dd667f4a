/** What the routes share. */
import type { Handlers } from "../../shared/peer";
import type { HostToEngine, LoadParams } from "../../shared/protocol";
import type { ChatDefaults } from "./chat-request";

export interface Service {
  readonly engine: Pick<Handlers<HostToEngine>, "load" | "explain" | "generate">;
  /** Asked for before every answer: a model that was given back for idleness comes again. */
  readonly load: LoadParams;
  /** Name of the model that answers. */
  readonly model: string;
  /** Folder of the diffusion model, which need not be there. */
  readonly illustrator: string;
  readonly defaults: ChatDefaults;
  /** When the service began, in milliseconds since 1970. */
  readonly started: number;
  /** Largest body, in bytes. */
  readonly bodyLimit: number;
}
