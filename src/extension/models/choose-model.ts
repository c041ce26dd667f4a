/** Choosing who explains images, or who draws: what is here already, and the ways to more. */
import * as vscode from "vscode";
import { failureOf } from "../../shared/failure";
import { catalogue } from "../../shared/model-catalogue";
import { answeringServer, forgetServer } from "../answering-server";
import { chooseFolder, chosenFolder, type Purpose, purposeOf } from "./chosen-model";
import { embeddedName } from "./model-texts";
import type { Models, OwnFolder } from "./models";

export interface ChooseTools {
  readonly models: Models;
  readonly log: vscode.LogOutputChannel;
  /** Told before another model is chosen. */
  readonly onChoose: () => void;
  /** Lets the person name a folder. @returns what it holds; undefined where they thought better of it. */
  readonly pickFolder: () => Promise<OwnFolder | undefined>;
}

interface Choice extends vscode.QuickPickItem {
  readonly take?: () => Promise<void>;
}

/** @throws FailureError of a folder that the person names. */
export async function chooseModel(purpose: Purpose, tools: ChooseTools): Promise<void> {
  const title = purpose === "explain" ? vscode.l10n.t("Choose a Model") : vscode.l10n.t("Choose a Model That Draws");
  const choices = choicesOf(purpose, tools);
  const chosen = await vscode.window.showQuickPick(choices, { title, matchOnDescription: true });
  await chosen?.take?.();
}

async function choicesOf(purpose: Purpose, tools: ChooseTools): Promise<Choice[]> {
  const { models, log } = tools;
  await models.refresh().catch((thrown: unknown) => {
    // What came with the extension and the person's own folders can be chosen all the same.
    log.warn(`models: ${failureOf(thrown).code}`);
  });
  const here = catalogue
    .filter(({ kind }) => purposeOf(kind) === purpose)
    .flatMap(({ id }) => {
      const state = models.onDisk(id)?.state;
      return state?.kind === "ready" ? [{ folder: state.folder, id }] : [];
    });
  const own = models.ownFolders.filter(({ kind }) => purposeOf(kind) === purpose);
  const chosen = chosenFolder(purpose);
  const listed = ["", ...here.map(({ folder }) => folder), ...own.map(({ folder }) => folder)];
  // Named in the settings by hand.
  const other = listed.includes(chosen) ? [] : [ownChoice(purpose, chosen, tools)];
  const comes = vscode.l10n.t("Comes with the extension; small, and often wrong.");
  return [
    ...(purpose === "explain" ? serverChoices() : []),
    { ...folderChoice(purpose, "", embeddedName(purpose), tools), detail: comes },
    ...here.map(({ folder, id }) => folderChoice(purpose, folder, id, tools)),
    ...own.map(({ folder }) => ownChoice(purpose, folder, tools)),
    ...other,
    { label: "", kind: vscode.QuickPickItemKind.Separator },
    {
      label: vscode.l10n.t("$(folder-opened) Use a Folder of Mine…"),
      detail:
        purpose === "explain"
          ? vscode.l10n.t("A published MGM (Mini-Gemini) checkpoint on this machine.")
          : vscode.l10n.t("A published diffusion model on this machine, in the layout of diffusers."),
      take: () => takeFolder(purpose, tools),
    },
    {
      label: vscode.l10n.t("$(cloud-download) More Models…"),
      detail: vscode.l10n.t("Better models to download, and what this machine can run."),
      take: async () => {
        await vscode.commands.executeCommand("miniGemini.models.focus");
      },
    },
  ];
}

/** @param folder "" for the model that comes with the extension. */
function folderChoice(purpose: Purpose, folder: string, name: string, { onChoose }: ChooseTools): Choice {
  const chosen = chosenFolder(purpose) === folder;
  return {
    label: name,
    ...(chosen ? { iconPath: new vscode.ThemeIcon("check"), description: vscode.l10n.t("chosen") } : {}),
    take: () => {
      onChoose();
      return chooseFolder(purpose, folder);
    },
  };
}

const ownChoice = (purpose: Purpose, folder: string, tools: ChooseTools): Choice => ({
  ...folderChoice(purpose, folder, lastName(folder), tools),
  detail: folder,
});

/** While a server answers, the models of this machine do not: that is said first, with the way back. */
function serverChoices(): Choice[] {
  const server = answeringServer();
  if (server === undefined) return [];
  const take = async (): Promise<void> => {
    await forgetServer();
  };
  return [
    {
      label: vscode.l10n.t("$(cloud) Stop Asking {server}", { server }),
      detail: vscode.l10n.t("This server answers now. Afterwards the model chosen below does."),
      take,
    },
    { label: "", kind: vscode.QuickPickItemKind.Separator },
  ];
}

async function takeFolder(purpose: Purpose, { pickFolder, onChoose }: ChooseTools): Promise<void> {
  const own = await pickFolder();
  if (own === undefined) return;
  const { folder, kind } = own;
  onChoose();
  const found = purposeOf(kind);
  await chooseFolder(found, folder);
  if (found === purpose) return;
  const name = lastName(folder);
  void vscode.window.showInformationMessage(
    found === "draw"
      ? vscode.l10n.t("{name} draws pictures: it was chosen for that.", { name })
      : vscode.l10n.t("{name} explains images: it was chosen for that.", { name }),
  );
}

const lastName = (folder: string): string =>
  folder
    .split(/[\\/]/)
    .filter((part) => part !== "")
    .at(-1) ?? folder;
