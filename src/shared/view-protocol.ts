/**
 * What the chat view and the extension host tell each other. The host owns every chat; the view shows what it is told.
 *
 * Messages are plain data. The host treats what the view sends as untrusted and checks it with {@link isViewMessage}.
 */
import { type FailureStep, failureSteps } from "./failure-steps";
import type { LatentPreview } from "./generate-protocol";
import type { ImagePart } from "./protocol";

/** What was taken in of an image. */
export interface Reading {
  readonly width: number;
  readonly height: number;
  readonly lines: number;
  /** Null where a server looked at it. */
  readonly visualTokens: number | null;
}

/** How a picture came about that the model drew. */
export interface ViewDrawing {
  readonly prompt: string;
  readonly width: number;
  readonly height: number;
  readonly seed: number;
  readonly model: string;
  /** Drawn by the small embedded model, which people must be told. */
  readonly embedded: boolean;
}

export interface ViewImage {
  readonly id: string;
  readonly name: string;
  /** Address of the stored copy inside the webview. */
  readonly source: string;
  readonly crop?: ImagePart | undefined;
  readonly reading?: Reading | undefined;
  readonly drawing?: ViewDrawing | undefined;
}

export type ContextKind = "selection" | "file" | "diagnostics";

/** Text of the workspace that goes with a question, by the person's choice. */
export interface ViewContext {
  readonly id: string;
  readonly kind: ContextKind;
  readonly label: string;
}

export interface ViewFailure {
  readonly message: string;
  readonly advice: string;
  /** Buttons for it; absent in chats of older versions. */
  readonly steps?: readonly { readonly step: FailureStep; readonly label: string }[];
}

/** What is being done, and how much of it where that is known (0 to 1). */
export interface ViewStage {
  readonly text: string;
  readonly fraction: number | null;
}

/** Who answered. */
export interface Answerer {
  readonly name: string;
  readonly starter: boolean;
  /** Name and port of the server that answered, where it was not this machine's model. */
  readonly server?: string | undefined;
}

/** As it is kept. */
export type MessageState = "streaming" | "done" | "stopped" | "failed";

export interface ViewMessage {
  readonly id: string;
  readonly role: "user" | "assistant";
  readonly text: string;
  readonly images: readonly ViewImage[];
  readonly contexts: readonly ViewContext[];
  /** `elsewhere`: another window is answering. */
  readonly state: MessageState | "elsewhere";
  readonly failure?: ViewFailure | undefined;
  readonly model?: Answerer | undefined;
  readonly notices: readonly string[];
}

export interface ChatSummary {
  readonly id: string;
  readonly title: string;
  /** Milliseconds since 1970. */
  readonly updated: number;
}

/** The open chat. */
export interface ViewState {
  readonly chat: string;
  readonly messages: readonly ViewMessage[];
  /** Of the question that is being written. */
  readonly attachments: readonly ViewImage[];
  readonly contexts: readonly ViewContext[];
  /** That question. The view takes it when it opens the chat: from then on it knows better. */
  readonly draft: string;
  readonly busy: boolean;
  /** Of the answer in progress. */
  readonly stage: ViewStage | null;
  /** Name and port of the server that will answer; null where this machine does. */
  readonly server: string | null;
}

export type HostToView =
  | { readonly kind: "state"; readonly state: ViewState }
  | { readonly kind: "text"; readonly message: string; readonly text: string }
  | { readonly kind: "stage"; readonly message: string; readonly stage: ViewStage }
  /** How far the picture is that is being drawn. */
  | { readonly kind: "preview"; readonly message: string; readonly preview: LatentPreview }
  /** Words that a question begins with, to be gone on with. */
  | { readonly kind: "begin"; readonly text: string }
  /** The chats that hold the text searched for, newest first. */
  | { readonly kind: "chats"; readonly search: string; readonly chats: readonly ChatSummary[] }
  | { readonly kind: "focus"; readonly on: "question" | "chats" }
  /** The image that the current editor shows. */
  | { readonly kind: "current-image"; readonly name: string | null };

export type ViewToHost =
  | { readonly kind: "ready" }
  /** What is being written in a chat. */
  | { readonly kind: "draft"; readonly chat: string; readonly text: string }
  | { readonly kind: "ask"; readonly text: string }
  | { readonly kind: "stop" }
  | { readonly kind: "retry" }
  | { readonly kind: "edit"; readonly message: string; readonly text: string }
  | { readonly kind: "attach-bytes"; readonly name: string; readonly bytes: Uint8Array }
  | { readonly kind: "attach-addresses"; readonly addresses: readonly string[] }
  | { readonly kind: "attach-pick" }
  | { readonly kind: "attach-current" }
  /** Something pasted or dropped that is no image, or too large to be taken from the view. */
  | { readonly kind: "refuse-file"; readonly name: string; readonly bytes: number }
  | { readonly kind: "detach"; readonly image: string }
  | { readonly kind: "crop"; readonly image: string; readonly part: ImagePart }
  /** The whole of an image again, where a part of it had been chosen. */
  | { readonly kind: "use-whole"; readonly image: string }
  | { readonly kind: "save-picture"; readonly image: string }
  | { readonly kind: "same-again"; readonly image: string }
  | { readonly kind: "add-context" }
  | { readonly kind: "remove-context"; readonly context: string }
  | { readonly kind: "copy"; readonly text: string }
  | { readonly kind: "insert"; readonly text: string }
  | { readonly kind: "new-file"; readonly text: string; readonly language: string }
  | { readonly kind: "open-link"; readonly target: string }
  | { readonly kind: "new-chat" }
  | { readonly kind: "open-chat"; readonly chat: string }
  | { readonly kind: "rename-chat"; readonly chat: string }
  | { readonly kind: "delete-chat"; readonly chat: string }
  | { readonly kind: "export-chat"; readonly chat: string }
  | { readonly kind: "search-chats"; readonly text: string }
  | { readonly kind: "choose-model" }
  | { readonly kind: "failure-step"; readonly step: FailureStep }
  | { readonly kind: "show-log" };

/** Longest text taken from the view, in UTF-16 units. */
export const longestText = 1_000_000;

/** Largest pasted image, in bytes. */
export const largestPaste = 100 * 1024 * 1024;

type Check = (value: unknown) => boolean;

const isText: Check = (value) => typeof value === "string" && value.length <= longestText;
const isBytes: Check = (value) => value instanceof Uint8Array && value.byteLength <= largestPaste;
const isAddresses: Check = (value) => Array.isArray(value) && value.length <= 100 && value.every(isText);
const hasWhole = (value: unknown, names: readonly string[]): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" &&
  value !== null &&
  names.every((name) => Number.isInteger((value as Readonly<Record<string, unknown>>)[name]));
const isPart: Check = (value) =>
  hasWhole(value, ["left", "top", "width", "height"]) &&
  (value["of"] === undefined || hasWhole(value["of"], ["width", "height"]));

const isStep: Check = (value) => failureSteps.some((step) => step === value);

/** The fields of every message, and what each must be. */
const fields: { readonly [K in ViewToHost["kind"]]: Readonly<Record<string, Check>> } = {
  ready: {},
  draft: { chat: isText, text: isText },
  ask: { text: isText },
  stop: {},
  retry: {},
  edit: { message: isText, text: isText },
  "attach-bytes": { name: isText, bytes: isBytes },
  "attach-addresses": { addresses: isAddresses },
  "attach-pick": {},
  "attach-current": {},
  "refuse-file": { name: isText, bytes: Number.isInteger },
  detach: { image: isText },
  crop: { image: isText, part: isPart },
  "use-whole": { image: isText },
  "save-picture": { image: isText },
  "same-again": { image: isText },
  "add-context": {},
  "remove-context": { context: isText },
  copy: { text: isText },
  insert: { text: isText },
  "new-file": { text: isText, language: isText },
  "open-link": { target: isText },
  "new-chat": {},
  "open-chat": { chat: isText },
  "rename-chat": { chat: isText },
  "delete-chat": { chat: isText },
  "export-chat": { chat: isText },
  "search-chats": { text: isText },
  "choose-model": {},
  "failure-step": { step: isStep },
  "show-log": {},
};

/** Whether a value that came from the view is a message: a known kind with all its fields, each of its type and size. */
export function isViewMessage(value: unknown): value is ViewToHost {
  if (typeof value !== "object" || value === null || !("kind" in value)) return false;
  const { kind } = value;
  if (typeof kind !== "string" || !Object.hasOwn(fields, kind)) return false;
  const message = value as Readonly<Record<string, unknown>>;
  return Object.entries(fields[kind as ViewToHost["kind"]]).every(([name, check]) => check(message[name]));
}
