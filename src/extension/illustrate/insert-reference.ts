/** The document that references to saved pictures go into, and writing them there. */
import * as vscode from "vscode";
import type { SavedPicture } from "./save-picture";
import { referenceText, relativePath, takesReference } from "./reference";

/** Follows the editor that a person wrote in last, while panels and views have the focus. */
export class ReferenceTarget implements vscode.Disposable {
  readonly #subscriptions: readonly { dispose(): unknown }[];
  readonly #changed = new vscode.EventEmitter<void>();
  readonly onChange = this.#changed.event;
  #document: vscode.TextDocument | undefined;

  constructor() {
    this.#follow(vscode.window.activeTextEditor);
    this.#subscriptions = [
      this.#changed,
      vscode.window.onDidChangeActiveTextEditor((editor) => {
        this.#follow(editor);
      }),
      vscode.workspace.onDidCloseTextDocument((document) => {
        if (document !== this.#document) return;
        this.#document = undefined;
        this.#changed.fire();
      }),
    ];
  }

  get document(): vscode.TextDocument | undefined {
    return this.#document;
  }

  /**
   * Writes the reference at the cursor; below a selection, which is what was drawn and stays. Undo takes it back.
   *
   * @returns false where there is no such document any more, or no way from it to the picture.
   */
  async insert({ file, width, height }: SavedPicture, alt: string): Promise<boolean> {
    const document = this.#document;
    const root = document?.uri.scheme === "untitled" ? vscode.workspace.getWorkspaceFolder(file)?.uri : undefined;
    const from = root === undefined ? document?.uri : vscode.Uri.joinPath(root, "untitled");
    if (document === undefined || from === undefined) return false;
    if (from.scheme !== file.scheme || from.authority !== file.authority) return false;
    const text = referenceText(document.languageId, {
      path: relativePath(from.path, file.path),
      alt,
      width,
      height,
    });
    const shown = vscode.window.visibleTextEditors.find((editor) => editor.document === document);
    const editor = await vscode.window.showTextDocument(document, shown?.viewColumn ?? vscode.ViewColumn.Beside);
    const { selection } = editor;
    const done = await editor.edit((edit) => {
      if (selection.isEmpty) edit.insert(selection.active, text);
      else edit.insert(document.lineAt(selection.end.line).range.end, `\n\n${text}`);
    });
    // Behind the reference: a selection would have grown over it.
    editor.selection = new vscode.Selection(editor.selection.end, editor.selection.end);
    return done;
  }

  dispose(): void {
    for (const subscription of this.#subscriptions) subscription.dispose();
  }

  #follow(editor: vscode.TextEditor | undefined): void {
    if (editor === undefined || editor.document === this.#document) return;
    if (!takesReference(editor.document.languageId)) return;
    this.#document = editor.document;
    this.#changed.fire();
  }
}
