/** The chat that is open: its turns, what goes with the next question, and the answer in progress. Knows no webview. */
import type * as vscode from "vscode";
import { FailureError, failureOf } from "../../shared/failure";
import type { LatentPreview } from "../../shared/generate-protocol";
import type { ImagePart } from "../../shared/protocol";
import type { ViewStage } from "../../shared/view-protocol";
import type { Explainer } from "../explainer";
import { failureMessage, logFailure } from "../failure-message";
import { pictureAsked } from "../illustrate/chat-pictures";
import type { Illustrator } from "../illustrate/illustrator";
import { type TaskName, taskText } from "../tasks";
import { Answering, type Running } from "./answering";
import { isAnsweredElsewhere, sayEveryMilliseconds, thisWindow } from "./answering-window";
import { type Chat, type ChatStore, newChat, newMessage, type StoredContext, type StoredImage } from "./chat-store";
import { titleOf } from "./chat-title";
import { startingStage } from "./stage-text";

export interface SessionEvents {
  /** Anything but streamed text and the draft has changed. */
  changed(): void;
  text(message: string, text: string): void;
  stage(message: string, stage: ViewStage): void;
  preview(message: string, preview: LatentPreview): void;
  /** The chat could not be written to disk; it goes on in memory. */
  unsaved(thrown: unknown): void;
  /** Another window has deleted the chat that was open; a new one is. */
  gone(): void;
}

export interface SessionTools {
  readonly explainer: Explainer;
  readonly illustrator: Illustrator;
  readonly log: vscode.LogOutputChannel;
}

const saveEveryMilliseconds = 500;
/** How often it is looked what another window has written of its answer. */
const followEveryMilliseconds = 1_000;

export class ChatSession {
  readonly store: ChatStore;
  chat: Chat = newChat();
  readonly #answering: Answering;
  readonly #events: SessionEvents;
  readonly #explainer: Explainer;
  readonly #log: vscode.LogOutputChannel;
  /** The drawn picture that the next question is to change. */
  #changes: string | undefined;
  #running: Running | undefined;
  /** Chats that will be written a moment later. */
  readonly #saving = new Map<Chat, NodeJS.Timeout>();
  #following: NodeJS.Timeout | undefined;
  /** The window closes. */
  #ended = false;

  constructor(store: ChatStore, { explainer, illustrator, log }: SessionTools, events: SessionEvents) {
    this.store = store;
    this.#explainer = explainer;
    this.#log = log;
    this.#events = events;
    this.#answering = new Answering(
      { store, explainer, illustrator },
      {
        changed: () => {
          events.changed();
        },
        text: ({ answer }, text) => {
          events.text(answer.id, text);
        },
        stage: ({ chat, answer, stage }) => {
          if (chat === this.chat) events.stage(answer.id, stage);
        },
        preview: ({ chat, answer }, preview) => {
          if (chat === this.chat) events.preview(answer.id, preview);
        },
        grown: ({ chat }) => {
          this.#saveSoon(chat);
        },
      },
    );
  }

  get busy(): boolean {
    return this.#running?.chat === this.chat;
  }

  /** Of the answer in progress in this chat. */
  get stage(): ViewStage | null {
    return this.busy ? (this.#running?.stage ?? null) : null;
  }

  async attach(name: string, bytes: Uint8Array): Promise<void> {
    const { chat } = this;
    chat.attachments.push(await this.store.addImage(chat.id, name, bytes));
    this.#changed();
  }

  detach(id: string): void {
    this.chat.attachments = this.chat.attachments.filter((image) => image.id !== id);
    this.#changed();
  }

  /**
   * Takes a part of an image that is in the chat; the engine cuts it from the original's pixels. It stands for the
   * image when that is not sent yet, and goes with the next question when it is.
   *
   * @param crop Undefined for the whole of it again.
   */
  crop(id: string, crop: ImagePart | undefined): void {
    const { attachments, messages } = this.chat;
    const original = [...attachments, ...messages.flatMap(({ images }) => images)].find((image) => image.id === id);
    if (original === undefined) return;
    const { name, file } = original;
    const part = { id: crypto.randomUUID(), name, file, crop };
    const at = attachments.indexOf(original);
    if (at === -1) attachments.push(part);
    else attachments[at] = part;
    this.#changed();
  }

  addContexts(contexts: readonly StoredContext[]): void {
    this.chat.contexts.push(...contexts);
    this.#changed();
  }

  removeContext(id: string): void {
    this.chat.contexts = this.chat.contexts.filter((context) => context.id !== id);
    this.#changed();
  }

  /** Keeps the question that is being written. */
  write(chat: string, draft: string): void {
    if (chat !== this.chat.id || draft === this.chat.draft) return;
    this.chat.draft = draft;
    this.#saveSoon(this.chat);
  }

  /** A drawn picture of this chat. */
  picture(id: string): StoredImage | undefined {
    const images = this.chat.messages.flatMap((one) => one.images);
    return images.find((image) => image.id === id && image.recipe !== undefined);
  }

  /** Lets the next question change this picture. */
  change(picture: StoredImage): void {
    this.#changes = picture.id;
  }

  /** Takes in what another window has added to the chat. */
  async refresh(): Promise<void> {
    const { chat } = this;
    if (await this.store.takeIn(chat)) this.#events.changed();
    this.#leaveDeleted(chat);
    this.#follow();
  }

  /** Looks again a moment later while another window answers in this chat. */
  #follow(): void {
    clearTimeout(this.#following);
    if (this.#ended || !this.chat.messages.some(isAnsweredElsewhere)) return;
    this.#following = setTimeout(() => void this.refresh(), followEveryMilliseconds);
  }

  #leaveDeleted(chat: Chat): void {
    if (chat !== this.chat || !this.store.isDeleted(chat)) return;
    this.open(newChat());
    this.#events.gone();
  }

  open(chat: Chat): void {
    this.stop();
    this.#changes = undefined;
    this.#takeDraftAlong(chat);
    this.chat = chat;
    this.#changed();
    this.#follow();
  }

  /** To a chat that has none. A chat without messages never keeps one: no list shows it. */
  #takeDraftAlong(to: Chat): void {
    const from = this.chat;
    if (from.id === to.id || from.draft === "" || (to.draft !== "" && from.messages.length > 0)) return;
    to.draft = to.draft === "" ? from.draft : `${to.draft}\n${from.draft}`;
    from.draft = "";
    void this.#save(from);
  }

  stop(): void {
    if (this.busy) this.#running?.stop.abort();
  }

  /** Ends the answer in progress, and writes what was to be written a moment later. */
  end(): void {
    this.stop();
    this.#ended = true;
    clearTimeout(this.#following);
    for (const chat of [...this.#saving.keys()]) void this.#save(chat);
  }

  /** Without words, the images that are attached are explained. */
  async ask(text: string): Promise<void> {
    this.chat.draft = "";
    if (text.trim() !== "") await this.#question(text, undefined);
    else if (this.chat.attachments.length > 0) await this.askTask("explain");
  }

  /** Asks what a command stands for, about the images that are attached. */
  async askTask(task: TaskName): Promise<void> {
    await this.#question(taskText(task), task);
  }

  async #question(text: string, task: TaskName | undefined): Promise<void> {
    const { chat } = this;
    if (this.busy) throw new FailureError({ code: "engine-busy", method: "explain" });
    if (chat.title === "") chat.title = titleOf(task === "explain" ? "" : text, chat.attachments);
    const changes = this.#changes;
    this.#changes = undefined;
    chat.messages.push({ ...newMessage("user", text, chat.attachments, chat.contexts), task, changes });
    chat.attachments = [];
    chat.contexts = [];
    await this.#answer(chat);
  }

  /** Answers the last question again, also where the engine had been given up. */
  async retry(): Promise<void> {
    const { chat } = this;
    if (this.busy) return;
    this.#explainer.engine.forgive();
    while (chat.messages.at(-1)?.role === "assistant") chat.messages.pop();
    if (chat.messages.length > 0) await this.#answer(chat);
  }

  /** Replaces a question and forgets all that came after it, an answer in progress too. */
  async edit(id: string, text: string): Promise<void> {
    const { chat } = this;
    const at = chat.messages.findIndex((one) => one.id === id && one.role === "user");
    const edited = chat.messages[at];
    if (edited === undefined || text.trim() === "") return;
    this.stop();
    if (edited.text !== text) edited.task = undefined;
    edited.text = text;
    chat.messages.length = at + 1;
    await this.#answer(chat);
  }

  async #answer(chat: Chat): Promise<void> {
    const before = [...chat.messages];
    const answer = newMessage("assistant", "", []);
    answer.state = "streaming";
    const say = (): void => {
      answer.window = thisWindow();
      this.#saveSoon(chat);
    };
    say();
    const saying = setInterval(say, sayEveryMilliseconds);
    chat.messages.push(answer);
    const stop = new AbortController();
    const running: Running = { chat, stop, answer, before, asked: before.at(-1), stage: startingStage() };
    const picture = pictureAsked(before);
    this.#running = running;
    this.#changed();
    try {
      if (picture === undefined) await this.#answering.write(running);
      else await this.#answering.draw(running, picture);
      answer.state = "done";
    } catch (thrown) {
      const failure = failureOf(thrown);
      answer.state = failure.code === "cancelled" ? "stopped" : "failed";
      if (failure.code !== "cancelled") {
        logFailure(this.#log, failure);
        answer.failure = failureMessage(failure);
      }
    } finally {
      clearInterval(saying);
      answer.window = undefined;
      if (this.#running === running) this.#running = undefined;
      chat.updated = Date.now();
      // Shown first: on a slow disk what was written before may still be on its way.
      this.#events.changed();
      await this.#save(chat);
      this.#events.changed();
    }
  }

  #changed(): void {
    const { messages, attachments, contexts, draft } = this.chat;
    if (messages.length + attachments.length + contexts.length + draft.length > 0) void this.#save(this.chat);
    this.#events.changed();
  }

  /** What changes with every word is written now and then. */
  #saveSoon(chat: Chat): void {
    if (this.#saving.has(chat)) return;
    this.#saving.set(
      chat,
      setTimeout(() => void this.#save(chat), saveEveryMilliseconds),
    );
  }

  async #save(chat: Chat): Promise<void> {
    clearTimeout(this.#saving.get(chat));
    this.#saving.delete(chat);
    try {
      if (await this.store.save(chat)) this.#events.changed();
      this.#leaveDeleted(chat);
      this.#follow();
    } catch (thrown) {
      this.#events.unsaved(thrown);
    }
  }
}
