/** What the Models view shows, as plain data: groups, models, and what there is to say about each. */
import * as vscode from "vscode";
import { type CatalogueEntry, diffusionModels, visionLanguageModels } from "../../shared/model-catalogue";
import { fitOf } from "../../shared/model-fit";
import { parametersOf, sizesOf } from "../../shared/model-sizes";
import type { Precision } from "../../shared/protocol";
import { failureMessage } from "../failure-message";
import { device, precision } from "../settings";
import { chosenFolder, type Purpose, purposeOf } from "./chosen-model";
import { brokenText, bytesText, fitText, graphicsText, machineText, stateText, taskText } from "./model-texts";
import type { Models, OwnFolder } from "./models";

/** What can be done with a model now; menus look for these words. */
export type Action =
  "get" | "resume" | "pause" | "cancel" | "use" | "verify" | "delete" | "openFolder" | "openLicence" | "forget";

export type ModelNode =
  | { readonly kind: "machine" }
  | { readonly kind: "group"; readonly purpose: Purpose }
  | { readonly kind: "embedded"; readonly purpose: Purpose }
  | { readonly kind: "model"; readonly entry: CatalogueEntry }
  | { readonly kind: "folder"; readonly own: OwnFolder }
  | { readonly kind: "fact"; readonly label: string; readonly text: string };

export function childrenOf(node: ModelNode | undefined, models: Models): readonly ModelNode[] {
  if (node === undefined) {
    return [{ kind: "group", purpose: "explain" }, { kind: "group", purpose: "draw" }, { kind: "machine" }];
  }
  if (node.kind === "model") return factsOf(node.entry, models);
  if (node.kind !== "group") return [];
  const entries: readonly CatalogueEntry[] = node.purpose === "explain" ? visionLanguageModels : diffusionModels;
  return [
    { kind: "embedded", purpose: node.purpose },
    ...entries.map((entry) => ({ kind: "model", entry }) as const),
    ...models.ownFolders
      .filter(({ kind }) => purposeOf(kind) === node.purpose)
      .map((own) => ({ kind: "folder", own }) as const),
  ];
}

export interface ModelView {
  /** What stands beside the name. */
  readonly description: string;
  readonly icon: string;
  readonly actions: readonly Action[];
}

export function viewOf({ id, kind }: CatalogueEntry, models: Models): ModelView {
  const disk = models.onDisk(id);
  const task = models.task(id);
  const licence: readonly Action[] = ["openLicence"];
  if (disk === undefined) return { description: "", icon: "loading~spin", actions: licence };
  if (task !== undefined) {
    const actions: readonly Action[] =
      task.kind === "get" && !task.stopping ? ["pause", "cancel", ...licence] : licence;
    return { description: taskText(task), icon: "loading~spin", actions };
  }
  const { state } = disk;
  const chosen = state.kind === "ready" && state.folder === chosenFolder(purposeOf(kind));
  const failed = models.failure(id);
  const parts = [stateText(disk, chosen)];
  if (disk.bytes > 0) parts.push(bytesText(disk.bytes));
  if (id === models.recommended) parts.push(vscode.l10n.t("recommended"));
  if (failed !== undefined) parts.push(failureMessage(failed).message);
  const description = parts.join(" · ");
  if (disk.busy !== null) return { description, icon: "loading~spin", actions: licence };
  switch (state.kind) {
    case "absent":
      return { description, icon: failed === undefined ? "cloud-download" : "error", actions: ["get", ...licence] };
    case "partial":
      return {
        description,
        icon: failed === undefined ? "debug-pause" : "error",
        actions: ["resume", "cancel", ...licence],
      };
    case "broken":
      return { description, icon: "error", actions: ["resume", "delete", "openFolder", ...licence] };
    case "ready": {
      const icon = chosen ? "pass-filled" : "pass";
      const use: readonly Action[] = chosen ? [] : ["use"];
      return { description, icon, actions: [...use, "verify", "delete", "openFolder", ...licence] };
    }
  }
}

const precisions: readonly Precision[] = ["int4", "int8", "f32"];

function factsOf(entry: CatalogueEntry, models: Models): readonly ModelNode[] {
  const { machine } = models;
  const disk = models.onDisk(entry.id);
  const fact = (label: string, text: string): ModelNode => ({ kind: "fact", label, text });
  const facts: ModelNode[] = [];
  const failure = models.failure(entry.id);
  if (failure !== undefined) {
    const { message, advice } = failureMessage(failure);
    facts.push(fact(vscode.l10n.t("What went wrong"), vscode.l10n.t("{message} {advice}", { message, advice })));
  }
  const broken = disk === undefined ? undefined : brokenText(disk);
  if (broken !== undefined) facts.push(fact(vscode.l10n.t("State"), broken));
  if (machine !== undefined) {
    const fit = fitOf(entry, precision(), machine, disk?.bytes);
    facts.push(fact(vscode.l10n.t("This machine"), fitText(fit)));
    if (entry.kind === "vision-language") {
      facts.push(fact(vscode.l10n.t("Runs on"), graphicsText(fit, device(), disk?.fastest ?? null)));
    }
  }
  const billions = (parametersOf(entry) / 1e9).toLocaleString(vscode.env.language, { maximumFractionDigits: 1 });
  const base = entry.kind === "diffusion" ? entry.repository : entry.base;
  facts.push(
    fact(vscode.l10n.t("Model"), vscode.l10n.t("{base}, {billions} billion parameters", { base, billions })),
    fact(vscode.l10n.t("Download"), bytesText(sizesOf(entry, "int4").download)),
  );
  for (const one of entry.kind === "diffusion" ? (["f32"] as const) : precisions) {
    const { prepared, memory } = sizesOf(entry, one);
    const sizes = { disk: bytesText(prepared), memory: bytesText(memory) };
    facts.push(fact(one, vscode.l10n.t("{disk} on disk, {memory} in memory", sizes)));
  }
  facts.push(fact(vscode.l10n.t("Licence"), entry.licence.name));
  const revision = disk?.revision ?? entry.revision;
  facts.push(
    fact(
      vscode.l10n.t("Revision"),
      revision?.slice(0, 12) ?? vscode.l10n.t("the newest at the first download, then kept"),
    ),
  );
  return facts;
}

export const machineNodeText = ({ machine }: Models): string =>
  machine === undefined ? vscode.l10n.t("looking…") : machineText(machine);
