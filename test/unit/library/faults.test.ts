/** Everything that goes wrong on the way: each ends in a clear failure, and asking again goes on from there. */
import assert from "node:assert/strict";
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { before, test, type TestContext } from "node:test";
import type { Failure } from "../../../src/shared/failure";
import { describeFailure } from "../../../src/shared/failure-text";
import type { LibraryFolders } from "../../../src/shared/library-protocol";
import { failsWith } from "../weights/files";
import type { Fault, HubRequest, HubServer } from "./hub-server";
import { buildWorker, get, getParams, golden, startHub, stateOf, temporaryLibrary } from "./library";

before(buildWorker);

interface Scene {
  readonly hub: HubServer;
  readonly folders: LibraryFolders;
  readonly keepPublished: boolean;
}

const isCdn = ({ server }: HubRequest): boolean => server === "cdn";
const always =
  (fault: Fault, where: (request: HubRequest) => boolean = () => true) =>
  (request: HubRequest): Fault | undefined =>
    where(request) ? fault : undefined;

/** Both ways: prepared as it arrives, and downloaded first. */
async function scenes(t: TestContext, run: (scene: Scene) => Promise<void>): Promise<void> {
  for (const keepPublished of [false, true]) {
    await t.test(keepPublished ? "downloaded first" : "prepared as it arrives", async (inner) => {
      await run({ hub: await startHub(inner), folders: await temporaryLibrary(inner), keepPublished });
    });
  }
}

/** It fails so, says what to do, and works when the fault is gone. */
async function failsThenResumes(
  { hub, folders, keepPublished }: Scene,
  fault: HubServer["fault"],
  failure: Partial<Failure> & { readonly code: Failure["code"] },
): Promise<void> {
  hub.fault = fault;
  await assert.rejects(get(getParams(folders, hub, { keepPublished })), (thrown: unknown) => {
    failsWith(failure)(thrown);
    const words = describeFailure((thrown as { failure: Failure }).failure);
    assert.doesNotMatch(words, /\{\w+\}/, "every fact has its place");
    return true;
  });
  assert.notEqual((await stateOf(folders)).state.kind, "ready");
  hub.fault = () => undefined;
  const found = await get(getParams(folders, hub, { keepPublished }));
  assert.equal(found.state.kind, "ready");
}

for (const [status, failure] of [
  [401, { code: "hub-unauthorized", status: 401 }],
  [403, { code: "hub-unauthorized", status: 403 }],
  [404, { code: "hub-missing" }],
  [416, { code: "hub-refused", status: 416 }],
  [429, { code: "hub-busy", status: 429 }],
  [500, { code: "hub-busy", status: 500 }],
  [503, { code: "hub-busy", status: 503 }],
] as const) {
  test(`${status} for everything`, async (t) => {
    const scene = { hub: await startHub(t), folders: await temporaryLibrary(t), keepPublished: false };
    await failsThenResumes(scene, always({ kind: "status", status }), failure);
  });
  test(`${status} for the files alone`, (t) =>
    scenes(t, (scene) => failsThenResumes(scene, always({ kind: "status", status }, isCdn), failure)));
}

test("a limit that passes is waited for, as long as the server says", async (t) => {
  const hub = await startHub(t);
  const folders = await temporaryLibrary(t);
  const limited = new Map<string, number>();
  hub.fault = ({ server, path: asked }) => {
    const times = limited.get(asked) ?? 0;
    limited.set(asked, times + 1);
    if (server !== "cdn" || times > 0) return undefined;
    return { kind: "status", status: 429, headers: { "retry-after": "0.05" } };
  };
  const retries: Failure["code"][] = [];
  const found = await get(getParams(folders, hub), {
    onPart: ({ retrying }) => {
      if (retrying !== undefined) retries.push(retrying.code);
    },
  });
  assert.equal(found.state.kind, "ready");
  assert.ok(retries.includes("hub-busy"));
});

test("a captive portal's page instead of the answer", async (t) => {
  const scene = { hub: await startHub(t), folders: await temporaryLibrary(t), keepPublished: false };
  await failsThenResumes(scene, always({ kind: "html" }), { code: "hub-answer", found: "a web page" });
});

test("a captive portal's page instead of the files", (t) =>
  scenes(t, (scene) =>
    failsThenResumes(scene, always({ kind: "html" }, isCdn), { code: "hub-answer", found: "a web page" }),
  ));

test("a redirect loop", (t) =>
  scenes(t, async (scene) => {
    const loop = always({ kind: "loop" }, ({ path: asked }) => asked.includes("/resolve/"));
    await failsThenResumes(scene, loop, { code: "hub-redirects" });
  }));

test("a tampered file", (t) =>
  scenes(t, async (scene) => {
    const whole = ({ server, range }: HubRequest): boolean => server === "cdn" && !/-\d/.test(range ?? "");
    await failsThenResumes(scene, always({ kind: "tamper" }, whole), { code: "download-mismatch" });
  }));

test("a tampered configuration, which has no SHA-256 but its git hash", async (t) => {
  const scene = { hub: await startHub(t), folders: await temporaryLibrary(t), keepPublished: false };
  const config = always({ kind: "tamper" }, ({ path: asked }) => asked.endsWith("/config.json"));
  await failsThenResumes(scene, config, { code: "download-mismatch" });
});

test("a slow trickle", (t) =>
  scenes(t, (scene) =>
    failsThenResumes(scene, always({ kind: "trickle", milliseconds: 20 }, isCdn), { code: "download-stalled" }),
  ));

test("a connection that is always cut", (t) =>
  scenes(t, (scene) =>
    failsThenResumes(scene, always({ kind: "cut", after: 1_000 }, isCdn), { code: "hub-unreachable" }),
  ));

test("connections that are cut now and then are gone on with: every byte comes once", (t) =>
  scenes(t, async ({ hub, folders, keepPublished }) => {
    hub.fault = ({ server, range }) => {
      // What is asked for from the middle on goes through.
      return server === "cdn" && /^bytes=0-$|^$/.test(range ?? "") ? { kind: "cut", after: 100_000 } : undefined;
    };
    const found = await get(getParams(folders, hub, { keepPublished }));
    assert.equal(found.state.kind, "ready");
    const from = hub.requests.flatMap(({ range }) => /^bytes=(\d+)-$/.exec(range ?? "")?.[1] ?? []).map(Number);
    // How much of what was sent before a cut still arrives is up to the operating system.
    assert.ok(
      from.some((position) => position > 0 && position <= 100_000),
      `went on from ${from.join()}`,
    );
  }));

test("a server that is not there", async (t) => {
  const hub = await startHub(t);
  const folders = await temporaryLibrary(t);
  const params = getParams(folders, hub);
  const network = { ...params.network, endpoint: "http://127.0.0.1:9" };
  await assert.rejects(get({ ...params, network }), failsWith({ code: "hub-unreachable" }));
});

for (const endpoint of ["", "huggingface.co", "ftp://host", "https://user:secret@host", "https://host/?token=x"]) {
  test(`an endpoint that is none: ${JSON.stringify(endpoint)}`, async (t) => {
    const hub = await startHub(t);
    const params = getParams(await temporaryLibrary(t), hub);
    await assert.rejects(
      get({ ...params, network: { ...params.network, endpoint } }),
      failsWith({ code: "endpoint-invalid", found: endpoint }),
    );
  });
}

test("paused and resumed: nothing that had arrived is asked for again", (t) =>
  scenes(t, async ({ hub, folders, keepPublished }) => {
    hub.pause = 20;
    const controller = new AbortController();
    const paused = get(getParams(folders, hub, { keepPublished }), {
      signal: controller.signal,
      onPart: ({ stage, done, total }) => {
        // In the middle of the large files.
        if (stage === "downloading" && total > 1_000_000 && done > total * 0.55) controller.abort();
      },
    });
    await assert.rejects(paused, failsWith({ code: "cancelled" }));
    const { state } = await stateOf(folders);
    assert.ok(state.kind === "partial" && state.done > 0 && state.done < state.total, JSON.stringify(state));
    hub.pause = 0;
    hub.requests.length = 0;
    const found = await get(getParams(folders, hub, { keepPublished }));
    assert.equal(found.state.kind, "ready");
    const sent = hub.requests.filter(({ server, range }) => server === "cdn" && !/^bytes=\d+-\d/.test(range ?? ""));
    assert.ok(sent.some(({ range }) => Number(/^bytes=(\d+)-$/.exec(range ?? "")?.[1]) > 0) || sent.length < 4);
  }));

test("a part that somebody changed meanwhile is found out, and the file fetched anew", async (t) => {
  const hub = await startHub(t);
  const folders = await temporaryLibrary(t);
  hub.fault = always({ kind: "cut", after: 50_000 }, isCdn);
  await assert.rejects(get(getParams(folders, hub, { keepPublished: true })));
  hub.fault = () => undefined;
  const folder = path.join(folders.modelsRoot, "MGM-7B");
  const part = (await readdir(folder)).find((name) => name.endsWith(".part"));
  assert.ok(part !== undefined);
  await writeFile(path.join(folder, part), Buffer.alloc(50_000));
  assert.equal((await get(getParams(folders, hub, { keepPublished: true }))).state.kind, "ready");
  const file = part.replace(/\.[0-9a-f]{12}\.part$/, "");
  const published = await readFile(path.join(golden, "checkpoints", "MGM-7B", file));
  assert.ok(published.equals(await readFile(path.join(folder, file))), `${file} is what was published`);
});

test("a folder that cannot be written to", { skip: process.getuid?.() === 0 && "root writes anywhere" }, async (t) => {
  const hub = await startHub(t);
  const folders = await temporaryLibrary(t);
  await mkdir(folders.modelsRoot, { recursive: true, mode: 0o500 });
  await assert.rejects(get(getParams(folders, hub)));
});
