/** The chat that is open: its turns, what goes with the next question, and the answer in progress. Knows no webview. */
import * as vscode from "vscode";
import { FailureError, failureOf, throwIfCancelled } from "../../shared/failure";
import type { LatentPreview } from "../../shared/generate-protocol";
import type {
  ExplainPart,
  ExplainResult,
  ImageSource,
  LoadedModel,
  LoadPart,
  Rectangle,
  Turn,
} from "../../shared/protocol";
import type { ViewStage } from "../../shared/view-protocol";
import type { Explainer, Turns } from "../explainer";
import { failureMessage, logFailure, noticeMessage } from "../failure-message";
import { withPlaces } from "../assist/workspace-places";
import { pictureAsked, toldAs } from "../illustrate/chat-pictures";
import { stemOf } from "../illustrate/picture-name";
import type { Illustrator } from "../illustrate/illustrator";
import { type AskedPicture, writeForm } from "../illustrate/write-prompt";
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
  preview(message: string, preview: LatentPreview): void;
  /** The chat could not be written to disk; it goes on in memory. */
  unsaved(thrown: unknown): void;
}

interface Running {
  readonly chat: Chat;
  readonly stop: AbortController;
  readonly answer: StoredMessage;
  /** The conversation, up to what was asked. */
  readonly before: readonly StoredMessage[];
  readonly asked: StoredMessage | undefined;
  stage: ViewStage;
}

export interface SessionTools {
  readonly explainer: Explainer;
  readonly illustrator: Illustrator;
  readonly log: vscode.LogOutputChannel;
}

const saveEveryMilliseconds = 500;
const longestTitle = 60;

export class ChatSession {
  readonly store: ChatStore;
  chat: Chat = newChat();
  readonly #explainer: Explainer;
  readonly #illustrator: Illustrator;
  readonly #events: SessionEvents;
  readonly #log: vscode.LogOutputChannel;
  /** The drawn picture that the next question is to change. */
  #changes: string | undefined;
  #running: Running | undefined;

  constructor(store: ChatStore, { explainer, illustrator, log }: SessionTools, events: SessionEvents) {
    this.store = store;
    this.#explainer = explainer;
    this.#illustrator = illustrator;
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

  /** A drawn picture of this chat. */
  picture(id: string): StoredImage | undefined {
    const images = this.chat.messages.flatMap((one) => one.images);
    return images.find((image) => image.id === id && image.recipe !== undefined);
  }

  /** Lets the next question change this picture. */
  change(picture: StoredImage): void {
    this.#changes = picture.id;
  }

  open(chat: Chat): void {
    this.stop();
    this.#changes = undefined;
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
    const changes = this.#changes;
    this.#changes = undefined;
    chat.messages.push({ ...message("user", text, chat.attachments, chat.contexts), task, changes });
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
    const stop = new AbortController();
    const running: Running = { chat, stop, answer, before, asked, stage: startingStage() };
    const picture = pictureAsked(before);
    this.#running = running;
    this.#changed();
    try {
      if (picture === undefined) answer.text = await this.#ask(running);
      else await this.#draw(running, picture);
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
      // Shown first: on a slow disk what was written before may still be on its way.
      this.#events.changed();
      await this.#save(chat);
      this.#events.changed();
    }
  }

  /** The whole answer. */
  async #ask(running: Running): Promise<string> {
    const read: string[] = [];
    const { text } = await this.#converse(running, { read });
    return running.asked?.task === "error" ? withPlaces(text, read) : text;
  }

  /** Answers in sight. Stopping ends the wait at once, even where the engine takes its time to notice. */
  async #converse(
    running: Running,
    { read = [], drawing }: { readonly read?: string[]; readonly drawing?: boolean },
  ): Promise<ExplainResult> {
    const { chat, stop, answer, before } = running;
    let saved = Date.now();
    // One at a time: a slow disk must not gather a queue of them.
    let saving = false;
    const answering = this.#explainer.ask((model) => this.#turns(chat, before, model), {
      signal: stop.signal,
      drawing,
      asksAboutError: running.asked?.task === "error",
      onLoad: (part) => {
        this.#stage(running, loadStage(part));
      },
      onLoaded: ({ name, starter, server, notices }) => {
        answer.model = { name, starter, server };
        answer.notices.push(...notices.map(noticeMessage));
        this.#events.changed();
      },
      onPart: (part) => {
        if (stop.signal.aborted) return;
        if (part.kind === "image") read.push(...part.ocr.map((line) => line.text));
        if (part.kind === "stage") this.#stage(running, explainStage(part.stage, part.done, part.total));
        // What was asked to be drawn is drawn.
        else if (part.kind !== "image-prompt" || drawing !== true) this.#take(part, running);
        if (saving || Date.now() - saved < saveEveryMilliseconds) return;
        saved = Date.now();
        saving = true;
        void this.#save(chat).finally(() => {
          saving = false;
        });
      },
    });
    const result = await unlessStopped(answering, stop.signal);
    throwIfCancelled(stop.signal);
    return result;
  }

  /** Answers with a picture. */
  async #draw(running: Running, picture: AskedPicture): Promise<void> {
    const { chat, stop, answer, before } = running;
    const { signal } = stop;
    const onLoad = (part: LoadPart): void => {
      this.#stage(running, loadStage(part));
    };
    const form = await writeForm(picture, {
      load: () => unlessStopped(this.#explainer.load({ signal, onLoad }), signal),
      answer: async () => {
        const result = await this.#converse(running, { drawing: true });
        answer.text = result.text.trim();
        return result;
      },
      aside: async (question) => {
        const turns: Turns = (model) => {
          const told = this.#turns(chat, before, model);
          const last = told.at(-1);
          return last?.role === "user" ? [...told.slice(0, -1), { ...last, text: question }] : told;
        };
        return (await unlessStopped(this.#explainer.ask(turns, { signal }), signal)).text;
      },
    });
    const drawing = this.#illustrator.draw(form, {
      signal,
      onProgress: (text, fraction) => {
        this.#stage(running, { text, fraction });
      },
      onPreview: (preview) => {
        if (chat === this.chat && !signal.aborted) this.#events.preview(answer.id, preview);
      },
      onPicture: async ({ png, recipe }) => {
        if (signal.aborted) return;
        const image = await this.store.addImage(chat.id, `${stemOf(recipe.form.prompt)}.png`, png);
        answer.images.push({ ...image, recipe });
        this.#events.changed();
      },
    });
    await unlessStopped(drawing, signal);
  }

  #stage(running: Running, now: ViewStage): void {
    running.stage = now;
    if (running.chat === this.chat) this.#events.stage(running.answer.id, now);
  }

  #take(part: Exclude<ExplainPart, { kind: "stage" }>, { answer, asked }: Running): void {
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
      .map((one) => (one.role === "assistant" ? { ...one, text: toldAs(one) } : one))
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

/** Ends as the work ends, or at once when it is stopped. */
async function unlessStopped<Result>(work: Promise<Result>, signal: AbortSignal): Promise<Result> {
  throwIfCancelled(signal);
  const stopped = new Promise<never>((_, reject) => {
    signal.addEventListener("abort", () => {
      reject(new FailureError({ code: "cancelled" }));
    });
  });
  return Promise.race([work, stopped]);
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
