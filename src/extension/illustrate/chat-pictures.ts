/** Pictures in the chat: which one is asked for, and what the language model is told of those that were drawn. */
import type { StoredMessage } from "../chat/chat-store";
import { drawingRequest } from "./drawing-request";
import type { Recipe } from "./illustrator";
import type { AskedPicture } from "./write-prompt";

/**
 * The picture that the last message asks for, or undefined where it asks for words.
 *
 * @param messages The conversation up to the question.
 */
export function pictureAsked(messages: readonly StoredMessage[]): AskedPicture | undefined {
  const asked = messages.at(-1);
  if (asked?.role !== "user" || asked.task !== undefined) return undefined;
  const previous = changedRecipe(messages.slice(0, -1), asked.changes);
  const request = drawingRequest(asked.text, previous !== undefined);
  if (request === undefined) return undefined;
  const seesImages = messages.some(({ role, images }) => role === "user" && images.length > 0);
  return { request, previous: previous?.form, seesImages };
}

function changedRecipe(before: readonly StoredMessage[], chosen: string | undefined): Recipe | undefined {
  const images = chosen === undefined ? before.at(-1)?.images : before.flatMap((message) => message.images);
  const drawn = images?.filter(({ recipe }) => recipe !== undefined);
  return (chosen === undefined ? drawn?.at(-1) : drawn?.find(({ id }) => id === chosen))?.recipe;
}

/** An answer as the model would have written it itself: with the prompts of its pictures. */
export function toldAs({ text, images }: StoredMessage): string {
  const prompts = images.flatMap(({ recipe }) => (recipe === undefined ? [] : [`<h>${recipe.form.prompt}</h>`]));
  return [text, ...prompts].filter((part) => part !== "").join(" ");
}
