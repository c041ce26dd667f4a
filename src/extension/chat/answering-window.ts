/**
 * Which window an answer in progress is being written in: other windows that have its chat open show that, and stop
 * waiting when that window is gone.
 */
import { processAlive } from "../process-alive";
import type { StoredMessage } from "./chat-store";

export interface AnsweringWindow {
  /** Process id of the window's extension host. */
  readonly host: number;
  /** When it last said so, in milliseconds since 1970: after a restart its process id may be another program's. */
  readonly seen: number;
}

/** How often a window says that it is still answering. */
export const sayEveryMilliseconds = 5_000;
/** A window that has been silent for this long has ended. */
const silentMilliseconds = 30_000;

export const thisWindow = (): AnsweringWindow => ({ host: process.pid, seen: Date.now() });

export const isAnsweredHere = ({ state, window }: StoredMessage): boolean =>
  state === "streaming" && window?.host === process.pid;

export const isAnsweredElsewhere = ({ state, window }: StoredMessage): boolean =>
  state === "streaming" && window !== undefined && window.host !== process.pid;

/** Nobody goes on with this answer, by what is on disk of it. */
export const isCut = ({ state, window }: StoredMessage): boolean =>
  state === "streaming" &&
  (window === undefined ||
    window.host === process.pid ||
    !processAlive(window.host) ||
    Math.abs(Date.now() - window.seen) > silentMilliseconds);
