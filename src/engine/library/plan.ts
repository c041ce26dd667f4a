/** What has to be fetched for a model: the needed files of its repository and of its encoders', at fixed commits. */
import { type CatalogueEntry, catalogueEntry, encoders } from "../../shared/model-catalogue";
import { FailureError } from "../../shared/failure";
import type { Hub, Revision } from "../hub/hub";
import {
  type Selection,
  selectCheckpoint,
  selectDiffusers,
  selectHighResolutionEncoder,
  selectLowResolutionEncoder,
} from "../hub/select-files";
import type { RecordedFile } from "./record";

/** Files of one repository and the name of the folder that they go into. */
export interface DownloadPart {
  readonly folder: string;
  readonly revision: Revision;
  readonly selection: Selection;
}

export interface DownloadPlan {
  readonly model: DownloadPart;
  /** Only what reads images has them. */
  readonly lowResolution?: DownloadPart;
  readonly highResolution?: DownloadPart;
}

/** @throws FailureError `model-unknown`. */
export function entryOf(model: string): CatalogueEntry {
  const entry = catalogueEntry(model);
  if (entry === undefined) throw new FailureError({ code: "model-unknown", model });
  return entry;
}

/**
 * @param pinned the commit that an earlier download was of.
 * @throws FailureError of the hub.
 */
export async function planDownload(hub: Hub, entry: CatalogueEntry, pinned: string | undefined): Promise<DownloadPlan> {
  const { host } = hub.network;
  const commit = pinned ?? entry.revision ?? (await hub.resolve(entry.repository, "main"));
  const revision = { repository: entry.repository, commit };
  const files = await hub.files(revision);
  if (entry.kind === "diffusion") {
    const selection = selectDiffusers(entry.repository, host, files, entry.variants);
    return { model: { folder: entry.id, revision, selection } };
  }
  const { lowResolution: low, highResolution: high } = encoders;
  const lowRevision = { repository: low.repository, commit: low.revision };
  const highRevision = { repository: high.repository, commit: high.revision };
  return {
    model: { folder: entry.id, revision, selection: selectCheckpoint(entry.repository, host, files) },
    lowResolution: {
      folder: low.id,
      revision: lowRevision,
      selection: selectLowResolutionEncoder(low.repository, host, await hub.files(lowRevision)),
    },
    highResolution: {
      folder: high.id,
      revision: highRevision,
      selection: selectHighResolutionEncoder(high.repository, host, await hub.files(highRevision)),
    },
  };
}

export const partsOf = ({ model, lowResolution, highResolution }: DownloadPlan): readonly DownloadPart[] =>
  [model, lowResolution, highResolution].filter((part) => part !== undefined);

/** A part without its weights, where the checkpoint itself holds them. */
export const textsOnly = (part: DownloadPart): DownloadPart => ({
  ...part,
  selection: { texts: part.selection.texts, weights: [] },
});

export function recordedFiles(plan: DownloadPlan): readonly RecordedFile[] {
  return partsOf(plan).flatMap(({ folder, selection }) => [
    ...selection.texts.map((file) => ({ folder, ...file, weights: false })),
    ...selection.weights.map((file) => ({ folder, ...file, weights: true })),
  ]);
}
