/** The chat that is open: its turns, what goes with the next question, and the answer in progress. Knows no webview. */
import * as vscode from "vscode";
import { FailureError, failureOf, throwIfCancelled } from "../../shared/failure";
import type { ExplainPart, ImageSource, LoadedModel, Rectangle, Turn } from "../../shared/protocol";
import type { ViewStage } from "../../shared/view-protocol";
import type { Explainer } from "../explainer";
import { failureMessage, logFailure, noticeMessage } from "../failure-message";
import { withPlaces } from "../assist/workspace-places";
import { type TaskName, taskQuestion, taskText } from "../tasks";
import {
  type Chat,
  type ChatStore,
  newChat,
  type StoredContext,
  type StoredImage,
  type StoredMessage,
} from "./chat-store";
import { explainStage, loadStage, startingStage } from "./stage-text";

export interface SessionEvents {
  /** Anything but streamed text has changed. */
  changed(): void;
  text(message: string, text: string): void;
  stage(message: string, stage: ViewStage): void;
  /** The chat could not be written to disk; it goes on in memory. */
  unsaved(thrown: unknown): void;
}

interface Running {
  readonly chat: Chat;
  readonly stop: AbortController;
  stage: ViewStage;
}

const saveEveryMilliseconds = 500;
const longestTitle = 60;

export class ChatSession {
  readonly store: ChatStore;
  chat: Chat = newChat();
  readonly #explainer: Explainer;
  readonly #events: SessionEvents;
  readonly #log: vscode.LogOutputChannel;
  #running: Running | undefined;

  constructor(store: ChatStore, explainer: Explainer, log: vscode.LogOutputChannel, events: SessionEvents) {
    this.store = store;
    this.#explainer = explainer;
    this.#log = log;
    this.#events = events;
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
   */
  crop(id: string, crop: Rectangle): void {
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

  open(chat: Chat): void {
    this.stop();
    this.chat = chat;
    this.#changed();
  }

  stop(): void {
    if (this.busy) this.#running?.stop.abort();
  }

  /** Without words, the images that are attached are explained. */
  async ask(text: string): Promise<void> {
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
    chat.messages.push({ ...message("user", text, chat.attachments, chat.contexts), task });
    chat.attachments = [];
    chat.contexts = [];
    await this.#answer(chat);
  }

  /** Answers the last question again. */
  async retry(): Promise<void> {
    const { chat } = this;
    if (this.busy) return;
    while (chat.messages.at(-1)?.role === "assistant") chat.messages.pop();
    if (chat.messages.length > 0) await this.#answer(chat);
  }

  /** Replaces a question and forgets all that came after it. */
  async edit(id: string, text: string): Promise<void> {
    const { chat } = this;
    const at = chat.messages.findIndex((one) => one.id === id && one.role === "user");
    const edited = chat.messages[at];
    if (this.busy || edited === undefined || text.trim() === "") return;
    if (edited.text !== text) edited.task = undefined;
    edited.text = text;
    chat.messages.length = at + 1;
    await this.#answer(chat);
  }

  async #answer(chat: Chat): Promise<void> {
    const before = [...chat.messages];
    const asked = chat.messages.at(-1);
    const answer = message("assistant", "", []);
    answer.state = "streaming";
    chat.messages.push(answer);
    const running: Running = { chat, stop: new AbortController(), stage: startingStage() };
    this.#running = running;
    this.#changed();
    try {
      answer.text = await this.#ask(running, before, answer, asked);
      answer.state = "done";
    } catch (thrown) {
      const failure = failureOf(thrown);
      answer.state = failure.code === "cancelled" ? "stopped" : "failed";
      if (failure.code !== "cancelled") {
        logFailure(this.#log, failure);
        answer.failure = failureMessage(failure);
      }
    } finally {
      if (this.#running === running) this.#running = undefined;
      chat.updated = Date.now();
      await this.#save(chat);
      this.#events.changed();
    }
  }

  /** The whole answer. Stopping ends the wait at once, even where the engine takes its time to notice. */
  async #ask(
    running: Running,
    before: readonly StoredMessage[],
    answer: StoredMessage,
    asked: StoredMessage | undefined,
  ): Promise<string> {
    const { chat, stop } = running;
    let saved = Date.now();
    const read: string[] = [];
    const stage = (now: ViewStage): void => {
      running.stage = now;
      if (chat === this.chat) this.#events.stage(answer.id, now);
    };
    const answering = this.#explainer.ask((model) => this.#turns(chat, before, model), {
      signal: stop.signal,
      onLoad: (part) => {
        stage(loadStage(part));
      },
      onLoaded: ({ name, starter, server, notices }) => {
        answer.model = { name, starter, server };
        answer.notices.push(...notices.map(noticeMessage));
        this.#events.changed();
      },
      onPart: (part) => {
        if (stop.signal.aborted) return;
        if (part.kind === "image") read.push(...part.ocr.map((line) => line.text));
        if (part.kind === "stage") stage(explainStage(part.stage, part.done, part.total));
        else this.#take(part, answer, asked);
        if (Date.now() - saved < saveEveryMilliseconds) return;
        saved = Date.now();
        void this.#save(chat);
      },
    });
    const stopped = new Promise<never>((_, reject) => {
      stop.signal.addEventListener("abort", () => {
        reject(new FailureError({ code: "cancelled" }));
      });
    });
    const { text } = await Promise.race([answering, stopped]);
    throwIfCancelled(stop.signal);
    return asked?.task === "error" ? withPlaces(text, read) : text;
  }

  #take(part: Exclude<ExplainPart, { kind: "stage" }>, answer: StoredMessage, asked: StoredMessage | undefined): void {
    switch (part.kind) {
      case "text":
        answer.text += part.text;
        this.#events.text(answer.id, part.text);
        return;
      case "image": {
        const { width, height, visualTokens, ocr } = part;
        const image = asked?.images[part.index];
        if (asked === undefined || image === undefined) return;
        asked.images[part.index] = { ...image, reading: { width, height, visualTokens, lines: ocr.length } };
        this.#events.changed();
        return;
      }
      case "notice":
        answer.notices.push(noticeMessage(part.notice));
        return;
      case "image-prompt":
        answer.notices.push(vscode.l10n.t("The model suggests drawing: {prompt}", { prompt: part.prompt }));
        return;
    }
  }

  #turns(chat: Chat, messages: readonly StoredMessage[], model: LoadedModel): Turn[] {
    return messages
      .filter(({ role, text }) => role === "user" || text !== "")
      .map(({ role, text, task, images, contexts }) => {
        if (role === "assistant") return { role, text };
        const question = task === undefined ? text : taskQuestion(task, model);
        return {
          role,
          text: [...contexts.map((context) => context.text), question].join("\n\n"),
          images: images.map((image) => this.#source(chat, image)),
        };
      });
  }

  #source(chat: Chat, image: StoredImage): ImageSource {
    return {
      name: image.name,
      data: { kind: "file", file: this.store.file(chat.id, image).fsPath },
      ...(image.crop === undefined ? {} : { crop: image.crop }),
    };
  }

  #changed(): void {
    const { messages, attachments, contexts } = this.chat;
    if (messages.length + attachments.length + contexts.length > 0) void this.#save(this.chat);
    this.#events.changed();
  }

  async #save(chat: Chat): Promise<void> {
    try {
      await this.store.save(chat);
    } catch (thrown) {
      this.#events.unsaved(thrown);
    }
  }
}

const message = (
  role: StoredMessage["role"],
  text: string,
  images: StoredImage[],
  contexts: StoredContext[] = [],
): StoredMessage => ({ id: crypto.randomUUID(), role, text, images, contexts, state: "done", notices: [] });

/** What tells this chat from others: its first images and question. */
function titleOf(question: string, images: readonly StoredImage[]): string {
  const names = images.map(({ name }) => name).join(", ");
  const text = question.replace(/\s+/g, " ").trim();
  const title =
    names === "" || text === ""
      ? names + text
      : vscode.l10n.t("{images}: {question}", { images: names, question: text });
  return title.length > longestTitle ? `${title.slice(0, longestTitle - 1)}…` : title;
}
