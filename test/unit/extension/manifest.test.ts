/** What package.json promises VS Code: the conventions that can be read from it. */
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import { describe, it } from "node:test";

interface Entry {
  readonly command: string;
  readonly when?: string;
}
interface Setting {
  readonly type: string | readonly string[];
  readonly scope?: string;
  readonly order?: number;
  readonly markdownDescription?: string;
  readonly enum?: readonly string[];
  readonly enumDescriptions?: readonly string[];
}
interface Manifest {
  readonly engines: { readonly vscode: string };
  readonly activationEvents: readonly string[];
  readonly extensionKind: readonly string[];
  readonly icon: string;
  readonly capabilities: {
    readonly untrustedWorkspaces: { readonly supported: string; readonly restrictedConfigurations: readonly string[] };
    readonly virtualWorkspaces: { readonly supported: string };
  };
  readonly contributes: {
    readonly commands: readonly { readonly command: string; readonly title: string; readonly category: string }[];
    readonly menus: Readonly<Record<string, readonly Entry[]>>;
    readonly configuration: { readonly properties: Readonly<Record<string, Setting>> };
    readonly walkthroughs: readonly {
      readonly steps: readonly {
        readonly media: { readonly svg: string; readonly altText: string };
        readonly completionEvents: readonly string[];
      }[];
    }[];
  };
}

const root = path.join(import.meta.dirname, "../../..");
const manifest = JSON.parse(readFileSync(path.join(root, "package.json"), "utf8")) as Manifest;
const { commands, menus, configuration, walkthroughs } = manifest.contributes;
const settings = Object.entries(configuration.properties);
const names = new Set(commands.map(({ command }) => command));
const ours = (command: string): boolean => command.startsWith("miniGemini.");

describe("manifest", () => {
  it("activates where the files are, on what its contributions imply and on the languages of its code action", () => {
    const source = readFileSync(path.join(root, "src/extension/assist/alt-text.ts"), "utf8");
    const languages = JSON.parse(/const languages = (\[[^\]]*\])/.exec(source)?.[1] ?? "[]") as string[];
    assert.deepEqual(
      manifest.activationEvents,
      languages.map((language) => `onLanguage:${language}`),
    );
    assert.deepEqual(manifest.extensionKind, ["workspace"]);
    assert.ok(existsSync(path.join(root, manifest.icon)));
  });

  it("supports the oldest VS Code that its typings are of", () => {
    const lock = JSON.parse(readFileSync(path.join(root, "package-lock.json"), "utf8")) as {
      readonly packages: Readonly<Record<string, { readonly version: string }>>;
    };
    assert.equal(manifest.engines.vscode, `^${lock.packages["node_modules/@types/vscode"]?.version ?? ""}`);
  });

  it("gives every command a title and the category", () => {
    for (const { command, title, category } of commands) {
      assert.match(title, /^%[\w.]+%$/, command);
      assert.equal(category, "Mini-Gemini", command);
    }
    assert.equal(names.size, commands.length);
  });

  it("has menus of known commands only, each with a condition", () => {
    for (const [menu, entries] of Object.entries(menus)) {
      for (const { command, when } of entries) {
        assert.ok(names.has(command), `${menu}: ${command}`);
        assert.ok(when !== undefined && when !== "", `${menu}: ${command}`);
      }
    }
  });

  it("offers images only where the menu tells images", () => {
    const explain = (menu: string): string =>
      menus[menu]?.find(({ command }) => command === "miniGemini.explainImage")?.when ?? "";
    for (const menu of ["explorer/context", "editor/title", "editor/title/context"]) {
      const pattern = /resourceExtname =~ \/(.*)\/i/.exec(explain(menu))?.[1];
      assert.ok(pattern !== undefined, menu);
      const matches = (extension: string): boolean => new RegExp(pattern.replaceAll("\\\\", "\\"), "i").test(extension);
      for (const name of ["png", "JPG", "jpeg", "webp", "gif", "avif", "tif", "tiff", "svg", "bmp"]) {
        assert.ok(matches(`.${name}`), `${menu}: ${name}`);
      }
      for (const name of [".ts", ".pngx", ""]) assert.ok(!matches(name), `${menu}: ${name}`);
    }
    assert.match(explain("scm/resourceState/context"), /scmProvider == git/);
  });

  it("lets no workspace choose files, devices or addresses", () => {
    const sensitive = settings.filter(([name]) => /\.(model|models|engine|illustrations)\./.test(name));
    assert.ok(sensitive.length >= 6);
    for (const [name, { scope }] of sensitive) assert.ok(scope === "machine" || scope === "application", name);
    const { untrustedWorkspaces, virtualWorkspaces } = manifest.capabilities;
    assert.equal(untrustedWorkspaces.supported, "limited");
    assert.equal(virtualWorkspaces.supported, "limited");
    const known = new Set(settings.map(([name]) => name));
    for (const name of untrustedWorkspaces.restrictedConfigurations) assert.ok(known.has(name), name);
    const paths = sensitive
      .map(([name]) => name)
      .filter((name) => /folder|\.url$|endpoint|illustrations\.model$/i.test(name));
    for (const name of paths) assert.ok(untrustedWorkspaces.restrictedConfigurations.includes(name), name);
  });

  it("describes every setting and each of its values, in an order", () => {
    const orders = settings.map(([, { order }]) => order);
    assert.equal(new Set(orders).size, orders.length);
    for (const [name, setting] of settings) {
      assert.ok(setting.scope !== undefined && setting.order !== undefined, name);
      assert.match(setting.markdownDescription ?? "", /^%[\w.]+%$/, name);
      assert.equal(setting.enumDescriptions?.length, setting.enum?.length, name);
    }
  });

  it("has a walkthrough with pictures, and steps that end by what there is", () => {
    for (const { media, completionEvents } of walkthroughs.flatMap(({ steps }) => steps)) {
      assert.ok(existsSync(path.join(root, media.svg)), media.svg);
      assert.match(media.altText, /^%/);
      for (const event of completionEvents) {
        const command = /^onCommand:(.*)$/.exec(event)?.[1];
        assert.ok(command === undefined || !ours(command) || names.has(command) || command.endsWith(".focus"), event);
      }
    }
  });
});
