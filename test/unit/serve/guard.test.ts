/** Who may ask: token, host name, web origin, method, path. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { asks, errorOf, rawRequest, recording, serve, token } from "./serving";

const authorization = `Bearer ${token}`;

test("nothing is told or done without the token", async (t) => {
  const { engine, asked } = recording();
  const { port, log } = await serve(t, engine);
  const address = `http://127.0.0.1:${port}/v1`;
  const wrong = [
    {},
    { authorization: "Bearer wrong" },
    { authorization: `Basic ${token}` },
    { authorization: "Bearer" },
  ];
  for (const headers of wrong) {
    for (const [path, method] of [
      ["/models", "GET"],
      ["/models/scripted", "GET"],
      ["/chat/completions", "POST"],
      ["/images/generations", "POST"],
      ["/nothing", "GET"],
    ] as const) {
      const body = method === "POST" ? JSON.stringify(asks("?")) : null;
      const response = await fetch(`${address}${path}`, { method, headers, body });
      assert.equal(response.headers.get("www-authenticate"), "Bearer");
      const { status, type, code } = await errorOf(response);
      assert.deepEqual([status, type, code], [401, "authentication_error", "token-invalid"], path);
    }
  }
  assert.deepEqual(asked, []);
  assert.ok(!log.join("\n").includes(token));
  const health = await fetch(`http://127.0.0.1:${port}/health`);
  assert.deepEqual([health.status, await health.json()], [200, { status: "ok" }]);
});

test("a name that another machine's owner could point here is refused, with the token too", async (t) => {
  const { port } = await serve(t, recording().engine, { hostNames: ["workstation"] });
  const refused = [
    "attacker.example",
    `attacker.example:${port}`,
    "localhost.attacker.example",
    "127.0.0.1.example",
    "a@b",
    "[",
  ];
  for (const host of refused) {
    const { status, body } = await rawRequest(port, { headers: { host, authorization } });
    assert.deepEqual([status, body.includes("host-refused")], [403, true], host);
  }
  for (const host of [`127.0.0.1:${port}`, "localhost", "LOCALHOST:1", "[::1]:80", "192.0.2.7", "Workstation:8080"]) {
    const { status } = await rawRequest(port, { headers: { host, authorization } });
    assert.equal(status, 200, host);
  }
});

test("web pages may not ask unless their origin is named", async (t) => {
  const page = "https://tool.example";
  const closed = await serve(t, recording().engine);
  const refused = await rawRequest(closed.port, { headers: { origin: page, authorization } });
  assert.deepEqual([refused.status, refused.headers["access-control-allow-origin"]], [403, undefined]);
  const preflight = await rawRequest(closed.port, { method: "OPTIONS", headers: { origin: page } });
  assert.equal(preflight.status, 403);

  const open = await serve(t, recording().engine, { origins: [page] });
  const allowed = await rawRequest(open.port, { method: "OPTIONS", headers: { origin: page } });
  assert.deepEqual([allowed.status, allowed.headers["access-control-allow-origin"]], [204, page]);
  assert.match(allowed.headers["access-control-allow-headers"] ?? "", /authorization/);
  const answered = await rawRequest(open.port, { headers: { origin: page, authorization } });
  assert.deepEqual([answered.status, answered.headers["access-control-allow-origin"]], [200, page]);
  const unknown = await rawRequest(open.port, { headers: { origin: page } });
  assert.equal(unknown.status, 401);
  const other = await rawRequest(open.port, { headers: { origin: "https://other.example", authorization } });
  assert.equal(other.status, 403);
  const plain = await rawRequest(open.port, { headers: { authorization } });
  assert.equal(plain.headers["access-control-allow-origin"], undefined);
});

test("paths and methods that are not there are told so", async (t) => {
  const { port, post } = await serve(t, recording().engine);
  for (const path of [
    "/",
    "/v1/completions",
    "//",
    "/v1/models/../models",
    "/v1/models/other",
    "/__proto__",
    "/constructor",
  ]) {
    const { status } = await rawRequest(port, { path, headers: { authorization } });
    assert.equal(status, 404, path);
  }
  const { status, headers } = await rawRequest(port, { path: "/v1/chat/completions", headers: { authorization } });
  assert.deepEqual([status, headers.allow], [405, "POST"]);
  assert.deepEqual((await errorOf(await post("/v1/models", {}))).code, "method-refused");
  const list = await rawRequest(port, { headers: { authorization } });
  const model = { id: "scripted", object: "model", created: 1_700_000_000, owned_by: "mini-gemini" };
  assert.deepEqual(JSON.parse(list.body), { object: "list", data: [model] });
  const one = await rawRequest(port, { path: "/v1/models/scripted?x=1", headers: { authorization } });
  assert.deepEqual(JSON.parse(one.body), model);
});
