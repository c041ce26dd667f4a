/** One chat, written by two windows. */
import { isAnsweredHere } from "./answering-window";
import type { StoredMessage } from "./chat-store";

/** Messages as both windows knew them last: JSON by id. */
export type KnownMessages = ReadonlyMap<string, string>;

export const knownMessages = (messages: readonly StoredMessage[]): KnownMessages =>
  new Map(messages.map((message) => [message.id, JSON.stringify(message)]));

/**
 * What both windows added, changed and deleted since then. What both changed stays as it is here, and what was added
 * there comes before what was added here: an answer in progress stays the last.
 *
 * @returns `ours` itself where nothing of it changes.
 */
export function mergeMessages(
  ours: StoredMessage[],
  theirs: readonly StoredMessage[],
  known: KnownMessages,
): StoredMessage[] {
  const here = new Map(ours.map((message) => [message.id, message]));
  const there = new Map(theirs.map((message) => [message.id, message]));
  // An answer in progress is this window's: what the other one knows of it is only what was written of it so far.
  const changedHere = (message: StoredMessage): boolean =>
    isAnsweredHere(message) || JSON.stringify(message) !== known.get(message.id);
  const kept = ours.flatMap((message) => {
    if (changedHere(message)) return [message];
    const other = there.get(message.id);
    if (other === undefined) return [];
    return [JSON.stringify(other) === known.get(message.id) ? message : other];
  });
  const added = theirs.filter(({ id }) => !here.has(id) && !known.has(id));
  const common = kept.findLastIndex(({ id }) => there.has(id) || known.has(id)) + 1;
  const merged = [...kept.slice(0, common), ...added, ...kept.slice(common)];
  return merged.length === ours.length && merged.every((message, at) => message === ours[at]) ? ours : merged;
}
