/** Which models are chosen: two settings, each the folder of one, empty for the one that comes with the extension. */
import * as vscode from "vscode";
import type { InspectedFolder } from "../../shared/library-protocol";
import type { CatalogueEntry } from "../../shared/model-catalogue";

/** What a model is for: explaining images, or drawing them. */
export type Purpose = "explain" | "draw";

/** By the kind of an entry of the catalogue, or of a folder. */
export const purposeOf = (kind: CatalogueEntry["kind"] | InspectedFolder["kind"]): Purpose =>
  kind === "diffusion" ? "draw" : "explain";

const settingOf = { explain: "model.folder", draw: "illustrations.model" } as const satisfies Record<Purpose, string>;

const settings = (): vscode.WorkspaceConfiguration => vscode.workspace.getConfiguration("miniGemini");

/** "" for the one that comes with the extension. */
export const chosenFolder = (purpose: Purpose): string => settings().get<string>(settingOf[purpose], "").trim();

export async function chooseFolder(purpose: Purpose, folder: string): Promise<void> {
  const value = folder === "" ? undefined : folder;
  await settings().update(settingOf[purpose], value, vscode.ConfigurationTarget.Global);
}

export const isChoice = (change: vscode.ConfigurationChangeEvent): boolean =>
  Object.values(settingOf).some((setting) => change.affectsConfiguration(`miniGemini.${setting}`));
