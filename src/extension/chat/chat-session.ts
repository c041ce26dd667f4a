/** The chat that is open: its turns, its attachments and the answer in progress. Knows no webview. */
import * as vscode from "vscode";
import { FailureError, failureOf } from "../../shared/failure";
import type { ExplainPart, ImageSource, LoadedModel, Rectangle, Stage, Turn } from "../../shared/protocol";
import type { Explainer } from "../explainer";
import { failureMessage, logFailure, noticeMessage } from "../failure-message";
import { withPlaces } from "../assist/workspace-places";
import { type TaskName, taskQuestion, taskText } from "../tasks";
import { type Chat, type ChatStore, newChat, type StoredImage, type StoredMessage } from "./chat-store";

export interface SessionEvents {
  /** Anything but streamed text has changed. */
  changed(): void;
  text(message: string, text: string): void;
  stage(message: string, text: string, fraction: number | null): void;
}

const saveEveryMilliseconds = 500;

export class ChatSession {
  readonly store: ChatStore;
  chat: Chat = newChat();
  readonly #explainer: Explainer;
  readonly #events: SessionEvents;
  readonly #log: vscode.LogOutputChannel;
  #stop: AbortController | undefined;
  /** The answer in progress; never rejects. */
  #answering: Promise<void> = Promise.resolve();

  constructor(store: ChatStore, explainer: Explainer, log: vscode.LogOutputChannel, events: SessionEvents) {
    this.store = store;
    this.#explainer = explainer;
    this.#log = log;
    this.#events = events;
  }

  get busy(): boolean {
    return this.#stop !== undefined;
  }

  async attach(name: string, bytes: Uint8Array): Promise<void> {
    this.chat.attachments.push(await this.store.addImage(this.chat.id, name, bytes));
    await this.#changed();
  }

  async detach(id: string): Promise<void> {
    this.chat.attachments = this.chat.attachments.filter((image) => image.id !== id);
    await this.#changed();
  }

  /** Attaches a part of an image that is in the chat; the engine cuts it from the original's pixels. */
  async crop(id: string, crop: Rectangle): Promise<void> {
    const all = [...this.chat.attachments, ...this.chat.messages.flatMap(({ images }) => images)];
    const original = all.find((image) => image.id === id);
    if (original === undefined) return;
    const { name, file } = original;
    this.chat.attachments.push({ id: crypto.randomUUID(), name, file, crop });
    await this.#changed();
  }

  async open(chat: Chat): Promise<void> {
    this.stop();
    await this.#answering;
    this.chat = chat;
    await this.#changed();
  }

  stop(): void {
    this.#stop?.abort();
  }

  async ask(text: string): Promise<void> {
    if (this.busy) throw new FailureError({ code: "engine-busy", method: "explain" });
    if (text.trim() === "" && this.chat.attachments.length === 0) return;
    return text.trim() === "" ? this.askTask("explain") : this.#ask(text, undefined);
  }

  /** Asks what a command stands for, about the images that are attached. */
  async askTask(task: TaskName): Promise<void> {
    if (this.busy) throw new FailureError({ code: "engine-busy", method: "explain" });
    await this.#ask(taskText(task), task);
  }

  async #ask(question: string, task: TaskName | undefined): Promise<void> {
    this.chat.messages.push({ ...message("user", question, this.chat.attachments), task });
    if (this.chat.title === "") this.chat.title = question.replace(/\s+/g, " ").slice(0, 60);
    this.chat.attachments = [];
    await this.#answer();
  }

  /** Answers the last question again. */
  async retry(): Promise<void> {
    if (this.busy) return;
    while (this.chat.messages.at(-1)?.role === "assistant") this.chat.messages.pop();
    if (this.chat.messages.length > 0) await this.#answer();
  }

  /** Replaces a question and forgets all that came after it. */
  async edit(id: string, text: string): Promise<void> {
    const at = this.chat.messages.findIndex((one) => one.id === id && one.role === "user");
    const edited = this.chat.messages[at];
    if (this.busy || edited === undefined || text.trim() === "") return;
    if (edited.text !== text) edited.task = undefined;
    edited.text = text;
    this.chat.messages.length = at + 1;
    await this.#answer();
  }

  async #answer(): Promise<void> {
    const answer = this.#stream();
    this.#answering = answer.catch(() => undefined);
    await answer;
  }

  async #stream(): Promise<void> {
    const { chat } = this;
    const asked = chat.messages.at(-1);
    const answer = message("assistant", "", []);
    answer.state = "streaming";
    const before = [...chat.messages];
    chat.messages.push(answer);
    const stop = new AbortController();
    this.#stop = stop;
    let saved = Date.now();
    const read: string[] = [];
    try {
      await this.#changed();
      this.#events.stage(answer.id, vscode.l10n.t("Starting the engine…"), null);
      const result = await this.#explainer.ask((model) => this.#turns(chat, before, model), {
        signal: stop.signal,
        onLoad: ({ done, total }) => {
          this.#events.stage(answer.id, vscode.l10n.t("Loading the model…"), total > 0 ? done / total : null);
        },
        onLoaded: ({ name, starter, server, notices }) => {
          answer.model = { name, starter, server };
          answer.notices.push(...notices.map(noticeMessage));
          this.#events.changed();
        },
        onPart: (part) => {
          if (part.kind === "image") read.push(...part.ocr.map(({ text }) => text));
          this.#take(part, answer, asked);
          if (Date.now() - saved < saveEveryMilliseconds) return;
          saved = Date.now();
          this.#save(chat);
        },
      });
      const { text } = result;
      answer.text = asked?.task === "error" ? await withPlaces(text, read) : text;
      answer.state = "done";
    } catch (thrown) {
      const failure = failureOf(thrown);
      answer.state = failure.code === "cancelled" ? "stopped" : "failed";
      if (failure.code !== "cancelled") {
        logFailure(this.#log, failure);
        answer.failure = failureMessage(failure);
      }
    } finally {
      this.#stop = undefined;
      chat.updated = Date.now();
      await this.store.save(chat);
      this.#events.changed();
    }
  }

  #take(part: ExplainPart, answer: StoredMessage, asked: StoredMessage | undefined): void {
    switch (part.kind) {
      case "stage":
        this.#events.stage(answer.id, stageText(part.stage), part.total > 1 ? part.done / part.total : null);
        return;
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
      .map(({ role, text, task, images }) => {
        if (role === "assistant") return { role, text };
        const question = task === undefined ? text : taskQuestion(task, model);
        return { role, text: question, images: images.map((image) => this.#source(chat, image)) };
      });
  }

  #source(chat: Chat, image: StoredImage): ImageSource {
    return {
      name: image.name,
      data: { kind: "file", file: this.store.file(chat.id, image).fsPath },
      ...(image.crop === undefined ? {} : { crop: image.crop }),
    };
  }

  async #changed(): Promise<void> {
    if (this.chat.messages.length + this.chat.attachments.length > 0) await this.store.save(this.chat);
    this.#events.changed();
  }

  #save(chat: Chat): void {
    this.store.save(chat).catch((error: unknown) => {
      this.#log.error(`the chat could not be saved: ${String(error)}`);
    });
  }
}

const message = (role: StoredMessage["role"], text: string, images: StoredImage[]): StoredMessage => ({
  id: crypto.randomUUID(),
  role,
  text,
  images,
  state: "done",
  notices: [],
});

function stageText(stage: Stage): string {
  switch (stage) {
    case "decoding":
      return vscode.l10n.t("Opening the image…");
    case "reading-text":
      return vscode.l10n.t("Reading the text…");
    case "looking":
      return vscode.l10n.t("Looking…");
    case "looking-closely":
      return vscode.l10n.t("Looking closely…");
    case "thinking":
      return vscode.l10n.t("Thinking…");
    case "writing":
      return vscode.l10n.t("Writing…");
  }
}
