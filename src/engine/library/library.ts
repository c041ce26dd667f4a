/** The library's methods. Each model is one task at a time; several models may be worked on at once. */
import type { Handlers } from "../../shared/peer";
import type { HostToLibrary } from "../../shared/library-protocol";
import { getModel } from "./get-model";
import { inspectFolder } from "./inspect-folder";
import { installArchive } from "./install-archive";
import { describeMachine } from "./machine";
import { removeModel } from "./remove-model";
import { listModels, modelOnDisk } from "./states";
import { verifyModel } from "./verify-model";

export const libraryHandlers: Handlers<HostToLibrary> = {
  status: () => Promise.resolve({}),
  machine: ({ folder }) => describeMachine(folder),
  list: (folders) => listModels(folders),
  get: async (params, task) => {
    await getModel(params, task);
    return modelOnDisk(params, params.model);
  },
  verify: async (params, task) => {
    await verifyModel(params, task);
    return modelOnDisk(params, params.model);
  },
  remove: async (params) => {
    await removeModel(params);
    return {};
  },
  install: (params, task) => installArchive(params, task),
  inspect: (params) => inspectFolder(params),
};
