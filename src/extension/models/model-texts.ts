/** Models in words: sizes, states, progress, and whether this machine can run them. */
import * as vscode from "vscode";
import type { LibraryPart, LibraryStage, MachineFacts, ModelOnDisk } from "../../shared/library-protocol";
import type { Fit, Obstacle } from "../../shared/model-fit";
import type { Device } from "../../shared/protocol";
import { failureMessage } from "../failure-message";
import type { Purpose } from "./chosen-model";
import type { ModelTask } from "./models";

/** The model that comes with the extension. */
export const embeddedName = (purpose: Purpose): string =>
  purpose === "explain" ? vscode.l10n.t("Starter model") : vscode.l10n.t("Embedded illustrator");

/** Decimal units, as disks and hubs count. */
export function bytesText(bytes: number): string {
  const number = (value: number, digits: number): string =>
    value.toLocaleString(vscode.env.language, { maximumFractionDigits: digits });
  if (bytes >= 1e9) return vscode.l10n.t("{size} GB", { size: number(bytes / 1e9, bytes >= 1e10 ? 0 : 1) });
  if (bytes >= 1e6) return vscode.l10n.t("{size} MB", { size: number(bytes / 1e6, 0) });
  return vscode.l10n.t("{size} kB", { size: number(bytes / 1e3, 0) });
}

function durationText(seconds: number): string {
  if (seconds < 60) return vscode.l10n.t("less than a minute left");
  if (seconds < 5400) return vscode.l10n.t("{minutes} min left", { minutes: Math.round(seconds / 60) });
  return vscode.l10n.t("{hours} h left", { hours: Math.round(seconds / 3600) });
}

const stages = (): Readonly<Record<LibraryStage, string>> => ({
  asking: vscode.l10n.t("asking the server"),
  downloading: vscode.l10n.t("downloading"),
  preparing: vscode.l10n.t("preparing"),
  verifying: vscode.l10n.t("verifying"),
  copying: vscode.l10n.t("copying"),
});

/** `downloading 45 % · 12 MB/s · 3 min left` */
export function progressText({ stage, done, total, bytesPerSecond, retrying }: LibraryPart): string {
  const name = stages()[stage];
  if (retrying !== undefined) return vscode.l10n.t("waiting to try again");
  if (total === 0) return name;
  const percent = Math.floor((100 * done) / total);
  if (bytesPerSecond <= 0) return vscode.l10n.t("{stage} {percent}%", { stage: name, percent });
  const speed = bytesText(bytesPerSecond);
  const left = durationText((total - done) / bytesPerSecond);
  return vscode.l10n.t("{stage} {percent}% · {speed}/s · {left}", { stage: name, percent, speed, left });
}

export function taskText({ kind, part, stopping }: ModelTask): string {
  if (stopping) return vscode.l10n.t("stopping");
  if (kind === "remove") return vscode.l10n.t("deleting");
  return part === undefined ? vscode.l10n.t("starting") : progressText(part);
}

/** @param chosen whether questions go to this model. */
export function stateText({ state, users, busy }: ModelOnDisk, chosen: boolean): string {
  if (busy !== null) return vscode.l10n.t("another window is working on it");
  switch (state.kind) {
    case "absent":
      return vscode.l10n.t("not here");
    case "partial": {
      const percent = state.total === 0 ? 0 : Math.floor((100 * state.done) / state.total);
      return vscode.l10n.t("paused at {percent}%", { percent });
    }
    case "broken":
      return vscode.l10n.t("broken");
    case "ready":
      if (users.length > 0) return vscode.l10n.t("in use");
      return chosen ? vscode.l10n.t("ready, chosen") : vscode.l10n.t("ready");
  }
}

export function brokenText({ state }: ModelOnDisk): string | undefined {
  if (state.kind !== "broken") return undefined;
  const { message, advice } = failureMessage(state.failure);
  return vscode.l10n.t("{message} {advice}", { message, advice });
}

export function fitText({ obstacles, tight, slow }: Fit): string {
  const [first] = obstacles;
  if (first !== undefined) return obstacleText(first);
  if (tight) return vscode.l10n.t("runs, with little memory left for other programs");
  return slow ? vscode.l10n.t("runs, slower than one reads") : vscode.l10n.t("runs well");
}

/**
 * Where the answers will be computed, as far as it is known.
 *
 * @param fastest what timing on this machine has shown.
 */
export function graphicsText({ graphics }: Fit, device: Device, fastest: ModelOnDisk["fastest"]): string {
  if (device !== "auto") return vscode.l10n.t("the setting miniGemini.engine.device says {device}", { device });
  if (fastest === "cpu") return vscode.l10n.t("timed here: the processor is the fastest");
  if (fastest !== null) return vscode.l10n.t("timed here: {device} is the fastest", { device: fastest });
  if (graphics === undefined) return vscode.l10n.t("no graphics processor was found: the processor runs it");
  const { name, memoryBytes } = graphics.gpu;
  if (graphics.holds === false) {
    const memory = bytesText(memoryBytes ?? 0);
    return vscode.l10n.t("{name} has too little memory for it ({memory}): most likely the processor runs it", {
      name,
      memory,
    });
  }
  return vscode.l10n.t("whether {name} is faster than the processor is timed at the first question", { name });
}

function obstacleText(obstacle: Obstacle): string {
  switch (obstacle.kind) {
    case "memory":
      return vscode.l10n.t("needs {needed} of memory with other programs; this machine has {has}", {
        needed: bytesText(obstacle.neededBytes),
        has: bytesText(obstacle.machineBytes),
      });
    case "disk":
      return vscode.l10n.t("needs {needed} on disk; {free} are free", {
        needed: bytesText(obstacle.neededBytes),
        free: bytesText(obstacle.freeBytes),
      });
    case "instructions":
      return vscode.l10n.t("needs a processor with AVX2");
    case "platform":
      return vscode.l10n.t("cannot run on {name}", { name: obstacle.name });
  }
}

/** One line on what there is to run models with. */
export function machineText({ processor, cores, memoryBytes, freeDiskBytes, gpus, avx2 }: MachineFacts): string {
  const graphics = gpus.map(({ name, memoryBytes: own }) =>
    own === null ? name : vscode.l10n.t("{name} with {memory}", { name, memory: bytesText(own) }),
  );
  return vscode.l10n.t(
    "{processor}, {cores} cores, AVX2: {avx2} · {memory} of memory · {disk} free on disk · graphics: {graphics}",
    {
      processor,
      cores,
      avx2: avx2 === null ? vscode.l10n.t("unknown") : avx2 ? vscode.l10n.t("yes") : vscode.l10n.t("no"),
      memory: bytesText(memoryBytes),
      disk: bytesText(freeDiskBytes),
      graphics: graphics.length === 0 ? vscode.l10n.t("none found") : graphics.join(", "),
    },
  );
}
