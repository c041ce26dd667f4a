/** Downloads through the proxy that the settings name. */
import assert from "node:assert/strict";
import { createServer } from "node:http";
import { type AddressInfo, connect, type Socket } from "node:net";
import { before, test, type TestContext } from "node:test";
import { failsWith } from "../weights/files";
import { buildWorker, get, getParams, startHub, temporaryLibrary } from "./library";

before(buildWorker);

interface Proxy {
  readonly address: string;
  /** What it was asked to connect to, and with which credentials. */
  readonly asked: { readonly target: string; readonly authorization: string | undefined }[];
}

async function startProxy(t: TestContext, credentials?: string): Promise<Proxy> {
  const asked: Proxy["asked"] = [];
  const sockets = new Set<Socket>();
  const server = createServer((_request, response) => response.writeHead(405).end());
  server.on("connect", (request, client: Socket) => {
    const authorization = request.headers["proxy-authorization"];
    asked.push({ target: request.url ?? "", authorization });
    if (credentials !== undefined && authorization !== credentials) {
      client.end("HTTP/1.1 407 Proxy Authentication Required\r\ncontent-length: 0\r\n\r\n");
      return;
    }
    const [host = "", port = ""] = (request.url ?? "").split(":");
    const target = connect(Number(port), host, () => {
      client.write("HTTP/1.1 200 Connection Established\r\n\r\n");
      target.pipe(client).pipe(target);
    });
    for (const socket of [client, target]) sockets.add(socket.on("error", () => socket.destroy()));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return { address: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked };
}

test("everything goes through the proxy, with its credentials", async (t) => {
  const hub = await startHub(t);
  const proxy = await startProxy(t, "Basic dXNlcjpzZWNyZXQ=");
  const params = getParams(await temporaryLibrary(t), hub);
  const through = { useProxy: true, proxy: proxy.address, noProxy: [] };
  const network = { ...params.network, ...through, proxyAuthorization: "Basic dXNlcjpzZWNyZXQ=" };
  assert.equal((await get({ ...params, network })).state.kind, "ready");
  const targets = new Set(proxy.asked.map(({ target }) => target));
  assert.equal(targets.size, 2, "the hub and the server that it redirects to");
  await assert.rejects(
    get({ ...params, model: "MGM-13B", network: { ...network, proxyAuthorization: "Basic no" } }),
    failsWith({ code: "hub-unreachable" }),
  );
});

test("hosts without a proxy are asked directly, and so are all where proxies are off", async (t) => {
  const hub = await startHub(t);
  const proxy = await startProxy(t);
  for (const settings of [{ useProxy: true, noProxy: ["127.0.0.1"] }, { useProxy: false }]) {
    const params = getParams(await temporaryLibrary(t), hub);
    await get({ ...params, network: { ...params.network, proxy: proxy.address, ...settings } });
  }
  assert.deepEqual(proxy.asked, []);
});
