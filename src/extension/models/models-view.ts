/** The Models view: a tree, so that keyboard, screen readers and themes are VS Code's own. */
import * as vscode from "vscode";
import { catalogueEntry } from "../../shared/model-catalogue";
import { chosenFolder, isChoice, type Purpose, purposeOf } from "./chosen-model";
import { childrenOf, machineNodeText, type ModelNode, viewOf } from "./model-node";
import { embeddedName } from "./model-texts";
import type { Models } from "./models";

export const modelsViewId = "miniGemini.models";

class ModelsTree implements vscode.TreeDataProvider<ModelNode> {
  readonly #models: Models;
  readonly #changed = new vscode.EventEmitter<ModelNode | undefined>();
  /** The nodes that VS Code was given: only these can be told to have changed. */
  readonly #known = new Map<string, ModelNode>();
  readonly onDidChangeTreeData = this.#changed.event;

  constructor(models: Models) {
    this.#models = models;
  }

  changed(model: string | undefined): void {
    const entry = model === undefined ? undefined : catalogueEntry(model);
    this.#changed.fire(entry === undefined ? undefined : this.#known.get(entry.id));
  }

  getChildren(node?: ModelNode): ModelNode[] {
    const children = [...childrenOf(node, this.#models)];
    for (const child of children) if (child.kind === "model") this.#known.set(child.entry.id, child);
    return children;
  }

  getTreeItem(node: ModelNode): vscode.TreeItem {
    switch (node.kind) {
      case "group": {
        const label = node.purpose === "explain" ? vscode.l10n.t("Explain images") : vscode.l10n.t("Draw pictures");
        return make(label, { id: `group.${node.purpose}`, collapsible: vscode.TreeItemCollapsibleState.Expanded });
      }
      case "machine": {
        const text = machineNodeText(this.#models);
        return make(vscode.l10n.t("This machine"), { id: "machine", description: text, icon: "device-desktop" });
      }
      case "embedded":
        return this.#embedded(node.purpose);
      case "model": {
        const { description, icon, actions } = viewOf(node.entry, this.#models);
        return make(node.entry.id, {
          id: `model.${node.entry.id}`,
          description,
          icon,
          context: ["model", ...actions].join(" "),
          collapsible: vscode.TreeItemCollapsibleState.Collapsed,
        });
      }
      case "folder": {
        const { folder, kind } = node.own;
        const chosen = folder === chosenFolder(purposeOf(kind));
        const item = make(
          folder
            .split(/[\\/]/)
            .filter((part) => part !== "")
            .at(-1) ?? folder,
          {
            id: `folder.${folder}`,
            description: chosen ? vscode.l10n.t("your folder, chosen") : vscode.l10n.t("your folder"),
            icon: chosen ? "pass-filled" : "folder",
            context: chosen ? "model openFolder forget" : "model use openFolder forget",
          },
        );
        item.tooltip = folder;
        return item;
      }
      case "fact":
        return make(node.label, { description: node.text });
    }
  }

  #embedded(purpose: Purpose): vscode.TreeItem {
    const chosen = chosenFolder(purpose) === "";
    const comes = vscode.l10n.t("comes with the extension; small");
    return make(embeddedName(purpose), {
      id: `embedded.${purpose}`,
      description: chosen ? vscode.l10n.t("{state} · chosen", { state: comes }) : comes,
      icon: chosen ? "pass-filled" : "pass",
      context: chosen ? "model" : "model use",
    });
  }
}

interface ItemParts {
  readonly id?: string;
  readonly description?: string;
  readonly icon?: string;
  readonly context?: string;
  readonly collapsible?: vscode.TreeItemCollapsibleState;
}

function make(label: string, { id, description, icon, context, collapsible }: ItemParts): vscode.TreeItem {
  const item = new vscode.TreeItem(label, collapsible ?? vscode.TreeItemCollapsibleState.None);
  if (id !== undefined) item.id = id;
  if (icon !== undefined) item.iconPath = new vscode.ThemeIcon(icon);
  if (context !== undefined) item.contextValue = context;
  if (description !== undefined) {
    item.description = description;
    item.tooltip = vscode.l10n.t("{name}: {text}", { name: label, text: description });
    item.accessibilityInformation = { label: item.tooltip };
  }
  return item;
}

/** @param failed told of what goes wrong while the view looks at the disk. */
export function createModelsView(models: Models, failed: (thrown: unknown) => void): vscode.Disposable {
  const tree = new ModelsTree(models);
  const view = vscode.window.createTreeView(modelsViewId, { treeDataProvider: tree, showCollapseAll: true });
  const look = (visible: boolean): void => {
    models.watch(visible);
    if (visible) models.refresh().catch(failed);
  };
  look(view.visible);
  return vscode.Disposable.from(
    view,
    models.onChange((model) => {
      tree.changed(model);
    }),
    view.onDidChangeVisibility(({ visible }) => {
      look(visible);
    }),
    vscode.workspace.onDidChangeConfiguration((change) => {
      if (isChoice(change) || change.affectsConfiguration("miniGemini.engine.device")) tree.changed(undefined);
      if (change.affectsConfiguration("miniGemini.models") || change.affectsConfiguration("miniGemini.model")) {
        look(view.visible);
      }
    }),
  );
}
