/**
 * What the chat view and the extension host tell each other. The host owns every chat; the view shows what it is told.
 *
 * Messages are plain data. The host treats what the view sends as untrusted and checks it with {@link isViewMessage}.
 */
import type { Rectangle } from "./protocol";

/** What was taken in of an image. */
export interface Reading {
  readonly width: number;
  readonly height: number;
  readonly lines: number;
  /** Null where a server looked at it. */
  readonly visualTokens: number | null;
}

export interface ViewImage {
  readonly id: string;
  readonly name: string;
  /** Address of the stored copy inside the webview. */
  readonly source: string;
  readonly crop?: Rectangle | undefined;
  readonly reading?: Reading | undefined;
}

export interface ViewFailure {
  readonly message: string;
  readonly advice: string;
}

/** Who answered. */
export interface Answerer {
  readonly name: string;
  readonly starter: boolean;
  /** Name and port of the server that answered, where it was not this machine's model. */
  readonly server?: string | undefined;
}

export type MessageState = "streaming" | "done" | "stopped" | "failed";

export interface ViewMessage {
  readonly id: string;
  readonly role: "user" | "assistant";
  readonly text: string;
  readonly images: readonly ViewImage[];
  readonly state: MessageState;
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

export interface ViewState {
  readonly chat: ChatSummary;
  readonly messages: readonly ViewMessage[];
  readonly attachments: readonly ViewImage[];
  readonly history: readonly ChatSummary[];
  readonly busy: boolean;
}

export type HostToView =
  | { readonly kind: "state"; readonly state: ViewState }
  | { readonly kind: "text"; readonly message: string; readonly text: string }
  | { readonly kind: "stage"; readonly message: string; readonly text: string; readonly fraction: number | null }
  | { readonly kind: "prompt"; readonly text: string };

export type ContextKind = "selection" | "file" | "diagnostics";

export type ViewToHost =
  | { readonly kind: "ready" }
  | { readonly kind: "ask"; readonly text: string }
  | { readonly kind: "stop" }
  | { readonly kind: "retry" }
  | { readonly kind: "edit"; readonly message: string; readonly text: string }
  | { readonly kind: "attach-bytes"; readonly name: string; readonly bytes: Uint8Array }
  | { readonly kind: "attach-addresses"; readonly addresses: readonly string[] }
  | { readonly kind: "attach-pick" }
  | { readonly kind: "attach-current" }
  | { readonly kind: "detach"; readonly image: string }
  | { readonly kind: "crop"; readonly image: string; readonly rectangle: Rectangle }
  | { readonly kind: "copy"; readonly text: string }
  | { readonly kind: "insert"; readonly text: string }
  | { readonly kind: "new-file"; readonly text: string; readonly language: string }
  | { readonly kind: "open-link"; readonly target: string }
  | { readonly kind: "new-chat" }
  | { readonly kind: "open-chat"; readonly chat: string }
  | { readonly kind: "rename-chat"; readonly chat: string }
  | { readonly kind: "delete-chat"; readonly chat: string }
  | { readonly kind: "export-chat" }
  | { readonly kind: "context"; readonly context: ContextKind }
  | { readonly kind: "choose-model" }
  | { readonly kind: "show-log" };

/** Longest text taken from the view, in UTF-16 units. */
export const longestText = 1_000_000;

/** Largest pasted image, in bytes. */
export const largestPaste = 100 * 1024 * 1024;

/** Whether a value that came from the view has the shape of a message: every text a bounded string. */
export function isViewMessage(value: unknown): value is ViewToHost {
  if (typeof value !== "object" || value === null || !("kind" in value)) return false;
  return Object.entries(value).every(([name, field]: [string, unknown]) => {
    if (name === "bytes") return field instanceof Uint8Array && field.byteLength <= largestPaste;
    if (name === "rectangle") return isRectangle(field);
    if (name === "addresses") return Array.isArray(field) && field.length <= 100 && field.every(isText);
    return isText(field);
  });
}

const isText = (value: unknown): value is string => typeof value === "string" && value.length <= longestText;

const isRectangle = (value: unknown): value is Rectangle =>
  typeof value === "object" &&
  value !== null &&
  ["left", "top", "width", "height"].every((side) => Number.isInteger((value as Record<string, unknown>)[side]));
