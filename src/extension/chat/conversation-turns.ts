/** What the model is told of a chat. */
import type { ImageSource, LoadedModel, Turn } from "../../shared/protocol";
import { toldAs } from "../illustrate/chat-pictures";
import { taskQuestion } from "../tasks";
import type { Chat, ChatStore, StoredImage, StoredMessage } from "./chat-store";

/** The messages as turns; a command's question is asked in the words that suit the model. */
export function turnsOf(store: ChatStore, chat: Chat, messages: readonly StoredMessage[], model: LoadedModel): Turn[] {
  return messages
    .map((one) => (one.role === "assistant" ? { ...one, text: toldAs(one) } : one))
    .filter(({ role, text }) => role === "user" || text !== "")
    .map(({ role, text, task, images, contexts }) => {
      if (role === "assistant") return { role, text };
      const question = task === undefined ? text : taskQuestion(task, model);
      return {
        role,
        text: [...contexts.map((context) => context.text), question].join("\n\n"),
        images: images.map((image) => sourceOf(store, chat, image)),
      };
    });
}

const sourceOf = (store: ChatStore, chat: Chat, image: StoredImage): ImageSource => ({
  name: image.name,
  data: { kind: "file", file: store.file(chat.id, image).fsPath },
  ...(image.crop === undefined ? {} : { crop: image.crop }),
});
