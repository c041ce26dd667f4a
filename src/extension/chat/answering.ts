/** How a question is answered: in words, or with a picture, both written into the answer's message as they come. */
import * as vscode from "vscode";
import { FailureError, throwIfCancelled } from "../../shared/failure";
import type { LatentPreview } from "../../shared/generate-protocol";
import type { ExplainPart, ExplainResult, LoadPart } from "../../shared/protocol";
import type { ViewStage } from "../../shared/view-protocol";
import { withPlaces } from "../assist/workspace-places";
import type { Explainer, Turns } from "../explainer";
import { noticeMessage } from "../failure-message";
import type { Illustrator } from "../illustrate/illustrator";
import { stemOf } from "../illustrate/picture-name";
import { type AskedPicture, writeForm } from "../illustrate/write-prompt";
import type { Chat, ChatStore, StoredMessage } from "./chat-store";
import { turnsOf } from "./conversation-turns";
import { explainStage, loadStage } from "./stage-text";

/** An answer in progress. */
export interface Running {
  readonly chat: Chat;
  readonly stop: AbortController;
  readonly answer: StoredMessage;
  /** The conversation, up to what was asked. */
  readonly before: readonly StoredMessage[];
  readonly asked: StoredMessage | undefined;
  stage: ViewStage;
}

export interface AnsweringTools {
  readonly store: ChatStore;
  readonly explainer: Explainer;
  readonly illustrator: Illustrator;
}

export interface AnsweringEvents {
  /** The message has changed otherwise than by text that was told. */
  changed(): void;
  text(running: Running, text: string): void;
  /** The stage of `running` is another. */
  stage(running: Running): void;
  preview(running: Running, preview: LatentPreview): void;
  /** More of the answer is there, worth keeping. */
  grown(running: Running): void;
}

export class Answering {
  readonly #tools: AnsweringTools;
  readonly #events: AnsweringEvents;

  constructor(tools: AnsweringTools, events: AnsweringEvents) {
    this.#tools = tools;
    this.#events = events;
  }

  /**
   * Answers in words.
   *
   * @throws FailureError of the engine; `cancelled` at once when it is stopped.
   */
  async write(running: Running): Promise<void> {
    const read: string[] = [];
    const { text } = await this.#converse(running, { read });
    running.answer.text = running.asked?.task === "error" ? await withPlaces(text, read) : text;
  }

  /**
   * Answers with a picture.
   *
   * @throws FailureError of either model; `cancelled` at once when it is stopped.
   */
  async draw(running: Running, picture: AskedPicture): Promise<void> {
    const { store, explainer, illustrator } = this.#tools;
    const { chat, stop, answer, before } = running;
    const { signal } = stop;
    const onLoad = (part: LoadPart): void => {
      this.#stage(running, loadStage(part));
    };
    const form = await writeForm(picture, {
      load: () => unlessStopped(explainer.load({ signal, onLoad }), signal),
      answer: async () => {
        const result = await this.#converse(running, { drawing: true });
        answer.text = result.text.trim();
        return result;
      },
      aside: async (question) => {
        const turns: Turns = (model) => {
          const told = turnsOf(store, chat, before, model);
          const last = told.at(-1);
          return last?.role === "user" ? [...told.slice(0, -1), { ...last, text: question }] : told;
        };
        return (await unlessStopped(explainer.ask(turns, { signal }), signal)).text;
      },
    });
    const drawing = illustrator.draw(form, {
      signal,
      onProgress: (text, fraction) => {
        this.#stage(running, { text, fraction });
      },
      onPreview: (preview) => {
        if (!signal.aborted) this.#events.preview(running, preview);
      },
      onPicture: async ({ png, recipe }) => {
        if (signal.aborted) return;
        const image = await store.addImage(chat.id, `${stemOf(recipe.form.prompt)}.png`, png);
        answer.images.push({ ...image, recipe });
        this.#events.changed();
      },
    });
    await unlessStopped(drawing, signal);
  }

  /** Answers in sight. Stopping ends the wait at once, even where the engine takes its time to notice. */
  async #converse(
    running: Running,
    { read = [], drawing }: { readonly read?: string[]; readonly drawing?: boolean },
  ): Promise<ExplainResult> {
    const { store, explainer } = this.#tools;
    const { chat, stop, answer, before } = running;
    const answering = explainer.ask((model) => turnsOf(store, chat, before, model), {
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
        this.#events.grown(running);
      },
    });
    const result = await unlessStopped(answering, stop.signal);
    throwIfCancelled(stop.signal);
    return result;
  }

  #stage(running: Running, stage: ViewStage): void {
    running.stage = stage;
    this.#events.stage(running);
  }

  #take(part: Exclude<ExplainPart, { kind: "stage" }>, running: Running): void {
    const { answer, asked } = running;
    switch (part.kind) {
      case "text":
        answer.text += part.text;
        this.#events.text(running, part.text);
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
