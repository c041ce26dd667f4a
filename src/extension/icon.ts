/** The extension's icon where VS Code gives it no colour of the theme: on tabs, beside answers. */
import * as vscode from "vscode";

export const iconIn = (extension: vscode.Uri): { readonly light: vscode.Uri; readonly dark: vscode.Uri } => ({
  light: vscode.Uri.joinPath(extension, "media", "icon.light.svg"),
  dark: vscode.Uri.joinPath(extension, "media", "icon.dark.svg"),
});
