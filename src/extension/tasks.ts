/** The commands' questions as they are shown and asked. */
import * as vscode from "vscode";
import type { ImageSource, LoadedModel } from "../shared/protocol";
import type { Turns } from "./explainer";
import { type TaskName, tasks } from "./task-wording";

export type { TaskName };

export const taskText = (task: TaskName): string => vscode.l10n.t(tasks[task].text);

export const taskQuestion = (task: TaskName, { starter }: LoadedModel): string =>
  starter ? tasks[task].starter : taskText(task);

/** A task about these images, without a conversation before it. */
export const taskTurns =
  (task: TaskName, ...images: readonly ImageSource[]): Turns =>
  (model) => [{ role: "user", text: taskQuestion(task, model), images }];
