/** Drawing by the engine, with the model of the settings. Shared by the panel and the chat. */
import * as vscode from "vscode";
import type { EncodePictureResult, PictureFormat } from "../../shared/encode-protocol";
import { FailureError } from "../../shared/failure";
import type {
  GeneratedPicture,
  GenerateParams,
  GeneratePart,
  GenerateStage,
  LatentPreview,
} from "../../shared/generate-protocol";
import type { IllustrationForm, StartPicture } from "../../shared/illustration-protocol";
import type { Explainer } from "../explainer";
import { drawingSettings } from "../settings";
import { picturesFolder } from "./picture-store";
import { styledPrompt } from "./styles";

/** How a picture was drawn; kept with it, so that it can be drawn again with a change. */
export interface Recipe {
  /** What was asked for, with the seed of this very picture. */
  readonly form: IllustrationForm;
  readonly width: number;
  readonly height: number;
  readonly model: string;
  /** Drawn by the small embedded model, which people must be told. */
  readonly embedded: boolean;
}

export interface DrawnPicture {
  readonly png: Uint8Array;
  readonly recipe: Recipe;
}

export interface DrawOptions {
  readonly signal: AbortSignal;
  /** What is being done, in the person's language, and how much of all of it. */
  readonly onProgress: (text: string, fraction: number | null) => void;
  readonly onPreview: (preview: LatentPreview) => void;
  /** Each picture as soon as it is done: what comes later may fail. */
  readonly onPicture: (picture: DrawnPicture) => Promise<void>;
}

export class Illustrator {
  readonly #context: vscode.ExtensionContext;
  readonly #explainer: Explainer;

  constructor(context: vscode.ExtensionContext, explainer: Explainer) {
    this.#context = context;
    this.#explainer = explainer;
  }

  /** The model that would draw, or null where there is none. */
  async model(): Promise<{ readonly name: string; readonly embedded: boolean } | null> {
    const { folder, embedded } = drawingSettings(this.#context);
    const name = folder.fsPath.split(/[\\/]/).findLast((part) => part !== "") ?? folder.fsPath;
    return (await isThere(vscode.Uri.joinPath(folder, "model_index.json"))) ? { name, embedded } : null;
  }

  /**
   * Draws all variations of a form, one after the other.
   *
   * @throws FailureError `prompt-empty`, `illustrator-missing`, `pipeline-unknown`, and those of the engine.
   */
  async draw(form: IllustrationForm, { signal, onProgress, onPreview, onPicture }: DrawOptions): Promise<void> {
    if (form.prompt.trim() === "") throw new FailureError({ code: "prompt-empty" });
    const { folder, embedded, ...runtime } = drawingSettings(this.#context);
    const found = await this.model();
    if (found === null) {
      const missing = folder.fsPath;
      throw new FailureError(
        embedded
          ? { code: "illustrator-missing", folder: missing }
          : { code: "pipeline-unknown", file: missing, found: "no model_index.json" },
      );
    }
    // One after the other, so that they stand in the order in which they were drawn.
    let stored = Promise.resolve();
    const take = (part: GeneratePart): void => {
      if (part.kind === "stage") onProgress(stageText(part.stage), part.total > 1 ? part.done / part.total : null);
      else if (part.kind === "step") {
        const { index, step, steps } = part;
        onProgress(stepText(index, form.count, step, steps), (index + step / steps) / form.count);
        this.#explainer.report({ kind: "drawing", fraction: (index + step / steps) / form.count });
        onPreview(part.preview);
      } else {
        const picture = { png: part.picture.png, recipe: recipeOf(form, part.picture, found) };
        stored = stored.then(() => onPicture(picture));
        // What fails is told once, at the end.
        stored.catch(() => undefined);
      }
    };
    onProgress(vscode.l10n.t("Starting the engine…"), null);
    try {
      await this.#explainer.engine.call(
        "generate",
        {
          model: folder.fsPath,
          ...runtime,
          prompt: styledPrompt(form.prompt, form.style),
          negative: form.negative.trim() === "" ? undefined : form.negative.trim(),
          steps: form.steps ?? undefined,
          guidance: form.guidance ?? undefined,
          seed: form.seed ?? randomSeed(),
          size: form.size ?? undefined,
          count: form.count,
          from: form.from === null ? undefined : this.#start(form.from),
        },
        { signal, onPart: take },
      );
    } finally {
      this.#explainer.report({ kind: "idle" });
      await stored;
    }
  }

  #start({ file, name, strength }: StartPicture): NonNullable<GenerateParams["from"]> {
    const { fsPath } = vscode.Uri.joinPath(picturesFolder(this.#context), file);
    return { image: { name, data: { kind: "file", file: fsPath } }, strength };
  }

  /** @throws FailureError of the engine. */
  encode(png: Uint8Array, format: PictureFormat, sizes?: readonly number[]): Promise<EncodePictureResult> {
    return this.#explainer.engine.call("encodePicture", { png, format, sizes });
  }
}

export const randomSeed = (): number => crypto.getRandomValues(new Uint32Array(1))[0] ?? 0;

const recipeOf = (
  form: IllustrationForm,
  { seed, width, height }: GeneratedPicture,
  { name, embedded }: { readonly name: string; readonly embedded: boolean },
): Recipe => ({ form: { ...form, seed, count: 1 }, width, height, model: name, embedded });

export const isThere = (uri: vscode.Uri): Promise<boolean> =>
  Promise.resolve(vscode.workspace.fs.stat(uri)).then(
    () => true,
    () => false,
  );

function stageText(stage: GenerateStage): string {
  switch (stage) {
    case "reading":
    case "preparing":
      return vscode.l10n.t("Preparing the model that draws…");
    case "loading":
      return vscode.l10n.t("Loading the model that draws…");
    case "reading-prompt":
    case "reading-image":
      return vscode.l10n.t("Reading what to draw…");
    case "decoding":
      return vscode.l10n.t("Finishing the picture…");
  }
}

const stepText = (index: number, count: number, step: number, steps: number): string =>
  count === 1
    ? vscode.l10n.t("Drawing: step {step} of {steps}", { step, steps })
    : vscode.l10n.t("Drawing picture {number} of {count}: step {step} of {steps}", {
        number: index + 1,
        count,
        step,
        steps,
      });
